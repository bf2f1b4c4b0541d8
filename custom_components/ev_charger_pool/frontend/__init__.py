"""Serves the card of shares to browsers, and has every dashboard know it."""

import hashlib
from pathlib import Path
from typing import Final

from homeassistant.components.frontend import add_extra_js_url
from homeassistant.components.http.server import StaticPathConfig
from homeassistant.core import HomeAssistant

from ..const import DOMAIN

CARD: Final = Path(__file__).parent / "shares-card.js"
CARD_URL: Final = f"/{DOMAIN}/{CARD.name}"


async def async_setup_frontend(hass: HomeAssistant) -> None:
    """Serve the card, and load it with the frontend if there is one."""
    await hass.http.async_register_static_paths(
        [StaticPathConfig(CARD_URL, str(CARD), cache_headers=True)]
    )
    if "frontend" in hass.config.components:
        # Browsers keep it for a month: another content has another address.
        content = await hass.async_add_executor_job(CARD.read_bytes)
        add_extra_js_url(hass, f"{CARD_URL}?{hashlib.sha256(content).hexdigest()[:8]}")
