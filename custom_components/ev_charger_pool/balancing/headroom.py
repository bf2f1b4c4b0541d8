"""Lent headroom: what a member does not draw is lent to others until it presses again."""

from typing import Final

from .estimator import WindowMax

WATCHED_S: Final = 60.0
"""So long has the draw to stay low before anything is lent."""

SPARE_A: Final = 2.0
"""What a trimmed member keeps above its draw: enough to show that it wants more."""

PRESSING_A: Final = 1.0
PRESSING_SHARE: Final = 0.06
"""Within the larger of the two of its grant a member presses for more: cars take a little less."""


class Headroom:
    """What one member shows to need. Times are seconds since the epoch."""

    __slots__ = ("_changed_s", "_draw", "_share")

    def __init__(self) -> None:
        self._draw = WindowMax(WATCHED_S)
        self._changed_s = float("-inf")
        self._share: float | None = None

    @property
    def share(self) -> float:
        """How much of a grant it draws when it takes all that it may."""
        return 1.0 if self._share is None else self._share

    def use(self, share: float) -> None:
        """Take how much of its grant a supply draws, above 0 and at most 1.

        Its grant counts with the highest voltage and the worst losses (SR-13): all that it may
        have is some part of that. The largest that was seen is no less than when its battery is
        full: then it takes less and less of it.
        """
        self._share = share if self._share is None else max(self._share, share)

    def change(self, now_s: float) -> None:
        """Note a new grant or another car: what was drawn before tells nothing."""
        self._draw = WindowMax(WATCHED_S)
        self._changed_s = now_s

    def draw(self, at_s: float, draw_a: float) -> None:
        """Take a draw, amps on the strongest phase."""
        self._draw.add(at_s, draw_a)

    def is_known(self, now_s: float) -> bool:
        """Whether it had its grant for long enough to show what it needs of it."""
        return now_s - self._changed_s >= WATCHED_S

    def needed_a(self, now_s: float, granted_a: float) -> float | None:
        """Return what it can use of a grant, None as long as that is not known or all of it."""
        if not self.is_known(now_s):
            return None
        most_a = self._draw.value(now_s)
        pressing_a = max(PRESSING_A, PRESSING_SHARE * granted_a)
        if most_a is None or most_a >= self.share * granted_a - pressing_a:
            return None
        return most_a / self.share + SPARE_A
