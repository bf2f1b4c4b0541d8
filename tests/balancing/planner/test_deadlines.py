"""Deadlines come before cost, tiers before each other, and what cannot be kept is told."""

from dataclasses import replace
from datetime import timedelta
import random

import pytest

from custom_components.ev_charger_pool.const import ROOT_CIRCUIT
from custom_components.ev_charger_pool.pool.members import Priority

from .futures import EXACT, QUARTER, START, Future, circuit, random_future, request, slots_of
from .oracle import best


def site(*requests: object, prices: list[float], capacity_w: float = 4_000.0) -> Future:
    """Return a site of one circuit."""
    return Future(
        requests=requests,  # type: ignore[arg-type]
        slots=slots_of(prices, capacity_w=capacity_w),
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )


def test_a_deadline_is_kept_at_any_price() -> None:
    future = site(request("car", 2_000.0, 2), prices=[9.0, 9.0, 0.1, 0.1])

    promise = future.plan().promises["car"]

    assert promise.holds
    assert promise.cost == pytest.approx(18.0)
    assert promise.done_at == promise.earliest_ready_at == START + 2 * QUARTER


def test_what_cannot_be_done_is_done_as_far_as_possible_and_told() -> None:
    future = site(request("car", 3_500.0, 2), prices=[0.1, 0.2, 0.3, 0.4])

    promise = future.plan().promises["car"]

    assert not promise.holds
    assert promise.planned_wh == pytest.approx(2_000.0)
    assert promise.missing_wh == pytest.approx(1_500.0)
    assert promise.earliest_ready_at == START + 3.5 * QUARTER


def test_what_no_known_slot_can_do_has_no_earliest_time() -> None:
    future = site(request("car", 9_000.0, 2), prices=[0.1] * 4)

    assert future.plan().promises["car"].earliest_ready_at is None


def test_promises_hold_together_on_nested_circuits() -> None:
    circuits = [circuit(ROOT_CIRCUIT, None), circuit("row"), circuit("row2")]
    slots = [
        replace(slot, capacity_w={ROOT_CIRCUIT: 8_000.0, "row": 4_000.0, "row2": 8_000.0})
        for slot in slots_of([0.3, 0.1, 0.2])
    ]
    requests = [
        request("a", 1_000.0, 3, circuit="row"),
        request("b", 1_000.0, 3, circuit="row"),
        request("c", 2_000.0, 3, circuit="row2", max_power_w=8_000.0),
    ]
    future = Future(requests=requests, slots=slots, circuits=circuits)

    result = future.plan(EXACT)

    assert all(promise.holds for promise in result.promises.values())
    # The row gives one of them the cheap quarter, the grid then has half of it for the third.
    assert result.cost == pytest.approx(1.0 * 0.1 + 1.0 * 0.2 + 1.0 * 0.1 + 1.0 * 0.2)


def test_the_first_tier_is_served_before_the_next_though_it_costs_more() -> None:
    future = site(
        request("late", 1_000.0, 2, priority=Priority.LOW),
        request("first", 2_000.0, 2, priority=Priority.HIGH),
        prices=[0.1, 0.2],
    )

    promises = future.plan().promises

    assert promises["first"].holds
    assert promises["late"].planned_wh == 0.0


def test_a_tier_that_falls_short_is_served_alike_by_weight() -> None:
    future = site(
        request("one", 4_000.0, 4, weight=2.0),
        request("two", 4_000.0, 4),
        request("three", 4_000.0, 4),
        prices=[0.1] * 4,
    )

    promises = future.plan().promises

    assert promises["one"].planned_wh == pytest.approx(2_000.0, abs=400.0)
    assert promises["two"].planned_wh == pytest.approx(promises["three"].planned_wh, abs=400.0)
    assert sum(promise.planned_wh for promise in promises.values()) == pytest.approx(4_000.0)


def test_later_ready_times_hold_beside_all_promises() -> None:
    for seed in range(20):
        future = random_future(
            random.Random(seed), members=8, quarters=64, plenty=1.0, all_week=False
        )
        result = future.plan(EXACT)
        for asked in future.requests:
            promise = result.promises[asked.member]
            if promise.holds or promise.earliest_ready_at is None:
                continue
            # The first of them is alone in staying; all others keep what they are promised.
            stays = replace(asked, ready_at=promise.earliest_ready_at)
            others = [
                replace(other, energy_wh=result.promises[other.member].planned_wh, delivered_wh=0.0)
                for other in future.requests
                if other is not asked
            ]
            longer = replace(future, requests=[stays, *others])
            assert sum(best(longer).missing_wh) == pytest.approx(0.0, abs=5.0)
            first_missing = min(
                (r for r in future.requests if not result.promises[r.member].holds),
                key=lambda r: (r.priority, r.ready_at, r.member),
            )
            if asked is first_missing:
                earlier = replace(stays, ready_at=stays.ready_at - timedelta(minutes=2))
                shorter = replace(future, requests=[earlier, *others])
                assert sum(best(shorter).missing_wh) > 0.5
            break


def test_somebody_who_stays_moves_others_inside_of_their_windows() -> None:
    future = site(
        request("stays", 2_000.0, 1),
        request("other", 1_000.0, 3, begin_at=START + QUARTER),
        prices=[0.3, 0.1, 0.3],
    )

    promises = future.plan().promises

    assert promises["other"].holds
    assert promises["stays"].earliest_ready_at == START + 2 * QUARTER


def test_a_deadline_in_the_past_promises_nothing_but_tells_when() -> None:
    future = site(request("car", 1_000.0, -3), prices=[0.1] * 4)

    result = future.plan()

    assert result.schedules["car"].slots == ()
    promise = result.promises["car"]
    assert not promise.holds
    assert promise.missing_wh == pytest.approx(1_000.0)
    assert promise.done_at is None
    assert promise.earliest_ready_at == START + QUARTER


def test_a_window_that_ends_before_it_begins_promises_nothing() -> None:
    future = site(request("car", 1_000.0, 1, begin_at=START + 2 * QUARTER), prices=[0.1] * 4)

    promise = future.plan().promises["car"]

    assert promise.missing_wh == pytest.approx(1_000.0)
    assert promise.earliest_ready_at == START + 3 * QUARTER


def test_nothing_needed_is_a_promise_that_holds() -> None:
    future = site(request("car", 5_000.0, 2, delivered_wh=6_000.0), prices=[0.1] * 4)

    result = future.plan()

    assert result.promises["car"].holds
    assert result.promises["car"].done_at is None
    assert result.schedules["car"].slots == ()


def test_nobody_is_a_plan_of_nothing() -> None:
    result = site(prices=[0.1]).plan()

    assert result.schedules == {}
    assert result.cost == 0.0


def test_what_was_delivered_is_not_planned_again() -> None:
    future = site(request("car", 5_000.0, 8, delivered_wh=4_000.0), prices=[0.1] * 8)

    assert future.plan().promises["car"].planned_wh == pytest.approx(1_000.0)


@pytest.mark.parametrize("power_w", [0.0, 4_000.0])
def test_no_power_or_no_capacity_is_told_as_missing(power_w: float) -> None:
    future = site(
        request("car", 1_000.0, 2, max_power_w=power_w),
        prices=[0.1] * 4,
        capacity_w=0.0 if power_w else 4_000.0,
    )

    promise = future.plan().promises["car"]

    assert promise.missing_wh == pytest.approx(1_000.0)
    assert promise.earliest_ready_at is None
