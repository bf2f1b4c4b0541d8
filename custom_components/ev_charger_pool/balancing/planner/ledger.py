"""What is planned for each instant: power that is held, and the energy that flows."""

from collections.abc import Sequence
from typing import Final

from .model import Model

ENOUGH_MWH: Final = 1000
"""A watt hour: less than that is not missed."""


class Ledger:
    """The plan as it would run.

    A member takes nothing in a cell, or runs at its least power or more. Where it needs less than
    the least makes in a whole cell, it runs for a part of it, and its power is held for all of it.

    Attributes:
        model: The question.
        plan: For each member the energy in each cell that it uses.
        total: The energy of all members in each cell.
    """

    __slots__ = ("_left", "_rows_of", "model", "plan", "total")

    def __init__(self, model: Model) -> None:
        self.model = model
        self.plan: list[dict[int, int]] = [{} for _ in model.requests]
        self.total = [0] * len(model.cells)
        self._left = [list(row.room) for row in model.rows]
        self._rows_of = [
            [
                (left, row.factors[member])
                for left, row in zip(self._left, model.rows, strict=True)
                if row.factors[member]
            ]
            for member in range(len(model.requests))
        ]

    def set(self, member: int, cell: int, energy: int) -> None:
        """Plan an energy for a cell, whether it fits or not."""
        plan = self.plan[member]
        before = plan.get(cell, 0)
        least = self.model.least[member][cell]
        held = (max(energy, least) if energy else 0) - (max(before, least) if before else 0)
        if held:
            for left, factor in self._rows_of[member]:
                left[cell] -= held * factor
        self.total[cell] += energy - before
        if energy:
            plan[cell] = energy
        elif before:
            del plan[cell]

    def clear(self, member: int) -> dict[int, int]:
        """Plan nothing for a member any more, and return what was planned."""
        before = dict(self.plan[member])
        for cell in before:
            self.set(member, cell, 0)
        return before

    def put(self, member: int, energies: dict[int, int]) -> None:
        """Plan nothing but these energies for a member."""
        for cell in [cell for cell in self.plan[member] if cell not in energies]:
            self.set(member, cell, 0)
        for cell, energy in energies.items():
            self.set(member, cell, energy)

    def limit(self, member: int, cell: int) -> int:
        """Return the most that a member can have in a cell beside the others; 0: not even its least."""
        most = self.model.most[member][cell]
        if not most:
            return 0
        least = self.model.least[member][cell]
        mine = self.plan[member].get(cell, 0)
        held = max(mine, least) if mine else 0
        for left, factor in self._rows_of[member]:
            room = left[cell] // factor + held
            most = min(most, room)
        return most if most > 0 and most >= least else 0

    def is_overfull(self, member: int, cell: int) -> bool:
        """Whether what is held in a cell is more than a circuit of a member may carry."""
        return any(left[cell] < 0 for left, _ in self._rows_of[member])

    def missing(self, member: int) -> int:
        """Return what a member needs beyond what is planned."""
        return max(0, self.model.needed[member] - sum(self.plan[member].values()))

    def others(self, member: int, cell: int) -> int:
        """Return what the others have in a cell."""
        return self.total[cell] - self.plan[member].get(cell, 0)

    def worth(self, member: int, cell: int, energy: int) -> float:
        """Return what an energy of a member counts as in a cell, beside the others.

        Less than the least is taken in a run at the least power for a part of the cell.
        """
        least = self.model.least[member][cell]
        others = self.others(member, cell)
        if energy >= least:
            return self.model.cells[cell].worth(others, others + energy)
        if not energy:
            return 0.0
        return self.model.cells[cell].worth(others, others + least) * energy / least

    def cost(self) -> float:
        """Return what all of it counts as, each cell's energy spread over the cell."""
        return sum(
            cell.worth(0, total)
            for cell, total in zip(self.model.cells, self.total, strict=True)
            if total
        )

    def worth_of(self, member: int, energies: dict[int, int]) -> float:
        """Return what energies of a member count as together, beside the others."""
        return sum(self.worth(member, cell, energy) for cell, energy in energies.items())

    def copy(self) -> list[dict[int, int]]:
        """Return all that is planned."""
        return [dict(energies) for energies in self.plan]

    def restore(self, plans: Sequence[dict[int, int]]) -> None:
        """Plan what was planned before."""
        for member, energies in enumerate(plans):
            self.put(member, energies)
