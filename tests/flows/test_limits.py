"""What limits a connection or a circuit beside its fuse is asked for, and checked at its field."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ev_charger_pool.config import PoolConfig
from custom_components.ev_charger_pool.pool.circuits import AverageLimit, WindowLength
from custom_components.ev_charger_pool.site import site_circuits
from tests.flows.forms import (
    async_answer,
    async_answer_part,
    async_reconfigure,
    options,
    suggested,
)

SITE: dict[str, Any] = {
    "name": "Home",
    "phases": "3",
    "fuse_a": 25.0,
    "voltage_v": 230.0,
    "fail_safe_current_a": 6.0,
    "sharing": "min_first",
    "ocpp_port": 9000,
}
METER: dict[str, Any] = {"power": "sensor.total", "invert": False}
LIMITS: dict[str, Any] = {
    "contract_times": ["mon-fri 08:00-24:00 3450", "daily 22:00-06:00 9 kW"],
    "contract_entity": "input_number.contract",
    "average_w": 2_500.0,
    "average_window": "hour",
    "imbalance_a": 20.0,
}


async def test_the_limits_of_a_connection_are_kept_and_shown_again(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    result = await site.start_reconfigure_flow(hass)
    result = await async_answer(hass, result, SITE)
    result = await async_answer(hass, result, {**METER, "battery_invert": False})
    assert result["step_id"] == "limits"
    assert result["last_step"]
    assert options(result, "average_window") == ["quarter_hour", "half_hour", "hour"]
    result = await async_answer(hass, result, {**LIMITS, "limit_w": 9_200.0})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    grid = site_circuits(PoolConfig.from_entry(site))[0]
    assert grid.limit_w == 9_200.0
    assert grid.average == AverageLimit(power_w=2_500.0, window=WindowLength.HOUR)
    assert grid.imbalance_a == 20.0
    limits = PoolConfig.from_entry(site).site.limits
    assert [entry.power_w for entry in limits.times] == [3_450.0, 9_000.0]
    assert limits.entity == "input_number.contract"
    result = await site.start_reconfigure_flow(hass)
    result = await async_answer(hass, result, SITE)
    result = await async_answer(hass, result, {**METER, "battery_invert": False})
    assert suggested(result) == {**LIMITS, "limit_w": 9_200.0}
    result = await async_answer(hass, result, {"average_window": "hour"})
    assert site.data["limits"] == {}


async def test_the_limits_of_a_circuit_are_kept_and_shown_again(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    result = await hass.config_entries.subentries.async_init(
        (site.entry_id, "circuit"), context={"source": SOURCE_USER}
    )
    result = await async_answer_part(
        hass, result, {"name": "Barn", "parent": "grid", "fuse_a": 16.0}
    )
    result = await async_answer_part(hass, result, METER)
    assert result["step_id"] == "limits"
    result = await async_answer_part(hass, result, LIMITS)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    added = list(site.subentries)[-1]
    barn = next(c for c in site_circuits(PoolConfig.from_entry(site)) if c.id == added)
    assert barn.average == AverageLimit(power_w=2_500.0, window=WindowLength.HOUR)
    assert barn.imbalance_a == 20.0
    result = await async_reconfigure(hass, site, added)
    result = await async_answer_part(
        hass, result, {"name": "Barn", "parent": "grid", "fuse_a": 16.0}
    )
    result = await async_answer_part(hass, result, METER)
    assert suggested(result) == LIMITS


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"limit_w": 0.0}, {"limit_w": "limit_range"}),
        ({"limit_w": 2_000_000.0}, {"limit_w": "limit_range"}),
        ({"contract_times": ["monday 4600"]}, {"contract_times": "timetable_invalid"}),
        (
            {"contract_times": ["daily 00:00-24:00 9000 kW"]},
            {"contract_times": "limit_range"},
        ),
        ({"average_w": -1.0}, {"average_w": "average_range"}),
        ({"average_w": 0.0}, {"average_w": "average_range"}),
        ({"imbalance_a": 5.0}, {"imbalance_a": "imbalance_range"}),
        ({"imbalance_a": 1_001.0}, {"imbalance_a": "imbalance_range"}),
    ],
)
async def test_a_wrong_limit_is_told_at_its_field(
    hass: HomeAssistant, site: MockConfigEntry, wrong: dict[str, Any], errors: dict[str, str]
) -> None:
    result = await site.start_reconfigure_flow(hass)
    result = await async_answer(hass, result, SITE)
    result = await async_answer(hass, result, {**METER, "battery_invert": False})
    result = await async_answer(hass, result, wrong)
    assert result["errors"] == errors
    assert suggested(result)[next(iter(wrong))] == wrong[next(iter(wrong))]
    result = await async_answer(hass, result, {})
    assert result["type"] is FlowResultType.ABORT


async def test_an_average_needs_a_meter_of_power(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    result = await site.start_reconfigure_flow(hass)
    result = await async_answer(hass, result, SITE)
    currents = {f"current_l{number}": f"sensor.grid_l{number}" for number in (1, 2, 3)}
    result = await async_answer(
        hass, result, {**currents, "invert": False, "battery_invert": False}
    )
    result = await async_answer(hass, result, {"average_w": 2_500.0})
    assert result["errors"] == {"average_w": "average_needs_power"}


async def test_a_site_with_one_phase_has_no_difference(
    hass: HomeAssistant, set_up_sites: list[str]
) -> None:
    result = await hass.config_entries.flow.async_init(
        "ev_charger_pool", context={"source": SOURCE_USER}
    )
    result = await async_answer(hass, result, {"next_step_id": "site"})
    result = await async_answer(hass, result, {**SITE, "phases": "1"})
    result = await async_answer(hass, result, {"invert": False, "battery_invert": False})
    assert result["data_schema"] is not None
    fields = {str(key) for key in result["data_schema"].schema}
    assert "imbalance_a" not in fields
    assert "average_w" in fields
