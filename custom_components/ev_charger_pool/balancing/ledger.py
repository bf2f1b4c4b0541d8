"""SR-2: the ledger, which holds the most that each member may still draw."""

from dataclasses import dataclass
from typing import Final

from ..pool.actions import ActionResult

MEASURING_TOLERANCE_A: Final = 0.5
"""A draw is known to half an amp: meters of class B and whole-ampere steps of stations (SR-2)."""

LEASE_GRACE_S: Final = 10.0
"""An offline device keeps its grant so long past the end of its lease: its clock, its lag (SR-2)."""

UNWRITTEN_S: Final = 1.0
"""What is not written within this time is cut from other members (SR-7)."""

UNANSWERED_S: Final = 30.0
"""A caller that never told the answer: taken as a timeout, well past the 10 s of SR-7."""

_NO: Final = (ActionResult.REJECTED, ActionResult.NOT_SUPPORTED)
"""Answers that say the device kept what it had; after any other failure nobody knows."""


@dataclass(slots=True)
class Issue:
    """A grant on its way: ordered, written, answered, and at last settled."""

    number: int
    current_a: float
    decided_s: float
    sent_s: float | None = None
    accepted_s: float | None = None
    failed: bool = False

    @property
    def is_answered(self) -> bool:
        """Whether the device said anything to it."""
        return self.failed or self.accepted_s is not None


