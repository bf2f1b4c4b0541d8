"""The fair grants of all that are willing, were everything settled: what waves work towards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ..pool.members import Demand, MemberId, Priority
from ..pool.quantities import PHASES
from ..pool.reasons import Reason, ReasonKind
from .contract import Allocate, Allocation, OutOfTime
from .raises import free_for
from .seats import Seat
from .site_state import SiteState, round_down
from .wiring import LANES, Lanes

PROTECTED: Final = 1_000_000
"""Owed by a member that is not to be left out: it comes before everybody (SR-14)."""

IDLE: Final = -1
"""Owed by a member that takes nothing of what it has: who waits comes before it."""

STUCK_SETTLES: Final = 3.0
"""Who was not seen to settle within so many settle times may never be: nothing tells its draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What each member is to have in the end, amps per phase, and why not more."""

    target_a: Mapping[MemberId, float]
    reasons: Mapping[MemberId, Reason]


class Planner:
    """Makes the plans of one wave.

    Args:
        site: The site.
        allocate: The allocator.
        shares: The most that members without a lease may have (SR-5).
        now_s: Seconds since the epoch.
        out_of_time: The caller's time budget.
    """

    def __init__(
        self,
        site: SiteState,
        allocate: Allocate,
        shares: Mapping[MemberId, float],
        now_s: float,
        out_of_time: OutOfTime | None,
    ) -> None:
        self._site = site
        self._allocate = allocate
        self._shares = shares
        self._now_s = now_s
        self._out_of_time = out_of_time

    def plan(self, willing: Mapping[MemberId, Seat], cap: Sequence[Lanes]) -> Plan:
        """Share what the caps leave beside those who are not willing."""
        demands = [
            _demand(seat, self._now_s, self._shares.get(member)) for member, seat in willing.items()
        ]
        found = self._share(demands, willing, cap)
        broken: set[MemberId] = set()
        # Who is protected may push out another that is to stay on as well.
        while left_out := {
            member
            for member, seat in willing.items()
            if member not in broken
            and found.current_a[member] <= 0.0
            and _stays_on(seat, self._now_s)
        }:
            broken |= left_out
            demands = [_protected(d) if d.member in broken else d for d in demands]
            found = self._share(demands, willing, cap)
        targets = {
            member: round_down(seat, found.current_a[member]) for member, seat in willing.items()
        }
        for member in broken:
            if targets[member] <= 0.0:
                # Not even that fits between margin and limit: only a cut may end its run.
                targets[member] = willing[member].granted_a
        return Plan(target_a=targets, reasons=found.reasons)

    def less_allowances(
        self, willing: Mapping[MemberId, Seat], cap: Sequence[Lanes]
    ) -> list[Lanes]:
        """Return the caps less what members stay committed to beyond their grants.

        Draw + 0.5 A (SR-2) counts whatever the grant, and who does not measure may never be seen
        to settle: somebody who starts cannot have that.
        """
        found = []
        for branch, lanes in zip(self._site.branches, cap, strict=True):
            left = list(lanes)
            for seat in branch.seats:
                if seat.settings.member in willing and _keeps_more(seat, self._now_s):
                    for lane in range(LANES):
                        left[lane] -= max(0.0, seat.commitment[lane] - seat.granted[lane])
            found.append((left[0], left[1], left[2], left[3]))
        return found

    def _share(
        self, demands: Sequence[Demand], willing: Mapping[MemberId, Seat], cap: Sequence[Lanes]
    ) -> Allocation:
        free_a, free_w = free_for(self._site.branches, cap, willing)
        return self._allocate(
            [branch.circuit for branch in self._site.branches],
            demands,
            free_a,
            free_w=free_w,
            sharing=self._site.sharing,
            out_of_time=self._out_of_time,
        )


def _demand(seat: Seat, now_s: float, share_a: float | None) -> Demand:
    """Return what a member could use: its ceiling, less what it shows not to need."""
    settings = seat.settings
    most_a, reason = seat.ceiling.current_a, seat.ceiling.reason
    needed_a = seat.headroom.needed_a(now_s, seat.granted_a) if seat.granted_a > 0.0 else None
    if seat.wake.is_asked:
        needed_a = seat.least_a
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
        powered=seat.powered,
    )


def is_stuck(seat: Seat, now_s: float) -> bool:
    """Whether a member that runs is not seen to settle, however long it had."""
    if seat.granted_a <= 0.0 or seat.account.is_settled:
        return False
    return now_s - seat.account.moved_s >= STUCK_SETTLES * seat.settle_s


def _keeps_more(seat: Seat, now_s: float) -> bool:
    """Whether what it is committed to beyond its grant is not on its way to vanish."""
    return seat.granted_a > 0.0 and (seat.account.is_settled or is_stuck(seat, now_s))


def _stays_on(seat: Seat, now_s: float) -> bool:
    """Whether a member is not to be left out: its run may not end yet, or a pause frees nothing.

    A fail-safe current is committed at any grant (SR-2): who has one of at least the minimum would
    keep it from the others while it pauses.
    """
    if seat.granted_a > 0.0 and seat.turns.must_run(now_s):
        return True
    return seat.fail_safe_a >= seat.least_a and not seat.wake.idles(now_s)


def _protected(demand: Demand) -> Demand:
    """Return the demand of a member that stays on: its minimum, before everybody."""
    return replace(
        demand, max_a=min(demand.max_a, demand.min_a), priority=Priority.HIGH, owed=PROTECTED
    )
