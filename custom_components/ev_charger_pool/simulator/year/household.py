"""A household over a day: what always flows, cooking, a heat pump, and what is switched now and then."""

from dataclasses import dataclass
import math
from random import Random
from typing import Final, override

from ...pool.quantities import PHASES, Phase
from ..cars import happens
from ..plant import Consumption

_BASE_EVERY_S: Final = 10.0
"""The base load wanders this often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A time in which something is on, in seconds from the start."""

    from_s: float
    until_s: float
    phases: tuple[Phase, ...]
    current_a: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TimetableSpec:
    """A load whose switching is known beforehand, to the simulation and not to the pool.

    Attributes:
        base_a: Amps per phase, L1 to L3, that always flow, more or less.
        runs: What is switched.
    """

    base_a: tuple[float, float, float] = (0.0, 0.0, 0.0)
    runs: tuple[Run, ...] = ()

    def build(self, rng: Random) -> Timetable:
        """Return the load at the start of its time."""
        return Timetable(self, rng)


class Timetable(Consumption):
    """The load over time."""

    def __init__(self, spec: TimetableSpec, rng: Random) -> None:
        self.spec = spec
        self.extra_a = [0.0, 0.0, 0.0]
        self.current_a = list(spec.base_a)
        self._rng = rng
        self._wander = [1.0, 1.0, 1.0]
        self._wanders_s = 0.0
        edges = [(run.from_s, run, 1.0) for run in spec.runs]
        edges += [(run.until_s, run, -1.0) for run in spec.runs]
        self._edges = sorted(edges, key=lambda edge: -edge[0])
        self._switched_a = [0.0, 0.0, 0.0]

    @override
    def advance(self, now_s: float, step_s: float) -> None:
        """Let `step_s` seconds pass up to `now_s`."""
        while self._edges and self._edges[-1][0] <= now_s:
            _, run, sign = self._edges.pop()
            for phase in run.phases:
                self._switched_a[phase.position] += sign * run.current_a
        if now_s >= self._wanders_s:
            self._wanders_s = now_s + _BASE_EVERY_S
            for index in range(3):
                wander = self._wander[index]
                wander += 0.02 * (1.0 - wander) + self._rng.gauss(0.0, 0.03)
                self._wander[index] = min(max(wander, 0.5), 1.6)
        now_a = self.current_a
        for index, base_a in enumerate(self.spec.base_a):
            now_a[index] = (
                base_a * self._wander[index] + max(self._switched_a[index], 0.0)
            ) + self.extra_a[index]


def mean_temperature_c(rng: Random, day: int) -> float:
    """Draw a day's mean temperature in a mild northern climate."""
    return 10.0 - 9.0 * math.cos(2.0 * math.pi * (day - 20) / 365.0) + rng.gauss(0.0, 3.0)


def draw_household(rng: Random, *, day: int, from_hour: float, hours: float) -> TimetableSpec:
    """Draw a household with electric cooking and a heat pump.

    Args:
        rng: Where chance comes from.
        day: Day of the year, 1 to 365.
        from_hour: The hour of the day at which the simulation starts.
        hours: How long it lasts.
    """
    base = tuple(rng.uniform(0.3, 1.2) for _ in range(3))
    runs = _heat_pump(rng, mean_temperature_c(rng, day), hours)
    for days in range(math.ceil((from_hour + hours) / 24.0)):
        midnight_s = (24.0 * days - from_hour) * 3_600.0
        runs += _meals(rng, midnight_s)
        runs += _chores(rng, midnight_s)
    kept = tuple(run for run in runs if run.until_s > 0.0 and run.from_s < hours * 3_600.0)
    return TimetableSpec(base_a=(base[0], base[1], base[2]), runs=kept)


def draw_garage_load(rng: Random, *, hours: float) -> TimetableSpec:
    """Draw what a garage takes beside its cars: light, a door that moves, and a fan."""
    base = tuple(rng.uniform(0.8, 2.5) for _ in range(3))
    door, fan_a = (rng.choice(PHASES),), rng.uniform(1.5, 4.0)
    runs = _now_and_then(rng, hours, every_s=400.0, lasts_s=(12.0, 25.0), phases=door, amps=2.5)
    runs += _now_and_then(
        rng, hours, every_s=2_400.0, lasts_s=(600.0, 1_500.0), phases=PHASES, amps=fan_a
    )
    return TimetableSpec(base_a=(base[0], base[1], base[2]), runs=tuple(runs))


