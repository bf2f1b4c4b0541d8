"""What the simulated station answers to a central system that is no more than a WebSocket."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
import json
from typing import Any

from aiohttp import web
import pytest

from custom_components.ev_charger_pool.pool.quantities import PHASES
from custom_components.ev_charger_pool.simulator.cars import Car
from custom_components.ev_charger_pool.simulator.ocpp_station import SimulatedOcppStation
from custom_components.ev_charger_pool.simulator.plant import SimulatedConnector

TICK = timedelta(milliseconds=10)
TX = {
    "chargingProfileId": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 7.0}],
    },
}


class Central:
    """A central system that accepts everybody, and asks what a test asks."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.verdict = "Accepted"
        self.boot = "Accepted"
        self.connections = 0
        self.url = ""
        self.socket: web.WebSocketResponse | None = None
        self.connectors = {
            number: SimulatedConnector(phases=PHASES, max_current_a=16.0) for number in (1, 2)
        }
        self._answers: dict[str, asyncio.Future[Any]] = {}

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = self.socket = web.WebSocketResponse(protocols=("ocpp1.6",))
        await socket.prepare(request)
        self.connections += 1
        async for message in socket:
            frame = json.loads(message.data)
            if frame[0] == 2:
                self.calls.append((frame[2], frame[3]))
                await socket.send_str(json.dumps([3, frame[1], self._reply(frame[2])]))
            elif frame[1] in self._answers:
                self._answers.pop(frame[1]).set_result(frame)
        return socket

    def _reply(self, action: str) -> dict[str, Any]:
        match action:
            case "BootNotification":
                return {"status": self.boot, "currentTime": "2026-01-01T00:00:00Z", "interval": 1}
            case "StartTransaction":
                return {"transactionId": 5, "idTagInfo": {"status": self.verdict}}
            case "Authorize":
                return {"idTagInfo": {"status": "Accepted"}}
        return {}

    async def ask_frame(self, action: str, payload: Any) -> Any:
        assert self.socket is not None
        unique_id = f"q{len(self.calls)}-{action}"
        self._answers[unique_id] = asyncio.get_running_loop().create_future()
        answer = self._answers[unique_id]
        await self.socket.send_str(json.dumps([2, unique_id, action, payload]))
        async with asyncio.timeout(5):
            return await answer

    async def ask(self, action: str, **payload: Any) -> dict[str, Any]:
        frame = await self.ask_frame(action, payload)
        assert frame[0] == 3, frame
        found: dict[str, Any] = frame[2]
        return found

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110 - the conditions have no event in common
                await asyncio.sleep(0.005)

    def told(self, action: str) -> list[dict[str, Any]]:
        return [payload for name, payload in self.calls if name == action]

    def statuses(self, connector: int = 1) -> list[str]:
        return [
            payload["status"]
            for payload in self.told("StatusNotification")
            if payload["connectorId"] == connector
        ]


