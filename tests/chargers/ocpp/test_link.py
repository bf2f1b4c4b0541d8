"""The connection itself, with a handler that fails and a station that does not say goodbye."""

import asyncio
from collections.abc import AsyncGenerator, Callable
import json
from typing import Any

import aiohttp
from aiohttp import web
import pytest

from custom_components.ev_charger_pool.chargers.ocpp.calls import CallOfflineError, CallPriority
from custom_components.ev_charger_pool.chargers.ocpp.config import Restrictions, Timings
from custom_components.ev_charger_pool.chargers.ocpp.counters import Counters
from custom_components.ev_charger_pool.chargers.ocpp.framing import Payload
from custom_components.ev_charger_pool.chargers.ocpp.link import Answer, StationLink
from custom_components.ev_charger_pool.chargers.ocpp.v16 import load_schemas


class End:
    """The central system's end of one connection."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.fault: Callable[[], Answer] = lambda: Answer({})
        self.link: StationLink | None = None
        self.url = ""
        self.served = asyncio.Event()

    def handle(self, _action: str, _payload: Payload) -> Answer:
        return self.fault()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("ocpp1.6",))
        await socket.prepare(request)
        assert request.transport is not None
        self.link = StationLink(
            "CP1",
            socket,
            request.transport,
            load_schemas(),
            self.counters,
            Timings(close_s=0.1),
            Restrictions(),
        )
        await self.link.serve(self.handle)
        self.served.set()
        return socket


@pytest.fixture
async def end(socket_enabled: None) -> AsyncGenerator[End]:
    end = End()
    application = web.Application()
    application.router.add_get("/CP1", end.serve)
    runner = web.AppRunner(application, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    end.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/CP1"
    yield end
    await runner.cleanup()


@pytest.fixture
async def station(end: End) -> AsyncGenerator[aiohttp.ClientWebSocketResponse]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(end.url, protocols=("ocpp1.6",)) as socket,
    ):
        yield socket


async def ask(station: aiohttp.ClientWebSocketResponse, action: str) -> Any:
    await station.send_str(json.dumps([2, "7", action, {}]))
    return await station.receive_json(timeout=5)


def raising(error: Exception) -> Callable[[], Answer]:
    def fail() -> Answer:
        raise error

    return fail


@pytest.mark.parametrize(
    "fault",
    [
        raising(KeyError("x")),
        raising(AttributeError("x")),
        raising(RecursionError()),
        lambda: Answer({"nonsense": 1}),
    ],
)
async def test_a_fault_of_ours_is_an_internal_error_and_the_rest_goes_on(
    end: End, station: aiohttp.ClientWebSocketResponse, fault: Callable[[], Answer]
) -> None:
    end.fault = fault
    answer = await ask(station, "StatusNotification")
    assert answer[:3] == [4, "7", "InternalError"]
    assert end.counters.errors == 1
    end.fault = lambda: Answer({})
    assert await ask(station, "StatusNotification") == [3, "7", {}]


async def test_what_follows_an_answer_comes_after_it(
    end: End, station: aiohttp.ClientWebSocketResponse
) -> None:
    calls: set[asyncio.Task[Payload]] = set()

    def then() -> None:
        assert end.link is not None
        calls.add(
            asyncio.create_task(
                end.link.call(
                    "TriggerMessage",
                    {"requestedMessage": "Heartbeat"},
                    priority=CallPriority.OTHER,
                    timeout_s=5.0,
                )
            )
        )

    end.fault = lambda: Answer({}, then)
    assert await ask(station, "StatusNotification") == [3, "7", {}]
    call = await station.receive_json(timeout=5)
    assert call[2:] == ["TriggerMessage", {"requestedMessage": "Heartbeat"}]
    await station.send_str(json.dumps([3, call[1], {"status": "Accepted"}]))
    (answer,) = await asyncio.gather(*calls)
    assert answer == {"status": "Accepted"}


async def test_a_station_that_does_not_say_goodbye_is_cut_off(
    end: End, station: aiohttp.ClientWebSocketResponse
) -> None:
    await ask(station, "StatusNotification")
    link = end.link
    assert link is not None
    loop = asyncio.get_running_loop()
    began = loop.time()
    # Nobody reads at the station's end, so the closing handshake is never answered.
    await link.close(1001, "goodbye")
    assert loop.time() - began < 2.0
    async with asyncio.timeout(2):
        await end.served.wait()
    with pytest.raises(CallOfflineError):
        await link.call(
            "TriggerMessage",
            {"requestedMessage": "Heartbeat"},
            priority=CallPriority.OTHER,
            timeout_s=1.0,
        )


async def test_a_connection_that_breaks_ends_quietly(
    end: End, station: aiohttp.ClientWebSocketResponse
) -> None:
    def cut() -> Answer:
        transport = station._writer.transport
        assert transport is not None
        transport.abort()
        return Answer({})

    end.fault = cut
    await station.send_str('[2,"7","StatusNotification",{}]')
    async with asyncio.timeout(2):
        await end.served.wait()
