"""The central system: ports, addresses, versions, quarantine, claims."""

import asyncio
from collections.abc import Awaitable, Callable
import socket
from typing import Any

import aiohttp
from aiohttp.test_utils import TestClient
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.ev_charger_pool.chargers.contract import ConnectorReport
from custom_components.ev_charger_pool.chargers.ocpp import (
    CentralSystem,
    PortInUseError,
    Restrictions,
    StationClaimedError,
    StationConfig,
    Timings,
    UnknownStation,
    async_get_central_system,
)
from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.states import ChargingStatus
from tests.chargers.ocpp.build import Connect, config, grant, ready
from tests.chargers.ocpp.conftest import QUICK, Open
from tests.chargers.ocpp.stations import Socket, Station, call

type HassClient = Callable[[], Awaitable[TestClient[Any, Any]]]


async def test_there_is_one_for_all_sites(hass: HomeAssistant, central: CentralSystem) -> None:
    assert await async_get_central_system(hass, 0) is central
    assert central.port > 0


async def test_sites_may_have_ports_of_their_own(
    hass: HomeAssistant, central: CentralSystem, connect: Connect
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert await async_get_central_system(hass, port) is central
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"ws://127.0.0.1:{port}/CP1", protocols=("ocpp1.6",)) as other,
    ):
        assert other.protocol == "ocpp1.6"


async def test_a_taken_port_is_named_and_the_rest_goes_on(
    hass: HomeAssistant, central: CentralSystem, connect: Connect
) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=rf"Port {port} .*stop that, or set another"):
            await async_get_central_system(hass, port)
    _, station = await ready(central, connect)
    assert (await station.heartbeat()).current_time


async def test_it_ends_with_home_assistant(
    hass: HomeAssistant, central: CentralSystem, connect: Connect
) -> None:
    _, station = await ready(central, connect)
    port = central.port
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    await station.until(lambda: station.socket.socket.closed)
    with pytest.raises(OSError, match=r".*"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_stations_are_served_on_home_assistant_s_own_server_too(
    hass: HomeAssistant, socket_enabled: None, hass_client_no_auth: HassClient
) -> None:
    assert await async_setup_component(hass, "http", {})
    central = await async_get_central_system(hass, 0, timings=QUICK)
    charger = central.claim(config())
    client = await hass_client_no_auth()
    web_socket = await client.ws_connect("/api/ev_charger_pool/ocpp/CP1", protocols=("ocpp1.6",))
    station = Station("CP1", Socket(web_socket)).read()
    assert (await station.boot()).status == "Accepted"
    await station.begin(1)
    assert await charger.async_apply(1, grant(9.0)) is ActionResult.ACCEPTED
    assert station.limits()[-1]["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == 9.0
    answer = await client.get("/api/ev_charger_pool/ocpp/CP1")
    assert answer.status == 426
    await station.leave()
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    answer = await client.get("/api/ev_charger_pool/ocpp/CP1")
    assert answer.status == 503


@pytest.mark.parametrize("path", ["CP%201", "x" * 49, "CP%2F1", "caf%C3%A9", "%FF", ""])
async def test_an_address_without_an_identity_is_refused(central: CentralSystem, path: str) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{central.port}/ocpp/{path}") as answer,
    ):
        # An empty last part makes the one before it the identity.
        assert answer.status == (426 if path == "" else 400)


async def test_a_browser_is_told_what_this_is(central: CentralSystem) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{central.port}/CP1") as answer,
    ):
        assert answer.status == 426
        assert "central system" in await answer.text()


@pytest.mark.parametrize(
    ("sent", "identity"), [("CP%2A1", "CP*1"), ("CP-1/", "CP-1"), ("a%40b.c", "a@b.c")]
)
async def test_the_identity_is_the_decoded_last_part(
    central: CentralSystem, connect: Connect, sent: str, identity: str
) -> None:
    charger = central.claim(config(identity))
    station = await connect(sent)
    await station.boot()
    assert charger.online


