"""Three-phase quantities."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

NOMINAL_VOLTAGE_V: Final = 230.0
"""Phase to neutral, IEC 60038."""

LOWEST_VOLTAGE_V: Final = 207.0
"""Nominal less 10 %, EN 50160: watts are turned into the most amps that they may cost."""


class Phase(StrEnum):
    """A line conductor of the site."""

    L1 = "l1"
    L2 = "l2"
    L3 = "l3"

    @property
    def position(self) -> int:
        """Position in a per-phase triple: 0, 1 or 2."""
        return _INDEX[self]


PHASES: Final = (Phase.L1, Phase.L2, Phase.L3)
_INDEX: Final = {phase: index for index, phase in enumerate(PHASES)}


@dataclass(frozen=True, slots=True)
class PerPhase[T]:
    """One value for each of the three phases."""

    l1: T
    l2: T
    l3: T

    def __iter__(self) -> Iterator[T]:
        """Iterate in the order L1, L2, L3."""
        yield self.l1
        yield self.l2
        yield self.l3

    def __getitem__(self, phase: Phase) -> T:
        """Return the value of one phase."""
        return (self.l1, self.l2, self.l3)[phase.position]

    def map[R](self, function: Callable[[T], R]) -> PerPhase[R]:
        """Apply a function to each value."""
        return PerPhase(function(self.l1), function(self.l2), function(self.l3))

    @classmethod
    def same(cls, value: T) -> PerPhase[T]:
        """Return the same value on all three phases."""
        return cls(value, value, value)


type PhaseValues = PerPhase[float]
"""A value on every phase, for example amps."""

type PhaseReadings = PerPhase[float | None]
"""A value on every phase that may be missing on each of them independently (rule M1)."""

NO_CURRENT: Final[PhaseValues] = PerPhase(0.0, 0.0, 0.0)


def add(one: PhaseValues, other: PhaseValues) -> PhaseValues:
    """Return the sum per phase."""
    return PerPhase(one.l1 + other.l1, one.l2 + other.l2, one.l3 + other.l3)


def subtract(one: PhaseValues, other: PhaseValues) -> PhaseValues:
    """Return the difference per phase."""
    return PerPhase(one.l1 - other.l1, one.l2 - other.l2, one.l3 - other.l3)


def known(values: PhaseReadings) -> PhaseValues:
    """Return the values with each missing one counted as zero (rule F1)."""
    return PerPhase(values.l1 or 0.0, values.l2 or 0.0, values.l3 or 0.0)
