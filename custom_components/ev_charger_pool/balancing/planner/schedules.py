"""From a ledger to the slots of schedules, and to what runs at which instant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...pool.schedules import Schedule, Slot
from .cells import MWH
from .ledger import Ledger
from .sharing import Energies


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a member does in one cell: a power in all of it or in a part of it.

    Attributes:
        from_at: When it begins.
        until_at: When it ends.
        power_w: Its power.
    """

    from_at: datetime
    until_at: datetime
    power_w: float


def runs_of(ledger: Ledger, member: int) -> dict[int, Run]:
    """Return what a member does in each cell that it uses.

    A part of a cell is next to a neighbouring cell that is used, else at the start.
    """
    energies = ledger.plan[member]
    return {cell: _run(ledger, member, cell, energies) for cell in sorted(energies)}


def schedule_of(member: str, runs: Sequence[Run]) -> Schedule:
    """Return the schedule of runs in order, with those of the same power joined."""
    slots: list[Slot] = []
    for run in runs:
        last = slots[-1] if slots else None
        if last is not None and last.until_at == run.from_at and last.power_w == run.power_w:
            slots[-1] = Slot(from_at=last.from_at, until_at=run.until_at, power_w=run.power_w)
        else:
            slots.append(Slot(from_at=run.from_at, until_at=run.until_at, power_w=run.power_w))
    return Schedule(member=member, slots=tuple(slots))


def _run(ledger: Ledger, member: int, cell: int, energies: Energies) -> Run:
    """Return what a member does in a cell."""
    about = ledger.model.cells[cell]
    request = ledger.model.requests[member]
    energy = energies[cell]
    if energy >= ledger.model.most[member][cell]:
        return Run(from_at=about.from_at, until_at=about.until_at, power_w=request.max_power_w)
    power_w = energy / MWH / about.hours
    if power_w >= request.min_power_w:
        return Run(from_at=about.from_at, until_at=about.until_at, power_w=power_w)
    lasts = timedelta(hours=energy / MWH / request.min_power_w)
    if cell - 1 not in energies and cell + 1 in energies:
        return Run(
            from_at=about.until_at - lasts, until_at=about.until_at, power_w=request.min_power_w
        )
    return Run(from_at=about.from_at, until_at=about.from_at + lasts, power_w=request.min_power_w)
