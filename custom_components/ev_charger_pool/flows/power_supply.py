"""The form of a DC power supply."""

from typing import Any, override

from homeassistant.config_entries import SubentryFlowContext, SubentryFlowResult
import probatio

from ..const import (
    CONF_CIRCUIT,
    CONF_CONNECTION,
    CONF_DRIVER,
    CONF_MAX_POWER,
    CONF_MAY_FREEZE,
    CONF_PROFILE,
    CONF_ROTATION,
    CONF_UNIT,
    DRIVER_MODBUS,
)
from ..modbus.profiles import async_available_profiles
from ..modbus.schema import Profile, ProfileKind
from .charger import link_unique_id
from .connection import ConnectionSteps, check_link_type, device_fields
from .draft import SubentrySteps
from .fields import (
    AMPS,
    MAX_LIMIT_W,
    VOLTS,
    WATTS,
    Errors,
    FieldError,
    Input,
    check_name,
    circuit_field,
    may_freeze_field,
    name_field,
    rotation_field,
    rotation_from_json,
    rotation_to_json,
)

CONF_SET_VOLTAGE = "voltage_v"
CONF_SET_CURRENT = "current_a"

_MOST_V = 2_000.0
_MOST_A = 5_000.0

_AS_TYPED = (
    CONF_PROFILE,
    CONF_CIRCUIT,
    CONF_MAX_POWER,
    CONF_SET_VOLTAGE,
    CONF_SET_CURRENT,
    CONF_MAY_FREEZE,
)
"""What is kept as it was typed."""


class PowerSupplySubentryFlow(
    ConnectionSteps[SubentryFlowContext, SubentryFlowResult, tuple[str, str]], SubentrySteps
):
    """Adds a power supply to a site, or changes one."""

    async def async_ask(self) -> SubentryFlowResult:
        """Begin with what it is."""
        return await self.async_step_supply()

    async def async_step_supply(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what it is, where it hangs, and what it may do."""
        profiles = await async_available_profiles(self.hass, ProfileKind.POWER_SUPPLY)
        errors: Errors = {}
        if user_input is not None:
            profile = profiles[user_input[CONF_PROFILE]]
            errors = _check_supply(user_input, profile)
            if not errors:
                self._take(user_input)
                return await self.async_ask_connection(user_input, profile)
        schema = probatio.Schema(
            {
                **name_field(),
                **device_fields(profiles),
                **circuit_field(self.site.circuit_names),
                **rotation_field(self.site.phases),
                probatio.Required(CONF_MAX_POWER): WATTS,
                probatio.Required(CONF_SET_VOLTAGE): VOLTS,
                probatio.Required(CONF_SET_CURRENT): AMPS,
                **may_freeze_field(),
            }
        )
        return self.async_show_form(
            step_id="supply",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or self.known()),
            errors=errors,
        )

    async def async_connection_known(
        self, connection: dict[str, Any], unit_id: int
    ) -> SubentryFlowResult:
        """Keep the supply."""
        self.draft = {**self.draft, CONF_CONNECTION: connection, CONF_UNIT: unit_id}
        return self.keep(link_unique_id(connection, unit_id))

    def _take(self, user_input: Input) -> None:
        self.take(
            user_input,
            {
                CONF_DRIVER: DRIVER_MODBUS,
                CONF_ROTATION: rotation_to_json(user_input[CONF_ROTATION]),
                **{key: user_input[key] for key in _AS_TYPED},
            },
        )

    @override
    def known(self) -> dict[str, Any]:
        """Return what the first form shows of a supply that is known."""
        known = super().known()
        if CONF_ROTATION in known:
            known[CONF_ROTATION] = rotation_from_json(known[CONF_ROTATION])
        return known


def _check_supply(user_input: Input, profile: Profile) -> Errors:
    errors = check_name(user_input) | check_link_type(user_input, profile)
    if not 0 < user_input[CONF_MAX_POWER] <= MAX_LIMIT_W:
        errors[CONF_MAX_POWER] = FieldError.POWER_RANGE
    if not 0 <= user_input[CONF_SET_VOLTAGE] <= _MOST_V:
        errors[CONF_SET_VOLTAGE] = FieldError.SET_POINT_RANGE
    if not 0 <= user_input[CONF_SET_CURRENT] <= _MOST_A:
        errors[CONF_SET_CURRENT] = FieldError.SET_POINT_RANGE
    return errors
