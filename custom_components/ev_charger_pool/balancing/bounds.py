"""What tells early that a branch of the search leads nowhere."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise

from .contest import Contest
from .rows import TOLERANCE_A


class Lines:
    """What rivals, decided one after the other in a fixed order, can still reach at best.

    A line is a row that cannot carry all rivals, or the three phases of a circuit taken together,
    which often tells more than each alone. Rivals count with `least_a`, their minimum or more.
    """

    def __init__(self, contest: Contest, order: Sequence[int], least_a: Sequence[float]) -> None:
        rows = contest.rows
        left_a = rows.capacity_a.copy()
        for candidate in contest.safe:
            rows.take(left_a, candidate, least_a[candidate])
        on_row: dict[int, dict[int, float]] = {}
        for position, candidate in enumerate(order):
            for row in rows.loaded(candidate):
                loads = on_row.setdefault(row, {})
                loads[position] = loads.get(position, 0.0) + least_a[candidate]
        phases: dict[str, list[int]] = {}
        for row in on_row:
            circuit, phase = rows.labels[row]
            if phase is not None:
                phases.setdefault(circuit, []).append(row)
        self.left_a: list[float] = []
        self.loads: list[list[tuple[int, float]]] = [[] for _ in order]
        for row, loads in on_row.items():
            self._add(left_a[row], loads)
        for together in phases.values():
            if len(together) > 1:
                total: dict[int, float] = {}
                for row in together:
                    for position, load in on_row[row].items():
                        total[position] = total.get(position, 0.0) + load
                self._add(sum(left_a[row] for row in together), total)
        self._build_sums([contest.kind[candidate] for candidate in order], contest.kinds)

    def _add(self, left_a: float, loads: Mapping[int, float]) -> None:
        """Add a line, if the rivals at these positions with these loads are too many for it."""
        if sum(loads.values()) > left_a + TOLERANCE_A:
            for position, load in loads.items():
                self.loads[position].append((len(self.left_a), load))
            self.left_a.append(left_a)

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


def preferences(contest: Contest, order: Sequence[int]) -> tuple[list[int], list[int]]:
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
