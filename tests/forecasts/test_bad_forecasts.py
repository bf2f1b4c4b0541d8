"""What is wrong in a forecast is said and counted, and costs no more than itself."""

from datetime import UTC, datetime, timedelta
import math
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.forecasts import (
    CO2,
    PRICE,
    SOLAR,
    ForecastProblemKind,
    check_noon,
    check_reach,
    prices_expected_until,
    read_forecast,
)
from custom_components.ev_charger_pool.forecasts.tables import MOST_ROWS
from custom_components.ev_charger_pool.pool.series import SolarWattsSeries, day_span
from tests.forecasts import shapes
from tests.forecasts.shapes import AMSTERDAM, HOUR, QUARTER, TODAY, market, origin, starts

Kind = ForecastProblemKind
TOMORROW = TODAY + timedelta(days=1)
AMSTERDAM_LONGITUDE = 4.9


def prices(*values: object, start: datetime = shapes.NOW, step: timedelta = HOUR) -> dict[str, Any]:
    return {
        "prices": [
            {"start": start + index * step, "end": start + (index + 1) * step, "price": value}
            for index, value in enumerate(values)
        ],
        "unit_of_measurement": "EUR/kWh",
    }


def told(content: object, **known: Any) -> dict[ForecastProblemKind, tuple[int, str]]:
    reading = read_forecast([content], PRICE, origin(**known))
    return {one.kind: (one.count, one.sample) for one in reading.problems}


def values(content: object, **known: Any) -> list[float]:
    return [one.value for one in read_forecast([content], PRICE, origin(**known)).series.points]


@pytest.mark.parametrize(
    "bad", ["nan", float("nan"), float("inf"), "unavailable", True, {"x": 1}, 10**400, "", b"1"]
)
def test_a_value_that_is_no_number_costs_its_row(bad: object) -> None:
    content = prices(0.1, bad, 0.3)
    assert set(told(content)) == {Kind.VALUE_UNREADABLE}
    assert told(content)[Kind.VALUE_UNREADABLE][0] == 1
    assert values(content) == [0.1, 0.3]


def test_a_place_kept_for_what_is_not_known_yet_is_no_problem() -> None:
    content = prices(0.1, None, 0.3)
    assert told(content) == {}
    assert values(content) == [0.1, 0.3]


@pytest.mark.parametrize(
    "bad",
    ["yesterday", "", "13:00", 7, -1e30, 1e300, float("nan"), True, [], "99999999999999999999"],
)
def test_a_time_that_is_none_costs_its_row(bad: object) -> None:
    content = prices(0.1, 0.2, 0.3)
    content["prices"][1]["start"] = bad
    assert told(content)[Kind.TIME_UNREADABLE][0] == 1
    assert values(content) == [0.1, 0.3]


@pytest.mark.parametrize("bad", ["soon", shapes.NOW, shapes.NOW + HOUR, 5])
def test_an_end_that_is_not_after_the_start_costs_its_row(bad: object) -> None:
    content = prices(0.1, 0.2, 0.3)
    content["prices"][1]["end"] = bad
    assert told(content)[Kind.TIME_UNREADABLE][0] == 1
    assert values(content) == [0.1, 0.3]


@pytest.mark.parametrize(
    "late", [timedelta(seconds=1), timedelta(seconds=-1), timedelta(milliseconds=-1)]
)
def test_a_second_more_or_less_leaves_no_gap(late: timedelta) -> None:
    content = prices(0.1, 0.2)
    content["prices"][0]["end"] += late
    reading = read_forecast([content], PRICE, origin())
    assert reading.problems == ()
    assert reading.series.covers(shapes.NOW, shapes.NOW + 2 * HOUR)


def test_a_row_that_is_there_twice_counts_once() -> None:
    content = prices(0.1, 0.2)
    content["prices"].append({**content["prices"][0], "price": 0.7})
    assert told(content) == {Kind.DUPLICATE: (1, shapes.NOW.isoformat())}
    assert values(content) == [0.1, 0.2]


def test_a_row_that_reaches_into_the_next_ends_there() -> None:
    content = prices(0.1, 0.2, 0.3)
    content["prices"][0]["end"] += HOUR / 2
    assert set(told(content)) == {Kind.OVERLAP}
    assert values(content) == [0.1, 0.2, 0.3]


