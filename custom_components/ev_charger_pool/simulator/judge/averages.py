"""Average limits over windows of the clock: what flows in true watts, and whose doing it is.

A window is the pool's when it is exceeded, and members went on drawing although it was to be seen:
what had flowed by the newest reading that was heard link time + 10 s ago, and the most that others
took lately in a while as long as what was left, were more than the window has. What others take
beyond that is theirs. Judged is no more than what members drew from then on.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final

from ...pool.circuits import AverageLimit
from ...pool.quantities import NOMINAL_VOLTAGE_V
from ..meters import MeterKind, MeterSpec
from ..scenario import Scenario
from .truth import Knowledge, Spot, Truth
from .violations import Findings, Rule

LATELY_S: Final = 3600.0
"""What others took in this time may come again."""

RESTART_S: Final = 30.0
"""SR-11: in this time after a start only a fresh overload is cut."""

VOLTAGE_SHARE: Final = 0.015
"""Who knows amps counts watts at nominal voltage, which is off by so much at full load."""

TINY_SHARE: Final = 0.005
"""Less than this share of a window's energy is no excess of anybody's."""

_BIN_S: Final = 15


class _Flow:
    """Energy since the start, by the second."""

    __slots__ = ("_sums",)

    def __init__(self) -> None:
        self._sums = [0.0]

    def add(self, energy_ws: float) -> None:
        """Take the energy of the next second."""
        self._sums.append(self._sums[-1] + energy_ws)

    def between(self, from_s: float, until_s: float) -> float:
        """Return what flowed from a second to another."""
        last = len(self._sums) - 1
        return self._sums[min(int(until_s), last)] - self._sums[min(int(from_s), last)]


class _Window:
    """One circuit's average limit, window by window.

    Attributes:
        name: Whose it is, for the finding.
    """

    def __init__(
        self,
        limit: AverageLimit,
        zone: tzinfo,
        started_at: datetime,
        spots: Sequence[Spot],
        knowledge: Knowledge,
    ) -> None:
        self.name = f"{spots[0].circuit}:average"
        self._limit_w = limit.power_w
        self._length_s = 60.0 * limit.window.minutes
        self._zone = zone
        self._started_at = started_at
        self._spots = spots
        self._knowledge = knowledge
        self._tolerance_w = (VOLTAGE_SHARE + TINY_SHARE) * limit.power_w + _error_w(
            knowledge.spec, len(spots)
        )
        self._total = _Flow()
        self._others = _Flow()
        self._forgot_s = 0.0
        self._begins_s = -self._into_s(0.0)
        # Nobody knows what flowed before: as much as might.
        self._used_before_ws = limit.power_w * -self._begins_s
        self._blamed_ws = 0.0

    def forget(self, now_s: float) -> None:
        """Take that nobody knows any more what others took."""
        self._forgot_s = now_s

    def advance(self, now_s: float, volts: Sequence[float], *, judged: bool) -> str | None:
        """Take a second.

        Args:
            now_s: Seconds from the start.
            volts: True volts per phase.
            judged: Whether somebody decides, and has had the time to cut.

        Returns:
            What was exceeded, if a window ended that was.
        """
        told = None
        if now_s > self._begins_s + self._length_s:
            told = self._close()
            self._begins_s += self._length_s
            self._used_before_ws = self._blamed_ws = 0.0
        self._total.add(max(0.0, _watts(self._spots, volts, lambda spot: spot.total_a)))
        self._others.add(max(0.0, _watts(self._spots, volts, lambda spot: spot.other_a)))
        if judged:
            self._blame(now_s, volts)
        return told

    def _into_s(self, now_s: float) -> float:
        """Return how long a window has run at a time, by the clock on the wall."""
        local = (self._started_at + timedelta(seconds=now_s)).astimezone(self._zone)
        return (60.0 * local.minute + local.second + local.microsecond / 1e6) % self._length_s

    def _blame(self, now_s: float, volts: Sequence[float]) -> None:
        knowledge = self._knowledge
        reaction_s = knowledge.reaction_s
        known_s = now_s - reaction_s if knowledge.spec is None else knowledge.settled_s
        if known_s < max(self._begins_s, 0.0):
            return
        movable_w = _watts(
            self._spots, volts, lambda spot: spot.controllable_a(now_s, reaction_s, blind=False)
        )
        if movable_w <= 0.0:
            return
        used_ws = self._used_before_ws + self._total.between(max(0.0, self._begins_s), known_s)
        left_s = self._begins_s + self._length_s - known_s
        expected_ws = used_ws + self._most_ws(known_s, left_s)
        if expected_ws > (self._limit_w + self._tolerance_w) * self._length_s:
            self._blamed_ws += movable_w

    def _most_ws(self, known_s: float, span_s: float) -> float:
        """Return the most that others took lately in a while of this length."""
        begin_s = max(self._forgot_s, known_s - LATELY_S)
        if known_s <= begin_s:
            return 0.0
        while_s = min(span_s, known_s - begin_s)
        starts = range(int(begin_s), int(known_s - while_s) + 1, _BIN_S)
        most_ws = max(self._others.between(start_s, start_s + while_s) for start_s in starts)
        return most_ws * span_s / while_s

    def _close(self) -> str | None:
        """Return what was exceeded in the window that ends."""
        used_ws = self._used_before_ws + self._total.between(
            max(0.0, self._begins_s), self._begins_s + self._length_s
        )
        excess_ws = used_ws - (self._limit_w + self._tolerance_w) * self._length_s
        if min(excess_ws, self._blamed_ws) <= TINY_SHARE * self._limit_w * self._length_s:
            return None
        return (
            f"{used_ws / self._length_s:.0f} W on average from {self._begins_s:.0f} s on, limit"
            f" {self._limit_w:.0f} W; members took {self._blamed_ws / 3600.0:.0f} Wh when that was"
            " to be seen"
        )


class AverageJudge:
    """Judges the average limits of circuits."""

    def __init__(self, scenario: Scenario, truth: Truth, findings: Findings) -> None:
        self._truth = truth
        self._findings = findings
        self._now_s = 0.0
        self._judged_from_s = 0.0
        self._windows = [
            _Window(
                circuit.average,
                scenario.site.time_zone,
                scenario.started_at,
                [spot for spot in truth.spots if spot.circuit == circuit.id],
                truth.knowledge[circuit.id],
            )
            for circuit in scenario.site.circuits
            if circuit.average is not None
        ]

    def restarted(self) -> None:
        """Take that a new controller started: what others took it has to learn anew."""
        for window in self._windows:
            window.forget(self._now_s)

    def revived(self, now_s: float) -> None:
        """Take that somebody decides again, and needs time to cut what went on meanwhile."""
        slowest_s = max(item.reaction_s for item in self._truth.knowledge.values())
        self._judged_from_s = now_s + RESTART_S + slowest_s

    def advance(self, now_s: float, *, alive: bool) -> None:
        """Judge the present second."""
        self._now_s = now_s
        judged = alive and now_s >= self._judged_from_s
        for window in self._windows:
            text = window.advance(now_s, self._truth.plant.voltage_v, judged=judged)
            if text is not None:
                self._findings.add(Rule.AVERAGE, now_s, window.name, text)


def _watts(spots: Sequence[Spot], volts: Sequence[float], amps: Callable[[Spot], float]) -> float:
    """Return what amps on a circuit's phases are in watts."""
    return sum(amps(spot) * volts[spot.phase] for spot in spots)


def _error_w(meter: MeterSpec | None, phases: int) -> float:
    """Return by how much what a meter tells may be off, in watts over all phases."""
    if meter is None:
        return 0.0
    step_a = 0.0 if meter.kind is MeterKind.TOTAL else meter.resolution_a / 2.0
    return phases * (3.0 * meter.noise_a + step_a) * NOMINAL_VOLTAGE_V
