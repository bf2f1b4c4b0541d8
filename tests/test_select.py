"""What the selects show, and whom they tell what a user chose."""

from dataclasses import replace
from typing import Any

from homeassistant.components.select import (
    ATTR_OPTION,
    DOMAIN as SELECT_DOMAIN,
    SERVICE_SELECT_OPTION,
)
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.ev_charger_pool.pool.members import MemberWishes, Mode, Priority
from custom_components.ev_charger_pool.pool.plans import TargetKind
from custom_components.ev_charger_pool.power_supplies.contract import SupplyMode
from custom_components.ev_charger_pool.snapshot import PluggedVehicle
from tests.pool_double import (
    SITE,
    SUPPLY,
    TWIN_1,
    PoolDouble,
    async_set_up_double,
    capabilities,
    connector_view,
    supply_view,
)


@pytest.fixture
async def pool(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> PoolDouble:
    return await async_set_up_double(hass, monkeypatch, Platform.SELECT)


async def async_select(hass: HomeAssistant, entity_id: str, option: str) -> None:
    await hass.services.async_call(
        SELECT_DOMAIN,
        SERVICE_SELECT_OPTION,
        {ATTR_ENTITY_ID: entity_id, ATTR_OPTION: option},
        blocking=True,
    )


async def test_every_select(
    hass: HomeAssistant,
    pool: PoolDouble,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
) -> None:
    await snapshot_platform(hass, entity_registry, snapshot, SITE)


@pytest.mark.parametrize(
    ("entity_id", "option", "call"),
    [
        ("select.twin_connector_1_mode", "off", ("mode", TWIN_1, Mode.OFF)),
        ("select.twin_connector_1_mode", "minimum_solar", ("mode", TWIN_1, Mode.MINIMUM_SOLAR)),
        ("select.home_default_mode", "solar", ("default_mode", Mode.SOLAR)),
        ("select.twin_connector_1_priority", "high", ("priority", TWIN_1, Priority.HIGH)),
        ("select.twin_connector_1_plan_counts", "soc", ("plan_kind", TWIN_1, TargetKind.SOC)),
        ("select.twin_connector_1_vehicle", "Red", ("vehicle", TWIN_1, "Red")),
        ("select.twin_connector_1_vehicle", "guest", ("vehicle", TWIN_1, "guest")),
        ("select.bench_mode", "import", ("supply_wishes", SUPPLY, {"mode": SupplyMode.IMPORT})),
        ("select.bench_priority", "low", ("priority", SUPPLY, Priority.LOW)),
    ],
)
async def test_a_choice_is_handed_to_the_coordinator(
    hass: HomeAssistant, pool: PoolDouble, entity_id: str, option: str, call: tuple[Any, ...]
) -> None:
    await async_select(hass, entity_id, option)
    assert pool.calls == [call]


async def test_a_mode_that_is_set_elsewhere_is_shown(hass: HomeAssistant, pool: PoolDouble) -> None:
    view = connector_view(wishes=MemberWishes(mode=Mode.OFF))
    pool.show_member(replace(view, settings=replace(view.settings, priority=Priority.LOW)))
    mode = hass.states.get("select.twin_connector_1_mode")
    priority = hass.states.get("select.twin_connector_1_priority")
    assert mode is not None
    assert mode.state == "off"
    assert priority is not None
    assert priority.state == "low"


async def test_the_mode_of_the_site_follows(hass: HomeAssistant, pool: PoolDouble) -> None:
    pool.show(replace(pool.data, default_mode=Mode.MINIMUM_SOLAR))
    mode = hass.states.get("select.home_default_mode")
    assert mode is not None
    assert mode.state == "minimum_solar"
    assert mode.attributes["options"] == [mode.value for mode in Mode]


async def test_a_vehicle_that_is_added_can_be_chosen(hass: HomeAssistant, pool: PoolDouble) -> None:
    pool.show_member(
        connector_view(vehicle=PluggedVehicle(name="guest", names=("Blue", "Green", "Red")))
    )
    vehicle = hass.states.get("select.twin_connector_1_vehicle")
    assert vehicle is not None
    assert vehicle.state == "guest"
    await async_select(hass, "select.twin_connector_1_vehicle", "Green")
    assert pool.calls == [("vehicle", TWIN_1, "Green")]
    pool.show_member(connector_view(vehicle=None, plan=None))
    for name in ("vehicle", "plan_counts"):
        state = hass.states.get(f"select.twin_connector_1_{name}")
        assert state is not None
        assert state.state == STATE_UNKNOWN


async def test_only_a_bidirectional_supply_can_import(
    hass: HomeAssistant, pool: PoolDouble
) -> None:
    view = supply_view()
    assert view.supply is not None
    one_way = replace(
        view.supply,
        capabilities=capabilities(bidirectional=False),
        wishes=replace(view.supply.wishes, mode=SupplyMode.OFF),
    )
    pool.show_member(replace(view, supply=one_way))
    with pytest.raises(ServiceValidationError):
        await async_select(hass, "select.bench_mode", "import")
    assert pool.calls == []


async def test_the_mode_is_unknown_until_the_supply_reports(
    hass: HomeAssistant, pool: PoolDouble
) -> None:
    pool.show_member(supply_view(supply=None))
    mode = hass.states.get("select.bench_mode")
    assert mode is not None
    assert mode.state == STATE_UNKNOWN


async def test_nothing_is_handed_on_for_a_member_that_is_gone(
    hass: HomeAssistant, pool: PoolDouble
) -> None:
    members = {key: view for key, view in pool.data.members.items() if key != TWIN_1}
    pool.show(replace(pool.data, members=members))
    await async_select(hass, "select.twin_connector_1_mode", "off")
    assert pool.calls == []
