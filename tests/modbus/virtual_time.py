"""Time that jumps to the next timer whenever nothing is left to do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
import selectors
import time
from typing import Any

_QUIET_S = 0.00005
"""Real seconds without any event on a socket until nothing is under way on the loopback."""

_START = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


class VirtualClock:
    """The clock of one event loop: sockets work as ever, waiting costs nothing.

    A test that sleeps for a minute of it is over at once, and everything that was due meanwhile
    has happened in its order.
    """

    def __init__(self, loop: Any) -> None:
        self._loop = loop
        self._selector: selectors.BaseSelector = loop._selector
        self._skipped_s = 0.0
        self._started_s = self.seconds()

    def seconds(self) -> float:
        """Return the loop's time."""
        return time.monotonic() + self._skipped_s

    def now(self) -> datetime:
        """Return the wall clock that goes with it."""
        return _START + timedelta(seconds=self.seconds() - self._started_s)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait as the loop's selector does, or jump when only timers are left."""
        if timeout is None or timeout <= 0:
            return self._selector.select(timeout)
        if events := self._selector.select(0):
            return events
        # A timeout of the selector itself would be rounded up to a millisecond.
        time.sleep(_QUIET_S)
        if events := self._selector.select(0):
            return events
        self._skipped_s += timeout
        return []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._selector, name)

    def start(self) -> None:
        """Take over the loop's time."""
        self._loop.time = self.seconds
        self._loop._selector = self

    def stop(self) -> None:
        """Let the time run by itself again, from where it is."""
        self._loop._selector = self._selector


@asynccontextmanager
async def virtual_time() -> AsyncIterator[VirtualClock]:
    """Run what is inside in virtual time."""
    clock = VirtualClock(asyncio.get_running_loop())
    clock.start()
    try:
        yield clock
    finally:
        clock.stop()


async def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait for something to become true, looking ten times a second.

    Raises:
        AssertionError: It does not, for so long.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not condition():
        if loop.time() >= end:
            raise AssertionError(f"not within {seconds} s")
        await asyncio.sleep(0.1)
