"""Measured values with their times."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading[T]:
    """A measured value.

    Attributes:
        value: What was measured, in the unit that the field's name tells.
        arrived_at: When it reached the pool, aware UTC. Staleness counts from here (SR-10).
        measured_at: The device's own time of the measurement, aware UTC; None when it gives none.
    """

    value: T
    arrived_at: datetime
    measured_at: datetime | None = None

    def age(self, now: datetime) -> timedelta:
        """Return how long ago the value arrived."""
        return now - self.arrived_at

    def taken_at(self, lag: timedelta) -> datetime:
        """Return the time that the value tells about: its own, or arrival less the lag (SR-9)."""
        return self.measured_at if self.measured_at is not None else self.arrived_at - lag
