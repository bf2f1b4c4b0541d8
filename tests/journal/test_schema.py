"""An older file is brought to the newest version, all or nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import sqlite3

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from custom_components.ev_charger_pool.journal.database import Database, JournalUnavailableError
from custom_components.ev_charger_pool.journal.schema import MIGRATIONS, Migration, UtcTime
from custom_components.ev_charger_pool.pool.members import MemberRecord, PhaseVeto
from custom_components.ev_charger_pool.pool.sessions import Session

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MEMBER = MemberRecord(
    member="garage:1",
    granted_a=10.0,
    outstanding_a=16.0,
    lapse_to_a=6.0,
    expires_at=None,
    decided_at=NOW,
)
SESSION = Session(id="s1", member="garage:1", started_at=NOW, energy_wh=5.0)


def _open(path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> Database:
    database = Database(path, migrations)
    database.open(NOW)
    return database


def _version(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return int(version)


def _double_energy(connection: Connection) -> None:
    connection.execute(text("UPDATE session SET energy_wh = 2 * energy_wh"))


def _break(connection: Connection) -> None:
    connection.execute(text("UPDATE session SET energy_wh = 0"))
    connection.execute(text("DROP TABLE limit_action"))
    connection.execute(text("DROP TABLE no_such_table"))


def test_each_step_runs_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    first = _open(path)
    first.write([SESSION])
    first.close()
    assert _version(path) == len(MIGRATIONS)

    newer = (*MIGRATIONS, _double_energy)
    for _ in range(2):
        database = _open(path, newer)
        assert [session.energy_wh for session in database.read().open_sessions] == [10.0]
        database.close()
    assert _version(path) == len(newer)


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    first = _open(path)
    first.write([SESSION])
    first.close()
    with pytest.raises(JournalUnavailableError, match="no_such_table"):
        _open(path, (*MIGRATIONS, _break))
    assert _version(path) == len(MIGRATIONS)
    again = _open(path)
    kept = again.read()
    again.close()
    assert list(kept.open_sessions) == [SESSION]
    assert kept.actions == []


def test_a_closed_database_says_so(tmp_path: Path) -> None:
    database = _open(tmp_path / "journal.db")
    database.close()
    with pytest.raises(Exception, match="not open") as error:
        database.read()
    assert not isinstance(error.value, OperationalError)


@pytest.mark.parametrize("time", [NOW, NOW + timedelta(microseconds=1), NOW.replace(year=1969)])
def test_times_are_exact(tmp_path: Path, time: datetime) -> None:
    database = _open(tmp_path / "journal.db")
    database.write([Session(id="s1", member="m", started_at=time)])
    assert database.read().open_sessions[0].started_at == time
    database.close()
    assert UtcTime.cache_ok


def test_a_file_from_before_costs_were_counted_gets_room_for_them(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    _open(path).close()
    with sqlite3.connect(path) as connection:
        # As the first version made it.
        connection.execute("ALTER TABLE session DROP COLUMN cost")
        connection.execute("ALTER TABLE session DROP COLUMN co2_g")
        connection.execute(
            "INSERT INTO session (id, member, started_at, energy_wh) VALUES ('s0', 'garage:1', 0, 7)"
        )
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    database = _open(path)
    costly = replace(SESSION, cost=1.25, co2_g=400.0)
    database.write([costly])
    old, new = database.read().open_sessions
    database.close()
    assert (old.energy_wh, old.cost, old.co2_g) == (7.0, None, None)
    assert new == costly
    assert _version(path) == len(MIGRATIONS)


def test_a_file_from_before_phases_were_switched_gets_room_for_them(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    _open(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE member_record DROP COLUMN phases")
        connection.execute("ALTER TABLE member_record DROP COLUMN phase_veto")
        connection.execute("PRAGMA user_version = 4")
    connection.close()
    database = _open(path)
    switched = replace(MEMBER, phases=1, phase_veto=PhaseVeto.NO_RESUME)
    database.write([switched])
    assert list(database.read().members) == [switched]
    database.close()
    with sqlite3.connect(path) as connection:
        # A word of a later version costs that word.
        connection.execute("UPDATE member_record SET phase_veto = 'bored'")
    connection.close()
    database = _open(path)
    (member,) = database.read().members
    database.close()
    assert member == replace(switched, phase_veto=None)
