"""The tables of the journal, and how an older file is brought to them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, override

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    text,
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time as whole microseconds: exact, sortable, and readable by any tool."""

    impl = BigInteger
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Turn a time into microseconds."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    @override
    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Turn microseconds into a time."""
        return None if value is None else _EPOCH + int(value) * _MICROSECOND


METADATA: Final = MetaData()

MEMBER_RECORDS: Final = Table(
    "member_record",
    METADATA,
    Column("member", String, primary_key=True),
    Column("granted_a", Float, nullable=False),
    Column("outstanding_a", Float, nullable=False),
    Column("lapse_to_a", Float, nullable=False),
    Column("expires_at", UtcTime),
    Column("decided_at", UtcTime, nullable=False),
    Column("lease_exercised", Boolean, nullable=False),
    Column("lease_failed", Boolean, nullable=False),
    Column("owed", Integer, nullable=False),
    Column("asleep", Boolean, nullable=False),
    Column("session", String),
    Column("phases", Integer),
    Column("phase_veto", String),
)

CIRCUIT_RECORDS: Final = Table(
    "circuit_record",
    METADATA,
    Column("circuit", String, primary_key=True),
    Column("day", UtcTime, primary_key=True),
    Column("l1_a", Float, nullable=False),
    Column("l2_a", Float, nullable=False),
    Column("l3_a", Float, nullable=False),
)

WINDOW_RECORDS: Final = Table(
    "window_record",
    METADATA,
    Column("circuit", String, primary_key=True),
    Column("counted_until", UtcTime, nullable=False),
    Column("used_wh", Float, nullable=False),
    Column("power_w", Float, nullable=False),
)

LIMIT_ACTIONS: Final = Table(
    "limit_action",
    METADATA,
    Column("id", String, primary_key=True),
    Column("member", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("value", Float),
    Column("status", String, nullable=False),
    Column("error", String),
    Column("requested_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Index("limit_action_by_time", "requested_at"),
)

SESSIONS: Final = Table(
    "session",
    METADATA,
    Column("id", String, primary_key=True),
    Column("member", String, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("energy_wh", Float, nullable=False),
    Column("register_wh", Float),
    Column("token", String),
    Column("transaction", String, quote=True),
    Column("cost", Float),
    Column("co2_g", Float),
    Index("session_by_end", "ended_at"),
)

SHARES: Final = Table(
    "share",
    METADATA,
    Column("member", String, primary_key=True),
    Column("hour", UtcTime, primary_key=True),
    # No part of a key may be unknown: what there is none of is empty.
    Column("session", String, primary_key=True),
    Column("activity", String, primary_key=True),
    Column("reason", String, primary_key=True),
    Column("circuit", String, primary_key=True),
    Column("seconds", Float, nullable=False),
    Column("energy_wh", Float, nullable=False),
    Column("granted_ah", Float, nullable=False),
    Column("wanted_ah", Float, nullable=False),
    Column("turns", Integer, nullable=False),
    Column("pauses", Integer, nullable=False),
    Column("cost", Float),
    Column("co2_g", Float),
    Index("share_by_hour", "hour"),
    Index("share_by_session", "session"),
)

type Migration = Callable[[Connection], None]


def _create(connection: Connection) -> None:
    METADATA.create_all(connection)


def _add_costs(connection: Connection) -> None:
    # A file that was just created has them.
    known = {row.name for row in connection.execute(text("PRAGMA table_info(session)"))}
    for column in (SESSIONS.c.cost, SESSIONS.c.co2_g):
        if column.name not in known:
            connection.execute(text(f"ALTER TABLE session ADD COLUMN {column.name} FLOAT"))


def _add_windows(connection: Connection) -> None:
    WINDOW_RECORDS.create(connection, checkfirst=True)


def _add_shares(connection: Connection) -> None:
    SHARES.create(connection, checkfirst=True)


def _add_phases(connection: Connection) -> None:
    known = {row.name for row in connection.execute(text("PRAGMA table_info(member_record)"))}
    for column, kind in (
        (MEMBER_RECORDS.c.phases, "INTEGER"),
        (MEMBER_RECORDS.c.phase_veto, "VARCHAR"),
    ):
        if column.name not in known:
            connection.execute(text(f"ALTER TABLE member_record ADD COLUMN {column.name} {kind}"))


MIGRATIONS: Final[Sequence[Migration]] = (
    _create,
    _add_costs,
    _add_windows,
    _add_shares,
    _add_phases,
)
"""What leads from each version of the file to the next; an empty file is version 0."""


class NewerSchemaError(Exception):
    """The file was written by a newer version of the integration."""


def migrate(connection: Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring the file to the newest version, all or nothing.

    Raises:
        NewerSchemaError: The file is ahead of this version of the integration.
    """
    with connection.begin():
        version: int = connection.execute(text("PRAGMA user_version")).scalar_one()
        if version > len(migrations):
            raise NewerSchemaError(
                f"the journal has version {version}, this integration knows {len(migrations)}"
            )
        for step in migrations[version:]:
            step(connection)
        connection.execute(text(f"PRAGMA user_version = {len(migrations)}"))
