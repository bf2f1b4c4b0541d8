"""The five sites of the simulated year, each with the days that it has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import math
from random import Random
from typing import Final

from ...balancing.contract import SiteSettings
from ...const import ROOT_CIRCUIT
from ...pool.circuits import Circuit
from ...pool.members import (
    CircuitId,
    Lease,
    MemberId,
    MemberKind,
    MemberSettings,
    MemberWishes,
    Mode,
)
from ...pool.quantities import PHASES, PerPhase, Phase
from ..cars import Visit
from ..dc import DcBattery
from ..devices import FirmwareSpec
from ..house import BatterySpec
from ..meters import MeterFault, MeterFaultKind, MeterSpec
from ..plant import ConsumptionSpec, GenerationSpec, PlantSpec
from ..scenario import MemberPlan, Scenario, Wish
from ..supply_device import SUPPLY_LOSSES, SupplyPlan
from .household import draw_garage_load, draw_household, draw_workshop_load
from .motorists import Habit, draw_day
from .prices import Prices, draw_prices
from .sky import RoofSpec, draw_weather

DAYS: Final = 365

_FIRST_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)

_STIFF_V: Final = 1.0
"""What the supply drops at the fuse's rating: the proof is about current, not about voltage."""

_LEASE: Final = Lease(duration=timedelta(seconds=180), renewal=timedelta(seconds=75))


class Scene(StrEnum):
    """A kind of site."""

    HOUSE = "house"
    GARAGE = "garage"
    GARAGE_PLANNED = "garage_planned"
    SOLAR = "solar"
    PLAN = "plan"
    DEPOT = "depot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of one site.

    Attributes:
        scene: Which site.
        day: Day of the year, 1 to 365.
        scenario: The site and everything that happens on it.
        mode: In which mode its members charge.
        prices: What a kWh costs, from the start on; None where nothing is priced.
    """

    scene: Scene
    day: int
    scenario: Scenario
    mode: Mode
    prices: Prices | None = None


def draw_site_day(scene: Scene, day: int, seed: int) -> Day:
    """Draw a day of a site: the same arguments give the same day.

    Args:
        scene: Which site.
        day: Day of the year, 1 to 365.
        seed: Where chance starts from.
    """
    # Planned and unplanned, the garage has the same days.
    drawn_as = Scene.GARAGE if scene is Scene.GARAGE_PLANNED else scene
    return _DRAWN[scene](Random(f"{seed}:{drawn_as}:{day}"), day)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What the days of all sites are put together from."""

    from_hour: float
    hours: float
    circuits: tuple[Circuit, ...]
    members: tuple[MemberPlan, ...]
    loads: Mapping[CircuitId, ConsumptionSpec]
    mode: Mode
    sun: GenerationSpec | None = None
    battery: BatterySpec | None = None


def _day(rng: Random, scene: Scene, day: int, parts: _Parts, prices: Prices | None = None) -> Day:
    root = next(circuit for circuit in parts.circuits if circuit.parent is None)
    duration_s = parts.hours * 3_600.0
    delays = {
        member.link: min(4.0, rng.lognormvariate(math.log(0.5), 0.7)) for member in parts.members
    }
    scenario = Scenario(
        seed=rng.getrandbits(63),
        duration_s=duration_s,
        site=SiteSettings(
            circuits=parts.circuits,
            members=tuple(member.settings for member in parts.members),
        ),
        plant=PlantSpec(
            circuits={circuit.id: circuit.parent for circuit in parts.circuits},
            loads=parts.loads,
            sun=parts.sun,
            battery=parts.battery,
            meters=tuple(
                _draw_meter(rng, circuit.id, duration_s)
                for circuit in parts.circuits
                if circuit.metered
            ),
            supply_ohm=_STIFF_V / root.limit_a.l1,
        ),
        members=parts.members,
        link_delay_s=delays,
        wishes=tuple(
            Wish(at_s=0.0, member=member.settings.member, wishes=MemberWishes(mode=parts.mode))
            for member in parts.members
        ),
        started_at=_FIRST_DAY + timedelta(days=day - 1, hours=parts.from_hour),
    )
    return Day(scene=scene, day=day, scenario=scenario, mode=parts.mode, prices=prices)


def _draw_meter(rng: Random, circuit: CircuitId, duration_s: float) -> MeterSpec:
    """Draw a meter that is late by chance and drops out a few times a day."""
    faults = []
    at_s = rng.expovariate(1.0 / 21_600.0)
    while at_s < duration_s:
        lasts_s = min(rng.expovariate(1.0 / 40.0) + 3.0, 600.0)
        kind = rng.choice((MeterFaultKind.SILENT, MeterFaultKind.SILENT, MeterFaultKind.MISSING))
        faults.append(MeterFault(kind=kind, from_s=at_s, until_s=at_s + lasts_s))
        at_s += lasts_s + rng.expovariate(1.0 / 21_600.0)
    return MeterSpec(
        circuit=circuit,
        interval_s=rng.choice((1.0, 1.0, 2.0, 5.0)),
        jitter_s=rng.choice((0.0, 0.3)),
        lag_s=rng.uniform(0.1, 2.0),
        lag_spread_s=rng.uniform(0.0, 0.6),
        noise_a=rng.choice((0.0, 0.05, 0.1)),
        faults=tuple(faults),
    )


def _draw_firmware(rng: Random) -> FirmwareSpec:
    return FirmwareSpec(
        report_s=rng.choice((2.0, 5.0, 10.0)),
        report_lag_s=rng.uniform(0.1, 1.5),
        apply_lag_s=rng.uniform(0.2, 2.0),
        tells_time=rng.choice((True, False)),
    )


