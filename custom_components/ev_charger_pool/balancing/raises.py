"""Up is patient: one wave per settle time, and only of what the ledger says is free."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..pool.members import CircuitId, MemberId
from ..pool.quantities import NOMINAL_VOLTAGE_V, PerPhase, PhaseValues
from .branches import Branch
from .seats import Seat
from .wiring import LANES, WATTS, Lanes, on_phases, room_for

DEADBAND_A: Final = 1.0
"""A change below one amp is not worth a write, unless it completes a grant."""

_ROUNDING: Final = 1e-6


def caps(branches: Sequence[Branch], now_s: float, generation_a: PhaseValues) -> list[Lanes]:
    """Return what members of each circuit may be committed together, lane by lane (SR-9, SR-3).

    The limit less the margin and the most that others took in 60 s, every ceiling, and 1.45 x
    the limit with generation taken as zero.
    """
    found = []
    for branch in branches:
        other = branch.other_lately(now_s)
        lanes = []
        for lane in range(LANES):
            limit = min(branch.limit[lane], branch.pace[lane])
            cap = min(limit - branch.margin(lane) - other[lane], branch.ceiling[lane])
            lanes.append(min(cap, branch.room_at_trip(lane, other[lane], generation_a)))
        found.append((lanes[0], lanes[1], lanes[2], lanes[3]))
    return found


def free_for(
    branches: Sequence[Branch], cap: Sequence[Lanes], willing: Mapping[MemberId, Seat]
) -> tuple[dict[CircuitId, PhaseValues], dict[CircuitId, float]]:
    """Return what the willing may share: the caps less the commitments of all others."""
    free_a: dict[CircuitId, PhaseValues] = {}
    free_w: dict[CircuitId, float] = {}
    for branch, lanes in zip(branches, cap, strict=True):
        left = list(lanes)
        for seat in branch.seats:
            if seat.settings.member not in willing:
                for lane in range(LANES):
                    left[lane] -= seat.commitment[lane]
        free_a[branch.circuit.id] = PerPhase(left[0], left[1], left[2])
        if left[WATTS] < float("inf"):
            free_w[branch.circuit.id] = left[WATTS] * NOMINAL_VOLTAGE_V / branch.voltage_v
    return free_a, free_w


def slack(branches: Sequence[Branch], cap: Sequence[Lanes]) -> list[list[float]]:
    """Return what is left of the caps with every commitment taken: what raises may use now.

    Where the newest reading is above the limit nothing is, until one shows that the cut was made.
    """
    found = []
    for branch, lanes in zip(branches, cap, strict=True):
        left = list(lanes)
        for seat in branch.seats:
            for lane in range(LANES):
                left[lane] -= seat.commitment[lane]
        for lane in range(LANES):
            if branch.is_over(lane):
                left[lane] = min(left[lane], branch.limit[lane] - branch.flow(lane))
        found.append(left)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """A member with the larger grant that fits now, and the one that it is to have."""

    seat: Seat
    current_a: float
    target_a: float

    @property
    def is_short(self) -> bool:
        """Whether others have to make room first."""
        return self.current_a < self.target_a - _ROUNDING


def is_worth_it(seat: Seat, target_a: float, most_a: float) -> bool:
    """Whether a raise is worth a write: an amp or more, or all that the member can use."""
    gain_a = target_a - seat.granted_a
    if gain_a <= _ROUNDING:
        return False
    return gain_a >= DEADBAND_A - _ROUNDING or target_a + seat.settings.step_a > most_a


def fit(
    raises: Sequence[tuple[Seat, float]],
    left: Sequence[list[float]],
    round_down: Callable[[Seat, float], float],
) -> list[Raise]:
    """Give each raise what fits, who has least first; `left` is what remains afterwards.

    Each counts with its present commitment already. A start commits the member's ceiling until it
    has settled (SR-2), so that nobody else is raised meanwhile; where more than fits is committed,
    nobody is raised at all.
    """
    found = []
    for seat, target_a in raises:
        own = seat.commitment
        room_a = target_a
        for position in seat.chain:
            room_a = min(room_a, _room(left[position], own, seat))
        current_a = round_down(seat, room_a)
        if current_a <= seat.granted_a + _ROUNDING:
            found.append(Raise(seat=seat, current_a=seat.granted_a, target_a=target_a))
            continue
        committed_a = seat.settings.max_current_a if seat.granted_a <= 0.0 else current_a
        after = on_phases(committed_a, seat.next_used, seat.voltage_v, seat.powered)
        for position in seat.chain:
            for lane in range(LANES):
                left[position][lane] -= max(0.0, after[lane] - own[lane])
        found.append(Raise(seat=seat, current_a=current_a, target_a=target_a))
    return found


def _room(left: Sequence[float], own: Lanes, seat: Seat) -> float:
    """Return the amps that a member may have on a circuit, 0 where too much is committed."""
    if left[WATTS] < 0.0 or any(left[position] < 0.0 for position in seat.next_used):
        return 0.0
    return room_for(
        (left[0] + own[0], left[1] + own[1], left[2] + own[2], left[3] + own[3]),
        seat.next_used,
        seat.voltage_v,
        seat.powered,
    )
