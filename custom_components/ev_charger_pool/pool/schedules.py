"""What a plan asks of a member over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from .members import MemberId


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A stretch of time with a power, average watts over all phases.

    Attributes:
        from_at: Its start, aware UTC.
        until_at: Its end, aware UTC, after the start.
        power_w: What is to be drawn, at least 0.
    """

    from_at: datetime
    until_at: datetime
    power_w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The slots of one member, in order and without overlap; outside of them it pauses."""

    member: MemberId
    slots: Sequence[Slot]

    def power_at(self, now: datetime) -> float:
        """Return the watts that are planned for a time."""
        for slot in self.slots:
            if slot.from_at <= now < slot.until_at:
                return slot.power_w
        return 0.0

    def next_start(self, now: datetime) -> datetime | None:
        """Return when the next slot with power begins, None when none does."""
        return min(
            (slot.from_at for slot in self.slots if slot.from_at > now and slot.power_w > 0.0),
            default=None,
        )

    def next_change(self, now: datetime) -> datetime | None:
        """Return when a slot begins or ends next, None when none does."""
        return min(
            (at for slot in self.slots for at in (slot.from_at, slot.until_at) if at > now),
            default=None,
        )
