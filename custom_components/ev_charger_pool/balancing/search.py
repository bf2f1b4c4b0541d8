"""Who is on, best and proven, when a few candidates compete for capacities at their minimum."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from .contract import OutOfTime
from .filling import fill
from .rows import TOLERANCE_A, Rows

COUNT_STEPS: Final = 2000
"""Sets looked at to find how many can be on; sites with 30 members seldom need a tenth."""

FAIRNESS_STEPS: Final = 3000
"""Sets looked at to find the fairest of those; the same holds."""

ALL_STEPS: Final = 12000
"""Sets looked at in one allocation, so that the search ends without a time budget too."""

MOST_TIES: Final = 32
"""Equally good sets that are followed further."""

ROUNDING: Final = 1e-6
"""Levels may be off by less than this after rounding."""

type Levels = tuple[tuple[float, ...], ...]
"""Of each tier the sorted levels (amps per used phase / weight) of those that are on."""


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


class _Lines:
    """What rivals, decided one after the other in a fixed order, can still reach at best.

    A line is a row that cannot carry all rivals, or the three phases of a circuit taken together,
    which often tells more than each alone. Rivals count with `least_a`, their minimum or more.
    """

    def __init__(self, contest: Contest, order: Sequence[int], least_a: Sequence[float]) -> None:
        rows = contest.rows
        left_a = rows.capacity_a.copy()
        for candidate in contest.safe:
            rows.take(left_a, candidate, least_a[candidate])
        sources: dict[object, set[int]] = {}
        for row, (circuit, phase) in enumerate(rows.labels):
            if rows.row_groups[row]:
                sources[circuit, phase] = {row}
                if phase is not None:
                    sources.setdefault(circuit, set()).add(row)
        self.left_a: list[float] = []
        self.loads: list[list[tuple[int, float]]] = [[] for _ in order]
        for source, members in sources.items():
            if len(members) == 1 and not isinstance(source, tuple):
                continue
            total = sum(left_a[row] for row in members)
            loads = [
                least_a[candidate] * sum(row in members for row in rows.loaded(candidate))
                for candidate in order
            ]
            if sum(loads) > total + TOLERANCE_A:
                for position, load in enumerate(loads):
                    if load:
                        self.loads[position].append((len(self.left_a), load))
                self.left_a.append(total)
        self._build_sums([contest.kind[candidate] for candidate in order], contest.kinds)

    def _build_sums(self, kinds: Sequence[int], count: int) -> None:
        """Keep, from each position on, per line and class the sums of the smallest loads."""
        sums = [[[0.0]] * count for _ in self.left_a]
        waiting = [0] * count
        self._sums = [list(sums)]
        self._waiting = [tuple(waiting)]
        for position in range(len(kinds) - 1, -1, -1):
            kind = kinds[position]
            waiting[kind] += 1
            for line, load in self.loads[position]:
                sums[line] = sums[line].copy()
                sums[line][kind] = _with(sums[line][kind], load)
            self._sums.append(list(sums))
            self._waiting.append(tuple(waiting))
        self._sums.reverse()
        self._waiting.reverse()

    def most(self, position: int, values: Sequence[int]) -> int:
        """Return an upper bound of the value of those from this position on."""
        waiting = self._waiting[position]
        best = sum(value * count for value, count in zip(values, waiting, strict=True))
        everybody = best
        for left, classes in zip(self.left_a, self._sums[position], strict=True):
            value = everybody
            room = max(0.0, left + TOLERANCE_A)
            for worth, sums in zip(values, classes, strict=True):
                fitting = bisect_right(sums, room) - 1
                room -= sums[fitting]
                value -= worth * (len(sums) - 1 - fitting)
            best = min(best, value)
        return best

    def can_have(self, position: int, needed: Sequence[int]) -> bool:
        """Whether no line forbids to have so many of each class from this position on."""
        waiting = self._waiting[position]
        for left, classes in zip(self.left_a, self._sums[position], strict=True):
            load = 0.0
            for need, count, sums in zip(needed, waiting, classes, strict=True):
                inside = need - (count - len(sums) + 1)
                if inside > 0:
                    if inside >= len(sums):
                        return False
                    load += sums[inside]
            if load > left + TOLERANCE_A:
                return False
        return True

    def fits(self, position: int) -> bool:
        """Whether the rival at a position still fits."""
        return all(self.left_a[line] + TOLERANCE_A >= load for line, load in self.loads[position])

    def take(self, position: int) -> None:
        """Count the rival at a position as on."""
        for line, load in self.loads[position]:
            self.left_a[line] -= load

    def give_back(self, position: int) -> None:
        """Count it as undecided again."""
        for line, load in self.loads[position]:
            self.left_a[line] += load


def _with(sums: Sequence[float], load: float) -> list[float]:
    """Return running sums of sorted loads with one more load among them."""
    loads = sorted([load, *(high - low for low, high in pairwise(sums))])
    found = [0.0]
    for one in loads:
        found.append(found[-1] + one)
    return found


def _preferences(contest: Contest, order: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return, as bit masks over positions, who is always the better choice than whom.

    One is better than another of its class when it loads no row more, needs no more, can use no
    less and has no more weight: in any set it can take the other's place and the amps that the
    other had. So a set with the other alone need not be looked at. Between two that are alike the
    member id decides.

    Returns:
        For each position the better ones, and those than which it is better.
    """
    rows, kind = contest.rows, contest.kind
    loaded = [sorted(rows.loaded(candidate)) for candidate in order]
    better = [0] * len(order)
    worse = [0] * len(order)
    for i, one in enumerate(order):
        mine = (-rows.min_a[one], rows.max_a[one], -rows.weight[one])
        for j, other in enumerate(order):
            if i == j or kind[one] != kind[other]:
                continue
            theirs = (-rows.min_a[other], rows.max_a[other], -rows.weight[other])
            if any(a < b for a, b in zip(mine, theirs, strict=True)):
                continue
            if mine == theirs and loaded[i] == loaded[j] and one > other:
                continue
            if all(loaded[i].count(row) <= loaded[j].count(row) for row in set(loaded[i])):
                better[j] |= 1 << i
                worse[i] |= 1 << j
    return better, worse


