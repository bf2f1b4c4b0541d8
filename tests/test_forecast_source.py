"""Forecasts are read from entities, and followed."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.ev_charger_pool.const import DOMAIN
from custom_components.ev_charger_pool.errors import ErrorKey
from custom_components.ev_charger_pool.forecast_source import (
    CALM_INTERVAL,
    REFRESH_INTERVAL,
    ForecastConfig,
    async_read_forecast,
)
from custom_components.ev_charger_pool.forecasts import CO2, SOLAR, ForecastProblemKind
from tests.forecast_sources import (
    PRICE_ENTITY,
    TOMORROW,
    Attributes,
    EnergyPlatforms,
    News,
    nordpool_day,
    offer,
    price_of,
    register,
)
from tests.forecasts import shapes
from tests.forecasts.shapes import HOUR, QUARTER, TODAY, market

pytestmark = pytest.mark.usefixtures("forecast_home")


# Reading once


async def test_attributes_of_an_entity_are_read(hass: HomeAssistant) -> None:
    hass.states.async_set(PRICE_ENTITY, "0.1", shapes.nordpool_custom())
    reading = await async_read_forecast(hass, price_of())
    assert reading.problems == ()
    assert reading.resolution == QUARTER
    assert reading.series.value_at(shapes.NOW) == market(shapes.NOW)


async def test_two_days_in_two_entities_are_one_forecast(hass: HomeAssistant) -> None:
    hass.states.async_set("event.today", "x", shapes.octopus_event(TODAY))
    hass.states.async_set("event.tomorrow", "x", shapes.octopus_event(TOMORROW))
    reading = await async_read_forecast(hass, price_of("event.today", "event.tomorrow"))
    assert reading.problems == ()
    assert reading.series.currency == "GBP"
    assert len(reading.series.points) == 96


async def test_a_list_of_today_is_of_the_day_when_it_was_written(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set(
        PRICE_ENTITY, "1", {"today": [0.1] * 24, "unit_of_measurement": "EUR/kWh"}
    )
    freezer.move_to(shapes.NOW + timedelta(hours=12))
    reading = await async_read_forecast(hass, price_of())
    assert reading.series.ends_at == datetime(2026, 11, 20, 23, tzinfo=UTC)


async def test_wall_clocks_and_currencies_are_those_of_the_home(hass: HomeAssistant) -> None:
    hass.config.currency = "NOK"
    rows = [{"time": "2026-11-20 12:00", "price": 50}, {"time": "2026-11-20 13:00", "price": 60}]
    hass.states.async_set(PRICE_ENTITY, "1", {"prices": rows, "unit_of_measurement": "øre/kWh"})
    series = (await async_read_forecast(hass, price_of())).series
    assert series.currency == "NOK"
    assert series.starts_at == datetime(2026, 11, 20, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attributes", "key", "placeholders"),
    [
        (None, ErrorKey.FORECAST_MISSING, {"entity": PRICE_ENTITY}),
        ({}, ErrorKey.FORECAST_UNREADABLE, {"entity": PRICE_ENTITY}),
        (
            {"prices": {"2026-11-20T12:00Z": 0.1, "2026-11-20T13:00Z": 0.1}},
            ErrorKey.FORECAST_UNIT_UNKNOWN,
            {"entity": PRICE_ENTITY, "unit": "-"},
        ),
        (
            {**shapes.epex_new(), "data": [{"start_time": "soon", "end_time": "x", "price": 1}]},
            ErrorKey.FORECAST_ROWS_UNREADABLE,
            {"entity": PRICE_ENTITY, "kind": "time unreadable", "sample": "soon"},
        ),
        (
            {
                "prices": [["2026-11-20T12:00Z", 95], ["2026-11-20T13:00Z", 80]],
                "unit_of_measurement": "EUR/kWh",
            },
            ErrorKey.FORECAST_UNIT_DOUBTFUL,
            {"entity": PRICE_ENTITY, "value": "95"},
        ),
    ],
)
async def test_a_form_learns_why_an_entity_is_of_no_use(
    hass: HomeAssistant,
    attributes: Attributes | None,
    key: ErrorKey,
    placeholders: dict[str, str],
) -> None:
    if attributes is not None:
        hass.states.async_set(PRICE_ENTITY, "1", attributes)
    with pytest.raises(HomeAssistantError) as caught:
        await async_read_forecast(hass, price_of())
    assert caught.value.translation_domain == DOMAIN
    assert caught.value.translation_key == key
    assert caught.value.translation_placeholders == placeholders


async def test_the_unit_that_the_user_names_holds(hass: HomeAssistant) -> None:
    rows = [["2026-11-20T12:00Z", 95], ["2026-11-20T13:00Z", 80]]
    hass.states.async_set(PRICE_ENTITY, "1", {"prices": rows, "unit_of_measurement": "EUR/kWh"})
    series = (await async_read_forecast(hass, price_of(unit="EUR/MWh"))).series
    assert series.points[0].value == pytest.approx(0.095)


# Following


async def test_a_source_reads_at_once_and_with_every_change(
    hass: HomeAssistant, follow_forecast: Any, forecast_news: News
) -> None:
    hass.states.async_set(PRICE_ENTITY, "1", shapes.nordpool_custom(tomorrow=False))
    source = follow_forecast(price_of())
    await hass.async_block_till_done()
    assert source.series.ends_at == datetime(2026, 11, 20, 23, tzinfo=UTC)
    assert (source.error, source.failing_since, forecast_news.count) == (None, None, 1)
    hass.states.async_set(PRICE_ENTITY, "1", shapes.nordpool_custom())
    await hass.async_block_till_done()
    assert source.series.ends_at == datetime(2026, 11, 21, 23, tzinfo=UTC)
    assert forecast_news.count == 2


async def test_news_that_change_nothing_are_none(
    hass: HomeAssistant, follow_forecast: Any, forecast_news: News
) -> None:
    hass.states.async_set(PRICE_ENTITY, "1", shapes.nordpool_custom())
    follow_forecast(price_of())
    await hass.async_block_till_done()
    hass.states.async_set(PRICE_ENTITY, "2", shapes.nordpool_custom())
    await hass.async_block_till_done()
    assert forecast_news.count == 1


async def test_a_source_that_is_stopped_reads_no_more(
    hass: HomeAssistant, follow_forecast: Any, forecast_news: News
) -> None:
    hass.states.async_set(PRICE_ENTITY, "1", shapes.nordpool_custom())
    source = follow_forecast(price_of())
    await hass.async_block_till_done()
    source.async_stop()
    hass.states.async_set(PRICE_ENTITY, "1", {})
    await hass.async_block_till_done()
    assert (source.error, forecast_news.count) == (None, 1)


async def test_what_was_read_outlives_its_source_and_comes_back(
    hass: HomeAssistant, follow_forecast: Any, forecast_news: News, caplog: pytest.LogCaptureFixture
) -> None:
    hass.states.async_set(PRICE_ENTITY, "1", shapes.nordpool_custom())
    source = follow_forecast(price_of())
    await hass.async_block_till_done()
    hass.states.async_set(PRICE_ENTITY, "unavailable", {})
    await hass.async_block_till_done()
    hass.states.async_set(PRICE_ENTITY, "unavailable", {"still": "gone"})
    await hass.async_block_till_done()
    assert source.error.translation_key == ErrorKey.FORECAST_MISSING
    assert source.failing_since == shapes.NOW
    assert source.series.value_at(shapes.NOW) == market(shapes.NOW)
    assert caplog.text.count("cannot be read") == 1
    hass.states.async_set(PRICE_ENTITY, "1", shapes.nordpool_custom())
    await hass.async_block_till_done()
    assert (source.error, source.failing_since) == (None, None)
    assert caplog.text.count("can be read again") == 1


async def test_changes_while_an_integration_answers_are_not_lost(
    hass: HomeAssistant, follow_forecast: Any
) -> None:
    hass.states.async_set(PRICE_ENTITY, "1", {})
    entity = register(hass, "tibber", "home-id")
    asked: list[int] = []

    def answer(_: Mapping[str, Any]) -> Any:
        asked.append(1)
        hass.states.async_set(PRICE_ENTITY, "1", shapes.nordpool_custom())
        return {}

    offer(hass, "tibber", "get_prices", answer)
    source = follow_forecast(price_of(PRICE_ENTITY, entity.entity_id))
    await hass.async_block_till_done()
    assert source.series.value_at(shapes.NOW) == market(shapes.NOW)
    assert asked == [1]


async def tick(hass: HomeAssistant, freezer: FrozenDateTimeFactory, step: timedelta) -> None:
    freezer.tick(step)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()


async def test_tomorrow_is_asked_for_until_it_is_there_and_then_seldom(
    hass: HomeAssistant, follow_forecast: Any, freezer: FrozenDateTimeFactory
) -> None:
    is_out = False

    def answer(data: Mapping[str, Any]) -> Any:
        if data["date"] != TODAY.isoformat() and not is_out:
            return {"NL": []}
        return nordpool_day(data)

    entity = register(hass, "nordpool", "NL-current_price", data={"currency": "EUR"})
    action = offer(hass, "nordpool", "get_prices_for_date", answer)
    source = follow_forecast(price_of(entity.entity_id))
    await hass.async_block_till_done()
    # A state that is written in between is no reason to ask.
    hass.states.async_set(entity.entity_id, "0.2")
    await hass.async_block_till_done()
    assert len(action.calls) == 2
    assert [one.kind for one in source.problems(shapes.NOW)] == [ForecastProblemKind.ENDS_EARLY]
    is_out = True
    await tick(hass, freezer, REFRESH_INTERVAL)
    assert len(action.calls) == 4
    assert source.problems(shapes.NOW) == ()
    for _ in range(CALM_INTERVAL // REFRESH_INTERVAL - 1):
        await tick(hass, freezer, REFRESH_INTERVAL)
    assert len(action.calls) == 4
    await tick(hass, freezer, REFRESH_INTERVAL)
    assert len(action.calls) == 6


async def test_in_the_morning_nobody_asks_for_tomorrow_all_the_time(
    hass: HomeAssistant, follow_forecast: Any, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(datetime(2026, 11, 20, 6, tzinfo=UTC))
    entity = register(hass, "nordpool", "NL-current_price", data={"currency": "EUR"})
    action = offer(
        hass,
        "nordpool",
        "get_prices_for_date",
        lambda data: nordpool_day(data) if data["date"] == "2026-11-20" else {"NL": []},
    )
    follow_forecast(price_of(entity.entity_id))
    await hass.async_block_till_done()
    await tick(hass, freezer, REFRESH_INTERVAL)
    assert len(action.calls) == 2


async def test_a_sun_in_a_wrong_zone_is_a_problem(
    hass: HomeAssistant, follow_forecast: Any
) -> None:
    hass.config.longitude = 151.2
    hass.states.async_set("sensor.sun", "1", shapes.solcast())
    source = follow_forecast(ForecastConfig(quantity=SOLAR, entities=("sensor.sun",)))
    await hass.async_block_till_done()
    assert [one.kind for one in source.problems(shapes.NOW)] == [ForecastProblemKind.ZONE_DOUBTFUL]


async def test_the_sun_is_asked_for_with_every_change(
    hass: HomeAssistant, energy_platforms: EnergyPlatforms, follow_forecast: Any
) -> None:
    entity = register(hass, "forecast_solar", "energy_production_today")
    energy_platforms.gives[entity.config_entry_id or ""] = shapes.forecast_solar(1)
    source = follow_forecast(ForecastConfig(quantity=SOLAR, entities=(entity.entity_id,)))
    await hass.async_block_till_done()
    assert source.series.ends_at < shapes.NOW + 12 * HOUR
    energy_platforms.gives[entity.config_entry_id or ""] = shapes.forecast_solar(2)
    hass.states.async_set(entity.entity_id, "9.2")
    await hass.async_block_till_done()
    assert source.series.ends_at > shapes.NOW + 12 * HOUR


async def test_intensities_have_no_end_that_is_too_early(
    hass: HomeAssistant, follow_forecast: Any
) -> None:
    hass.states.async_set("sensor.co2", "1", shapes.electricity_maps())
    source = follow_forecast(ForecastConfig(quantity=CO2, entities=("sensor.co2",)))
    await hass.async_block_till_done()
    assert source.problems(shapes.NOW + 48 * HOUR) == ()
