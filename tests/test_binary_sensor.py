"""What the binary sensors tell."""

from dataclasses import replace

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.ev_charger_pool.balancing.contract import Problem, ProblemKind
from custom_components.ev_charger_pool.pool.states import ConnectorState
from custom_components.ev_charger_pool.power_supplies.contract import SupplyMode
from tests.pool_double import (
    GARAGE,
    NOW,
    SITE,
    TWIN_1,
    PoolDouble,
    async_set_up_double,
    circuit_view,
    connector_view,
    supply_view,
)


@pytest.fixture
async def pool(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> PoolDouble:
    return await async_set_up_double(hass, monkeypatch, Platform.BINARY_SENSOR)


def state(hass: HomeAssistant, entity_id: str) -> str:
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found.state


async def test_a_site_with_a_battery_tells_when_it_is_locked(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    double = await async_set_up_double(
        hass, monkeypatch, Platform.BINARY_SENSOR, config={"battery": ["sensor.accu"]}
    )
    locked = "binary_sensor.home_battery_discharge_locked"
    assert state(hass, locked) == STATE_OFF
    double.show(replace(double.data, battery_locked=True))
    assert state(hass, locked) == STATE_ON


async def test_every_binary_sensor(
    hass: HomeAssistant,
    pool: PoolDouble,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
) -> None:
    await snapshot_platform(hass, entity_registry, snapshot, SITE)


@pytest.mark.parametrize(
    ("connector", "shown"),
    [
        (ConnectorState.UNSPECIFIED, STATE_UNKNOWN),
        (ConnectorState.MISSING, STATE_UNAVAILABLE),
        (ConnectorState.IDLE, STATE_OFF),
        (ConnectorState.EV_PLUGGED, STATE_ON),
        (ConnectorState.EV_LOCKED, STATE_ON),
        (ConnectorState.ERROR, STATE_OFF),
    ],
)
async def test_ev_connected_follows_the_state(
    hass: HomeAssistant, pool: PoolDouble, connector: ConnectorState, shown: str
) -> None:
    pool.show_member(connector_view(state=connector))
    assert state(hass, "binary_sensor.twin_connector_1_ev_connected") == shown


async def test_a_connector_in_error_has_a_problem(hass: HomeAssistant, pool: PoolDouble) -> None:
    assert state(hass, "binary_sensor.twin_connector_1_problem") == STATE_OFF
    pool.show_member(connector_view(state=ConnectorState.ERROR))
    assert state(hass, "binary_sensor.twin_connector_1_problem") == STATE_ON


async def test_a_connector_that_ignores_its_grant_has_a_problem(
    hass: HomeAssistant, pool: PoolDouble
) -> None:
    view = connector_view()
    assert view.status is not None
    pool.show_problems(Problem(kind=ProblemKind.MEMBER_IGNORES, subject=TWIN_1, since=NOW))
    pool.show_member(replace(view, status=replace(view.status, ignoring=True)))
    problem = hass.states.get("binary_sensor.twin_connector_1_problem")
    assert problem is not None
    assert problem.state == STATE_ON
    assert problem.attributes["problems"] == ["member_ignores"]


async def test_a_supply_in_fault_has_a_problem(hass: HomeAssistant, pool: PoolDouble) -> None:
    view = supply_view()
    assert view.supply is not None
    pool.show_member(replace(view, supply=replace(view.supply, mode=SupplyMode.FAULT)))
    assert state(hass, "binary_sensor.bench_problem") == STATE_ON


async def test_an_overload_is_shown_at_once(hass: HomeAssistant, pool: PoolDouble) -> None:
    view = circuit_view(GARAGE)
    assert view.status is not None
    assert state(hass, "binary_sensor.garage_overload") == STATE_OFF
    pool.show_circuit(replace(view, status=replace(view.status, overloaded=True)))
    assert state(hass, "binary_sensor.garage_overload") == STATE_ON
    pool.show_circuit(replace(view, status=None))
    assert state(hass, "binary_sensor.garage_overload") == STATE_UNAVAILABLE


async def test_a_stale_meter_is_shown(hass: HomeAssistant, pool: PoolDouble) -> None:
    view = circuit_view()
    assert view.status is not None
    assert state(hass, "binary_sensor.home_meter") == STATE_OFF
    pool.show_circuit(replace(view, status=replace(view.status, stale=True)))
    assert state(hass, "binary_sensor.home_meter") == STATE_ON
    # The garage has no meter that could be stale.
    assert hass.states.get("binary_sensor.garage_meter") is None


async def test_the_site_tells_what_is_wrong(hass: HomeAssistant, pool: PoolDouble) -> None:
    assert state(hass, "binary_sensor.home_problem") == STATE_OFF
    pool.show_problems(Problem(kind=ProblemKind.OVERLOAD, subject=GARAGE, since=NOW))
    problem = hass.states.get("binary_sensor.home_problem")
    assert problem is not None
    assert problem.state == STATE_ON
    assert problem.attributes["problems"] == [{"kind": "overload", "subject": GARAGE}]
    pool.show_problems()
    assert state(hass, "binary_sensor.home_problem") == STATE_OFF
