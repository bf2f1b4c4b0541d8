"""Lent headroom: cars that are done leave their least current to whoever can use it."""

from collections.abc import Mapping, Set as AbstractSet
from datetime import datetime
from typing import Final

from ..pool.members import CircuitId, MemberId
from ..pool.quantities import PHASES, Phase
from ..pool.reasons import Reason, ReasonKind
from .downs import lower
from .orders import OrderBook
from .plans import Plan
from .seats import Seat
from .site_state import SiteState

_SHORT: Final = (ReasonKind.CIRCUIT, ReasonKind.MINIMUM, ReasonKind.TURN)
"""Reasons of who would have more if its circuit carried more."""


def lend(
    site: SiteState,
    willing: Mapping[MemberId, Seat],
    plan: Plan,
    book: OrderBook,
    now: datetime,
) -> list[Seat]:
    """Put one car to sleep that is done, where somebody is short of what it leaves unused.

    The one that takes nothing for longest: the next wave shows whether another is needed. It gets
    its current back when it is asked again (`Wake.look`), and at once with a wish or another
    session. Its contactor is open: no run ends by this (SR-14).
    """
    now_s = now.timestamp()
    short = {
        (reason.subject, reason.phase)
        for member, seat in willing.items()
        if (reason := plan.reasons[member]).kind in _SHORT
        and not seat.wake.idles(now_s)
        and (seat.granted_a <= 0.0 or seat.headroom.is_known(now_s))
    }
    done = [
        seat
        for seat in willing.values()
        if _frees_something(seat, now_s) and not book.has(seat) and _has_of(site, seat, short)
    ]
    if not done:
        return []
    longest = max(done, key=lambda seat: (seat.wake.idle_s(now_s), seat.settings.member))
    longest.wake.lend(now_s)
    lower(site, longest, 0.0, Reason(kind=ReasonKind.ASLEEP), book, now)
    return [longest]


def _frees_something(seat: Seat, now_s: float) -> bool:
    """Whether a member is done and holds more than what is committed to it at any grant."""
    return (
        seat.granted_a > seat.fail_safe_a
        and not seat.is_supply
        and seat.account.is_settled
        and seat.wake.is_done(now_s)
    )


def _has_of(
    site: SiteState, seat: Seat, short: AbstractSet[tuple[CircuitId | None, Phase | None]]
) -> bool:
    """Whether a member has what others are short of."""
    lines: tuple[Phase | None, ...] = (None, *(PHASES[position] for position in seat.used))
    return any(
        (site.branches[position].circuit.id, line) in short
        for position in seat.chain
        for line in lines
    )
