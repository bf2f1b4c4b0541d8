"""A weekly timetable is read as users type it, and followed by the clock on the wall."""

from datetime import datetime, timedelta
import re
from zoneinfo import ZoneInfo

import pytest

from custom_components.ev_charger_pool.pool.timetable import (
    TimetableError,
    least_power,
    parse,
    power_at,
)

MADRID = ZoneInfo("Europe/Madrid")
SPAIN = ("mon-fri 08:00-24:00 3450", "mon-fri 00:00-08:00 4.6 kW", "sat,sun 00:00-24:00 4600 W")
FRANCE = ("daily 22:30-06:30 9000",)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MADRID)


@pytest.mark.parametrize(
    ("at", "power_w"),
    [
        ("2026-03-02T07:59", 4_600.0),
        ("2026-03-02T08:00", 3_450.0),
        ("2026-03-02T23:59", 3_450.0),
        ("2026-03-03T00:00", 4_600.0),
        ("2026-03-07T12:00", 4_600.0),
        # Where the clock goes back, both hours are two o'clock.
        ("2026-10-25T02:30", 4_600.0),
    ],
)
def test_spanish_periods(at: str, power_w: float) -> None:
    assert power_at(parse(SPAIN), local(at)) == power_w


@pytest.mark.parametrize(
    ("at", "power_w"),
    [
        ("2026-03-02T22:29", None),
        ("2026-03-02T22:30", 9_000.0),
        ("2026-03-03T06:29", 9_000.0),
        ("2026-03-03T06:30", None),
    ],
)
def test_french_nights_go_over_midnight(at: str, power_w: float | None) -> None:
    assert power_at(parse(FRANCE), local(at)) == power_w


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    night = parse(["fri 23:00-05:00 1000"])
    assert power_at(night, local("2026-03-06T23:30")) == 1_000.0
    assert power_at(night, local("2026-03-07T04:59")) == 1_000.0
    assert power_at(night, local("2026-03-06T04:59")) is None


@pytest.mark.parametrize(
    ("at", "power_w"),
    [
        ("2026-03-02T09:45", None),
        ("2026-03-02T10:00", 2_000.0),
        ("2026-03-02T10:15", 1_000.0),
        ("2026-03-02T10:30", 2_000.0),
        # A quarter ends where the next one begins.
        ("2026-03-02T10:45", 2_000.0),
        ("2026-03-02T11:00", None),
        ("2026-03-02T23:45", 3_000.0),
        ("2026-03-03T00:00", 3_000.0),
        ("2026-03-03T00:15", None),
    ],
)
def test_the_least_within_a_quarter_counts_for_all_of_it(at: str, power_w: float | None) -> None:
    entries = parse(["daily 10:05-11:00 2000", "daily 10:20-10:25 1000", "mon 23:50-00:10 3000"])
    assert least_power(entries, local(at), timedelta(minutes=15)) == power_w


def test_the_least_of_several_counts() -> None:
    entries = parse(["daily 00:00-24:00 5000", "sun-mon 10:00-12:00 2000"])
    assert power_at(entries, local("2026-03-01T11:00")) == 2_000.0
    assert power_at(entries, local("2026-03-02T11:00")) == 2_000.0
    assert power_at(entries, local("2026-03-03T11:00")) == 5_000.0


def test_empty_lines_are_left_out() -> None:
    assert parse(["", "  "]) == ()
    assert power_at((), local("2026-03-01T11:00")) is None


@pytest.mark.parametrize(
    "line",
    [
        "4600",
        "mon-fri 4600",
        "mon-fry 08:00-24:00 4600",
        "mon-fri,lun 08:00-24:00 4600",
        "mon- 08:00-24:00",
        ",mon 08:00-24:00 100",
        "mon 08:00-24:01 4600",
        "mon 24:00-08:00 4600",
        "mon 08:60-09:00 4600",
        "mon 08:00-08:00 4600",
        "mon 08:00-09:00 0",
        "mon 08:00-09:00 -5",
        "mon 08:00-09:00 20 A",
        "mon 8-9 4600",
    ],
)
def test_a_wrong_line_is_named(line: str) -> None:
    with pytest.raises(TimetableError, match=re.escape(line)):
        parse(["daily 00:00-24:00 1", line])