def draw_workshop_load(rng: Random, *, hours: float) -> TimetableSpec:
    """Draw what a depot's workshop takes: light, a compressor, a lift for vehicles."""
    base = tuple(rng.uniform(1.5, 4.0) for _ in range(3))
    runs = _now_and_then(
        rng, hours, every_s=900.0, lasts_s=(60.0, 240.0), phases=PHASES, amps=rng.uniform(5.0, 9.0)
    )
    runs += _now_and_then(
        rng, hours, every_s=2_700.0, lasts_s=(15.0, 45.0), phases=PHASES, amps=7.0
    )
    return TimetableSpec(base_a=(base[0], base[1], base[2]), runs=tuple(runs))


def _now_and_then(
    rng: Random,
    hours: float,
    *,
    every_s: float,
    lasts_s: tuple[float, float],
    phases: tuple[Phase, ...],
    amps: float,
) -> list[Run]:
    """Draw something that comes on by chance, once at a time."""
    runs = []
    at_s = rng.expovariate(1.0 / every_s)
    while at_s < hours * 3_600.0:
        until_s = at_s + rng.uniform(*lasts_s)
        runs.append(Run(from_s=at_s, until_s=until_s, phases=phases, current_a=amps))
        at_s = until_s + rng.expovariate(1.0 / every_s)
    return runs


def _heat_pump(rng: Random, temperature_c: float, hours: float) -> list[Run]:
    duty = min(max((16.0 - temperature_c) / 22.0, 0.0), 0.95)
    current_a = rng.uniform(3.0, 7.0)
    runs: list[Run] = []
    at_s = rng.uniform(0.0, 1_800.0)
    while duty > 0.0 and at_s < hours * 3_600.0:
        cycle_s = rng.uniform(1_200.0, 3_000.0)
        runs.append(
            Run(from_s=at_s, until_s=at_s + duty * cycle_s, phases=PHASES, current_a=current_a)
        )
        at_s += cycle_s
    return runs


def _meals(rng: Random, midnight_s: float) -> list[Run]:
    runs = []
    for hour, hot in ((7.0, 0.1), (12.5, 0.4), (18.5, 0.85)):
        at_s = midnight_s + (hour + rng.uniform(-0.7, 0.7)) * 3_600.0
        kettle = (rng.choice(PHASES),)
        runs.append(Run(from_s=at_s, until_s=at_s + 180.0, phases=kettle, current_a=9.0))
        if happens(rng, hot):
            runs += _pulses(rng, at_s, 1_800.0, 60.0, 60.0, (Phase.L1, Phase.L2), 7.0)
        if happens(rng, 0.6 * hot):
            runs += _pulses(rng, at_s - 600.0, 2_700.0, 240.0, 120.0, (Phase.L3,), 11.0)
    return runs


def _pulses(
    rng: Random,
    from_s: float,
    lasts_s: float,
    on_s: float,
    off_s: float,
    phases: tuple[Phase, ...],
    current_a: float,
) -> list[Run]:
    """Draw what a thermostat switches."""
    runs = []
    at_s = from_s
    while at_s < from_s + lasts_s:
        until_s = at_s + rng.uniform(0.5, 1.5) * on_s
        runs.append(Run(from_s=at_s, until_s=until_s, phases=phases, current_a=current_a))
        at_s = until_s + rng.uniform(0.5, 1.5) * off_s
    return runs


def _chores(rng: Random, midnight_s: float) -> list[Run]:
    runs = []
    for share, lasts_s, current_a in (
        (0.6, 1_200.0, 9.0),
        (0.4, 900.0, 9.0),
        (0.3, 3_600.0, 6.0),
        (0.5, 300.0, 4.0),
    ):
        if happens(rng, share):
            at_s = midnight_s + rng.uniform(8.0, 22.0) * 3_600.0
            phase = (rng.choice(PHASES),)
            runs.append(Run(from_s=at_s, until_s=at_s + lasts_s, phases=phase, current_a=current_a))
    return runs