async def test_the_version_is_ours_to_choose(central: CentralSystem, open_socket: Open) -> None:
    web_socket = await open_socket("CP1", protocols=("ocpp2.1", "ocpp2.0.1", "ocpp1.6"))
    assert web_socket.protocol == "ocpp1.6"


@pytest.mark.parametrize("protocols", [(), ("ocpp2.0.1",), ("mqtt",)])
async def test_without_a_common_version_the_connection_ends(
    central: CentralSystem, open_socket: Open, protocols: tuple[str, ...]
) -> None:
    web_socket = await open_socket("CP1", protocols=protocols)
    assert web_socket.protocol is None
    message = await web_socket.receive(timeout=5)
    assert message.type is aiohttp.WSMsgType.CLOSE
    assert message.data == 1002
    assert central.refused == 1


async def test_an_unknown_station_waits_in_quarantine(
    central: CentralSystem, connect: Connect
) -> None:
    found: list[UnknownStation] = []
    unsubscribe = central.on_unknown(found.append)
    station = await connect("NEW")
    answer = await station.boot(charge_point_serial_number="77")
    assert answer.status == "Pending"
    assert answer.interval == 7
    await station.until(lambda: found)
    assert found == [
        UnknownStation(identity="NEW", vendor="Volta", model="Box 2", serial="77", connectors=2)
    ]
    verdict = await station.ask(call.Authorize(id_tag="ABC"))
    assert verdict.id_tag_info["status"] == "Invalid"
    start = await station.ask(
        call.StartTransaction(connector_id=1, id_tag="A", meter_start=0, timestamp=station.now())
    )
    assert start.id_tag_info["status"] == "Invalid"
    await station.status(1, "Charging")
    await station.measure(
        1, start.transaction_id, {"value": "1", "measurand": "Current.Import", "unit": "A"}
    )
    calls = {message[2] for message in station.socket.received if message[0] == 2}
    assert calls == {"GetConfiguration"}
    unsubscribe()
    unsubscribe()
    late: list[UnknownStation] = []
    central.on_unknown(late.append)
    assert late == found


async def test_an_unknown_station_that_does_not_boot_is_told_of_too(
    central: CentralSystem, connect: Connect
) -> None:
    found: list[UnknownStation] = []
    central.on_unknown(found.append)
    station = await connect("NEW")
    await station.until(lambda: found)
    assert found[0].vendor is None
    assert found[0].connectors == 2


async def test_a_claimed_station_leaves_quarantine(
    central: CentralSystem, connect: Connect
) -> None:
    station = await connect("NEW")
    await station.boot()
    charger = central.claim(config("NEW"))
    await station.until(lambda: ("BootNotification", None) in station.triggered)
    assert not charger.online
    assert (await station.boot()).status == "Accepted"
    await station.until(lambda: charger.online)
    await station.begin(1)
    assert await charger.async_apply(1, grant(9.0)) is ActionResult.ACCEPTED


@pytest.mark.parametrize("restrictions", [Restrictions(unknown_stations=2, unknown_kept_s=0.05)])
async def test_only_so_many_unknown_stations_are_let_in(
    central: CentralSystem, connect: Connect
) -> None:
    found: list[UnknownStation] = []
    central.on_unknown(found.append)
    first = await connect("A")
    await connect("B")
    with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
        await connect("C")
    central.claim(config("D"))
    station = await connect("D")
    assert (await station.boot()).status == "Accepted"
    await first.leave()
    await asyncio.sleep(0.1)
    await connect("C")
    await station.until(lambda: {unknown.identity for unknown in found} >= {"B", "C"})


@pytest.mark.parametrize("restrictions", [Restrictions(connections=3, connections_per_s=0.001)])
async def test_a_station_may_not_connect_all_the_time(
    central: CentralSystem, connect: Connect
) -> None:
    central.claim(config("A"))
    central.claim(config("B"))
    for _ in range(3):
        await (await connect("A")).leave()
    with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
        await connect("A")
    assert central.refused == 1
    assert (await (await connect("B")).boot()).status == "Accepted"


