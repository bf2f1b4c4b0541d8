"""One wave of raises per settle time: the fair target, and what of it fits now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from ..pool.members import MemberId
from ..pool.quantities import PHASES
from ..pool.reasons import Reason, ReasonKind
from .contract import Allocate, OutOfTime, Sharing
from .done import lend
from .downs import lower, stale_branch
from .frozen import frozen_shares
from .orders import OrderBook
from .plans import Plan, Planner, is_stuck
from .raises import DEADBAND_A, Raise, caps, fit, is_worth_it, slack
from .restart import FRESH_VALUES
from .seats import Seat
from .site_state import SiteState, round_down
from .supplies import START_SPACING_S
from .turns import PROMOTED
from .wiring import WATTS

_ROUNDING: Final = 1e-6

LOOK_AGAIN_S: Final = 5.0
"""A wave that found nothing to do is tried again after this, or when a demand changes."""

YIELD_SETTLES: Final = 3.0
"""Who made room leaves it for so many settle times: it shows in the first, a start takes two."""


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

    def keep_frozen_safe(
        self, site: SiteState, book: OrderBook, now: datetime, now_s: float
    ) -> tuple[dict[MemberId, Seat], dict[MemberId, float]]:
        """Take back what members without a lease have above their shares (SR-5).

        Returns:
            Who can take part in a wave, and the shares.
        """
        willing = {
            member: seat for member, seat in site.seats.items() if is_willing(site, seat, now_s)
        }
        shares = frozen_shares(site, willing, self._allocate)
        for member, share_a in shares.items():
            seat = willing[member]
            if seat.granted_a > share_a + _ROUNDING:
                target_a = round_down(seat, share_a)
                lower(site, seat, target_a, Reason(kind=ReasonKind.LEASE), book, now)
        return willing, shares

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
        willing, shares = self.keep_frozen_safe(site, book, now, now_s)
        if not any(wants_more(seat) for seat in willing.values()):
            return
        cap = caps(site.branches, now_s, site.generation.most_a(now_s))
        planner = Planner(site, self._allocate, shares, now_s, out_of_time)
        plan = planner.plan(willing, cap)
        left = slack(site.branches, cap)
        raises = fit(self._wanted(site, willing, plan, book, now_s), left, round_down)
        starters = {
            one.seat.settings.member for one in raises if one.is_short and one.seat.lacks_least
        }
        if starters:
            # What stays committed beyond a grant cannot be planned with for somebody's start.
            plan = planner.plan(willing, planner.less_allowances(willing, cap))
            hopeless = {member for member in starters if plan.target_a[member] <= 0.0}
            if hopeless:
                explain(site, {member: willing.pop(member) for member in hopeless}, plan, now_s)
                plan = planner.plan(willing, cap)
            left = slack(site.branches, cap)
            raises = fit(self._wanted(site, willing, plan, book, now_s), left, round_down)
        explain(site, willing, plan, now_s)
        _tell_what_is_committed(site, raises, left)
        ordered = self._order(site, raises, plan, book, now, now_s)
        short = [one for one in raises if one.is_short]
        if short:
            # Who waits to start gets its minimum or nothing: a fraction of an amp may decide.
            waits = any(one.seat.lacks_least for one in short)
            least_a = _ROUNDING if waits else DEADBAND_A - _ROUNDING
            ordered += _make_room(site, willing, plan, book, now, least_a)
        ordered += _let_go(site, willing, plan, book, now)
        ordered += lend(site, willing, plan, book, now)
        if ordered:
            self.hold(now_s, max(seat.settle_s for seat in ordered))

    def _wanted(
        self,
        site: SiteState,
        willing: Mapping[MemberId, Seat],
        plan: Plan,
        book: OrderBook,
        now_s: float,
    ) -> list[tuple[Seat, float]]:
        """Return who is to be raised to what, who has least first."""
        wanted = [
            (seat, plan.target_a[member])
            for member, seat in willing.items()
            if is_worth_it(seat, plan.target_a[member], seat.ceiling.current_a)
            and now_s >= seat.no_raise_until_s
            and not seat.account.in_flight
            and not book.has(seat)
            and not _spares_writes(seat, now_s)
            and (
                not seat.is_supply
                or seat.granted_a > 0.0
                or now_s >= self._supply_started_s + START_SPACING_S
            )
        ]
        tiers_first = site.sharing is Sharing.STRICT
        wanted.sort(
            key=lambda one: (
                # What only completes a grant comes after those who need an amp or a start.
                one[1] - one[0].granted_a < DEADBAND_A - _ROUNDING,
                one[0].settings.priority if tiers_first else 0,
                # Every minimum comes before any surplus.
                one[0].granted_a > 0.0,
                one[0].settings.priority,
                -one[0].turns.owed(now_s),
                one[0].granted_a / one[0].settings.weight,
                one[0].settings.member,
            )
        )
        return wanted

    def _order(
        self,
        site: SiteState,
        raises: Sequence[Raise],
        plan: Plan,
        book: OrderBook,
        now: datetime,
        now_s: float,
    ) -> list[Seat]:
        """Order the raises that fit; supplies start one at a time (SR-13)."""
        ordered: list[Seat] = []
        for one in raises:
            seat = one.seat
            if not is_worth_it(seat, one.current_a, seat.ceiling.current_a):
                continue
            if _spares_writes(seat, now_s):
                # Another connector of its station was raised in this wave.
                continue
            if ordered and site.restart.is_cautious(now_s):
                break
            starts = seat.granted_a <= 0.0
            if starts and seat.is_supply:
                if now_s < self._supply_started_s + START_SPACING_S:
                    continue
                self._supply_started_s = now_s
            reason = plan.reasons[seat.settings.member]
            if one.is_short:
                reason = Reason(kind=ReasonKind.SETTLING)
            raise_to(site, seat, one.current_a, site.explain(reason, now_s), book, now)
            ordered.append(seat)
        return ordered


def explain(site: SiteState, seats: Mapping[MemberId, Seat], plan: Plan, now_s: float) -> None:
    """Tell each member what limits it now."""
    settled = all(seat.account.is_settled for seat in site.seats.values())
    for member, seat in seats.items():
        worth_it = is_worth_it(seat, plan.target_a[member], seat.ceiling.current_a)
        if worth_it and _spares_writes(seat, now_s):
            seat.reason = Reason(kind=ReasonKind.WRITE_BUDGET)
        elif worth_it and not settled:
            seat.reason = Reason(kind=ReasonKind.SETTLING)
        else:
            seat.reason = site.explain(plan.reasons[member], now_s)


def _tell_what_is_committed(
    site: SiteState, raises: Sequence[Raise], left: Sequence[Sequence[float]]
) -> None:
    """Tell who is to start and cannot which circuit has too much committed, after all settled."""
    for one in raises:
        seat = one.seat
        if one.current_a > 0.0 or seat.reason.kind in (
            ReasonKind.SETTLING,
            ReasonKind.WRITE_BUDGET,
        ):
            continue
        _, lane, position = min(
            (left[position][lane] / (seat.voltage_v if lane == WATTS else 1.0), lane, position)
            for position in seat.chain
            for lane in (*seat.next_used, WATTS)
        )
        seat.reason = Reason(
            kind=ReasonKind.CIRCUIT,
            subject=site.branches[position].circuit.id,
            phase=None if lane == WATTS else PHASES[lane],
        )


def _spares_writes(seat: Seat, now_s: float) -> bool:
    """Whether a raise has to wait for the device's sake (SR-6, write budget)."""
    spacing_s = seat.settings.raise_spacing.total_seconds()
    return now_s < seat.written_s + spacing_s or not seat.credit.allows_raise(now_s)


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
        seat.starts.begin(now_s)
        seat.wake.resume(now_s)
        seat.appetite.rest()
    site.count(seat, now_s)


