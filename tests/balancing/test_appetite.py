"""SR-14: cars that take nothing of the standard's least current are offered more, and remembered."""

import pytest

from custom_components.ev_charger_pool.balancing.appetite import Appetite
from custom_components.ev_charger_pool.pool.members import MemberWishes, Mode, OrderKind
from custom_components.ev_charger_pool.pool.states import ChargingStatus

from .stand import Stand, member


def choosy(least_a: float, *others: str) -> Stand:
    """A car that takes nothing of less than `least_a`, with others beside it."""
    stand = Stand(member("a"), *(member(name) for name in others), other_a=5.0)
    stand.devices["a"].least_a = least_a
    return stand


def test_sr14_a_car_that_takes_nothing_of_its_share_is_offered_more() -> None:
    stand = choosy(10.0, "b", "c")
    stand.set_other(1.0)
    stand.run(360)
    assert stand.granted("a") == 10.0
    assert stand.devices["a"].draw_a == 10.0
    # The others share what it leaves.
    assert stand.granted("b") + stand.granted("c") <= 25.0 - 1.0 - 10.0


def test_sr14_what_a_car_needs_is_kept_until_it_is_unplugged() -> None:
    stand = choosy(8.0, "b")
    stand.devices["b"].plugged = False
    stand.set_other(17.0)
    stand.run(60)
    assert stand.granted("a") == 7.0
    stand.set_other(10.0)
    stand.run(300)
    assert stand.devices["a"].draw_a > 8.0
    stand.set_other(16.0)
    stand.run(60)
    # It is not held at what it takes nothing of: it pauses, and its room is others'.
    assert stand.granted("a") == 0.0
    stand.devices["a"].session = "two"
    stand.run(60)
    assert stand.granted("a") == 8.0


def test_sr14_a_car_that_stops_when_it_is_lowered_gets_back_what_it_needs() -> None:
    stand = choosy(9.0, "b")
    stand.devices["b"].plugged = False
    stand.run(700)
    assert stand.devices["a"].draw_a == 16.0
    stand.devices["b"].plugged = True
    stand.devices["b"].wants_a = 6.0
    stand.set_other(10.0)
    stand.run(40)
    stand.set_other(5.0)
    assert stand.devices["a"].draw_a == 0.0
    stand.run(400)
    assert stand.devices["a"].draw_a >= 9.0


def test_sr14_nobody_is_paused_for_a_trial() -> None:
    stand = choosy(10.0, "b", "c")
    stand.set_other(4.0)
    for _ in range(360):
        stand.tick()
        if 90 < len(stand.decisions) < 320:
            assert min(stand.granted(name) for name in "abc") >= 6.0
    stand.run(10)
    assert stand.decision.members["a"].asleep


def test_sr14_a_trial_asks_for_no_cut_of_its_own() -> None:
    """Who is woken with more than it has keeps what it has while others give way."""
    stand = choosy(14.0, "b")
    stand.run(230)
    stand.set_other(10.5)
    stand.run(5)
    assert stand.granted("a") >= 6.0


def test_sr14_the_sun_and_plans_are_not_asked_for_more() -> None:
    stand = choosy(10.0)
    stand.controller.wish("a", MemberWishes(mode=Mode.MINIMUM_SOLAR))
    orders = stand.orders(400)
    assert max(order.grant.current_a for order in orders) == 6.0


def test_sr14_a_car_that_only_slept_is_woken_with_what_it_had() -> None:
    stand = Stand(member("a"), member("b"), member("c"), other_a=5.0)
    device = stand.devices["a"]
    device.wants_a, device.charging = 0.0, ChargingStatus.SUSPENDED_BY_EV
    while OrderKind.START not in {order.kind for order in stand.tick().orders}:
        pass
    device.wants_a, device.charging = 16.0, None
    stand.run(120)
    stand.set_other(6.5)
    stand.run(60)
    assert stand.granted("a") == 6.0
    assert device.draw_a == 6.0


def test_sr14_a_full_car_is_offered_no_more_than_it_charged_with() -> None:
    appetite = Appetite()
    assert appetite.offer_for(2) == 10.0
    appetite.draw(0.0, 15.8, 16.0)
    assert appetite.offer_for(3) == 13.0
    appetite.lower(100.0, 16.0)
    # It is still on its way down: that proves nothing of the smaller grant.
    appetite.draw(110.0, 12.0, 7.0)
    assert appetite.offer_for(2) == 10.0
    appetite.draw(140.0, 2.0, 7.0)
    assert appetite.offer_for(2) == appetite.offer_for(3) == 7.0


def test_sr14_a_draw_below_what_was_learned_voids_it() -> None:
    appetite = Appetite()
    appetite.attempt(10.0)
    assert not appetite.draw(0.0, 9.8, 10.0)
    assert appetite.least_a == 10.0
    appetite.lower(10.0, 10.0)
    appetite.draw(20.0, 7.0, 7.0)
    assert appetite.least_a == 10.0
    appetite.draw(60.0, 6.8, 7.0)
    assert appetite.least_a == 0.0


@pytest.mark.parametrize(
    ("drew_a", "at_s", "stopped"), [(9.5, 20.0, True), (5.0, 20.0, False), (9.5, 60.0, False)]
)
def test_sr14_only_who_took_what_it_had_stops_for_being_lowered(
    drew_a: float, at_s: float, stopped: bool
) -> None:
    appetite = Appetite()
    appetite.draw(0.0, drew_a, 10.0)
    appetite.lower(5.0, 10.0)
    assert appetite.draw(at_s, 0.1, 7.0) is stopped
    assert appetite.offer_for(1) == 0.0
    assert appetite.offer_for(2) == 10.0