class _Branching:
    """Deciding rival after rival, undoing what leads nowhere: branch and bound."""

    def __init__(self, contest: Contest, order: Sequence[int], least_a: Sequence[float]) -> None:
        self.contest = contest
        self.order = order
        self.lines = _Lines(contest, order, least_a)
        self.chosen: list[int] = []
        self._better, self._worse = _preferences(contest, order)
        self._on = 0
        self._off = 0

    def may_take(self, position: int) -> bool:
        """Whether it is worth to have a rival on: it fits, and no better one was left off."""
        return not self._better[position] & self._off and self.lines.fits(position)

    def may_leave(self, position: int) -> bool:
        """Whether it is worth to have it off: nobody worse is on."""
        return not self._worse[position] & self._on

    def take(self, position: int) -> None:
        """Have a rival on."""
        self.lines.take(position)
        self.chosen.append(self.order[position])
        self._on |= 1 << position

    def untake(self, position: int) -> None:
        """Undo `take`."""
        self.lines.give_back(position)
        self.chosen.pop()
        self._on &= ~(1 << position)

    def leave(self, position: int) -> None:
        """Have a rival off."""
        self._off |= 1 << position

    def unleave(self, position: int) -> None:
        """Undo `leave`."""
        self._off &= ~(1 << position)


class _Count(_Branching):
    """The search for a set with as many on as possible, class by class."""

    def __init__(self, contest: Contest, on: Sequence[int], effort: Effort) -> None:
        rows = contest.rows
        cost = scarcity(rows, range(len(rows.demands)), rows.capacity_a)
        order = sorted(contest.rivals, key=lambda c: (contest.kind[c], cost[c], c))
        super().__init__(contest, order, rows.min_a)
        # Numbers in which any one of a class outweighs all of the classes after it.
        size = len(contest.rivals) + 1
        self._values = [size ** (contest.kinds - kind) for kind in range(contest.kinds)]
        self._effort = effort
        self._steps = COUNT_STEPS
        self.best = list(on)
        self._most = sum(self._values[contest.kind[c]] for c in set(on).intersection(order))

    def run(self) -> list[int]:
        """Search, and return the best set."""
        self._branch(0, 0)
        return self.best

    def _branch(self, position: int, value: int) -> None:
        self._steps -= 1
        if self._steps < 0 or not self._effort.spend():
            return
        if value + self.lines.most(position, self._values) <= self._most:
            return
        if position == len(self.order):
            self._most = value
            self.best = [*self.contest.safe, *self.chosen]
            return
        if self.may_take(position):
            self.take(position)
            worth = self._values[self.contest.kind[self.order[position]]]
            self._branch(position + 1, value + worth)
            self.untake(position)
        if self.may_leave(position):
            self.leave(position)
            self._branch(position + 1, value)
            self.unleave(position)


