"""Stations built on the `ocpp` library's station side, and raw ones that speak any nonsense."""

import asyncio
from collections.abc import Awaitable, Callable
import contextlib
from datetime import UTC, datetime, timedelta
import json
from typing import Any, Self, cast

import aiohttp
import ocpp.routing
from ocpp.v16 import ChargePoint, call as calls, call_result as call_results
from ocpp.v16.enums import Action

ANSWER_S = 20.0

# The library has no types worth the name: what is used of it gets them here.
call = cast("Any", calls)
call_result = cast("Any", call_results)


def on[F](action: Action, *, skip_schema_validation: bool = False) -> Callable[[F], F]:
    """Mark what answers an action."""
    return cast(
        "Callable[[F], F]",
        cast("Any", ocpp.routing.on)(action, skip_schema_validation=skip_schema_validation),
    )


class _LibraryStation(ChargePoint):
    """The library's station with its types put right."""

    def __init__(self, identity: str, socket: Socket) -> None:
        cast("Any", super()).__init__(identity, socket, response_timeout=ANSWER_S)

    async def ask(self, payload: object) -> Any:
        return await cast("Any", self).call(payload, suppress=False)

    async def read_all(self) -> None:
        await cast("Any", self).start()


class Socket:
    """An aiohttp WebSocket as the library wants its connection."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.received: list[Any] = []

    async def recv(self) -> str:
        message = await self.socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionResetError(str(message))
        self.received.append(json.loads(message.data))
        return str(message.data)

    async def send(self, text: str) -> None:
        await self.socket.send_str(text)


class Station(_LibraryStation):
    """A station: keeps what it was told, answers as it is set."""

    def __init__(self, identity: str, socket: Socket) -> None:
        super().__init__(identity, socket)
        self.socket = socket
        self.clock_ahead = timedelta()
        self.configuration: dict[str, str] = {
            "ChargingScheduleMaxPeriods": "6",
            "ChargeProfileMaxStackLevel": "8",
            "ChargingScheduleAllowedChargingRateUnit": "Current",
            "NumberOfConnectors": "2",
            "MeterValueSampleInterval": "60",
            "MeterValuesSampledData": "Energy.Active.Import.Register",
        }
        self.knows_measurands = {
            "Current.Import",
            "Energy.Active.Import.Register",
            "Power.Active.Import",
            "Voltage",
            "Current.Offered",
        }
        self.profiles: list[dict[str, Any]] = []
        self.profile_status: Callable[[dict[str, Any]], str] = lambda _profile: "Accepted"
        self.before_profile: Callable[[], Awaitable[None]] | None = None
        self.remote_starts: list[dict[str, Any]] = []
        self.remote_start_status: Callable[[dict[str, Any]], str] = lambda _start: "Accepted"
        self.remote_stops: list[int] = []
        self.remote_stop_status = "Accepted"
        self.availability: list[tuple[int, str]] = []
        self.availability_status = "Accepted"
        self.triggered: list[tuple[str, int | None]] = []
        self.trigger_status = "Accepted"
        self.composite: list[float] = [16.0, 6.0]
        self.composite_asked = 0
        self.cleared: list[int | None] = []
        self.changed: list[tuple[str, str]] = []
        self.news = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    def now(self) -> str:
        time = datetime.now(UTC) + self.clock_ahead
        return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def read(self) -> Self:
        """Begin to read."""
        self._reading = asyncio.create_task(self._read())
        return self

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionError):
            await self.read_all()

    async def leave(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        await self.socket.socket.close()

    async def until(self, condition: Callable[[], object], timeout_s: float = ANSWER_S) -> None:
        """Wait until a condition holds; it is looked at after each message."""
        async with asyncio.timeout(timeout_s):
            while not condition():  # noqa: ASYNC110 - the conditions have no event in common
                await asyncio.sleep(0.005)

    async def boot(self, **more: str) -> Any:
        return await self.ask(
            call.BootNotification(charge_point_vendor="Volta", charge_point_model="Box 2", **more)
        )

    async def heartbeat(self) -> Any:
        return await self.ask(call.Heartbeat())

    async def status(
        self, connector: int, status: str, error: str = "NoError", **more: Any
    ) -> None:
        await self.ask(
            call.StatusNotification(
                connector_id=connector,
                error_code=error,
                status=status,
                **{"timestamp": self.now(), **more},
            )
        )

    async def begin(self, connector: int, token: str = "ABC", meter_wh: int = 1_000) -> int:
        """Plug a car in and start a transaction; return its id."""
        await self.status(connector, "Preparing")
        answer = await self.ask(
            call.StartTransaction(
                connector_id=connector, id_tag=token, meter_start=meter_wh, timestamp=self.now()
            )
        )
        await self.status(connector, "Charging")
        return int(answer.transaction_id)

    async def finish(self, transaction: int, meter_wh: int = 2_000) -> None:
        await self.ask(
            call.StopTransaction(
                meter_stop=meter_wh, timestamp=self.now(), transaction_id=transaction
            )
        )

    async def measure(
        self,
        connector: int,
        transaction: int | None,
        *samples: dict[str, str],
        at: str | None = None,
    ) -> None:
        await self.ask(
            call.MeterValues(
                connector_id=connector,
                transaction_id=transaction,
                meter_value=[{"timestamp": at or self.now(), "sampled_value": list(samples)}],
            )
        )

    def limits(self, connector: int = 1, purpose: str = "TxProfile") -> list[dict[str, Any]]:
        """The profiles of a purpose that it was sent."""
        return [
            profile["csChargingProfiles"]
            for profile in self.profiles
            if profile["connectorId"] == connector
            and profile["csChargingProfiles"]["chargingProfilePurpose"] == purpose
        ]

    @on(Action.set_charging_profile, skip_schema_validation=True)
    async def _set_charging_profile(self, **_fields: Any) -> Any:
        frame = next(
            message
            for message in reversed(self.socket.received)
            if message[0] == 2 and message[2] == "SetChargingProfile"
        )
        if self.before_profile is not None:
            await self.before_profile()
        status = self.profile_status(frame[3])
        self.profiles.append(frame[3])
        return call_result.SetChargingProfile(status=status)

    @on(Action.get_composite_schedule, skip_schema_validation=True)
    def _composite(self, **_fields: Any) -> Any:
        self.composite_asked += 1
        return call_result.GetCompositeSchedule(
            status="Accepted",
            charging_schedule={
                "charging_rate_unit": "A",
                "charging_schedule_period": [
                    {"start_period": 120 * index, "limit": limit}
                    for index, limit in enumerate(self.composite)
                ],
            },
        )

    @on(Action.clear_charging_profile)
    def _clear_charging_profile(self, id: int | None = None, **_more: Any) -> Any:  # noqa: A002
        self.cleared.append(id)
        return call_result.ClearChargingProfile(status="Accepted")

    @on(Action.get_configuration)
    def _get_configuration(self, key: list[str] | None = None) -> Any:
        return call_result.GetConfiguration(
            configuration_key=[
                {"key": name, "readonly": False, "value": value}
                for name, value in self.configuration.items()
                if key is None or name in key
            ]
        )

    @on(Action.change_configuration)
    def _change_configuration(self, key: str, value: str) -> Any:
        self.changed.append((key, value))
        if key == "MeterValuesSampledData" and not self.knows_measurands.issuperset(
            value.split(",")
        ):
            return call_result.ChangeConfiguration(status="Rejected")
        self.configuration[key] = value
        return call_result.ChangeConfiguration(status="Accepted")

    @on(Action.trigger_message)
    def _trigger_message(self, requested_message: str, connector_id: int | None = None) -> Any:
        self.triggered.append((requested_message, connector_id))
        return call_result.TriggerMessage(status=self.trigger_status)

    @on(Action.remote_start_transaction, skip_schema_validation=True)
    def _remote_start(self, **_fields: Any) -> Any:
        frame = next(
            message
            for message in reversed(self.socket.received)
            if message[0] == 2 and message[2] == "RemoteStartTransaction"
        )
        self.remote_starts.append(frame[3])
        return call_result.RemoteStartTransaction(status=self.remote_start_status(frame[3]))

    @on(Action.remote_stop_transaction)
    def _remote_stop(self, transaction_id: int) -> Any:
        self.remote_stops.append(transaction_id)
        return call_result.RemoteStopTransaction(status=self.remote_stop_status)

    @on(Action.change_availability)
    def _change_availability(self, connector_id: int, type: str) -> Any:  # noqa: A002
        self.availability.append((connector_id, type))
        return call_result.ChangeAvailability(status=self.availability_status)


def sample(measurand: str, value: str, unit: str, phase: str | None = None) -> dict[str, str]:
    """A sampled value as the library wants it."""
    found = {"measurand": measurand, "value": value, "unit": unit}
    return found if phase is None else {**found, "phase": phase}


class RawStation:
    """A station that sends whatever it is told to."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def send(self, text: str) -> None:
        await self.socket.send_str(text)

    async def answer(self) -> Any:
        """Return the next frame."""
        message = await self.socket.receive(timeout=ANSWER_S)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        return json.loads(message.data)

    async def ask(self, text: str) -> Any:
        """Send a text and return the next frame that is no call to the station."""
        await self.send(text)
        while True:
            frame = await self.answer()
            if frame[0] != 2:
                return frame
