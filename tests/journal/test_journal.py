"""The journal keeps what it was given, whatever happens to its file."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import sqlite3

import pytest

from custom_components.ev_charger_pool.journal import Journal, JournalUnavailableError
from custom_components.ev_charger_pool.pool.actions import ActionKind, ActionStatus, LimitAction
from custom_components.ev_charger_pool.pool.circuits import CircuitRecord, WindowRecord
from custom_components.ev_charger_pool.pool.limits import LimitUnit
from custom_components.ev_charger_pool.pool.members import MemberRecord
from custom_components.ev_charger_pool.pool.quantities import PerPhase
from custom_components.ev_charger_pool.pool.sessions import Session

NOW = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)

MEMBER = MemberRecord(
    member="garage:1",
    granted_a=10.0,
    outstanding_a=16.0,
    lapse_to_a=6.0,
    expires_at=NOW + timedelta(seconds=180),
    decided_at=NOW,
    lease_exercised=True,
    lease_failed=True,
    owed=2,
    asleep=False,
    session="s1",
)
CIRCUIT = CircuitRecord(circuit="grid", day=NOW, other_load_max_a=PerPhase(1.5, 2.5, 3.5))
WINDOW = WindowRecord(circuit="grid", counted_until=NOW, used_wh=312.5, power_w=2_400.0)
ACTION = LimitAction(
    id="a1",
    member="garage:1",
    kind=ActionKind.SET,
    unit=LimitUnit.POWER,
    value=3600.0,
    status=ActionStatus.REQUESTED,
    requested_at=NOW,
)
SESSION = Session(
    id="s1",
    member="garage:1",
    started_at=NOW - timedelta(hours=1),
    energy_wh=1234.5,
    register_wh=99_000.0,
    token="04A2",
    transaction="17",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rooms" / "journal.db"


type Opener = Callable[..., Journal]


@pytest.fixture
async def journal(path: Path) -> AsyncIterator[Opener]:
    """Make journals that are closed in the end."""
    made: list[Journal] = []

    def make(retry_s: float = 0.01) -> Journal:
        made.append(Journal(path, retry_s))
        return made[-1]

    yield make
    for one in made:
        if one.is_open:
            await one.async_close()


async def test_what_was_written_is_there_again(journal: Opener) -> None:
    first = journal()
    assert (await first.async_open(NOW)).members == []
    await first.write(MEMBER, CIRCUIT, WINDOW, ACTION, SESSION)
    await first.async_close()

    kept = await journal().async_open(NOW)
    assert list(kept.members) == [MEMBER]
    assert list(kept.circuits) == [CIRCUIT]
    assert list(kept.windows) == [WINDOW]
    assert list(kept.open_sessions) == [SESSION]
    assert list(kept.actions) == [ACTION]


async def test_the_newest_state_of_a_record_counts(journal: Opener) -> None:
    first = journal()
    await first.async_open(NOW)
    writes = [first.write(replace(SESSION, energy_wh=energy)) for energy in (1.0, 2.0, 3.0)]
    await asyncio.gather(*writes)
    await first.write(replace(MEMBER, expires_at=None, session=None))
    await first.async_close()

    kept = await journal().async_open(NOW)
    assert [session.energy_wh for session in kept.open_sessions] == [3.0]
    assert kept.members[0].expires_at is None
    assert kept.members[0].session is None


async def test_what_is_enqueued_at_the_end_is_still_written(journal: Opener) -> None:
    first = journal()
    await first.async_open(NOW)
    for number in range(100):
        first.write(replace(SESSION, id=f"s{number}", ended_at=NOW))
    await first.async_close()

    second = journal()
    await second.async_open(NOW)
    assert len(await second.async_sessions(NOW - timedelta(days=1))) == 100


async def test_ended_sessions_are_no_open_ones(journal: Opener) -> None:
    first = journal()
    await first.async_open(NOW)
    await first.write(SESSION)
    await first.write(replace(SESSION, ended_at=NOW))
    assert [session.id for session in await first.async_sessions(NOW)] == ["s1"]
    assert await first.async_sessions(NOW + timedelta(seconds=1)) == []
    await first.async_close()
    assert (await journal().async_open(NOW)).open_sessions == []


async def test_actions_of_a_running_session_come_back_with_it(journal: Opener) -> None:
    first = journal()
    await first.async_open(NOW)
    done = replace(ACTION, status=ActionStatus.COMPLETED, ended_at=NOW)
    before = replace(done, id="a0", requested_at=SESSION.started_at - timedelta(seconds=1))
    await first.write(SESSION, done, before)
    await first.async_close()
    assert list((await journal().async_open(NOW)).actions) == [done]


async def test_a_member_that_is_gone_is_forgotten(journal: Opener) -> None:
    first = journal()
    await first.async_open(NOW)
    await first.write(MEMBER, CIRCUIT, replace(MEMBER, member="garage:2"))
    first.write(replace(MEMBER, granted_a=12.0))
    await first.forget("garage:1", "grid")
    await first.async_close()
    kept = await journal().async_open(NOW)
    assert [record.member for record in kept.members] == ["garage:2"]
    assert kept.circuits == []


async def test_what_ended_is_kept_for_two_years(journal: Opener) -> None:
    two_years = timedelta(days=2 * 365 + 1)
    first = journal()
    await first.async_open(NOW)
    await first.write(
        replace(SESSION, id="old", ended_at=NOW),
        replace(SESSION, id="running"),
        replace(ACTION, ended_at=NOW),
        CIRCUIT,
    )
    await first.async_purge(NOW + two_years)
    since = datetime(2000, 1, 1, tzinfo=UTC)
    assert {session.id for session in await first.async_sessions(since)} == {"old", "running"}
    await first.async_purge(NOW + timedelta(days=3 * 365))
    assert [session.id for session in await first.async_sessions(since)] == ["running"]
    await first.async_close()
    kept = await journal().async_open(NOW)
    assert kept.actions == []
    assert kept.circuits == []


async def test_a_commit_is_on_the_disk_when_it_is_done(journal: Opener, path: Path) -> None:
    """Another connection sees it, and the file says that a commit waits for the disk."""
    first = journal()
    await first.async_open(NOW)
    await first.write(MEMBER)
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT granted_a FROM member_record").fetchall() == [(10.0,)]
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"this is no database, whatever it was " * 200),
        lambda path: _overwrite(path, 4096, b"\xa5" * 8192),
    ],
    ids=["not a database", "pages overwritten"],
)
async def test_a_damaged_file_is_moved_aside(
    journal: Opener,
    path: Path,
    damage: Callable[[Path], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    first = journal()
    await first.async_open(NOW)
    await first.write(*(replace(SESSION, id=f"s{number}") for number in range(200)))
    await first.async_close()
    damage(path)

    second = journal()
    kept = await second.async_open(NOW)
    assert kept.members == []
    assert kept.open_sessions == []
    assert second.moved_aside is not None
    assert second.moved_aside.exists()
    assert "begun anew" in caplog.text
    await second.write(SESSION)
    await second.async_close()
    assert list((await journal().async_open(NOW)).open_sessions) == [SESSION]


async def test_a_file_from_a_newer_version_is_left_alone(journal: Opener, path: Path) -> None:
    first = journal()
    await first.async_open(NOW)
    await first.async_close()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalUnavailableError, match="version 99"):
        await journal().async_open(NOW)
    with sqlite3.connect(path) as other:
        assert other.execute("PRAGMA user_version").fetchone() == (99,)


async def test_a_place_that_cannot_be_written_is_told(path: Path) -> None:
    path.parent.parent.mkdir(exist_ok=True)
    path.parent.write_text("a file where the folder should be")
    with pytest.raises(JournalUnavailableError):
        await Journal(path).async_open(NOW)


async def test_what_the_disk_does_not_take_is_tried_again(
    journal: Opener, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A lock held by somebody else stands for a disk that refuses for a while."""
    told: list[bool] = []
    first = journal()
    heard = asyncio.Event()

    def on_health() -> None:
        told.append(first.failing)
        heard.set()

    first.on_health = on_health
    await first.async_open(NOW)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("ALTER TABLE member_record RENAME TO hidden")
    held = first.write(MEMBER)
    await heard.wait()
    later = first.write(replace(MEMBER, granted_a=13.0), SESSION)
    await asyncio.sleep(0.03)
    assert not held.done()
    assert not later.done()
    other.execute("ALTER TABLE hidden RENAME TO member_record")
    other.close()
    await asyncio.gather(held, later)
    assert told == [True, False]
    assert caplog.text.count("cannot be written") == 1
    await first.async_close()
    kept = await journal().async_open(NOW)
    assert kept.members[0].granted_a == 13.0
    assert list(kept.open_sessions) == [SESSION]