def test_what_is_around_a_shorter_row_is_kept() -> None:
    content = prices(0.1)
    content["prices"][0]["end"] += 3 * HOUR
    content["prices"].append(
        {"start": shapes.NOW + HOUR, "end": shapes.NOW + 2 * HOUR, "price": 0.5}
    )
    reading = read_forecast([content], PRICE, origin())
    assert [(one.start - shapes.NOW, one.value) for one in reading.series.points] == [
        (timedelta(0), 0.1),
        (HOUR, 0.5),
        (2 * HOUR, 0.1),
    ]
    assert [one.kind for one in reading.problems] == [Kind.OVERLAP]


def test_negative_prices_are_prices() -> None:
    content = prices(-0.5, -0.01, 0.2)
    assert told(content) == {}
    assert values(content) == [-0.5, -0.01, 0.2]


def test_a_single_impossible_price_is_left_out() -> None:
    content = prices(0.1, 0.2, 0.3, 5_000, 0.2, 0.1)
    assert told(content) == {Kind.IMPLAUSIBLE: (1, "5000")}
    assert values(content) == [0.1, 0.2, 0.3, 0.2, 0.1]


def test_prices_per_mwh_that_say_per_kwh_are_not_used_at_all() -> None:
    content = prices(*(round(market(at) * 1_000, 2) for at in starts(TODAY)))
    assert set(told(content)) == {Kind.UNIT_DOUBTFUL}
    assert values(content) == []


def test_the_named_unit_puts_it_right() -> None:
    content = prices(*(round(market(at) * 1_000, 2) for at in starts(TODAY)))
    assert told(content, unit="EUR/MWh") == {}
    assert values(content, unit="EUR/MWh") == pytest.approx(
        [market(at) for at in starts(TODAY)], abs=1e-5
    )


def test_a_unit_of_each_currency_has_its_own_limit() -> None:
    content = prices(45.0, 60.0, 38.0)
    assert told(content, unit="HUF/kWh") == {}
    assert set(told(content, unit="EUR/kWh")) == {Kind.UNIT_DOUBTFUL}


@pytest.mark.parametrize("unit", ["", "kWh", "EUR", "EUR/h", "bananas/kWh", "°C"])
def test_a_unit_that_is_none_is_said(unit: str) -> None:
    content = {**prices(0.1, 0.2), "unit_of_measurement": unit}
    reading = read_forecast([content], PRICE, origin())
    assert not reading.is_usable
    assert [(one.kind, one.count, one.sample) for one in reading.problems] == [
        (Kind.UNIT_UNKNOWN, 2, unit)
    ]


def test_two_currencies_are_not_mixed() -> None:
    content = prices(0.1, 0.2)
    content["prices"][1]["unit"] = "SEK/kWh"
    assert told(content) == {Kind.SEVERAL: (1, "EUR / SEK")}
    assert values(content) == [0.1]


def test_one_row_without_an_end_has_no_length() -> None:
    content = {"prices": [{"start": shapes.NOW, "price": 0.1}], "unit_of_measurement": "EUR/kWh"}
    assert told(content) == {Kind.LENGTH_UNKNOWN: (1, shapes.NOW.isoformat())}
    assert values(content) == []


def test_a_missing_row_is_a_gap_and_no_longer_row() -> None:
    rows = [{"time": at.isoformat(), "price": 0.1} for at in starts(TODAY)]
    del rows[12]
    reading = read_forecast([{"prices": rows}], PRICE, origin(unit="EUR/kWh"))
    assert reading.problems == ()
    noon = starts(TODAY)[12].astimezone(UTC)
    day = day_span(TODAY, AMSTERDAM)
    assert [(gap.start, gap.end) for gap in reading.series.gaps(day.start, day.end)] == [
        (noon, noon + HOUR)
    ]


def test_hours_may_follow_quarters() -> None:
    at = [*starts(TODAY, QUARTER), *starts(TOMORROW)]
    rows = [{"time": one.isoformat(), "price": 0.1} for one in at]
    reading = read_forecast([{"prices": rows}], PRICE, origin(unit="EUR/kWh"))
    lengths = [point.end - point.start for point in reading.series.points]
    assert lengths == [QUARTER] * 96 + [HOUR] * 24


@pytest.mark.parametrize(
    "content", [None, 7, "text", [], {}, [[]], {"prices": None}, {"prices": []}, [None, 3]]
)
def test_what_is_no_forecast_is_said(content: object) -> None:
    assert set(told(content, unit="EUR/kWh")) == {Kind.NOTHING_FOUND}


