"""Who is on and who is off in crowded cells, decided by flows that are solved again and again."""

from dataclasses import replace
from typing import Final

from .ledger import ENOUGH_MWH, Ledger
from .model import Model
from .sharing import Flow, around

ROUNDS: Final = 3
"""How often what a flow leaves below a least power is decided, and the flow is solved anew."""


def dive(model: Model, flow: Flow) -> Flow:
    """Return a flow with less that cannot run: below a least power that does not fit.

    Of each piece below a least power that does not fit, the nearer is taken: its least, which is
    then placed for good and moves others out of the cell, or nothing, which is then forbidden.
    Where somebody falls short, it is the least, as far as that fits.
    """
    goals = tuple(sum(energies.values()) for energies in flow)
    most = tuple(list(amounts) for amounts in model.most)
    fixed = replace(model, needed=goals, most=most)
    base: Flow = [{} for _ in flow]
    left = list(goals)
    short = False
    for _ in range(ROUNDS):
        pieces = _misfits(model, flow)
        if not pieces:
            break
        placed = Ledger(model)
        placed.restore(base)
        for member, cell, energy in pieces:
            least = model.least[member][cell]
            fits = least <= left[member] and placed.limit(member, cell) >= least
            if fits and (short or 2 * energy >= least):
                base[member][cell] = least
                left[member] -= least
                placed.set(member, cell, least)
            else:
                most[member][cell] = 0
        flow = around(fixed, base)
        short = any(
            goal - sum(energies.values()) > ENOUGH_MWH
            for goal, energies in zip(goals, flow, strict=True)
        )
    return flow


def _misfits(model: Model, flow: Flow) -> list[tuple[int, int, int]]:
    """Return the member, cell and energy of all that is below a least that does not fit."""
    ledger = Ledger(model)
    ledger.restore(flow)
    return [
        (member, cell, energy)
        for member, energies in enumerate(flow)
        for cell, energy in energies.items()
        if energy < model.least[member][cell] and ledger.is_overfull(member, cell)
    ]
