"""How far a station's clock is from ours (SR-8)."""

from collections import deque
from datetime import datetime, timedelta
from typing import Final

_MESSAGES: Final = 20
MAX_SKEW: Final = timedelta(seconds=30)
"""With a clock that is further off, a schedule with times in it is not to be trusted (SR-8)."""


class ClockSkew:
    """Learns a station's clock from the times in its messages.

    A message is never received before it was sent, so each one shows a skew that is too small by
    its way and its wait in queues; the largest of the newest is the nearest to the truth.
    """

    def __init__(self) -> None:
        self._offsets: deque[timedelta] = deque(maxlen=_MESSAGES)

    def learn(self, told: datetime, received_at: datetime) -> None:
        """Take the time that a message told, and the time of its receipt."""
        self._offsets.append(told - received_at)

    def forget(self) -> None:
        """Forget everything: the station has started anew and may have set its clock."""
        self._offsets.clear()

    @property
    def skew(self) -> timedelta | None:
        """How far the station's clock is ahead of ours; None before its first message."""
        return max(self._offsets, default=None)

    @property
    def is_trusted(self) -> bool:
        """Whether a schedule may carry times."""
        return (skew := self.skew) is not None and abs(skew) <= MAX_SKEW
