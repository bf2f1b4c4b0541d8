"""Power supplies are added and changed."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.flows.forms import async_answer_part, async_reconfigure, suggested
from tests.pool_double import GARAGE, SUPPLY, SUPPLY_DATA

SUPPLY_FORM: dict[str, Any] = {
    "name": "Riden",
    "profile": "riden_rd60xx",
    "type": "serial",
    "circuit": GARAGE,
    "rotation": "l3",
    "max_power_w": 700.0,
    "voltage_v": 24.0,
    "current_a": 5.0,
    "may_freeze": True,
}
SERIAL: dict[str, Any] = {"device": "/dev/ttyUSB1", "unit_id": 1}


async def async_begin(hass: HomeAssistant, site: MockConfigEntry) -> SubentryFlowResult:
    result = await hass.config_entries.subentries.async_init(
        (site.entry_id, "power_supply"), context={"source": SOURCE_USER}
    )
    assert result["step_id"] == "supply"
    return result


async def test_a_supply_is_added(
    hass: HomeAssistant, site: MockConfigEntry, tried: list[str]
) -> None:
    result = await async_answer_part(hass, await async_begin(hass, site), SUPPLY_FORM)
    assert result["step_id"] == "serial"
    result = await async_answer_part(hass, result, SERIAL)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert tried == ["riden_rd60xx at /dev/ttyUSB1 unit 1"]
    added = list(site.subentries.values())[-1]
    assert added.title == "Riden"
    assert added.subentry_type == "power_supply"
    assert added.unique_id == "modbus_/dev/ttyUSB1_1"
    assert added.data == {
        "driver": "modbus",
        "profile": "riden_rd60xx",
        "connection": {"type": "serial", "device": "/dev/ttyUSB1"},
        "unit_id": 1,
        "circuit": GARAGE,
        "rotation": ["l3"],
        "max_power_w": 700.0,
        "voltage_v": 24.0,
        "current_a": 5.0,
        "may_freeze": True,
    }


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"name": ""}, {"name": "name_empty"}),
        ({"max_power_w": 0.0}, {"max_power_w": "power_range"}),
        ({"max_power_w": 2e6}, {"max_power_w": "power_range"}),
        ({"voltage_v": -1.0}, {"voltage_v": "set_point_range"}),
        ({"voltage_v": 2_001.0}, {"voltage_v": "set_point_range"}),
        ({"current_a": -0.1}, {"current_a": "set_point_range"}),
        ({"type": "rtu_over_tcp", "profile": "ea_psb_bidirectional"}, {"type": "link_not_there"}),
    ],
)
async def test_an_impossible_supply_is_told_at_its_field(
    hass: HomeAssistant, site: MockConfigEntry, wrong: dict[str, Any], errors: dict[str, str]
) -> None:
    result = await async_answer_part(hass, await async_begin(hass, site), {**SUPPLY_FORM, **wrong})
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    assert suggested(result) == {**SUPPLY_FORM, **wrong}
    result = await async_answer_part(hass, result, SUPPLY_FORM)
    assert result["step_id"] == "serial"


async def test_a_supply_is_changed(
    hass: HomeAssistant, site: MockConfigEntry, tried: list[str], set_up_sites: list[str]
) -> None:
    result = await async_reconfigure(hass, site, SUPPLY)
    shown = suggested(result)
    assert shown["name"] == "Bench"
    assert shown["type"] == "tcp"
    assert shown["rotation"] == "l1_l2_l3"
    result = await async_answer_part(hass, result, {**shown, "max_power_w": 1_000.0, "name": "Lab"})
    assert suggested(result) == {"host": "192.0.2.8", "port": 502, "unit_id": 1}
    result = await async_answer_part(hass, result, {"host": "192.0.2.8", "port": 502, "unit_id": 1})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    assert site.subentries[SUPPLY].title == "Lab"
    assert site.subentries[SUPPLY].data == {**SUPPLY_DATA, "max_power_w": 1_000.0}
    assert tried == []
    assert set_up_sites == ["Home"]
