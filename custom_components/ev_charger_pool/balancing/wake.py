"""SR-14: a car that takes nothing after a pause is woken, and left alone when it sleeps on.

A car that stops by itself keeps its least current, until somebody else can use that: then it is
asleep as well, but looked at again, since it was never asked.
"""

from typing import Final

from .turns import TURN_S

NO_DRAW_S: Final = 120.0
"""A car takes so long at most to begin after a resume."""

ATTEMPT_SPACING_S: Final = 60.0
ATTEMPTS: Final = 3

DRAWING_A: Final = 0.5
"""Less than this is standby."""

DONE_S: Final = 300.0
"""Who takes nothing for so long by itself is done, and not only balancing its cells for a while."""

LONGEST_SLEEP_S: Final = 4.0 * TURN_S
"""Who is done is asked again after a turn, then after twice as long each time, up to this."""


class Wake:
    """Watches whether a resumed car takes anything. Times are seconds since the epoch."""

    __slots__ = (
        "_attempted_s",
        "_attempts",
        "_idle_since_s",
        "_look_s",
        "_resumed_s",
        "_sleeps_s",
        "asleep",
    )

    def __init__(self) -> None:
        self.asleep = False
        self._resumed_s: float | None = None
        self._idle_since_s: float | None = None
        self._attempts = 0
        self._attempted_s = float("-inf")
        self._sleeps_s: float | None = None
        """How long it is left alone next; None: until something stirs it."""
        self._look_s = float("inf")

    def resume(self, now_s: float) -> None:
        """Note that it may draw again."""
        self._resumed_s = now_s
        self._attempts = 0

    def doubt(self, at_s: float) -> None:
        """Note that it stopped when it was lowered: it is woken as after a pause."""
        self.resume(at_s)
        self._sleeps_s = TURN_S

    @property
    def attempts(self) -> int:
        """How often it was woken since its resume."""
        return self._attempts

    def rest(self) -> None:
        """Note that it may not draw, or that there is no car."""
        self._resumed_s = None
        self._idle_since_s = None

    def stir(self) -> None:
        """Note anything that speaks for another try: another session, a wish, a plug."""
        self.asleep = False
        self._attempts = 0
        self._sleeps_s = None

    def lend(self, now_s: float) -> None:
        """Note that others are given what it does not take: it gets it back after a while."""
        self._sleeps_s = TURN_S
        self._fall_asleep(now_s)

    @property
    def is_asked(self) -> bool:
        """Whether it lent what it had and did not show yet that it wants it back."""
        return self._sleeps_s is not None and not self.asleep

    def look(self, now_s: float) -> None:
        """Let it be asked again when its time has come, if it lent what it had."""
        if self.asleep and self._sleeps_s is not None and now_s >= self._look_s:
            self.asleep = False
            self._attempts = 0

    def draw(self, at_s: float, draw_a: float) -> None:
        """Take a draw."""
        if draw_a > DRAWING_A:
            self._resumed_s = None
            self._idle_since_s = None
            self._sleeps_s = None
            self.asleep = False
        elif self._idle_since_s is None:
            self._idle_since_s = at_s

    def idles(self, now_s: float) -> bool:
        """Whether it drew before and takes nothing since long, though it may."""
        return self.idle_s(now_s) >= NO_DRAW_S

    def is_done(self, now_s: float) -> bool:
        """Whether it takes nothing for so long that others may have what it leaves."""
        return self.idle_s(now_s) >= DONE_S

    def idle_s(self, now_s: float) -> float:
        """Return since how many seconds it takes nothing though it may and did before, else 0."""
        if self._resumed_s is not None or self._idle_since_s is None:
            return 0.0
        return now_s - self._idle_since_s

    def attempt(self, now_s: float) -> bool:
        """Return whether to wake it now; after the last attempt in vain it is asleep."""
        if self._resumed_s is None or self.asleep:
            return False
        # Who stirs gets all attempts anew, and no sooner after the last one.
        due_s = max(self._resumed_s + NO_DRAW_S, self._attempted_s + ATTEMPT_SPACING_S)
        if now_s < due_s:
            return False
        if self._attempts == ATTEMPTS:
            self._fall_asleep(now_s)
            return False
        self._attempts += 1
        self._attempted_s = now_s
        return True

    def _fall_asleep(self, now_s: float) -> None:
        self.asleep = True
        if self._sleeps_s is not None:
            self._look_s = now_s + self._sleeps_s
            self._sleeps_s = min(LONGEST_SLEEP_S, 2.0 * self._sleeps_s)
