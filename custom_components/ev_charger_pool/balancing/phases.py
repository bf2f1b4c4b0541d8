"""SR-12: which phases a car really uses, learned from its currents."""

from typing import Final

from .wiring import Lanes

LEARNING_S: Final = 60.0
"""A pattern has to stand so long before it is believed."""

USED_A: Final = 5.0
"""A phase with at least this is used: one amp below the least current of IEC 61851."""

UNUSED_A: Final = 0.5
"""A phase below this is not: standby of an on-board charger."""


class PhaseLearner:
    """Learns within a session which of the wired phases the car draws from.

    Args:
        wired: The positions of the site's phases that the member is wired to.
    """

    __slots__ = ("_candidate", "_since_s", "learned", "wired")

    def __init__(self, wired: tuple[int, ...]) -> None:
        self.wired = wired
        self.learned: tuple[int, ...] | None = None
        self._candidate: tuple[int, ...] = ()
        self._since_s = 0.0

    @property
    def used(self) -> tuple[int, ...]:
        """The phases to count with: learned, else all that are wired."""
        return self.wired if self.learned is None else self.learned

    def forget(self) -> None:
        """Void what was learned: another car, or the same one after a pause."""
        self.learned = None
        self._candidate = ()

    def take(self, at_s: float, draw: Lanes) -> bool:
        """Take a draw; return whether the used phases changed by it."""
        before = self.used
        used = tuple(p for p in self.wired if draw[p] >= USED_A)
        unclear = any(UNUSED_A <= draw[p] < USED_A for p in self.wired)
        if self.learned is not None:
            if any(draw[p] >= UNUSED_A for p in self.wired if p not in self.learned):
                self.forget()
            return self.used != before
        if not used or unclear or used != self._candidate:
            self._candidate = used if not unclear else ()
            self._since_s = at_s
        elif at_s - self._since_s >= LEARNING_S:
            self.learned = used
        return self.used != before
