"""A running site takes what its forms change, and touches nothing else."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ev_charger_pool.const import DOMAIN
from custom_components.ev_charger_pool.pool.states import (
    CableState,
    ChargingStatus,
    ComponentState,
)
from tests.common import Workshop, charger, site_entry, supply
from tests.flows.forms import (
    async_answer,
    async_answer_part,
    async_reconfigure,
    suggested,
)

OCPP: dict[str, Any] = {
    "name": "Carport",
    "station": "CARPORT",
    "circuit": "grid",
    "connectors": 1,
    "authorization": "anyone",
    "may_freeze": False,
}
CONNECTOR: dict[str, Any] = {
    "rotation": "l1_l2_l3",
    "max_current_a": 16.0,
    "fail_safe_current_a": 0.0,
}


@pytest.fixture
async def live(hass: HomeAssistant, workshop: Workshop) -> MockConfigEntry:
    """Return a running site with a twin charger and a power supply."""
    entry = site_entry(charger("garage", 2), supply("bench"))
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


async def async_add_charger(hass: HomeAssistant, site: MockConfigEntry) -> str:
    """Add a charger through its form; return its subentry's id."""
    result = await hass.config_entries.subentries.async_init(
        (site.entry_id, "charger"), context={"source": SOURCE_USER}
    )
    result = await async_answer_part(hass, result, {"next_step_id": "ocpp"})
    result = await async_answer_part(hass, result, OCPP)
    result = await async_answer_part(hass, result, CONNECTOR)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    return list(site.subentries)[-1]


async def test_a_charger_that_is_added_appears_and_nothing_restarts(
    hass: HomeAssistant,
    live: MockConfigEntry,
    workshop: Workshop,
    device_registry: dr.DeviceRegistry,
) -> None:
    assert hass.states.get("sensor.garage_connector_1_state") is not None
    assert sorted(workshop.made) == ["bench", "garage"]
    added = await async_add_charger(hass, live)
    assert sorted(workshop.made) == sorted(["bench", "garage", added])
    assert not workshop.charger("garage").is_closed
    assert not workshop.supply("bench").is_closed
    assert hass.states.get("sensor.carport_connector_state") is not None
    assert hass.states.get("number.carport_connector_current_limit") is not None
    station = device_registry.async_get_device_by_identifier((DOMAIN, added), live.entry_id)
    assert station is not None
    assert station.config_subentry_id == added
    site = device_registry.async_get_device_by_identifier((DOMAIN, live.entry_id), live.entry_id)
    assert site is not None
    assert station.via_device_id == site.id
    connector = device_registry.async_get_child_device_by_identifier(
        (DOMAIN, f"{added}:1"), live.entry_id
    )
    assert connector is not None
    assert connector.parent_device_id == station.id


async def test_what_a_charger_reports_is_shown(
    hass: HomeAssistant, live: MockConfigEntry, workshop: Workshop
) -> None:
    await async_add_charger(hass, live)
    added = list(live.subentries)[-1]
    workshop.charger(added).tell(
        component_state=ComponentState.CHARGING,
        cable_state=CableState.EV_LOCKED,
        charging=ChargingStatus.CHARGING,
    )
    await hass.async_block_till_done()
    # What is sent goes out first; it is shown right after.
    await hass.async_block_till_done()
    state = hass.states.get("sensor.carport_connector_state")
    assert state is not None
    assert state.state == "ev_locked"


async def test_a_change_that_only_the_decision_needs_leaves_the_link_alone(
    hass: HomeAssistant, live: MockConfigEntry, workshop: Workshop
) -> None:
    result = await async_reconfigure(hass, live, "garage")
    shown = suggested(result)
    result = await async_answer_part(hass, result, {**shown, "name": "Cellar"})
    result = await async_answer_part(hass, result, {**CONNECTOR, "rotation": "l2_l3_l1"})
    result = await async_answer_part(hass, result, CONNECTOR)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert sorted(workshop.made) == ["bench", "garage"]
    assert not workshop.charger("garage").is_closed
    limited = hass.states.get("sensor.garage_connector_1_limited_by")
    assert limited is not None
    assert limited.state != STATE_UNAVAILABLE


