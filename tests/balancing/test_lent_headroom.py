"""Lent headroom: who takes less than it may lends the rest, and gets it back."""

from dataclasses import dataclass
from datetime import datetime

import pytest

from custom_components.ev_charger_pool.balancing.headroom import SPARE_A, WATCHED_S, Headroom
from custom_components.ev_charger_pool.balancing.wake import DONE_S, LONGEST_SLEEP_S, Wake
from custom_components.ev_charger_pool.pool.members import MemberWishes, OrderKind
from custom_components.ev_charger_pool.pool.quantities import Phase
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.pool.states import ChargingStatus

from .stand import Device, Stand, circuit, member
from .test_sr13_supplies import PER_AMP, supply

LEFT_A = 24.5
"""What members may have together in these tests: 25 A less the margin."""


@dataclass
class HalfFull(Device):
    """A supply whose battery takes the current that it is told, at less than the full voltage."""

    share: float = 0.7

    def advance(self, now: datetime) -> None:
        self.draw_a = self.share * min(self.told_a, self.wants_a) if self.plugged else 0.0


@dataclass
class Modest(Device):
    """A car that takes a little less than it may."""

    def advance(self, now: datetime) -> None:
        self.draw_a = 0.97 * self.told_a - 0.4 if self.told_a >= 6.0 else 0.0


def supply_and_car() -> tuple[Stand, HalfFull]:
    stand = Stand(supply(max_current_a=20.0, measures_current=True), member("car"), other_a=0.0)
    device = HalfFull(stand.devices["dc"].settings, change={"demand_w": 20.0 * PER_AMP})
    stand.devices["dc"] = device
    return stand, device


def test_a_supply_at_a_low_voltage_presses_against_its_grant() -> None:
    """It draws 70 % of any grant: less of it is not what it needs, it is what it is left."""
    stand, _ = supply_and_car()
    stand.run(1_800)
    assert stand.granted("car") == pytest.approx(LEFT_A / 2, abs=1.0)
    assert stand.granted("dc") == pytest.approx(LEFT_A / 2, abs=1.0)
    stand.devices["car"].plugged = False
    stand.run(120)
    assert stand.granted("dc") == 20.0


def test_a_supply_whose_battery_takes_less_and_less_lends_the_rest() -> None:
    stand, device = supply_and_car()
    stand.run(300)
    device.wants_a = 4.0
    stand.run(300)
    # It draws 2.8 A of what 4 A would be, and keeps as much as shows that it wants more.
    assert 4.0 <= stand.granted("dc") <= 4.0 + SPARE_A
    assert stand.granted("car") == 16.0
    device.wants_a = 20.0
    stand.run(300)
    assert stand.granted("dc") == pytest.approx(LEFT_A / 2, abs=1.0)


def test_what_a_supply_needs_counts_as_its_grant_counts() -> None:
    headroom = Headroom()
    headroom.use(0.5)
    headroom.use(0.4)
    headroom.change(0.0)
    headroom.draw(WATCHED_S, 9.5)
    assert headroom.needed_a(WATCHED_S, 20.0) is None
    assert headroom.needed_a(WATCHED_S, 30.0) == 19.0 + SPARE_A


def two_cars(wants_a: float = 16.0) -> Stand:
    """Two cars that share 24.5 A; the first one is done after a quarter of an hour."""
    stand = Stand(member("done"), member("other"), other_a=0.0)
    stand.devices["other"].wants_a = wants_a
    stand.run(900)
    finish(stand)
    return stand


def finish(stand: Stand, name: str = "done") -> None:
    stand.devices[name].wants_a = 0.0
    stand.devices[name].charging = ChargingStatus.SUSPENDED_BY_EV


def test_a_car_that_is_done_leaves_its_least_current_to_who_can_use_it() -> None:
    stand = Stand(member("done"), member("other", max_current_a=32.0), other_a=0.0)
    stand.run(900)
    finish(stand)
    stand.run(DONE_S - 30.0)
    assert stand.granted("done") == 6.0
    assert stand.granted("other") == 18.0
    stand.run(90)
    assert stand.granted("done") == 0.0
    assert stand.reason("done") is ReasonKind.ASLEEP
    assert stand.decision.members["done"].asleep
    assert stand.granted("other") == 24.0


