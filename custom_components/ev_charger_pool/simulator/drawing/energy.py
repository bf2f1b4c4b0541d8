"""Random sites with limits that look further than now, and members in every mode."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from ...pool.circuits import AverageLimit, Circuit, WindowLength
from ...pool.energy_settings import BatterySettings, SolarSettings, SurplusRule
from ...pool.limits import Limit, LimitScope, LimitUnit
from ...pool.members import MemberId, MemberWishes, Mode
from ...pool.quantities import NOMINAL_VOLTAGE_V, PHASES
from ...pool.reasons import ReasonKind
from ...pool.schedules import Schedule, Slot
from ..cars import happens
from ..meters import MeterKind
from ..scenario import STARTED_AT, LimitChange, MemberPlan, Scenario, ScheduleChange, Wish
from .electricity import draw_generation, with_phases_told
from .events import merge_limits

_ZONES: Final = ("UTC", "Europe/Brussels", "Asia/Kathmandu")
"""Windows follow the clock on the wall: there are zones with whole hours and with quarters."""

_WINDOWS: Final = (
    *(WindowLength.QUARTER_HOUR,) * 3,
    WindowLength.HALF_HOUR,
    WindowLength.HOUR,
)

_MODES: Final = (Mode.SOLAR, Mode.SOLAR, Mode.MINIMUM_SOLAR, Mode.PLAN, Mode.PLAN, Mode.FAST)

LEAST_IMBALANCE_A: Final = 8.0
"""With less than this no car could ever start."""


def with_energy_rules(rng: Random, scenario: Scenario) -> Scenario:
    """Give a site average limits, imbalance limits, contracted power, modes and plans, by chance."""
    scenario = _with_generation(rng, scenario)
    site = scenario.site
    started_at = STARTED_AT + timedelta(seconds=rng.randrange(3_600))
    circuits = tuple(_with_limits(rng, circuit) for circuit in site.circuits)
    return replace(
        scenario,
        site=replace(
            site,
            circuits=circuits,
            solar=_draw_solar_settings(rng),
            battery=_draw_battery_settings(rng),
            time_zone=ZoneInfo(rng.choice(_ZONES)),
        ),
        limits=merge_limits(scenario.limits, _draw_contract(rng, circuits[0], scenario.duration_s)),
        wishes=_draw_modes(rng, scenario.members, scenario.duration_s, started_at)
        if happens(rng, 0.8)
        else scenario.wishes,
        schedules=_draw_schedules(rng, scenario.members, scenario.duration_s, started_at),
        started_at=started_at,
    )


def _with_generation(rng: Random, scenario: Scenario) -> Scenario:
    """Give some sites a sun or a battery that they had not before."""
    plant, fuses = scenario.plant, scenario.site.circuits[0].limit_a
    phases = [phase for phase in PHASES if fuses[phase] > 0.0]
    new_sun, new_battery = with_phases_told(rng, *draw_generation(rng, phases, fuses.l1))
    sun, battery = plant.sun or new_sun, plant.battery or new_battery
    meters = plant.meters
    if sun is not None or battery is not None:
        # One total hides that one phase imports what another exports.
        meters = tuple(
            replace(meter, kind=MeterKind.CURRENTS) if meter.kind is MeterKind.TOTAL else meter
            for meter in meters
        )
    return replace(scenario, plant=replace(plant, sun=sun, battery=battery, meters=meters))


def _with_limits(rng: Random, circuit: Circuit) -> Circuit:
    root = circuit.parent is None
    if happens(rng, 0.6 if root else 0.2):
        power_w = sum(circuit.limit_a) * NOMINAL_VOLTAGE_V * rng.uniform(0.2, 0.8)
        limit = AverageLimit(power_w=round(power_w), window=rng.choice(_WINDOWS))
        circuit = replace(circuit, average=limit)
    if happens(rng, 0.4 if root else 0.15):
        imbalance_a = max(LEAST_IMBALANCE_A, rng.uniform(0.3, 0.8) * circuit.limit_a.l1)
        circuit = replace(circuit, imbalance_a=round(imbalance_a, 1))
    return circuit


def _draw_solar_settings(rng: Random) -> SolarSettings:
    return SolarSettings(
        rule=rng.choice(tuple(SurplusRule)),
        import_budget_wh=rng.choice((0.0, 50.0, 50.0, 200.0)),
        export_margin_w=rng.choice((0.0, 0.0, 300.0, -300.0)),
    )


def _draw_battery_settings(rng: Random) -> BatterySettings:
    feeds_cars = happens(rng, 0.5)
    return BatterySettings(
        priority_soc=rng.choice((0.0, 30.0, 80.0)),
        buffer_soc=rng.choice((40.0, 100.0)),
        start_soc=100.0 if feeds_cars and happens(rng, 0.3) else None,
        reserve_soc=rng.choice((0.0, 10.0)),
        feeds_cars=feeds_cars,
        lock_when_fast=happens(rng, 0.3),
    )


def _draw_contract(rng: Random, root: Circuit, duration_s: float) -> tuple[LimitChange, ...]:
    """Draw contracted power that changes with time, or none."""
    if not happens(rng, 0.4):
        return ()
    changes = []
    at_s = rng.choice((0.0, rng.uniform(0.0, duration_s)))
    while at_s < duration_s:
        power_w = sum(root.limit_a) * NOMINAL_VOLTAGE_V * rng.uniform(0.3, 0.9)
        limit = Limit(
            id=f"times:{root.id}",
            source=ReasonKind.CONTRACT,
            value=round(power_w),
            unit=LimitUnit.POWER,
            circuit=root.id,
            scope=LimitScope.CONNECTION,
        )
        changes.append(LimitChange(at_s=at_s, limits=(limit,)))
        at_s += rng.uniform(300.0, 1_800.0)
    return tuple(changes)


def _draw_modes(
    rng: Random, members: Sequence[MemberPlan], duration_s: float, started_at: datetime
) -> tuple[Wish, ...]:
    """Draw in which modes members charge, and when somebody changes that or wants a boost."""
    wishes = []
    for member in members:
        at_s = 0.0
        while at_s < duration_s:
            boost_until = None
            if happens(rng, 0.2):
                boost_until = started_at + timedelta(seconds=at_s + rng.uniform(120.0, 1_200.0))
            wishes.append(
                Wish(
                    at_s=at_s,
                    member=member.settings.member,
                    wishes=MemberWishes(
                        mode=rng.choice(_MODES) if happens(rng, 0.9) else Mode.OFF,
                        minimum_current_a=rng.choice((None, None, None, 8.0)),
                        boost_until=boost_until,
                    ),
                )
            )
            at_s += rng.expovariate(1.0 / 2_400.0)
    return tuple(sorted(wishes, key=lambda wish: wish.at_s))


def _draw_schedules(
    rng: Random, members: Sequence[MemberPlan], duration_s: float, started_at: datetime
) -> tuple[ScheduleChange, ...]:
    """Draw what plans ask, made anew every now and then."""
    changes = []
    at_s = rng.uniform(0.0, 60.0)
    while at_s < duration_s:
        schedules = tuple(
            _draw_schedule(rng, member.settings.member, started_at, duration_s)
            for member in members
            if happens(rng, 0.9)
        )
        changes.append(ScheduleChange(at_s=at_s, schedules=schedules))
        at_s += rng.expovariate(1.0 / 1_800.0)
    return tuple(changes)


def _draw_schedule(
    rng: Random, member: MemberId, started_at: datetime, duration_s: float
) -> Schedule:
    slots = []
    at_s = rng.uniform(0.0, 1_200.0)
    while at_s < duration_s:
        lasts_s = rng.choice((300.0, 900.0, 900.0, 1_800.0))
        slots.append(
            Slot(
                from_at=started_at + timedelta(seconds=at_s),
                until_at=started_at + timedelta(seconds=at_s + lasts_s),
                power_w=round(rng.uniform(1_400.0, 11_000.0)),
            )
        )
        at_s += lasts_s + rng.choice((0.0, 300.0, 900.0))
    return Schedule(member=member, slots=tuple(slots))
