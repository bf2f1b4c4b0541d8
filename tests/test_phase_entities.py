"""What is shown of connectors that can switch between one phase and three."""

from dataclasses import replace
from datetime import timedelta

from homeassistant.components.select import (
    ATTR_OPTION,
    DOMAIN as SELECT_DOMAIN,
    SERVICE_SELECT_OPTION,
)
from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import HomeAssistant
import pytest

from custom_components.ev_charger_pool.pool.members import (
    MemberWishes,
    PhaseChoice,
    PhaseSwitching,
    PhaseVeto,
)
from custom_components.ev_charger_pool.pool.quantities import Phase
from custom_components.ev_charger_pool.snapshot import MemberView
from tests.pool_double import TWIN_1, async_set_up_double, connector_view

SELECT = "select.twin_connector_1_phases"
SENSOR = "sensor.twin_connector_1_phases_switched_on"
SWITCHING = PhaseSwitching(pause=timedelta(seconds=5), settle=timedelta(seconds=30))


def able_view(phases: PhaseChoice = PhaseChoice.AUTOMATIC) -> MemberView:
    view = connector_view(wishes=MemberWishes(phases=phases))
    assert view.status is not None
    return replace(
        view,
        settings=replace(view.settings, switching=SWITCHING),
        status=replace(
            view.status,
            phases=1,
            used_phases=frozenset({Phase.L1}),
            switches_last_hour=2,
            phase_veto=PhaseVeto.NO_RESUME,
        ),
    )


async def test_the_choice_comes_when_the_device_turns_out_to_be_able(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = await async_set_up_double(hass, monkeypatch, Platform.SELECT)
    assert hass.states.get(SELECT) is None
    pool.show_member(able_view())
    await hass.async_block_till_done()
    state = hass.states.get(SELECT)
    assert state is not None
    assert state.state == "automatic"
    assert state.attributes["options"] == ["automatic", "one", "three"]
    await hass.services.async_call(
        SELECT_DOMAIN,
        SERVICE_SELECT_OPTION,
        {ATTR_ENTITY_ID: SELECT, ATTR_OPTION: "one"},
        blocking=True,
    )
    assert pool.calls == [("phases", TWIN_1, PhaseChoice.ONE)]
    pool.show_member(able_view(PhaseChoice.THREE))
    await hass.async_block_till_done()
    state = hass.states.get(SELECT)
    assert state is not None
    assert state.state == "three"


async def test_what_is_switched_on_is_shown_with_why_it_is_not_switched_again(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = await async_set_up_double(hass, monkeypatch, Platform.SENSOR)
    assert hass.states.get(SENSOR) is None
    pool.show_member(able_view())
    await hass.async_block_till_done()
    state = hass.states.get(SENSOR)
    assert state is not None
    assert state.state == "1"
    assert state.attributes["counted_on"] == ["l1"]
    assert state.attributes["switches_last_hour"] == 2
    assert state.attributes["not_switched_because"] == "no_resume"
    pool.show_member(replace(able_view(), status=None))
    await hass.async_block_till_done()
    state = hass.states.get(SENSOR)
    assert state is not None
    assert state.state == "unavailable"
