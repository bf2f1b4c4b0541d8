"""What a simulated stretch of a site's time is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from ..balancing.contract import SiteSettings
from ..pool.circuits import Circuit
from ..pool.limits import Limit
from ..pool.members import (
    CircuitId,
    MemberId,
    MemberSettings,
    MemberWishes,
)
from ..pool.schedules import Schedule
from .cars import Visit
from .dc import DcBattery
from .firmware import FirmwareSpec
from .plant import PlantSpec
from .supply_device import SupplyPlan

STARTED_AT: Final = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)
"""When a simulated stretch begins unless it says so itself."""


class OutageKind(StrEnum):
    """How the controller stops."""

    KILLED = "killed"
    HANGS = "hangs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time in which nobody decides, in seconds from the start.

    After a kill a new controller starts from the records that were kept; after a hang the same
    one goes on.
    """

    kind: OutageKind
    from_s: float
    until_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A user's wish at a time."""

    at_s: float
    member: MemberId
    wishes: MemberWishes


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChange:
    """All ceilings in force from a time on."""

    at_s: float
    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleChange:
    """All schedules of plans that are in force from a time on."""

    at_s: float
    schedules: tuple[Schedule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPlan:
    """A member with its device and what happens at it.

    Attributes:
        settings: What the controller is told of it.
        firmware: How its device behaves.
        link: Which link it shares with others.
        visits: The cars that come, for a connector.
        supply: What its user does, for a power supply.
        load: What a power supply charges.
    """

    settings: MemberSettings
    firmware: FirmwareSpec
    link: str
    visits: tuple[Visit, ...] = ()
    supply: SupplyPlan | None = None
    load: DcBattery | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A site and a stretch of its time.

    Attributes:
        seed: What it was drawn from, and what its chance starts from.
        duration_s: How long it runs.
        site: What the controller is told.
        plant: The electricity.
        members: The members with their devices.
        link_delay_s: From an order to its answer, by link.
        outages: When nobody decides.
        limits: Ceilings over time, in order.
        wishes: Wishes over time, in order.
        schedules: What plans ask over time, in order.
        started_at: When it begins, aware UTC.
    """

    seed: int
    duration_s: float
    site: SiteSettings
    plant: PlantSpec
    members: tuple[MemberPlan, ...]
    link_delay_s: dict[str, float]
    outages: tuple[Outage, ...] = ()
    limits: tuple[LimitChange, ...] = ()
    wishes: tuple[Wish, ...] = ()
    schedules: tuple[ScheduleChange, ...] = ()
    started_at: datetime = STARTED_AT

    @property
    def has_own_limits(self) -> bool:
        """Whether a circuit has a limit beside its fuse: in watts, on average, between phases."""
        return any(
            circuit.limit_w is not None
            or circuit.average is not None
            or circuit.imbalance_a is not None
            for circuit in self.site.circuits
        )


def above(circuits: Sequence[Circuit], circuit: CircuitId) -> list[CircuitId]:
    """Return a circuit and all that feed it, up to the root."""
    parents = {item.id: item.parent for item in circuits}
    path = [circuit]
    while (parent := parents[path[-1]]) is not None:
        path.append(parent)
    return path
