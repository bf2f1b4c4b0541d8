"""SR-2: the most that a member may still draw, whatever was last said to it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.ev_charger_pool.balancing.ledger import Account
from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.members import OrderKind
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.pool.states import ChargingStatus

from .stand import Stand, circuit, member


def committed(stand: Stand, name: str = "a") -> float:
    return stand.decision.members[name].commitment_a


def settled(other_a: float = 5.0, **changes: object) -> Stand:
    """A car that charges with 16 A since minutes."""
    stand = Stand(member("a", **changes), other_a=other_a)
    stand.run(120)
    assert stand.granted() == 16.0
    assert stand.is_settled()
    return stand


def test_sr2_newest_draw_and_half_an_amp() -> None:
    assert committed(settled()) == 16.5


def test_sr2_a_reduction_frees_nothing_before_it_settled() -> None:
    stand = settled()
    stand.set_other(15.0)
    stand.tick()
    assert stand.granted() == 10.0
    assert committed(stand) == 16.5
    stand.run(11)
    assert not stand.is_settled()
    assert committed(stand) == 16.0
    stand.run(2)
    assert stand.is_settled()
    assert committed(stand) == 10.5


def test_sr2_a_device_that_goes_on_drawing_never_settles() -> None:
    stand = settled()
    stand.devices["a"].obeys = False
    stand.set_other(15.0)
    stand.run(20)
    assert committed(stand) == 16.5


def test_sr2_an_unanswered_reduction_stays_committed() -> None:
    stand = settled()
    stand.devices["a"].answer = None
    stand.set_other(15.0)
    stand.run(25)
    assert committed(stand) == 16.5


def test_sr2_a_refused_raise_is_not_committed() -> None:
    stand = Stand(member("a"), other_a=18.0)
    stand.run(120)
    assert stand.granted() == 6.0
    stand.devices["a"].answer = ActionResult.REJECTED
    stand.set_other(5.0)
    stand.run(70)
    assert stand.granted() == 6.0
    assert committed(stand) == 6.5


def test_sr2_a_raise_with_an_unknown_end_is_committed() -> None:
    stand = Stand(member("a"), other_a=18.0)
    stand.run(120)
    stand.devices["a"].answer = ActionResult.TIMED_OUT
    stand.set_other(5.0)
    stand.run(70)
    assert committed(stand) == 16.0


def test_sr2_the_limit_that_the_device_reports() -> None:
    stand = settled()
    stand.set_other(15.0)
    stand.devices["a"].limit_a = 12.0
    stand.run(30)
    assert stand.granted() == 10.0
    assert committed(stand) == 12.0


def test_sr2_the_ceiling_after_0_until_settled() -> None:
    stand = Stand(member("a"), other_a=15.0)
    while stand.granted() == 0.0 if stand.decisions else True:
        stand.tick()
    assert stand.granted() == 9.0
    assert committed(stand) == 16.0
    # The car begins, so the grant is sent again, and that has to settle.
    stand.run(18)
    assert committed(stand) == 9.5


def test_sr2_while_a_start_is_unsettled_nobody_else_is_raised() -> None:
    stand = Stand(member("a"), member("b"), other_a=10.0)
    starts: list[tuple[float, str]] = []
    for second in range(120):
        starts.extend(
            (second, order.member)
            for order in stand.tick().orders
            if order.kind is OrderKind.SET and order.grant.current_a > 0.0
        )
    first, second_start = starts[0], next(s for s in starts if s[1] != starts[0][1])
    assert second_start[0] - first[0] >= 12


def test_sr2_the_ceiling_after_a_reboot_and_the_grant_is_sent_again() -> None:
    stand = settled()
    stand.set_other(15.0)
    stand.run(30)
    assert committed(stand) == 10.5
    stand.devices["a"].booted_at = stand.now
    stand.tick()
    stand.devices["a"].booted_at = stand.now + timedelta(seconds=1)
    decision = stand.tick()
    assert [(o.kind, o.grant.current_a) for o in decision.orders] == [(OrderKind.SET, 10.0)]
    assert committed(stand) == 16.0
    stand.run(15)
    assert committed(stand) == 10.5


def test_sr2_offline_it_keeps_its_grant_until_the_lease_ends_and_then_f() -> None:
    stand = Stand(member("a", fail_safe_a=6.0), other_a=14.0)
    stand.run(120)
    assert stand.granted() == 10.0
    device = stand.devices["a"]
    device.online = False
    stand.run(60)
    assert committed(stand) == 10.5
    assert stand.reason() is ReasonKind.OFFLINE
    # The lease of 180 s, begun at most 75 s before, and 10 s of grace.
    stand.run(140)
    assert committed(stand) == 6.0
    # When it is back, others may have what it had: it goes on from where it fell to.
    device.online = True
    orders = stand.orders(1)
    assert [(o.kind, o.grant.current_a) for o in orders] == [(OrderKind.SET, 6.0)]


def test_sr2_offline_without_a_proven_lease_it_may_take_its_ceiling() -> None:
    stand = Stand(member("a", lease_exercised=False), other_a=14.0)
    stand.run(120)
    assert stand.granted() == 10.0
    stand.devices["a"].online = False
    stand.run(60)
    assert committed(stand) == pytest.approx(10.5)
    stand.run(140)
    assert committed(stand) == 16.0


def test_sr2_after_suspended_to_charging_the_profile_is_sent_again() -> None:
    stand = settled()
    device = stand.devices["a"]
    device.charging = ChargingStatus.SUSPENDED_BY_EV
    stand.run(3)
    device.charging = ChargingStatus.CHARGING
    orders = stand.orders(1)
    assert [(o.kind, o.grant.current_a) for o in orders] == [(OrderKind.SET, 16.0)]


def test_sr2_a_replayed_sample_settles_nothing() -> None:
    stand = settled()
    stand.set_other(15.0)
    stand.run(3)
    device = stand.devices["a"]
    # The device is silent from here on, then tells what it measured before the reduction.
    stand.silent.add("a")
    old = stand.now - timedelta(seconds=60)
    for _ in range(20):
        stand.tick()
        report = device.report(stand.now)
        assert report.current is not None
        stand.controller.observe_member(
            replace(report, current=replace(report.current, measured_at=old))
        )
    # One live sample shows how far its clock is off: not at all.
    assert not stand.is_settled()


def test_sr2_a_member_that_does_not_measure_is_settled_by_the_circuits_meter() -> None:
    stand = Stand(member("a", measures_current=False), other_a=5.0)
    device = stand.devices["a"]
    device.measures = False
    device.charging = ChargingStatus.UNKNOWN
    stand.run(120)
    assert (stand.granted(), committed(stand)) == (16.0, 16.0)
    stand.set_other(14.0)
    stand.run(60)
    assert (stand.granted(), committed(stand)) == (11.0, 11.0)


def test_sr2_without_a_step_on_the_meter_a_silent_member_stays_committed() -> None:
    stand = Stand(member("a", measures_current=False), other_a=5.0)
    device = stand.devices["a"]
    device.measures = False
    device.charging = ChargingStatus.UNKNOWN
    stand.run(120)
    device.obeys = False
    stand.set_other(14.0)
    stand.run(60)
    assert stand.granted() < 16.0
    assert committed(stand) == 16.0


def test_sr2_commitments_of_all_circuits_above_are_told() -> None:
    circuits = (circuit(25.0), circuit(20.0, name="garage", parent="grid", other_load_max_a=0.0))
    stand = Stand(member("a", circuit="garage"), circuits=circuits, other_a=5.0)
    stand.run(60)
    assert stand.decision.circuits["garage"].committed_a.l1 == pytest.approx(16.5)
    assert stand.decision.circuits["grid"].committed_a.l1 == pytest.approx(16.5)


def test_sr2_who_lapsed_to_its_fail_safe_current_is_settled_there() -> None:
    """A grant below it is not renewed, and it is committed at any grant."""
    account = Account(16.0, 12.0, 180.0)
    account.issue(1, 6.0, 0.0)
    account.answered(1, ActionResult.ACCEPTED, 1.0)
    assert not account.settle(14.0, 8.2, 6.0)
    assert account.settle(15.0, 8.2, 8.0)
    assert account.is_settled
    assert account.commitment_a(15.0, 8.0, exercised=True) == 8.0
