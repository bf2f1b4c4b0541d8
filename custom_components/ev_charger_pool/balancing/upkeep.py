"""What each member needs beside its share: told again, renewed, woken, brought to order."""

from datetime import datetime
from typing import Final

from ..pool.members import OrderKind
from ..pool.reasons import Reason, ReasonKind
from ..pool.states import ChargingStatus
from .conduct import Rung
from .downs import cap_of, lower, stale_branch
from .leases import STEADY_S, VISIBLE_A
from .ledger import MEASURING_TOLERANCE_A
from .orders import BACKED_OFF_S, RETRIES, RETRY_SPACING_S, OrderBook
from .raises import caps, slack
from .seats import Seat
from .site_state import SiteState, round_down
from .ups import raise_to

_ROUNDING: Final = 1e-6

_WAKEABLE: Final = (
    ChargingStatus.SUSPENDED_BY_EV,
    ChargingStatus.SUSPENDED_BY_CHARGER,
    ChargingStatus.CHARGING,
)
"""A car that nobody authorized is never started by the pool."""


def bring_to_order(site: SiteState, book: OrderBook, now: datetime, now_s: float) -> None:
    """Climb the ladder with devices that draw more than they may (SR-6)."""
    for seat in site.seats.values():
        account = seat.account
        if account.issues and account.issues[-1].sent_s is None:
            # It was not told yet: that is the link's fault, and others give way (SR-7).
            continue
        newest, told_s = seat.samples.newest, account.moved_s
        if newest is not None and seat.online and seat.samples.newest_s > told_s:
            seat.conduct.draws(seat.samples.newest_s, max(newest[:3]), account.granted_a, told_s)
        rung = seat.conduct.climb(now_s) if seat.online else None
        if rung is None:
            continue
        reason = Reason(kind=ReasonKind.IGNORED)
        if rung is Rung.SEND_AGAIN:
            book.set(seat, seat.granted_a, seat.reason, now)
        elif rung is Rung.PAUSE:
            lower(site, seat, 0.0, reason, book, now)
        elif rung is Rung.STOP:
            book.act(seat, OrderKind.STOP, reason, now)
        else:
            account.unknown = True
            # Only a grant that settles ends the doubt.
            seat.needs_set = not account.issues
            book.act(seat, OrderKind.DISABLE, reason, now)
        site.count(seat, now_s)


def lapse_lost(site: SiteState, now_s: float) -> None:
    """Void the grants of devices that are out of reach past a lease that is known to lapse."""
    for seat in site.seats.values():
        if (
            seat.granted_a > seat.fail_safe_a
            and seat.exercised
            and seat.trusts_lease()
            and seat.account.is_lost(now_s)
        ):
            seat.account.lapse(round_down(seat, seat.fail_safe_a))
            seat.needs_set = True
            if seat.granted_a <= 0.0:
                seat.turns.pause(now_s)


def tell_again(site: SiteState, book: OrderBook, now: datetime, now_s: float) -> None:
    """Send a grant again where the device may have lost or refused it."""
    for seat in site.seats.values():
        if not seat.online or book.has(seat):
            continue
        if seat.account.give_up_waiting(now_s):
            seat.needs_set = True
        if seat.needs_set and now_s >= seat.resend_s:
            tired = seat.refusals >= RETRIES
            seat.resend_s = now_s + (BACKED_OFF_S if tired else RETRY_SPACING_S)
            target_a = _entitled(site, seat, now_s)
            if target_a > seat.granted_a + _ROUNDING:
                raise_to(site, seat, target_a, Reason(kind=ReasonKind.SETTLING), book, now)
            else:
                book.set(seat, seat.granted_a, seat.reason, now)
                site.count(seat, now_s)


