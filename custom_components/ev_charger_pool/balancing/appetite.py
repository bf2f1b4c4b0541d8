"""The least current that a car takes anything of: some need more than the standard's 6 A.

Who takes nothing though it was woken is offered more (SR-14); what it begins with then is the least
that it runs with until it is unplugged, or until it is seen to draw with less.
"""

from typing import Final

from .wake import DRAWING_A

OFFERS_A: Final = {2: 10.0, 3: 13.0}
"""What is offered with an attempt to wake it: the first one alone wakes who only slept."""

STOPS_WITHIN_S: Final = 30.0
"""A car that stops so soon after it was lowered takes nothing of that: link, car and report."""

PRESSED_SHARE: Final = 0.8
"""It took so much of what it had before: else it may have been full just then."""

_ROUNDING: Final = 1e-6


class Appetite:
    """What one car needs to charge at all. Times are seconds since the epoch, amps per phase."""

    __slots__ = ("_drawn_a", "_enough_a", "_known_a", "_lowered_s", "_pressed", "_tried_a")

    def __init__(self) -> None:
        self._known_a = 0.0
        self._tried_a = 0.0
        self._drawn_a = 0.0
        self._lowered_s = float("-inf")
        self._pressed = False
        """Whether it took what it had when it was lowered."""
        self._enough_a = float("inf")
        """The least grant with which it was seen to charge."""

    @property
    def least_a(self) -> float:
        """The least that it is to run with: as learned, or as tried now."""
        return max(self._known_a, self._tried_a)

    def offer_for(self, attempt: int) -> float:
        """Return what to offer with an attempt to wake it, never more than it charged with."""
        return min(OFFERS_A.get(attempt, 0.0), self._enough_a)

    def attempt(self, offered_a: float) -> None:
        """Note that so much is tried, and what was tried before is not enough or goes on."""
        self._tried_a = max(self._tried_a, offered_a)

    def rest(self) -> None:
        """Note that it may not draw: nothing is tried any more."""
        self._tried_a = 0.0
        self._drawn_a = 0.0

    def lower(self, now_s: float, from_a: float) -> None:
        """Note that it is told to take less."""
        self._lowered_s = now_s
        self._pressed = self._drawn_a >= PRESSED_SHARE * from_a

    def draw(self, at_s: float, draw_a: float, granted_a: float) -> bool:
        """Take a draw beside the grant of then; return whether it stopped for being lowered."""
        follows = at_s - self._lowered_s <= STOPS_WITHIN_S
        stopped = self._drawn_a > DRAWING_A >= draw_a
        self._drawn_a = draw_a
        if stopped:
            return follows and self._pressed
        if draw_a > DRAWING_A:
            if self._tried_a > 0.0 and granted_a >= self._tried_a - _ROUNDING:
                self._known_a = self._tried_a
            self._tried_a = 0.0
            if not follows:
                self._enough_a = min(self._enough_a, granted_a)
                if granted_a < self._known_a - _ROUNDING:
                    self._known_a = 0.0
        return False
