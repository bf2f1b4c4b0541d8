"""Time: slots that have begun, days of 23 and 25 hours, prices that are not known or negative."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
import math
from zoneinfo import ZoneInfo

import pytest

from custom_components.ev_charger_pool.balancing.planner import PlanResult, PlanSettings, Unpriced
from custom_components.ev_charger_pool.const import ROOT_CIRCUIT

from .futures import EXACT, QUARTER, START, Future, circuit, request, slots_of
from .judging import broken

BERLIN = ZoneInfo("Europe/Berlin")


def one_car(prices: list[float | None], energy_wh: float = 2_000.0) -> Future:
    """Return a site with a car that takes 1 kWh in a quarter of an hour."""
    return Future(
        requests=[request("car", energy_wh, len(prices))],
        slots=slots_of(prices),
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )


def starts_of(result: PlanResult) -> list[float]:
    """Return at which quarters the car is to run, counted from the start."""
    return [(slot.from_at - START) / QUARTER for slot in result.schedules["car"].slots]


def test_a_slot_that_has_begun_counts_with_what_is_left_of_it() -> None:
    future = replace(one_car([0.1, 0.3, 0.2]), now=START + timedelta(minutes=10))

    result = future.plan(EXACT)

    assert broken(future, result) == []
    first = result.schedules["car"].slots[0]
    assert (first.from_at, first.until_at) == (future.now, START + QUARTER)
    assert first.power_w == pytest.approx(4_000.0)
    assert result.cost == pytest.approx(0.1 / 3 + 0.2 + 2 / 3 * 0.3)


def test_surplus_and_capacity_of_a_slot_that_has_begun_are_powers() -> None:
    future = Future(
        requests=[request("car", 500.0, 1)],
        slots=slots_of([0.3], surplus_w=[1_500.0], capacity_w=3_000.0),
        circuits=[circuit(ROOT_CIRCUIT, None)],
        now=START + timedelta(minutes=5),
    )

    promise = future.plan().promises["car"]

    assert promise.planned_wh == pytest.approx(500.0)
    assert promise.solar_wh == pytest.approx(250.0)


def test_who_comes_and_goes_inside_of_a_slot_uses_only_its_part() -> None:
    future = Future(
        requests=[
            request(
                "car",
                9_000.0,
                1,
                begin_at=START + timedelta(minutes=4),
                ready_at=START + timedelta(minutes=10),
            )
        ],
        slots=slots_of([0.1, 0.1]),
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )

    result = future.plan()

    assert broken(future, result) == []
    assert result.promises["car"].planned_wh == pytest.approx(400.0)


@pytest.mark.parametrize(("day", "quarters"), [((2026, 3, 29), 92), ((2026, 10, 25), 100)])
def test_days_of_23_and_25_hours_have_no_hole_and_no_overlap(
    day: tuple[int, int, int], quarters: int
) -> None:
    midnight = datetime(*day, tzinfo=BERLIN).astimezone(UTC)
    next_midnight = (datetime(*day, tzinfo=BERLIN) + timedelta(days=1)).astimezone(UTC)
    assert (next_midnight - midnight) / QUARTER == quarters
    ready_at = datetime(*day, 7, tzinfo=BERLIN).astimezone(UTC)
    usable = int((ready_at - midnight) / QUARTER)
    future = Future(
        requests=[request("car", usable * 1_000.0 + 500.0, 0, ready_at=ready_at)],
        slots=slots_of([0.2 + 0.001 * at for at in range(quarters)], start=midnight),
        circuits=[circuit(ROOT_CIRCUIT, None)],
        now=midnight,
    )

    result = future.plan()

    assert broken(future, result) == []
    assert usable == {92: 24, 100: 32}[quarters]
    assert result.promises["car"].planned_wh == pytest.approx(usable * 1_000.0)
    assert result.promises["car"].earliest_ready_at == ready_at + 0.5 * QUARTER


def test_hours_and_quarters_can_follow_each_other() -> None:
    hours = slots_of([0.3, 0.1], length=timedelta(hours=1))
    quarters = slots_of([0.3, 0.1, 0.3, 0.3], start=START + timedelta(hours=2))
    future = Future(
        requests=[request("car", 5_000.0, 12)],
        slots=[*hours, *quarters],
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )

    assert future.plan(EXACT).cost == pytest.approx(0.5)


def test_negative_prices_are_used_first_and_earn() -> None:
    result = one_car([0.1, -0.2, 0.0, -0.1]).plan(EXACT)

    assert starts_of(result) == [1.0, 3.0]
    assert result.cost == pytest.approx(-0.3)


def test_negative_prices_do_not_loosen_what_blocks_may_cost() -> None:
    result = one_car([-0.30, 0.10, -0.30, 0.10]).plan()

    assert starts_of(result) == [0.0, 2.0]


@pytest.mark.parametrize("unknown", [None, math.nan, math.inf])
def test_unknown_prices_are_used_after_the_known_and_as_late_as_deadlines_allow(
    unknown: float | None,
) -> None:
    prices = [unknown, 0.9, unknown, 0.5, unknown, unknown]
    result = one_car(prices, energy_wh=3_500.0).plan(EXACT)

    promise = result.promises["car"]
    assert promise.holds
    assert promise.unpriced_wh == pytest.approx(1_500.0)
    assert promise.cost == pytest.approx(1.4)
    assert starts_of(result)[-1] == 5.0
    assert 0.0 not in starts_of(result)
    assert 2.0 not in starts_of(result)


def test_without_any_price_it_is_as_late_as_is_safe_for_all() -> None:
    future = Future(
        requests=[request("one", 2_000.0, 6), request("two", 2_000.0, 4)],
        slots=slots_of([None] * 6, capacity_w=4_000.0),
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )

    result = future.plan(EXACT)

    assert all(promise.holds for promise in result.promises.values())
    assert result.cost == 0.0
    assert result.schedules["one"].slots[0].from_at == START + 4 * QUARTER
    assert result.schedules["two"].slots[0].from_at == START + 2 * QUARTER


def test_where_nobody_tells_prices_it_is_as_early_as_there_is_room() -> None:
    """Who comes later finds the room that waiting would have left unused."""
    future = Future(
        requests=[request("one", 2_000.0, 6), request("two", 2_000.0, 4)],
        slots=slots_of([None] * 6, capacity_w=4_000.0),
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )

    result = future.plan(PlanSettings(unpriced=Unpriced.EARLIEST, tolerance=0.0))

    assert all(promise.holds for promise in result.promises.values())
    schedules = result.schedules.values()
    assert max(slot.until_at for one in schedules for slot in one.slots) == START + 4 * QUARTER
    assert {schedule.slots[0].from_at for schedule in schedules} == {START, START + 2 * QUARTER}


def test_expected_surplus_needs_no_price() -> None:
    future = Future(
        requests=[request("car", 1_000.0, 3)],
        slots=slots_of([None, None, 0.2], surplus_w=[4_000.0, 0.0, 0.0], feed_in_per_kwh=0.08),
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )

    result = future.plan()

    assert starts_of(result) == [0.0]
    assert result.promises["car"].unpriced_wh == 0.0


def test_prices_that_end_before_the_deadline_leave_the_rest_unused() -> None:
    future = Future(
        requests=[request("car", 3_000.0, 10)],
        slots=slots_of([0.1, 0.2]),
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )

    promise = future.plan().promises["car"]

    assert promise.missing_wh == pytest.approx(1_000.0)
    assert promise.earliest_ready_at is None
