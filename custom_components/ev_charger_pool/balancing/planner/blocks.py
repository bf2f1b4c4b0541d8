"""Fewer and longer runs, where they cost hardly more."""

from collections.abc import Iterator
from heapq import heappop, heappush

from .ledger import Ledger
from .sharing import Energies

type Block = tuple[int, int]
"""The first cell of a run, and the one after its last."""


def join_blocks(ledger: Ledger, member: int, tolerance: float) -> None:
    """Let a member run in fewer blocks beside the others, with the same energy.

    A block is given up for longer others, or a gap is filled with what runs at the ends of blocks,
    the smallest first, as long as all of it together costs at most the tolerance's share more.
    """
    joiner = _Joiner(ledger, member)
    energies = dict(ledger.plan[member])
    was = ledger.worth_of(member, energies)
    budget = was + tolerance * sum(
        abs(ledger.worth(member, cell, energy)) for cell, energy in energies.items()
    )
    searching = True
    while searching:
        searching = False
        for candidate in joiner.candidates(energies):
            if ledger.worth_of(member, candidate) <= budget:
                energies = candidate
                searching = True
                break
    ledger.put(member, energies)


def blocks_of(ledger: Ledger, energies: Energies) -> list[Block]:
    """Return the runs of cells that follow each other in time."""
    cells = ledger.model.cells
    blocks: list[Block] = []
    for cell in sorted(energies):
        if blocks and blocks[-1][1] == cell and cells[cell - 1].until_at == cells[cell].from_at:
            blocks[-1] = (blocks[-1][0], cell + 1)
        else:
            blocks.append((cell, cell + 1))
    return blocks


class _Joiner:
    """Proposes plans of one member with fewer blocks."""

    def __init__(self, ledger: Ledger, member: int) -> None:
        self._ledger = ledger
        self._member = member
        self._cells = ledger.model.cells
        self._least = ledger.model.least[member]
        self._limits: dict[int, int] = {}

    def candidates(self, energies: Energies) -> Iterator[Energies]:
        """Yield plans with the same energy and fewer blocks, the smallest changes first."""
        blocks = blocks_of(self._ledger, energies)
        if len(blocks) <= 1:
            return
        changes: list[tuple[int, int, bool]] = []
        for position, (first, after) in enumerate(blocks):
            changes.append((sum(energies[cell] for cell in range(first, after)), position, True))
            if position:
                gap = range(blocks[position - 1][1], first)
                changes.append((sum(self._fill(cell) for cell in gap), position, False))
        for _, position, gives_up in sorted(changes):
            found = (
                self._without(energies, blocks, position)
                if gives_up
                else self._bridged(energies, blocks, position)
            )
            if found is not None and len(blocks_of(self._ledger, found)) < len(blocks):
                yield found

    def _without(self, energies: Energies, blocks: list[Block], position: int) -> Energies | None:
        """Give up a block, and run more in the others and at their ends."""
        found = dict(energies)
        left = sum(found.pop(cell) for cell in range(*blocks[position]))
        waiting: list[tuple[float, int, int]] = []
        for other, (first, after) in enumerate(blocks):
            if other == position:
                continue
            for cell in range(first, after):
                self._offer(waiting, cell, found[cell], 0)
            self._offer_beyond(waiting, first, -1, found)
            self._offer_beyond(waiting, after - 1, 1, found)
        while left and waiting:
            _, cell, step = heappop(waiting)
            before = found.get(cell, 0)
            if step and before:
                continue
            taken = min(left, self._limit(cell) - before)
            found[cell] = before + taken
            left -= taken
            for onward in (step,) if step else (-1, 1):
                self._offer_beyond(waiting, cell, onward, found)
        return None if left else found

    def _bridged(self, energies: Energies, blocks: list[Block], position: int) -> Energies | None:
        """Fill the gap before a block with what runs at the ends of blocks."""
        gap = range(blocks[position - 1][1], blocks[position][0])
        if any(not self._limit(cell) or self._is_cut_off(cell) for cell in (*gap, gap.stop)):
            return None
        found = dict(energies)
        for cell in gap:
            found[cell] = self._fill(cell)
        left = sum(found[cell] for cell in gap)
        if left >= sum(energies.values()):
            return None
        merged = [*blocks[: position - 1], (blocks[position - 1][0], blocks[position][1])]
        merged += blocks[position + 1 :]
        waiting: list[tuple[float, int, int]] = []
        for first, after in merged:
            self._demand(waiting, first, 1, energies)
            self._demand(waiting, after - 1, -1, energies)
        while left and waiting:
            _, cell, step = heappop(waiting)
            if cell not in found:
                continue
            taken = min(left, found[cell])
            left -= taken
            if taken < found[cell]:
                found[cell] -= taken
            else:
                del found[cell]
                if cell + step in found and cell + step not in gap:
                    self._demand(waiting, cell + step, step, energies)
        return None if left else found

    def _offer(
        self, waiting: list[tuple[float, int, int]], cell: int, energy: int, step: int
    ) -> None:
        """Note that more could run in a cell, and at what rate."""
        room = self._limit(cell) - energy
        if room > 0:
            worth = self._ledger.worth
            extra = worth(self._member, cell, energy + room) - worth(self._member, cell, energy)
            heappush(waiting, (extra / room, cell, step))

    def _offer_beyond(
        self, waiting: list[tuple[float, int, int]], cell: int, step: int, found: Energies
    ) -> None:
        """Note that a block could go on beyond a cell, where it runs to the end of that cell."""
        beyond = cell + step
        if not 0 <= beyond < len(self._cells) or beyond in found:
            return
        if found[cell] < self._least[cell]:
            return
        if not self._is_cut_off(max(cell, beyond)):
            self._offer(waiting, beyond, 0, step)

    def _demand(
        self, waiting: list[tuple[float, int, int]], cell: int, step: int, energies: Energies
    ) -> None:
        """Note what runs at the end of a block, the dearest first."""
        worth = self._ledger.worth(self._member, cell, energies[cell])
        heappush(waiting, (-worth / energies[cell], cell, step))

    def _is_cut_off(self, cell: int) -> bool:
        """Whether time passes between the cell before and this one."""
        return self._cells[cell - 1].until_at != self._cells[cell].from_at

    def _fill(self, cell: int) -> int:
        """Return what is to run in a gap: the least, where there is one."""
        return self._least[cell] or self._limit(cell)

    def _limit(self, cell: int) -> int:
        """Return the most that can run in a cell beside the others."""
        limit = self._limits.get(cell)
        if limit is None:
            limit = self._limits[cell] = self._ledger.limit(self._member, cell)
        return limit
