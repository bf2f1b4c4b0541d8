"""SR-14: a car that takes nothing after a pause is woken, and left alone when it sleeps on."""

from typing import Final

NO_DRAW_S: Final = 120.0
"""A car takes so long at most to begin after a resume."""

ATTEMPT_SPACING_S: Final = 60.0
ATTEMPTS: Final = 3

DRAWING_A: Final = 0.5
"""Less than this is standby."""


class Wake:
    """Watches whether a resumed car takes anything. Times are seconds since the epoch."""

    __slots__ = ("_attempted_s", "_attempts", "_idle_since_s", "_resumed_s", "asleep")

    def __init__(self) -> None:
        self.asleep = False
        self._resumed_s: float | None = None
        self._idle_since_s: float | None = None
        self._attempts = 0
        self._attempted_s = float("-inf")

    def resume(self, now_s: float) -> None:
        """Note that it may draw again."""
        self._resumed_s = now_s
        self._attempts = 0

    def rest(self) -> None:
        """Note that it may not draw, or that there is no car."""
        self._resumed_s = None
        self._idle_since_s = None

    def stir(self) -> None:
        """Note anything that speaks for another try: another session, a wish, a plug."""
        self.asleep = False
        self._attempts = 0

    def draw(self, at_s: float, draw_a: float) -> None:
        """Take a draw."""
        if draw_a > DRAWING_A:
            self._resumed_s = None
            self._idle_since_s = None
            self.asleep = False
        elif self._idle_since_s is None:
            self._idle_since_s = at_s

    def idles(self, now_s: float) -> bool:
        """Whether it drew before and takes nothing since long, though it may."""
        return (
            self._resumed_s is None
            and self._idle_since_s is not None
            and now_s - self._idle_since_s >= NO_DRAW_S
        )

    def attempt(self, now_s: float) -> bool:
        """Return whether to wake it now; after the last attempt in vain it is asleep."""
        if self._resumed_s is None or self.asleep:
            return False
        # Who stirs gets all attempts anew, and no sooner after the last one.
        due_s = max(self._resumed_s + NO_DRAW_S, self._attempted_s + ATTEMPT_SPACING_S)
        if now_s < due_s:
            return False
        if self._attempts == ATTEMPTS:
            self.asleep = True
            return False
        self._attempts += 1
        self._attempted_s = now_s
        return True
