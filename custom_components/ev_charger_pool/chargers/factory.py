"""From a charger's configuration to its driver."""

from homeassistant.core import HomeAssistant

from ..const import DRIVER_MODBUS, DRIVER_OCPP
from ..device_config import ChargerConfig
from ..modbus.connection import ModbusConnection
from .contract import Charger
from .modbus import ModbusChargerSettings, async_create_charger as async_create_modbus_charger
from .ocpp import (
    Authorization,
    ConnectorConfig,
    PortInUseError,
    StationConfig,
    async_get_central_system,
)
from .ocpp.central_system import DATA_CENTRAL_SYSTEM


async def async_create_charger(
    hass: HomeAssistant, config: ChargerConfig, ocpp_port: int
) -> Charger:
    """Make the driver that a charger was configured with.

    Args:
        hass: Home Assistant.
        config: What the user configured.
        ocpp_port: Where the central system listens that the station connects to.

    Raises:
        ValueError: The configuration names something that does not exist or belongs to another.
    """
    if config.driver == DRIVER_OCPP:
        return await _async_claim_station(hass, config, ocpp_port)
    if config.driver == DRIVER_MODBUS:
        return await _async_create_modbus(hass, config)
    raise ValueError(f"charger {config.name} has an unknown driver {config.driver!r}")


async def _async_claim_station(
    hass: HomeAssistant, config: ChargerConfig, ocpp_port: int
) -> Charger:
    try:
        central = await async_get_central_system(hass, ocpp_port)
    except PortInUseError:
        # It runs without the port too: stations reach it through Home Assistant's HTTP server.
        central = hass.data[DATA_CENTRAL_SYSTEM]
    return central.claim(
        StationConfig(
            identity=config.station or "",
            connectors={
                number: ConnectorConfig(
                    fail_safe_a=connector.fail_safe_current_a,
                    max_current_a=connector.max_current_a,
                    phases=len(connector.rotation),
                    switches_phases=connector.switches_phases,
                )
                for number, connector in config.connectors.items()
            },
            authorization=Authorization(config.authorization),
            tokens=frozenset(config.tokens),
        )
    )


async def _async_create_modbus(hass: HomeAssistant, config: ChargerConfig) -> Charger:
    connector = next(iter(config.connectors.values()))
    return await async_create_modbus_charger(
        hass,
        config.profile or "",
        ModbusConnection.from_config({**config.connection, "unit_id": config.unit_id}),
        ModbusChargerSettings(
            fail_safe_current_a=connector.fail_safe_current_a,
            max_current_a=connector.max_current_a,
            switches_phases=connector.switches_phases,
        ),
    )
