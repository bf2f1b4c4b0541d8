"""A connector of a simulated OCPP station: its transaction, its status, its meter."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ocpp.v16.enums import ChargePointStatus, Measurand, UnitOfMeasure

from ..chargers.ocpp.framing import JsonValue
from .plant import SimulatedConnector

MEASURANDS: Final = (
    Measurand.current_import,
    Measurand.current_offered,
    Measurand.energy_active_import_register,
    Measurand.power_active_import,
    Measurand.voltage,
)
"""What the station can measure."""


@dataclass(slots=True)
class Transaction:
    """A transaction; its id is None until the central system has given one."""

    started_at: datetime
    token: str
    id: int | None = None


class Bay:
    """A connector of a station with its electrical side.

    Attributes:
        number: Its number, from 1.
        connector: The electrical side.
        transaction: The transaction that runs.
        ended: Whether the transaction of the car that is still there has ended.
        asked: Whether that car's driver has held the token before the station.
        inoperative: Whether it is out of service.
        told: The status that the central system has been told.
        measured_at: When its meter values were sent last.
        kept_a: What a station that forgets leases goes on offering.
    """

    def __init__(self, number: int, connector: SimulatedConnector) -> None:
        self.number = number
        self.connector = connector
        self.transaction: Transaction | None = None
        self.ended = False
        self.asked = False
        self.inoperative = False
        self.told: ChargePointStatus | None = None
        self.measured_at: datetime | None = None
        self.kept_a = 0.0

    @property
    def status(self) -> ChargePointStatus:
        """The status as OCPP 1.6 calls it."""
        connector = self.connector
        if self.transaction is not None:
            if connector.offered_a <= 0.0:
                return ChargePointStatus.suspended_evse
            if not connector.car_wants_energy:
                return ChargePointStatus.suspended_ev
            return ChargePointStatus.charging
        if self.inoperative:
            return ChargePointStatus.unavailable
        if not connector.car_connected:
            return ChargePointStatus.available
        return ChargePointStatus.finishing if self.ended else ChargePointStatus.preparing

    def samples(self, wanted: str) -> list[JsonValue]:
        """Return the sampled values of now, of the measurands in a comma-separated list."""
        connector = self.connector
        asked = {part.strip() for part in wanted.split(",")}
        samples: list[JsonValue] = []

        def add(measurand: Measurand, value: float, unit: UnitOfMeasure, phase: str = "") -> None:
            if measurand in asked:
                entry: dict[str, JsonValue] = {
                    "measurand": str(measurand),
                    "value": f"{value:.2f}",
                    "unit": str(unit),
                }
                samples.append({**entry, "phase": phase} if phase else entry)

        phases = [f"L{index + 1}" for index in range(len(connector.phases))]
        for phase, amps, volts in zip(
            phases, connector.current_a, connector.voltage_v, strict=False
        ):
            add(Measurand.current_import, amps, UnitOfMeasure.a, phase)
            add(Measurand.voltage, volts, UnitOfMeasure.v, f"{phase}-N")
        add(Measurand.power_active_import, connector.power_w, UnitOfMeasure.w)
        add(Measurand.energy_active_import_register, connector.energy_wh, UnitOfMeasure.wh)
        add(Measurand.current_offered, connector.offered_a, UnitOfMeasure.a)
        return samples


def wire_time(time: datetime) -> str:
    """Return a time in UTC as it goes on the wire."""
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
