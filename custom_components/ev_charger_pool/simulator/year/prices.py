"""Day-ahead prices with a spiky shape, by the hour or the quarter of an hour."""

from collections.abc import Sequence
from dataclasses import dataclass
import math
from random import Random
from typing import Final

from ..cars import happens

LEAST_PER_KWH: Final = 0.06
"""Fees and taxes keep what a household pays above this, whatever the exchange says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Prices in money per kWh, one per slot from the start of the simulation on."""

    slot_s: float
    per_kwh: Sequence[float]

    def at(self, now_s: float) -> float:
        """Return the price at a time in seconds from the start, which is within the series."""
        return self.per_kwh[int(now_s // self.slot_s)]


def draw_prices(rng: Random, *, day: int, from_hour: float, hours: float) -> Prices:
    """Draw the prices from an hour of a day of the year on.

    Two peaks, a dip at noon that the sun digs in summer, a windy or a calm night, chance in each
    slot, and on some days a spike.
    """
    slot_s = rng.choice((900.0, 3_600.0))
    summer = 0.5 - 0.5 * math.cos(2.0 * math.pi * (day - 5) / 365.0)
    level = rng.uniform(0.05, 0.13)
    wind = rng.uniform(-0.05, 0.02)
    spike_hour = rng.uniform(17.0, 20.5) if happens(rng, 0.15) else None
    spike = rng.uniform(0.2, 0.6)
    prices = []
    for number in range(math.ceil(hours * 3_600.0 / slot_s)):
        hour = (from_hour + (number + 0.5) * slot_s / 3_600.0) % 24.0
        price = level + 0.16
        price += 0.07 * _bump(hour, 7.8, 1.3) + 0.12 * _bump(hour, 18.8, 1.8)
        price -= 0.13 * summer * _bump(hour, 13.2, 2.4)
        price += wind * (_bump(hour, 2.5, 3.0) + _bump(hour, 26.5, 3.0))
        if spike_hour is not None:
            price += spike * _bump(hour, spike_hour, 0.5)
        price += rng.gauss(0.0, 0.008)
        prices.append(round(max(price, LEAST_PER_KWH), 5))
    return Prices(slot_s=slot_s, per_kwh=tuple(prices))


def _bump(hour: float, centre: float, width: float) -> float:
    return math.exp(-(((hour - centre) / width) ** 2) / 2.0)