class _Fairness(_Branching):
    """The search for the fairest of the sets that have as many on, class by class, as a given one.

    Rivals count with what they need to be nowhere below the lowest level of the best set so far.
    A branch ends when those that are on in it, sharing among themselves alone, do worse than as
    many of the best set do: whoever joins can only take from them or stand below them.
    """

    def __init__(self, contest: Contest, on: Sequence[int], effort: Effort) -> None:
        rows = contest.rows
        self.best = [list(on)]
        self.levels = contest.levels(on)
        least_a = rows.min_a.copy()
        lowest = self.levels[0][0] - ROUNDING if self.levels[0] else 0.0
        for candidate in contest.tiers[0]:
            least_a[candidate] = max(least_a[candidate], lowest * rows.weight[candidate])
        cost = scarcity(rows, range(len(rows.demands)), rows.capacity_a)
        order = sorted(
            (c for c in contest.rivals if least_a[c] <= rows.max_a[c]),
            key=lambda c: (contest.kind[c], -cost[c], c),
        )
        super().__init__(contest, order, least_a)
        self._needed = [0] * contest.kinds
        for candidate in set(on).intersection(contest.rivals):
            self._needed[contest.kind[candidate]] += 1
        self._effort = effort
        self._steps = FAIRNESS_STEPS

    def run(self) -> bool:
        """Search until a fairer set is found, and return whether there was one."""
        start = self.levels
        self._branch(0)
        return self.levels > start

    def _branch(self, position: int) -> bool:
        """Look at all sets that agree with what is chosen; True ends the search."""
        self._steps -= 1
        if self._steps < 0 or not self._effort.spend():
            return True
        if not self.lines.can_have(position, self._needed):
            return False
        if not any(self._needed):
            return self._compare()
        if position == len(self.order):
            return False
        kind = self.contest.kind[self.order[position]]
        if self._needed[kind] and self.may_take(position):
            self.take(position)
            self._needed[kind] -= 1
            found = self._is_promising() and self._branch(position + 1)
            self._needed[kind] += 1
            self.untake(position)
            if found:
                return True
        if self.may_leave(position):
            self.leave(position)
            found = self._branch(position + 1)
            self.unleave(position)
            return found
        return False

    def _compare(self) -> bool:
        """Hold a complete set against the best; True when it is better."""
        on = [*self.contest.safe, *self.chosen]
        levels = self.contest.levels(on)
        if levels > self.levels:
            self.levels = levels
            self.best = [on]
            return True
        if levels == self.levels and len(self.best) < MOST_TIES:
            self.best.append(on)
        return False

    def _is_promising(self) -> bool:
        """Whether those that are on so far do not do worse than as many of the best set."""
        mine = self.contest.levels([*self.contest.safe, *self.chosen])
        for levels, best in zip(mine, self.levels, strict=True):
            if levels != best:
                return levels >= best[: len(levels)]
        return True


def most(contest: Contest, on: Sequence[int], effort: Effort) -> list[int]:
    """Return a set with as many on as possible, class by class; `on` if there is none with more."""
    return _Count(contest, on, effort).run()


def fairest(contest: Contest, on: Sequence[int], effort: Effort) -> list[list[int]]:
    """Return the fairest sets with as many on as `on`, by class; several when they are equal."""
    while True:
        search = _Fairness(contest, on, effort)
        if not search.run():
            return search.best
        on = search.best[0]
