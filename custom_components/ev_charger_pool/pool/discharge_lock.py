"""When the entity that locks the home battery's discharge is written, and when it is left alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

SETTLE: Final = timedelta(minutes=2)
"""Inverters are polled: what was written is judged, and may be changed again, this much later."""

LONGEST_RETRY: Final = timedelta(minutes=30)
"""The wait doubles with each failure, up to this: settings of inverters lie in flash."""

START_GRACE: Final = timedelta(seconds=90)
"""What was locked before a start stays so until devices were heard (SR-11: 30 s) and cars draw."""

NEEDED_PATIENCE: Final = timedelta(minutes=2)
IDLE_PATIENCE: Final = timedelta(minutes=15)
"""How long an entity may be silent while there is something to do, and while there is not."""

ABANDONED_AFTER: Final = timedelta(hours=1)
"""An entity that is configured no longer, and is gone, is not waited for any longer."""

type LockValue = str | float
"""A state of a switch, an option of a select, or a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockTarget:
    """The user's entity that locks the discharge.

    Attributes:
        entity: Its id.
        locked: What it is set to for the lock.
        normal: What it is set to afterwards where what was before is offered no longer.
    """

    entity: str
    locked: LockValue
    normal: LockValue | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A lock that is the pool's: it has to be undone, after a crash too.

    Attributes:
        target: Whom it was asked of.
        before: What the entity showed before.
    """

    target: LockTarget
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the entity shows now; `is_locked` is whether that is the lock."""

    value: str
    is_locked: bool


class LockAct(StrEnum):
    """What is to be written now."""

    LOCK = "lock"
    RESTORE = "restore"


class LockTrouble(StrEnum):
    """What a user should know of."""

    SILENT = "silent"
    """The entity is missing or not available."""

    FAILED = "failed"
    """Its action failed, or it does not show what was written."""

    LIFTED = "lifted"
    """Somebody else changed it while it was locked; it is left alone until the next time."""


class LockKeeper:
    """Follows one wish, "locked or not", through an entity that others may change as well.

    Whoever uses it performs what `decide` returns, and tells `failed` where that did not work.
    `held` is to be kept before anything is written, so that a crash leaves no lock behind.

    Args:
        now: When it starts.
        held: The lock that an earlier run left.
    """

    def __init__(self, now: datetime, held: Held | None = None) -> None:
        self.held = held
        self._act: LockAct | None = None
        self._act_failed = False
        self._acted_at: datetime | None = None
        self._not_before = now if held is None else now + START_GRACE
        self._was_seen = False
        self._failures = 0
        self._failing_since: datetime | None = None
        self._lifted_since: datetime | None = None
        self._silent_since: datetime | None = None
        self._is_needed = False

    def followed(self, target: LockTarget | None) -> LockTarget | None:
        """Return whose state counts now: who is locked has to be released first."""
        return target if self.held is None else self.held.target

    def decide(
        self, now: datetime, target: LockTarget | None, shown: Shown | None, *, wanted: bool
    ) -> LockAct | None:
        """Return what to write now; it counts as written from here on.

        Args:
            now: When.
            target: The entity that is configured; None: none.
            shown: What the one in `followed` shows; None where it is missing or unavailable.
            wanted: Whether the discharge is to be locked.
        """
        wanted = wanted and target is not None and (self.held is None or self.held.target == target)
        self._note(now, target, wanted=wanted)
        if shown is None:
            self._miss(now, target)
            return None
        self._silent_since = None
        if self._acted_at is not None and now - self._acted_at < SETTLE:
            self._was_seen |= shown.is_locked and self._act is LockAct.LOCK
            return None
        self._judge(now, shown, wanted=wanted)
        if now < self._not_before:
            return None
        if self.held is None:
            if not wanted or target is None or shown.is_locked or self._lifted_since is not None:
                return None
            self.held = Held(target=target, before=shown.value)
            return self._begin(now, LockAct.LOCK)
        if wanted:
            return None if shown.is_locked else self._begin(now, LockAct.LOCK)
        return self._begin(now, LockAct.RESTORE)

    def failed(self, now: datetime) -> None:
        """Take that what was decided could not be written."""
        self._act_failed = True
        self._count_failure(now)

    def release(self) -> Held | None:
        """Return what is to be restored at once because all this ends; it is no longer held."""
        held, self.held = self.held, None
        return held

    def trouble(self, now: datetime) -> tuple[LockTrouble, datetime] | None:
        """Return what is wrong, and since when."""
        patience = NEEDED_PATIENCE if self._is_needed else IDLE_PATIENCE
        if self._silent_since is not None and now - self._silent_since >= patience:
            return LockTrouble.SILENT, self._silent_since
        if self._failing_since is not None:
            return LockTrouble.FAILED, self._failing_since
        if self._lifted_since is not None:
            return LockTrouble.LIFTED, self._lifted_since
        return None

    def _begin(self, now: datetime, act: LockAct) -> LockAct:
        self._act, self._act_failed, self._acted_at = act, False, now
        return act

    def _note(self, now: datetime, target: LockTarget | None, *, wanted: bool) -> None:
        """Take what is wanted now."""
        self._is_needed = wanted is (self.held is None)
        if not wanted:
            self._lifted_since = None
            if self.held is None:
                self._failures = 0
                self._not_before = min(self._not_before, now)
        if self.held is None and target is None:
            self._heal()

    def _miss(self, now: datetime, target: LockTarget | None) -> None:
        """Take that the entity shows nothing."""
        followed = self.followed(target)
        if followed is None:
            self._silent_since = None
            return
        self._silent_since = self._silent_since or now
        if followed != target and now - self._silent_since >= ABANDONED_AFTER:
            self._drop()
            self._heal()
            self._silent_since = None

    def _judge(self, now: datetime, shown: Shown, *, wanted: bool) -> None:
        """Find what came of the newest write, and whether somebody else wrote since."""
        act, self._act = self._act, None
        if self.held is None:
            return
        if shown.is_locked:
            self._was_seen = True
            if wanted:
                self._heal()
            elif act is LockAct.RESTORE and not self._act_failed:
                self._count_failure(now)
        elif act is LockAct.RESTORE or (self._was_seen and not wanted):
            self._heal()
            self._drop()
        elif self._was_seen or shown.value != self.held.before:
            self._drop()
            self._lifted_since = now if wanted else None
        elif act is LockAct.LOCK and self._act_failed:
            # Nothing was written, so nothing is to be undone.
            self._drop()
        elif act is LockAct.LOCK:
            self._count_failure(now)

    def _drop(self) -> None:
        self.held = None
        self._was_seen = False

    def _heal(self) -> None:
        self._failures = 0
        self._failing_since = None

    def _count_failure(self, now: datetime) -> None:
        self._failures += 1
        self._failing_since = self._failing_since or now
        self._not_before = now + min(LONGEST_RETRY, SETTLE * 2 ** (self._failures - 1))
