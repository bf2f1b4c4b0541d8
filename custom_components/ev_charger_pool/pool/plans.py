"""What a user wishes to be charged until when, and what became of it."""

from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Final

from .departures import WEEK, Departure, Once, Repeating, next_departure
from .members import Mode
from .vehicles import VehicleId

DEFAULT_ENERGY_WH: Final = 20_000.0
"""About 100 km."""

DEFAULT_SOC: Final = 80.0
"""What makers advise for every day."""


class TargetKind(StrEnum):
    """What a plan counts."""

    ENERGY = "energy"
    SOC = "soc"


class PlanState(StrEnum):
    """How a plan stands."""

    NOT_IN_PLAN_MODE = "not_in_plan_mode"
    """The connector does something else."""

    NO_PLAN = "no_plan"
    """Nobody said when to be ready: it charges at once."""

    WAITING = "waiting"
    """No car is plugged in."""

    ON_TRACK = "on_track"
    LATE = "late"
    """The time to be ready is over, and the rest is charged at once."""

    CANNOT_BE_MET = "cannot_be_met"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanWish:
    """What a user wants of a connector's plan.

    Attributes:
        kind: What counts. Where a state of charge counts and nobody knows it, energy does.
        energy_wh: What is to be charged since plug-in.
        soc: What the battery is to hold, percent.
        departure: When it has to be ready; None: no plan.
        mode_before: What the connector did before an action put it into plan mode.
    """

    kind: TargetKind = TargetKind.ENERGY
    energy_wh: float = DEFAULT_ENERGY_WH
    soc: float = DEFAULT_SOC
    departure: Departure | None = None
    mode_before: Mode | None = None

    @property
    def repeats(self) -> bool:
        """Whether it comes again."""
        return isinstance(self.departure, Repeating)

    def ready_at(self, at: datetime, zone: tzinfo) -> PlanWish:
        """Return it with another time; one that repeats keeps its days.

        Args:
            at: Aware UTC.
            zone: That of the clock on the wall.
        """
        departure: Departure = Once(at=at)
        if isinstance(self.departure, Repeating):
            local = at.astimezone(zone).time().replace(second=0, microsecond=0)
            departure = replace(self.departure, at=local)
        return replace(self, departure=departure)

    def repeating(self, zone: tzinfo) -> PlanWish:
        """Return it coming again each day; without a departure it stays as it is."""
        if not isinstance(self.departure, Once):
            return self
        local = self.departure.at.astimezone(zone).time().replace(second=0, microsecond=0)
        return replace(self, departure=Repeating(at=local, weekdays=frozenset(WEEK)))

    def once(self, now: datetime, zone: tzinfo) -> PlanWish:
        """Return it with its next departure only."""
        if not isinstance(self.departure, Repeating):
            return self
        at = next_departure(self.departure, now, zone)
        return replace(self, departure=None if at is None else Once(at=at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What became of a wish.

    Attributes:
        wish: What was wished for.
        state: How it stands.
        vehicle: Who is plugged in; None for a guest.
        counts_soc: Whether a state of charge counts in fact.
        ready_at: When it has to be ready, aware UTC.
        needed_wh: What is still to be charged; None: nobody knows.
        planned_wh: What will be charged in time.
        missing_wh: What will not.
        next_start: When it charges next, aware UTC; None: not any more.
        earliest_ready_at: When everything could be charged; None: that is not foreseen.
        cost: What the planned energy will cost, in the site's currency; None: nobody knows.
        unpriced_wh: What of it has no known price yet.
        co2_g: What it will emit; None: nobody knows.
    """

    wish: PlanWish
    state: PlanState
    vehicle: VehicleId | None = None
    counts_soc: bool = False
    ready_at: datetime | None = None
    needed_wh: float | None = None
    planned_wh: float = 0.0
    missing_wh: float = 0.0
    next_start: datetime | None = None
    earliest_ready_at: datetime | None = None
    cost: float | None = None
    unpriced_wh: float = 0.0
    co2_g: float | None = None
