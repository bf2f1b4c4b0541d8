"""The arithmetic form of one allocation: candidates, and the capacities they share."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
import math
from typing import Final

from ..pool.circuits import Circuit
from ..pool.members import CircuitId, Demand
from ..pool.quantities import NOMINAL_VOLTAGE_V, PHASES, PhaseValues
from ..pool.reasons import Reason, ReasonKind
from .topology import Topology

TOLERANCE_A: Final = 1e-7
"""Amps by which sums of floats may miss a capacity or a step."""

LARGEST_WEIGHT: Final = 1000.0
"""Weights count between its reciprocal and itself, so that sums of them stay exact enough."""

_ROWS_PER_CIRCUIT: Final = 4
"""Three phases, and the limit in watts."""

_WATTS: Final = 3
"""Which of a circuit's rows is its limit in watts."""


@dataclass(slots=True, kw_only=True)
class Rows:
    """Capacities (rows) and the candidates for them, by integer positions.

    A row is one phase of one circuit, or its limit in watts expressed in amps at nominal voltage.
    Candidates that hang on one circuit with the same phases form a group: they load the same
    rows. A row in watts stands in a group's tuple once for each used phase, so that one amp per
    phase always costs one amp of each row listed. Rows that all candidates together cannot fill
    at their maximum are left out.

    Attributes:
        demands: The candidates' demands, by member id.
        min_a: The smallest grant: the demand's minimum, rounded up to its step.
        max_a: The largest grant: its maximum, rounded down to its step.
        weight: Share inside the tier.
        step_a: Resolution; 0 for none.
        group: The group of each candidate.
        group_rows: The rows that each group loads.
        row_groups: The groups that load each row; empty for rows left out.
        capacity_a: What each row may carry.
        topology: The circuits that the rows belong to.
    """

    demands: list[Demand]
    min_a: list[float]
    max_a: list[float]
    weight: list[float]
    step_a: list[float]
    group: list[int]
    group_rows: list[tuple[int, ...]]
    row_groups: list[list[int]]
    capacity_a: list[float]
    topology: Topology

    def reason(self, kind: ReasonKind, row: int) -> Reason:
        """Return the reason that points at a row."""
        circuit, line = divmod(row, _ROWS_PER_CIRCUIT)
        return Reason(
            kind=kind,
            subject=self.topology.ids[circuit],
            phase=None if line == _WATTS else PHASES[line],
        )

    def left_a(self, amps: Iterable[tuple[int, float]]) -> list[float]:
        """Return what is left of each row after these candidates took these amps."""
        taken = [0.0] * len(self.group_rows)
        group = self.group
        for candidate, current_a in amps:
            taken[group[candidate]] += current_a
        left = self.capacity_a.copy()
        for load, rows in zip(taken, self.group_rows, strict=True):
            if load:
                for row in rows:
                    left[row] -= load
        return left


def build_rows(
    circuits: Sequence[Circuit],
    demands: Sequence[Demand],
    free_a: Mapping[CircuitId, PhaseValues],
    free_w: Mapping[CircuitId, float],
) -> Rows:
    """Put an allocation into its arithmetic form.

    Demands that nothing could be granted are left out: those of an unknown circuit, without
    phases, with figures that are no numbers, or with no step between minimum and maximum. A
    member that asks more than once is left out too: which of its demands holds is not known.

    Raises:
        TopologyError: The circuits do not make a tree.
    """
    topology = Topology.of(circuits)
    rows = Rows(
        demands=[],
        min_a=[],
        max_a=[],
        weight=[],
        step_a=[],
        group=[],
        group_rows=[],
        row_groups=[],
        capacity_a=_capacities(topology, free_a, free_w),
        topology=topology,
    )
    _take_candidates(rows, demands)
    _leave_out_wide_rows(rows)
    return rows