@pytest.fixture
async def central(socket_enabled: None) -> AsyncGenerator[Central]:
    central = Central()
    application = web.Application()
    application.router.add_get("/{path:.*}", central.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    central.url = f"ws://127.0.0.1:{runner.addresses[0][1]}"
    yield central
    await runner.cleanup()


@pytest.fixture
async def station(central: Central) -> AsyncGenerator[SimulatedOcppStation]:
    station = SimulatedOcppStation(
        "S1",
        central.connectors,
        central.url,
        tick=TICK,
    )
    await station.async_start()
    await central.until(lambda: central.statuses(1) and central.statuses(2))
    yield station
    await station.async_stop()


async def charge(central: Central) -> None:
    """Have a transaction run on the first connector."""
    central.connectors[1].plug_in(Car())
    await central.until(lambda: "Charging" in central.statuses())


async def test_a_session_is_told_in_order(central: Central, station: SimulatedOcppStation) -> None:
    await charge(central)
    central.connectors[1].unplug()
    await central.until(lambda: central.told("StopTransaction"))
    await central.until(lambda: central.statuses()[-1] == "Available")
    names = [name for name, _ in central.calls]
    order = ["BootNotification", "Authorize", "StartTransaction", "StopTransaction"]
    assert [names.index(name) for name in order] == sorted(names.index(name) for name in order)
    assert central.statuses() == ["Available", "Preparing", "Charging", "Available"]
    (stop,) = central.told("StopTransaction")
    assert stop["transactionId"] == 5
    assert stop["reason"] == "EVDisconnected"


async def test_heartbeats_come_as_often_as_told(
    central: Central, station: SimulatedOcppStation
) -> None:
    await central.until(lambda: central.told("Heartbeat"))
    assert station.configuration["HeartbeatInterval"] == "1"


async def test_a_pending_station_asks_again(central: Central, socket_enabled: None) -> None:
    central.boot = "Pending"
    station = SimulatedOcppStation("S1", central.connectors, central.url)
    await station.async_start()
    await central.until(lambda: len(central.told("BootNotification")) == 1)
    assert central.statuses() == []
    central.boot = "Accepted"
    await central.until(central.statuses)
    assert len(central.told("BootNotification")) == 2
    await station.async_stop()


async def test_a_refused_token_ends_the_transaction(
    central: Central, station: SimulatedOcppStation
) -> None:
    central.verdict = "Invalid"
    central.connectors[1].plug_in(Car())
    await central.until(lambda: central.told("StopTransaction"))
    assert central.told("StopTransaction")[0]["reason"] == "DeAuthorized"
    await central.until(lambda: central.statuses()[-1] == "Finishing")
    assert central.connectors[1].offered_a == 0.0


async def test_limits_are_taken_cleared_and_shown(
    central: Central, station: SimulatedOcppStation
) -> None:
    await charge(central)
    answer = await central.ask("SetChargingProfile", connectorId=1, csChargingProfiles=TX)
    assert answer == {"status": "Accepted"}
    assert central.connectors[1].offered_a == 7.0
    schedule = await central.ask("GetCompositeSchedule", connectorId=1, duration=600)
    assert schedule["status"] == "Accepted"
    assert schedule["chargingSchedule"]["chargingSchedulePeriod"] == [
        {"startPeriod": 0, "limit": 7.0}
    ]
    assert await central.ask("ClearChargingProfile", id=1) == {"status": "Accepted"}
    assert await central.ask("ClearChargingProfile", connectorId=1) == {"status": "Unknown"}
    await central.until(lambda: central.connectors[1].offered_a == 16.0)


@pytest.mark.parametrize(
    ("connector", "change"),
    [
        (2, {}),
        (9, {}),
        (1, {"transactionId": 77}),
        (
            1,
            {
                "chargingSchedule": {
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [
                        {"startPeriod": start, "limit": 7.0} for start in range(25)
                    ],
                }
            },
        ),
    ],
)
async def test_limits_for_what_does_not_run_are_refused(
    central: Central, station: SimulatedOcppStation, connector: int, change: dict[str, Any]
) -> None:
    await charge(central)
    answer = await central.ask(
        "SetChargingProfile", connectorId=connector, csChargingProfiles={**TX, **change}
    )
    assert answer == {"status": "Rejected"}


@pytest.mark.parametrize(
    ("action", "payload", "answer"),
    [
        ("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": 5}, "Rejected"),
        ("GetCompositeSchedule", {"connectorId": 9, "duration": 60}, "Rejected"),
        ("RemoteStartTransaction", {"connectorId": 1, "idTag": "A"}, "Rejected"),
        ("RemoteStartTransaction", {"connectorId": 9, "idTag": "A"}, "Rejected"),
        ("RemoteStopTransaction", {"transactionId": 9}, "Rejected"),
        ("ChangeAvailability", {"connectorId": 9, "type": "Inoperative"}, "Rejected"),
        ("UnlockConnector", {"connectorId": 9}, "NotSupported"),
        ("UnlockConnector", {"connectorId": 2}, "Unlocked"),
        ("TriggerMessage", {"requestedMessage": "FirmwareStatusNotification"}, "NotImplemented"),
        ("ChangeConfiguration", {"key": "Nonsense", "value": "1"}, "NotSupported"),
        ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "soon"}, "Rejected"),
        ("ChangeConfiguration", {"key": "MeterValuesSampledData", "value": "SoC"}, "Rejected"),
        ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "9"}, "Accepted"),
    ],
)
async def test_what_it_answers(
    central: Central,
    station: SimulatedOcppStation,
    action: str,
    payload: dict[str, Any],
    answer: str,
) -> None:
    assert await central.ask(action, **payload) == {"status": answer}


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("GetDiagnostics", {}, "NotImplemented"),
        ("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": {}}, "FormationViolation"),
        ("ChangeConfiguration", {"key": 1, "value": 2}, "FormationViolation"),
        ("UnlockConnector", {}, "FormationViolation"),
    ],
)
async def test_what_it_cannot_answer(
    central: Central,
    station: SimulatedOcppStation,
    action: str,
    payload: dict[str, Any],
    code: str,
) -> None:
    frame = await central.ask_frame(action, payload)
    assert frame[0] == 4
    assert frame[2] == code


