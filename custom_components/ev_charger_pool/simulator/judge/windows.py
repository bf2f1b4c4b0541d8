"""Extremes and sums over a window that moves with time."""

from collections import deque


class SlidingMinimum:
    """The least value since a moving start."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: deque[tuple[float, float]] = deque()

    def add(self, at_s: float, value: float) -> None:
        """Take the value of a time, later than all before."""
        values = self._values
        while values and values[-1][1] >= value:
            values.pop()
        values.append((at_s, value))

    def since(self, start_s: float) -> float:
        """Return the least value from `start_s` on and forget what is older.

        At least one value has to be in the window.
        """
        values = self._values
        while values[0][0] < start_s and len(values) > 1:
            values.popleft()
        return values[0][1]


class SlidingMaximum:
    """The greatest value since a moving start."""

    __slots__ = ("_negated",)

    def __init__(self) -> None:
        self._negated = SlidingMinimum()

    def add(self, at_s: float, value: float) -> None:
        """Take the value of a time, later than all before."""
        self._negated.add(at_s, -value)

    def since(self, start_s: float) -> float:
        """Return the greatest value from `start_s` on and forget what is older."""
        return -self._negated.since(start_s)


class SlidingSum:
    """A sum over the last seconds."""

    __slots__ = ("_length_s", "_values", "total")

    def __init__(self, length_s: float) -> None:
        self._length_s = length_s
        self._values: deque[tuple[float, float]] = deque()
        self.total = 0.0

    def add(self, at_s: float, value: float) -> None:
        """Take a value and drop what is older than the window."""
        if value:
            self._values.append((at_s, value))
            self.total += value
        while self._values and self._values[0][0] <= at_s - self._length_s:
            self.total -= self._values.popleft()[1]