def test_more_rows_than_anybody_forecasts_are_left_out() -> None:
    long = [[1.7e9 + index * 60, 0.1] for index in range(MOST_ROWS)]
    content = {"prices": long, "forecast": [[1.9e9, 0.1], [1.9e9 + 3600, 0.1]]}
    assert told(content, unit="EUR/kWh") == {Kind.TOO_MANY: (2, "forecast")}
    assert len(values(content, unit="EUR/kWh")) == MOST_ROWS


def test_content_that_holds_itself_does_no_harm() -> None:
    content: list[Any] = []
    content.append(content)
    assert set(told({"prices": content}, unit="EUR/kWh")) == {Kind.NOTHING_FOUND}


@pytest.mark.parametrize("bad", [-50, 9_000])
def test_impossible_intensities_are_left_out(bad: float) -> None:
    content = shapes.electricity_maps()
    content["forecast"][3]["carbonIntensity"] = bad
    reading = read_forecast([content], CO2, origin())
    assert [(one.kind, one.count) for one in reading.problems] == [(Kind.IMPLAUSIBLE, 1)]
    assert len(reading.series.points) == 23


def test_a_consumption_is_no_sun() -> None:
    content = {"watts": {at.isoformat(): -800 for at in starts(TODAY)}}
    reading = read_forecast([content], SOLAR, origin())
    assert [one.kind for one in reading.problems] == [Kind.UNIT_DOUBTFUL]


def test_energy_since_the_morning_is_no_energy_of_an_hour() -> None:
    total = {at.isoformat(): 500 * index for index, at in enumerate(starts(TODAY))}
    reading = read_forecast([{"watt_hours": total}], SOLAR, origin())
    assert [one.kind for one in reading.problems] == [Kind.NOTHING_FOUND]


# Prices that end


def at_local(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 20, hour, minute, tzinfo=AMSTERDAM).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "tomorrow", "until"),
    [
        (at_local(9), False, None),
        (at_local(14, 59), False, None),
        (at_local(15), False, "2026-11-21T00:00+01:00"),
        (at_local(15), True, None),
        (at_local(23, 30), False, "2026-11-21T00:00+01:00"),
    ],
)
def test_prices_missing_for_tomorrow_are_said_once_they_should_be_there(
    now: datetime, tomorrow: bool, until: str | None
) -> None:
    content = shapes.nordpool_custom(tomorrow=tomorrow)
    reading = read_forecast([content], PRICE, origin(written_at=now))
    assert reading.problems == ()
    problem = check_reach(reading.series, now, AMSTERDAM)
    assert (None if problem is None else problem.sample) == until


def test_a_gap_before_the_end_is_said_too() -> None:
    content = shapes.nordpool_custom()
    del content["raw_today"][80:84]
    content["today"] = []
    reading = read_forecast([content], PRICE, origin())
    problem = check_reach(reading.series, shapes.NOW, AMSTERDAM)
    assert problem is not None
    assert (problem.kind, problem.sample) == (Kind.ENDS_EARLY, "2026-11-20T20:00+01:00")


def test_the_market_ends_its_day_before_lisbon_does() -> None:
    lisbon = ZoneInfo("Europe/Lisbon")
    content = shapes.nordpool_custom()
    reading = read_forecast([content], PRICE, origin(lisbon))
    assert check_reach(reading.series, shapes.NOW + HOUR, lisbon) is None


