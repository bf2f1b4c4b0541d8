"""Modes are policies: each shapes what a member may have, from the second on that it is chosen."""

from datetime import timedelta

import pytest

from custom_components.ev_charger_pool.pool.limits import Limit, LimitUnit
from custom_components.ev_charger_pool.pool.members import MemberWishes, Mode
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.pool.schedules import Schedule, Slot

from .stand import member
from .sunny import MINUTE, Sunny, one_phase


def slot(stand: Sunny, from_s: float, until_s: float, power_w: float) -> Slot:
    return Slot(
        from_at=stand.now + timedelta(seconds=from_s),
        until_at=stand.now + timedelta(seconds=until_s),
        power_w=power_w,
    )


def test_off_pauses_at_once_and_fast_starts_at_once() -> None:
    stand = Sunny(one_phase(), mode=Mode.FAST)
    stand.run(MINUTE)
    assert stand.granted() == 16.0
    stand.want("a", Mode.OFF)
    stand.tick()
    assert stand.granted() == 0.0
    assert stand.reason() is ReasonKind.USER
    stand.want("a", Mode.FAST)
    stand.run(15)
    assert stand.granted() > 0.0


def test_fast_does_not_wait_for_the_pause_of_another_mode() -> None:
    stand = Sunny(one_phase(), mode=Mode.FAST)
    stand.run(MINUTE)
    stand.want("a", Mode.SOLAR)
    stand.tick()
    assert stand.granted() == 0.0, "there is no sun"
    stand.run(20)
    stand.want("a", Mode.FAST)
    stand.run(15)
    assert stand.granted() > 0.0


@pytest.mark.parametrize("surplus_w", [1_000.0, -3_000.0])
def test_solar_without_enough_sun_pauses_at_once_though_it_just_started(surplus_w: float) -> None:
    stand = Sunny(one_phase(), mode=Mode.FAST, surplus_w=surplus_w)
    stand.run(MINUTE)
    stand.want("a", Mode.SOLAR)
    stand.tick()
    assert stand.granted() == 0.0
    assert stand.reason() is ReasonKind.SOLAR


def test_solar_with_enough_sun_goes_on_without_a_pause() -> None:
    stand = Sunny(one_phase(), mode=Mode.FAST, surplus_w=2_000.0)
    stand.run(2 * MINUTE)
    stand.want("a", Mode.SOLAR)
    stand.run(10 * MINUTE)
    assert all(d.members["a"].granted_a > 0.0 for d in stand.decisions[-10 * MINUTE :])
    assert stand.granted() == 8.0


def test_minimum_solar_takes_its_minimum_at_night_and_more_by_day() -> None:
    stand = Sunny(one_phase(), mode=Mode.MINIMUM_SOLAR, surplus_w=-500.0)
    stand.run(2 * MINUTE)
    assert stand.granted() == 6.0
    stand.set_surplus(2_400.0)
    stand.run(2 * MINUTE)
    assert stand.granted() == 10.0
    stand.set_surplus(-500.0)
    stand.run(20)
    assert stand.granted() == 6.0
    stand.run(30 * MINUTE)
    assert stand.granted() == 6.0


def test_minimum_solar_keeps_the_minimum_that_its_user_finds_worth_it() -> None:
    stand = Sunny(one_phase(), surplus_w=0.0)
    stand.controller.wish("a", MemberWishes(mode=Mode.MINIMUM_SOLAR, minimum_current_a=8.0))
    stand.run(2 * MINUTE)
    assert stand.granted() == 8.0


def test_a_boost_charges_fast_and_ends_by_itself() -> None:
    stand = Sunny(one_phase(), surplus_w=0.0)
    stand.run(MINUTE)
    assert stand.granted() == 0.0
    stand.want("a", Mode.SOLAR, boost_s=90.5)
    stand.run(60)
    assert stand.granted() == 16.0
    stand.run(30)
    assert stand.decision.next_at == stand.now + timedelta(seconds=0.5)
    stand.run(1)
    assert stand.granted() == 0.0


def test_a_boost_does_not_wake_what_is_off() -> None:
    stand = Sunny(one_phase(), mode=Mode.OFF)
    stand.want("a", Mode.OFF, boost_s=600.0)
    stand.run(2 * MINUTE)
    assert stand.granted() == 0.0


def test_a_plan_charges_in_its_slots_only() -> None:
    stand = Sunny(member(), mode=Mode.PLAN)
    stand.controller.set_schedules(
        [
            Schedule(
                member="a",
                slots=(slot(stand, 60.0, 960.5, 6_900.0), slot(stand, 1_860.0, 2_760.0, 11_040.0)),
            )
        ]
    )
    stand.run(55)
    assert stand.granted() == 0.0
    assert stand.reason() is ReasonKind.PLAN
    stand.run(30)
    assert stand.granted() == 10.0
    assert stand.reason() is ReasonKind.PLAN
    stand.run(875)
    assert stand.decision.next_at == stand.now + timedelta(seconds=0.5)
    stand.run(1)
    assert stand.granted() == 0.0
    stand.run(900 + MINUTE)
    assert stand.granted() == 16.0


