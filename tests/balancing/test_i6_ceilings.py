"""I6: the effective ceiling is the least of all that are active, whoever set them."""

from datetime import timedelta

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ev_charger_pool.pool.limits import Limit, LimitUnit
from custom_components.ev_charger_pool.pool.members import MemberWishes, Mode
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind

from .stand import START, Stand, circuit, member


def limit(name: str, amps: float, **changes: object) -> Limit:
    values: dict[str, object] = {
        "id": name,
        "source": ReasonKind.USER,
        "value": amps,
        "unit": LimitUnit.CURRENT,
        "member": "a",
    }
    return Limit(**(values | changes))  # type: ignore[arg-type]


def charging() -> Stand:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(60)
    assert stand.granted() == 16.0
    return stand


def test_i6_a_lower_ceiling_is_kept_at_once() -> None:
    stand = charging()
    stand.controller.set_limits([limit("user", 9.5)])
    stand.tick()
    assert stand.granted() == 9.0
    assert stand.decision.members["a"].limited_by == Reason(kind=ReasonKind.USER, subject="user")


@settings(max_examples=10)
@given(st.lists(st.floats(0.0, 40.0), min_size=1, max_size=5))
def test_i6_the_least_binds(ceilings: list[float]) -> None:
    stand = charging()
    stand.controller.set_limits([limit(str(i), amps) for i, amps in enumerate(ceilings)])
    stand.run(30)
    least = min(16.0, *ceilings)
    assert stand.granted() == (int(least) if least >= 6.0 else 0.0)


def test_i6_what_is_gone_binds_no_more() -> None:
    stand = charging()
    stand.controller.set_limits([limit("user", 8.0)])
    stand.run(30)
    stand.controller.set_limits([])
    stand.run(15)
    assert stand.granted() == 16.0


def test_i6_a_limit_ends_by_itself() -> None:
    stand = charging()
    ends = stand.now + timedelta(seconds=30, milliseconds=500)
    stand.controller.set_limits([limit("event", 8.0, expires_at=ends)])
    decision = stand.run(30)
    assert stand.granted() == 8.0
    assert decision.next_at == ends
    stand.run(15)
    assert stand.granted() == 16.0


def test_i6_a_limit_of_a_session_ends_with_it() -> None:
    stand = charging()
    stand.controller.set_limits([limit("session", 8.0, session="one")])
    stand.run(5)
    assert stand.granted() == 8.0
    stand.devices["a"].session = "two"
    stand.run(30)
    assert stand.granted() == 16.0


def test_i6_a_ceiling_below_the_minimum_pauses() -> None:
    stand = charging()
    stand.controller.set_limits([limit("user", 5.9)])
    stand.tick()
    assert stand.granted() == 0.0


def test_i6_a_ceiling_on_a_circuit_binds_its_members_together() -> None:
    stand = Stand(member("a"), member("b"), other_a=2.0)
    stand.run(200)
    assert stand.granted("a") + stand.granted("b") == 22.0
    stand.controller.set_limits(
        [
            limit(
                "event",
                15.0,
                member=None,
                circuit="grid",
                source=ReasonKind.DEMAND_RESPONSE,
                mandatory=True,
            )
        ]
    )
    stand.tick()
    assert stand.granted("a") + stand.granted("b") <= 15.0
    stand.run(100)
    assert stand.granted("a") + stand.granted("b") >= 14.0
    reasons = {stand.decision.members[name].limited_by for name in "ab"}
    assert Reason(kind=ReasonKind.DEMAND_RESPONSE, subject="event") in reasons


def test_i6_a_ceiling_in_watts_on_a_circuit() -> None:
    stand = Stand(member("a"), member("b"), other_a=2.0)
    stand.run(200)
    stand.controller.set_limits(
        [limit("w", 9_000.0, unit=LimitUnit.POWER, member=None, circuit="grid")]
    )
    stand.run(100)
    total = stand.granted("a") + stand.granted("b")
    assert total * 3 * 230.0 <= 9_000.0
    assert total >= 12.0


