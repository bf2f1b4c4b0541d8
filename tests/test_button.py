"""The buttons that start and stop a session."""

from homeassistant.components.button.const import DOMAIN as BUTTON_DOMAIN, SERVICE_PRESS
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.ev_charger_pool.pool.actions import ActionResult
from tests.pool_double import SITE, TWIN_1, PoolDouble, async_set_up_double, connector_view


@pytest.fixture
async def pool(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> PoolDouble:
    return await async_set_up_double(hass, monkeypatch, Platform.BUTTON)


async def async_press(hass: HomeAssistant, entity_id: str) -> None:
    await hass.services.async_call(
        BUTTON_DOMAIN, SERVICE_PRESS, {ATTR_ENTITY_ID: entity_id}, blocking=True
    )


async def test_every_button(
    hass: HomeAssistant,
    pool: PoolDouble,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
) -> None:
    await snapshot_platform(hass, entity_registry, snapshot, SITE)


@pytest.mark.parametrize("command", ["start", "stop"])
async def test_a_press_asks_the_charger(
    hass: HomeAssistant, pool: PoolDouble, command: str
) -> None:
    await async_press(hass, f"button.twin_connector_1_{command}_charging")
    assert pool.calls == [(command, TWIN_1)]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (ActionResult.REJECTED, "Twin Connector 1 refused the command"),
        (ActionResult.NOT_SUPPORTED, "Twin Connector 1 does not support this command"),
        (ActionResult.TIMED_OUT, "Twin Connector 1 did not answer in time"),
        (ActionResult.OFFLINE, "Twin Connector 1 is offline"),
        (ActionResult.FAILED, "Twin Connector 1 could not carry out the command"),
    ],
)
async def test_a_charger_that_does_not_do_it_is_an_error(
    hass: HomeAssistant, pool: PoolDouble, result: ActionResult, message: str
) -> None:
    pool.result = result
    with pytest.raises(HomeAssistantError, match=message):
        await async_press(hass, "button.twin_connector_1_start_charging")


async def test_an_offline_charger_cannot_be_asked(hass: HomeAssistant, pool: PoolDouble) -> None:
    pool.show_member(connector_view(connector=None))
    state = hass.states.get("button.twin_connector_1_start_charging")
    assert state is not None
    assert state.state == STATE_UNAVAILABLE
