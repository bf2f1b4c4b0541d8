"""When a car has to be ready: once, or again and again on days of the week."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum


class Weekday(StrEnum):
    """A day of the week."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


WEEK: tuple[Weekday, ...] = tuple(Weekday)
"""In the order of `date.weekday`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """One departure, aware UTC."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeating:
    """A time of day, as the clock on the wall shows it, on some days of the week."""

    at: time
    weekdays: frozenset[Weekday]


type Departure = Once | Repeating


def next_departure(departure: Departure, after: datetime, zone: tzinfo) -> datetime | None:
    """Return the next time to be ready, aware UTC; None when there is none any more.

    A time that the clock skips in spring is an hour later on that day, one that it shows twice in
    autumn is the first.

    Args:
        departure: What is wished for.
        after: The time is later than this, aware UTC.
        zone: That of the clock on the wall.
    """
    if isinstance(departure, Once):
        return departure.at if departure.at > after else None
    first = after.astimezone(zone).date()
    for days in range(8):
        day = first + timedelta(days=days)
        if WEEK[day.weekday()] not in departure.weekdays:
            continue
        at = datetime.combine(day, departure.at, tzinfo=zone).astimezone(UTC)
        if at > after:
            return at
    return None
