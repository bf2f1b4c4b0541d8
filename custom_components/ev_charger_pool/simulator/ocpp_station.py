"""A simulated OCPP 1.6J station: a real WebSocket client around simulated connectors."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
import contextlib
from datetime import UTC, datetime, timedelta
from functools import partial
import logging
from typing import Final

from ocpp.v16.enums import (
    Action,
    AvailabilityStatus,
    AvailabilityType,
    ChargePointErrorCode,
    MessageTrigger,
    Reason,
    RegistrationStatus,
    RemoteStartStopStatus,
    ResetStatus,
    TriggerMessageStatus,
    UnlockStatus,
)

from ..chargers.ocpp.framing import ErrorCode, Payload
from .ocpp_bay import Bay, wire_time
from .ocpp_client import NotServedError, OcppClient
from .ocpp_configuration import Configuration
from .ocpp_profiles import Profile
from .ocpp_smart_charging import Quirk, SmartCharging
from .ocpp_transactions import Transactions
from .plant import SimulatedConnector

_LOGGER = logging.getLogger(__name__)

TICK: Final = timedelta(seconds=1)
REBOOT_TIME_S: Final = 3.0


class SimulatedOcppStation:
    """A station that connects, charges whom it may, and obeys its profiles.

    Attributes:
        identity: Its identity.
        answer_lag_s: How long it takes for each answer, in seconds.
    """

    def __init__(
        self,
        identity: str,
        connectors: Mapping[int, SimulatedConnector],
        url: str,
        *,
        token: str | None = "SIMULATED",  # noqa: S107 - a name, no secret
        quirks: frozenset[Quirk] = frozenset(),
        answer_lag_s: float = 0.0,
        tick: timedelta = TICK,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Build a station.

        Args:
            identity: Its identity, the last part of its address.
            connectors: The electrical side of its connectors by number.
            url: The central system's address without the identity.
            token: What its drivers hold before it when they have plugged in; None: it waits to be
                told to start.
            quirks: What it does wrong.
            answer_lag_s: How long it takes for each answer, in seconds.
            tick: How often it looks at its connectors.
            clock: What its own clock shows.
        """
        self.identity = identity
        self.answer_lag_s = answer_lag_s
        self._bays = {number: Bay(number, item) for number, item in connectors.items()}
        self._charging = SmartCharging(self._bays, clock, quirks)
        self._configuration = Configuration(
            connectors=len(connectors), max_periods=self._charging.max_periods
        )
        self._token = token
        self._tick = tick
        self._clock = clock
        self._client = OcppClient(
            f"{url.rstrip('/')}/{identity}", answer=self._answer, on_connected=self._greet
        )
        self._booted = False
        self._accepted = False
        self._news = asyncio.Event()
        self._transactions = Transactions(
            self._bays.values(), self._charging, self._client, clock, self._news.set
        )
        self._ticker: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._unsubscribe: list[Callable[[], None]] = []
        self._handlers: Mapping[str, Callable[[Payload], Payload]] = {
            Action.change_availability: self._change_availability,
            Action.change_configuration: self._configuration.change,
            Action.clear_charging_profile: self._charging.clear,
            Action.get_composite_schedule: self._charging.composite,
            Action.get_configuration: self._configuration.get,
            Action.remote_start_transaction: self._remote_start,
            Action.remote_stop_transaction: self._remote_stop,
            Action.reset: self._reset,
            Action.set_charging_profile: self._charging.set,
            Action.trigger_message: self._trigger,
            Action.unlock_connector: self._unlock,
        }

    @property
    def quirks(self) -> frozenset[Quirk]:
        """What it does wrong; may be changed while it runs."""
        return self._charging.quirks

    @quirks.setter
    def quirks(self, quirks: frozenset[Quirk]) -> None:
        self._charging.quirks = quirks

    @property
    def configuration(self) -> dict[str, str]:
        """Its configuration keys."""
        return self._configuration.values

    @property
    def connected(self) -> bool:
        """Whether its connection stands."""
        return self._client.connected

    async def async_start(self) -> None:
        """Switch the station on."""
        for bay in self._bays.values():
            self._unsubscribe.append(bay.connector.subscribe(self._news.set))
        self._client.start()
        self._ticker = asyncio.create_task(self._run(), name=f"simulated station {self.identity}")

    async def async_stop(self) -> None:
        """Switch it off: its cars get nothing more."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe.clear()
        tasks = [*self._tasks, *([self._ticker] if self._ticker else [])]
        self._ticker = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.stop()
        for bay in self._bays.values():
            bay.connector.offer(0.0)

    def stall(self) -> None:
        """Stop answering and reading, connection and charging going on."""
        self._client.stall()

    def resume(self) -> None:
        """Answer and read again."""
        self._client.resume()

    async def async_drop(self) -> None:
        """Lose the network for a moment."""
        await self._client.drop()

    async def async_reboot(self) -> None:
        """Start anew: transactions end, their profiles are gone, what is permanent stays."""
        await self._client.stop()
        for bay in self._bays.values():
            self._transactions.end(bay, Reason.reboot)
            bay.ended = False
            bay.asked = False
            bay.told = None
            bay.connector.offer(0.0)
        self._booted = self._accepted = False
        await asyncio.sleep(REBOOT_TIME_S * self._tick / TICK)
        self._client.start()

    # Its own doing

    async def _greet(self) -> None:
        """Say who it is, as long as it takes to be accepted, and send heartbeats then."""
        while not self._booted or not self._accepted:
            interval_s = await self._boot()
            if not self._accepted:
                await asyncio.sleep(interval_s)
        for bay in self._bays.values():
            bay.told = None
        self._news.set()
        while True:
            await asyncio.sleep(float(self.configuration["HeartbeatInterval"]))
            await self._client.call(Action.heartbeat, {})

    async def _boot(self) -> float:
        answer = await self._client.call(
            Action.boot_notification,
            {
                "chargePointVendor": "EV Charger Pool",
                "chargePointModel": "Simulated station",
                "chargePointSerialNumber": self.identity[:25],
                "firmwareVersion": "1",
            },
        )
        self._booted = True
        self._accepted = answer.get("status") == RegistrationStatus.accepted
        self._news.set()
        interval = answer.get("interval")
        interval_s = float(interval) if isinstance(interval, int | float) else 60.0
        if self._accepted and interval_s > 0.0:
            self.configuration["HeartbeatInterval"] = str(int(interval_s))
        return interval_s

    async def _run(self) -> None:
        while True:
            self._news.clear()
            for bay in self._bays.values():
                self._come_and_go(bay)
                self._charging.offer(bay)
            if self._accepted and self._client.connected:
                with contextlib.suppress(ConnectionError, TimeoutError):
                    await self._tell()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._tick.total_seconds()):
                    await self._news.wait()

    def _come_and_go(self, bay: Bay) -> None:
        if not bay.connector.car_connected:
            self._transactions.end(bay, Reason.ev_disconnected)
            bay.ended = bay.asked = False

    async def _tell(self) -> None:
        """Send what is due: transactions first, as nothing of them may be lost."""
        for bay in self._bays.values():
            await self._tell_status(bay)
            waits = bay.transaction is None and bay.connector.car_connected
            if waits and not (bay.asked or bay.ended or bay.inoperative) and self._token:
                await self._transactions.authorize(bay, self._token)
                # Without an answer it asks again once it is connected.
                bay.asked = True
        await self._transactions.tell()
        for bay in self._bays.values():
            await self._tell_status(bay)
            interval = timedelta(seconds=int(self.configuration["MeterValueSampleInterval"]))
            now = self._clock()
            if bay.transaction is not None and (
                bay.measured_at is None or now - bay.measured_at >= interval
            ):
                await self._tell_values(bay)

    async def _tell_status(self, bay: Bay) -> None:
        status = bay.status
        unborn = bay.transaction is not None and bay.transaction.id is None
        if status is bay.told or unborn:
            return
        await self._client.call(
            Action.status_notification,
            {
                "connectorId": bay.number,
                "errorCode": str(ChargePointErrorCode.no_error),
                "status": str(status),
                "timestamp": self._now(),
            },
        )
        bay.told = status

    async def _tell_values(self, bay: Bay) -> None:
        bay.measured_at = self._clock()
        samples = bay.samples(self.configuration["MeterValuesSampledData"])
        payload: Payload = {
            "connectorId": bay.number,
            "meterValue": [{"timestamp": self._now(), "sampledValue": samples}],
        }
        if bay.transaction is not None and bay.transaction.id is not None:
            payload["transactionId"] = bay.transaction.id
        await self._client.call(Action.meter_values, payload)

    # What it is told

    async def _answer(self, action: str, payload: Payload) -> Payload:
        handler = self._handlers.get(action)
        if handler is None:
            raise NotServedError(ErrorCode.NOT_IMPLEMENTED)
        if self.answer_lag_s > 0.0:
            await asyncio.sleep(self.answer_lag_s)
        answer = handler(payload)
        self._news.set()
        return answer

    def _remote_start(self, payload: Payload) -> Payload:
        number = payload.get("connectorId", min(self._bays))
        token = payload["idTag"]
        bay = self._bays.get(number) if isinstance(number, int) else None
        free = (
            bay is not None
            and bay.transaction is None
            and bay.connector.car_connected
            and not bay.inoperative
        )
        if bay is None or not free or not isinstance(token, str):
            return {"status": str(RemoteStartStopStatus.rejected)}
        given = payload.get("chargingProfile")
        profile = Profile.read(bay.number, given) if isinstance(given, dict) else None
        self._transactions.begin(bay, token, profile)
        return {"status": str(RemoteStartStopStatus.accepted)}

    def _remote_stop(self, payload: Payload) -> Payload:
        for bay in self._bays.values():
            if bay.transaction is not None and bay.transaction.id == payload["transactionId"]:
                self._transactions.end(bay, Reason.remote)
                return {"status": str(RemoteStartStopStatus.accepted)}
        return {"status": str(RemoteStartStopStatus.rejected)}

    def _change_availability(self, payload: Payload) -> Payload:
        number = payload["connectorId"]
        inoperative = payload["type"] == AvailabilityType.inoperative
        chosen = [bay for bay in self._bays.values() if number in {0, bay.number}]
        if not chosen:
            return {"status": str(AvailabilityStatus.rejected)}
        for bay in chosen:
            bay.inoperative = inoperative
            if not inoperative:
                bay.connector.wake()
        busy = any(bay.transaction is not None for bay in chosen)
        status = AvailabilityStatus.scheduled if busy else AvailabilityStatus.accepted
        return {"status": str(status)}

    def _reset(self, _payload: Payload) -> Payload:
        self._later(self._reset_soon)
        return {"status": str(ResetStatus.accepted)}

    async def _reset_soon(self) -> None:
        await asyncio.sleep(self._tick.total_seconds() / 10.0)
        await self.async_reboot()

    def _unlock(self, payload: Payload) -> Payload:
        number = payload["connectorId"]
        bay = self._bays.get(number) if isinstance(number, int) else None
        if bay is None:
            return {"status": str(UnlockStatus.not_supported)}
        self._transactions.end(bay, Reason.unlock_command)
        return {"status": str(UnlockStatus.unlocked)}

    def _trigger(self, payload: Payload) -> Payload:
        if Quirk.NO_TRIGGERS in self.quirks:
            return {"status": str(TriggerMessageStatus.not_implemented)}
        number = payload.get("connectorId")
        chosen = [bay for bay in self._bays.values() if number in {None, 0, bay.number}]
        match payload["requestedMessage"]:
            case MessageTrigger.boot_notification:
                self._later(self._boot)
            case MessageTrigger.heartbeat:
                self._later(lambda: self._client.call(Action.heartbeat, {}))
            case MessageTrigger.status_notification:
                for bay in chosen:
                    bay.told = None
            case MessageTrigger.meter_values:
                for bay in chosen:
                    self._later(partial(self._tell_values, bay))
            case _:
                return {"status": str(TriggerMessageStatus.not_implemented)}
        return {"status": str(TriggerMessageStatus.accepted)}

    def _later(self, work: Callable[[], Coroutine[None, None, object]]) -> None:
        """Do something after the answer to the call that asked for it."""

        async def do() -> None:
            with contextlib.suppress(ConnectionError, TimeoutError):
                await work()

        task = asyncio.create_task(do())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _now(self) -> str:
        return wire_time(self._clock())


__all__ = ["Quirk", "SimulatedOcppStation"]
