"""SR-2: a member that does not measure is settled when the circuit's meter shows the step."""

from collections.abc import Sequence

from .seats import Seat
from .wiring import WATTS, Lanes

type Residual = tuple[float, float, float]
"""What a meter shows beyond the draws of all members that measure, amps per phase."""


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


def settle_by_meter(seat: Seat, at_s: float, before: Residual, now: Residual) -> bool:
    """Settle a member's newest grant when the meter shows the step; return whether it did.

    Args:
        seat: The member.
        at_s: When the meter's values were taken, seconds since the epoch.
        before: The residual when the grant was ordered, the old grant drawn at most.
        now: The residual now.
    """
    steps = [now[position] - before[position] for position in seat.used]
    return seat.account.settle(at_s, max(0.0, seat.account.settled_a + max(steps)))
