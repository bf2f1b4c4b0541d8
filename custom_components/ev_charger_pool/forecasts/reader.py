"""Reads what a forecast entity or action holds into a series with a known unit."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from functools import reduce
from heapq import heappop, heappush
from itertools import pairwise
import math
from typing import Final

from ..pool.series import Point, Series, Span
from .problems import ForecastProblem, ForecastProblemKind, Tally
from .quantities import Quantity
from .tables import Layout, Row, Table, find_tables, plain
from .times import Clock, parse_duration
from .units import Form, Unit

MOST_IMPLAUSIBLE: Final = 1 / 3
"""Of the values. With more of them it is not the values that are wrong but the unit."""

_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What is known of the content beside the content.

    Attributes:
        zone: Where the wall clock hangs that times without a zone are of.
        written_at: When it was written, aware: which day its "today" is.
        home_currency: The code of the site's currency: decides whose crowns and cents they are.
        unit: The unit, where the user names it; empty: the content has to.
        part: The area or the home to take where there are several; empty: the first.
        start: Where a bare list of numbers starts, aware; None when the content tells.
        step: How long each of its numbers holds; None when the content tells.
    """

    zone: tzinfo
    written_at: datetime
    home_currency: str = "EUR"
    unit: str = ""
    part: str = ""
    start: datetime | None = None
    step: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastReading[S: Series]:
    """What was read.

    Attributes:
        series: All that is good of it, maybe nothing.
        problems: What is not.
    """

    series: S
    problems: tuple[ForecastProblem, ...]

    @property
    def is_usable(self) -> bool:
        """Whether there is anything to plan with."""
        return bool(self.series.points)

    @property
    def resolution(self) -> timedelta | None:
        """How long most points are, an hour or a quarter of one; None when there are none."""
        lengths = Counter(point.end - point.start for point in self.series.points)
        return lengths.most_common(1)[0][0] if lengths else None


def read_forecast[S: Series](
    contents: Sequence[object], quantity: Quantity[S], origin: Origin
) -> ForecastReading[S]:
    """Read a forecast, whatever its shape.

    Nothing of what is good is lost for what is bad: a bad row costs that row. A unit that cannot be
    true costs everything, since no value can be trusted then; it is never corrected silently.

    Args:
        contents: Attributes of entities and responses of actions that together are one forecast,
            for example one for each day.
        quantity: What it is a forecast of.
        origin: What else is known of it.
    """
    tally = Tally()
    layout = Layout(
        value_keys=quantity.value_keys,
        extra_value_key=quantity.extra_value_key,
        zone=origin.zone,
        written_at=origin.written_at,
        start=origin.start,
        step=origin.step,
    )
    tables = [
        table
        for table in find_tables(contents, layout, tally)
        if quantity.ignored_tables.fullmatch(table.name) is None
    ]
    if not tables:
        tally.add(ForecastProblemKind.NOTHING_FOUND)
    reader = _Reader(quantity, origin)
    ranked = sorted(_part(tables, origin.part), key=reader.rank)
    points = reader.read(ranked, tally)
    return ForecastReading(series=quantity.make(points, reader.currency), problems=tally.problems)


