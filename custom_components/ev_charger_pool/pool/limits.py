"""Ceilings that somebody set, whoever it was."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .members import CircuitId, MemberId
from .reasons import ReasonKind


class LimitUnit(StrEnum):
    """The unit of a limit: amps per phase, or watts over all phases."""

    CURRENT = "current"
    POWER = "power"


class LimitScope(StrEnum):
    """What a circuit's limit binds (SR-15)."""

    MEMBERS = "members"
    """Its members together, whatever else flows through it."""

    CONNECTION = "connection"
    """All that flows through it, as its fuse does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A ceiling; the effective one is the minimum of all that are active (I6).

    Attributes:
        id: Unique within the site; setting the same id again replaces it.
        source: Which kind of reason it is shown as: user, charger, vehicle, demand response...
        value: Amps per phase or watts, at least 0.
        unit: Which of the two.
        member: The member it binds; None when it binds a circuit.
        circuit: The circuit that it binds, as `scope` says; None when it binds one member.
        scope: For a circuit: whether it binds the members together (of the root circuit: the
            pool) or all that flows through the circuit.
        mandatory: Binds users, defaults and restarts alike.
        session: Bound to this session: gone when it ends; None for a standing limit.
        expires_at: When it ends by itself, aware UTC.
    """

    id: str
    source: ReasonKind
    value: float
    unit: LimitUnit
    member: MemberId | None = None
    circuit: CircuitId | None = None
    scope: LimitScope = LimitScope.MEMBERS
    mandatory: bool = False
    session: str | None = None
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        """Check the limit.

        Raises:
            ValueError: The value is negative or not a number, or the limit does not bind
                exactly one of a member and a circuit.
        """
        if not 0.0 <= self.value < float("inf"):
            message = f"a limit is a number of at least 0, not {self.value}"
            raise ValueError(message)
        if (self.member is None) == (self.circuit is None):
            message = f"limit {self.id} has to bind either a member or a circuit"
            raise ValueError(message)

    def is_active(self, now: datetime) -> bool:
        """Whether it has not ended by itself."""
        return self.expires_at is None or now < self.expires_at
