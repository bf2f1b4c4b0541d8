"""What the times show, and whom they tell what a user chose."""

from datetime import UTC, datetime

from homeassistant.components.datetime.const import (
    ATTR_DATETIME,
    DOMAIN as DATETIME_DOMAIN,
    SERVICE_SET_VALUE,
)
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from tests.pool_double import SITE, TWIN_1, PoolDouble, async_set_up_double, connector_view, plan

READY_BY = "datetime.twin_connector_1_ready_by"


@pytest.fixture
async def pool(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> PoolDouble:
    return await async_set_up_double(hass, monkeypatch, Platform.DATETIME)


async def test_every_time(
    hass: HomeAssistant,
    pool: PoolDouble,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
) -> None:
    await snapshot_platform(hass, entity_registry, snapshot, SITE)


async def test_a_choice_is_handed_to_the_coordinator(hass: HomeAssistant, pool: PoolDouble) -> None:
    await hass.services.async_call(
        DATETIME_DOMAIN,
        SERVICE_SET_VALUE,
        {ATTR_ENTITY_ID: READY_BY, ATTR_DATETIME: "2026-11-21T07:00:00+01:00"},
        blocking=True,
    )
    assert pool.calls == [("plan_ready_at", TWIN_1, datetime(2026, 11, 21, 6, 0, tzinfo=UTC))]


async def test_without_a_departure_it_is_unknown(hass: HomeAssistant, pool: PoolDouble) -> None:
    for view in (connector_view(plan=plan(ready_at=None)), connector_view(plan=None)):
        pool.show_member(view)
        state = hass.states.get(READY_BY)
        assert state is not None
        assert state.state == STATE_UNKNOWN
