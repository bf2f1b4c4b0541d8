"""One wave of raises per settle time: the fair target, and what of it fits now."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from ..pool.members import Demand, MemberId, Priority
from ..pool.quantities import PHASES
from ..pool.reasons import Reason, ReasonKind
from .contract import Allocate, Allocation, OutOfTime
from .downs import lower, stale_branch
from .frozen import frozen_shares
from .orders import OrderBook
from .raises import DEADBAND_A, Raise, caps, fit, free_for, is_worth_it, slack
from .restart import FRESH_VALUES
from .seats import Seat
from .site_state import SiteState, round_down
from .supplies import START_SPACING_S
from .wiring import Lanes

_ROUNDING: Final = 1e-6

LOOK_AGAIN_S: Final = 5.0
"""A wave that found nothing to do is tried again after this, or when a demand changes."""

PROTECTED: Final = 1_000_000
"""Owed by a member whose run may not end yet: it comes before everybody (SR-14)."""

IDLE: Final = -1
"""Owed by a member that takes nothing of what it has: who waits comes before it."""


class Waves:
    """When the next wave is due, and the wave itself."""

    __slots__ = ("_allocate", "_look_s", "_next_s", "_supply_started_s", "changed")

    def __init__(self, allocate: Allocate) -> None:
        self._allocate = allocate
        self._next_s = float("-inf")
        self._look_s = float("-inf")
        self._supply_started_s = float("-inf")
        self.changed = True

    def hold(self, now_s: float, settle_s: float) -> None:
        """Wait for what was ordered to show."""
        self._next_s = max(self._next_s, now_s + settle_s)

    def run(
        self,
        site: SiteState,
        book: OrderBook,
        now: datetime,
        now_s: float,
        out_of_time: OutOfTime | None,
    ) -> None:
        """Raise what may be raised now."""
        if now_s < self._next_s or site.restart.is_quiet(now_s):
            return
        if not self.changed and now_s < self._look_s:
            return
        self.changed = False
        self._look_s = now_s + LOOK_AGAIN_S
        willing = {
            member: seat for member, seat in site.seats.items() if is_willing(site, seat, now_s)
        }
        shares = frozen_shares(site, willing, self._allocate)
        _keep_frozen_safe(site, willing, shares, book, now)
        if not any(wants_more(seat) for seat in willing.values()):
            return
        cap = caps(site.branches, now_s, site.generation.most_a(now_s))
        targets, reasons = self._targets(site, willing, shares, cap, now_s, out_of_time)
        left = slack(site.branches, cap)
        raises = fit(self._wanted(site, willing, targets, book, now_s), left, round_down)
        self._explain(site, willing, targets, reasons, raises)
        ordered = self._order(site, raises, reasons, book, now, now_s)
        if any(one.is_short for one in raises):
            ordered += _make_room(site, willing, targets, reasons, book, now)
        if ordered:
            self.hold(now_s, max(seat.settle_s for seat in ordered))

    def _targets(
        self,
        site: SiteState,
        willing: Mapping[MemberId, Seat],
        shares: Mapping[MemberId, float],
        cap: Sequence[Lanes],
        now_s: float,
        out_of_time: OutOfTime | None,
    ) -> tuple[dict[MemberId, float], Mapping[MemberId, Reason]]:
        """Return the fair grants of all that are willing, were everything settled."""
        circuits = [branch.circuit for branch in site.branches]
        free_a, free_w = free_for(site.branches, cap, willing)
        demands = [_demand(seat, now_s, shares.get(member)) for member, seat in willing.items()]

        def share(demands: Sequence[Demand]) -> Allocation:
            return self._allocate(
                circuits,
                demands,
                free_a,
                free_w=free_w,
                sharing=site.sharing,
                out_of_time=out_of_time,
            )

        found = share(demands)
        broken = {
            member
            for member, seat in willing.items()
            if seat.granted_a > 0.0
            and found.current_a[member] <= 0.0
            and seat.turns.must_run(now_s)
        }
        if broken:
            found = share([_protected(d) if d.member in broken else d for d in demands])
        targets = {
            member: round_down(seat, found.current_a[member]) for member, seat in willing.items()
        }
        for member in broken:
            if targets[member] <= 0.0:
                # Not even that fits between margin and limit: only a cut may end its run.
                targets[member] = willing[member].granted_a
        return targets, found.reasons

    def _wanted(
        self,
        site: SiteState,
        willing: Mapping[MemberId, Seat],
        targets: Mapping[MemberId, float],
        book: OrderBook,
        now_s: float,
    ) -> list[tuple[Seat, float]]:
        """Return who is to be raised to what, who has least first."""
        wanted = [
            (seat, targets[member])
            for member, seat in willing.items()
            if is_worth_it(seat, targets[member], seat.ceiling.current_a)
            and now_s >= seat.no_raise_until_s
            and not seat.account.in_flight
            and not book.has(seat)
            and now_s >= seat.written_s + seat.settings.raise_spacing.total_seconds()
            and seat.credit.allows_raise(now_s)
            and (
                not seat.is_supply
                or seat.granted_a > 0.0
                or now_s >= self._supply_started_s + START_SPACING_S
            )
        ]
        wanted.sort(
            key=lambda one: (
                one[0].granted_a <= 0.0,
                one[0].settings.priority,
                -one[0].turns.owed(now_s),
                one[0].granted_a / one[0].settings.weight,
                one[0].settings.member,
            )
        )
        if site.restart.is_cautious(now_s):
            return wanted[:1]
        return wanted

    def _order(
        self,
        site: SiteState,
        raises: Sequence[Raise],
        reasons: Mapping[MemberId, Reason],
        book: OrderBook,
        now: datetime,
        now_s: float,
    ) -> list[Seat]:
        """Order the raises that fit; supplies start one at a time (SR-13)."""
        ordered = []
        for one in raises:
            seat = one.seat
            if not is_worth_it(seat, one.current_a, seat.ceiling.current_a):
                continue
            starts = seat.granted_a <= 0.0
            if starts and seat.is_supply:
                if now_s < self._supply_started_s + START_SPACING_S:
                    continue
                self._supply_started_s = now_s
            reason = reasons[seat.settings.member]
            if one.is_short:
                reason = Reason(kind=ReasonKind.SETTLING)
            raise_to(site, seat, one.current_a, site.explain(reason), book, now)
            ordered.append(seat)
        return ordered

    def _explain(
        self,
        site: SiteState,
        willing: Mapping[MemberId, Seat],
        targets: Mapping[MemberId, float],
        reasons: Mapping[MemberId, Reason],
        raises: Sequence[Raise],
    ) -> None:
        """Tell each member what limits it now."""
        raised = {one.seat.settings.member for one in raises}
        for member, seat in willing.items():
            if is_worth_it(seat, targets[member], seat.ceiling.current_a):
                waits = ReasonKind.SETTLING if member in raised else ReasonKind.WRITE_BUDGET
                seat.reason = Reason(kind=waits)
            else:
                seat.reason = site.explain(reasons[member])


def raise_to(
    site: SiteState, seat: Seat, target_a: float, reason: Reason, book: OrderBook, now: datetime
) -> None:
    """Order a larger grant."""
    now_s = now.timestamp()
    starts = seat.granted_a <= 0.0
    book.set(seat, target_a, reason, now)
    site.expect_step(seat, now_s)
    seat.headroom.change(now_s)
    if starts:
        seat.learner.forget()
        seat.turns.start(now_s)
        seat.wake.resume(now_s)
    site.count(seat, now_s)


def is_willing(site: SiteState, seat: Seat, now_s: float) -> bool:
    """Whether a member can take part in a wave."""
    report = seat.report
    if report is None or not report.online or seat.least_cap() is not None:
        return False
    if seat.ceiling.current_a < seat.least_a - _ROUNDING or seat.unheard_since_s is not None:
        seat.turns.leave_wait()
        return False
    if stale_branch(site, seat) is not None:
        return False
    if seat.granted_a <= 0.0:
        seat.turns.wait(now_s)
        if not seat.turns.may_start(now_s):
            return False
    return all(
        not branch.circuit.metered or branch.staleness.fresh_values >= FRESH_VALUES
        for branch in (site.branches[position] for position in seat.chain)
    )


def wants_more(seat: Seat) -> bool:
    """Whether a member could use more than it has."""
    return seat.granted_a + seat.settings.step_a <= seat.ceiling.current_a + _ROUNDING


def _demand(seat: Seat, now_s: float, share_a: float | None) -> Demand:
    """Return what a member could use: its ceiling, less what it shows not to need."""
    settings = seat.settings
    most_a, reason = seat.ceiling.current_a, seat.ceiling.reason
    needed_a = seat.headroom.needed_a(now_s, seat.granted_a) if seat.granted_a > 0.0 else None
    if needed_a is not None and max(needed_a, seat.least_a) < most_a:
        most_a = max(needed_a, seat.least_a)
        reason = Reason(kind=ReasonKind.VEHICLE, subject=settings.member)
    if share_a is not None and share_a < most_a:
        most_a, reason = share_a, Reason(kind=ReasonKind.LEASE)
    return Demand(
        member=settings.member,
        circuit=settings.circuit,
        phases=frozenset(PHASES[position] for position in seat.next_used),
        min_a=seat.least_a,
        max_a=most_a,
        step_a=settings.step_a,
        limited_by=reason,
        priority=settings.priority,
        weight=settings.weight,
        owed=IDLE if seat.wake.idles(now_s) else seat.turns.owed(now_s),
    )


def _protected(demand: Demand) -> Demand:
    """Return the demand of a member whose run may not end: its minimum, before everybody."""
    return replace(demand, max_a=demand.min_a, priority=Priority.HIGH, owed=PROTECTED)


def _keep_frozen_safe(
    site: SiteState,
    willing: Mapping[MemberId, Seat],
    shares: Mapping[MemberId, float],
    book: OrderBook,
    now: datetime,
) -> None:
    """Take back what a member without a lease has above its share (SR-5)."""
    for member, share_a in shares.items():
        seat = willing[member]
        if seat.granted_a > share_a + _ROUNDING:
            target_a = round_down(seat, share_a)
            lower(site, seat, target_a, Reason(kind=ReasonKind.LEASE), book, now)


def _make_room(
    site: SiteState,
    willing: Mapping[MemberId, Seat],
    targets: Mapping[MemberId, float],
    reasons: Mapping[MemberId, Reason],
    book: OrderBook,
    now: datetime,
) -> list[Seat]:
    """Lower who has more than its fair share, so that others can be raised once it settled."""
    lowered = []
    for member, seat in willing.items():
        target_a = targets[member]
        gives_a = seat.granted_a - target_a
        if gives_a >= DEADBAND_A - _ROUNDING or (target_a <= 0.0 and gives_a > 0.0):
            lower(site, seat, target_a, site.explain(reasons[member]), book, now)
            lowered.append(seat)
    return lowered