def _entitled(site: SiteState, seat: Seat, now_s: float) -> float:
    """Return what a member may have at once: a car that comes gets the fail-safe kept for it."""
    if seat.granted_a > 0.0 or seat.fail_safe_a <= 0.0 or not seat.turns.may_start(now_s):
        return seat.granted_a
    cap_a, _ = cap_of(site, seat, now_s)
    target_a = round_down(seat, min(cap_a, seat.fail_safe_a))
    if target_a <= 0.0 or site.restart.is_quiet(now_s) or stale_branch(site, seat) is not None:
        return seat.granted_a
    left = slack(site.branches, caps(site.branches, now_s, site.generation.most_a(now_s)))
    fits = all(min(left[position]) >= 0.0 for position in seat.chain)
    return target_a if fits else seat.granted_a


def renew(site: SiteState, book: OrderBook, now: datetime, now_s: float) -> None:
    """Renew the leases that keep a grant above `f` (SR-8), only ever from a decision (SR-4)."""
    withheld = any(seat.lease.is_withheld for seat in site.seats.values())
    for seat in site.seats.values():
        lease = seat.settings.lease
        if lease is None or not seat.online or seat.granted_a <= seat.fail_safe_a + _ROUNDING:
            continue
        if book.has(seat) or seat.account.in_flight:
            continue
        if not seat.lease.is_due(now_s, lease.renewal.total_seconds()):
            continue
        if not withheld and _may_exercise(seat, now_s):
            expires_s = seat.account.expires_s
            if expires_s is not None and expires_s > now_s:
                seat.lease.withhold(expires_s, seat.settle_s)
                withheld = True
                continue
        book.renew(seat, now)


def judge_leases(site: SiteState, now_s: float) -> bool:
    """See whether withheld renewals let draws fall; return whether a lease was seen to fail."""
    failed = False
    for seat in site.seats.values():
        expires_s, newest = seat.account.expires_s, seat.samples.newest
        if not seat.lease.is_withheld or expires_s is None or newest is None:
            continue
        drawn_a = max(newest[:3])
        if seat.lease.judge(now_s, expires_s, seat.samples.newest_s, drawn_a, seat.fail_safe_a):
            seat.needs_set = True
            failed |= seat.lease.failed
    return failed


def _may_exercise(seat: Seat, now_s: float) -> bool:
    """Whether now is the time to put the lapse to the test: once, in the midst of a steady run."""
    running_since_s = seat.turns.running_since_s
    newest = seat.samples.newest
    return (
        not seat.exercised
        and not seat.lease.failed
        and seat.account.is_settled
        and running_since_s is not None
        and now_s - running_since_s >= STEADY_S
        and newest is not None
        and max(newest[:3]) >= seat.fail_safe_a + VISIBLE_A
    )


def _offer(site: SiteState, seat: Seat, now_s: float) -> float:
    """Return the least current to try with an attempt to wake a car, 0 where there is no more.

    What others run with at least stays theirs: nobody is paused for a trial.
    """
    offered_a = round_down(seat, min(seat.appetite.offer_for(seat.wake.attempts), seat.open_a))
    if offered_a <= seat.granted_a + _ROUNDING:
        return 0.0
    cap = caps(site.branches, now_s, site.generation.most_a(now_s))
    for position in seat.chain:
        others = [other for other in site.branches[position].seats if other is not seat]
        for lane in seat.next_used:
            kept_a = sum(
                min(other.granted[lane], other.least_a) + MEASURING_TOLERANCE_A
                for other in others
                if other.granted[lane] > 0.0
            )
            if cap[position][lane] - kept_a < offered_a:
                return 0.0
    return offered_a


def wake(site: SiteState, book: OrderBook, now: datetime, now_s: float) -> None:
    """Wake cars that take nothing after a pause; let those that sleep on be (SR-14)."""
    for seat in site.seats.values():
        seat.wake.look(now_s)
        if seat.granted_a <= 0.0 or not seat.online or seat.is_supply:
            continue
        if seat.wake.attempt(now_s):
            report = seat.report
            if report is not None and report.charging in _WAKEABLE and not book.has(seat):
                book.act(seat, OrderKind.START, seat.reason, now)
            seat.appetite.attempt(_offer(site, seat, now_s))
        elif seat.wake.asleep:
            lower(site, seat, 0.0, Reason(kind=ReasonKind.ASLEEP), book, now)
