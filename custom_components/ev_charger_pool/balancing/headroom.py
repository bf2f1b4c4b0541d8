"""Lent headroom: what a member does not draw is lent to others until it presses again."""

from typing import Final

from .estimator import WindowMax

WATCHED_S: Final = 60.0
"""So long has the draw to stay low before anything is lent."""

SPARE_A: Final = 2.0
"""What a trimmed member keeps above its draw: enough to show that it wants more."""

PRESSING_A: Final = 1.0
"""Within this of its grant a member presses for more."""


class Headroom:
    """What one member shows to need. Times are seconds since the epoch."""

    __slots__ = ("_changed_s", "_draw")

    def __init__(self) -> None:
        self._draw = WindowMax(WATCHED_S)
        self._changed_s = float("-inf")

    def change(self, now_s: float) -> None:
        """Note a new grant or another car: what was drawn before tells nothing."""
        self._draw = WindowMax(WATCHED_S)
        self._changed_s = now_s

    def draw(self, at_s: float, draw_a: float) -> None:
        """Take a draw, amps on the strongest phase."""
        self._draw.add(at_s, draw_a)

    def needed_a(self, now_s: float, granted_a: float) -> float | None:
        """Return what it can use of a grant, None as long as that is not known or all of it."""
        if now_s - self._changed_s < WATCHED_S:
            return None
        most_a = self._draw.value(now_s)
        if most_a is None or most_a >= granted_a - PRESSING_A:
            return None
        return most_a + SPARE_A
