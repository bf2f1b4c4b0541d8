"""Caps members that load phases unevenly, so that no two phases differ by more than they may."""

from collections.abc import Iterable
from typing import Final

from ..pool.members import MemberId, Mode
from ..pool.reasons import Reason, ReasonKind
from .branches import Branch
from .imbalance import Claim, share
from .policies import Ceiling
from .seats import Seat
from .wiring import WATTS, Lanes

CHANGE_A: Final = 0.5
"""A cap moves when it changes by so much, or when it takes something back."""

_ROUNDING: Final = 1e-6


def keep_balance(branches: Iterable[Branch], seats: Iterable[Seat], now_s: float) -> None:
    """Renew what the difference between phases leaves each member."""
    caps: dict[MemberId, Ceiling] = {}
    for branch in branches:
        balance = branch.balance
        if balance is None:
            continue
        keep, grow = balance.rooms(_others_of(branch), now_s)
        uneven = _uneven(branch, balance.wired, now_s)
        claims = [_claim_of(seat) for seat in uneven]
        kept, grown = share(keep, claims), share(grow, claims)
        reason = Reason(kind=ReasonKind.IMBALANCE, subject=branch.circuit.id)
        for seat in uneven:
            member = seat.settings.member
            most_a = min(kept[member], max(grown[member], seat.granted_a))
            known = caps.get(member)
            if known is None or most_a < known.current_a:
                caps[member] = Ceiling(current_a=most_a, reason=reason)
    for seat in seats:
        _bind(seat, caps.get(seat.settings.member))


def within_balance(seat: Seat) -> Ceiling:
    """Return a member's ceiling, no higher than what the difference between phases leaves it."""
    balance = seat.balance
    return seat.ceiling if balance is None else min(seat.ceiling, balance, key=_current)


def _current(ceiling: Ceiling) -> float:
    return ceiling.current_a


def _bind(seat: Seat, cap: Ceiling | None) -> None:
    old = seat.balance
    if old is not None and cap is not None:
        small = abs(cap.current_a - old.current_a) < CHANGE_A and old.reason == cap.reason
        if small and not cap.current_a < min(old.current_a, seat.granted_a) - _ROUNDING:
            return
    if old != cap:
        seat.balance = cap
        seat.ceiling_dirty = True


def _others_of(branch: Branch) -> Lanes:
    """Return what others take per phase; where no meter tells, the strongest phase alone."""
    if branch.circuit.metered and branch.phase_load is not None:
        return branch.other_now()
    others = branch.reserved
    return (max(others[:WATTS]), 0.0, 0.0, others[WATTS])


def _uneven(branch: Branch, wired: tuple[int, ...], now_s: float) -> list[Seat]:
    """Return the members that may load the phases unevenly, who goes first at the front.

    Who is wired to all phases counts until it has shown that it uses them all (SR-12).
    """
    found = [
        seat
        for seat in branch.seats
        if not seat.is_supply
        and (seat.granted_a > 0.0 or _may_start(seat))
        and (seat.granted_a <= 0.0 or set(seat.learner.learned or ()) != set(wired))
    ]
    found.sort(
        key=lambda seat: (
            seat.settings.priority,
            seat.granted_a <= 0.0,
            -seat.turns.owed(now_s),
            seat.settings.member,
        )
    )
    return found


def _may_start(seat: Seat) -> bool:
    """Whether its own condition and its mode let it run."""
    if seat.mode is Mode.OFF or seat.least_cap() is not None:
        return False
    return seat.mode is Mode.FAST or seat.share.current_a >= seat.least_a - _ROUNDING


def _claim_of(seat: Seat) -> Claim:
    return Claim(
        member=seat.settings.member,
        phases=seat.next_used,
        least_a=seat.least_a,
        most_a=seat.settings.max_current_a,
    )
