"""A site is set up and changed; wrong input gets a message at its field."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ev_charger_pool.config import PoolConfig
from custom_components.ev_charger_pool.const import DOMAIN
from custom_components.ev_charger_pool.energy_config import EnergyConfig
from custom_components.ev_charger_pool.pool.discharge_lock import LockTarget
from custom_components.ev_charger_pool.pool.energy_settings import (
    BatterySettings,
    SolarSettings,
    SurplusRule,
)
from custom_components.ev_charger_pool.pool.quantities import PHASES, Phase
from custom_components.ev_charger_pool.simulator.standard import StandardSite
from tests.flows.forms import async_answer, default, options, placeholders, suggested

SITE: dict[str, Any] = {
    "name": "Depot",
    "phases": "3",
    "fuse_a": 63.0,
    "voltage_v": 230.0,
    "fail_safe_current_a": 6.0,
    "sharing": "strict",
    "ocpp_port": 9000,
}
CURRENTS = {f"current_l{number}": f"sensor.grid_l{number}" for number in (1, 2, 3)}
METERS: dict[str, Any] = {"invert": False, "battery_invert": False}
SUN: dict[str, Any] = {
    "surplus_rule": "per_phase",
    "import_budget_wh": 80.0,
    "export_margin_w": -200.0,
}
BATTERY: dict[str, Any] = {
    "battery_soc": ["sensor.accu_soc"],
    "priority_soc": 30.0,
    "feeds_cars": True,
    "buffer_soc": 70.0,
    "start_soc": 90.0,
    "reserve_soc": 20.0,
    "lock_when_fast": True,
}
FED_ALIKE = {"solar_phases": "all", "battery_phases": "all"}


async def async_begin(hass: HomeAssistant) -> ConfigFlowResult:
    """Open the door and choose a real site."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == ["site", "simulated"]
    return await async_answer(hass, result, {"next_step_id": "site"})


