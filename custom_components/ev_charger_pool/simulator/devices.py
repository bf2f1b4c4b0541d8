"""Firmware of simulated stations, without a network: the pool's adversaries.

A device takes orders that reach it, keeps leases, reports late, and at times is out of reach, stuck,
refuses, ignores, lies or starts anew. Beside what it does it keeps what a device that obeys would do
in its place (`obedient_a`), so that whoever judges a controller can tell the two apart.
"""

from abc import ABC, abstractmethod
from collections import deque
from datetime import datetime, timedelta
from typing import Final

from ..pool.actions import ActionResult
from ..pool.members import Grant, MemberReport, MemberSettings, Order, OrderKind
from ..pool.quantities import PerPhase, PhaseReadings
from ..pool.readings import Reading
from ..pool.states import ChargingStatus, ConnectorState
from .firmware import UNREACHABLE, DeviceFaultKind, FirmwareSpec, SwitchConduct
from .plant import SimulatedConnector

OVERDRAW_A: Final = 3.0
"""What a device that overdraws offers above its limit."""

REPAIR_AFTER_S: Final = 60.0
"""A person enables an inoperative connector this long after its fault is gone."""


class Limit:
    """A limit in force with the lease on it."""

    __slots__ = ("current_a", "granted", "lapse_to_a", "lapses_s", "power_w")

    def __init__(self, current_a: float) -> None:
        self.current_a = current_a
        self.granted = False
        """Whether it stands because of a grant, and not by the device's own default."""
        self.power_w: float | None = None
        self.lapse_to_a = current_a
        self.lapses_s = float("inf")

    def set(self, current_a: float) -> None:
        """Fall back to a standing limit without a lease."""
        self.current_a = current_a
        self.granted = False
        self.power_w = None
        self.lapses_s = float("inf")

    def take(self, grant: Grant, lapse_to_a: float, now_s: float) -> None:
        """Take a grant, or renew it."""
        self.current_a = grant.current_a
        self.granted = True
        self.power_w = grant.power_w
        self.lapse_to_a = lapse_to_a
        lease = grant.lease
        self.lapses_s = float("inf") if lease is None else now_s + lease.total_seconds()

    def lapse(self, now_s: float) -> None:
        """Let go of the grant once its lease is over."""
        if now_s >= self.lapses_s:
            self.set(self.lapse_to_a)


