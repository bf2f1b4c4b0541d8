"""SR-13: what a DC supply costs on the AC side."""

from typing import Final

from ..pool.members import MemberSettings
from ..pool.quantities import LOWEST_VOLTAGE_V, NOMINAL_VOLTAGE_V

WORST_EFFICIENCY: Final = 0.85
WORST_POWER_FACTOR: Final = 0.95
"""What a supply may lose and shift until its AC side is measured."""

START_SPACING_S: Final = 10.0
"""Supplies start one after the other: each charges its capacitors first."""

LEAST_COST: Final = (
    WORST_EFFICIENCY * WORST_POWER_FACTOR * LOWEST_VOLTAGE_V / (1.1 * NOMINAL_VOLTAGE_V)
)
"""The least a DC watt may cost, as a share of the most: no losses at 10 % over nominal voltage."""


def current_of_power(settings: MemberSettings, power_w: float) -> float:
    """Return the most amps per phase that a DC power may cost on the AC side."""
    if settings.watts_per_amp is None:
        return power_w / (LOWEST_VOLTAGE_V * len(settings.phases))
    return power_w / settings.watts_per_amp
