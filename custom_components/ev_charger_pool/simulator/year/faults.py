"""A garage in which everything goes wrong that does so in a year: meters, stations, cars."""

from dataclasses import replace
from random import Random
from typing import Final

from ...const import ROOT_CIRCUIT
from ...pool.members import Mode
from ..cars import happens
from ..firmware import DeviceFault, DeviceFaultKind
from ..meters import MeterFault, MeterFaultKind
from ..scenario import MemberPlan
from .building import Day, Parts, Scene, build_day, connector, grid, turned
from .household import draw_garage_load
from .motorists import Habit, draw_day, draw_stubborn_car

_HOURS: Final = 10.0

_METER_FAULT_EVERY_S: Final = 5_400.0
"""Mean time between two faults of the meter."""

_STATION_FAULT_EVERY_S: Final = 14_400.0
"""The same of a station."""


def draw_faulty_garage(rng: Random, day: int) -> Day:
    """Six connectors behind 3 x 40 A on a working day, from eight in the morning on."""
    habit = Habit(
        arrives_hour=(0.2, 6.0),
        stays_h=(1.0, 6.0),
        wanted_wh=(8_000.0, 40_000.0),
        share=0.95,
        comes_again=0.6,
    )
    members = tuple(
        _with_faults(
            rng,
            connector(
                rng,
                f"bay{number + 1}",
                visits=draw_day(
                    rng, habit, connector_a=32.0, connector_phases=3, car=draw_stubborn_car
                ),
                phases=turned(number),
                max_current_a=32.0,
            ),
        )
        for number in range(6)
    )
    drawn = build_day(
        rng,
        Scene.FAULTS,
        day,
        Parts(
            from_hour=8.0,
            hours=_HOURS,
            circuits=(grid(40.0, 12.0),),
            members=members,
            loads={ROOT_CIRCUIT: draw_garage_load(rng, hours=_HOURS)},
            mode=Mode.FAST,
        ),
    )
    plant = drawn.scenario.plant
    meters = tuple(replace(meter, faults=_draw_meter_faults(rng)) for meter in plant.meters)
    return replace(drawn, scenario=replace(drawn.scenario, plant=replace(plant, meters=meters)))


def _with_faults(rng: Random, plan: MemberPlan) -> MemberPlan:
    """Have a station be lost, start anew, refuse, ignore, lie or overdraw now and then."""
    faults = []
    at_s = rng.expovariate(1.0 / _STATION_FAULT_EVERY_S)
    while at_s < 3_600.0 * _HOURS:
        lasts_s = rng.choice((10.0, 60.0, 240.0, 900.0)) * rng.uniform(0.5, 1.5)
        kind = rng.choice(tuple(DeviceFaultKind))
        faults.append(DeviceFault(kind=kind, from_s=at_s, until_s=at_s + lasts_s))
        at_s += lasts_s + rng.expovariate(1.0 / _STATION_FAULT_EVERY_S)
    firmware = replace(
        plan.firmware,
        reports_limit=happens(rng, 0.6),
        tells_boot=happens(rng, 0.8),
        obeys_stop=happens(rng, 0.8),
        faults=tuple(faults),
    )
    return replace(plan, firmware=firmware)


def _draw_meter_faults(rng: Random) -> tuple[MeterFault, ...]:
    """Have the meter be silent, freeze, talk nonsense or miss phases every now and then."""
    faults = []
    at_s = rng.expovariate(1.0 / _METER_FAULT_EVERY_S)
    while at_s < 3_600.0 * _HOURS:
        lasts_s = rng.choice((5.0, 20.0, 60.0, 300.0)) * rng.uniform(0.5, 1.5)
        kind = rng.choice(tuple(MeterFaultKind))
        faults.append(MeterFault(kind=kind, from_s=at_s, until_s=at_s + lasts_s))
        at_s += lasts_s + rng.expovariate(1.0 / _METER_FAULT_EVERY_S)
    return tuple(faults)