class Firmware(ABC):
    """What stations and supplies have in common: orders, leases, faults, the time of reports."""

    def __init__(self, settings: MemberSettings, spec: FirmwareSpec, started_at: datetime) -> None:
        self.settings = settings
        self.spec = spec
        self.limit = Limit(settings.fail_safe_a)
        """What it keeps to."""
        self.obedient = Limit(settings.fail_safe_a)
        """What it would keep to if it obeyed every order that reached it."""
        self.fail_safe_a = settings.fail_safe_a
        """Its standing limit without a grant; grants may change it (SR-1)."""
        self.disabled = False
        self.stopped = False
        self.booted_at: datetime | None = None
        self.forgot_s = -float("inf")
        """When it last fell to its standing limit without being told so."""
        self.trouble_s = -float("inf")
        """When it last misbehaved or was out of reach."""
        self._started_at = started_at
        self._arrived: deque[tuple[float, Order]] = deque()
        self._outgoing: deque[tuple[float, MemberReport]] = deque()
        self._next_report_s = 0.0
        self._was: DeviceFaultKind | None = None
        self._fault_since_s = 0.0
        self._told_offline = False
        self._disabled_at_s = 0.0

    @property
    def obedient_a(self) -> float:
        """The amps per phase that it would offer if it obeyed."""
        return 0.0 if self.disabled or self.stopped else self.obedient.current_a

    @property
    @abstractmethod
    def draw_a(self) -> float:
        """The true AC current on each phase that is used."""

    def receive(self, order: Order, now_s: float) -> ActionResult | None:
        """Take an order that came over the link.

        Returns:
            Its answer; None when there is none.
        """
        match self.spec.fault(now_s):
            case DeviceFaultKind.OFFLINE | DeviceFaultKind.STALLED | DeviceFaultKind.REBOOTS:
                return None
            case DeviceFaultKind.REFUSES:
                self._pretend(order, now_s)
                return ActionResult.REJECTED
            case _:
                self._arrived.append((now_s + self.spec.apply_lag_s, order))
                return ActionResult.ACCEPTED

    def advance(self, now_s: float) -> None:
        """Work off what is due by `now_s`."""
        fault = self.spec.fault(now_s)
        if fault is not None:
            self.trouble_s = now_s
        if fault is not self._was:
            self._change(fault, now_s)
        while self._arrived and self._arrived[0][0] <= now_s:
            self._apply(self._arrived.popleft()[1], now_s, fault)
        if self.spec.lease_works:
            self.limit.lapse(now_s)
        self.obedient.lapse(now_s)
        self._drive(fault)
        if (
            fault is DeviceFaultKind.OFFLINE or fault is DeviceFaultKind.REBOOTS
        ) and now_s >= self._fault_since_s + self.spec.offline_after_s:
            self._tell_offline(now_s)
        elif now_s >= self._next_report_s:
            self.tell(now_s)

    def tell(self, now_s: float) -> None:
        """Send a report, unless it is out of reach or silent."""
        self._next_report_s = now_s + self.spec.report_s
        if self.spec.fault(now_s) in UNREACHABLE | {DeviceFaultKind.SILENT}:
            return
        self._told_offline = False
        arrives_s = now_s + self.spec.report_lag_s
        self._outgoing.append((arrives_s, self._report(now_s, arrives_s)))

    def heard(self, now_s: float) -> list[MemberReport]:
        """Return the reports that arrive by `now_s`."""
        reports = []
        while self._outgoing and self._outgoing[0][0] <= now_s:
            reports.append(self._outgoing.popleft()[1])
        return reports

    def misbehaves(self, now_s: float) -> bool:
        """Whether it does not do what the orders that reached it say, or none can reach it."""
        fault = self.spec.fault(now_s)
        return fault is not None and fault is not DeviceFaultKind.SILENT

    def at(self, now_s: float) -> datetime:
        """Return the wall time of a number of seconds since the start."""
        return self._started_at + timedelta(seconds=now_s)

    def _change(self, fault: DeviceFaultKind | None, now_s: float) -> None:
        ended, self._was = self._was, fault
        self._fault_since_s = now_s
        if ended is DeviceFaultKind.REBOOTS:
            self.limit.set(self.spec.boot_default_a)
            self.obedient.set(self.fail_safe_a)
            self.disabled = self.stopped = False
            self.booted_at = self.at(now_s)
            self.forgot_s = now_s
        if fault is DeviceFaultKind.REBOOTS:
            self._arrived.clear()
            self.limit.set(0.0)
        if fault is DeviceFaultKind.LIES:
            self.limit.set(self.settings.max_current_a)
        if ended is not None and fault is None:
            if ended in {DeviceFaultKind.LIES, DeviceFaultKind.IGNORES, DeviceFaultKind.REFUSES}:
                self.limit.set(self.obedient.current_a)
                self.limit.lapse_to_a = self.obedient.lapse_to_a
                self.limit.lapses_s = self.obedient.lapses_s
            self.tell(now_s)

    def _apply(self, order: Order, now_s: float, fault: DeviceFaultKind | None) -> None:
        self._pretend(order, now_s)
        if fault in {DeviceFaultKind.IGNORES, DeviceFaultKind.LIES}:
            if fault is DeviceFaultKind.IGNORES:
                # What it ignores feeds its watchdog all the same.
                self.limit.lapses_s = self.obedient.lapses_s
            if self.spec.obeys_stop and order.kind in {OrderKind.STOP, OrderKind.DISABLE}:
                self.stopped = True
                self.disabled = self.disabled or order.kind is OrderKind.DISABLE
            return
        match order.kind:
            case OrderKind.SET | OrderKind.RENEW:
                self.limit.take(order.grant, self._lapse_to(order.grant), now_s)
            case OrderKind.STOP:
                self.stopped = True
            case OrderKind.DISABLE:
                self.disabled = True
                self._disabled_at_s = now_s
            case OrderKind.START:
                self.stopped = False
                self._wake()

    def _pretend(self, order: Order, now_s: float) -> None:
        """Keep book of what obeying would be."""
        if order.kind in {OrderKind.SET, OrderKind.RENEW}:
            self.fail_safe_a = min(order.grant.fail_safe_a, self.settings.fail_safe_a)
            self.obedient.take(order.grant, self._lapse_to(order.grant), now_s)

    def _lapse_to(self, grant: Grant) -> float:
        if self.spec.lapses_to_fail_safe:
            return self.fail_safe_a
        return min(grant.lapse_to_a, self.fail_safe_a)

    def _tell_offline(self, now_s: float) -> None:
        if not self._told_offline:
            self._told_offline = True
            self._outgoing.append(
                (
                    now_s,
                    MemberReport(
                        member=self.settings.member,
                        arrived_at=self.at(now_s),
                        online=False,
                        state=ConnectorState.MISSING,
                    ),
                )
            )

    def _allowed_a(self, fault: DeviceFaultKind | None) -> float:
        """Return what it offers now, faults included."""
        if self.disabled or self.stopped or fault is DeviceFaultKind.REBOOTS:
            return 0.0
        if fault is DeviceFaultKind.OVERDRAWS and self.limit.current_a > 0.0:
            return self.limit.current_a + OVERDRAW_A
        return self.limit.current_a

    @abstractmethod
    def _drive(self, fault: DeviceFaultKind | None) -> None:
        """Bring the limit in force onto the electrical side."""

    @abstractmethod
    def _wake(self) -> None:
        """Wake what hangs on it."""

    @abstractmethod
    def _report(self, now_s: float, arrives_s: float) -> MemberReport:
        """Return what it tells now."""


