"""Independent OCPP 1.6 stations in a process of their own, for benchmarks.

They are built on the `ocpp` library alone, know nothing of the integration, and note the time of
each limit as its frame leaves the socket, before it is read. The monotonic clock is the same for
all processes of a machine, so that the caller can compare.

Lines on the standard input: `draw`, `stall N` (every Nth station reads nothing more), `end`. Lines
of JSON on the standard output: `{"ready": N}`, and `{"station": N, "at": SECONDS, "amps": A}` for
each limit of a transaction.
"""

# The library's calls and decorators are not annotated.
# mypy: allow-untyped-calls, allow-untyped-decorators

import argparse
import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
import json
import logging
import sys
import time
from typing import Any

import aiohttp
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import (
    Action,
    AvailabilityStatus,
    ChargePointErrorCode,
    ChargePointStatus,
    ChargingProfileStatus,
    ClearChargingProfileStatus,
    ConfigurationStatus,
    RemoteStartStopStatus,
    TriggerMessageStatus,
)

CONFIGURATION: Mapping[str, str] = {
    "ChargeProfileMaxStackLevel": "10",
    "ChargingScheduleAllowedChargingRateUnit": "Current,Power",
    "ChargingScheduleMaxPeriods": "10",
    "MaxChargingProfilesInstalled": "10",
    "MeterValueSampleInterval": "10",
    "MeterValuesSampledData": "Current.Import,Energy.Active.Import.Register,Power.Active.Import,Voltage",
    "NumberOfConnectors": "1",
    "SupportedFeatureProfiles": "Core,RemoteTrigger,SmartCharging",
}
VOLTAGE_V = 230.0
CAR_A = 16.0


