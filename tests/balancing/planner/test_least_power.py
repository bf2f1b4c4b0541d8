"""Members that run at a least power or not at all, on phases of their own."""

from dataclasses import replace
import random
from statistics import mean

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ev_charger_pool.const import ROOT_CIRCUIT
from custom_components.ev_charger_pool.pool.quantities import PHASES, PerPhase, Phase

from .futures import EXACT, QUARTER, START, Future, circuit, random_future, request, slots_of
from .judging import broken
from .oracle import best


def test_a_rest_below_the_least_power_is_a_short_run_beside_the_others() -> None:
    future = Future(
        requests=[request("car", 1_200.0, 4, min_power_w=2_000.0)],
        slots=slots_of([0.30, 0.20, 0.10, 0.40]),
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )

    result = future.plan(EXACT)

    assert broken(future, result) == []
    short, whole = result.schedules["car"].slots
    assert (short.power_w, whole.power_w) == (2_000.0, 4_000.0)
    assert short.until_at == whole.from_at == START + 2 * QUARTER
    assert (short.until_at - short.from_at) == 0.4 * QUARTER
    assert result.cost == pytest.approx(1.0 * 0.10 + 0.2 * 0.20)


def test_two_that_do_not_fit_together_take_turns() -> None:
    future = Future(
        requests=[
            request(name, 1_500.0, 4, min_power_w=4_000.0, max_power_w=6_000.0)
            for name in ("one", "two")
        ],
        slots=slots_of([0.1, 0.1, 0.1, 0.1], capacity_w=6_000.0),
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )

    result = future.plan(EXACT)

    assert broken(future, result) == []
    assert all(promise.holds for promise in result.promises.values())


def test_one_gives_way_so_that_two_can_run_together() -> None:
    # 10 kW are enough for both only if neither takes all that it could.
    future = Future(
        requests=[
            request(name, 2_450.0, 2, min_power_w=4_140.0, max_power_w=7_360.0)
            for name in ("one", "two")
        ],
        slots=slots_of([0.1, 0.2], capacity_w=10_000.0),
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )

    result = future.plan(EXACT)

    assert broken(future, result) == []
    assert all(promise.holds for promise in result.promises.values())


def test_a_run_at_the_least_power_weighs_surplus_against_the_grid_it_needs_too() -> None:
    # Half of the least is sun: 0.24 on average, dearer than the cheap quarter, cheaper than 0.40.
    future = Future(
        requests=[request("car", 2_000.0, 3, min_power_w=4_000.0)],
        slots=slots_of([0.40, 0.40, 0.20], surplus_w=[0.0, 2_000.0, 0.0], feed_in_per_kwh=0.08),
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )

    result = future.plan(EXACT)

    (run,) = result.schedules["car"].slots
    assert (run.from_at, run.until_at) == (START + QUARTER, START + 3 * QUARTER)
    assert result.cost == pytest.approx(0.24 + 0.20)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), members=st.integers(1, 12), plenty=st.floats(0.5, 4.0))
def test_any_plan_keeps_all_limits_at_every_instant(seed: int, members: int, plenty: float) -> None:
    future = random_future(
        random.Random(seed), members=members, quarters=40, plenty=plenty, least=True
    )

    assert broken(future, future.plan()) == []


def test_plans_are_near_to_what_integer_programmes_find() -> None:
    ratios = []
    for seed in range(16):
        chance = random.Random(seed)
        future = random_future(
            chance,
            members=chance.randint(2, 4),
            quarters=chance.choice((8, 12)),
            plenty=chance.choice((1.5, 2.5, 4.0)),
            least=True,
        )
        result = future.plan(EXACT)
        planned_wh = {member: promise.planned_wh for member, promise in result.promises.items()}
        ratios.append(result.cost / best(future, planned_wh=planned_wh, gap=1e-3).cost)

    assert min(ratios) > 0.998
    assert mean(ratios) < 1.01


def on_phases(*requests: object, lane_w: float) -> Future:
    """Return a site with the same limit on each phase."""
    slots = [
        replace(slot, phase_capacity_w={ROOT_CIRCUIT: PerPhase.same(lane_w)})
        for slot in slots_of([0.1, 0.2, 0.3, 0.4])
    ]
    return Future(
        requests=requests,  # type: ignore[arg-type]
        slots=slots,
        circuits=[circuit(ROOT_CIRCUIT, None)],
    )


def test_cars_on_one_phase_share_that_phase() -> None:
    future = on_phases(
        request("one", 1_000.0, 4, phases=(Phase.L1,)),
        request("two", 1_000.0, 4, phases=(Phase.L1,)),
        lane_w=4_000.0,
    )

    result = future.plan(EXACT)

    assert broken(future, result) == []
    assert result.cost == pytest.approx(0.1 + 0.2)


def test_cars_on_different_phases_run_together() -> None:
    future = on_phases(
        request("one", 1_000.0, 4, phases=(Phase.L1,)),
        request("two", 1_000.0, 4, phases=(Phase.L2,)),
        lane_w=4_000.0,
    )

    result = future.plan(EXACT)

    assert broken(future, result) == []
    assert result.cost == pytest.approx(0.1 + 0.1)


def test_a_car_on_all_phases_and_one_on_one_keep_the_limit_of_that_phase() -> None:
    future = on_phases(
        request("all", 3_000.0, 4, max_power_w=12_000.0, phases=PHASES),
        request("one", 1_000.0, 4, phases=(Phase.L3,)),
        lane_w=4_000.0,
    )

    result = future.plan(EXACT)

    assert broken(future, result) == []
    assert all(promise.holds for promise in result.promises.values())
    assert result.cost == pytest.approx(3.0 * 0.1 + 1.0 * 0.2)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_mixed_phases_on_nested_circuits_keep_all_limits(seed: int) -> None:
    chance = random.Random(seed)
    future = random_future(chance, members=7, quarters=24, plenty=2.0, least=True)
    mixed = replace(
        future,
        requests=[
            replace(r, phases=chance.choice((PHASES, PHASES[:2], *((p,) for p in PHASES))))
            for r in future.requests
        ],
        slots=[
            replace(
                slot,
                phase_capacity_w={
                    name: PerPhase(*(watts * chance.uniform(0.3, 0.5) for _ in PHASES))
                    for name, watts in slot.capacity_w.items()
                },
            )
            for slot in future.slots
        ],
    )

    assert broken(mixed, mixed.plan()) == []
