"""Random sites with a future: prices, sun, circuits, cars that come and go."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
import math
import random

from custom_components.ev_charger_pool.balancing.planner import (
    HorizonSlot,
    PlanRequest,
    PlanResult,
    PlanSettings,
    plan,
)
from custom_components.ev_charger_pool.const import ROOT_CIRCUIT
from custom_components.ev_charger_pool.pool.circuits import Circuit
from custom_components.ev_charger_pool.pool.members import CircuitId, Priority
from custom_components.ev_charger_pool.pool.quantities import PHASES, PerPhase
from custom_components.ev_charger_pool.pool.schedules import Schedule

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
USUAL = PlanSettings()
EXACT = PlanSettings(tolerance=0.0)
POWERS_W = (3_680.0, 7_360.0, 11_040.0, 11_040.0, 22_080.0)
LEAST_AMPS = 6.0
VOLTS = 230.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Future:
    """One question to the planner."""

    requests: Sequence[PlanRequest]
    slots: Sequence[HorizonSlot]
    circuits: Sequence[Circuit]
    now: datetime = START

    def plan(self, settings: PlanSettings = USUAL, previous: Sequence[Schedule] = ()) -> PlanResult:
        """Ask the planner."""
        return plan(
            self.requests,
            self.slots,
            self.circuits,
            self.now,
            settings=settings,
            previous=previous,
        )


def circuit(circuit_id: CircuitId, parent: CircuitId | None = ROOT_CIRCUIT) -> Circuit:
    """Return a circuit; what it may carry stands in the slots."""
    return Circuit(id=circuit_id, name=circuit_id, parent=parent, limit_a=PerPhase.same(63.0))


def request(member: str, energy_wh: float, until: int, **given: object) -> PlanRequest:
    """Return a request on the root that has to be ready after so many quarters of an hour."""
    values = {
        "member": member,
        "circuit": ROOT_CIRCUIT,
        "energy_wh": energy_wh,
        "ready_at": START + until * QUARTER,
        "max_power_w": 4_000.0,
    }
    return PlanRequest(**{**values, **given})  # type: ignore[arg-type]


def slots_of(
    prices: Sequence[float | None],
    *,
    length: timedelta = QUARTER,
    start: datetime = START,
    capacity_w: float | None = None,
    surplus_w: Sequence[float] | None = None,
    feed_in_per_kwh: float = 0.0,
) -> list[HorizonSlot]:
    """Return slots that follow each other, with these prices."""
    return [
        HorizonSlot(
            from_at=start + position * length,
            until_at=start + (position + 1) * length,
            price_per_kwh=price,
            capacity_w={} if capacity_w is None else {ROOT_CIRCUIT: capacity_w},
            surplus_w=surplus_w[position] if surplus_w is not None else 0.0,
            feed_in_per_kwh=feed_in_per_kwh,
        )
        for position, price in enumerate(prices)
    ]


def contracted(future: Future, least: float, most: float) -> Future:
    """Return a future in which what the connection carries depends on the hour of the day.

    Args:
        future: What it is made of.
        least: By day, as a share of what it carried there.
        most: At night, from 22 to 8.
    """

    def share(slot: HorizonSlot) -> float:
        return least if 8 <= slot.from_at.hour < 22 else most

    slots = [
        replace(
            slot,
            capacity_w={
                **slot.capacity_w,
                ROOT_CIRCUIT: slot.capacity_w[ROOT_CIRCUIT] * share(slot),
            },
        )
        for slot in future.slots
    ]
    return replace(future, slots=slots)


def random_future(
    chance: random.Random,
    *,
    members: int,
    quarters: int,
    plenty: float,
    least: bool = False,
    all_week: bool = False,
) -> Future:
    """Return a site with a tree of circuits, day-ahead prices, sun and cars.

    Args:
        chance: Where chance comes from.
        members: How many cars.
        quarters: How many quarters of an hour.
        plenty: Capacity as a multiple of what all cars need on average over the horizon.
        least: Whether cars run at 6 A or not at all; else any power will do.
        all_week: Whether all cars are there all the time; else they come and go.
    """
    areas = chance.randint(1, max(1, min(6, members // 2)))
    circuits = [circuit(ROOT_CIRCUIT, None)]
    circuits += [circuit(f"area{area}") for area in range(areas)]
    circuits += [
        circuit(f"row{area}", f"area{area}") for area in range(areas) if chance.random() < 0.5
    ]
    leaves = [found.id for found in circuits[1:]]
    requests = [
        _random_request(chance, member, leaves, quarters, least, all_week)
        for member in range(members)
    ]
    mean_w = 4.0 * sum(found.energy_wh for found in requests) / quarters
    floor_w = max(found.min_power_w for found in requests)
    shares = {
        found.id: chance.uniform(0.8, 1.6) * (1.0 / areas if found.parent else 1.0)
        for found in circuits
    }
    return Future(
        requests=requests,
        slots=[
            _random_slot(
                chance,
                position,
                {
                    name: max(floor_w, plenty * mean_w * share * chance.uniform(0.8, 1.2))
                    for name, share in shares.items()
                },
            )
            for position in range(quarters)
        ],
        circuits=circuits,
        now=START + chance.choice((timedelta(), timedelta(minutes=7))),
    )


def _random_request(
    chance: random.Random,
    member: int,
    leaves: Sequence[CircuitId],
    quarters: int,
    least: bool,
    all_week: bool,
) -> PlanRequest:
    """Return what a car asks that could have it, were it alone on a wide circuit."""
    power_w = chance.choice(POWERS_W)
    phases = 1 if power_w < 7_500.0 else 3
    lasts = quarters if all_week else min(quarters, chance.randint(8, 80))
    begin = 0 if all_week else chance.randint(0, quarters - lasts)
    most_wh = 0.95 * power_w * lasts / 4.0
    return PlanRequest(
        member=f"car{member}",
        circuit=chance.choice(leaves),
        energy_wh=min(most_wh, chance.uniform(2_000.0, 60_000.0)),
        begin_at=START + begin * QUARTER,
        ready_at=START
        + (begin + lasts) * QUARTER
        + chance.choice((timedelta(), timedelta(minutes=-4))),
        min_power_w=LEAST_AMPS * VOLTS * phases if least else 0.0,
        max_power_w=power_w,
        phases=PHASES,
        priority=chance.choice(tuple(Priority)),
        weight=chance.choice((1.0, 1.0, 2.0)),
    )


def _random_slot(
    chance: random.Random, position: int, capacity_w: dict[CircuitId, float]
) -> HorizonSlot:
    """Return a quarter of an hour with a price of the time of day and of chance."""
    hour = (START.hour + position / 4.0) % 24.0
    evening = math.exp(-(((hour - 19.0) / 3.0) ** 2))
    sun = max(0.0, math.cos((hour - 12.0) / 12.0 * math.pi) - 0.3)
    return HorizonSlot(
        from_at=START + position * QUARTER,
        until_at=START + (position + 1) * QUARTER,
        price_per_kwh=0.22 + 0.15 * evening - 0.12 * sun + chance.uniform(-0.03, 0.03),
        co2_g_per_kwh=300.0 + 150.0 * evening - 200.0 * sun + chance.uniform(-20.0, 20.0),
        surplus_w=sun * chance.uniform(0.0, 20_000.0),
        feed_in_per_kwh=0.05,
        capacity_w=capacity_w,
    )
