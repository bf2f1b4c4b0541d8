"""Integrations that keep their forecasts to themselves are asked for them."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.ev_charger_pool.errors import ErrorKey
from custom_components.ev_charger_pool.forecast_providers import ASK_TIMEOUT_S
from custom_components.ev_charger_pool.forecast_source import (
    ForecastConfig,
    async_read_forecast,
)
from custom_components.ev_charger_pool.forecasts import CO2, PRICE, SOLAR
from tests.forecast_sources import EnergyPlatforms, nordpool_day, offer, price_of, register
from tests.forecasts import shapes
from tests.forecasts.shapes import HOUR, TODAY, market

pytestmark = pytest.mark.usefixtures("forecast_home")


async def test_nord_pool_is_asked_for_two_days_of_the_area_of_its_entity(
    hass: HomeAssistant,
) -> None:
    entity = register(hass, "nordpool", "NL-current_price", data={"currency": "EUR"})
    hass.states.async_set(entity.entity_id, "0.1", {"unit_of_measurement": "EUR/kWh"})
    action = offer(hass, "nordpool", "get_prices_for_date", nordpool_day)
    reading = await async_read_forecast(hass, price_of(entity.entity_id))
    assert action.calls == [
        {"config_entry": entity.config_entry_id, "date": "2026-11-20"},
        {"config_entry": entity.config_entry_id, "date": "2026-11-21"},
    ]
    assert reading.problems == ()
    assert reading.series.currency == "EUR"
    assert len(reading.series.points) == 192
    # The area's prices are a little above those of the first.
    assert reading.series.value_at(shapes.NOW) == pytest.approx(
        market(shapes.NOW) + 0.001, abs=1e-5
    )


async def test_prices_of_tomorrow_that_are_refused_cost_tomorrow_only(hass: HomeAssistant) -> None:
    def refuse_tomorrow(data: Mapping[str, Any]) -> Any:
        if data["date"] != TODAY.isoformat():
            raise HomeAssistantError("not there yet")
        return nordpool_day(data)

    entity = register(hass, "nordpool", "NL-current_price", data={"currency": "EUR"})
    offer(hass, "nordpool", "get_prices_for_date", refuse_tomorrow)
    reading = await async_read_forecast(hass, price_of(entity.entity_id))
    assert len(reading.series.points) == 96


async def test_the_custom_integration_of_the_same_name_is_not_asked(hass: HomeAssistant) -> None:
    entity = register(hass, "nordpool", "custom")
    hass.states.async_set(entity.entity_id, "0.1", shapes.nordpool_custom())
    action = offer(hass, "nordpool", "get_prices_for_date", nordpool_day)
    reading = await async_read_forecast(hass, price_of(entity.entity_id))
    assert reading.is_usable
    assert action.calls == []


async def test_tibber_is_asked_for_the_home_of_its_entity(hass: HomeAssistant) -> None:
    entity = register(hass, "tibber", "home-id")
    shown = {"unit_of_measurement": "SEK/kWh", "app_nickname": "Boot"}
    hass.states.async_set(entity.entity_id, "0.1", shown)
    action = offer(hass, "tibber", "get_prices", lambda _: shapes.tibber_action(("Huis", "Boot")))
    reading = await async_read_forecast(hass, price_of(entity.entity_id))
    assert action.calls == [
        {"start": "2026-11-20T00:00:00+01:00", "end": "2026-11-22T00:00:00+01:00"}
    ]
    assert reading.problems == ()
    assert reading.series.currency == "SEK"
    assert reading.series.value_at(shapes.NOW) == pytest.approx(market(shapes.NOW) + 0.1)


async def test_a_tibber_entity_that_shows_nothing_yet_is_in_the_home_currency(
    hass: HomeAssistant,
) -> None:
    entity = register(hass, "tibber", "home-id")
    offer(hass, "tibber", "get_prices", lambda _: shapes.tibber_action())
    assert (await async_read_forecast(hass, price_of(entity.entity_id))).series.currency == "EUR"


@pytest.mark.parametrize(
    ("platform", "name", "answer", "calls", "currency"),
    [
        ("energyzero", "get_energy_prices", shapes.energyzero_action(), 2, "EUR"),
        ("easyenergy", "get_energy_usage_prices", shapes.easyenergy_action(), 2, "EUR"),
        ("amberelectric", "get_forecasts", shapes.amber_action(), 1, "AUD"),
    ],
)
async def test_other_integrations_are_asked_in_their_way(
    hass: HomeAssistant, platform: str, name: str, answer: Any, calls: int, currency: str
) -> None:
    entity = register(hass, platform, "price")
    action = offer(hass, platform, name, lambda _: answer)
    reading = await async_read_forecast(hass, price_of(entity.entity_id))
    assert len(action.calls) == calls
    assert reading.series.currency == currency
    on_the_hour = shapes.NOW - HOUR / 2
    assert reading.series.value_at(on_the_hour) == pytest.approx(market(on_the_hour))


def fail(_: object) -> Any:
    raise ValueError("out of order")


@pytest.mark.parametrize(
    ("state", "answer", "error"),
    [
        (ConfigEntryState.SETUP_RETRY, nordpool_day, "it is not loaded"),
        (ConfigEntryState.LOADED, fail, "out of order"),
        (ConfigEntryState.LOADED, None, "Action nordpool.get_prices_for_date not found"),
    ],
)
async def test_an_integration_that_gives_nothing_is_named(
    hass: HomeAssistant, state: ConfigEntryState, answer: Any, error: str
) -> None:
    entity = register(hass, "nordpool", "NL-current_price", data={"currency": "EUR"}, state=state)
    if answer is not None:
        offer(hass, "nordpool", "get_prices_for_date", answer)
    with pytest.raises(HomeAssistantError) as caught:
        await async_read_forecast(hass, price_of(entity.entity_id))
    assert caught.value.translation_key == ErrorKey.FORECAST_NOT_GIVEN
    assert caught.value.translation_placeholders == {"integration": "nordpool", "error": error}


async def test_an_integration_that_hangs_is_not_waited_for(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    asked = asyncio.Event()

    async def hang(_: ServiceCall) -> None:
        asked.set()
        await asyncio.Event().wait()

    entity = register(hass, "tibber", "home-id")
    hass.services.async_register(
        "tibber", "get_prices", hang, supports_response=SupportsResponse.ONLY
    )
    reading = hass.async_create_task(async_read_forecast(hass, price_of(entity.entity_id)))
    await asked.wait()
    freezer.tick(ASK_TIMEOUT_S + 1)
    async_fire_time_changed(hass)
    with pytest.raises(HomeAssistantError) as caught:
        await reading
    assert caught.value.translation_placeholders == {
        "integration": "tibber",
        "error": f"no answer within {ASK_TIMEOUT_S} s",
    }


async def test_an_integration_that_cannot_be_asked_is_not(hass: HomeAssistant) -> None:
    entity = register(hass, "template", "co2")
    hass.states.async_set(entity.entity_id, "300", {"unit_of_measurement": "gCO2eq/kWh"})
    for quantity in (CO2, PRICE, SOLAR):
        with pytest.raises(HomeAssistantError) as caught:
            await async_read_forecast(
                hass, ForecastConfig[Any](quantity=quantity, entities=(entity.entity_id,))
            )
        assert caught.value.translation_key == ErrorKey.FORECAST_UNREADABLE


async def test_an_integration_without_an_energy_platform_has_no_sun(hass: HomeAssistant) -> None:
    entity = register(hass, "sun", "solar_rising")
    hass.states.async_set(entity.entity_id, "1", {})
    with pytest.raises(HomeAssistantError) as caught:
        await async_read_forecast(
            hass, ForecastConfig(quantity=SOLAR, entities=(entity.entity_id,))
        )
    assert caught.value.translation_key == ErrorKey.FORECAST_UNREADABLE


async def test_an_unknown_entity_beside_a_good_one_costs_nothing(hass: HomeAssistant) -> None:
    entity = register(hass, "tibber", "home-id")
    offer(hass, "tibber", "get_prices", lambda _: shapes.tibber_action())
    reading = await async_read_forecast(hass, price_of("sensor.gone", entity.entity_id))
    assert reading.is_usable


# The sun


async def test_any_sensor_of_forecast_solar_gives_its_whole_forecast(
    hass: HomeAssistant, energy_platforms: EnergyPlatforms
) -> None:
    entity = register(hass, "forecast_solar", "energy_production_today")
    energy_platforms.gives[entity.config_entry_id or ""] = shapes.forecast_solar()
    hass.states.async_set(entity.entity_id, "9.1", {"unit_of_measurement": "kWh"})
    config = ForecastConfig(quantity=SOLAR, entities=(entity.entity_id,))
    reading = await async_read_forecast(hass, config)
    assert reading.problems == ()
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert reading.series.energy_wh(noon, noon + HOUR) == pytest.approx(
        shapes.sun(noon + HOUR / 2), abs=1
    )


async def test_arrays_of_two_entries_add_up_and_sensors_of_one_do_not(
    hass: HomeAssistant, energy_platforms: EnergyPlatforms
) -> None:
    east = register(hass, "forecast_solar", "east")
    west = register(hass, "forecast_solar", "west")
    entry = hass.config_entries.async_get_known_entry(west.config_entry_id or "")
    assert isinstance(entry, MockConfigEntry)
    again = register(hass, "forecast_solar", "west_tomorrow", entry=entry)
    for entity in (east, west):
        energy_platforms.gives[entity.config_entry_id or ""] = shapes.forecast_solar()
    entities = (east.entity_id, west.entity_id, again.entity_id)
    one = await async_read_forecast(hass, ForecastConfig(quantity=SOLAR, entities=entities[:1]))
    all_ = await async_read_forecast(hass, ForecastConfig(quantity=SOLAR, entities=entities))
    start, end = shapes.NOW - 24 * HOUR, shapes.NOW + 48 * HOUR
    assert all_.series.energy_wh(start, end) == pytest.approx(2 * one.series.energy_wh(start, end))


async def test_a_forecast_that_is_not_there_yet_is_none(
    hass: HomeAssistant, energy_platforms: EnergyPlatforms
) -> None:
    entity = register(hass, "forecast_solar", "energy_production_today")
    with pytest.raises(HomeAssistantError) as caught:
        await async_read_forecast(
            hass, ForecastConfig(quantity=SOLAR, entities=(entity.entity_id,))
        )
    assert caught.value.translation_key == ErrorKey.FORECAST_UNREADABLE


async def test_an_energy_platform_without_a_forecast_is_not_asked(
    hass: HomeAssistant, energy_platforms: EnergyPlatforms
) -> None:
    energy_platforms.platform = SimpleNamespace()
    entity = register(hass, "something", "sun")
    hass.states.async_set(entity.entity_id, "1", {})
    with pytest.raises(HomeAssistantError) as caught:
        await async_read_forecast(
            hass, ForecastConfig(quantity=SOLAR, entities=(entity.entity_id,))
        )
    assert caught.value.translation_key == ErrorKey.FORECAST_UNREADABLE


async def test_an_unknown_integration_has_no_energy_platform(hass: HomeAssistant) -> None:
    entity = register(hass, "no_such_integration", "sun")
    hass.states.async_set(entity.entity_id, "1", {})
    with pytest.raises(HomeAssistantError) as caught:
        await async_read_forecast(
            hass, ForecastConfig(quantity=SOLAR, entities=(entity.entity_id,))
        )
    assert caught.value.translation_key == ErrorKey.FORECAST_UNREADABLE
