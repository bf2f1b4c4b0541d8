"""The form of a DC power supply."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigSubentryFlow,
    SubentryFlowContext,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME, CONF_TYPE
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
    ROOT_CIRCUIT,
)
from ..modbus.connection import LinkType
from ..modbus.profiles import async_available_profiles
from ..modbus.schema import Profile, ProfileKind
from .charger import link_unique_id
from .connection import ConnectionSteps, check_link_type, profile_choice
from .context import SiteContext, context_of_entry
from .fields import (
    AMPS,
    MAX_LIMIT_W,
    TEXT,
    VOLTS,
    WATTS,
    YES_NO,
    Errors,
    FieldError,
    circuits,
    one_of,
    rotation,
    rotation_from_json,
    rotation_to_json,
    rotations,
)

CONF_SET_VOLTAGE = "voltage_v"
CONF_SET_CURRENT = "current_a"

_MOST_V = 2_000.0
_MOST_A = 5_000.0


class PowerSupplySubentryFlow(
    ConnectionSteps[SubentryFlowContext, SubentryFlowResult, tuple[str, str]], ConfigSubentryFlow
):
    """Adds a power supply to a site, or changes one."""

    _site: SiteContext
    _own: str | None = None
    _title = ""
    _draft: Mapping[str, Any] = MappingProxyType({})

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Begin with a new one."""
        self._site = context_of_entry(self._get_entry())
        return await self.async_step_supply()

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Begin with what is known of one."""
        subentry = self._get_reconfigure_subentry()
        self._own, self._title = subentry.subentry_id, subentry.title
        self._site = context_of_entry(self._get_entry())
        self._draft = subentry.data
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
                return await self.async_ask_connection(
                    LinkType(user_input[CONF_TYPE]), profile, self._draft, self._own
                )
        possible = rotations(self._site.phases)
        schema = probatio.Schema(
            {
                probatio.Required(CONF_NAME): TEXT,
                probatio.Required(CONF_PROFILE): profile_choice(profiles),
                probatio.Required(CONF_TYPE, default=LinkType.TCP.value): one_of(
                    [kind.value for kind in LinkType], "link_type"
                ),
                probatio.Required(CONF_CIRCUIT, default=ROOT_CIRCUIT): circuits(
                    self._site.circuit_names
                ),
                probatio.Required(CONF_ROTATION, default=possible[0]): rotation(self._site.phases),
                probatio.Required(CONF_MAX_POWER): WATTS,
                probatio.Required(CONF_SET_VOLTAGE): VOLTS,
                probatio.Required(CONF_SET_CURRENT): AMPS,
                probatio.Required(CONF_MAY_FREEZE, default=False): YES_NO,
            }
        )
        return self.async_show_form(
            step_id="supply",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or self._known()),
            errors=errors,
        )

    async def async_connection_known(
        self, connection: dict[str, Any], unit_id: int
    ) -> SubentryFlowResult:
        """Keep the supply."""
        data = {**self._draft, CONF_CONNECTION: connection, CONF_UNIT: unit_id}
        unique_id = link_unique_id(connection, unit_id)
        if self.source == SOURCE_RECONFIGURE:
            return self.async_update_and_abort(
                self._get_entry(),
                self._get_reconfigure_subentry(),
                title=self._title,
                data=data,
                unique_id=unique_id,
            )
        return self.async_create_entry(title=self._title, data=data, unique_id=unique_id)

    def _take(self, user_input: Mapping[str, Any]) -> None:
        self._title = user_input[CONF_NAME].strip()
        self._draft = {
            **self._draft,
            CONF_DRIVER: DRIVER_MODBUS,
            CONF_ROTATION: rotation_to_json(user_input[CONF_ROTATION]),
            **{
                key: user_input[key]
                for key in (
                    CONF_PROFILE,
                    CONF_CIRCUIT,
                    CONF_MAX_POWER,
                    CONF_SET_VOLTAGE,
                    CONF_SET_CURRENT,
                    CONF_MAY_FREEZE,
                )
            },
        }

    def _known(self) -> dict[str, Any]:
        known = {**self._draft, CONF_NAME: self._title}
        if CONF_CONNECTION in known:
            known[CONF_TYPE] = known[CONF_CONNECTION][CONF_TYPE]
        if CONF_ROTATION in known:
            known[CONF_ROTATION] = rotation_from_json(known[CONF_ROTATION])
        return known


def _check_supply(user_input: Mapping[str, Any], profile: Profile) -> Errors:
    errors = check_link_type(profile, user_input[CONF_TYPE])
    if not user_input[CONF_NAME].strip():
        errors[CONF_NAME] = FieldError.NAME_EMPTY
    if not 0 < user_input[CONF_MAX_POWER] <= MAX_LIMIT_W:
        errors[CONF_MAX_POWER] = FieldError.POWER_RANGE
    if not 0 <= user_input[CONF_SET_VOLTAGE] <= _MOST_V:
        errors[CONF_SET_VOLTAGE] = FieldError.SET_POINT_RANGE
    if not 0 <= user_input[CONF_SET_CURRENT] <= _MOST_A:
        errors[CONF_SET_CURRENT] = FieldError.SET_POINT_RANGE
    return errors
