"""Every shape that a forecast comes in is read into the same series."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.ev_charger_pool.forecasts import (
    CO2,
    PRICE,
    SOLAR,
    ForecastProblemKind,
    read_forecast,
)
from custom_components.ev_charger_pool.pool.series import day_span
from tests.forecasts import shapes
from tests.forecasts.shapes import AMSTERDAM, HOUR, QUARTER, TODAY, market, origin, starts, sun

TOMORROW = TODAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("contents", "unit", "step", "currency", "scale"),
    [
        pytest.param([shapes.nordpool_custom()], "", QUARTER, "EUR", 1, id="nordpool custom"),
        pytest.param(
            [shapes.nordpool_action(TODAY), shapes.nordpool_action(TOMORROW)],
            "EUR/MWh",
            QUARTER,
            "EUR",
            1,
            id="nordpool action",
        ),
        pytest.param([shapes.tibber_action()], "EUR/kWh", QUARTER, "EUR", 1, id="tibber action"),
        pytest.param([shapes.epex_old()], "", HOUR, "EUR", 1, id="epex old"),
        pytest.param([shapes.epex_new()], "", QUARTER, "EUR", 1, id="epex new"),
        pytest.param([shapes.entsoe()], "", HOUR, "EUR", 1, id="entso-e"),
        pytest.param([shapes.awattar()], "", HOUR, "EUR", 1, id="awattar"),
        pytest.param([shapes.energy_charts()], "", QUARTER, "EUR", 1, id="energy-charts"),
        pytest.param([shapes.energyzero_action()], "EUR/kWh", HOUR, "EUR", 1, id="energyzero"),
        pytest.param([shapes.easyenergy_action()], "EUR/kWh", HOUR, "EUR", 1, id="easyenergy"),
        pytest.param([shapes.amber_action()], "", HOUR / 2, "EUR", 1, id="amber"),
        pytest.param(
            [shapes.energi_data_service()], "", HOUR, "DKK", 7.45, id="energi data service"
        ),
    ],
)
def test_prices_are_read_per_kwh(
    contents: Sequence[Any], unit: str, step: timedelta, currency: str, scale: float
) -> None:
    home = "DKK" if currency == "DKK" else "EUR"
    reading = read_forecast(contents, PRICE, origin(unit=unit, currency=home))
    assert reading.problems == ()
    assert reading.series.currency == currency
    assert reading.resolution == step
    start, end = day_span(TODAY, AMSTERDAM).start, day_span(TOMORROW, AMSTERDAM).end
    assert reading.series.covers(start, end)
    for at in starts(TODAY, step, days=2):
        assert reading.series.value_at(at) == pytest.approx(market(at) * scale, abs=2e-5 * scale)


def test_rates_of_two_entities_are_one_series() -> None:
    contents = [shapes.octopus_event(TODAY), shapes.octopus_event(TOMORROW)]
    reading = read_forecast(contents, PRICE, origin(ZoneInfo("Europe/London")))
    assert reading.problems == ()
    assert reading.series.currency == "GBP"
    assert reading.resolution == HOUR / 2
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert reading.series.value_at(noon) == pytest.approx(market(noon))
    assert len(reading.series.points) == 96


def test_rates_of_the_retailer_itself_are_in_pence_and_in_reverse() -> None:
    reading = read_forecast([shapes.octopus_api()], PRICE, origin())
    assert reading.problems == ()
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert reading.series.currency == "GBP"
    assert reading.series.value_at(noon) == pytest.approx(market(noon), abs=1e-4)


def test_forecasts_beyond_tomorrow_are_read_too() -> None:
    reading = read_forecast([shapes.energi_data_service()], PRICE, origin(currency="DKK"))
    assert reading.series.ends_at == day_span(TODAY + timedelta(days=4), AMSTERDAM).end


def test_yesterday_of_a_table_with_everything_is_kept() -> None:
    reading = read_forecast([shapes.entsoe()], PRICE, origin())
    assert reading.series.starts_at == day_span(TODAY - timedelta(days=1), AMSTERDAM).start


def test_an_area_is_picked_by_its_name() -> None:
    content = shapes.nordpool_action(TODAY, ("SE3", "SE4"))
    reading = read_forecast([content], PRICE, origin(unit="SEK/MWh", part="se4"))
    assert reading.problems == ()
    at = starts(TODAY)[0]
    assert reading.series.value_at(at) == pytest.approx(market(at) + 0.001, abs=2e-5)


def test_without_a_name_the_first_of_several_is_read_and_said() -> None:
    content = shapes.tibber_action(("Huis", "Boot"))
    reading = read_forecast([content], PRICE, origin(unit="EUR/kWh"))
    assert [(one.kind, one.sample) for one in reading.problems] == [
        (ForecastProblemKind.SEVERAL, "prices.Huis / prices.Boot")
    ]
    at = starts(TODAY)[0]
    assert reading.series.value_at(at) == pytest.approx(market(at))


def test_volumes_are_no_prices() -> None:
    content = {
        "data": [
            {"start_time": at.isoformat(), "end_time": (at + HOUR).isoformat(), "volume_mwh": 900.0}
            for at in starts(TODAY)
        ],
        "unit_of_measurement": "MWh",
    }
    reading = read_forecast([content], PRICE, origin())
    assert not reading.is_usable
    assert reading.resolution is None
    assert [one.kind for one in reading.problems] == [ForecastProblemKind.NOTHING_FOUND]


@pytest.mark.parametrize(
    ("content", "step"),
    [
        pytest.param(shapes.solcast(), HOUR / 2, id="solcast"),
        pytest.param(shapes.open_meteo(), HOUR, id="open-meteo"),
        pytest.param(shapes.forecast_solar(1), HOUR, id="forecast.solar"),
    ],
)
def test_sun_is_read_in_watts(content: dict[str, Any], step: timedelta) -> None:
    reading = read_forecast([content], SOLAR, origin())
    assert reading.problems == ()
    assert reading.resolution == step
    day = day_span(TODAY, AMSTERDAM)
    true_wh = sum(sun(at + QUARTER / 2) / 4 for at in starts(TODAY, QUARTER))
    assert reading.series.energy_wh(day.start, day.end) == pytest.approx(true_wh, rel=0.02)
    noon = datetime(2026, 11, 20, 11, 10, tzinfo=UTC)
    assert reading.series.value_at(noon) == pytest.approx(sun(noon), rel=0.05)


def test_energy_of_a_short_first_slot_is_no_power_of_an_hour() -> None:
    reading = read_forecast([shapes.forecast_solar()], SOLAR, origin())
    first = reading.series.points[0]
    assert first.start == datetime(2026, 11, 20, 7, 6, 51, tzinfo=UTC)
    assert first.end == datetime(2026, 11, 20, 8, tzinfo=UTC)
    hours = (first.end - first.start) / HOUR
    assert first.value * hours == pytest.approx(20)


def test_the_night_is_no_long_slot() -> None:
    reading = read_forecast([shapes.forecast_solar()], SOLAR, origin())
    assert max(point.end - point.start for point in reading.series.points) == HOUR
    night = (datetime(2026, 11, 20, 18, tzinfo=UTC), datetime(2026, 11, 21, 6, tzinfo=UTC))
    assert not list(reading.series.within(*night))


def test_solcast_days_follow_each_other() -> None:
    contents = [shapes.solcast(TODAY), shapes.solcast(TOMORROW)]
    reading = read_forecast(contents, SOLAR, origin())
    assert reading.problems == ()
    assert len(reading.series.points) == 96


def test_an_interface_that_tells_the_end_of_each_slot_is_read() -> None:
    rows = [
        {
            "period_end": f"{at.astimezone(UTC) + HOUR / 2:%Y-%m-%dT%H:%M:%S}.0000000Z",
            "period": "PT30M",
            "pv_estimate": index / 10,
        }
        for index, at in enumerate(starts(TODAY, HOUR / 2))
    ]
    reading = read_forecast([{"forecasts": rows}], SOLAR, origin())
    assert reading.problems == ()
    assert reading.series.starts_at == day_span(TODAY, AMSTERDAM).start
    assert reading.series.points[7].value == pytest.approx(700.0)


def test_ends_without_a_length_are_as_far_apart_as_the_slots_are_long() -> None:
    rows = [{"period_end": at.isoformat(), "pv_estimate": 1.0} for at in starts(TODAY)]
    reading = read_forecast([{"forecasts": rows}], SOLAR, origin())
    assert reading.problems == ()
    assert reading.series.starts_at == day_span(TODAY, AMSTERDAM).start - HOUR
    assert reading.series.ends_at == day_span(TODAY, AMSTERDAM).end - HOUR


def test_the_central_estimate_is_read_or_what_there_is_of_others() -> None:
    at = starts(TODAY)[:2]
    rows = [{"period_start": one.isoformat(), "pv_estimate10": 0.5} for one in at]
    reading = read_forecast([{"detailedForecast": rows}], SOLAR, origin())
    assert [point.value for point in reading.series.points] == [500.0, 500.0]


def test_a_trace_below_nothing_is_darkness() -> None:
    content = {"watts": {at.isoformat(): -0.2 for at in starts(TODAY)}}
    reading = read_forecast([content], SOLAR, origin())
    assert {point.value for point in reading.series.points} == {0.0}


@pytest.mark.parametrize(
    ("content", "step", "third"),
    [
        pytest.param(shapes.electricity_maps(), HOUR, 202, id="electricity maps"),
        pytest.param(shapes.carbon_intensity_uk(), HOUR / 2, 102, id="carbon intensity"),
    ],
)
def test_co2_is_read_in_grams_per_kwh(
    content: dict[str, Any], step: timedelta, third: float
) -> None:
    reading = read_forecast([content], CO2, origin())
    assert reading.problems == ()
    assert reading.resolution == step
    assert reading.series.points[2].value == third


BEGIN = datetime(2026, 11, 20, 12, tzinfo=UTC)
NUMBERS = [0.1, -0.2, 0.3]


def times() -> list[datetime]:
    return [BEGIN + index * HOUR for index in range(3)]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(
            {
                "anything": [
                    {"from": a, "till": a + HOUR, "rate": b}
                    for a, b in zip(times(), NUMBERS, strict=True)
                ]
            },
            id="dicts under names of their own",
        ),
        pytest.param(
            [
                {"startsAt": a.isoformat(), "total": b, "energy": 0.0, "tax": 0.0}
                for a, b in zip(times(), NUMBERS, strict=True)
            ],
            id="a bare list of dicts",
        ),
        pytest.param(
            [[a.timestamp(), b] for a, b in zip(times(), NUMBERS, strict=True)],
            id="pairs with epoch seconds",
        ),
        pytest.param(
            {"prices": [[a.timestamp() * 1e6, b] for a, b in zip(times(), NUMBERS, strict=True)]},
            id="pairs with epoch microseconds",
        ),
        pytest.param(
            {a.isoformat(): b for a, b in zip(times(), NUMBERS, strict=True)}, id="times to values"
        ),
        pytest.param(
            {a: {"price": b} for a, b in zip(times(), NUMBERS, strict=True)}, id="times to dicts"
        ),
        pytest.param(
            {"x": {str(int(a.timestamp())): str(b) for a, b in zip(times(), NUMBERS, strict=True)}},
            id="all as text",
        ),
        pytest.param(
            {"times": [a.isoformat() for a in times()], "prices": NUMBERS}, id="columns in plural"
        ),
        pytest.param(
            {"start": BEGIN.isoformat(), "interval": 60, "values": NUMBERS},
            id="numbers, start, minutes",
        ),
        pytest.param(
            {"start": "2026-11-20 13:00", "resolution": "PT1H", "prices": NUMBERS},
            id="numbers, wall clock, duration",
        ),
        pytest.param(
            {
                "deep": [
                    {
                        "deeper": {
                            "prices": [
                                {"Start Time": a, "Price": b}
                                for a, b in zip(times(), NUMBERS, strict=True)
                            ]
                        }
                    }
                ]
            },
            id="deep inside",
        ),
        pytest.param(
            {
                "d": [
                    {
                        "time": f"{a.astimezone(AMSTERDAM):%Y-%m-%d %H:%M}",
                        "price": str(b).replace(".", ","),
                    }
                    for a, b in zip(times(), NUMBERS, strict=True)
                ]
            },
            id="wall clock and decimal comma",
        ),
    ],
)
def test_lists_and_maps_of_any_kind_are_read(content: object) -> None:
    reading = read_forecast([content], PRICE, origin(unit="EUR/kWh"))
    assert reading.problems == ()
    points = reading.series.points
    assert [(point.start, point.end) for point in points] == [(at, at + HOUR) for at in times()]
    assert [point.value for point in points] == pytest.approx(NUMBERS)


def test_bare_numbers_are_read_when_start_and_step_are_known() -> None:
    reading = read_forecast([NUMBERS], PRICE, origin(unit="ct/kWh", start=BEGIN, step=QUARTER))
    assert [point.value for point in reading.series.points] == pytest.approx([0.001, -0.002, 0.003])
    assert reading.series.ends_at == BEGIN + 3 * QUARTER


def test_bare_numbers_alone_are_nothing() -> None:
    reading = read_forecast([NUMBERS], PRICE, origin(unit="ct/kWh"))
    assert [one.kind for one in reading.problems] == [ForecastProblemKind.NOTHING_FOUND]


@pytest.mark.parametrize(
    ("count", "step"),
    [(24, HOUR), (48, HOUR / 2), (96, QUARTER)],
    ids=["hours", "halves", "quarters"],
)
def test_numbers_of_today_and_tomorrow_are_spread_over_the_days(
    count: int, step: timedelta
) -> None:
    content = {
        "today": list(range(count)),
        "tomorrow": [None] * count,
        "unit_of_measurement": "ct/kWh",
    }
    reading = read_forecast([content], PRICE, origin())
    assert reading.problems == ()
    assert reading.resolution == step
    assert reading.series.starts_at == day_span(TODAY, AMSTERDAM).start
    assert reading.series.ends_at == day_span(TODAY, AMSTERDAM).end


def test_a_day_of_an_odd_number_of_values_is_not_guessed_at() -> None:
    content = {"today": list(range(17)), "unit_of_measurement": "ct/kWh"}
    assert not read_forecast([content], PRICE, origin()).is_usable


SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25)])
def test_as_many_numbers_as_the_day_has_hours_follow_each_other(day: date, hours: int) -> None:
    written = starts(day)[12]
    content = {"today": list(range(hours)), "unit_of_measurement": "ct/kWh"}
    reading = read_forecast([content], PRICE, origin(written_at=written))
    assert reading.problems == ()
    expected = [at.astimezone(UTC) for at in starts(day)]
    assert [point.start for point in reading.series.points] == expected


def test_24_numbers_of_the_short_day_lose_the_one_that_the_clock_skips() -> None:
    content = {"today": list(range(24)), "unit_of_measurement": "ct/kWh"}
    reading = read_forecast([content], PRICE, origin(written_at=starts(SPRING)[12]))
    assert [(one.kind, one.count) for one in reading.problems] == [
        (ForecastProblemKind.CLOCK_CHANGE, 1)
    ]
    values = [point.value for point in reading.series.points]
    assert values == pytest.approx([index / 100 for index in range(24) if index != 2])
    assert reading.series.covers(day_span(SPRING, AMSTERDAM).start, day_span(SPRING, AMSTERDAM).end)


def test_24_numbers_of_the_long_day_hold_the_repeated_hour_for_two() -> None:
    content = {"today": list(range(24)), "unit_of_measurement": "ct/kWh"}
    reading = read_forecast([content], PRICE, origin(written_at=starts(AUTUMN)[12]))
    lengths = [point.end - point.start for point in reading.series.points]
    assert [index for index, length in enumerate(lengths) if length == 2 * HOUR] == [2]
    assert reading.series.covers(day_span(AUTUMN, AMSTERDAM).start, day_span(AUTUMN, AMSTERDAM).end)


@pytest.mark.parametrize("step", [HOUR, QUARTER])
@pytest.mark.parametrize("day", [SPRING, AUTUMN, TODAY])
@pytest.mark.parametrize("with_end", [False, True])
def test_rows_of_the_wall_clock_find_their_hours(
    day: date, step: timedelta, with_end: bool
) -> None:
    slots = starts(day, step)
    rows = [
        {"start": f"{at:%Y-%m-%dT%H:%M:%S}", "price": index / 1_000}
        | (
            {"end": f"{at.astimezone(UTC).astimezone(AMSTERDAM) + step:%Y-%m-%dT%H:%M:%S}"}
            if with_end
            else {}
        )
        for index, at in enumerate(slots)
    ]
    reading = read_forecast([{"prices": rows}], PRICE, origin(unit="EUR/kWh"))
    assert [point.start for point in reading.series.points] == [at.astimezone(UTC) for at in slots]
    assert {point.end - point.start for point in reading.series.points} == {step}
    assert [point.value for point in reading.series.points] == pytest.approx(
        [index / 1_000 for index in range(len(slots))]
    )


def test_a_better_table_fills_and_hides_a_worse_one() -> None:
    quarters = [{"start": at, "price": 0.1} for at in starts(TODAY, QUARTER)[:8]]
    hours = [{"start": at, "price": 0.5} for at in starts(TODAY)[:6]]
    content = {"forecast": hours, "prices": quarters}
    reading = read_forecast([content], PRICE, origin(unit="EUR/kWh"))
    assert reading.problems == ()
    values = [(point.end - point.start, point.value) for point in reading.series.points]
    assert values == [(QUARTER, 0.1)] * 8 + [(HOUR, 0.5)] * 4


def test_a_tariff_of_long_bands_is_read_as_it_is() -> None:
    day, night = starts(TODAY)[7], starts(TODAY)[23]
    content = [
        {"valid_from": day, "valid_to": night, "unit_rate": 30},
        {"valid_from": night, "valid_to": night + 8 * HOUR, "unit_rate": 9},
    ]
    reading = read_forecast([content], PRICE, origin(unit="p/kWh"))
    assert [point.value for point in reading.series.points] == pytest.approx([0.30, 0.09])


def test_cents_that_are_said_apart_are_cents() -> None:
    content = {
        "raw_today": [{"start": at, "end": at + HOUR, "value": 12.0} for at in starts(TODAY)],
        "unit": "kWh",
        "currency": "EUR",
        "price_in_cents": True,
    }
    reading = read_forecast([content], PRICE, origin())
    assert reading.problems == ()
    assert {point.value for point in reading.series.points} == {0.12}


def test_columns_of_another_length_are_none() -> None:
    content = {"time": [at.isoformat() for at in starts(TODAY)], "price": [0.1], "unit": "EUR/kWh"}
    assert not read_forecast([content], PRICE, origin()).is_usable


def test_days_that_hold_their_slots_are_walked_into() -> None:
    content = {
        day.isoformat(): [{"start": at, "price": 0.1} for at in starts(day)]
        for day in (TODAY, TOMORROW)
    }
    reading = read_forecast([content], PRICE, origin(unit="EUR/kWh"))
    assert len(reading.series.points) == 48


def test_a_mapping_under_a_time_without_a_value_is_left_out() -> None:
    content = {starts(TODAY)[0]: {"rank": 1}, **dict.fromkeys(starts(TODAY)[1:3], 0.1)}
    reading = read_forecast([content], PRICE, origin(unit="EUR/kWh"))
    assert len(reading.series.points) == 2


def test_rows_with_a_list_for_a_value_are_no_rows() -> None:
    content = [{"start": at, "price": [0.1, 0.2]} for at in starts(TODAY)]
    assert not read_forecast([content], PRICE, origin(unit="EUR/kWh")).is_usable
