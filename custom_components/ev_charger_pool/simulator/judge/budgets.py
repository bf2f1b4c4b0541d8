"""SR-6: what raises may cost a device in writes."""

from typing import Final

from ...pool.members import MemberId, Order, OrderKind
from ..scenario import Scenario
from .truth import Truth
from .violations import Findings, Rule

BURST: Final = 60.0
"""Some stations refuse after a burst of about so many writes,"""

REFILL_S: Final = 10.0
"""and take one more in so many seconds."""

KEPT: Final = 5.0
"""Raises leave so many for reductions."""


class _Station:
    """What a station still takes: a bucket that fills by itself."""

    __slots__ = ("_at_s", "_level")

    def __init__(self) -> None:
        self._level = BURST
        self._at_s = 0.0

    def level(self, now_s: float) -> float:
        return min(BURST, self._level + (now_s - self._at_s) / REFILL_S)

    def write(self, now_s: float) -> None:
        self._level = max(0.0, self.level(now_s) - 1.0)
        self._at_s = now_s


class BudgetJudge:
    """Judges raises by what was really written to the station before."""

    def __init__(self, scenario: Scenario, truth: Truth, findings: Findings) -> None:
        self._truth = truth
        self._findings = findings
        self._stations = {link: _Station() for link in scenario.link_delay_s}
        self._station_of = {
            plan.settings.member: self._stations[plan.link] for plan in scenario.members
        }
        self._raised_s: dict[MemberId, float] = {}

    def written(self, order: Order, now_s: float) -> None:
        """Take that an order was written to its member's station.

        Renewals do not count: what its lease asks for (SR-8), a station takes beside the burst.
        """
        if order.kind is not OrderKind.RENEW:
            self._station_of[order.member].write(now_s)

    def raised(self, member: MemberId, now_s: float) -> None:
        """Judge a raise that was just handed over."""
        spacing_s = self._truth.members[member].settings.raise_spacing.total_seconds()
        last_s = self._raised_s.get(member)
        self._raised_s[member] = now_s
        if last_s is not None and now_s - last_s < spacing_s:
            self._findings.add(
                Rule.SR6,
                now_s,
                member,
                f"raised {now_s - last_s:.0f} s after its last raise, {spacing_s:.0f} s are due",
            )
        left = self._station_of[member].level(now_s) - 1.0
        if left < KEPT:
            self._findings.add(
                Rule.SR6,
                now_s,
                member,
                f"raised with {left:.1f} writes left for reductions, {KEPT:.0f} are due",
            )
