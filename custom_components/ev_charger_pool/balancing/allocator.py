"""Sharing what is free among the demands."""

from collections.abc import Mapping, Sequence

from ..pool.circuits import Circuit
from ..pool.members import CircuitId, Demand, MemberId
from ..pool.quantities import PhaseValues
from ..pool.reasons import Reason, ReasonKind
from .admission import admit
from .contract import Allocation, OutOfTime, Sharing
from .filling import fill
from .rows import TOLERANCE_A, Rows, build_rows
from .steps import round_to_steps


def allocate(
    circuits: Sequence[Circuit],
    demands: Sequence[Demand],
    free_a: Mapping[CircuitId, PhaseValues],
    *,
    free_w: Mapping[CircuitId, float] | None = None,
    sharing: Sharing = Sharing.MIN_FIRST,
    out_of_time: OutOfTime | None = None,
) -> Allocation:
    """Share what is free among the demands; see `contract.Allocate`.

    Raises:
        TopologyError: The circuits do not make a tree.
    """
    rows = build_rows(circuits, demands, free_a, {} if free_w is None else free_w)
    tiers: dict[int, list[int]] = {}
    for candidate, demand in enumerate(rows.demands):
        tiers.setdefault(demand.priority, []).append(candidate)
    ordered = [tiers[priority] for priority in sorted(tiers)]
    stages = [ordered] if sharing is Sharing.MIN_FIRST else [[tier] for tier in ordered]
    amps = [0.0] * len(rows.demands)
    bound_by = [-1] * len(rows.demands)
    left_a = rows.capacity_a.copy()
    on: list[int] = []
    reasons = {demand.member: demand.limited_by for demand in demands}
    for stage in stages:
        admitted = admit(rows, stage, left_a)
        chosen = set(admitted)
        paused = [c for tier in stage for c in tier if c not in chosen]
        reasons.update(_pauses(rows, paused, admitted, left_a))
        for tier in stage:
            fill(rows, [c for c in tier if c in chosen], left_a, amps, bound_by)
        on += admitted
    round_to_steps(rows, amps, on)
    current_a: dict[MemberId, float] = {demand.member: 0.0 for demand in demands}
    for candidate in on:
        demand = rows.demands[candidate]
        current_a[demand.member] = amps[candidate]
        row = bound_by[candidate]
        if row >= 0 and amps[candidate] < rows.max_a[candidate] - TOLERANCE_A:
            reasons[demand.member] = rows.reason(ReasonKind.CIRCUIT, row)
    return Allocation(current_a=current_a, reasons=reasons)


def _pauses(
    rows: Rows, paused: Sequence[int], on: Sequence[int], left_a: Sequence[float]
) -> dict[MemberId, Reason]:
    """Return why candidates pause."""
    reasons = {}
    for candidate in paused:
        demand = rows.demands[candidate]
        short = [
            row
            for row in rows.group_rows[rows.group[candidate]]
            if left_a[row] + TOLERANCE_A
            < rows.min_a[candidate] * rows.group_rows[rows.group[candidate]].count(row)
        ]
        owed = [
            other
            for other in on
            if rows.demands[other].priority == demand.priority
            and rows.demands[other].owed > demand.owed
            and set(short).intersection(rows.group_rows[rows.group[other]])
        ]
        kind = ReasonKind.TURN if owed else ReasonKind.MINIMUM
        reasons[demand.member] = rows.reason(kind, short[0])
    return reasons
