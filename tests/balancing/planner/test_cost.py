"""Plans are as cheap as a linear programme can prove, and the judge of that is right itself."""

from datetime import timedelta
from itertools import pairwise
import random

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.balancing.planner import Objective, PlanSettings
from custom_components.ev_charger_pool.const import ROOT_CIRCUIT

from .futures import (
    EXACT,
    QUARTER,
    START,
    Future,
    circuit,
    contracted,
    random_future,
    request,
    slots_of,
)
from .judging import broken
from .oracle import best, best_by_force

PRICES = st.integers(min_value=-3, max_value=9)
UNIT_WH = 1_000.0
UNIT_W = 4_000.0


@given(data=st.data())
def test_tiny_plans_are_what_trying_everything_finds(data: st.DataObject) -> None:
    quarters = data.draw(st.integers(min_value=1, max_value=4))
    rates = data.draw(st.lists(PRICES, min_size=quarters, max_size=quarters))
    room = data.draw(st.lists(st.integers(0, 3), min_size=quarters, max_size=quarters))
    members = data.draw(st.integers(min_value=1, max_value=3))
    needs = data.draw(st.lists(st.integers(0, 4), min_size=members, max_size=members))
    edges = [
        data.draw(st.tuples(st.integers(0, quarters), st.integers(0, quarters)))
        for _ in range(members)
    ]
    windows = [(min(edge), max(edge)) for edge in edges]
    slots = slots_of([float(rate) for rate in rates])
    future = Future(
        requests=[
            request(
                f"car{position}",
                need * UNIT_WH,
                after,
                begin_at=START + first * QUARTER,
                max_power_w=UNIT_W,
            )
            for position, (need, (first, after)) in enumerate(zip(needs, windows, strict=True))
        ],
        slots=[
            type(slot)(
                from_at=slot.from_at,
                until_at=slot.until_at,
                price_per_kwh=slot.price_per_kwh,
                capacity_w={ROOT_CIRCUIT: units * UNIT_W},
            )
            for slot, units in zip(slots, room, strict=True)
        ],
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )

    result = future.plan(EXACT)
    served, cost = best_by_force(needs, windows, room, rates)
    judged = best(future)

    assert broken(future, result) == []
    planned_wh = sum(promise.planned_wh for promise in result.promises.values())
    assert planned_wh == pytest.approx(served * UNIT_WH, abs=1.0)
    assert result.cost == pytest.approx(cost, abs=0.01)
    assert sum(needs) * UNIT_WH - sum(judged.missing_wh) == pytest.approx(served * UNIT_WH, abs=1.0)
    assert judged.cost == pytest.approx(cost, abs=0.01)


@pytest.mark.parametrize("seed", range(16))
def test_plans_serve_as_much_and_cost_as_little_as_the_programme_proves(seed: int) -> None:
    chance = random.Random(seed)
    future = random_future(
        chance,
        members=chance.randint(2, 14),
        quarters=chance.choice((24, 96, 160)),
        plenty=chance.choice((0.7, 1.0, 2.0, 4.0)),
        all_week=chance.random() < 0.3,
    )

    result = future.plan(EXACT)

    assert broken(future, result) == []
    tiers = sorted({r.priority for r in future.requests})
    missing_wh = [
        sum(result.promises[r.member].missing_wh for r in future.requests if r.priority == tier)
        for tier in tiers
    ]
    assert missing_wh == pytest.approx(best(future).missing_wh, abs=1.0)
    planned_wh = {member: promise.planned_wh for member, promise in result.promises.items()}
    assert result.cost == pytest.approx(best(future, planned_wh=planned_wh).cost, rel=1e-4)


@pytest.mark.parametrize("seed", range(16))
def test_the_best_plan_is_found_as_well_where_much_less_may_flow_by_day(seed: int) -> None:
    chance = random.Random(seed)
    future = contracted(
        random_future(
            chance,
            members=chance.randint(2, 14),
            quarters=chance.choice((96, 160)),
            plenty=chance.choice((1.0, 2.0, 4.0)),
            all_week=chance.random() < 0.3,
        ),
        least=chance.choice((0.0, 0.3)),
        most=1.5,
    )

    result = future.plan(EXACT)

    assert broken(future, result) == []
    missing_wh = sum(promise.missing_wh for promise in result.promises.values())
    assert missing_wh == pytest.approx(sum(best(future).missing_wh), abs=1.0)
    planned_wh = {member: promise.planned_wh for member, promise in result.promises.items()}
    assert result.cost == pytest.approx(best(future, planned_wh=planned_wh).cost, rel=1e-4)


