"""A roof under a sky: a clear-sky curve by season and latitude, and clouds by the second."""

from dataclasses import dataclass
from enum import StrEnum
import math
from random import Random
from typing import Final

from ...pool.quantities import PHASES, Phase

DAY_S: Final = 86_400.0

_CURVE_EVERY_S: Final = 60.0
"""The sun's height is computed this often, and what is between is interpolated."""

_PERFORMANCE: Final = 0.88
"""What is left of the modules' rating after temperature, cables and inverter."""

_FULL_SUN_W_M2: Final = 1_000.0
"""Modules are rated at this irradiance."""


class Weather(StrEnum):
    """What kind of day it is."""

    CLEAR = "clear"
    BROKEN = "broken"
    OVERCAST = "overcast"


def draw_weather(rng: Random, day: int) -> Weather:
    """Draw the weather of a day of the year (1 to 365): winters in the north are grey."""
    winter = 0.5 + 0.5 * math.cos(2.0 * math.pi * (day - 5) / 365.0)
    overcast = 0.15 + 0.35 * winter
    clear = 0.28 - 0.12 * winter
    drawn = rng.random()
    if drawn < overcast:
        return Weather.OVERCAST
    return Weather.CLEAR if drawn < overcast + clear else Weather.BROKEN


def irradiance_w_m2(day: int, solar_hour: float, latitude_deg: float, tilt_deg: float) -> float:
    """Return what falls on a surface that faces the equator, in W/m2, without clouds.

    The global part is Haurwitz's curve of the sun's height; an eighth of it is diffuse, the rest
    is projected on the surface.

    Args:
        day: Day of the year, 1 to 365.
        solar_hour: Hours since midnight by the sun, 12 when it is highest.
        latitude_deg: Degrees north.
        tilt_deg: Of the surface, 0 is flat.
    """
    declination = math.radians(23.45) * math.sin(2.0 * math.pi * (284 + day) / 365.0)
    latitude, tilt = math.radians(latitude_deg), math.radians(tilt_deg)
    hour = math.radians(15.0 * (solar_hour - 12.0))

    def towards(angle: float) -> float:
        return math.sin(declination) * math.sin(angle) + (
            math.cos(declination) * math.cos(angle) * math.cos(hour)
        )

    height = towards(latitude)
    if height <= 0.0:
        return 0.0
    globally = 1_098.0 * height * math.exp(-0.057 / height)
    diffuse = 0.125 * globally
    # Near the horizon the projection would divide by nothing.
    beam = (globally - diffuse) * max(0.0, towards(latitude - tilt)) / max(height, 0.05)
    return min(beam, 1_050.0) + diffuse * (1.0 + math.cos(tilt)) / 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoofSpec:
    """A solar installation under one day's sky.

    Attributes:
        peak_w: Rating of its modules.
        day: Day of the year, 1 to 365.
        weather: What kind of day it is; the next day of a run has the same.
        from_solar_hour: The hour by the sun at which the simulation starts.
        latitude_deg: Degrees north.
        tilt_deg: Of the roof, which faces south.
        phases: The site's phases of its inverter.
        tells_phases: Whether the site knows which phases it feeds.
    """

    peak_w: float
    day: int
    weather: Weather
    from_solar_hour: float
    latitude_deg: float = 51.0
    tilt_deg: float = 30.0
    phases: tuple[Phase, ...] = PHASES
    tells_phases: bool = True

    def build(self, rng: Random) -> Roof:
        """Return the installation at the start of its time."""
        return Roof(self, rng)


class Roof:
    """Solar production over time."""

    def __init__(self, spec: RoofSpec, rng: Random) -> None:
        self.spec = spec
        self.power_w = 0.0
        """Production in watts, at least 0."""
        self._rng = rng
        self._clear = 1.0
        self._target = 1.0
        self._edge_s = 5.0
        self._cloud = False
        self._changes_s = 0.0
        self._grey = rng.uniform(0.10, 0.35)
        self._cloud_s = rng.uniform(40.0, 240.0)
        self._gap_s = rng.uniform(40.0, 300.0)
        self._curve_s = -_CURVE_EVERY_S
        self._curve_w = (0.0, 0.0)

    def advance(self, now_s: float, step_s: float) -> None:
        """Let `step_s` seconds pass up to `now_s`."""
        if now_s >= self._curve_s + _CURVE_EVERY_S:
            self._curve_s = now_s - now_s % _CURVE_EVERY_S
            self._curve_w = (
                self._clear_w(self._curve_s),
                self._clear_w(self._curve_s + _CURVE_EVERY_S),
            )
        if now_s >= self._changes_s:
            self._change(now_s)
        self._clear += (self._target - self._clear) * min(1.0, step_s / self._edge_s)
        before, after = self._curve_w
        share = (now_s - self._curve_s) / _CURVE_EVERY_S
        self.power_w = (before + (after - before) * share) * self._clear

    def _clear_w(self, at_s: float) -> float:
        spec = self.spec
        days, into_s = divmod(spec.from_solar_hour * 3_600.0 + at_s, DAY_S)
        light = irradiance_w_m2(
            spec.day + int(days), into_s / 3_600.0, spec.latitude_deg, spec.tilt_deg
        )
        return spec.peak_w * _PERFORMANCE * light / _FULL_SUN_W_M2

    def _change(self, now_s: float) -> None:
        """Let a cloud come or go; its edge takes some seconds to pass over a roof."""
        rng = self._rng
        self._edge_s = rng.uniform(2.0, 12.0)
        lasts_s = 0.0
        match self.spec.weather:
            case Weather.OVERCAST:
                self._target = min(max(self._grey * rng.uniform(0.6, 1.5), 0.05), 0.5)
                self._edge_s = rng.uniform(60.0, 400.0)
                lasts_s = rng.expovariate(1.0 / 600.0)
            case Weather.CLEAR:
                self._cloud = not self._cloud
                self._target = rng.uniform(0.75, 0.95) if self._cloud else 1.0
                lasts_s = rng.expovariate(1.0 / (60.0 if self._cloud else 2_400.0))
            case Weather.BROKEN:
                self._cloud = not self._cloud
                # Light that clouds reflect lifts a gap between them above the clear sky.
                self._target = rng.uniform(0.15, 0.6) if self._cloud else rng.uniform(0.95, 1.08)
                lasts_s = rng.expovariate(1.0 / (self._cloud_s if self._cloud else self._gap_s))
        self._changes_s = now_s + max(lasts_s, 3.0)
