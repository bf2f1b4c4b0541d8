"""Records as rows of the journal, and back."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
import logging
from typing import Any

from sqlalchemy import RowMapping, Table

from ..pool.actions import ActionKind, ActionStatus, LimitAction
from ..pool.circuits import CircuitRecord, WindowRecord
from ..pool.limits import LimitUnit
from ..pool.members import MemberRecord, PhaseVeto
from ..pool.quantities import PerPhase
from ..pool.reasons import ReasonKind
from ..pool.sessions import Session
from ..pool.shares import Activity, Part, ShareKey, ShareRecord, Standing, Tally
from .schema import (
    CIRCUIT_RECORDS,
    LIMIT_ACTIONS,
    MEMBER_RECORDS,
    SESSIONS,
    SHARES,
    WINDOW_RECORDS,
)

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Forget:
    """The wish to drop what the ledger kept of a member or circuit that is gone."""

    subject: str


type Record = MemberRecord | CircuitRecord | WindowRecord | LimitAction | Session | ShareRecord
type Entry = Record | Forget

type Key = tuple[str, ...]


def key_of(entry: Entry) -> Key:
    """Return what tells one entry from another; of the same key only the newest counts."""
    match entry:
        case MemberRecord():
            return (MEMBER_RECORDS.name, entry.member)
        case CircuitRecord():
            return (CIRCUIT_RECORDS.name, entry.circuit, entry.day.isoformat())
        case WindowRecord():
            return (WINDOW_RECORDS.name, entry.circuit)
        case LimitAction():
            return (LIMIT_ACTIONS.name, entry.id)
        case Session():
            return (SESSIONS.name, entry.id)
        case ShareRecord():
            return (SHARES.name, *(str(part) for part in _share_key(entry.key).values()))
        case Forget():
            return ("forget", entry.subject)


def row_of(record: Record) -> tuple[Table, Mapping[str, object]]:
    """Return the table and the row of a record."""
    match record:
        case MemberRecord():
            return MEMBER_RECORDS, asdict(record)
        case CircuitRecord():
            amps = record.other_load_max_a
            return CIRCUIT_RECORDS, {
                "circuit": record.circuit,
                "day": record.day,
                "l1_a": amps.l1,
                "l2_a": amps.l2,
                "l3_a": amps.l3,
            }
        case WindowRecord():
            return WINDOW_RECORDS, asdict(record)
        case LimitAction():
            return LIMIT_ACTIONS, asdict(record)
        case Session():
            return SESSIONS, asdict(record)
        case ShareRecord():
            return SHARES, {**_share_key(record.key), **asdict(record.tally)}


def member_record(row: Mapping[str, Any]) -> MemberRecord:
    """Return a member's record from its row."""
    veto = row["phase_veto"]
    known = veto in tuple(PhaseVeto)
    return MemberRecord(**{**row, "phase_veto": PhaseVeto(veto) if known else None})


def circuit_record(row: Mapping[str, Any]) -> CircuitRecord:
    """Return a circuit's record from its row."""
    return CircuitRecord(
        circuit=row["circuit"],
        day=row["day"],
        other_load_max_a=PerPhase(row["l1_a"], row["l2_a"], row["l3_a"]),
    )


def window_record(row: Mapping[str, Any]) -> WindowRecord:
    """Return what is known of a window from its row."""
    return WindowRecord(**row)


def limit_action(row: Mapping[str, Any]) -> LimitAction:
    """Return a limit action from its row.

    Raises:
        ValueError: It holds a word that this version does not know.
    """
    return LimitAction(
        **{
            **row,
            "kind": ActionKind(row["kind"]),
            "unit": LimitUnit(row["unit"]),
            "status": ActionStatus(row["status"]),
        }
    )


def session(row: Mapping[str, Any]) -> Session:
    """Return a session from its row."""
    return Session(**row)


def share_record(row: Mapping[str, Any]) -> ShareRecord:
    """Return a share from its row.

    Raises:
        ValueError: It holds a word that this version does not know.
    """
    part = share_part(row)
    key = ShareKey(
        member=row["member"],
        hour=row["hour"],
        session=row["session"] or None,
        standing=part.standing,
    )
    return ShareRecord(key=key, tally=part.tally)


def share_part(row: Mapping[str, Any]) -> Part:
    """Return what came of a standing, from its row or from a sum of rows.

    Raises:
        ValueError: It holds a word that this version does not know.
    """
    return Part(
        standing=Standing(
            activity=Activity(row["activity"]),
            reason=ReasonKind(row["reason"]) if row["reason"] else None,
            circuit=row["circuit"] or None,
        ),
        tally=Tally(**{field.name: row[field.name] for field in fields(Tally)}),
    )


def _share_key(key: ShareKey) -> Mapping[str, object]:
    return {
        "member": key.member,
        "hour": key.hour,
        "session": key.session or "",
        "activity": key.standing.activity.value,
        "reason": "" if key.standing.reason is None else key.standing.reason.value,
        "circuit": key.standing.circuit or "",
    }


def read_all[T](rows: Iterable[RowMapping], reader: Callable[[Mapping[str, Any]], T]) -> list[T]:
    """Read rows; one that cannot be understood costs itself only."""
    records = []
    for row in rows:
        try:
            records.append(reader({str(name): value for name, value in row.items()}))
        except ValueError as error:
            _LOGGER.warning("Leaving out a row of the journal: %s (%s)", error, dict(row))
    return records
