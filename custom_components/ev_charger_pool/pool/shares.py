"""Who got what and why: time, energy and money of a connector, by what it did and what held it."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
import math
from typing import Final

from .members import CircuitId, MemberId
from .reasons import ReasonKind

HOUR: Final = timedelta(hours=1)
"""Shares are kept by the hour: a period begins at a full one."""


class Activity(StrEnum):
    """What a connector does, at any instant exactly one of these."""

    CHARGING = "charging"
    WAITING = "waiting"
    """Its car would charge, and is granted nothing."""

    RESTING = "resting"
    """A car is there and takes nothing, by its own will or by that of its user."""

    EMPTY = "empty"
    OUT_OF_ORDER = "out_of_order"
    """It is faulty, or nothing is heard of it."""

    UNSEEN = "unseen"
    """Nobody looked: Home Assistant did not run."""


class Period(StrEnum):
    """Over what time shares are told."""

    SESSION = "session"
    DAY = "day"
    WEEK = "week"


_LENGTHS: Final = {Period.DAY: timedelta(days=1), Period.WEEK: timedelta(days=7)}

TURN_REASONS: Final = frozenset({ReasonKind.TURN, ReasonKind.MINIMUM})
"""Who is paused by these waits for its turn: not everybody fits at the minimum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a connector does, and why it is not given more.

    Attributes:
        activity: What it does.
        reason: What limits it; None where nobody looked.
        circuit: The circuit that the reason points at; None where it points at none.
    """

    activity: Activity
    reason: ReasonKind | None = None
    circuit: CircuitId | None = None


UNSEEN: Final = Standing(activity=Activity.UNSEEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What was counted; the sum of tallies is the tally of all.

    Attributes:
        seconds: For how long.
        energy_wh: What the car took.
        granted_ah: What it was granted per phase while it charged or waited.
        wanted_ah: What it could have used per phase in that time.
        turns: How often it was let run.
        pauses: How often the pool paused it.
        cost: What the energy cost, in the site's currency; None: nobody knows of any of it.
        co2_g: What the energy emitted, likewise.
    """

    seconds: float = 0.0
    energy_wh: float = 0.0
    granted_ah: float = 0.0
    wanted_ah: float = 0.0
    turns: int = 0
    pauses: int = 0
    cost: float | None = None
    co2_g: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareKey:
    """What is counted apart: one standing of one connector in one hour of one session.

    Attributes:
        member: The connector.
        hour: When the hour begins, aware UTC.
        session: The session; None without a car.
        standing: What it did and why.
    """

    member: MemberId
    hour: datetime
    session: str | None
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareRecord:
    """What the journal keeps of a standing in an hour; the newest replaces those before."""

    key: ShareKey
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What came of one standing."""

    standing: Standing
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSum:
    """What was counted of a session that goes on, when it was last written down.

    Attributes:
        session: Its id.
        waited_seconds: How long it waited.
        total: Everything.
    """

    session: str
    waited_seconds: float
    total: Tally


@dataclass(frozen=True, kw_only=True)
class Shares:
    """What a connector got in a time, and why; the times of its parts add up to that time.

    Attributes:
        member: The connector.
        since: From when, aware UTC.
        until: To when, aware UTC.
        parts: What came of each standing, the longest first.
    """

    member: MemberId
    since: datetime
    until: datetime
    parts: tuple[Part, ...]

    @cached_property
    def total(self) -> Tally:
        """Everything together."""
        return add(part.tally for part in self.parts)

    @cached_property
    def waiting_for_turn_seconds(self) -> float:
        """How long it waited because not everybody fitted at the minimum."""
        return math.fsum(
            part.tally.seconds
            for part in self.parts
            if part.standing.activity is Activity.WAITING and part.standing.reason in TURN_REASONS
        )

    @property
    def given_share(self) -> float | None:
        """What it was granted of what it could have used, 0 to 1; None: it wanted nothing."""
        wanted_ah = self.total.wanted_ah
        return self.total.granted_ah / wanted_ah if wanted_ah > 0.0 else None

    def seconds(self, activity: Activity) -> float:
        """Return for how long it did something."""
        return math.fsum(
            part.tally.seconds for part in self.parts if part.standing.activity is activity
        )


def period_start(period: Period, now: datetime) -> datetime | None:
    """Return the full hour at which a period begins; None: each session begins by itself.

    A day is from 24 to 25 hours, so that no hour is cut.
    """
    length = _LENGTHS.get(period)
    return None if length is None else hour_of(now - length)


def hour_of(at: datetime) -> datetime:
    """Return the hour that a time, aware UTC, is in."""
    return at.replace(minute=0, second=0, microsecond=0)


def shares(member: MemberId, since: datetime, until: datetime, parts: Iterable[Part]) -> Shares:
    """Return what a connector got; time that no part tells of was seen by nobody."""
    counted: dict[Standing, list[Tally]] = {}
    for part in parts:
        counted.setdefault(part.standing, []).append(part.tally)
    known = math.fsum(tally.seconds for tallies in counted.values() for tally in tallies)
    missing = (until - since).total_seconds() - known
    if missing > 0.0:
        counted.setdefault(UNSEEN, []).append(Tally(seconds=missing))
    found = [Part(standing=standing, tally=add(tallies)) for standing, tallies in counted.items()]
    found.sort(key=lambda part: part.tally.seconds, reverse=True)
    return Shares(member=member, since=since, until=until, parts=tuple(found))


def add(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of tallies."""
    sums = TallySum()
    for tally in tallies:
        sums.add(tally)
    return sums.tally()


class TallySum:
    """A tally that grows."""

    __slots__ = tuple(field.name for field in fields(Tally))

    seconds: float
    energy_wh: float
    granted_ah: float
    wanted_ah: float
    turns: int
    pauses: int
    cost: float | None
    co2_g: float | None

    def __init__(self, first: Tally = Tally()) -> None:
        for field in fields(Tally):
            setattr(self, field.name, getattr(first, field.name))

    def add(self, tally: Tally) -> None:
        """Add a tally."""
        self.seconds += tally.seconds
        self.energy_wh += tally.energy_wh
        self.granted_ah += tally.granted_ah
        self.wanted_ah += tally.wanted_ah
        self.turns += tally.turns
        self.pauses += tally.pauses
        self.cost = _plus(self.cost, tally.cost)
        self.co2_g = _plus(self.co2_g, tally.co2_g)

    def tally(self) -> Tally:
        """Return what it has grown to."""
        return Tally(
            seconds=self.seconds,
            energy_wh=self.energy_wh,
            granted_ah=self.granted_ah,
            wanted_ah=self.wanted_ah,
            turns=self.turns,
            pauses=self.pauses,
            cost=self.cost,
            co2_g=self.co2_g,
        )


def _plus(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other
