"""SR-1: the most that others took in 14 days, day by day."""

from datetime import UTC, datetime, timedelta
from typing import Final

from ..pool.quantities import NO_CURRENT, PerPhase, PhaseValues
from .wiring import Lanes

DAYS: Final = 14

CHANGE_A: Final = 0.5
"""A day's maximum is worth remembering anew when it grew by this much."""

_LASTING_VALUES: Final = 3
"""A peak counts when so many values in a row reach it: inrush and lag are no load."""


class LoadHistory:
    """The daily maximum of one circuit's other load, amps per phase."""

    __slots__ = ("_days", "_last", "_noted_a", "_today")

    def __init__(self) -> None:
        self._days: dict[datetime, PhaseValues] = {}
        self._today: datetime | None = None
        self._last: list[Lanes] = []
        self._noted_a = NO_CURRENT

    def restore(self, day: datetime, most_a: PhaseValues) -> None:
        """Take what was remembered of a day."""
        self._days[day] = _larger(self._days.get(day, most_a), most_a)

    def take(self, at: datetime, other: Lanes | None) -> None:
        """Take an estimate."""
        if other is None:
            return
        self._last.append(other)
        if len(self._last) < _LASTING_VALUES:
            return
        lasting = [max(0.0, min(values)) for values in zip(*self._last, strict=True)][:3]
        del self._last[0]
        if self._today is None or not self._today <= at < self._today + timedelta(days=1):
            self._today = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            self._noted_a = NO_CURRENT
            oldest = self._today - timedelta(days=DAYS)
            self._days = {day: most for day, most in self._days.items() if day > oldest}
        most = self._days.get(self._today)
        if most is None:
            self._days[self._today] = PerPhase(*lasting)
        elif lasting[0] > most.l1 or lasting[1] > most.l2 or lasting[2] > most.l3:
            self._days[self._today] = _larger(most, PerPhase(*lasting))

    @property
    def most_a(self) -> PhaseValues | None:
        """The maximum of the days; None until a day before today is known."""
        if len(self._days) < 2:  # noqa: PLR2004  a part of a day says nothing of its evening
            return None
        most = NO_CURRENT
        for day in self._days.values():
            most = _larger(most, day)
        return most

    def changed(self) -> tuple[datetime, PhaseValues] | None:
        """Return today's maximum once after it grew by enough to be remembered."""
        if self._today is None or self._today not in self._days:
            return None
        most = self._days[self._today]
        noted = self._noted_a
        if all(new < old + CHANGE_A for new, old in zip(most, noted, strict=True)):
            return None
        self._noted_a = most
        return self._today, most


def _larger(one: PhaseValues, other: PhaseValues) -> PhaseValues:
    return PerPhase(max(one.l1, other.l1), max(one.l2, other.l2), max(one.l3, other.l3))
