"""SR-11: what is done differently in the first moments after a start."""

from typing import Final

QUIET_S: Final = 30.0
"""So long nothing is granted beyond what was persisted, and only overloads are cut."""

CAUTION_S: Final = 300.0
"""So long members are raised one per settle time: nobody knows yet what they will do."""

FRESH_VALUES: Final = 2
"""A circuit's meter has to show so many fresh values before anything is raised on it."""


class Restart:
    """The time since the start. Times are seconds since the epoch."""

    __slots__ = ("_started_s",)

    def __init__(self) -> None:
        self._started_s: float | None = None

    def begin(self, now_s: float) -> None:
        """Note a start."""
        self._started_s = now_s

    @property
    def has_begun(self) -> bool:
        """Whether a start was noted."""
        return self._started_s is not None

    def is_quiet(self, now_s: float) -> bool:
        """Whether only what was persisted may be granted."""
        return self._started_s is None or now_s - self._started_s < QUIET_S

    def is_cautious(self, now_s: float) -> bool:
        """Whether members are raised one at a time."""
        return self._started_s is None or now_s - self._started_s < CAUTION_S
