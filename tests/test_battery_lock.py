"""The home battery is locked through the user's own entity, and released in any event."""

import asyncio
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.ev_charger_pool.balancing.contract import ProblemKind
from custom_components.ev_charger_pool.battery_lock import (
    ACTION_TIMEOUT_S,
    LOOK_EVERY,
    WISH_LASTS,
    BatteryLock,
    async_remove_lock,
)
from custom_components.ev_charger_pool.clock import SteadyClock
from custom_components.ev_charger_pool.config import PoolConfig
from custom_components.ev_charger_pool.diagnostics import async_get_config_entry_diagnostics
from custom_components.ev_charger_pool.pool.discharge_lock import (
    NEEDED_PATIENCE,
    SETTLE,
    START_GRACE,
    Held,
    LockTarget,
)
from tests.common import Workshop, advance, charger, coordinator_of, measure, settle, site_entry

LIMIT = LockTarget(entity="number.discharge", locked=0.0)
FORBID = LockTarget(entity="switch.forbid", locked="on")
ALLOW = LockTarget(entity="input_boolean.allow", locked="off")
MODE = LockTarget(entity="select.mode", locked="hold", normal="self use")
KEY = "ev_charger_pool.01SITE.battery_lock"


class Inverter:
    """The entities of an inverter, which do what their actions say unless they are told not to."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        self.calls: list[tuple[str, Any]] = []
        self.error: Exception | None = None
        self.is_stalled = False
        hass.states.async_set("number.discharge", "5000", {"min": 0, "max": 5000, "step": 10})
        hass.states.async_set("switch.forbid", "off")
        hass.states.async_set("input_boolean.allow", "on")
        self.show_mode("backup", "self use", "backup", "hold")
        for domain, service in (
            ("number", "set_value"),
            ("select", "select_option"),
            ("switch", "turn_on"),
            ("switch", "turn_off"),
            ("input_boolean", "turn_on"),
            ("input_boolean", "turn_off"),
        ):
            hass.services.async_register(domain, service, self._take)

    def show_mode(self, mode: str, *options: str) -> None:
        self.hass.states.async_set("select.mode", mode, {"options": list(options)})

    def value(self, target: LockTarget) -> str | None:
        state = self.hass.states.get(target.entity)
        return None if state is None else state.state

    async def _take(self, call: ServiceCall) -> None:
        entity = call.data["entity_id"]
        value = call.data.get("value", call.data.get("option", call.service.removeprefix("turn_")))
        self.calls.append((entity, value))
        if self.is_stalled:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        state = self.hass.states.get(entity)
        self.hass.states.async_set(entity, str(value), None if state is None else state.attributes)


@pytest.fixture
def inverter(hass: HomeAssistant) -> Inverter:
    return Inverter(hass)


class Home:
    """A site's lock, as it runs and as it is started again."""

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
        self.hass = hass
        self.freezer = freezer
        self.news = 0
        self.wanted = False
        self.lock: BatteryLock

    async def start(self, target: LockTarget | None) -> None:
        def heard() -> None:
            self.news += 1

        def spawn(coroutine: Any, name: str) -> asyncio.Task[None]:
            return self.hass.async_create_background_task(coroutine, name, eager_start=True)

        self.lock = BatteryLock(self.hass, "01SITE", SteadyClock(), spawn, heard)
        await self.lock.async_start(target)

    async def want(self, locked: bool) -> None:
        self.wanted = locked
        self.lock.async_follow(locked)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def wait(self, time: timedelta) -> None:
        for _ in range(int(time / LOOK_EVERY)):
            self.freezer.tick(LOOK_EVERY)
            self.lock.async_follow(self.wanted)
            async_fire_time_changed(self.hass)
            await self.hass.async_block_till_done()
            await asyncio.sleep(0)

    @property
    def problems(self) -> list[tuple[ProblemKind, str]]:
        return [(problem.kind, problem.subject) for problem in self.lock.problems()]


async def turns() -> None:
    """Let the event loop turn, without time passing."""
    for _ in range(50):
        await asyncio.sleep(0)


