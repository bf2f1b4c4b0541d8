"""A session, from plug-in to unplug."""

from dataclasses import dataclass
from datetime import datetime

from .members import MemberId


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What happened between plug-in and unplug.

    Attributes:
        id: Unique, for example a ULID.
        member: Where it took place.
        started_at: Plug-in, aware UTC.
        ended_at: Unplug; None while it runs.
        energy_wh: What the car took, by register differences, never falling.
        register_wh: The newest value of the device's energy register; None before the first.
        token: Who started it, as the device told; None when nobody did.
        transaction: The device's own id of its transaction; None without one.
    """

    id: str
    member: MemberId
    started_at: datetime
    ended_at: datetime | None = None
    energy_wh: float = 0.0
    register_wh: float | None = None
    token: str | None = None
    transaction: str | None = None
