"""Values over time: what energy will cost or emit, or what the sun will give."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
import math
from typing import Final

QUARTER: Final = timedelta(minutes=15)
"""The step of day-ahead markets in Europe since October 2025, and of plans."""

_HOUR: Final = timedelta(hours=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time, aware UTC, from its start up to, but without, its end."""

    start: datetime
    end: datetime

    @property
    def duration(self) -> timedelta:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The value of a stretch of time, constant over it.

    Attributes:
        start: Where it begins, aware UTC.
        end: Where it ends, aware UTC, after the start.
        value: In the unit of the series that it is part of, finite.
    """

    start: datetime
    end: datetime
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Points in order, without overlap; there may be gaps between them.

    The subclasses name the unit. All times are aware UTC, so that a day on which the clocks change
    needs no care here: it has 92 or 100 quarter hours.

    Attributes:
        points: What is known.

    Raises:
        ValueError: The points overlap, are out of order, or are not what `Point` asks for.
    """

    points: tuple[Point, ...] = ()
    _starts: tuple[datetime, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for point in self.points:
            if point.start.utcoffset() != timedelta(0) or point.end.utcoffset() != timedelta(0):
                raise ValueError(f"{point} is not in UTC")
            if point.end <= point.start:
                raise ValueError(f"{point} ends before it starts")
            if not math.isfinite(point.value):
                raise ValueError(f"{point} has no finite value")
        for one, other in pairwise(self.points):
            if other.start < one.end:
                raise ValueError(f"{other} begins before {one} has ended")
        object.__setattr__(self, "_starts", tuple(point.start for point in self.points))

    @property
    def starts_at(self) -> datetime | None:
        """From when on something is known, aware UTC; None when nothing is."""
        return self.points[0].start if self.points else None

    @property
    def ends_at(self) -> datetime | None:
        """Until when something is known, aware UTC; None when nothing is."""
        return self.points[-1].end if self.points else None

    def value_at(self, at: datetime) -> float | None:
        """Return the value at a time; None where nothing is known."""
        index = bisect_right(self._starts, at) - 1
        if index < 0 or at >= self.points[index].end:
            return None
        return self.points[index].value

    def within(self, start: datetime, end: datetime) -> Iterator[Point]:
        """Yield what is known of a stretch, each point cut to it."""
        for index in range(max(0, bisect_right(self._starts, start) - 1), len(self.points)):
            point = self.points[index]
            if point.start >= end:
                return
            if point.end > start:
                yield replace(point, start=max(point.start, start), end=min(point.end, end))

    def gaps(self, start: datetime, end: datetime) -> tuple[Span, ...]:
        """Return the parts of a stretch of which nothing is known."""
        gaps: list[Span] = []
        known_until = start
        for point in self.within(start, end):
            if point.start > known_until:
                gaps.append(Span(start=known_until, end=point.start))
            known_until = point.end
        if known_until < end:
            gaps.append(Span(start=known_until, end=end))
        return tuple(gaps)

    def covers(self, start: datetime, end: datetime) -> bool:
        """Whether all of a stretch is known."""
        return not self.gaps(start, end)

    def integral(self, start: datetime, end: datetime) -> float | None:
        """Return the sum of value x hours over a stretch; None unless all of it is known."""
        return self._sum(start, end) if self.covers(start, end) else None

    def mean(self, start: datetime, end: datetime) -> float | None:
        """Return the mean over a stretch, each moment weighing the same; None where unknown."""
        total = self.integral(start, end)
        return None if total is None or end <= start else total / ((end - start) / _HOUR)

    def _sum(self, start: datetime, end: datetime) -> float:
        return math.fsum(
            point.value * ((point.end - point.start) / _HOUR) for point in self.within(start, end)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePerKwhSeries(Series):
    """What a kWh from the grid costs; negative where its taker is paid.

    Attributes:
        currency: The code of the currency, for example EUR; values are in its main unit.
    """

    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Co2GramsPerKwhSeries(Series):
    """Grams of CO2 equivalent that a kWh from the grid stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarWattsSeries(Series):
    """What the sun is expected to give, watts, at least 0.

    Forecasts leave out the night, so what is not known of an energy counts as nothing.
    """

    def energy_wh(self, start: datetime, end: datetime) -> float:
        """Return the energy that is expected in a stretch, watt-hours."""
        return self._sum(start, end)

    def plus(self, other: SolarWattsSeries) -> SolarWattsSeries:
        """Return what two arrays give together; where only one is known, that one's share."""
        edges = sorted(
            {edge for point in (*self.points, *other.points) for edge in (point.start, point.end)}
        )
        points: list[Point] = []
        for start, end in pairwise(edges):
            values = (self.value_at(start), other.value_at(start))
            if known := [value for value in values if value is not None]:
                points.append(Point(start=start, end=end, value=sum(known)))
        return SolarWattsSeries(points=tuple(points))


def day_span(day: date, zone: tzinfo) -> Span:
    """Return a day of the wall clock, which is 23 to 25 hours long."""
    start = datetime.combine(day, time(), zone)
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    return Span(start=start.astimezone(UTC), end=end.astimezone(UTC))
