"""Weighted max-min fairness for candidates of whom it is known that they are on."""

from collections.abc import Sequence
from heapq import heappop, heappush
from math import inf
from typing import Final

from .rows import TOLERANCE_A, Rows

_NO_SLOPE: Final = 1e-6
"""Sums of weights below this are rounding: the least weight is a thousandth."""


def fill(
    rows: Rows, tier: Sequence[int], left_a: list[float], amps: list[float], bound_by: list[int]
) -> None:
    """Raise the candidates of one tier from their minimum as far as is fair.

    Water filling: the level, amps per used phase divided by weight, rises for all together. A
    candidate joins when the level reaches its minimum and leaves at its maximum; a row that is
    full stops every group that loads it. With bounds as they are this is the leximin optimum,
    and the only one. It takes O(n log n): each candidate joins and leaves once, each group stops
    once.

    Args:
        rows: The capacities.
        tier: The candidates, all of them on.
        left_a: What is left of each row with everybody at minimum or at a final grant; what is
            given here is taken from it.
        amps: The grants, of which those of the tier are set.
        bound_by: The row that stopped each of the tier's candidates; -1 at its maximum.
    """
    stopped_at, stopped_by = _stops(rows, _events(rows, tier), left_a)
    given = [0.0] * len(rows.group_rows)
    group, weight, min_a, max_a = rows.group, rows.weight, rows.min_a, rows.max_a
    for candidate in tier:
        mine = group[candidate]
        level = stopped_at[mine]
        least, most = min_a[candidate], max_a[candidate]
        current = most if level is None else level * weight[candidate]
        if current >= most - TOLERANCE_A:
            current = most
            bound_by[candidate] = -1
        else:
            current = max(current, least)
            bound_by[candidate] = stopped_by[mine]
        amps[candidate] = current
        given[mine] += current - least
    for more, loaded in zip(given, rows.group_rows, strict=True):
        if more:
            for row in loaded:
                left_a[row] -= more


def _events(rows: Rows, tier: Sequence[int]) -> list[tuple[float, int, float, float]]:
    """Return where candidates join and leave: level, group, change of weight and of amps."""
    changes: dict[tuple[float, int], tuple[float, float]] = {}
    group, weight, min_a, max_a = rows.group, rows.weight, rows.min_a, rows.max_a
    nothing = (0.0, 0.0)
    for candidate in tier:
        share = weight[candidate]
        mine = group[candidate]
        least, most = min_a[candidate], max_a[candidate]
        key = (least / share, mine)
        slope, base = changes.get(key, nothing)
        changes[key] = (slope + share, base + least)
        key = (most / share, mine)
        slope, base = changes.get(key, nothing)
        changes[key] = (slope - share, base - most)
    return [(level, mine, slope, base) for (level, mine), (slope, base) in sorted(changes.items())]


def _stops(
    rows: Rows, events: Sequence[tuple[float, int, float, float]], left_a: Sequence[float]
) -> tuple[list[float | None], list[int]]:
    """Return the level at which each group stops, None for never, and the row that stops it.

    Of each row is kept `room`, what it would have left at level 0 were all that rise linear, and
    `slope`, the weights of those that rise: it is full at the level room / slope. A row's key in
    the heap is never above that level: joining pushes a lower one, and all else only raises it.
    """
    group_rows = rows.group_rows
    room = list(left_a)
    slope = [0.0] * len(room)
    group_slope = [0.0] * len(group_rows)
    stopped_at: list[float | None] = [None] * len(group_rows)
    stopped_by = [-1] * len(group_rows)
    heap: list[tuple[float, int]] = []
    pushed = [inf] * len(room)
    for level, group, more, base in events:
        while heap and heap[0][0] <= level:
            key, row = heappop(heap)
            full = room[row] / slope[row] if slope[row] > _NO_SLOPE else inf
            if key != pushed[row]:
                continue
            pushed[row] = full
            if full > key:
                heappush(heap, (full, row))
                continue
            for other in rows.row_groups[row]:
                if stopped_at[other] is None:
                    stopped_at[other] = full
                    stopped_by[other] = row
                    _stop(group_rows[other], group_slope[other], full, room, slope)
        if stopped_at[group] is not None:
            continue
        group_slope[group] += more
        for row in group_rows[group]:
            slope[row] = rising = slope[row] + more
            room[row] = space = room[row] + base
            if rising > _NO_SLOPE and space < pushed[row] * rising:
                pushed[row] = full = space / rising
                heappush(heap, (full, row))
    return stopped_at, stopped_by


def _stop(
    loaded: Sequence[int], rising: float, level: float, room: list[float], slope: list[float]
) -> None:
    """Turn what rises in a group into a fixed load of its rows."""
    for row in loaded:
        slope[row] -= rising
        room[row] -= rising * level
