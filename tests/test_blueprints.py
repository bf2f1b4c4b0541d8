"""The blueprints, each run as a real automation on the pool's own entities."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
import shutil
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.automation.const import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.const import Platform
from homeassistant.core import CoreState, HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import (
    async_fire_time_changed,
    async_mock_service,
)

from custom_components.ev_charger_pool.pool.sessions import Session
from custom_components.ev_charger_pool.pool.states import ChargingStatus
from tests.pool_double import (
    NOW,
    TWIN_1,
    PoolDouble,
    async_set_up_double,
    circuit_view,
    connector_view,
)

BLUEPRINTS = Path(__file__).parent.parent / "blueprints" / "automation" / "ev_charger_pool"
APPLIANCE = "sensor.oven_power"
LIMIT = "number.home_main_fuse_limit"


@pytest.fixture
async def pool(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    freezer: FrozenDateTimeFactory,
) -> PoolDouble:
    hass.config.config_dir = str(tmp_path)
    shutil.copytree(BLUEPRINTS, tmp_path / "blueprints" / "automation" / "ev_charger_pool")
    return await async_set_up_double(hass, monkeypatch, Platform.SENSOR, Platform.NUMBER)


async def async_automate(hass: HomeAssistant, blueprint: str, **inputs: Any) -> None:
    assert await async_setup_component(
        hass,
        AUTOMATION_DOMAIN,
        {
            AUTOMATION_DOMAIN: {
                "use_blueprint": {"path": f"ev_charger_pool/{blueprint}.yaml", "input": inputs}
            }
        },
    )
    await hass.async_block_till_done()
    (entity_id,) = hass.states.async_entity_ids(AUTOMATION_DOMAIN)
    state = hass.states.get(entity_id)
    assert state is not None
    assert state.state == "on"


async def async_pass(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, **duration: float
) -> None:
    freezer.tick(timedelta(**duration))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()


def show(pool: PoolDouble, charging: ChargingStatus, energy_wh: float = 12_340.0) -> None:
    """Show a connector whose session is in some state."""
    view = connector_view()
    assert view.connector is not None
    pool.show_member(
        replace(
            view,
            connector=replace(view.connector, charging=charging),
            session=Session(id="01", member=TWIN_1, started_at=NOW, energy_wh=energy_wh),
        )
    )


@pytest.mark.parametrize("path", sorted(BLUEPRINTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_blueprint_names_where_it_comes_from(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert f"ev_charger_pool/{path.name}" in text
    assert load_yaml_dict(str(path))["blueprint"]["domain"] == "automation"


@pytest.fixture
async def told(
    hass: HomeAssistant, pool: PoolDouble, freezer: FrozenDateTimeFactory
) -> list[ServiceCall]:
    """Let the notification automation run; return what it told."""
    calls = async_mock_service(hass, "persistent_notification", "create")
    await async_automate(
        hass,
        "notify_when_charged",
        charging_status="sensor.twin_connector_1_charging_status",
        session_energy="sensor.twin_connector_1_session_energy",
        car="The van",
    )
    # The numbers that a test shows are written at once.
    await async_pass(hass, freezer, seconds=120)
    return calls


async def test_a_session_that_finishes_is_told(
    hass: HomeAssistant,
    pool: PoolDouble,
    told: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
) -> None:
    show(pool, ChargingStatus.CHARGING)
    await hass.async_block_till_done()
    assert told == []
    show(pool, ChargingStatus.FINISHED)
    await async_pass(hass, freezer, seconds=3)
    assert [call.data for call in told] == [
        {
            "title": "The van is charged",
            "message": "The van is charged: 12.3 kWh in this session.",
        }
    ]


async def test_a_full_car_is_told_once(
    hass: HomeAssistant,
    pool: PoolDouble,
    told: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
) -> None:
    show(pool, ChargingStatus.CHARGING)
    show(pool, ChargingStatus.SUSPENDED_BY_EV)
    await async_pass(hass, freezer, minutes=4)
    assert told == []
    freezer.tick(timedelta(minutes=2))
    async_fire_time_changed(hass)
    # The automation runs now, and waits for time to pass: not to be blocked for.
    await asyncio.sleep(0)
    await async_pass(hass, freezer, seconds=3)
    assert len(told) == 1
    show(pool, ChargingStatus.FINISHED)
    await async_pass(hass, freezer, seconds=3)
    assert len(told) == 1


async def test_a_car_that_goes_on_is_not_told(
    hass: HomeAssistant,
    pool: PoolDouble,
    told: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
) -> None:
    show(pool, ChargingStatus.SUSPENDED_BY_EV)
    await async_pass(hass, freezer, minutes=3)
    show(pool, ChargingStatus.CHARGING)
    await async_pass(hass, freezer, minutes=10)
    # A pause by the pool is no full battery.
    show(pool, ChargingStatus.SUSPENDED_BY_CHARGER)
    await async_pass(hass, freezer, minutes=10)
    assert told == []


async def test_a_plug_without_energy_is_not_told(
    hass: HomeAssistant,
    pool: PoolDouble,
    told: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
) -> None:
    show(pool, ChargingStatus.CHARGING, energy_wh=0.0)
    await hass.async_block_till_done()
    show(pool, ChargingStatus.FINISHED, energy_wh=0.0)
    await async_pass(hass, freezer, seconds=3)
    assert told == []


async def test_the_message_can_go_anywhere(
    hass: HomeAssistant, pool: PoolDouble, freezer: FrozenDateTimeFactory
) -> None:
    calls = async_mock_service(hass, "notify", "phone")
    await async_automate(
        hass,
        "notify_when_charged",
        charging_status="sensor.twin_connector_1_charging_status",
        session_energy="sensor.twin_connector_1_session_energy",
        notify=[{"action": "notify.phone", "data": {"message": "{{ message }} ({{ energy }})"}}],
    )
    await async_pass(hass, freezer, seconds=120)
    show(pool, ChargingStatus.FINISHED)
    await async_pass(hass, freezer, seconds=3)
    assert [call.data["message"] for call in calls] == [
        "The car is charged: 12.3 kWh in this session. (12.3)"
    ]


async def async_cap(hass: HomeAssistant, **inputs: Any) -> None:
    await async_automate(
        hass,
        "cap_while_appliance_runs",
        **{"appliance_power": APPLIANCE, "limit": LIMIT, "capped_current": 16, **inputs},
    )


def show_limit(pool: PoolDouble) -> None:
    """Show the limit that was set last, as the coordinator would."""
    pool.show_circuit(circuit_view(user_limit_a=pool.calls[-1][2]))


async def test_the_pool_is_capped_while_the_appliance_runs(
    hass: HomeAssistant, pool: PoolDouble, freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set(APPLIANCE, "3")
    await async_cap(hass)
    hass.states.async_set(APPLIANCE, "2400")
    await async_pass(hass, freezer, seconds=3)
    assert pool.calls == []
    await async_pass(hass, freezer, seconds=3)
    assert pool.calls == [("circuit_limit", "grid", 16.0)]
    show_limit(pool)
    hass.states.async_set(APPLIANCE, "3")
    await async_pass(hass, freezer, seconds=60)
    assert len(pool.calls) == 1
    await async_pass(hass, freezer, seconds=61)
    # As much as the fuse is no limit of its own.
    assert pool.calls[1:] == [("circuit_limit", "grid", None)]


async def test_a_heater_that_cycles_keeps_the_cap(
    hass: HomeAssistant, pool: PoolDouble, freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set(APPLIANCE, "3")
    await async_cap(hass)
    for _ in range(5):
        hass.states.async_set(APPLIANCE, "2400")
        await async_pass(hass, freezer, seconds=40)
        show_limit(pool)
        hass.states.async_set(APPLIANCE, "3")
        await async_pass(hass, freezer, seconds=40)
    assert pool.calls == [("circuit_limit", "grid", 16.0)]
    await async_pass(hass, freezer, seconds=90)
    assert pool.calls[1:] == [("circuit_limit", "grid", None)]


async def test_the_normal_limit_comes_back(
    hass: HomeAssistant, pool: PoolDouble, freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set(APPLIANCE, "3")
    await async_cap(hass, normal_current=20)
    hass.states.async_set(APPLIANCE, "2400")
    await async_pass(hass, freezer, seconds=10)
    show_limit(pool)
    hass.states.async_set(APPLIANCE, "3")
    await async_pass(hass, freezer, seconds=121)
    assert pool.calls == [("circuit_limit", "grid", 16.0), ("circuit_limit", "grid", 20.0)]


async def test_a_cap_above_the_fuse_asks_for_no_more_than_the_fuse(
    hass: HomeAssistant, pool: PoolDouble, freezer: FrozenDateTimeFactory
) -> None:
    pool.show_circuit(circuit_view(user_limit_a=10.0))
    hass.states.async_set(APPLIANCE, "3")
    await async_cap(hass, capped_current=63)
    hass.states.async_set(APPLIANCE, "2400")
    await async_pass(hass, freezer, seconds=10)
    assert pool.calls == [("circuit_limit", "grid", None)]


async def test_a_silent_sensor_changes_nothing(
    hass: HomeAssistant, pool: PoolDouble, freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set(APPLIANCE, "2400")
    await async_cap(hass)
    hass.states.async_set(APPLIANCE, "unavailable")
    hass.bus.async_fire("automation_reloaded")
    await async_pass(hass, freezer, minutes=10)
    assert pool.calls == []


async def test_a_cap_from_before_a_restart_is_lifted(
    hass: HomeAssistant, pool: PoolDouble, freezer: FrozenDateTimeFactory
) -> None:
    pool.show_circuit(circuit_view(user_limit_a=16.0))
    hass.states.async_set(APPLIANCE, "3")
    hass.set_state(CoreState.not_running)
    await async_cap(hass)
    assert pool.calls == []
    await hass.async_start()
    await hass.async_block_till_done()
    assert pool.calls == [("circuit_limit", "grid", None)]
