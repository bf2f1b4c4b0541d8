"""The journal's file: opening, checking, writing and reading, all on one thread."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from pathlib import Path
import sqlite3
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Engine,
    NullPool,
    Table,
    create_engine,
    delete,
    event,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from ..pool.actions import LimitAction
from ..pool.circuits import CircuitRecord, WindowRecord
from ..pool.members import MemberRecord
from ..pool.sessions import Session
from ..pool.shares import SessionSum, ShareRecord
from .rows import (
    Entry,
    Forget,
    circuit_record,
    limit_action,
    member_record,
    read_all,
    row_of,
    session,
    share_record,
    window_record,
)
from .schema import (
    CIRCUIT_RECORDS,
    LIMIT_ACTIONS,
    MEMBER_RECORDS,
    MIGRATIONS,
    SESSIONS,
    SHARES,
    WINDOW_RECORDS,
    Migration,
    NewerSchemaError,
    migrate,
)
from .share_sums import MemberParts, session_sums, shares_in, shares_of

_LOGGER = logging.getLogger(__name__)

RETENTION: Final = timedelta(days=760)
"""How long what has ended is kept: two years, and a month to look at it."""

LOAD_RETENTION: Final = timedelta(days=30)
"""How long a circuit's days are kept; the ledger looks 14 days back (SR-1)."""

SHARE_RETENTION: Final = timedelta(days=31)
"""How long shares are kept, and as long as their session goes on."""

_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class JournalUnavailableError(Exception):
    """The journal's file cannot be used, and moving it aside would not help."""


class _DamagedError(Exception):
    """The file is no sound database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the journal knew when it was opened.

    Attributes:
        members: What the ledger has to remember.
        circuits: The days of the circuits.
        windows: What was used of windows of average limits.
        open_sessions: Sessions that had not ended.
        actions: Limit actions of those sessions' time, and those that had not ended; oldest first.
        shares: The shares of the newest hour.
        session_sums: What was counted of the open sessions.
    """

    members: Sequence[MemberRecord] = ()
    circuits: Sequence[CircuitRecord] = ()
    windows: Sequence[WindowRecord] = ()
    open_sessions: Sequence[Session] = ()
    actions: Sequence[LimitAction] = ()
    shares: Sequence[ShareRecord] = ()
    session_sums: Sequence[SessionSum] = ()


