"""Books what each connector does and gets, from one look at it to the next."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from .members import MemberId
from .sessions import Session
from .shares import (
    HOUR,
    UNSEEN,
    Activity,
    SessionSum,
    ShareKey,
    ShareRecord,
    Standing,
    Tally,
    TallySum,
    hour_of,
)

LONGEST_STEP: Final = timedelta(seconds=60)
"""Decisions come each second: what lies further apart than this was not looked at."""

_SECONDS_PER_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What was seen of a connector at an instant.

    Attributes:
        member: The connector.
        at: When, aware UTC.
        session: The session that runs; None without a car.
        standing: What it does and why.
        granted_a: What it is granted per phase.
        wanted_a: What it could use per phase; 0 when it neither charges nor waits.
    """

    member: MemberId
    at: datetime
    session: Session | None
    standing: Standing
    granted_a: float
    wanted_a: float

    @property
    def session_id(self) -> str | None:
        """The id of the session that runs."""
        return None if self.session is None else self.session.id


class Accounts:
    """The accounts of a site's connectors, as far as they still change.

    Time between two looks is booked on what was seen at the first. Energy, cost and emissions are
    booked as the session counts them, so that they add up to the register of the device whatever
    was or was not seen; a register that is told late counts for when the car charged last, and what
    came in while nobody looked, or nothing was heard, is booked as unseen.
    """

    def __init__(
        self, kept: Iterable[ShareRecord] = (), open_sums: Iterable[SessionSum] = ()
    ) -> None:
        """Open the accounts.

        Args:
            kept: What was written down of the newest hour.
            open_sums: What was written down of the sessions that go on.
        """
        self._sums: dict[ShareKey, TallySum] = {
            record.key: TallySum(record.tally) for record in kept
        }
        self._changed: set[ShareKey] = set()
        self._seen: dict[MemberId, Sight] = {}
        self._counted: dict[str, Tally] = {}
        self._waited_seconds: dict[str, float] = {}
        self._charged: dict[str, Standing] = {}
        for known in open_sums:
            self._counted[known.session] = known.total
            self._waited_seconds[known.session] = known.waited_seconds

    def see(self, sight: Sight) -> None:
        """Book what happened since the connector was last seen."""
        before = self._seen.get(sight.member)
        self._seen[sight.member] = sight
        is_near = before is not None and timedelta() <= sight.at - before.at <= LONGEST_STEP
        if before is not None and is_near:
            self._pass_time(before, sight.at)
        if before is not None:
            self._note_change(before, sight)
        if sight.session is not None:
            goes_on = before is not None and before.session_id == sight.session.id
            seen = (before if before is not None and goes_on else sight).standing
            is_heard = is_near and seen.activity is not Activity.OUT_OF_ORDER
            self._count(sight.session, sight.at, seen if is_heard else None)
            if sight.standing.activity is Activity.CHARGING:
                self._charged[sight.session.id] = sight.standing

    def close(self, session: Session) -> None:
        """Book what a session that has ended counted last."""
        last = self._seen.get(session.member)
        at = session.ended_at or session.started_at
        standing = None if last is None or last.session_id != session.id else last.standing
        self._count(session, at, standing)
        for known in (self._counted, self._waited_seconds, self._charged):
            known.pop(session.id, None)

    def waited(self, session: str) -> timedelta:
        """Return how long a session that goes on has waited so far."""
        return timedelta(seconds=self._waited_seconds.get(session, 0.0))

    def forget(self, members: Iterable[MemberId]) -> None:
        """Drop the accounts of members that are gone."""
        gone = set(members)
        for member in gone:
            self._seen.pop(member, None)
        for key in [key for key in self._sums if key.member in gone]:
            del self._sums[key]
        self._changed = {key for key in self._changed if key.member not in gone}

    def take_changed(self, now: datetime) -> list[ShareRecord]:
        """Return what is to be written down; hours that are over change no more after that."""
        changed = [ShareRecord(key=key, tally=self._sums[key].tally()) for key in self._changed]
        self._changed.clear()
        oldest = hour_of(now) - HOUR
        for key in [key for key in self._sums if key.hour < oldest]:
            del self._sums[key]
        return changed

    def _pass_time(self, before: Sight, until: datetime) -> None:
        for hour, seconds in _by_hour(before.at, until):
            hours = seconds / _SECONDS_PER_HOUR
            wants = before.standing.activity in {Activity.CHARGING, Activity.WAITING}
            self._book(
                ShareKey(
                    member=before.member,
                    hour=hour,
                    session=before.session_id,
                    standing=before.standing,
                ),
                Tally(
                    seconds=seconds,
                    granted_ah=before.granted_a * hours if wants else 0.0,
                    wanted_ah=before.wanted_a * hours if wants else 0.0,
                ),
            )
            if before.session is not None and before.standing.activity is Activity.WAITING:
                waited = self._waited_seconds.get(before.session.id, 0.0)
                self._waited_seconds[before.session.id] = waited + seconds

    def _note_change(self, before: Sight, after: Sight) -> None:
        goes_on = before.session_id == after.session_id
        ran, runs = goes_on and before.granted_a > 0.0, after.granted_a > 0.0
        if after.session is None or ran == runs:
            return
        if runs:
            change = Tally(turns=1)
        elif after.standing.activity is Activity.WAITING:
            change = Tally(pauses=1)
        else:
            return
        self._book(
            ShareKey(
                member=after.member,
                hour=hour_of(after.at),
                session=after.session.id,
                standing=after.standing,
            ),
            change,
        )

    def _count(self, session: Session, at: datetime, seen: Standing | None) -> None:
        """Book what a session counted beyond what is booked of it, on when it charged last.

        Args:
            session: The session.
            at: When it was counted.
            seen: What it did until then; None: nobody knows.
        """
        standing = UNSEEN if seen is None else self._charged.get(session.id, seen)
        booked = self._counted.get(session.id, Tally())
        grown = Tally(
            energy_wh=max(0.0, session.energy_wh - booked.energy_wh),
            cost=_grown(booked.cost, session.cost),
            co2_g=_grown(booked.co2_g, session.co2_g),
        )
        self._counted[session.id] = Tally(
            energy_wh=session.energy_wh, cost=session.cost, co2_g=session.co2_g
        )
        if grown != Tally():
            self._book(
                ShareKey(
                    member=session.member,
                    hour=hour_of(at),
                    session=session.id,
                    standing=standing,
                ),
                grown,
            )

    def _book(self, key: ShareKey, tally: Tally) -> None:
        if (known := self._sums.get(key)) is None:
            self._sums[key] = TallySum(tally)
        else:
            known.add(tally)
        self._changed.add(key)


def _grown(before: float | None, after: float | None) -> float | None:
    if after is None or after == before:
        return None
    return after - (before or 0.0)


def _by_hour(since: datetime, until: datetime) -> Iterator[tuple[datetime, float]]:
    """Yield the hours that a time is in, with the seconds in each."""
    while since < until:
        hour = hour_of(since)
        end = min(until, hour + HOUR)
        yield hour, (end - since).total_seconds()
        since = end