def _connector(
    rng: Random,
    member: MemberId,
    *,
    visits: Sequence[Visit],
    circuit: CircuitId = ROOT_CIRCUIT,
    phases: tuple[Phase, ...] = PHASES,
    max_current_a: float = 16.0,
) -> MemberPlan:
    return MemberPlan(
        settings=MemberSettings(
            member=member,
            circuit=circuit,
            phases=phases,
            max_current_a=max_current_a,
            step_a=1.0,
            lease=_LEASE,
        ),
        firmware=_draw_firmware(rng),
        link=member,
        visits=tuple(visits),
    )


def _turned(number: int) -> tuple[Phase, ...]:
    """Return the phases of a connector, turned by one from each to the next, as is good practice."""
    return tuple(PHASES[(number + place) % 3] for place in range(3))


def _grid(limit_a: float, other_load_max_a: float) -> Circuit:
    return Circuit(
        id=ROOT_CIRCUIT,
        name="Grid",
        limit_a=PerPhase(limit_a, limit_a, limit_a),
        metered=True,
        other_load_max_a=PerPhase(other_load_max_a, other_load_max_a, other_load_max_a),
    )


def _draw_house(rng: Random, day: int) -> Day:
    """One wallbox behind 3 x 25 A, with cooking, a heat pump, sun and a battery; noon to noon."""
    from_hour, hours = 12.0, 24.0
    roof = _draw_roof(rng, day, from_hour, rng.uniform(4_000.0, 10_000.0))
    capacity_wh = rng.uniform(5_000.0, 10_000.0)
    habit = Habit(
        arrives_hour=(3.0, 9.0), stays_h=(2.0, 14.0), wanted_wh=(5_000.0, 45_000.0), share=0.85
    )
    return _day(
        rng,
        Scene.HOUSE,
        day,
        _Parts(
            from_hour=from_hour,
            hours=hours,
            circuits=(_grid(25.0, 22.0),),
            members=(
                _connector(
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
            _connector(
                rng,
                f"bay{number + 1}",
                visits=draw_day(rng, habit, connector_a=32.0, connector_phases=3),
                phases=_turned(number),
                max_current_a=32.0,
            )
        )
    return _day(
        rng,
        Scene.GARAGE,
        day,
        _Parts(
            from_hour=6.0,
            hours=hours,
            circuits=(_grid(63.0, 15.0),),
            members=tuple(members),
            loads={ROOT_CIRCUIT: draw_garage_load(rng, hours=hours)},
            mode=Mode.FAST,
        ),
    )


def _draw_planned_garage(rng: Random, day: int) -> Day:
    """The same garage, where everybody says when they leave."""
    drawn = _draw_garage(rng, day)
    wishes = tuple(
        replace(wish, wishes=MemberWishes(mode=Mode.PLAN)) for wish in drawn.scenario.wishes
    )
    return replace(
        drawn,
        scene=Scene.GARAGE_PLANNED,
        mode=Mode.PLAN,
        scenario=replace(drawn.scenario, wishes=wishes),
    )


def _draw_solar(rng: Random, day: int) -> Day:
    """A car that is at home by day and charges by the sun only; five in the morning to nine."""
    from_hour, hours = 5.0, 16.0
    phases = rng.choice((1, 3))
    roof = _draw_roof(rng, day, from_hour, rng.uniform(6_000.0, 14_000.0))
    habit = Habit(
        arrives_hour=(0.5, 4.0), stays_h=(6.0, 12.0), wanted_wh=(15_000.0, 60_000.0), share=1.0
    )
    return _day(
        rng,
        Scene.SOLAR,
        day,
        _Parts(
            from_hour=from_hour,
            hours=hours,
            circuits=(_grid(35.0, 25.0),),
            members=(
                _connector(
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


def _draw_plan(rng: Random, day: int) -> Day:
    """Two wallboxes behind 3 x 35 A that charge by the price until the morning; noon to noon."""
    from_hour, hours = 12.0, 24.0
    habit = Habit(
        arrives_hour=(4.0, 9.0), stays_h=(8.0, 15.0), wanted_wh=(6_000.0, 40_000.0), share=0.8
    )
    members = tuple(
        _connector(
            rng,
            name,
            visits=draw_day(rng, habit, connector_a=16.0, connector_phases=3),
        )
        for name in ("left", "right")
    )
    return _day(
        rng,
        Scene.PLAN,
        day,
        _Parts(
            from_hour=from_hour,
            hours=hours,
            circuits=(_grid(35.0, 25.0),),
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
        _connector(
            rng,
            f"yard{number + 1}",
            visits=draw_day(rng, habit, connector_a=32.0, connector_phases=3),
            circuit=yard.id,
            phases=_turned(number),
            max_current_a=32.0,
        )
        for number in range(4)
    ]
    members.append(_draw_supply(rng, hours))
    return _day(
        rng,
        Scene.DEPOT,
        day,
        _Parts(
            from_hour=6.0,
            hours=hours,
            circuits=(_grid(63.0, 30.0), yard),
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


def _draw_roof(rng: Random, day: int, from_hour: float, peak_w: float) -> RoofSpec:
    return RoofSpec(
        peak_w=peak_w,
        day=day,
        weather=draw_weather(rng, day),
        from_solar_hour=from_hour,
        latitude_deg=51.0,
        tilt_deg=rng.uniform(15.0, 45.0),
    )


_DRAWN: Final[Mapping[Scene, Callable[[Random, int], Day]]] = {
    Scene.HOUSE: _draw_house,
    Scene.GARAGE: _draw_garage,
    Scene.GARAGE_PLANNED: _draw_planned_garage,
    Scene.SOLAR: _draw_solar,
    Scene.PLAN: _draw_plan,
    Scene.DEPOT: _draw_depot,
}
