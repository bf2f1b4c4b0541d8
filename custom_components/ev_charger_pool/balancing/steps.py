"""Grants on the devices' steps, out of fair amounts."""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
import math

from .rows import TOLERANCE_A, Rows


def round_to_steps(rows: Rows, amps: list[float], on: Sequence[int]) -> None:
    """Round the grants down to their steps and hand on what that leaves.

    What rounding leaves goes out step by step: first to the first tier, in each to the lowest
    level (amps per used phase divided by weight) that can take one more step of its own.

    Args:
        rows: The capacities.
        amps: The fair amounts, replaced by the grants.
        on: The candidates that are on.
    """
    steps = rows.step_a
    rounded_up = []
    for candidate in on:
        if step := steps[candidate]:
            fair = amps[candidate]
            amps[candidate] = math.floor((fair + TOLERANCE_A) / step) * step
            if amps[candidate] > fair:
                rounded_up.append(candidate)
    loads = rows.loads_a((candidate, amps[candidate]) for candidate in on)
    left_a = [capacity - load for capacity, load in zip(rows.capacity_a, loads, strict=True)]
    for candidate in rounded_up:
        # Each of them misses its step by next to nothing, but many of them may be too much.
        if any(left_a[row] < -TOLERANCE_A for row in rows.loaded(candidate)):
            amps[candidate] -= steps[candidate]
            rows.take(left_a, candidate, -steps[candidate])
    heap = [
        (rows.demands[candidate].priority, amps[candidate] / rows.weight[candidate], candidate)
        for candidate in on
        if steps[candidate] and amps[candidate] < rows.max_a[candidate] - TOLERANCE_A
    ]
    heapify(heap)
    while heap:
        tier, _, candidate = heappop(heap)
        step = steps[candidate]
        if rows.too_small(left_a, candidate, step):
            continue
        amps[candidate] = (round(amps[candidate] / step) + 1) * step
        rows.take(left_a, candidate, step)
        if amps[candidate] < rows.max_a[candidate] - TOLERANCE_A:
            heappush(heap, (tier, amps[candidate] / rows.weight[candidate], candidate))
