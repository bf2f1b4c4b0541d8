"""The newest draws of a member, with times that can be compared."""

from collections import deque
from math import inf
from typing import Final

from ..pool.readings import Reading
from .wiring import Lanes, each

KEPT_S: Final = 90.0
"""Draws are looked up no further back: the slowest settle time is 60 s, then lag."""

SKEW_MESSAGES: Final = 20
"""A device's clock is compared with ours over so many live messages (SR-8)."""


class DeviceClock:
    """Turns a device's own times into ours, so that replayed samples are known as old."""

    __slots__ = ("_behind_s",)

    def __init__(self) -> None:
        self._behind_s: deque[float] = deque(maxlen=SKEW_MESSAGES)

    def time_of(self, reading: Reading[object]) -> float:
        """Return when a reading was taken, seconds since the epoch of our clock."""
        arrived_s = reading.arrived_at.timestamp()
        if reading.measured_at is None:
            return arrived_s
        behind_s = arrived_s - reading.measured_at.timestamp()
        self._behind_s.append(behind_s)
        # The least delayed of the newest messages tells how far the clocks are apart.
        return arrived_s - (behind_s - min(self._behind_s))


class Samples:
    """Draws on the site's phases, oldest first."""

    __slots__ = ("_kept", "newest", "newest_s")

    def __init__(self) -> None:
        self._kept: deque[tuple[float, Lanes]] = deque()
        self.newest: Lanes | None = None
        self.newest_s = float("-inf")

    def add(self, at_s: float, draw: Lanes) -> bool:
        """Take a draw; return False for one that is older than what is known."""
        if at_s <= self.newest_s:
            return False
        self._kept.append((at_s, draw))
        self.newest, self.newest_s = draw, at_s
        while self._kept[0][0] < at_s - KEPT_S:
            self._kept.popleft()
        return True

    def before(self, at_s: float) -> float:
        """Return when the newest sample that was there by a time was taken, -inf without one."""
        return next((taken_s for taken_s, _ in reversed(self._kept) if taken_s <= at_s), -inf)

    def nearest(self, at_s: float) -> tuple[float, Lanes] | None:
        """Return the time and draw of the sample nearest to a time."""
        best: tuple[float, Lanes] | None = None
        for sample in reversed(self._kept):
            if best is not None and abs(sample[0] - at_s) >= abs(best[0] - at_s):
                break
            best = sample
        return best

    def around(self, at_s: float, error_s: float) -> tuple[Lanes, Lanes] | None:
        """Return the least and the most that was drawn within an error of a time.

        What was known when that time began counts too; None without a sample before its end.
        """
        least: Lanes | None = None
        most: Lanes | None = None
        for taken_s, draw in reversed(self._kept):
            if taken_s > at_s + error_s:
                continue
            if least is None or most is None:
                least = most = draw
            elif draw is not least or draw is not most:
                least = each(min, least, draw)
                most = each(max, most, draw)
            if taken_s <= at_s - error_s:
                break
        return None if least is None or most is None else (least, most)

    def bounds(self, from_s: float, until_s: float = float("inf")) -> tuple[Lanes, Lanes] | None:
        """Return the least and the most in each lane within a time, None without a sample."""
        least: Lanes | None = None
        most: Lanes | None = None
        for at_s, draw in reversed(self._kept):
            if at_s < from_s:
                break
            if at_s > until_s or draw is most:
                continue
            if least is None or most is None:
                least = most = draw
            elif draw != most or draw != least:
                least = each(min, least, draw)
                most = each(max, most, draw)
        return None if least is None or most is None else (least, most)
