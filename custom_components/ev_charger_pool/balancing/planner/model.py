"""The question restated in whole numbers: members, cells of time, and what fits where."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
import math
from typing import Final

from ...pool.circuits import Circuit
from ...pool.quantities import PHASES
from ..topology import Topology
from .cells import MWH, Cell, cells_of
from .contract import HorizonSlot, PlanRequest, PlanSettings
from .network import UNLIMITED

SHARES: Final = 6
"""Rows count sixths of a milliwatt hour, so that halves and thirds on phases are whole numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A limit on what some members take together in each cell.

    Attributes:
        room: Sixths of a milliwatt hour in each cell.
        factors: How many sixths each member counts with, 0 for who is not bound.
    """

    room: list[int]
    factors: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """All that is known before anything is placed.

    Members are in the order in which they are served where nothing else decides: by tier, then
    by deadline.

    Attributes:
        requests: The members.
        cells: The future.
        windows: The first cell of each member, and the one after its last.
        least: The least that each can take in each cell while it runs.
        most: The most that each can take in each cell of its window, 0 outside.
        needed: What each needs.
        chains: The limited circuits that each flows through.
        room: What the members of those circuits may take together in each cell.
        rows: The same and the limits of phases, the instant's limits that a plan has to keep.
        by_rate: The cells in the order of what the grid's energy counts as.
    """

    requests: tuple[PlanRequest, ...]
    cells: tuple[Cell, ...]
    windows: tuple[tuple[int, int], ...]
    least: tuple[list[int], ...]
    most: tuple[list[int], ...]
    needed: tuple[int, ...]
    chains: tuple[tuple[int, ...], ...]
    room: tuple[list[int], ...]
    rows: tuple[Row, ...]
    by_rate: tuple[int, ...]

    @property
    def tiers(self) -> list[list[int]]:
        """The members of each tier, the first tier first."""
        tiers: dict[int, list[int]] = {}
        for member, request in enumerate(self.requests):
            tiers.setdefault(request.priority, []).append(member)
        return [tiers[priority] for priority in sorted(tiers)]


def model_of(
    requests: Sequence[PlanRequest],
    slots: Sequence[HorizonSlot],
    circuits: Sequence[Circuit],
    now: datetime,
    settings: PlanSettings,
) -> Model:
    """Restate a question that was checked."""
    ordered = tuple(sorted(requests, key=lambda r: (r.priority, r.ready_at, r.member)))
    cells = tuple(cells_of(slots, ordered, now, settings))
    starts = [cell.from_at for cell in cells]
    windows = tuple(
        (
            0 if request.begin_at is None else bisect_left(starts, request.begin_at),
            bisect_left(starts, request.ready_at),
        )
        for request in ordered
    )
    topology = Topology.of(circuits)
    above = [topology.ancestors(request.circuit) for request in ordered]
    capacities = _capacities(topology.ids, ordered, above, cells)
    limited = [i for i, room in enumerate(capacities) if min(room, default=UNLIMITED) < UNLIMITED]
    position = {topology.ids[circuit]: i for i, circuit in enumerate(limited)}
    chains = tuple(tuple(position[c] for c in chain if c in position) for chain in above)
    room = tuple(capacities[circuit] for circuit in limited)
    return Model(
        requests=ordered,
        cells=cells,
        windows=windows,
        least=tuple(
            [math.ceil(request.min_power_w * MWH * cell.hours) for cell in cells]
            for request in ordered
        ),
        most=tuple(
            most_of(request, cells, first, after)
            for request, (first, after) in zip(ordered, windows, strict=True)
        ),
        needed=tuple(round(request.needed_wh * MWH) for request in ordered),
        chains=chains,
        room=room,
        rows=(*_circuit_rows(room, chains), *_phase_rows(topology.ids, ordered, above, cells)),
        by_rate=tuple(sorted(range(len(cells)), key=lambda cell: cells[cell].grid)),
    )


def most_of(request: PlanRequest, cells: Sequence[Cell], first: int, after: int) -> list[int]:
    """Return the most that a member can take in each cell of a window, 0 outside."""
    most = [0] * len(cells)
    most[first:after] = [cell.energy_mwh(request.max_power_w) for cell in cells[first:after]]
    return most


def _capacities(
    circuits: Sequence[str],
    requests: Sequence[PlanRequest],
    above: Sequence[tuple[str, ...]],
    cells: Sequence[Cell],
) -> list[list[int]]:
    """Return what the members of each circuit may take together in each cell.

    Where all of them use the same phases, the tightest of these is as good as a limit in watts.
    """
    found = []
    for circuit in circuits:
        used = {
            frozenset(request.phases)
            for request, chain in zip(requests, above, strict=True)
            if circuit in chain
        }
        same = next(iter(used)) if len(used) == 1 else None
        rooms = []
        for cell in cells:
            watts = cell.slot.capacity_w.get(circuit, math.inf)
            lanes = cell.slot.phase_capacity_w.get(circuit)
            if lanes is not None:
                shared = sum(lanes) if same is None else len(same) * min(lanes[p] for p in same)
                watts = min(watts, shared)
            rooms.append(UNLIMITED if watts == math.inf else cell.energy_mwh(watts))
        found.append(rooms)
    return found


def _circuit_rows(room: Sequence[list[int]], chains: Sequence[tuple[int, ...]]) -> list[Row]:
    """Return the limits of circuits."""
    return [
        Row(
            room=[SHARES * left for left in rooms],
            factors=[SHARES if circuit in chain else 0 for chain in chains],
        )
        for circuit, rooms in enumerate(room)
    ]


def _phase_rows(
    circuits: Sequence[str],
    requests: Sequence[PlanRequest],
    above: Sequence[tuple[str, ...]],
    cells: Sequence[Cell],
) -> list[Row]:
    """Return the limits of phases of circuits whose members use different ones."""
    rows = []
    for circuit in circuits:
        below = [circuit in chain for chain in above]
        used = {
            frozenset(request.phases)
            for request, is_below in zip(requests, below, strict=True)
            if is_below
        }
        if len(used) <= 1 or not any(circuit in cell.slot.phase_capacity_w for cell in cells):
            continue
        for phase in PHASES:
            factors = [
                SHARES // len(request.phases) if is_below and phase in request.phases else 0
                for request, is_below in zip(requests, below, strict=True)
            ]
            room = [
                SHARES * cell.energy_mwh(lanes[phase])
                if (lanes := cell.slot.phase_capacity_w.get(circuit)) is not None
                else UNLIMITED
                for cell in cells
            ]
            rows.append(Row(room=room, factors=factors))
    return rows