async def test_closing_does_not_wait_for_a_disk_that_refuses(journal: Opener, path: Path) -> None:
    first = journal(retry_s=60)
    await first.async_open(NOW)
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("DROP TABLE member_record")
    lost = first.write(MEMBER)
    async with asyncio.timeout(5):
        await first.async_close()
    assert lost.cancelled()


async def test_a_row_with_an_unknown_word_costs_only_itself(
    journal: Opener, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = journal()
    await first.async_open(NOW)
    await first.write(ACTION, replace(ACTION, id="a2"))
    with sqlite3.connect(path) as other:
        other.execute("UPDATE limit_action SET status = 'pondered' WHERE id = 'a1'")
    other.close()
    await first.async_close()
    kept = await journal().async_open(NOW)
    assert [action.id for action in kept.actions] == ["a2"]
    assert "pondered" in caplog.text


def _overwrite(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


@contextmanager
def _table_gone_after_a_while(path: Path) -> Iterator[None]:
    """Lock the file, so that a write begins and waits; then let it find its table gone."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("ALTER TABLE member_record RENAME TO hidden")
    yield
    other.execute("COMMIT")
    other.close()


async def test_what_comes_while_the_disk_refuses_waits_with_it(journal: Opener, path: Path) -> None:
    first = journal()
    await first.async_open(NOW)
    told: list[bool] = []
    refused = asyncio.Event()

    def on_health() -> None:
        told.append(first.failing)
        refused.set()

    first.on_health = on_health
    with _table_gone_after_a_while(path):
        before = first.write(MEMBER)
        await asyncio.sleep(0)
        during = first.write(SESSION)
    assert before is not during, "the first batch is on its way"
    await refused.wait()
    assert not during.done()
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("ALTER TABLE hidden RENAME TO member_record")
    other.close()
    await asyncio.gather(before, during)
    assert told == [True, False]
    await first.async_close()
    assert list((await journal().async_open(NOW)).open_sessions) == [SESSION]


async def test_what_waits_behind_a_refused_batch_is_given_up_with_it(
    journal: Opener, path: Path
) -> None:
    first = journal(retry_s=60)
    await first.async_open(NOW)
    with _table_gone_after_a_while(path):
        before = first.write(MEMBER)
        await asyncio.sleep(0)
        during = first.write(SESSION)
        during.cancel()
        another = first.write(SESSION)
    assert another not in {before, during}
    await first.async_close()
    assert before.cancelled()
    assert another.cancelled()


async def test_who_gives_up_waiting_takes_nothing_from_others(journal: Opener, path: Path) -> None:
    first = journal()
    await first.async_open(NOW)
    first.write(MEMBER).cancel()
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await first.write(SESSION)
    await first.async_close()
    kept = await journal().async_open(NOW)
    assert [record.member for record in kept.members] == [MEMBER.member]
    assert list(kept.open_sessions) == [SESSION]


async def test_a_file_that_cannot_be_read_at_the_start_is_told(path: Path) -> None:
    first = Journal(path)
    await first.async_open(NOW)
    await first.async_close()
    with sqlite3.connect(path) as other:
        other.execute("DROP TABLE session")
    other.close()
    with pytest.raises(JournalUnavailableError, match="session"):
        await Journal(path).async_open(NOW)
