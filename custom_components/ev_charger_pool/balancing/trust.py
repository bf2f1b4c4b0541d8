"""What a meter's answers say of it: two in a row that are wrong in one way are a fault."""

from typing import Final

from .contract import ProblemKind

SUSPECTED_S: Final = 90.0
"""After a first wrong answer members step down for so long: the meter's next answer decides."""

VOTES: Final = {ProblemKind.METER_UNIT_WRONG: 3}
"""A battery that nobody told of may take over a step and leave a trifle of it by chance."""

_USUAL_VOTES: Final = 2


class Trust:
    """Counts the answers of one meter. Times are seconds since the epoch."""

    __slots__ = ("_newest", "_newest_s", "_times", "fault")

    def __init__(self) -> None:
        self.fault: ProblemKind | None = None
        """What is wrong with it for sure."""
        self._newest: ProblemKind | None = None
        self._newest_s = float("-inf")
        self._times = 0

    def vote(self, fault: ProblemKind | None, at_s: float) -> None:
        """Take what an answer says: what is wrong, None: it was right."""
        self._times = self._times + 1 if fault is self._newest else 1
        self._newest, self._newest_s = fault, at_s
        if self._times >= VOTES.get(fault, _USUAL_VOTES) if fault else self._times >= _USUAL_VOTES:
            self.fault = fault

    def is_doubted(self, now_s: float) -> bool:
        """Whether it is not to be trusted now."""
        suspected = self._newest is not None and now_s - self._newest_s < SUSPECTED_S
        return self.fault is not None or suspected