def planned(*slots: tuple[float, float]) -> Sunny:
    """A member that is planned at full power in slots of seconds from now."""
    stand = Sunny(member(), mode=Mode.PLAN)
    plan(stand, *slots)
    return stand


def plan(stand: Sunny, *slots: tuple[float, float]) -> None:
    stand.controller.set_schedules(
        [Schedule(member="a", slots=tuple(slot(stand, *times, 11_040.0) for times in slots))]
    )


def test_sr14_a_plan_that_moves_its_slot_ends_no_run_before_its_time() -> None:
    stand = planned((0.0, 900.0), (7_200.0, 9_000.0))
    stand.run(2 * MINUTE)
    assert stand.granted() == 16.0
    plan(stand, (7_000.0, 9_000.0))
    stand.run(440)
    assert stand.granted() == 6.0
    assert stand.reason() is ReasonKind.PLAN
    stand.run(100)
    assert stand.granted() == 0.0


def test_sr14_a_plan_does_not_pause_for_a_gap_shorter_than_a_pause() -> None:
    stand = planned((0.0, 1_200.0), (1_440.0, 3_000.0))
    stand.run(1_220)
    assert stand.granted() == 6.0
    stand.run(260)
    assert stand.granted() == 16.0


def test_sr14_what_is_left_of_a_wish_starts_no_run_of_seconds() -> None:
    stand = planned((0.0, 60.0))
    stand.run(70)
    assert stand.granted() == 6.0
    plan(stand)
    stand.run(500)
    assert stand.granted() == 6.0
    stand.run(100)
    assert stand.granted() == 0.0


def test_a_plan_that_is_done_ends_a_run_that_was_long_enough_at_once() -> None:
    stand = planned((0.0, 900.0))
    stand.run(899)
    assert stand.granted() == 16.0
    stand.run(2)
    assert stand.granted() == 0.0


def test_a_plan_goes_on_with_no_run_of_another_mode() -> None:
    stand = planned((0.0, 900.0), (7_200.0, 9_000.0))
    stand.run(60)
    stand.want("a", Mode.FAST)
    stand.run(MINUTE)
    plan(stand, (7_200.0, 9_000.0))
    stand.want("a", Mode.PLAN)
    stand.tick()
    assert stand.granted() == 0.0


def test_a_plan_is_rounded_up_so_that_it_is_kept() -> None:
    stand = Sunny(member(), mode=Mode.PLAN)
    stand.controller.set_schedules(
        [Schedule(member="a", slots=(slot(stand, 0.0, 3_600.0, 11_000.0),))]
    )
    stand.run(2 * MINUTE)
    assert stand.granted() == 16.0
    stand.controller.set_schedules(
        [Schedule(member="a", slots=(slot(stand, 0.0, 3_600.0, 1_000.0),))]
    )
    stand.run(2 * MINUTE)
    assert stand.granted() == 6.0, "less than its least current is no power it can run with"


def test_a_plan_without_a_schedule_pauses() -> None:
    stand = Sunny(member(), mode=Mode.PLAN)
    stand.run(2 * MINUTE)
    assert stand.granted() == 0.0
    assert stand.reason() is ReasonKind.PLAN


def test_limits_bind_every_mode() -> None:
    stand = Sunny(one_phase(), surplus_w=3_000.0)
    stand.controller.set_limits(
        [
            Limit(
                id="event",
                source=ReasonKind.DEMAND_RESPONSE,
                value=7.0,
                unit=LimitUnit.CURRENT,
                member="a",
            )
        ]
    )
    stand.run(5 * MINUTE)
    assert stand.granted() == 7.0
    assert stand.reason() is ReasonKind.DEMAND_RESPONSE


def test_a_limit_below_the_least_current_is_told_and_not_the_mode_before() -> None:
    """Who waited for the sun and is let run without it does not run for the limit's sake."""
    stand = Sunny(one_phase(), surplus_w=0.0)
    stand.run(2 * MINUTE)
    assert stand.reason() is ReasonKind.SOLAR
    limit = Limit(id="user", source=ReasonKind.USER, value=3.0, unit=LimitUnit.CURRENT, member="a")
    stand.controller.set_limits([limit])
    stand.want("a", Mode.MINIMUM_SOLAR)
    stand.run(MINUTE)
    assert stand.granted() == 0.0
    assert stand.reason() is ReasonKind.USER


def test_the_fuse_is_kept_whatever_the_sun_gives() -> None:
    stand = Sunny(one_phase(), surplus_w=9_000.0)
    stand.run(10 * MINUTE)
    assert stand.granted() == 16.0
    stand.set_other((30.0, -60.0, -60.0))
    stand.tick()
    stand.run(5)
    assert stand.load()[0] <= 35.0
