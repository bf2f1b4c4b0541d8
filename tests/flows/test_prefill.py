"""The Energy dashboard's preferences propose the meters of a site."""

from typing import Any

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ev_charger_pool.flows.prefill import async_propose
from custom_components.ev_charger_pool.pool.quantities import PHASES, Phase


@pytest.fixture
def meter(hass: HomeAssistant) -> dr.DeviceEntry:
    """Return a smart meter with no sensors yet, in a Home Assistant with an Energy dashboard."""
    hass.config.components.add("energy")
    entry = MockConfigEntry(domain="dsmr")
    entry.add_to_hass(hass)
    return dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("dsmr", "1")}, name="Meter"
    )


def add_sensor(
    hass: HomeAssistant,
    device: dr.DeviceEntry,
    name: str,
    device_class: SensorDeviceClass | None,
    domain: str = "sensor",
) -> str:
    """Add an entity to a device, named as its maker did."""
    entry = hass.config_entries.async_get_entry(device.config_entry_id)
    return (
        er.async_get(hass)
        .async_get_or_create(
            domain,
            "dsmr",
            name,
            config_entry=entry,
            device_id=device.id,
            original_name=name,
            original_device_class=device_class,
            suggested_object_id=f"meter_{name}",
        )
        .entity_id
    )


def prefer(hass_storage: dict[str, Any], *sources: dict[str, Any]) -> None:
    """Have the Energy dashboard know these sources."""
    hass_storage["energy"] = {
        "version": 1,
        "minor_version": 3,
        "key": "energy",
        "data": {"energy_sources": list(sources), "device_consumption": []},
    }


def grid(**fields: Any) -> dict[str, Any]:
    return {
        "type": "grid",
        "stat_energy_from": None,
        "stat_energy_to": None,
        "stat_cost": None,
        "entity_energy_price": None,
        "number_energy_price": None,
        "stat_compensation": None,
        "entity_energy_price_export": None,
        "number_energy_price_export": None,
        "cost_adjustment_day": 0,
        **fields,
    }


async def test_without_an_energy_dashboard_nothing_is_proposed(hass: HomeAssistant) -> None:
    assert (await async_propose(hass, PHASES)).as_input() == {}


async def test_without_preferences_nothing_is_proposed(
    hass: HomeAssistant, meter: dr.DeviceEntry
) -> None:
    assert (await async_propose(hass, PHASES)).as_input() == {}


@pytest.mark.parametrize(
    "names",
    [
        ("Current phase L1", "Current phase L2", "Current phase L3"),
        ("Current phase 1", "Current phase 2", "Current phase 3"),
        ("phase_a_current", "phase_b_current", "phase_c_current"),
        ("L1 current", "L2 current", "L3 current"),
    ],
)
async def test_the_currents_beside_the_energy_are_proposed(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    meter: dr.DeviceEntry,
    names: tuple[str, str, str],
) -> None:
    energy = add_sensor(hass, meter, "Energy", SensorDeviceClass.ENERGY)
    currents = [add_sensor(hass, meter, name, SensorDeviceClass.CURRENT) for name in names]
    for number in (1, 2, 3):
        add_sensor(hass, meter, f"Voltage L{number}", SensorDeviceClass.VOLTAGE)
        add_sensor(hass, meter, f"Power L{number}", SensorDeviceClass.POWER)
    prefer(hass_storage, grid(stat_energy_from=energy))
    assert (await async_propose(hass, PHASES)).as_input() == {
        "current_l1": currents[0],
        "current_l2": currents[1],
        "current_l3": currents[2],
    }