def is_willing(site: SiteState, seat: Seat, now_s: float) -> bool:
    """Whether a member can take part in a wave."""
    report = seat.report
    if report is None or not report.online or seat.least_cap() is not None:
        return False
    if seat.switch is not None and seat.switch.holds:
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


def _let_go(
    site: SiteState,
    willing: Mapping[MemberId, Seat],
    plan: Plan,
    book: OrderBook,
    now: datetime,
) -> list[Seat]:
    """Pause one that had its turn and is stuck with its ceiling committed, for who is owed one.

    No smaller grant frees what is committed to it: nobody sees it settle. A pause shows in its
    status (SR-2, SR-14).
    """
    now_s = now.timestamp()
    owed = [
        seat.settings.priority
        for member, seat in willing.items()
        if seat.granted_a <= 0.0
        and plan.target_a[member] <= 0.0
        and seat.turns.owed(now_s) >= PROMOTED
    ]
    stuck = [
        seat
        for seat in willing.values()
        if is_stuck(seat, now_s)
        and seat.turns.owed(now_s) == 0
        and not book.has(seat)
        and any(priority <= seat.settings.priority for priority in owed)
    ]
    if not stuck:
        return []
    most = max(stuck, key=lambda seat: max(seat.commitment[:WATTS]) - seat.granted_a)
    lower(site, most, 0.0, Reason(kind=ReasonKind.TURN), book, now)
    return [most]


def _make_room(
    site: SiteState,
    willing: Mapping[MemberId, Seat],
    plan: Plan,
    book: OrderBook,
    now: datetime,
    least_a: float,
) -> list[Seat]:
    """Lower who has more than its fair share, so that others can be raised once it settled.

    Who would give less than `least_a` amps is left alone.
    """
    lowered = []
    for member, seat in willing.items():
        target_a = plan.target_a[member]
        gives_a = seat.granted_a - target_a
        if gives_a >= least_a or (target_a <= 0.0 and gives_a > 0.0):
            reason = site.explain(plan.reasons[member], now.timestamp())
            lower(site, seat, target_a, reason, book, now)
            until_s = now.timestamp() + YIELD_SETTLES * seat.settle_s
            seat.no_raise_until_s = max(seat.no_raise_until_s, until_s)
            lowered.append(seat)
    return lowered
