"""I3 and I7: what a grant may be, and who is granted nothing."""

from random import Random

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ev_charger_pool.pool.members import MemberWishes, Mode, OrderKind
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.pool.states import ChargingStatus, ConnectorState

from .stand import Stand, circuit, member

steps = st.sampled_from([0.1, 0.5, 1.0, 2.0])


@settings(max_examples=12)
@given(st.integers(0, 2**32), st.lists(steps, min_size=1, max_size=4))
def test_i3_every_grant_is_0_or_a_step_between_min_and_max(seed: int, found: list[float]) -> None:
    rng = Random(seed)
    stand = Stand(
        *(
            member(f"m{i}", step_a=step, max_current_a=rng.choice([13.0, 16.0, 32.0]))
            for i, step in enumerate(found)
        ),
        circuits=(circuit(rng.choice([16.0, 25.0, 40.0])),),
        other_a=rng.uniform(0.0, 10.0),
    )
    for _ in range(6):
        stand.set_other(rng.uniform(-10.0, 20.0))
        device = rng.choice(list(stand.devices.values()))
        device.wants_a = rng.uniform(0.0, 32.0)
        for order in stand.orders(14):
            settings_ = stand.devices[order.member].settings
            amps = order.grant.current_a
            assert amps == 0.0 or 6.0 <= amps <= settings_.max_current_a
            assert amps / settings_.step_a == pytest.approx(round(amps / settings_.step_a))
            assert 0.0 <= order.grant.lapse_to_a <= amps


def test_i3_a_users_minimum_is_a_minimum() -> None:
    stand = Stand(member("a"), other_a=16.0)
    stand.controller.wish("a", MemberWishes(minimum_current_a=10.0))
    stand.run(120)
    assert stand.granted() == 0.0
    assert stand.reason() is ReasonKind.MINIMUM
    stand.set_other(13.0)
    stand.run(120)
    assert stand.granted() == 11.0


@pytest.mark.parametrize("state", [ConnectorState.IDLE, ConnectorState.ERROR])
def test_i7_without_a_car_nothing_is_granted(state: ConnectorState) -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(60)
    assert stand.granted() == 16.0
    stand.devices["a"].state = state
    orders = stand.orders(1)
    assert [(o.kind, o.grant.current_a) for o in orders] == [(OrderKind.SET, 0.0)]
    stand.run(120)
    assert stand.granted() == 0.0
    assert stand.reason() is ReasonKind.NOT_CONNECTED


def test_i7_e9_an_unplugged_connector_never_gets_a_grant() -> None:
    stand = Stand(member("a"), member("b"), other_a=5.0)
    stand.devices["b"].plugged = False
    for _ in range(900):
        assert all(o.grant.current_a == 0.0 for o in stand.tick().orders if o.member == "b")


def test_i7_a_car_that_comes_gets_the_fail_safe_kept_for_it_at_once() -> None:
    stand = Stand(member("a", fail_safe_a=6.0), other_a=5.0)
    device = stand.devices["a"]
    device.plugged = False
    stand.run(60)
    device.plugged = True
    orders = stand.orders(1)
    assert [(o.kind, o.grant.current_a) for o in orders] == [(OrderKind.SET, 6.0)]


def test_i7_but_not_where_the_meter_shows_no_room_for_it() -> None:
    stand = Stand(member("a", fail_safe_a=6.0), other_a=22.0)
    device = stand.devices["a"]
    device.plugged = False
    stand.run(60)
    device.plugged = True
    assert [o.grant.current_a for o in stand.orders(60)] == [0.0]


def test_i7_the_last_car_leaves_and_nothing_is_granted() -> None:
    stand = Stand(member("a"), member("b"), other_a=5.0)
    stand.run(120)
    for device in stand.devices.values():
        device.plugged = False
    stand.run(2)
    assert stand.decision.circuits["grid"].granted_a.l1 == 0.0


def test_a_connector_that_is_not_heard_of_keeps_its_grant_for_a_minute() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(60)
    stand.devices["a"].state = ConnectorState.MISSING
    stand.run(58)
    assert stand.granted() == 16.0
    stand.run(10)
    assert stand.granted() == 0.0


def test_a_fault_pauses_it() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(60)
    stand.devices["a"].charging = ChargingStatus.FAULT
    stand.tick()
    assert stand.granted() == 0.0
    assert stand.reason() is ReasonKind.FAULT


def test_off_is_nothing_and_fast_is_all() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.controller.wish("a", MemberWishes(mode=Mode.OFF))
    stand.run(60)
    assert stand.granted() == 0.0
    assert stand.reason() is ReasonKind.USER
    stand.controller.wish("a", MemberWishes(mode=Mode.FAST))
    stand.run(15)
    assert stand.granted() == 16.0
    assert stand.reason() is ReasonKind.CHARGER
