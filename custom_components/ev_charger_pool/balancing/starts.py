"""How often a connector was switched on in the last hour, and what came of it."""

from collections import deque
from typing import Final

MOST_STARTS: Final = 4
"""A member in solar mode starts at most so often within an hour: contactors wear by switching."""

HOUR_S: Final = 3600.0

_LONGEST_GAP_S: Final = 10.0
"""Energy is not made up for a longer time in which nobody decided."""


class Starts:
    """The starts of one member. Times are seconds since the epoch."""

    __slots__ = ("_at_s", "_energy_wh", "_runs", "_taken_s", "last_run_wh")

    def __init__(self) -> None:
        self._at_s: deque[float] = deque()
        self._runs = False
        self._energy_wh = 0.0
        self._taken_s = 0.0
        self.last_run_wh: float | None = None
        """What the last run that ended charged; None before the first."""

    def begin(self, now_s: float) -> None:
        """Note a start."""
        self._at_s.append(now_s)
        self._runs = True
        self._energy_wh = 0.0
        self._taken_s = now_s

    def draw(self, now_s: float, power_w: float) -> None:
        """Take what is drawn now, watts."""
        if self._runs:
            passed_s = min(max(0.0, now_s - self._taken_s), _LONGEST_GAP_S)
            self._energy_wh += power_w * passed_s / HOUR_S
            self._taken_s = now_s

    def end(self) -> None:
        """Note a pause."""
        if self._runs:
            self.last_run_wh = round(self._energy_wh, 1)
        self._runs = False

    def in_last_hour(self, now_s: float) -> int:
        """Return how many starts there were within an hour."""
        while self._at_s and self._at_s[0] <= now_s - HOUR_S:
            self._at_s.popleft()
        return len(self._at_s)

    def may_start(self, now_s: float) -> bool:
        """Whether another start is within the bound."""
        return self.in_last_hour(now_s) < MOST_STARTS
