"""SR-10: a meter has to answer to the pool's own steps; from the answer its lag is learned (SR-9)."""

from collections import deque
from statistics import median
from typing import Final

STEP_A: Final = 3.0
"""A step of the pool of at least this has to show (SR-10)."""

LAGS: Final = 3.0
"""Within so many lags (SR-10)."""

LEAST_LAG_S: Final = 0.5
MOST_LAG_S: Final = 10.0
"""What may be learned as a lag: beyond it a source is stale anyway (SR-10, 30 s / 3)."""

_REMEMBERED: Final = 5
_FORGOTTEN_S: Final = 120.0


class _Step:
    """A change of the pool's draw on one phase, from the order on."""

    __slots__ = ("before_a", "ordered_s", "seen_s")

    def __init__(self, ordered_s: float, before_a: float) -> None:
        self.ordered_s = ordered_s
        self.before_a = before_a
        self.seen_s: float | None = None


class Answers:
    """Watches one phase of one meter. Times are seconds since the epoch.

    Args:
        lag_s: The lag until one is learned.
        still_a: A value that moves by no more than this stands still.
    """

    __slots__ = (
        "_anchor_a",
        "_lags",
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
        self._lags: deque[float] = deque(maxlen=_REMEMBERED)

    @property
    def lag_s(self) -> float:
        """The lag: learned, else as configured."""
        return median(self._lags) if self._lags else self.default_lag_s

    @property
    def waits(self) -> bool:
        """Whether a step of the pool has yet to show."""
        return self._step is not None

    def order(self, at_s: float, drawn_a: float) -> None:
        """Note that a grant changed while members drew so much on the phase."""
        if self._step is None or at_s - self._step.ordered_s > _FORGOTTEN_S:
            self._step = _Step(at_s, drawn_a)

    def draw(self, at_s: float, drawn_a: float) -> None:
        """Take the sum of what members draw on the phase by their newest samples."""
        step = self._step
        if step is None:
            return
        if at_s - step.ordered_s > _FORGOTTEN_S:
            self._step = None
        elif abs(drawn_a - step.before_a) < STEP_A:
            step.seen_s = None
        elif step.seen_s is None:
            step.seen_s = at_s

    def measure(self, at_s: float, value_a: float) -> None:
        """Take the meter's next value."""
        anchor_a, step = self._anchor_a, self._step
        if anchor_a is None or abs(value_a - anchor_a) > self.still_a:
            self._anchor_a = value_a
            self._still_since_s = at_s
            self.stuck = False
            if step is not None and step.seen_s is not None:
                self._lags.append(min(max(at_s - step.seen_s, LEAST_LAG_S), MOST_LAG_S))
                self._step = None
            return
        if step is None or step.seen_s is None or self._still_since_s > step.ordered_s:
            return
        if at_s - step.seen_s >= LAGS * self.lag_s:
            self.stuck = True
            self._step = None
