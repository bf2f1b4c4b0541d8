"""What entities show: one immutable picture of the whole site after each decision."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .balancing.contract import Problem
from .chargers.contract import ConnectorReport, DeviceIdentity
from .pool.actions import LimitAction
from .pool.charge_levels import ChargeLevel
from .pool.circuits import Circuit, CircuitStatus
from .pool.limits import Limit
from .pool.members import MemberId, MemberSettings, MemberStatus, MemberWishes, Mode
from .pool.plans import Plan
from .pool.quantities import PhaseValues
from .pool.sessions import Session
from .pool.states import ConnectorState
from .pool.vehicles import VehicleId
from .power_supplies.contract import SupplyReport


@dataclass(frozen=True, slots=True, kw_only=True)
class PluggedVehicle:
    """Who is plugged in at a connector, or is expected there.

    Attributes:
        name: What it is called; that of a guest for one that nobody knows.
        names: What the vehicles of the site are called.
    """

    name: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberView:
    """Everything about one member.

    Exactly one of `connector` and `supply` tells what it reported; both are None before its
    first report. `waited` is how long its session has waited for the pool, in whole minutes.
    """

    settings: MemberSettings
    wishes: MemberWishes
    state: ConnectorState
    status: MemberStatus | None = None
    connector: ConnectorReport | None = None
    supply: SupplyReport | None = None
    identity: DeviceIdentity
    session: Session | None = None
    user_limit: Limit | None = None
    session_limit: Limit | None = None
    last_action: LimitAction | None = None
    plan: Plan | None = None
    vehicle: PluggedVehicle | None = None
    waited: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleView:
    """Everything about one vehicle.

    Attributes:
        name: What the user calls it.
        at: The connector where it is plugged in; None: nowhere here.
        level: Its state of charge; None: it never told.
        range_km: How far it goes with that; None: it does not tell.
        has_range: Whether it has an entity for that.
        doubted_since: Since when it has told a state of charge that cannot be.
    """

    name: str
    at: MemberId | None
    level: ChargeLevel | None
    range_km: float | None = None
    has_range: bool = False
    doubted_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitView:
    """Everything about one circuit; `user_limit_a` is the ceiling set below its fuse."""

    circuit: Circuit
    status: CircuitStatus | None = None
    user_limit_a: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolView:
    """The sums over all members (rules F1 to F6)."""

    current_a: PhaseValues
    power_w: float
    consumption_w: float
    production_w: float
    available_a: PhaseValues
    available_w: float
    members: int
    connected: int
    charging: int
    waiting: int
    missing: tuple[MemberId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSnapshot:
    """The site after a decision.

    Attributes:
        taken_at: When.
        pool: The sums over all members.
        members: Every member.
        circuits: Every circuit.
        problems: What is wrong.
        vehicles: Every vehicle.
        default_mode: What connectors do whose mode nobody chose.
        surplus_w: What the sun leaves to cars, watts; negative where the house needs more than it
            gives, None where that is unknown.
        battery_locked: Whether the home battery is not to be discharged now.
    """

    taken_at: datetime
    pool: PoolView
    members: Mapping[MemberId, MemberView]
    circuits: Mapping[str, CircuitView]
    problems: tuple[Problem, ...] = field(default=())
    vehicles: Mapping[VehicleId, VehicleView] = field(default_factory=dict)
    default_mode: Mode = Mode.FAST
    surplus_w: float | None = None
    battery_locked: bool = False