async def test_nonsense_is_passed_over(central: Central, station: SimulatedOcppStation) -> None:
    assert central.socket is not None
    for text in ("nonsense", '[3,"none",{}]', '[4,"none","GenericError","",{}]'):
        await central.socket.send_str(text)
    assert await central.ask("GetConfiguration", key=["HeartbeatInterval", "Nonsense"]) == {
        "configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "1"}],
        "unknownKey": ["Nonsense"],
    }


async def test_triggers_bring_messages(central: Central, station: SimulatedOcppStation) -> None:
    before = len(central.told("Heartbeat"))
    for message in ("Heartbeat", "BootNotification", "StatusNotification", "MeterValues"):
        answer = await central.ask("TriggerMessage", requestedMessage=message)
        assert answer == {"status": "Accepted"}
    await central.until(lambda: len(central.told("Heartbeat")) > before)
    await central.until(lambda: len(central.told("BootNotification")) == 2)
    await central.until(lambda: len(central.statuses(2)) == 2)
    await central.until(lambda: {v["connectorId"] for v in central.told("MeterValues")} == {1, 2})


async def test_a_stop_an_unlock_and_a_new_start(
    central: Central, station: SimulatedOcppStation
) -> None:
    await charge(central)
    assert await central.ask("UnlockConnector", connectorId=1) == {"status": "Unlocked"}
    await central.until(lambda: central.told("StopTransaction"))
    answer = await central.ask("RemoteStartTransaction", idTag="B", chargingProfile=TX)
    assert answer == {"status": "Accepted"}
    assert central.connectors[1].offered_a == 7.0
    await central.until(lambda: len(central.told("StartTransaction")) == 2)
    answer = await central.ask("ChangeAvailability", connectorId=0, type="Inoperative")
    assert answer == {"status": "Scheduled"}
    assert await central.ask("RemoteStopTransaction", transactionId=5) == {"status": "Accepted"}
    await central.until(lambda: central.statuses()[-1] == "Unavailable")


async def test_a_reset_restarts_it(central: Central, station: SimulatedOcppStation) -> None:
    await charge(central)
    assert await central.ask("Reset", type="Soft") == {"status": "Accepted"}
    await central.until(lambda: len(central.told("BootNotification")) == 2)
    await central.until(lambda: central.told("StopTransaction"))
    assert central.told("StopTransaction")[0]["reason"] == "Reboot"
    assert central.connections == 2


async def test_an_answer_may_take_its_time(central: Central, station: SimulatedOcppStation) -> None:
    station.answer_lag_s = 0.1
    loop = asyncio.get_running_loop()
    began = loop.time()
    await central.ask("GetConfiguration")
    assert loop.time() - began >= 0.09


async def test_it_comes_back_to_a_central_system_that_was_away(central: Central) -> None:
    port = int(central.url.rsplit(":", 1)[1])
    station = SimulatedOcppStation("S1", central.connectors, f"ws://127.0.0.1:{port}", tick=TICK)
    await station.async_start()
    await central.until(lambda: station.connected and central.statuses())
    assert central.socket is not None
    central.connectors[1].plug_in(Car())
    await central.socket.close()
    await central.until(lambda: central.connections == 2)
    await central.until(lambda: "Charging" in central.statuses())
    assert len(central.told("StartTransaction")) == 1
    await station.async_stop()
    assert central.connectors[1].offered_a == 0.0


async def test_without_a_central_system_it_tries_on(socket_enabled: None) -> None:
    station = SimulatedOcppStation(
        "S1",
        {1: SimulatedConnector(phases=PHASES, max_current_a=16.0)},
        "ws://127.0.0.1:1",
        tick=TICK,
    )
    await station.async_start()
    await asyncio.sleep(0.05)
    await station.async_drop()
    assert not station.connected
    await station.async_stop()
    await station.async_stop()


async def test_an_answer_to_a_lost_connection_is_dropped(
    central: Central, station: SimulatedOcppStation
) -> None:
    station.answer_lag_s = 0.05
    assert central.socket is not None
    question = asyncio.create_task(central.ask_frame("GetConfiguration", {}))
    await asyncio.sleep(0.01)
    await station.async_drop()
    await central.until(lambda: central.connections == 2)
    question.cancel()
    station.answer_lag_s = 0.0
    assert "configurationKey" in await central.ask("GetConfiguration", key=[])
