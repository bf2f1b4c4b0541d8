"""What is wrong with the integration itself: its journal, its port, its decisions."""

from collections.abc import Callable
from datetime import datetime

from homeassistant.core import callback

from .balancing.contract import Problem, ProblemKind
from .const import ROOT_CIRCUIT
from .decisions import DecisionLoop
from .journal import Journal
from .ocpp_port import OcppPort


class OwnProblems:
    """Knows since when something of the integration's own fails; devices and meters tell theirs."""

    def __init__(
        self,
        journal: Journal,
        port: OcppPort,
        decisions: DecisionLoop,
        clock: Callable[[], datetime],
        on_change: Callable[[], None],
    ) -> None:
        """Prepare to watch; nothing is heard before `async_start`."""
        self._journal = journal
        self._port = port
        self._decisions = decisions
        self._clock = clock
        self._on_change = on_change
        self._since: dict[ProblemKind, datetime] = {}

    @callback
    def async_start(self, now: datetime) -> None:
        """Begin to hear of the journal's health."""
        self._journal.on_health = self._on_journal
        if self._journal.moved_aside is not None:
            self._since[ProblemKind.JOURNAL_RESET] = now

    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong now; all of it concerns the whole site."""
        since = dict(self._since)
        if self._port.taken_since is not None:
            since[ProblemKind.OCPP_PORT_TAKEN] = self._port.taken_since
        if self._decisions.failing_since is not None:
            since[ProblemKind.DECISION_FAILED] = self._decisions.failing_since
        return tuple(
            Problem(kind=kind, subject=ROOT_CIRCUIT, since=at) for kind, at in since.items()
        )

    @callback
    def _on_journal(self) -> None:
        if self._journal.failing:
            self._since[ProblemKind.JOURNAL_FAILING] = self._clock()
        else:
            self._since.pop(ProblemKind.JOURNAL_FAILING, None)
        self._on_change()
