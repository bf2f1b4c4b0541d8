"""Every ceiling that is in force, whoever set it."""

from .pool.limits import Limit, LimitScope, LimitUnit
from .pool.members import CircuitId, MemberId
from .pool.reasons import ReasonKind
from .pool.sessions import Session
from .wishes import WishStore


class Ceilings:
    """Standing ceilings from the user's wishes, and those bound to a session."""

    def __init__(self, wishes: WishStore) -> None:
        self._wishes = wishes
        self._of_session: dict[MemberId, Limit] = {}

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

    def circuit_limit_a(self, circuit: CircuitId) -> float | None:
        """Return what the user lowered a circuit's fuse to, amps per phase."""
        return self._wishes.circuit_limits_a.get(circuit)

    def session_limit(self, member: MemberId) -> Limit | None:
        """Return the ceiling bound to a member's session."""
        return self._of_session.get(member)

    def bind(self, session: Session, unit: LimitUnit, value: float) -> None:
        """Set the ceiling of a session."""
        self._of_session[session.member] = Limit(
            id=f"session:{session.member}",
            source=ReasonKind.USER,
            value=value,
            unit=unit,
            member=session.member,
            session=session.id,
        )

    def release(self, member: MemberId) -> bool:
        """Lift the ceiling of a member's session; return whether there was one."""
        return self._of_session.pop(member, None) is not None

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
        limits += [limit for member, limit in self._of_session.items() if member in members]
        return limits
