"""Repairs say what is wrong with a forecast, and go when it is healed."""

from collections.abc import AsyncGenerator
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_load_integrations
import pytest

from custom_components.ev_charger_pool.const import DOMAIN
from custom_components.ev_charger_pool.forecast_issues import PATIENCE, ForecastIssues
from custom_components.ev_charger_pool.forecast_source import AnySource
from tests.forecast_sources import PRICE_ENTITY, price_of
from tests.forecasts import shapes
from tests.forecasts.shapes import QUARTER

pytestmark = pytest.mark.usefixtures("forecast_home")


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
    hass: HomeAssistant, follow_forecast: Any, issues: ForecastIssues
) -> None:
    hass.states.async_set(PRICE_ENTITY, "1", shapes.nordpool_custom(tomorrow=False))
    source = follow_forecast(price_of())
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
    hass: HomeAssistant, follow_forecast: Any, issues: ForecastIssues, language: str, words: str
) -> None:
    hass.config.language = language
    await async_load_integrations(hass, {DOMAIN})
    source = follow_forecast(price_of())
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
    follow_forecast: Any,
    issues: ForecastIssues,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await async_load_integrations(hass, {DOMAIN})
    monkeypatch.setattr(
        "custom_components.ev_charger_pool.forecast_issues.async_get_cached_translations",
        lambda *_: {},
    )
    source = follow_forecast(price_of())
    await hass.async_block_till_done()
    issues.async_sync([source], shapes.NOW + PATIENCE)
    assert shown(hass)["forecast_failed"]["detail"] == str(source.error)


async def test_every_kind_of_problem_has_its_place(
    hass: HomeAssistant, follow_forecast: Any, issues: ForecastIssues
) -> None:
    bad = shapes.nordpool_custom()
    bad["today"] = []
    bad["raw_today"][3]["value"] = 900.0
    bad["raw_today"][4]["value"] = "NaN"
    bad["raw_today"].append(bad["raw_today"][0])
    hass.states.async_set(PRICE_ENTITY, "1", bad)
    two = {**shapes.tibber_action(("Huis", "Boot")), "unit_of_measurement": "EUR/kWh"}
    hass.states.async_set("sensor.two", "1", two)
    sources: list[AnySource] = [
        follow_forecast(price_of()),
        follow_forecast(price_of("sensor.two")),
    ]
    await hass.async_block_till_done()
    issues.async_sync(sources, shapes.NOW)
    details = {key: placeholders["detail"] for key, placeholders in shown(hass).items()}
    assert details == {
        "forecast_implausible": "900",
        "forecast_rows": "1 x value unreadable (NaN), 1 x duplicate (2026-11-19T23:00:00+00:00)",
        "forecast_several": "prices.Huis / prices.Boot",
    }


async def test_an_issue_follows_its_figures(
    hass: HomeAssistant, follow_forecast: Any, issues: ForecastIssues
) -> None:
    content = shapes.nordpool_custom()
    content["today"] = []
    content["raw_today"][3]["value"] = 900.0
    hass.states.async_set(PRICE_ENTITY, "1", content)
    source = follow_forecast(price_of())
    await hass.async_block_till_done()
    issues.async_sync([source], shapes.NOW)
    content["raw_today"][3]["value"] = 700.0
    hass.states.async_set(PRICE_ENTITY, "1", {**content, "changed": True})
    await hass.async_block_till_done()
    issues.async_sync([source], shapes.NOW)
    assert shown(hass)["forecast_implausible"]["detail"] == "700"
