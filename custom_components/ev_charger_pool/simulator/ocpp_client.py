"""The station's end of an OCPP-J connection: connects, calls, answers, comes back."""

import asyncio
from collections.abc import Awaitable, Callable
import contextlib
from itertools import count
import logging
from typing import Final

import aiohttp

from ..chargers.ocpp.framing import (
    Call,
    CallError,
    CallResult,
    ErrorCode,
    FrameError,
    Payload,
    parse,
    text_of,
)

_LOGGER = logging.getLogger(__name__)

CALL_TIMEOUT_S: Final = 30.0
_BACK_OFF_S: Final = (0.5, 1.0, 2.0, 5.0)

type Handler = Callable[[str, Payload], Awaitable[Payload]]


class NotServedError(Exception):
    """A call cannot be answered; it gets a CALLERROR with this code."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code)
        self.code = code


class OcppClient:
    """A connection that is kept up."""

    def __init__(
        self,
        url: str,
        *,
        answer: Handler,
        on_connected: Callable[[], Awaitable[None]],
    ) -> None:
        """Prepare the connection.

        Args:
            url: The whole address, with the station's identity at its end.
            answer: Answers the calls of the central system.
            on_connected: Run in parallel once the connection stands; ended when it is lost.
        """
        self._url = url
        self._answer = answer
        self._on_connected = on_connected
        self._numbers = count(1)
        self._pending: dict[str, asyncio.Future[Payload]] = {}
        self._calling = asyncio.Lock()
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._runner: asyncio.Task[None] | None = None
        self._answering: set[asyncio.Task[None]] = set()
        self._reads = asyncio.Event()
        self._reads.set()

    @property
    def connected(self) -> bool:
        """Whether the connection stands."""
        return self._socket is not None

    def stall(self) -> None:
        """Stop reading, as a station does whose program hangs."""
        self._reads.clear()

    def resume(self) -> None:
        """Read again."""
        self._reads.set()

    def start(self) -> None:
        """Connect, and connect again whenever the connection is lost."""
        self._runner = asyncio.create_task(self._run(), name=f"simulated station {self._url}")

    async def stop(self) -> None:
        """End the connection for good."""
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.cancel()
            await asyncio.wait([runner])

    async def drop(self) -> None:
        """Lose the connection; it comes back by itself."""
        if self._socket is not None:
            await self._socket.close()

    async def call(self, action: str, payload: Payload) -> Payload:
        """Call the central system, one call at a time.

        Raises:
            ConnectionError: The connection is gone, or the call was refused.
            TimeoutError: There was no answer.
        """
        async with self._calling:
            socket = self._socket
            if socket is None:
                raise ConnectionError("not connected")
            call = Call(unique_id=str(next(self._numbers)), action=action, payload=payload)
            answer = asyncio.get_running_loop().create_future()
            self._pending[call.unique_id] = answer
            try:
                async with asyncio.timeout(CALL_TIMEOUT_S):
                    await socket.send_str(text_of(call))
                    found: Payload = await answer
                    return found
            finally:
                del self._pending[call.unique_id]

    async def _run(self) -> None:
        attempts = 0
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.ws_connect(self._url, protocols=("ocpp1.6",)) as socket:
                        attempts = 0
                        await self._serve(socket)
                except (aiohttp.ClientError, OSError) as error:
                    _LOGGER.debug("Simulated station %s: %s", self._url, error)
                await asyncio.sleep(_BACK_OFF_S[min(attempts, len(_BACK_OFF_S) - 1)])
                attempts += 1

    async def _serve(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        greeting = asyncio.ensure_future(self._greet())
        try:
            while True:
                await self._reads.wait()
                message = await socket.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    return
                self._receive(message.data)
        finally:
            self._socket = None
            tasks = [greeting, *self._answering]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for answer in self._pending.values():
                if not answer.done():
                    answer.set_exception(ConnectionError("the connection was lost"))

    async def _greet(self) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):
            await self._on_connected()

    def _receive(self, text: str) -> None:
        try:
            frame = parse(text)
        except FrameError as error:
            _LOGGER.warning("Simulated station %s got no frame: %s", self._url, error)
            return
        match frame:
            case Call():
                task = asyncio.create_task(self._reply(frame))
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)
            case CallResult():
                answer = self._pending.get(frame.unique_id)
                if answer is not None and not answer.done():
                    answer.set_result(frame.payload)
            case CallError():
                answer = self._pending.get(frame.unique_id)
                if answer is not None and not answer.done():
                    answer.set_exception(ConnectionError(f"{frame.code} {frame.description}"))

    async def _reply(self, call: Call) -> None:
        reply: CallResult | CallError
        try:
            reply = CallResult(
                unique_id=call.unique_id, payload=await self._answer(call.action, call.payload)
            )
        except NotServedError as error:
            reply = CallError(unique_id=call.unique_id, code=error.code)
        except KeyError, TypeError, ValueError:
            reply = CallError(unique_id=call.unique_id, code=ErrorCode.FORMATION_VIOLATION)
        socket = self._socket
        if socket is not None:
            with contextlib.suppress(ConnectionError):
                await socket.send_str(text_of(reply))
