"""What the grid lends to members that charge by the sun."""

from typing import Final

from .turns import PAUSE_S

PAID_BACK_SHARE: Final = 0.03
"""This share of what members charge pays for import: earlier import, or later one."""

MOST_BUDGETS: Final = 2.0
"""So many budgets are saved at most in clear weather, and owed at most after a bad run."""

STANDBY_W: Final = 100.0
"""Who takes less does not charge."""

HOUR_S: Final = 3600.0


class ImportAccount:
    """What the grid lent, watt-hours; negative: what was saved up."""

    __slots__ = ("lent_wh",)

    def __init__(self) -> None:
        self.lent_wh = 0.0

    def pass_time(self, seconds: float, short_w: float, drawn_w: float, budget_wh: float) -> None:
        """Let time pass.

        Args:
            seconds: How long.
            short_w: What members took from the grid.
            drawn_w: What they took in all: a share of it pays back. While they take nothing,
                what is owed is forgiven within the least pause.
            budget_wh: The budget.
        """
        most_wh = MOST_BUDGETS * budget_wh
        if drawn_w <= STANDBY_W:
            forgiven_wh = most_wh * seconds / PAUSE_S
            self.lent_wh = min(self.lent_wh, max(0.0, self.lent_wh - forgiven_wh))
            return
        changed_wh = (short_w - PAID_BACK_SHARE * drawn_w) * seconds / HOUR_S
        self.lent_wh = min(most_wh, max(-most_wh, self.lent_wh + changed_wh))
