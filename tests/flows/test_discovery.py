"""A station that introduces itself is added to a site, or begins one."""

from typing import Any

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ev_charger_pool.const import DOMAIN
from custom_components.ev_charger_pool.flows.discovery import MAX_DISCOVERED
from tests.flows.forms import async_answer, placeholders, suggested
from tests.pool_double import GARAGE, SITE

STATION: dict[str, Any] = {
    "driver": "ocpp",
    "station": "CP-7",
    "vendor": "Maker",
    "model": "Wall 11",
    "connectors": 2,
}
OCPP: dict[str, Any] = {
    "name": "Wall",
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
NEW_SITE: dict[str, Any] = {
    "name": "Depot",
    "phases": "3",
    "fuse_a": 63.0,
    "voltage_v": 230.0,
    "fail_safe_current_a": 6.0,
    "sharing": "min_first",
    "ocpp_port": 9000,
}


async def async_discover(hass: HomeAssistant, **changes: Any) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_INTEGRATION_DISCOVERY}, data={**STATION, **changes}
    )


async def test_a_station_joins_a_site(
    hass: HomeAssistant, site: MockConfigEntry, set_up_sites: list[str]
) -> None:
    result = await async_discover(hass)
    assert result["step_id"] == "discovered"
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["context"]["title_placeholders"] == {"name": "Maker Wall 11 (CP-7)"}
    assert flow["context"]["unique_id"] == "ocpp_CP-7"
    result = await async_answer(hass, result, {"site": SITE})
    assert result["step_id"] == "ocpp"
    assert result["data_schema"] is not None
    # It has told its identity and its connectors already.
    assert "station" not in result["data_schema"].schema
    assert suggested(result) == {"name": "Maker Wall 11", "connectors": 2}
    result = await async_answer(hass, result, {**OCPP, "connectors": 2, "circuit": GARAGE})
    result = await async_answer(hass, result, CONNECTOR)
    result = await async_answer(hass, result, {**CONNECTOR, "rotation": "l2"})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "charger_added"
    assert result["description_placeholders"] == {"charger": "Wall", "site": "Home"}
    added = list(site.subentries.values())[-1]
    assert added.subentry_type == "charger"
    assert added.title == "Wall"
    assert added.unique_id == "ocpp_CP-7"
    assert added.data["station"] == "CP-7"
    assert added.data["circuit"] == GARAGE
    assert added.data["connectors"]["2"]["rotation"] == ["l2"]
    # Nothing else was set up again.
    assert set_up_sites == ["Home"]


async def test_a_station_begins_a_site(hass: HomeAssistant, set_up_sites: list[str]) -> None:
    result = await async_discover(hass)
    assert result["step_id"] == "discovered"
    result = await async_answer(hass, result, {"site": "new"})
    assert result["step_id"] == "site"
    result = await async_answer(hass, result, NEW_SITE)
    assert result["step_id"] == "meters"
    assert not result["last_step"]
    result = await async_answer(hass, result, {"invert": False, "battery_invert": False})
    result = await async_answer(hass, result, {})
    assert result["step_id"] == "ocpp"
    result = await async_answer(hass, result, OCPP)
    assert result["step_id"] == "connector"
    assert placeholders(result)["fuse"] == "63"
    result = await async_answer(hass, result, {**CONNECTOR, "fail_safe_current_a": 6.0})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Depot"
    assert set_up_sites == ["Depot"]
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    (charger,) = entry.subentries.values()
    assert charger.unique_id == "ocpp_CP-7"
    assert charger.data["connectors"]["1"]["fail_safe_current_a"] == 6.0
    # The site itself is not the station: another one may be discovered.
    assert entry.unique_id is None


async def test_a_second_site_can_begin_with_a_station(
    hass: HomeAssistant, site: MockConfigEntry, set_up_sites: list[str]
) -> None:
    result = await async_discover(hass)
    result = await async_answer(hass, result, {"site": "new"})
    result = await async_answer(hass, result, {**NEW_SITE, "name": "Home"})
    assert result["errors"] == {"name": "name_taken"}
    result = await async_answer(hass, result, NEW_SITE)
    result = await async_answer(hass, result, {"invert": False, "battery_invert": False})
    result = await async_answer(hass, result, {})
    result = await async_answer(hass, result, OCPP)
    result = await async_answer(hass, result, CONNECTOR)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert len(hass.config_entries.async_entries(DOMAIN)) == 2


@pytest.mark.parametrize(
    ("told", "title", "connectors"),
    [
        ({"vendor": None, "model": None}, "CP-7", 2),
        ({"vendor": None}, "Wall 11", 2),
        ({"connectors": 0}, "Maker Wall 11", 1),
        ({"connectors": 10_000}, "Maker Wall 11", 16),
        ({"connectors": None}, "Maker Wall 11", 1),
    ],
)
async def test_what_a_station_tells_is_not_trusted(
    hass: HomeAssistant,
    site: MockConfigEntry,
    told: dict[str, Any],
    title: str,
    connectors: int,
) -> None:
    result = await async_discover(hass, **told)
    result = await async_answer(hass, result, {"site": SITE})
    assert suggested(result) == {"name": title, "connectors": connectors}


async def test_a_known_station_is_not_discovered(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    result = await async_discover(hass, station="TWIN")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_a_station_is_discovered_once(hass: HomeAssistant, site: MockConfigEntry) -> None:
    await async_discover(hass)
    result = await async_discover(hass)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_in_progress"


async def test_an_ignored_station_is_not_discovered(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    await async_discover(hass)
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": "ocpp_CP-7", "title": "Wall"},
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    result = await async_discover(hass)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    # An ignored station is no site to join.
    result = await async_discover(hass, station="CP-8")
    with pytest.raises(Exception, match="site"):
        await async_answer(hass, result, {"site": "ignored"})


async def test_the_number_of_discovered_stations_is_capped(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    for number in range(MAX_DISCOVERED):
        result = await async_discover(hass, station=f"CP-{number}")
        assert result["type"] is FlowResultType.FORM
    result = await async_discover(hass, station="ONE-TOO-MANY")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "too_many_discovered"
    # A place that gets free is given to the next.
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    hass.config_entries.flow.async_abort(flows[0]["flow_id"])
    result = await async_discover(hass, station="ONE-TOO-MANY")
    assert result["type"] is FlowResultType.FORM


async def test_a_station_that_was_added_meanwhile_is_not_added_twice(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    result = await async_discover(hass)
    result = await async_answer(hass, result, {"site": SITE})
    result = await async_answer(hass, result, OCPP)
    twin = next(item for item in site.subentries.values() if item.title == "Twin")
    hass.config_entries.async_update_subentry(site, twin, data={**twin.data, "station": "CP-7"})
    result = await async_answer(hass, result, CONNECTOR)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_a_site_that_was_removed_meanwhile_is_told(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    result = await async_discover(hass)
    result = await async_answer(hass, result, {"site": SITE})
    result = await async_answer(hass, result, OCPP)
    await hass.config_entries.async_remove(SITE)
    result = await async_answer(hass, result, CONNECTOR)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "site_gone"


async def test_a_discovered_station_is_checked_like_any_other(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    result = await async_discover(hass)
    result = await async_answer(hass, result, {"site": SITE})
    result = await async_answer(hass, result, {**OCPP, "connectors": 99, "name": ""})
    assert result["errors"] == {"connectors": "connectors_range", "name": "name_empty"}
    result = await async_answer(hass, result, OCPP)
    result = await async_answer(hass, result, {**CONNECTOR, "fail_safe_current_a": 16.0})
    assert result["errors"] == {"fail_safe_current_a": "fail_safe_sum"}