class Database:
    """One file with one connection; every method runs on the same thread.

    Write-ahead log with `synchronous=FULL`: a commit is on the disk when it returns, because a
    charger keeps a grant for minutes after the power of this machine went away, and what it may
    draw has to be known when the machine is back (SR-11). Commits are few: several records share
    one, and reductions do not wait for them.
    """

    def __init__(self, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
        self._path = path
        self._migrations = migrations
        self._engine: Engine | None = None
        self._connection: Connection | None = None
        self.moved_aside: Path | None = None

    def open(self, now: datetime) -> None:
        """Open the file; one that is damaged is moved aside and begun anew.

        Raises:
            JournalUnavailableError: There is no way to a sound file.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._connect()
            except _DamagedError as error:
                self.close()
                self._move_aside(now, error)
                self._connect()
        except (SQLAlchemyError, OSError, NewerSchemaError, _DamagedError) as error:
            self.close()
            raise JournalUnavailableError(str(error)) from error

    def close(self) -> None:
        """Close the file; what was written is kept."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def write(self, entries: Iterable[Entry]) -> None:
        """Write entries in one transaction; they are on the disk when this returns.

        Raises:
            SQLAlchemyError: They are not.
        """
        rows: dict[Table, list[Any]] = {}
        with self._open_connection.begin():
            for entry in entries:
                if isinstance(entry, Forget):
                    self._forget(entry.subject)
                else:
                    table, row = row_of(entry)
                    rows.setdefault(table, []).append(row)
            for table, values in rows.items():
                statement = insert(table)
                keys = table.primary_key.columns.keys()
                changed = {
                    column.name: statement.excluded[column.name]
                    for column in table.columns
                    if column.name not in keys
                }
                self._open_connection.execute(
                    statement.on_conflict_do_update(index_elements=keys, set_=changed), values
                )

    def read(self) -> Kept:
        """Return what a start needs."""
        connection = self._open_connection
        with connection.begin():
            sessions = read_all(
                connection.execute(
                    select(SESSIONS)
                    .where(SESSIONS.c.ended_at.is_(None))
                    .order_by(SESSIONS.c.started_at)
                ).mappings(),
                session,
            )
            actions = select(LIMIT_ACTIONS).order_by(LIMIT_ACTIONS.c.requested_at)
            since = min((session.started_at for session in sessions), default=None)
            unfinished = LIMIT_ACTIONS.c.ended_at.is_(None)
            wanted = (
                unfinished
                if since is None
                else or_(unfinished, LIMIT_ACTIONS.c.requested_at >= since)
            )
            return Kept(
                members=read_all(
                    connection.execute(select(MEMBER_RECORDS)).mappings(), member_record
                ),
                circuits=read_all(
                    connection.execute(select(CIRCUIT_RECORDS)).mappings(), circuit_record
                ),
                windows=read_all(
                    connection.execute(select(WINDOW_RECORDS)).mappings(), window_record
                ),
                open_sessions=sessions,
                actions=read_all(
                    connection.execute(actions.where(wanted)).mappings(), limit_action
                ),
                shares=read_all(
                    connection.execute(
                        select(SHARES).where(
                            SHARES.c.hour == select(func.max(SHARES.c.hour)).scalar_subquery()
                        )
                    ).mappings(),
                    share_record,
                ),
                session_sums=session_sums(connection, [one.id for one in sessions]),
            )

    def sessions_since(self, since: datetime) -> list[Session]:
        """Return sessions that have not ended before `since`, oldest first."""
        connection = self._open_connection
        with connection.begin():
            return read_all(
                connection.execute(
                    select(SESSIONS)
                    .where(SESSIONS.c.ended_at.is_(None) | (SESSIONS.c.ended_at >= since))
                    .order_by(SESSIONS.c.started_at)
                ).mappings(),
                session,
            )

    def shares_since(self, since: datetime, until: datetime) -> MemberParts:
        """Return what came of each standing of each member in the hours of a time."""
        with self._open_connection.begin():
            return shares_in(self._open_connection, since, until)

    def shares_of(self, sessions: Sequence[str]) -> MemberParts:
        """Return what came of each standing of the members that the sessions took place at."""
        with self._open_connection.begin():
            return shares_of(self._open_connection, sessions)

    def purge(self, now: datetime) -> None:
        """Drop what is older than it has to be kept."""
        connection = self._open_connection
        with connection.begin():
            connection.execute(delete(SESSIONS).where(SESSIONS.c.ended_at < now - RETENTION))
            connection.execute(
                delete(LIMIT_ACTIONS).where(LIMIT_ACTIONS.c.ended_at < now - RETENTION)
            )
            going_on = select(SESSIONS.c.id).where(SESSIONS.c.ended_at.is_(None))
            connection.execute(
                delete(SHARES).where(
                    SHARES.c.hour < now - SHARE_RETENTION, SHARES.c.session.not_in(going_on)
                )
            )
            connection.execute(
                delete(CIRCUIT_RECORDS).where(CIRCUIT_RECORDS.c.day < now - LOAD_RETENTION)
            )

    @property
    def _open_connection(self) -> Connection:
        if self._connection is None:
            raise SQLAlchemyError(f"the journal {self._path} is not open")
        return self._connection

    def _connect(self) -> None:
        self._engine = create_engine(f"sqlite+pysqlite:///{self._path}", poolclass=NullPool)
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)
        try:
            self._connection = self._engine.connect()
            with self._connection.begin():
                verdict = self._connection.execute(text("PRAGMA integrity_check")).scalar_one()
            if verdict != "ok":
                raise _DamagedError(str(verdict))
            migrate(self._connection, self._migrations)
        except DatabaseError as error:
            if getattr(error.orig, "sqlite_errorcode", None) in _DAMAGED:
                raise _DamagedError(str(error.orig)) from error
            raise

    def _move_aside(self, now: datetime, error: _DamagedError) -> None:
        aside = self._path.with_name(f"{self._path.name}.damaged-{now:%Y%m%d%H%M%S}")
        for suffix in ("", "-wal", "-shm"):
            file = self._path.with_name(self._path.name + suffix)
            if file.exists():
                file.rename(aside.with_name(aside.name + suffix))
        self.moved_aside = aside
        _LOGGER.error(
            "The journal was damaged (%s); it is kept as %s and begun anew, so every charger "
            "starts at its fail-safe current",
            error,
            aside,
        )

    def _forget(self, subject: str) -> None:
        for column in (
            MEMBER_RECORDS.c.member,
            CIRCUIT_RECORDS.c.circuit,
            WINDOW_RECORDS.c.circuit,
            SHARES.c.member,
        ):
            self._open_connection.execute(delete(column.table).where(column == subject))


def _configure(connection: sqlite3.Connection, _: object) -> None:
    # Transactions are begun here, so that those of a migration hold its DDL too.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
