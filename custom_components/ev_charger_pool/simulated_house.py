"""The sensors of a simulated house: the site's meter reads them like those of a real one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, UnitOfElectricCurrent, UnitOfPower
from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo

from .const import (
    CONF_BATTERY,
    CONF_ENERGY,
    CONF_METER,
    CONF_SOLAR,
    DOMAIN,
)
from .coordinator import SiteCoordinator
from .energy_config import EnergyConfig
from .pool.quantities import PHASES, Phase

if TYPE_CHECKING:
    # Only a simulated site loads the simulator.
    from .simulator.site import HouseReadings, SimulatedSite


@dataclass(frozen=True, kw_only=True)
class HouseSensorDescription(SensorEntityDescription):
    """How a sensor reads its value from what the house's meters tell."""

    value_fn: Callable[[HouseReadings], float]


def _current(phase: Phase) -> HouseSensorDescription:
    return HouseSensorDescription(
        key=f"house_current_{phase}",
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_display_precision=1,
        value_fn=lambda house: house.grid_current_a[phase],
    )


def _power(key: str, value_fn: Callable[[HouseReadings], float]) -> HouseSensorDescription:
    return HouseSensorDescription(
        key=key,
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        value_fn=value_fn,
    )


# As entities of real inverters do, these count production and discharge as positive.
SOLAR_POWER: Final = _power("solar_power", lambda house: house.solar_w)
BATTERY_POWER: Final = _power("battery_power", lambda house: house.battery_w)

BATTERY_SOC: Final = HouseSensorDescription(
    key="battery_soc",
    device_class=SensorDeviceClass.BATTERY,
    state_class=SensorStateClass.MEASUREMENT,
    native_unit_of_measurement=PERCENTAGE,
    suggested_display_precision=0,
    value_fn=lambda house: house.battery_soc_percent,
)

HOUSE_SENSORS: Final = (
    *(_current(phase) for phase in PHASES),
    _power("house_power", lambda house: house.house_w),
    SOLAR_POWER,
    BATTERY_POWER,
    BATTERY_SOC,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The simulated house of a site.

    Attributes:
        entry_id: The site.
        site: What is simulated.
        device: The house's place in the device tree.
        entity_ids: What the site's form calls the sensors that its meter reads, by key.
    """

    entry_id: str
    site: SimulatedSite
    device: DeviceInfo
    entity_ids: Mapping[str, str]


def house_of(coordinator: SiteCoordinator) -> House | None:
    """Return the simulated house of a site; None for a real one."""
    if (site := coordinator.simulated_site) is None:
        return None
    entry_id, data = coordinator.entry.entry_id, coordinator.entry.data
    meter = data[CONF_METER]
    energy = EnergyConfig.from_json(data.get(CONF_ENERGY) or {})
    return House(
        entry_id=entry_id,
        site=site,
        device=DeviceInfo(
            identifiers={(DOMAIN, f"{entry_id}_house")},
            translation_key="simulated_house",
            via_device_id=dr.async_get_device_id_by_identifier(
                coordinator.hass, (DOMAIN, entry_id), config_entry_id=entry_id
            ),
        ),
        entity_ids={
            **{f"house_current_{phase}": meter[f"current_{phase}"] for phase in PHASES},
            SOLAR_POWER.key: data[CONF_SOLAR][0],
            BATTERY_POWER.key: data[CONF_BATTERY][0],
            **dict(zip((BATTERY_SOC.key,), energy.battery_soc, strict=False)),
        },
    )


class HouseSensor(SensorEntity):
    """Something that is measured in the simulated house.

    It is written with every sample, changed or not: whoever reads it as a meter tells silence
    from a steady value by that (SR-10).
    """

    _attr_has_entity_name = True
    _attr_should_poll = False
    entity_description: HouseSensorDescription

    def __init__(self, house: House, description: HouseSensorDescription) -> None:
        self.entity_description = description
        self._site = house.site
        self._attr_unique_id = f"{house.entry_id}_{description.key}"
        self._attr_translation_key = description.key
        self._attr_device_info = house.device
        if (entity_id := house.entity_ids.get(description.key)) is not None:
            self.entity_id = entity_id

    @override
    async def async_added_to_hass(self) -> None:
        """Show what is measured now, and every sample that follows."""
        await super().async_added_to_hass()
        self.async_on_remove(self._site.subscribe(self._on_sample))

    @property
    @override
    def native_value(self) -> float:
        """The newest sample."""
        return round(self.entity_description.value_fn(self._site.house), 2)

    @callback
    def _on_sample(self) -> None:
        self.async_write_ha_state()
