"""The queue of calls to one station: one on the wire at a time, reductions first (SR-7)."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import IntEnum
import heapq
from itertools import count
import logging
from typing import Final
import uuid

from .counters import Counters
from .framing import Call, CallError, CallResult, Payload, text_of

_LOGGER = logging.getLogger(__name__)

_REMEMBERED: Final = 32
"""How many unanswered calls are remembered, to tell a late answer from nonsense."""


class CallPriority(IntEnum):
    """Which call overtakes which; a lower number goes first."""

    REDUCTION = 0
    RENEWAL = 1
    RAISE = 2
    OTHER = 3


class CallFailedError(Exception):
    """A call did not get an answer that can be used."""


class CallTimeoutError(CallFailedError):
    """The station did not answer in time."""


class CallOfflineError(CallFailedError):
    """The connection is gone."""


class CallRefusedError(CallFailedError):
    """The station answered with an error.

    Attributes:
        code: Its error code.
    """

    def __init__(self, action: str, code: str, description: str) -> None:
        super().__init__(f"{action} was refused: {code} {description}".rstrip())
        self.code = code


@dataclass(slots=True, order=True)
class _Waiting:
    priority: CallPriority
    number: int
    call: Call = field(compare=False)
    answer: asyncio.Future[CallResult | CallError] = field(compare=False)


class CallQueue:
    """Calls to one station over one connection.

    OCPP-J allows one unanswered call in each direction. The write of a call is not awaited by
    anybody else's call: a station that does not read holds up only itself.
    """

    def __init__(
        self, write: Callable[[str], Coroutine[None, None, None]], counters: Counters
    ) -> None:
        """Prepare the queue.

        Args:
            write: Puts a text on the wire; returns when the link can take more.
            counters: Where to count.
        """
        self._write = write
        self._counters = counters
        self._numbers = count()
        self._queue: list[_Waiting] = []
        self._current: _Waiting | None = None
        self._writing: asyncio.Task[None] | None = None
        self._given_up: deque[str] = deque(maxlen=_REMEMBERED)
        self._closed = False

    async def call(
        self, action: str, payload: Payload, *, priority: CallPriority, timeout_s: float
    ) -> Payload:
        """Send a call and return the answer's payload.

        The time for it runs from now: it is over for a call that could not even be written.

        Raises:
            CallTimeoutError: No answer within `timeout_s` seconds.
            CallRefusedError: The station answered with an error.
            CallOfflineError: The connection is gone or went.
        """
        if self._closed:
            raise CallOfflineError("the station is not connected")
        waiting = _Waiting(
            priority,
            next(self._numbers),
            Call(unique_id=str(uuid.uuid4()), action=action, payload=payload),
            asyncio.get_running_loop().create_future(),
        )
        heapq.heappush(self._queue, waiting)
        self._pump()
        try:
            async with asyncio.timeout(timeout_s):
                answer = await waiting.answer
        except TimeoutError:
            self._counters.timeouts += 1
            raise CallTimeoutError(f"no answer to {action} within {timeout_s:g} s") from None
        finally:
            self._drop(waiting)
        if isinstance(answer, CallError):
            self._counters.refused_calls += 1
            raise CallRefusedError(action, answer.code, answer.description)
        return answer.payload

    def take(self, answer: CallResult | CallError) -> None:
        """Take an answer that the station sent; late and double ones are counted."""
        current = self._current
        if current is not None and current.call.unique_id == answer.unique_id:
            self._current = None
            if not current.answer.done():
                current.answer.set_result(answer)
            self._pump()
        elif answer.unique_id in self._given_up:
            self._given_up.remove(answer.unique_id)
            self._counters.late_answers += 1
        else:
            self._counters.unexpected_answers += 1

    def close(self) -> None:
        """Fail every call: the connection is gone."""
        self._closed = True
        if self._writing is not None:
            self._writing.cancel()
        waiting = [*self._queue, *([self._current] if self._current else [])]
        self._queue.clear()
        self._current = None
        for item in waiting:
            if not item.answer.done():
                item.answer.set_exception(CallOfflineError("the connection was lost"))

    def _pump(self) -> None:
        """Write the next call, if none is unanswered and the link takes more."""
        if self._closed or self._current is not None or self._writing is not None:
            return
        while self._queue:
            waiting = heapq.heappop(self._queue)
            if waiting.answer.done():
                continue
            self._current = waiting
            self._counters.calls += 1
            # Eager: the frame is handed to the transport here and now, without another round of
            # the event loop.
            writing = asyncio.eager_task_factory(
                asyncio.get_running_loop(), self._write(text_of(waiting.call))
            )
            if writing.done():
                self._written(writing)
            else:
                self._writing = writing
                writing.add_done_callback(self._written)
            return

    def _written(self, writing: asyncio.Task[None]) -> None:
        self._writing = None
        if not writing.cancelled() and (error := writing.exception()) is not None:
            _LOGGER.debug("A call could not be written: %s", error)
            if (current := self._current) is not None:
                self._current = None
                if not current.answer.done():
                    current.answer.set_exception(CallOfflineError(str(error)))
        self._pump()

    def _drop(self, waiting: _Waiting) -> None:
        """Forget a call that nobody waits for any longer."""
        if self._current is waiting:
            self._current = None
            self._given_up.append(waiting.call.unique_id)
            self._pump()
        elif waiting in self._queue:
            self._queue.remove(waiting)
            heapq.heapify(self._queue)
