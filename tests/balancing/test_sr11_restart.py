"""SR-11: after a restart what was persisted goes on, and nothing more until it is known."""

from datetime import timedelta
import itertools

import pytest

from custom_components.ev_charger_pool.balancing.contract import SiteSettings
from custom_components.ev_charger_pool.balancing.controller import SiteController
from custom_components.ev_charger_pool.pool.limits import Limit, LimitUnit
from custom_components.ev_charger_pool.pool.members import MemberRecord, Order, OrderKind
from custom_components.ev_charger_pool.pool.reasons import ReasonKind

from .stand import START, Device, Stand, circuit, member


def record(name: str = "a", granted_a: float = 12.0, **changes: object) -> MemberRecord:
    values: dict[str, object] = {
        "member": name,
        "granted_a": granted_a,
        "outstanding_a": granted_a,
        "lapse_to_a": 0.0,
        "expires_at": START + timedelta(seconds=100),
        "decided_at": START - timedelta(seconds=80),
        "lease_exercised": True,
        "session": "one",
    }
    return MemberRecord(**(values | changes))  # type: ignore[arg-type]


def restarted(*records: MemberRecord, other_a: float = 5.0, **changes: object) -> Stand:
    names = [kept.member for kept in records] or ["a"]
    stand = Stand(*(member(name, **changes) for name in names), other_a=other_a, records=records)
    for kept in records:
        device = stand.devices[kept.member]
        device.told_a = device.draw_a = kept.granted_a
    return stand


def sets(orders: list[Order]) -> list[float]:
    return [order.grant.current_a for order in orders if order.kind is OrderKind.SET]


def test_sr11_for_30_s_the_persisted_grants_go_on() -> None:
    stand = restarted(record())
    orders = stand.orders(29)
    assert set(sets(orders)) == {12.0}
    assert stand.granted() == 12.0
    stand.run(10)
    assert stand.granted() == 16.0


def test_sr11_without_fresh_readings_nothing_is_raised_or_cut_in_30_s() -> None:
    stand = restarted(record(), fail_safe_a=6.0)
    stand.meter_silent.add("grid")
    stand.run(29)
    assert stand.granted() == 12.0
    stand.run(5)
    assert stand.granted() == 6.0


def test_sr11_a_fresh_overload_is_cut_at_once() -> None:
    stand = restarted(record(), other_a=17.0)
    stand.run(3)
    assert stand.granted() == 8.0


def test_sr11_an_expected_overload_is_no_fresh_one() -> None:
    # The car takes 6 of its 12 A: with all of it there would be too much.
    stand = restarted(record(), other_a=15.0)
    device = stand.devices["a"]
    device.wants_a = device.draw_a = 6.0
    stand.run(29)
    assert stand.granted() == 12.0


def test_sr11_a_lease_that_ran_out_is_not_raised_again() -> None:
    stand = restarted(
        record(expires_at=START - timedelta(seconds=60), lapse_to_a=6.0), fail_safe_a=6.0
    )
    stand.devices["a"].told_a = 6.0
    orders = stand.orders(29)
    assert set(sets(orders)) == {6.0}


def test_sr11_what_is_unknown_is_paused_until_there_is_room() -> None:
    stand = restarted()
    orders = stand.orders(29)
    assert set(sets(orders)) == {0.0}
    stand.run(10)
    assert stand.granted() == 16.0


def test_sr11_members_are_raised_one_per_settle_time() -> None:
    stand = restarted(*(record(f"m{index}", 6.0) for index in range(3)), other_a=-20.0)
    raises = []
    for _ in range(100):
        decision = stand.tick()
        up = [o.member for o in decision.orders if o.kind is OrderKind.SET and o.urgency == 2]
        if up:
            raises.append((stand.now, up))
    assert all(len(up) == 1 for _, up in raises)
    times = [at for at, _ in raises]
    assert len(times) == 3
    assert min(b - a for a, b in itertools.pairwise(times)) >= timedelta(seconds=12)


def test_sr11_i6_a_mandatory_limit_binds_from_before_the_first_command() -> None:
    stand = restarted(record())
    stand.controller.set_limits(
        [
            Limit(
                id="event",
                source=ReasonKind.DEMAND_RESPONSE,
                value=8.0,
                unit=LimitUnit.CURRENT,
                member="a",
                mandatory=True,
            )
        ]
    )
    assert set(sets(stand.orders(29))) == {8.0}


