"""Which vehicle is plugged in: told by a user, by its card, by itself, or by habit."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from .members import MemberId
from .sessions import Session
from .vehicles import VehicleId

TOLD_BEFORE: Final = timedelta(minutes=5)
TOLD_AFTER: Final = timedelta(minutes=15)
"""A car tells through its maker that it was plugged in: late, or with a clock that is ahead."""


class Evidence(StrEnum):
    """Why a vehicle is taken for the one that is plugged in."""

    CHOSEN = "chosen"
    TAG = "tag"
    VEHICLE = "vehicle"
    HABIT = "habit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """How a vehicle is recognised.

    Attributes:
        vehicle: Which.
        tags: The numbers of the cards or of the car itself that it starts a session with.
        home: The connector where it usually stands; None for none.
        is_plugged: What the car itself says; None: it does not.
        plugged_changed_at: When it began to say so.
    """

    vehicle: VehicleId
    tags: frozenset[str] = frozenset()
    home: MemberId | None = None
    is_plugged: bool | None = None
    plugged_changed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """Who is plugged in; without a vehicle it is a guest whom a user told of."""

    vehicle: VehicleId | None
    by: Evidence


def recognise(
    sessions: Collection[Session],
    vehicles: Sequence[Traits],
    chosen: Mapping[str, VehicleId | None],
    now: datetime,
) -> dict[MemberId, Recognised]:
    """Return which vehicle is plugged in where; nobody is recognised at other connectors.

    What a user chose goes first, then a card, then a car that says that it was plugged in when a
    session began, then where a car usually stands. A car is at one place only, and evidence that
    fits two cars or two sessions is none.

    Args:
        sessions: Those that run.
        vehicles: Whom there is to recognise.
        chosen: By session, what a user chose; None for a guest.
        now: The time, aware UTC.
    """
    known = {traits.vehicle for traits in vehicles}
    found: dict[MemberId, Recognised] = {}
    taken: set[VehicleId] = set()
    for session in sorted(sessions, key=lambda one: (one.started_at, one.id)):
        if session.id not in chosen:
            continue
        choice = chosen[session.id]
        if choice is None or (choice in known and choice not in taken):
            found[session.member] = Recognised(vehicle=choice, by=Evidence.CHOSEN)
            taken |= {choice} if choice is not None else set()
    for evidence, fits in _RULES:
        pairs = [
            (session, traits)
            for session in sessions
            if session.member not in found
            for traits in vehicles
            if traits.vehicle not in taken and fits(traits, session, now)
        ]
        for session, traits in pairs:
            rivals = [pair for pair in pairs if (pair[0] is session) is not (pair[1] is traits)]
            if not rivals:
                found[session.member] = Recognised(vehicle=traits.vehicle, by=evidence)
                taken.add(traits.vehicle)
    return found


def _by_tag(traits: Traits, session: Session, _: datetime) -> bool:
    return session.token is not None and session.token.casefold() in {
        tag.casefold() for tag in traits.tags
    }


def _by_itself(traits: Traits, session: Session, _: datetime) -> bool:
    changed_at = traits.plugged_changed_at
    return (
        traits.is_plugged is True
        and changed_at is not None
        and session.started_at - TOLD_BEFORE <= changed_at <= session.started_at + TOLD_AFTER
    )


def _by_habit(traits: Traits, session: Session, now: datetime) -> bool:
    # A car that still says that it is unplugged is not the one that is plugged in.
    is_elsewhere = traits.is_plugged is False and now - session.started_at > TOLD_AFTER
    return traits.home == session.member and not is_elsewhere


_RULES: Final = (
    (Evidence.TAG, _by_tag),
    (Evidence.VEHICLE, _by_itself),
    (Evidence.HABIT, _by_habit),
)
