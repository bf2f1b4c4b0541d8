"""The simulated house's sensors are what the site's meter reads."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.ev_charger_pool.const import DOMAIN
from custom_components.ev_charger_pool.pool.quantities import PerPhase
from custom_components.ev_charger_pool.simulator.site import HouseReadings
from tests.pool_double import SITE, async_set_up_double, device_id

METER = {
    "meter": {f"current_l{number}": f"sensor.sim_grid_l{number}" for number in (1, 2, 3)},
    "solar": ["sensor.sim_solar"],
    "battery": ["sensor.sim_battery"],
    "energy": {"battery_soc": ["sensor.sim_battery_soc"]},
}


@dataclass(slots=True)
class QuietHouse:
    """A house whose meters tell what a test says."""

    house: HouseReadings = field(
        default_factory=lambda: HouseReadings(
            grid_current_a=PerPhase(10.123, -2.0, 0.0),
            house_w=900.0,
            solar_w=4_000.0,
            battery_w=-1_000.0,
            battery_soc_percent=41.5,
        )
    )
    listeners: list[Callable[[], None]] = field(default_factory=list)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def sample(self) -> None:
        for listener in tuple(self.listeners):
            listener()


@pytest.fixture
async def house(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> QuietHouse:
    house = QuietHouse()
    await async_set_up_double(
        hass, monkeypatch, Platform.SENSOR, simulated_site=house, config=METER
    )
    return house


def value(hass: HomeAssistant, entity_id: str) -> str:
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found.state


async def test_the_sensors_are_called_what_the_meter_reads(
    hass: HomeAssistant, house: QuietHouse
) -> None:
    assert value(hass, "sensor.sim_grid_l1") == "10.12"
    assert value(hass, "sensor.sim_grid_l2") == "-2.0"
    assert value(hass, "sensor.sim_grid_l3") == "0.0"
    # As real ones do, they count production and discharge as positive.
    assert value(hass, "sensor.sim_solar") == "4000.0"
    assert value(hass, "sensor.sim_battery") == "-1000.0"
    assert value(hass, "sensor.sim_battery_soc") == "41.5"
    assert value(hass, "sensor.simulated_house_house_power") == "900.0"


async def test_the_house_is_a_device_of_the_site(
    hass: HomeAssistant, house: QuietHouse, device_registry: dr.DeviceRegistry
) -> None:
    device = device_registry.async_get_device_by_identifier((DOMAIN, f"{SITE}_house"), SITE)
    assert device is not None
    assert device.name == "Simulated house"
    assert device.via_device_id == device_id(hass, SITE)


async def test_sr10_a_steady_value_is_told_again_and_again(
    hass: HomeAssistant, house: QuietHouse
) -> None:
    before = hass.states.get("sensor.sim_grid_l1")
    assert before is not None
    reported, changed = before.last_reported, before.last_changed
    house.sample()
    after = hass.states.get("sensor.sim_grid_l1")
    assert after is not None
    assert after.last_reported > reported
    assert after.last_changed == changed


async def test_a_new_sample_is_shown(hass: HomeAssistant, house: QuietHouse) -> None:
    house.house = replace(house.house, solar_w=10.0)
    house.sample()
    assert value(hass, "sensor.sim_solar") == "10.0"


async def test_nobody_listens_after_the_site_is_gone(
    hass: HomeAssistant, house: QuietHouse
) -> None:
    assert len(house.listeners) == 7
    assert await hass.config_entries.async_unload(SITE)
    assert house.listeners == []


async def test_a_real_site_has_no_simulated_house(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, entity_registry: er.EntityRegistry
) -> None:
    await async_set_up_double(hass, monkeypatch, Platform.SENSOR)
    keys = [item.unique_id for item in er.async_entries_for_config_entry(entity_registry, SITE)]
    assert [key for key in keys if "house" in key] == []
