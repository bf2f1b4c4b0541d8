"""The forecasts of a site are followed as they are configured, and what is wrong is shown."""

from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.ev_charger_pool.const import DOMAIN
from custom_components.ev_charger_pool.forecast_config import ForecastSettings
from custom_components.ev_charger_pool.forecast_issues import ForecastIssues
from custom_components.ev_charger_pool.forecasts import ForecastKind
from custom_components.ev_charger_pool.outlooks import Outlooks
from custom_components.ev_charger_pool.plan_horizon import Outlook

NOW = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
PRICE = ForecastSettings(id="p", kind=ForecastKind.PRICE, entities=("sensor.prices",))
CO2 = ForecastSettings(id="c", kind=ForecastKind.CO2, entities=("sensor.co2",))
SUN = ForecastSettings(
    id="s", kind=ForecastKind.SOLAR, entities=("sensor.sun",), feed_in_per_kwh=0.08
)


class Rig:
    """The forecasts of a site, and how often they had news."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        self.news = 0
        self.outlooks = Outlooks(
            hass,
            ForecastIssues(hass, "01SITE", "Home"),
            on_news=self._on_news,
            spawn=self._spawn,
        )

    def _on_news(self) -> None:
        self.news += 1

    def _spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> Any:
        return self.hass.async_create_task(coroutine, name)

    async def configure(self, *settings: ForecastSettings) -> Outlook:
        self.outlooks.async_configure({one.id: one for one in settings})
        await self.hass.async_block_till_done()
        return self.outlooks.outlook()


@pytest.fixture
def rig(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Rig:
    freezer.move_to(NOW)
    hours = [NOW.replace(hour=hour, minute=0).isoformat() for hour in range(24)]

    def show(entity: str, unit: str, value: float) -> None:
        rows = [{"start": hour, "value": value} for hour in hours]
        hass.states.async_set(entity, "0", {"forecast": rows, "unit_of_measurement": unit})

    show("sensor.prices", "EUR/kWh", 0.25)
    show("sensor.co2", "g/kWh", 410.0)
    hass.states.async_set(
        "sensor.sun", "0", {"watts": dict.fromkeys(hours[8:16], 2_000), "unit_of_measurement": "W"}
    )
    return Rig(hass)


async def test_what_is_configured_is_known(rig: Rig) -> None:
    assert rig.outlooks.outlook() == Outlook()
    outlook = await rig.configure(PRICE, CO2, SUN)
    assert outlook.prices is not None
    assert outlook.prices.value_at(NOW) == 0.25
    assert outlook.co2 is not None
    assert outlook.co2.value_at(NOW) == 410.0
    assert outlook.solar is not None
    assert outlook.solar.value_at(NOW) == 2_000.0
    assert outlook.feed_in_per_kwh == 0.08
    assert outlook.has_rates
    assert rig.news >= 1
    rig.outlooks.async_stop()


async def test_what_is_removed_is_forgotten_and_the_others_stay(rig: Rig) -> None:
    before = await rig.configure(PRICE, SUN)
    news = rig.news
    after = await rig.configure(PRICE)
    assert after.prices is before.prices
    assert after.solar is None
    assert rig.news > news
    news = rig.news
    assert await rig.configure(PRICE) == after
    assert rig.news == news
    rig.outlooks.async_stop()


async def test_the_sun_alone_tells_no_rates(rig: Rig) -> None:
    outlook = await rig.configure(SUN)
    assert not outlook.has_rates
    rig.outlooks.async_stop()


async def test_what_cannot_be_read_for_long_is_shown_until_it_is_removed(
    hass: HomeAssistant,
    rig: Rig,
    freezer: FrozenDateTimeFactory,
    issue_registry: ir.IssueRegistry,
) -> None:
    gone = ForecastSettings(id="p", kind=ForecastKind.PRICE, entities=("sensor.nowhere",))
    outlook = await rig.configure(gone)
    assert outlook.prices is None
    assert outlook.has_rates
    for _ in range(4):
        freezer.tick(timedelta(minutes=15))
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
    issues = [issue for domain, issue in issue_registry.issues if domain == DOMAIN]
    assert issues == ["01SITE_forecast_failed_sensor.nowhere"]
    rig.outlooks.async_stop()
    assert [issue for domain, issue in issue_registry.issues if domain == DOMAIN] == []
