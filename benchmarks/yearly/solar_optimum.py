"""The most of the sun that one car could have taken with perfect foresight.

The reference knows the whole day beforehand, and keeps to what binds the pool:

- the car draws what it makes of a grant, and a grant is 0 or a step of the device from its least
  current on, on the phases that the car uses (I3);
- a grant stands for `STRETCH_S`, as often as a device may be written to for long (SR-6);
- a run lasts 10 minutes at least and a pause 5 (SR-14), so that no more than 4 starts fall within
  an hour; the stay's end may cut either short;
- of what is charged in the stay at most `MOST_IMPORT_SHARE` is import.

In its favour, delays are left out: of links, stations, cars and meters, and the car's taper. What is
returned is proven, not only found: import has a price, and whatever that is, the best course at it
is worth at least as much as the best one that keeps to the bound. Where a run as a whole is too much
import, that counts parts of a run; so no course is better, and the best one may be a little worse.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.yearly.optimum import Stay
from benchmarks.yearly.trace import Floats
from custom_components.ev_charger_pool.balancing.conduct import WRITE_REFILL_S
from custom_components.ev_charger_pool.balancing.turns import PAUSE_S, RUN_S
from custom_components.ev_charger_pool.pool.quantities import NOMINAL_VOLTAGE_V

STRETCH_S: Final = round(WRITE_REFILL_S)

MOST_IMPORT_SHARE: Final = 0.03
"""The bar for the share of the energy that may be imported."""

RUN: Final = round(RUN_S) // STRETCH_S
PAUSE: Final = round(PAUSE_S) // STRETCH_S
"""The least run and the least pause, in stretches."""

_PRICES: Final = (1e-3, 1e3)
"""Between them is the price of import that keeps it within its share."""

_BISECTIONS: Final = 24

_JOULES_PER_WH: Final = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarOptimum:
    """What was found.

    Attributes:
        solar_wh: No course charges more solar energy.
        found_wh: What the best course that was found charges of it; 0 without one.
        imported_wh: What that course imports.
        starts: How many starts it has.
    """

    solar_wh: float
    found_wh: float = 0.0
    imported_wh: float = 0.0
    starts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """The best course at a price of import."""

    worth_wh: float
    solar_wh: float
    imported_wh: float
    starts: int

    @property
    def keeps_to_share(self) -> bool:
        return self.imported_wh <= MOST_IMPORT_SHARE * (self.solar_wh + self.imported_wh)


def most_solar(stay: Stay, surplus_w: Floats, draws_a: Sequence[float]) -> SolarOptimum:
    """Return the most solar energy that can be charged in a stay.

    Args:
        stay: The car.
        surplus_w: What is left of the sun without it, by the second of the day.
        draws_a: What it draws at each grant that it can be given, amps per phase.
    """
    from_s, until_s = round(stay.from_s), min(round(stay.until_s), len(surplus_w))
    count = (until_s - from_s) // STRETCH_S
    if count <= 0 or not draws_a:
        return SolarOptimum(solar_wh=0.0)
    levels_w = np.asarray(draws_a) * NOMINAL_VOLTAGE_V * len(stay.phases)
    stretches = surplus_w[from_s : from_s + count * STRETCH_S].reshape(count, STRETCH_S)
    solar_wh = np.minimum(stretches[:, :, None], levels_w).sum(axis=1) / _JOULES_PER_WH
    imported_wh = levels_w * STRETCH_S / _JOULES_PER_WH - solar_wh
    course = _best_at(0.0, solar_wh, imported_wh)
    bound_wh, found = course.worth_wh, course if course.keeps_to_share else None
    low, high = _PRICES
    for _ in range(0 if found else _BISECTIONS):
        price = (low * high) ** 0.5
        course = _best_at(price, solar_wh, imported_wh)
        bound_wh = min(bound_wh, course.worth_wh)
        if course.keeps_to_share:
            high = price
            found = course if found is None or course.solar_wh > found.solar_wh else found
        else:
            low = price
    best = SolarOptimum(solar_wh=min(bound_wh, stay.wanted_wh))
    if found is None or found.solar_wh + found.imported_wh > stay.wanted_wh:
        return best
    return SolarOptimum(
        solar_wh=best.solar_wh,
        found_wh=found.solar_wh,
        imported_wh=found.imported_wh,
        starts=found.starts,
    )


def _best_at(price: float, solar_wh: Floats, imported_wh: Floats) -> _Course:
    """Return the best course where import beyond its share costs so much.

    Dynamic programming over the stretches: `on` and `off` are the best that leads to a time after
    which it may be switched. A start leads `RUN` stretches ahead, a stop `PAUSE`.

    Args:
        price: Solar energy that is given for import.
        solar_wh: By stretch and grant.
        imported_wh: The same.
    """
    share = MOST_IMPORT_SHARE
    worth = solar_wh * (1.0 + price * share) - imported_wh * price * (1.0 - share)
    chosen = worth.argmax(axis=1)
    count = len(chosen)
    rows = np.arange(count)
    sums = [0.0, *np.cumsum(worth[rows, chosen]).tolist()]
    on, off = [-np.inf] * (count + 1), [0.0] * (count + 1)
    started, stopped = [False] * (count + 1), [False] * (count + 1)
    for end in range(1, count + 1):
        on[end] = on[end - 1] + sums[end] - sums[end - 1]
        off[end] = off[end - 1]
        if end >= RUN and off[end - RUN] + sums[end] - sums[end - RUN] > on[end]:
            on[end] = off[end - RUN] + sums[end] - sums[end - RUN]
            started[end] = True
        if end >= PAUSE and on[end - PAUSE] > off[end]:
            off[end] = on[end - PAUSE]
            stopped[end] = True
    best, runs = _traced(on, off, sums, started, stopped)
    taken = [(rows[begin:end], chosen[begin:end]) for begin, end in runs]
    return _Course(
        worth_wh=best,
        solar_wh=float(sum(solar_wh[place].sum() for place in taken)),
        imported_wh=float(sum(imported_wh[place].sum() for place in taken)),
        starts=len(runs),
    )


def _traced(
    on: Sequence[float],
    off: Sequence[float],
    sums: Sequence[float],
    started: Sequence[bool],
    stopped: Sequence[bool],
) -> tuple[float, list[tuple[int, int]]]:
    """Return what the best course is worth, and from where to where its runs last."""
    count = len(sums) - 1
    # The stay's end cuts a run or a pause short.
    by_run, run_from = max(
        (off[at] + sums[count] - sums[at], at) for at in range(max(0, count - RUN), count)
    )
    by_end, ended = max((on[at], at) for at in range(max(0, count - PAUSE), count + 1))
    runs: list[tuple[int, int]] = []
    best, at, is_on = off[count], count, False
    if by_end > best:
        best, at, is_on = by_end, ended, True
    if by_run > best:
        best, at, is_on = by_run, run_from, False
        runs.append((run_from, count))
    until = at
    while at > 0:
        if is_on and started[at]:
            at -= RUN
            is_on = False
            runs.append((at, until))
        elif not is_on and stopped[at]:
            at -= PAUSE
            is_on, until = True, at
        else:
            at -= 1
    return best, runs
