"""Forecasts are read from entities, or from their integrations, and followed."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.translation import async_load_integrations
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.ev_charger_pool.const import DOMAIN
from custom_components.ev_charger_pool.errors import ErrorKey
from custom_components.ev_charger_pool.forecast_issues import PATIENCE, ForecastIssues
from custom_components.ev_charger_pool.forecast_providers import ASK_TIMEOUT_S
from custom_components.ev_charger_pool.forecast_source import (
    CALM_INTERVAL,
    REFRESH_INTERVAL,
    ForecastConfig,
    ForecastSource,
    async_read_forecast,
)
from custom_components.ev_charger_pool.forecasts import CO2, PRICE, SOLAR, ForecastProblemKind
from custom_components.ev_charger_pool.pool.series import PricePerKwhSeries, Series
from tests.forecasts import shapes
from tests.forecasts.shapes import HOUR, QUARTER, TODAY, market

PRICE_ENTITY = "sensor.price"
TOMORROW = TODAY + timedelta(days=1)

type Attributes = Mapping[str, Any]


@pytest.fixture(autouse=True)
async def home(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> AsyncGenerator[None]:
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
def news() -> News:
    return News()


@pytest.fixture
def follow(hass: HomeAssistant, news: News) -> Iterator[Callable[[ForecastConfig[Any]], Any]]:
    """Return how to make a source that is started, and stopped in the end."""
    made: list[ForecastSource[Any]] = []

    def make(config: ForecastConfig[Any]) -> ForecastSource[Any]:
        source = ForecastSource(
            hass,
            config,
            on_news=news,
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


# Asking integrations


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


class EnergyPlatforms:
    """Stands for the energy platforms of integrations: what each entry gives."""

    def __init__(self) -> None:
        self.gives: dict[str, Any] = {}
        self.platform: object = self

    async def async_get_solar_forecast(self, hass: HomeAssistant, entry_id: str) -> Any:
        return self.gives.get(entry_id)


@pytest.fixture
def energy(monkeypatch: pytest.MonkeyPatch) -> EnergyPlatforms:
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


async def test_any_sensor_of_forecast_solar_gives_its_whole_forecast(
    hass: HomeAssistant, energy: EnergyPlatforms
) -> None:
    entity = register(hass, "forecast_solar", "energy_production_today")
    energy.gives[entity.config_entry_id or ""] = shapes.forecast_solar()
    hass.states.async_set(entity.entity_id, "9.1", {"unit_of_measurement": "kWh"})
    config = ForecastConfig(quantity=SOLAR, entities=(entity.entity_id,))
    reading = await async_read_forecast(hass, config)
    assert reading.problems == ()
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert reading.series.energy_wh(noon, noon + HOUR) == pytest.approx(
        shapes.sun(noon + HOUR / 2), abs=1
    )


async def test_arrays_of_two_entries_add_up_and_sensors_of_one_do_not(
    hass: HomeAssistant, energy: EnergyPlatforms
) -> None:
    east = register(hass, "forecast_solar", "east")
    west = register(hass, "forecast_solar", "west")
    entry = hass.config_entries.async_get_known_entry(west.config_entry_id or "")
    assert isinstance(entry, MockConfigEntry)
    again = register(hass, "forecast_solar", "west_tomorrow", entry=entry)
    for entity in (east, west):
        energy.gives[entity.config_entry_id or ""] = shapes.forecast_solar()
    entities = (east.entity_id, west.entity_id, again.entity_id)
    one = await async_read_forecast(hass, ForecastConfig(quantity=SOLAR, entities=entities[:1]))
    all_ = await async_read_forecast(hass, ForecastConfig(quantity=SOLAR, entities=entities))
    start, end = shapes.NOW - 24 * HOUR, shapes.NOW + 48 * HOUR
    assert all_.series.energy_wh(start, end) == pytest.approx(2 * one.series.energy_wh(start, end))


async def test_a_forecast_that_is_not_there_yet_is_none(
    hass: HomeAssistant, energy: EnergyPlatforms
) -> None:
    entity = register(hass, "forecast_solar", "energy_production_today")
    with pytest.raises(HomeAssistantError) as caught:
        await async_read_forecast(
            hass, ForecastConfig(quantity=SOLAR, entities=(entity.entity_id,))
        )
    assert caught.value.translation_key == ErrorKey.FORECAST_UNREADABLE


async def test_an_energy_platform_without_a_forecast_is_not_asked(
    hass: HomeAssistant, energy: EnergyPlatforms
) -> None:
    energy.platform = SimpleNamespace()
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


# Following


async def test_a_source_reads_at_once_and_with_every_change(
    hass: HomeAssistant, follow: Any, news: News
) -> None:
    hass.states.async_set(PRICE_ENTITY, "1", shapes.nordpool_custom(tomorrow=False))
    source = follow(price_of())
    await hass.async_block_till_done()
    assert source.series.ends_at == datetime(2026, 11, 20, 23, tzinfo=UTC)
    assert (source.error, source.failing_since, news.count) == (None, None, 1)
    hass.states.async_set(PRICE_ENTITY, "1", shapes.nordpool_custom())
    await hass.async_block_till_done()
    assert source.series.ends_at == datetime(2026, 11, 21, 23, tzinfo=UTC)
    assert news.count == 2


async def test_news_that_change_nothing_are_none(
    hass: HomeAssistant, follow: Any, news: News
) -> None:
    hass.states.async_set(PRICE_ENTITY, "1", shapes.nordpool_custom())
    follow(price_of())
    await hass.async_block_till_done()
    hass.states.async_set(PRICE_ENTITY, "2", shapes.nordpool_custom())
    await hass.async_block_till_done()
    assert news.count == 1


async def test_a_source_that_is_stopped_reads_no_more(
    hass: HomeAssistant, follow: Any, news: News
) -> None:
    hass.states.async_set(PRICE_ENTITY, "1", shapes.nordpool_custom())
    source = follow(price_of())
    await hass.async_block_till_done()
    source.async_stop()
    hass.states.async_set(PRICE_ENTITY, "1", {})
    await hass.async_block_till_done()
    assert (source.error, news.count) == (None, 1)


async def test_what_was_read_outlives_its_source_and_comes_back(
    hass: HomeAssistant, follow: Any, news: News, caplog: pytest.LogCaptureFixture
) -> None:
    hass.states.async_set(PRICE_ENTITY, "1", shapes.nordpool_custom())
    source = follow(price_of())
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
    hass: HomeAssistant, follow: Any
) -> None:
    hass.states.async_set(PRICE_ENTITY, "1", {})
    entity = register(hass, "tibber", "home-id")
    asked: list[int] = []

    def answer(_: Mapping[str, Any]) -> Any:
        asked.append(1)
        hass.states.async_set(PRICE_ENTITY, "1", shapes.nordpool_custom())
        return {}

    offer(hass, "tibber", "get_prices", answer)
    source = follow(price_of(PRICE_ENTITY, entity.entity_id))
    await hass.async_block_till_done()
    assert source.series.value_at(shapes.NOW) == market(shapes.NOW)
    assert asked == [1]


async def tick(hass: HomeAssistant, freezer: FrozenDateTimeFactory, step: timedelta) -> None:
    freezer.tick(step)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()


async def test_tomorrow_is_asked_for_until_it_is_there_and_then_seldom(
    hass: HomeAssistant, follow: Any, freezer: FrozenDateTimeFactory
) -> None:
    is_out = False

    def answer(data: Mapping[str, Any]) -> Any:
        if data["date"] != TODAY.isoformat() and not is_out:
            return {"NL": []}
        return nordpool_day(data)

    entity = register(hass, "nordpool", "NL-current_price", data={"currency": "EUR"})
    action = offer(hass, "nordpool", "get_prices_for_date", answer)
    source = follow(price_of(entity.entity_id))
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
    hass: HomeAssistant, follow: Any, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(datetime(2026, 11, 20, 6, tzinfo=UTC))
    entity = register(hass, "nordpool", "NL-current_price", data={"currency": "EUR"})
    action = offer(
        hass,
        "nordpool",
        "get_prices_for_date",
        lambda data: nordpool_day(data) if data["date"] == "2026-11-20" else {"NL": []},
    )
    follow(price_of(entity.entity_id))
    await hass.async_block_till_done()
    await tick(hass, freezer, REFRESH_INTERVAL)
    assert len(action.calls) == 2


async def test_a_sun_in_a_wrong_zone_is_a_problem(hass: HomeAssistant, follow: Any) -> None:
    hass.config.longitude = 151.2
    hass.states.async_set("sensor.sun", "1", shapes.solcast())
    source = follow(ForecastConfig(quantity=SOLAR, entities=("sensor.sun",)))
    await hass.async_block_till_done()
    assert [one.kind for one in source.problems(shapes.NOW)] == [ForecastProblemKind.ZONE_DOUBTFUL]


async def test_the_sun_is_asked_for_with_every_change(
    hass: HomeAssistant, energy: EnergyPlatforms, follow: Any
) -> None:
    entity = register(hass, "forecast_solar", "energy_production_today")
    energy.gives[entity.config_entry_id or ""] = shapes.forecast_solar(1)
    source = follow(ForecastConfig(quantity=SOLAR, entities=(entity.entity_id,)))
    await hass.async_block_till_done()
    assert source.series.ends_at < shapes.NOW + 12 * HOUR
    energy.gives[entity.config_entry_id or ""] = shapes.forecast_solar(2)
    hass.states.async_set(entity.entity_id, "9.2")
    await hass.async_block_till_done()
    assert source.series.ends_at > shapes.NOW + 12 * HOUR


async def test_intensities_have_no_end_that_is_too_early(hass: HomeAssistant, follow: Any) -> None:
    hass.states.async_set("sensor.co2", "1", shapes.electricity_maps())
    source = follow(ForecastConfig(quantity=CO2, entities=("sensor.co2",)))
    await hass.async_block_till_done()
    assert source.problems(shapes.NOW + 48 * HOUR) == ()


# Repairs


@pytest.fixture
async def issues(hass: HomeAssistant) -> AsyncGenerator[ForecastIssues]:
    found = ForecastIssues(hass, "entry", "Home")
    yield found
    found.async_clear()


def shown(hass: HomeAssistant) -> dict[str | None, dict[str, str]]:
    return {
        issue.translation_key: issue.translation_placeholders or {}
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN
    }


async def test_missing_prices_are_repaired_when_they_come(
    hass: HomeAssistant, follow: Any, issues: ForecastIssues
) -> None:
    hass.states.async_set(PRICE_ENTITY, "1", shapes.nordpool_custom(tomorrow=False))
    source = follow(price_of())
    await hass.async_block_till_done()
    issues.async_sync([source], shapes.NOW)
    assert shown(hass) == {
        "forecast_ends_early": {
            "site": "Home",
            "entity": PRICE_ENTITY,
            "detail": "2026-11-21T00:00+01:00",
        }
    }
    hass.states.async_set(PRICE_ENTITY, "1", shapes.nordpool_custom())
    await hass.async_block_till_done()
    issues.async_sync([source], shapes.NOW)
    assert shown(hass) == {}


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "is missing or not available"), ("nl", "ontbreekt of is niet beschikbaar")],
)
async def test_a_failure_is_shown_when_it_lasts(
    hass: HomeAssistant, follow: Any, issues: ForecastIssues, language: str, words: str
) -> None:
    hass.config.language = language
    await async_load_integrations(hass, {DOMAIN})
    source = follow(price_of())
    await hass.async_block_till_done()
    assert (source.series, source.reading, source.problems(shapes.NOW)) == (None, None, ())
    issues.async_sync([source], shapes.NOW + PATIENCE - QUARTER)
    assert shown(hass) == {}
    issues.async_sync([source], shapes.NOW + PATIENCE)
    assert set(shown(hass)) == {"forecast_failed"}
    detail = shown(hass)["forecast_failed"]["detail"]
    assert PRICE_ENTITY in detail
    assert words in detail
    issues.async_sync([source], shapes.NOW + PATIENCE)
    issues.async_clear()
    assert shown(hass) == {}


async def test_a_failure_without_a_text_in_the_language_speaks_english(
    hass: HomeAssistant,
    follow: Any,
    issues: ForecastIssues,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await async_load_integrations(hass, {DOMAIN})
    monkeypatch.setattr(
        "custom_components.ev_charger_pool.forecast_issues.async_get_cached_translations",
        lambda *_: {},
    )
    source = follow(price_of())
    await hass.async_block_till_done()
    issues.async_sync([source], shapes.NOW + PATIENCE)
    assert shown(hass)["forecast_failed"]["detail"] == str(source.error)


async def test_every_kind_of_problem_has_its_place(
    hass: HomeAssistant, follow: Any, issues: ForecastIssues
) -> None:
    bad = shapes.nordpool_custom()
    bad["today"] = []
    bad["raw_today"][3]["value"] = 900.0
    bad["raw_today"][4]["value"] = "NaN"
    bad["raw_today"].append(bad["raw_today"][0])
    hass.states.async_set(PRICE_ENTITY, "1", bad)
    two = {**shapes.tibber_action(("Huis", "Boot")), "unit_of_measurement": "EUR/kWh"}
    hass.states.async_set("sensor.two", "1", two)
    sources: list[ForecastSource[Series]] = [follow(price_of()), follow(price_of("sensor.two"))]
    await hass.async_block_till_done()
    issues.async_sync(sources, shapes.NOW)
    details = {key: placeholders["detail"] for key, placeholders in shown(hass).items()}
    assert details == {
        "forecast_implausible": "900",
        "forecast_rows": "1 x value unreadable (NaN), 1 x duplicate (2026-11-19T23:00:00+00:00)",
        "forecast_several": "prices.Huis / prices.Boot",
    }


async def test_an_issue_follows_its_figures(
    hass: HomeAssistant, follow: Any, issues: ForecastIssues
) -> None:
    content = shapes.nordpool_custom()
    content["today"] = []
    content["raw_today"][3]["value"] = 900.0
    hass.states.async_set(PRICE_ENTITY, "1", content)
    source = follow(price_of())
    await hass.async_block_till_done()
    issues.async_sync([source], shapes.NOW)
    content["raw_today"][3]["value"] = 700.0
    hass.states.async_set(PRICE_ENTITY, "1", {**content, "changed": True})
    await hass.async_block_till_done()
    issues.async_sync([source], shapes.NOW)
    assert shown(hass)["forecast_implausible"]["detail"] == "700"
