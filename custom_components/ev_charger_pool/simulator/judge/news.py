"""What had been told to the controller, and what it granted, as the judge remembers it."""

from collections import deque
import math
from typing import Final

from ...pool.members import CircuitId, MemberId, MemberReport
from ...pool.quantities import NOMINAL_VOLTAGE_V, PHASES, known
from ..meters import MeterKind, MeterValue
from ..scenario import Scenario
from .truth import TOLERANCE_A, MemberTruth, Spot, Truth

IMPLAUSIBLE: Final = 10.0
"""A current of more than this many times the fuse is no measurement."""

RESTART_S: Final = 30.0
"""SR-11: after a start only what was persisted is renewed for this long."""


class MemberBook:
    """What the judge remembers of a member's grants and reports."""

    __slots__ = (
        "above_since_s",
        "changes",
        "granted_a",
        "ordered_s",
        "persisted_a",
        "report",
        "starting",
    )

    def __init__(self) -> None:
        self.report: MemberReport | None = None
        self.granted_a = 0.0
        self.ordered_s = -1e9
        self.changes: deque[tuple[float, float]] = deque()
        """Times with the grant that ended then."""
        self.persisted_a = 0.0
        self.above_since_s: float | None = None
        """Since when it reports to draw more than it was granted."""
        self.starting = False
        """Whether it was let start from 0 and has not settled since."""

    @property
    def told_a(self) -> float:
        """The draw that was reported last; what was not reported is in the other load."""
        if self.report is None or self.report.current is None:
            return 0.0
        return max(known(self.report.current.value))

    def told_on_a(self, own: int) -> float:
        """Return the draw that was reported last on one of its own phases."""
        if self.report is None or self.report.current is None:
            return 0.0
        return known(self.report.current.value)[PHASES[own]]

    def largest_since(self, start_s: float) -> float:
        """Return the largest grant that was in force since a time."""
        while self.changes and self.changes[0][0] < start_s:
            self.changes.popleft()
        return max((value for _, value in self.changes), default=self.granted_a)


class News:
    """What a controller can know.

    Attributes:
        meters: The meters by circuit.
        newest: When each meter was heard last, and what it told.
        sensible_s: When it was heard last with something plausible.
        fresh: Of which circuits something was heard since the last decision.
        books: What was told of and granted to each member.
    """

    def __init__(self, scenario: Scenario, truth: Truth) -> None:
        self._truth = truth
        self._circuits = {circuit.id: circuit for circuit in scenario.site.circuits}
        self._restarted_s = -1e9
        self.meters = {meter.circuit: meter for meter in scenario.plant.meters}
        self.newest: dict[CircuitId, tuple[float, MeterValue]] = {}
        self.sensible_s: dict[CircuitId, float] = {}
        self.fresh: set[CircuitId] = set()
        self.books = {member: MemberBook() for member in truth.members}

    def heard(self, circuit: CircuitId, value: MeterValue, now_s: float) -> None:
        """Take that the controller heard a meter."""
        self.newest[circuit] = (now_s, value)
        if self._is_plausible(circuit, value):
            self.sensible_s[circuit] = now_s
        self.fresh.add(circuit)

    def reported(self, report: MemberReport, now_s: float) -> None:
        """Take that the controller heard a device."""
        book = self.books[report.member]
        book.report = report
        if book.told_a <= book.granted_a + 2.0 * TOLERANCE_A:
            book.above_since_s = None
        elif book.above_since_s is None:
            book.above_since_s = now_s

    def restarted(self, now_s: float, persisted: dict[MemberId, float]) -> None:
        """Take that a new controller started with what was persisted."""
        self._restarted_s = now_s
        self.newest.clear()
        self.sensible_s.clear()
        for member, book in self.books.items():
            book.persisted_a = persisted.get(member, 0.0)
            book.report = None

    def is_restarting(self, now_s: float) -> bool:
        """Whether a new controller started only just now (SR-11)."""
        return now_s - self._restarted_s < RESTART_S

    def can_move(self, member: MemberTruth, now_s: float) -> bool:
        """Whether the controller can be expected to move a member: it is heard and obeys."""
        report = self.books[member.id].report
        return report is not None and report.online and not member.in_trouble(now_s)

    def is_connected(self, member: MemberId) -> bool:
        """Whether somebody is plugged in, by what it told last."""
        report = self.books[member].report
        return report is not None and report.state.is_ev_connected

    def is_in_motion(self, member: MemberTruth, spot: Spot, now_s: float) -> bool:
        """Whether its draw may still be on its way to its grant.

        That an order was refused, lost or is ignored shows after this time, too (SR-6).
        """
        book = self.books[member.id]
        since_s = max(book.ordered_s, book.above_since_s or book.ordered_s)
        return now_s - since_s <= self._moving_s(member, spot)

    def _moving_s(self, member: MemberTruth, spot: Spot) -> float:
        """Return how long after an order a member's draw may not show it."""
        settle_s = member.settings.settle.total_seconds()
        return settle_s + self._truth.knowledge[spot.circuit].reaction_s

    def tells_nonsense(self, circuit: CircuitId) -> bool:
        """Whether the newest value of a circuit's meter is wrong."""
        newest = self.newest.get(circuit)
        return newest is not None and not self.is_honest(circuit, newest[1])

    def is_honest(self, circuit: CircuitId, value: MeterValue) -> bool:
        """Whether a meter told the truth then."""
        return not any(
            fault.from_s <= value.measured_s < fault.until_s
            for fault in self.meters[circuit].faults
        )

    def _is_plausible(self, circuit: CircuitId, value: MeterValue) -> bool:
        kind = self.meters[circuit].kind
        limit_a = max(self._circuits[circuit].limit_a)
        most = IMPLAUSIBLE * limit_a * (1.0 if kind is MeterKind.CURRENTS else NOMINAL_VOLTAGE_V)
        values = [value.values.l1] if kind is MeterKind.TOTAL else list(value.values)
        limits = list(self._circuits[circuit].limit_a)
        return all(
            item is not None and math.isfinite(item) and abs(item) <= most
            for item, limit in zip(values, limits, strict=False)
            if limit > 0.0
        )