async def test_a_site_is_created(hass: HomeAssistant, set_up_sites: list[str]) -> None:
    result = await async_begin(hass)
    assert result["step_id"] == "site"
    assert suggested(result) == {"name": hass.config.location_name}
    result = await async_answer(hass, result, SITE)
    assert result["step_id"] == "meters"
    assert suggested(result) == {}
    result = await async_answer(
        hass,
        result,
        {**METERS, **CURRENTS, "solar": ["sensor.roof"], "battery": ["sensor.accu"]},
    )
    assert result["step_id"] == "energy"
    result = await async_answer(hass, result, {**SUN, **BATTERY})
    assert result["step_id"] == "limits"
    result = await async_answer(hass, result, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Depot"
    assert result["data"] == {
        "phases": 3,
        "fuse_a": 63.0,
        "voltage_v": 230.0,
        "fail_safe_current_a": 6.0,
        "sharing": "strict",
        "ocpp_port": 9000,
        "meter": {**CURRENTS, "invert": False},
        "solar": ["sensor.roof"],
        "solar_phases": ["l1", "l2", "l3"],
        "battery": ["sensor.accu"],
        "battery_phases": ["l1", "l2", "l3"],
        "battery_invert": False,
        "energy": {**SUN, **BATTERY},
        "limits": {},
    }
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    energy = PoolConfig.from_entry(entry).site.energy
    assert energy == EnergyConfig(
        solar=SolarSettings(
            rule=SurplusRule.PER_PHASE, import_budget_wh=80.0, export_margin_w=-200.0
        ),
        battery=BatterySettings(
            priority_soc=30.0,
            buffer_soc=70.0,
            start_soc=90.0,
            reserve_soc=20.0,
            feeds_cars=True,
            lock_when_fast=True,
        ),
        battery_soc=("sensor.accu_soc",),
    )
    assert set_up_sites == ["Depot"]


async def test_a_site_without_a_meter_is_created(
    hass: HomeAssistant, set_up_sites: list[str]
) -> None:
    result = await async_answer(hass, await async_begin(hass), {**SITE, "phases": "1"})
    assert result["data_schema"] is not None
    fields = {str(key) for key in result["data_schema"].schema}
    assert "current_l1" in fields
    assert "current_l2" not in fields
    assert not fields & FED_ALIKE.keys(), "there is nothing to ask"
    result = await async_answer(hass, result, METERS)
    result = await async_answer(hass, result, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["phases"] == 1
    assert result["data"]["meter"] == {}
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert PoolConfig.from_entry(entry).site.solar_phases == (Phase.L1,)


@pytest.mark.parametrize(
    ("solar", "battery", "kept"),
    [
        ("all", "l2", (PHASES, (Phase.L2,))),
        ("l3", "unknown", ((Phase.L3,), ())),
        ("unknown", "all", ((), PHASES)),
    ],
)
async def test_the_phases_of_inverters_are_kept_and_shown_again(
    hass: HomeAssistant,
    site: MockConfigEntry,
    solar: str,
    battery: str,
    kept: tuple[tuple[Phase, ...], tuple[Phase, ...]],
) -> None:
    answer = {**METERS, "solar_phases": solar, "battery_phases": battery}
    result = await site.start_reconfigure_flow(hass)
    result = await async_answer(hass, result, {**SITE, "name": "Home"})
    choices = ["all", "l1", "l2", "l3", "unknown"]
    assert options(result, "solar_phases") == options(result, "battery_phases") == choices
    assert default(result, "solar_phases") == default(result, "battery_phases") == "all"
    result = await async_answer(hass, result, answer)
    await async_answer(hass, result, {})
    config = PoolConfig.from_entry(site).site
    assert (config.solar_phases, config.battery_phases) == kept
    result = await site.start_reconfigure_flow(hass)
    result = await async_answer(hass, result, {**SITE, "name": "Home"})
    shown = suggested(result)
    assert (shown["solar_phases"], shown["battery_phases"]) == (solar, battery)


async def test_a_phase_that_no_inverter_has_is_refused(
    hass: HomeAssistant, set_up_sites: list[str]
) -> None:
    result = await async_answer(hass, await async_begin(hass), SITE)
    with pytest.raises(InvalidData) as error:
        await async_answer(hass, result, {**METERS, "solar_phases": "l4"})
    assert set(error.value.schema_errors) == {"solar_phases"}


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"name": "  "}, {"name": "name_empty"}),
        ({"fuse_a": 0.0}, {"fuse_a": "fuse_range", "fail_safe_current_a": "fail_safe_above_fuse"}),
        ({"fuse_a": 5.9, "fail_safe_current_a": 0.0}, {"fuse_a": "fuse_range"}),
        ({"fuse_a": 1_001.0}, {"fuse_a": "fuse_range"}),
        ({"voltage_v": 12.0}, {"voltage_v": "voltage_range"}),
        ({"fail_safe_current_a": 3.0}, {"fail_safe_current_a": "fail_safe_between"}),
        ({"fail_safe_current_a": -6.0}, {"fail_safe_current_a": "fail_safe_between"}),
        ({"fail_safe_current_a": 64.0}, {"fail_safe_current_a": "fail_safe_above_fuse"}),
        ({"ocpp_port": 80}, {"ocpp_port": "port_range"}),
        ({"ocpp_port": 70_000}, {"ocpp_port": "port_range"}),
        ({"ocpp_port": 9000.5}, {"ocpp_port": "port_range"}),
        (
            {"name": "", "fuse_a": 2.0, "fail_safe_current_a": 0.0, "voltage_v": 0.0},
            {"name": "name_empty", "fuse_a": "fuse_range", "voltage_v": "voltage_range"},
        ),
    ],
)
async def test_impossible_input_is_told_at_its_field(
    hass: HomeAssistant,
    set_up_sites: list[str],
    wrong: dict[str, Any],
    errors: dict[str, str],
) -> None:
    result = await async_answer(hass, await async_begin(hass), {**SITE, **wrong})
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "site"
    assert result["errors"] == errors
    # What was typed is still there, and can be mended.
    assert suggested(result) == {**SITE, **wrong}
    result = await async_answer(hass, result, SITE)
    assert result["step_id"] == "meters"