async def test_a_station_belongs_to_one_charger(central: CentralSystem) -> None:
    charger = central.claim(config())
    with pytest.raises(StationClaimedError, match="CP1 belongs to another charger"):
        central.claim(config())
    await charger.async_close()
    central.claim(config())


async def test_a_newer_connection_takes_the_place_of_an_older_one(
    central: CentralSystem, connect: Connect
) -> None:
    charger, old = await ready(central, connect)
    await old.begin(1)
    new = await connect()
    await old.until(lambda: old.socket.socket.closed)
    assert charger.online
    assert await charger.async_apply(1, grant(9.0)) is ActionResult.ACCEPTED
    assert len(new.limits()) == 1
    assert old.limits() == []
    counters = charger.diagnostics()["counters"]
    assert isinstance(counters, dict)
    assert counters["replaced"] == 1
    assert counters["connections"] == 2


async def test_a_reload_of_a_site_keeps_the_connection_and_the_sessions(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    transaction = await station.begin(1)
    await charger.async_close()
    verdict = await station.ask(call.Authorize(id_tag="ABC"))
    assert verdict.id_tag_info["status"] == "Accepted"
    assert (await station.boot()).status == "Accepted"
    assert not charger.online
    again = central.claim(config())
    await station.until(lambda: again.online)
    reports: list[ConnectorReport] = []
    again.subscribe(reports.append)
    assert reports[0].charging is ChargingStatus.CHARGING
    assert reports[0].transaction == str(transaction)
    await station.status(1, "Charging")
    assert await again.async_apply(1, grant(9.0)) is ActionResult.ACCEPTED


@pytest.mark.parametrize(
    "timings", [Timings(control_s=0.5, other_s=0.5, boot_grace_s=0.05, reload_grace_s=0.0)]
)
async def test_a_station_that_was_removed_waits_in_quarantine(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    await charger.async_close()
    verdict = await station.ask(call.Authorize(id_tag="ABC"))
    assert verdict.id_tag_info["status"] == "Invalid"
    assert (await station.boot()).status == "Pending"
    found: list[UnknownStation] = []
    central.on_unknown(found.append)
    await station.until(lambda: found)
    assert found[0].identity == "CP1"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"identity": "a b"}, "cannot be a station's identity"),
        ({"identity": ""}, "cannot be a station's identity"),
        ({"connectors": 0}, "at least one connector"),
        ({"phases": 4}, "1 to 3 phases"),
        ({"fail_safe_a": 3.0}, "fail-safe current of connector 1 is 0 or from 6 to 16 A, not 3"),
        ({"fail_safe_a": 20.0}, "fail-safe current of connector 1"),
    ],
)
def test_an_impossible_configuration_is_refused(changes: dict[str, object], message: str) -> None:
    def build() -> StationConfig:
        return config(**changes)  # type: ignore[arg-type]

    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize(
    "timings", [Timings(ping_s=0.8, boot_grace_s=0.01, other_s=0.05, control_s=0.1)]
)
async def test_a_half_open_connection_is_noticed(central: CentralSystem, open_socket: Open) -> None:
    charger = central.claim(config())
    web_socket = await open_socket("CP1", autoping=False)
    async with asyncio.timeout(5):
        for online in (True, False):
            # The pings stay unanswered all the time.
            while charger.online is not online:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
    assert not web_socket.closed


async def test_what_breaks_the_websocket_protocol_ends_only_its_connection(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    transport = station.socket.socket._writer.transport
    # A frame with reserved bits that nobody agreed on.
    transport.write(b"\xf1\x80\x00\x00\x00\x00")
    await station.until(lambda: station.socket.socket.closed)
    counters = charger.diagnostics()["counters"]
    assert isinstance(counters, dict)
    assert counters["bad_messages"] == 1
    assert not charger.online
    again = await connect()
    assert (await again.boot()).status == "Accepted"
