"""The life cycle of a command to a device."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .limits import LimitUnit
from .members import MemberId


class ActionResult(StrEnum):
    """How a device answered."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NOT_SUPPORTED = "not_supported"
    TIMED_OUT = "timed_out"
    OFFLINE = "offline"
    FAILED = "failed"

    @property
    def is_success(self) -> bool:
        """Whether the device took it."""
        return self is ActionResult.ACCEPTED


class ActionKind(StrEnum):
    """What was asked."""

    SET = "set"
    CLEAR = "clear"


class ActionStatus(StrEnum):
    """Where a limit action stands."""

    REQUESTED = "requested"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitAction:
    """One command to a device, kept in the journal.

    `completed` means that the device accepted it; whether the car followed is measured and
    shown apart. `failed` means that the ceiling is the one from before the action.

    Attributes:
        id: Unique, for example a ULID.
        member: Whose limit it is.
        kind: Set or clear.
        unit: Amps per phase or watts.
        value: In that unit; None for clear.
        status: Requested, completed or failed.
        error: Why it failed; None otherwise. A timeout is a failure with that reason.
        requested_at: When it was asked, aware UTC.
        ended_at: When it was completed or failed.
    """

    id: str
    member: MemberId
    kind: ActionKind
    unit: LimitUnit
    value: float | None
    status: ActionStatus
    error: str | None = None
    requested_at: datetime
    ended_at: datetime | None = None
