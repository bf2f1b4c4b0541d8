"""Energy flowing from members through circuits into cells of time.

What members need flows from each of them into the cells that it may use, and there up the tree of
circuits. The sets of needs that fit together in such a network are the independent sets of a
gammoid, so greed is exact: cells are filled one after the other, the cheapest first, and filling
one may move what was placed before to another place in the same cell or to the cell that is being
filled, but never out of the cells filled so far. Who cannot be reached from a hungry member by
such moves can never be again, since moves only turn round on their own path: that is remembered,
and makes all searches that fail cost no more than one walk over the network.

Energies are whole milliwatt hours, so that nothing is lost to rounding; sets of members are the
bits of an integer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

UNLIMITED: Final = 1 << 60
"""The room of a circuit without a limit."""


@dataclass(slots=True, kw_only=True)
class Step:
    """One move on a path: somebody enters a cell in the place of somebody, or of nobody."""

    cell: int
    instead_of: int | None


class Network:
    """What flows, and what could.

    Args:
        chains: For each member the circuits it flows through, its own first, the root last.
        most: For each member and cell the most that it can take.
        room: For each circuit and cell what its members may take together.
    """

    __slots__ = (
        "_below",
        "_came",
        "_chain_bits",
        "_closed",
        "_dead",
        "_dead_cells",
        "_full",
        "_hungry",
        "_members",
        "_open",
        "_under",
        "chains",
        "flow",
        "most",
        "needed",
        "room",
    )

    def __init__(
        self,
        chains: Sequence[tuple[int, ...]],
        most: Sequence[list[int]],
        room: Sequence[list[int]],
    ) -> None:
        self.chains = chains
        self.most = most
        self.room = room
        self.flow: list[dict[int, int]] = [{} for _ in chains]
        self.needed = [0] * len(chains)
        self._members = (1 << len(chains)) - 1
        self._under = [0] * len(room)
        for member, chain in enumerate(chains):
            for circuit in chain:
                self._under[circuit] |= 1 << member
        self._chain_bits = [sum(1 << circuit for circuit in chain) for chain in chains]
        self._below: dict[int, int] = {0: 0}
        cells = len(most[0])
        self._open = [0] * cells
        for member, amounts in enumerate(most):
            bit = 1 << member
            for cell, amount in enumerate(amounts):
                if amount:
                    self._open[cell] |= bit
        self._full = [0] * cells
        for circuit, rooms in enumerate(room):
            for cell, left in enumerate(rooms):
                if left <= 0:
                    self._full[cell] |= 1 << circuit
        self._closed = [self._fed_by(full) for full in self._full]
        self._hungry = 0
        self._dead = 0
        self._dead_cells: set[int] = set()
        self._came: dict[int, Step] | None = None

    def copy(self) -> Network:
        """Return a network with the same flow, to try something in."""
        twin = Network(
            self.chains, [list(most) for most in self.most], [list(room) for room in self.room]
        )
        twin.flow = [dict(flow) for flow in self.flow]
        twin.needed = list(self.needed)
        twin._open = list(self._open)
        twin._hungry = self._hungry
        return twin

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return len(self._open)

    @property
    def is_hungry(self) -> bool:
        """Whether somebody still needs something."""
        return bool(self._hungry)

    @property
    def hungry(self) -> list[int]:
        """The members that still need something."""
        return list(_bits(self._hungry))

    def feed(self, member: int, amount: int) -> None:
        """Let a member need so much more."""
        if amount <= 0:
            return
        self.needed[member] += amount
        self._hungry |= 1 << member
        self._dead = 0
        self._dead_cells.clear()

    def starve(self, member: int) -> None:
        """Let a member need no more than it has."""
        self.needed[member] = 0
        self._hungry &= ~(1 << member)

    def admit(self, member: int, cell: int, amount: int) -> None:
        """Let a member use a cell that it could not use before."""
        self.most[member][cell] = amount
        if amount > self.flow[member].get(cell, 0):
            self._open[cell] |= 1 << member
        self._dead = 0
        self._dead_cells.clear()

    def place(self, member: int, cell: int, amount: int) -> None:
        """Let a member have so much more in a cell, or less, whatever it needs."""
        self._change(member, cell, amount)

    def fill(self, cell: int, amount: int) -> int:
        """Place as much of what is needed as possible so that a cell gains at most `amount`.

        Returns:
            What it gained.
        """
        left = amount
        while left and (able := self._open[cell] & self._hungry & ~self._closed[cell]):
            left -= self._walk([(_lowest(able), Step(cell=cell, instead_of=None))], left)
        while left and self._hungry and cell not in self._dead_cells:
            if not self._open[cell] & ~self._closed[cell]:
                break
            came = self._search(cell)
            if came is None:
                self._dead_cells.add(cell)
                break
            left -= self._walk(came, left)
        return amount - left

    def crowd_into(self, member: int, cell: int) -> int:
        """Place as much as possible of what a member needs in one cell.

        Others are moved out of it to wherever there is room in their own cells.

        Returns:
            What was placed.
        """
        placed = 0
        bit = 1 << member
        while self._open[cell] & bit and self.needed[member]:
            if not self._closed[cell] & bit:
                path = [(member, Step(cell=cell, instead_of=None))]
            elif (other := self._displaceable(member, cell)) is not None:
                path = [
                    (member, Step(cell=cell, instead_of=other)),
                    *self._path(other, self._reach()),
                ]
            else:
                break
            placed += self._walk(path, self.needed[member])
        return placed

    def _displaceable(self, member: int, cell: int) -> int | None:
        """Return who could leave a cell to a member, None when nobody could."""
        for other in self._reach():
            if (
                other != member
                and self.flow[other].get(cell, 0)
                and self._can_replace(cell, other) & 1 << member
            ):
                return other
        return None

    def _reach(self) -> dict[int, Step]:
        """Return all members that could have some of what they have elsewhere, and where next."""
        if self._came is None:
            self._came = {}
            unseen = self._members
            for cell in range(self.cells):
                able = self._open[cell] & ~self._closed[cell] & unseen
                unseen &= ~able
                for member in _bits(able):
                    self._came[member] = Step(cell=cell, instead_of=None)
            self._spread(list(self._came), unseen, self._came, goal=0)
        return self._came

    def _search(self, cell: int) -> list[tuple[int, Step]] | None:
        """Find the shortest way of a hungry member to a cell; None when there is none."""
        able = self._open[cell] & ~self._closed[cell] & ~self._dead
        came = {member: Step(cell=cell, instead_of=None) for member in _bits(able)}
        unseen = self._members & ~self._dead & ~able
        found = self._spread(list(came), unseen, came, goal=self._hungry)
        if found is None:
            for member in came:
                self._dead |= 1 << member
            return None
        return self._path(found, came)

    def _spread(
        self, queue: list[int], unseen: int, came: dict[int, Step], *, goal: int
    ) -> int | None:
        """Find who can take the place of those in the queue, and so on, until one of the goal."""
        reading = 0
        while reading < len(queue):
            leaving = queue[reading]
            reading += 1
            for cell in self.flow[leaving]:
                able = self._open[cell] & unseen
                if not able:
                    continue
                if self._closed[cell]:
                    able &= self._can_replace(cell, leaving)
                if not able:
                    continue
                if hit := able & goal:
                    member = _lowest(hit)
                    came[member] = Step(cell=cell, instead_of=leaving)
                    return member
                unseen &= ~able
                for member in _bits(able):
                    came[member] = Step(cell=cell, instead_of=leaving)
                    queue.append(member)
        return None

    def _can_replace(self, cell: int, leaving: int) -> int:
        """Return who can take a member's place in a cell, as far as circuits go."""
        return ~self._fed_by(self._full[cell] & ~self._chain_bits[leaving])

    def _fed_by(self, circuits: int) -> int:
        """Return the members that flow through any of some circuits."""
        found = self._below.get(circuits)
        if found is None:
            found = 0
            for circuit in _bits(circuits):
                found |= self._under[circuit]
            self._below[circuits] = found
        return found

    def _path(self, member: int, came: dict[int, Step]) -> list[tuple[int, Step]]:
        """Return the steps from a member to where the last one enters instead of nobody."""
        path = []
        walking: int | None = member
        while walking is not None:
            step = came[walking]
            path.append((walking, step))
            walking = step.instead_of
        return path

    def _walk(self, path: list[tuple[int, Step]], limit: int) -> int:
        """Move as much along a path as fits, and return how much."""
        amount = min(limit, self.needed[path[0][0]])
        for member, step in path:
            cell, leaving = step.cell, step.instead_of
            amount = min(amount, self.most[member][cell] - self.flow[member].get(cell, 0))
            freed: tuple[int, ...] = ()
            if leaving is not None:
                freed = self.chains[leaving]
                amount = min(amount, self.flow[leaving].get(cell, 0))
            for circuit in self.chains[member]:
                if circuit not in freed:
                    amount = min(amount, self.room[circuit][cell])
        if not amount:
            return 0
        for member, step in path:
            if step.instead_of is not None:
                self._change(step.instead_of, step.cell, -amount)
            self._change(member, step.cell, amount)
        first = path[0][0]
        self.needed[first] -= amount
        if not self.needed[first]:
            self._hungry &= ~(1 << first)
        return amount

    def _change(self, member: int, cell: int, amount: int) -> None:
        """Let a member have more or less in a cell, and its circuits less or more room."""
        self._came = None
        flow = self.flow[member]
        changed = flow.get(cell, 0) + amount
        if changed:
            flow[cell] = changed
        else:
            del flow[cell]
        if changed < self.most[member][cell]:
            self._open[cell] |= 1 << member
        else:
            self._open[cell] &= ~(1 << member)
        full = self._full[cell]
        for circuit in self.chains[member]:
            rooms = self.room[circuit]
            rooms[cell] -= amount
            if rooms[cell] > 0:
                full &= ~(1 << circuit)
            else:
                full |= 1 << circuit
        if full != self._full[cell]:
            self._full[cell] = full
            self._closed[cell] = self._fed_by(full)


def _bits(members: int) -> Iterator[int]:
    """Walk over the members of a set."""
    while members:
        lowest = members & -members
        yield lowest.bit_length() - 1
        members ^= lowest


def _lowest(members: int) -> int:
    """Return the first member of a set."""
    return (members & -members).bit_length() - 1
