"""Every ceiling that is in force, whoever set it."""

from dataclasses import dataclass

from .pool.actions import ActionStatus, LimitAction
from .pool.limits import Limit, LimitScope, LimitUnit
from .pool.members import CircuitId, MemberId
from .pool.reasons import ReasonKind
from .pool.sessions import Session
from .wishes import WishStore


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The ceiling that an action asked for; None: that there is none."""

    action: str
    limit: Limit | None


class Ceilings:
    """Standing ceilings from the user's wishes, and those bound to a session.

    Of a session the newest action counts from its request on, so that the device is told. An
    action that fails leaves everything as it was before: the one before it counts again.
    """

    def __init__(self, wishes: WishStore) -> None:
        self._wishes = wishes
        self._of_session: dict[MemberId, list[_Asked]] = {}
        self.contracted: list[Limit] = []
        """What is contracted now for circuits whose limit changes with time."""

    def user_limit(self, member: MemberId) -> Limit | None:
        """Return the user's standing ceiling of a member."""
        value = self._wishes.of(member).user_limit_a
        if value is None:
            return None
        return Limit(
            id=f"user:{member}",
            source=ReasonKind.USER,
            value=value,
            unit=LimitUnit.CURRENT,
            member=member,
        )

    def session_limit(self, member: MemberId) -> Limit | None:
        """Return the ceiling bound to a member's session."""
        asked = self._of_session.get(member)
        return asked[-1].limit if asked else None

    def ask(self, session: Session, action: LimitAction) -> None:
        """Have an action count from now on: it sets or clears the ceiling of a session."""
        limit = None
        if action.value is not None:
            limit = Limit(
                id=f"session:{session.member}",
                source=ReasonKind.USER,
                value=action.value,
                unit=action.unit,
                member=session.member,
                session=session.id,
            )
        asked = self._of_session.setdefault(session.member, [])
        asked.append(_Asked(action=action.id, limit=limit))

    def settle(self, action: LimitAction) -> bool:
        """Take how an action ended; return whether another ceiling is in force than before."""
        before = self.session_limit(action.member)
        asked = self._of_session.get(action.member, [])
        for position, one in enumerate(asked):
            if one.action == action.id:
                if action.status is ActionStatus.COMPLETED:
                    del asked[:position]
                else:
                    del asked[position]
                break
        return self.session_limit(action.member) != before

    def release(self, member: MemberId) -> bool:
        """Forget what was asked of a member's session; return whether there was a ceiling."""
        had = self.session_limit(member) is not None
        self._of_session.pop(member, None)
        return had

    def in_force(self, members: set[MemberId], circuits: set[CircuitId]) -> list[Limit]:
        """Return every ceiling of the given members and circuits, as the controller is told."""
        limits = [
            limit for member in sorted(members) if (limit := self.user_limit(member)) is not None
        ]
        limits += [
            Limit(
                id=f"user:{circuit}",
                source=ReasonKind.USER,
                value=value,
                unit=LimitUnit.CURRENT,
                circuit=circuit,
                scope=LimitScope.CONNECTION,
            )
            for circuit, value in sorted(self._wishes.circuit_limits_a.items())
            if circuit in circuits
        ]
        limits += [limit for limit in self.contracted if limit.circuit in circuits]
        limits += [
            limit
            for member in self._of_session
            if member in members and (limit := self.session_limit(member)) is not None
        ]
        return limits
