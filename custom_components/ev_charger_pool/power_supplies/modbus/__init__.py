"""DC power supplies on Modbus: one driver for every profile in the package."""

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ...modbus.connection import ModbusConnection
from ...modbus.link import link_to
from ...modbus.profiles import async_get_profile
from ...modbus.schema import ProfileKind
from ..contract import SupplyWishes
from .supply import ModbusSupply

__all__ = ["ModbusSupply", "async_create_supply"]


async def async_create_supply(
    hass: HomeAssistant, profile_id: str, connection: ModbusConnection, wishes: SupplyWishes
) -> ModbusSupply:
    """Create the driver of a power supply and let it look for its device.

    A device that does not answer is no error: the driver is offline and comes by itself.

    Args:
        hass: Home Assistant.
        profile_id: One of `modbus.profiles.available_profiles(ProfileKind.POWER_SUPPLY)`.
        connection: Where it is.
        wishes: What the user wants of it, once it is granted something.

    Raises:
        ValueError: There is no such profile, or the device has no link of this kind.
    """
    profile = await async_get_profile(hass, ProfileKind.POWER_SUPPLY, profile_id)
    supply = ModbusSupply(profile, link_to(hass, connection, profile), wishes, dt_util.utcnow)
    supply.start(hass.async_create_background_task)
    return supply
