"""The most of the sun that a car can take which charges with its least current at any rate."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.yearly.optimum import Stay
from benchmarks.yearly.trace import Floats

_JOULES_PER_WH: Final = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumOptimum:
    """What is best where the least current always flows.

    Attributes:
        solar_wh: The most solar energy that can be charged.
        imported_wh: The least that has to be imported with it.
    """

    solar_wh: float
    imported_wh: float


def most_solar_above_minimum(
    stay: Stay, surplus_w: Floats, *, least_a: float = 6.0
) -> MinimumOptimum:
    """Return the most that can be had: following the surplus until the car is full.

    To take more than the surplus, above the least, would only fill the car sooner by the grid, and
    less would leave sun that cannot come back.

    Args:
        stay: The car.
        surplus_w: What is left of the sun without it, by the second of the day.
        least_a: The least current that it charges with.
    """
    least_w, most_w = least_a * stay.watts_per_amp, stay.most_a * stay.watts_per_amp
    from_s, until_s = round(stay.from_s), min(round(stay.until_s), len(surplus_w))
    if until_s <= from_s or most_w < least_w:
        return MinimumOptimum(solar_wh=0.0, imported_wh=0.0)
    surplus = surplus_w[from_s:until_s]
    drawn = np.clip(surplus, least_w, most_w)
    before_wh = (np.cumsum(drawn) - drawn) / _JOULES_PER_WH
    # Of the second in which it is full, the part that is still wanted.
    share = np.clip((stay.wanted_wh - before_wh) * _JOULES_PER_WH / drawn, 0.0, 1.0)
    solar_wh = float((np.minimum(surplus, drawn) * share).sum()) / _JOULES_PER_WH
    taken_wh = float((drawn * share).sum()) / _JOULES_PER_WH
    return MinimumOptimum(solar_wh=solar_wh, imported_wh=taken_wh - solar_wh)
