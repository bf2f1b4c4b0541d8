"""Times and lengths as sources write them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.ev_charger_pool.forecasts.times import parse_duration, parse_time

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    "raw",
    [
        NOON,
        NOON.astimezone(AMSTERDAM),
        "2026-11-20T12:00:00Z",
        "2026-11-20T12:00Z",
        "2026-11-20T13:00:00.0000000+01:00",
        "2026-11-20 13:00:00+01:00",
        "2026-11-20 13:00:00 +0100",
        "20261120T120000Z",
        " 2026-11-20T12:00:00.400Z ",
        "2026-11-20T12:00:01Z",
        "2026-11-20T11:59:59Z",
        1_795_176_000,
        1_795_176_000.0,
        1_795_176_000_000,
        1_795_176_000_000_000,
        "1795176000",
    ],
)
def test_a_moment_is_read_in_every_form(raw: object) -> None:
    read = parse_time(raw)
    assert read is not None
    assert read.astimezone(UTC) == NOON


@pytest.mark.parametrize(
    ("raw", "wall"),
    [
        ("2026-11-20T12:00", datetime(2026, 11, 20, 12)),  # noqa: DTZ001 - of the wall clock
        (date(2026, 11, 20), datetime(2026, 11, 20)),  # noqa: DTZ001
        ("2026-11-20", datetime(2026, 11, 20)),  # noqa: DTZ001
        ("20261120", datetime(2026, 11, 20)),  # noqa: DTZ001
    ],
)
def test_a_time_without_a_zone_stays_without(raw: object, wall: datetime) -> None:
    assert parse_time(raw) == wall


def test_a_time_within_a_minute_is_left_alone() -> None:
    at = NOON + timedelta(minutes=6, seconds=51)
    assert parse_time(at) == at


@pytest.mark.parametrize(
    "raw", [None, True, 0, 0.25, 52.1, "0.25", "noon", "1e999", [], "1999-12-31", "2100-01-01"]
)
def test_what_is_no_time(raw: object) -> None:
    assert parse_time(raw) is None


@pytest.mark.parametrize(
    ("raw", "minutes"),
    [
        (timedelta(minutes=30), 30),
        (15, 15),
        ("60", 60),
        ("PT15M", 15),
        ("pt1h", 60),
        ("PT0.5H", 30),
        ("P1D", 1_440),
        ("PT1H30M", 90),
        ("PT900S", 15),
    ],
)
def test_a_length_is_read_in_every_form(raw: object, minutes: int) -> None:
    assert parse_duration(raw) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "raw",
    [None, True, 0, -5, float("nan"), float("inf"), "", "P", "soon", "9" * 40, timedelta(0), "²"],
)
def test_what_is_no_length(raw: object) -> None:
    assert parse_duration(raw) is None
