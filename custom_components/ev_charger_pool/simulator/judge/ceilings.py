"""I6: every ceiling is kept, in what is granted and in what flows."""

from collections.abc import Sequence

from ...balancing.contract import Decision
from ...pool.limits import Limit, LimitScope, LimitUnit
from ...pool.quantities import NOMINAL_VOLTAGE_V, PHASES
from .news import News
from .truth import TOLERANCE_A, MemberTruth, Spot, Truth
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

    def revived(self, now_s: float) -> None:
        """Take that somebody decides again: what was limited meanwhile is new."""
        self._limited_s = now_s

    def decided(self, decision: Decision, now_s: float) -> None:
        """Judge what a decision grants."""
        for limit in self._limits:
            if limit.member is not None:
                self._member(limit, decision, now_s)
            elif limit.scope is LimitScope.MEMBERS:
                self._together(limit, decision, now_s)

    def advance(self, now_s: float) -> None:
        """Judge what flows: a user's ceiling is kept by the car, too, once it could follow."""
        for limit in self._limits:
            if limit.member is None:
                continue
            member = self._truth.members[limit.member]
            knowledge = self._truth.knowledge[member.settings.circuit]
            if member.in_trouble(now_s) or now_s - self._limited_s <= knowledge.reaction_s + 2.0:
                continue
            volts = self._volts(member, limit)
            # A device's fail-safe is its own, from before the first grant of a session.
            most = max(limit.value, member.settings.fail_safe_a * volts)
            if member.draw_a * volts > most + 2.0 * TOLERANCE_A * volts:
                self._findings.add(
                    Rule.I6,
                    now_s,
                    member.id,
                    f"draws {member.draw_a * volts:.1f}, {limit.id} allows {limit.value:.1f}"
                    f" ({limit.unit})",
                )

    def _volts(self, member: MemberTruth, limit: Limit) -> float:
        """Return what one amp of a member is in a limit's unit: 1, or the volts of its phases."""
        if limit.unit is LimitUnit.CURRENT:
            return 1.0
        voltage_v = self._truth.plant.voltage_v
        return sum(volts for volts, used in zip(voltage_v, member.on_phase, strict=True) if used)

    def _member(self, limit: Limit, decision: Decision, now_s: float) -> None:
        """What a member is granted is within its limit, in watts over all phases that it uses."""
        if limit.member is None:
            return
        member = self._truth.members[limit.member]
        granted_a = decision.members[limit.member].granted_a
        most_a = limit.value
        if limit.unit is LimitUnit.POWER:
            status = decision.members[limit.member]
            # One that was told one phase at 0 A has the watts of one until its draw tells.
            used = sum(member.on_phase) or min(len(status.used_phases), status.phases or 3)
            most_a /= NOMINAL_VOLTAGE_V * used
        if granted_a > most_a + ROUNDING_A:
            self._findings.add(
                Rule.I6,
                now_s,
                limit.member,
                f"granted {granted_a:.1f} A above {limit.value} {limit.unit}",
            )

    def _together(self, limit: Limit, decision: Decision, now_s: float) -> None:
        """What members of a circuit are granted together is within its limit."""
        spots = [spot for spot in self._truth.spots if spot.circuit == limit.circuit]
        if limit.unit is LimitUnit.CURRENT:
            for spot in spots:
                self._sum(limit, spot.name, [spot], 1.0, decision, now_s)
        else:
            name = f"{limit.circuit}:w"
            self._sum(limit, name, spots, NOMINAL_VOLTAGE_V, decision, now_s)

    def _sum(
        self,
        limit: Limit,
        name: str,
        spots: Sequence[Spot],
        unit_v: float,
        decision: Decision,
        now_s: float,
    ) -> None:
        """Judge the sum of the grants on some phases, in amps or in watts."""
        movable = bound = 0.0
        for spot in spots:
            phase = PHASES[spot.phase]
            for member in spot.members:
                status = decision.members[member.id]
                if phase not in status.used_phases:
                    continue
                of_one = limit.unit is LimitUnit.POWER and status.phases == 1
                if of_one and phase is not member.settings.phases[0]:
                    continue
                if self._news.can_move(member, now_s):
                    movable += status.granted_a * unit_v
                else:
                    bound += status.granted_a * unit_v
        rounding = ROUNDING_A * unit_v
        if movable > rounding and movable + bound > limit.value + rounding:
            self._findings.add(
                Rule.I6,
                now_s,
                name,
                f"members are granted {movable + bound:.1f}, limit {limit.id} is"
                f" {limit.value:.1f} ({limit.unit})",
            )
