"""Everything on a site that is no member of the pool: loads, the sun, a home battery."""

from collections.abc import Sequence
from dataclasses import dataclass
import math
from random import Random
from typing import Final

from ..pool.quantities import PHASES, Phase
from .cars import happens

_BASE_SPREAD: Final = 0.05
"""How much the base load wanders, as a share of itself per square root of a minute."""

MOST_OF_BASE: Final = 1.5
"""The base load stays within this share of itself, and half of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appliance:
    """Something that is switched on and off.

    Attributes:
        name: What it is.
        phases: The site's phases that it uses.
        current_a: Amps on each of them.
        on_s: Mean time that it runs.
        off_s: Mean time between two runs.
    """

    name: str
    phases: tuple[Phase, ...]
    current_a: float
    on_s: float
    off_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSpec:
    """What takes current on a circuit beside the pool's members.

    Attributes:
        base_a: Amps per phase, L1 to L3, that always flow.
        appliances: What is switched.
    """

    base_a: tuple[float, float, float] = (0.0, 0.0, 0.0)
    appliances: tuple[Appliance, ...] = ()

    def build(self, rng: Random) -> Load:
        """Return the load at the start of its time."""
        return Load(self, rng)


class Load:
    """The load of a circuit over time."""

    def __init__(self, spec: LoadSpec, rng: Random) -> None:
        self.spec = spec
        self.extra_a = [0.0, 0.0, 0.0]
        """Amps per phase that a test or a user of the simulation puts on top."""
        self.current_a = list(spec.base_a)
        self._rng = rng
        self._wander = [1.0, 1.0, 1.0]
        self._running = [False for _ in spec.appliances]
        self._switches_s = [rng.expovariate(1.0 / item.off_s) for item in spec.appliances]

    def advance(self, now_s: float, step_s: float) -> None:
        """Let `step_s` seconds pass up to `now_s`."""
        now_a = self.current_a
        spread = _BASE_SPREAD * math.sqrt(step_s / 60.0)
        for index, base in enumerate(self.spec.base_a):
            if base:
                wander = self._wander[index]
                wander += (1.0 - wander) * step_s / 600.0 + self._rng.gauss(0.0, spread)
                self._wander[index] = wander = min(max(wander, 0.5), MOST_OF_BASE)
                now_a[index] = base * wander + self.extra_a[index]
            else:
                now_a[index] = self.extra_a[index]
        for number, item in enumerate(self.spec.appliances):
            if now_s >= self._switches_s[number]:
                self._running[number] = not self._running[number]
                mean = item.on_s if self._running[number] else item.off_s
                self._switches_s[number] = now_s + self._rng.expovariate(1.0 / mean)
            if self._running[number]:
                for phase in item.phases:
                    now_a[phase.position] += item.current_a


@dataclass(frozen=True, slots=True, kw_only=True)
class SunSpec:
    """A solar installation.

    Attributes:
        peak_w: Most power in full sun.
        phases: The site's phases of its inverter.
        noon_s: Seconds from the start of the simulation to solar noon.
        day_s: Seconds from sunrise to sunset.
        cloudiness: Share of the time in which clouds pass.
        tells_phases: Whether the site knows which phases it feeds.
    """

    peak_w: float
    phases: tuple[Phase, ...] = PHASES
    noon_s: float = 0.0
    day_s: float = 14 * 3600.0
    cloudiness: float = 0.4
    tells_phases: bool = False

    def build(self, rng: Random) -> Sun:
        """Return the installation at the start of its time."""
        return Sun(self, rng)


class Sun:
    """Solar production over time, with clouds."""

    def __init__(self, spec: SunSpec, rng: Random) -> None:
        self.spec = spec
        self.power_w = 0.0
        """Production in watts, at least 0."""
        self._rng = rng
        self._clear = 1.0
        self._target = 1.0
        self._changes_s = 0.0

    def advance(self, now_s: float, step_s: float) -> None:
        """Let `step_s` seconds pass up to `now_s`."""
        spec = self.spec
        if now_s >= self._changes_s:
            cloudy = self._rng.random() < spec.cloudiness
            self._target = self._rng.uniform(0.1, 0.6) if cloudy else 1.0
            self._changes_s = now_s + self._rng.expovariate(1.0 / 90.0)
        # An edge of a cloud takes some five seconds to pass over a roof.
        self._clear += (self._target - self._clear) * min(1.0, step_s / 5.0)
        angle = (now_s - spec.noon_s) / spec.day_s
        height = math.cos(math.pi * angle) if abs(angle) < 0.5 else 0.0  # noqa: PLR2004 - half a day
        self.power_w = spec.peak_w * height * self._clear


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySpec:
    """A home battery that keeps the grid connection near zero by itself.

    Attributes:
        max_power_w: Most power either way.
        capacity_wh: What it holds.
        stored_wh: What it holds at the start.
        phases: The site's phases of its inverter.
        response_s: Time constant of its control.
        tells_phases: Whether the site knows which phases it feeds.
        tells_soc: Whether the site knows its state of charge.
    """

    max_power_w: float
    capacity_wh: float
    stored_wh: float
    phases: tuple[Phase, ...] = PHASES
    response_s: float = 3.0
    tells_phases: bool = False
    tells_soc: bool = True


class Battery:
    """A home battery over time."""

    def __init__(self, spec: BatterySpec) -> None:
        self.spec = spec
        self.power_w = 0.0
        """Watts at its AC side, positive is charging."""
        self.stored_wh = spec.stored_wh

    def advance(self, step_s: float, grid_power_w: float) -> None:
        """Let `step_s` seconds pass; `grid_power_w` is what the connection took last."""
        spec = self.spec
        wanted = self.power_w - grid_power_w * min(1.0, step_s / spec.response_s)
        wanted = max(-spec.max_power_w, min(spec.max_power_w, wanted))
        if (wanted > 0.0 and self.stored_wh >= spec.capacity_wh) or (
            wanted < 0.0 and self.stored_wh <= 0.0
        ):
            wanted = 0.0
        self.power_w = wanted
        self.stored_wh += wanted * step_s / 3600.0


def draw_appliances(rng: Random, phases: Sequence[Phase], biggest_a: float) -> list[Appliance]:
    """Draw what is switched on a circuit, none of it above `biggest_a` amps per phase."""

    def one() -> tuple[Phase, ...]:
        return (rng.choice(phases),)

    table = [
        Appliance(name="kettle", phases=one(), current_a=9.0, on_s=180.0, off_s=1_500.0),
        Appliance(name="oven", phases=one(), current_a=11.0, on_s=900.0, off_s=3_000.0),
        Appliance(name="hob", phases=tuple(phases), current_a=6.0, on_s=40.0, off_s=240.0),
        Appliance(name="heat pump", phases=tuple(phases), current_a=7.0, on_s=900.0, off_s=900.0),
        Appliance(name="fridge", phases=one(), current_a=0.8, on_s=500.0, off_s=900.0),
        Appliance(name="dryer", phases=one(), current_a=8.0, on_s=120.0, off_s=120.0),
    ]
    chosen = [item for item in table if item.current_a <= biggest_a and happens(rng, 0.6)]
    rng.shuffle(chosen)
    return chosen