def test_a_car_that_is_done_keeps_its_least_current_while_nobody_needs_it() -> None:
    stand = two_cars(wants_a=16.0)
    stand.run(2 * 3_600)
    assert stand.granted("other") == 16.0
    assert stand.granted("done") == 6.0


def lent() -> Stand:
    stand = Stand(member("done"), member("other", max_current_a=32.0), other_a=0.0)
    stand.run(900)
    finish(stand)
    while stand.granted("done") > 0.0:
        stand.tick()
    return stand


def test_who_lent_its_least_current_is_asked_again_after_a_turn() -> None:
    stand = lent()
    stand.run(1_790)
    assert stand.granted("done") == 0.0
    starts = stand.orders(60)
    assert stand.granted("done") == 6.0
    assert OrderKind.START not in {order.kind for order in starts}
    stand.devices["done"].wants_a = 16.0
    stand.devices["done"].charging = None
    stand.run(180)
    assert stand.granted("done") == 12.0
    assert stand.granted("other") == 12.0


def test_who_is_asked_in_vain_sleeps_on_for_twice_as_long() -> None:
    stand = lent()
    stand.run(1_800 + 360)
    assert stand.granted("done") == 0.0
    assert stand.decision.members["done"].asleep
    stand.run(3_500)
    assert stand.granted("done") == 0.0
    stand.run(150)
    assert stand.granted("done") == 6.0


def test_a_wish_gives_it_back_at_once() -> None:
    stand = lent()
    stand.controller.wish("done", MemberWishes(minimum_current_a=7.0))
    stand.run(30)
    assert stand.granted("done") >= 7.0


def test_only_as_many_lend_as_are_needed() -> None:
    stand = Stand(
        *(member(name) for name in ("one", "two")), member("other", max_current_a=20.0), other_a=0.0
    )
    stand.devices["other"].wants_a = 14.0
    stand.run(900)
    finish(stand, "one")
    stand.run(60)
    finish(stand, "two")
    stand.run(900)
    # 12.5 A are left beside two, 18.5 A beside one.
    assert stand.granted("one") == 0.0
    assert stand.granted("two") == 6.0
    assert stand.granted("other") >= 14.0


def test_nobody_lends_what_nobody_else_can_have() -> None:
    """Its fail-safe current is committed at any grant (SR-2)."""
    stand = Stand(member("done", fail_safe_a=6.0), member("other", max_current_a=32.0), other_a=0.0)
    stand.run(900)
    finish(stand)
    stand.run(900)
    assert stand.granted("done") == 6.0


def test_nobody_lends_on_a_phase_that_nobody_is_short_of() -> None:
    stand = Stand(
        member("done", phases=(Phase.L3,)),
        member("other", phases=(Phase.L1,), max_current_a=32.0),
        other_a=0.0,
    )
    stand.run(900)
    finish(stand)
    stand.run(900)
    assert stand.granted("other") == 24.0
    assert stand.granted("done") >= 6.0


def test_the_times_between_two_questions_double_up_to_two_hours() -> None:
    wake, at_s, asked = Wake(), 0.0, []
    wake.lend(at_s)
    for _ in range(5):
        slept_s = at_s
        while wake.asleep:
            at_s += 60.0
            wake.look(at_s)
        asked.append(at_s - slept_s)
        wake.resume(at_s)
        while not wake.asleep:
            at_s += 60.0
            wake.attempt(at_s)
    assert asked == [1_800.0, 3_600.0, LONGEST_SLEEP_S, LONGEST_SLEEP_S, LONGEST_SLEEP_S]


def test_a_car_that_takes_a_little_less_than_it_may_gets_back_what_a_long_peak_took() -> None:
    """97 % of its grant and 0.4 A less: it takes all that it may."""
    stand = Stand(member("a", max_current_a=32.0), circuits=(circuit(40.0),), other_a=0.0)
    device = Modest(stand.devices["a"].settings)
    stand.devices["a"] = device
    stand.run(300)
    assert stand.granted() == 32.0
    stand.set_other(14.0)
    stand.run(300)
    assert 24.0 <= stand.granted() <= 26.0
    stand.set_other(0.0)
    stand.run(200)
    assert stand.granted() == 32.0