async def test_without_currents_the_powers_are_proposed(
    hass: HomeAssistant, hass_storage: dict[str, Any], meter: dr.DeviceEntry
) -> None:
    energy = add_sensor(hass, meter, "Energy", SensorDeviceClass.ENERGY)
    add_sensor(hass, meter, "Current L1", SensorDeviceClass.CURRENT)
    for number in (1, 2, 3):
        # A meter that counts both ways apart: its half for the way out is no signed power.
        add_sensor(hass, meter, f"Power production L{number}", SensorDeviceClass.POWER)
    powers = [
        add_sensor(hass, meter, f"Power L{number}", SensorDeviceClass.POWER) for number in (1, 2, 3)
    ]
    prefer(hass_storage, grid(stat_energy_from=energy))
    assert (await async_propose(hass, PHASES)).as_input() == {
        "power_l1": powers[0],
        "power_l2": powers[1],
        "power_l3": powers[2],
    }


async def test_a_one_phase_site_needs_one_current(
    hass: HomeAssistant, hass_storage: dict[str, Any], meter: dr.DeviceEntry
) -> None:
    energy = add_sensor(hass, meter, "Energy", SensorDeviceClass.ENERGY)
    current = add_sensor(hass, meter, "Current L1", SensorDeviceClass.CURRENT)
    add_sensor(hass, meter, "Current L1 alarm", None, domain="binary_sensor")
    prefer(hass_storage, grid(stat_energy_from=energy))
    assert (await async_propose(hass, (Phase.L1,))).as_input() == {"current_l1": current}


async def test_without_phases_the_total_is_proposed(
    hass: HomeAssistant, hass_storage: dict[str, Any], meter: dr.DeviceEntry
) -> None:
    power = add_sensor(hass, meter, "Power", SensorDeviceClass.POWER)
    prefer(hass_storage, grid(stat_rate=power))
    assert (await async_propose(hass, PHASES)).as_input() == {"power": power, "invert": False}


async def test_an_inverted_total_is_turned(
    hass: HomeAssistant, hass_storage: dict[str, Any], meter: dr.DeviceEntry
) -> None:
    power = add_sensor(hass, meter, "Power", SensorDeviceClass.POWER)
    prefer(hass_storage, grid(power_config={"stat_rate_inverted": power}))
    assert (await async_propose(hass, PHASES)).as_input() == {"power": power, "invert": True}


async def test_sun_and_battery_are_proposed_with_their_signs(
    hass: HomeAssistant, hass_storage: dict[str, Any], meter: dr.DeviceEntry
) -> None:
    roof = add_sensor(hass, meter, "Roof", SensorDeviceClass.POWER)
    barn = add_sensor(hass, meter, "Barn", SensorDeviceClass.POWER)
    accu = add_sensor(hass, meter, "Accu", SensorDeviceClass.POWER)
    turned = add_sensor(hass, meter, "Turned", SensorDeviceClass.POWER)
    hass.states.async_set("sensor.template", "1")
    battery = {"type": "battery", "stat_energy_from": "x:y", "stat_energy_to": "x:z"}
    solar = {"type": "solar", "stat_energy_from": "x:y", "config_entry_solar_forecast": None}
    prefer(
        hass_storage,
        {**solar, "stat_rate": roof},
        {**solar, "stat_rate": barn},
        {**solar, "stat_rate": "external:statistic"},
        {**solar, "stat_rate": "sensor.gone"},
        {**battery, "power_config": {"stat_rate": accu}},
        {**battery, "stat_rate": "sensor.template"},
        # One with the other sign cannot go with them: there is one switch for all.
        {**battery, "power_config": {"stat_rate_inverted": turned}},
        {"type": "gas", "stat_energy_from": "x:gas"},
    )
    assert (await async_propose(hass, PHASES)).as_input() == {
        "solar": [roof, barn],
        "battery": [accu, "sensor.template"],
        "battery_invert": False,
    }


async def test_a_meter_of_statistics_only_proposes_nothing(
    hass: HomeAssistant, hass_storage: dict[str, Any], meter: dr.DeviceEntry
) -> None:
    prefer(hass_storage, grid(stat_energy_from="utility:meter", stat_rate="utility:power"))
    assert (await async_propose(hass, PHASES)).as_input() == {}
