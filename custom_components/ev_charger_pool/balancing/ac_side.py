"""SR-13: what a DC supply costs, once its AC side is measured beside its output."""

from typing import Final

from ..pool.members import MemberReport, MemberSettings
from .estimator import WindowMax

MEASURED_S: Final = 60.0
"""Its AC side has to be measured for so long beside its output,"""

REMEMBERED_S: Final = 600.0
"""and the worst of so long counts: what it loses depends on its load, and on the mains."""

KEPT_SHARE: Final = 0.95
"""So much of that is counted on: before the next measurement the mains may sag a little."""

LEAST_LOAD_A: Final = 3.0
"""Below this its standby is a large part of what it takes."""

CHANGE_SHARE: Final = 0.02
"""A change of less than this is not worth a write; 5 % are kept back."""


class AcSide:
    """How many DC watts one AC amp on each phase pays for, as measured (SR-13).

    Args:
        worst_w: The same with the worst losses, at the lowest voltage: until it is measured.
    """

    __slots__ = ("_least", "_since_s", "worst_w", "worth_w")

    def __init__(self, worst_w: float) -> None:
        self.worst_w = worst_w
        self.worth_w = worst_w
        self.forget()

    def forget(self) -> None:
        """Void what was measured: nothing measures it any more."""
        self._least = WindowMax(REMEMBERED_S)
        self._since_s: float | None = None

    def take(self, at_s: float, power_w: float, current_a: float) -> bool:
        """Take what was measured on both sides; return whether that changes what an amp pays for."""
        if current_a >= LEAST_LOAD_A:
            self._since_s = at_s if self._since_s is None else self._since_s
            self._least.add(at_s, -power_w / current_a)
        return self._renew(at_s)

    def _renew(self, at_s: float) -> bool:
        least = self._least.value(at_s)
        known = self._since_s is not None and at_s - self._since_s >= MEASURED_S
        worth_w = self.worst_w
        if known and least is not None:
            worth_w = max(worth_w, -KEPT_SHARE * least)
        if abs(worth_w - self.worth_w) < CHANGE_SHARE * self.worth_w:
            return False
        self.worth_w = worth_w
        return True


class Supplied:
    """What a seat knows of the losses of a supply; nothing of a connector.

    Attributes:
        settings: What is configured of the member.
        report: What it told last.
        ac_side: What its AC side costs; None for connectors.
        needs_set: Whether its device has to be told its grant again.
        ceiling_dirty: Whether its ceiling is to be renewed.
    """

    settings: MemberSettings
    report: MemberReport | None
    ac_side: AcSide | None = None
    needs_set: bool
    ceiling_dirty: bool

    def take_losses(self, worst_w: float | None) -> None:
        """Take how many DC watts an amp pays for at worst; what was measured stays."""
        if worst_w is None:
            self.ac_side = None
        elif self.ac_side is None or self.ac_side.worst_w != worst_w:
            self.ac_side = AcSide(worst_w)

    def power_of(self, current_a: float) -> float | None:
        """Return the DC watts that a supply's grant pays for; None for a connector."""
        return None if self.ac_side is None else current_a * self.ac_side.worth_w

    @property
    def set_current_a(self) -> float:
        """The most that a supply's set points may cost per phase."""
        told_a = None if self.report is None else self.report.set_current_a
        return 0.0 if told_a is None else told_a * self.cost_share

    @property
    def cost_share(self) -> float:
        """What its watts cost, as a share of what they would with the worst losses."""
        return 1.0 if self.ac_side is None else self.ac_side.worst_w / self.ac_side.worth_w

    def note_losses(self, report: MemberReport, at_s: float, settled_a: float) -> None:
        """Take a supply's output beside what it takes from AC, 0 while it is on its way."""
        side = self.ac_side
        if side is None or report.power_w is None:
            return
        if report.current is None:
            side.forget()
            settled_a = 0.0
        before_w = side.worth_w
        if side.take(at_s, report.power_w.value, settled_a):
            self.ceiling_dirty = True
            # Its device holds watts: where they cost more than was thought, it is told fewer.
            self.needs_set |= side.worth_w < before_w
