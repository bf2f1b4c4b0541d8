"""Chargers on Modbus: one driver for every profile in the package."""

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ...modbus.connection import ModbusConnection
from ...modbus.link import link_to
from ...modbus.profiles import async_get_profile
from ...modbus.schema import ProfileKind
from .charger import ModbusCharger, ModbusChargerSettings
from .lockable import LockableModbusCharger

__all__ = [
    "LockableModbusCharger",
    "ModbusCharger",
    "ModbusChargerSettings",
    "async_create_charger",
]


async def async_create_charger(
    hass: HomeAssistant,
    profile_id: str,
    connection: ModbusConnection,
    settings: ModbusChargerSettings,
) -> ModbusCharger:
    """Create the driver of a charger and let it look for its device.

    A device that does not answer is no error: the driver is offline and comes by itself.

    Args:
        hass: Home Assistant.
        profile_id: One of `modbus.profiles.available_profiles(ProfileKind.CHARGER)`.
        connection: Where it is.
        settings: What is configured for it; `f` is what its watchdog is set to before the first
            grant says what it is to lapse to.

    Raises:
        ValueError: There is no such profile, or the device has no link of this kind.
    """
    profile = await async_get_profile(hass, ProfileKind.CHARGER, profile_id)
    kind = ModbusCharger
    if profile.charger is not None and profile.charger.lock is not None:
        kind = LockableModbusCharger
    charger = kind(
        profile,
        link_to(hass, connection, profile),
        settings,
        dt_util.utcnow,
    )
    charger.start(hass.async_create_background_task)
    return charger
