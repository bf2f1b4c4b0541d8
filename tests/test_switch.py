"""What the switches show, and whom they tell what a user chose."""

from homeassistant.components.switch.const import DOMAIN as SWITCH_DOMAIN
from homeassistant.const import (
    ATTR_ENTITY_ID,
    SERVICE_TURN_OFF,
    SERVICE_TURN_ON,
    STATE_OFF,
    STATE_ON,
    STATE_UNKNOWN,
    Platform,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.ev_charger_pool.pool.plans import PlanWish
from tests.pool_double import SITE, TWIN_1, PoolDouble, async_set_up_double, connector_view, plan

REPEAT = "switch.twin_connector_1_repeat_plan"


@pytest.fixture
async def pool(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> PoolDouble:
    return await async_set_up_double(hass, monkeypatch, Platform.SWITCH)


def shown(hass: HomeAssistant) -> str:
    state = hass.states.get(REPEAT)
    assert state is not None
    return state.state


async def test_every_switch(
    hass: HomeAssistant,
    pool: PoolDouble,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
) -> None:
    await snapshot_platform(hass, entity_registry, snapshot, SITE)


@pytest.mark.parametrize(
    ("action", "call"),
    [
        (SERVICE_TURN_ON, ("plan_repeat", TWIN_1)),
        (SERVICE_TURN_OFF, ("plan_repeat_no_more", TWIN_1)),
    ],
)
async def test_a_choice_is_handed_to_the_coordinator(
    hass: HomeAssistant, pool: PoolDouble, action: str, call: tuple[str, str]
) -> None:
    await hass.services.async_call(SWITCH_DOMAIN, action, {ATTR_ENTITY_ID: REPEAT}, blocking=True)
    assert pool.calls == [call]


async def test_what_is_known_is_shown(hass: HomeAssistant, pool: PoolDouble) -> None:
    assert shown(hass) == STATE_ON
    pool.show_member(connector_view(plan=plan(wish=PlanWish())))
    assert shown(hass) == STATE_OFF
    pool.show_member(connector_view(plan=None))
    assert shown(hass) == STATE_UNKNOWN
