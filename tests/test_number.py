"""What the numbers show, and whom they tell what a user chose."""

from dataclasses import replace
from typing import Any

from homeassistant.components.number.const import (
    ATTR_VALUE,
    DOMAIN as NUMBER_DOMAIN,
    SERVICE_SET_VALUE,
)
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.ev_charger_pool.pool.limits import Limit, LimitUnit
from custom_components.ev_charger_pool.pool.members import MemberWishes
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from tests.pool_double import (
    GARAGE,
    SITE,
    SUPPLY,
    TWIN_1,
    PoolDouble,
    async_set_up_double,
    circuit_view,
    connector_view,
    supply_view,
)


@pytest.fixture
async def pool(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> PoolDouble:
    return await async_set_up_double(hass, monkeypatch, Platform.NUMBER)


async def async_set(hass: HomeAssistant, entity_id: str, value: float) -> None:
    await hass.services.async_call(
        NUMBER_DOMAIN,
        SERVICE_SET_VALUE,
        {ATTR_ENTITY_ID: entity_id, ATTR_VALUE: value},
        blocking=True,
    )


def value(hass: HomeAssistant, entity_id: str) -> str:
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found.state


async def test_every_number(
    hass: HomeAssistant,
    pool: PoolDouble,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
) -> None:
    await snapshot_platform(hass, entity_registry, snapshot, SITE)


@pytest.mark.parametrize(
    ("entity_id", "chosen", "call"),
    [
        ("number.twin_connector_1_current_limit", 10.0, ("user_limit", TWIN_1, 10.0)),
        ("number.twin_connector_1_minimum_current", 8.0, ("minimum_current", TWIN_1, 8.0)),
        ("number.twin_connector_1_weight", 2.5, ("weight", TWIN_1, 2.5)),
        ("number.bench_weight", 0.5, ("weight", SUPPLY, 0.5)),
        ("number.twin_connector_1_plan_energy", 12.5, ("plan_energy", TWIN_1, 12_500.0)),
        ("number.twin_connector_1_plan_state_of_charge", 90.0, ("plan_soc", TWIN_1, 90.0)),
        ("number.garage_limit", 12.0, ("circuit_limit", GARAGE, 12.0)),
        ("number.home_main_fuse_limit", 16.0, ("circuit_limit", "grid", 16.0)),
        ("number.bench_voltage_limit", 47.5, ("supply_wishes", SUPPLY, {"voltage_v": 47.5})),
        ("number.bench_current_limit", 12.5, ("supply_wishes", SUPPLY, {"current_a": 12.5})),
        ("number.bench_power_limit", 800.0, ("supply_wishes", SUPPLY, {"power_w": 800.0})),
    ],
)
async def test_a_choice_is_handed_to_the_coordinator(
    hass: HomeAssistant, pool: PoolDouble, entity_id: str, chosen: float, call: tuple[Any, ...]
) -> None:
    await async_set(hass, entity_id, chosen)
    assert pool.calls == [call]


async def test_a_ceiling_at_the_fuse_is_none(hass: HomeAssistant, pool: PoolDouble) -> None:
    await async_set(hass, "number.home_main_fuse_limit", 25.0)
    assert pool.calls == [("circuit_limit", "grid", None)]


async def test_more_than_the_fuse_cannot_be_chosen(hass: HomeAssistant, pool: PoolDouble) -> None:
    with pytest.raises(ServiceValidationError):
        await async_set(hass, "number.home_main_fuse_limit", 26.0)
    assert pool.calls == []


async def test_a_user_limit_is_shown(hass: HomeAssistant, pool: PoolDouble) -> None:
    assert value(hass, "number.twin_connector_1_current_limit") == "16.0"
    limit = Limit(
        id="user", source=ReasonKind.USER, value=9.0, unit=LimitUnit.CURRENT, member=TWIN_1
    )
    pool.show_member(connector_view(user_limit=limit))
    assert value(hass, "number.twin_connector_1_current_limit") == "9.0"
    # One that was set when the connector could carry more.
    pool.show_member(connector_view(user_limit=replace(limit, value=32.0)))
    assert value(hass, "number.twin_connector_1_current_limit") == "16.0"
    # One in watts is no current.
    pool.show_member(connector_view(user_limit=replace(limit, unit=LimitUnit.POWER)))
    assert value(hass, "number.twin_connector_1_current_limit") == "16.0"


async def test_the_minimum_is_the_devices_until_one_is_chosen(
    hass: HomeAssistant, pool: PoolDouble
) -> None:
    assert value(hass, "number.twin_connector_1_minimum_current") == "6.0"
    pool.show_member(connector_view(wishes=MemberWishes(minimum_current_a=8.0)))
    assert value(hass, "number.twin_connector_1_minimum_current") == "8.0"


async def test_a_weight_is_shown(hass: HomeAssistant, pool: PoolDouble) -> None:
    assert value(hass, "number.twin_connector_1_weight") == "1.0"
    view = connector_view()
    pool.show_member(replace(view, settings=replace(view.settings, weight=2.5)))
    assert value(hass, "number.twin_connector_1_weight") == "2.5"


async def test_a_circuits_ceiling_is_shown(hass: HomeAssistant, pool: PoolDouble) -> None:
    assert value(hass, "number.garage_limit") == "20.0"
    pool.show_circuit(circuit_view(GARAGE, user_limit_a=11.0))
    assert value(hass, "number.garage_limit") == "11.0"


async def test_set_points_are_unavailable_until_the_supply_told_what_it_can_do(
    hass: HomeAssistant, pool: PoolDouble
) -> None:
    view = supply_view()
    assert view.supply is not None
    pool.show_member(replace(view, supply=replace(view.supply, capabilities=None)))
    assert value(hass, "number.bench_voltage_limit") == STATE_UNAVAILABLE
    pool.show_member(supply_view(supply=None))
    assert value(hass, "number.bench_power_limit") == STATE_UNAVAILABLE
    pool.show_member(view)
    assert value(hass, "number.bench_voltage_limit") == "48.0"


async def test_the_power_limit_is_the_supplys_until_one_is_chosen(
    hass: HomeAssistant, pool: PoolDouble
) -> None:
    assert value(hass, "number.bench_power_limit") == "1500.0"
    view = supply_view()
    assert view.supply is not None
    wishes = replace(view.supply.wishes, power_w=700.0)
    pool.show_member(replace(view, supply=replace(view.supply, wishes=wishes)))
    assert value(hass, "number.bench_power_limit") == "700.0"


async def test_what_the_coordinator_refuses_reaches_the_user(
    hass: HomeAssistant, pool: PoolDouble
) -> None:
    pool.raises = HomeAssistantError("no")
    with pytest.raises(HomeAssistantError, match="no"):
        await async_set(hass, "number.twin_connector_1_current_limit", 10.0)


async def test_a_choice_for_a_member_that_is_gone_is_an_error(
    hass: HomeAssistant, pool: PoolDouble
) -> None:
    members = {key: view for key, view in pool.data.members.items() if key != TWIN_1}
    pool.show(replace(pool.data, members=members))
    # Home Assistant asks no unavailable entity.
    await async_set(hass, "number.twin_connector_1_current_limit", 10.0)
    assert pool.calls == []
