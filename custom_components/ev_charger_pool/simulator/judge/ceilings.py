"""I6: every ceiling is kept, in what is granted and in what flows."""

from collections.abc import Sequence

from ...balancing.contract import Decision
from ...pool.limits import Limit, LimitUnit
from ...pool.quantities import LOWEST_VOLTAGE_V, PHASES
from .news import News
from .truth import TOLERANCE_A, Truth
from .violations import ROUNDING_A, Findings, Rule


class CeilingJudge:
    """Judges the ceilings that somebody set."""

    def __init__(self, truth: Truth, news: News, findings: Findings) -> None:
        self._truth = truth
        self._news = news
        self._findings = findings
        self._limits: Sequence[Limit] = ()
        self._limited_s = 0.0

    def limited(self, limits: Sequence[Limit], now_s: float) -> None:
        """Take the ceilings that the controller was told."""
        self._limits = limits
        self._limited_s = now_s

    def decided(self, decision: Decision, now_s: float) -> None:
        """Judge what a decision grants."""
        for limit in self._limits:
            if limit.member is not None:
                self._member(limit, decision, now_s)
            elif limit.unit is LimitUnit.CURRENT:
                self._together(limit, decision, now_s)

    def advance(self, now_s: float) -> None:
        """Judge what flows: a user's ceiling is kept by the car, too, once it could follow."""
        for limit in self._limits:
            if limit.member is None or limit.unit is not LimitUnit.CURRENT:
                continue
            member = self._truth.members[limit.member]
            knowledge = self._truth.knowledge[member.settings.circuit]
            if member.in_trouble(now_s) or now_s - self._limited_s <= knowledge.reaction_s + 2.0:
                continue
            # A device's fail-safe is its own, from before the first grant of a session.
            most_a = max(limit.value, member.settings.fail_safe_a)
            if member.draw_a > most_a + 2.0 * TOLERANCE_A:
                self._findings.add(
                    Rule.I6,
                    now_s,
                    member.id,
                    f"draws {member.draw_a:.1f} A, the user allows {limit.value:.1f} A",
                )

    def _member(self, limit: Limit, decision: Decision, now_s: float) -> None:
        if limit.member is None:
            return
        granted_a = decision.members[limit.member].granted_a
        most_a = limit.value if limit.unit is LimitUnit.CURRENT else limit.value / LOWEST_VOLTAGE_V
        if granted_a > most_a + ROUNDING_A:
            self._findings.add(
                Rule.I6,
                now_s,
                limit.member,
                f"granted {granted_a:.1f} A above {limit.value} {limit.unit}",
            )

    def _together(self, limit: Limit, decision: Decision, now_s: float) -> None:
        """What members of a circuit are granted together is within its limit."""
        for spot in self._truth.spots:
            if spot.circuit != limit.circuit:
                continue
            phase = PHASES[spot.phase]
            movable = bound = 0.0
            for member in spot.members:
                status = decision.members[member.id]
                if phase not in status.used_phases:
                    continue
                if self._news.can_move(member, now_s):
                    movable += status.granted_a
                else:
                    bound += status.granted_a
            if movable > ROUNDING_A and movable + bound > limit.value + ROUNDING_A:
                self._findings.add(
                    Rule.I6,
                    now_s,
                    spot.name,
                    f"members are granted {movable + bound:.1f} A, limit {limit.id} is"
                    f" {limit.value:.1f} A",
                )
