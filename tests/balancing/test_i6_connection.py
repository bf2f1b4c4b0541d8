"""I6, SR-15: a limit of scope connection bounds all that flows, as a lower fuse would."""

from datetime import timedelta

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ev_charger_pool.pool.limits import Limit, LimitScope, LimitUnit
from custom_components.ev_charger_pool.pool.quantities import NOMINAL_VOLTAGE_V, PHASES
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind

from .stand import Stand, circuit, member


def lowered(value: float, **changes: object) -> Limit:
    values: dict[str, object] = {
        "id": "user",
        "source": ReasonKind.USER,
        "value": value,
        "unit": LimitUnit.CURRENT,
        "circuit": "grid",
        "scope": LimitScope.CONNECTION,
    }
    return Limit(**(values | changes))  # type: ignore[arg-type]


def two_cars(other_a: float = 2.0) -> Stand:
    stand = Stand(member("a"), member("b"), other_a=other_a)
    stand.run(200)
    return stand


def together(stand: Stand) -> float:
    return stand.granted("a") + stand.granted("b")


def test_i6_a_lowered_fuse_is_kept_at_once() -> None:
    stand = two_cars()
    assert together(stand) >= 20.0
    stand.controller.set_limits([lowered(18.0)])
    stand.tick()
    assert together(stand) <= 16.0
    stand.run(10)
    assert max(stand.load()) <= 18.0
    reasons = {stand.decision.members[name].limited_by for name in "ab"}
    assert reasons == {Reason(kind=ReasonKind.USER, subject="user")}


def test_i6_cars_give_way_to_the_house_below_a_lowered_fuse() -> None:
    stand = two_cars()
    stand.controller.set_limits([lowered(20.0)])
    stand.run(60)
    stand.set_other(6.0)
    stand.run(5)
    assert max(stand.load()) <= 20.0
    assert together(stand) <= 14.0
    assert not stand.decision.circuits["grid"].overloaded


def test_i6_raises_leave_the_margin_below_a_lowered_fuse() -> None:
    stand = two_cars()
    stand.controller.set_limits([lowered(18.0)])
    stand.run(60)
    stand.set_other(0.0)
    for _ in range(180):
        stand.tick()
        assert max(stand.load()) <= 18.0
    assert 16.0 <= together(stand) <= 17.5


def test_i6_what_flows_above_a_lowered_fuse_is_an_overload_and_pauses_everybody() -> None:
    stand = two_cars()
    stand.controller.set_limits([lowered(10.0)])
    stand.set_other(12.0)
    stand.run(15)
    assert together(stand) == 0.0
    assert stand.decision.circuits["grid"].overloaded
    (figures,) = (p.figures for p in stand.decision.problems if p.subject == "grid")
    assert figures["limit_a"] == 10.0
    assert stand.decision.circuits["grid"].limit_a.l1 == 25.0, "the fuse is what it was"


def test_i6_a_lowered_fuse_is_lifted_again() -> None:
    stand = two_cars()
    before_a = together(stand)
    ends = stand.now + timedelta(seconds=60)
    stand.controller.set_limits([lowered(15.0, expires_at=ends)])
    stand.run(50)
    assert together(stand) <= 13.0
    stand.run(200)
    assert together(stand) == before_a >= 20.0


def test_i6_more_than_the_fuse_is_no_limit() -> None:
    stand = two_cars()
    before_a = together(stand)
    stand.controller.set_limits([lowered(40.0)])
    stand.run(60)
    assert together(stand) == before_a
    assert max(stand.load()) <= 25.0
    assert stand.reason("a") is ReasonKind.CIRCUIT


def test_i6_a_connection_is_held_below_watts() -> None:
    stand = two_cars()
    stand.controller.set_limits([lowered(9_000.0, unit=LimitUnit.POWER)])
    stand.run(100)
    assert 7_500.0 <= sum(stand.load()) * NOMINAL_VOLTAGE_V <= 9_000.0
    assert Reason(kind=ReasonKind.USER, subject="user") in {
        stand.decision.members[name].limited_by for name in "ab"
    }


@pytest.mark.parametrize(
    ("members_a", "connection_a", "most_a"),
    [(9.0, 20.0, 9.0), (18.0, 12.0, 10.0), (30.0, 40.0, 22.5)],
)
def test_i6_both_scopes_bind(members_a: float, connection_a: float, most_a: float) -> None:
    stand = two_cars()
    together_limit = lowered(members_a, id="event", scope=LimitScope.MEMBERS)
    stand.controller.set_limits([lowered(connection_a), together_limit])
    stand.run(60)
    assert most_a - 1.5 <= together(stand) <= most_a


def test_i6_each_of_both_scopes_is_named_where_it_binds() -> None:
    stand = two_cars()
    event = lowered(15.0, id="event", scope=LimitScope.MEMBERS, source=ReasonKind.DEMAND_RESPONSE)
    stand.controller.set_limits([lowered(22.0), event])
    stand.run(60)
    assert stand.reason("a") is ReasonKind.DEMAND_RESPONSE
    stand.set_other(8.0)
    stand.run(60)
    assert stand.reason("a") is ReasonKind.USER


def test_i6_a_circuit_inside_is_lowered_alone() -> None:
    stand = Stand(
        member("a", circuit="garage"),
        member("b"),
        circuits=(circuit(32.0), circuit(20.0, name="garage", parent="grid")),
        other_a=2.0,
    )
    stand.set_other(3.0, "garage")
    stand.run(120)
    stand.controller.set_limits([lowered(11.0, circuit="garage")])
    stand.run(60)
    assert stand.granted("a") == 7.0
    assert stand.granted("b") == 16.0
    assert max(stand.load("garage")) <= 11.0


def test_i6_a_lowered_fuse_without_a_meter_is_shared_with_what_nobody_knows() -> None:
    stand = Stand(
        member("a", circuit="garage"),
        circuits=(circuit(32.0), circuit(20.0, name="garage", parent="grid", metered=False)),
        other_a=0.0,
    )
    stand.run(120)
    assert stand.granted() == 10.0
    stand.controller.set_limits([lowered(16.0, circuit="garage")])
    stand.run(60)
    assert stand.granted() == 8.0
    stand.controller.set_limits([])
    stand.run(60)
    assert stand.granted() == 10.0


def test_sr3_a_tripped_inverter_is_the_fuses_matter_not_that_of_a_lowered_one() -> None:
    # 9.7 A of sun on each phase beside 5 A of load.
    stand = Stand(*(member(f"m{i}", max_current_a=32.0) for i in range(2)), other_a=-3.7)
    stand.generation_w, stand.generation_phases = 6_000.0, PHASES
    stand.controller.set_limits([lowered(12.0)])
    stand.run(200)
    granted = stand.granted("m0") + stand.granted("m1")
    # 1.45 times 12 A less 6 A of load would have been 11 A.
    assert granted == pytest.approx(15.0, abs=1.0)


@settings(max_examples=10, deadline=None)
@given(
    limit_a=st.floats(0.0, 30.0),
    steps=st.lists(st.floats(0.0, 8.0), min_size=1, max_size=4),
)
def test_i6_the_cars_are_never_why_more_flows_than_a_lowered_fuse_allows(
    limit_a: float, steps: list[float]
) -> None:
    stand = two_cars()
    stand.controller.set_limits([lowered(limit_a)])
    for other_a in steps:
        stand.set_other(other_a)
        stand.run(12)
        for _ in range(30):
            stand.tick()
            assert max(stand.load()) <= max(min(limit_a, 25.0), other_a) + 1e-6
