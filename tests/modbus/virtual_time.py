"""Time that jumps to the next timer whenever nothing is left to do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
import selectors
import time
from typing import Any

_QUIET_S = 0.0001
"""Real seconds without any event on a socket until nothing is under way on the loopback."""

_THREAD_S = 0.005
"""So long the selector waits at a time, in real seconds, for threads that are at work."""

_START = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


class VirtualClock:
    """The clock of one event loop: sockets work as ever, waiting costs nothing.

    A test that sleeps for a minute of it is over at once, and everything that was due meanwhile
    has happened in its order.
    """

    def __init__(self, loop: Any) -> None:
        self._loop = loop
        self._selector: selectors.BaseSelector = loop._selector
        self._run_in_executor = loop.run_in_executor
        self._in_threads = 0
        self._skipped_s = 0.0
        self._started_s = self.seconds()

    def seconds(self) -> float:
        """Return the loop's time."""
        return time.monotonic() + self._skipped_s

    def now(self) -> datetime:
        """Return the wall clock that goes with it."""
        return _START + timedelta(seconds=self.seconds() - self._started_s)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait as the loop's selector does, or jump when only timers are left.

        A thread at work wakes the loop when it is done: until then nothing is skipped.
        """
        if timeout is None or timeout <= 0:
            return self._selector.select(timeout)
        if self._in_threads:
            return self._selector.select(min(timeout, _THREAD_S))
        if events := self._selector.select(0):
            return events
        # A timeout of the selector itself would be rounded up to a millisecond.
        time.sleep(_QUIET_S)
        if events := self._selector.select(0):
            return events
        self._skipped_s += timeout
        return []

    def run_in_executor(self, *job: Any) -> asyncio.Future[Any]:
        """Have a thread do something, as the loop does, and know that it is at work."""
        future: asyncio.Future[Any] = self._run_in_executor(*job)
        self._in_threads += 1
        future.add_done_callback(self._out_of_thread)
        return future

    def _out_of_thread(self, _: asyncio.Future[Any]) -> None:
        self._in_threads -= 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._selector, name)

    def start(self) -> None:
        """Take over the loop's time."""
        self._loop.time = self.seconds
        self._loop.run_in_executor = self.run_in_executor
        self._loop._selector = self

    def stop(self) -> None:
        """Let the time run by itself again, from where it is."""
        self._loop._selector = self._selector
        self._loop.run_in_executor = self._run_in_executor


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
