"""Amps and watts as plain lanes, so that a decision over many members stays cheap."""

from collections.abc import Callable, Iterable
from typing import Final

type Lanes = tuple[float, float, float, float]
"""Amps on L1, L2, L3 and the watts of the three together."""

LANES: Final = 4
WATTS: Final = 3
"""The position of the watts; the amps stand at `Phase.position`."""

NO_FLOW: Final[Lanes] = (0.0, 0.0, 0.0, 0.0)
UNLIMITED: Final[Lanes] = (float("inf"),) * 4


def on_phases(
    current_a: float, positions: Iterable[int], voltage_v: float, powered: int | None = None
) -> Lanes:
    """Return what a current on some phases is in each lane.

    Args:
        current_a: Amps on each of them.
        positions: The phases.
        voltage_v: Volts per phase.
        powered: On how many of them the watts are counted; None: on all.
    """
    amps = [0.0, 0.0, 0.0]
    for position in positions:
        amps[position] = current_a
    lanes = from_amps(amps[0], amps[1], amps[2], voltage_v)
    return lanes if powered is None else (*lanes[:WATTS], current_a * powered * voltage_v)


def from_amps(l1_a: float, l2_a: float, l3_a: float, voltage_v: float) -> Lanes:
    """Return three currents with their power."""
    return (l1_a, l2_a, l3_a, (l1_a + l2_a + l3_a) * voltage_v)


def each(choose: Callable[[float, float], float], one: Lanes, other: Lanes) -> Lanes:
    """Choose between two values lane by lane."""
    return (
        choose(one[0], other[0]),
        choose(one[1], other[1]),
        choose(one[2], other[2]),
        choose(one[3], other[3]),
    )


def room_for(
    left: Lanes, positions: Iterable[int], voltage_v: float, powered: int | None = None
) -> float:
    """Return the amps per phase that fit in what is left, for somebody on these phases.

    Args:
        left: What is left, lane by lane.
        positions: The phases.
        voltage_v: Volts per phase.
        powered: On how many of them the watts are counted; None: on all.
    """
    used = tuple(positions)
    watts_a = left[WATTS] / ((powered or len(used)) * voltage_v)
    return min(*(left[position] for position in used), watts_a)
