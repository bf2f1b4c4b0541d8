"""Few blocks where they cost hardly more, and plans that stay as they were told."""

from dataclasses import replace
from datetime import timedelta
import random

import pytest

from custom_components.ev_charger_pool.const import ROOT_CIRCUIT
from custom_components.ev_charger_pool.pool.schedules import Schedule, Slot

from .futures import EXACT, QUARTER, START, Future, circuit, random_future, request, slots_of
from .judging import broken, starts


def one_car(prices: list[float], energy_wh: float = 3_000.0) -> Future:
    """Return a site with a car that takes 1 kWh in a quarter of an hour."""
    return Future(
        requests=[request("car", energy_wh, len(prices), min_power_w=1_000.0)],
        slots=slots_of(prices),
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )


def test_a_gap_that_saves_next_to_nothing_is_filled() -> None:
    future = one_car([0.3, 0.2000, 0.2001, 0.2000, 0.2000, 0.3])

    assert starts(future.plan(EXACT)) == 2
    assert starts(future.plan()) == 1


def test_a_gap_that_saves_something_stays() -> None:
    future = one_car([0.3, 0.20, 0.25, 0.20, 0.20, 0.3])

    assert starts(future.plan()) == 2


def test_a_block_of_its_own_that_saves_next_to_nothing_is_given_up() -> None:
    future = one_car([0.2, 0.2, 0.2001, 0.4, 0.4, 0.4, 0.2])

    result = future.plan()

    assert starts(future.plan(EXACT)) == 2
    assert starts(result) == 1
    assert result.schedules["car"].slots[-1].until_at == START + 3 * QUARTER


def test_two_hours_of_one_price_are_used_next_to_the_cheap_one() -> None:
    future = one_car([0.25] * 4 + [0.2] * 4 + [0.25] * 4, energy_wh=6_000.0)

    assert starts(future.plan(EXACT)) <= 2
    assert starts(future.plan()) == 1


def test_blocks_are_not_joined_over_time_that_no_slot_covers() -> None:
    slots = [s for at, s in enumerate(slots_of([0.2] * 6)) if at not in (2, 3)]
    future = replace(one_car([0.2] * 6, energy_wh=4_000.0), slots=slots)

    result = future.plan()

    assert broken(future, result) == []
    assert starts(result) == 2
    assert result.promises["car"].holds


def test_joining_blocks_never_makes_more_and_keeps_all_limits() -> None:
    fewer = 0
    for seed in range(15):
        future = random_future(random.Random(seed), members=6, quarters=96, plenty=3.0, least=True)
        exact, usual = future.plan(EXACT), future.plan()
        assert broken(future, usual) == []
        assert starts(usual) <= starts(exact)
        fewer += starts(usual) < starts(exact)
    assert fewer > 5


def previous(future: Future) -> list[Schedule]:
    """Return the schedules of a plan."""
    return list(future.plan().schedules.values())


def test_a_plan_does_not_change_for_a_cent() -> None:
    before = one_car([0.20, 0.30, 0.30, 0.21, 0.30, 0.30], energy_wh=1_000.0)
    told = previous(before)
    after = replace(before, slots=slots_of([0.2001, 0.30, 0.30, 0.2000, 0.30, 0.30]))

    assert after.plan().schedules["car"].slots[0].from_at == START + 3 * QUARTER
    assert after.plan(previous=told).schedules["car"] == told[0]


def test_a_plan_changes_for_more() -> None:
    before = one_car([0.20, 0.30, 0.30, 0.21, 0.30, 0.30], energy_wh=1_000.0)
    told = previous(before)
    after = replace(before, slots=slots_of([0.25, 0.30, 0.30, 0.20, 0.30, 0.30]))

    assert after.plan(previous=told) == after.plan()


def test_a_plan_goes_on_with_what_is_left_of_it() -> None:
    before = one_car([0.2, 0.2, 0.3, 0.2, 0.3, 0.3])
    told = previous(before)
    later = replace(
        before,
        now=START + timedelta(minutes=20),
        requests=[replace(before.requests[0], delivered_wh=4 / 3 * 1_000.0)],
    )

    result = later.plan(previous=told)

    assert broken(later, result) == []
    assert result.promises["car"].holds
    assert result.promises["car"].planned_wh == pytest.approx(3_000.0 - 4_000.0 / 3)
    assert result.schedules["car"].slots[0].from_at == later.now
    assert result.promises["car"].done_at == told[0].slots[-1].until_at


def test_who_needs_less_than_planned_gives_up_the_dearest() -> None:
    before = one_car([0.2, 0.25, 0.3, 0.9, 0.9])
    told = previous(before)
    less = replace(before, requests=[replace(before.requests[0], delivered_wh=1_000.0)])

    result = less.plan(previous=told)

    assert result.promises["car"].planned_wh == pytest.approx(2_000.0)
    assert result.promises["car"].done_at == START + 2 * QUARTER


def test_a_promise_is_worth_more_than_a_plan_that_stays() -> None:
    before = Future(
        requests=[request("calm", 1_000.0, 4)],
        slots=slots_of([0.2, 0.3, 0.3, 0.2], capacity_w=4_000.0),
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )
    told = previous(before)
    after = replace(before, requests=[*before.requests, request("hasty", 1_000.0, 1)])

    result = after.plan(previous=told)

    assert all(promise.holds for promise in result.promises.values())


def test_one_that_saves_by_moving_moves_alone() -> None:
    before = Future(
        requests=[request("mover", 1_000.0, 6), request("other", 1_000.0, 3)],
        slots=slots_of([0.20, 0.2001, 0.30, 0.30, 0.30, 0.30], capacity_w=8_000.0),
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )
    told = previous(before)
    after = replace(
        before, slots=slots_of([0.2001, 0.20, 0.30, 0.30, 0.30, 0.05], capacity_w=8_000.0)
    )

    result = after.plan(previous=told)

    assert result.schedules["mover"].slots[0].from_at == START + 5 * QUARTER
    assert result.schedules["other"] == next(s for s in told if s.member == "other")


def test_what_no_longer_fits_of_a_plan_is_left_out() -> None:
    before = one_car([0.2, 0.2, 0.2, 0.3, 0.3])
    told = [
        Schedule(
            member="car",
            slots=[
                Slot(from_at=START - QUARTER, until_at=START + QUARTER, power_w=9_000.0),
                Slot(from_at=START + QUARTER, until_at=START + 9 * QUARTER, power_w=4_000.0),
            ],
        ),
        Schedule(member="gone", slots=()),
    ]

    result = before.plan(previous=told)

    assert broken(before, result) == []
    assert result.promises["car"].holds


@pytest.mark.parametrize("seed", range(6))
def test_asking_again_with_the_answer_changes_nothing(seed: int) -> None:
    future = random_future(random.Random(seed), members=6, quarters=64, plenty=2.5, least=True)
    told = list(future.plan().schedules.values())

    again = future.plan(previous=told)

    moved_wh = 0.0
    for member, schedule in again.schedules.items():
        was = next(s for s in told if s.member == member)
        for slot in schedule.slots:
            middle = slot.from_at + (slot.until_at - slot.from_at) / 2
            lasts_h = (slot.until_at - slot.from_at) / timedelta(hours=1)
            moved_wh += max(0.0, slot.power_w - was.power_at(middle)) * lasts_h
    planned_wh = sum(promise.planned_wh for promise in again.promises.values())
    assert moved_wh < 0.02 * planned_wh
