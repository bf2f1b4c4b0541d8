"""Finds the tables of times and values in what an entity or an action holds."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import chain
import re
from typing import Final, TypeIs

from ..pool.series import day_span
from .problems import ForecastProblemKind, Tally
from .times import parse_duration, parse_time

MOST_ROWS: Final = 5_000
"""Seven weeks of quarter hours; nobody forecasts more."""

MOST_TABLES: Final = 200
MOST_DEPTH: Final = 5

START_KEYS: Final = (
    "start", "starttime", "startsat", "startat", "from", "validfrom", "periodstart",
    "starttimestamp", "datestart", "startdate", "timestart", "intervalstart", "deliverystart",
    "begin", "datetime", "timestamp", "time", "hour", "timeutc", "hourutc", "ts", "date",
)  # fmt: skip
END_KEYS: Final = (
    "end", "endtime", "endsat", "endat", "to", "till", "until", "validto", "periodend",
    "endtimestamp", "dateend", "enddate", "timeend", "intervalend", "deliveryend",
)  # fmt: skip
DURATION_KEYS: Final = ("period", "duration", "resolution", "length")
COLUMN_KEYS: Final = ("unixseconds", *START_KEYS, "times", "timestamps", "starts", "datetimes")
STEP_KEYS: Final = ("step", "interval", "resolution", "period", "duration")
INNER_KEYS: Final = ("forecast", "value", "amount", "average", "total")
"""Where a value that is itself a mapping keeps its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row as it was found; what is missing is None.

    Attributes:
        start: Its start, in whatever form.
        end: Its end.
        duration: Its length.
        value: Its value.
        key: The plain name under which the value stood; empty when it had none of its own.
        start_key: The plain name under which the start stood; empty when it had none.
        unit: The unit that the row itself names.
    """

    value: object
    start: object = None
    end: object = None
    duration: object = None
    key: str = ""
    start_key: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows that belong together.

    Attributes:
        path: The names that lead to it, as they were written.
        unit: The unit that stood beside it, with the currency and scale that go with it.
        rows: The rows, in the order in which they were found.
    """

    path: tuple[str, ...]
    unit: str
    rows: tuple[Row, ...]

    @property
    def name(self) -> str:
        """The plain name of its last part; empty for a bare list."""
        return plain(self.path[-1]) if self.path else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How to tell times from values where names do not: what the caller knows.

    Attributes:
        value_keys: Plain names of values, the best first.
        zone: Where the wall clock of the source hangs.
        written_at: When the content was written, aware: which day its "today" is.
        start: Where a bare list of numbers starts, aware; None when unknown.
        step: How long each of its numbers holds; None when unknown.
        extra_value_key: Plain names of values that tell their unit, found after the others.
    """

    value_keys: Sequence[str]
    zone: tzinfo
    written_at: datetime
    start: datetime | None = None
    step: timedelta | None = None
    extra_value_key: re.Pattern[str] = field(default_factory=lambda: re.compile(r"(?!)"))


def plain(name: object) -> str:
    """Return a name in lower case, of letters and digits only."""
    return re.sub(r"[^0-9a-z]", "", str(name).lower())


def find_tables(contents: Sequence[object], layout: Layout, tally: Tally) -> tuple[Table, ...]:
    """Return every table in some contents, in their order.

    Args:
        contents: Attributes of entities, responses of actions, or parts of either.
        layout: What is known of it.
        tally: Takes what is too much.
    """
    finder = _Finder(layout)
    tables: list[Table] = []
    rows = 0
    for table in chain.from_iterable(map(finder.walk, contents)):
        if len(tables) == MOST_TABLES or rows + len(table.rows) > MOST_ROWS:
            tally.add(ForecastProblemKind.TOO_MANY, ".".join(table.path), count=len(table.rows))
            continue
        rows += len(table.rows)
        tables.append(table)
    return tuple(tables)


class _Finder:
    """Walks through content and yields what is a table by its shape."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def walk(
        self, content: object, path: tuple[str, ...] = (), unit: str = "", depth: int = 0
    ) -> Iterator[Table]:
        """Yield the tables of a part of the content."""
        if depth > MOST_DEPTH:
            return
        if isinstance(content, Mapping):
            yield from self._walk_mapping(content, path, unit, depth)
        elif _is_list(content):
            if rows := self._list_rows(content, path):
                yield Table(path=path, unit=unit, rows=rows)
                return
            for item in content:
                yield from self.walk(item, path, unit, depth + 1)

    def _walk_mapping(
        self, content: Mapping[object, object], path: tuple[str, ...], outer: str, depth: int
    ) -> Iterator[Table]:
        unit = _unit_beside(content) or outer
        rows = self._map_rows(content) or self._column_rows(content) or self._stepped(content)
        if rows:
            yield Table(path=path, unit=unit, rows=rows)
            return
        for name, part in content.items():
            yield from self.walk(part, (*path, str(name)), unit, depth + 1)

    def _list_rows(self, content: Sequence[object], path: tuple[str, ...]) -> tuple[Row, ...]:
        """Read a list of mappings, of pairs, or of bare numbers."""
        found = (self._row(item) for item in content if isinstance(item, Mapping))
        if rows := tuple(row for row in found if row is not None):
            return rows
        if rows := tuple(row for row in map(_pair, content) if row is not None):
            return rows
        return self._number_rows(content, plain(path[-1]) if path else "")

    def _row(self, item: Mapping[object, object]) -> Row | None:
        by_name = _by_name(item)
        key = self._value_key(by_name)
        start_key, end_key = _first(by_name, START_KEYS), _first(by_name, END_KEYS)
        if not key or not (start_key or end_key):
            return None
        value = by_name[key]
        if isinstance(value, Mapping):
            inner = _by_name(value)
            if not inner.keys().isdisjoint(INNER_KEYS):
                value = inner.get(_first(inner, INNER_KEYS))
        if _is_list(value):
            return None
        unit = by_name.get("unit", by_name.get("units"))
        return Row(
            start=by_name.get(start_key),
            end=by_name.get(end_key),
            duration=by_name.get(_first(by_name, DURATION_KEYS)),
            value=value,
            key=key,
            start_key=start_key,
            unit=unit if isinstance(unit, str) else "",
        )

    def _value_key(self, by_name: Iterable[str]) -> str:
        """Return the best name of a value that is there; empty when there is none."""
        for key in self._layout.value_keys:
            if key in by_name:
                return key
        return next(filter(self._layout.extra_value_key.fullmatch, by_name), "")

    def _map_rows(self, content: Mapping[object, object]) -> tuple[Row, ...]:
        """Read a mapping from times to values: every key has to be a time."""
        if not content or any(parse_time(key) is None for key in content):
            return ()
        rows: list[Row] = []
        for key, value in content.items():
            if isinstance(value, Mapping):
                if (row := self._row({"start": key, **value})) is not None:
                    rows.append(row)
            elif not isinstance(value, Sequence) or isinstance(value, str):
                rows.append(Row(start=key, value=value))
        return tuple(rows)

    def _column_rows(self, content: Mapping[object, object]) -> tuple[Row, ...]:
        """Read columns: a list of times beside a list of values of the same length."""
        columns = {name: part for name, part in _by_name(content).items() if _is_list(part)}
        for time_key in COLUMN_KEYS:
            times = columns.get(time_key, ())
            if times and all(parse_time(item) is not None for item in times):
                break
        else:
            return ()
        # A column may be called by the plural of what is in it.
        plurals = {name.removesuffix("s"): part for name, part in columns.items()}
        columns = {**plurals, **columns}
        key = self._value_key(columns)
        values = columns.get(key, ())
        if len(values) != len(times):
            return ()
        pairs = zip(times, values, strict=True)
        return tuple(Row(start=start, value=value, key=key) for start, value in pairs)

    def _stepped(self, content: Mapping[object, object]) -> tuple[Row, ...]:
        """Read a list of numbers that stands beside its start and its step."""
        by_name = _by_name(content)
        start = parse_time(by_name.get(_first(by_name, START_KEYS)))
        step = parse_duration(by_name.get(_first(by_name, STEP_KEYS)))
        if start is None or step is None:
            return ()
        if start.tzinfo is None:
            start = start.replace(tzinfo=self._layout.zone)
        lists = {
            key: part for key, part in by_name.items() if _is_list(part) and _are_numbers(part)
        }
        key = self._value_key(lists) or next(iter(lists), "")
        return _even_rows(lists[key], start, step, key) if key else ()

    def _number_rows(self, content: Sequence[object], name: str) -> tuple[Row, ...]:
        """Read a bare list of numbers: of a day by its name, or from where the caller says."""
        if not _are_numbers(content):
            return ()
        layout = self._layout
        if layout.start is not None and layout.step is not None:
            return _even_rows(content, layout.start, layout.step, "")
        day = layout.written_at.astimezone(layout.zone).date()
        if name.endswith("tomorrow"):
            return _day_rows(content, day + timedelta(days=1), layout.zone)
        return _day_rows(content, day, layout.zone) if name.endswith("today") else ()


