"""Members of the pool: what they may ask, what they report, what they are granted."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from .quantities import PHASES, Phase, PhaseReadings
from .readings import Reading
from .reasons import Reason
from .states import ChargingStatus, ConnectorState

type MemberId = str
type CircuitId = str


class MemberKind(StrEnum):
    """What a member is."""

    CONNECTOR = "connector"
    POWER_SUPPLY = "power_supply"


class Priority(IntEnum):
    """The tier of a member; a lower number is served first."""

    HIGH = 0
    NORMAL = 1
    LOW = 2


class Mode(StrEnum):
    """What a user wants a member to do. Each mode is a policy that shapes demands."""

    OFF = "off"
    FAST = "fast"
    SOLAR = "solar"
    MINIMUM_SOLAR = "minimum_solar"
    PLAN = "plan"


class PhaseVeto(StrEnum):
    """What a car or a device did that speaks against switching its phases again."""

    REFUSED = "refused"
    NO_RESUME = "no_resume"
    OTHER_PHASES = "other_phases"
    FAULT = "fault"


class PhaseChoice(StrEnum):
    """On how many phases a user wants a connector to charge that can switch them."""

    AUTOMATIC = "automatic"
    ONE = "one"
    THREE = "three"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseSwitching:
    """How a device switches between one and all of its phases.

    Attributes:
        pause: How long nothing may flow before it switches.
        settle: How long it takes from being told until it can charge again.
    """

    pause: timedelta
    settle: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """How long a device keeps a grant by itself (SR-8).

    Attributes:
        duration: After this without a renewal the device falls to its fail-safe.
        renewal: A renewal is sent this often, while a fresh decision stands behind it (SR-4).
    """

    duration: timedelta
    renewal: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSettings:
    """What is configured and known of a member before anything is measured.

    Currents of a power supply are those it takes from AC, each phase alike (SR-13).

    Attributes:
        member: The id, stable over restarts.
        kind: Connector or power supply.
        device: The device that it is a part of: what is written to its parts is counted
            together (SR-6); None: it is one by itself.
        circuit: The circuit it hangs on.
        phases: The site's phases that its own L1, L2, L3 are wired to, in that order (the phase
            rotation); one entry for a one-phase device, for example `(Phase.L2,)`.
        min_current_a: Smallest current per phase while it runs.
        max_current_a: Largest current per phase: of the device and the cable, not of a user.
        step_a: Resolution of what it can be told.
        watts_per_amp: For a power supply, the DC watts that one amp on each of its phases
            pays for, losses counted (SR-13); None for a connector.
        fail_safe_a: `f`, what it takes by itself once its lease has lapsed (SR-1).
        lease: None for a device without any watchdog (SR-5).
        lease_exercised: Whether its lapse was seen to work with this firmware (SR-8).
        settle: `S`, until a change shows in its draw.
        raise_spacing: Least time between two raises (write budget).
        measures_current: Whether it reports its own currents.
        may_freeze: The recorded choice that lifts the frozen-safe cap (SR-5).
        priority: Tier.
        weight: Share inside the tier; 2 means twice the amps of 1.
        switching: How it switches phases; None where it cannot.
    """

    member: MemberId
    kind: MemberKind = MemberKind.CONNECTOR
    device: str | None = None
    circuit: CircuitId
    phases: tuple[Phase, ...] = PHASES
    min_current_a: float = 6.0
    max_current_a: float
    step_a: float = 1.0
    watts_per_amp: float | None = None
    fail_safe_a: float = 0.0
    lease: Lease | None
    lease_exercised: bool = False
    settle: timedelta = timedelta(seconds=12)
    raise_spacing: timedelta = timedelta(seconds=10)
    measures_current: bool = True
    may_freeze: bool = False
    priority: Priority = Priority.NORMAL
    weight: float = 1.0
    switching: PhaseSwitching | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberWishes:
    """What the user wants of a member now.

    Attributes:
        mode: Off, fast, by the sun, or by a plan.
        minimum_current_a: The least current worth charging with; None: the device's own.
        boost_until: Until then it charges fast, whatever its mode, off excepted; None: no boost.
        phases: On how many phases, where its device can switch them.
    """

    mode: Mode = Mode.FAST
    minimum_current_a: float | None = None
    boost_until: datetime | None = None
    phases: PhaseChoice = PhaseChoice.AUTOMATIC

    def mode_at(self, now: datetime) -> Mode:
        """Return the mode that counts now, a boost included."""
        boosted = self.boost_until is not None and now < self.boost_until
        return Mode.FAST if boosted and self.mode is not Mode.OFF else self.mode


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberReport:
    """What a device told about a member; immutable, newest wins.

    Attributes:
        member: Whose report it is.
        arrived_at: When it reached the pool, aware UTC.
        online: Whether the device can be reached.
        state: What is plugged, M2 to M4 applied.
        charging: What the session does.
        current: Amps on the member's *own* L1, L2, L3 (before rotation); None: never measured.
            For a power supply the AC side where it is measured, else None.
        power_w: Active power, positive is consumption (DC power for a power supply).
        demand_w: For a power supply, the watts it could use (its own set points); None for AC.
        set_current_a: For a power supply, what its present set points cost per phase if its
            output rises to the voltage limit (SR-13); None for a connector.
        limit_a: The limit that the device itself says is in force, amps per phase.
        booted_at: When it last started, as far as known.
        session: The id of the session that runs; None without a car.
    """

    member: MemberId
    arrived_at: datetime
    online: bool
    state: ConnectorState
    charging: ChargingStatus = ChargingStatus.UNKNOWN
    current: Reading[PhaseReadings] | None = None
    power_w: Reading[float] | None = None
    demand_w: float | None = None
    set_current_a: float | None = None
    limit_a: float | None = None
    booted_at: datetime | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a member could use now: the allocator's input.

    Attributes:
        member: Who asks.
        circuit: The circuit it hangs on.
        phases: The site's phases it really draws from.
        min_a: The least current per used phase that lets it run.
        max_a: The most it could use per used phase; below `min_a` it cannot run.
        step_a: A grant is rounded down to a multiple of this.
        priority: Tier.
        weight: Share inside the tier.
        owed: Promotion for having waited past its turn: members that are owed come before
            others of their tier, more owed first (SR-14).
        limited_by: What bounds `max_a`, told when nothing else binds first.
        powered: Of how many phases its watts are counted; None: of all that it draws from. Less
            than those only where its device was told to charge on fewer, and amps are counted on
            all until that is measured.
    """

    member: MemberId
    circuit: CircuitId
    phases: frozenset[Phase]
    min_a: float
    max_a: float
    step_a: float
    limited_by: Reason
    priority: Priority = Priority.NORMAL
    weight: float = 1.0
    owed: int = 0
    powered: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the pool allows a member.

    Attributes:
        member: Who is allowed.
        current_a: Amps per phase at the AC side; 0 is a pause.
        power_w: For a power supply, the DC watts that `current_a` pays for; None for AC.
        lapse_to_a: What the device is to take once the lease has run out, min(grant, f) (SR-1).
        fail_safe_a: The member's `f` as SR-1 leaves it: what the device's default (OCPP's
            TxDefaultProfile) is to be. Rarely changes.
        lease: How long the device may keep it without a renewal; None without a watchdog.
        decided_at: When it was decided, aware UTC.
        reason: What limited it.
        phases: On how many phases the device is to charge; None: as it does. It changes only
            with a grant of 0 A: no contactor is moved under load.
    """

    member: MemberId
    current_a: float
    power_w: float | None = None
    lapse_to_a: float = 0.0
    fail_safe_a: float = 0.0
    lease: timedelta | None = None
    decided_at: datetime
    reason: Reason
    phases: int | None = None

    @property
    def expires_at(self) -> datetime | None:
        """When it dies by itself."""
        return None if self.lease is None else self.decided_at + self.lease


class OrderKind(StrEnum):
    """What is to be done with a grant."""

    SET = "set"
    RENEW = "renew"
    STOP = "stop"
    DISABLE = "disable"
    START = "start"


class Urgency(IntEnum):
    """Which order overtakes which on the way to a device; a lower number goes first."""

    REDUCTION = 0
    RENEWAL = 1
    RAISE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A grant on its way to a device.

    Attributes:
        number: Unique and rising within one run of the controller.
        kind: Set a new grant, renew its lease, end the session, make inoperative (SR-6), or ask
            a suspended car to start again.
        grant: The grant it carries.
        urgency: Reductions overtake all else.
    """

    number: int
    kind: OrderKind
    grant: Grant
    urgency: Urgency

    @property
    def member(self) -> MemberId:
        """Whom it is for."""
        return self.grant.member


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRecord:
    """What the ledger must remember of a member over a kill (SR-11).

    Attributes:
        member: Whose record it is.
        granted_a: The newest grant per phase that may be on the device.
        outstanding_a: The largest earlier grant that is not settled yet.
        lapse_to_a: What the newest grant lapses to.
        expires_at: End of the newest lease; None without one.
        decided_at: When the newest grant was decided.
        lease_exercised: Whether the lapse was seen to work.
        lease_failed: Whether the lapse was seen to fail: the device has no watchdog (SR-8).
        owed: Turns that it waits for (SR-14).
        asleep: Whether its car was found asleep.
        session: The session that this belongs to.
        phases: On how many phases its device was told to charge; None where it cannot switch.
        phase_veto: Why it is not switched by itself in this session.
    """

    member: MemberId
    granted_a: float
    outstanding_a: float
    lapse_to_a: float
    expires_at: datetime | None
    decided_at: datetime
    lease_exercised: bool = False
    lease_failed: bool = False
    owed: int = 0
    asleep: bool = False
    session: str | None = None
    phases: int | None = None
    phase_veto: PhaseVeto | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberStatus:
    """What the pool holds of a member after a decision; entities show it.

    Attributes:
        member: Whose status it is.
        granted_a: Amps per phase it may draw by the newest decision.
        granted_w: The same in DC watts for a power supply.
        commitment_a: The most it may still draw per phase (SR-2).
        limited_by: Why not more.
        used_phases: The site's phases its car really uses, learned or assumed.
        settled: Whether the newest grant shows in its draw.
        asleep: Whether its car takes nothing though it may.
        ignoring: Whether it draws more than it may (SR-6).
        starts_last_hour: How often the pool switched it on within an hour.
        last_run_wh: What its last run charged, from such a start to the pool's next pause or
            to its car's leaving; None before the first one ended.
        phases: On how many phases its device was told to charge; None where it cannot switch.
        switches_last_hour: How often that was changed within an hour.
        phase_veto: Why it is not switched by itself in this session; None where it may be.
    """

    member: MemberId
    granted_a: float
    granted_w: float | None = None
    commitment_a: float
    limited_by: Reason
    used_phases: frozenset[Phase] = field(default_factory=lambda: frozenset(PHASES))
    settled: bool = True
    asleep: bool = False
    ignoring: bool = False
    starts_last_hour: int = 0
    last_run_wh: float | None = None
    phases: int | None = None
    switches_last_hour: int = 0
    phase_veto: PhaseVeto | None = None
