"""Sums over the members of the pool, rules F1 to F6."""

from collections.abc import Iterable
from dataclasses import dataclass
import math

from .members import MemberId
from .quantities import PerPhase, PhaseReadings, PhaseValues
from .states import ChargingStatus, ConnectorState


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one member adds to the pool.

    Attributes:
        member: Whose it is.
        state: What is plugged.
        charging: What the session does.
        current_a: Amps on the *site's* L1 to L3; None when it never measured any.
        power_w: Watts, positive is consumption; None when unknown.
    """

    member: MemberId
    state: ConnectorState
    charging: ChargingStatus = ChargingStatus.UNKNOWN
    current_a: PhaseReadings | None = None
    power_w: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The sums; a missing value counts as zero, and whoever misses one is named.

    Attributes:
        current_a: Amps per phase (F1).
        power_w: Watts, positive is consumption (F2).
        members: How many there are.
        connected: How many have a car.
        charging: How many charge.
        missing: Members that are not heard of, in the order given.
    """

    current_a: PhaseValues
    power_w: float
    members: int
    connected: int
    charging: int
    missing: tuple[MemberId, ...]

    @property
    def production_w(self) -> float:
        """What the pool feeds in: the sum is clipped, not its parts (F3, F4)."""
        return max(0.0, -self.power_w)

    @property
    def consumption_w(self) -> float:
        """What the pool takes: the sum is clipped, not its parts (F4)."""
        return max(0.0, self.power_w)


def total(contributions: Iterable[Contribution]) -> Totals:
    """Add up what members contribute; an empty pool gives zeros (F5)."""
    parts = tuple(contributions)
    amps = [0.0, 0.0, 0.0]
    for part in parts:
        for position, value in enumerate(part.current_a or ()):
            amps[position] += _number(value)
    return Totals(
        current_a=PerPhase(amps[0], amps[1], amps[2]),
        power_w=math.fsum(_number(part.power_w) for part in parts),
        members=len(parts),
        connected=sum(part.state.is_ev_connected for part in parts),
        charging=sum(part.charging is ChargingStatus.CHARGING for part in parts),
        missing=tuple(part.member for part in parts if part.state is ConnectorState.MISSING),
    )


def _number(value: float | None) -> float:
    """Return a value as it is summed: what is missing or no number counts as zero (F1)."""
    return value if value is not None and math.isfinite(value) else 0.0
