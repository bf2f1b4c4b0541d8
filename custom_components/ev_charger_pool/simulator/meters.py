"""Meters that are late, coarse, noisy, silent, stuck or wrong."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from ..pool.members import CircuitId
from ..pool.quantities import PerPhase, PhaseReadings


class MeterKind(StrEnum):
    """What a meter tells."""

    CURRENTS = "currents"
    POWERS = "powers"
    TOTAL = "total"


class MeterFaultKind(StrEnum):
    """What goes wrong with it for a while."""

    SILENT = "silent"
    FROZEN = "frozen"
    NONSENSE = "nonsense"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterFault:
    """A time in which a meter does not tell the truth, in seconds from the start."""

    kind: MeterFaultKind
    from_s: float
    until_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSpec:
    """A meter.

    Attributes:
        circuit: What it measures.
        kind: What it tells.
        interval_s: Time between two values.
        jitter_s: The interval varies up to this much.
        lag_s: A value arrives this long after it was measured, at the soonest.
        lag_spread_s: And so much later on average, exponentially distributed; values keep their
            order.
        noise_a: Standard deviation of its error, cut off at three times that.
        resolution_a: Its values are multiples of this.
        tells_time: Whether its values carry the time of the measurement.
        faults: What goes wrong.
    """

    circuit: CircuitId
    kind: MeterKind = MeterKind.CURRENTS
    interval_s: float = 1.0
    jitter_s: float = 0.0
    lag_s: float = 0.5
    lag_spread_s: float = 0.0
    noise_a: float = 0.05
    resolution_a: float = 0.1
    tells_time: bool = False
    faults: tuple[MeterFault, ...] = ()

    @property
    def error_a(self) -> float:
        """The most that an honest value is off per phase."""
        return 3.0 * self.noise_a + self.resolution_a / 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterValue:
    """A value on its way out of a meter; times are seconds from the start.

    Attributes:
        measured_s: When it was true.
        arrives_s: When it is heard.
        values: Amps or watts per phase by the meter's kind; the total stands on L1.
    """

    measured_s: float
    arrives_s: float
    values: PhaseReadings


class SimulatedMeter:
    """A meter over time."""

    def __init__(self, spec: MeterSpec, rng: Random) -> None:
        self.spec = spec
        self.newest: MeterValue | None = None
        """The value that was heard last."""
        self._rng = rng
        self._next_s = rng.uniform(0.0, spec.interval_s)
        self._on_the_way: deque[MeterValue] = deque()
        self._stuck: PhaseReadings | None = None

    def fault(self, now_s: float) -> MeterFaultKind | None:
        """Return what is wrong with it now."""
        for fault in self.spec.faults:
            if fault.from_s <= now_s < fault.until_s:
                return fault.kind
        return None

    def advance(
        self, now_s: float, current_a: Sequence[float], voltage_v: Sequence[float]
    ) -> list[MeterValue]:
        """Measure when it is time, and return the values that are heard by now.

        Args:
            now_s: Seconds from the start.
            current_a: True signed amps per phase through the circuit.
            voltage_v: True volts per phase.
        """
        if now_s >= self._next_s:
            spec = self.spec
            self._next_s += spec.interval_s + self._rng.uniform(-spec.jitter_s, spec.jitter_s)
            if self._next_s <= now_s:
                self._next_s = now_s + spec.interval_s
            value = self._measure(now_s, current_a, voltage_v)
            if value is not None:
                self._on_the_way.append(
                    MeterValue(measured_s=now_s, arrives_s=now_s + self._lag_s(), values=value)
                )
        heard = []
        while self._on_the_way and self._on_the_way[0].arrives_s <= now_s:
            self.newest = self._on_the_way.popleft()
            heard.append(self.newest)
        return heard

    def _lag_s(self) -> float:
        spread_s = self.spec.lag_spread_s
        return self.spec.lag_s + (self._rng.expovariate(1.0 / spread_s) if spread_s else 0.0)

    def _measure(
        self, now_s: float, current_a: Sequence[float], voltage_v: Sequence[float]
    ) -> PhaseReadings | None:
        match self.fault(now_s):
            case MeterFaultKind.SILENT:
                return None
            case MeterFaultKind.MISSING:
                return PerPhase(None, None, None)
            case MeterFaultKind.NONSENSE:
                wrong = self._rng.choice((float("nan"), 1e6, -1e6, 65_535.0))
                return PerPhase(wrong, wrong, wrong)
            case MeterFaultKind.FROZEN if self._stuck is not None:
                return self._stuck
            case _:
                self._stuck = self._honest(current_a, voltage_v)
                return self._stuck

    def _honest(self, current_a: Sequence[float], voltage_v: Sequence[float]) -> PhaseReadings:
        noisy = [value + self._error() for value in current_a]
        match self.spec.kind:
            case MeterKind.CURRENTS:
                return PerPhase(*(self._rounded(value) for value in noisy))
            case MeterKind.POWERS:
                return PerPhase(
                    *(
                        round(self._rounded(amps) * volts, 1)
                        for amps, volts in zip(noisy, voltage_v, strict=True)
                    )
                )
            case MeterKind.TOTAL:
                total = sum(amps * volts for amps, volts in zip(noisy, voltage_v, strict=True))
                return PerPhase(round(total, 1), None, None)

    def _error(self) -> float:
        noise = self.spec.noise_a
        return max(-3.0 * noise, min(3.0 * noise, self._rng.gauss(0.0, noise))) if noise else 0.0

    def _rounded(self, value: float) -> float:
        step = self.spec.resolution_a
        return round(value / step) * step if step else value
