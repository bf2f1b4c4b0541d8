"""What a decision that raises somebody owes: I4, SR-12, and that it fits (I1a)."""

from collections.abc import Sequence
from typing import Final

from ...balancing.contract import Decision
from ...pool.members import MemberId, MemberStatus
from ...pool.quantities import PHASES
from ..scenario import Scenario, above
from .news import News
from .truth import TOLERANCE_A, MemberTruth, Spot, Truth
from .violations import ROUNDING_A, Findings, Rule

LONGEST_ALLOWANCE_S: Final = 30.0
SHORTEST_ALLOWANCE_S: Final = 5.0
"""SR-10: three times the 95th percentile of a meter's interval, within these."""


class RaiseJudge:
    """Judges raises."""

    def __init__(self, scenario: Scenario, truth: Truth, news: News, findings: Findings) -> None:
        self._truth = truth
        self._news = news
        self._findings = findings
        self._paths = {
            circuit.id: above(scenario.site.circuits, circuit.id)
            for circuit in scenario.site.circuits
        }

    def decided(self, decision: Decision, raised: Sequence[MemberId], now_s: float) -> None:
        """Judge a decision that raises members."""
        for member in raised:
            self._reads(member, now_s)
            self._counts_phases(decision.members[member], now_s)
        if self._news.is_restarting(now_s):
            return
        risen = [self._truth.members[member] for member in raised]
        for spot in self._truth.spots:
            self._fits(spot, risen, decision, now_s)

    def _reads(self, member: MemberId, now_s: float) -> None:
        """I4: a reading that is there, plausible and not stale stands behind a raise."""
        report = self._news.books[member].report
        if report is None or not report.online:
            self._findings.add(Rule.I4, now_s, member, "raised though it is not heard of")
        for circuit in self._paths[self._truth.members[member].settings.circuit]:
            meter = self._news.meters.get(circuit)
            if meter is None:
                continue
            slowest_s = meter.interval_s + meter.jitter_s + 1.0
            allowance_s = min(max(SHORTEST_ALLOWANCE_S, 3.0 * slowest_s), LONGEST_ALLOWANCE_S)
            sensible_s = self._news.sensible_s.get(circuit)
            if sensible_s is None:
                self._findings.add(
                    Rule.I4, now_s, member, f"raised before {circuit} was ever measured"
                )
            elif now_s - sensible_s > allowance_s + 1.0:
                self._findings.add(
                    Rule.I4,
                    now_s,
                    member,
                    f"raised though the newest plausible reading of {circuit} is"
                    f" {now_s - sensible_s:.0f} s old; now it tells"
                    f" {self._news.newest[circuit][1].values}",
                )

    def _counts_phases(self, status: MemberStatus, now_s: float) -> None:
        """SR-12: who is raised is counted on every phase that its car uses."""
        member = self._truth.members[status.member]
        if member.draw_a <= TOLERANCE_A or member.in_trouble(now_s):
            return
        for index, drawing in enumerate(member.on_phase):
            if drawing and PHASES[index] not in status.used_phases:
                self._findings.add(
                    Rule.SR12,
                    now_s,
                    status.member,
                    f"raised while its draw on {PHASES[index]} is not counted",
                )

    def _startable_a(self, member: MemberTruth, phase: int, now_s: float) -> float:
        """Return what a member that starts may draw on a phase, as far as anybody can know.

        The limits in force and on their way; of a device in trouble the draw that it reported:
        what it began to take in this second cannot have been told yet.
        """
        if member.in_trouble(now_s):
            return self._news.books[member.id].told_on_a(member.wired.index(phase))
        return member.potential_a(now_s)

    def _fits(
        self, spot: Spot, raised: Sequence[MemberTruth], decision: Decision, now_s: float
    ) -> None:
        """I1a: a decision that raises has all commitments and the other load within the limit.

        A member that starts counts with its grant in this decision, and with its ceiling until it
        has settled in all that follow (else no two cars could ever start behind one fuse).
        """
        phase = PHASES[spot.phase]
        status = decision.circuits[spot.circuit]
        gate_a = status.committed_a[phase]
        concerned = False
        for member in raised:
            held = decision.members[member.id]
            if member in spot.members and phase in held.used_phases:
                concerned = True
                if self._news.books[member.id].starting:
                    own_a = max(held.granted_a, self._startable_a(member, spot.phase, now_s))
                    gate_a -= max(0.0, held.commitment_a - own_a)
        other_a = status.other_a[phase]
        if concerned and gate_a + other_a > spot.limit_a + ROUNDING_A:
            self._findings.add(
                Rule.I1A,
                now_s,
                spot.name,
                f"{', '.join(member.id for member in raised)} raised though {gate_a:.1f} A are"
                f" committed then and others take {other_a:.1f} A of {spot.limit_a:.1f} A",
            )
