"""What a circuit carries beside the pool at each hour of the day, learned day by day."""

from typing import Final

HOURS: Final = 24

NEW_DAY: Final = 0.3
"""The newest day counts with so much, those before with the rest: a fortnight is remembered."""


class LoadProfile:
    """Means of a quantity by hour of the day.

    What is seen within an hour is averaged; when the hour is over, its mean joins those of the
    days before.
    """

    def __init__(self) -> None:
        self._means: dict[int, float] = {}
        self._hour: int | None = None
        self._sum = 0.0
        self._count = 0

    def see(self, hour: int, value: float) -> None:
        """Take a value.

        Args:
            hour: Of the day on the clock on the wall, 0 to 23.
            value: In the unit of the profile, taken at even intervals.
        """
        if hour != self._hour:
            self._close()
            self._hour = hour
        self._sum += value
        self._count += 1

    def expected(self, hour: int) -> float | None:
        """Return what is usual at an hour.

        Where that hour was never seen it is the mean of those that were; None before the first
        value.
        """
        if hour in self._means:
            return self._means[hour]
        seen = list(self._means.values())
        if self._count:
            seen.append(self._sum / self._count)
        return sum(seen) / len(seen) if seen else None

    def _close(self) -> None:
        if self._hour is None or not self._count:
            return
        mean = self._sum / self._count
        before = self._means.get(self._hour)
        self._means[self._hour] = mean if before is None else before + NEW_DAY * (mean - before)
        self._sum, self._count = 0.0, 0
