"""What entities show: one immutable picture of the whole site after each decision."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .balancing.contract import Problem
from .chargers.contract import ConnectorReport, DeviceIdentity
from .pool.actions import LimitAction
from .pool.circuits import Circuit, CircuitStatus
from .pool.limits import Limit
from .pool.members import MemberId, MemberSettings, MemberStatus, MemberWishes
from .pool.quantities import PhaseValues
from .pool.sessions import Session
from .pool.states import ConnectorState
from .power_supplies.contract import SupplyReport


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberView:
    """Everything about one member.

    Exactly one of `connector` and `supply` tells what it reported; both are None before its
    first report.
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
    """The site after a decision."""

    taken_at: datetime
    pool: PoolView
    members: Mapping[MemberId, MemberView]
    circuits: Mapping[str, CircuitView]
    problems: tuple[Problem, ...] = field(default=())
