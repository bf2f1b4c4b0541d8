"""Vehicles are added, changed and removed, and what is wrong is told at its field."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ev_charger_pool.config import PoolConfig
from custom_components.ev_charger_pool.pool.vehicles import DEFAULT_EFFICIENCY
from custom_components.ev_charger_pool.vehicle_config import VehicleConfig
from tests.flows.forms import async_answer_part, async_reconfigure, options, suggested
from tests.pool_double import SINGLE_1, TWIN, TWIN_1, TWIN_2

GREEN: dict[str, Any] = {
    "name": "Green",
    "capacity_kwh": 58.0,
    "soc_entity": "sensor.green_battery",
    "limit_entity": "number.green_limit",
    "range_entity": "sensor.green_range",
    "max_current_a": 16.0,
    "phases": "3",
    "efficiency_percent": 91.0,
    "plugged_entity": "binary_sensor.green_plug",
    "tags": ["04A2B3"],
    "home": TWIN_1,
}
LEAST: dict[str, Any] = {"name": "Grey", "efficiency_percent": 90.0}


async def async_begin(hass: HomeAssistant, site: MockConfigEntry) -> SubentryFlowResult:
    result = await hass.config_entries.subentries.async_init(
        (site.entry_id, "vehicle"), context={"source": SOURCE_USER}
    )
    assert result["step_id"] == "vehicle"
    return result


async def async_add(hass: HomeAssistant, site: MockConfigEntry, form: dict[str, Any]) -> str:
    """Add a vehicle; return its id."""
    result = await async_answer_part(hass, await async_begin(hass, site), form)
    assert result["type"] is FlowResultType.CREATE_ENTRY, result["errors"]
    return list(site.subentries)[-1]


async def test_a_vehicle_is_added(hass: HomeAssistant, site: MockConfigEntry) -> None:
    added = await async_add(hass, site, GREEN)
    subentry = site.subentries[added]
    assert subentry.title == "Green"
    assert subentry.data == {key: value for key, value in GREEN.items() if key != "name"}
    assert PoolConfig.from_entry(site).vehicles[added] == VehicleConfig(
        id=added,
        name="Green",
        capacity_wh=58_000.0,
        soc_entity="sensor.green_battery",
        limit_entity="number.green_limit",
        range_entity="sensor.green_range",
        plugged_entity="binary_sensor.green_plug",
        max_current_a=16.0,
        phases=3,
        efficiency=0.91,
        tags=frozenset({"04A2B3"}),
        home=TWIN_1,
    )


async def test_a_name_is_enough(hass: HomeAssistant, site: MockConfigEntry) -> None:
    added = await async_add(hass, site, {"name": " Grey ", "tags": []})
    assert site.subentries[added].data == {"efficiency_percent": 90.0}
    vehicle = PoolConfig.from_entry(site).vehicles[added]
    assert vehicle == VehicleConfig(id=added, name="Grey", efficiency=DEFAULT_EFFICIENCY)
    assert vehicle.entities == frozenset()


async def test_every_connector_may_be_its_usual_one(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    assert set(options(await async_begin(hass, site), "home")) == {TWIN_1, TWIN_2, SINGLE_1}


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"name": " "}, {"name": "name_empty"}),
        ({"name": "Guest"}, {"name": "name_reserved"}),
        ({"capacity_kwh": 0.5}, {"capacity_kwh": "capacity_range"}),
        ({"capacity_kwh": 58_000.0}, {"capacity_kwh": "capacity_range"}),
        ({"capacity_entity": "sensor.green_size"}, {"capacity_entity": "capacity_twice"}),
        ({"max_current_a": 5.0}, {"max_current_a": "maximum_range"}),
        ({"efficiency_percent": 0.9}, {"efficiency_percent": "efficiency_range"}),
        ({"efficiency_percent": 101.0}, {"efficiency_percent": "efficiency_range"}),
        ({"range_entity": "sensor.green_battery"}, {"range_entity": "entity_twice"}),
        ({"tags": ["two words"]}, {"tags": "tokens_invalid"}),
    ],
)
async def test_what_is_wrong_is_told_at_its_field(
    hass: HomeAssistant, site: MockConfigEntry, wrong: dict[str, Any], errors: dict[str, str]
) -> None:
    result = await async_answer_part(hass, await async_begin(hass, site), {**GREEN, **wrong})
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    assert suggested(result) == {**GREEN, **wrong}
    result = await async_answer_part(hass, result, GREEN)
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"name": "green"}, {"name": "name_taken"}),
        ({"name": "blue"}, {"name": "name_taken"}),
        ({"tags": ["04a2b3", "other"]}, {"tags": "tag_taken"}),
        ({"home": TWIN_1}, {"home": "home_taken"}),
    ],
)
async def test_two_vehicles_can_be_told_apart(
    hass: HomeAssistant, site: MockConfigEntry, wrong: dict[str, Any], errors: dict[str, str]
) -> None:
    await async_add(hass, site, GREEN)
    result = await async_answer_part(hass, await async_begin(hass, site), {**LEAST, **wrong})
    assert result["errors"] == errors


async def test_a_vehicle_is_changed_and_keeps_what_is_its_own(
    hass: HomeAssistant, site: MockConfigEntry, set_up_sites: list[str]
) -> None:
    added = await async_add(hass, site, GREEN)
    result = await async_reconfigure(hass, site, added)
    assert suggested(result) == GREEN
    changed = {"name": "Green", "efficiency_percent": 91.0, "home": TWIN_1, "tags": ["04A2B3"]}
    result = await async_answer_part(hass, result, changed)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    # What was left empty is not known any more.
    assert site.subentries[added].data == {
        "efficiency_percent": 91.0,
        "home": TWIN_1,
        "tags": ["04A2B3"],
    }
    assert set_up_sites == ["Home"]


async def test_a_connector_that_is_gone_is_shown_as_none(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    added = await async_add(hass, site, GREEN)
    hass.config_entries.async_remove_subentry(site, TWIN)
    assert "home" not in suggested(await async_reconfigure(hass, site, added))


async def test_a_site_without_chargers_has_vehicles_too(hass: HomeAssistant) -> None:
    bare = MockConfigEntry(
        domain="ev_charger_pool",
        title="Bare",
        data={
            "phases": 3,
            "voltage_v": 230.0,
            "fuse_a": 25.0,
            "fail_safe_current_a": 0.0,
            "sharing": "min_first",
            "ocpp_port": 9000,
        },
    )
    bare.add_to_hass(hass)
    added = await async_add(hass, bare, LEAST)
    assert bare.subentries[added].title == "Grey"
