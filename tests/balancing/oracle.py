"""The best possible allocation, proven by integer programming: the judge of the allocator.

It shares no code with the allocator. A site is restated as a packing problem, and what is best is
told by one lexicographic list of goals:

* `min_first`: how many are on, class by class (a class is a tier, within it who is owed more
  first); then leximin of the levels, tier by tier;
* `strict`: for each tier in turn how many are on, class by class, and then leximin of its levels.

A level is amps per used phase divided by weight, on the continuous relaxation: amps between the
smallest and the largest step of the demand, given who is on. Who is on decides everything, since
the levels then follow from exact water filling (`packing.amps_of`, in rational numbers).

`solve` finds the best set: each count by one integer programme, and leximin by asking for a better
vector. With levels v1 <= v2 <= ... sorted and one block of equal levels ending at position e, a
vector that first improves inside that block has at least as many candidates at each of the levels
up to the block's as v has, and all but e - 1 of them above it; and any vector like that is better.
That is a question about binary variables only, for amps may be taken as low as the levels ask.
When no block can be improved by more than `FINEST`, the vector is proven to be the best.

`solve_by_force` tries every set, for small sites, as the judge of the judge.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array

from custom_components.ev_charger_pool.balancing.contract import Sharing

from .packing import Levels, Packing, Worth, amps_of, worth_of

FINEST = 1e-4
"""Levels closer than this count as equal when a better vector is asked for."""

LP_SLACK = 1e-7
"""Amps by which linear programmes may miss a bound."""

SLACK = 1e-6
"""Amps by which the integer programme may exceed a capacity; what it finds is checked exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """The best set of candidates.

    Attributes:
        on: The candidates that are on.
        worth: What it is worth.
        proven: Whether it is proven that there is none better.
    """

    on: frozenset[int]
    worth: Worth
    proven: bool


def solve_by_force(packing: Packing) -> Optimum:
    """Find the best set by trying all of them."""
    everybody = range(len(packing.candidates))
    worths = (
        (worth, frozenset(on))
        for count in range(len(packing.candidates) + 1)
        for on in combinations(everybody, count)
        if packing.fits_at_minimum(on) and (worth := worth_of(packing, frozenset(on))) is not None
    )
    worth, on = max(worths, key=lambda found: found[0])
    return Optimum(on=on, worth=worth, proven=True)


def solve(
    packing: Packing, *, hint: frozenset[int] = frozenset(), seconds: float = 20.0
) -> Optimum:
    """Find the best set by integer programming.

    Args:
        packing: The site.
        hint: A set that may be good: it shortens the search and cannot change what is proven.
        seconds: The most that each integer programme may take.
    """
    return _Search(packing, hint, seconds).run()