@pytest.fixture
def home(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Home:
    return Home(hass, freezer)


@pytest.mark.parametrize(
    ("target", "before", "calls"),
    [
        (LIMIT, "5000", [("number.discharge", 0.0), ("number.discharge", 5000.0)]),
        (FORBID, "off", [("switch.forbid", "on"), ("switch.forbid", "off")]),
        (ALLOW, "on", [("input_boolean.allow", "off"), ("input_boolean.allow", "on")]),
        (MODE, "backup", [("select.mode", "hold"), ("select.mode", "backup")]),
    ],
)
async def test_each_kind_of_entity_is_locked_and_gets_back_what_was_before(
    inverter: Inverter,
    home: Home,
    hass_storage: dict[str, Any],
    target: LockTarget,
    before: str,
    calls: list[tuple[str, Any]],
) -> None:
    await home.start(target)
    await home.want(False)
    assert inverter.calls == []
    await home.want(True)
    assert inverter.calls == calls[:1]
    assert hass_storage[KEY]["data"]["held"]["before"] == before
    await home.wait(SETTLE)
    assert home.lock.view.held == Held(target=target, before=before)
    await home.want(False)
    assert inverter.calls == calls
    assert float(inverter.value(target) or 0) == 5000.0 if target is LIMIT else True
    await home.wait(SETTLE)
    assert hass_storage[KEY]["data"]["held"] is None
    assert home.problems == []
    assert home.news == 0
    await home.lock.async_close()


@pytest.mark.parametrize(
    ("domain", "config", "target", "before"),
    [
        (
            "input_number",
            {"limit": {"min": 0, "max": 5000, "step": 100, "initial": 4200}},
            LockTarget(entity="input_number.limit", locked=0.0),
            "4200.0",
        ),
        (
            "input_select",
            {"mode": {"options": ["auto", "hold"], "initial": "auto"}},
            LockTarget(entity="input_select.mode", locked="hold", normal="auto"),
            "auto",
        ),
        (
            "input_boolean",
            {"forbid": {"initial": False}},
            LockTarget(entity="input_boolean.forbid", locked="on"),
            "off",
        ),
    ],
)
async def test_home_assistants_own_helpers_are_locked_and_released(
    hass: HomeAssistant,
    home: Home,
    domain: str,
    config: dict[str, Any],
    target: LockTarget,
    before: str,
) -> None:
    assert await async_setup_component(hass, domain, {domain: config})

    def shown() -> str:
        state = hass.states.get(target.entity)
        assert state is not None
        return state.state

    await home.start(target)
    await home.want(True)
    assert shown() in ("0.0", "hold", "on")
    await home.wait(SETTLE)
    await home.want(False)
    assert shown() == before
    await home.lock.async_close()


async def test_an_option_that_is_gone_is_replaced_by_the_normal_one(
    inverter: Inverter, home: Home
) -> None:
    await home.start(MODE)
    await home.want(True)
    await home.wait(SETTLE)
    inverter.show_mode("hold", "self use", "hold")
    await home.want(False)
    assert inverter.value(MODE) == "self use"
    await home.lock.async_close()


async def test_who_lifts_it_by_hand_is_told_and_left_alone(
    hass: HomeAssistant, inverter: Inverter, home: Home, hass_storage: dict[str, Any]
) -> None:
    await home.start(LIMIT)
    await home.want(True)
    await home.wait(SETTLE)
    hass.states.async_set("number.discharge", "3000")
    await home.wait(LOOK_EVERY)
    assert home.problems == [(ProblemKind.BATTERY_LOCK_LIFTED, "number.discharge")]
    assert home.news == 1
    assert hass_storage[KEY]["data"]["held"] is None
    await home.wait(timedelta(minutes=5))
    await home.want(False)
    assert home.problems == []
    assert home.news == 2
    await home.lock.async_close()
    assert inverter.calls == [("number.discharge", 0.0)]


@pytest.mark.parametrize(
    "error", [HomeAssistantError("the inverter said no"), ValueError("a fault of its driver")]
)
async def test_an_action_that_fails_is_told_until_it_works(
    inverter: Inverter, home: Home, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    inverter.error = error
    await home.start(LIMIT)
    await home.want(True)
    assert home.problems == [(ProblemKind.BATTERY_LOCK_FAILED, "number.discharge")]
    assert home.news == 1
    assert str(error) in caplog.text
    assert str(error) in (home.lock.view.error or "")
    inverter.error = None
    await home.wait(2 * SETTLE)
    assert inverter.value(LIMIT) == "0.0"
    await home.wait(SETTLE)
    assert home.problems == []
    assert home.lock.view.error is None
    await home.lock.async_close()


async def test_an_action_that_never_ends_is_given_up(
    freezer: FrozenDateTimeFactory, inverter: Inverter, home: Home
) -> None:
    inverter.is_stalled = True
    await home.start(LIMIT)
    home.lock.async_follow(True)
    await turns()
    assert inverter.calls == [("number.discharge", 0.0)]
    assert home.problems == []
    freezer.tick(ACTION_TIMEOUT_S + 1.0)
    await turns()
    assert home.problems == [(ProblemKind.BATTERY_LOCK_FAILED, "number.discharge")]
    inverter.is_stalled = False
    await home.lock.async_close()


@pytest.mark.parametrize("state", [None, "unavailable", "unknown", "broken", "nan"])
async def test_an_entity_that_tells_nothing_is_not_written(
    hass: HomeAssistant, inverter: Inverter, home: Home, state: str | None
) -> None:
    if state is None:
        hass.states.async_remove("number.discharge")
    else:
        hass.states.async_set("number.discharge", state)
    await home.start(LIMIT)
    await home.want(True)
    await home.wait(NEEDED_PATIENCE + LOOK_EVERY)
    assert home.problems == [(ProblemKind.BATTERY_LOCK_SILENT, "number.discharge")]
    assert inverter.calls == []
    hass.states.async_set("number.discharge", "5000")
    await home.wait(LOOK_EVERY)
    assert home.problems == []
    assert inverter.calls == [("number.discharge", 0.0)]
    await home.lock.async_close()


async def test_a_value_that_is_rounded_to_the_step_is_the_lock(
    hass: HomeAssistant, inverter: Inverter, home: Home
) -> None:
    await home.start(LockTarget(entity="number.discharge", locked=12.0))
    await home.want(True)
    hass.states.async_set("number.discharge", "10", {"step": 10})
    await home.wait(timedelta(minutes=10))
    assert home.problems == []
    await home.want(False)
    assert inverter.calls[-1] == ("number.discharge", 5000.0)
    await home.lock.async_close()


async def test_it_is_released_when_the_site_is_unloaded(
    inverter: Inverter, home: Home, hass_storage: dict[str, Any]
) -> None:
    await home.start(LIMIT)
    await home.want(True)
    await home.lock.async_close()
    assert inverter.calls == [("number.discharge", 0.0), ("number.discharge", 5000.0)]
    assert hass_storage[KEY]["data"]["held"] is None
    home.lock.async_follow(True)
    await home.lock.async_close()
    assert len(inverter.calls) == 2


async def test_it_is_released_when_the_site_is_unloaded_in_the_middle_of_the_lock(
    inverter: Inverter, home: Home
) -> None:
    inverter.is_stalled = True
    await home.start(LIMIT)
    home.lock.async_follow(True)
    await turns()
    assert inverter.calls == [("number.discharge", 0.0)]
    inverter.is_stalled = False
    await home.lock.async_close()
    assert inverter.calls[-1] == ("number.discharge", 5000.0)


async def test_a_lock_that_a_crash_left_is_undone_by_the_next_run(
    inverter: Inverter, home: Home, hass_storage: dict[str, Any]
) -> None:
    await home.start(LIMIT)
    await home.want(True)
    inverter.error = HomeAssistantError("everything stops")
    await home.lock.async_close()
    assert hass_storage[KEY]["data"]["held"]["before"] == "5000", "kept for the next run"
    inverter.error = None
    home.wanted = False
    await home.start(LIMIT)
    await home.wait(START_GRACE - LOOK_EVERY)
    assert inverter.value(LIMIT) == "0.0"
    await home.wait(LOOK_EVERY)
    assert inverter.value(LIMIT) == "5000.0"
    await home.wait(SETTLE)
    assert hass_storage[KEY]["data"]["held"] is None
    await home.lock.async_close()


@pytest.mark.parametrize(
    "kept",
    [
        {"held": {"entity": "number.discharge"}},
        {"held": {"entity": 5, "locked": 0, "normal": None, "before": "1"}},
        {"held": {"entity": "number.discharge", "locked": 0, "normal": None, "before": "full"}},
        {"held": {"entity": "number.discharge", "locked": "no", "normal": None, "before": "1"}},
        {"held": [1]},
        [],
        {},
    ],
)
async def test_what_was_kept_and_cannot_be_understood_is_left_out(
    inverter: Inverter, home: Home, hass_storage: dict[str, Any], kept: Any
) -> None:
    hass_storage[KEY] = {"version": 1, "minor_version": 1, "key": KEY, "data": kept}
    await home.start(LIMIT)
    assert home.lock.view.held is None
    await home.want(True)
    assert inverter.value(LIMIT) == "0.0"
    await home.lock.async_close()


async def test_another_entity_takes_over_once_the_first_is_released(
    inverter: Inverter, home: Home
) -> None:
    await home.start(LIMIT)
    await home.want(True)
    await home.wait(SETTLE)
    home.lock.async_configure(FORBID)
    await home.wait(2 * SETTLE)
    assert inverter.calls == [
        ("number.discharge", 0.0),
        ("number.discharge", 5000.0),
        ("switch.forbid", "on"),
    ]
    home.lock.async_configure(None)
    await home.wait(SETTLE)
    assert inverter.value(FORBID) == "off"
    assert home.problems == []
    await home.lock.async_close()


async def test_a_lock_that_no_decision_stands_behind_is_released(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, inverter: Inverter, home: Home
) -> None:
    await home.start(LIMIT)
    await home.want(True)
    for _ in range(int(SETTLE / LOOK_EVERY) + 1):
        freezer.tick(LOOK_EVERY)
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
    assert WISH_LASTS < SETTLE
    assert inverter.value(LIMIT) == "5000.0"
    await home.lock.async_close()


@pytest.mark.usefixtures("without_entities")
async def test_a_car_that_charges_fast_locks_the_battery_of_the_site(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    workshop: Workshop,
    inverter: Inverter,
    hass_storage: dict[str, Any],
) -> None:
    measure(hass, 1.0, 1.0, 1.0)
    hass.states.async_set("sensor.battery", "1000", {"unit_of_measurement": "W"})
    entry = site_entry(
        charger("garage"),
        battery=["sensor.battery"],
        energy={"lock_when_fast": True, "lock_entity": "number.discharge", "lock_value": 0.0},
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    workshop.charger("garage").plug()

    def everybody_reports() -> None:
        taken_a = workshop.charger("garage").taken_a(1)
        measure(hass, *(1.0 + taken_a,) * 3)
        workshop.charger("garage").tell_again()

    await advance(hass, freezer, 60, everybody_reports)
    coordinator = coordinator_of(entry)
    assert coordinator.data.battery_locked
    assert inverter.calls == [("number.discharge", 0.0)]
    told = await async_get_config_entry_diagnostics(hass, entry)
    assert told["battery_lock"]["held"]["before"] == "5000"
    assert told["battery_lock"]["wanted"]

    inverter.show_mode("backup")
    hass.states.async_set("number.discharge", "unavailable")
    await advance(hass, freezer, 135, everybody_reports)
    assert ProblemKind.BATTERY_LOCK_SILENT not in {
        problem.kind for problem in coordinator.data.problems
    }, "there is nothing to do"
    hass.states.async_set("number.discharge", "0")
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "energy": {"lock_when_fast": True}}
    )
    await settle(hass)
    assert inverter.calls[-1] == ("number.discharge", 5000.0), "the option was removed"
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert KEY not in hass_storage
    assert inverter.calls[2:] == [("number.discharge", 5000.0)], "it was not seen to count yet"


async def test_nothing_is_left_of_a_site_that_is_gone(
    hass: HomeAssistant, inverter: Inverter, home: Home, hass_storage: dict[str, Any]
) -> None:
    await home.start(LIMIT)
    await home.want(True)
    await home.lock.async_close()
    assert KEY in hass_storage
    await async_remove_lock(hass, "01SITE")
    assert KEY not in hass_storage


def test_an_entity_of_which_nobody_said_how_it_locks_is_no_configuration() -> None:
    with pytest.raises(ValueError, match=r"nobody said how switch\.forbid locks"):
        PoolConfig.from_entry(site_entry(energy={"lock_entity": "switch.forbid"}))
