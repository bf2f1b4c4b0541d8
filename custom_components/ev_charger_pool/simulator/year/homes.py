"""Homes whose car charges by the sun: bare ones, and ones with a battery or a station that switches."""

from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from random import Random
from typing import Final

from ...const import ROOT_CIRCUIT
from ...pool.energy_settings import BatterySettings
from ...pool.members import Mode, PhaseSwitching
from ...pool.quantities import PHASES
from ..cars import happens
from ..house import BatterySpec
from .building import Day, Parts, Scene, build_day, connector, draw_roof, grid, in_mode
from .household import draw_household
from .motorists import Habit, draw_day

_WITH_BATTERY: Final = 0.5
"""The share of homes with a battery,"""

_SWITCHES: Final = 0.5
"""and of the stations on three phases that switch them."""

_MAY_FEED: Final = BatterySettings(
    priority_soc=20.0, buffer_soc=30.0, start_soc=60.0, reserve_soc=10.0, feeds_cars=True
)
"""What somebody sets who wants the car to have the sun, by way of the battery too."""

_SWITCHING: Final = PhaseSwitching(pause=timedelta(seconds=5), settle=timedelta(seconds=15))


class HomeKind(StrEnum):
    """What a home has beside its roof and its wallbox."""

    BARE = "bare"
    BATTERY = "battery"
    SWITCHING = "switching"
    BOTH = "battery_switching"


def draw_solar_home(rng: Random, day: int) -> Day:
    """Any home, with what chance gives it."""
    drawn = draw_bare_home(rng, day)
    plan = drawn.scenario.members[0]
    has_battery = happens(rng, _WITH_BATTERY)
    may_switch = happens(rng, _SWITCHES)
    battery = _draw_battery(rng)
    if has_battery:
        drawn = _with_battery(drawn, battery)
    if may_switch and len(plan.settings.phases) == len(PHASES):
        drawn = _with_switching(drawn)
    return drawn


def draw_minimum_solar(rng: Random, day: int) -> Day:
    """A bare home whose car never waits for the sun, but takes no more than its least without."""
    return in_mode(draw_bare_home(rng, day), Scene.MINIMUM_SOLAR, Mode.MINIMUM_SOLAR)


def draw_bare_home(rng: Random, day: int) -> Day:
    """A car that is at home by day and charges by the sun only; five in the morning to nine."""
    from_hour, hours = 5.0, 16.0
    phases = rng.choice((1, 3))
    roof = draw_roof(rng, day, from_hour, rng.uniform(6_000.0, 14_000.0))
    habit = Habit(
        arrives_hour=(0.5, 4.0), stays_h=(6.0, 12.0), wanted_wh=(15_000.0, 60_000.0), share=1.0
    )
    return build_day(
        rng,
        Scene.SOLAR,
        day,
        Parts(
            from_hour=from_hour,
            hours=hours,
            circuits=(grid(35.0, 25.0),),
            members=(
                connector(
                    rng,
                    "wallbox",
                    visits=draw_day(rng, habit, connector_a=32.0, connector_phases=phases),
                    phases=PHASES[:phases],
                    max_current_a=32.0,
                ),
            ),
            loads={
                ROOT_CIRCUIT: draw_household(rng, day=day, from_hour=from_hour, hours=hours),
            },
            sun=roof,
            mode=Mode.SOLAR,
        ),
    )


def home_kind(day: Day) -> HomeKind:
    """Return what a home has."""
    switches = any(plan.settings.switching is not None for plan in day.scenario.members)
    if day.scenario.plant.battery is None:
        return HomeKind.SWITCHING if switches else HomeKind.BARE
    return HomeKind.BOTH if switches else HomeKind.BATTERY


def _draw_battery(rng: Random) -> BatterySpec:
    """Draw a battery after a night in which the house lived on it."""
    capacity_wh = rng.uniform(5_000.0, 12_000.0)
    return BatterySpec(
        max_power_w=rng.choice((3_000.0, 4_000.0, 5_000.0)),
        capacity_wh=capacity_wh,
        stored_wh=rng.uniform(0.1, 0.5) * capacity_wh,
        tells_phases=True,
    )


def _with_battery(drawn: Day, battery: BatterySpec) -> Day:
    scenario = drawn.scenario
    return replace(
        drawn,
        scenario=replace(
            scenario,
            site=replace(scenario.site, battery=_MAY_FEED),
            plant=replace(scenario.plant, battery=battery),
        ),
    )


def _with_switching(drawn: Day) -> Day:
    scenario = drawn.scenario
    members = tuple(
        replace(plan, settings=replace(plan.settings, switching=_SWITCHING))
        for plan in scenario.members
    )
    settings = tuple(plan.settings for plan in members)
    return replace(
        drawn,
        scenario=replace(scenario, members=members, site=replace(scenario.site, members=settings)),
    )