class Station(Firmware):
    """One connector of a charging station."""

    def __init__(
        self,
        connector: SimulatedConnector,
        settings: MemberSettings,
        spec: FirmwareSpec,
        started_at: datetime,
    ) -> None:
        super().__init__(settings, spec, started_at)
        self.connector = connector
        self._sessions = 0
        self._plugged = False
        self._changed = False
        self._switches_until_s = float("-inf")
        self._now_s = 0.0
        connector.subscribe(self._notice)
        connector.offer(self.limit.current_a)

    @property
    def draw_a(self) -> float:
        """The true current on each phase that is used."""
        return self.connector.amps

    def advance(self, now_s: float) -> None:
        """Work off what is due by `now_s`, and tell what changed at the plug at once."""
        self._now_s = now_s
        if self.connector.car_connected != self._plugged:
            self._plugged = self.connector.car_connected
            if self._plugged:
                self._sessions += 1
                if self.spec.forgets_with_session:
                    self.forgot_s = now_s
                    self.limit.set(self.fail_safe_a)
                    self.obedient.set(self.fail_safe_a)
            else:
                self.stopped = False
        if self.disabled and now_s > self.trouble_s + REPAIR_AFTER_S:
            self.disabled = self.stopped = False
        super().advance(now_s)
        if self._changed:
            self._changed = False
            self.tell(now_s)

    def _notice(self) -> None:
        self._changed = True

    def receive(self, order: Order, now_s: float) -> ActionResult | None:
        """Take an order, unless it asks for other phases of a station that does not switch them."""
        phases = order.grant.phases
        refuses = self.spec.switching is SwitchConduct.REFUSES and self.spec.fault(now_s) is None
        if refuses and phases is not None and phases != self.connector.switched_on:
            return ActionResult.REJECTED
        return super().receive(order, now_s)

    def _apply(self, order: Order, now_s: float, fault: DeviceFaultKind | None) -> None:
        super()._apply(order, now_s, fault)
        phases = order.grant.phases
        obeys = self.spec.switching is SwitchConduct.OBEYS and fault is None
        if obeys and phases is not None and phases != self.connector.switched_on:
            self._switches_until_s = now_s + self.spec.switch_s
            self.connector.switch_phases(phases)

    def _drive(self, fault: DeviceFaultKind | None) -> None:
        allowed_a = self._allowed_a(fault)
        if self._now_s < self._switches_until_s:
            allowed_a = 0.0
        if allowed_a != self.connector.offered_a:
            self.connector.offer(allowed_a)

    def _wake(self) -> None:
        self.connector.wake()

    def _report(self, now_s: float, arrives_s: float) -> MemberReport:
        connector = self.connector
        arrived_at = self.at(arrives_s)
        measured_at = self.at(now_s) if self.spec.tells_time else None
        current: Reading[PhaseReadings] | None = None
        power: Reading[float] | None = None
        if self.settings.measures_current:
            amps = connector.current_a.map(lambda value: round(value, 2))
            own = PerPhase[float | None](
                amps.l1,
                amps.l2 if len(connector.phases) > 1 else None,
                amps.l3 if len(connector.phases) > 2 else None,  # noqa: PLR2004 - three phases
            )
            current = Reading(value=own, arrived_at=arrived_at, measured_at=measured_at)
            power = Reading(
                value=round(connector.power_w), arrived_at=arrived_at, measured_at=measured_at
            )
        lying = self.spec.fault(now_s) is DeviceFaultKind.LIES
        told = self.obedient if lying else self.limit
        return MemberReport(
            member=self.settings.member,
            arrived_at=arrived_at,
            online=True,
            state=self._state(),
            charging=self._charging(),
            current=current,
            power_w=power,
            limit_a=told.current_a if self.spec.reports_limit else None,
            booted_at=self.booted_at if self.spec.tells_boot else None,
            session=f"{self.settings.member}/{self._sessions}" if self._plugged else None,
        )

    def _state(self) -> ConnectorState:
        if self.disabled:
            return ConnectorState.ERROR
        return ConnectorState.EV_LOCKED if self._plugged else ConnectorState.IDLE

    def _charging(self) -> ChargingStatus:
        connector = self.connector
        if not self._plugged:
            return ChargingStatus.NOT_CHARGING
        if connector.car is not None and connector.car.has_fault:
            return ChargingStatus.FAULT
        if self.stopped:
            return ChargingStatus.FINISHED
        if connector.amps > 0.0:
            return ChargingStatus.CHARGING
        if connector.offered_a == 0.0:
            return ChargingStatus.SUSPENDED_BY_CHARGER
        return ChargingStatus.SUSPENDED_BY_EV
