"""The future as plans see it: prices, sun, and what the circuits leave to the pool."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
import math
from typing import Final

from .balancing.planner import HorizonSlot
from .balancing.windows import RAISE_SHARE
from .pool.circuits import Circuit
from .pool.limits import Limit, LimitUnit
from .pool.load_profiles import LoadProfile
from .pool.members import CircuitId
from .pool.quantities import NO_CURRENT, PHASES, PerPhase, PhaseValues, add, subtract
from .pool.series import (
    QUARTER,
    Co2GramsPerKwhSeries,
    PricePerKwhSeries,
    SolarWattsSeries,
)
from .pool.sessions import Rates
from .pool.timetable import Entry, least_power

CLAIMED_FOR: Final = timedelta(hours=1)
"""What cars without a plan take now is taken for so long: nobody knows when they are full."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is forecast; None where nothing tells.

    Attributes:
        prices: Of a kWh from the grid.
        co2: Of the grid.
        solar: What the sun gives.
        feed_in_per_kwh: What a kWh that flows out earns.
        has_rates: Whether somebody tells prices or CO2, even if nothing of them is known now.
    """

    prices: PricePerKwhSeries | None = None
    co2: Co2GramsPerKwhSeries | None = None
    solar: SolarWattsSeries | None = None
    feed_in_per_kwh: float = 0.0
    has_rates: bool = False


def rates_at(outlook: Outlook, at: datetime) -> Rates:
    """Return what a kWh costs and emits at a time, aware UTC."""
    return Rates(
        price_per_kwh=None if outlook.prices is None else outlook.prices.value_at(at),
        co2_g_per_kwh=None if outlook.co2 is None else outlook.co2.value_at(at),
    )


class OtherLoads:
    """What everything but the pool takes, by circuit, phase and hour of the day."""

    def __init__(self, zone: Callable[[], tzinfo]) -> None:
        """Begin without any knowledge.

        Args:
            zone: Tells the zone of the clock on the wall.
        """
        self._zone = zone
        self._profiles: dict[CircuitId, PerPhase[LoadProfile]] = {}
        self._house = LoadProfile()

    @property
    def has_seen(self) -> bool:
        """Whether anything was told yet."""
        return bool(self._profiles)

    def see(self, others_a: Mapping[CircuitId, PhaseValues], house_w: float, at: datetime) -> None:
        """Take what everything else takes now.

        Args:
            others_a: Amps per phase by circuit.
            house_w: What the site takes without the pool, the sun and the battery.
            at: The time, aware UTC; calls come at even intervals.
        """
        hour = at.astimezone(self._zone()).hour
        for circuit, amps in others_a.items():
            profiles = self._profiles.get(circuit)
            if profiles is None:
                profiles = PerPhase(LoadProfile(), LoadProfile(), LoadProfile())
                self._profiles[circuit] = profiles
            for phase in PHASES:
                profiles[phase].see(hour, max(0.0, amps[phase]))
        self._house.see(hour, max(0.0, house_w))

    def expected_a(self, circuit: CircuitId, at: datetime) -> PhaseValues:
        """Return what is usual on a circuit at a time, amps per phase."""
        profiles = self._profiles.get(circuit)
        if profiles is None:
            return NO_CURRENT
        hour = at.astimezone(self._zone()).hour
        return profiles.map(lambda profile: profile.expected(hour) or 0.0)

    def house_w(self, at: datetime) -> float:
        """Return what is usual for the house at a time, watts."""
        return self._house.expected(at.astimezone(self._zone()).hour) or 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the circuits leave to plans.

    Attributes:
        circuits: The tree, with the ceilings that are set below its fuses until further notice.
        timetables: What is contracted by the time of the week, for circuits where it changes.
        zone: That of the clock on the wall, which timetables follow.
        claimed_a: What cars without a plan take now, amps per phase by circuit.
        voltage_v: Phase to neutral.
    """

    circuits: Sequence[Circuit]
    timetables: Mapping[CircuitId, Sequence[Entry]]
    zone: tzinfo
    claimed_a: Mapping[CircuitId, PhaseValues]
    voltage_v: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hour:
    """What is the same in all quarters of an hour of the day, by circuit.

    Attributes:
        taken_w: What others take of what flows over all phases.
        phase_capacity_w: What the fuses leave to plans.
    """

    taken_w: Mapping[CircuitId, float]
    phase_capacity_w: Mapping[CircuitId, PhaseValues]


