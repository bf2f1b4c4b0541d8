"""Puts the requests of all devices behind one link in order: the urgent first, none too early."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from .schema import Timing


class Precedence(IntEnum):
    """Which request goes first; a lower number overtakes."""

    REDUCTION = 0
    CONTROL = 1
    READ = 2


class RequestKind(StrEnum):
    """What a request does; a device may want different pauses for the two."""

    READ = "read"
    WRITE = "write"


class WithdrawnError(Exception):
    """A request was given up before anything of it was sent."""


class ContactLostError(WithdrawnError):
    """A request was given up because whoever answers next has to prove itself first."""


class Pace:
    """When a device can take its next request."""

    def __init__(self, timing: Timing) -> None:
        """Begin with a device that can take anything at once.

        Args:
            timing: The pauses that it needs.
        """
        self._request = timing.request.total_seconds()
        self._interval = {
            RequestKind.READ: timing.read.total_seconds(),
            RequestKind.WRITE: timing.write.total_seconds(),
        }
        self._ended: dict[RequestKind, float] = {}

    def ready_at(self, kind: RequestKind) -> float:
        """Return the loop time from which the device can take such a request."""
        ready = 0.0
        if self._ended:
            ready = max(self._ended.values()) + self._request
        if kind in self._ended:
            ready = max(ready, self._ended[kind] + self._interval[kind])
        return ready

    def ended(self, kind: RequestKind, at: float) -> None:
        """Take that an exchange with the device ended."""
        self._ended[kind] = at


@dataclass(slots=True, kw_only=True, eq=False)
class _Request:
    precedence: Precedence
    number: int
    kind: RequestKind
    pace: Pace
    limit: Callable[[], float]
    call: Callable[[], Awaitable[object]]
    future: asyncio.Future[object]


class Bus:
    """The one queue in front of a link; it lives as long as some device holds it."""

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self._pending: list[_Request] = []
        self._number = 0
        self._worker: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    async def request[T](
        self,
        call: Callable[[], Awaitable[T]],
        *,
        kind: RequestKind,
        pace: Pace,
        precedence: Precedence,
        limit: Callable[[], float],
    ) -> T:
        """Carry out one exchange when its turn has come, and return what it returned.

        Among the requests whose device is ready, the one of highest precedence goes first, then
        the oldest. A device that has to be left alone for a while does not hold up another one.

        Args:
            call: Does exactly one exchange with the device.
            kind: What it does.
            pace: The device's own.
            precedence: Whom it overtakes.
            limit: Asked when its turn has come: for how many seconds it may hold the link.

        Raises:
            TimeoutError: It held the link for longer than that.
            Exception: Whatever `call` raised.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        results: list[T] = []

        async def keep_result() -> None:
            results.append(await call())

        self._number += 1
        request = _Request(
            precedence=precedence,
            number=self._number,
            kind=kind,
            pace=pace,
            limit=limit,
            call=keep_result,
            future=future,
        )
        self._pending.append(request)
        self._news.set()
        if self._worker is None or self._worker.done():
            self._worker = loop.create_task(self._work(), name="modbus bus")
        try:
            await future
        finally:
            if request in self._pending:
                self._pending.remove(request)
                self._news.set()
        return results[0]

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._pending:
            self._news.clear()
            now = loop.time()
            ready = [
                request for request in self._pending if request.pace.ready_at(request.kind) <= now
            ]
            if ready:
                request = min(ready, key=lambda request: (request.precedence, request.number))
                self._pending.remove(request)
                await self._carry_out(request)
                continue
            first = min(request.pace.ready_at(request.kind) for request in self._pending)
            try:
                async with asyncio.timeout_at(first):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _carry_out(self, request: _Request) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(request.limit()):
                await request.call()
        except WithdrawnError as error:
            _settle(request.future, error)
            return
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to who asked
            _settle(request.future, error)
        else:
            _settle(request.future, None)
        request.pace.ended(request.kind, loop.time())


def _settle(future: asyncio.Future[object], error: Exception | None) -> None:
    """Tell who asked how it went, unless they are gone."""
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
