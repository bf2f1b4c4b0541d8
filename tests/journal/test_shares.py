"""The journal keeps who got what by the hour, and sums it up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import sqlite3

import pytest

from custom_components.ev_charger_pool.journal import Journal
from custom_components.ev_charger_pool.journal.database import Database
from custom_components.ev_charger_pool.journal.schema import MIGRATIONS
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.pool.sessions import Session
from custom_components.ev_charger_pool.pool.shares import (
    Activity,
    Part,
    SessionSum,
    ShareKey,
    ShareRecord,
    Standing,
    Tally,
)

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BY_FUSE = Standing(activity=Activity.CHARGING, reason=ReasonKind.CIRCUIT, circuit="garage")
FOR_TURN = Standing(activity=Activity.WAITING, reason=ReasonKind.TURN, circuit="garage")
UNSEEN = Standing(activity=Activity.UNSEEN)
TALLY = Tally(
    seconds=900.0,
    energy_wh=1_500.0,
    granted_ah=3.0,
    wanted_ah=4.0,
    turns=2,
    pauses=1,
    cost=0.5,
    co2_g=600.0,
)
SESSION = Session(id="s1", member="garage:1", started_at=NOON - 2 * HOUR)


def record(
    standing: Standing = BY_FUSE,
    hour: datetime = NOON,
    session: str | None = "s1",
    tally: Tally = TALLY,
    member: str = "garage:1",
) -> ShareRecord:
    key = ShareKey(member=member, hour=hour, session=session, standing=standing)
    return ShareRecord(key=key, tally=tally)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


async def opened(path: Path, now: datetime = NOON) -> Journal:
    journal = Journal(path)
    await journal.async_open(now)
    return journal


async def test_the_newest_hour_is_there_again(path: Path) -> None:
    first = await opened(path)
    newest = [record(), record(FOR_TURN, tally=Tally(seconds=60.0)), record(UNSEEN, session=None)]
    await first.write(SESSION, record(hour=NOON - HOUR), *newest)
    await first.write(replace(newest[0], tally=replace(TALLY, seconds=901.0)))
    await first.async_close()
    second = Journal(path)
    kept = await second.async_open(NOON)
    await second.async_close()
    newest[0] = replace(newest[0], tally=replace(TALLY, seconds=901.0))
    assert {found.key: found for found in kept.shares} == {one.key: one for one in newest}
    assert kept.session_sums == [
        SessionSum(
            session="s1",
            waited_seconds=60.0,
            total=Tally(energy_wh=3_000.0, cost=1.0, co2_g=1_200.0),
        )
    ]


async def test_an_empty_file_has_nothing_to_go_on_with(path: Path) -> None:
    journal = Journal(path)
    kept = await journal.async_open(NOON)
    assert (kept.shares, kept.session_sums) == ([], [])
    assert await journal.async_shares(NOON - HOUR, NOON) == {}
    assert await journal.async_shares_of() == {}
    await journal.async_close()


async def test_shares_are_summed_by_standing_over_a_time(path: Path) -> None:
    journal = await opened(path)
    await journal.write(
        record(hour=NOON - 2 * HOUR),
        record(hour=NOON - HOUR, session="s0"),
        record(),
        record(FOR_TURN, tally=Tally(seconds=60.0)),
        record(hour=NOON + HOUR),
        record(member="garage:2"),
    )
    found = await journal.async_shares(NOON - HOUR, NOON + timedelta(minutes=59))
    assert found["garage:2"] == [Part(standing=BY_FUSE, tally=TALLY)]
    parts = {part.standing: part.tally for part in found["garage:1"]}
    assert parts == {
        FOR_TURN: Tally(seconds=60.0),
        BY_FUSE: Tally(
            seconds=1800.0,
            energy_wh=3_000.0,
            granted_ah=6.0,
            wanted_ah=8.0,
            turns=4,
            pauses=2,
            cost=1.0,
            co2_g=1_200.0,
        ),
    }
    only = await journal.async_shares_of("s0", "s7")
    assert only == {"garage:1": [Part(standing=BY_FUSE, tally=TALLY)]}
    await journal.async_close()


async def test_shares_are_kept_for_a_month_and_as_long_as_their_session(path: Path) -> None:
    journal = await opened(path)
    await journal.write(
        SESSION,
        record(hour=NOON - timedelta(days=40)),
        record(hour=NOON - timedelta(days=40), session="ended"),
        record(hour=NOON - timedelta(days=40), session=None),
        record(hour=NOON - timedelta(days=30), session=None),
    )
    await journal.async_purge(NOON)
    found = await journal.async_shares(NOON - timedelta(days=50), NOON)
    assert found["garage:1"][0].tally.seconds == 1800.0
    await journal.write(replace(SESSION, ended_at=NOON))
    await journal.async_purge(NOON)
    found = await journal.async_shares(NOON - timedelta(days=50), NOON)
    assert found["garage:1"][0].tally.seconds == 900.0
    await journal.async_close()


async def test_a_member_that_is_gone_is_forgotten(path: Path) -> None:
    journal = await opened(path)
    await journal.write(record(), record(member="garage:2"))
    journal.write(record(tally=Tally(seconds=1.0)))
    await journal.forget("garage:1")
    assert list(await journal.async_shares(NOON, NOON)) == ["garage:2"]
    await journal.async_close()


async def test_a_word_of_another_version_costs_only_itself(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = await opened(path)
    await journal.write(record(), record(FOR_TURN))
    with sqlite3.connect(path) as other:
        other.execute("UPDATE share SET reason = 'whim' WHERE reason = 'turn'")
    other.close()
    found = await journal.async_shares(NOON, NOON)
    assert [part.standing for part in found["garage:1"]] == [BY_FUSE]
    await journal.async_close()
    again = Journal(path)
    assert [one.key.standing for one in (await again.async_open(NOON)).shares] == [BY_FUSE]
    await again.async_close()
    assert caplog.text.count("whim") >= 2


def test_a_file_from_before_shares_were_kept_gets_room_for_them(path: Path) -> None:
    older = Database(path, MIGRATIONS[:3])
    older.open(NOON)
    older.write([SESSION])
    older.close()
    with sqlite3.connect(path) as connection:
        # The first step of today makes all tables of today.
        connection.execute("DROP TABLE share")
    connection.close()
    database = Database(path)
    database.open(NOON)
    database.write([record()])
    assert list(database.read().shares) == [record()]
    assert list(database.read().open_sessions) == [SESSION]
    database.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    connection.close()
