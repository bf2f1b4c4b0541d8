"""What the card is told, and what it is told when it asks wrongly."""

from typing import Any

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.ev_charger_pool.errors import ErrorKey, failed
from custom_components.ev_charger_pool.pool.shares import Period
from tests.pool_double import NOW, SITE, PoolDouble, async_set_up_double, shares_of_the_day


@pytest.fixture
async def pool(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> PoolDouble:
    double = await async_set_up_double(hass, monkeypatch, Platform.EVENT)
    double.shares = shares_of_the_day()
    return double


async def async_ask(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, **data: Any
) -> dict[str, Any]:
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "ev_charger_pool/shares", **data})
    answer: dict[str, Any] = await client.receive_json()
    return answer


@pytest.mark.parametrize(
    ("data", "period"),
    [
        ({}, Period.DAY),
        ({"config_entry_id": SITE, "period": "week"}, Period.WEEK),
        ({"period": "session"}, Period.SESSION),
    ],
)
async def test_the_shares_of_a_site_are_told(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    pool: PoolDouble,
    data: dict[str, Any],
    period: Period,
) -> None:
    answer = await async_ask(hass, hass_ws_client, **data)
    assert answer["success"], answer
    assert answer["result"]["period"] == period
    names = [connector["name"] for connector in answer["result"]["connectors"]]
    assert names == ["Single Connector", "Twin Connector 1"]
    assert pool.calls == [("shares", period, NOW)]


@pytest.mark.parametrize(
    "data",
    [{"period": "century"}, {"period": 7}, {"config_entry_id": 5}, {"since": "yesterday"}],
)
async def test_what_cannot_be_asked_is_refused(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    pool: PoolDouble,
    data: dict[str, Any],
) -> None:
    answer = await async_ask(hass, hass_ws_client, **data)
    assert not answer["success"]
    assert answer["error"]["code"] == "invalid_format"
    assert pool.calls == []


async def test_an_unknown_site_is_an_error(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, pool: PoolDouble
) -> None:
    answer = await async_ask(hass, hass_ws_client, config_entry_id="nowhere")
    assert not answer["success"]
    assert answer["error"]["translation_key"] == "service_config_entry_not_found"


async def test_a_site_that_is_not_loaded_is_an_error(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, pool: PoolDouble
) -> None:
    assert await hass.config_entries.async_unload(SITE)
    answer = await async_ask(hass, hass_ws_client, config_entry_id=SITE)
    assert not answer["success"]


async def test_a_journal_that_does_not_answer_is_an_error(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, pool: PoolDouble
) -> None:
    pool.raises = failed(ErrorKey.SHARES_UNAVAILABLE, error="disk is full")
    assert isinstance(pool.raises, HomeAssistantError)
    answer = await async_ask(hass, hass_ws_client)
    assert not answer["success"]
    assert answer["error"]["translation_key"] == "shares_unavailable"
    assert answer["error"]["translation_placeholders"] == {"error": "disk is full"}
