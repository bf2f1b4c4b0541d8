"""The forecasts of a site: what is known of prices, CO2 and sun, for plans and for costs."""

from collections.abc import Mapping
from datetime import datetime

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval

from .dispatch import Spawn
from .forecast_config import ForecastSettings
from .forecast_issues import ForecastIssues
from .forecast_source import (
    REFRESH_INTERVAL,
    AnySource,
    ForecastConfig,
    ForecastSource,
    async_read_forecast,
)
from .forecasts import CO2, PRICE, SOLAR, ForecastKind, Quantity
from .listeners import Unsubscribe
from .plan_horizon import Outlook
from .pool.series import Co2GramsPerKwhSeries, PricePerKwhSeries, Series, SolarWattsSeries


def _config[S: Series](quantity: Quantity[S], settings: ForecastSettings) -> ForecastConfig[S]:
    return ForecastConfig(
        quantity=quantity, entities=settings.entities, unit=settings.unit, part=settings.part
    )


async def async_try(hass: HomeAssistant, settings: ForecastSettings) -> None:
    """Read a forecast once.

    Raises:
        HomeAssistantError: There is nothing in it to plan with; its text says why and what to do.
    """
    match settings.kind:
        case ForecastKind.PRICE:
            await async_read_forecast(hass, _config(PRICE, settings))
        case ForecastKind.CO2:
            await async_read_forecast(hass, _config(CO2, settings))
        case ForecastKind.SOLAR:
            await async_read_forecast(hass, _config(SOLAR, settings))


class Outlooks:
    """Follows the forecasts of a site, and shows what is wrong with them."""

    def __init__(
        self,
        hass: HomeAssistant,
        issues: ForecastIssues,
        *,
        on_news: CALLBACK_TYPE,
        spawn: Spawn,
    ) -> None:
        """Begin with none.

        Args:
            hass: Home Assistant.
            issues: Shows what is wrong.
            on_news: Called when something else is forecast.
            spawn: Starts a task.
        """
        self._hass = hass
        self._issues = issues
        self._on_news = on_news
        self._spawn = spawn
        self._settings: Mapping[str, ForecastSettings] = {}
        self._sources: dict[str, AnySource] = {}
        self._unsubscribe: Unsubscribe | None = None

    @callback
    def async_configure(self, settings: Mapping[str, ForecastSettings]) -> None:
        """Follow the forecasts that are configured now; those that stay are left alone."""
        if self._unsubscribe is None:
            self._unsubscribe = async_track_time_interval(
                self._hass, self._on_time, REFRESH_INTERVAL
            )
        before, self._settings = self._settings, settings
        for key in before.keys() - {
            key for key, wanted in settings.items() if before.get(key) == wanted
        }:
            self._sources.pop(key).async_stop()
        for key, wanted in settings.items():
            if key not in self._sources:
                self._sources[key] = self._source(wanted)
                self._sources[key].async_start()
        if before != settings:
            self._on_news()

    @callback
    def async_stop(self) -> None:
        """Follow nothing any more, and take back what was shown as wrong."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for source in self._sources.values():
            source.async_stop()
        self._issues.async_clear()

    def outlook(self) -> Outlook:
        """Return what is forecast now."""
        prices: PricePerKwhSeries | None = None
        co2: Co2GramsPerKwhSeries | None = None
        solar: SolarWattsSeries | None = None
        feed_in_per_kwh = 0.0
        for key, settings in self._settings.items():
            match self._sources[key].series:
                case PricePerKwhSeries() as prices:
                    pass
                case Co2GramsPerKwhSeries() as co2:
                    pass
                case SolarWattsSeries() as solar:
                    feed_in_per_kwh = settings.feed_in_per_kwh
                case _:
                    pass
        return Outlook(
            prices=prices,
            co2=co2,
            solar=solar,
            feed_in_per_kwh=feed_in_per_kwh,
            has_rates=any(
                settings.kind is not ForecastKind.SOLAR for settings in self._settings.values()
            ),
        )

    def _source(self, settings: ForecastSettings) -> AnySource:
        def follow[S: Series](quantity: Quantity[S]) -> ForecastSource[S]:
            return ForecastSource(
                self._hass,
                _config(quantity, settings),
                on_news=self._on_news,
                spawn=self._spawn,
            )

        match settings.kind:
            case ForecastKind.PRICE:
                return follow(PRICE)
            case ForecastKind.CO2:
                return follow(CO2)
            case ForecastKind.SOLAR:
                return follow(SOLAR)

    @callback
    def _on_time(self, now: datetime) -> None:
        self._issues.async_sync(self._sources.values(), now)
