"""Cars on different phases that cannot all be full: no phase stays empty for want of an order."""

from dataclasses import replace
from datetime import timedelta
import random
from statistics import fmean

import pytest

from custom_components.ev_charger_pool.balancing.planner import PlanRequest, PlanResult
from custom_components.ev_charger_pool.const import ROOT_CIRCUIT
from custom_components.ev_charger_pool.pool.members import Priority
from custom_components.ev_charger_pool.pool.quantities import PHASES, PerPhase, Phase

from .futures import LEAST_AMPS, QUARTER, VOLTS, Future, circuit, request, slots_of
from .judging import broken
from .oracle import best

L1, L2, L3 = PHASES
SEEDS = range(24)


def behind(amps: float, *requests: PlanRequest, quarters: int) -> Future:
    """Return a site whose members share so much on each phase."""
    lanes = PerPhase.same(amps * VOLTS)
    return Future(
        requests=requests,
        slots=[
            replace(slot, phase_capacity_w={ROOT_CIRCUIT: lanes})
            for slot in slots_of([0.3] * quarters)
        ],
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )


def car(
    member: str, hours: float, until: int, amps: float, phases: tuple[Phase, ...], **given: object
) -> PlanRequest:
    """Return a car that needs so many hours at so many amps."""
    watts = VOLTS * len(phases)
    return request(
        member,
        hours * amps * watts,
        until,
        min_power_w=LEAST_AMPS * watts,
        max_power_w=amps * watts,
        phases=phases,
        **given,
    )


def crowded(seed: int) -> Future:
    """Return a garage that wants more than its fuse can bring."""
    rng = random.Random(seed)
    sets = ((L1,), (L2,), (L3,), (L1, L2), (L2, L3), (L3, L1), PHASES, PHASES, PHASES, PHASES)
    cars = []
    for number in range(rng.randint(5, 11)):
        until = rng.randint(4, 20)
        hours = until / 4 * rng.uniform(0.3, 1.1)
        cars.append(car(f"car{number}", hours, until, rng.choice((16.0, 32.0)), rng.choice(sets)))
    return behind(60.0, *cars, quarters=20)


def planned_wh(result: PlanResult) -> float:
    """Return what all get in time."""
    return sum(promise.planned_wh for promise in result.promises.values())


def most_wh(future: Future) -> float:
    """Return the most that all could get in time, were there no least powers."""
    free = replace(future, requests=[replace(r, min_power_w=0.0) for r in future.requests])
    return sum(r.needed_wh for r in future.requests) - sum(best(free).missing_wh)


def test_hardly_anything_is_lost_on_uneven_phases() -> None:
    found = []
    for seed in SEEDS:
        future = crowded(seed)
        result = future.plan()
        assert broken(future, result) == []
        found.append(planned_wh(result) / most_wh(future))

    assert min(found) >= 0.90
    assert fmean(found) >= 0.97


def test_who_fills_all_phases_comes_before_who_leaves_two_of_them_empty() -> None:
    # Alone on L1, the tightest car would leave L2 and L3 to nobody.
    future = behind(
        16.0,
        car("one", 1.0, 4, 16.0, (L1,)),
        car("three", 0.9, 4, 16.0, PHASES),
        quarters=4,
    )

    result = future.plan()

    assert result.promises["three"].holds
    assert planned_wh(result) >= 0.97 * most_wh(future)


def test_a_tier_comes_before_energy() -> None:
    future = behind(
        16.0,
        car("one", 1.0, 4, 16.0, (L1,), priority=Priority.HIGH),
        car("three", 0.9, 4, 16.0, PHASES),
        quarters=4,
    )

    promises = future.plan().promises

    assert promises["one"].holds
    assert promises["three"].planned_wh == pytest.approx(0.0)


def test_a_larger_weight_is_worth_more_energy() -> None:
    future = behind(
        16.0,
        car("one", 1.0, 4, 16.0, (L1,), weight=10.0),
        car("three", 0.9, 4, 16.0, PHASES),
        quarters=4,
    )

    assert future.plan().promises["one"].holds


@pytest.mark.parametrize("seed", SEEDS)
def test_a_plan_that_falls_short_stays_as_it_was_told(seed: int) -> None:
    future = crowded(seed)
    told = future.plan()
    later = replace(future, now=future.now + timedelta(minutes=1))
    hour = timedelta(hours=1)
    gone = [
        replace(
            r,
            delivered_wh=told.schedules[r.member].power_at(future.now)
            * (later.now - future.now)
            / hour,
        )
        for r in later.requests
    ]

    asked = replace(later, requests=gone)
    again = asked.plan(previous=list(told.schedules.values()))

    left_wh = planned_wh(told) - sum(r.delivered_wh for r in gone)
    needed_wh = sum(r.needed_wh for r in gone)
    assert planned_wh(again) >= left_wh - 0.005 * needed_wh
    if planned_wh(asked.plan()) > left_wh + 0.005 * needed_wh:
        # That much more is worth moving them.
        return
    at = later.now + QUARTER / 2
    for r in future.requests:
        before = told.schedules[r.member].power_at(at)
        # Who was told to run still is.
        assert before <= 0.0 or again.schedules[r.member].power_at(at) > 0.0