class Account:
    """What one member was granted, what of it is settled, and what it may draw in the worst case.

    Times are seconds since the epoch, currents amps per phase.
    """

    __slots__ = (
        "ceiling_a",
        "changed",
        "expires_s",
        "granted_a",
        "issues",
        "lease_s",
        "moved_s",
        "offline_s",
        "settle_s",
        "settled_a",
        "unknown",
    )

    def __init__(self, ceiling_a: float, settle_s: float, lease_s: float | None) -> None:
        self.ceiling_a = ceiling_a
        self.settle_s = settle_s
        self.lease_s = lease_s
        self.granted_a = 0.0
        self.settled_a = 0.0
        self.issues: list[Issue] = []
        self.unknown = True
        self.expires_s: float | None = None
        self.offline_s: float | None = None
        self.moved_s = float("-inf")
        self.changed = False
        """Whether there is something to be remembered anew; whoever keeps it resets it."""

    @property
    def is_settled(self) -> bool:
        """Whether the newest grant was seen in the draw."""
        return not self.issues and not self.unknown

    @property
    def outstanding_a(self) -> float:
        """The largest grant that may be on the device: settled, or on its way."""
        most = self.settled_a
        for issue in self.issues:
            most = max(most, issue.current_a)
        return most

    @property
    def surest_a(self) -> float:
        """The least grant that may be on the device: settled, or on its way; 0 if nobody knows."""
        if self.unknown:
            return 0.0
        return min((self.settled_a, *(issue.current_a for issue in self.issues)))

    @property
    def written_a(self) -> float:
        """The newest grant, or the one before it while it is a raise that was never written."""
        for issue in reversed(self.issues):
            if issue.sent_s is not None:
                return min(self.granted_a, issue.current_a)
        return min(self.granted_a, self.settled_a) if self.issues else self.granted_a

    @property
    def in_flight(self) -> bool:
        """Whether the device still owes an answer to the newest grant."""
        return bool(self.issues) and not self.issues[-1].is_answered

    def restore(self, granted_a: float, outstanding_a: float, expires_s: float | None) -> None:
        """Take what was persisted (SR-11): nothing of it is settled."""
        self.granted_a = granted_a
        self.settled_a = max(granted_a, outstanding_a)
        self.expires_s = expires_s
        self.unknown = False

    def issue(self, number: int, current_a: float, now_s: float) -> None:
        """Note a grant as ordered; from here on it counts."""
        if current_a > 0.0 and self.granted_a <= 0.0:
            self.unknown = True
        self.granted_a = current_a
        self.issues.append(Issue(number, current_a, now_s))
        self.moved_s = now_s
        self.changed = True

    def sent(self, number: int, at_s: float) -> None:
        """Note a grant as written: what was never written before it never will be."""
        for position, issue in enumerate(self.issues):
            if issue.number == number:
                issue.sent_s = at_s
                self.issues = [
                    *(old for old in self.issues[:position] if old.sent_s is not None),
                    *self.issues[position:],
                ]
                self.moved_s = max(self.moved_s, at_s)
                self.extend_lease(at_s)
                return

    def extend_lease(self, at_s: float) -> None:
        """Note that the device's lease was started anew."""
        if self.lease_s is not None:
            self.expires_s = max(self.expires_s or at_s, at_s + self.lease_s)
            self.changed = True

    def answered(self, number: int, result: ActionResult, at_s: float) -> Issue | None:
        """Note an answer and return the grant that was answered, None when it is history."""
        for position, issue in enumerate(self.issues):
            if issue.number != number:
                continue
            if issue.sent_s is None:
                issue.sent_s = at_s
            if result.is_success:
                issue.accepted_s = at_s
                issue.failed = False
                self.moved_s = max(self.moved_s, at_s)
                self.extend_lease(at_s)
                return issue
            issue.failed = self.changed = True
            before_a = self.issues[position - 1].current_a if position else self.settled_a
            if result in _NO and issue.current_a >= before_a:
                del self.issues[position]
                if position == len(self.issues):
                    self.granted_a = before_a
            return issue
        return None

    def settle(self, sample_s: float, draw_a: float, fail_safe_a: float) -> bool:
        """Take a sample of the draw, and return whether it settled anything.

        A sample at least `S` after the acknowledgement that shows at most the grant and half an
        amp settles it; whatever came before it counts no more. So does one at the fail-safe
        current: a device may lapse to it, and it is committed at any grant.
        """
        for position in range(len(self.issues) - 1, -1, -1):
            issue = self.issues[position]
            if (
                issue.accepted_s is not None
                and sample_s >= issue.accepted_s + self.settle_s
                and draw_a <= max(issue.current_a, fail_safe_a) + MEASURING_TOLERANCE_A
            ):
                self.settled_a = issue.current_a
                del self.issues[: position + 1]
                if not self.issues:
                    self.unknown = False
                self.changed = True
                return True
        return False

    def give_up_waiting(self, now_s: float) -> bool:
        """Take silence as a failure; return whether the newest grant failed by it."""
        lost = False
        for issue in self.issues:
            if issue.sent_s is not None and not issue.is_answered:
                lost = now_s - issue.sent_s >= UNANSWERED_S
                issue.failed = lost
        return lost

    def commitment_a(self, now_s: float, fail_safe_a: float, *, exercised: bool) -> float:
        """Return the most that the grants and the device's own ways let it draw.

        The draw and what the device reports are added by the caller, phase by phase.
        """
        held_a = self.ceiling_a if self.unknown else self.outstanding_a
        if not self.is_lost(now_s):
            return max(held_a, fail_safe_a)
        if exercised and self.lease_s is not None:
            return fail_safe_a
        return max(self.ceiling_a, held_a)

    def is_lost(self, now_s: float) -> bool:
        """Whether the device is out of reach for longer than its lease."""
        if self.offline_s is None:
            return False
        ends_s = self.offline_s if self.expires_s is None else self.expires_s
        return now_s >= ends_s + LEASE_GRACE_S

    def lapse(self, current_a: float) -> None:
        """Take that the device fell to a current by itself: what it was granted is void."""
        self.granted_a = min(self.granted_a, current_a)
        self.settled_a = self.granted_a
        self.issues.clear()
        self.changed = True

    def counted_a(self, now_s: float, fail_safe_a: float, *, exercised: bool) -> float:
        """Return the grant that cuts count with: the newest, unless it cannot be on the device."""
        if self.offline_s is not None:
            if exercised and self.lease_s is not None and self.is_lost(now_s):
                return min(fail_safe_a, self.outstanding_a)
            return self.outstanding_a
        if not self.issues:
            return self.granted_a
        newest = self.issues[-1]
        if newest.failed or (newest.sent_s is None and now_s - newest.decided_s > UNWRITTEN_S):
            return self.outstanding_a
        return self.granted_a

    def is_moving(self, at_s: float) -> bool:
        """Whether the draw may be on its way from one grant to another at a time."""
        return abs(at_s - self.moved_s) < self.settle_s
