"""The arithmetic form of an allocation: candidates, and the capacities they share."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
import math
from typing import Final

from ..pool.members import CircuitId, Demand
from ..pool.quantities import NOMINAL_VOLTAGE_V, PHASES, Phase, PhaseValues
from .topology import Topology

TOLERANCE_A: Final = 1e-7
"""Amps by which sums of floats may miss a capacity or a step."""

LARGEST_CURRENT_A: Final = 1e6
"""No member is granted more, however much it asks for."""

SMALLEST_STEP_A: Final = 1e-6
"""A finer step counts as none."""

LARGEST_WEIGHT: Final = 1000.0
"""Weights count between its reciprocal and itself, so that sums of them stay exact enough."""

type Label = tuple[CircuitId, Phase | None]
"""What a row stands for: a phase of a circuit, or with None its limit in watts."""

_LINES: Final = (*PHASES, None)


@dataclass(slots=True, kw_only=True)
class Rows:
    """Capacities (rows) and the candidates for them, by integer positions.

    A row is one phase of one circuit, or its limit in watts expressed in amps at nominal voltage.
    Candidates that hang on one circuit with the same phases form a group: they load the same
    rows. A row in watts stands in a group's tuple once for each phase whose watts count, so that
    one amp per phase always costs one amp of each row listed. Rows that all candidates together cannot fill
    at their maximum are left out of the tuples.

    Attributes:
        demands: The candidates' demands, by member id.
        min_a: The smallest grant: the demand's minimum, rounded up to its step.
        max_a: The largest grant: its maximum, rounded down to its step.
        weight: Share inside the tier.
        step_a: Resolution; 0 for none.
        group: The group of each candidate.
        group_rows: The rows that each group loads, those of its own circuit first.
        row_groups: The groups that load each row; empty for rows left out.
        capacity_a: What each row may carry.
        labels: What each row stands for.
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
    labels: list[Label]

    def loaded(self, candidate: int) -> tuple[int, ...]:
        """Return the rows that a candidate loads."""
        return self.group_rows[self.group[candidate]]

    def take(self, left_a: list[float], candidate: int, current_a: float) -> None:
        """Take a candidate's amps from what is left of the rows; negative amps are given back."""
        for row in self.group_rows[self.group[candidate]]:
            left_a[row] -= current_a

    def too_small(self, left_a: Sequence[float], candidate: int, current_a: float) -> list[int]:
        """Return the rows that have not these amps left for a candidate."""
        loaded = self.group_rows[self.group[candidate]]
        return [
            row
            for row in loaded
            if left_a[row] + TOLERANCE_A < current_a
            or left_a[row] + TOLERANCE_A < current_a * loaded.count(row)
        ]

    def loads_a(self, amps: Iterable[tuple[int, float]]) -> list[float]:
        """Return what these candidates with these amps put on each row."""
        taken = [0.0] * len(self.group_rows)
        group = self.group
        for candidate, current_a in amps:
            taken[group[candidate]] += current_a
        loads = [0.0] * len(self.capacity_a)
        for load, rows in zip(taken, self.group_rows, strict=True):
            if load:
                for row in rows:
                    loads[row] += load
        return loads

    def part(self, candidates: Sequence[int], left_a: Sequence[float]) -> Rows:
        """Return the same for some of the candidates only, numbered anew in this order.

        All rows that they load are kept: those that they cannot fill tell what they leave to
        others.

        Args:
            candidates: Who is in the part.
            left_a: What the others leave of each row.
        """
        groups = {group: n for n, group in enumerate(dict.fromkeys(self._groups(candidates)))}
        rows = {
            row: n
            for n, row in enumerate(dict.fromkeys(r for g in groups for r in self.group_rows[g]))
        }
        part = Rows(
            demands=[self.demands[candidate] for candidate in candidates],
            min_a=[self.min_a[candidate] for candidate in candidates],
            max_a=[self.max_a[candidate] for candidate in candidates],
            weight=[self.weight[candidate] for candidate in candidates],
            step_a=[self.step_a[candidate] for candidate in candidates],
            group=[groups[group] for group in self._groups(candidates)],
            group_rows=[tuple(rows[row] for row in self.group_rows[group]) for group in groups],
            row_groups=[],
            capacity_a=[left_a[row] for row in rows],
            labels=[self.labels[row] for row in rows],
        )
        part.find_groups_of_rows()
        return part

    def _groups(self, candidates: Iterable[int]) -> Iterable[int]:
        return (self.group[candidate] for candidate in candidates)

    def leave_out_wide_rows(self) -> None:
        """Keep the rows that the candidates could fill."""
        loads = self.loads_a(enumerate(self.max_a))
        tight = [load > cap for load, cap in zip(loads, self.capacity_a, strict=True)]
        self.group_rows = [tuple(row for row in rows if tight[row]) for rows in self.group_rows]

    def find_groups_of_rows(self) -> None:
        """Tell which groups load each row."""
        self.row_groups = [[] for _ in self.capacity_a]
        for group, rows in enumerate(self.group_rows):
            for row in dict.fromkeys(rows):
                self.row_groups[row].append(group)


