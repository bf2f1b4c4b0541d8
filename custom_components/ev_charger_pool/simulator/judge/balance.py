"""The difference between phases: no raise goes beyond what a circuit allows, in true currents.

Compared are the others by the newest reading, and what all members that load the phases unevenly may
draw then. Who draws alike from all phases of a circuit makes no difference.
"""

from collections.abc import Sequence
from typing import Final

from ...pool.members import MemberId
from ..scenario import Scenario
from .truth import Knowledge, MemberTruth, Spot, Truth
from .violations import Findings, Rule

CHANGE_S: Final = 30.0
"""A car that went to other phases shows it in its reports within this."""


class _Phases:
    """The phases of one circuit that are not to differ by more than its limit."""

    def __init__(
        self, circuit: str, limit_a: float, spots: Sequence[Spot], knowledge: Knowledge
    ) -> None:
        self.circuit = circuit
        self.limit_a = limit_a
        self.spots = spots
        self.knowledge = knowledge

    def uneven(self, member: MemberTruth) -> bool:
        """Whether a member draws from some of the phases only."""
        return 0 < sum(member.on_phase[spot.phase] for spot in self.spots) < len(self.spots)


class BalanceJudge:
    """Judges raises by the difference between phases that they may make."""

    def __init__(self, scenario: Scenario, truth: Truth, findings: Findings) -> None:
        self._truth = truth
        self._findings = findings
        self._changed_s: dict[MemberId, tuple[int, float]] = {}
        self._circuits: list[_Phases] = []
        for circuit in scenario.site.circuits:
            spots = [spot for spot in truth.spots if spot.circuit == circuit.id]
            if circuit.imbalance_a is not None and len(spots) > 1:
                self._circuits.append(
                    _Phases(circuit.id, circuit.imbalance_a, spots, truth.knowledge[circuit.id])
                )

    def advance(self, now_s: float) -> None:
        """Take who draws from which phases now."""
        if not self._circuits:
            return
        for member in self._truth.members.values():
            used = sum(member.on_phase)
            if self._changed_s.get(member.id, (used, 0.0))[0] != used:
                self._changed_s[member.id] = (used, now_s)
            self._changed_s.setdefault(member.id, (used, -CHANGE_S))

    def raised(self, member: MemberId, now_s: float) -> None:
        """Judge a raise that was just handed over."""
        raised = self._truth.members[member]
        for phases in self._circuits:
            if phases.uneven(raised) and any(raised in spot.members for spot in phases.spots):
                self._judge(phases, raised, now_s)

    def _judge(self, phases: _Phases, raised: MemberTruth, now_s: float) -> None:
        known_s, reaction_s = phases.knowledge.newest_s, phases.knowledge.reaction_s
        others_a = {spot.phase: spot.others_at(known_s)[0] for spot in phases.spots}
        least_a = min(others_a.values())
        for spot in phases.spots:
            if not raised.on_phase[spot.phase]:
                continue
            members_a = sum(
                self._known_a(item, now_s, reaction_s)
                for item in spot.members
                if item.on_phase[spot.phase] and phases.uneven(item)
            )
            ahead_a = others_a[spot.phase] - least_a + members_a
            if ahead_a > phases.limit_a + spot.noise_a + 2.0 * spot.error_a:
                self._findings.add(
                    Rule.BALANCE,
                    now_s,
                    spot.name,
                    f"{raised.id} was raised to {raised.potential_a(now_s):.1f} A while the phase"
                    f" may be {ahead_a:.1f} A ahead of another, limit {phases.limit_a:.1f} A;"
                    f" others take {others_a[spot.phase]:.1f} A, on the least loaded phase"
                    f" {least_a:.1f} A, and uneven members may draw {members_a:.1f} A",
                )

    def _known_a(self, member: MemberTruth, now_s: float, reaction_s: float) -> float:
        """Return what a member may draw, as far as it can be known that it does so unevenly."""
        if now_s - self._changed_s.get(member.id, (0, -CHANGE_S))[1] < CHANGE_S:
            return 0.0
        new_a = member.excess_a if now_s - member.exceeded_s <= reaction_s else 0.0
        return member.potential_a(now_s) - new_a
