"""What is wrong with a forecast, by kind and count."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ForecastProblemKind(StrEnum):
    """A way in which a forecast is not what it should be."""

    NOTHING_FOUND = "nothing_found"
    """Nothing in it looks like values over time."""

    UNIT_UNKNOWN = "unit_unknown"
    """It does not say its unit, or one that is not known: left out."""

    UNIT_DOUBTFUL = "unit_doubtful"
    """In the unit that it says, too many values are impossible: left out."""

    SEVERAL = "several"
    """It holds several series for the same time, of which the first is used."""

    TIME_UNREADABLE = "time_unreadable"
    """Rows without a time that can be read, or that end before they start: left out."""

    VALUE_UNREADABLE = "value_unreadable"
    """Rows without a number, among them NaN and infinity: left out."""

    LENGTH_UNKNOWN = "length_unknown"
    """Rows that do not tell how long they hold, nor do their neighbours: left out."""

    IMPLAUSIBLE = "implausible"
    """Single values that cannot be: left out."""

    DUPLICATE = "duplicate"
    """Rows for a start that was there already: the first is used."""

    OVERLAP = "overlap"
    """Rows that reach into the next: the one that starts later holds."""

    CLOCK_CHANGE = "clock_change"
    """Rows for a time that the wall clock skips on the day when it is put forward: left out."""

    TOO_MANY = "too_many"
    """More rows than any forecast has: the rest is left out."""

    ZONE_DOUBTFUL = "zone_doubtful"
    """The sun is expected far from noon: the times are in another zone than they say."""

    ENDS_EARLY = "ends_early"
    """What should be known by now is missing, for example tomorrow's prices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastProblem:
    """What is wrong.

    Attributes:
        kind: In which way.
        count: How often, at least 1.
        sample: The first case, or the figure that shows it; short.
    """

    kind: ForecastProblemKind
    count: int = 1
    sample: str = ""


SAMPLE_LENGTH: Final = 80


class Tally:
    """Counts the problems of one forecast and keeps the first case of each kind."""

    def __init__(self) -> None:
        self._problems: dict[ForecastProblemKind, tuple[int, str]] = {}

    def add(self, kind: ForecastProblemKind, sample: object = "", *, count: int = 1) -> None:
        """Count a case.

        Args:
            kind: What is wrong.
            sample: What shows it.
            count: How many cases it stands for.
        """
        known, first = self._problems.get(kind, (0, str(sample)[:SAMPLE_LENGTH]))
        self._problems[kind] = (known + count, first)

    def take(self, problems: Iterable[ForecastProblem]) -> None:
        """Count what was counted elsewhere."""
        for problem in problems:
            self.add(problem.kind, problem.sample, count=problem.count)

    @property
    def problems(self) -> tuple[ForecastProblem, ...]:
        """What was found, in the order of `ForecastProblemKind`."""
        return tuple(
            ForecastProblem(
                kind=kind, count=self._problems[kind][0], sample=self._problems[kind][1]
            )
            for kind in ForecastProblemKind
            if kind in self._problems
        )
