"""Sharing what is free among the demands."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..pool.circuits import Circuit
from ..pool.members import CircuitId, Demand, MemberId
from ..pool.quantities import PhaseValues
from ..pool.reasons import Reason, ReasonKind
from .admission import admit
from .contest import Effort
from .contract import Allocation, OutOfTime, Sharing
from .explaining import pointing_at, why_paused
from .filling import fill
from .rows import TOLERANCE_A, Rows, build_rows
from .steps import round_to_steps
from .topology import Topology


def allocate(
    circuits: Sequence[Circuit],
    demands: Sequence[Demand],
    free_a: Mapping[CircuitId, PhaseValues],
    *,
    free_w: Mapping[CircuitId, float] | None = None,
    sharing: Sharing = Sharing.MIN_FIRST,
    out_of_time: OutOfTime | None = None,
) -> Allocation:
    """Share what is free among the demands (`contract.Allocate`).

    What is aimed at, in this order:

    1. As many members on as possible, class by class: a class is a tier, and inside it those who
       are owed more come first. With more owed to it a member that needs much comes before
       several that need less.
    2. Lexicographic max-min (leximin) of the levels, tier by tier: of the lowest level as much as
       possible, then of the second lowest, and so on. A level is amps per used phase divided by
       weight.

    With `Sharing.MIN_FIRST` the counts of all tiers come before the levels of any; with
    `Sharing.STRICT` both of one tier come before the next.

    This optimum is one of amps without steps, between the smallest and the largest step of each
    demand, and then it is rounded down to the steps; what the rounding leaves is handed on in
    whole steps, first tier first, lowest level first.

    The grants are within every capacity for any input. What is negative, no number or not told of
    a capacity counts as nothing free. A demand that makes no sense is granted nothing and costs
    nobody anything. The order of the arguments does not matter: between equals the member id
    decides.

    Raises:
        TopologyError: The circuits do not make a tree.
    """
    rows = build_rows(Topology.of(circuits), demands, free_a, {} if free_w is None else free_w)
    effort = Effort(out_of_time)
    nothing = _Plan(
        on=[],
        amps=[0.0] * len(rows.demands),
        bound_by=[-1] * len(rows.demands),
        pauses={},
        left_a=rows.capacity_a,
    )
    plan = _plan(rows, _stages(rows, sharing), nothing, effort)
    round_to_steps(rows, plan.amps, plan.on)
    current_a: dict[MemberId, float] = {demand.member: 0.0 for demand in demands}
    reasons: dict[MemberId, Reason] = {demand.member: demand.limited_by for demand in demands}
    reasons.update(plan.pauses)
    for candidate in plan.on:
        member = rows.demands[candidate].member
        current_a[member] = plan.amps[candidate]
        row = plan.bound_by[candidate]
        if row >= 0 and plan.amps[candidate] < rows.max_a[candidate] - TOLERANCE_A:
            reasons[member] = pointing_at(rows, row, ReasonKind.CIRCUIT)
    return Allocation(current_a=current_a, reasons=reasons, complete=not effort.timed_out)


@dataclass(slots=True)
class _Plan:
    """Who is on with how much.

    Attributes:
        on: Those that are on.
        amps: What each candidate gets.
        bound_by: The row that stops it; -1 for its own maximum.
        pauses: Why others are off.
        left_a: What is left of the rows.
    """

    on: list[int]
    amps: list[float]
    bound_by: list[int]
    pauses: dict[MemberId, Reason]
    left_a: list[float]


type _Tiers = list[list[int]]


def _stages(rows: Rows, sharing: Sharing) -> list[_Tiers]:
    """Return what is decided together: all tiers, or one after the other."""
    tiers: dict[int, list[int]] = {}
    for candidate, demand in enumerate(rows.demands):
        tiers.setdefault(demand.priority, []).append(candidate)
    ordered = [tiers[priority] for priority in sorted(tiers)]
    return [ordered] if sharing is Sharing.MIN_FIRST else [[tier] for tier in ordered]


def _plan(rows: Rows, stages: Sequence[_Tiers], plan: _Plan, effort: Effort) -> _Plan:
    """Return the plan with the stages decided after what it holds.

    Where a stage has several best answers, that one is taken with which the later stages fare
    best.
    """
    if not stages:
        return plan
    candidates = [candidate for tier in stages[0] for candidate in tier]
    answers = admit(rows, candidates, plan.left_a, effort)
    if len(stages) == 1:
        del answers[1:]
    followed = [_follow(rows, stages[0], plan, on) for on in answers]
    different = {tuple(round(left, 6) for left in one.left_a): one for one in reversed(followed)}
    ends = [_plan(rows, stages[1:], one, effort) for one in reversed(different.values())]
    if len(ends) == 1:
        return ends[0]
    return max(ends, key=lambda end: [_worth(rows, stage[0], end) for stage in stages[1:]])


def _follow(rows: Rows, tiers: _Tiers, plan: _Plan, on: list[int]) -> _Plan:
    """Return the plan with these candidates of a stage on, and filled."""
    minimums = rows.loads_a((candidate, rows.min_a[candidate]) for candidate in on)
    left_a = [left - load for left, load in zip(plan.left_a, minimums, strict=True)]
    chosen = frozenset(on)
    paused = [c for tier in tiers for c in tier if c not in chosen]
    followed = _Plan(
        on=plan.on + on,
        amps=plan.amps.copy(),
        bound_by=plan.bound_by.copy(),
        pauses=plan.pauses | why_paused(rows, paused, on, left_a),
        left_a=left_a,
    )
    for tier in tiers:
        members = [candidate for candidate in tier if candidate in chosen]
        fill(rows, members, left_a, followed.amps, followed.bound_by)
    return followed


def _worth(
    rows: Rows, tier: Sequence[int], plan: _Plan
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return how good a plan is for a tier: who is on by what they are owed, and their levels."""
    chosen = frozenset(plan.on).intersection(tier)
    owed = Counter(rows.demands[candidate].owed for candidate in chosen)
    turns = sorted({rows.demands[candidate].owed for candidate in tier}, reverse=True)
    levels = sorted(round(plan.amps[c] / rows.weight[c], 7) for c in chosen)
    return tuple(owed[turn] for turn in turns), tuple(levels)
