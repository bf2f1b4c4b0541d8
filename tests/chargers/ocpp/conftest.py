"""A central system on a port of its own, and stations that connect to it."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import aiohttp
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
import pytest

from custom_components.ev_charger_pool.chargers.ocpp import (
    CentralSystem,
    Restrictions,
    Timings,
    async_get_central_system,
)
from tests.chargers.ocpp.build import Connect
from tests.chargers.ocpp.stations import RawStation, Socket, Station

QUICK = Timings(
    control_s=0.5, other_s=0.5, boot_grace_s=0.05, close_s=0.3, reload_grace_s=5.0, pending_s=7
)

type Open = Callable[..., Awaitable[aiohttp.ClientWebSocketResponse]]
type ConnectRaw = Callable[..., Awaitable[RawStation]]


@pytest.fixture
def timings() -> Timings:
    return QUICK


@pytest.fixture
def restrictions() -> Restrictions:
    return Restrictions()


@pytest.fixture
async def central(
    hass: HomeAssistant, socket_enabled: None, timings: Timings, restrictions: Restrictions
) -> AsyncGenerator[CentralSystem]:
    central = await async_get_central_system(hass, 0, timings=timings, restrictions=restrictions)
    yield central
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()


@pytest.fixture
async def open_socket(central: CentralSystem) -> AsyncGenerator[Open]:
    """Open a WebSocket to the central system's own port."""
    async with aiohttp.ClientSession() as session:
        sockets: list[aiohttp.ClientWebSocketResponse] = []

        async def connect(
            identity: str, *, protocols: tuple[str, ...] = ("ocpp1.6",), **more: Any
        ) -> aiohttp.ClientWebSocketResponse:
            socket: aiohttp.ClientWebSocketResponse = await session.ws_connect(
                f"ws://127.0.0.1:{central.port}/some/where/{identity}", protocols=protocols, **more
            )
            sockets.append(socket)
            return socket

        yield connect
        for socket in sockets:
            await socket.close()


@pytest.fixture
async def connect(open_socket: Open) -> AsyncGenerator[Connect]:
    """Connect a station of the library, without a boot."""
    stations: list[Station] = []

    async def connect(identity: str = "CP1", **more: Any) -> Station:
        station = Station(identity, Socket(await open_socket(identity, **more))).read()
        stations.append(station)
        return station

    yield connect
    for station in stations:
        await station.leave()


@pytest.fixture
def connect_raw(open_socket: Open) -> ConnectRaw:
    async def connect(identity: str = "CP1", **more: Any) -> RawStation:
        return RawStation(await open_socket(identity, **more))

    return connect
