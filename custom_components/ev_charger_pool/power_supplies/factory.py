"""From a power supply's configuration to its driver."""

from homeassistant.core import HomeAssistant

from ..const import DRIVER_MODBUS
from ..device_config import SupplyConfig
from ..modbus.connection import ModbusConnection
from .contract import PowerSupply, SupplyWishes
from .modbus import async_create_supply


async def async_create_power_supply(
    hass: HomeAssistant, config: SupplyConfig, wishes: SupplyWishes
) -> PowerSupply:
    """Make the driver that a power supply was configured with.

    Args:
        hass: Home Assistant.
        config: What the user configured.
        wishes: What it is to do once it is granted something.

    Raises:
        ValueError: The configuration names something that does not exist.
    """
    if config.driver != DRIVER_MODBUS:
        raise ValueError(f"power supply {config.name} has an unknown driver {config.driver!r}")
    connection = ModbusConnection.from_config({**config.connection, "unit_id": config.unit_id})
    return await async_create_supply(hass, config.profile, connection, wishes)
