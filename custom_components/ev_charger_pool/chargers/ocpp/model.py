"""What is known of a station and its connectors, in no version's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from ...pool.members import Grant
from ...pool.quantities import PerPhase, PhaseReadings
from ...pool.readings import Reading
from ...pool.states import CableState, ChargingStatus, ComponentState
from ..contract import ConnectorReport, DeviceIdentity
from .clock import ClockSkew
from .config import ConnectorConfig
from .energy import EnergyRegister
from .smart_charging import Verdicts

_HIGHEST_VOLTAGE_V = 253.0
"""Nominal plus 10 %, EN 50160."""

_NO_CURRENT: PhaseReadings = PerPhase(0.0, 0.0, 0.0)


class Availability(StrEnum):
    """Whether a connector may be used."""

    OPERATIVE = "operative"
    INOPERATIVE = "inoperative"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A transaction that runs.

    Attributes:
        id: The id that the central system gave, or the station where it does.
        token: Who started it; None where the station did not tell.
        started_at: When, aware UTC by our clock.
        request: What the station's request looked like, to recognise its repetition.
    """

    id: str
    token: str | None
    started_at: datetime
    request: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlugStatus:
    """What a station says of a connector.

    Attributes:
        component: Of the connector itself.
        cable: Of its cable; None where the word for the status does not tell.
        charging: Of the session.
        current_flows: Whether current may flow; where not, the currents are known to be 0.
    """

    component: ComponentState
    cable: CableState | None
    charging: ChargingStatus
    current_flows: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one message tells of a connector's meter; None where it does not.

    Attributes:
        measured_at: The station's own time.
        current_a: Amps on the connector's L1, L2, L3.
        voltage_v: Volts phase to neutral.
        power_w: Active power, positive is charging.
        energy_wh: The total energy register.
        offered_a: The current offered to the car.
        attributes: Further values by name.
    """

    measured_at: datetime | None = None
    current_a: PhaseReadings | None = None
    voltage_v: PhaseReadings | None = None
    power_w: float | None = None
    energy_wh: float | None = None
    offered_a: float | None = None
    attributes: Mapping[str, float] = field(default_factory=dict)

    def at(self, measured_at: datetime | None) -> Measurement:
        """Return the same with another time."""
        return replace(self, measured_at=measured_at)


@dataclass(slots=True, kw_only=True)
class AppliedGrant:
    """The newest grant of a connector.

    Attributes:
        grant: The grant.
        at: When the driver was last told it; its lease runs from here.
    """

    grant: Grant
    at: datetime


class ConnectorModel:
    """What is known of one connector; survives its connections.

    Attributes:
        number: From 1.
        transaction: The transaction that runs.
        applied: The newest grant, whether or not it could be brought onto the station yet.
        limit_a: The limit that the station accepted last for the running transaction.
        default_a: The fail-safe current that it accepted since it started.
        start_asked_at: When a remote start was asked for that no transaction has followed yet.
    """

    def __init__(self, number: int, config: ConnectorConfig) -> None:
        self.number = number
        self.transaction: Transaction | None = None
        self.applied: AppliedGrant | None = None
        self.limit_a: float | None = None
        self.default_a: float | None = None
        self.start_asked_at: datetime | None = None
        self._status: PlugStatus | None = None
        self._cable = CableState.UNSPECIFIED
        self._error: str | None = None
        self._current: Reading[PhaseReadings] | None = None
        self._voltage: Reading[PhaseReadings] | None = None
        self._power: Reading[float] | None = None
        self._energy: Reading[float] | None = None
        self._offered_a: float | None = None
        self._attributes: dict[str, str | float | int | bool | None] = {}
        self._register = EnergyRegister()
        self.configure(config)

    @property
    def config(self) -> ConnectorConfig:
        """The connector as configured."""
        return self._config

    def configure(self, config: ConnectorConfig) -> None:
        """Take the configuration; what is known of the connector stays."""
        self._config = config
        self._register.max_power_w = config.max_current_a * config.phases * _HIGHEST_VOLTAGE_V

    @property
    def charging(self) -> ChargingStatus:
        """What the session does, as far as told."""
        return ChargingStatus.UNKNOWN if self._status is None else self._status.charging

    @property
    def is_occupied(self) -> bool:
        """Whether a transaction runs, even one whose id is not known."""
        return self.transaction is not None or self.charging in {
            ChargingStatus.CHARGING,
            ChargingStatus.SUSPENDED_BY_EV,
            ChargingStatus.SUSPENDED_BY_CHARGER,
        }

    def show(self, status: PlugStatus, word: str, error: str | None, now: datetime) -> None:
        """Take a status.

        Args:
            status: The status.
            word: The station's own word for it.
            error: What it complains of.
            now: When it arrived.
        """
        self._status = status
        if status.cable is not None:
            self._cable = status.cable
        self._error = error
        self._attributes["status"] = word
        if status.cable is CableState.UNPLUGGED:
            # What was granted to the car that has left is not meant for the next one (I7).
            self.applied = None
            self.start_asked_at = None
        self.rest(now)

    def rest(self, now: datetime) -> None:
        """Know the currents to be 0, when by the newest status none can flow."""
        if self._status is None or self._status.current_flows or self.transaction is not None:
            return
        self._current = Reading(value=_NO_CURRENT, arrived_at=now)
        self._power = Reading(value=0.0, arrived_at=now)
        self._offered_a = None

    def measure(self, measurement: Measurement, now: datetime, *, live: bool) -> bool:
        """Take a measurement; answer whether all of it could be believed.

        Args:
            measurement: What was measured.
            now: When it arrived.
            live: Whether it tells about now; an old one only counts energy.
        """
        at = measurement.measured_at
        believed = True
        if (energy_wh := measurement.energy_wh) is not None:
            believed = self._register.accept(energy_wh, now)
            if believed:
                self._energy = Reading(value=energy_wh, arrived_at=now, measured_at=at)
        if not live:
            return believed
        if (current_a := measurement.current_a) is not None:
            self._current = Reading(value=current_a, arrived_at=now, measured_at=at)
        if (voltage_v := measurement.voltage_v) is not None:
            self._voltage = Reading(value=voltage_v, arrived_at=now, measured_at=at)
        if (power_w := measurement.power_w) is not None:
            self._power = Reading(value=power_w, arrived_at=now, measured_at=at)
        if measurement.offered_a is not None:
            self._offered_a = measurement.offered_a
        self._attributes.update(measurement.attributes)
        return believed

    def begin(self, transaction: Transaction) -> None:
        """Take that a transaction runs."""
        self.transaction = transaction
        self.start_asked_at = None
        self.limit_a = None

    def end(self) -> None:
        """Take that none runs: its limit died with it."""
        self.transaction = None
        self.limit_a = None

    def report(
        self, now: datetime, *, online: bool, booted_at: datetime | None
    ) -> ConnectorReport | None:
        """Return the whole of what is known; None before the first status."""
        if self._status is None:
            return None
        transaction = self.transaction
        charging = self._status.charging
        if charging is ChargingStatus.WAITING_FOR_AUTHORIZATION and transaction is not None:
            charging = ChargingStatus.NOT_CHARGING
        return ConnectorReport(
            connector=self.number,
            arrived_at=now,
            online=online,
            component_state=self._status.component,
            cable_state=self._cable,
            charging=charging,
            current_a=self._current,
            voltage_v=self._voltage,
            power_w=self._power,
            energy_wh=self._energy,
            offered_a=self._offered_a,
            transaction=None if transaction is None else transaction.id,
            token=None if transaction is None else transaction.token,
            booted_at=booted_at,
            error=self._error,
            attributes=dict(self._attributes),
        )


@dataclass(slots=True, kw_only=True)
class StationModel:
    """What is known of a station itself; survives its connections and claims.

    Attributes:
        identity: Who it says it is.
        accepted: Whether it was told that it may work.
        booted_at: When it last started.
        clock: How far its clock is off.
        connectors: Those that are configured, by number.
        verdicts: What it can do with charging profiles.
        seen_connectors: The highest number that it spoke of.
        attributes: Further facts for whoever looks for a fault.
    """

    identity: DeviceIdentity = field(default_factory=DeviceIdentity)
    accepted: bool = False
    booted_at: datetime | None = None
    clock: ClockSkew = field(default_factory=ClockSkew)
    connectors: dict[int, ConnectorModel] = field(default_factory=dict)
    verdicts: Verdicts = field(default_factory=Verdicts)
    seen_connectors: int = 0
    attributes: dict[str, str | float | int | bool | None] = field(default_factory=dict)

    def start_anew(self, identity: DeviceIdentity, now: datetime) -> None:
        """Take that the station has started: what it kept only in memory is gone."""
        known = self.verdicts if identity == self.identity else Verdicts()
        self.verdicts = Verdicts(facts=known.facts, known=known.known)
        self.identity = identity
        self.booted_at = now
        self.clock.forget()
        for connector in self.connectors.values():
            connector.default_a = None
            connector.limit_a = None

    def configure(self, connectors: Mapping[int, ConnectorConfig]) -> None:
        """Take the connectors as configured; those that stay keep what is known of them."""
        for number, config in connectors.items():
            if (known := self.connectors.get(number)) is not None:
                known.configure(config)
            else:
                self.connectors[number] = ConnectorModel(number, config)
        for number in self.connectors.keys() - connectors.keys():
            del self.connectors[number]
