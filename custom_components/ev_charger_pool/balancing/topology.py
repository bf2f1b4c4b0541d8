"""The tree of circuits, checked once and walked by integer positions."""

from collections.abc import Sequence
from dataclasses import dataclass
import math

from ..pool.circuits import Circuit
from ..pool.members import CircuitId


class TopologyError(ValueError):
    """The circuits do not make a tree, or a limit of one is no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """Circuits in depth-first order, the root first: each one comes before all that it feeds.

    What one circuit feeds is in the order of the ids, whatever the order in which it was given.

    Attributes:
        ids: The circuits' ids; a position in this tuple stands for the circuit in all others.
        parents: The position of each one's parent, -1 for the root.
        index: The position of each id.
    """

    ids: tuple[CircuitId, ...]
    parents: tuple[int, ...]
    index: dict[CircuitId, int]

    @classmethod
    def of(cls, circuits: Sequence[Circuit]) -> Topology:
        """Build the tree; only `id` and `parent` of the circuits are read.

        Raises:
            TopologyError: There is no circuit, an id is used twice, a parent is unknown, there is
                no root or more than one, or circuits feed each other in a circle.
        """
        children = _children(circuits)
        roots = children[None]
        if len(roots) != 1:
            raise TopologyError(_roots_message(circuits, roots))
        ids: list[CircuitId] = []
        parents: list[int] = []
        waiting: list[tuple[CircuitId, int]] = [(roots[0], -1)]
        while waiting:
            circuit, parent = waiting.pop()
            position = len(ids)
            ids.append(circuit)
            parents.append(parent)
            below = sorted(children[circuit], reverse=True)
            waiting.extend((child, position) for child in below)
        if len(ids) != len(circuits):
            circle = sorted({circuit.id for circuit in circuits}.difference(ids))
            raise TopologyError(
                f"these circuits feed each other in a circle: {', '.join(circle)}; "
                "give one of them a parent outside of it"
            )
        return cls(
            ids=tuple(ids),
            parents=tuple(parents),
            index={circuit: position for position, circuit in enumerate(ids)},
        )

    def children(self, circuit: CircuitId) -> tuple[CircuitId, ...]:
        """Return what a circuit feeds directly, by id.

        Raises:
            KeyError: There is no such circuit.
        """
        position = self.index[circuit]
        return tuple(self.ids[i] for i, parent in enumerate(self.parents) if parent == position)

    def ancestors(self, circuit: CircuitId) -> tuple[CircuitId, ...]:
        """Return the circuits that feed a circuit, itself first and the root last.

        Raises:
            KeyError: There is no such circuit.
        """
        return tuple(self.ids[position] for position in self.chain(self.index[circuit]))

    def chain(self, position: int) -> tuple[int, ...]:
        """Return the positions from a circuit up to the root, both included."""
        found = []
        while position >= 0:
            found.append(position)
            position = self.parents[position]
        return tuple(found)


def check_limits(circuits: Sequence[Circuit]) -> None:
    """Check what the circuits allow.

    A limit of 0 A stands for a phase that the circuit has not.

    Raises:
        TopologyError: A limit is negative or not a finite number, a circuit has no phase at all,
            or a limit in watts is not above 0.
    """
    for circuit in circuits:
        amps = tuple(circuit.limit_a)
        if not all(math.isfinite(limit) and limit >= 0.0 for limit in amps):
            raise TopologyError(
                f"the limits of circuit {circuit.id} have to be amps of at least 0, not {amps}"
            )
        if not any(amps):
            raise TopologyError(f"circuit {circuit.id} needs a limit above 0 A on some phase")
        if circuit.limit_w is not None and not 0.0 < circuit.limit_w < math.inf:
            raise TopologyError(
                f"the limit of circuit {circuit.id} in watts has to be above 0, "
                f"not {circuit.limit_w}; leave it out where there is none"
            )


def _children(circuits: Sequence[Circuit]) -> dict[CircuitId | None, list[CircuitId]]:
    """Return the ids below each circuit, the roots under None."""
    children: dict[CircuitId | None, list[CircuitId]] = {None: []}
    for circuit in circuits:
        if circuit.id in children:
            raise TopologyError(f"two circuits have the id {circuit.id}; each needs its own")
        children[circuit.id] = []
    for circuit in circuits:
        if circuit.parent not in children:
            raise TopologyError(
                f"circuit {circuit.id} is fed by {circuit.parent}, which does not exist; "
                "choose one of the site's circuits as its parent"
            )
        children[circuit.parent].append(circuit.id)
    return children


def _roots_message(circuits: Sequence[Circuit], roots: Sequence[CircuitId]) -> str:
    """Say why the roots are wrong."""
    if not circuits:
        return "a site needs at least one circuit, its grid connection"
    if not roots:
        return (
            "every circuit has a parent, so they feed each other in a circle; "
            "one circuit, the grid connection, must have none"
        )
    return (
        f"circuits {', '.join(sorted(roots))} have no parent; "
        "only one circuit, the grid connection, may have none"
    )
