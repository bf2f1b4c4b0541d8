"""SR-3: generation is not headroom for ever; when the inverter trips, the fuse holds."""

from dataclasses import replace

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.balancing.generation import (
    TRIP_FACTOR,
    Generation,
    gross_load,
)
from custom_components.ev_charger_pool.pool.circuits import (
    CircuitRecord,
    ResourceKind,
    ResourceReport,
)
from custom_components.ev_charger_pool.pool.limits import Limit, LimitUnit
from custom_components.ev_charger_pool.pool.members import OrderKind
from custom_components.ev_charger_pool.pool.quantities import PerPhase
from custom_components.ev_charger_pool.pool.readings import Reading
from custom_components.ev_charger_pool.pool.reasons import ReasonKind

from .stand import START, Stand, circuit, member


def report(watts: float, name: str = "sun") -> ResourceReport:
    return ResourceReport(
        id=name,
        kind=ResourceKind.SOLAR,
        power_w=Reading(value=watts, arrived_at=START),
    )


def test_sr3_without_generation_commitments_and_load_stay_within_1_45_of_the_limit() -> None:
    # 30 A of sun on each phase beside 5 A of load: the meter shows 25 A of export.
    stand = Stand(*(member(f"m{i}", max_current_a=32.0) for i in range(3)), other_a=-25.0)
    stand.generation_w = 30.0 * 3 * 230.0
    stand.run(400)
    status = stand.decision.circuits["grid"]
    assert status.granted_a.l1 > 0.0
    assert status.committed_a.l1 + 5.0 <= TRIP_FACTOR * 25.0
    # By the meter alone twice as much would have been free.
    assert status.granted_a.l1 < 40.0
    charging = [member for member in stand.decision.members.values() if member.granted_a > 0.0]
    assert {(member.limited_by.kind, member.limited_by.subject) for member in charging} == {
        (ReasonKind.GENERATION, "grid")
    }
    assert all(member.limited_by.phase is not None for member in charging)


def in_the_sun(count: int = 1, most_a: float = 32.0) -> Stand:
    """Return a stand whose meter leaves 50 A on each phase, and what may trip leaves 13 A."""
    stand = Stand(*(member(f"m{i}", max_current_a=most_a) for i in range(count)), other_a=-25.0)
    stand.generation_w = 30.0 * 3 * 230.0
    return stand


def kinds(stand: Stand) -> set[ReasonKind]:
    return {member.limited_by.kind for member in stand.decision.members.values()}


def test_sr3_generation_that_leaves_enough_is_no_reason() -> None:
    stand = in_the_sun(count=2, most_a=6.0)
    stand.run(300)
    assert kinds(stand) == {ReasonKind.CHARGER}


def test_sr3_who_gives_way_to_more_generation_is_told_so() -> None:
    stand = in_the_sun(count=2, most_a=12.0)
    stand.generation_w = 3_000.0
    stand.run(300)
    assert kinds(stand) == {ReasonKind.CHARGER}
    stand.generation_w = 20_000.0
    orders = stand.orders(3)
    assert {order.grant.reason.kind for order in orders if order.kind is OrderKind.SET} == {
        ReasonKind.GENERATION
    }


@pytest.mark.parametrize(
    ("limit_a", "kind"), [(12.0, ReasonKind.USER), (14.0, ReasonKind.GENERATION)]
)
def test_sr3_what_leaves_less_is_the_reason(limit_a: float, kind: ReasonKind) -> None:
    stand = in_the_sun()
    limit = Limit(
        id="user:grid",
        source=ReasonKind.USER,
        value=limit_a,
        unit=LimitUnit.CURRENT,
        circuit="grid",
    )
    stand.controller.set_limits([limit])
    stand.run(400)
    assert stand.granted("m0") == min(limit_a, 13.0)
    assert kinds(stand) == {kind}


def test_sr3_the_rule_does_not_bind_where_generation_is_small() -> None:
    stand = Stand(member("a"), other_a=4.0)
    stand.generation_w = 300.0
    stand.run(120)
    assert stand.granted() == 16.0


def test_sr3_the_hidden_load_is_no_more_than_that_of_14_days() -> None:
    day = START.replace(hour=0)
    records = tuple(
        CircuitRecord(circuit="grid", day=day.replace(day=1, month=month), other_load_max_a=most)
        for month, most in ((3, PerPhase.same(6.0)), (2, PerPhase.same(6.0)))
    )
    assert gross_load(-12.0, 40.0, None) == 28.0
    assert gross_load(-12.0, 40.0, 6.0) == 6.0
    assert gross_load(9.0, 40.0, 6.0) == 9.0
    stand = Stand(
        *(member(f"m{i}", max_current_a=32.0) for i in range(2)),
        other_a=-25.0,
        circuit_records=records[:1],
    )
    stand.generation_w = 30.0 * 3 * 230.0
    stand.run(300)
    assert stand.decision.circuits["grid"].granted_a.l1 > 0.0


def most_a(generation: Generation, minute: int = 0) -> tuple[float, ...]:
    return tuple(generation.most_a(START.replace(minute=minute).timestamp()))


def test_sr3_all_of_a_small_generator_may_be_on_one_phase() -> None:
    generation = Generation()
    generation.take(report(-2_070.0))
    assert most_a(generation) == pytest.approx((10.0, 10.0, 10.0))
    # Of a large one the network code bounds the share of a phase: a third and 2/3 of 4.6 kVA.
    generation.take(report(-20_700.0, "roof"))
    assert most_a(generation) == pytest.approx(((22_770.0 + 9_200.0) / 3 / 207.0,) * 3)


def test_sr3_a_battery_that_charges_generates_nothing() -> None:
    generation = Generation()
    generation.take(report(3_000.0, "battery"))
    assert most_a(generation) == (0.0, 0.0, 0.0)


def test_sr3_a_source_counts_with_its_most_of_ten_minutes() -> None:
    generation = Generation()
    generation.take(report(-2_070.0))
    generation.take(
        replace(report(0.0), power_w=Reading(value=0.0, arrived_at=START.replace(minute=5)))
    )
    assert most_a(generation, 9) == pytest.approx((10.0, 10.0, 10.0))
    assert most_a(generation, 11) == (0.0, 0.0, 0.0)


@given(st.floats(-60.0, 60.0), st.floats(0.0, 60.0), st.none() | st.floats(0.0, 60.0))
def test_sr3_the_gross_load_is_never_less_than_what_is_measured(
    other_a: float, generation_a: float, known_a: float | None
) -> None:
    assert gross_load(other_a, generation_a, known_a) >= other_a


def test_sr3_circuit_limits_still_bind() -> None:
    stand = Stand(member("a"), circuits=(circuit(16.0),), other_a=8.0)
    stand.generation_w = 500.0
    stand.run(120)
    assert stand.granted() == 7.0
    assert stand.reason() is ReasonKind.CIRCUIT