def _day_rows(content: Sequence[object], day: date, zone: tzinfo) -> tuple[Row, ...]:
    """Spread the numbers of a day over it.

    As many as the day has hours (or quarters) follow each other; 24 (or 96) on a day with more or
    fewer are of the wall clock, which then skips an hour or holds its last number for longer.
    """
    span = day_span(day, zone)
    for per_hour in (1, 2, 4):
        step = timedelta(hours=1) / per_hour
        if len(content) * step == span.duration:
            return _even_rows(content, span.start, step, "")
        if len(content) == 24 * per_hour:
            midnight = datetime.combine(day, time())
            return tuple(
                Row(start=midnight + index * step, end=midnight + (index + 1) * step, value=value)
                for index, value in enumerate(content)
            )
    return ()


def _even_rows(
    values: Sequence[object], start: datetime, step: timedelta, key: str
) -> tuple[Row, ...]:
    begin = start.astimezone(UTC)
    return tuple(
        Row(start=begin + index * step, end=begin + (index + 1) * step, value=value, key=key)
        for index, value in enumerate(values)
    )


def _unit_beside(content: Mapping[object, object]) -> str:
    """Return the unit that stands beside tables, or what some write in several parts instead."""
    whole, unit = content.get("unit_of_measurement"), content.get("unit")
    if isinstance(whole, str):
        return whole
    if not isinstance(unit, str):
        return ""
    currency = content.get("currency")
    if not isinstance(currency, str) or "/" in unit:
        return unit
    return f"{currency}{'cent' if content.get('price_in_cents') is True else ''}/{unit}"


def _first(by_name: Mapping[str, object], keys: Sequence[str]) -> str:
    """Return the first of some names that has a value; empty when none has."""
    return next((key for key in keys if by_name.get(key) is not None), "")


def _is_list(content: object) -> TypeIs[Sequence[object]]:
    return isinstance(content, Sequence) and not isinstance(content, (str, bytes))


def _pair(item: object) -> Row | None:
    match item:
        case [start, value] if parse_time(start) is not None:
            return Row(start=start, value=value)
    return None


def _are_numbers(content: Sequence[object]) -> bool:
    """Whether a list is of numbers, with places kept for those that are not known yet."""
    return any(item is not None for item in content) and all(
        item is None or (isinstance(item, (int, float)) and not isinstance(item, bool))
        for item in content
    )


def _by_name(content: Mapping[object, object]) -> dict[str, object]:
    named = {plain(name): part for name, part in content.items()}
    named.pop("", None)
    return named
