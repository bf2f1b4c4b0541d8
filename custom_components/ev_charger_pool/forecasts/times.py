"""Reads the times of forecasts: with a zone, without one, or as seconds since 1970."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
import re
from typing import Final

from .problems import ForecastProblemKind, Tally

_YEARS: Final = range(2000, 2100)
"""What lies outside is no time; it is a price, a rank or an hour of the day."""

_MILLISECONDS_FROM: Final = 1e11
_MICROSECONDS_FROM: Final = 1e14
"""Seconds up to the year 5138; larger numbers are milliseconds or microseconds."""

_SLACK: Final = timedelta(seconds=1)
"""Some sources start a slot one second late or end it one second early."""

_MINUTE: Final = timedelta(minutes=1)
_ISO_DURATION: Final = re.compile(
    r"P(?:(\d+)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)


class Clock:
    """Turns what a source gives as times into aware UTC, row by row.

    A time without a zone is of the wall clock. One that the clock shows twice is the first unless
    the first was read before: sources list their rows in order.
    """

    def __init__(self, zone: tzinfo, tally: Tally) -> None:
        """Start with a table of rows.

        Args:
            zone: Where the wall clock hangs.
            tally: Takes what cannot be read.
        """
        self._zone = zone
        self._tally = tally
        self._shown: set[datetime] = set()

    def start(self, raw: object) -> datetime | None:
        """Return when a row starts; None where it cannot be read, which is counted."""
        read = parse_time(raw)
        if read is None:
            self._tally.add(ForecastProblemKind.TIME_UNREADABLE, raw)
            return None
        if read.tzinfo is not None:
            return read.astimezone(UTC)
        first, second = self._readings(read)
        if first.astimezone(self._zone).replace(tzinfo=None) != read:
            self._tally.add(ForecastProblemKind.CLOCK_CHANGE, raw)
            return None
        if first == second or read not in self._shown:
            self._shown.add(read)
            return first
        return second

    def end(self, raw: object, start: datetime) -> datetime | None:
        """Return when the row that starts then ends; None where it cannot be read."""
        read = parse_time(raw)
        if read is not None:
            found = [read.astimezone(UTC)] if read.tzinfo is not None else self._readings(read)
            later = [end for end in found if end > start]
            if later:
                return min(later)
        self._tally.add(ForecastProblemKind.TIME_UNREADABLE, raw)
        return None

    def _readings(self, wall: datetime) -> list[datetime]:
        return [wall.replace(tzinfo=self._zone, fold=fold).astimezone(UTC) for fold in (0, 1)]


def parse_time(raw: object) -> datetime | None:
    """Return the time that a value stands for, naive when it has no zone; None if it is none."""
    found: datetime | None = None
    match raw:
        case datetime():
            found = raw
        case date():
            found = datetime.combine(raw, time())
        case bool():
            return None
        case int() | float():
            found = _from_number(raw)
        case str():
            found = _from_text(raw.strip())
    return None if found is None or found.year not in _YEARS else _rounded(found)


def parse_duration(raw: object) -> timedelta | None:
    """Return a length that is given as ISO 8601, or as a number of minutes; None if it is none."""
    minutes: float | None = None
    match raw:
        case timedelta():
            return raw if raw > timedelta(0) else None
        case bool():
            return None
        case int() | float():
            minutes = raw
        case str():
            if (text := raw.strip()).isdecimal():
                minutes = float(text)
            elif (found := _ISO_DURATION.fullmatch(text.upper())) is not None:
                days, hours, parts, seconds = (float(part or 0) for part in found.groups())
                minutes = days * 1440 + hours * 60 + parts + seconds / 60
    if minutes is None or not 0 < minutes <= timedelta(days=366) / _MINUTE:
        return None
    return timedelta(minutes=minutes)


def _from_number(raw: float) -> datetime | None:
    scale = 1e6 if abs(raw) >= _MICROSECONDS_FROM else 1e3 if abs(raw) >= _MILLISECONDS_FROM else 1
    try:
        return datetime.fromtimestamp(raw / scale, UTC)
    except OverflowError, OSError, ValueError:
        return None


def _from_text(text: str) -> datetime | None:
    try:
        number = _from_number(float(text))
    except ValueError:
        number = None
    if number is not None and number.year in _YEARS:
        return number
    try:
        # Some write a space before the zone.
        return datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d{2}:?\d{2}$|Z$)", "", text))
    except ValueError:
        return None


def _rounded(found: datetime) -> datetime:
    past = timedelta(seconds=found.second, microseconds=found.microsecond)
    if past <= _SLACK:
        return found - past
    if past >= _MINUTE - _SLACK:
        return found + (_MINUTE - past)
    return found
