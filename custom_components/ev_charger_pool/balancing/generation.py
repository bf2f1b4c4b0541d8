"""SR-3: generation is not headroom for ever, it may trip."""

from typing import Final

from ..pool.circuits import ResourceReport
from ..pool.quantities import LOWEST_VOLTAGE_V
from .estimator import WindowMax

TRIP_FACTOR: Final = 1.45
"""A fuse holds so many times its rating until the pool has cut (I1b: 30 s)."""

UNBALANCE_W: Final = 4_600.0
"""Generators may load phases unequally by at most this much (VDE-AR-N 4100, 4.6 kVA)."""

_WINDOW_S: Final = 600.0
"""A source that fell silent is taken to give what it gave at most in this time."""


class Generation:
    """What solar plants and batteries feed in, told by their reports."""

    __slots__ = ("_fed_in_w",)

    def __init__(self) -> None:
        self._fed_in_w: dict[str, WindowMax] = {}

    def take(self, report: ResourceReport) -> None:
        """Take a source's power; consumption counts as no generation."""
        fed_in_w = max(0.0, -report.power_w.value)
        at_s = report.power_w.arrived_at.timestamp()
        self._fed_in_w.setdefault(report.id, WindowMax(_WINDOW_S)).add(at_s, fed_in_w)

    def most_w(self, now_s: float) -> float:
        """Return the most that all sources feed in together, watts."""
        return sum(window.value(now_s) or 0.0 for window in self._fed_in_w.values())

    def most_a(self, now_s: float) -> float:
        """Return the most amps of it that may be on one phase.

        How sources share the phases is not known; the network code bounds the difference.
        """
        watts = self.most_w(now_s)
        return min(watts, (watts + 2 * UNBALANCE_W) / 3) / LOWEST_VOLTAGE_V


def gross_load(other_a: float, generation_a: float, known_most_a: float | None) -> float:
    """Return what others take on a phase with all generation taken as zero, amps.

    Args:
        other_a: The estimate, generation counted as negative load.
        generation_a: The most of the generation that may be on the phase.
        known_most_a: The most that others took in 14 days, None as long as that is unknown: the
            hidden load is no more.
    """
    gross_a = max(0.0, other_a + generation_a)
    if known_most_a is None:
        return gross_a
    return min(gross_a, max(other_a, known_most_a))
