"""Vehicles: what is known of one, and how much energy it needs."""

from dataclasses import dataclass
from typing import Final

type VehicleId = str

DEFAULT_EFFICIENCY: Final = 0.9
"""Share of what a charger delivers that reaches the battery, where the user knows no better.

On-board chargers lose about 10 % of what they take from AC, more at small currents.
"""

FULL: Final = 100.0
"""A full battery, percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """What is known of a vehicle; states of charge are percents.

    Attributes:
        id: Stable over restarts.
        capacity_wh: What its battery holds between 0 and 100 %; None: unknown.
        limit_soc: The car stops by itself here.
        max_current_a: The most it takes per phase; None: unknown.
        phases: How many phases it charges with; None: unknown.
        efficiency: Share of what the charger delivers that reaches the battery.
    """

    id: VehicleId
    capacity_wh: float | None = None
    limit_soc: float = FULL
    max_current_a: float | None = None
    phases: int | None = None
    efficiency: float = DEFAULT_EFFICIENCY

    def energy_to(self, target_soc: float, *, from_soc: float) -> float | None:
        """Return the watt-hours that a charger has to deliver; None without a known capacity.

        Args:
            target_soc: What is wished for; the car goes no further than its own limit.
            from_soc: What it holds now.
        """
        if self.capacity_wh is None:
            return None
        missing = max(0.0, min(target_soc, self.limit_soc) - from_soc)
        return missing / FULL * self.capacity_wh / self.efficiency

    def soc_after(self, delivered_wh: float, *, from_soc: float) -> float:
        """Return the state of charge after a charger delivered energy.

        Without a known capacity it stays where it was: nothing can be told.
        """
        if self.capacity_wh is None:
            return from_soc
        return min(FULL, from_soc + delivered_wh * self.efficiency / self.capacity_wh * FULL)