def horizon(
    now: datetime, until: datetime, outlook: Outlook, room: Room, others: OtherLoads
) -> tuple[HorizonSlot, ...]:
    """Return the future in quarter hours.

    Args:
        now: The time, aware UTC.
        until: How far to look.
        outlook: What is forecast.
        room: What the circuits leave.
        others: What everything else takes.
    """
    first = _EPOCH + (now - _EPOCH) // QUARTER * QUARTER
    count = max(1, -((first - until) // QUARTER))
    steady_w = _steady(room.circuits)
    hours: dict[tuple[int, bool], _Hour] = {}
    slots = []
    for index in range(count):
        start = first + index * QUARTER
        key = (start.astimezone(room.zone).hour, start < now + CLAIMED_FOR)
        if key not in hours:
            claimed_a = room.claimed_a if start < now + CLAIMED_FOR else {}
            hours[key] = _hour(room, others, start, claimed_a)
        slots.append(_slot(start, outlook, others, hours[key], _powers(room, steady_w, start)))
    return tuple(slots)


def _slot(
    start: datetime,
    outlook: Outlook,
    others: OtherLoads,
    hour: _Hour,
    limits_w: Mapping[CircuitId, float],
) -> HorizonSlot:
    end = start + QUARTER
    surplus_w = 0.0
    if outlook.solar is not None:
        sun_w = outlook.solar.energy_wh(start, end) / (QUARTER / timedelta(hours=1))
        surplus_w = max(0.0, sun_w - others.house_w(start))
    return HorizonSlot(
        from_at=start,
        until_at=end,
        price_per_kwh=_mean(outlook.prices, start, end),
        co2_g_per_kwh=_mean(outlook.co2, start, end),
        surplus_w=surplus_w,
        feed_in_per_kwh=outlook.feed_in_per_kwh,
        capacity_w={
            circuit: max(0.0, limit_w - hour.taken_w[circuit])
            for circuit, limit_w in limits_w.items()
        },
        phase_capacity_w=hour.phase_capacity_w,
    )


def _mean(
    series: PricePerKwhSeries | Co2GramsPerKwhSeries | None, start: datetime, end: datetime
) -> float | None:
    return None if series is None else series.mean(start, end)


def _hour(
    room: Room, others: OtherLoads, at: datetime, claimed_a: Mapping[CircuitId, PhaseValues]
) -> _Hour:
    taken_w: dict[CircuitId, float] = {}
    left_w: dict[CircuitId, PhaseValues] = {}
    for circuit in room.circuits:
        taken_a = add(others.expected_a(circuit.id, at), claimed_a.get(circuit.id, NO_CURRENT))
        taken_w[circuit.id] = room.voltage_v * sum(taken_a)
        left_w[circuit.id] = subtract(circuit.limit_a, taken_a).map(
            lambda amps: max(0.0, amps) * room.voltage_v
        )
    return _Hour(taken_w=taken_w, phase_capacity_w=left_w)


def _steady(circuits: Sequence[Circuit]) -> dict[CircuitId, float]:
    """Return what may always flow into circuits over all phases, of those that have such a limit.

    Of what is to hold on average the controller gives out no more than `RAISE_SHARE`. In windows
    longer than a quarter of an hour each quarter counts for itself: what one leaves would be there
    for the next, but others may need it.
    """
    found = {circuit.id: circuit.limit_w for circuit in circuits if circuit.limit_w is not None}
    for circuit in circuits:
        if circuit.average is not None:
            mean_w = RAISE_SHARE * circuit.average.power_w
            found[circuit.id] = min(mean_w, found.get(circuit.id, math.inf))
    return found


def _powers(
    room: Room, steady_w: Mapping[CircuitId, float], at: datetime
) -> dict[CircuitId, float]:
    """Return what may flow into circuits over all phases in the quarter of an hour from a time."""
    found = dict(steady_w)
    local = at.astimezone(room.zone)
    for circuit in room.circuits:
        entries = room.timetables.get(circuit.id)
        planned_w = least_power(entries, local, QUARTER) if entries else None
        if planned_w is not None:
            found[circuit.id] = min(planned_w, found.get(circuit.id, math.inf))
    return found


def lowered(
    circuits: Sequence[Circuit], limits_a: Mapping[CircuitId, float], limits: Iterable[Limit]
) -> list[Circuit]:
    """Return the circuits with the ceilings that are set below their fuses.

    Args:
        circuits: The tree.
        limits_a: What users set, amps per phase by circuit.
        limits: Other limits of circuits that hold until further notice.
    """
    told_a = dict(limits_a)
    told_w: dict[CircuitId, float] = {}
    for limit in limits:
        if limit.circuit is not None:
            told = told_a if limit.unit is LimitUnit.CURRENT else told_w
            told[limit.circuit] = min(limit.value, told.get(limit.circuit, math.inf))

    def limited(circuit: Circuit) -> Circuit:
        most_a, most_w = told_a.get(circuit.id), told_w.get(circuit.id)
        if most_a is not None:
            lower_a = circuit.limit_a.map(lambda amps: min(amps, most_a))
            circuit = replace(circuit, limit_a=lower_a)
        if most_w is not None:
            fixed_w = most_w if circuit.limit_w is None else min(circuit.limit_w, most_w)
            circuit = replace(circuit, limit_w=fixed_w)
        return circuit

    return [limited(circuit) for circuit in circuits]
