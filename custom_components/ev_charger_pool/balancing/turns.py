"""SR-14: runs, pauses and turns, so that nobody flaps and nobody starves."""

from typing import Final

TURN_S: Final = 1_800.0
"""A member keeps its place this long; who waited longer is promoted."""

RUN_S: Final = 600.0
"""A run lasts at least this long, safety excepted: contactors and cars wear by switching."""

PAUSE_S: Final = 300.0
"""A pause lasts at least this long."""

_IN_TURN: Final = 1
"""Who is in its turn comes before who has waited less than a turn."""

PROMOTED: Final = 2
"""Who waited for one turn comes before who is in a turn that nobody owed it."""


class Turns:
    """The run or the wait of one member. Times are seconds since the epoch."""

    __slots__ = ("_owed_at_start", "paused_until_s", "running_since_s", "waiting_since_s")

    def __init__(self) -> None:
        self.running_since_s: float | None = None
        self.waiting_since_s: float | None = None
        self.paused_until_s = float("-inf")
        self._owed_at_start = 0

    def start(self, now_s: float) -> None:
        """Note that it may run from now on."""
        if self.running_since_s is None:
            self._owed_at_start = self.owed(now_s)
            self.running_since_s = now_s
            self.waiting_since_s = None

    def pause(self, now_s: float) -> None:
        """Note that the pool paused it: it waits from now on."""
        self.running_since_s = None
        self.waiting_since_s = now_s
        self.paused_until_s = now_s + PAUSE_S

    def break_off(self, now_s: float) -> None:
        """Note that a meter fell silent: a run that had its time goes on when it is heard again.

        The switch was made already, and a short pause makes no more of them. After a run that was
        too short the whole pause is due, so that a meter that comes and goes wears no contactor.
        """
        had_its_time = self.running_since_s is not None and not self.must_run(now_s)
        self.pause(now_s)
        if had_its_time:
            self.forgive_pause()

    def forgive_pause(self) -> None:
        """Note that it need not wait for the end of its pause."""
        self.paused_until_s = float("-inf")

    def leave(self) -> None:
        """Note that it wants nothing any more: neither a run nor a wait goes on."""
        self.running_since_s = None
        self.waiting_since_s = None

    def leave_wait(self) -> None:
        """Note that it does not wait for its turn: what holds it is something else."""
        self.waiting_since_s = None

    def wait(self, now_s: float) -> None:
        """Note that it wants to run and does not."""
        if self.running_since_s is None and self.waiting_since_s is None:
            self.waiting_since_s = now_s

    def restore(self, owed: int, now_s: float) -> None:
        """Take how many turns it was owed before a restart."""
        if owed >= PROMOTED:
            self.waiting_since_s = now_s - (owed - PROMOTED + 1) * TURN_S

    def may_start(self, now_s: float) -> bool:
        """Whether its pause was long enough."""
        return now_s >= self.paused_until_s

    def must_run(self, now_s: float) -> bool:
        """Whether only safety may pause it now."""
        return self.running_since_s is not None and now_s - self.running_since_s < RUN_S

    def owed(self, now_s: float) -> int:
        """Return its promotion inside its tier."""
        if self.running_since_s is not None:
            in_turn = now_s - self.running_since_s < TURN_S
            return max(_IN_TURN, self._owed_at_start) if in_turn else 0
        if self.waiting_since_s is None:
            return 0
        turns = int((now_s - self.waiting_since_s) / TURN_S)
        return PROMOTED + turns - 1 if turns else 0
