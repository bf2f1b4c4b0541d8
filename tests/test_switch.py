"""What the switches show, and whom they tell what a user chose."""

from datetime import timedelta

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

from custom_components.ev_charger_pool.pool.members import MemberWishes, Mode
from custom_components.ev_charger_pool.pool.plans import PlanWish
from tests.pool_double import (
    NOW,
    SITE,
    TWIN_1,
    PoolDouble,
    async_set_up_double,
    connector_view,
    plan,
)

REPEAT = "switch.twin_connector_1_repeat_plan"
BOOST = "switch.twin_connector_1_boost"


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
    ("entity_id", "action", "call"),
    [
        (REPEAT, SERVICE_TURN_ON, ("plan_repeat", TWIN_1)),
        (REPEAT, SERVICE_TURN_OFF, ("plan_repeat_no_more", TWIN_1)),
        (BOOST, SERVICE_TURN_ON, ("boost", TWIN_1, None)),
        (BOOST, SERVICE_TURN_OFF, ("end_boost", TWIN_1)),
    ],
)
async def test_a_choice_is_handed_to_the_coordinator(
    hass: HomeAssistant, pool: PoolDouble, entity_id: str, action: str, call: tuple[object, ...]
) -> None:
    await hass.services.async_call(
        SWITCH_DOMAIN, action, {ATTR_ENTITY_ID: entity_id}, blocking=True
    )
    assert pool.calls == [call]


async def test_a_boost_is_shown_with_its_end(hass: HomeAssistant, pool: PoolDouble) -> None:
    until = NOW + timedelta(hours=2)
    pool.show_member(connector_view(wishes=MemberWishes(mode=Mode.SOLAR, boost_until=until)))
    boost = hass.states.get(BOOST)
    assert boost is not None
    assert (boost.state, boost.attributes["until"]) == (STATE_ON, until)


async def test_what_is_known_is_shown(hass: HomeAssistant, pool: PoolDouble) -> None:
    assert shown(hass) == STATE_ON
    pool.show_member(connector_view(plan=plan(wish=PlanWish())))
    assert shown(hass) == STATE_OFF
    pool.show_member(connector_view(plan=None))
    assert shown(hass) == STATE_UNKNOWN
