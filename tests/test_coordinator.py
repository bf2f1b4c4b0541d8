"""Sense, decide, act: a whole site with the real controller and devices that do what a test says."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
import shutil
import sqlite3
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)
from sqlalchemy.exc import SQLAlchemyError

from custom_components.ev_charger_pool.balancing.contract import DECISION_FRESH, ProblemKind
from custom_components.ev_charger_pool.balancing.controller import SiteController
from custom_components.ev_charger_pool.chargers.contract import (
    ConnectorCapabilities,
    DeviceIdentity,
)
from custom_components.ev_charger_pool.coordinator import SiteCoordinator
from custom_components.ev_charger_pool.pool.actions import ActionResult, ActionStatus
from custom_components.ev_charger_pool.pool.limits import LimitUnit
from custom_components.ev_charger_pool.pool.readings import Reading
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.pool.states import ChargingStatus, ConnectorState
from tests.common import (
    FakeCharger,
    Workshop,
    advance,
    charger,
    coordinator_of,
    measure,
    settle,
    site_entry,
    supply,
)

pytestmark = pytest.mark.usefixtures("without_entities")

START = "2026-11-20 12:00:00+00:00"


class Site:
    """A site that was set up, its meter and its devices, and time to let pass."""

    def __init__(
        self,
        hass: HomeAssistant,
        freezer: FrozenDateTimeFactory,
        workshop: Workshop,
        entry: MockConfigEntry,
    ) -> None:
        self.hass = hass
        self.freezer = freezer
        self.workshop = workshop
        self.entry = entry
        self.load_a = 1.0

    @property
    def coordinator(self) -> SiteCoordinator:
        return coordinator_of(self.entry)

    def charger(self, subentry_id: str) -> FakeCharger:
        return self.workshop.charger(subentry_id)

    def granted(self, member: str) -> float:
        status = self.coordinator.data.members[member].status
        assert status is not None
        return status.granted_a

    def reason(self, member: str) -> ReasonKind:
        status = self.coordinator.data.members[member].status
        assert status is not None
        return status.limited_by.kind

    def problems(self) -> set[tuple[ProblemKind, str]]:
        return {(problem.kind, problem.subject) for problem in self.coordinator.data.problems}

    @property
    def chargers(self) -> list[FakeCharger]:
        devices = self.workshop.devices.values()
        return [device for device in devices if isinstance(device, FakeCharger)]

    def measure(self) -> None:
        """The meter shows the house and every car."""
        taken = sum(device.taken_a(n) for device in self.chargers for n in device.reports)
        measure(self.hass, *(self.load_a + taken,) * 3)

    def everybody_reports(self) -> None:
        """Meter and devices tell what is so now."""
        self.measure()
        for device in self.chargers:
            device.tell_again()

    async def advance(self, seconds: int) -> None:
        await advance(self.hass, self.freezer, seconds, self.everybody_reports)


type MakeSite = Callable[..., Any]


@pytest.fixture
async def make_site(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, workshop: Workshop
) -> MakeSite:
    async def make(*subentries: Any, seconds: int = 0, **data: Any) -> Site:
        freezer.move_to(START)
        measure(hass, 1.0, 1.0, 1.0)
        entry = site_entry(*subentries, **data)
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        site = Site(hass, freezer, workshop, entry)
        await site.advance(seconds)
        return site

    return make


async def test_a_car_is_granted_what_the_fuse_leaves(make_site: MakeSite) -> None:
    site = await make_site(charger("garage"))
    site.charger("garage").plug()
    await site.advance(40)
    assert site.granted("garage:1") == 16.0
    assert site.charger("garage").granted[-1] == 16.0
    view = site.coordinator.data.members["garage:1"]
    assert view.state is ConnectorState.EV_LOCKED
    assert view.session is not None
    assert site.coordinator.data.pool.connected == 1
    assert site.coordinator.data.circuits["grid"].status is not None


async def test_i2_a_reduction_is_handed_over_within_the_turn_of_the_sample(
    make_site: MakeSite,
) -> None:
    site = await make_site(*(charger(f"c{number}") for number in range(10)), fuse_a=200.0)
    for number in range(10):
        site.charger(f"c{number}").plug()
    await site.advance(180)
    before = [site.granted(f"c{number}:1") for number in range(10)]
    assert sum(before) > 100
    calls = [len(site.charger(f"c{number}").calls) for number in range(10)]

    site.load_a = 100.0
    site.measure()
    started = time.thread_time()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    elapsed = time.thread_time() - started
    reduced = [
        number for number in range(10) if len(site.charger(f"c{number}").calls) > calls[number]
    ]
    assert sum(site.charger(f"c{n}").granted[-1] for n in range(10)) <= 100.0
    assert reduced
    assert elapsed < 0.1, "the frames of all are with their links within 100 ms"


async def test_a_burst_of_reports_makes_one_decision(make_site: MakeSite) -> None:
    site = await make_site(charger("garage", 2), seconds=3)
    decisions = []
    site.coordinator.showcase.async_add_listener(lambda: decisions.append(1))
    for _ in range(50):
        site.charger("garage").plug(1)
        site.charger("garage").plug(2)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(decisions) == 1


async def test_sr4_each_decision_vouches_for_ten_seconds(make_site: MakeSite) -> None:
    site = await make_site(charger("garage"), supply("bench"), seconds=5)
    now = dt_util.utcnow()
    assert timedelta(seconds=10) == DECISION_FRESH
    for device in site.workshop.devices.values():
        assert device.vouched_until == now + DECISION_FRESH


async def test_sr4_nobody_vouches_for_decisions_that_fail(
    make_site: MakeSite, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site = await make_site(charger("garage"))
    site.charger("garage").plug()
    await site.advance(40)
    vouched = site.charger("garage").vouched_until
    assert vouched is not None
    calls = len(site.charger("garage").calls)

    def broken(*_: Any) -> None:
        raise ArithmeticError("a fault in the controller")

    with monkeypatch.context() as patch:
        patch.setattr(SiteController, "decide", broken)
        await site.advance(200)
    assert site.charger("garage").vouched_until == vouched, "the lease is left to lapse"
    assert len(site.charger("garage").calls) == calls, "and nothing renews it"
    assert (ProblemKind.DECISION_FAILED, "grid") in site.problems()
    assert caplog.text.count("No decision could be made") == 1
    await site.advance(2)
    assert (ProblemKind.DECISION_FAILED, "grid") not in site.problems()
    assert site.charger("garage").vouched_until > vouched


async def test_i8_one_broken_device_never_stops_the_others(make_site: MakeSite) -> None:
    site = await make_site(
        *(charger(name) for name in ("sound", "stalled", "faulty", "rude")), fuse_a=100.0
    )
    site.charger("stalled").is_stalled = True
    site.charger("faulty").error = RuntimeError("a fault in a driver")
    site.charger("rude").vouch_error = RuntimeError("no")
    for name in ("sound", "stalled", "faulty", "rude"):
        site.charger(name).plug()
    await site.advance(90)
    assert site.charger("sound").granted[-1] >= 6.0
    assert site.charger("sound").vouched_until == dt_util.utcnow() + DECISION_FRESH


async def test_i8_a_device_that_cannot_be_made_is_tried_again(
    make_site: MakeSite, workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    workshop.broken = {"lost"}
    site = await make_site(charger("sound"), charger("lost"), seconds=65)
    view = site.coordinator.data.members["lost:1"]
    assert view.state is ConnectorState.MISSING
    assert site.coordinator.data.members["sound:1"].settings.lease is not None
    assert workshop.made.count("lost") == 3
    assert caplog.text.count("could not be set up") == 1
    workshop.broken = set()
    await site.advance(30)
    site.charger("lost").plug()
    await site.advance(2)
    view = site.coordinator.data.members["lost:1"]
    assert view.state is ConnectorState.EV_LOCKED


async def test_i7_and_unplugging(make_site: MakeSite) -> None:
    site = await make_site(charger("garage"))
    site.charger("garage").plug()
    await site.advance(40)
    assert site.granted("garage:1") == 16.0
    site.charger("garage").unplug()
    await site.advance(2)
    assert site.granted("garage:1") == 0.0
    assert site.coordinator.data.members["garage:1"].session is None
    sessions = await site.coordinator.journal.async_sessions(dt_util.utcnow() - timedelta(days=1))
    assert [session.ended_at is not None for session in sessions] == [True]


async def test_sr10_a_meter_that_is_gone_brings_the_pool_down(make_site: MakeSite) -> None:
    site = await make_site(charger("garage"))
    site.charger("garage").plug()
    await site.advance(40)
    assert site.granted("garage:1") == 16.0
    for number in (1, 2, 3):
        site.hass.states.async_set(f"sensor.grid_l{number}", "unavailable")
    await advance(site.hass, site.freezer, 60, site.charger("garage").tell_again)
    assert site.granted("garage:1") == 0.0
    assert (ProblemKind.METER_STALE, "grid") in site.problems()
    await site.advance(330)
    assert site.granted("garage:1") == 16.0, "SR-14: a pause is at least five minutes"
    assert site.problems() == set()


async def test_sr11_a_raise_waits_for_the_journal(make_site: MakeSite) -> None:
    """A file that cannot be written holds raises back, and says so."""
    site = await make_site(charger("garage"))
    journal = site.coordinator.journal
    heard: list[bool] = []
    hear = journal.on_health

    def on_health() -> None:
        heard.append(journal.failing)
        hear()

    journal.on_health = on_health
    await _rename_table(journal.path, "member_record", "hidden")
    site.charger("garage").plug()
    await _advance_without_disk(site, 45)
    assert heard == [True]
    assert max(site.charger("garage").granted, default=0.0) == 0.0
    assert (ProblemKind.JOURNAL_FAILING, "grid") in site.problems()
    await _rename_table(journal.path, "hidden", "member_record")
    await _advance_without_disk(site, 10)
    await site.advance(30)
    assert heard == [True, False]
    assert site.charger("garage").granted[-1] == 16.0
    assert (ProblemKind.JOURNAL_FAILING, "grid") not in site.problems()


async def _rename_table(path: Path, old: str, new: str) -> None:
    def rename() -> None:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute(f"ALTER TABLE {old} RENAME TO {new}")
        connection.close()

    await asyncio.get_running_loop().run_in_executor(None, rename)


async def _advance_without_disk(site: Site, seconds: int) -> None:
    for _ in range(seconds):
        site.freezer.tick(1)
        site.everybody_reports()
        async_fire_time_changed(site.hass)
        await site.hass.async_block_till_done()
        await site.hass.async_add_executor_job(time.sleep, 0.003)
        await site.hass.async_block_till_done()


async def test_a_damaged_journal_is_a_problem_to_be_told(
    make_site: MakeSite, hass: HomeAssistant, tmp_path: Path
) -> None:
    file = tmp_path / ".storage" / "ev_charger_pool.01SITE.db"
    file.parent.mkdir()
    file.write_bytes(b"no database at all " * 100)
    site = await make_site(charger("garage"), seconds=2)
    assert (ProblemKind.JOURNAL_RESET, "grid") in site.problems()


async def test_sr11_i9_after_a_kill_the_ledger_and_the_session_are_known(
    hass: HomeAssistant,
    make_site: MakeSite,
    freezer: FrozenDateTimeFactory,
    workshop: Workshop,
    tmp_path: Path,
) -> None:
    site = await make_site(charger("garage"))
    site.charger("garage").plug(energy_wh=Reading(value=1000.0, arrived_at=dt_util.utcnow()))
    await site.advance(40)
    assert site.granted("garage:1") == 16.0
    before = site.coordinator.data.members["garage:1"].session
    assert before is not None
    limiting = asyncio.ensure_future(
        site.coordinator.commands.async_set_limit("garage:1", LimitUnit.CURRENT, 10.0)
    )
    await site.advance(3)
    assert limiting.done()
    limit = site.coordinator.data.members["garage:1"].session_limit
    assert limit is not None

    # What a kill leaves behind: the files as they are, and no word more.
    killed = tmp_path / "killed"
    await hass.async_add_executor_job(shutil.copytree, tmp_path / ".storage", killed)
    await hass.config_entries.async_unload(site.entry.entry_id)
    await hass.async_add_executor_job(shutil.rmtree, tmp_path / ".storage")
    await hass.async_add_executor_job(shutil.copytree, killed, tmp_path / ".storage")
    freezer.tick(20)
    assert await hass.config_entries.async_setup(site.entry.entry_id)

    record = site.coordinator.records["garage:1"]
    assert record.granted_a == 10.0
    assert record.session == before.id
    view = site.coordinator.data.members["garage:1"]
    assert view.session is not None
    assert view.session.id == before.id
    assert view.session_limit is not None, "I6: ceilings bind restarts too"
    assert view.session_limit.value == 10.0
    site.charger("garage").draw(10.0, energy_wh=Reading(value=1500.0, arrived_at=dt_util.utcnow()))
    await site.advance(60)
    view = site.coordinator.data.members["garage:1"]
    assert view.session is not None
    assert (view.session.id, view.session.energy_wh) == (before.id, 500.0)
    assert max(site.charger("garage").granted) <= 10.0


async def test_i6_a_users_ceiling_is_there_before_the_first_command(
    hass: HomeAssistant, make_site: MakeSite
) -> None:
    site = await make_site(charger("garage"))
    site.charger("garage").plug()
    await site.coordinator.commands.async_set_user_limit("garage:1", 8.0)
    await site.coordinator.commands.async_set_circuit_limit("grid", 20.0)
    await hass.config_entries.async_reload(site.entry.entry_id)
    view = site.coordinator.data.members["garage:1"]
    assert view.user_limit is not None
    assert view.user_limit.value == 8.0
    assert site.coordinator.data.circuits["grid"].user_limit_a == 20.0
    site.charger("garage").plug()
    await site.advance(45)
    assert set(site.charger("garage").granted) <= {0.0, 8.0}
    assert site.granted("garage:1") == 8.0


async def test_a_car_just_plugged_in_after_a_start_is_shown_as_settling(
    make_site: MakeSite,
) -> None:
    site = await make_site(charger("garage"), seconds=1)
    site.charger("garage").plug()
    for _ in range(5):
        await site.advance(5)
        assert site.reason("garage:1") is ReasonKind.SETTLING
    site.charger("garage").unplug()
    await site.advance(1)
    assert site.reason("garage:1") is ReasonKind.NOT_CONNECTED


async def test_a_supply_that_its_user_switched_off_is_shown_as_such(make_site: MakeSite) -> None:
    site = await make_site(supply("bench"), seconds=1)
    bench = site.workshop.supply("bench")
    for _ in range(3):
        bench.tell()
        await site.advance(1)
        assert site.reason("bench") is ReasonKind.USER
    bench.online = False
    bench.tell()
    await site.advance(1)
    assert site.reason("bench") is ReasonKind.OFFLINE


async def test_members_and_circuits_are_told_to_whoever_asks(make_site: MakeSite) -> None:
    site = await make_site(charger("garage", 2), supply("bench"), seconds=1)
    members: list[str] = []
    circuits: list[str] = []
    site.coordinator.showcase.async_add_member_listener(members.append)
    site.coordinator.showcase.async_add_circuit_listener(circuits.append)
    assert sorted(members) == ["bench", "garage:1", "garage:2"]
    assert circuits == ["grid"]


async def test_only_who_shows_something_new_is_told(make_site: MakeSite) -> None:
    site = await make_site(charger("one"), charger("two"))
    await site.advance(3)
    heard: list[str] = []
    leave = [
        site.coordinator.showcase.async_add_listener(lambda: heard.append("one"), "one:1"),
        site.coordinator.showcase.async_add_listener(lambda: heard.append("two"), "two:1"),
    ]
    site.charger("one").plug()
    await settle(site.hass)
    assert heard == ["one"]
    for end in leave:
        end()
    site.charger("one").unplug()
    await settle(site.hass)
    assert heard == ["one"]


async def test_a_session_is_started_where_anyone_may_charge(make_site: MakeSite) -> None:
    site = await make_site(charger("open"), charger("closed", authorization="tokens"))
    for name in ("open", "closed"):
        site.charger(name).plug(wants_a=0.0, charging=ChargingStatus.WAITING_FOR_AUTHORIZATION)
        site.charger(name).results["start"] = ActionResult.REJECTED
    await site.advance(60)
    assert site.granted("open:1") > 0
    assert site.granted("closed:1") == 0.0, "who waits for a token is granted nothing"
    await site.advance(200)
    assert site.granted("open:1") == 0.0, "nor who cannot be started"
    starts = [call for call in site.charger("open").calls if call.what == "start"]
    assert len(starts) == 3
    assert all(call.what != "start" for call in site.charger("closed").calls)


async def test_reports_of_strangers_are_left_alone(make_site: MakeSite) -> None:
    site = await make_site(charger("garage"), supply("bench"), seconds=1)
    site.workshop.supply("bench").tell()
    site.charger("garage").plug(7)
    site.coordinator.senses.async_on_connector("nobody:1", site.charger("garage").reports[7])
    await site.advance(1)
    told = site.coordinator.data.members["bench"].supply
    assert told is not None
    site.coordinator.senses.async_on_supply("nobody", told)
    await site.advance(1)
    assert set(site.coordinator.data.members) == {"garage:1", "bench"}


async def test_who_a_device_is_is_shown(hass: HomeAssistant, make_site: MakeSite) -> None:
    site = await make_site(charger("garage"), seconds=1)
    identity = DeviceIdentity(manufacturer="Acme", model="W1", serial="7", firmware="1.2")
    site.charger("garage").identity = identity
    site.charger("garage").plug()
    await settle(hass)
    device = dr.async_get(hass).async_get_device_by_identifier(
        ("ev_charger_pool", "garage"), site.entry.entry_id
    )
    assert device is not None
    assert (device.manufacturer, device.model, device.serial_number, device.sw_version) == (
        "Acme",
        "W1",
        "7",
        "1.2",
    )
    assert site.coordinator.data.members["garage:1"].identity == identity


async def test_what_a_device_can_do_may_be_known_later(make_site: MakeSite) -> None:
    site = await make_site(charger("garage"))
    await site.advance(1)
    site.charger("garage").connectors = {
        1: ConnectorCapabilities(connector=1, max_current_a=10.0, lease=None)
    }
    site.charger("garage").plug()
    await settle(site.hass)
    settings = site.coordinator.data.members["garage:1"].settings
    assert settings.max_current_a == 10.0
    assert settings.lease is None


async def test_old_entries_are_purged_daily(
    make_site: MakeSite, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site = await make_site(seconds=1)
    purged: list[datetime] = []

    async def purge(now: datetime) -> None:
        purged.append(now)
        raise SQLAlchemyError("the disk is full")

    monkeypatch.setattr(site.coordinator.journal, "async_purge", purge)
    site.freezer.tick(timedelta(days=1, minutes=1))
    async_fire_time_changed(site.hass)
    await site.hass.async_block_till_done()
    assert len(purged) == 1
    assert "until tomorrow" in caplog.text


async def test_limit_actions_are_on_the_bus(make_site: MakeSite) -> None:
    site = await make_site(charger("garage"))
    events: list[Event[Any]] = async_capture_events(site.hass, "ev_charger_pool_limit_action")
    site.charger("garage").plug()
    await site.advance(40)
    await site.coordinator.commands.async_set_limit("garage:1", LimitUnit.CURRENT, 8.0)
    await settle(site.hass)
    assert [event.data["status"] for event in events] == ["requested", "completed"]
    assert events[1].data["member"] == "garage:1"
    assert events[1].data["site"] == site.entry.entry_id
    assert (events[1].data["unit"], events[1].data["value"]) == ("current", 8.0)


async def test_a_limit_set_right_after_a_start_is_followed(
    hass: HomeAssistant, make_site: MakeSite
) -> None:
    """SR-11: in the first half minute grants are kept as they were, ceilings are not forgotten."""
    site = await make_site(charger("garage"))
    site.charger("garage").plug()
    await site.advance(40)
    assert site.granted("garage:1") == 16.0
    await hass.config_entries.async_reload(site.entry.entry_id)
    site.charger("garage").plug(offered_a=16.0)
    site.charger("garage").offered_a[1] = 16.0
    await site.advance(3)
    limiting = asyncio.ensure_future(
        site.coordinator.commands.async_set_limit("garage:1", LimitUnit.CURRENT, 8.0)
    )
    await site.advance(20)
    action = await limiting
    assert (action.status, action.error) == (ActionStatus.COMPLETED, None)
    assert site.charger("garage").granted[-1] <= 8.0
    await site.advance(60)
    assert max(site.charger("garage").granted[1:]) <= 8.0


async def test_a_raise_that_the_journal_holds_back_fails_its_action(make_site: MakeSite) -> None:
    site = await make_site(charger("garage"))
    site.charger("garage").plug()
    await site.advance(40)
    await site.coordinator.commands.async_set_limit("garage:1", LimitUnit.CURRENT, 8.0)
    await site.advance(100)
    path = site.coordinator.journal.path
    await _rename_table(path, "member_record", "hidden")
    clearing = asyncio.ensure_future(site.coordinator.commands.async_clear_limit("garage:1"))
    await _advance_without_disk(site, 30)
    action = await clearing
    assert site.charger("garage").granted[-1] == 8.0
    assert (action.status, action.error) == (ActionStatus.FAILED, "timed_out")
    limit = site.coordinator.data.members["garage:1"].session_limit
    assert limit is not None, "what failed to be cleared is still in force"
    await _rename_table(path, "hidden", "member_record")
    await _advance_without_disk(site, 10)
    await site.advance(60)
    assert site.charger("garage").granted[-1] == 8.0
    clearing = asyncio.ensure_future(site.coordinator.commands.async_clear_limit("garage:1"))
    await site.advance(60)
    assert (await clearing).status is ActionStatus.COMPLETED
    assert site.charger("garage").granted[-1] == 16.0


async def test_a_limit_is_on_the_disk_before_it_is_told_to_be_completed(
    make_site: MakeSite,
) -> None:
    site = await make_site(charger("garage"))
    site.charger("garage").plug()
    await site.advance(40)
    path = site.coordinator.journal.path
    await _rename_table(path, "limit_action", "hidden")
    limiting = asyncio.ensure_future(
        site.coordinator.commands.async_set_limit("garage:1", LimitUnit.CURRENT, 8.0)
    )
    await _advance_without_disk(site, 2)
    view = site.coordinator.data.members["garage:1"]
    assert view.last_action is not None
    assert view.last_action.status is ActionStatus.COMPLETED
    assert not limiting.done()
    await _advance_without_disk(site, 5)
    assert (await limiting).status is ActionStatus.COMPLETED, "a broken disk stops no limit"
    limit = site.coordinator.data.members["garage:1"].session_limit
    assert limit is not None
    await _rename_table(path, "hidden", "limit_action")
    await _advance_without_disk(site, 10)


async def test_what_was_under_way_at_a_kill_binds_nobody_afterwards(
    hass: HomeAssistant, make_site: MakeSite, tmp_path: Path
) -> None:
    site = await make_site(charger("garage"))
    site.charger("garage").plug()
    await site.advance(40)
    await site.coordinator.commands.async_set_limit("garage:1", LimitUnit.CURRENT, 10.0)
    site.charger("garage").is_stalled = True
    limiting = asyncio.ensure_future(
        site.coordinator.commands.async_set_limit("garage:1", LimitUnit.CURRENT, 8.0)
    )
    await asyncio.sleep(0)
    await site.coordinator.journal.write()
    killed = tmp_path / "killed"
    await hass.async_add_executor_job(shutil.copytree, tmp_path / ".storage", killed)
    limiting.cancel()
    site.charger("garage").is_stalled = False
    await hass.config_entries.async_unload(site.entry.entry_id)
    await hass.async_add_executor_job(shutil.rmtree, tmp_path / ".storage")
    await hass.async_add_executor_job(shutil.copytree, killed, tmp_path / ".storage")
    assert await hass.config_entries.async_setup(site.entry.entry_id)

    view = site.coordinator.data.members["garage:1"]
    assert view.last_action is not None
    assert (view.last_action.status, view.last_action.error) == (
        ActionStatus.FAILED,
        "interrupted",
    )
    assert view.session_limit is not None
    assert view.session_limit.value == 10.0


async def test_what_a_user_stopped_is_not_started_again(make_site: MakeSite) -> None:
    site = await make_site(charger("garage"))
    site.charger("garage").plug(wants_a=0.0, charging=ChargingStatus.WAITING_FOR_AUTHORIZATION)
    await site.advance(31)
    assert site.granted("garage:1") > 0
    assert await site.coordinator.commands.async_stop("garage:1") is ActionResult.ACCEPTED
    starts = [call.what for call in site.charger("garage").calls].count("start")
    await site.advance(120)
    assert site.granted("garage:1") == 0.0
    assert [call.what for call in site.charger("garage").calls].count("start") == starts
    assert await site.coordinator.commands.async_start("garage:1") is ActionResult.ACCEPTED
    await site.advance(200)
    assert site.granted("garage:1") > 0, "once its pause of five minutes is over (SR-14)"
