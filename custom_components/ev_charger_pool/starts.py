"""Starting sessions by itself, where anyone may charge and the station waits to be told."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from .pool.members import MemberId, Mode
from .pool.sessions import Session
from .pool.states import ChargingStatus
from .snapshot import MemberView

BACK_OFF: Final = (timedelta(0), timedelta(seconds=30), timedelta(seconds=60))
"""How long after the attempt before each attempt is made; there are no more than these."""

LAST_HOPE: Final = timedelta(seconds=60)
"""How long after the last attempt its grant is kept for it."""


@dataclass(slots=True)
class _Attempts:
    session: str
    made: int = 0
    last_at: datetime | None = None


class SessionStarter:
    """Tells which sessions to start now: plugged in, granted something, and waiting for a word.

    Most stations that let anyone charge start by themselves; they never wait for authorization
    and are left alone.
    """

    def __init__(self) -> None:
        self._attempts: dict[MemberId, _Attempts] = {}
        self._withheld: dict[MemberId, str] = {}

    def withhold(self, member: MemberId, session: str) -> None:
        """Leave a session alone: a user stopped it."""
        self._withheld[member] = session

    def release(self, member: MemberId) -> None:
        """Take up a member's session again: a user started it."""
        self._withheld.pop(member, None)

    def hopes_for(self, member: MemberId, session: Session | None, now: datetime) -> bool:
        """Whether a session that waits for a word may still be given one."""
        if session is None or self._withheld.get(member) == session.id:
            return False
        attempts = self._attempts.get(member)
        if attempts is None or attempts.session != session.id or attempts.last_at is None:
            return True
        return attempts.made < len(BACK_OFF) or now < attempts.last_at + LAST_HOPE

    def is_due(self, member: MemberId, view: MemberView, now: datetime) -> bool:
        """Whether to start a member's session now; counts the attempt when it is."""
        session = view.session
        if session is None or not _waits(view) or not self.hopes_for(member, session, now):
            return False
        attempts = self._attempts.get(member)
        if attempts is None or attempts.session != session.id:
            attempts = self._attempts[member] = _Attempts(session.id)
        if attempts.made == len(BACK_OFF):
            return False
        if attempts.last_at is not None and now < attempts.last_at + BACK_OFF[attempts.made]:
            return False
        attempts.made += 1
        attempts.last_at = now
        return True


def _waits(view: MemberView) -> bool:
    return (
        view.connector is not None
        and view.connector.online
        and view.state.is_ev_connected
        and view.connector.charging is ChargingStatus.WAITING_FOR_AUTHORIZATION
        and view.wishes.mode is Mode.FAST
        and view.status is not None
        and view.status.granted_a > 0
    )
