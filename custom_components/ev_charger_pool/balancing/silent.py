"""SR-2: a member that does not measure is settled when the circuit's meter shows the step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..pool.states import ChargingStatus
from .seats import Seat
from .wiring import WATTS, Lanes

_MAY_CHARGE: Final = (ChargingStatus.CHARGING, ChargingStatus.UNKNOWN)
"""Statuses in which a step on the meter may be a member's."""

type Residual = tuple[float, float, float]
"""What a meter shows beyond the draws of all members that measure, amps per phase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a meter showed when a grant was ordered.

    Attributes:
        residual_a: The residual then.
        drawn_a: What the member drew then at most: its last settled grant.
    """

    residual_a: Residual
    drawn_a: float


def residual(load: Lanes, seats: Sequence[Seat]) -> Residual:
    """Return what flows through a circuit beside the newest draws of its members."""
    l1, l2, l3 = load[:WATTS]
    for seat in seats:
        newest = seat.samples.newest
        if newest is not None:
            l1, l2, l3 = l1 - newest[0], l2 - newest[1], l3 - newest[2]
    return l1, l2, l3


def is_silent(seat: Seat) -> bool:
    """Whether a member's draw can only be told by a meter."""
    return not seat.settings.measures_current and not seat.is_supply


def settle_by_meter(seat: Seat, at_s: float, before: Before, now: Residual) -> None:
    """Settle what the meter shows of a member's newest grants.

    Args:
        seat: The member.
        at_s: When the meter's values were taken, seconds since the epoch.
        before: What was shown before.
        now: The residual now.
    """
    report = seat.report
    if report is None or report.charging not in _MAY_CHARGE:
        # Whoever switched on, it was not this car.
        return
    step_a = max(now[position] - before.residual_a[position] for position in seat.used)
    seat.account.settle(at_s, max(0.0, before.drawn_a + step_a))
