"""What whoever looks for a fault in a site is given, without its secrets."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.core import HomeAssistant
from sqlalchemy.exc import SQLAlchemyError

from .const import CONF_CONNECTION, CONF_TAGS, CONF_TOKENS
from .coordinator import PoolConfigEntry, SiteCoordinator

TO_REDACT: Final = {
    CONF_CONNECTION,
    CONF_TAGS,
    CONF_TAGS,
    CONF_TOKENS,
    "device",
    "host",
    "id_tag",
    "password",
    "serial",
    "serial_number",
    "token",
}
"""Where somebody can be found or let in by."""

SESSIONS_SHOWN: Final = timedelta(days=7)


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant,  # noqa: ARG001 - the signature is Home Assistant's
    entry: PoolConfigEntry,
) -> dict[str, Any]:
    """Return the configuration, the newest snapshot, and how it came to be."""
    coordinator = entry.runtime_data
    return async_redact_data(
        {
            "entry": {
                "data": dict(entry.data),
                "subentries": [subentry.as_dict() for subentry in entry.subentries.values()],
            },
            "snapshot": plain(coordinator.data),
            "battery_lock": plain(coordinator.battery_lock.view),
            "ledger": plain(coordinator.records),
            "decisions": {
                "failures": coordinator.decisions.failures,
                "failing_since": plain(coordinator.decisions.failing_since),
                "recent": plain(list(coordinator.decisions.recent)),
            },
            "devices": {
                key: plain(device.diagnostics())
                for key, device in coordinator.fleet.devices.items()
            },
            "journal": {
                "failing": coordinator.journal.failing,
                "moved_aside": coordinator.journal.moved_aside is not None,
                "sessions": await _async_sessions(coordinator),
            },
        },
        TO_REDACT,
    )


async def _async_sessions(coordinator: SiteCoordinator) -> object:
    try:
        sessions = await coordinator.journal.async_sessions(coordinator.clock() - SESSIONS_SHOWN)
    except SQLAlchemyError as error:
        return str(error)
    return plain(sessions)


def plain(value: object) -> object:
    """Return a value as what JSON knows: mappings, lists, texts and numbers."""
    match value:
        case None | bool() | int() | float() | str() if not isinstance(value, Enum):
            return value
        case Enum():
            return value.value
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Path():
            return value.name
        case Mapping():
            return {str(plain(key)): plain(item) for key, item in value.items()}
        case set() | frozenset():
            return sorted((plain(item) for item in value), key=str)
        case list() | tuple():
            return [plain(item) for item in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    return str(value)
