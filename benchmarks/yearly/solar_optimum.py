"""The most of the sun that one car could have taken with perfect foresight, by integer programming.

Each minute the car is on or off. While it is on it follows the surplus second by second, within
its least and its most; what its least takes above the surplus is imported. Imports and starts are
bounded as the strategies are.
"""

from dataclasses import dataclass
import math

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_matrix

from benchmarks.yearly.optimum import NoOptimumError, Stay
from benchmarks.yearly.trace import Floats

MINUTE_S = 60

MOST_IMPORT_SHARE = 0.03
"""The bar for the share of the energy that may be imported."""

MOST_STARTS_PER_HOUR = 4
"""The bar for starts."""

_GAP = 0.005
"""The search ends once no solution can be better than the best by more than this share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarOptimum:
    """What the solver found.

    Attributes:
        solar_wh: The most solar energy that can be charged: what was proven, not only found.
        starts: How many starts the best solution has.
    """

    solar_wh: float
    starts: int


def most_solar(
    stay: Stay, surplus_w: Floats, *, least_a: float = 6.0, seconds_to_prove: float = 5.0
) -> SolarOptimum:
    """Return the most solar energy that can be charged in a stay.

    Args:
        stay: The car.
        surplus_w: What is left of the sun without it, by the second of the day.
        least_a: The least current that it charges with.
        seconds_to_prove: How long the solver may search.

    Raises:
        NoOptimumError: The solver failed.
    """
    least_w, most_w = least_a * stay.watts_per_amp, stay.most_a * stay.watts_per_amp
    from_s, until_s = round(stay.from_s), min(round(stay.until_s), len(surplus_w))
    minutes = math.ceil((until_s - from_s) / MINUTE_S)
    if minutes <= 0 or most_w < least_w:
        return SolarOptimum(solar_wh=0.0, starts=0)
    there = np.zeros(minutes * MINUTE_S)
    there[: until_s - from_s] = 1.0
    surplus = np.zeros(minutes * MINUTE_S)
    surplus[: until_s - from_s] = surplus_w[from_s:until_s]
    solar = (np.minimum(surplus, most_w) * there).reshape(minutes, MINUTE_S).sum(axis=1) / 3600.0
    imported = (np.maximum(least_w - surplus, 0.0) * there).reshape(minutes, MINUTE_S)
    return _solve(solar, imported.sum(axis=1) / 3600.0, stay.wanted_wh, seconds_to_prove)


def _solve(
    solar_wh: Floats, imported_wh: Floats, wanted_wh: float, seconds_to_prove: float
) -> SolarOptimum:
    """Choose the minutes that are on.

    Variables: whether a minute is on, whether it starts, and how much solar energy is left out
    because the car is full before.
    """
    count = len(solar_wh)
    hours = max(0, count - 60)
    matrix = lil_matrix((count + hours + 3, 2 * count + 1))
    lower, upper = np.full(count + hours + 3, -np.inf), np.zeros(count + hours + 3)
    for minute in range(count):
        # A start is where it was off before.
        matrix[minute, minute] = 1.0
        matrix[minute, count + minute] = -1.0
        if minute:
            matrix[minute, minute - 1] = -1.0
    for hour in range(hours + 1):
        matrix[count + hour, count + hour : count + min(hour + 60, count)] = 1.0
        upper[count + hour] = MOST_STARTS_PER_HOUR
    share = MOST_IMPORT_SHARE
    row = count + hours + 1
    matrix[row, :count] = (1.0 - share) * imported_wh - share * solar_wh
    matrix[row, 2 * count] = share
    matrix[row + 1, :count] = solar_wh + imported_wh
    matrix[row + 1, 2 * count] = -1.0
    upper[row + 1] = wanted_wh
    worth = np.concatenate([-solar_wh, np.zeros(count), [1.0]])
    result = milp(
        worth,
        constraints=LinearConstraint(matrix.tocsr(), lower, upper),
        integrality=np.concatenate([np.ones(count), np.zeros(count + 1)]),
        bounds=Bounds(
            np.zeros(2 * count + 1),
            np.concatenate([np.ones(2 * count), [float(solar_wh.sum()) + 1.0]]),
        ),
        options={"time_limit": seconds_to_prove, "mip_rel_gap": _GAP},
    )
    if result.x is None:
        raise NoOptimumError(result.message)
    proven = -float(result.mip_dual_bound)
    return SolarOptimum(solar_wh=proven, starts=round(float(result.x[count : 2 * count].sum())))
