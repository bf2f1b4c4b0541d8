"""Who comes to a connector, with which car, how long, and how much is wanted."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Final

from ..cars import Car, Visit, happens

_ONBOARD: Final = ((3, 16.0),) * 5 + ((1, 16.0), (1, 32.0), (1, 32.0), (2, 16.0), (3, 32.0))
"""Phases and amps of onboard chargers; every other one has three phases at 16 A."""

_VOLTS: Final = 230.0

_REACHABLE: Final = 0.9
"""Nobody asks for more than this share of what the car could take in its whole stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """How people use a connector.

    Attributes:
        arrives_hour: The earliest and latest hour of an arrival, from the start of the simulation.
        stays_h: The shortest and longest stay.
        wanted_wh: The least and most energy that is wanted.
        share: How likely somebody comes at all.
        comes_again: How likely another comes after one that left.
    """

    arrives_hour: tuple[float, float]
    stays_h: tuple[float, float]
    wanted_wh: tuple[float, float]
    share: float = 1.0
    comes_again: float = 0.0


def draw_quirky_car(rng: Random) -> Car:
    """Draw a car with its phases, its taper, its delays, and its sleep."""
    phases, max_current_a = rng.choice(_ONBOARD)
    return Car(
        phases=phases,
        max_current_a=max_current_a,
        reaction_s=rng.uniform(0.5, 4.0),
        ramp_a_per_s=rng.choice((4.0, 8.0, 16.0)),
        start_s=min(2.0 + rng.expovariate(1.0 / 6.0), 40.0),
        taper_from=rng.uniform(0.85, 0.98),
        gain=rng.uniform(0.97, 1.0),
        offset_a=rng.uniform(-0.4, 0.2),
        sleeps_after_s=rng.uniform(300.0, 1_800.0) if happens(rng, 0.1) else None,
    )


def draw_stubborn_car(rng: Random) -> Car:
    """Draw a car that has its own ideas: slow, choosy, sulking, or never quite full."""
    car = draw_quirky_car(rng)
    match rng.randrange(5):
        case 0:
            return replace(car, reaction_s=rng.uniform(5.0, 8.0), ramp_a_per_s=3.0)
        case 1:
            return replace(car, least_a=rng.choice((7.0, 8.0, 10.0)))
        case 2:
            return replace(car, sulks_s=rng.uniform(60.0, 300.0))
        case 3:
            return replace(car, full_sip_a=rng.uniform(0.8, 2.5))
        case _:
            return replace(car, sleeps_after_s=rng.uniform(120.0, 600.0))


def draw_day(
    rng: Random,
    habit: Habit,
    *,
    connector_a: float,
    connector_phases: int,
    car: Callable[[Random], Car] = draw_quirky_car,
) -> tuple[Visit, ...]:
    """Draw who comes to one connector on one day."""
    visits: list[Visit] = []
    if not happens(rng, habit.share):
        return ()
    arrives_h = rng.uniform(*habit.arrives_hour)
    while True:
        stays_h = rng.triangular(*habit.stays_h)
        drawn = car(rng)
        power_w = (
            min(drawn.max_current_a, connector_a) * min(drawn.phases, connector_phases) * _VOLTS
        )
        wanted_wh = min(rng.uniform(*habit.wanted_wh), _REACHABLE * power_w * stays_h)
        visits.append(
            Visit(
                car=replace(drawn, wanted_wh=wanted_wh),
                arrives_after=timedelta(hours=arrives_h),
                stays=timedelta(hours=stays_h),
            )
        )
        arrives_h += stays_h + rng.uniform(0.1, 0.8)
        if arrives_h > habit.arrives_hour[1] or not happens(rng, habit.comes_again):
            return tuple(visits)
