"""SR-9: reductions that a fuse or a ceiling demands, at once and on raw data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..pool.circuits import Circuit
from ..pool.members import CircuitId, Demand, MemberId
from ..pool.quantities import NOMINAL_VOLTAGE_V, PerPhase, PhaseValues
from ..pool.reasons import Reason
from .branches import Branch
from .contract import Allocate, OutOfTime, Sharing
from .draws import overdraw_of
from .seats import Seat
from .wiring import LANES, WATTS, Lanes

_ROUNDING: float = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """What one circuit's members have to give up together, lane by lane.

    Attributes:
        branch: The circuit.
        granted: What they count with.
        cut: What has to go of it.
        flows: The lanes in which it does flow: there only what really goes ends it.
    """

    branch: Branch
    granted: Lanes
    cut: Lanes
    flows: frozenset[int]


def find_excess(
    branch: Branch, now_s: float, generation_a: PhaseValues, *, only_measured: bool
) -> Excess | None:
    """Return what has to be cut on a circuit now, None when it carries what it may.

    Cut when other load + newest grants exceeds the limit, or when what the meter shows does, less
    what members on their way will still give up; and when members together exceed a ceiling.
    """
    granted = [0.0] * LANES
    spare = [0.0] * LANES
    for seat in branch.seats:
        least = seat.lanes(min(seat.least_a, seat.counted_a))
        for lane in range(LANES):
            granted[lane] += seat.counted[lane]
            spare[lane] += seat.counted[lane] - least[lane]
    other, at_worst = branch.other_now(), branch.other_at_worst()
    measured = branch.circuit.metered and not branch.is_stale
    load = branch.phase_load if measured else None
    cut = [0.0] * LANES
    flows = set()
    found = False
    for lane in range(LANES):
        limit = min(branch.limit[lane], branch.hold[lane])
        needed = granted[lane] - branch.ceiling[lane]
        excess = 0.0 if only_measured else other[lane] + granted[lane] - limit
        if not only_measured:
            room = branch.room_at_trip(lane, other[lane], generation_a)
            excess = max(excess, granted[lane] - room)
        if measured:
            if load is not None and load[lane] > limit:
                flowing = load[lane] - _giving_up(branch, lane, now_s) - limit
                if flowing > 0.0 and not only_measured:
                    # Too much flows already: what was just raised may not be there yet, and the
                    # next reading gives it back. A pause would not be given back so soon.
                    feared = at_worst[lane] + granted[lane] - limit
                    flowing = max(flowing, min(feared, spare[lane]))
                if flowing > 0.0:
                    flows.add(lane)
                excess = max(excess, flowing)
            excess = branch.other.excess_to_cut(lane, excess, limit, now_s)
        elif branch.circuit.metered:
            excess = 0.0
        needed = max(needed, excess)
        if needed > _ROUNDING and granted[lane] > 0.0:
            cut[lane] = needed
            found = True
    if not found:
        return None
    return Excess(branch=branch, granted=_lanes(granted), cut=_lanes(cut), flows=frozenset(flows))


def _giving_up(branch: Branch, lane: int, now_s: float) -> float:
    """Return what members on their way drew at the meter's time beyond their newest grants."""
    return sum(
        max(0.0, high[lane] - seat.counted[lane])
        for seat, high in zip(branch.seats, branch.highs(), strict=True)
        if seat.account.moved_s > branch.load_s - seat.settle_s and seat.is_moving(now_s)
    )


def reductions(
    circuits: Sequence[Circuit],
    excesses: Sequence[Excess],
    demands: Sequence[Demand],
    fixed: Iterable[Seat],
    allocate: Allocate,
    *,
    sharing: Sharing,
    out_of_time: OutOfTime | None,
) -> list[tuple[MemberId, float, Reason]]:
    """Return the smaller grants that end the excess, shared fairly.

    Args:
        circuits: The tree.
        excesses: What has to be given up.
        demands: The members that can be told quickly, at most at their present grants.
        fixed: The members below that cannot be told: others give way for them.
        allocate: The allocator.
        sharing: Passed on to it.
        out_of_time: Passed on to it.
    """
    held = {seat.settings.member: seat for seat in fixed}
    free_a: dict[CircuitId, PhaseValues] = {c.id: PerPhase.same(_PLENTY_A) for c in circuits}
    free_w: dict[CircuitId, float] = {}
    for excess in excesses:
        branch = excess.branch
        free = [
            _PLENTY_A if cut <= 0.0 else granted - cut
            for granted, cut in zip(excess.granted, excess.cut, strict=True)
        ]
        for seat in branch.seats:
            is_held, beyond = seat.settings.member in held, overdraw_of(seat)
            for lane in range(LANES):
                if is_held:
                    free[lane] -= seat.counted[lane]
                elif seat.settings.measures_current or lane in excess.flows:
                    free[lane] -= beyond[lane]
        free_a[branch.circuit.id] = PerPhase(free[0], free[1], free[2])
        if excess.cut[WATTS] > 0.0:
            free_w[branch.circuit.id] = free[WATTS] * NOMINAL_VOLTAGE_V / branch.voltage_v
    found = allocate(
        circuits, demands, free_a, free_w=free_w, sharing=sharing, out_of_time=out_of_time
    )
    return [
        (demand.member, found.current_a[demand.member], found.reasons[demand.member])
        for demand in demands
    ]


_PLENTY_A = 100_000.0
"""More than any fuse: a circuit that asks for no cut bounds nobody."""


def _lanes(values: Sequence[float]) -> Lanes:
    return (values[0], values[1], values[2], values[3])