def _capacities(
    topology: Topology, free_a: Mapping[CircuitId, PhaseValues], free_w: Mapping[CircuitId, float]
) -> list[float]:
    """Return the capacity of each row; what is negative, no number or not told counts as 0."""
    capacities: list[float] = []
    for circuit in topology.ids:
        free = free_a.get(circuit)
        amps = (0.0, 0.0, 0.0) if free is None else (free.l1, free.l2, free.l3)
        watts = free_w.get(circuit, math.inf)
        for capacity in (*amps, watts / NOMINAL_VOLTAGE_V):
            capacities.append(max(0.0, capacity))
    return capacities


def _take_candidates(rows: Rows, demands: Sequence[Demand]) -> None:
    """Take the demands that can be granted something, by member id, with their groups."""
    index = rows.topology.index
    groups: dict[tuple[int, frozenset[object]], int] = {}
    ordered = sorted(demands, key=_member)
    previous = None
    for position, demand in enumerate(ordered):
        member = demand.member
        following = ordered[position + 1].member if position + 1 < len(ordered) else None
        repeated = member in (previous, following)
        previous = member
        circuit = index.get(demand.circuit, -1)
        if repeated or circuit < 0 or not demand.phases:
            continue
        group = groups.get((circuit, demand.phases))
        if group is None:
            group = groups[circuit, demand.phases] = len(rows.group_rows)
            rows.group_rows.append(_rows_of(rows, circuit, demand))
        bounds = _bounds(demand, rows.capacity_a, rows.group_rows[group])
        if bounds is None:
            continue
        rows.demands.append(demand)
        rows.min_a.append(bounds[0])
        rows.max_a.append(bounds[1])
        rows.weight.append(min(max(demand.weight, 1.0 / LARGEST_WEIGHT), LARGEST_WEIGHT))
        rows.step_a.append(demand.step_a)
        rows.group.append(group)


def _member(demand: Demand) -> str:
    return demand.member


def _rows_of(rows: Rows, circuit: int, demand: Demand) -> tuple[int, ...]:
    """Return the rows that a demand loads, nearest circuit first, without those that are endless."""
    lines = sorted(phase.position for phase in demand.phases)
    lines += [_WATTS] * len(lines)
    loaded = (
        ancestor * _ROWS_PER_CIRCUIT + line
        for ancestor in rows.topology.chain(circuit)
        for line in lines
    )
    return tuple(row for row in loaded if rows.capacity_a[row] < math.inf)


def _bounds(
    demand: Demand, capacity_a: Sequence[float], loaded: tuple[int, ...]
) -> tuple[float, float] | None:
    """Return the least and the most that may be granted, both on the step; None if nothing may."""
    least, most, step = demand.min_a, demand.max_a, demand.step_a
    if most == math.inf and loaded:
        most = max(capacity_a[row] for row in loaded)
    if not (0.0 < most < math.inf and least <= most and step >= 0.0 and demand.weight > 0.0):
        return None
    least = max(least, 0.0)
    if step > 0.0:
        least = math.ceil((least - TOLERANCE_A) / step) * step
        most = math.floor((most + TOLERANCE_A) / step) * step
    return (least, most) if most > 0.0 and least <= most else None


def _leave_out_wide_rows(rows: Rows) -> None:
    """Keep the rows that the candidates could fill, and tell which groups load them."""
    highest = [0.0] * len(rows.group_rows)
    for group, most in zip(rows.group, rows.max_a, strict=True):
        highest[group] += most
    load = [0.0] * len(rows.capacity_a)
    for total, loaded in zip(highest, rows.group_rows, strict=True):
        for row in loaded:
            load[row] += total
    tight = [total > capacity for total, capacity in zip(load, rows.capacity_a, strict=True)]
    rows.group_rows = [tuple(row for row in loaded if tight[row]) for loaded in rows.group_rows]
    rows.row_groups = [[] for _ in rows.capacity_a]
    for group, loaded in enumerate(rows.group_rows):
        for row in dict.fromkeys(loaded):
            rows.row_groups[row].append(group)
