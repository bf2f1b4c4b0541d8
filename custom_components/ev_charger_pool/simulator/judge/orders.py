"""What each order owes: I3, SR-11, SR-13."""

import math
from typing import Final

from ...pool.members import MemberId, Order, OrderKind
from ..devices import Station
from ..supply_device import Supply
from .news import News
from .truth import MemberTruth, Truth
from .violations import ROUNDING_A, Findings, Rule

STARTS_APART_S: Final = 10.0
"""SR-13."""


class OrderJudge:
    """Judges orders one by one, and keeps book of what they grant."""

    def __init__(self, truth: Truth, news: News, findings: Findings) -> None:
        self._truth = truth
        self._news = news
        self._findings = findings
        self._supply_started_s = -1e9
        self._supply_started = ""

    def ordered(self, order: Order, now_s: float) -> bool:
        """Judge an order.

        Returns:
            Whether it raises its member.
        """
        book = self._news.books[order.member]
        member = self._truth.members[order.member]
        grant = order.grant
        self._i3(order, member, now_s)
        before_a, after_a = book.granted_a, grant.current_a
        if order.kind in {OrderKind.STOP, OrderKind.DISABLE}:
            after_a = 0.0
        elif order.kind is OrderKind.START:
            return False
        book.starting = after_a > 0.0 and (book.starting or before_a == 0.0)
        if after_a != before_a:
            book.changes.append((now_s, before_a))
            book.granted_a = after_a
            book.ordered_s = now_s
        if self._news.is_restarting(now_s):
            most_a = max(book.persisted_a, member.settings.fail_safe_a)
            if after_a > most_a + ROUNDING_A:
                self._findings.add(
                    Rule.SR11,
                    now_s,
                    order.member,
                    f"granted {after_a:.1f} A within 30 s of a restart, persisted {most_a:.1f} A",
                )
        raises = after_a > before_a + 1e-6
        if raises and before_a == 0.0 and not isinstance(member.device, Station):
            self._supply_starts(order.member, now_s)
        return raises

    def _i3(self, order: Order, member: MemberTruth, now_s: float) -> None:
        settings, current_a = member.settings, order.grant.current_a
        if not math.isfinite(current_a) or current_a < 0.0:
            legal = False
        elif current_a == 0.0:
            legal = True
        else:
            steps = current_a / settings.step_a
            legal = (
                settings.min_current_a - 1e-6 <= current_a <= settings.max_current_a + 1e-6
                and abs(steps - round(steps)) < 1e-4  # noqa: PLR2004 - what floats leave over
            )
        if not legal:
            self._findings.add(
                Rule.I3,
                now_s,
                order.member,
                f"ordered {current_a} A, allowed 0 or {settings.min_current_a} to"
                f" {settings.max_current_a} A in steps of {settings.step_a} A",
            )
        watts = order.grant.power_w
        per_amp = settings.watts_per_amp
        device = member.device
        if per_amp is not None and isinstance(device, Supply) and device.plan.measures_ac:
            # What is measured may be counted on, as far as it is true.
            per_amp = max(per_amp, device.output.watts_per_amp)
        if per_amp is not None and (watts is None or watts > current_a * per_amp + 1.0):
            self._findings.add(
                Rule.SR13,
                now_s,
                order.member,
                f"{watts} W are not paid for by {current_a} A",
            )

    def _supply_starts(self, member: MemberId, now_s: float) -> None:
        if self._supply_started != member and now_s - self._supply_started_s < STARTS_APART_S:
            self._findings.add(
                Rule.SR13,
                now_s,
                member,
                f"started {now_s - self._supply_started_s:.0f} s after {self._supply_started}",
            )
        self._supply_started, self._supply_started_s = member, now_s
