"""SR-4 and SR-8: only decisions renew leases, and a lapse is put to the test once."""

from datetime import timedelta
import itertools

from custom_components.ev_charger_pool.balancing.contract import ProblemKind
from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.members import Lease, Order, OrderKind, Urgency

from .stand import Stand, member


def renewals(orders: list[Order]) -> list[Order]:
    return [order for order in orders if order.kind is OrderKind.RENEW]


def test_sr4_without_a_decision_nothing_is_renewed() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(120)
    before = len(stand.devices["a"].orders)
    device = stand.devices["a"]
    # Nobody decides for the length of a lease, though devices and meters go on telling.
    for _ in range(200):
        stand.now += timedelta(seconds=1)
        device.advance(stand.now)
        stand.controller.observe_member(device.report(stand.now))
        stand.controller.observe_meter(stand.meter())
    assert len(device.orders) == before
    assert device.told_a == 0.0


def test_sr8_a_grant_is_renewed_in_its_rhythm() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(60)
    times = [
        stand.now
        for _ in range(300)
        if any(order.kind is OrderKind.RENEW for order in stand.tick().orders)
    ]
    assert len(times) == 4
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {
        timedelta(seconds=75)
    }


def test_sr8_a_renewal_repeats_the_grant() -> None:
    stand = Stand(member("a"), other_a=5.0)
    found = renewals(stand.orders(300))
    assert {order.grant.current_a for order in found} == {16.0}
    assert {order.urgency for order in found} == {Urgency.RENEWAL}
    assert all(order.grant.lease == timedelta(seconds=180) for order in found)


def test_sr8_only_a_grant_above_f_is_renewed() -> None:
    stand = Stand(member("a", fail_safe_a=6.0), other_a=18.0)
    stand.run(60)
    assert stand.granted() == 6.0
    assert renewals(stand.orders(300)) == []


def test_sr8_a_failed_renewal_is_tried_again() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(60)
    stand.devices["a"].answer = ActionResult.TIMED_OUT
    failed = renewals(stand.orders(100))
    assert len(failed) >= 3
    assert (ProblemKind.MEMBER_REFUSES, "a") in {
        (p.kind, p.subject) for p in stand.decision.problems
    }
    stand.devices["a"].answer = ActionResult.ACCEPTED
    stand.run(10)
    assert ProblemKind.MEMBER_REFUSES not in stand.problems()


def test_sr8_a_device_without_a_lease_is_never_renewed() -> None:
    stand = Stand(member("a", lease=None, may_freeze=True), other_a=5.0)
    assert renewals(stand.orders(300)) == []
    assert stand.granted() == 16.0
    assert stand.problems()[ProblemKind.NO_WATCHDOG] == "a"


def unproven(**changes: object) -> Stand:
    lease = Lease(duration=timedelta(seconds=60), renewal=timedelta(seconds=20))
    return Stand(member("a", lease=lease, lease_exercised=False, **changes), other_a=5.0)


def test_sr8_a_lease_is_exercised_once_and_the_verdict_is_kept() -> None:
    stand = unproven()
    stand.run(600)
    gaps = []
    last = None
    draws = []
    for _ in range(400):
        decision = stand.tick()
        draws.append(stand.devices["a"].draw_a)
        if any(order.member == "a" for order in decision.orders):
            if last is not None:
                gaps.append((stand.now - last).total_seconds())
            last = stand.now
    # One renewal was withheld; the draw fell to f, and the grant was sent again.
    assert max(gaps) > 40.0
    assert 0.0 in draws
    assert stand.granted() == 16.0
    assert stand.devices["a"].draw_a == 16.0
    records = [r for d in stand.decisions for r in d.records]
    assert records[-1].lease_exercised
    # Once: from now on every renewal comes in time.
    quiet = []
    for _ in range(600):
        stand.tick()
        quiet.append(stand.devices["a"].draw_a)
    assert set(quiet) == {16.0}


def test_sr8_a_lease_that_does_not_lapse_counts_as_none() -> None:
    stand = unproven()
    stand.devices["a"].lapses = False
    stand.run(1_000)
    # 25 A less the half that is reserved for others: the frozen-safe cap of SR-5.
    assert stand.granted() == 12.0
    records = [r for d in stand.decisions for r in d.records]
    assert not records[-1].lease_exercised
    assert records[-1].lease_failed
    assert stand.problems()[ProblemKind.NO_WATCHDOG] == "a"
    # Capped in the very decision that says so.
    told = [d for d in stand.decisions if d.problems]
    assert told[0].members["a"].granted_a == 12.0


def test_sr8_the_verdict_of_a_failed_lapse_survives_a_restart() -> None:
    stand = unproven()
    stand.devices["a"].lapses = False
    stand.run(1_000)
    records = [r for d in stand.decisions for r in d.records]
    again = Stand(stand.devices["a"].settings, other_a=5.0, records=(records[-1],))
    again.devices["a"].lapses = False
    again.run(200)
    assert again.problems()[ProblemKind.NO_WATCHDOG] == "a"
    assert 0.0 < again.granted() <= 12.0


def test_sr8_the_exercise_waits_for_a_steady_run() -> None:
    stand = unproven()
    draws = []
    for _ in range(600):
        stand.tick()
        draws.append(stand.devices["a"].draw_a)
    started = next(index for index, draw in enumerate(draws) if draw)
    assert set(draws[started:]) == {16.0}
