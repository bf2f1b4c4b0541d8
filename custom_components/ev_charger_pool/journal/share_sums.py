"""Sums of shares, made by the database: there are many rows, and few sums of them."""

from collections.abc import Sequence
from datetime import datetime
import logging
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, case, func, select

from ..pool.members import MemberId
from ..pool.shares import Activity, Part, SessionSum, Tally
from .rows import share_part
from .schema import SHARES

_LOGGER = logging.getLogger(__name__)

type MemberParts = dict[MemberId, list[Part]]

_STANDING: Final = (SHARES.c.activity, SHARES.c.reason, SHARES.c.circuit)
_SUMMED: Final = (
    SHARES.c.seconds,
    SHARES.c.energy_wh,
    SHARES.c.granted_ah,
    SHARES.c.wanted_ah,
    SHARES.c.turns,
    SHARES.c.pauses,
    SHARES.c.cost,
    SHARES.c.co2_g,
)


def shares_in(connection: Connection, since: datetime, until: datetime) -> MemberParts:
    """Return what came of each standing of each member in the hours from one time to another."""
    return _parts(connection, SHARES.c.hour.between(since, until))


def shares_of(connection: Connection, sessions: Sequence[str]) -> MemberParts:
    """Return what came of each standing of the members that the sessions took place at."""
    return _parts(connection, SHARES.c.session.in_(sessions))


def session_sums(connection: Connection, sessions: Sequence[str]) -> list[SessionSum]:
    """Return what was counted of each of the sessions so far."""
    waited = case((SHARES.c.activity == Activity.WAITING.value, SHARES.c.seconds), else_=0.0)
    statement = (
        select(
            SHARES.c.session,
            func.sum(waited).label("waited_seconds"),
            *_sums(SHARES.c.energy_wh, SHARES.c.cost, SHARES.c.co2_g),
        )
        .where(SHARES.c.session.in_(sessions))
        .group_by(SHARES.c.session)
    )
    return [
        SessionSum(
            session=row["session"],
            waited_seconds=row["waited_seconds"],
            total=Tally(energy_wh=row["energy_wh"], cost=row["cost"], co2_g=row["co2_g"]),
        )
        for row in connection.execute(statement).mappings()
    ]


def _parts(connection: Connection, where: ColumnElement[bool]) -> MemberParts:
    statement: Select[Any] = (
        select(SHARES.c.member, *_STANDING, *_sums(*_SUMMED))
        .where(where)
        .group_by(SHARES.c.member, *_STANDING)
    )
    found: MemberParts = {}
    for row in connection.execute(statement).mappings():
        try:
            part = share_part({str(name): value for name, value in row.items()})
        except ValueError as error:
            _LOGGER.warning("Leaving out shares of the journal: %s (%s)", error, dict(row))
            continue
        found.setdefault(row["member"], []).append(part)
    return found


def _sums(*columns: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    return [func.sum(column).label(column.key) for column in columns]
