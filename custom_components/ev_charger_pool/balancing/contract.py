"""What goes into a decision and what comes out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Protocol

from ..pool.actions import ActionResult
from ..pool.circuits import (
    Circuit,
    CircuitRecord,
    CircuitStatus,
    MeterReport,
    ResourceReport,
    WindowRecord,
)
from ..pool.energy_settings import BatterySettings, SolarSettings
from ..pool.limits import Limit
from ..pool.members import (
    CircuitId,
    Demand,
    MemberId,
    MemberRecord,
    MemberReport,
    MemberSettings,
    MemberStatus,
    MemberWishes,
    Order,
)
from ..pool.quantities import PhaseValues
from ..pool.reasons import Reason
from ..pool.schedules import Schedule


class Sharing(StrEnum):
    """Whether a tier's surplus may cost the next tier its minimum."""

    MIN_FIRST = "min_first"
    STRICT = "strict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """What the allocator found.

    Attributes:
        current_a: Amps per used phase for every demand, 0 for who pauses.
        reasons: What bound each of them.
        complete: Whether the search ended by itself and not by its time budget.
    """

    current_a: Mapping[MemberId, float]
    reasons: Mapping[MemberId, Reason]
    complete: bool = True


class Allocate(Protocol):
    """The allocator: `balancing.allocator.allocate`."""

    def __call__(
        self,
        circuits: Sequence[Circuit],
        demands: Sequence[Demand],
        free_a: Mapping[CircuitId, PhaseValues],
        *,
        free_w: Mapping[CircuitId, float] | None = None,
        sharing: Sharing = Sharing.MIN_FIRST,
        out_of_time: OutOfTime | None = None,
    ) -> Allocation:
        """Share what is free among the demands.

        Args:
            circuits: The tree; its own limits are not read, only `id` and `parent`.
            demands: Who could use what.
            free_a: Amps per phase that the members *below* each circuit may take together.
            free_w: Watts that they may take together at nominal voltage, where there is such a
                limit.
            sharing: Whose surplus comes before whose minimum.
            out_of_time: Asked now and then during the search; the best found so far is returned
                once it answers True.
        """
        ...


class OutOfTime(Protocol):
    """The caller's time budget: it has the clock, this package has none."""

    def __call__(self) -> bool:
        """Whether the search should end now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """The site as configured.

    Attributes:
        circuits: The tree, the root (the grid connection) among them.
        members: Everybody who may be granted something.
        sharing: See `Sharing`.
        nominal_voltage_v: Phase to neutral.
        solar: How the modes by the sun work.
        battery: What the home battery is for.
        time_zone: The zone of the clock that windows of average limits follow.
    """

    circuits: tuple[Circuit, ...]
    members: tuple[MemberSettings, ...]
    sharing: Sharing = Sharing.MIN_FIRST
    nominal_voltage_v: float = 230.0
    solar: SolarSettings = field(default_factory=SolarSettings)
    battery: BatterySettings = field(default_factory=BatterySettings)
    time_zone: tzinfo = UTC


class ProblemKind(StrEnum):
    """What a person should know of or do something about."""

    METER_STALE = "meter_stale"
    METER_SIGN_TURNED = "meter_sign_turned"
    METER_PHASES_SWAPPED = "meter_phases_swapped"
    METER_UNIT_WRONG = "meter_unit_wrong"
    METERS_SWAPPED = "meters_swapped"
    BATTERY_SIGN_TURNED = "battery_sign_turned"
    SOLAR_IMPLAUSIBLE = "solar_implausible"
    OVERLOAD = "overload"
    MEMBER_IGNORES = "member_ignores"
    MEMBER_REFUSES = "member_refuses"
    MEMBER_SIGN_TURNED = "member_sign_turned"
    MEMBER_OFFLINE = "member_offline"
    FAIL_SAFES_TOO_HIGH = "fail_safes_too_high"
    NO_WATCHDOG = "no_watchdog"
    DECISION_FAILED = "decision_failed"
    JOURNAL_FAILING = "journal_failing"
    JOURNAL_RESET = "journal_reset"
    OCPP_PORT_TAKEN = "ocpp_port_taken"
    SOC_IMPLAUSIBLE = "soc_implausible"
    BATTERY_SOC_IMPLAUSIBLE = "battery_soc_implausible"
    ENTITY_UNREADABLE = "entity_unreadable"
    BATTERY_LOCK_SILENT = "battery_lock_silent"
    BATTERY_LOCK_FAILED = "battery_lock_failed"
    BATTERY_LOCK_LIFTED = "battery_lock_lifted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong now; gone from the next decision when it is healed.

    Attributes:
        kind: What is wrong.
        subject: The member, circuit, vehicle or entity.
        since: Since when.
        figures: Numbers for the message, by name, with units in the names.
    """

    kind: ProblemKind
    subject: str
    since: datetime
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided, with everything that a reader may ask of it.

    Attributes:
        number: Rising within one run.
        decided_at: When.
        orders: What to send now, in the order in which to hand it over.
        members: The status of every member.
        circuits: The status of every circuit.
        problems: What is wrong now.
        next_at: When to decide again at the latest, without any news.
        records: Members' records that changed: to be persisted with the grants (SR-11).
        circuit_records: Circuits' records that changed.
        surplus_w: What members in modes by the sun could take together without import, watts
            over all phases, negative where the house needs more than the sun gives; None where
            the grid meter or the battery does not tell.
        battery_locked: Whether the home battery is not to be discharged now.
        window_records: What is used of windows of average limits, every now and then.
    """

    number: int
    decided_at: datetime
    orders: tuple[Order, ...]
    members: Mapping[MemberId, MemberStatus]
    circuits: Mapping[CircuitId, CircuitStatus]
    problems: tuple[Problem, ...]
    next_at: datetime
    records: tuple[MemberRecord, ...] = ()
    circuit_records: tuple[CircuitRecord, ...] = ()
    surplus_w: float | None = None
    battery_locked: bool = False
    window_records: tuple[WindowRecord, ...] = ()


class Controller(Protocol):
    """The site's decision maker: `balancing.controller.SiteController`.

    Deterministic: the same calls with the same arguments give the same decisions. News are told
    by `observe_*` as they arrive, cheap and without deciding; `decide` is then called at once, at
    `next_at`, and at least every second. What `decide` orders, the caller hands to the links and
    tells `sent` when it was written and `answered` when the device answered or the time for it
    was over. Calls carry the time; it may not run backwards, and a jump forward counts as
    silence of everybody.
    """

    def configure(self, site: SiteSettings, now: datetime) -> None:
        """Take the site's settings; members and circuits that stay keep what is known of them."""
        ...

    def restore(
        self,
        records: Sequence[MemberRecord],
        circuit_records: Sequence[CircuitRecord],
        now: datetime,
        window_records: Sequence[WindowRecord] = (),
    ) -> None:
        """Take what the journal kept; starts the 30 s of SR-11."""
        ...

    def observe_member(self, report: MemberReport) -> None:
        """Take a member's newest report."""
        ...

    def observe_meter(self, report: MeterReport) -> None:
        """Take a circuit's newest meter values."""
        ...

    def observe_resource(self, report: ResourceReport) -> None:
        """Take the newest power of a generator or battery."""
        ...

    def wish(self, member: MemberId, wishes: MemberWishes) -> None:
        """Take what the user wants of a member."""
        ...

    def set_limits(self, limits: Sequence[Limit]) -> None:
        """Take all ceilings that are in force, whoever set them; replaces the earlier ones."""
        ...

    def set_schedules(self, schedules: Sequence[Schedule]) -> None:
        """Take what the plans of members in plan mode ask; replaces the earlier ones."""
        ...

    def decide(self, now: datetime, out_of_time: OutOfTime | None = None) -> Decision:
        """Decide."""
        ...

    def sent(self, order: Order, at: datetime) -> None:
        """Take that an order was written to the device's link."""
        ...

    def answered(self, order: Order, result: ActionResult, at: datetime) -> None:
        """Take how the device answered an order."""
        ...


DECISION_INTERVAL = timedelta(seconds=1)
"""A decision is made at least this often."""

DECISION_FRESH = timedelta(seconds=10)
"""How long a decision may stand behind renewals and watchdog traffic (SR-4)."""