class _Search:
    """The goals reached so far, as constraints on who is on."""

    def __init__(self, packing: Packing, hint: frozenset[int], seconds: float) -> None:
        self._packing = packing
        self._seconds = seconds
        self._counts: list[tuple[frozenset[int], int]] = []
        self._levels: list[tuple[int, Levels]] = []
        self._proven = True
        self._best: frozenset[int] = frozenset()
        self._hint = hint

    def run(self) -> Optimum:
        """Reach the goals one after the other."""
        packing = self._packing
        tiers = packing.tiers
        if packing.sharing is Sharing.MIN_FIRST:
            for tier in tiers:
                self._maximise_counts(tier)
            for tier in tiers:
                self._maximise_levels(tier, tiers)
        else:
            for position, tier in enumerate(tiers):
                self._maximise_counts(tier)
                self._maximise_levels(tier, tiers[: position + 1])
        worth = worth_of(packing, self._best)
        assert worth is not None
        return Optimum(on=self._best, worth=worth, proven=self._proven)

    def _maximise_counts(self, tier: int) -> None:
        """Have as many on as possible, class by class."""
        for members in self._packing.classes(tier):
            programme = _Programme(self._packing, self._counts, self._levels)
            found = programme.most_of(members, self._seconds)
            if found is None or not self._is_as_good(found):
                self._proven = False
                found = self._best
            self._best = found
            self._counts.append((members, len(found & members)))

    def _is_as_good(self, on: frozenset[int]) -> bool:
        """Whether a set keeps, in exact numbers, what was reached."""
        if not self._packing.fits_at_minimum(on):
            return False
        return all(len(on & members) >= count for members, count in self._counts) and all(
            self._levels_of(on, tier) >= levels for tier, levels in self._levels
        )

    def _levels_of(self, on: frozenset[int], tier: int) -> Levels:
        """Return the sorted levels of a tier, with `strict` as if the later tiers were off."""
        packing = self._packing
        if packing.sharing is Sharing.STRICT:
            on = frozenset(i for i in on if packing.candidates[i].tier <= tier)
        amps = amps_of(packing, on)
        if amps is None:
            return ()
        chosen = (i for i in on if packing.candidates[i].tier == tier)
        return tuple(sorted(amps[i] / packing.candidates[i].weight for i in chosen))

    def _maximise_levels(self, tier: int, reached: Sequence[int]) -> None:
        """Have the leximin best levels of a tier."""
        kept = frozenset(i for i in self._hint if self._packing.candidates[i].tier in reached)
        if self._is_as_good(kept) and self._levels_of(kept, tier) > self._levels_of(
            self._best, tier
        ):
            self._best = kept
        levels = self._levels_of(self._best, tier)
        position = 0
        while position < len(levels):
            programme = _Programme(self._packing, self._counts, self._levels)
            found = programme.better(tier, levels, levels[position], self._seconds)
            if found is None:
                self._proven = False
            elif found:
                on = frozenset(found)
                if self._is_as_good(on) and self._levels_of(on, tier) > levels:
                    self._best, levels = on, self._levels_of(on, tier)
                    position = 0
                    continue
                self._proven = False
            position += sum(1 for level in levels if level == levels[position])
        self._levels.append((tier, levels))


class _Programme:
    """One question to the integer programme: binary variables, rows of constraints."""

    def __init__(
        self,
        packing: Packing,
        counts: Sequence[tuple[frozenset[int], int]],
        levels: Sequence[tuple[int, Levels]],
    ) -> None:
        self._packing = packing
        self._size = len(packing.candidates)
        self._loads: list[list[tuple[int, float]]] = [[] for _ in packing.capacities]
        self._constraints: list[tuple[list[tuple[int, float]], float]] = []
        self._forbidden: set[int] = set()
        self._top = [c.least for c in packing.candidates]
        self._last = list(range(self._size))
        for i, candidate in enumerate(packing.candidates):
            for row, cost in candidate.loads:
                self._loads[row].append((i, float(cost * candidate.least)))
        for members, count in counts:
            self._at_least([(i, 1.0) for i in members], count)
        for tier, vector in levels:
            for level in sorted(set(vector)):
                self._reach(tier, level, sum(1 for other in vector if other >= level))

    def most_of(self, members: frozenset[int], seconds: float) -> frozenset[int] | None:
        """Return a set with the most of these members; None when that is not proven in time."""
        objective = [(i, -1.0) for i in members]
        return self._ask(objective, seconds)

    def better(
        self, tier: int, vector: Levels, level: Fraction, seconds: float
    ) -> frozenset[int] | None:
        """Return a set that improves the block at this level, empty when there is provably none.

        None stands for an answer that was not found in time.
        """
        for step in sorted({other for other in vector if other <= level}):
            self._reach(tier, step, sum(1 for other in vector if other >= step))
        beyond = sum(1 for other in vector if other > level)
        self._reach(tier, level + Fraction(FINEST), beyond + 1)
        return self._ask([], seconds)

    def _reach(self, tier: int, level: Fraction, count: int) -> None:
        """Demand that at least `count` candidates of a tier reach a level."""
        reaching = []
        for i, candidate in enumerate(self._packing.candidates):
            if candidate.tier != tier:
                continue
            amps = level * candidate.weight
            variable = self._size
            self._size += 1
            reaching.append((variable, 1.0))
            if amps > candidate.most:
                self._forbidden.add(variable)
                continue
            self._at_least([(self._last[i], 1.0), (variable, -1.0)], 0.0)
            more = max(amps, self._top[i]) - self._top[i]
            for row, cost in candidate.loads:
                self._loads[row].append((variable, float(cost * more)))
            self._top[i] += more
            self._last[i] = variable
        self._at_least(reaching, count)

    def _at_least(self, terms: list[tuple[int, float]], bound: float) -> None:
        self._constraints.append((terms, bound))

    def _ask(self, objective: list[tuple[int, float]], seconds: float) -> frozenset[int] | None:
        if not self._packing.candidates:
            return frozenset()
        cost = np.zeros(self._size)
        for variable, factor in objective:
            cost[variable] = factor
        upper = np.ones(self._size)
        upper[sorted(self._forbidden)] = 0.0
        caps = np.array([float(cap) + SLACK for cap in self._packing.capacities])
        floors = np.array([bound for _, bound in self._constraints])
        constraints = [LinearConstraint(self._matrix(self._loads), -np.inf, caps)]
        if self._constraints:
            terms = self._matrix([terms for terms, _ in self._constraints])
            constraints.append(LinearConstraint(terms, floors, np.inf))
        answer = milp(
            cost,
            integrality=np.ones(self._size, dtype=np.int64),
            bounds=Bounds(0.0, upper),
            constraints=constraints,
            options={"time_limit": seconds, "mip_rel_gap": 0.0},
        )
        if answer.status == 2:  # proven infeasible
            return frozenset()
        if answer.status != 0:
            return None
        return frozenset(i for i in range(len(self._packing.candidates)) if answer.x[i] > 0.5)

    def _matrix(self, rows: Sequence[list[tuple[int, float]]]) -> csr_array:
        lines = [line for line, terms in enumerate(rows) for _ in terms]
        columns = [variable for terms in rows for variable, _ in terms]
        factors = [factor for terms in rows for _, factor in terms]
        return csr_array((factors, (lines, columns)), shape=(len(rows), self._size))


