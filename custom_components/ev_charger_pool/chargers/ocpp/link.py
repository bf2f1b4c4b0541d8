"""One WebSocket connection to a station: frames in, frames out, nothing of their meaning."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
import logging

from aiohttp import WSMsgType, web

from .calls import CallPriority, CallQueue
from .config import Restrictions, Timings
from .counters import Counters
from .framing import (
    NO_UNIQUE_ID,
    Call,
    CallError,
    CallResult,
    ErrorCode,
    FrameError,
    Payload,
    leading_unique_id,
    parse,
    text_of,
)
from .pace import TokenBucket
from .schemas import Schemas

_LOGGER = logging.getLogger(__name__)


class RefusalError(Exception):
    """A call of the station cannot be served; it gets a CALLERROR.

    Attributes:
        code: The error code.
    """

    def __init__(self, code: ErrorCode, description: str) -> None:
        super().__init__(description)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """What a station's call is answered with.

    Attributes:
        payload: The payload of the CALLRESULT.
        then: Called once that is on the wire: what has to come after it.
    """

    payload: Payload
    then: Callable[[], None] | None = None


type Handler = Callable[[str, Payload], Answer]


class StationLink:
    """A connection.

    Messages are read one after the other, and a handler never waits, so that no call to the
    station can be stuck behind its own answer.
    """

    def __init__(
        self,
        identity: str,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport,
        schemas: Schemas,
        counters: Counters,
        timings: Timings,
        restrictions: Restrictions,
    ) -> None:
        """Take over a prepared WebSocket."""
        self._identity = identity
        self._socket = socket
        self._transport = transport
        self._schemas = schemas
        self._counters = counters
        self._timings = timings
        self._restrictions = restrictions
        self._queue = CallQueue(socket.send_str, counters)
        self._pace = TokenBucket(
            restrictions.message_burst,
            restrictions.messages_per_s,
            asyncio.get_running_loop().time(),
        )

    async def serve(self, handler: Handler) -> None:
        """Read until the connection ends, and answer each call through the handler."""
        try:
            while True:
                message = await self._socket.receive()
                if (wait_s := self._pace.take(asyncio.get_running_loop().time())) > 0.0:
                    # Not read is not lost: the station has to wait.
                    self._counters.throttled += 1
                    await asyncio.sleep(wait_s)
                match message.type:
                    case WSMsgType.TEXT:
                        await self._receive(message.data, handler)
                    case WSMsgType.BINARY:
                        self._counters.messages += 1
                        await self._refuse(
                            NO_UNIQUE_ID,
                            ErrorCode.FORMATION_VIOLATION,
                            "Messages have to be text frames",
                        )
                    case WSMsgType.ERROR:
                        self._counters.bad_messages += 1
                        _LOGGER.warning(
                            "Station %s broke the WebSocket protocol (%s); the connection ends",
                            self._identity,
                            message.data,
                        )
                        return
                    case _:
                        return
        except ConnectionError as error:
            _LOGGER.debug("The connection to station %s ended: %s", self._identity, error)
        finally:
            self._queue.close()

    async def call(
        self, action: str, payload: Payload, *, priority: CallPriority, timeout_s: float
    ) -> Payload:
        """Call the station; see `CallQueue.call`.

        Raises:
            CallFailedError: There is no answer that can be used.
            PayloadError: Our own payload breaks its schema; nothing was sent.
        """
        self._schemas.check_call(action, payload)
        return await self._queue.call(action, payload, priority=priority, timeout_s=timeout_s)

    async def close(self, code: int, reason: str) -> None:
        """End the connection, by force when the station does not take part in it."""
        self._queue.close()
        try:
            async with asyncio.timeout(self._timings.close_s):
                await self._socket.close(code=code, message=reason.encode()[:120])
        except TimeoutError:
            _LOGGER.debug("Station %s did not answer the close", self._identity)
        finally:
            self._transport.abort()

    async def _receive(self, text: str, handler: Handler) -> None:
        self._counters.messages += 1
        if len(text) > self._restrictions.message_bytes:
            self._counters.oversized += 1
            await self._refuse(
                leading_unique_id(text),
                ErrorCode.FORMATION_VIOLATION,
                f"Messages have at most {self._restrictions.message_bytes} characters",
            )
            return
        try:
            frame = parse(text)
        except FrameError as error:
            await self._refuse(error.unique_id, error.code, str(error))
            return
        if isinstance(frame, Call):
            await self._answer(frame, handler)
        else:
            self._queue.take(frame)

    async def _answer(self, call: Call, handler: Handler) -> None:
        try:
            answer = handler(call.action, call.payload)
            self._schemas.check_result(call.action, answer.payload)
        except RefusalError as error:
            if error.code is ErrorCode.NOT_IMPLEMENTED:
                self._counters.unknown_actions += 1
            await self._refuse(call.unique_id, error.code, str(error))
            return
        except Exception:
            # Whatever it was: it costs this message, not the session.
            self._counters.errors += 1
            _LOGGER.exception("Could not handle %s of station %s", call.action, self._identity)
            await self._refuse(
                call.unique_id, ErrorCode.INTERNAL_ERROR, "The central system has a fault; see log"
            )
            return
        await self._socket.send_str(
            text_of(CallResult(unique_id=call.unique_id, payload=answer.payload))
        )
        if answer.then is not None:
            answer.then()

    async def _refuse(self, unique_id: str, code: ErrorCode, description: str) -> None:
        self._counters.bad_messages += 1
        _LOGGER.debug("Refused a message of station %s: %s %s", self._identity, code, description)
        await self._socket.send_str(
            text_of(CallError(unique_id=unique_id, code=code, description=description))
        )
