"""SR-6: what is done with a device that draws more than it may, or refuses to be told."""

from enum import IntEnum
from typing import Final

EXCESS_A: Final = 1.0
EXCESS_SHARE: Final = 0.05
"""A draw above the grant by more than the larger of the two is no measuring error."""

INOPERATIVE_SETTLES: Final = 5.0
"""60 s at the usual settle time of 12 s; slower devices get as many of their own."""

WRITE_BURST: Final = 60.0
"""Some stations refuse after a burst of about so many writes."""

WRITE_REFILL_S: Final = 10.0
"""And take one more in so many seconds."""

WRITES_KEPT: Final = 5.0
"""Raises leave so many writes for reductions."""


class Rung(IntEnum):
    """How far the ladder was climbed."""

    OBEYS = 0
    SEND_AGAIN = 1
    PAUSE = 2
    STOP = 3
    INOPERATIVE = 4


class Conduct:
    """Watches one member's obedience. Times are seconds since the epoch."""

    __slots__ = ("excess_since_s", "refused", "rung", "settle_s")

    def __init__(self, settle_s: float) -> None:
        self.settle_s = settle_s
        self.rung = Rung.OBEYS
        self.excess_since_s: float | None = None
        self.refused = False

    def draws(self, sample_s: float, draw_a: float, counted_a: float, told_s: float) -> None:
        """Take a draw beside the grant that the device was told, and when it was told."""
        if draw_a <= counted_a + max(EXCESS_A, EXCESS_SHARE * counted_a):
            self.excess_since_s = None
            if self.rung is not Rung.INOPERATIVE:
                self.rung = Rung.PAUSE if self.refused else Rung.OBEYS
        elif self.excess_since_s is None:
            self.excess_since_s = max(sample_s, told_s)

    def refuse(self) -> None:
        """Take that the device refused a reduction: the ladder starts at a pause."""
        self.refused = True
        self.rung = max(self.rung, Rung.PAUSE)

    def obey(self) -> None:
        """Take that the device accepted and settled a reduction."""
        self.refused = False
        if self.excess_since_s is None and self.rung is not Rung.INOPERATIVE:
            self.rung = Rung.OBEYS

    def forgive(self) -> None:
        """Forget everything: another session, or the device was started anew."""
        self.rung = Rung.OBEYS
        self.excess_since_s = None
        self.refused = False

    def climb(self, now_s: float) -> Rung | None:
        """Return the next rung when its time has come, else None."""
        if self.excess_since_s is None or self.rung is Rung.INOPERATIVE:
            return None
        settles = (now_s - self.excess_since_s) / self.settle_s
        due = Rung.INOPERATIVE if settles >= INOPERATIVE_SETTLES else Rung(min(3, int(settles)))
        if due <= self.rung:
            return None
        self.rung = Rung(self.rung + 1)
        return self.rung

    @property
    def ignores(self) -> bool:
        """Whether the pool has to pause the device for its conduct."""
        return self.rung >= Rung.PAUSE


class WriteCredit:
    """How many writes a device will take now: a bucket that fills by itself."""

    __slots__ = ("_at_s", "_credit")

    def __init__(self) -> None:
        self._credit = WRITE_BURST
        self._at_s: float | None = None

    def spend(self, now_s: float) -> None:
        """Note a write."""
        self._credit = max(0.0, self._level(now_s) - 1.0)
        self._at_s = now_s

    def allows_raise(self, now_s: float) -> bool:
        """Whether a raise leaves enough for reductions."""
        return self._level(now_s) - 1.0 >= WRITES_KEPT

    def _level(self, now_s: float) -> float:
        if self._at_s is None:
            return self._credit
        return min(WRITE_BURST, self._credit + max(0.0, now_s - self._at_s) / WRITE_REFILL_S)