def amps_by_lp(packing: Packing, on: frozenset[int]) -> list[float]:
    """Share among a set that fits by linear programmes: the judge of `amps_of`.

    Round after round the lowest level of those of a tier that are still free is raised as far as
    it goes; who cannot be above it then stays there.
    """
    low = [float(c.least) if i in on else 0.0 for i, c in enumerate(packing.candidates)]
    high = [float(c.most) if i in on else 0.0 for i, c in enumerate(packing.candidates)]
    if packing.sharing is Sharing.STRICT:
        low = [0.0] * len(low)
    for tier in packing.tiers:
        free = {i for i in on if packing.candidates[i].tier == tier}
        for i in free:
            low[i] = float(packing.candidates[i].least)
        while free:
            level = _lowest_level(packing, low, high, free)
            for i in free:
                low[i] = max(low[i], level * float(packing.candidates[i].weight) - LP_SLACK)
            stuck = {
                i
                for i in free
                if _lowest_level(packing, low, high, {i})
                <= max(level, low[i] / float(packing.candidates[i].weight)) + 10 * LP_SLACK
                and low[i] <= level * float(packing.candidates[i].weight)
            }
            for i in stuck:
                high[i] = low[i] = max(low[i], level * float(packing.candidates[i].weight))
            free -= stuck
            assert stuck
    return low


def _lowest_level(
    packing: Packing, low: Sequence[float], high: Sequence[float], members: Iterable[int]
) -> float:
    """Return how high the lowest level of these members can be."""
    size = len(packing.candidates)
    limits = np.zeros((len(packing.capacities), size + 1))
    for i, candidate in enumerate(packing.candidates):
        for row, cost in candidate.loads:
            limits[row, i] += cost
    raised = [
        [
            float(packing.candidates[i].weight) if column == size else -float(column == i)
            for column in range(size + 1)
        ]
        for i in members
    ]
    answer = linprog(
        np.eye(size + 1)[size] * -1.0,
        A_ub=np.vstack([limits, *raised]),
        b_ub=[float(cap) + LP_SLACK for cap in packing.capacities] + [0.0] * len(raised),
        bounds=[*zip(low, high, strict=True), (0.0, None)],
    )
    assert answer.status == 0, answer.message
    assert answer.x is not None
    return float(answer.x[size])