def test_the_tolerance_is_all_that_fewer_blocks_may_cost() -> None:
    for seed in range(8):
        future = random_future(random.Random(seed), members=8, quarters=96, plenty=3.0)

        exact, usual = future.plan(EXACT), future.plan()

        assert broken(future, usual) == []
        assert exact.cost <= usual.cost + 1e-6
        assert usual.cost <= exact.cost * 1.0021


def test_cheap_time_goes_to_whom_it_helps_most() -> None:
    # Both want the first quarter; only one can use the cheap third, so that one leaves it.
    future = Future(
        requests=[
            request("stays", 1_000.0, 3),
            request("leaves", 1_000.0, 2),
        ],
        slots=slots_of([0.10, 0.50, 0.11], capacity_w=4_000.0),
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )

    result = future.plan(EXACT)

    assert [slot.from_at for slot in result.schedules["leaves"].slots] == [START]
    assert [slot.from_at for slot in result.schedules["stays"].slots] == [START + 2 * QUARTER]
    assert result.cost == pytest.approx(0.21)


def test_surplus_is_used_before_the_grid_and_costs_what_it_would_have_earned() -> None:
    future = Future(
        requests=[request("car", 1_500.0, 3)],
        slots=slots_of([0.20, 0.20, 0.12], surplus_w=[0.0, 3_000.0, 0.0], feed_in_per_kwh=0.08),
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )

    promise = future.plan(EXACT).promises["car"]

    assert promise.solar_wh == pytest.approx(750.0)
    assert promise.cost == pytest.approx(0.75 * 0.08 + 0.75 * 0.12)


def test_surplus_that_earns_more_than_the_grid_costs_is_left_alone_where_that_is_cheaper() -> None:
    future = Future(
        requests=[request("car", 1_000.0, 2)],
        slots=slots_of([0.10, 0.10], surplus_w=[4_000.0, 0.0], feed_in_per_kwh=0.30),
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )

    promise = future.plan(EXACT).promises["car"]

    assert promise.solar_wh == 0.0
    assert promise.cost == pytest.approx(0.10)


def test_surplus_is_shared_by_power() -> None:
    future = Future(
        requests=[request("one", 1_000.0, 1), request("two", 500.0, 1, max_power_w=2_000.0)],
        slots=slots_of([0.30], surplus_w=[3_000.0]),
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )

    promises = future.plan(EXACT).promises

    assert promises["one"].solar_wh == pytest.approx(500.0)
    assert promises["two"].solar_wh == pytest.approx(250.0)


def test_a_price_on_carbon_moves_a_plan() -> None:
    slots = [
        type(slot)(
            from_at=slot.from_at,
            until_at=slot.until_at,
            price_per_kwh=slot.price_per_kwh,
            co2_g_per_kwh=grams,
        )
        for slot, grams in zip(slots_of([0.20, 0.22, 0.21]), [600.0, 100.0, None], strict=True)
    ]
    future = Future(
        requests=[request("car", 1_000.0, 3)], slots=slots, circuits=[circuit(ROOT_CIRCUIT, None)]
    )

    by_price = future.plan(EXACT)
    by_both = future.plan(PlanSettings(co2_price_per_kg=0.10, tolerance=0.0))
    by_carbon = future.plan(PlanSettings(objective=Objective.CO2, tolerance=0.0))

    assert by_price.schedules["car"].slots[0].from_at == START
    assert by_price.co2_g == pytest.approx(600.0)
    for result in (by_both, by_carbon):
        assert result.schedules["car"].slots[0].from_at == START + QUARTER
        assert result.co2_g == pytest.approx(100.0)
        assert result.cost == pytest.approx(0.22)


def test_by_carbon_surplus_counts_as_none() -> None:
    future = Future(
        requests=[request("car", 1_000.0, 2)],
        slots=slots_of([0.10, 0.10], surplus_w=[0.0, 4_000.0], feed_in_per_kwh=0.30),
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )

    result = future.plan(PlanSettings(objective=Objective.CO2))

    assert result.promises["car"].solar_wh == pytest.approx(1_000.0)


def test_equal_prices_are_used_early_and_in_one_block() -> None:
    future = Future(
        requests=[request("car", 3_300.0, 96)],
        slots=slots_of([0.25] * 96),
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )

    slots = future.plan().schedules["car"].slots

    assert slots[0].from_at == START
    assert slots[-1].until_at == START + 4 * QUARTER
    assert all(one.until_at == two.from_at for one, two in pairwise(slots))
    assert slots[0].until_at - slots[0].from_at == timedelta(minutes=45)
