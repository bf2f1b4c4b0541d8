"""What of a circuit is free for one member, as everybody on it can see."""

from collections.abc import Container
from typing import Final

from ...balancing.contract import Decision
from ...pool.members import MemberId
from ...pool.quantities import PHASES
from ..meters import MeterKind
from ..scenario import Scenario, above
from .generators import TRIP_SHARE, Generators
from .truth import MemberTruth, Spot, Truth
from .windows import SlidingMaximum

MARGIN_A: Final = 4.0
"""Room that a controller may keep for noise before it serves somebody."""

OTHERS_S: Final = 90.0
"""What others took at most in this time is kept for them."""


class Room:
    """Watches what others take, to tell who could have something."""

    def __init__(self, scenario: Scenario, truth: Truth) -> None:
        self._truth = truth
        self._root = scenario.plant.root
        self._others = [SlidingMaximum() for _ in truth.spots]
        fuses = {circuit.id: circuit.limit_a for circuit in scenario.site.circuits}
        self._generators = Generators(
            truth.plant, sum(limit_a > 0.0 for limit_a in fuses[self._root])
        )
        self.paths = {
            circuit.id: above(scenario.site.circuits, circuit.id)
            for circuit in scenario.site.circuits
        }

    def advance(self, now_s: float) -> None:
        """Take what others take now, generation as none (SR-3).

        What devices draw that report no current counts as the house's here, and their commitment
        beside it: by a meter nobody can tell the two apart, and the estimate of the others does not
        fall as long as it may be theirs (SR-9).
        """
        self._generators.advance(now_s)
        generation_a = self._truth.plant.generation_a
        for spot, others in zip(self._truth.spots, self._others, strict=True):
            hidden_a = generation_a[spot.phase] if spot.circuit == self._root else 0.0
            others.add(now_s, spot.other_a + spot.untold_a + hidden_a)

    def is_hidden(self, member: MemberTruth, now_s: float) -> bool:
        """Whether a meter above it is late, or tells a total that hides what is free (SR-10)."""
        for circuit in self.paths[member.settings.circuit]:
            knowledge = self._truth.knowledge[circuit]
            if knowledge.spec is not None and (
                knowledge.spec.kind is MeterKind.TOTAL
                or now_s - knowledge.newest_s > 2.0 * knowledge.spec.interval_s + 5.0
            ):
                return True
        return False

    def has(
        self,
        member: MemberTruth,
        decision: Decision,
        now_s: float,
        *,
        yields: Container[MemberId] = (),
    ) -> bool:
        """Return whether its least current would fit beside all that is committed to the others.

        Args:
            member: Who could have something.
            decision: The newest one.
            now_s: Seconds from the start.
            yields: Who would have to give way to it, down to the fail-safe current.
        """
        return all(
            _fits(member, spot, others.since(now_s - OTHERS_S), decision, yields)
            for spot, others in zip(self._truth.spots, self._others, strict=True)
            if member in spot.members
        )

    def seems(self, member: MemberTruth, decision: Decision) -> bool:
        """Return the same by what the controller takes the others for now.

        With it goes what generation may trip, of which the fuse holds a share (SR-3).
        """
        return all(
            _fits(member, spot, other_a, decision)
            and _fits(member, spot, self._at_trip_a(spot, other_a), decision)
            for spot in self._truth.spots
            if member in spot.members
            for other_a in (decision.circuits[spot.circuit].other_a[PHASES[spot.phase]],)
        )

    def _at_trip_a(self, spot: Spot, other_a: float) -> float:
        """Return what others take with all generation gone, less what a fuse bears of it."""
        if spot.circuit != self._root and other_a >= 0.0:
            return other_a
        gross_a = max(0.0, other_a + self._generators.most_a(spot.phase))
        return gross_a - (TRIP_SHARE - 1.0) * spot.limit_a


def _fits(
    member: MemberTruth,
    spot: Spot,
    other_a: float,
    decision: Decision,
    yields: Container[MemberId] = (),
) -> bool:
    """Return whether a member's least current fits on a phase."""
    phase = PHASES[spot.phase]
    committed_a = sum(
        other.settings.fail_safe_a
        if other.id in yields
        else decision.members[other.id].commitment_a
        for other in spot.members
        if other is not member and phase in decision.members[other.id].used_phases
    )
    margin_a = MARGIN_A + spot.noise_a + spot.error_a
    return spot.limit_a - other_a - committed_a >= member.settings.min_current_a + margin_a
