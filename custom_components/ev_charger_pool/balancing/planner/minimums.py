"""Plans for members that run at a least power or not at all."""

from collections.abc import Iterator, Sequence, Set as AbstractSet
from heapq import merge
from typing import Final

from .cells import KWH
from .diving import dive
from .ledger import ENOUGH_MWH, Ledger
from .model import Model
from .sharing import Energies, Flow

type Piece = tuple[float, int, int]
"""What a kWh counts as, the cell, and how much there is."""

CLOSE: Final = 0.002
"""A plan that costs at most this share more than the flow is not tried to be bettered."""

type Merit = tuple[tuple[int, ...], float]
"""What each tier falls short, and the cost."""

TRIES: Final = 4
"""How often those that fell short are put first before the best of all tries is taken."""

POLISHES: Final = 2
"""How often each of those that had to be placed one by one is placed anew, beside the others."""


def settle(model: Model, flow: Flow, steady: AbstractSet[int] = frozenset()) -> Ledger:
    """Turn energies that flow together into powers that can run together.

    Most of a flow is at full power and stays. Who would have to run below its least power is placed
    anew, one after the other, each at the least cost beside the others. Where that is worse than
    the flow, who is on is decided by more flows, and the better of both is taken.

    Args:
        model: The question.
        flow: What flows.
        steady: Members whose plan is not made cheaper, only changed where it cannot run.
    """
    goals = [sum(energies.values()) for energies in flow]
    ledger, merit = _settled(model, flow, goals, steady)
    if not any(merit[0]) and merit[1] <= _close_to(_flow_cost(model, flow)):
        return ledger
    other, other_merit = _settled(model, dive(model, flow), goals, steady)
    return other if other_merit < merit else ledger


def _settled(
    model: Model, flow: Flow, goals: Sequence[int], steady: AbstractSet[int]
) -> tuple[Ledger, Merit]:
    """Return a plan near to a flow, and its merit."""
    ledger = Ledger(model)
    ledger.restore(flow)
    crowded = _take_out(ledger)
    moved = set(crowded)
    if crowded:
        merit = _place_all(ledger, crowded, goals)
        if any(merit[0]):
            before = ledger.copy()
            if _place_all(ledger, range(len(flow)), goals) < merit:
                moved = set(range(len(flow)))
            else:
                ledger.restore(before)
    _polish(ledger, sorted(moved | (set(_wasteful(ledger)) - steady)))
    return ledger, _merit(ledger, goals)


def place(ledger: Ledger, member: int, goal: int) -> None:
    """Plan an energy for a member at the least cost beside the others, or as much as there is.

    With at most its least power or nothing, what energy costs in a cell is not convex. Its lower
    hull is: first all of the least at its mean rate, then the rest. Pieces of hulls are taken in
    the order of their rates; a part of a least is a run for a part of the cell.
    """
    ledger.clear(member)
    left = goal
    energies: dict[int, int] = {}
    for _, cell, energy in merge(
        sorted(_sunny_pieces(ledger, member)), _grid_pieces(ledger, member)
    ):
        if left <= 0:
            break
        taken = min(left, energy)
        energies[cell] = energies.get(cell, 0) + taken
        left -= taken
    ledger.put(member, energies)


def _sunny_pieces(ledger: Ledger, member: int) -> list[Piece]:
    """Return the hulls of cells in which surplus is left."""
    model = ledger.model
    pieces = []
    for cell in range(*model.windows[member]):
        about = model.cells[cell]
        others = ledger.total[cell]
        if others >= about.surplus_mwh:
            continue
        most = ledger.limit(member, cell)
        if not most:
            continue
        start = most
        if about.sun <= about.grid:
            start = min(most, max(about.surplus_mwh - others, model.least[member][cell]))
        pieces.append((KWH * about.worth(others, others + start) / start, cell, start))
        if most > start:
            pieces.append((about.grid, cell, most - start))
    return pieces


def _grid_pieces(ledger: Ledger, member: int) -> Iterator[Piece]:
    """Yield the hulls of cells in which no surplus is left, the best first."""
    model = ledger.model
    first, after = model.windows[member]
    for cell in model.by_rate:
        about = model.cells[cell]
        if first <= cell < after and ledger.total[cell] >= about.surplus_mwh:
            most = ledger.limit(member, cell)
            if most:
                yield about.grid, cell, most


def _take_out(ledger: Ledger) -> list[int]:
    """Take out who cannot run as it flows: first those below their least, then whom else it takes."""
    least = ledger.model.least
    taken = [
        member
        for member, energies in enumerate(ledger.plan)
        if any(
            energy < least[member][cell] and ledger.is_overfull(member, cell)
            for cell, energy in energies.items()
        )
    ]
    for member in taken:
        ledger.clear(member)
    for member in reversed(range(len(ledger.plan))):
        if any(ledger.is_overfull(member, cell) for cell in ledger.plan[member]):
            ledger.clear(member)
            taken.append(member)
    return taken


def _wasteful(ledger: Ledger) -> list[int]:
    """Return who runs below its least on surplus: for a part of a cell, and so with less of it."""
    model = ledger.model
    return [
        member
        for member, energies in enumerate(ledger.plan)
        if any(
            energy < model.least[member][cell]
            and model.cells[cell].surplus_mwh > 0
            and model.cells[cell].sun < model.cells[cell].grid
            for cell, energy in energies.items()
        )
    ]


def _place_all(ledger: Ledger, members: Sequence[int], goals: Sequence[int]) -> Merit:
    """Place members anew, one after the other, in the best of some orders.

    The tightest of a tier come first, and in the next try those that fell short.
    """
    model = ledger.model
    tightness = {m: goals[m] / max(1, sum(model.most[m])) for m in members}
    unlucky: set[int] = set()
    found: list[tuple[Merit, list[Energies]]] = []
    for _ in range(TRIES):
        for member in members:
            ledger.clear(member)
        for member in sorted(
            members,
            key=lambda m: (model.requests[m].priority, m not in unlucky, -tightness[m], m),
        ):
            place(ledger, member, goals[member])
        found.append((_merit(ledger, goals), ledger.copy()))
        short = {m for m in members if goals[m] - sum(ledger.plan[m].values()) > ENOUGH_MWH}
        if short <= unlucky:
            break
        unlucky |= short
    merit, plans = min(found, key=lambda each: each[0])
    ledger.restore(plans)
    return merit


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


def _close_to(cost: float) -> float:
    """Return the cost up to which a plan is as good as a flow."""
    return cost + CLOSE * abs(cost) + 1e-9


def _flow_cost(model: Model, flow: Flow) -> float:
    """Return what a flow counts as."""
    totals = [0] * len(model.cells)
    for energies in flow:
        for cell, energy in energies.items():
            totals[cell] += energy
    return sum(cell.worth(0, total) for cell, total in zip(model.cells, totals, strict=True))


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
