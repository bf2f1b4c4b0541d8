"""The future as plans see it: prices, sun, and what the circuits leave to the pool."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from .balancing.planner import HorizonSlot
from .pool.circuits import Circuit
from .pool.load_profiles import LoadProfile
from .pool.members import CircuitId
from .pool.quantities import NO_CURRENT, PHASES, PerPhase, PhaseValues, subtract
from .pool.series import (
    QUARTER,
    Co2GramsPerKwhSeries,
    PricePerKwhSeries,
    SolarWattsSeries,
)
from .pool.sessions import Rates

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
        circuits: The tree, with the ceilings that users set below its fuses.
        claimed_a: What cars without a plan take now, amps per phase by circuit.
        voltage_v: Phase to neutral.
    """

    circuits: Sequence[Circuit]
    claimed_a: Mapping[CircuitId, PhaseValues]
    voltage_v: float


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
    capacities: dict[tuple[datetime, bool], Mapping[CircuitId, PhaseValues]] = {}
    slots = []
    for index in range(count):
        start = first + index * QUARTER
        is_claimed = start < now + CLAIMED_FOR
        hour = (start.replace(minute=0), is_claimed)
        if hour not in capacities:
            capacities[hour] = _phase_capacity(room, others, start, is_claimed=is_claimed)
        slots.append(_slot(start, outlook, room, others, capacities[hour]))
    return tuple(slots)


def _slot(
    start: datetime,
    outlook: Outlook,
    room: Room,
    others: OtherLoads,
    phase_capacity_w: Mapping[CircuitId, PhaseValues],
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
            circuit.id: max(
                0.0,
                circuit.limit_w - room.voltage_v * sum(others.expected_a(circuit.id, start)),
            )
            for circuit in room.circuits
            if circuit.limit_w is not None
        },
        phase_capacity_w=phase_capacity_w,
    )


def _mean(
    series: PricePerKwhSeries | Co2GramsPerKwhSeries | None, start: datetime, end: datetime
) -> float | None:
    return None if series is None else series.mean(start, end)


def _phase_capacity(
    room: Room, others: OtherLoads, at: datetime, *, is_claimed: bool
) -> dict[CircuitId, PhaseValues]:
    def watts(circuit: Circuit) -> PhaseValues:
        left = subtract(circuit.limit_a, others.expected_a(circuit.id, at))
        if is_claimed:
            left = subtract(left, room.claimed_a.get(circuit.id, NO_CURRENT))
        return left.map(lambda amps: max(0.0, amps) * room.voltage_v)

    return {circuit.id: watts(circuit) for circuit in room.circuits}


def lowered(circuits: Sequence[Circuit], limits_a: Mapping[CircuitId, float]) -> list[Circuit]:
    """Return the circuits with the ceilings that users set below their fuses."""

    def limited(circuit: Circuit) -> Circuit:
        most_a = limits_a.get(circuit.id)
        if most_a is None:
            return circuit
        return replace(circuit, limit_a=circuit.limit_a.map(lambda amps: min(amps, most_a)))

    return [limited(circuit) for circuit in circuits]
