"""A home with forecasts of other integrations, none of which is really there."""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ev_charger_pool.forecast_source import (
    ForecastConfig,
    ForecastSource,
)
from custom_components.ev_charger_pool.forecasts import PRICE
from custom_components.ev_charger_pool.pool.series import PricePerKwhSeries
from tests.forecasts import shapes
from tests.forecasts.shapes import TODAY

PRICE_ENTITY = "sensor.price"
TOMORROW = TODAY + timedelta(days=1)

type Attributes = Mapping[str, Any]


@pytest.fixture
async def forecast_home(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> AsyncGenerator[None]:
    """Have a home in Amsterdam, on a winter's afternoon."""
    await hass.config.async_set_time_zone("Europe/Amsterdam")
    hass.config.currency = "EUR"
    hass.config.longitude = 4.9
    freezer.move_to(shapes.NOW)
    yield
    # The other integrations are not really there, so that none of them can be unloaded.
    for entry in hass.config_entries.async_entries():
        assert isinstance(entry, MockConfigEntry)
        entry.mock_state(hass, ConfigEntryState.NOT_LOADED)


class News:
    """Counts how often there was any."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def forecast_news() -> News:
    return News()


@pytest.fixture
def follow_forecast(
    hass: HomeAssistant, forecast_news: News
) -> Iterator[Callable[[ForecastConfig[Any]], Any]]:
    """Return how to make a source that is started, and stopped in the end."""
    made: list[ForecastSource[Any]] = []

    def make(config: ForecastConfig[Any]) -> ForecastSource[Any]:
        source = ForecastSource(
            hass,
            config,
            on_news=forecast_news,
            spawn=lambda task, name: hass.async_create_task(task, name, eager_start=True),
        )
        made.append(source)
        source.async_start()
        return source

    yield make
    for source in made:
        source.async_stop()


def price_of(*entities: str, unit: str = "", part: str = "") -> ForecastConfig[PricePerKwhSeries]:
    return ForecastConfig(
        quantity=PRICE, entities=entities or (PRICE_ENTITY,), unit=unit, part=part
    )


def register(
    hass: HomeAssistant,
    platform: str,
    unique_id: str,
    *,
    entry: MockConfigEntry | None = None,
    data: Attributes | None = None,
    state: ConfigEntryState = ConfigEntryState.LOADED,
) -> er.RegistryEntry:
    """Have an entity of another integration."""
    if entry is None:
        entry = MockConfigEntry(domain=platform, data=dict(data or {}), state=state)
        entry.add_to_hass(hass)
    return er.async_get(hass).async_get_or_create("sensor", platform, unique_id, config_entry=entry)


class Action:
    """An action of another integration that notes how it was called."""

    def __init__(self, answer: Callable[[Mapping[str, Any]], Any]) -> None:
        self.answer = answer
        self.calls: list[dict[str, Any]] = []

    async def async_call(self, call: ServiceCall) -> Any:
        self.calls.append(dict(call.data))
        return self.answer(call.data)


def offer(
    hass: HomeAssistant, domain: str, name: str, answer: Callable[[Mapping[str, Any]], Any]
) -> Action:
    action = Action(answer)
    hass.services.async_register(
        domain, name, action.async_call, supports_response=SupportsResponse.ONLY
    )
    return action


def nordpool_day(data: Mapping[str, Any]) -> Any:
    day = datetime.fromisoformat(data["date"]).date()
    return shapes.nordpool_action(day, ("BE", "NL"))


class EnergyPlatforms:
    """Stands for the energy platforms of integrations: what each entry gives."""

    def __init__(self) -> None:
        self.gives: dict[str, Any] = {}
        self.platform: object = self

    async def async_get_solar_forecast(self, hass: HomeAssistant, entry_id: str) -> Any:
        return self.gives.get(entry_id)


@pytest.fixture
def energy_platforms(monkeypatch: pytest.MonkeyPatch) -> EnergyPlatforms:
    platforms = EnergyPlatforms()

    async def async_get_platform(name: str) -> Any:
        assert name == "energy"
        return platforms.platform

    async def async_get_integration(hass: HomeAssistant, domain: str) -> Any:
        return SimpleNamespace(async_get_platform=async_get_platform)

    monkeypatch.setattr(
        "custom_components.ev_charger_pool.forecast_providers.async_get_integration",
        async_get_integration,
    )
    return platforms