class Socket:
    """What the library wants of a connection; notes when each frame came."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.arrived_at = 0.0
        self.stalled = False

    async def recv(self) -> str:
        """Return the next frame."""
        text = await self._socket.receive_str()
        if self.stalled:
            await asyncio.Event().wait()
        self.arrived_at = time.monotonic()
        if '"SetChargingProfile"' in text[:80]:
            note_limit(self, text)
        return text

    async def send(self, message: str) -> None:
        """Send a frame."""
        await self._socket.send_str(message)

    station: int = 0
    amps: float = 0.0


def note_limit(socket: Socket, text: str) -> None:
    """Tell when a limit of a transaction arrived, and how large it is."""
    profile = json.loads(text)[3]["csChargingProfiles"]
    if profile["chargingProfilePurpose"] != "TxProfile":
        return
    schedule = profile["chargingSchedule"]
    first = schedule["chargingSchedulePeriod"][0]["limit"]
    socket.amps = first if schedule["chargingRateUnit"] == "A" else first / VOLTAGE_V / 3
    say({"station": socket.station, "at": socket.arrived_at, "amps": socket.amps})


def say(line: Mapping[str, object]) -> None:
    """Write a line of JSON that is there at once."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def now() -> str:
    """Return the time as OCPP writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Station(ChargePoint):
    """A station with one connector and a car that takes what it is offered."""

    def __init__(self, number: int, socket: Socket, sample_s: float) -> None:
        super().__init__(f"BENCH{number:03}", socket)
        self._socket = socket
        self._sample_s = sample_s
        self._transaction: int | None = None
        self._energy_wh = 1000.0 * number

    async def charge(self) -> None:
        """Boot, plug a car in, and charge for ever."""
        await self.call(
            call.BootNotification(charge_point_model="Bench", charge_point_vendor="Bench")
        )
        await self._status(ChargePointStatus.preparing)
        answer = await self.call(
            call.StartTransaction(
                connector_id=1, id_tag="BENCH", meter_start=int(self._energy_wh), timestamp=now()
            )
        )
        self._transaction = answer.transaction_id
        await self._status(ChargePointStatus.charging)
        while True:
            await asyncio.sleep(self._sample_s)
            await self._measure()

    async def _status(self, status: ChargePointStatus) -> None:
        await self.call(
            call.StatusNotification(
                connector_id=1,
                error_code=ChargePointErrorCode.no_error,
                status=status,
                timestamp=now(),
            )
        )

    async def _measure(self) -> None:
        amps = min(CAR_A, self._socket.amps)
        self._energy_wh += amps * VOLTAGE_V * 3 * self._sample_s / 3600
        values = [
            _sample("Energy.Active.Import.Register", "Wh", f"{self._energy_wh:.0f}"),
            _sample("Power.Active.Import", "W", f"{amps * VOLTAGE_V * 3:.0f}"),
        ]
        for phase in ("L1", "L2", "L3"):
            values.append(_sample("Current.Import", "A", f"{amps:.1f}", phase))
            values.append(_sample("Voltage", "V", f"{VOLTAGE_V:.0f}", f"{phase}-N"))
        await self.call(
            call.MeterValues(
                connector_id=1,
                transaction_id=self._transaction,
                meter_value=[{"timestamp": now(), "sampledValue": values}],
            )
        )

    @on(Action.get_configuration)
    def on_get_configuration(
        self, key: list[str] | None = None, **_: Any
    ) -> call_result.GetConfiguration:
        """Tell the configuration."""
        wanted = CONFIGURATION.keys() if key is None else [k for k in key if k in CONFIGURATION]
        return call_result.GetConfiguration(
            configuration_key=[
                {"key": name, "readonly": False, "value": CONFIGURATION[name]} for name in wanted
            ],
            unknown_key=[name for name in key or () if name not in CONFIGURATION],
        )

    @on(Action.change_configuration)
    def on_change_configuration(self, **_: Any) -> call_result.ChangeConfiguration:
        """Accept whatever is set."""
        return call_result.ChangeConfiguration(status=ConfigurationStatus.accepted)

    @on(Action.set_charging_profile)
    def on_set_charging_profile(self, **_: Any) -> call_result.SetChargingProfile:
        """Take a limit; it was noted when it arrived."""
        return call_result.SetChargingProfile(status=ChargingProfileStatus.accepted)

    @on(Action.clear_charging_profile)
    def on_clear_charging_profile(self, **_: Any) -> call_result.ClearChargingProfile:
        """Forget a limit."""
        return call_result.ClearChargingProfile(status=ClearChargingProfileStatus.accepted)

    @on(Action.trigger_message)
    def on_trigger_message(self, **_: Any) -> call_result.TriggerMessage:
        """Leave it: everything is told by itself."""
        return call_result.TriggerMessage(status=TriggerMessageStatus.rejected)

    @on(Action.remote_start_transaction)
    def on_remote_start(self, **_: Any) -> call_result.RemoteStartTransaction:
        """Refuse: a transaction runs already."""
        return call_result.RemoteStartTransaction(status=RemoteStartStopStatus.rejected)

    @on(Action.change_availability)
    def on_change_availability(self, **_: Any) -> call_result.ChangeAvailability:
        """Stay as it is."""
        return call_result.ChangeAvailability(status=AvailabilityStatus.accepted)


def _sample(measurand: str, unit: str, value: str, phase: str | None = None) -> dict[str, str]:
    sample = {"measurand": measurand, "unit": unit, "value": value}
    return sample if phase is None else {**sample, "phase": phase}


async def run(url: str, count: int, sample_s: float) -> None:
    """Connect the stations and do what the standard input says."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with aiohttp.ClientSession() as session:
        sockets = []
        tasks = []
        for number in range(count):
            socket = Socket(
                await session.ws_connect(f"{url}/BENCH{number:03}", protocols=("ocpp1.6",))
            )
            socket.station = number
            sockets.append(socket)
            station = Station(number, socket, sample_s)
            tasks += [
                loop.create_task(station.start()),
                loop.create_task(station.charge()),
            ]
            # As after a power cut, but not all in one instant.
            await asyncio.sleep(0.01)
        say({"ready": count})
        while (words := (await reader.readline()).decode().split()) and words[0] != "end":
            every = int(words[1])
            for socket in sockets[::every]:
                socket.stalled = True
        for task in tasks:
            task.cancel()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    parser = argparse.ArgumentParser(description="Run OCPP stations for a benchmark.")
    parser.add_argument("url")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--sample", type=float, default=10.0, help="seconds between meter values")
    chosen = parser.parse_args()
    asyncio.run(run(chosen.url, chosen.count, chosen.sample))
