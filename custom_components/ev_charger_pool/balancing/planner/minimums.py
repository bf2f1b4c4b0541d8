"""Plans for members that run at a least power or not at all."""

from collections.abc import Sequence
from typing import Final

from .cells import KWH
from .ledger import ENOUGH_MWH, Ledger
from .model import Model
from .sharing import Energies, Flow

type Merit = tuple[tuple[int, ...], float]
"""What each tier falls short, and the cost."""

TRIES: Final = 4
"""How often those that fell short are put first before the best of all tries is taken."""

POLISHES: Final = 2
"""How often each of those that had to be placed one by one is placed anew, beside the others."""


def settle(model: Model, flow: Flow) -> Ledger:
    """Turn energies that flow together into powers that can run together.

    Most of a flow is at full power and stays. Who would have to run below its least power is placed
    anew, one after the other, each at the least cost beside the others.
    """
    ledger = Ledger(model)
    for member, energies in enumerate(flow):
        for cell, energy in energies.items():
            ledger.set(member, cell, energy)
    awkward = _take_out(ledger)
    if not awkward:
        return ledger
    goals = [sum(energies.values()) for energies in flow]
    best = _place_all(ledger, awkward, goals)
    if any(_shortages(ledger, goals)):
        before = ledger.copy()
        if _place_all(ledger, range(len(flow)), goals) < best:
            awkward = list(range(len(flow)))
        else:
            ledger.restore(before)
    _polish(ledger, awkward)
    return ledger


def place(ledger: Ledger, member: int, goal: int) -> None:
    """Plan an energy for a member at the least cost beside the others, or as much as there is.

    With at most its least power or nothing, what energy costs in a cell is not convex. Its lower
    hull is: first all of the least at its mean rate, then the rest. Pieces of hulls are taken in
    the order of their rates; a part of a least is a run for a part of the cell.
    """
    ledger.clear(member)
    model = ledger.model
    pieces: list[tuple[float, int, int]] = []
    first, after = model.windows[member]
    for cell in range(first, after):
        most = ledger.limit(member, cell)
        if not most:
            continue
        about = model.cells[cell]
        others = ledger.total[cell]
        sunny = min(most, max(0, about.surplus_mwh - others))
        least = model.least[member][cell]
        if not sunny:
            pieces.append((about.grid, cell, most))
            continue
        if about.sun > about.grid:
            pieces.append((KWH * about.worth(others, others + most) / most, cell, most))
            continue
        start = sunny
        if sunny < least:
            start = least
        pieces.append((KWH * about.worth(others, others + start) / start, cell, start))
        if most > start:
            pieces.append((about.grid, cell, most - start))
    pieces.sort(key=lambda piece: piece[0])
    left = goal
    energies: dict[int, int] = {}
    for _, cell, energy in pieces:
        if left <= 0:
            break
        taken = min(left, energy)
        energies[cell] = energies.get(cell, 0) + taken
        left -= taken
    ledger.put(member, energies)


def _take_out(ledger: Ledger) -> list[int]:
    """Take out who cannot run as it flows, or would use less surplus than it flows with."""
    taken = [
        member
        for member, energies in enumerate(ledger.plan)
        if any(_is_awkward(ledger, member, cell) for cell in energies)
    ]
    for member in taken:
        ledger.clear(member)
    for member in reversed(range(len(ledger.plan))):
        if any(ledger.is_overfull(member, cell) for cell in ledger.plan[member]):
            ledger.clear(member)
            taken.append(member)
    return taken


def _is_awkward(ledger: Ledger, member: int, cell: int) -> bool:
    """Whether a member runs below its least where that does not do."""
    if ledger.plan[member][cell] >= ledger.model.least[member][cell]:
        return False
    about = ledger.model.cells[cell]
    return ledger.is_overfull(member, cell) or (about.surplus_mwh > 0 and about.sun < about.grid)


def _place_all(ledger: Ledger, members: Sequence[int], goals: Sequence[int]) -> Merit:
    """Place members anew, one after the other, in the best of some orders.

    The tightest of a tier come first, and in the next try those that fell short.
    """
    model = ledger.model
    tightness = {m: goals[m] / max(1, sum(model.most[m])) for m in members}
    unlucky: set[int] = set()
    best: tuple[Merit, list[Energies]] | None = None
    for _ in range(TRIES):
        for member in members:
            ledger.clear(member)
        for member in sorted(
            members,
            key=lambda m: (model.requests[m].priority, m not in unlucky, -tightness[m], m),
        ):
            place(ledger, member, goals[member])
        merit = _merit(ledger, goals)
        if best is None or merit < best[0]:
            best = merit, ledger.copy()
        short = {m for m in members if goals[m] - sum(ledger.plan[m].values()) > ENOUGH_MWH}
        if short <= unlucky:
            break
        unlucky |= short
    assert best is not None
    ledger.restore(best[1])
    return best[0]


def _polish(ledger: Ledger, members: Sequence[int]) -> None:
    """Place each member once more beside all the others, as long as that is cheaper."""
    for _ in range(POLISHES):
        saved = 0.0
        for member in members:
            before = dict(ledger.plan[member])
            was = ledger.worth_of(member, before)
            place(ledger, member, sum(before.values()))
            now = ledger.worth_of(member, ledger.plan[member])
            if now < was and sum(ledger.plan[member].values()) == sum(before.values()):
                saved += was - now
            else:
                ledger.put(member, before)
        if not saved:
            return


def _shortages(ledger: Ledger, goals: Sequence[int]) -> tuple[int, ...]:
    """Return how much each tier falls short of its goals, the first tier first."""
    return tuple(
        sum(
            short
            for member in tier
            if (short := goals[member] - sum(ledger.plan[member].values())) > ENOUGH_MWH
        )
        for tier in ledger.model.tiers
    )


def _merit(ledger: Ledger, goals: Sequence[int]) -> Merit:
    """Return what makes one plan better than another: less is better."""
    return _shortages(ledger, goals), ledger.cost()