@given(now=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds have none
def test_prices_are_never_expected_beyond_tomorrow(now: datetime) -> None:
    until = prices_expected_until(now, AMSTERDAM)
    assert now - HOUR <= until <= now + timedelta(hours=34)


# The sun in a wrong zone


def sunny(noon_utc_h: float) -> SolarWattsSeries:
    content = {
        "watts": {
            at.astimezone(UTC).isoformat(): shapes.sun(at, noon_utc_h=noon_utc_h)
            for at in starts(TODAY, HOUR / 2, days=2, zone=ZoneInfo("UTC"))
        }
    }
    reading = read_forecast([content], SOLAR, origin())
    assert reading.problems == ()
    return reading.series


@pytest.mark.parametrize("off_h", [-3, -1, 0, 1, 3])
def test_a_sun_near_noon_is_right_also_to_the_east_and_west(off_h: float) -> None:
    assert check_noon(sunny(12 - AMSTERDAM_LONGITUDE / 15 + off_h), AMSTERDAM_LONGITUDE) is None


@pytest.mark.parametrize(("off_h", "sample"), [(-5, "-5.0"), (5, "+5.0"), (8, "+8.0")])
def test_a_sun_far_from_noon_is_in_a_wrong_zone(off_h: float, sample: str) -> None:
    problem = check_noon(sunny(12 - AMSTERDAM_LONGITUDE / 15 + off_h), AMSTERDAM_LONGITUDE)
    assert problem is not None
    assert problem.kind is Kind.ZONE_DOUBTFUL
    assert float(problem.sample) == pytest.approx(float(sample), abs=0.6)


def test_local_times_of_sydney_that_say_utc_are_seen() -> None:
    longitude = 151.2
    # Noon of the sun is at 11:55 of the clock, which here claims to be of UTC.
    assert check_noon(sunny(11.9), longitude) is not None
    assert check_noon(sunny(12 - longitude / 15), longitude) is None


def test_what_is_left_of_today_tells_nothing() -> None:
    whole = sunny(11.67)
    afternoon = SolarWattsSeries(
        points=tuple(
            point for point in whole.points if point.start.hour >= 12 and point.start.day == 20
        )
    )
    assert max(point.value for point in afternoon.points) > 1_000
    assert check_noon(afternoon, -90.0) is None
    assert check_noon(SolarWattsSeries(), AMSTERDAM_LONGITUDE) is None


def test_the_real_shapes_have_their_sun_at_noon() -> None:
    for content in (shapes.solcast(), shapes.open_meteo(), shapes.forecast_solar()):
        series = read_forecast([content], SOLAR, origin()).series
        assert check_noon(series, AMSTERDAM_LONGITUDE) is None
        assert check_noon(series, AMSTERDAM_LONGITUDE + 120) is not None


# Whatever it is

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["2026-11-20T12:00:00Z", "2026-10-25 02:30", 1.78e9, 1.78e12, "PT15M", "0,5"])
    | st.datetimes(timezones=st.sampled_from([None, UTC, AMSTERDAM])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "start",
                    "end",
                    "price",
                    "value",
                    "unit",
                    "period",
                    "time",
                    "prices",
                    "today",
                    "pv_estimate",
                ]
            )
            | st.text(max_size=6),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(contents=st.lists(JSON, max_size=3), quantity=st.sampled_from([PRICE, CO2, SOLAR]))
def test_no_content_can_do_harm(contents: list[object], quantity: Any) -> None:
    reading = read_forecast(contents, quantity, origin(unit="EUR/kWh"))
    assert all(math.isfinite(point.value) for point in reading.series.points)
    assert reading.series.points or reading.problems or not contents or reading.is_usable is False
    assert all(one.count >= 1 and len(one.sample) <= 80 for one in reading.problems)


DAYS = st.dates(datetime(2020, 1, 1).date(), datetime(2037, 12, 30).date())  # noqa: DTZ001 - of the wall clock
ZONES = st.sampled_from(
    ["Europe/Amsterdam", "Europe/London", "America/New_York", "Australia/Sydney"]
)


@given(day=DAYS, name=ZONES, step=st.sampled_from([HOUR, HOUR / 2, QUARTER]), data=st.data())
def test_every_day_comes_back_from_the_wall_clock(
    day: Any, name: str, step: timedelta, data: st.DataObject
) -> None:
    zone = ZoneInfo(name)
    slots = starts(day, step, zone=zone)
    bad = data.draw(st.sets(st.integers(0, len(slots) - 1), max_size=3))
    rows = [
        {"start": at.strftime("%Y-%m-%d %H:%M"), "price": "NaN" if index in bad else index / 1_000}
        for index, at in enumerate(slots)
    ]
    reading = read_forecast([{"prices": rows}], PRICE, origin(zone, unit="EUR/kWh"))
    good = [index for index in range(len(slots)) if index not in bad]
    assert [point.start for point in reading.series.points] == [
        slots[index].astimezone(UTC) for index in good
    ]
    assert {point.end - point.start for point in reading.series.points} == {step}
    assert [point.value for point in reading.series.points] == [index / 1_000 for index in good]
    assert sum(one.count for one in reading.problems) == len(bad)
