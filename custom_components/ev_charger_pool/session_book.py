"""Sessions as they go on: begun at plug-in, ended at unplug, kept in the journal."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from .chargers.contract import ConnectorReport
from .members import connector_shown_state
from .pool.members import MemberId
from .pool.sessions import NO_RATES, Rates, Session, begin, end, go_on
from .pool.states import ConnectorState

KEEP_EVERY: Final = timedelta(seconds=30)
"""How often the energy of a session that goes on is written down."""


class SessionBook:
    """The open session of each connector.

    What is open when the process is killed resumes: with the first report that shows a car it
    goes on, with the first that shows none it ends.
    """

    def __init__(
        self,
        resumed: Iterable[Session],
        keep: Callable[[Session], object],
        new_id: Callable[[], str],
        rates: Callable[[datetime], Rates] = lambda _: NO_RATES,
    ) -> None:
        """Open the book.

        Args:
            resumed: Sessions that had not ended.
            keep: Writes a session to the journal.
            new_id: Makes an id for a new session.
            rates: Tells what a kWh costs and emits at a time.
        """
        self._keep = keep
        self._new_id = new_id
        self._rates = rates
        self._open: dict[MemberId, Session] = {session.member: session for session in resumed}
        self._kept_at: dict[MemberId, datetime] = {}

    def of(self, member: MemberId) -> Session | None:
        """Return the session that runs at a connector."""
        return self._open.get(member)

    def observe(self, member: MemberId, report: ConnectorReport) -> Session | None:
        """Take a connector's newest report; return the session that runs after it."""
        before = self._open.get(member)
        state = connector_shown_state(report)
        if state.is_ev_connected:
            begun = before or begin(self._new_id(), member, report.arrived_at)
            self._go_on(before, self._counted(begun, report), report.arrived_at)
        elif state is ConnectorState.IDLE and before is not None:
            # The register of this report still counts for the car that has just left.
            self._keep(end(self._counted(before, report), report.arrived_at))
            del self._open[member]
            self._kept_at.pop(member, None)
        return self._open.get(member)

    def forget(self, member: MemberId, at: datetime) -> None:
        """End the session of a connector that is no longer part of the site."""
        session = self._open.pop(member, None)
        if session is not None:
            self._keep(end(session, at))

    def keep_all(self) -> None:
        """Write every open session down."""
        for session in self._open.values():
            self._keep(session)

    def _go_on(self, before: Session | None, after: Session, at: datetime) -> None:
        self._open[after.member] = after
        kept_at = self._kept_at.get(after.member)
        is_news = before is None or (before.token, before.transaction) != (
            after.token,
            after.transaction,
        )
        if is_news or kept_at is None or (at - kept_at >= KEEP_EVERY and before != after):
            self._kept_at[after.member] = at
            self._keep(after)

    def _counted(self, session: Session, report: ConnectorReport) -> Session:
        return go_on(
            session,
            register_wh=None if report.energy_wh is None else report.energy_wh.value,
            token=report.token,
            transaction=report.transaction,
            rates=self._rates(report.arrived_at),
        )
