"""OCPP 1.6J: one connection to a station."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.util import dt as dt_util
from ocpp.v16.enums import (
    Action,
    AuthorizationStatus,
    ChargePointErrorCode,
    ChargePointStatus,
    DataTransferStatus,
    RegistrationStatus,
)

from ...pool.actions import ActionResult
from ...pool.members import Grant, Lease
from ...pool.states import CableState, ChargingStatus, ComponentState
from ..contract import DeviceIdentity
from .calls import CallOfflineError
from .config import Timings
from .fields import Fields
from .framing import ErrorCode, Payload
from .link import Answer, RefusalError, StationLink
from .model import Availability, ConnectorModel, Measurement, PlugStatus, Transaction
from .schemas import Schemas
from .station import Station
from .transactions import HIGHEST_ID
from .v16_control import V16Control
from .v16_setup import V16Setup
from .v16_values import read_measurements

_LOGGER = logging.getLogger(__name__)

_MAX_CONNECTORS: Final = 64
_MAX_TOKEN_LENGTH: Final = 20
_LIVE: Final = timedelta(seconds=60)
"""What is older was kept while the station was offline."""

_NO_CAR = (CableState.UNPLUGGED, ChargingStatus.NOT_CHARGING, False)

STATUSES: Final[Mapping[ChargePointStatus, PlugStatus]] = {
    status: PlugStatus(component=component, cable=cable, charging=charging, current_flows=flows)
    for status, component, (cable, charging, flows) in (
        (ChargePointStatus.available, ComponentState.READY, _NO_CAR),
        (ChargePointStatus.reserved, ComponentState.READY, _NO_CAR),
        (
            ChargePointStatus.preparing,
            ComponentState.READY,
            (CableState.EV_PLUGGED, ChargingStatus.WAITING_FOR_AUTHORIZATION, False),
        ),
        (
            ChargePointStatus.charging,
            ComponentState.CHARGING,
            (CableState.EV_LOCKED, ChargingStatus.CHARGING, True),
        ),
        (
            ChargePointStatus.suspended_ev,
            ComponentState.READY,
            (CableState.EV_LOCKED, ChargingStatus.SUSPENDED_BY_EV, True),
        ),
        (
            ChargePointStatus.suspended_evse,
            ComponentState.INTERRUPTED,
            (CableState.EV_LOCKED, ChargingStatus.SUSPENDED_BY_CHARGER, True),
        ),
        (
            ChargePointStatus.finishing,
            ComponentState.READY,
            (CableState.EV_PLUGGED, ChargingStatus.FINISHED, False),
        ),
        (
            ChargePointStatus.unavailable,
            ComponentState.NOT_READY,
            (CableState.UNSPECIFIED, ChargingStatus.NOT_CHARGING, False),
        ),
        (ChargePointStatus.faulted, ComponentState.ERROR, (None, ChargingStatus.FAULT, True)),
    )
}
"""6.9: OCPP 1.6 has no word for a locked cable; a running transaction stands for it."""


def load_schemas() -> Schemas:
    """Load the schemas of everything that is sent; reads files."""
    return Schemas(
        "1.6",
        calls=(
            Action.change_availability,
            Action.change_configuration,
            Action.clear_charging_profile,
            Action.get_configuration,
            Action.remote_start_transaction,
            Action.remote_stop_transaction,
            Action.set_charging_profile,
            Action.trigger_message,
        ),
        results=(
            Action.authorize,
            Action.boot_notification,
            Action.data_transfer,
            Action.diagnostics_status_notification,
            Action.firmware_status_notification,
            Action.heartbeat,
            Action.meter_values,
            Action.start_transaction,
            Action.status_notification,
            Action.stop_transaction,
        ),
        decimals=(Action.remote_start_transaction, Action.set_charging_profile),
    )


class V16Session:
    """One connection of a station that speaks OCPP 1.6J; see `StationSession`."""

    protocol: Final = "ocpp1.6"

    def __init__(
        self,
        station: Station,
        link: StationLink,
        timings: Timings,
        announce: Callable[[Station], None],
    ) -> None:
        """Prepare the session.

        Args:
            station: Whose connection it is.
            link: The connection.
            timings: How long to wait for what.
            announce: Told once it is known what a station in quarantine is.
        """
        self._station = station
        self._link = link
        self._timings = timings
        self._announce = announce
        self._control = V16Control(station, link, timings)
        self._setup = V16Setup(station, link, self._control, timings)
        self._tasks: set[asyncio.Task[None]] = set()
        self._preparing: asyncio.Task[None] | None = None
        self._boot_asked = False
        self._boot_accepted: bool | None = None
        self._ready = False
        self._handlers: Mapping[str, Callable[[Fields], Answer]] = {
            Action.authorize: self._authorize,
            Action.boot_notification: self._boot,
            Action.data_transfer: self._data_transfer,
            Action.diagnostics_status_notification: self._diagnostics_status,
            Action.firmware_status_notification: self._firmware_status,
            Action.heartbeat: self._heartbeat,
            Action.meter_values: self._meter_values,
            Action.start_transaction: self._start_transaction,
            Action.status_notification: self._status,
            Action.stop_transaction: self._stop_transaction,
        }

    @property
    def ready(self) -> bool:
        """Whether commands may be sent now."""
        return self._ready and self._station.config is not None

    async def serve(self) -> None:
        """Read until the connection ends."""
        if self._station.config is not None and self._station.model.accepted:
            # Only the network was lost; if the station has started anew, it tells so.
            self._begin()
        else:
            self._prepare(self._await_boot())
        try:
            await self._link.serve(self._handle)
        finally:
            self._ready = False
            for task in self._tasks:
                task.cancel()

    def claimed(self) -> None:
        """Take that a site has claimed the station."""
        if self._boot_accepted or (self._boot_accepted is None and self._station.model.accepted):
            self._begin()
        else:
            self._prepare(self._ask_for_boot())

    def released(self) -> None:
        """Take that the claim is gone."""
        self._ready = False
        if self._preparing is not None:
            self._preparing.cancel()

    def lease(self, connector: int) -> Lease | None:
        """Return the lease that the station can keep now (SR-8)."""
        return self._control.lease(connector) if self.ready else None

    async def apply(self, connector: int, grant: Grant) -> ActionResult:
        """Bring a grant onto the station."""
        return await self._control.apply(connector, grant)

    async def start(self, connector: int) -> ActionResult:
        """Start a transaction, or wake a suspended one."""
        return await self._control.start(connector)

    async def stop(self, connector: int) -> ActionResult:
        """End the transaction."""
        return await self._control.stop(connector)

    async def change_availability(self, connector: int, availability: Availability) -> ActionResult:
        """Make a connector operative or inoperative."""
        return await self._control.change_availability(connector, availability)

    async def close(self, code: int, reason: str) -> None:
        """End the connection."""
        await self._link.close(code, reason)

    def _handle(self, action: str, payload: Payload) -> Answer:
        handler = self._handlers.get(action)
        if handler is None:
            raise RefusalError(
                ErrorCode.NOT_IMPLEMENTED, f"{action[:50]} is not served by this central system"
            )
        return handler(Fields(payload, self._station.counters))

    # Life of the connection

    async def _await_boot(self) -> None:
        """Wait for a BootNotification; stations that only lost the network send none."""
        await asyncio.sleep(self._timings.boot_grace_s)
        if self._station.config is None:
            await self._introduce()
        else:
            await self._ask_for_boot()

    async def _ask_for_boot(self) -> None:
        """Have a BootNotification sent; without one the station is taken as accepted."""
        self._boot_asked = True
        try:
            if not await self._setup.trigger_boot():
                self._boot_asked = False
                self._begin()
                return
            await asyncio.sleep(self._timings.boot_grace_s)
            self._boot_asked = False
            self._begin()
        except CallOfflineError:
            _LOGGER.debug("Station %s left before it was set up", self._station.identity)

    async def _introduce(self) -> None:
        """Learn what a station in quarantine is, and tell it."""
        try:
            await self._setup.read_configuration()
        except CallOfflineError:
            return
        self._announce(self._station)

    def _begin(self) -> None:
        """Take the station as accepted, and set it up."""
        self._ready = True
        self._station.model.accepted = True
        self._station.publish_all()
        self._prepare(self._setup.run())

    def _prepare(self, work: Coroutine[None, None, None]) -> None:
        """Do the one thing that prepares the station; ends what did so before."""
        former, self._preparing = self._preparing, self._spawn(work)
        if former is not None and former is not asyncio.current_task():
            former.cancel()

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # Calls of the station

    def _boot(self, fields: Fields) -> Answer:
        now = dt_util.utcnow()
        model = self._station.model
        identity = DeviceIdentity(
            manufacturer=fields.text("chargePointVendor", max_length=50),
            model=fields.text("chargePointModel", max_length=50),
            serial=fields.text("chargePointSerialNumber", max_length=50)
            or fields.text("chargeBoxSerialNumber", max_length=50),
            firmware=fields.text("firmwareVersion", max_length=50),
        )
        accepted = self._station.authorizing_config() is not None
        if self._boot_asked:
            model.identity = identity
            self._boot_asked = False
        else:
            model.start_anew(identity, now)
        self._boot_accepted = accepted

        def then() -> None:
            if self._station.config is not None:
                self._begin()
            elif not accepted:
                self._prepare(self._introduce())

        status = RegistrationStatus.accepted if accepted else RegistrationStatus.pending
        interval_s = self._timings.heartbeat_s if accepted else self._timings.pending_s
        return Answer(
            {"status": str(status), "currentTime": _wire_time(now), "interval": interval_s}, then
        )

    def _heartbeat(self, _fields: Fields) -> Answer:
        now = dt_util.utcnow()
        for connector in self._station.model.connectors.values():
            connector.rest(now)
            self._station.publish(connector)
        return Answer({"currentTime": _wire_time(now)})

    def _status(self, fields: Fields) -> Answer:
        now = dt_util.utcnow()
        number = fields.required_integer("connectorId", lowest=0, highest=_MAX_CONNECTORS)
        self._learn(fields.time("timestamp"), now)
        word = fields.text("status", max_length=20)
        error = _error(fields)
        try:
            status = ChargePointStatus(word or "")
        except ValueError:
            fields.reject()
            return Answer({})
        model = self._station.model
        model.seen_connectors = max(model.seen_connectors, number)
        if number == 0:
            model.attributes["status"] = str(status)
            model.attributes["error"] = error
            return Answer({})
        connector = model.connectors.get(number)
        if connector is None:
            return Answer({})
        before = connector.charging
        if status is ChargePointStatus.available:
            self._end(connector)
        connector.show(STATUSES[status], str(status), error, now)
        self._station.publish(connector)
        resumed = connector.charging is ChargingStatus.CHARGING and before in {
            ChargingStatus.SUSPENDED_BY_EV,
            ChargingStatus.SUSPENDED_BY_CHARGER,
        }
        return Answer({}, (lambda: self._resend(connector)) if resumed else None)

    def _authorize(self, fields: Fields) -> Answer:
        return Answer({"idTagInfo": {"status": str(self._verdict(fields))}})

    def _start_transaction(self, fields: Fields) -> Answer:
        now = dt_util.utcnow()
        number = fields.required_integer("connectorId", lowest=1, highest=_MAX_CONNECTORS)
        told = fields.time("timestamp")
        token = fields.text("idTag", max_length=_MAX_TOKEN_LENGTH)
        verdict = self._verdict(fields)
        meter_start_wh = fields.number("meterStart")
        transactions = self._station.transactions
        connector = self._station.model.connectors.get(number)
        if connector is None:
            # In quarantine, or a connector that no site knows: an id has to be given all the same.
            return Answer(_started(transactions.next_id(), verdict))
        request = f"{token} {told} {meter_start_wh}"
        known = connector.transaction
        if known is not None and told is not None and known.request == request:
            # The station has not heard our answer and asks again.
            return Answer(_started(int(known.id), verdict), lambda: self._resend(connector))
        transaction = Transaction(
            id=str(transactions.next_id()), token=token, started_at=now, request=request
        )
        live = self._is_live(told, now)
        self._learn(told, now)
        connector.begin(transaction)
        transactions.begin(self._station.identity, number, transaction)
        self._believe(fields, connector, Measurement(energy_wh=meter_start_wh), now, live=live)
        self._station.publish(connector)
        return Answer(
            _started(int(transaction.id), verdict),
            (lambda: self._resend(connector)) if live else None,
        )

    def _stop_transaction(self, fields: Fields) -> Answer:
        now = dt_util.utcnow()
        number = fields.required_integer("transactionId", lowest=-1, highest=HIGHEST_ID)
        told = fields.time("timestamp")
        meter_stop_wh = fields.number("meterStop")
        reason = fields.text("reason", max_length=30)
        connector = next(
            (
                connector
                for connector in self._station.model.connectors.values()
                if connector.transaction is not None and connector.transaction.id == str(number)
            ),
            None,
        )
        if connector is None:
            return Answer({})
        self._learn(told, now)
        phases = connector.config.phases
        for measurement in (
            *read_measurements(fields, "transactionData", phases=phases),
            Measurement(energy_wh=meter_stop_wh),
        ):
            self._believe(fields, connector, measurement, now, live=False)
        self._end(connector)
        connector.rest(now)
        self._station.model.attributes["stopped_because"] = reason
        self._station.publish(connector)
        return Answer({}, lambda: self._clear(connector))

    def _meter_values(self, fields: Fields) -> Answer:
        now = dt_util.utcnow()
        number = fields.required_integer("connectorId", lowest=0, highest=_MAX_CONNECTORS)
        connectors = self._station.model.connectors
        if number == 0 and len(connectors) == 1:
            # The one meter of a station with one connector.
            number = next(iter(connectors))
        connector = connectors.get(number)
        transaction_id = fields.integer("transactionId")
        if connector is None:
            return Answer({})
        measurements = read_measurements(fields, "meterValue", phases=connector.config.phases)
        live = False
        for measurement in measurements:
            fresh = self._is_live(measurement.measured_at, now)
            self._learn(measurement.measured_at, now)
            live = live or fresh
            self._believe(fields, connector, measurement, now, live=fresh)
        if live and transaction_id is not None and 0 < transaction_id <= HIGHEST_ID:
            self._adopt(connector, transaction_id, now)
        self._station.publish(connector)
        return Answer({})

    def _data_transfer(self, fields: Fields) -> Answer:
        self._station.model.attributes["data_transfer_from"] = fields.text("vendorId")
        return Answer({"status": str(DataTransferStatus.unknown_vendor_id)})

    def _diagnostics_status(self, fields: Fields) -> Answer:
        self._station.model.attributes["diagnostics_status"] = fields.text("status")
        return Answer({})

    def _firmware_status(self, fields: Fields) -> Answer:
        self._station.model.attributes["firmware_status"] = fields.text("status")
        return Answer({})

    # Helpers

    def _resend(self, connector: ConnectorModel) -> None:
        self._spawn(self._control.resend(connector))

    def _clear(self, connector: ConnectorModel) -> None:
        if self.ready:
            self._spawn(self._control.clear(connector.number))

    def _end(self, connector: ConnectorModel) -> None:
        connector.end()
        self._station.transactions.end(self._station.identity, connector.number)

    def _adopt(self, connector: ConnectorModel, transaction_id: int, now: datetime) -> None:
        """Take the id of a running transaction from its meter values, when we have lost it."""
        known = connector.transaction
        if not connector.is_occupied or (known is not None and known.id == str(transaction_id)):
            return
        transaction = Transaction(id=str(transaction_id), token=None, started_at=now)
        connector.begin(transaction)
        self._station.transactions.seen(transaction_id)
        self._station.transactions.begin(self._station.identity, connector.number, transaction)

    def _verdict(self, fields: Fields) -> AuthorizationStatus:
        token = fields.text("idTag", max_length=_MAX_TOKEN_LENGTH)
        config = self._station.authorizing_config()
        if config is None:
            return AuthorizationStatus.invalid
        if self._control.accepts_own_token(token or "", dt_util.utcnow()):
            return AuthorizationStatus.accepted
        accepted = config.accepts(token or "")
        return AuthorizationStatus.accepted if accepted else AuthorizationStatus.invalid

    def _is_live(self, told: datetime | None, now: datetime) -> bool:
        """Whether a message tells about now, by the station's clock as far as it is known."""
        if told is None:
            return True
        skew = self._station.model.clock.skew
        return now + (skew or timedelta()) - told <= _LIVE

    def _learn(self, told: datetime | None, now: datetime) -> None:
        if told is None:
            return
        model = self._station.model
        trusted = model.clock.is_trusted
        model.clock.learn(told, now)
        if trusted is not model.clock.is_trusted:
            self._station.publish_all()

    def _believe(
        self,
        fields: Fields,
        connector: ConnectorModel,
        measurement: Measurement,
        now: datetime,
        *,
        live: bool,
    ) -> None:
        """Take a measurement with its time put right by what is known of the station's clock."""
        told, skew = measurement.measured_at, self._station.model.clock.skew
        at = None if told is None or skew is None else min(told - skew, now)
        if not connector.measure(measurement.at(at), now, live=live):
            fields.reject()


def _started(transaction_id: int, verdict: AuthorizationStatus) -> Payload:
    return {"transactionId": transaction_id, "idTagInfo": {"status": str(verdict)}}


def _error(fields: Fields) -> str | None:
    code = fields.text("errorCode", max_length=50)
    if code in {None, ChargePointErrorCode.no_error}:
        return None
    parts: Iterable[str | None] = (
        code,
        fields.text("info", max_length=100),
        fields.text("vendorErrorCode", max_length=50),
    )
    return " ".join(part for part in parts if part)


def _wire_time(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1_000:03d}Z"
