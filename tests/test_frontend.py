"""The card is served, and every dashboard loads it."""

from http import HTTPStatus
import re

from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ev_charger_pool.const import DOMAIN
from custom_components.ev_charger_pool.frontend import CARD, CARD_URL
from custom_components.ev_charger_pool.pool.reasons import ReasonKind


async def test_the_card_is_served(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    client = await hass_client_no_auth()
    answer = await client.get(CARD_URL)
    assert answer.status == HTTPStatus.OK
    assert "javascript" in answer.headers["Content-Type"]
    assert await answer.text() == CARD.read_text(encoding="utf-8")


def test_every_reason_has_a_color() -> None:
    card = CARD.read_text(encoding="utf-8")
    colors = card[card.index("const COLORS") : card.index("const STYLE")]
    assert set(re.findall(r"^  (\w+): \[", colors, re.MULTILINE)) == set(ReasonKind)


async def test_every_dashboard_loads_the_card(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "frontend", {})
    assert await async_setup_component(hass, DOMAIN, {})
    urls = [url for url in hass.data[DATA_EXTRA_MODULE_URL].urls if url.startswith(CARD_URL)]
    assert len(urls) == 1
    assert urls[0] != CARD_URL, "another content has another address"