@pytest.mark.parametrize("nonsense", [float("nan"), float("inf"), float("-inf")])
async def test_what_is_no_number_is_told_at_its_field(
    hass: HomeAssistant, set_up_sites: list[str], nonsense: float
) -> None:
    fields = ("fuse_a", "voltage_v", "fail_safe_current_a", "ocpp_port")
    answer = {**SITE, **dict.fromkeys(fields, nonsense)}
    result = await async_answer(hass, await async_begin(hass), answer)
    assert result["errors"] is not None
    # Infinitely more than a fuse is the fuse's fault.
    assert set(fields) - {"fail_safe_current_a"} <= set(result["errors"])


@pytest.mark.parametrize("wrong", [{"phases": "2"}, {"sharing": "none"}, {"fuse_a": "many"}])
async def test_what_is_no_option_is_refused(
    hass: HomeAssistant, set_up_sites: list[str], wrong: dict[str, Any]
) -> None:
    result = await async_begin(hass)
    with pytest.raises(InvalidData) as error:
        await async_answer(hass, result, {**SITE, **wrong})
    assert set(error.value.schema_errors) == set(wrong)


async def test_a_name_is_given_once(hass: HomeAssistant, site: MockConfigEntry) -> None:
    result = await async_answer(hass, await async_begin(hass), {**SITE, "name": "hOME "})
    assert result["errors"] == {"name": "name_taken"}


