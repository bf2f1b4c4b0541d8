"""The actions: limit a session and lift the limit, start and stop."""

from dataclasses import dataclass
from typing import Any, Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_device_and_config_entry
import probatio

from .commands import Commands
from .const import DOMAIN
from .coordinator import PoolConfigEntry
from .errors import ErrorKey, raise_unless_accepted, wrong_input
from .names import async_name_of
from .pool.actions import ActionStatus, LimitAction
from .pool.limits import LimitUnit
from .pool.members import MemberId

SERVICE_SET_LIMIT: Final = "set_limit"
SERVICE_CLEAR_LIMIT: Final = "clear_limit"
SERVICE_START: Final = "start"
SERVICE_STOP: Final = "stop"

ATTR_UNIT: Final = "unit"
ATTR_VALUE: Final = "value"

_TARGET = {probatio.Required(ATTR_DEVICE_ID): cv.string}
TARGET_SCHEMA = probatio.Schema(_TARGET)
SET_LIMIT_SCHEMA = probatio.Schema(
    {
        **_TARGET,
        probatio.Required(ATTR_UNIT): probatio.Coerce(LimitUnit),
        probatio.Required(ATTR_VALUE): probatio.All(
            probatio.Coerce(float), probatio.Range(min=0, max=1_000_000)
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """Whom an action is for."""

    commands: Commands
    member: MemberId
    name: str


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions; they are there as long as Home Assistant runs."""
    hass.services.async_register(
        DOMAIN,
        SERVICE_SET_LIMIT,
        _async_set_limit,
        schema=SET_LIMIT_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_CLEAR_LIMIT,
        _async_clear_limit,
        schema=TARGET_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(DOMAIN, SERVICE_START, _async_start, schema=TARGET_SCHEMA)
    hass.services.async_register(DOMAIN, SERVICE_STOP, _async_stop, schema=TARGET_SCHEMA)


async def _async_set_limit(call: ServiceCall) -> ServiceResponse:
    """Limit the session of a member, and return what became of it."""
    target = _target(call)
    action = await target.commands.async_set_limit(
        target.member, call.data[ATTR_UNIT], call.data[ATTR_VALUE]
    )
    return _completed(action, target)


async def _async_clear_limit(call: ServiceCall) -> ServiceResponse:
    """Lift the limit of a session, and return what became of it."""
    target = _target(call)
    return _completed(await target.commands.async_clear_limit(target.member), target)


async def _async_start(call: ServiceCall) -> None:
    """Start a session with the car that is plugged in."""
    target = _target(call)
    raise_unless_accepted(await target.commands.async_start(target.member), target.name)


async def _async_stop(call: ServiceCall) -> None:
    """End the session."""
    target = _target(call)
    raise_unless_accepted(await target.commands.async_stop(target.member), target.name)


def _target(call: ServiceCall) -> _Target:
    """Find the member that a device is.

    Raises:
        ServiceValidationError: The device is unknown or is no member: a wrong target is never
            taken for another one.
    """
    device, found = async_get_device_and_config_entry(call.hass, DOMAIN, call.data[ATTR_DEVICE_ID])
    entry: PoolConfigEntry = found
    name = async_name_of(call.hass, device)
    keys = {key for domain, key in device.identifiers if domain == DOMAIN}
    coordinator = entry.runtime_data
    members = [
        member
        for member in coordinator.data.members
        if member in keys or member.partition(":")[0] in keys
    ]
    if not members:
        raise wrong_input(ErrorKey.NOT_A_MEMBER, device=name)
    if len(members) > 1:
        raise wrong_input(ErrorKey.AMBIGUOUS_STATION, device=name)
    return _Target(commands=coordinator.commands, member=members[0], name=name)


def _completed(action: LimitAction, target: _Target) -> ServiceResponse:
    """Return a completed limit action as response data.

    Raises:
        HomeAssistantError: It failed.
    """
    if action.status is ActionStatus.FAILED:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=ErrorKey.LIMIT_FAILED,
            translation_placeholders={"member": target.name, "error": action.error or ""},
        )
    response: dict[str, Any] = {
        "id": action.id,
        "member": action.member,
        "kind": action.kind.value,
        "unit": action.unit.value,
        "value": action.value,
        "status": action.status.value,
        "requested_at": action.requested_at.isoformat(),
        "ended_at": action.ended_at.isoformat() if action.ended_at else None,
    }
    return response
