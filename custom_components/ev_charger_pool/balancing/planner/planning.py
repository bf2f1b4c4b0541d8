"""The planner: one plan for all members, so that their promises hold together."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from ...pool.circuits import Circuit
from ...pool.schedules import Schedule
from .blocks import join_blocks
from .checking import check
from .contract import HorizonSlot, PlanRequest, PlanResult, PlanSettings
from .keeping import kept, without_savers
from .ledger import ENOUGH_MWH, Ledger
from .minimums import settle
from .model import Model, model_of
from .orders import added, has_uneven_phases, reordered
from .promises import promises_of
from .schedules import runs_of, schedule_of
from .sharing import Flow, cheapest

DEFAULTS: Final = PlanSettings()

STEADY: Final = 0.005
"""Plans that fall short stay as they were told unless others gain this share of what is needed."""


def plan(
    requests: Sequence[PlanRequest],
    slots: Sequence[HorizonSlot],
    circuits: Sequence[Circuit],
    now: datetime,
    *,
    settings: PlanSettings = DEFAULTS,
    previous: Sequence[Schedule] = (),
) -> PlanResult:
    """Plan when each member charges.

    Deadlines come first, tier by tier; then the cost, all members together. Powers are averages
    over the slots of the schedules, each at least the member's least, and at no time more
    together than the circuits may carry. A slot that has begun counts with what is left of it.

    Args:
        requests: Who needs what until when.
        slots: The future, in order and without overlap; what is over is left out.
        circuits: The tree; only `id` and `parent` are read.
        now: The time, aware UTC.
        settings: How plans are made.
        previous: The schedules that were told last: they stay unless others are better by more
            than the tolerance, or keep a promise that these cannot.

    Raises:
        PlanError: Something in the question cannot be meant.
        TopologyError: The circuits do not make a tree.
    """
    check(requests, slots, circuits, now, settings)
    if not requests:
        return PlanResult(schedules={}, promises={}, cost=0.0, co2_g=0.0)
    model = model_of(requests, slots, circuits, now, settings)
    ledger = _best(model, settings, {schedule.member: schedule for schedule in previous})
    runs = [runs_of(ledger, member) for member in range(len(model.requests))]
    promises = promises_of(ledger, runs)
    return PlanResult(
        schedules={
            request.member: schedule_of(request.member, list(its_runs.values()))
            for request, its_runs in zip(model.requests, runs, strict=True)
        },
        promises={promise.member: promise for promise in promises},
        cost=sum(promise.cost for promise in promises),
        co2_g=sum(promise.co2_g for promise in promises),
    )


def _best(model: Model, settings: PlanSettings, previous: dict[str, Schedule]) -> Ledger:
    """Return the plan that keeps as much of the previous one as is worth it."""
    nothing: Flow = [{} for _ in model.requests]
    free = _solve(model, nothing, settings)
    base = kept(model, previous)
    if not any(base):
        return free
    for attempt in (base, without_savers(model, base, free.plan, settings.tolerance)):
        stable = _solve(model, attempt, settings)
        if _is_good_enough(stable, free, settings.tolerance):
            return stable
    return free


def _solve(model: Model, base: Flow, settings: PlanSettings) -> Ledger:
    """Plan around what is placed already; whoever needs nothing else keeps just that."""
    flow = cheapest(model, base)
    steady = {
        member
        for member, (mine, kept_of_mine) in enumerate(zip(flow, base, strict=True))
        if kept_of_mine and mine == kept_of_mine
    }
    ledger = settle(model, flow, steady)
    if has_uneven_phases(model) and _is_short(ledger):
        ledger = added(ledger, base) if any(base) else reordered(ledger)
    for member in range(len(model.requests)):
        if member not in steady:
            join_blocks(ledger, member, settings.tolerance)
    return ledger


def _is_short(ledger: Ledger) -> bool:
    """Whether somebody has less than it needs."""
    return any(ledger.missing(member) > ENOUGH_MWH for member in range(len(ledger.plan)))


def _is_good_enough(ledger: Ledger, free: Ledger, tolerance: float) -> bool:
    """Whether a plan keeps the promises of another and costs hardly more, or promises more."""
    for tier in ledger.model.tiers:
        short = sum(ledger.missing(member) - free.missing(member) for member in tier)
        if short < -ENOUGH_MWH:
            return True
        lost = sum(free.missing(member) for member in tier)
        needed = sum(free.model.needed[member] for member in tier)
        # Where promises are broken anyway, a trifle more is no reason to move everybody.
        if short > (STEADY * needed if lost > ENOUGH_MWH else ENOUGH_MWH):
            return False
    cost = free.cost()
    return ledger.cost() <= cost + tolerance * abs(cost) + 1e-9
