"""What a user calls a device, in messages."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import AnyDeviceEntry, ChildDeviceEntry


@callback
def async_name_of(hass: HomeAssistant, device: AnyDeviceEntry) -> str:
    """Return the name of a device; that of a connector begins with its station's."""
    name = device.name_by_user or device.name or device.id
    if isinstance(device, ChildDeviceEntry):
        station = dr.async_get(hass).async_get(device.parent_device_id)
        if station is not None:
            return f"{async_name_of(hass, station)} {name}"
    return name
