"""Caps members that load phases unevenly, so that no two phases differ by more than they may."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from ..pool.members import MemberId, Mode
from ..pool.reasons import Reason, ReasonKind
from .branches import Branch
from .imbalance import Claim, Others, Rooms, share
from .ledger import MEASURING_TOLERANCE_A
from .policies import Ceiling
from .seats import Seat
from .wiring import WATTS, each

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
        uneven = [seat for seat in branch.seats if _is_uneven(seat, balance.wired)]
        keep, grow = balance.rooms(_others_of(branch, balance.wired), _pending(uneven), now_s)
        uneven = _claimants(uneven, now_s)
        claims = [_claim_of(seat) for seat in uneven]
        kept, grown = share(keep, claims), share(grow, claims)
        reason = Reason(kind=ReasonKind.IMBALANCE, subject=branch.circuit.id)
        for seat, most_a in _most_of(uneven, kept, grown):
            known = caps.get(seat.settings.member)
            if known is None or most_a < known.current_a:
                caps[seat.settings.member] = Ceiling(current_a=most_a, reason=reason)
    for seat in seats:
        _bind(seat, caps.get(seat.settings.member))


def _most_of(
    seats: Sequence[Seat], kept: Mapping[MemberId, float], grown: Mapping[MemberId, float]
) -> Iterator[tuple[Seat, float]]:
    """Yield who may have how much: what it keeps, and more where nobody has to give that up yet.

    Down comes before up: what is given up now is free once a measurement shows that it is gone.
    """
    members = [seat.settings.member for seat in seats]
    most_a = [
        min(kept[member], max(grown[member], seat.granted_a))
        for member, seat in zip(members, seats, strict=True)
    ]
    given_up = {
        phase
        for seat, amps in zip(seats, most_a, strict=True)
        if amps < seat.granted_a - _ROUNDING
        for phase in seat.used
    }
    for seat, amps in zip(seats, most_a, strict=True):
        waits = not given_up.isdisjoint(seat.next_used)
        yield seat, min(amps, seat.granted_a) if waits else amps


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


def _others_of(branch: Branch, wired: tuple[int, ...]) -> Others:
    """Return what others take per phase.

    Where no meter tells each phase, all of it may be on any of them, and nothing on another.
    """
    others = branch.other_now()
    if not branch.circuit.metered:
        others = (max(others[:WATTS]),) * WATTS + (others[WATTS],)
    load = branch.phase_load
    if load is None:
        return Others(others, others, 0.0, 0.0)
    least_a = min(others[phase] for phase in wired)
    highs = branch.highs()
    # For a fuse too much is on the safe side; for the phase that others are compared with it is not.
    surely_a = min(load[phase] - sum(high[phase] for high in highs) for phase in wired)
    most = each(max, others, branch.other_at_worst())
    return Others(others, most, least_a, min(least_a, surely_a))


def _pending(seats: Iterable[Seat]) -> Rooms:
    """Return what uneven members may still draw beyond their grants: down comes before up."""
    left = [0.0] * WATTS
    for seat in seats:
        for phase in range(WATTS):
            beyond_a = seat.commitment[phase] - seat.granted[phase] - MEASURING_TOLERANCE_A
            left[phase] += max(0.0, beyond_a)
    return left[0], left[1], left[2]


def _is_uneven(seat: Seat, wired: tuple[int, ...]) -> bool:
    """Whether a member may load the phases unevenly.

    Who is wired to all phases counts until it has shown that it uses them all (SR-12); a supply
    does by how it is built.
    """
    shown = seat.learner.wired if seat.is_supply else seat.learner.learned
    return set(shown or ()) != set(wired) or (seat.granted_a <= 0.0 and not seat.is_supply)


def _claimants(seats: Iterable[Seat], now_s: float) -> list[Seat]:
    """Return who runs or may start, who goes first at the front."""
    return sorted(
        (seat for seat in seats if seat.granted_a > 0.0 or _may_start(seat)),
        key=lambda seat: (
            seat.settings.priority,
            seat.granted_a <= 0.0,
            -seat.turns.owed(now_s),
            seat.settings.member,
        ),
    )


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