@pytest.mark.parametrize(
    ("meters", "errors"),
    [
        (
            {"current_l1": "sensor.grid_l1"},
            {"current_l2": "phase_missing", "current_l3": "phase_missing"},
        ),
        ({"power_l1": "sensor.a", "power_l3": "sensor.b"}, {"power_l2": "phase_missing"}),
        (
            {**CURRENTS, "current_l3": "sensor.grid_l1"},
            {"current_l3": "entity_twice"},
        ),
        ({**CURRENTS, "power": "sensor.grid_l2"}, {"power": "entity_twice"}),
        ({"solar": ["sensor.x"], "battery": ["sensor.x"]}, {"battery": "entity_twice"}),
    ],
)
async def test_an_impossible_meter_is_told_at_its_field(
    hass: HomeAssistant,
    set_up_sites: list[str],
    meters: dict[str, Any],
    errors: dict[str, str],
) -> None:
    result = await async_answer(hass, await async_begin(hass), SITE)
    result = await async_answer(hass, result, {**METERS, **meters})
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    assert suggested(result) == {**METERS, **FED_ALIKE, **meters}
    result = await async_answer(hass, result, {**METERS, **CURRENTS})
    result = await async_answer(hass, result, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_site_is_changed(
    hass: HomeAssistant, site: MockConfigEntry, set_up_sites: list[str]
) -> None:
    result = await site.start_reconfigure_flow(hass)
    assert result["step_id"] == "site"
    assert suggested(result)["name"] == "Home"
    assert suggested(result)["phases"] == "3"
    changed = {**SITE, "name": "Home", "fuse_a": 20.0, "sharing": "min_first"}
    result = await async_answer(hass, result, changed)
    assert result["step_id"] == "meters"
    assert suggested(result)["current_l1"] == "sensor.grid_l1"
    result = await async_answer(hass, result, {**METERS, "power": "sensor.total", "invert": True})
    result = await async_answer(hass, result, {})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    assert site.data["fuse_a"] == 20.0
    assert site.data["meter"] == {"power": "sensor.total", "invert": True}
    # Nothing was set up again: what changed is applied by whoever listens for updates.
    assert set_up_sites == ["Home"]


async def async_reach_energy(
    hass: HomeAssistant, site: MockConfigEntry, **fed: list[str]
) -> ConfigFlowResult:
    result = await site.start_reconfigure_flow(hass)
    result = await async_answer(hass, result, {**SITE, "name": "Home"})
    return await async_answer(hass, result, {**METERS, **fed})


async def test_a_site_with_sun_alone_is_not_asked_of_a_battery(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    result = await async_reach_energy(hass, site, solar=["sensor.roof"])
    assert result["step_id"] == "energy"
    assert result["data_schema"] is not None
    assert {str(key) for key in result["data_schema"].schema} == SUN.keys()
    result = await async_answer(hass, result, {})
    result = await async_answer(hass, result, {})
    assert result["reason"] == "reconfigure_successful"
    assert PoolConfig.from_entry(site).site.energy == EnergyConfig(), "the proposals suit"
    # Without anything that feeds the site there is nothing to ask, and nothing to keep.
    result = await async_reach_energy(hass, site)
    await async_answer(hass, result, {})
    assert site.data["energy"] == {}


NUMBER = {"min": 0, "max": 5000, "step": 10, "unit_of_measurement": "W"}
MODES = {"options": ["auto", "hold"]}


@pytest.mark.parametrize(
    ("entity", "attributes", "answer", "normal"),
    [
        ("switch.forbid", {}, {"lock_state": "on"}, None),
        ("input_boolean.allow", {}, {"lock_state": "off"}, None),
        ("select.mode", MODES, {"lock_option": "hold", "normal_option": "auto"}, "auto"),
        ("number.discharge", NUMBER, {"lock_value": 0.0}, None),
    ],
)
async def test_how_an_entity_locks_the_battery_is_asked_and_shown_again(
    hass: HomeAssistant,
    site: MockConfigEntry,
    entity: str,
    attributes: dict[str, Any],
    answer: dict[str, Any],
    normal: str | None,
) -> None:
    hass.states.async_set(entity, "0", attributes)
    energy = {**SUN, **BATTERY, "lock_entity": entity}
    result = await async_reach_energy(hass, site, battery=["sensor.accu"])
    result = await async_answer(hass, result, energy)
    assert result["step_id"] == "battery_lock"
    assert suggested(result) == {}
    result = await async_answer(hass, result, answer)
    assert result["step_id"] == "limits"
    await async_answer(hass, result, {})
    (locked, *_) = answer.values()
    assert PoolConfig.from_entry(site).site.energy.lock == LockTarget(
        entity=entity, locked=locked, normal=normal
    )
    result = await async_reach_energy(hass, site, battery=["sensor.accu"])
    assert suggested(result) == energy
    result = await async_answer(hass, result, energy)
    assert suggested(result) == answer
    # Left empty, the pool does not touch the battery any more.
    result = await async_reach_energy(hass, site, battery=["sensor.accu"])
    result = await async_answer(hass, result, {**SUN, **BATTERY})
    assert result["step_id"] == "limits"
    await async_answer(hass, result, {})
    assert PoolConfig.from_entry(site).site.energy.lock is None


async def test_what_locks_is_proposed_within_what_the_number_takes(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    hass.states.async_set("number.reserve", "20", {"min": 10, "max": 100})
    result = await async_reach_energy(hass, site, battery=["sensor.accu"])
    result = await async_answer(hass, result, {**SUN, **BATTERY, "lock_entity": "number.reserve"})
    assert default(result, "lock_value") == 10.0
    shown = placeholders(result)
    assert (shown["minimum"], shown["maximum"]) == ("10", "100")


@pytest.mark.parametrize(
    ("entity", "attributes", "answer", "errors"),
    [
        (
            "select.mode",
            MODES,
            {"lock_option": "hold", "normal_option": "hold"},
            {"normal_option": "lock_options_same"},
        ),
        ("number.discharge", NUMBER, {"lock_value": -1.0}, {"lock_value": "lock_value_range"}),
        ("number.discharge", NUMBER, {"lock_value": 6e3}, {"lock_value": "lock_value_range"}),
        (
            "number.discharge",
            NUMBER,
            {"lock_value": float("nan")},
            {"lock_value": "lock_value_range"},
        ),
    ],
)
async def test_a_lock_that_cannot_be_gets_a_message_at_its_field(
    hass: HomeAssistant,
    site: MockConfigEntry,
    entity: str,
    attributes: dict[str, Any],
    answer: dict[str, Any],
    errors: dict[str, str],
) -> None:
    hass.states.async_set(entity, "0", attributes)
    result = await async_reach_energy(hass, site, battery=["sensor.accu"])
    result = await async_answer(hass, result, {**SUN, **BATTERY, "lock_entity": entity})
    result = await async_answer(hass, result, answer)
    assert (result["step_id"], result["errors"]) == ("battery_lock", errors)


async def test_an_option_that_an_entity_does_not_have_cannot_be_chosen(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    hass.states.async_set("select.mode", "auto", MODES)
    result = await async_reach_energy(hass, site, battery=["sensor.accu"])
    result = await async_answer(hass, result, {**SUN, **BATTERY, "lock_entity": "select.mode"})
    with pytest.raises(InvalidData):
        await async_answer(hass, result, {"lock_option": "idle", "normal_option": "auto"})


@pytest.mark.parametrize(
    ("entity", "attributes", "error"),
    [
        ("switch.gone", None, "lock_entity_missing"),
        ("select.mode", {"options": ["auto"]}, "lock_entity_missing"),
        ("select.mode", {}, "lock_entity_missing"),
        ("switch.own", {}, "lock_entity_own"),
    ],
)
async def test_an_entity_that_cannot_lock_gets_a_message(
    hass: HomeAssistant,
    site: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    entity: str,
    attributes: dict[str, Any] | None,
    error: str,
) -> None:
    entity_registry.async_get_or_create("switch", DOMAIN, "own", suggested_object_id="own")
    if attributes is not None:
        hass.states.async_set(entity, "auto", attributes)
    result = await async_reach_energy(hass, site, battery=["sensor.accu"])
    result = await async_answer(hass, result, {**SUN, **BATTERY, "lock_entity": entity})
    assert (result["step_id"], result["errors"]) == ("energy", {"lock_entity": error})


async def test_what_is_done_with_sun_and_battery_is_shown_again(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    result = await async_reach_energy(hass, site, battery=["sensor.accu"])
    result = await async_answer(hass, result, {**SUN, **BATTERY})
    await async_answer(hass, result, {})
    result = await async_reach_energy(hass, site, battery=["sensor.accu"])
    assert suggested(result) == {**SUN, **BATTERY}


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"import_budget_wh": -1.0}, {"import_budget_wh": "budget_range"}),
        ({"import_budget_wh": float("nan")}, {"import_budget_wh": "budget_range"}),
        ({"export_margin_w": 20_000.0}, {"export_margin_w": "margin_range"}),
        ({"priority_soc": 101.0}, {"priority_soc": "soc_range"}),
        ({"reserve_soc": -5.0}, {"reserve_soc": "soc_range"}),
        ({"start_soc": float("inf")}, {"start_soc": "soc_range"}),
        ({"start_soc": 60.0}, {"start_soc": "start_below_buffer"}),
        ({"battery_soc": []}, {"battery_soc": "soc_missing"}),
        ({"battery_soc": [], "feeds_cars": False}, {"battery_soc": "soc_missing"}),
    ],
)
async def test_an_impossible_battery_is_told_at_its_field(
    hass: HomeAssistant, site: MockConfigEntry, wrong: dict[str, Any], errors: dict[str, str]
) -> None:
    result = await async_reach_energy(hass, site, battery=["sensor.accu"])
    result = await async_answer(hass, result, {**SUN, **BATTERY, **wrong})
    assert result["errors"] == errors
    result = await async_answer(hass, result, {**SUN, **BATTERY})
    result = await async_answer(hass, result, {})
    assert result["reason"] == "reconfigure_successful"


async def test_a_site_keeps_what_its_form_does_not_show(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    simulator = StandardSite(heidelberg_port=1, keba_port=2, supply_port=3).entry_data["simulator"]
    hass.config_entries.async_update_entry(site, data={**site.data, "simulator": simulator})
    result = await site.start_reconfigure_flow(hass)
    result = await async_answer(hass, result, {**SITE, "name": "Renamed"})
    result = await async_answer(hass, result, METERS)
    await async_answer(hass, result, {})
    assert site.title == "Renamed"
    assert site.data["simulator"] == simulator


async def test_phases_that_are_in_use_cannot_be_taken_away(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    result = await site.start_reconfigure_flow(hass)
    result = await async_answer(hass, result, {**SITE, "phases": "1"})
    assert result["errors"] == {"phases": "phases_in_use"}


async def test_a_site_with_nothing_on_it_may_lose_phases(
    hass: HomeAssistant, set_up_sites: list[str]
) -> None:
    entry = MockConfigEntry(domain=DOMAIN, title="Empty", data={"phases": 3, "fuse_a": 25.0})
    entry.add_to_hass(hass)
    result = await entry.start_reconfigure_flow(hass)
    result = await async_answer(hass, result, {**SITE, "phases": "1"})
    assert result["step_id"] == "meters"
