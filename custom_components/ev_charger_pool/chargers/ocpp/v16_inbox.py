"""What an OCPP 1.6 station tells: status, transactions, measurements."""

from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Final

from homeassistant.util import dt as dt_util
from ocpp.v16.enums import (
    Action,
    AuthorizationStatus,
    ChargePointErrorCode,
    ChargePointStatus,
    DataTransferStatus,
)

from ...pool.states import CableState, ChargingStatus, ComponentState
from .fields import Fields
from .framing import Payload
from .link import Answer
from .model import ConnectorModel, Measurement, PlugStatus, Transaction
from .station import Station
from .transactions import HIGHEST_ID
from .v16_control import V16Control
from .v16_values import read_measurements

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


class V16Inbox:
    """Takes the calls of a station, all but its BootNotification, and answers them.

    Attributes:
        handlers: By action.
    """

    def __init__(
        self,
        station: Station,
        control: V16Control,
        spawn: Callable[[Coroutine[None, None, None]], object],
    ) -> None:
        """Prepare the inbox.

        Args:
            station: Whose it is.
            control: What is told to the station.
            spawn: Does something in parallel while the connection stands.
        """
        self._station = station
        self._control = control
        self._spawn = spawn
        self.handlers: Mapping[str, Callable[[Fields], Answer]] = {
            Action.authorize: self._authorize,
            Action.data_transfer: self._data_transfer,
            Action.diagnostics_status_notification: self._diagnostics_status,
            Action.firmware_status_notification: self._firmware_status,
            Action.heartbeat: self._heartbeat,
            Action.meter_values: self._meter_values,
            Action.start_transaction: self._start_transaction,
            Action.status_notification: self._status,
            Action.stop_transaction: self._stop_transaction,
        }

    def _heartbeat(self, _fields: Fields) -> Answer:
        now = dt_util.utcnow()
        for connector in self._station.model.connectors.values():
            connector.rest(now)
            self._station.publish(connector)
        return Answer({"currentTime": wire_time(now)})

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
        if self._station.online:
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
    parts = (
        code,
        fields.text("info", max_length=100),
        fields.text("vendorErrorCode", max_length=50),
    )
    return " ".join(part for part in parts if part)


def wire_time(time: datetime) -> str:
    """Return a time in UTC as it goes on the wire."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1_000:03d}Z"
