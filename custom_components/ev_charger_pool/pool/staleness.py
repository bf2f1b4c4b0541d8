"""SR-10: how old a reading may be before it is no longer to be trusted."""

from bisect import insort
from collections import deque
from datetime import datetime, timedelta
import math
from typing import Final

INTERVALS_PER_ALLOWANCE: Final = 3
"""Three values may be missed."""

PERCENTILE: Final = 0.95
"""An interval that only one in twenty exceeds stands for the source's rhythm."""

LEAST_ALLOWANCE: Final = timedelta(seconds=5)
MOST_ALLOWANCE: Final = timedelta(seconds=30)
"""A fast source may hiccup; no source may be silent for longer than this."""

REMEMBERED_INTERVALS: Final = 100


class Staleness:
    """Learns the rhythm of one source and tells whether its newest value is fresh.

    The age counts from when a value was reported, whether it changed or not. The first value after
    a start, or after a silence, does not count as fresh by itself: it may be a retained message.
    """

    __slots__ = ("_count", "_heard_at", "_intervals", "_ordered")

    def __init__(self) -> None:
        self._heard_at: datetime | None = None
        self._count = 0
        self._intervals: deque[timedelta] = deque()
        self._ordered: list[timedelta] = []

    @property
    def heard_at(self) -> datetime | None:
        """When the newest value was reported, aware UTC; None before the first."""
        return self._heard_at

    @property
    def fresh_values(self) -> int:
        """How many values came since the start or the last silence, the first not counted."""
        return max(0, self._count - 1)

    @property
    def allowance(self) -> timedelta:
        """How old the newest value may be: 3 x the 95th percentile of the intervals, 5 to 30 s."""
        if not self._ordered:
            return MOST_ALLOWANCE
        rank = math.ceil(PERCENTILE * len(self._ordered)) - 1
        learned = INTERVALS_PER_ALLOWANCE * self._ordered[rank]
        return min(max(learned, LEAST_ALLOWANCE), MOST_ALLOWANCE)

    def hear(self, at: datetime) -> None:
        """Take that a value was reported; an earlier one than the newest is ignored."""
        if self._heard_at is None:
            self._heard_at = at
            self._count = 1
            return
        interval = at - self._heard_at
        if interval <= timedelta(0):
            return
        if interval > self.allowance:
            self._count = 0
        self._learn(min(interval, MOST_ALLOWANCE))
        self._count += 1
        self._heard_at = at

    def is_fresh(self, now: datetime) -> bool:
        """Whether the newest value may be trusted now."""
        return (
            self._heard_at is not None
            and self.fresh_values > 0
            and now - self._heard_at <= self.allowance
        )

    def _learn(self, interval: timedelta) -> None:
        if len(self._intervals) == REMEMBERED_INTERVALS:
            self._ordered.remove(self._intervals.popleft())
        self._intervals.append(interval)
        insort(self._ordered, interval)
