"""Circuits are added and changed, and never feed themselves."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.flows.forms import (
    async_answer_part,
    async_reconfigure,
    default,
    placeholders,
    suggested,
)
from tests.pool_double import GARAGE

CIRCUIT: dict[str, Any] = {"name": "Barn", "parent": "grid", "fuse_a": 16.0}
CURRENTS = {f"current_l{number}": f"sensor.barn_l{number}" for number in (1, 2, 3)}


async def async_begin(hass: HomeAssistant, site: MockConfigEntry) -> SubentryFlowResult:
    result = await hass.config_entries.subentries.async_init(
        (site.entry_id, "circuit"), context={"source": SOURCE_USER}
    )
    assert result["step_id"] == "circuit"
    return result


async def async_add(hass: HomeAssistant, site: MockConfigEntry, **form: Any) -> str:
    """Add a circuit without a meter; return its id."""
    result = await async_answer_part(hass, await async_begin(hass, site), {**CIRCUIT, **form})
    result = await async_answer_part(hass, result, {"invert": False})
    result = await async_answer_part(hass, result, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    return list(site.subentries)[-1]


async def test_a_circuit_is_added(hass: HomeAssistant, site: MockConfigEntry) -> None:
    result = await async_answer_part(
        hass, await async_begin(hass, site), {**CIRCUIT, "limit_w": 8_000.0, "parent": GARAGE}
    )
    assert result["step_id"] == "meter"
    result = await async_answer_part(hass, result, {**CURRENTS, "invert": True})
    result = await async_answer_part(hass, result, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    added = list(site.subentries.values())[-1]
    assert added.title == "Barn"
    assert added.data == {
        "parent": GARAGE,
        "fuse_a": 16.0,
        "limit_w": 8_000.0,
        "dedicated": False,
        "meter": {**CURRENTS, "invert": True},
        "limits": {},
    }


async def test_a_circuit_needs_no_meter_and_no_limit(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    added = await async_add(hass, site)
    assert site.subentries[added].data == {
        "parent": "grid",
        "fuse_a": 16.0,
        "dedicated": False,
        "meter": {},
        "limits": {},
    }


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"name": ""}, {"name": "name_empty"}),
        ({"name": "garage"}, {"name": "name_taken"}),
        ({"name": "HOME"}, {"name": "name_taken"}),
        ({"fuse_a": 5.0}, {"fuse_a": "fuse_range"}),
        ({"fuse_a": 1_001.0}, {"fuse_a": "fuse_range"}),
        ({"limit_w": 0.0}, {"limit_w": "limit_range"}),
        ({"limit_w": -10.0}, {"limit_w": "limit_range"}),
    ],
)
async def test_an_impossible_circuit_is_told_at_its_field(
    hass: HomeAssistant, site: MockConfigEntry, wrong: dict[str, Any], errors: dict[str, str]
) -> None:
    result = await async_answer_part(hass, await async_begin(hass, site), {**CIRCUIT, **wrong})
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    assert suggested(result) == {**CIRCUIT, "dedicated": False, **wrong}
    result = await async_answer_part(hass, result, CIRCUIT)
    assert result["step_id"] == "meter"


async def test_an_unknown_parent_is_refused(hass: HomeAssistant, site: MockConfigEntry) -> None:
    result = await async_begin(hass, site)
    with pytest.raises(InvalidData) as error:
        await async_answer_part(hass, result, {**CIRCUIT, "parent": "01NOWHERE"})
    assert set(error.value.schema_errors) == {"parent"}


async def test_an_impossible_meter_is_told_at_its_field(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    result = await async_answer_part(hass, await async_begin(hass, site), CIRCUIT)
    result = await async_answer_part(hass, result, {"power_l1": "sensor.a", "invert": False})
    assert result["errors"] == {"power_l2": "phase_missing", "power_l3": "phase_missing"}
    assert suggested(result) == {"power_l1": "sensor.a", "invert": False}


async def test_a_circuit_is_changed(
    hass: HomeAssistant, site: MockConfigEntry, set_up_sites: list[str]
) -> None:
    added = await async_add(hass, site, limit_w=5_000.0)
    result = await async_reconfigure(hass, site, added)
    assert suggested(result) == {**CIRCUIT, "dedicated": False, "limit_w": 5_000.0}
    result = await async_answer_part(
        hass, result, {"name": "Shed", "parent": GARAGE, "fuse_a": 10.0}
    )
    result = await async_answer_part(hass, result, {**CURRENTS, "invert": False})
    result = await async_answer_part(hass, result, {})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    changed = site.subentries[added]
    assert changed.title == "Shed"
    assert changed.data == {
        "parent": GARAGE,
        "fuse_a": 10.0,
        "dedicated": False,
        "meter": {**CURRENTS, "invert": False},
        "limits": {},
    }
    result = await async_reconfigure(hass, site, added)
    result = await async_answer_part(
        hass, result, {"name": "Shed", "parent": GARAGE, "fuse_a": 10.0}
    )
    assert suggested(result) == {**CURRENTS, "invert": False}
    assert set_up_sites == ["Home"]


async def test_a_circuit_never_feeds_itself(hass: HomeAssistant, site: MockConfigEntry) -> None:
    barn = await async_add(hass, site, parent=GARAGE)
    shed = await async_add(hass, site, name="Shed", parent=barn)
    result = await async_reconfigure(hass, site, GARAGE)
    assert result["data_schema"] is not None
    offered = [
        option["value"] for option in result["data_schema"].schema["parent"].config["options"]
    ]
    assert GARAGE not in offered
    for below in (barn, shed):
        result = await async_answer_part(
            hass, result, {"name": "Garage", "parent": below, "fuse_a": 20.0}
        )
        assert result["errors"] == {"parent": "circuit_cycle"}
    result = await async_answer_part(
        hass, result, {"name": "Garage", "parent": "grid", "fuse_a": 20.0}
    )
    assert result["step_id"] == "meter"


async def test_a_fuse_that_was_kept_per_phase_is_shown_by_its_weakest(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    garage = site.subentries[GARAGE]
    hass.config_entries.async_update_subentry(
        site, garage, data={**garage.data, "fuse_a": {"l1": 16.0, "l2": 20.0, "l3": 20.0}}
    )
    result = await async_reconfigure(hass, site, GARAGE)
    assert suggested(result)["fuse_a"] == 16.0


async def test_the_fuse_of_the_site_is_filled_in(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    result = await async_begin(hass, site)
    assert default(result, "fuse_a") == 25.0
    result = await async_answer_part(hass, result, {"name": "Barn", "parent": "grid"})
    result = await async_answer_part(hass, result, {"invert": False})
    result = await async_answer_part(hass, result, {})
    assert list(site.subentries.values())[-1].data["fuse_a"] == 25.0


async def test_that_only_the_pool_hangs_on_a_circuit_is_kept(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    added = await async_add(hass, site, dedicated=True)
    assert site.subentries[added].data["dedicated"] is True
    result = await async_reconfigure(hass, site, added)
    assert suggested(result)["dedicated"] is True


async def test_sr1_only_what_others_may_take_is_kept_free_in_the_form_of_a_connector(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    async def async_room(circuit: str) -> str:
        result = await hass.config_entries.subentries.async_init(
            (site.entry_id, "charger"), context={"source": SOURCE_USER}
        )
        result = await async_answer_part(hass, result, {"next_step_id": "ocpp"})
        result = await async_answer_part(
            hass, result, {"name": "New", "station": "NEW", "circuit": circuit}
        )
        return placeholders(result)["fail_safe_room"]

    shared = await async_add(hass, site, fuse_a=8.0)
    own = await async_add(hass, site, name="Shed", fuse_a=6.0, dedicated=True)
    assert await async_room(shared) == "4"
    assert await async_room(own) == "6"
