"""A site books who got what and why, and knows it after a restart."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
import shutil
import sqlite3
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ev_charger_pool import share_book
from custom_components.ev_charger_pool.journal import Journal
from custom_components.ev_charger_pool.pool.limits import Limit, LimitUnit
from custom_components.ev_charger_pool.pool.members import MemberStatus
from custom_components.ev_charger_pool.pool.plans import PlanState
from custom_components.ev_charger_pool.pool.readings import Reading
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind
from custom_components.ev_charger_pool.pool.shares import Activity, Period, Shares, Standing
from custom_components.ev_charger_pool.pool.states import ChargingStatus, ConnectorState
from custom_components.ev_charger_pool.share_book import ShareBook, sight
from custom_components.ev_charger_pool.snapshot import MemberView
from tests.common import (
    FakeCharger,
    Workshop,
    advance,
    charger,
    coordinator_of,
    measure,
    site_entry,
    supply,
)
from tests.pool_double import GARAGE, NOW, TWIN_1, connector_view, plan, supply_view


def view(
    reason: ReasonKind = ReasonKind.TURN,
    granted_a: float = 0.0,
    charging: ChargingStatus = ChargingStatus.SUSPENDED_BY_CHARGER,
    **changes: Any,
) -> MemberView:
    shown = connector_view(**changes)
    assert shown.connector is not None
    status = MemberStatus(
        member=TWIN_1,
        granted_a=granted_a,
        commitment_a=granted_a,
        limited_by=Reason(kind=reason, subject=GARAGE),
    )
    return replace(shown, status=status, connector=replace(shown.connector, charging=charging))


class TestSight:
    @pytest.mark.parametrize(
        ("seen", "activity"),
        [
            (view(ReasonKind.CIRCUIT, 8.0, ChargingStatus.CHARGING), Activity.CHARGING),
            (view(ReasonKind.CIRCUIT, 8.0, ChargingStatus.DISCHARGING), Activity.CHARGING),
            (view(ReasonKind.VEHICLE, 8.0, ChargingStatus.SUSPENDED_BY_EV), Activity.RESTING),
            (view(ReasonKind.TURN), Activity.WAITING),
            (view(ReasonKind.TURN, 0.0, ChargingStatus.CHARGING), Activity.WAITING),
            (view(ReasonKind.SOLAR), Activity.WAITING),
            (view(ReasonKind.PLAN), Activity.WAITING),
            (view(ReasonKind.PLAN, plan=plan(state=PlanState.DONE)), Activity.RESTING),
            (view(ReasonKind.SOLAR, 0.0, ChargingStatus.FINISHED), Activity.RESTING),
            (
                view(ReasonKind.CIRCUIT, 0.0, ChargingStatus.WAITING_FOR_AUTHORIZATION),
                Activity.RESTING,
            ),
            (view(ReasonKind.USER), Activity.RESTING),
            (view(ReasonKind.ASLEEP), Activity.RESTING),
            (view(state=ConnectorState.IDLE), Activity.EMPTY),
            (view(state=ConnectorState.ERROR), Activity.OUT_OF_ORDER),
            (view(state=ConnectorState.MISSING), Activity.OUT_OF_ORDER),
            (connector_view(status=None), Activity.OUT_OF_ORDER),
            (connector_view(connector=None), Activity.OUT_OF_ORDER),
        ],
    )
    def test_what_a_connector_does(self, seen: MemberView, activity: Activity) -> None:
        assert sight(seen, NOW).standing.activity is activity

    def test_who_ignores_its_pause_charges(self) -> None:
        seen = view(ReasonKind.IGNORED, 0.0, ChargingStatus.CHARGING)
        assert seen.status is not None
        seen = replace(seen, status=replace(seen.status, ignoring=True))
        assert sight(seen, NOW).standing.activity is Activity.CHARGING

    def test_a_reason_names_its_circuit_and_nothing_else(self) -> None:
        assert sight(view(ReasonKind.TURN), NOW).standing.circuit == GARAGE
        assert sight(view(ReasonKind.SOLAR), NOW).standing.circuit is None

    @pytest.mark.parametrize(
        ("seen", "wanted_a"),
        [
            (view(ReasonKind.CIRCUIT, 8.0, ChargingStatus.CHARGING), 16.0),
            (view(ReasonKind.VEHICLE, 8.0, ChargingStatus.CHARGING), 8.0),
            (view(ReasonKind.TURN), 16.0),
            (view(ReasonKind.ASLEEP), 0.0),
        ],
    )
    def test_what_a_connector_could_use(self, seen: MemberView, wanted_a: float) -> None:
        assert sight(seen, NOW).wanted_a == wanted_a

    def test_nobody_wants_more_than_the_user_allows(self) -> None:
        limit = Limit(
            id="user", source=ReasonKind.USER, value=9.0, unit=LimitUnit.CURRENT, member=TWIN_1
        )
        seen = view(ReasonKind.CIRCUIT, 8.0, ChargingStatus.CHARGING, user_limit=limit)
        assert sight(seen, NOW).wanted_a == 9.0
        in_watts = replace(seen, user_limit=replace(limit, unit=LimitUnit.POWER))
        assert sight(in_watts, NOW).wanted_a == 16.0


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    made = Journal(tmp_path / "journal.db", retry_s=0.01)
    yield made
    await made.async_close()


class TestBook:
    async def test_a_book_is_written_down_each_minute_and_with_the_end_of_a_session(
        self, journal: Journal
    ) -> None:
        book = ShareBook(journal, await journal.async_open(NOW))
        waiting = view()
        assert waiting.session is not None
        for second in range(91):
            book.see([waiting, supply_view()], NOW + timedelta(seconds=second))
        await journal.write()
        assert book.waited(waiting.session) == timedelta(seconds=60), "in whole minutes"
        assert book.waited(None) == timedelta()
        found = await journal.async_shares(NOW, NOW)
        assert {
            member: sum(part.tally.seconds for part in parts) for member, parts in found.items()
        } == {TWIN_1: 60.0}
        ended = replace(waiting.session, ended_at=NOW + timedelta(seconds=91), energy_wh=5_000.0)
        book.close_session(ended)
        await journal.write()
        found = await journal.async_shares_of(ended.id)
        tallies = [part.tally for part in found[TWIN_1]]
        assert sum(tally.seconds for tally in tallies) == 90.0
        assert sum(tally.energy_wh for tally in tallies) == 5_000.0

    async def test_a_journal_that_does_not_answer_is_told(
        self, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(share_book, "ANSWER_WITHIN", timedelta(milliseconds=50))
        book = ShareBook(journal, await journal.async_open(NOW))
        book.see([view()], NOW)
        book.see([view()], NOW + timedelta(seconds=1))
        with sqlite3.connect(tmp_path / "journal.db") as other:
            other.execute("ALTER TABLE share RENAME TO hidden")
        other.close()
        with pytest.raises(HomeAssistantError) as error:
            await book.async_shares(Period.DAY, [view()], NOW + timedelta(seconds=1))
        assert error.value.translation_key == "shares_unavailable"
        book.forget([TWIN_1])
        with pytest.raises(HomeAssistantError) as error:
            await book.async_shares(Period.SESSION, [view()], NOW)
        assert error.value.translation_placeholders is not None
        assert "no such table: share" in error.value.translation_placeholders["error"]
        with sqlite3.connect(tmp_path / "journal.db") as other:
            other.execute("ALTER TABLE hidden RENAME TO share")
        other.close()


class TestSite:
    """Two cars that both fit the fuse only at less than what is worth charging with."""

    @pytest.fixture
    async def entry(
        self, hass: HomeAssistant, workshop: Workshop, freezer: FrozenDateTimeFactory
    ) -> MockConfigEntry:
        freezer.move_to("2026-11-20 12:00:00+00:00")
        measure(hass, 1.0, 1.0, 1.0)
        made = site_entry(charger("garage", 2), supply("bench"), fuse_a=20.0)
        made.add_to_hass(hass)
        assert await hass.config_entries.async_setup(made.entry_id)
        return made

    @staticmethod
    async def async_pass(
        hass: HomeAssistant, freezer: FrozenDateTimeFactory, garage: FakeCharger, seconds: int
    ) -> None:
        def each() -> None:
            taken = garage.taken_a(1) + garage.taken_a(2)
            measure(hass, *(1.0 + taken,) * 3)
            garage.tell_again()

        await advance(hass, freezer, seconds, each)

    @staticmethod
    async def async_shares(
        entry: MockConfigEntry, period: Period = Period.DAY
    ) -> dict[str, Shares]:
        site = coordinator_of(entry)
        return dict(await site.async_shares(period, site.clock()))

    @pytest.mark.usefixtures("without_entities")
    async def test_who_waits_for_its_turn_is_known_before_and_after_a_kill(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        workshop: Workshop,
        freezer: FrozenDateTimeFactory,
        tmp_path: Path,
    ) -> None:
        garage = workshop.charger("garage")
        for number in (1, 2):
            garage.tell(number)
            await coordinator_of(entry).commands.async_set_minimum_current(f"garage:{number}", 12.0)
        garage.plug(1, energy_wh=Reading(value=1_000.0, arrived_at=dt_util.utcnow()))
        await self.async_pass(hass, freezer, garage, 60)
        garage.tell(1, energy_wh=Reading(value=1_100.0, arrived_at=dt_util.utcnow()))
        garage.plug(2)
        await self.async_pass(hass, freezer, garage, 120)
        shares = await self.async_shares(entry)
        assert set(shares) == {"garage:1", "garage:2"}, "a power supply has no register"
        first, second = shares["garage:1"], shares["garage:2"]
        assert first.total.energy_wh == 100.0
        assert first.total.turns == 1
        assert first.seconds(Activity.CHARGING) > 100.0
        waited = second.seconds(Activity.WAITING)
        assert waited == pytest.approx(120.0, abs=5.0)
        assert second.waiting_for_turn_seconds > 60.0
        assert second.seconds(Activity.EMPTY) == pytest.approx(60.0, abs=5.0)
        period = (second.until - second.since).total_seconds()
        assert sum(second.seconds(activity) for activity in Activity) == pytest.approx(period)
        assert coordinator_of(entry).data.members["garage:2"].waited >= timedelta(minutes=1)
        session = (await self.async_shares(entry, Period.SESSION))["garage:2"]
        assert session.seconds(Activity.EMPTY) == 0.0
        assert session.seconds(Activity.WAITING) == pytest.approx(waited, abs=2.0)

        # What a kill leaves behind: the files as they are, and no word more.
        killed = tmp_path / "killed"
        await hass.async_add_executor_job(shutil.copytree, tmp_path / ".storage", killed)
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_add_executor_job(shutil.rmtree, tmp_path / ".storage")
        await hass.async_add_executor_job(shutil.copytree, killed, tmp_path / ".storage")
        freezer.tick(300)
        assert await hass.config_entries.async_setup(entry.entry_id)
        garage = workshop.charger("garage")
        garage.draw(8.0, 1, energy_wh=Reading(value=1_600.0, arrived_at=dt_util.utcnow()))
        await self.async_pass(hass, freezer, garage, 5)
        again = await self.async_shares(entry)
        assert again["garage:2"].seconds(Activity.WAITING) >= waited - 1.0
        assert again["garage:1"].total.energy_wh == 600.0, "what came in meanwhile is counted"
        unseen = [
            part.tally.energy_wh
            for part in again["garage:1"].parts
            if part.standing == Standing(activity=Activity.UNSEEN)
        ]
        assert unseen == [500.0]
        assert coordinator_of(entry).data.members["garage:2"].waited >= timedelta(minutes=1)
