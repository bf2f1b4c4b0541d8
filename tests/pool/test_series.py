"""A series of values over time, also on the days when the clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.pool.series import (
    QUARTER,
    Point,
    PricePerKwhSeries,
    Series,
    SolarWattsSeries,
    Span,
    day_span,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def hourly(*values: float, start: datetime = NOON) -> tuple[Point, ...]:
    return tuple(
        Point(start=start + index * HOUR, end=start + (index + 1) * HOUR, value=value)
        for index, value in enumerate(values)
    )


def prices(*values: float) -> PricePerKwhSeries:
    return PricePerKwhSeries(points=hourly(*values), currency="EUR")


def test_a_value_holds_from_its_start_up_to_its_end() -> None:
    series = prices(0.1, 0.2)
    assert series.value_at(NOON) == 0.1
    assert series.value_at(NOON + HOUR - timedelta(microseconds=1)) == 0.1
    assert series.value_at(NOON + HOUR) == 0.2
    assert series.value_at(NOON + 2 * HOUR) is None
    assert series.value_at(NOON - timedelta(microseconds=1)) is None
    assert (series.starts_at, series.ends_at) == (NOON, NOON + 2 * HOUR)


def test_an_empty_series_knows_nothing() -> None:
    series = Series()
    assert (series.starts_at, series.ends_at) == (None, None)
    assert series.value_at(NOON) is None
    assert series.gaps(NOON, NOON + HOUR) == (Span(start=NOON, end=NOON + HOUR),)
    assert series.integral(NOON, NOON + HOUR) is None


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ((Point(start=NOON, end=NOON, value=1.0),), "ends before it starts"),
        ((Point(start=NOON, end=NOON + HOUR, value=float("nan")),), "no finite value"),
        ((Point(start=NOON.replace(tzinfo=None), end=NOON, value=1.0),), "not in UTC"),
        ((Point(start=NOON, end=(NOON + HOUR).astimezone(AMSTERDAM), value=1.0),), "not in UTC"),
        (tuple(reversed(hourly(1.0, 2.0))), "begins before"),
        ((*hourly(1.0), Point(start=NOON + HOUR / 2, end=NOON + 2 * HOUR, value=1.0)), "begins"),
    ],
)
def test_what_is_no_series_is_refused(points: tuple[Point, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Series(points=points)


def test_gaps_are_told_before_between_and_after() -> None:
    one, _, other = hourly(1.0, 2.0, 3.0)
    series = Series(points=(one, other))
    start, end = NOON - HOUR, NOON + 4 * HOUR
    assert series.gaps(start, end) == (
        Span(start=start, end=NOON),
        Span(start=NOON + HOUR, end=NOON + 2 * HOUR),
        Span(start=NOON + 3 * HOUR, end=end),
    )
    assert not series.covers(start, end)
    assert series.covers(NOON + HOUR / 4, NOON + HOUR)
    assert series.gaps(NOON, NOON + HOUR) == ()


def test_an_integral_weighs_each_value_with_its_hours() -> None:
    series = prices(0.1, 0.4)
    half = HOUR / 2
    assert series.integral(NOON + half, NOON + HOUR + half / 2) == pytest.approx(0.05 + 0.1)
    assert series.mean(NOON + half, NOON + HOUR + half) == pytest.approx(0.25)
    assert series.integral(NOON + HOUR, NOON + 3 * HOUR) is None
    assert series.mean(NOON, NOON) is None


def test_energy_of_the_sun_counts_the_night_as_nothing() -> None:
    series = SolarWattsSeries(points=hourly(1_000.0, 500.0))
    assert series.energy_wh(NOON - 10 * HOUR, NOON + 10 * HOUR) == pytest.approx(1_500.0)
    assert series.energy_wh(NOON + HOUR / 2, NOON + 3 * HOUR / 2) == pytest.approx(750.0)


def test_two_arrays_give_together_what_each_gives() -> None:
    east = SolarWattsSeries(points=hourly(1_000.0, 500.0))
    west = SolarWattsSeries(points=hourly(200.0, 800.0, start=NOON + HOUR / 2))
    both = east.plus(west)
    assert both.value_at(NOON) == 1_000.0
    assert both.value_at(NOON + HOUR / 2) == 1_200.0
    assert both.value_at(NOON + 9 * HOUR / 4) == 800.0
    start, end = NOON - HOUR, NOON + 5 * HOUR
    assert both.energy_wh(start, end) == pytest.approx(
        east.energy_wh(start, end) + west.energy_wh(start, end)
    )


@pytest.mark.parametrize(
    ("day", "quarters"),
    [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100), (date(2026, 11, 20), 96)],
)
def test_a_day_has_as_many_quarters_as_the_clock_shows(day: date, quarters: int) -> None:
    assert day_span(day, AMSTERDAM).duration == quarters * QUARTER


DAYS = st.dates(date(2000, 1, 1), date(2037, 12, 31))
ZONES = st.sampled_from(
    ["Europe/Amsterdam", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
).map(ZoneInfo)


@given(day=DAYS, zone=ZONES)
def test_the_days_follow_each_other_without_a_gap(day: date, zone: ZoneInfo) -> None:
    here, there = day_span(day, zone), day_span(day + timedelta(days=1), zone)
    assert here.end == there.start
    assert here.start.astimezone(zone).date() == day


@st.composite
def solar(draw: st.DrawFn) -> SolarWattsSeries:
    at, points = NOON, []
    for _ in range(draw(st.integers(1, 8))):
        at += timedelta(minutes=draw(st.integers(0, 50)))
        end = at + timedelta(minutes=draw(st.integers(1, 90)))
        value = draw(st.floats(0, 10_000))
        points.append(Point(start=at, end=end, value=value))
        at = end
    return SolarWattsSeries(points=tuple(points))


@given(series=solar(), cut=st.integers(0, 600))
def test_energy_of_two_parts_is_that_of_the_whole(series: SolarWattsSeries, cut: int) -> None:
    start, end = NOON - HOUR, NOON + 30 * HOUR
    middle = start + timedelta(minutes=cut)
    parts = series.energy_wh(start, middle) + series.energy_wh(middle, end)
    assert parts == pytest.approx(series.energy_wh(start, end))
    missing = sum((gap.duration for gap in series.gaps(start, end)), timedelta(0))
    known = sum((point.end - point.start for point in series.within(start, end)), timedelta(0))
    assert missing + known == end - start


@given(one=solar(), other=solar())
def test_the_sum_does_not_depend_on_the_order(
    one: SolarWattsSeries, other: SolarWattsSeries
) -> None:
    assert one.plus(other) == other.plus(one)
