"""A wish for a plan is changed in one respect and keeps the others."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from custom_components.ev_charger_pool.pool.departures import WEEK, Once, Repeating, Weekday
from custom_components.ev_charger_pool.pool.plans import PlanWish

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SEVEN = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
MONDAYS = Repeating(at=time(9, 0), weekdays=frozenset({Weekday.MONDAY}))


def test_a_time_of_its_own() -> None:
    wish = PlanWish(soc=90.0).ready_at(SEVEN, BERLIN)
    assert wish == PlanWish(soc=90.0, departure=Once(at=SEVEN))
    assert not wish.repeats


def test_one_that_repeats_keeps_its_days() -> None:
    wish = PlanWish(departure=MONDAYS).ready_at(SEVEN.replace(second=5), BERLIN)
    assert wish.departure == Repeating(at=time(7, 0), weekdays=MONDAYS.weekdays)
    assert wish.repeats


def test_once_and_again() -> None:
    wish = PlanWish(departure=Once(at=SEVEN)).repeating(BERLIN)
    assert wish.departure == Repeating(at=time(7, 0), weekdays=frozenset(WEEK))
    assert wish.repeating(BERLIN) is wish
    assert wish.once(NOW, BERLIN).departure == Once(at=SEVEN)
    assert wish.once(SEVEN, BERLIN).departure == Once(at=SEVEN.replace(day=22))


def test_without_a_departure_nothing_repeats() -> None:
    wish = PlanWish()
    assert wish.repeating(BERLIN) is wish
    assert wish.once(NOW, BERLIN) is wish
    never = PlanWish(departure=Repeating(at=time(7), weekdays=frozenset()))
    assert never.once(NOW, BERLIN).departure is None
