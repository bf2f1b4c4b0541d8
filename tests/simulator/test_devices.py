"""Firmware of simulated devices: orders, leases, and every way to misbehave."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.members import (
    Grant,
    MemberReport,
    Order,
    OrderKind,
    Urgency,
)
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind
from custom_components.ev_charger_pool.pool.states import ChargingStatus, ConnectorState
from custom_components.ev_charger_pool.simulator.cars import Car
from custom_components.ev_charger_pool.simulator.closed_loop import STARTED_AT
from custom_components.ev_charger_pool.simulator.dc import SimulatedSupply
from custom_components.ev_charger_pool.simulator.devices import OVERDRAW_A, Limit, Station
from custom_components.ev_charger_pool.simulator.firmware import (
    DeviceFault,
    DeviceFaultKind,
    FirmwareSpec,
)
from custom_components.ev_charger_pool.simulator.plant import SimulatedConnector
from custom_components.ev_charger_pool.simulator.supply_device import Supply
from tests.simulator.builders import CAR, FIRMWARE, connector, supply

NUMBERS = count(1)
VOLTS = [230.0, 230.0, 230.0]


def order(
    current_a: float,
    kind: OrderKind = OrderKind.SET,
    *,
    lease_s: float | None = 60.0,
    lapse_to_a: float = 0.0,
    fail_safe_a: float = 0.0,
    power_w: float | None = None,
) -> Order:
    return Order(
        number=next(NUMBERS),
        kind=kind,
        grant=Grant(
            member="c1",
            current_a=current_a,
            power_w=power_w,
            lapse_to_a=lapse_to_a,
            fail_safe_a=fail_safe_a,
            lease=None if lease_s is None else timedelta(seconds=lease_s),
            decided_at=STARTED_AT,
            reason=Reason(kind=ReasonKind.CIRCUIT),
        ),
        urgency=Urgency.RAISE,
    )


class Bench:
    """A station with a car on a test bench, second by second."""

    def __init__(
        self,
        firmware: FirmwareSpec = FIRMWARE,
        *,
        fail_safe_a: float = 0.0,
        car: Car | None = CAR,
        measures_current: bool = True,
    ) -> None:
        plan = connector(1, firmware=firmware, fail_safe_a=fail_safe_a)
        self.connector = SimulatedConnector(
            phases=plan.settings.phases, max_current_a=plan.settings.max_current_a
        )
        self.station = Station(
            self.connector,
            replace(plan.settings, measures_current=measures_current),
            replace(firmware, boot_default_a=firmware.boot_default_a),
            STARTED_AT,
        )
        self.now_s = 0.0
        self.reports: list[MemberReport] = []
        if car is not None:
            self.connector.plug_in(car)

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now_s += 1.0
            self.connector.advance(self.now_s, 1.0, VOLTS)
            self.station.advance(self.now_s)
            self.reports += self.station.heard(self.now_s)

    def tell(self, told: Order) -> ActionResult | None:
        return self.station.receive(told, self.now_s)


def fault(kind: DeviceFaultKind, from_s: float = 30.0, until_s: float = 60.0) -> FirmwareSpec:
    return replace(FIRMWARE, faults=(DeviceFault(kind=kind, from_s=from_s, until_s=until_s),))


def test_a_grant_is_offered_to_the_car_and_reported() -> None:
    bench = Bench()
    bench.run(5)
    assert bench.tell(order(10.0)) is ActionResult.ACCEPTED
    bench.run(10)
    assert bench.station.draw_a == pytest.approx(9.8)
    report = bench.reports[-1]
    assert report.online
    assert report.state is ConnectorState.EV_LOCKED
    assert report.charging is ChargingStatus.CHARGING
    assert report.limit_a == 10.0
    assert report.session == "c1/1"
    assert report.current is not None
    assert report.current.value.l1 == 9.8
    assert report.power_w is not None
    assert report.power_w.value == pytest.approx(3 * 230 * 9.8, abs=1.0)


def test_orders_take_effect_after_the_stations_lag() -> None:
    bench = Bench(replace(FIRMWARE, apply_lag_s=3.0))
    bench.run(2)
    bench.tell(order(10.0))
    bench.run(2)
    assert bench.station.obedient_a == 0.0
    bench.run(1)
    assert bench.station.obedient_a == 10.0


def test_an_unrenewed_lease_lapses_to_what_the_grant_says() -> None:
    bench = Bench(fail_safe_a=8.0)
    bench.run(2)
    bench.tell(order(16.0, lease_s=30.0, lapse_to_a=6.0, fail_safe_a=8.0))
    bench.run(20)
    bench.tell(order(16.0, OrderKind.RENEW, lease_s=30.0, lapse_to_a=6.0, fail_safe_a=8.0))
    bench.run(29)
    assert bench.connector.offered_a == 16.0
    bench.run(3)
    assert bench.connector.offered_a == 6.0


def test_one_that_cannot_lapse_lower_lapses_to_its_fail_safe() -> None:
    bench = Bench(replace(FIRMWARE, lapses_to_fail_safe=True), fail_safe_a=8.0)
    bench.run(2)
    bench.tell(order(0.0, lease_s=10.0, lapse_to_a=0.0, fail_safe_a=8.0))
    bench.run(5)
    assert bench.connector.offered_a == 0.0
    bench.run(10)
    assert bench.connector.offered_a == 8.0


def test_a_grant_may_lower_the_fail_safe() -> None:
    bench = Bench(fail_safe_a=8.0)
    assert bench.connector.offered_a == 8.0
    bench.run(2)
    bench.tell(order(0.0, fail_safe_a=0.0))
    bench.run(2)
    bench.connector.unplug()
    bench.run(2)
    bench.connector.plug_in(CAR)
    bench.run(2)
    assert bench.connector.offered_a == 0.0


def test_a_lease_that_does_not_work_keeps_the_grant() -> None:
    bench = Bench(replace(FIRMWARE, lease_works=False))
    bench.run(2)
    bench.tell(order(16.0, lease_s=10.0))
    bench.run(30)
    assert bench.connector.offered_a == 16.0
    assert bench.station.obedient_a == 0.0


@pytest.mark.parametrize(("forgets", "left_a"), [(True, 6.0), (False, 16.0)])
def test_a_new_session_may_start_at_the_fail_safe(forgets: bool, left_a: float) -> None:
    bench = Bench(replace(FIRMWARE, forgets_with_session=forgets), fail_safe_a=6.0)
    bench.run(2)
    bench.tell(order(16.0, lease_s=None, fail_safe_a=6.0))
    bench.run(5)
    bench.connector.unplug()
    bench.run(2)
    assert bench.reports[-1].state is ConnectorState.IDLE
    assert bench.reports[-1].charging is ChargingStatus.NOT_CHARGING
    assert bench.reports[-1].session is None
    bench.connector.plug_in(CAR)
    bench.run(2)
    assert bench.connector.offered_a == left_a
    assert bench.reports[-1].session == "c1/2"


def test_stop_ends_the_session_and_start_begins_it_anew() -> None:
    bench = Bench()
    bench.run(2)
    bench.tell(order(16.0))
    bench.run(10)
    bench.tell(order(0.0, OrderKind.STOP))
    bench.run(10)
    assert bench.station.draw_a == 0.0
    assert bench.station.obedient_a == 0.0
    assert bench.reports[-1].charging is ChargingStatus.FINISHED
    bench.tell(order(16.0, OrderKind.START))
    bench.run(10)
    assert bench.station.draw_a > 15.0


def test_start_wakes_a_sleeping_car() -> None:
    bench = Bench(car=replace(CAR, sleeps_after_s=20.0))
    bench.run(2)
    bench.tell(order(10.0, lease_s=None))
    bench.run(20)
    bench.tell(order(0.0, lease_s=None))
    bench.run(60)
    bench.tell(order(10.0, lease_s=None))
    bench.run(10)
    assert bench.station.draw_a == 0.0
    assert bench.reports[-1].charging is ChargingStatus.SUSPENDED_BY_EV
    bench.tell(order(10.0, OrderKind.START))
    bench.run(15)
    assert bench.station.draw_a > 9.0


def test_disable_makes_it_inoperative_until_somebody_repairs_it() -> None:
    bench = Bench()
    bench.run(2)
    bench.tell(order(16.0))
    bench.run(10)
    bench.tell(order(0.0, OrderKind.DISABLE))
    bench.run(1)
    assert bench.connector.offered_a == 0.0


def test_a_disabled_station_reports_an_error() -> None:
    bench = Bench(fault(DeviceFaultKind.IGNORES, 5.0, 40.0))
    bench.run(10)
    bench.tell(order(0.0, OrderKind.DISABLE))
    bench.run(100)
    states = list(dict.fromkeys(report.state for report in bench.reports))
    assert states == [ConnectorState.EV_LOCKED, ConnectorState.ERROR]
    assert bench.reports[-1].state is ConnectorState.EV_LOCKED


def charging(kind: DeviceFaultKind, *, obeys_stop: bool = True) -> Bench:
    """Return a bench that charges with 16 A when its fault begins at 30 s."""
    bench = Bench(replace(fault(kind), obeys_stop=obeys_stop))
    bench.run(2)
    bench.tell(order(16.0, lease_s=None))
    bench.run(28)
    assert bench.station.draw_a > 15.0
    return bench


def test_one_that_ignores_accepts_and_keeps_its_limit() -> None:
    bench = charging(DeviceFaultKind.IGNORES)
    assert bench.tell(order(6.0)) is ActionResult.ACCEPTED
    bench.run(15)
    assert bench.station.draw_a > 15.0
    assert bench.station.obedient_a == 6.0
    assert bench.reports[-1].limit_a == 16.0
    assert bench.station.misbehaves(bench.now_s)
    bench.run(20)
    assert bench.connector.offered_a == 6.0


@pytest.mark.parametrize(("obeys", "offered_a"), [(True, 0.0), (False, 16.0)])
def test_one_that_ignores_may_obey_a_stop(obeys: bool, offered_a: float) -> None:
    bench = charging(DeviceFaultKind.IGNORES, obeys_stop=obeys)
    bench.tell(order(0.0, OrderKind.STOP))
    bench.run(5)
    assert bench.connector.offered_a == offered_a


def test_one_that_lies_offers_all_it_has_and_reports_its_orders() -> None:
    bench = charging(DeviceFaultKind.LIES)
    bench.tell(order(6.0))
    bench.run(15)
    assert bench.station.draw_a > 30.0
    assert bench.reports[-1].limit_a == 6.0


def test_one_that_refuses_says_so_and_changes_nothing() -> None:
    bench = charging(DeviceFaultKind.REFUSES)
    assert bench.tell(order(6.0)) is ActionResult.REJECTED
    bench.run(5)
    assert bench.connector.offered_a == 16.0
    assert bench.station.obedient_a == 6.0


def test_one_that_overdraws_offers_more_than_its_limit() -> None:
    bench = charging(DeviceFaultKind.OVERDRAWS)
    bench.run(5)
    assert bench.connector.offered_a == 16.0 + OVERDRAW_A
    bench.tell(order(0.0))
    bench.run(2)
    assert bench.connector.offered_a == 0.0


@pytest.mark.parametrize("kind", [DeviceFaultKind.OFFLINE, DeviceFaultKind.STALLED])
def test_one_that_is_gone_answers_nothing_and_its_lease_lapses(kind: DeviceFaultKind) -> None:
    bench = Bench(replace(fault(kind), offline_after_s=5.0))
    bench.run(20)
    bench.tell(order(16.0, lease_s=20.0))
    bench.run(10)
    heard = len(bench.reports)
    assert bench.tell(order(6.0)) is None
    bench.run(25)
    assert bench.connector.offered_a == 0.0
    told = bench.reports[heard:]
    assert [report.online for report in told] == (
        [False] if kind is DeviceFaultKind.OFFLINE else []
    )
    bench.run(10)
    assert bench.reports[-1].online


def test_a_silent_one_takes_orders_and_tells_nothing() -> None:
    bench = charging(DeviceFaultKind.SILENT)
    heard = len(bench.reports)
    assert bench.tell(order(6.0)) is ActionResult.ACCEPTED
    bench.run(20)
    assert len(bench.reports) == heard
    assert bench.connector.offered_a == 6.0
    assert not bench.station.misbehaves(bench.now_s)


@pytest.mark.parametrize("default_a", [0.0, 32.0])
def test_a_reboot_forgets_everything(default_a: float) -> None:
    bench = Bench(replace(fault(DeviceFaultKind.REBOOTS), boot_default_a=default_a))
    bench.run(2)
    bench.tell(order(16.0, lease_s=None))
    bench.run(30)
    assert bench.connector.offered_a == 0.0
    bench.run(30)
    assert bench.connector.offered_a == default_a
    assert bench.station.obedient_a == 0.0
    assert bench.reports[-1].booted_at == STARTED_AT + timedelta(seconds=60)
    assert any(not report.online for report in bench.reports)


def test_an_unmeasured_connector_reports_no_currents() -> None:
    bench = Bench(replace(FIRMWARE, reports_limit=False, tells_boot=False), measures_current=False)
    bench.run(3)
    assert bench.reports[-1].current is None
    assert bench.reports[-1].power_w is None
    assert bench.reports[-1].limit_a is None


def test_measurements_may_carry_their_own_time() -> None:
    bench = Bench(replace(FIRMWARE, tells_time=True, report_lag_s=2.0))
    bench.run(10)
    current = bench.reports[-1].current
    assert current is not None
    assert current.measured_at == STARTED_AT + timedelta(seconds=8)
    assert current.arrived_at == STARTED_AT + timedelta(seconds=10)


def test_a_limit_without_lease_stays() -> None:
    limit = Limit(6.0)
    limit.take(order(12.0, lease_s=None).grant, 0.0, 5.0)
    limit.lapse(1e12)
    assert limit.current_a == 12.0


class SupplyBench:
    """A supply that charges a battery."""

    def __init__(self, firmware: FirmwareSpec = FIRMWARE, *, measures_ac: bool = False) -> None:
        plan = supply(1, starts_s=5.0)
        assert plan.supply is not None
        assert plan.load is not None
        self.output = SimulatedSupply(phases=plan.settings.phases, load=plan.load)
        self.supply = Supply(
            self.output,
            plan.settings,
            firmware,
            replace(plan.supply, measures_ac=measures_ac),
            STARTED_AT,
        )
        self.now_s = 0.0
        self.reports: list[MemberReport] = []

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now_s += 1.0
            self.output.advance(1.0, 230.0)
            self.supply.advance(self.now_s)
            self.reports += self.supply.heard(self.now_s)


def test_sr13_a_supply_keeps_voltage_limit_times_current_within_its_watts() -> None:
    bench = SupplyBench()
    bench.run(6)
    assert bench.reports[-1].demand_w == 3_600.0
    assert bench.output.power_w == 0.0
    watts = 2.0 * (bench.supply.settings.watts_per_amp or 0.0)
    bench.supply.receive(order(2.0, power_w=watts, lease_s=None), bench.now_s)
    highest = 0.0
    for _ in range(1_200):
        bench.run(1)
        highest = max(highest, bench.output.power_w)
        assert bench.supply.draw_a <= 2.0
    assert highest > 0.85 * watts
    report = bench.reports[-1]
    assert report.state is ConnectorState.EV_PLUGGED
    assert report.set_current_a is not None
    assert report.set_current_a <= 2.0 + 1e-9


def test_a_supply_takes_the_watts_that_it_is_told() -> None:
    """Who grants them knows what they cost: more than at worst, where that is measured."""
    bench = SupplyBench()
    bench.run(6)
    watts = 2.0 * (bench.supply.settings.watts_per_amp or 0.0)
    bench.supply.receive(order(2.0, power_w=1.2 * watts, lease_s=None), bench.now_s)
    bench.run(60)
    plan = bench.supply.plan
    assert bench.output.current_a == pytest.approx(1.2 * watts / plan.voltage_v, rel=1e-3)
    assert bench.output.watts_per_amp * bench.supply.draw_a == pytest.approx(
        bench.output.power_w, rel=0.05
    )


def test_a_supply_without_a_grant_or_a_wish_is_off() -> None:
    bench = SupplyBench()
    bench.run(3)
    assert bench.reports[-1].state is ConnectorState.IDLE
    assert bench.reports[-1].demand_w == 0.0
    bench.supply.receive(order(2.0, power_w=1e3, lease_s=5.0), bench.now_s)
    on = []
    for _ in range(2):
        bench.run(4)
        on.append(bench.output.on)
    assert on == [True, False]
    bench.supply.receive(order(0.0, OrderKind.START), bench.now_s)
    bench.run(2)
    assert not bench.output.on


def test_a_measured_supply_reports_its_ac_side() -> None:
    bench = SupplyBench(measures_ac=True)
    bench.run(6)
    bench.supply.receive(order(2.0, power_w=900.0), bench.now_s)
    bench.run(10)
    current = bench.reports[-1].current
    assert current is not None
    assert current.value.l3 == pytest.approx(bench.supply.draw_a, abs=0.05)
    assert bench.reports[-1].charging is ChargingStatus.CHARGING
