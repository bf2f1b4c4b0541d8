"""Who is on, best and proven, when a few candidates compete for capacities at their minimum."""

from collections.abc import Iterator, Sequence
from typing import Final

from .bounds import Lines, preferences
from .contest import ROUNDING, Contest, Effort, scarcity

COUNT_STEPS: Final = 2000
"""Sets looked at to find how many can be on; sites with 30 members seldom need a tenth."""

FAIRNESS_STEPS: Final = 2500
"""Sets looked at to find the fairest of those; the same holds."""

MOST_TIES: Final = 32
"""Equally good sets that are followed further."""


class _Branching:
    """Deciding rival after rival, undoing what leads nowhere: branch and bound."""

    def __init__(self, contest: Contest, order: Sequence[int], least_a: Sequence[float]) -> None:
        self.contest = contest
        self.order = order
        self.lines = Lines(contest, order, least_a)
        self.chosen: list[int] = []
        self._better, self._worse = preferences(contest, order)
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
    on = _exchanged(contest, on, effort)
    while True:
        search = _Fairness(contest, on, effort)
        if not search.run():
            return search.best
        on = search.best[0]


def _exchanged(contest: Contest, on: Sequence[int], effort: Effort) -> list[int]:
    """Return a set that no exchange of one for another of its class makes fairer."""
    best = list(on)
    levels = contest.levels(best)
    improved = True
    while improved:
        improved = False
        for other in _exchanges(contest, best):
            if not effort.spend():
                return best
            if (theirs := contest.levels(other)) > levels:
                best, levels = other, theirs
                improved = True
                break
    return best


def _exchanges(contest: Contest, on: Sequence[int]) -> Iterator[list[int]]:
    """Return the sets that fit and have one other candidate of the same class in them."""
    rows = contest.rows
    left_a = rows.capacity_a.copy()
    for candidate in on:
        rows.take(left_a, candidate, rows.min_a[candidate])
    rivals = set(contest.rivals)
    others = sorted(rivals.difference(on))
    for leaving in sorted(rivals.intersection(on)):
        rows.take(left_a, leaving, -rows.min_a[leaving])
        for joining in others:
            alike = contest.kind[joining] == contest.kind[leaving]
            if alike and not rows.too_small(left_a, joining, rows.min_a[joining]):
                yield [*(candidate for candidate in on if candidate != leaving), joining]
        rows.take(left_a, leaving, rows.min_a[leaving])
