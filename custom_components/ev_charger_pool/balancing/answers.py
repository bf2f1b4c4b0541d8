"""SR-10: a meter has to answer to the pool's own steps; from the answer its lag is learned (SR-9)."""

from collections import deque
from collections.abc import Callable
from statistics import median
from typing import Final

STEP_A: Final = 3.0
"""A step of the pool of at least this has to show (SR-10)."""

LAGS: Final = 3.0
"""Within so many lags (SR-10)."""

LEAST_LAG_S: Final = 0.5
MOST_LAG_S: Final = 10.0
"""What may be learned as a lag: beyond it a source is stale anyway (SR-10, 30 s / 3)."""

SAMPLE_LATE_S: Final = 5.0
"""A device may tell its draw so much later than a meter does; cars ramp within seconds (SR-9)."""

LEAST_ANSWERS: Final = 3
"""So many answers teach a lag: one alone may be a load of the house that switched just then."""

_REMEMBERED: Final = 5
_FORGOTTEN_S: Final = 120.0


class _Step:
    """A change of the pool's draw on one phase, from the order on."""

    __slots__ = ("before_a", "known_s", "ordered_s", "seen_s", "up_a")

    def __init__(self, ordered_s: float, before_a: float) -> None:
        self.ordered_s = ordered_s
        self.before_a = before_a
        self.seen_s: float | None = None
        self.known_s = ordered_s
        """Until when the draw before it was told for sure."""
        self.up_a = 0.0
        """What members drew more when it was seen."""


class Answers:
    """Watches one phase of one meter. Times are seconds since the epoch.

    Args:
        lag_s: The lag until one is learned.
        still_a: A value that moves by no more than this stands still.
    """

    __slots__ = (
        "_anchor_a",
        "_hidden",
        "_measured_a",
        "_measured_s",
        "_shown",
        "_step",
        "_still_since_s",
        "default_lag_s",
        "still_a",
        "stuck",
    )

    def __init__(self, lag_s: float, still_a: float) -> None:
        self.default_lag_s = lag_s
        self.still_a = still_a
        self.stuck = False
        self._anchor_a: float | None = None
        self._still_since_s = 0.0
        self._step: _Step | None = None
        self._measured_s = float("-inf")
        self._measured_a = 0.0
        self._hidden: deque[float] = deque(maxlen=_REMEMBERED)
        self._shown: deque[float] = deque(maxlen=_REMEMBERED)

    @property
    def lag_s(self) -> float:
        """The lag: as configured, within what the meter's answers leave possible.

        A step shows with the first value that was taken after it: the lag is at least the age of
        the step when the last value without it came, and at most the time from its order until the
        first value with it came. A meter that speaks every 10 s tells little of its lag, and answers
        that contradict each other tell nothing.
        """
        if len(self._shown) < LEAST_ANSWERS:
            return self.default_lag_s
        least_s, most_s = max(LEAST_LAG_S, median(self._hidden)), median(self._shown)
        if least_s > most_s:
            return self.default_lag_s
        return max(least_s, min(self.default_lag_s, most_s))

    @property
    def waits(self) -> bool:
        """Whether a step of the pool has yet to show."""
        return self._step is not None

    def order(self, at_s: float, drawn_a: float) -> None:
        """Note that a grant changed while members drew so much on the phase."""
        step = self._step
        if (
            step is None
            or at_s - step.ordered_s > _FORGOTTEN_S
            # The meter moved since: that may have been its answer, and it proves nothing more.
            or self._still_since_s > step.ordered_s
        ):
            self._step = _Step(at_s, drawn_a)

    def draw(self, at_s: float, drawn_a: float, known_before: Callable[[float], float]) -> None:
        """Take the sum of what members draw on the phase by their newest samples.

        Args:
            at_s: When.
            drawn_a: The sum.
            known_before: Tells of the time of an order until when the draws before it were known.
        """
        step = self._step
        if step is None:
            return
        if at_s - step.ordered_s > _FORGOTTEN_S:
            self._step = None
        elif abs(drawn_a - step.before_a) < STEP_A:
            step.seen_s = None
        elif step.seen_s is None:
            step.seen_s = at_s
            step.known_s = known_before(step.ordered_s) - SAMPLE_LATE_S
            step.up_a = drawn_a - step.before_a

    def fall_silent(self) -> None:
        """Take that no values came for a while: what stood still or moved meanwhile is unknown."""
        self.stuck = False
        self._anchor_a = None
        self._step = None

    def measure(self, at_s: float, value_a: float) -> None:
        """Take the meter's next value."""
        before_s, self._measured_s = self._measured_s, at_s
        before_a, self._measured_a = self._measured_a, value_a
        anchor_a, step = self._anchor_a, self._step
        if anchor_a is None or abs(value_a - anchor_a) > self.still_a:
            stood_still = step is not None and self._still_since_s <= step.ordered_s
            self._anchor_a = value_a
            self._still_since_s = at_s
            self.stuck = False
            if step is not None and step.seen_s is not None:
                same_way = (value_a - before_a) * step.up_a >= STEP_A * STEP_A / 2.0
                if stood_still and same_way:
                    # Half a step the same way, and the first since the order: else something
                    # else moved, or the meter was there before the samples were.
                    self._hidden.append(min(before_s - step.seen_s, MOST_LAG_S))
                    self._shown.append(min(max(at_s - step.ordered_s, LEAST_LAG_S), MOST_LAG_S))
                self._step = None
            return
        if step is None or step.seen_s is None or self._still_since_s > step.ordered_s:
            return
        if at_s - step.seen_s >= LAGS * self.lag_s:
            # A meter that moved since the draw was known before may have shown the step already.
            self.stuck |= self._still_since_s <= step.known_s
            self._step = None
