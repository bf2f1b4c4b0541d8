"""The form of a forecast: of what it is, and where it comes from."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import Platform
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
)
from homeassistant.helpers.translation import async_get_translations
import probatio

from ..const import (
    CONF_ENTITIES,
    CONF_FEED_IN,
    CONF_KIND,
    CONF_PART,
    CONF_UNIT_OF_VALUES,
    DOMAIN,
)
from ..forecast_config import ForecastSettings
from ..forecasts import ForecastKind
from ..outlooks import async_try
from .draft import SubentrySteps
from .fields import TEXT, Errors, FieldError, Input, number, one_of

_SENSORS: Final = EntitySelector(
    EntitySelectorConfig(
        filter=EntityWithDeviceFilterSelectorConfig(
            domain=[Platform.SENSOR, Platform.BINARY_SENSOR, Platform.EVENT]
        ),
        multiple=True,
    )
)

MOST_FEED_IN: Final = 10_000.0
"""Per kWh: more than electricity earns in any currency."""


class ForecastSubentryFlow(SubentrySteps):
    """Adds a forecast to a site, or changes one."""

    async def async_ask(self) -> SubentryFlowResult:
        """Begin with its entities."""
        return await self.async_step_forecast()

    async def async_step_forecast(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask of what it is and where it comes from, and try to read it."""
        errors: Errors = {}
        reason = ""
        if user_input is not None:
            errors = self._check(user_input)
            if not errors and (error := await self._async_try(user_input)) is not None:
                errors[CONF_ENTITIES] = FieldError.FORECAST_UNREADABLE
                reason = await self._async_text(error)
            if not errors:
                self.title = await self._async_title(user_input[CONF_KIND])
                self.draft = _data(user_input)
                return self.keep()
        schema = probatio.Schema(
            {
                probatio.Required(CONF_KIND, default=ForecastKind.PRICE.value): one_of(
                    [kind.value for kind in ForecastKind], "forecast_kind"
                ),
                probatio.Required(CONF_ENTITIES): _SENSORS,
                probatio.Optional(CONF_UNIT_OF_VALUES): TEXT,
                probatio.Optional(CONF_PART): TEXT,
                probatio.Optional(CONF_FEED_IN): number(
                    f"{self.hass.config.currency}/kWh", step=0.001
                ),
            }
        )
        return self.async_show_form(
            step_id="forecast",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or self.draft),
            errors=errors,
            description_placeholders={"reason": reason},
        )

    def _check(self, user_input: Input) -> Errors:
        errors: Errors = {}
        if user_input[CONF_KIND] in self.site.forecast_kinds:
            errors[CONF_KIND] = FieldError.KIND_TAKEN
        if not user_input[CONF_ENTITIES]:
            errors[CONF_ENTITIES] = FieldError.ENTITY_MISSING
        if abs(user_input.get(CONF_FEED_IN) or 0.0) > MOST_FEED_IN:
            errors[CONF_FEED_IN] = FieldError.FEED_IN_RANGE
        return errors

    async def _async_try(self, user_input: Input) -> HomeAssistantError | None:
        settings = ForecastSettings(
            id="",
            kind=ForecastKind(user_input[CONF_KIND]),
            entities=tuple(user_input[CONF_ENTITIES]),
            unit=_typed(user_input, CONF_UNIT_OF_VALUES),
            part=_typed(user_input, CONF_PART),
        )
        try:
            await async_try(self.hass, settings)
        except HomeAssistantError as error:
            return error
        return None

    async def _async_text(self, error: HomeAssistantError) -> str:
        """Return what an error says in the language of the home."""
        texts = await self._async_texts("exceptions")
        text = texts.get(f"component.{DOMAIN}.exceptions.{error.translation_key}.message")
        return str(error) if text is None else text.format(**(error.translation_placeholders or {}))

    async def _async_title(self, kind: str) -> str:
        texts = await self._async_texts("selector")
        return texts.get(f"component.{DOMAIN}.selector.forecast_kind.options.{kind}", kind)

    async def _async_texts(self, category: str) -> Mapping[str, str]:
        return await async_get_translations(
            self.hass, self.hass.config.language, category, {DOMAIN}
        )


def _typed(user_input: Input, key: str) -> str:
    return (user_input.get(key) or "").strip()


def _data(user_input: Input) -> dict[str, Any]:
    data: dict[str, Any] = {
        CONF_KIND: user_input[CONF_KIND],
        CONF_ENTITIES: list(user_input[CONF_ENTITIES]),
    }
    for key in (CONF_UNIT_OF_VALUES, CONF_PART):
        if text := _typed(user_input, key):
            data[key] = text
    if user_input[CONF_KIND] == ForecastKind.SOLAR and user_input.get(CONF_FEED_IN) is not None:
        data[CONF_FEED_IN] = user_input[CONF_FEED_IN]
    return data
