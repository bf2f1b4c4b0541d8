"""When a car has to be ready, on the clock on the wall, across both changes of the clock."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.pool.departures import (
    WEEK,
    Once,
    Repeating,
    Weekday,
    next_departure,
)

BERLIN = ZoneInfo("Europe/Berlin")
WORKDAYS = frozenset(WEEK[:5])
FRIDAY = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_one_departure_comes_once() -> None:
    once = Once(at=FRIDAY)
    assert next_departure(once, FRIDAY - timedelta(seconds=1), BERLIN) == FRIDAY
    assert next_departure(once, FRIDAY, BERLIN) is None


def test_on_workdays_only() -> None:
    plan = Repeating(at=time(7, 0), weekdays=WORKDAYS)
    monday = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
    assert next_departure(plan, FRIDAY, BERLIN) == monday
    assert next_departure(plan, monday, BERLIN) == monday + timedelta(days=1)


def test_later_today() -> None:
    plan = Repeating(at=time(18, 30), weekdays=frozenset({Weekday.FRIDAY}))
    today = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
    assert next_departure(plan, FRIDAY, BERLIN) == today
    assert next_departure(plan, today, BERLIN) == today + timedelta(days=7)


def test_no_day_is_never() -> None:
    assert next_departure(Repeating(at=time(7), weekdays=frozenset()), FRIDAY, BERLIN) is None


@pytest.mark.parametrize(
    ("after", "at", "expected"),
    [
        # Summer time begins: 02:30 is skipped.
        (
            datetime(2026, 3, 28, 12, tzinfo=UTC),
            time(2, 30),
            datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        ),
        # It ends: 02:30 comes twice, the first counts.
        (
            datetime(2026, 10, 24, 12, tzinfo=UTC),
            time(2, 30),
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        ),
        (
            datetime(2026, 10, 24, 12, tzinfo=UTC),
            time(7, 0),
            datetime(2026, 10, 25, 6, 0, tzinfo=UTC),
        ),
    ],
)
def test_the_clock_on_the_wall_counts(after: datetime, at: time, expected: datetime) -> None:
    plan = Repeating(at=at, weekdays=frozenset(WEEK))
    assert next_departure(plan, after, BERLIN) == expected


@given(
    after=st.datetimes(
        min_value=datetime(2026, 1, 1),  # noqa: DTZ001 - made aware below
        max_value=datetime(2027, 12, 31),  # noqa: DTZ001
    ),
    at=st.times(),
    weekdays=st.sets(st.sampled_from(WEEK), min_size=1),
)
def test_the_next_one_is_later_and_within_a_week(
    after: datetime, at: time, weekdays: set[Weekday]
) -> None:
    now = after.replace(tzinfo=UTC)
    plan = Repeating(at=at.replace(tzinfo=None), weekdays=frozenset(weekdays))
    found = next_departure(plan, now, BERLIN)
    assert found is not None
    assert timedelta(0) < found - now <= timedelta(days=7, hours=1)
    assert WEEK[found.astimezone(BERLIN).weekday()] in weekdays
