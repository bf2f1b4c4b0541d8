"""Down is immediate: what a member's own condition, a stale meter, or a fuse takes back."""

from collections.abc import Sequence
from datetime import datetime

from ..pool.members import Demand, MemberId
from ..pool.quantities import PHASES
from ..pool.reasons import Reason, ReasonKind
from .contract import Allocate, OutOfTime
from .cuts import Excess, find_excess, reductions
from .draws import can_be_told
from .orders import OrderBook
from .seats import Seat
from .site_state import SiteState, round_down

_ROUNDING = 1e-6

_OFFLINE = Reason(kind=ReasonKind.OFFLINE)
_SETTLING = Reason(kind=ReasonKind.SETTLING)
_OUTDATED = (ReasonKind.NOT_CONNECTED, ReasonKind.OFFLINE)
"""Reasons that no longer hold for who is there and may have something."""


def stale_branch(site: SiteState, seat: Seat) -> Reason | None:
    """Return why a member is under a circuit whose meter is not to be trusted, None if it is not."""
    for position in seat.chain:
        branch = site.branches[position]
        if branch.is_stale:
            return Reason(kind=ReasonKind.STALE, subject=branch.circuit.id)
    return None


def cap_of(site: SiteState, seat: Seat, now_s: float) -> tuple[float, Reason]:
    """Return the most that a member may have for its own sake, with why."""
    condition = seat.least_cap()
    if condition is not None:
        return condition
    if seat.switch is not None and seat.switch.holds:
        return 0.0, Reason(kind=ReasonKind.PHASES)
    cap_a, reason = seat.ceiling.current_a, seat.ceiling.reason
    if not site.restart.is_quiet(now_s):
        stale = stale_branch(site, seat)
        if stale is not None:
            allowed_a = min(seat.fail_safe_a, seat.granted_a)
            if allowed_a < cap_a:
                return allowed_a, stale
    return cap_a, reason


def lower(
    site: SiteState, seat: Seat, target_a: float, reason: Reason, book: OrderBook, now: datetime
) -> None:
    """Order a smaller grant; a pause that the pool decided begins a wait (SR-14)."""
    now_s = now.timestamp()
    seat.appetite.lower(now_s, seat.granted_a)
    book.set(seat, target_a, reason, now)
    site.expect_step(seat, now_s)
    if target_a <= 0.0:
        seat.wake.rest()
        seat.appetite.rest()
        seat.starts.end()
        if seat.connected and reason.kind not in (ReasonKind.USER, ReasonKind.ASLEEP):
            # A switch of phases is a part of its run.
            if reason.kind is ReasonKind.STALE:
                seat.turns.break_off(now_s)
            elif reason.kind is not ReasonKind.PHASES:
                seat.turns.pause(now_s)
        else:
            seat.turns.leave()
    site.count(seat, now_s)


def apply_caps(site: SiteState, book: OrderBook, now: datetime, now_s: float) -> None:
    """Take back at once what a member may not have for its own sake."""
    for seat in site.seats.values():
        cap_a, reason = cap_of(site, seat, now_s)
        if seat.granted_a > cap_a + _ROUNDING:
            lower(site, seat, round_down(seat, cap_a), reason, book, now)
        elif seat.granted_a <= 0.0 and cap_a < seat.least_a - _ROUNDING:
            seat.reason = reason
        elif seat.reason.kind in _OUTDATED:
            seat.reason = _SETTLING
        if seat.report is not None and not seat.report.online:
            seat.reason = _OFFLINE


def cut(
    site: SiteState,
    book: OrderBook,
    allocate: Allocate,
    now: datetime,
    now_s: float,
    out_of_time: OutOfTime | None,
) -> bool:
    """Cut what a fuse or a ceiling demands, at all members at once; return whether it did."""
    generation_a = site.generation.most_a(now_s)
    quiet = site.restart.is_quiet(now_s)
    found = (
        find_excess(branch, now_s, generation_a, only_measured=quiet) for branch in site.branches
    )
    excesses = [excess for excess in found if excess is not None]
    if not excesses:
        return False
    movable, fixed = _below(excesses, now_s)
    if not movable:
        return False
    demands = [_demand(seat, now_s) for seat in movable.values()]
    smaller = reductions(
        [branch.circuit for branch in site.branches],
        excesses,
        demands,
        fixed,
        allocate,
        sharing=site.sharing,
        out_of_time=out_of_time,
    )
    done = False
    for member, current_a, reason in smaller:
        seat = movable[member]
        if current_a >= seat.granted_a - _ROUNDING:
            # It may have less than the least that it is woken with (SR-14).
            continue
        target_a = round_down(seat, current_a)
        if target_a < seat.granted_a - _ROUNDING:
            lower(site, seat, target_a, site.explain(reason, now_s), book, now)
            done = True
    return done


def _below(excesses: Sequence[Excess], now_s: float) -> tuple[dict[MemberId, Seat], list[Seat]]:
    """Return the members on the circuits that can be told quickly, and those that cannot."""
    movable: dict[MemberId, Seat] = {}
    fixed: dict[MemberId, Seat] = {}
    for excess in excesses:
        for seat in excess.branch.seats:
            if not can_be_told(seat, now_s):
                fixed[seat.settings.member] = seat
            elif seat.granted_a > 0.0:
                movable[seat.settings.member] = seat
    return movable, list(fixed.values())


def _demand(seat: Seat, now_s: float) -> Demand:
    """Return what a member may keep at most in a cut: its grant, or what it needs of it."""
    settings = seat.settings
    needed_a = seat.headroom.needed_a(now_s, seat.granted_a)
    # A raise that still waits for its turn on the link is called off.
    most_a = seat.account.written_a
    if needed_a is not None:
        most_a = min(most_a, max(needed_a, seat.least_a))
    return Demand(
        member=settings.member,
        circuit=settings.circuit,
        phases=frozenset(PHASES[position] for position in seat.used),
        min_a=min(seat.least_a, most_a) if most_a > 0.0 else seat.least_a,
        max_a=most_a,
        step_a=settings.step_a,
        limited_by=seat.reason,
        priority=settings.priority,
        weight=settings.weight,
        owed=seat.turns.owed(now_s),
        powered=1 if seat.is_single else None,
    )
