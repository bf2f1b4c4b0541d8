"""What the status of each member owes: I7, SR-2."""

from ...pool.members import MemberStatus, OrderKind
from ...pool.states import ConnectorState
from .news import News
from .truth import Truth
from .violations import ROUNDING_A, Findings, Rule


class StatusJudge:
    """Judges what the controller says that it holds of its members."""

    def __init__(self, truth: Truth, news: News, findings: Findings) -> None:
        self._truth = truth
        self._news = news
        self._findings = findings

    def decided(self, status: MemberStatus, now_s: float) -> None:
        """Judge a member's status."""
        member = status.member
        book = self._news.books[member]
        truth = self._truth.members[member]
        report = book.report
        if (
            report is not None
            and report.online
            and report.state in {ConnectorState.IDLE, ConnectorState.ERROR}
            and status.granted_a > 0.0
        ):
            self._findings.add(
                Rule.I7, now_s, member, f"granted {status.granted_a:.1f} A while {report.state}"
            )
        if not truth.in_trouble(now_s) and truth.plugged:
            held_a = max(
                [truth.device.obedient_a]
                + [
                    order.grant.current_a
                    for order in truth.link.pending
                    if order.member == member and order.kind is not OrderKind.START
                ]
            )
            if held_a > status.commitment_a + ROUNDING_A:
                self._findings.add(
                    Rule.SR2,
                    now_s,
                    member,
                    f"may draw {held_a:.1f} A, committed are {status.commitment_a:.1f} A",
                )
        if status.settled and book.ordered_s < now_s:
            book.starting = False
