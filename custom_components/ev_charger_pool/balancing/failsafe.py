"""SR-1 and SR-5: what devices take by themselves adds up to less than every fuse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..pool.circuits import Circuit
from ..pool.members import CircuitId, MemberId, MemberSettings
from ..pool.quantities import PHASES, PerPhase, Phase, PhaseValues
from .topology import Topology

UNKNOWN_OTHER_SHARE = 0.5
"""What others took in 14 days, as a share of the limit, as long as nobody knows (SR-1)."""

_TOLERANCE_A = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class FailSafePlan:
    """The fail-safe currents that fit together.

    Attributes:
        fail_safe_a: `f` of each member, amps per phase.
        sums_a: What they add up to in each circuit, amps per phase.
        reserved_a: What is reserved for others in each circuit, amps per phase.
        lowered: Members whose `f` was set to 0, in the order in which that was done.
        exceeded: Circuits where even that is not enough.
    """

    fail_safe_a: Mapping[MemberId, float]
    sums_a: Mapping[CircuitId, PhaseValues]
    reserved_a: Mapping[CircuitId, PhaseValues]
    lowered: tuple[MemberId, ...]
    exceeded: tuple[CircuitId, ...]


def reserved_for_others(circuit: Circuit, learned_a: PhaseValues | None = None) -> PhaseValues:
    """Return what a circuit keeps for everything but members, amps per phase (SR-1).

    Args:
        circuit: The circuit; what it knows from elsewhere rules.
        learned_a: The 14-day maximum as far as it was learned; None: unknown, half the limit.
    """
    if circuit.other_load_max_a is not None:
        return circuit.other_load_max_a
    if learned_a is not None:
        return learned_a
    return circuit.limit_a.map(lambda limit: limit * UNKNOWN_OTHER_SHARE)


def plan_fail_safes(
    circuits: Sequence[Circuit],
    members: Sequence[MemberSettings],
    reserved_a: Mapping[CircuitId, PhaseValues] | None = None,
) -> FailSafePlan:
    """Fit the configured fail-safe currents into every circuit, plugged or not (SR-1).

    Where they do not fit, `f` becomes 0: lowest priority first, then the largest, then the last.

    Args:
        circuits: The tree.
        members: All members.
        reserved_a: What is reserved for others; left out, it is `reserved_for_others` of each.

    Raises:
        TopologyError: The circuits do not make a tree.
    """
    tree = Topology.of(circuits)
    reserved = {c.id: reserved_for_others(c) for c in circuits}
    reserved.update(reserved_a or {})
    limits = {c.id: c.limit_a for c in circuits}
    chosen = {m.member: m.fail_safe_a for m in members}
    chains = {m.member: tree.ancestors(m.circuit) for m in members}
    lowered: list[MemberId] = []
    exceeded: list[CircuitId] = []
    for circuit in reversed(tree.ids):
        below = [m for m in members if circuit in chains[m.member]]
        for phase in PHASES:
            room = limits[circuit][phase] - reserved[circuit][phase]
            _lower_until_it_fits(below, phase, room, chosen, lowered)
        if any(
            _sum(below, phase, chosen) > 0.0
            and _sum(below, phase, chosen)
            > limits[circuit][phase] - reserved[circuit][phase] + 1e-6
            for phase in PHASES
        ):
            exceeded.append(circuit)
    sums = {
        circuit: PerPhase(
            *(
                _sum([m for m in members if circuit in chains[m.member]], phase, chosen)
                for phase in PHASES
            )
        )
        for circuit in tree.ids
    }
    return FailSafePlan(
        fail_safe_a=chosen,
        sums_a=sums,
        reserved_a=reserved,
        lowered=tuple(lowered),
        exceeded=tuple(exceeded),
    )


def _lower_until_it_fits(
    below: Sequence[MemberSettings],
    phase: Phase,
    room: float,
    chosen: dict[MemberId, float],
    lowered: list[MemberId],
) -> None:
    """Set the fail-safe of the least important members on a phase to 0 until the rest fits."""
    on_phase = [m for m in below if phase in m.phases and chosen[m.member] > 0.0]
    on_phase.sort(key=lambda m: (m.priority, -chosen[m.member]))
    total = sum(chosen[m.member] for m in on_phase)
    while on_phase and total > room + _TOLERANCE_A:
        member = on_phase.pop().member
        total -= chosen[member]
        chosen[member] = 0.0
        lowered.append(member)


def _sum(
    members: Sequence[MemberSettings], phase: Phase, chosen: Mapping[MemberId, float]
) -> float:
    return sum(chosen[m.member] for m in members if phase in m.phases)
