"""The sites of the simulated year, each with the days that it has."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random
from typing import Final

from ...const import ROOT_CIRCUIT
from ...pool.circuits import Circuit
from ...pool.members import Lease, MemberKind, MemberSettings, Mode
from ...pool.quantities import PHASES, PerPhase
from ..dc import DcBattery
from ..firmware import FirmwareSpec
from ..house import BatterySpec
from ..scenario import MemberPlan
from ..supply_device import SUPPLY_LOSSES, SupplyPlan
from .building import Day, Parts, Scene, build_day, connector, draw_roof, grid, in_mode, turned
from .faults import draw_faulty_garage
from .homes import draw_minimum_solar, draw_solar_home
from .household import draw_garage_load, draw_household, draw_workshop_load
from .motorists import Habit, draw_day
from .prices import draw_prices

DAYS: Final = 365


def draw_site_day(scene: Scene, day: int, seed: int) -> Day:
    """Draw a day of a site: the same arguments give the same day.

    Args:
        scene: Which site.
        day: Day of the year, 1 to 365.
        seed: Where chance starts from.
    """
    # Told and untold, with a minimum and without, a site has the same days.
    drawn_as = _SAME_DAYS.get(scene, scene)
    return _DRAWN[scene](Random(f"{seed}:{drawn_as}:{day}"), day)


def _draw_house(rng: Random, day: int) -> Day:
    """One wallbox behind 3 x 25 A, with cooking, a heat pump, sun and a battery; noon to noon."""
    from_hour, hours = 12.0, 24.0
    roof = draw_roof(rng, day, from_hour, rng.uniform(4_000.0, 10_000.0))
    capacity_wh = rng.uniform(5_000.0, 10_000.0)
    habit = Habit(
        arrives_hour=(3.0, 9.0), stays_h=(2.0, 14.0), wanted_wh=(5_000.0, 45_000.0), share=0.85
    )
    return build_day(
        rng,
        Scene.HOUSE,
        day,
        Parts(
            from_hour=from_hour,
            hours=hours,
            circuits=(grid(25.0, 22.0),),
            members=(
                connector(
                    rng,
                    "wallbox",
                    visits=draw_day(rng, habit, connector_a=32.0, connector_phases=3),
                    max_current_a=32.0,
                ),
            ),
            loads={
                ROOT_CIRCUIT: draw_household(rng, day=day, from_hour=from_hour, hours=hours),
            },
            sun=roof,
            battery=BatterySpec(
                max_power_w=rng.choice((3_000.0, 5_000.0)),
                capacity_wh=capacity_wh,
                stored_wh=rng.uniform(0.1, 0.9) * capacity_wh,
                tells_phases=True,
            ),
            mode=Mode.FAST,
        ),
    )


def _draw_garage(rng: Random, day: int) -> Day:
    """Twelve connectors behind 3 x 63 A on a working day, from six in the morning on."""
    hours = 14.0
    members = []
    for number in range(12):
        habit = Habit(
            arrives_hour=(0.5, 8.0),
            stays_h=(1.0, 8.0),
            wanted_wh=(8_000.0, 45_000.0),
            share=0.9,
            comes_again=0.6,
        )
        members.append(
            connector(
                rng,
                f"bay{number + 1}",
                visits=draw_day(rng, habit, connector_a=32.0, connector_phases=3),
                phases=turned(number),
                max_current_a=32.0,
            )
        )
    return build_day(
        rng,
        Scene.GARAGE,
        day,
        Parts(
            from_hour=6.0,
            hours=hours,
            circuits=(grid(63.0, 15.0),),
            members=tuple(members),
            loads={ROOT_CIRCUIT: draw_garage_load(rng, hours=hours)},
            mode=Mode.FAST,
        ),
    )


def _draw_planned_garage(rng: Random, day: int) -> Day:
    """The same garage, where everybody says when they leave."""
    return in_mode(_draw_garage(rng, day), Scene.GARAGE_PLANNED, Mode.PLAN)


def _draw_plan(rng: Random, day: int) -> Day:
    """Two wallboxes behind 3 x 35 A that charge by the price until the morning; noon to noon."""
    from_hour, hours = 12.0, 24.0
    habit = Habit(
        arrives_hour=(4.0, 9.0), stays_h=(8.0, 15.0), wanted_wh=(6_000.0, 40_000.0), share=0.8
    )
    members = tuple(
        connector(
            rng,
            name,
            visits=draw_day(rng, habit, connector_a=16.0, connector_phases=3),
        )
        for name in ("left", "right")
    )
    return build_day(
        rng,
        Scene.PLAN,
        day,
        Parts(
            from_hour=from_hour,
            hours=hours,
            circuits=(grid(35.0, 25.0),),
            members=members,
            loads={
                ROOT_CIRCUIT: draw_household(rng, day=day, from_hour=from_hour, hours=hours),
            },
            mode=Mode.PLAN,
        ),
        draw_prices(rng, day=day, from_hour=from_hour, hours=hours),
    )


def _draw_depot(rng: Random, day: int) -> Day:
    """Four connectors behind 3 x 40 A, and a DC supply beside them, behind 3 x 63 A."""
    hours = 14.0
    yard = Circuit(
        id="yard",
        name="Yard",
        parent=ROOT_CIRCUIT,
        limit_a=PerPhase(40.0, 40.0, 40.0),
        metered=True,
        other_load_max_a=PerPhase(12.0, 12.0, 12.0),
    )
    habit = Habit(
        arrives_hour=(0.5, 8.0),
        stays_h=(2.0, 8.0),
        wanted_wh=(15_000.0, 60_000.0),
        share=0.95,
        comes_again=0.7,
    )
    members = [
        connector(
            rng,
            f"yard{number + 1}",
            visits=draw_day(rng, habit, connector_a=32.0, connector_phases=3),
            circuit=yard.id,
            phases=turned(number),
            max_current_a=32.0,
        )
        for number in range(4)
    ]
    members.append(_draw_supply(rng, hours))
    return build_day(
        rng,
        Scene.DEPOT,
        day,
        Parts(
            from_hour=6.0,
            hours=hours,
            circuits=(grid(63.0, 30.0), yard),
            members=tuple(members),
            loads={
                ROOT_CIRCUIT: draw_workshop_load(rng, hours=hours),
                yard.id: draw_garage_load(rng, hours=hours),
            },
            mode=Mode.FAST,
        ),
    )


def _draw_supply(rng: Random, hours: float) -> MemberPlan:
    """Draw a DC supply that charges a stationary battery for some hours."""
    start_s = rng.uniform(0.1, 0.4) * hours * 3_600.0
    watts_per_amp = SUPPLY_LOSSES * len(PHASES)
    return MemberPlan(
        settings=MemberSettings(
            member="supply",
            kind=MemberKind.POWER_SUPPLY,
            circuit=ROOT_CIRCUIT,
            min_current_a=0.1,
            max_current_a=32.0,
            step_a=0.1,
            watts_per_amp=watts_per_amp,
            lease=Lease(duration=timedelta(seconds=30), renewal=timedelta(seconds=10)),
        ),
        firmware=FirmwareSpec(
            report_s=1.0, report_lag_s=0.2, apply_lag_s=0.3, reports_limit=False, tells_boot=False
        ),
        link="supply",
        supply=SupplyPlan(
            voltage_v=400.0,
            current_a=30.0,
            runs=((start_s, start_s + rng.uniform(3.0, 6.0) * 3_600.0),),
            measures_ac=True,
        ),
        load=DcBattery(
            empty_v=320.0,
            full_v=400.0,
            capacity_wh=80_000.0,
            stored_wh=rng.uniform(8_000.0, 30_000.0),
            resistance_ohm=0.1,
        ),
    )


_DRAWN: Final[Mapping[Scene, Callable[[Random, int], Day]]] = {
    Scene.HOUSE: _draw_house,
    Scene.GARAGE: _draw_garage,
    Scene.GARAGE_PLANNED: _draw_planned_garage,
    Scene.SOLAR: draw_solar_home,
    Scene.PLAN: _draw_plan,
    Scene.DEPOT: _draw_depot,
    Scene.MINIMUM_SOLAR: draw_minimum_solar,
    Scene.FAULTS: draw_faulty_garage,
}

_SAME_DAYS: Final[Mapping[Scene, Scene]] = {
    Scene.GARAGE_PLANNED: Scene.GARAGE,
    Scene.MINIMUM_SOLAR: Scene.SOLAR,
}


__all__ = ["DAYS", "Day", "Scene", "draw_site_day"]