def together[S: Series](
    readings: Sequence[ForecastReading[S]], quantity: Quantity[S]
) -> ForecastReading[S]:
    """Return the readings of several sources as one, summed where they add up.

    Args:
        readings: At least one.
        quantity: What they are forecasts of; one whose sources add up.
    """
    tally = Tally()
    for reading in readings:
        tally.take(reading.problems)
    series = [reading.series for reading in readings]
    return ForecastReading(
        series=series[0] if quantity.add is None else reduce(quantity.add, series),
        problems=tally.problems,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The points of a table, still with overlaps; those of a lower order win over others."""

    order: int
    table: Table
    points: Sequence[Point]
    tally: Tally


class _Reader[S: Series]:
    """Reads the tables of one forecast into one series."""

    def __init__(self, quantity: Quantity[S], origin: Origin) -> None:
        self._quantity = quantity
        self._origin = origin
        self.currency = ""

    def rank(self, table: Table) -> int:
        """Return how well a table's name fits, 0 the best."""
        names = self._quantity.table_names
        return names.index(table.name) if table.name in names else len(names)

    def read(self, tables: Sequence[Table], tally: Tally) -> tuple[Point, ...]:
        """Return the points of some tables, the best first, in order and without overlap."""
        found: list[_Found] = []
        for order, table in enumerate(tables):
            own = Tally()
            points = self._points(table, own)
            if rival := self._rival(table, points, found):
                tally.add(ForecastProblemKind.SEVERAL, f"{_path(rival)} / {_path(table)}")
                continue
            found.append(_Found(order=order, table=table, points=points, tally=own))
        used, pieces = _untangled(found)
        for one in found:
            if one.order in used or not one.points:
                tally.take(one.tally.problems)
        return pieces

    def _rival(
        self, table: Table, points: Sequence[Point], found: Sequence[_Found]
    ) -> Table | None:
        """Return a table of no better name that tells of the same time, as of another area."""
        for one in found:
            if self.rank(one.table) == self.rank(table) and one.table.path != table.path:
                taken = {point.start for point in one.points}
                if any(point.start in taken for point in points):
                    return one.table
        return None

    def _points(self, table: Table, tally: Tally) -> list[Point]:
        """Return the points of a table, in the pool's unit and in order of their starts."""
        units = [self._unit(row, table, tally) for row in table.rows]
        spans = _spans(table.rows, Clock(self._origin.zone, tally), tally)
        good: list[Point] = []
        odd: list[float] = []
        for row, unit, span in zip(table.rows, units, spans, strict=True):
            number = _number(row.value)
            if number is None:
                # None is a place that is kept for what is not known yet.
                if row.value is not None:
                    tally.add(ForecastProblemKind.VALUE_UNREADABLE, row.value)
            elif unit is not None and span is not None:
                value = number * unit.factor
                if unit.form is Form.ENERGY:
                    value /= span.duration / _HOUR
                if self._quantity.is_plausible(value, unit):
                    good.append(Point(start=span.start, end=span.end, value=value))
                else:
                    odd.append(number)
        if len(odd) > MOST_IMPLAUSIBLE * (len(good) + len(odd)):
            tally.add(ForecastProblemKind.UNIT_DOUBTFUL, f"{odd[0]:g}", count=len(odd))
            return []
        if odd:
            tally.add(ForecastProblemKind.IMPLAUSIBLE, f"{odd[0]:g}", count=len(odd))
        return _without_duplicates(good, tally)

    def _unit(self, row: Row, table: Table, tally: Tally) -> Unit | None:
        home = self._origin.home_currency
        texts = (
            self._quantity.own_unit(row, table),
            self._origin.unit,
            row.unit,
            table.unit,
            self._quantity.usual_unit(row, home),
        )
        text = next(filter(None, texts), "")
        unit = self._quantity.parse_unit(text, home)
        if unit is None:
            tally.add(ForecastProblemKind.UNIT_UNKNOWN, text)
            return None
        self.currency = self.currency or unit.currency
        if unit.currency != self.currency:
            tally.add(ForecastProblemKind.SEVERAL, f"{self.currency} / {unit.currency}")
            return None
        return unit


def _part(tables: Sequence[Table], part: str) -> Sequence[Table]:
    """Return the tables of an area or a home, or all where none is named so."""
    wanted = plain(part)
    named = [table for table in tables if wanted in map(plain, table.path)]
    return named or tables


def _path(table: Table) -> str:
    return ".".join(table.path)


def _number(raw: object) -> float | None:
    """Return a finite number, also from text with either decimal sign; None if it is none."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        return None
    try:
        number = float(raw.strip().replace(",", ".") if isinstance(raw, str) else raw)
    except OverflowError, ValueError:
        return None
    return number if math.isfinite(number) else None


def _spans(rows: Sequence[Row], clock: Clock, tally: Tally) -> list[Span | None]:
    """Return when each row holds; None where it cannot be told, which is counted."""
    anchors = [clock.start(row.end if row.start is None else row.start) for row in rows]
    lengths = _lengths(sorted({anchor for anchor in anchors if anchor is not None}))
    spans: list[Span | None] = []
    for row, anchor in zip(rows, anchors, strict=True):
        if anchor is None:
            spans.append(None)
            continue
        if row.start is not None and row.end is not None:
            end = clock.end(row.end, anchor)
            spans.append(None if end is None else Span(start=anchor, end=end))
            continue
        before, after = lengths.get(anchor, (None, None))
        stated = parse_duration(row.duration)
        if row.start is None and (length := stated or before) is not None:
            spans.append(Span(start=anchor - length, end=anchor))
        elif row.start is not None and (length := stated or after) is not None:
            spans.append(Span(start=anchor, end=anchor + length))
        else:
            tally.add(ForecastProblemKind.LENGTH_UNKNOWN, anchor.isoformat())
            spans.append(None)
    return spans


def _lengths(times: Sequence[datetime]) -> dict[datetime, tuple[timedelta, timedelta]]:
    """Return how far each of some times is from the one before and to the one after.

    A distance that is larger than both of its neighbours is a gap (a missing row, or the night in a
    forecast of the sun) and counts as much as the larger of them; so does what lies beyond either
    end as much as what lies before it.
    """
    gaps = [after - before for before, after in pairwise(times)]
    if not gaps:
        return {}
    steps = [
        min(gap, max(gaps[max(0, index - 1) : index] + gaps[index + 1 : index + 2], default=gap))
        for index, gap in enumerate(gaps)
    ]
    befores, afters = [steps[0], *steps], [*steps, steps[-1]]
    return dict(zip(times, zip(befores, afters, strict=True), strict=True))


def _without_duplicates(points: Sequence[Point], tally: Tally) -> list[Point]:
    """Return the points in order of their starts, the first of those that share one."""
    by_start: dict[datetime, Point] = {}
    for point in points:
        if by_start.setdefault(point.start, point) is not point:
            tally.add(ForecastProblemKind.DUPLICATE, point.start.isoformat())
    ordered = [by_start[start] for start in sorted(by_start)]
    for one, other in pairwise(ordered):
        if other.start < one.end:
            tally.add(ForecastProblemKind.OVERLAP, other.start.isoformat())
    return ordered


def _untangled(found: Sequence[_Found]) -> tuple[set[int], tuple[Point, ...]]:
    """Return which tables are used, and their points cut so that none overlaps another.

    At each moment the best table holds, and in it the point that starts last; what is around it of
    a longer one is kept.
    """
    waiting = sorted(
        ((point.start, one.order, point) for one in found for point in one.points),
        key=lambda entry: entry[:2],
        reverse=True,
    )
    edges = sorted({edge for _, _, point in waiting for edge in (point.start, point.end)})
    active: list[tuple[int, float, int, Point]] = []
    used: set[int] = set()
    pieces: list[tuple[Point, Point]] = []
    for start, end in pairwise(edges):
        while waiting and waiting[-1][0] <= start:
            _, order, point = waiting.pop()
            heappush(active, (order, -point.start.timestamp(), len(waiting), point))
        while active and active[0][-1].end <= start:
            heappop(active)
        if not active:
            continue
        order, _, _, point = active[0]
        used.add(order)
        if pieces and pieces[-1][0] is point and pieces[-1][1].end == start:
            pieces[-1] = (point, replace(pieces[-1][1], end=end))
        else:
            pieces.append((point, replace(point, start=start, end=end)))
    return used, tuple(piece for _, piece in pieces)
