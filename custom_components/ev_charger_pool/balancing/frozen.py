"""SR-5: devices without a watchdog keep their grant when the pool dies, so theirs are capped."""

from collections.abc import Mapping

from ..pool.members import CircuitId, Demand, MemberId
from ..pool.quantities import PHASES, PerPhase, PhaseValues, subtract
from ..pool.reasons import Reason, ReasonKind
from .contract import Allocate
from .seats import Seat
from .site_state import SiteState


def is_capped(seat: Seat) -> bool:
    """Whether a member's grant falls under the frozen-safe cap."""
    return not seat.trusts_lease() and not seat.settings.may_freeze


def frozen_shares(
    site: SiteState, willing: Mapping[MemberId, Seat], allocate: Allocate
) -> dict[MemberId, float]:
    """Return the most that each willing member without a lease may be granted.

    Sum of grants without a lease + sum of `f` + 14-day maximum of other load <= limit, for every
    circuit and phase; the room is shared as the allocator shares.
    """
    capped = {member: seat for member, seat in willing.items() if is_capped(seat)}
    if not capped:
        return {}
    free_a: dict[CircuitId, PhaseValues] = {}
    for branch in site.branches:
        room = subtract(branch.circuit.limit_a, branch.reserved_a)
        taken = [0.0, 0.0, 0.0]
        for seat in branch.seats:
            if seat.settings.member in capped:
                continue
            frozen_a = max(seat.fail_safe_a, seat.granted_a if is_capped(seat) else 0.0)
            for position in seat.learner.wired:
                taken[position] += frozen_a
        free_a[branch.circuit.id] = subtract(room, PerPhase(taken[0], taken[1], taken[2]))
    demands = [
        Demand(
            member=member,
            circuit=seat.settings.circuit,
            phases=frozenset(PHASES[position] for position in seat.learner.wired),
            min_a=seat.least_a,
            max_a=seat.ceiling.current_a,
            step_a=seat.settings.step_a,
            limited_by=Reason(kind=ReasonKind.LEASE),
            priority=seat.settings.priority,
            weight=seat.settings.weight,
        )
        for member, seat in capped.items()
    ]
    found = allocate(
        [branch.circuit for branch in site.branches], demands, free_a, sharing=site.sharing
    )
    return dict(found.current_a)
