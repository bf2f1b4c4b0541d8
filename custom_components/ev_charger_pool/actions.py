"""Limit actions: each command to a device from its request to its end, kept in the journal."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from .listeners import Callbacks, Unsubscribe
from .pool.actions import ActionKind, ActionStatus, LimitAction
from .pool.limits import LimitUnit
from .pool.members import MemberId
from .pool.sessions import Session

INTERRUPTED: Final = "interrupted"
"""The error of an action that nobody waits for any more, as after a kill."""


class LimitActions:
    """The newest limit action of each member, and the life cycle of all."""

    def __init__(self, keep: Callable[[LimitAction], object], new_id: Callable[[], str]) -> None:
        """Begin without any.

        Args:
            keep: Writes an action to the journal.
            new_id: Makes an id for a new action.
        """
        self._keep = keep
        self._new_id = new_id
        self._last: dict[MemberId, LimitAction] = {}
        self._callbacks = Callbacks[[LimitAction]]()

    def add_listener(self, callback: Callable[[LimitAction], None]) -> Unsubscribe:
        """Have a function called with each change of an action."""
        return self._callbacks.add(callback)

    def last(self, member: MemberId) -> LimitAction | None:
        """Return the newest action of a member."""
        return self._last.get(member)

    def restore(
        self, kept: Iterable[LimitAction], sessions: Iterable[Session], at: datetime
    ) -> list[tuple[Session, LimitAction]]:
        """Take what the journal kept, oldest first.

        Returns:
            For each session that resumes, the action that set the ceiling it has: the newest
            one that was completed, unless that cleared it.
        """
        completed: dict[MemberId, LimitAction] = {}
        for action in kept:
            ended = action
            if action.status is ActionStatus.REQUESTED:
                ended = self._change(action, ActionStatus.FAILED, INTERRUPTED, at)
            elif action.status is ActionStatus.COMPLETED:
                completed[action.member] = action
            self._last[action.member] = ended
        return [
            (session, newest)
            for session in sessions
            if (newest := completed.get(session.member)) is not None
            and newest.kind is ActionKind.SET
            and newest.requested_at >= session.started_at
        ]

    def request(
        self,
        member: MemberId,
        kind: ActionKind,
        unit: LimitUnit,
        value: float | None,
        at: datetime,
    ) -> LimitAction:
        """Begin an action."""
        action = LimitAction(
            id=self._new_id(),
            member=member,
            kind=kind,
            unit=unit,
            value=value,
            status=ActionStatus.REQUESTED,
            requested_at=at,
        )
        return self._tell(action)

    def finish(self, action: LimitAction, error: str | None, at: datetime) -> LimitAction:
        """End an action: completed without an error, failed with one."""
        status = ActionStatus.COMPLETED if error is None else ActionStatus.FAILED
        return self._change(action, status, error, at)

    def _change(
        self, action: LimitAction, status: ActionStatus, error: str | None, at: datetime
    ) -> LimitAction:
        return self._tell(replace(action, status=status, error=error, ended_at=at))

    def _tell(self, action: LimitAction) -> LimitAction:
        newest = self._last.get(action.member)
        if newest is None or newest.requested_at <= action.requested_at:
            self._last[action.member] = action
        self._keep(action)
        self._callbacks.call(action)
        return action


def event_data(action: LimitAction, site: str) -> dict[str, object]:
    """Return what the bus is told of an action.

    Args:
        action: The action.
        site: The id of the site's entry.
    """
    return {
        "action_id": action.id,
        "site": site,
        "member": action.member,
        "kind": action.kind,
        "unit": action.unit,
        "value": action.value,
        "status": action.status,
        "error": action.error,
    }
