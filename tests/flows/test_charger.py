"""Chargers are added and changed; wrong input gets a message at its field."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigSubentry, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers.network import NoURLAvailableError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ev_charger_pool.const import DOMAIN
from custom_components.ev_charger_pool.flows.fields import FieldError
from tests.flows.conftest import Answer
from tests.flows.forms import (
    async_answer_part,
    async_reconfigure,
    default,
    options,
    placeholders,
    suggested,
)
from tests.pool_double import GARAGE, SINGLE, SITE_DATA, TWIN, TWIN_DATA

OCPP: dict[str, Any] = {
    "name": "Carport",
    "station": "CARPORT",
    "circuit": "grid",
    "connectors": 1,
    "authorization": "anyone",
    "may_freeze": False,
}
MODBUS: dict[str, Any] = {
    "name": "Keba",
    "profile": "keba_p30",
    "type": "tcp",
    "circuit": GARAGE,
    "may_freeze": False,
}
NETWORK: dict[str, Any] = {"host": "192.0.2.20", "port": 502, "unit_id": 255}
CONNECTOR: dict[str, Any] = {
    "rotation": "l1_l2_l3",
    "max_current_a": 16.0,
    "fail_safe_current_a": 0.0,
}


async def async_begin(
    hass: HomeAssistant, site: MockConfigEntry, driver: str
) -> SubentryFlowResult:
    result = await hass.config_entries.subentries.async_init(
        (site.entry_id, "charger"), context={"source": SOURCE_USER}
    )
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == ["ocpp", "modbus"]
    return await async_answer_part(hass, result, {"next_step_id": driver})


def newest(site: MockConfigEntry) -> ConfigSubentry:
    return list(site.subentries.values())[-1]


async def test_an_ocpp_station_is_added(
    hass: HomeAssistant, site: MockConfigEntry, set_up_sites: list[str]
) -> None:
    result = await async_begin(hass, site, "ocpp")
    assert options(result, "circuit") == ["grid", GARAGE]
    shown = placeholders(result)
    assert shown["address"].startswith("ws://")
    assert ":9000/" in shown["address"]
    result = await async_answer_part(hass, result, {**OCPP, "name": " Carport "})
    assert result["step_id"] == "connector"
    result = await async_answer_part(hass, result, {**CONNECTOR, "rotation": "l2_l3_l1"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    added = newest(site)
    assert added.title == "Carport"
    assert added.unique_id == "ocpp_CARPORT"
    assert added.data == {
        "driver": "ocpp",
        "station": "CARPORT",
        "authorization": "anyone",
        "tokens": [],
        "circuit": "grid",
        "may_freeze": False,
        "connectors": {
            "1": {
                "rotation": ["l2", "l3", "l1"],
                "max_current_a": 16.0,
                "fail_safe_current_a": 0.0,
            }
        },
    }
    # The others were left alone.
    assert set_up_sites == ["Home"]


async def test_each_connector_of_a_station_is_asked_for(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    result = await async_begin(hass, site, "ocpp")
    result = await async_answer_part(
        hass,
        result,
        {**OCPP, "connectors": 2, "authorization": "tokens", "tokens": ["04A2 ", "04B3"]},
    )
    assert placeholders(result)["connector"] == "1"
    assert not result["last_step"]
    result = await async_answer_part(hass, result, {**CONNECTOR, "fail_safe_current_a": 6.0})
    assert result["step_id"] == "connector"
    assert placeholders(result)["connector"] == "2"
    assert result["last_step"]
    result = await async_answer_part(hass, result, {**CONNECTOR, "rotation": "l3"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    data = newest(site).data
    assert data["tokens"] == ["04A2", "04B3"]
    assert data["connectors"]["1"]["fail_safe_current_a"] == 6.0
    assert data["connectors"]["2"]["rotation"] == ["l3"]


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"name": " "}, {"name": "name_empty"}),
        ({"station": ""}, {"station": "station_invalid"}),
        ({"station": "a b"}, {"station": "station_invalid"}),
        ({"station": "x" * 49}, {"station": "station_invalid"}),
        ({"station": "a/b"}, {"station": "station_invalid"}),
        ({"station": "TWIN"}, {"station": "station_taken"}),
        ({"connectors": 0}, {"connectors": "connectors_range"}),
        ({"connectors": 17}, {"connectors": "connectors_range"}),
        ({"connectors": 1.5}, {"connectors": "connectors_range"}),
        ({"authorization": "tokens"}, {"tokens": "tokens_missing"}),
        ({"authorization": "tokens", "tokens": ["a b"]}, {"tokens": "tokens_invalid"}),
        ({"tokens": ["x" * 37]}, {"tokens": "tokens_invalid"}),
        ({"tokens": [""]}, {"tokens": "tokens_invalid"}),
    ],
)
async def test_an_impossible_station_is_told_at_its_field(
    hass: HomeAssistant, site: MockConfigEntry, wrong: dict[str, Any], errors: dict[str, str]
) -> None:
    result = await async_begin(hass, site, "ocpp")
    result = await async_answer_part(hass, result, {**OCPP, **wrong})
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "ocpp"
    assert result["errors"] == errors
    assert suggested(result) == {**OCPP, **wrong}
    result = await async_answer_part(hass, result, OCPP)
    assert result["step_id"] == "connector"


async def test_a_station_belongs_to_one_site_only(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    other = MockConfigEntry(domain=DOMAIN, title="Other", data=SITE_DATA)
    other.add_to_hass(hass)
    result = await async_begin(hass, other, "ocpp")
    result = await async_answer_part(hass, result, {**OCPP, "station": "TWIN"})
    assert result["errors"] == {"station": "station_taken"}


@pytest.mark.parametrize("wrong", [{"circuit": "01NOWHERE"}, {"authorization": "nobody"}])
async def test_what_is_no_option_is_refused(
    hass: HomeAssistant, site: MockConfigEntry, wrong: dict[str, Any]
) -> None:
    result = await async_begin(hass, site, "ocpp")
    with pytest.raises(InvalidData) as error:
        await async_answer_part(hass, result, {**OCPP, **wrong})
    assert set(error.value.schema_errors) == set(wrong)


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"max_current_a": 5.0}, {"max_current_a": "maximum_range"}),
        ({"max_current_a": 501.0}, {"max_current_a": "maximum_range"}),
        ({"fail_safe_current_a": 5.9}, {"fail_safe_current_a": "fail_safe_between"}),
        (
            {"max_current_a": 8.0, "fail_safe_current_a": 10.0},
            {"fail_safe_current_a": "fail_safe_above_maximum"},
        ),
    ],
)
async def test_an_impossible_connector_is_told_at_its_field(
    hass: HomeAssistant, site: MockConfigEntry, wrong: dict[str, Any], errors: dict[str, str]
) -> None:
    result = await async_begin(hass, site, "ocpp")
    result = await async_answer_part(hass, result, OCPP)
    result = await async_answer_part(hass, result, {**CONNECTOR, **wrong})
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "connector"
    assert result["errors"] == errors
    assert suggested(result) == {**CONNECTOR, "switches_phases": False, **wrong}
    result = await async_answer_part(hass, result, CONNECTOR)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_sr1_the_sum_of_the_fail_safes_is_shown(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    result = await async_begin(hass, site, "ocpp")
    result = await async_answer_part(hass, result, OCPP)
    shown = placeholders(result)
    # The one-phase charger on L2 takes 6 A; 12.5 A of 25 A are for everything else.
    assert shown["fail_safe_sum"] == "L1 0 A, L2 6 A, L3 0 A"
    assert shown["fuse"] == "25"
    assert shown["fail_safe_room"] == "6.5"
    assert shown["circuit"] == "Home"
    assert default(result, "fail_safe_current_a") == 6.0


async def test_sr1_fail_safes_that_do_not_add_up_are_refused(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    result = await async_begin(hass, site, "ocpp")
    result = await async_answer_part(hass, result, {**OCPP, "connectors": 2, "circuit": GARAGE})
    # The garage has 20 A, half of it for others: 10 A. The main fuse leaves 6.5 A on L2.
    result = await async_answer_part(hass, result, {**CONNECTOR, "fail_safe_current_a": 7.0})
    assert result["errors"] == {"fail_safe_current_a": "fail_safe_sum"}
    result = await async_answer_part(hass, result, {**CONNECTOR, "fail_safe_current_a": 6.0})
    # The first one counts for the second.
    assert placeholders(result)["fail_safe_sum"] == "L1 6 A, L2 6 A, L3 6 A"
    assert default(result, "fail_safe_current_a") == 0.0
    result = await async_answer_part(hass, result, {**CONNECTOR, "fail_safe_current_a": 6.0})
    assert result["errors"] == {"fail_safe_current_a": "fail_safe_sum"}
    result = await async_answer_part(
        hass, result, {**CONNECTOR, "rotation": "l1", "fail_safe_current_a": 0.0}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_sr1_one_phase_may_leave_room_on_the_others(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    result = await async_begin(hass, site, "ocpp")
    result = await async_answer_part(hass, result, OCPP)
    result = await async_answer_part(
        hass, result, {**CONNECTOR, "rotation": "l3", "fail_safe_current_a": 12.0}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_one_phase_site_offers_one_phase_only(
    hass: HomeAssistant, set_up_sites: list[str]
) -> None:
    entry = MockConfigEntry(domain=DOMAIN, title="Flat", data={**SITE_DATA, "phases": 1})
    entry.add_to_hass(hass)
    result = await async_begin(hass, entry, "ocpp")
    result = await async_answer_part(hass, result, OCPP)
    assert options(result, "rotation") == ["l1"]
    with pytest.raises(InvalidData) as error:
        await async_answer_part(hass, result, CONNECTOR)
    assert set(error.value.schema_errors) == {"rotation"}


async def test_a_three_phase_site_offers_every_wiring(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    result = await async_begin(hass, site, "ocpp")
    result = await async_answer_part(hass, result, OCPP)
    assert options(result, "rotation") == [
        "l1_l2_l3",
        "l1_l3_l2",
        "l2_l1_l3",
        "l2_l3_l1",
        "l3_l1_l2",
        "l3_l2_l1",
        "l1_l2",
        "l1_l3",
        "l2_l1",
        "l2_l3",
        "l3_l1",
        "l3_l2",
        "l1",
        "l2",
        "l3",
    ]


async def test_a_modbus_charger_is_added(
    hass: HomeAssistant, site: MockConfigEntry, tried: list[str]
) -> None:
    result = await async_begin(hass, site, "modbus")
    assert "heidelberg_energy_control" in options(result, "profile")
    assert "ea_psb_bidirectional" not in options(result, "profile")
    result = await async_answer_part(hass, result, MODBUS)
    assert result["step_id"] == "network"
    assert default(result, "port") == 502
    assert default(result, "unit_id") == 255
    result = await async_answer_part(hass, result, {**NETWORK, "host": " Keba.local "})
    assert result["step_id"] == "connector"
    assert tried == ["keba_p30 at Keba.local:502 unit 255"]
    result = await async_answer_part(hass, result, CONNECTOR)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    added = newest(site)
    assert added.unique_id == "modbus_keba.local:502_255"
    assert added.data["profile"] == "keba_p30"
    assert added.data["connection"] == {"type": "tcp", "host": "Keba.local", "port": 502}
    assert added.data["unit_id"] == 255
    assert list(added.data["connectors"]) == ["1"]


@pytest.mark.parametrize(("speed", "kept"), [({}, {}), ({"baudrate": 9_600}, {"baudrate": 9_600})])
async def test_a_serial_charger_is_added(
    hass: HomeAssistant,
    site: MockConfigEntry,
    tried: list[str],
    speed: dict[str, int],
    kept: dict[str, int],
) -> None:
    result = await async_begin(hass, site, "modbus")
    result = await async_answer_part(
        hass, result, {**MODBUS, "profile": "heidelberg_energy_control", "type": "serial"}
    )
    assert result["step_id"] == "serial"
    result = await async_answer_part(
        hass, result, {"device": "/dev/ttyUSB0", "unit_id": 3, **speed}
    )
    result = await async_answer_part(hass, result, CONNECTOR)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    added = newest(site)
    assert added.unique_id == "modbus_/dev/ttyUSB0_3"
    assert added.data["connection"] == {"type": "serial", "device": "/dev/ttyUSB0", **kept}
    assert tried == ["heidelberg_energy_control at /dev/ttyUSB0 unit 3"]


async def test_a_link_that_the_device_has_not_is_told(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    result = await async_begin(hass, site, "modbus")
    result = await async_answer_part(hass, result, {**MODBUS, "type": "serial", "name": ""})
    assert result["errors"] == {"type": "link_not_there", "name": "name_empty"}


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"host": "not a host"}, {"host": "host_invalid"}),
        ({"host": "192.0.2.300"}, {"host": "host_invalid"}),
        ({"host": ""}, {"host": "host_invalid"}),
        ({"host": "192.0.2.7:502"}, {"host": "host_invalid"}),
        ({"port": 0}, {"port": "port_range"}),
        ({"port": 65_536}, {"port": "port_range"}),
        ({"unit_id": 256}, {"unit_id": "unit_range"}),
        ({"unit_id": -1}, {"unit_id": "unit_range"}),
        ({"unit_id": 1.5}, {"unit_id": "unit_range"}),
        ({"host": "192.0.2.7", "unit_id": 1}, {"unit_id": "unit_taken"}),
        ({"host": "192.0.2.8", "unit_id": 1}, {"unit_id": "unit_taken"}),
    ],
)
async def test_an_impossible_address_is_told_at_its_field(
    hass: HomeAssistant,
    site: MockConfigEntry,
    tried: list[str],
    wrong: dict[str, Any],
    errors: dict[str, str],
) -> None:
    result = await async_begin(hass, site, "modbus")
    result = await async_answer_part(hass, result, MODBUS)
    result = await async_answer_part(hass, result, {**NETWORK, **wrong})
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "network"
    assert result["errors"] == errors
    assert suggested(result) == {**NETWORK, **wrong}
    # Nobody was bothered.
    assert tried == []
    result = await async_answer_part(hass, result, NETWORK)
    assert result["step_id"] == "connector"


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"device": " "}, {"device": "device_invalid"}),
        ({"baudrate": 10}, {"baudrate": "baudrate_range"}),
        ({"baudrate": 9_600.5}, {"baudrate": "baudrate_range"}),
        ({"unit_id": 300}, {"unit_id": "unit_range"}),
    ],
)
async def test_an_impossible_serial_port_is_told_at_its_field(
    hass: HomeAssistant,
    site: MockConfigEntry,
    tried: list[str],
    wrong: dict[str, Any],
    errors: dict[str, str],
) -> None:
    result = await async_begin(hass, site, "modbus")
    result = await async_answer_part(
        hass, result, {**MODBUS, "profile": "heidelberg_energy_control", "type": "serial"}
    )
    result = await async_answer_part(
        hass, result, {"device": "/dev/ttyUSB0", "unit_id": 1, **wrong}
    )
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    assert tried == []


@pytest.mark.parametrize(
    ("error", "field"),
    [
        (FieldError.CANNOT_CONNECT, "host"),
        (FieldError.NO_ANSWER, "unit_id"),
        (FieldError.WRONG_DEVICE, "unit_id"),
    ],
)
async def test_a_device_that_does_not_answer_can_be_saved_anyway(
    hass: HomeAssistant,
    site: MockConfigEntry,
    no_answer: Answer,
    error: FieldError,
    field: str,
) -> None:
    no_answer(error)
    result = await async_begin(hass, site, "modbus")
    result = await async_answer_part(hass, result, MODBUS)
    assert result["data_schema"] is not None
    assert "save_anyway" not in result["data_schema"].schema
    result = await async_answer_part(hass, result, NETWORK)
    assert result["errors"] == {field: error}
    assert result["data_schema"] is not None
    assert "save_anyway" in result["data_schema"].schema
    # Trying again is what happens without it.
    result = await async_answer_part(hass, result, {**NETWORK, "save_anyway": False})
    assert result["errors"] == {field: error}
    result = await async_answer_part(hass, result, {**NETWORK, "save_anyway": True})
    assert result["step_id"] == "connector"
    result = await async_answer_part(hass, result, CONNECTOR)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert "save_anyway" not in newest(site).data["connection"]


async def test_a_serial_port_that_cannot_be_opened_is_told_at_its_field(
    hass: HomeAssistant, site: MockConfigEntry, no_answer: Answer
) -> None:
    no_answer(FieldError.CANNOT_CONNECT)
    result = await async_begin(hass, site, "modbus")
    result = await async_answer_part(
        hass, result, {**MODBUS, "profile": "heidelberg_energy_control", "type": "serial"}
    )
    result = await async_answer_part(hass, result, {"device": "/dev/ttyUSB9", "unit_id": 1})
    assert result["errors"] == {"device": "cannot_connect"}


async def test_a_station_is_changed(
    hass: HomeAssistant, site: MockConfigEntry, set_up_sites: list[str]
) -> None:
    before = {key: dict(subentry.data) for key, subentry in site.subentries.items()}
    result = await async_reconfigure(hass, site, TWIN)
    assert result["step_id"] == "ocpp"
    assert suggested(result)["station"] == "TWIN"
    assert suggested(result)["connectors"] == 2
    assert suggested(result)["name"] == "Twin"
    # Its own identity is not taken.
    result = await async_answer_part(
        hass, result, {**OCPP, "station": "TWIN", "name": "Double", "connectors": 2}
    )
    assert result["step_id"] == "connector"
    assert suggested(result) == {
        "rotation": "l1_l2_l3",
        "max_current_a": 16.0,
        "fail_safe_current_a": 0.0,
    }
    result = await async_answer_part(hass, result, {**CONNECTOR, "max_current_a": 20.0})
    assert suggested(result)["rotation"] == "l2_l3_l1"
    result = await async_answer_part(hass, result, CONNECTOR)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    changed = site.subentries[TWIN]
    assert changed.title == "Double"
    assert changed.data["circuit"] == "grid"
    assert changed.data["connectors"]["1"]["max_current_a"] == 20.0
    assert set_up_sites == ["Home"]
    for key, data in before.items():
        if key != TWIN:
            assert site.subentries[key].data == data


async def test_a_station_that_loses_a_connector_forgets_it(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    result = await async_reconfigure(hass, site, TWIN)
    result = await async_answer_part(hass, result, {**OCPP, "station": "TWIN2"})
    result = await async_answer_part(hass, result, CONNECTOR)
    assert result["reason"] == "reconfigure_successful"
    assert list(site.subentries[TWIN].data["connectors"]) == ["1"]
    assert site.subentries[TWIN].unique_id == "ocpp_TWIN2"


async def test_sr1_a_chargers_own_fail_safe_does_not_stand_in_its_way(
    hass: HomeAssistant, site: MockConfigEntry, tried: list[str]
) -> None:
    result = await async_reconfigure(hass, site, SINGLE)
    assert result["step_id"] == "modbus"
    shown = suggested(result)
    assert shown["type"] == "rtu_over_tcp"
    result = await async_answer_part(
        hass,
        result,
        {**MODBUS, "profile": "heidelberg_energy_control", "type": "rtu_over_tcp"},
    )
    assert suggested(result)["host"] == "192.0.2.7"
    result = await async_answer_part(hass, result, {"host": "192.0.2.7", "port": 502, "unit_id": 1})
    # Its link is in use by its own driver: it is not tried again.
    assert tried == []
    assert placeholders(result)["fail_safe_sum"] == "L1 0 A, L2 0 A, L3 0 A"
    result = await async_answer_part(
        hass, result, {**CONNECTOR, "rotation": "l2", "fail_safe_current_a": 10.0}
    )
    assert result["reason"] == "reconfigure_successful"
    assert site.subentries[SINGLE].data["connectors"]["1"]["fail_safe_current_a"] == 10.0


async def test_a_charger_that_moves_is_tried(
    hass: HomeAssistant, site: MockConfigEntry, tried: list[str]
) -> None:
    result = await async_reconfigure(hass, site, SINGLE)
    result = await async_answer_part(
        hass,
        result,
        {**MODBUS, "profile": "heidelberg_energy_control", "type": "rtu_over_tcp"},
    )
    result = await async_answer_part(hass, result, {"host": "192.0.2.9", "port": 502, "unit_id": 1})
    assert tried == ["heidelberg_energy_control at 192.0.2.9:502 unit 1"]
    result = await async_answer_part(hass, result, CONNECTOR)
    assert site.subentries[SINGLE].unique_id == "modbus_192.0.2.9:502_1"


async def test_a_wiring_that_the_site_has_no_longer_is_not_proposed(
    hass: HomeAssistant, set_up_sites: list[str]
) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Flat",
        data={**SITE_DATA, "phases": 1},
        subentries_data=[
            {
                "subentry_type": "charger",
                "title": "Old",
                "unique_id": "ocpp_OLD",
                "data": {**TWIN_DATA, "station": "OLD", "circuit": "grid"},
            }
        ],
    )
    entry.add_to_hass(hass)
    result = await async_reconfigure(hass, entry, next(iter(entry.subentries)))
    result = await async_answer_part(hass, result, {**OCPP, "station": "OLD"})
    assert "rotation" not in suggested(result)
    assert default(result, "rotation") == "l1"


async def test_the_address_names_the_machine_as_the_network_does(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    hass.config.internal_url = "http://192.0.2.5:8123"
    result = await async_begin(hass, site, "ocpp")
    assert placeholders(result)["address"] == "ws://192.0.2.5:9000/"


async def test_a_charger_is_removed(
    hass: HomeAssistant, site: MockConfigEntry, set_up_sites: list[str]
) -> None:
    hass.config_entries.async_remove_subentry(site, TWIN)
    assert TWIN not in site.subentries
    assert SINGLE in site.subentries
    assert set_up_sites == ["Home"]


async def test_a_machine_without_an_address_is_named_as_by_default(
    hass: HomeAssistant, site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def get_url(*_: object, **__: object) -> str:
        raise NoURLAvailableError

    monkeypatch.setattr("custom_components.ev_charger_pool.flows.charger.get_url", get_url)
    result = await async_begin(hass, site, "ocpp")
    assert placeholders(result)["address"] == "ws://homeassistant.local:9000/"


@pytest.mark.parametrize(("driver", "answers"), [("ocpp", (OCPP,)), ("modbus", (MODBUS, NETWORK))])
async def test_a_connector_that_can_switch_its_phases(
    hass: HomeAssistant,
    site: MockConfigEntry,
    tried: list[str],
    driver: str,
    answers: tuple[dict[str, Any], ...],
) -> None:
    result = await async_begin(hass, site, driver)
    for answer in answers:
        result = await async_answer_part(hass, result, answer)
    assert default(result, "switches_phases") is False
    result = await async_answer_part(hass, result, {**CONNECTOR, "switches_phases": True})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert newest(site).data["connectors"]["1"]["switches_phases"] is True


async def test_it_is_not_asked_of_a_kind_of_device_that_cannot(
    hass: HomeAssistant, site: MockConfigEntry, tried: list[str]
) -> None:
    result = await async_begin(hass, site, "modbus")
    result = await async_answer_part(
        hass, result, {**MODBUS, "profile": "heidelberg_energy_control", "type": "rtu_over_tcp"}
    )
    result = await async_answer_part(hass, result, {**NETWORK, "unit_id": 1})
    assert result["step_id"] == "connector"
    schema = result["data_schema"]
    assert schema is not None
    assert "switches_phases" not in [str(key) for key in schema.schema]
    result = await async_answer_part(hass, result, CONNECTOR)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert "switches_phases" not in newest(site).data["connectors"]["1"]
