"""Who is on when not everybody fits at minimum."""

from collections.abc import Iterable, Sequence
from itertools import islice, product
from typing import Final

from .contest import Contest, Effort, scarcity, shortages
from .rows import Rows
from .search import MOST_TIES, fairest, most

LARGEST_CONTEST: Final = 40
"""Rivals among whom the best set is searched as a whole."""

WINDOW: Final = 16
"""Rivals that are decided anew together where there are more."""

WINDOW_STEPS: Final = 2500
"""Sets looked at in the windows of one contest; a step costs more the more members there are."""


def admit(
    rows: Rows, candidates: Sequence[int], left_a: Sequence[float], effort: Effort
) -> list[list[int]]:
    """Return who is on: the best sets that were found, several when they are equally good.

    Whoever competes, directly or through others, is looked at together; the rest is independent
    of it. The scarcity order gives a first answer that no addition can improve: class by class,
    cheapest first, where a minimum costs what it takes of rows that many want. Then the best set
    is searched: the whole of a contest where that is feasible, else window after window of
    rivals that are near to each other, all others staying as they are.

    Args:
        rows: The capacities.
        candidates: Who may be on.
        left_a: What is left of each row for them.
        effort: How long to search.
    """
    if not shortages(rows, candidates, left_a):
        return [list(candidates)]
    answers: list[list[list[int]]] = []
    for members in _contests(rows, candidates, left_a):
        contest = Contest(rows.part(members, left_a))
        on = _by_scarcity(contest)
        if not contest.rivals:
            found = [on]
        elif len(contest.rivals) <= LARGEST_CONTEST:
            found = _best(contest, on, effort)
        else:
            found = [_by_windows(contest, on, effort)]
        answers.append([[members[candidate] for candidate in sorted(one)] for one in found])
    return [
        [candidate for part in parts for candidate in part]
        for parts in islice(product(*answers), MOST_TIES)
    ]


def _contests(rows: Rows, candidates: Sequence[int], left_a: Sequence[float]) -> list[list[int]]:
    """Return the candidates that share rows which they could fill, set by set."""
    loads = rows.loads_a((candidate, rows.max_a[candidate]) for candidate in candidates)
    root = list(range(len(rows.group_rows)))

    def find(group: int) -> int:
        while root[group] != group:
            root[group] = root[root[group]]
            group = root[group]
        return group

    for groups, load, left in zip(rows.row_groups, loads, left_a, strict=True):
        if load > left:
            for group in groups[1:]:
                root[find(group)] = find(groups[0])
    contests: dict[int, list[int]] = {}
    for candidate in candidates:
        contests.setdefault(find(rows.group[candidate]), []).append(candidate)
    return list(contests.values())


def _by_scarcity(contest: Contest) -> list[int]:
    """Return a set to which nobody can be added, by the scarcity order."""
    rows = contest.rows
    cost = scarcity(rows, range(len(rows.demands)), rows.capacity_a)
    order = sorted(contest.rivals, key=lambda c: (contest.kind[c], cost[c], c))
    return _add(contest, contest.safe, order)


def _best(contest: Contest, on: Sequence[int], effort: Effort) -> list[list[int]]:
    """Return the best sets of a contest that were found, starting from one."""
    on = _completed(contest, most(contest, on, effort))
    while True:
        found = fairest(contest, on, effort)
        # Where the search for the most was given up, a fairer set may have room for one more.
        more = (fuller for one in found if len(fuller := _completed(contest, one)) > len(one))
        bigger = next(more, None)
        if bigger is None:
            return found
        on = bigger


def _completed(contest: Contest, on: Sequence[int]) -> list[int]:
    """Return the set with everybody who fits beside it."""
    others = sorted(set(contest.rivals).difference(on), key=lambda c: (contest.kind[c], c))
    return _add(contest, on, others)


def _add(contest: Contest, on: Sequence[int], others: Iterable[int]) -> list[int]:
    """Return the set with those of the others, one after the other, who fit beside it."""
    rows = contest.rows
    left_a = rows.capacity_a.copy()
    for candidate in on:
        rows.take(left_a, candidate, rows.min_a[candidate])
    added = list(on)
    for candidate in others:
        if not rows.too_small(left_a, candidate, rows.min_a[candidate]):
            rows.take(left_a, candidate, rows.min_a[candidate])
            added.append(candidate)
    return added


def _by_windows(contest: Contest, on: Sequence[int], effort: Effort) -> list[int]:
    """Improve a set window by window, until a round brings nothing or the effort is spent."""
    rows = contest.rows
    chosen = set(on)
    left_a = rows.capacity_a.copy()
    for candidate in on:
        rows.take(left_a, candidate, rows.min_a[candidate])
    nearby = sorted(contest.rivals, key=lambda c: (rows.loaded(c), c))
    enough = effort.steps - WINDOW_STEPS
    improved = True
    while improved and effort.steps > enough and effort.spend():
        improved = False
        for start in range(0, len(nearby), WINDOW // 2):
            window = sorted(nearby[start : start + WINDOW])
            before = [candidate for candidate in window if candidate in chosen]
            if len(before) == len(window) or effort.steps <= enough or not effort.spend():
                continue
            for candidate in before:
                rows.take(left_a, candidate, -rows.min_a[candidate])
            after = _best_of(rows, window, before, left_a, effort)
            for candidate in after:
                rows.take(left_a, candidate, rows.min_a[candidate])
            if after != before:
                improved = True
                chosen.difference_update(before)
                chosen.update(after)
    return _completed(contest, sorted(chosen))


def _best_of(
    rows: Rows,
    window: Sequence[int],
    before: Sequence[int],
    left_a: Sequence[float],
    effort: Effort,
) -> list[int]:
    """Return who of a window is best on, all others staying as they are; `before` if as good."""
    contest = Contest(rows.part(window, left_a))
    start = _completed(contest, [window.index(candidate) for candidate in before])
    on = _best(contest, start, effort)[0]
    return [window[candidate] for candidate in sorted(on)]
