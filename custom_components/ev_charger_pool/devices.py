"""The device tree: the site, its stations, supplies, circuits and vehicles, and the connectors.

A station is a device via the site; a connector is a child device of its station. Parents are
registered first, and a child shares its parent's subentry.
"""

from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import (
    AnyDeviceEntry,
    ChildDeviceInfo,
    DeviceEntryType,
    DeviceInfo,
)

from .chargers.contract import DeviceIdentity
from .config import PoolConfig
from .const import DOMAIN, ROOT_CIRCUIT
from .device_config import ChargerConfig
from .pool.members import CircuitId, MemberId
from .pool.vehicles import VehicleId

if TYPE_CHECKING:
    from .coordinator import SiteCoordinator

_UNKNOWN = DeviceIdentity()


def site_device(coordinator: SiteCoordinator) -> DeviceInfo:
    """Return the device of the site itself."""
    return DeviceInfo(identifiers={(DOMAIN, coordinator.entry.entry_id)})


def circuit_device(coordinator: SiteCoordinator, circuit: CircuitId) -> DeviceInfo:
    """Return the device of a circuit; the root circuit is part of the site's own."""
    if circuit == ROOT_CIRCUIT:
        return site_device(coordinator)
    return DeviceInfo(identifiers={(DOMAIN, circuit)})


def vehicle_device(vehicle: VehicleId) -> DeviceInfo:
    """Return the device of a vehicle."""
    return DeviceInfo(identifiers={(DOMAIN, vehicle)})


def member_device(coordinator: SiteCoordinator, member: MemberId) -> DeviceInfo | ChildDeviceInfo:
    """Return the device of a power supply, or of a connector as a child of its station.

    Raises:
        KeyError: There is no such member.
    """
    subentry_id, _, connector = member.partition(":")
    if not connector:
        return DeviceInfo(identifiers={(DOMAIN, subentry_id)})
    station = dr.async_get(coordinator.hass).async_get_device_by_identifier(
        (DOMAIN, subentry_id), coordinator.entry.entry_id
    )
    if station is None:
        raise KeyError(member)
    return ChildDeviceInfo(identifiers={(DOMAIN, member)}, parent_device_id=station.id)


def is_stale(config: PoolConfig, entry_id: str, device: AnyDeviceEntry) -> bool:
    """Whether a device of the registry belongs to nothing that is configured."""
    known = {entry_id, *config.chargers, *config.supplies, *config.circuits, *config.vehicles}
    for charger in config.chargers.values():
        known.update(charger.members)
    return not any(domain == DOMAIN and key in known for domain, key in device.identifiers)


@callback
def async_register_devices(
    hass: HomeAssistant, entry: ConfigEntry[Any], config: PoolConfig
) -> None:
    """Register the site and all that hangs on it, parents first."""
    registry = dr.async_get(hass)
    site = registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, entry.entry_id)},
        name=config.site.name,
        model="Site" if config.site.simulator is None else "Simulated site",
        entry_type=DeviceEntryType.SERVICE,
    )
    for circuit in config.circuits.values():
        registry.async_get_or_create(
            config_entry_id=entry.entry_id,
            config_subentry_id=circuit.id,
            identifiers={(DOMAIN, circuit.id)},
            name=circuit.name,
            entry_type=DeviceEntryType.SERVICE,
            via_device_id=site.id,
        )
    for supply in config.supplies.values():
        registry.async_get_or_create(
            config_entry_id=entry.entry_id,
            config_subentry_id=supply.subentry_id,
            identifiers={(DOMAIN, supply.subentry_id)},
            name=supply.name,
            via_device_id=site.id,
        )
    for vehicle in config.vehicles.values():
        registry.async_get_or_create(
            config_entry_id=entry.entry_id,
            config_subentry_id=vehicle.id,
            identifiers={(DOMAIN, vehicle.id)},
            name=vehicle.name,
            entry_type=DeviceEntryType.SERVICE,
            via_device_id=site.id,
        )
    for charger in config.chargers.values():
        _register_charger(registry, entry, charger, site.id)


def _register_charger(
    registry: dr.DeviceRegistry, entry: ConfigEntry[Any], charger: ChargerConfig, site_id: str
) -> None:
    station = registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        config_subentry_id=charger.subentry_id,
        identifiers={(DOMAIN, charger.subentry_id)},
        name=charger.name,
        via_device_id=site_id,
    )
    several = len(charger.connectors) > 1
    for member, number in charger.members.items():
        registry.async_get_or_create_child(
            config_entry_id=entry.entry_id,
            config_subentry_id=charger.subentry_id,
            identifiers={(DOMAIN, member)},
            parent_device_id=station.id,
            # Home Assistant shows the name of the station before it.
            translation_key="numbered_connector" if several else "connector",
            translation_placeholders={"number": str(number)},
        )


@callback
def async_show_identity(
    hass: HomeAssistant, entry_id: str, subentry_id: str, identity: DeviceIdentity
) -> None:
    """Show in the registry who a device says it is."""
    registry = dr.async_get(hass)
    device = registry.async_get_device_by_identifier((DOMAIN, subentry_id), entry_id)
    if device is None or identity == _UNKNOWN:
        return
    registry.async_update_device(
        device.id,
        manufacturer=identity.manufacturer,
        model=identity.model,
        serial_number=identity.serial,
        sw_version=identity.firmware,
    )
