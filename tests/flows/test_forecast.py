"""Forecasts are added, tried before they are kept, and changed."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ev_charger_pool.config import PoolConfig
from custom_components.ev_charger_pool.forecast_config import ForecastSettings
from custom_components.ev_charger_pool.forecasts import ForecastKind
from tests.flows.forms import async_answer_part, async_reconfigure, placeholders, suggested

PRICES: dict[str, Any] = {"kind": "price", "entities": ["sensor.prices"]}
SUN: dict[str, Any] = {"kind": "solar", "entities": ["sensor.sun"], "feed_in_per_kwh": 0.08}


def show_prices(hass: HomeAssistant, unit: str | None = "EUR/kWh") -> None:
    rows = [
        {"start": f"2026-11-20T{hour:02}:00:00+00:00", "value": 0.2 + hour / 100}
        for hour in range(24)
    ]
    attributes: dict[str, Any] = {"prices": rows}
    if unit is not None:
        attributes["unit_of_measurement"] = unit
    hass.states.async_set("sensor.prices", "0.2", attributes)


async def async_begin(hass: HomeAssistant, site: MockConfigEntry) -> SubentryFlowResult:
    return await hass.config_entries.subentries.async_init(
        (site.entry_id, "forecast"), context={"source": SOURCE_USER}
    )


async def async_add(
    hass: HomeAssistant, site: MockConfigEntry, form: dict[str, Any]
) -> SubentryFlowResult:
    return await async_answer_part(hass, await async_begin(hass, site), form)


async def test_a_forecast_is_added(hass: HomeAssistant, site: MockConfigEntry) -> None:
    show_prices(hass)
    result = await async_add(hass, site, {**PRICES, "unit": " ", "feed_in_per_kwh": 0.08})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    added = list(site.subentries.values())[-1]
    assert added.title == "Prices"
    # What the sun earns is nothing that prices have.
    assert added.data == PRICES
    assert PoolConfig.from_entry(site).forecasts == {
        added.subentry_id: ForecastSettings(
            id=added.subentry_id, kind=ForecastKind.PRICE, entities=("sensor.prices",)
        )
    }


async def test_a_unit_that_nothing_tells_is_asked_for(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    show_prices(hass, unit=None)
    result = await async_add(hass, site, PRICES)
    assert result["errors"] == {"entities": "forecast_unreadable"}
    assert "does not say in which unit" in placeholders(result)["reason"]
    assert suggested(result) == PRICES
    result = await async_answer_part(hass, result, {**PRICES, "unit": "EUR/kWh"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert list(site.subentries.values())[-1].data == {**PRICES, "unit": "EUR/kWh"}


async def test_the_reason_is_told_in_the_language_of_the_home(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    hass.config.language = "de"
    result = await async_add(hass, site, PRICES)
    assert result["errors"] == {"entities": "forecast_unreadable"}
    assert "fehlt oder ist nicht verfügbar" in placeholders(result)["reason"]


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"entities": []}, {"entities": "entity_missing"}),
        ({"feed_in_per_kwh": 20_000.0}, {"feed_in_per_kwh": "feed_in_range"}),
        ({"kind": "co2"}, {"entities": "forecast_unreadable"}),
    ],
)
async def test_what_is_wrong_is_told_at_its_field(
    hass: HomeAssistant, site: MockConfigEntry, wrong: dict[str, Any], errors: dict[str, str]
) -> None:
    show_prices(hass)
    result = await async_add(hass, site, {**PRICES, **wrong})
    assert result["errors"] == errors


async def test_a_site_has_one_forecast_of_each(hass: HomeAssistant, site: MockConfigEntry) -> None:
    show_prices(hass)
    await async_add(hass, site, PRICES)
    result = await async_add(hass, site, PRICES)
    assert result["errors"] == {"kind": "kind_taken"}


async def test_a_forecast_is_changed(
    hass: HomeAssistant, site: MockConfigEntry, set_up_sites: list[str]
) -> None:
    show_prices(hass)
    await async_add(hass, site, PRICES)
    added = list(site.subentries)[-1]
    result = await async_reconfigure(hass, site, added)
    assert suggested(result) == PRICES
    hass.states.async_set(
        "sensor.sun",
        "0",
        {
            "watts": {f"2026-11-20T{hour:02}:00:00+00:00": 1_000 for hour in range(8, 16)},
            "unit_of_measurement": "W",
        },
    )
    result = await async_answer_part(hass, result, {**SUN, "part": "Roof"})
    assert result["type"] is FlowResultType.ABORT, result["description_placeholders"]
    assert result["reason"] == "reconfigure_successful"
    assert site.subentries[added].data == {**SUN, "part": "Roof"}
    assert site.subentries[added].title == "Solar power"
    assert set_up_sites == ["Home"]
