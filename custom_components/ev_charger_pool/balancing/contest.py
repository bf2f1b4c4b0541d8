"""A few candidates that compete for capacities at their minimum, and how long to look at them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from .contract import OutOfTime
from .filling import fill
from .rows import TOLERANCE_A, Rows

ALL_STEPS: Final = 5000
"""Sets looked at in one allocation, so that the search ends without a time budget too."""

type Levels = tuple[tuple[float, ...], ...]
"""Of each tier the sorted levels (amps per used phase / weight) of those that are on."""

ROUNDING: Final = 1e-6
"""Levels may be off by less than this after rounding."""


@dataclass(slots=True)
class Effort:
    """How long the search may go on.

    Attributes:
        out_of_time: The caller's budget.
        steps: What is left of the search's own.
        timed_out: Whether the caller's budget was over.
    """

    out_of_time: OutOfTime | None
    steps: int = ALL_STEPS
    timed_out: bool = False

    def spend(self) -> bool:
        """Spend one step; False when there is none left."""
        self.steps -= 1
        if self.out_of_time is not None and not self.timed_out:
            self.timed_out = self.out_of_time()
        return self.steps >= 0 and not self.timed_out


@dataclass(slots=True)
class Contest:
    """Candidates that compete, with what they compete for.

    Attributes:
        rows: Them and their capacities alone.
        tiers: All of them by tier, the first served first.
        kind: The class of each: its tier, and within it what it is owed; lower comes first.
        kinds: How many classes there are.
        safe: Those that are on whoever else is.
        rivals: The others.
    """

    rows: Rows
    tiers: list[list[int]] = field(init=False)
    kind: list[int] = field(init=False)
    kinds: int = field(init=False)
    safe: list[int] = field(init=False)
    rivals: list[int] = field(init=False)

    def __post_init__(self) -> None:
        """Sort the candidates."""
        rows = self.rows
        classes = [(demand.priority, -demand.owed) for demand in rows.demands]
        order = {key: n for n, key in enumerate(sorted(set(classes)))}
        self.kind = [order[key] for key in classes]
        self.kinds = len(order)
        tiers: dict[int, list[int]] = {}
        for candidate, (priority, _) in enumerate(classes):
            tiers.setdefault(priority, []).append(candidate)
        self.tiers = [tiers[priority] for priority in sorted(tiers)]
        short = shortages(rows, range(len(rows.demands)), rows.capacity_a)
        self.safe = [c for c in range(len(rows.demands)) if short.isdisjoint(rows.loaded(c))]
        self.rivals = [c for c in range(len(rows.demands)) if not short.isdisjoint(rows.loaded(c))]

    def levels(self, on: Iterable[int]) -> Levels:
        """Return what a set gives to each tier, rounded so that equal ones compare equal."""
        rows = self.rows
        chosen = [False] * len(rows.demands)
        left_a = rows.capacity_a.copy()
        for candidate in on:
            chosen[candidate] = True
            rows.take(left_a, candidate, rows.min_a[candidate])
        amps = [0.0] * len(chosen)
        bound_by = [-1] * len(chosen)
        found = []
        for tier in self.tiers:
            members = [candidate for candidate in tier if chosen[candidate]]
            fill(rows, members, left_a, amps, bound_by)
            found.append(tuple(sorted(round(amps[c] / rows.weight[c], 7) for c in members)))
        return tuple(found)


def shortages(rows: Rows, candidates: Iterable[int], left_a: Sequence[float]) -> set[int]:
    """Return the rows that cannot carry all these candidates at their minimum."""
    loads = rows.loads_a((candidate, rows.min_a[candidate]) for candidate in candidates)
    return {row for row, load in enumerate(loads) if load > left_a[row] + TOLERANCE_A}


def scarcity(rows: Rows, candidates: Sequence[int], left_a: Sequence[float]) -> dict[int, float]:
    """Return what the minimum of each candidate costs, rows that many want costing more."""
    loads = rows.loads_a((candidate, rows.min_a[candidate]) for candidate in candidates)
    price = [
        load / max(left, 1.0) ** 2 if load > left + TOLERANCE_A else 0.0
        for load, left in zip(loads, left_a, strict=True)
    ]
    return {c: sum(price[row] for row in rows.loaded(c)) * rows.min_a[c] for c in candidates}
