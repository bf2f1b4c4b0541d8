"""Reading the fields of a station's message, where a bad field costs only that field."""

from datetime import UTC, datetime
import math
from typing import Final

from .counters import Counters
from .framing import ErrorCode, JsonValue, Payload
from .link import RefusalError

_MAX_TEXT: Final = 500
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)


class Fields:
    """The fields of one object of a message.

    What is missing is None; what is there and cannot be used is None too, and counted.
    """

    def __init__(self, payload: Payload, counters: Counters) -> None:
        self._payload = payload
        self._counters = counters

    def text(self, name: str, *, max_length: int = _MAX_TEXT) -> str | None:
        """Return a text, cut to a length; numbers are taken as their text."""
        value = self._payload.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            self._bad()
            value = str(value)
        if value is None or isinstance(value, str):
            if value is not None and len(value) > max_length:
                self._bad()
                value = value[:max_length]
            return None if value is None else value.strip() or None
        self._bad()
        return None

    def number(self, name: str) -> float | None:
        """Return a finite number, written as a number or as a text."""
        value = self._payload.get(name)
        if value is None:
            return None
        if (number := as_number(value)) is None:
            self._bad()
        return number

    def needed_number(self, name: str) -> float | None:
        """Return a finite number; that it is missing counts as a bad field too."""
        if self._payload.get(name) is None:
            self._bad()
            return None
        return self.number(name)

    def integer(self, name: str) -> int | None:
        """Return a whole number."""
        number = self.number(name)
        if number is None or number == math.floor(number):
            return None if number is None else int(number)
        self._bad()
        return None

    def time(self, name: str) -> datetime | None:
        """Return a time, aware UTC; one without a zone is meant as UTC."""
        value = self._payload.get(name)
        if value is None:
            return None
        try:
            time = datetime.fromisoformat(value) if isinstance(value, str) else None
            if time is not None:
                time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        except ValueError, OverflowError:
            time = None
        if time is None or not _EARLIEST <= time <= _LATEST:
            self._bad()
            return None
        return time

    def objects(self, name: str) -> list[Fields]:
        """Return the objects of a list; whatever else is in it is left out."""
        value = self._payload.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self._bad()
            return []
        found = [Fields(item, self._counters) for item in value if isinstance(item, dict)]
        if len(found) < len(value):
            self._bad()
        return found

    def required_integer(self, name: str, *, lowest: int, highest: int) -> int:
        """Return a whole number without which the message means nothing.

        Raises:
            RefusalError: It is not there, of another type, or out of its range.
        """
        value = self._payload.get(name)
        if value is None:
            raise RefusalError(ErrorCode.PROTOCOL_ERROR, f"{name} is missing")
        if isinstance(value, bool) or not isinstance(value, int):
            raise RefusalError(ErrorCode.TYPE_CONSTRAINT_VIOLATION, f"{name} has to be an integer")
        if not lowest <= value <= highest:
            raise RefusalError(
                ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
                f"{name} has to be from {lowest} to {highest}",
            )
        return value

    def reject(self) -> None:
        """Count that a field was read and could not be believed."""
        self._bad()

    def _bad(self) -> None:
        self._counters.bad_fields += 1


def as_number(value: JsonValue) -> float | None:
    """Return a finite number, written as a number or as a text; None for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError, OverflowError:
        return None
    return number if math.isfinite(number) else None
