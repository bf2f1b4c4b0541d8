"""The steps that ask where a Modbus device is, and try whether it answers there."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.const import CONF_DEVICE, CONF_HOST, CONF_PORT, CONF_TYPE
from homeassistant.data_entry_flow import FlowContext, FlowHandler, FlowResult
from homeassistant.helpers.selector import SerialPortSelector
from homeassistant.util.network import is_host_valid
import probatio

from ..const import CONF_CONNECTION, CONF_PROFILE, CONF_UNIT
from ..modbus.connection import LinkType, ModbusConnection
from ..modbus.schema import Profile
from .context import is_link_taken
from .draft import Draft
from .fields import (
    COUNT,
    TEXT,
    YES_NO,
    Errors,
    FieldError,
    Fields,
    Input,
    one_of,
    one_of_named,
)
from .probe import async_probe

CONF_BAUDRATE: Final = "baudrate"
CONF_SAVE_ANYWAY: Final = "save_anyway"

_DEFAULT_PORT = 502
_HIGHEST_PORT = 65_535
_HIGHEST_UNIT = 255
_UNANSWERED = {FieldError.CANNOT_CONNECT, FieldError.NO_ANSWER, FieldError.WRONG_DEVICE}
_BAUDRATES = range(300, 4_000_001)


def check_network(user_input: Input) -> Errors:
    """Return what is wrong with the address of a device in the network, by field."""
    errors: Errors = {}
    if not is_host_valid(user_input[CONF_HOST].strip()):
        errors[CONF_HOST] = FieldError.HOST_INVALID
    if not _is_whole(user_input[CONF_PORT], 1, _HIGHEST_PORT):
        errors[CONF_PORT] = FieldError.PORT_RANGE
    return errors


def check_serial(user_input: Input) -> Errors:
    """Return what is wrong with a serial port, by field."""
    errors: Errors = {}
    if not user_input[CONF_DEVICE].strip():
        errors[CONF_DEVICE] = FieldError.DEVICE_INVALID
    baudrate = user_input.get(CONF_BAUDRATE)
    if baudrate is not None and baudrate not in _BAUDRATES:
        errors[CONF_BAUDRATE] = FieldError.BAUDRATE_RANGE
    return errors


def device_fields(profiles: Mapping[str, Profile]) -> Fields:
    """Return the fields of what kind of device it is, and how the frames travel."""
    names = {profile.id: profile.name for profile in profiles.values()}
    links = [kind.value for kind in LinkType]
    return {
        probatio.Required(CONF_PROFILE): one_of_named(names),
        probatio.Required(CONF_TYPE, default=LinkType.TCP.value): one_of(links, "link_type"),
    }


def check_link_type(user_input: Input, profile: Profile) -> Errors:
    """Return what is wrong with a kind of link: a device may not have it."""
    if profile.link(LinkType(user_input[CONF_TYPE])) is None:
        return {CONF_TYPE: FieldError.LINK_NOT_THERE}
    return {}


def _is_whole(value: float, least: int, most: int) -> bool:
    return least <= value <= most and value == int(value)


class ConnectionSteps[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    Draft, FlowHandler[ContextT, ResultT, HandlerT]
):
    """Steps `network` and `serial`; a flow goes there with `async_ask_connection`."""

    _link_type = LinkType.TCP
    _link_profile: Profile

    @abstractmethod
    async def async_connection_known(self, connection: dict[str, Any], unit_id: int) -> ResultT:
        """Go on with a connection that was checked."""

    async def async_ask_connection(self, user_input: Input, profile: Profile) -> ResultT:
        """Ask for the connection.

        Args:
            user_input: The form with the fields of the device.
            profile: The device that is to answer, with its usual settings.
        """
        self._link_type, self._link_profile = LinkType(user_input[CONF_TYPE]), profile
        if self._link_type is LinkType.SERIAL:
            return await self.async_step_serial()
        return await self.async_step_network()

    @override
    def known(self) -> dict[str, Any]:
        """Return what the first form shows of a device that is known."""
        known = super().known()
        if CONF_CONNECTION in known:
            known[CONF_TYPE] = known[CONF_CONNECTION][CONF_TYPE]
        return known

    async def async_step_network(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Ask for host, port and unit."""
        usual = self._link_profile.link(self._link_type)
        schema = {
            probatio.Required(CONF_HOST): TEXT,
            probatio.Required(CONF_PORT, default=(usual and usual.port) or _DEFAULT_PORT): COUNT,
            probatio.Required(CONF_UNIT, default=usual.unit_id if usual else 1): COUNT,
        }
        errors: Errors = {}
        if user_input is not None and not (errors := check_network(user_input)):
            connection = {
                CONF_TYPE: self._link_type.value,
                CONF_HOST: user_input[CONF_HOST].strip(),
                CONF_PORT: int(user_input[CONF_PORT]),
            }
            errors = await self._async_try(connection, user_input, CONF_HOST)
            if not errors:
                return await self.async_connection_known(connection, int(user_input[CONF_UNIT]))
        return self._show("network", schema, user_input, errors)

    async def async_step_serial(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Ask for serial port, speed and unit."""
        usual = self._link_profile.link(self._link_type)
        schema = {
            probatio.Required(CONF_DEVICE): SerialPortSelector(),
            probatio.Optional(CONF_BAUDRATE): COUNT,
            probatio.Required(CONF_UNIT, default=usual.unit_id if usual else 1): COUNT,
        }
        errors: Errors = {}
        if user_input is not None and not (errors := check_serial(user_input)):
            connection: dict[str, Any] = {
                CONF_TYPE: self._link_type.value,
                CONF_DEVICE: user_input[CONF_DEVICE].strip(),
            }
            if user_input.get(CONF_BAUDRATE) is not None:
                connection[CONF_BAUDRATE] = int(user_input[CONF_BAUDRATE])
            errors = await self._async_try(connection, user_input, CONF_DEVICE)
            if not errors:
                return await self.async_connection_known(connection, int(user_input[CONF_UNIT]))
        return self._show("serial", schema, user_input, errors)

    async def _async_try(
        self, connection: Mapping[str, Any], user_input: Input, place: str
    ) -> Errors:
        """Return what is wrong with a connection, by field; `place` is the field of where it is.

        A device that is switched off now may be saved anyway, once the user has read that it does
        not answer.
        """
        if not _is_whole(user_input[CONF_UNIT], 0, _HIGHEST_UNIT):
            return {CONF_UNIT: FieldError.UNIT_RANGE}
        unit_id = int(user_input[CONF_UNIT])
        if is_link_taken(self.hass, connection, unit_id, self.own_subentry):
            return {CONF_UNIT: FieldError.UNIT_TAKEN}
        if user_input.get(CONF_SAVE_ANYWAY) or self._is_unchanged(connection, unit_id):
            return {}
        error = await async_probe(
            self.hass,
            self._link_profile,
            ModbusConnection.from_config({**connection, CONF_UNIT: unit_id}),
        )
        if error is None:
            return {}
        return {place if error is FieldError.CANNOT_CONNECT else CONF_UNIT: error}

    def _is_unchanged(self, connection: Mapping[str, Any], unit_id: int) -> bool:
        # The driver of a device that is there already has its link: it is not tried again.
        return (
            self.draft.get(CONF_CONNECTION) == connection and self.draft.get(CONF_UNIT) == unit_id
        )

    def _show(
        self, step_id: str, schema: dict[Any, Any], user_input: Input | None, errors: Errors
    ) -> ResultT:
        if _UNANSWERED & set(errors.values()):
            schema[probatio.Optional(CONF_SAVE_ANYWAY, default=False)] = YES_NO
        known = {**self.draft.get(CONF_CONNECTION, {}), **self.draft}
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                probatio.Schema(schema), user_input or known
            ),
            errors=errors,
        )
