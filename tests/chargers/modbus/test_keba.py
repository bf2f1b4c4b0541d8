"""A KEBA P30 over Modbus TCP, on a real socket: its pauses rule everything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ev_charger_pool.chargers.contract import CanDisable
from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.states import (
    CableState,
    ChargingStatus,
    ComponentState,
)
from custom_components.ev_charger_pool.simulator.modbus_devices import (
    Fault,
    SimulatedKeba,
    SimulatedModbusServer,
)
from custom_components.ev_charger_pool.simulator.plant import SimulatedConnector
from tests.modbus.rig import (
    ChargerRig,
    connection,
    connector_with_car,
    driving,
    flowing,
    serving,
)
from tests.modbus.virtual_time import VirtualClock, until

LIMIT, SWITCH, FAIL_SAFE, TIMEOUT = 5004, 5014, 5016, 5018
PHASE_SOURCE, PHASES = 5050, 5052


@dataclass
class Bench:
    connector: SimulatedConnector
    box: SimulatedKeba
    server: SimulatedModbusServer
    rig: ChargerRig

    async def online(self) -> None:
        self.rig.vouch()
        await until(lambda: self.rig.report.online, 20)

    async def settled(self) -> None:
        """Wait until the fail-safe is armed."""
        await self.online()
        await self.renew(12)

    async def renew(self, seconds: int) -> None:
        for _ in range(seconds):
            self.rig.vouch()
            await asyncio.sleep(1)

    async def hold(self, current_a: float, seconds: int) -> None:
        """Renew a grant every ten seconds."""
        for _ in range(seconds // 10):
            await self.rig.charger.async_apply(1, self.rig.grant(current_a))
            await self.renew(10)

    def writes(self, mark: int = 0) -> list[int]:
        return [write.address for write in self.box.writes[mark:]]

    def has_lease(self) -> bool:
        return self.rig.charger.connectors[1].lease is not None

    def is_online(self) -> bool:
        return self.rig.report.online

    def lapsed(self) -> bool:
        """Whether the device fell to its fail-safe."""
        return self.box.has_lapsed

    def charging(self) -> ChargingStatus:
        return self.rig.report.charging

    def counters(self) -> dict[str, int]:
        counters = self.rig.charger.diagnostics()["counters"]
        assert isinstance(counters, dict)
        return counters


@asynccontextmanager
async def bench(
    hass: HomeAssistant, clock: VirtualClock, *, switches_phases: bool = False
) -> AsyncIterator[Bench]:
    connector = connector_with_car()
    box = SimulatedKeba(connector)
    box.has_phase_switch = switches_phases
    async with (
        flowing(connector),
        serving({255: box}) as server,
        driving(
            hass, clock, "keba_p30", connection(server, 255), switches_phases=switches_phases
        ) as rig,
    ):
        yield Bench(connector, box, server, rig)


@pytest.fixture
async def keba(hass: HomeAssistant, clock: VirtualClock) -> AsyncIterator[Bench]:
    async with bench(hass, clock) as bench_:
        yield bench_


async def test_it_reports_what_the_device_measures(keba: Bench) -> None:
    await keba.settled()
    await keba.hold(10.0, 50)
    report = keba.rig.report
    assert report.component_state is ComponentState.CHARGING
    assert report.cable_state is CableState.EV_LOCKED
    assert report.charging is ChargingStatus.CHARGING
    assert report.current_a is not None
    assert list(report.current_a.value) == pytest.approx(list(keba.connector.current_a), abs=0.1)
    assert report.voltage_v is not None
    assert list(report.voltage_v.value) == [230.0, 230.0, 230.0]
    assert report.power_w is not None
    assert report.power_w.value == pytest.approx(keba.connector.power_w, abs=100)
    assert report.energy_wh is not None
    assert report.energy_wh.value == pytest.approx(keba.connector.energy_wh, abs=60)
    assert report.limit_a == pytest.approx(10.0)
    assert keba.rig.charger.identity.serial == "18000042"
    assert keba.rig.charger.identity.model == "322130"


async def test_currents_and_state_come_about_every_three_seconds(
    keba: Bench, clock: VirtualClock
) -> None:
    await keba.settled()
    ages: list[float] = []
    for _ in range(60):
        await keba.renew(1)
        report = keba.rig.report
        assert report.current_a is not None
        ages.append((clock.now() - report.current_a.arrived_at).total_seconds())
    assert max(ages) < 5.0


async def test_reads_and_writes_keep_their_pauses(keba: Bench) -> None:
    await keba.settled()
    for current_a in (10.0, 0.0, 16.0, 8.0, 0.0, 12.0):
        await keba.rig.charger.async_apply(1, keba.rig.grant(current_a))
        await keba.renew(3)
    await keba.renew(30)
    assert keba.box.too_early == 0
    gaps = [
        after.at_s - before.at_s
        for before, after in zip(keba.box.writes, keba.box.writes[1:], strict=False)
    ]
    assert min(gaps) >= 5.0


async def test_the_current_goes_before_the_switch(keba: Bench) -> None:
    await keba.settled()
    await keba.rig.charger.async_apply(1, keba.rig.grant(0.0))
    await keba.hold(0.0, 40)
    mark = len(keba.box.writes)
    assert await keba.rig.charger.async_apply(1, keba.rig.grant(9.0)) is ActionResult.ACCEPTED
    await keba.renew(20)
    order = [address for address in keba.writes(mark) if address in {LIMIT, SWITCH}]
    assert order == [LIMIT, SWITCH]
    assert keba.connector.offered_a == 9.0


async def test_sr14_0_a_is_the_switch(keba: Bench) -> None:
    await keba.settled()
    await keba.hold(10.0, 20)
    mark = len(keba.box.writes)
    assert await keba.rig.charger.async_apply(1, keba.rig.grant(0.0)) is ActionResult.ACCEPTED
    assert keba.writes(mark) == [SWITCH]
    assert keba.connector.offered_a == 0
    await keba.renew(15)
    report = keba.rig.report
    assert report.charging is ChargingStatus.SUSPENDED_BY_CHARGER
    # It keeps the limit that it would charge with, which says nothing about now.
    assert report.limit_a is None
    # And it lapses to nothing.
    assert keba.box._failsafe_ma == 0


async def test_sr7_a_reduction_is_the_next_frame_that_the_pauses_allow(
    keba: Bench, clock: VirtualClock
) -> None:
    await keba.settled()
    await keba.hold(16.0, 20)
    await keba.renew(6)
    # A raise waits for its turn, the reduction that comes overtakes it.
    await keba.rig.charger.async_apply(1, keba.rig.grant(12.0))
    last = keba.box.writes[-1].at_s
    raising = asyncio.create_task(keba.rig.charger.async_apply(1, keba.rig.grant(15.0)))
    await asyncio.sleep(0.2)
    began = clock.seconds()
    assert await keba.rig.charger.async_apply(1, keba.rig.grant(6.0)) is ActionResult.ACCEPTED
    assert await raising is ActionResult.FAILED
    written = keba.box.writes[-1]
    assert (written.address, written.values) == (LIMIT, (6000,))
    assert written.at_s - last < 5.2
    assert began < written.at_s
    await keba.renew(20)
    assert keba.box._limit_ma == 6000


async def test_a_reduction_outlives_its_caller(keba: Bench) -> None:
    await keba.settled()
    await keba.hold(16.0, 20)
    await keba.rig.charger.async_apply(1, keba.rig.grant(15.0))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await keba.rig.charger.async_apply(1, keba.rig.grant(6.0))
    await keba.renew(6)
    assert keba.box._limit_ma == 6000


async def test_sr8_a_renewal_is_one_write(keba: Bench) -> None:
    await keba.settled()
    await keba.hold(10.0, 40)
    mark = len(keba.box.writes)
    await keba.hold(10.0, 60)
    assert keba.writes(mark) == [TIMEOUT] * 6
    assert keba.lapsed() is False
    assert keba.connector.offered_a == 10.0


async def test_sr4_without_decisions_it_lapses_while_reading_goes_on(keba: Bench) -> None:
    await keba.settled()
    await keba.hold(16.0, 40)
    assert keba.connector.current_a.l1 > 15
    # The last vouch runs out.
    await asyncio.sleep(10)
    requests = keba.box.requests
    mark = len(keba.box.writes)
    await asyncio.sleep(45)
    assert keba.box.requests > requests + 30
    assert keba.writes(mark) == []
    assert keba.lapsed()
    assert keba.connector.current_a.l1 <= 6.1


async def test_after_a_lapse_a_grant_is_written_in_full(keba: Bench) -> None:
    await keba.settled()
    await keba.hold(16.0, 40)
    await asyncio.sleep(60)
    assert keba.lapsed()
    await keba.hold(16.0, 30)
    assert keba.lapsed() is False
    assert keba.connector.offered_a == 16.0


async def test_sr8_a_grant_at_the_fail_safe_needs_no_renewal(keba: Bench) -> None:
    await keba.settled()
    await keba.rig.charger.async_apply(1, keba.rig.grant(6.0))
    await keba.renew(90)
    assert keba.connector.offered_a == 6.0
    assert keba.lapsed()
    await keba.hold(12.0, 40)
    assert keba.connector.offered_a == 12.0


async def test_sr1_a_lapse_of_a_pause_never_raises(keba: Bench) -> None:
    await keba.settled()
    await keba.hold(16.0, 40)
    await keba.rig.charger.async_apply(1, keba.rig.grant(0.0))
    await keba.renew(8)
    await asyncio.sleep(60)
    assert keba.lapsed()
    assert keba.connector.offered_a == 0


async def test_a_restart_is_noticed_and_everything_written_again(keba: Bench) -> None:
    await keba.settled()
    await keba.hold(10.0, 30)
    keba.box.power_cycle()
    keba.server.drop_connections()
    assert keba.connector.offered_a > 10.0
    await keba.hold(10.0, 90)
    assert keba.is_online()
    assert keba.rig.report.booted_at is not None
    assert keba.box._limit_ma == 10000
    assert (keba.box._failsafe_ma, keba.box._failsafe_s) == (6000, 30)
    assert keba.connector.offered_a == 10.0


async def test_another_device_at_the_address_is_not_written_to(keba: Bench) -> None:
    await keba.settled()
    await keba.hold(10.0, 20)
    # The address moves to a P40 with a product code of seven digits.
    values = keba.box._values
    keba.box._values = lambda: values() | {1016: 4_221_300}  # type: ignore[method-assign]
    keba.server.drop_connections()
    mark = len(keba.box.writes)
    for _ in range(40):
        assert await keba.rig.charger.async_apply(1, keba.rig.grant(6.0)) is ActionResult.OFFLINE
        await keba.renew(1)
    assert keba.writes(mark) == []
    report = keba.rig.report
    assert not report.online
    assert report.error is not None
    assert "no KEBA" in report.error
    assert "unit id" in report.error
    assert keba.counters()["wrong_device"] >= 1


async def test_a_dropped_connection_is_made_again_at_once(keba: Bench) -> None:
    await keba.settled()
    await keba.hold(10.0, 20)
    keba.server.drop_connections()
    await keba.renew(5)
    assert keba.is_online()
    assert keba.counters()["connection_lost"] == 1
    assert all(report.online for report in keba.rig.reports[-10:])


async def test_a_server_that_is_gone_is_tried_again(keba: Bench) -> None:
    await keba.settled()
    port = keba.server.port
    await keba.server.async_stop()
    await keba.renew(10)
    assert not keba.is_online()
    again = SimulatedModbusServer(port=port, devices={255: keba.box})
    await again.async_start()
    await keba.renew(12)
    assert keba.is_online()
    await again.async_stop()


async def test_a_firmware_without_a_fail_safe_has_no_lease_sr5(
    keba: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    takes = keba.box._takes
    monkeypatch.setattr(
        keba.box,
        "_takes",
        lambda address, value: address not in {FAIL_SAFE, TIMEOUT} and takes(address, value),
    )
    assert keba.has_lease()
    await keba.settled()
    assert not keba.has_lease()
    assert keba.counters()["refused_settings"] == 1
    # It charges all the same, by grants without a lease.
    assert await keba.rig.charger.async_apply(1, keba.rig.grant(10.0)) is ActionResult.ACCEPTED
    await keba.renew(10)
    assert keba.connector.offered_a == 10.0


async def test_an_error_of_the_device_is_told_in_its_own_words(keba: Bench) -> None:
    await keba.settled()
    keba.box.error_code = 0x21
    await keba.renew(60)
    report = keba.rig.report
    assert report.component_state is ComponentState.ERROR
    assert report.charging is ChargingStatus.FAULT
    assert report.error is not None
    assert "0x21" in report.error


async def test_a_car_that_does_not_want_is_suspended_by_itself(keba: Bench) -> None:
    await keba.settled()
    await keba.hold(10.0, 20)
    keba.box._state = lambda: 2  # type: ignore[method-assign]
    await keba.renew(6)
    assert keba.charging() is ChargingStatus.SUSPENDED_BY_EV
    keba.box._state = lambda: 1  # type: ignore[method-assign]
    await keba.renew(6)
    assert keba.charging() is ChargingStatus.WAITING_FOR_AUTHORIZATION


async def test_without_a_car_it_is_idle(keba: Bench) -> None:
    await keba.settled()
    keba.connector.unplug()
    await keba.renew(10)
    report = keba.rig.report
    assert report.cable_state is CableState.CHARGING_STATION_LOCKED
    assert report.charging is ChargingStatus.NOT_CHARGING


async def test_it_has_no_lock_of_its_own(keba: Bench) -> None:
    assert not isinstance(keba.rig.charger, CanDisable)


async def test_silence_is_offline(keba: Bench) -> None:
    await keba.settled()
    keba.box.fault = Fault.SILENT
    await keba.renew(6)
    assert not keba.is_online()


async def test_i2_the_first_reduction_does_not_wait_for_the_watchdog(keba: Bench) -> None:
    keba.rig.vouch()
    # The very first that is said to a device that may be offering 32 A.
    assert await keba.rig.charger.async_apply(1, keba.rig.grant(10.0)) is ActionResult.ACCEPTED
    assert keba.writes() == [LIMIT]
    await keba.hold(10.0, 30)
    assert {FAIL_SAFE, TIMEOUT} <= set(keba.writes())


async def test_i5_a_raise_waits_until_the_watchdog_is_armed(keba: Bench) -> None:
    keba.box._limit_ma = 6000
    await keba.online()
    await until(lambda: keba.rig.report.limit_a == 6.0, 20)
    keba.box._failsafe_s = 0
    keba.box._failsafe_ma = 0
    mark = len(keba.box.writes)
    await keba.renew(16)
    for _ in range(4):
        await keba.rig.charger.async_apply(1, keba.rig.grant(16.0))
        await keba.renew(8)
    order = keba.writes(mark)
    assert order.index(TIMEOUT) < order.index(LIMIT)
    assert keba.connector.offered_a == 16.0


async def test_a_command_in_a_dropped_connection_is_carried_out_after_it(keba: Bench) -> None:
    await keba.settled()
    await keba.hold(16.0, 20)
    await keba.rig.charger.async_apply(1, keba.rig.grant(15.0))
    reduction = asyncio.create_task(keba.rig.charger.async_apply(1, keba.rig.grant(6.0)))
    await asyncio.sleep(1)
    keba.server.drop_connections()
    assert await reduction is ActionResult.ACCEPTED
    assert keba.box._limit_ma == 6000


async def test_closing_answers_who_still_waits(keba: Bench) -> None:
    await keba.settled()
    await keba.hold(16.0, 20)
    await keba.rig.charger.async_apply(1, keba.rig.grant(15.0))
    waiting = asyncio.create_task(keba.rig.charger.async_apply(1, keba.rig.grant(16.0)))
    await asyncio.sleep(0.5)
    await keba.rig.charger.async_close()
    assert await waiting is ActionResult.OFFLINE


async def test_a_start_after_a_refused_grant_is_rejected(
    keba: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keba.settled()
    await keba.hold(6.0, 20)
    takes = keba.box._takes
    monkeypatch.setattr(
        keba.box, "_takes", lambda address, value: address != LIMIT and takes(address, value)
    )
    assert await keba.rig.charger.async_apply(1, keba.rig.grant(12.0)) is ActionResult.REJECTED
    assert await keba.rig.charger.async_start(1) is ActionResult.REJECTED
    await keba.renew(12)
    assert keba.box._limit_ma == 6000


async def test_phases_are_switched_at_no_current_and_kept_when_it_charges_again(
    hass: HomeAssistant, clock: VirtualClock
) -> None:
    async with bench(hass, clock, switches_phases=True) as keba:
        await keba.settled()
        charger = keba.rig.charger
        switching = charger.connectors[1].switching
        assert switching is not None
        await keba.hold(10.0, 20)
        assert keba.connector.used_phases == 3
        assert await charger.async_apply(1, keba.rig.grant(0.0, phases=3)) is ActionResult.ACCEPTED
        await keba.renew(int(switching.pause.total_seconds()) + 10)
        assert keba.connector.amps == 0.0
        mark = len(keba.box.writes)
        assert await charger.async_apply(1, keba.rig.grant(0.0, phases=1)) is ActionResult.ACCEPTED
        assert PHASES in keba.writes(mark)
        assert keba.connector.switched_on == 1
        await keba.renew(int(switching.settle.total_seconds()))
        mark = len(keba.box.writes)
        for _ in range(3):
            await charger.async_apply(1, keba.rig.grant(12.0, phases=1))
            await keba.renew(10)
        assert PHASES not in keba.writes(mark)
        assert keba.connector.used_phases == 1
        assert keba.connector.amps > 10.0
        assert keba.connector.switched_under_load == 0
        report = keba.rig.report
        assert report.current_a is not None
        assert report.current_a.value.l2 == report.current_a.value.l3 == 0.0


async def test_under_load_other_phases_are_not_written(
    hass: HomeAssistant, clock: VirtualClock
) -> None:
    async with bench(hass, clock, switches_phases=True) as keba:
        await keba.settled()
        await keba.hold(10.0, 20)
        mark = len(keba.box.writes)
        await keba.rig.charger.async_apply(1, keba.rig.grant(12.0, phases=1))
        await keba.renew(20)
        assert PHASES not in keba.writes(mark)
        assert keba.connector.used_phases == 3


async def test_a_box_without_the_contactor_refuses_to_switch(
    hass: HomeAssistant, clock: VirtualClock
) -> None:
    async with bench(hass, clock, switches_phases=True) as keba:
        keba.box.has_phase_switch = False
        await keba.settled()
        charger = keba.rig.charger
        await charger.async_apply(1, keba.rig.grant(0.0))
        await keba.renew(10)
        assert await charger.async_apply(1, keba.rig.grant(0.0, phases=1)) is ActionResult.REJECTED
        assert keba.connector.switched_on == 3


async def test_a_box_that_nobody_says_can_switch_is_told_no_phases(keba: Bench) -> None:
    await keba.settled()
    assert keba.rig.charger.connectors[1].switching is None
    await keba.hold(10.0, 20)
    await keba.rig.charger.async_apply(1, keba.rig.grant(0.0))
    await keba.renew(20)
    assert not {PHASES, PHASE_SOURCE}.intersection(keba.writes())