def build_rows(
    topology: Topology,
    demands: Sequence[Demand],
    free_a: Mapping[CircuitId, PhaseValues],
    free_w: Mapping[CircuitId, float],
) -> Rows:
    """Put an allocation into its arithmetic form.

    Demands that nothing could be granted are left out: those of an unknown circuit, without
    phases, with figures that are no numbers, or with no step between minimum and maximum. A
    member that asks more than once is left out too: which of its demands holds is not known.
    """
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
        labels=[(circuit, line) for circuit in topology.ids for line in _LINES],
    )
    _take_candidates(rows, topology, demands)
    rows.leave_out_wide_rows()
    rows.find_groups_of_rows()
    return rows


def _capacities(
    topology: Topology, free_a: Mapping[CircuitId, PhaseValues], free_w: Mapping[CircuitId, float]
) -> list[float]:
    """Return the capacity of each row; what is negative, no number or not told counts as 0."""
    capacities: list[float] = []
    for circuit in topology.ids:
        amps = free_a.get(circuit)
        capacities += (0.0, 0.0, 0.0) if amps is None else amps
        capacities.append(free_w.get(circuit, math.inf) / NOMINAL_VOLTAGE_V)
    return [capacity if capacity > 0.0 else 0.0 for capacity in capacities]  # noqa: FURB136 - nan


def _take_candidates(rows: Rows, topology: Topology, demands: Sequence[Demand]) -> None:
    """Take the demands that can be granted something, by member id, with their groups."""
    groups: dict[tuple[int, frozenset[Phase], int], int] = {}
    for demand in _asked_once(demands):
        circuit = topology.index.get(demand.circuit, -1)
        bounds = _bounds(demand)
        if circuit < 0 or not demand.phases or bounds is None:
            continue
        powered = demand.powered or len(demand.phases)
        kind = (circuit, demand.phases, powered)
        group = groups.get(kind)
        if group is None:
            group = groups[kind] = len(rows.group_rows)
            rows.group_rows.append(_rows_of(rows, topology.chain(circuit), demand.phases, powered))
        rows.demands.append(demand)
        rows.min_a.append(bounds[0])
        rows.max_a.append(bounds[1])
        rows.weight.append(min(max(demand.weight, 1.0 / LARGEST_WEIGHT), LARGEST_WEIGHT))
        rows.step_a.append(bounds[2])
        rows.group.append(group)


def _asked_once(demands: Sequence[Demand]) -> list[Demand]:
    """Return the demands by member id, without members that ask more than once."""
    by_member = {demand.member: demand for demand in demands}
    if len(by_member) < len(demands):
        seen: set[str] = set()
        for demand in demands:
            if demand.member in seen:
                by_member.pop(demand.member, None)
            seen.add(demand.member)
    return [by_member[member] for member in sorted(by_member)]


def _rows_of(
    rows: Rows, chain: Iterable[int], phases: frozenset[Phase], powered: int
) -> tuple[int, ...]:
    """Return the rows that a group loads, its own circuit's first, without those without end."""
    lines = [line for line, phase in enumerate(_LINES) if phase is None or phase in phases]
    lines += lines[-1:] * (powered - 1)
    loaded = (circuit * len(_LINES) + line for circuit in chain for line in lines)
    return tuple(row for row in loaded if rows.capacity_a[row] < math.inf)


def _bounds(demand: Demand) -> tuple[float, float, float] | None:
    """Return the least and the most that may be granted, both on the step, and that step.

    None stands for a demand to which nothing can be granted.
    """
    least, most, step = demand.min_a, min(demand.max_a, LARGEST_CURRENT_A), demand.step_a
    if not (least <= most and 0.0 <= step < math.inf and 0.0 < demand.weight < math.inf):
        return None
    least = max(0.0, least)
    if step < SMALLEST_STEP_A:
        step = 0.0
    else:
        least = math.ceil((least - TOLERANCE_A) / step) * step
        most = math.floor((most + TOLERANCE_A) / step) * step
    return (least, most, step) if most > 0.0 and least <= most else None
