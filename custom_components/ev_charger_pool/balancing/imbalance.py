"""A limit on the difference between phases, kept by members that do not load all phases alike."""

from collections.abc import Sequence
from dataclasses import dataclass
import math
from typing import Final, NamedTuple

from ..pool.circuits import Circuit
from ..pool.members import MemberId
from ..pool.quantities import PHASES
from .estimator import WINDOW_S, WindowMax
from .wiring import WATTS, Lanes

MARGIN_A: Final = 1.0
"""A raise leaves so much free: what is compared are differences of estimates."""

_ROUNDING: Final = 1e-6

type Rooms = tuple[float, float, float]
"""Amps that uneven members may take together on L1, L2 and L3."""


class Others(NamedTuple):
    """What others take of a circuit.

    Attributes:
        current_a: Amps per phase by the estimate.
        most_a: Amps per phase at the most, whatever members on their way draw.
        least_a: What they take of the phase that they load least, by the same estimate.
        surely_least_a: What they surely take of it, whatever members on their way draw.
    """

    current_a: Lanes
    most_a: Lanes
    least_a: float
    surely_least_a: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What an uneven member asks of the room on its phases.

    Attributes:
        member: Who.
        phases: The positions of the phases that it may load.
        least_a: What it runs with at least.
        most_a: What it could use.
    """

    member: MemberId
    phases: tuple[int, ...]
    least_a: float
    most_a: float


def share(rooms: Sequence[float], claims: Sequence[Claim]) -> dict[MemberId, float]:
    """Return what each may take so that no phase has more than its room.

    First come the minimums, in the given order, as many as fit; then all that run grow alike.

    Args:
        rooms: Amps on L1, L2 and L3.
        claims: Who asks, the first first.
    """
    left = list(rooms)
    found = dict.fromkeys((claim.member for claim in claims), 0.0)
    growing = []
    for claim in claims:
        if claim.most_a < claim.least_a - _ROUNDING:
            continue
        if all(left[phase] >= claim.least_a - _ROUNDING for phase in claim.phases):
            for phase in claim.phases:
                left[phase] -= claim.least_a
            found[claim.member] = claim.least_a
            growing.append(claim)
    while growing:
        users = [sum(phase in claim.phases for claim in growing) for phase in range(WATTS)]
        steps_a = [left[phase] / users[phase] for phase in range(WATTS) if users[phase]]
        step_a = min(*steps_a, *(claim.most_a - found[claim.member] for claim in growing))
        for claim in growing:
            found[claim.member] += step_a
            for phase in claim.phases:
                left[phase] -= step_a
        growing = [
            claim
            for claim in growing
            if claim.most_a - found[claim.member] > _ROUNDING
            and all(left[phase] > _ROUNDING for phase in claim.phases)
        ]
    return found


class Balance:
    """How unevenly others load the phases of a circuit."""

    __slots__ = ("_lately", "limit_a", "wired")

    def __init__(self, limit_a: float, wired: tuple[int, ...]) -> None:
        self.limit_a = limit_a
        self.wired = wired
        self._lately = [WindowMax(WINDOW_S) for _ in range(WATTS)]

    def rooms(self, others: Others, pending_a: Rooms, now_s: float) -> tuple[Rooms, Rooms]:
        """Return what uneven members may keep on each phase, and what they may be raised to.

        Args:
            others: What others take.
            pending_a: What uneven members may still draw beyond their grants.
            now_s: Now, seconds since the epoch.

        Returns:
            Where others alone exceed the limit a cut would not help: there everything may be
            kept, and nobody is raised.
        """
        keep = [math.inf] * WATTS
        grow = [math.inf] * WATTS
        for phase in self.wired:
            ahead_a = others.current_a[phase] - others.least_a
            window = self._lately[phase]
            window.add(now_s, ahead_a)
            most_a = max(
                ahead_a,
                window.value(now_s) or 0.0,
                others.most_a[phase] - others.surely_least_a,
            )
            if ahead_a <= self.limit_a:
                keep[phase] = self.limit_a - ahead_a
            grow[phase] = max(0.0, self.limit_a - MARGIN_A - most_a - pending_a[phase])
        return (keep[0], keep[1], keep[2]), (grow[0], grow[1], grow[2])


def balance_of(circuit: Circuit, before: Balance | None) -> Balance | None:
    """Return what watches a circuit's phases; None without a limit, or with one phase."""
    wired = tuple(phase.position for phase in PHASES if circuit.limit_a[phase] > 0.0)
    if circuit.imbalance_a is None or len(wired) == 1:
        return None
    if before is not None and before.wired == wired:
        before.limit_a = circuit.imbalance_a
        return before
    return Balance(circuit.imbalance_a, wired)