async def test_a_charger_that_is_removed_takes_its_entities_with_it(
    hass: HomeAssistant,
    live: MockConfigEntry,
    workshop: Workshop,
    entity_registry: er.EntityRegistry,
) -> None:
    added = await async_add_charger(hass, live)
    hass.config_entries.async_remove_subentry(live, added)
    await hass.async_block_till_done()
    assert workshop.charger(added).is_closed
    assert not workshop.charger("garage").is_closed
    assert hass.states.get("sensor.carport_connector_state") is None
    left = er.async_entries_for_config_entry(entity_registry, live.entry_id)
    assert [item.entity_id for item in left if item.unique_id.startswith(added)] == []
    assert hass.states.get("sensor.garage_connector_1_state") is not None


async def test_a_circuit_that_is_added_appears(
    hass: HomeAssistant, live: MockConfigEntry, workshop: Workshop
) -> None:
    result = await hass.config_entries.subentries.async_init(
        (live.entry_id, "circuit"), context={"source": SOURCE_USER}
    )
    result = await async_answer_part(
        hass, result, {"name": "Barn", "parent": "grid", "fuse_a": 16.0}
    )
    result = await async_answer_part(hass, result, {"invert": False})
    result = await async_answer_part(hass, result, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    limit = hass.states.get("number.barn_limit")
    assert limit is not None
    assert limit.state == "16.0"
    assert sorted(workshop.made) == ["bench", "garage"]


async def test_a_smaller_fuse_is_taken_without_a_restart(
    hass: HomeAssistant, live: MockConfigEntry, workshop: Workshop
) -> None:
    result = await live.start_reconfigure_flow(hass)
    site = {
        "name": live.title,
        "phases": "3",
        "fuse_a": 16.0,
        "voltage_v": 230.0,
        "fail_safe_current_a": 6.0,
        "sharing": "min_first",
        "ocpp_port": live.data.get("ocpp_port", 9000),
    }
    result = await async_answer(hass, result, site)
    result = await async_answer(hass, result, {"invert": False, "battery_invert": False})
    result = await async_answer(hass, result, {})
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    (limit,) = (
        state
        for state in hass.states.async_all("number")
        if state.entity_id.endswith("main_fuse_limit")
    )
    assert limit.attributes["max"] == 16.0
    assert sorted(workshop.made) == ["bench", "garage"]


async def test_a_vehicle_comes_changes_and_goes_and_nothing_restarts(
    hass: HomeAssistant,
    live: MockConfigEntry,
    workshop: Workshop,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    async def async_settle() -> None:
        for _ in range(3):
            await hass.async_block_till_done()

    def offered() -> list[str]:
        state = hass.states.get("select.garage_connector_1_vehicle")
        assert state is not None
        return list(state.attributes["options"])

    assert offered() == ["guest"]
    hass.states.async_set("sensor.blue_battery", "63")
    result = await hass.config_entries.subentries.async_init(
        (live.entry_id, "vehicle"), context={"source": SOURCE_USER}
    )
    form = {"name": "Blue", "soc_entity": "sensor.blue_battery", "efficiency_percent": 90.0}
    result = await async_answer_part(hass, result, form)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await async_settle()
    blue = list(live.subentries)[-1]
    soc = hass.states.get("sensor.blue_state_of_charge")
    assert soc is not None
    assert soc.state == "63.0"
    assert offered() == ["guest", "Blue"]
    device = device_registry.async_get_device_by_identifier((DOMAIN, blue), live.entry_id)
    assert device is not None
    assert device.config_subentry_id == blue

    result = await async_reconfigure(hass, live, blue)
    result = await async_answer_part(hass, result, {**form, "name": "Sky"})
    assert result["reason"] == "reconfigure_successful"
    await async_settle()
    assert offered() == ["guest", "Sky"]

    hass.config_entries.async_remove_subentry(live, blue)
    await async_settle()
    assert offered() == ["guest"]
    assert hass.states.get("sensor.blue_state_of_charge") is None
    assert not er.async_entries_for_device(entity_registry, device.id)
    assert sorted(workshop.made) == ["bench", "garage"]
    assert not workshop.charger("garage").is_closed
