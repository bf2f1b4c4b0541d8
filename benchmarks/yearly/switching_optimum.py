"""The most of the sun that one car could have taken at a station that switches its phases.

What binds the pool binds the reference, as without switching (`solar_optimum`): stretches, runs,
pauses, the share of import. A run may change from one to all phases and back; between two changes,
and between a start and a change, as much time passes as in a run (the budget of switches). In its
favour each change takes no time, and so do links, stations, cars and meters; changes per hour are
not counted, and those in a pause are free.

It is proven as there: at each price of import the best course is worth at least as much as the best
that keeps to the bound, so the least of these worths is no less than what any course charges.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.yearly.optimum import Stay
from benchmarks.yearly.solar_optimum import MOST_IMPORT_SHARE, PAUSE, RUN, STRETCH_S
from benchmarks.yearly.trace import Floats

_PRICES: Final = (-3.0, 3.0)
"""Decimal powers between which the price lies at which the bound is least."""

_SECTIONS: Final = 16
_GOLDEN: Final = (5.0**0.5 - 1.0) / 2.0

_JOULES_PER_WH: Final = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretches:
    """What each stretch brings at each level of power of one choice of phases."""

    solar_wh: Floats
    imported_wh: Floats

    def worth_at(self, price: float) -> Floats:
        """Return the best that each stretch is worth where import beyond its share costs so much."""
        share = MOST_IMPORT_SHARE
        paid = self.solar_wh * (1.0 + price * share) - self.imported_wh * price * (1.0 - share)
        return np.asarray(paid.max(axis=1))


def most_solar_switching(
    stay: Stay, surplus_w: Floats, levels_w: Sequence[Sequence[float]]
) -> float:
    """Return watt-hours of the sun that no course exceeds.

    Args:
        stay: The car.
        surplus_w: What is left of the sun without it, by the second of the day.
        levels_w: What it can draw in watts, for each choice of phases.
    """
    from_s, until_s = round(stay.from_s), min(round(stay.until_s), len(surplus_w))
    count = (until_s - from_s) // STRETCH_S
    if count <= 0:
        return 0.0
    surplus = surplus_w[from_s : from_s + count * STRETCH_S].reshape(count, STRETCH_S)
    kinds = [_stretches(surplus, np.asarray(levels)) for levels in levels_w if levels]
    if not kinds:
        return 0.0

    def bound_wh(power: float) -> float:
        return _best([kind.worth_at(10.0**power).tolist() for kind in kinds])

    least_wh = min(stay.wanted_wh, _best([kind.worth_at(0.0).tolist() for kind in kinds]))
    # The bound is convex in the price: a golden section finds where it is least.
    low, high = _PRICES
    for _ in range(_SECTIONS):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        left_wh, right_wh = bound_wh(left), bound_wh(right)
        least_wh = min(least_wh, left_wh, right_wh)
        low, high = (low, right) if left_wh < right_wh else (left, high)
    return least_wh


def _stretches(surplus: Floats, levels_w: Floats) -> _Stretches:
    solar_wh = np.minimum(surplus[:, :, None], levels_w).sum(axis=1) / _JOULES_PER_WH
    return _Stretches(
        solar_wh=solar_wh, imported_wh=levels_w * STRETCH_S / _JOULES_PER_WH - solar_wh
    )


def _best(worth: Sequence[Sequence[float]]) -> float:
    """Return what the best course is worth, by dynamic programming over the stretches.

    By the end of each stretch: `off`, free to start; `on`, on some phases and free to stop or
    change; `fresh`, changed lately: it may stop, and not change again. What the stay's end cuts
    short counts with what it brought by then.
    """
    count, kinds = len(worth[0]), range(len(worth))
    sums = [[0.0] for _ in kinds]
    for kind in kinds:
        for value in worth[kind]:
            sums[kind].append(sums[kind][-1] + value)
    none = float("-inf")
    off = [0.0] * (count + 1)
    on = [[none] * (count + 1) for _ in kinds]
    fresh = [[none] * (count + 1) for _ in kinds]
    any_on = [[none] * (count + 1) for _ in kinds]
    for end in range(1, count + 1):
        began = end - RUN
        for kind in kinds:
            so_far = sums[kind]
            more = so_far[end] - so_far[end - 1]
            fresh[kind][end] = more + max(
                fresh[kind][end - 1],
                *(on[other][end - 1] for other in kinds if other != kind),
                none,
            )
            on[kind][end] = on[kind][end - 1] + more
            if began >= 0:
                before = max(
                    off[began], *(on[other][began] for other in kinds if other != kind), none
                )
                on[kind][end] = max(on[kind][end], before + so_far[end] - so_far[began])
            any_on[kind][end] = max(on[kind][end], fresh[kind][end])
        off[end] = off[end - 1]
        if end >= PAUSE:
            off[end] = max(off[end], *(any_on[kind][end - PAUSE] for kind in kinds))
    by_end = max(
        any_on[kind][at] for kind in kinds for at in range(max(0, count - PAUSE), count + 1)
    )
    by_run = max(
        off[at] + sums[kind][count] - sums[kind][at]
        for kind in kinds
        for at in range(max(0, count - RUN), count)
    )
    return max(off[count], by_end, by_run)
