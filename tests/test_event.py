"""The events of limit actions."""

from homeassistant.const import STATE_UNKNOWN, Platform
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.ev_charger_pool.pool.actions import ActionKind
from custom_components.ev_charger_pool.pool.limits import LimitUnit
from tests.pool_double import SITE, SUPPLY, TWIN_1, PoolDouble, async_set_up_double

LIMIT_ACTION = "event.twin_connector_1_limit_action"


@pytest.fixture
async def pool(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> PoolDouble:
    return await async_set_up_double(hass, monkeypatch, Platform.EVENT)


def types(hass: HomeAssistant, entity_id: str) -> list[str]:
    """Return a list that the types of all events to come are added to."""
    found: list[str] = []

    @callback
    def on_change(event: Event[EventStateChangedData]) -> None:
        if (new := event.data["new_state"]) is not None:
            found.append(new.attributes["event_type"])

    async_track_state_change_event(hass, [entity_id], on_change)
    return found


async def test_every_event(
    hass: HomeAssistant,
    pool: PoolDouble,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
) -> None:
    await snapshot_platform(hass, entity_registry, snapshot, SITE)


async def test_a_limit_is_requested_and_completed(hass: HomeAssistant, pool: PoolDouble) -> None:
    seen = types(hass, LIMIT_ACTION)
    pool.end_action(TWIN_1, ActionKind.SET, LimitUnit.CURRENT, 10.0)
    await hass.async_block_till_done()
    assert seen == ["requested", "completed"]
    state = hass.states.get(LIMIT_ACTION)
    assert state is not None
    assert state.attributes["kind"] == "set"
    assert state.attributes["unit"] == "current"
    assert state.attributes["value"] == 10.0
    assert state.attributes["action_id"] == "01ACTION"
    assert state.attributes["error"] is None


async def test_a_limit_that_fails_tells_why(hass: HomeAssistant, pool: PoolDouble) -> None:
    seen = types(hass, LIMIT_ACTION)
    pool.action_error = "timed_out"
    pool.end_action(TWIN_1, ActionKind.SET, LimitUnit.POWER, 2_000.0)
    await hass.async_block_till_done()
    assert seen == ["requested", "failed"]
    state = hass.states.get(LIMIT_ACTION)
    assert state is not None
    assert state.attributes["error"] == "timed_out"


async def test_the_limits_of_others_are_no_event_here(
    hass: HomeAssistant, pool: PoolDouble
) -> None:
    pool.end_action(SUPPLY, ActionKind.CLEAR, LimitUnit.CURRENT, None)
    await hass.async_block_till_done()
    state = hass.states.get(LIMIT_ACTION)
    assert state is not None
    assert state.state == STATE_UNKNOWN
    bench = hass.states.get("event.bench_limit_action")
    assert bench is not None
    assert bench.attributes["event_type"] == "completed"