def session_limit(session: str = "one") -> Limit:
    return Limit(
        id="session",
        source=ReasonKind.USER,
        value=8.0,
        unit=LimitUnit.CURRENT,
        member="a",
        session=session,
    )


@pytest.mark.parametrize("online", [True, False])
def test_sr11_i6_a_limit_of_the_kept_session_binds_before_its_device_tells_of_it(
    online: bool,
) -> None:
    stand = restarted(record())
    stand.controller.set_limits([session_limit()])
    (order,) = stand.decide().orders
    assert (order.kind, order.grant.current_a) == (OrderKind.SET, 8.0)
    stand.devices["a"].online = online
    assert set(sets(stand.orders(60))) <= {8.0}
    assert stand.granted() == 8.0
    assert {kept.session for made in stand.decisions for kept in made.records} == {"one"}


def test_sr11_i6_a_limit_of_another_session_than_the_kept_one_binds_nobody() -> None:
    stand = restarted(record())
    stand.controller.set_limits([session_limit("two")])
    assert stand.decide().orders == ()
    assert stand.granted() == 12.0


def test_sr11_i6_the_session_is_kept_through_two_restarts_without_a_report() -> None:
    stand = restarted(record())
    stand.controller.set_limits([session_limit()])
    (kept,) = stand.decide().records
    assert (kept.granted_a, kept.session) == (8.0, "one")


def test_sr11_i6_another_session_is_remembered_though_nothing_is_granted() -> None:
    stand = Stand(member("a"), other_a=20.0)
    stand.devices["a"].session = None
    stand.run(60)
    assert stand.granted() == 0.0
    stand.devices["a"].session = "one"
    (kept,) = stand.tick().records
    assert kept.session == "one"


def test_sr11_the_ledger_is_persisted_with_each_grant() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(120)
    for decision in stand.decisions:
        changed = {order.member for order in decision.orders if order.kind is OrderKind.SET}
        assert changed <= {kept.member for kept in decision.records}
    kept = [r for d in stand.decisions for r in d.records][-1]
    assert kept.granted_a == kept.outstanding_a == 16.0
    assert kept.session == "one"
    assert kept.expires_at is not None


def test_sr11_an_unsettled_reduction_is_remembered() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(120)
    stand.set_other(15.0)
    kept = stand.tick().records[-1]
    assert (kept.granted_a, kept.outstanding_a) == (10.0, 16.0)


def test_sr11_a_settled_reduction_is_remembered_as_settled() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(120)
    stand.set_other(15.0)
    stand.run(20)
    kept = [r for d in stand.decisions for r in d.records][-1]
    assert (kept.granted_a, kept.outstanding_a) == (10.0, 10.0)


def test_sr11_killed_and_started_again_it_goes_on_where_it_was() -> None:
    stand = Stand(member("a"), member("b"), other_a=2.0)
    stand.run(300)
    records = {r.member: r for d in stand.decisions for r in d.records}
    granted = {name: stand.granted(name) for name in "ab"}
    stand.controller = SiteController()
    stand.controller.configure(
        SiteSettings(
            circuits=stand.circuits, members=tuple(d.settings for d in stand.devices.values())
        ),
        stand.now,
    )
    stand.controller.restore(tuple(records.values()), (), stand.now)
    for _ in range(120):
        stand.tick()
        assert {name: stand.granted(name) for name in "ab"} == granted
        assert max(stand.load()) <= 25.0


def test_sr11_records_may_come_before_the_members() -> None:
    stand = Stand(reads=False, other_a=5.0)
    stand.controller.restore([record()], [], stand.now)
    settings = member("a")
    stand.devices["a"] = Device(settings, told_a=12.0, draw_a=12.0)
    stand.configure()
    stand.run(20)
    assert stand.granted() == 12.0


@pytest.mark.parametrize("asleep", [True, False])
def test_sr11_who_slept_sleeps_on(asleep: bool) -> None:
    stand = restarted(record(granted_a=0.0, outstanding_a=0.0, asleep=asleep))
    stand.run(60)
    assert stand.decision.members["a"].asleep is asleep
    assert (stand.granted() == 0.0) is asleep


def test_sr11_a_circuit_that_nobody_knows_is_left_out() -> None:
    stand = Stand(member("a"), member("b", circuit="gone"), circuits=(circuit(25.0),))
    stand.run(40)
    assert set(stand.decision.members) == {"a"}
