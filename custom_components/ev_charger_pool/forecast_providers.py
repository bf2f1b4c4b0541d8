"""Asks the integrations that keep their forecasts out of their entities."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.loader import IntegrationNotFound, async_get_integration
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .errors import ErrorKey
from .forecasts import ForecastKind

ASK_TIMEOUT_S: Final = 30
MARKET_ZONE: Final = "Europe/Oslo"
"""The day of the day-ahead market, wherever in Europe it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an integration gave.

    Attributes:
        contents: Its responses.
        unit: Their unit, where the integration's own code says it; empty where they say it.
        part: The area or the home of the entity that was asked for; empty: there is one only.
    """

    contents: tuple[object, ...]
    unit: str = ""
    part: str = ""


type Provider = Callable[[HomeAssistant, er.RegistryEntry, datetime], Awaitable[Answer]]
"""Asks for the forecast that an entity belongs to, at a time."""


async def async_ask(
    hass: HomeAssistant, entity: er.RegistryEntry, kind: ForecastKind, now: datetime
) -> Answer | None:
    """Ask the integration of an entity for its forecast.

    Args:
        hass: Home Assistant.
        entity: An entity of the integration.
        kind: What to ask for.
        now: The time, aware.

    Returns:
        What it gave; None when it has no way of being asked.

    Raises:
        HomeAssistantError: It cannot give its forecast now.
    """
    provider = (
        _PRICE_PROVIDERS.get(entity.platform)
        if kind is ForecastKind.PRICE
        else await _async_sun_provider(hass, entity.platform)
        if kind is ForecastKind.SOLAR
        else None
    )
    if provider is None or entity.config_entry_id is None:
        return None
    entry = hass.config_entries.async_get_entry(entity.config_entry_id)
    if entry is None or entry.state is not ConfigEntryState.LOADED:
        raise _not_given(entity.platform, "it is not loaded")
    try:
        async with asyncio.timeout(ASK_TIMEOUT_S):
            return await provider(hass, entity, now)
    except TimeoutError as error:
        raise _not_given(entity.platform, f"no answer within {ASK_TIMEOUT_S} s") from error
    except Exception as error:
        # Whatever goes wrong in another integration's code must not stop the pool.
        raise _not_given(entity.platform, str(error) or type(error).__name__) from error


def _not_given(integration: str, error: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=ErrorKey.FORECAST_NOT_GIVEN,
        translation_placeholders={"integration": integration, "error": error},
    )


async def _async_sun_provider(hass: HomeAssistant, platform: str) -> Provider | None:
    """Return how to ask an integration for what it shows in the Energy dashboard, if it does."""
    try:
        module = await (await async_get_integration(hass, platform)).async_get_platform("energy")
    except ImportError, IntegrationNotFound:
        return None
    ask = getattr(module, "async_get_solar_forecast", None)
    if ask is None:
        return None

    async def async_ask_for_sun(
        hass: HomeAssistant, entity: er.RegistryEntry, _: datetime
    ) -> Answer:
        return Answer(contents=(await ask(hass, entity.config_entry_id) or {},))

    return async_ask_for_sun


async def _async_nordpool(hass: HomeAssistant, entity: er.RegistryEntry, now: datetime) -> Answer:
    zone = await dt_util.async_get_time_zone(MARKET_ZONE)
    contents = await _async_of_days(
        hass,
        ("nordpool", "get_prices_for_date"),
        now.astimezone(zone).date(),
        lambda day: {"config_entry": entity.config_entry_id, "date": day},
    )
    entry = hass.config_entries.async_get_known_entry(entity.config_entry_id or "")
    currency = entry.data.get("currency", hass.config.currency)
    # The unique id of a price is <area>-<key>.
    area = entity.unique_id.partition("-")[0]
    return Answer(contents=contents, unit=f"{currency}/MWh", part=area)


async def _async_tibber(hass: HomeAssistant, entity: er.RegistryEntry, now: datetime) -> Answer:
    today = dt_util.start_of_local_day(dt_util.as_local(now))
    response = await _async_call(
        hass,
        ("tibber", "get_prices"),
        {"start": today.isoformat(), "end": (today + timedelta(days=2)).isoformat()},
    )
    state = hass.states.get(entity.entity_id)
    shown: Mapping[str, Any] = {} if state is None else state.attributes
    return Answer(
        contents=(response,),
        unit=shown.get(ATTR_UNIT_OF_MEASUREMENT) or f"{hass.config.currency}/kWh",
        part=shown.get("app_nickname") or "",
    )


async def _async_energyzero(hass: HomeAssistant, entity: er.RegistryEntry, now: datetime) -> Answer:
    contents = await _async_of_days(
        hass,
        ("energyzero", "get_energy_prices"),
        dt_util.as_local(now).date(),
        lambda day: {
            "config_entry": entity.config_entry_id,
            "incl_vat": True,
            "start": day,
            "end": day,
        },
    )
    return Answer(contents=contents, unit="EUR/kWh")


async def _async_easyenergy(hass: HomeAssistant, entity: er.RegistryEntry, now: datetime) -> Answer:
    contents = await _async_of_days(
        hass,
        ("easyenergy", "get_energy_usage_prices"),
        dt_util.as_local(now).date(),
        lambda day: {
            "config_entry": entity.config_entry_id,
            "incl_vat": True,
            "start": day,
            "end": day,
        },
    )
    return Answer(contents=contents, unit="EUR/kWh")


async def _async_amber(hass: HomeAssistant, entity: er.RegistryEntry, _: datetime) -> Answer:
    response = await _async_call(
        hass,
        ("amberelectric", "get_forecasts"),
        {"config_entry_id": entity.config_entry_id, "channel_type": "general"},
    )
    return Answer(contents=(response,), unit="AUD/kWh")


_PRICE_PROVIDERS: Final[Mapping[str, Provider]] = {
    "amberelectric": _async_amber,
    "easyenergy": _async_easyenergy,
    "energyzero": _async_energyzero,
    "nordpool": _async_nordpool,
    "tibber": _async_tibber,
}


async def _async_of_days(
    hass: HomeAssistant,
    action: tuple[str, str],
    today: date,
    data: Callable[[str], dict[str, Any]],
) -> tuple[object, ...]:
    """Ask for today and for tomorrow, which may not be there yet."""
    first = await _async_call(hass, action, data(today.isoformat()))
    try:
        second = await _async_call(hass, action, data((today + timedelta(days=1)).isoformat()))
    except HomeAssistantError:
        return (first,)
    return (first, second)


async def _async_call(hass: HomeAssistant, action: tuple[str, str], data: dict[str, Any]) -> object:
    return await hass.services.async_call(*action, data, blocking=True, return_response=True)
