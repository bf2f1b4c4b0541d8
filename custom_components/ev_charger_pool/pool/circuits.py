"""Circuits, what their meters report, and what is left on them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from .members import CircuitId
from .quantities import PerPhase, Phase, PhaseReadings, PhaseValues
from .readings import Reading


class WindowLength(StrEnum):
    """How long a window of an average limit is; windows follow the clock on the wall."""

    QUARTER_HOUR = "quarter_hour"
    """As in the Belgian capacity tariff."""

    HALF_HOUR = "half_hour"

    HOUR = "hour"
    """As in Nordic effect tariffs."""

    @property
    def minutes(self) -> int:
        """Its length."""
        return _MINUTES[self]


_MINUTES: Final = {
    WindowLength.QUARTER_HOUR: 15,
    WindowLength.HALF_HOUR: 30,
    WindowLength.HOUR: 60,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AverageLimit:
    """What may flow into a circuit on average over each window.

    Attributes:
        power_w: Average watts over all phases, above 0; export pays nothing back.
        window: The window.
    """

    power_w: float
    window: WindowLength


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """A fuse with children.

    Attributes:
        id: Unique within the site, stable over restarts.
        name: What the user calls it.
        parent: The circuit that feeds it; None for the root, the grid connection.
        limit_a: The fuse, amps per phase (0 on a phase that the circuit has not).
        limit_w: An optional limit on its total power in watts.
        metered: Whether a meter measures it.
        meter: Which meter that is: another one is judged anew.
        meter_lag_s: How many seconds late its meter's values are unless learned (`L` of SR-9).
        meter_resolution_a: The step of its meter's values (SR-10: 1 A for whole amps).
        other_load_max_a: The most that everything but members took in 14 days, per phase, when
            known from elsewhere; None lets the controller learn it (SR-1: unknown counts as
            half the limit).
        average: An optional limit on what flows into it on average over a window.
        imbalance_a: An optional limit on the difference between any two of its phases, amps
            (4.6 kVA, VDE-AR-N 4100, are 20 A).
    """

    id: CircuitId
    name: str
    parent: CircuitId | None = None
    limit_a: PhaseValues
    limit_w: float | None = None
    metered: bool = False
    meter: str | None = None
    meter_lag_s: float = 2.0
    meter_resolution_a: float = 0.1
    other_load_max_a: PhaseValues | None = None
    average: AverageLimit | None = None
    imbalance_a: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReport:
    """A meter's newest values, positive is flow into the circuit.

    At least one of the three is there. Currents rule, then phase powers, then the total, which
    counts on each phase (SR-10).

    Attributes:
        circuit: The circuit it measures.
        current_a: Signed amps per phase.
        power_w: Signed watts per phase.
        total_power_w: Signed watts over all phases.
    """

    circuit: CircuitId
    current_a: Reading[PhaseReadings] | None = None
    power_w: Reading[PhaseReadings] | None = None
    total_power_w: Reading[float] | None = None


class ResourceKind(StrEnum):
    """What feeds the site beside the grid."""

    SOLAR = "solar"
    BATTERY = "battery"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceReport:
    """Power of a generator or battery: positive is consumption, negative is production.

    Attributes:
        id: Unique within the site.
        kind: What it is.
        power_w: Signed watts over all phases.
        phases: The site's phases that it feeds, each with an equal share; empty: unknown, and
            then it may feed any of them unevenly (SR-3).
        soc_percent: Of a battery, its state of charge, 0 to 100; None where nobody tells it.
    """

    id: str
    kind: ResourceKind
    power_w: Reading[float]
    phases: tuple[Phase, ...] = ()
    soc_percent: Reading[float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AverageStatus:
    """How a circuit stands in the running window of its average limit.

    Attributes:
        ends_at: When the window ends, aware UTC.
        used_wh: What flowed in so far, gaps counted at the last plausible worst.
        projected_w: The average at its end if what flows now goes on.
        allowance_w: What may flow now, members and all others together.
    """

    ends_at: datetime
    used_wh: float
    projected_w: float
    allowance_w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitStatus:
    """What the pool holds of a circuit after a decision; entities show it.

    Attributes:
        circuit: Whose status it is.
        limit_a: Its fuse.
        load_a: What flows by its meter per phase, None where unknown.
        other_a: The estimate of everything but members.
        committed_a: The sum of its members' commitments.
        granted_a: The sum of its members' newest grants.
        available_a: What could still be granted now, never below 0.
        available_w: The same as a power, its optional limit in watts counted.
        stale: Whether its meter is not to be trusted now (SR-10).
        overloaded: Whether it carries more than it may.
        fail_safe_sum_a: What its connectors take when every lease has lapsed (SR-1).
        average: How it stands in the window of its average limit; None without one.
    """

    circuit: CircuitId
    limit_a: PhaseValues
    load_a: PhaseReadings = PerPhase(None, None, None)
    other_a: PhaseValues
    committed_a: PhaseValues
    granted_a: PhaseValues
    available_a: PhaseValues
    available_w: float
    stale: bool = False
    overloaded: bool = False
    fail_safe_sum_a: PhaseValues
    average: AverageStatus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitRecord:
    """What must be remembered of a circuit over a restart.

    Attributes:
        circuit: Whose record it is.
        day: The start of the UTC day that it tells about.
        other_load_max_a: The most that everything but members took on that day, per phase.
    """

    circuit: CircuitId
    day: datetime
    other_load_max_a: PhaseValues


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRecord:
    """What must be remembered of the window of an average limit over a restart.

    Attributes:
        circuit: Whose window it is.
        counted_until: Until when `used_wh` tells, aware UTC; it names the window.
        used_wh: What flowed in since the window began.
        power_w: What flowed in at last.
    """

    circuit: CircuitId
    counted_until: datetime
    used_wh: float
    power_w: float
