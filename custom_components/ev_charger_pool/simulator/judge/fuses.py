"""What every decision owes each fuse: I1a, I2, SR-5."""

from collections.abc import Container
from typing import Final

from ...balancing.contract import Decision, ProblemKind
from ...pool.members import MemberId
from ...pool.quantities import NOMINAL_VOLTAGE_V, PHASES
from ...pool.reasons import ReasonKind
from ..meters import MeterKind
from ..scenario import Scenario
from .news import News
from .truth import TOLERANCE_A, Spot, Truth
from .violations import ROUNDING_A, Findings, Rule

_KIND_TO_AMPS: Final = {MeterKind.CURRENTS: 1.0, MeterKind.POWERS: 1.0 / NOMINAL_VOLTAGE_V}


class FuseJudge:
    """Judges what decisions leave on each phase of each circuit."""

    def __init__(self, scenario: Scenario, truth: Truth, news: News, findings: Findings) -> None:
        self._spots = truth.spots
        self._news = news
        self._findings = findings
        self._reserved = {
            circuit.id: circuit.other_load_max_a for circuit in scenario.site.circuits
        }

    def decided(self, decision: Decision, now_s: float) -> None:
        """Judge a decision."""
        without_watchdog = {
            problem.subject
            for problem in decision.problems
            if problem.kind is ProblemKind.NO_WATCHDOG
        }
        restarting = self._news.is_restarting(now_s)
        for spot in self._spots:
            if not restarting:
                self._gives_way(spot, decision, now_s)
                if spot.circuit in self._news.fresh:
                    self._reduces(spot, decision, now_s)
            self._freezes_safely(spot, decision, without_watchdog, now_s)

    def _gives_way(self, spot: Spot, decision: Decision, now_s: float) -> None:
        """I1a: commitments and other load, or what will be left of them, are within the limit.

        Commitments gate raises and the estimator decides cuts (SR-9): here is what every decision
        owes. What will be left is within the limit, SR-9's noise aside: the other load, the newest
        grants, and of those that cannot be moved (out of reach, or in trouble) the draw that they
        reported if that is more. Else everybody who can be moved is at the floor. A member that is
        lost, and whose commitment rises to its ceiling for that (SR-2), so blocks every raise, but
        does not cost the others what the meter shows to be free.
        """
        phase = PHASES[spot.phase]
        status = decision.circuits[spot.circuit]
        other_a, committed_a = status.other_a[phase], status.committed_a[phase]
        allowed_a = spot.limit_a + spot.noise_a
        if committed_a + other_a <= allowed_a or self._news.tells_nonsense(spot.circuit):
            return
        future_a = other_a
        at_floor = True
        for member in spot.members:
            held = decision.members[member.id]
            if phase not in held.used_phases:
                continue
            if self._news.can_move(member, now_s):
                future_a += held.granted_a
                floor_a = member.settings.fail_safe_a if status.stale else 0.0
                at_floor = at_floor and held.granted_a <= floor_a + ROUNDING_A
            elif member.on_phase[spot.phase]:
                moving = self._news.is_in_motion(member, spot, now_s)
                told_a = 0.0 if moving else self._news.books[member.id].told_a
                future_a += max(held.granted_a, told_a)
        if future_a > allowed_a and not at_floor:
            self._findings.add(
                Rule.I1A,
                now_s,
                spot.name,
                f"committed {committed_a:.1f} A and other {other_a:.1f} A above"
                f" {spot.limit_a:.1f} A, and the newest grants leave {future_a:.1f} A",
            )

    def _reduces(self, spot: Spot, decision: Decision, now_s: float) -> None:
        """I2: what a fresh reading shows to be too much is ordered away in the same decision.

        A member that is not settled counts with what it may be on its way down from (SR-9), on
        every phase that the controller has to take for its.
        """
        value = self._news.newest[spot.circuit][1]
        meter = self._news.meters[spot.circuit]
        factor = _KIND_TO_AMPS.get(meter.kind)
        measured = list(value.values)[spot.phase]
        if factor is None or measured is None or not self._news.is_honest(spot.circuit, value):
            return
        expected_a = measured * factor
        allowed_a = spot.limit_a + spot.noise_a + spot.error_a
        if expected_a <= allowed_a:
            return
        movable_a = 0.0
        for member in spot.members:
            held = decision.members[member.id]
            if PHASES[spot.phase] not in held.used_phases:
                continue
            book = self._news.books[member.id]
            settle_s = member.settings.settle.total_seconds()
            most_a = 0.0 if held.settled else held.commitment_a
            if self._news.is_in_motion(member, spot, now_s):
                most_a = max(
                    most_a,
                    book.largest_since(value.measured_s - settle_s),
                    member.draw_a if member.on_phase[spot.phase] else 0.0,
                )
            expected_a -= max(0.0, most_a - book.granted_a)
            if self._news.can_move(member, now_s) and member.draw_a > TOLERANCE_A:
                movable_a += book.granted_a
        if expected_a > allowed_a and movable_a > TOLERANCE_A:
            self._findings.add(
                Rule.I2,
                now_s,
                spot.name,
                f"{measured * factor:.1f} A were measured, {spot.limit_a:.1f} A are allowed;"
                f" with everything that is ordered {expected_a:.1f} A are left, and members that"
                f" draw keep {movable_a:.1f} A",
            )

    def _freezes_safely(
        self, spot: Spot, decision: Decision, without_watchdog: Container[MemberId], now_s: float
    ) -> None:
        """SR-5: what nobody takes back fits beside the fail-safes and the most other load.

        A lease that the controller saw fail is none (SR-8), and it says so.
        """
        reserved = self._reserved[spot.circuit]
        if reserved is None:
            return
        phase = PHASES[spot.phase]
        held_a = 0.0
        frozen = False
        for member in spot.members:
            settings, status = member.settings, decision.members[member.id]
            untrusted = (
                settings.lease is None
                or member.id in without_watchdog
                or status.limited_by.kind is ReasonKind.LEASE
            )
            if untrusted and not settings.may_freeze:
                if phase in status.used_phases:
                    held_a += status.granted_a
                    frozen = frozen or status.granted_a > 0.0
            else:
                held_a += settings.fail_safe_a
        if frozen and held_a + reserved[phase] > spot.limit_a + ROUNDING_A:
            self._findings.add(
                Rule.SR5,
                now_s,
                spot.name,
                f"{held_a:.1f} A stay if everything freezes, beside {reserved[phase]:.1f} A of"
                f" others, limit {spot.limit_a:.1f} A",
            )
