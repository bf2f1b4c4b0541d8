"""What a plan is made of and what it promises."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ...pool.members import CircuitId, MemberId, Priority
from ...pool.quantities import PHASES, Phase, PhaseValues
from ...pool.schedules import Schedule


class PlanError(ValueError):
    """The question makes no sense; the message says what to change."""


class Objective(StrEnum):
    """What is to be little."""

    COST = "cost"
    """Money: grid energy at its price, solar surplus at what it would have earned."""

    CO2 = "co2"
    """Grams: grid energy at its intensity, solar surplus at none."""


class Unpriced(StrEnum):
    """Which of the slots that nobody tells a price of are used first."""

    LATEST = "latest"
    """Their prices may become known."""

    EARLIEST = "earliest"
    """There is nobody to tell prices; somebody else may come and need the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What one member needs until when.

    Attributes:
        member: Who.
        circuit: The circuit it hangs on.
        energy_wh: What is to be charged in all, at least 0.
        delivered_wh: What of it has been charged already.
        ready_at: When it has to be done, aware UTC. In the past: nothing can be kept any more.
        begin_at: When it may begin, aware UTC; None: at once.
        min_power_w: The least it can run at, over all its phases.
        max_power_w: The most it can take, over the phases that it really uses; 0: nothing.
        phases: The site's phases that it really uses, each with an equal share.
        priority: Tier: the promises of a tier come before those of the next.
        weight: Of a tier that cannot be served in full, whose share of its wish is larger.
    """

    member: MemberId
    circuit: CircuitId
    energy_wh: float
    delivered_wh: float = 0.0
    ready_at: datetime
    begin_at: datetime | None = None
    min_power_w: float = 0.0
    max_power_w: float
    phases: tuple[Phase, ...] = PHASES
    priority: Priority = Priority.NORMAL
    weight: float = 1.0

    @property
    def needed_wh(self) -> float:
        """What is still to be charged."""
        return max(0.0, self.energy_wh - self.delivered_wh)


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonSlot:
    """A stretch of the future in which nothing changes. Money is in the site's currency.

    Time that no slot covers cannot be used.

    Attributes:
        from_at: Its start, aware UTC.
        until_at: Its end, aware UTC.
        price_per_kwh: What a kWh from the grid costs, negative included. None or not a finite
            number: not known; such a slot is used after all known ones (`Unpriced`).
        co2_g_per_kwh: The grid's intensity; None or not a finite number: not known.
        surplus_w: Solar power that is expected to be left over, on average.
        feed_in_per_kwh: What a kWh of surplus would earn if it flowed out.
        capacity_w: Watts that the members below a circuit may take together; a circuit that is
            not named has no limit.
        phase_capacity_w: The same on each phase, for sites whose cars use different ones.
    """

    from_at: datetime
    until_at: datetime
    price_per_kwh: float | None
    co2_g_per_kwh: float | None = None
    surplus_w: float = 0.0
    feed_in_per_kwh: float = 0.0
    capacity_w: Mapping[CircuitId, float] = field(default_factory=dict)
    phase_capacity_w: Mapping[CircuitId, PhaseValues] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings:
    """How plans are made.

    Attributes:
        objective: What is to be little.
        co2_price_per_kg: What a kilogram of CO2 counts as, on top of the price of energy.
        tolerance: The share of its cost that a plan may cost more in order to stay as it was,
            and again in order to run in fewer blocks.
        unpriced: Which of the slots without a price come first.
    """

    objective: Objective = Objective.COST
    co2_price_per_kg: float = 0.0
    tolerance: float = 0.002
    unpriced: Unpriced = Unpriced.LATEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a member may rely on, all members' promises together.

    Attributes:
        member: Whose promise it is.
        holds: Whether everything will be charged in time.
        planned_wh: What will be charged in time.
        missing_wh: What will not.
        done_at: When the plan ends, aware UTC; None when nothing is planned.
        earliest_ready_at: Where it does not hold, when everything could be charged if the member
            stayed and all other promises were kept; None: not within the known slots. Where it
            holds, the same as `done_at`.
        cost: What the planned energy costs, where prices are known.
        co2_g: What it emits, where intensities are known.
        solar_wh: What of it is expected to be surplus.
        unpriced_wh: What of it lies in slots without a known price.
    """

    member: MemberId
    holds: bool
    planned_wh: float
    missing_wh: float
    done_at: datetime | None
    earliest_ready_at: datetime | None
    cost: float
    co2_g: float
    solar_wh: float
    unpriced_wh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanResult:
    """The plans of all members.

    Attributes:
        schedules: When each member charges with how much.
        promises: What each may rely on.
        cost: What all plans cost together, where prices are known.
        co2_g: What they emit together, where intensities are known.
    """

    schedules: Mapping[MemberId, Schedule]
    promises: Mapping[MemberId, Promise]
    cost: float
    co2_g: float
