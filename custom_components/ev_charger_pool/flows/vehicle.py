"""The form of a vehicle: its battery, what tells about it, and how it is recognised."""

from typing import Any, Final, override

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_NAME, Platform, UnitOfEnergy
import probatio

from ..const import (
    CONF_CAPACITY,
    CONF_CAPACITY_ENTITY,
    CONF_EFFICIENCY,
    CONF_HOME,
    CONF_LIMIT_ENTITY,
    CONF_MAX_CURRENT,
    CONF_PHASES,
    CONF_PLUGGED_ENTITY,
    CONF_RANGE_ENTITY,
    CONF_SOC_ENTITY,
    CONF_TAGS,
    GUEST,
)
from ..pool.vehicles import DEFAULT_EFFICIENCY
from .draft import SubentrySteps
from .fields import (
    AMPS,
    MAX_CONNECTOR_A,
    MIN_CHARGING_A,
    TEXTS,
    TOKEN,
    Errors,
    FieldError,
    Input,
    check_name,
    entity_of,
    name_field,
    number,
    one_of,
    one_of_named,
)

MAX_CAPACITY_KWH: Final = 1_500.0
"""More than any lorry has."""

LEAST_EFFICIENCY_PERCENT: Final = 50.0
_ALL_PERCENT: Final = 100.0

_PERCENT: Final = number("%")
_KWH: Final = number(UnitOfEnergy.KILO_WATT_HOUR, step=0.1)

_INPUT_NUMBER: Final = "input_number"
_INPUT_BOOLEAN: Final = "input_boolean"

_ENTITIES: Final = (
    CONF_SOC_ENTITY,
    CONF_LIMIT_ENTITY,
    CONF_RANGE_ENTITY,
    CONF_CAPACITY_ENTITY,
    CONF_PLUGGED_ENTITY,
)

_AS_TYPED: Final = (
    *_ENTITIES,
    CONF_CAPACITY,
    CONF_MAX_CURRENT,
    CONF_PHASES,
    CONF_EFFICIENCY,
    CONF_HOME,
)
"""What is kept as it was typed; what was left empty is not kept."""


class VehicleSubentryFlow(SubentrySteps):
    """Adds a vehicle to a site, or changes one."""

    async def async_ask(self) -> SubentryFlowResult:
        """Begin with its battery."""
        return await self.async_step_vehicle()

    async def async_step_vehicle(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for everything that is known of it."""
        errors: Errors = {}
        if user_input is not None and not (errors := self._check(user_input)):
            self._take(user_input)
            return self.keep()
        return self.async_show_form(
            step_id="vehicle",
            data_schema=self.add_suggested_values_to_schema(
                self._schema(), user_input or self.known()
            ),
            errors=errors,
        )

    def _schema(self) -> probatio.Schema:
        told = entity_of(Platform.SENSOR, Platform.NUMBER, _INPUT_NUMBER)
        fields: dict[probatio.Marker, Any] = {
            **name_field(),
            probatio.Optional(CONF_CAPACITY): _KWH,
            probatio.Optional(CONF_CAPACITY_ENTITY): told,
            probatio.Optional(CONF_SOC_ENTITY): told,
            probatio.Optional(CONF_LIMIT_ENTITY): told,
            probatio.Optional(CONF_RANGE_ENTITY): told,
            probatio.Optional(CONF_MAX_CURRENT): AMPS,
            probatio.Optional(CONF_PHASES): one_of(("1", "2", "3"), "vehicle_phases"),
            probatio.Required(CONF_EFFICIENCY, default=_ALL_PERCENT * DEFAULT_EFFICIENCY): _PERCENT,
            probatio.Optional(CONF_PLUGGED_ENTITY): entity_of(
                Platform.BINARY_SENSOR, _INPUT_BOOLEAN
            ),
            probatio.Optional(CONF_TAGS): TEXTS,
        }
        if self.site.connector_names:
            fields[probatio.Optional(CONF_HOME)] = one_of_named(self.site.connector_names)
        return probatio.Schema(fields)

    def _take(self, user_input: Input) -> None:
        data = {key: user_input[key] for key in _AS_TYPED if user_input.get(key) is not None}
        if tags := _tags(user_input):
            data[CONF_TAGS] = tags
        self.draft = {}
        self.take(user_input, data)

    @override
    def known(self) -> dict[str, Any]:
        """Return what the form shows of a vehicle that is known."""
        known = super().known()
        if known.get(CONF_HOME) not in self.site.connector_names:
            # Its charger was removed meanwhile.
            known.pop(CONF_HOME, None)
        return known

    def _check(self, user_input: Input) -> Errors:
        others = self.site.vehicles
        errors = check_name(user_input, (vehicle.name for vehicle in others))
        if user_input[CONF_NAME].strip().casefold() == GUEST:
            errors[CONF_NAME] = FieldError.NAME_RESERVED
        errors |= _check_figures(user_input)
        seen: set[str] = set()
        for key in _ENTITIES:
            if entity := user_input.get(key):
                if entity in seen:
                    errors[key] = FieldError.ENTITY_TWICE
                seen.add(entity)
        tags = _tags(user_input)
        taken = {tag.casefold() for vehicle in others for tag in vehicle.tags}
        if not all(TOKEN.fullmatch(tag) for tag in tags):
            errors[CONF_TAGS] = FieldError.TOKENS_INVALID
        elif any(tag.casefold() in taken for tag in tags):
            errors[CONF_TAGS] = FieldError.TAG_TAKEN
        home = user_input.get(CONF_HOME)
        if home is not None and any(vehicle.home == home for vehicle in others):
            errors[CONF_HOME] = FieldError.HOME_TAKEN
        return errors


def _check_figures(user_input: Input) -> Errors:
    errors: Errors = {}
    capacity_kwh = user_input.get(CONF_CAPACITY)
    if capacity_kwh is not None and not 1.0 <= capacity_kwh <= MAX_CAPACITY_KWH:
        errors[CONF_CAPACITY] = FieldError.CAPACITY_RANGE
    if capacity_kwh is not None and user_input.get(CONF_CAPACITY_ENTITY):
        errors[CONF_CAPACITY_ENTITY] = FieldError.CAPACITY_TWICE
    max_current_a = user_input.get(CONF_MAX_CURRENT)
    if max_current_a is not None and not MIN_CHARGING_A <= max_current_a <= MAX_CONNECTOR_A:
        errors[CONF_MAX_CURRENT] = FieldError.MAXIMUM_RANGE
    if not LEAST_EFFICIENCY_PERCENT <= user_input[CONF_EFFICIENCY] <= _ALL_PERCENT:
        errors[CONF_EFFICIENCY] = FieldError.EFFICIENCY_RANGE
    return errors


def _tags(user_input: Input) -> list[str]:
    return [tag.strip() for tag in user_input.get(CONF_TAGS) or ()]
