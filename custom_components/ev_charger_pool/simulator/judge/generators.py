"""SR-3: what generation may trip on a phase, by what is told of it."""

from typing import Final

from ..plant import Plant
from .windows import SlidingMaximum

TRIP_SHARE: Final = 1.45
"""With generation gone a fuse holds this share of its limit until the cut."""

MEMORY_S: Final = 600.0
"""What was fed in at most in this time may be there now: it is told every few seconds only."""

UNBALANCE_W: Final = 4_600.0
"""By so much inverters may feed one phase more than another (VDE-AR-N 4100)."""

LOWEST_V: Final = 207.0


class Generators:
    """The sun and the battery of a site, as somebody has to take them who only hears of them.

    Args:
        plant: The electricity.
        wired: How many phases the grid connection has.
    """

    def __init__(self, plant: Plant, wired: int) -> None:
        self._plant = plant
        self._wired = wired
        self._sun, self._battery = SlidingMaximum(), SlidingMaximum()
        self._now_s = 0.0

    def advance(self, now_s: float) -> None:
        """Take what they feed in now."""
        self._now_s = now_s
        self._sun.add(now_s, self._plant.solar_power_w)
        self._battery.add(now_s, max(0.0, -self._plant.battery_power_w))

    def most_a(self, phase: int) -> float:
        """Return the most amps that may be lost on a phase when they trip."""
        known_a = unknown_w = 0.0
        for source, fed_in in ((self._plant.sun, self._sun), (self._plant.battery, self._battery)):
            if source is None:
                continue
            watts, spec = fed_in.since(self._now_s - MEMORY_S), source.spec
            if not spec.tells_phases:
                unknown_w += watts
            elif phase in (fed.position for fed in spec.phases):
                known_a += watts / len(spec.phases) / LOWEST_V
        uneven_w = (unknown_w + (self._wired - 1) * UNBALANCE_W) / self._wired
        return known_a + min(unknown_w, uneven_w) / LOWEST_V
