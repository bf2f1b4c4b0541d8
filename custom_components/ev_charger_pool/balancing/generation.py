"""SR-3: generation is not headroom for ever, it may trip."""

from typing import Final

from ..pool.circuits import ResourceReport
from ..pool.quantities import LOWEST_VOLTAGE_V, PHASES, PerPhase, Phase, PhaseValues
from .estimator import WindowMax

TRIP_FACTOR: Final = 1.45
"""A fuse holds so many times its rating until the pool has cut (I1b: 30 s)."""

UNBALANCE_W: Final = 4_600.0
"""Generators may load phases unequally by at most this much (VDE-AR-N 4100, 4.6 kVA)."""

_WINDOW_S: Final = 600.0
"""A source that fell silent is taken to give what it gave at most in this time."""


class Generation:
    """What solar plants and batteries feed in, told by their reports."""

    __slots__ = ("_fed_in_w", "_phases", "_wired")

    def __init__(self) -> None:
        self._fed_in_w: dict[str, WindowMax] = {}
        self._phases: dict[str, tuple[Phase, ...]] = {}
        self._wired = len(PHASES)

    def configure(self, connection_a: PhaseValues) -> None:
        """Take the fuses of the grid connection: a source feeds no phase that is not there."""
        self._wired = max(1, sum(limit > 0.0 for limit in connection_a))

    def take(self, report: ResourceReport) -> None:
        """Take a source's power; consumption counts as no generation."""
        fed_in_w = max(0.0, -report.power_w.value)
        at_s = report.power_w.arrived_at.timestamp()
        self._fed_in_w.setdefault(report.id, WindowMax(_WINDOW_S)).add(at_s, fed_in_w)
        self._phases[report.id] = report.phases

    def most_a(self, now_s: float) -> PhaseValues:
        """Return the most amps that all sources may feed into each phase.

        A source feeds its phases evenly. How those of unknown phases share the phases that the
        connection has is not known; the network code bounds the difference between two of them.
        """
        amps = [0.0, 0.0, 0.0]
        unknown_w = 0.0
        for source, window in self._fed_in_w.items():
            watts = window.value(now_s) or 0.0
            phases = self._phases[source]
            if not phases:
                unknown_w += watts
            for phase in phases:
                amps[phase.position] += watts / len(phases) / LOWEST_VOLTAGE_V
        others = self._wired - 1
        unknown_a = (
            min(unknown_w, (unknown_w + others * UNBALANCE_W) / self._wired) / LOWEST_VOLTAGE_V
        )
        return PerPhase(amps[0] + unknown_a, amps[1] + unknown_a, amps[2] + unknown_a)


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
