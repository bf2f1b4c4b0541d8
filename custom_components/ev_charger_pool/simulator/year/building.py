"""What the sites of the year are built of: connectors, meters, roofs, and a day that holds them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import math
from random import Random
from typing import Final

from ...balancing.contract import SiteSettings
from ...const import ROOT_CIRCUIT
from ...pool.circuits import Circuit
from ...pool.members import CircuitId, Lease, MemberId, MemberSettings, MemberWishes, Mode
from ...pool.quantities import PHASES, PerPhase, Phase
from ..cars import Visit
from ..firmware import FirmwareSpec
from ..house import BatterySpec
from ..meters import MeterFault, MeterFaultKind, MeterSpec
from ..plant import ConsumptionSpec, GenerationSpec, PlantSpec
from ..scenario import MemberPlan, Scenario, Wish
from .prices import Prices
from .sky import RoofSpec, draw_weather

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
    MINIMUM_SOLAR = "minimum_solar"
    FAULTS = "faults"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the days of all sites are put together from."""

    from_hour: float
    hours: float
    circuits: tuple[Circuit, ...]
    members: tuple[MemberPlan, ...]
    loads: Mapping[CircuitId, ConsumptionSpec]
    mode: Mode
    sun: GenerationSpec | None = None
    battery: BatterySpec | None = None


def build_day(
    rng: Random, scene: Scene, day: int, parts: Parts, prices: Prices | None = None
) -> Day:
    """Put a day together: the site of its parts, with meters and links as chance has them."""
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


def in_mode(drawn: Day, scene: Scene, mode: Mode) -> Day:
    """Return the same day with everybody in another mode."""
    wishes = tuple(replace(wish, wishes=MemberWishes(mode=mode)) for wish in drawn.scenario.wishes)
    return replace(drawn, scene=scene, mode=mode, scenario=replace(drawn.scenario, wishes=wishes))


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


def connector(
    rng: Random,
    member: MemberId,
    *,
    visits: Sequence[Visit],
    circuit: CircuitId = ROOT_CIRCUIT,
    phases: tuple[Phase, ...] = PHASES,
    max_current_a: float = 16.0,
) -> MemberPlan:
    """Return a connector with who comes to it."""
    return MemberPlan(
        settings=MemberSettings(
            member=member,
            circuit=circuit,
            phases=phases,
            max_current_a=max_current_a,
            step_a=1.0,
            lease=_LEASE,
            # A year has one first day: every other firmware's lapse was seen to work (SR-8).
            lease_exercised=True,
        ),
        firmware=_draw_firmware(rng),
        link=member,
        visits=tuple(visits),
    )


def turned(number: int) -> tuple[Phase, ...]:
    """Return the phases of a connector, turned by one from each to the next, as is good practice."""
    return tuple(PHASES[(number + place) % 3] for place in range(3))


def grid(limit_a: float, other_load_max_a: float) -> Circuit:
    """Return a grid connection: its fuse, and what everything but members takes at most."""
    return Circuit(
        id=ROOT_CIRCUIT,
        name="Grid",
        limit_a=PerPhase(limit_a, limit_a, limit_a),
        metered=True,
        other_load_max_a=PerPhase(other_load_max_a, other_load_max_a, other_load_max_a),
    )


def draw_roof(rng: Random, day: int, from_hour: float, peak_w: float) -> RoofSpec:
    """Draw a roof with the weather of a day."""
    return RoofSpec(
        peak_w=peak_w,
        day=day,
        weather=draw_weather(rng, day),
        from_solar_hour=from_hour,
        latitude_deg=51.0,
        tilt_deg=rng.uniform(15.0, 45.0),
    )
