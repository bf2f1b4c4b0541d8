"""A weekly timetable of a limit in watts, as users type it: `mon-fri 08:00-24:00 4600`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
import re
from typing import Final

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAILY: Final = "daily"
_DAY_MINUTES: Final = 24 * 60

_LINE: Final = re.compile(
    r"(?P<days>[a-z,-]+)\s+"
    r"(?P<from_h>\d{1,2}):(?P<from_m>\d{2})\s*-\s*(?P<until_h>\d{1,2}):(?P<until_m>\d{2})\s+"
    r"(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>w|kw)?"
)


class TimetableError(ValueError):
    """A line is no entry of a timetable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A limit at a time of some days.

    Attributes:
        days: The weekdays on which it begins, Monday is 0.
        from_minute: When it begins, minutes after midnight by the clock on the wall.
        until_minute: When it ends; at most `from_minute` for the next day.
        power_w: Watts over all phases.
    """

    days: frozenset[int]
    from_minute: int
    until_minute: int
    power_w: float

    def holds(self, local: datetime) -> bool:
        """Whether it holds at a local time."""
        minute = local.hour * 60 + local.minute
        today = local.weekday() in self.days
        if self.from_minute < self.until_minute:
            return today and self.from_minute <= minute < self.until_minute
        yesterday = (local.weekday() - 1) % len(DAYS) in self.days
        return (today and minute >= self.from_minute) or (yesterday and minute < self.until_minute)


def parse(lines: Iterable[str]) -> tuple[Entry, ...]:
    """Read a timetable.

    Each line has days (`mon-fri`, `sat,sun`, `daily`), the time from and until by the clock on
    the wall (`22:00-06:00` goes over midnight, `24:00` is the end of the day), and watts.

    Raises:
        TimetableError: A line cannot be read; the message names it.
    """
    return tuple(_entry(line) for line in lines if line.strip())


def power_at(entries: Sequence[Entry], local: datetime) -> float | None:
    """Return the limit at a local time, the least where several hold; None where none does."""
    return min((entry.power_w for entry in entries if entry.holds(local)), default=None)


def least_power(entries: Sequence[Entry], local: datetime, lasting: timedelta) -> float | None:
    """Return the least limit within a while from a local time on; None where none holds."""
    minute = local.hour * 60 + local.minute
    steps = {
        timedelta(minutes=step - minute)
        for entry in entries
        for step in (entry.from_minute, entry.until_minute)
    }
    looks = [local, *(local + step for step in steps if timedelta() < step < lasting)]
    found = (power_at(entries, look) for look in looks)
    return min((power_w for power_w in found if power_w is not None), default=None)


def _entry(line: str) -> Entry:
    found = _LINE.fullmatch(line.strip().lower())
    if found is None:
        raise TimetableError(line)
    days = _days(found["days"])
    from_minute = int(found["from_h"]) * 60 + int(found["from_m"])
    until_minute = int(found["until_h"]) * 60 + int(found["until_m"])
    power_w = float(found["value"]) * (1_000.0 if found["unit"] == "kw" else 1.0)
    if (
        not days
        or max(int(found["from_m"]), int(found["until_m"])) > 59  # noqa: PLR2004  of an hour
        or from_minute >= _DAY_MINUTES
        or until_minute > _DAY_MINUTES
        or from_minute == until_minute
        or power_w <= 0.0
    ):
        raise TimetableError(line)
    return Entry(days=days, from_minute=from_minute, until_minute=until_minute, power_w=power_w)


def _days(text: str) -> frozenset[int]:
    """Return the weekdays of a list of days and ranges; none where it cannot be read."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if part == _DAILY:
            found.update(range(len(DAYS)))
        elif first in DAYS and (last or first) in DAYS:
            begin, end = DAYS.index(first), DAYS.index(last or first)
            found.update((begin + day) % len(DAYS) for day in range((end - begin) % len(DAYS) + 1))
        else:
            return frozenset()
    return frozenset(found)
