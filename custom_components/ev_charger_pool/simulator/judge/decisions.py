"""What a decision owes by the numbers that the controller itself had."""

from ...balancing.contract import Decision
from ...pool.members import MemberId
from ..scenario import Scenario
from .fuses import FuseJudge
from .news import News
from .orders import OrderJudge
from .raises import RaiseJudge
from .statuses import StatusJudge
from .truth import Truth
from .violations import Findings


class DecisionJudge:
    """Judges decisions by what had been told to the controller."""

    def __init__(self, scenario: Scenario, truth: Truth, news: News, findings: Findings) -> None:
        self._news = news
        self._orders = OrderJudge(truth, news, findings)
        self._statuses = StatusJudge(truth, news, findings)
        self._raises = RaiseJudge(scenario, truth, news, findings)
        self._fuses = FuseJudge(scenario, truth, news, findings)

    def decided(self, decision: Decision, now_s: float) -> list[MemberId]:
        """Judge a decision.

        Returns:
            The members that it raises.
        """
        raised = [order.member for order in decision.orders if self._orders.ordered(order, now_s)]
        for status in decision.members.values():
            self._statuses.decided(status, now_s)
        if raised:
            self._raises.decided(decision, raised, now_s)
        self._fuses.decided(decision, now_s)
        self._news.fresh.clear()
        return raised
