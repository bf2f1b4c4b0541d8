"""A simulated DC supply with its driver, as an adversary of the pool."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ..pool.members import MemberReport, MemberSettings
from ..pool.quantities import PerPhase, PhaseReadings
from ..pool.readings import Reading
from ..pool.states import ChargingStatus, ConnectorState
from .dc import SimulatedSupply
from .devices import Firmware
from .firmware import DeviceFaultKind, FirmwareSpec

SUPPLY_LOSSES: Final = 0.85 * 0.95 * 207.0
"""SR-13: DC watts that one ampere on one phase pays for at worst."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyPlan:
    """What a user does with a supply.

    Attributes:
        voltage_v: Voltage limit.
        current_a: Output current limit.
        runs: Times in which it is to export, in seconds from the start.
        measures_ac: Whether something measures its AC side.
    """

    voltage_v: float
    current_a: float
    runs: tuple[tuple[float, float], ...]
    measures_ac: bool = False


class Supply(Firmware):
    """A DC supply with its driver: the grant in watts bounds the user's set points (SR-13)."""

    def __init__(
        self,
        output: SimulatedSupply,
        settings: MemberSettings,
        spec: FirmwareSpec,
        plan: SupplyPlan,
        started_at: datetime,
    ) -> None:
        super().__init__(settings, spec, started_at)
        self.output = output
        self.plan = plan
        self._running = False

    @property
    def draw_a(self) -> float:
        """The true AC current on each of its phases."""
        return self.output.ac_current_a

    def advance(self, now_s: float) -> None:
        """Work off what is due by `now_s`."""
        running = any(start <= now_s < end for start, end in self.plan.runs)
        changed, self._running = running is not self._running, running
        super().advance(now_s)
        if changed:
            self.tell(now_s)

    def _set_current_a(self, fault: DeviceFaultKind | None) -> float:
        """Return the output current that keeps voltage limit times current within the grant."""
        watts = self._allowed_a(fault) * SUPPLY_LOSSES * len(self.settings.phases)
        told = self.limit.power_w
        if told is not None and fault is None and watts > 0.0:
            watts = told
        return min(self.plan.current_a, watts / self.plan.voltage_v)

    def _drive(self, fault: DeviceFaultKind | None) -> None:
        current_a = self._set_current_a(fault)
        self.output.set_output(
            self._running and current_a > 0.0, self.plan.voltage_v, current_a, None
        )

    def _wake(self) -> None:
        """A supply does not sleep."""

    def _report(self, now_s: float, arrives_s: float) -> MemberReport:
        arrived_at = self.at(arrives_s)
        measured_at = self.at(now_s) if self.spec.tells_time else None
        current: Reading[PhaseReadings] | None = None
        if self.plan.measures_ac:
            amps = [round(self.output.ac_current_a, 2)] * len(self.settings.phases)
            own = PerPhase[float | None](*(amps + [None] * (3 - len(amps))))
            current = Reading(value=own, arrived_at=arrived_at, measured_at=measured_at)
        set_current = self._set_current_a(self.spec.fault(now_s)) if self._running else 0.0
        cost = self.plan.voltage_v / (SUPPLY_LOSSES * len(self.settings.phases))
        return MemberReport(
            member=self.settings.member,
            arrived_at=arrived_at,
            online=True,
            state=ConnectorState.EV_PLUGGED if self._running else ConnectorState.IDLE,
            charging=ChargingStatus.CHARGING
            if self.output.current_a > 0.0
            else ChargingStatus.NOT_CHARGING,
            current=current,
            power_w=Reading(
                value=round(self.output.power_w), arrived_at=arrived_at, measured_at=measured_at
            ),
            demand_w=self.plan.voltage_v * self.plan.current_a if self._running else 0.0,
            set_current_a=set_current * cost,
            booted_at=self.booted_at if self.spec.tells_boot else None,
            session=f"{self.settings.member}/run" if self._running else None,
        )