def test_i6_a_mandatory_limit_in_watts_is_kept_with_50_w_to_spare() -> None:
    stand = Stand(member("a", step_a=0.1), other_a=2.0)
    stand.controller.set_limits([limit("w", 6_950.0, unit=LimitUnit.POWER, mandatory=True)])
    stand.run(60)
    assert stand.granted() == pytest.approx(10.0)
    stand.controller.set_limits([limit("w", 6_949.0, unit=LimitUnit.POWER, mandatory=True)])
    stand.tick()
    assert stand.granted() == pytest.approx(9.9)


def test_i6_off_rules_over_any_ceiling() -> None:
    stand = charging()
    stand.controller.set_limits([limit("user", 12.0)])
    stand.controller.wish("a", MemberWishes(mode=Mode.OFF))
    stand.run(5)
    assert stand.granted() == 0.0


def test_i6_ceilings_bind_a_car_that_comes() -> None:
    stand = Stand(member("a", fail_safe_a=8.0), other_a=5.0)
    stand.devices["a"].plugged = False
    stand.controller.set_limits([limit("user", 7.0)])
    stand.run(60)
    stand.devices["a"].plugged = True
    for _ in range(60):
        assert all(o.grant.current_a <= 7.0 for o in stand.tick().orders)
    assert stand.granted() == 7.0


def test_a_lower_fuse_is_kept_at_once() -> None:
    stand = Stand(member("a"), member("b"), other_a=2.0)
    stand.run(200)
    stand.circuits = (circuit(16.0),)
    stand.configure()
    stand.tick()
    assert stand.granted("a") + stand.granted("b") <= 14.0
    stand.run(30)
    assert max(stand.load()) <= 16.0


def test_a_limit_of_somebody_who_is_not_there_is_no_matter() -> None:
    stand = charging()
    stand.controller.set_limits(
        [limit("x", 1.0, member="gone"), limit("y", 1.0, member=None, circuit="gone")]
    )
    stand.run(20)
    assert stand.granted() == 16.0
    assert stand.now > START


def test_i6_a_ceiling_below_the_minimum_pauses_who_draws_a_little_more_than_it_was_told() -> None:
    # 0.8 A above the grant is within what SR-6 allows: it obeys, and gives way with all others.
    stand = Stand(member("a", max_current_a=7.0), other_a=5.0)
    stand.devices["a"].over_a = 0.8
    stand.run(60)
    assert (stand.granted(), stand.devices["a"].draw_a) == (7.0, 7.8)
    stand.controller.set_limits([limit("cap", 3.9, member=None, circuit="grid")])
    stand.tick()
    assert stand.granted() == 0.0
    stand.run(10)
    assert stand.load() == (5.0, 5.0, 5.0)


def test_i6_the_pool_keeps_a_ceiling_with_what_members_draw_beyond_their_grants() -> None:
    stand = Stand(member("a"), member("b"), circuits=(circuit(40.0),), other_a=5.0)
    stand.devices["a"].over_a = 0.8
    stand.run(120)
    stand.controller.set_limits([limit("cap", 20.0, member=None, circuit="grid")])
    stand.run(60)
    assert stand.granted("a") >= 6.0
    assert stand.granted("b") >= 6.0
    assert max(stand.load()) - 5.0 <= 20.0


def test_i6_who_lapsed_to_its_own_fail_safe_is_told_to_pause() -> None:
    # Its lease ran out below its fail-safe, and it knows no less than that (SR-1).
    stand = Stand(member("a", fail_safe_a=8.5), other_a=5.0)
    own = limit("user", 6.0)
    stand.controller.set_limits([own])
    stand.run(60)
    assert stand.granted() == 6.0
    stand.devices["a"].over_a = 2.5
    stand.run(4)
    assert stand.devices["a"].draw_a == 8.5
    stand.run(14)
    stand.controller.set_limits([own, limit("cap", 3.9, member=None, circuit="grid")])
    stand.tick()
    assert stand.granted() == 0.0
