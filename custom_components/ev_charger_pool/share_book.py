"""Keeps the accounts of a site: who got what and why, seen in its pictures, kept in its journal."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from .errors import ErrorKey, failed
from .journal import Journal, Kept
from .pool.accounts import Accounts, Sight
from .pool.limits import LimitUnit
from .pool.members import MemberId, MemberKind
from .pool.plans import PlanState
from .pool.reasons import OF_CIRCUIT, ReasonKind
from .pool.sessions import Session
from .pool.shares import Activity, Period, Shares, Standing, period_start, shares
from .pool.states import ChargingStatus, ConnectorState
from .snapshot import MemberView

KEEP_EVERY: Final = timedelta(seconds=60)
"""How often what changed is written down: a kill costs no more than this."""

LOOK_EVERY: Final = timedelta(seconds=1)
"""Apart from the decisions, so that no decision ever waits or fails for the accounts."""

ANSWER_WITHIN: Final = timedelta(seconds=10)
"""A journal that does not answer in time is failing, and a repair tells so."""

_WAITED_STEP_S: Final = 60

_OWN_WILL: Final = frozenset(
    {
        ReasonKind.USER,
        ReasonKind.VEHICLE,
        ReasonKind.CABLE,
        ReasonKind.CHARGER,
        ReasonKind.ASLEEP,
        ReasonKind.NOT_CONNECTED,
        ReasonKind.FAULT,
        ReasonKind.OFFLINE,
    }
)
"""Who is granted nothing for one of these is not kept waiting by the pool."""

_AT_MOST: Final = frozenset({ReasonKind.VEHICLE, ReasonKind.CABLE, ReasonKind.CHARGER})
"""Who is limited by one of these is granted all that it could use."""


class ShareBook:
    """The accounts of one site's connectors."""

    def __init__(self, journal: Journal, kept: Kept) -> None:
        """Go on with what was written down."""
        self._journal = journal
        self._accounts = Accounts(kept.shares, kept.session_sums)
        self._kept_at: datetime | None = None

    def see(self, views: Iterable[MemberView], at: datetime) -> None:
        """Book what connectors did since they were last seen; write it down now and then."""
        for view in views:
            if view.settings.kind is MemberKind.CONNECTOR:
                self._accounts.see(sight(view, at))
        if self._kept_at is None or not timedelta() <= at - self._kept_at < KEEP_EVERY:
            self.keep(at)

    def close_session(self, session: Session) -> None:
        """Book the last of a session that has ended, and write it down with it."""
        self._accounts.close(session)
        self.keep(session.ended_at or session.started_at)

    def waited(self, session: Session | None) -> timedelta:
        """Return how long a session that goes on has waited, in whole minutes."""
        if session is None:
            return timedelta()
        seconds = self._accounts.waited(session.id).total_seconds()
        return timedelta(seconds=seconds // _WAITED_STEP_S * _WAITED_STEP_S)

    def forget(self, subjects: Iterable[str]) -> None:
        """Drop the accounts of members that are gone."""
        self._accounts.forget(subjects)

    def keep(self, at: datetime) -> asyncio.Future[None] | None:
        """Write down what changed; the answer is done once it is on the disk, None: nothing."""
        self._kept_at = at
        changed = self._accounts.take_changed(at)
        return self._journal.write(*changed) if changed else None

    async def async_shares(
        self, period: Period, views: Iterable[MemberView], now: datetime
    ) -> Mapping[MemberId, Shares]:
        """Return what each connector got in a period, up to now.

        Args:
            period: Over what time. Of a connector without a session there is nothing to tell of
                one, so that it is left out.
            views: Everything about each member.
            now: The time, aware UTC.

        Raises:
            HomeAssistantError: The journal does not answer.
        """
        connectors = [view for view in views if view.settings.kind is MemberKind.CONNECTOR]
        sessions = [view.session for view in connectors if view.session is not None]
        since = period_start(period, now)
        try:
            async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
                if (kept := self.keep(now)) is not None:
                    await asyncio.shield(kept)
                if since is None:
                    parts = await self._journal.async_shares_of(*(one.id for one in sessions))
                else:
                    parts = await self._journal.async_shares(since, now)
        except (TimeoutError, SQLAlchemyError) as error:
            raise failed(ErrorKey.SHARES_UNAVAILABLE, error=str(error) or "timeout") from error
        begun = (
            {session.member: session.started_at for session in sessions}
            if since is None
            else {view.settings.member: since for view in connectors}
        )
        return {
            member: shares(member, start, now, parts.get(member, ()))
            for member, start in begun.items()
        }


def sight(view: MemberView, at: datetime) -> Sight:
    """Return what is seen of a connector in a picture."""
    status = view.status
    activity = _activity(view)
    granted_a = 0.0 if status is None else status.granted_a
    wants = activity in {Activity.CHARGING, Activity.WAITING}
    reason = None if status is None else status.limited_by
    return Sight(
        member=view.settings.member,
        at=at,
        session=view.session,
        standing=Standing(
            activity=activity,
            reason=None if reason is None else reason.kind,
            circuit=reason.subject if reason is not None and reason.kind in OF_CIRCUIT else None,
        ),
        granted_a=granted_a,
        wanted_a=_wanted_a(view, granted_a) if wants else 0.0,
    )


def _activity(view: MemberView) -> Activity:
    if view.status is None or view.connector is None:
        return Activity.OUT_OF_ORDER
    if not view.state.is_ev_connected:
        return Activity.EMPTY if view.state is ConnectorState.IDLE else Activity.OUT_OF_ORDER
    charging = view.connector.charging in {ChargingStatus.CHARGING, ChargingStatus.DISCHARGING}
    if view.status.granted_a > 0.0 or view.status.ignoring:
        return Activity.CHARGING if charging else Activity.RESTING
    rests = (
        view.status.limited_by.kind in _OWN_WILL
        or view.connector.charging
        in {ChargingStatus.FINISHED, ChargingStatus.WAITING_FOR_AUTHORIZATION}
        or (view.plan is not None and view.plan.state is PlanState.DONE)
    )
    return Activity.RESTING if rests else Activity.WAITING


def _wanted_a(view: MemberView, granted_a: float) -> float:
    """Return what a connector could use, as far as known: what its device and its user allow."""
    if view.status is not None and view.status.limited_by.kind in _AT_MOST:
        return granted_a
    most_a = view.settings.max_current_a
    limit = view.user_limit
    if limit is not None and limit.unit is LimitUnit.CURRENT:
        most_a = min(most_a, limit.value)
    return max(granted_a, most_a)
