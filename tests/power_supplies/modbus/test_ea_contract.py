"""The contract of a power supply, clause by clause, on an EA PSB over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.power_supplies.contract import (
    OffOutcome,
    SupplyError,
    SupplyMode,
    SupplyReport,
    SupplyWishes,
)
from custom_components.ev_charger_pool.simulator.dc import SimulatedSupply
from custom_components.ev_charger_pool.simulator.modbus_devices import (
    EaRating,
    Fault,
    SimulatedEaPsb,
    SimulatedModbusServer,
)
from tests.modbus.rig import (
    SupplyRig,
    battery_supply,
    connection,
    flowing,
    serving,
    supplying,
    wishes,
)
from tests.modbus.virtual_time import VirtualClock, until

REMOTE, OUTPUT = 402, 405
REMOTE_SIGNAL = "remote_enable"
SET_POINTS = {498, 499, 500, 501, 502}


@dataclass
class Bench:
    """An EA with its electrical side, its server and its driver."""

    dc: SimulatedSupply
    ea: SimulatedEaPsb
    server: SimulatedModbusServer
    rig: SupplyRig

    async def online(self) -> None:
        await until(lambda: self.rig.report.online)

    async def on(self, power_w: float = 1000.0) -> None:
        """Have it export."""
        await self.online()
        assert await self.rig.supply.async_apply(self.rig.grant(power_w)) is ActionResult.ACCEPTED
        await until(lambda: self.rig.report.mode is SupplyMode.EXPORT)

    async def until_vouched(self, condition: Callable[[], object]) -> None:
        """Wait for something while decisions go on."""

        def vouched() -> object:
            self.rig.vouch()
            return condition()

        await until(vouched)

    def is_on(self) -> bool:
        """Whether the output of the real thing is on."""
        return self.dc.on

    def writes_since(self, mark: int) -> list[int]:
        return [write.address for write in self.ea.writes[mark:]]


@asynccontextmanager
async def bench(
    hass: HomeAssistant, clock: VirtualClock, wanted: SupplyWishes | None = None
) -> AsyncIterator[Bench]:
    dc = battery_supply()
    ea = SimulatedEaPsb(dc)
    async with (
        flowing(dc),
        serving({0: ea}) as server,
        supplying(
            hass, clock, "ea_psb_bidirectional", connection(server, 0), wanted or wishes()
        ) as rig,
    ):
        yield Bench(dc, ea, server, rig)


@pytest.fixture
async def ea(hass: HomeAssistant, clock: VirtualClock) -> AsyncIterator[Bench]:
    async with bench(hass, clock) as bench_:
        yield bench_


async def renew(bench_: Bench, power_w: float, seconds: float) -> None:
    """Keep a grant alive as the coordinator does."""
    for _ in range(int(seconds)):
        await bench_.rig.supply.async_apply(bench_.rig.grant(power_w))
        await asyncio.sleep(1)


async def test_capabilities_first_published_as_soon_as_known(ea: Bench) -> None:
    await ea.online()
    known = next(report for report in ea.rig.reports if report.capabilities is not None)
    assert not known.online
    capabilities = known.capabilities
    assert capabilities is not None
    assert capabilities.bidirectional
    assert capabilities.nominal_max_export_voltage_v == pytest.approx(80.0)
    assert capabilities.max_export_current_a == pytest.approx(120.0)
    assert capabilities.max_export_power_w == pytest.approx(5000.0)
    assert capabilities.max_import_power_w == pytest.approx(5000.0)
    assert ea.rig.supply.capabilities is not None


async def test_capabilities_first_again_when_they_change(ea: Bench) -> None:
    await ea.online()
    ea.ea.derate(40.0)
    await until(
        lambda: (
            ea.rig.report.capabilities is not None
            and ea.rig.report.capabilities.max_export_current_a < 41.0
        )
    )
    assert ea.rig.report.capabilities is not None
    assert ea.rig.report.capabilities.nominal_max_export_current_a == pytest.approx(120.0)
    await ea.on(5000.0)
    assert ea.dc._set_current_a <= 40.01


async def test_capabilities_first_no_export_before(ea: Bench) -> None:
    ea.ea.fault = Fault.FAILING
    assert ea.rig.supply.capabilities is None
    result = await ea.rig.supply.async_apply(ea.rig.grant(1000.0))
    assert not result.is_success
    assert ea.ea.writes == []
    assert not ea.is_on()


async def test_commands_act_at_once(ea: Bench, clock: VirtualClock) -> None:
    await ea.online()
    began = clock.now()
    await ea.rig.supply.async_apply(ea.rig.grant(1000.0))
    assert ea.is_on()
    assert clock.now() - began < timedelta(seconds=1)


async def test_commands_are_cached_while_out_of_reach_newest_wins(ea: Bench) -> None:
    await ea.on()
    ea.ea.fault = Fault.SILENT
    await until(lambda: not ea.rig.report.online)
    assert SupplyError.COMMUNICATION_FAULT in ea.rig.report.errors
    for voltage_v in (50.0, 52.0, 54.0):
        result = await ea.rig.supply.async_set_wishes(wishes(voltage_v=voltage_v))
        assert result is ActionResult.OFFLINE
    mark = len(ea.ea.writes)
    ea.ea.power_cycle()
    ea.ea.fault = Fault.NONE
    await ea.until_vouched(lambda: ea.dc.on)
    volts = [write.values[0] for write in ea.ea.writes[mark:] if write.address == 500]
    assert [round(raw / 52428 * 80, 1) for raw in volts] == [54.0]


async def test_communication_fault_replay_writes_first_then_clears_the_error(ea: Bench) -> None:
    await ea.on()
    ea.ea.fault = Fault.SILENT
    await until(lambda: not ea.rig.report.online)
    mark = len(ea.ea.writes)
    ea.ea.power_cycle()
    ea.ea.fault = Fault.NONE
    cleared: list[list[int]] = []

    def watch(report: SupplyReport) -> None:
        if report.online and not cleared:
            assert SupplyError.COMMUNICATION_FAULT not in report.errors
            cleared.append(ea.writes_since(mark))
        elif not report.online:
            assert SupplyError.COMMUNICATION_FAULT in report.errors

    ea.rig.supply.subscribe(watch)
    await ea.until_vouched(lambda: cleared)
    assert cleared[0][0] == REMOTE
    assert {500, 501, 502} <= set(cleared[0])
    assert cleared[0][-1] == OUTPUT


async def test_an_off_received_meanwhile_is_what_is_replayed(ea: Bench) -> None:
    await ea.on()
    ea.ea.fault = Fault.SILENT
    await until(lambda: not ea.rig.report.online)
    assert await ea.rig.supply.async_off() is OffOutcome.COMMUNICATION_LOST
    assert ea.is_on()
    ea.ea.fault = Fault.NONE
    await ea.until_vouched(lambda: ea.rig.report.online)
    assert not ea.is_on()
    assert ea.rig.report.wishes.mode is SupplyMode.OFF


async def test_off_is_safe_below_the_threshold(ea: Bench) -> None:
    await ea.on()
    await until(lambda: ea.dc.current_a > 15)
    assert await ea.rig.supply.async_off() is OffOutcome.BELOW_THRESHOLD
    assert not ea.is_on()
    # 1 % of 120 A, twice.
    assert ea.dc.current_a < 2.4
    assert ea.ea.writes[-1].address == REMOTE
    assert ea.ea.writes[-2].address == OUTPUT


async def test_off_is_safe_deadline_of_three_seconds(
    ea: Bench, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ea.on()
    await until(lambda: ea.dc.current_a > 15)
    # A welded switch: it says that it is off and goes on.
    monkeypatch.setattr(ea.dc, "set_output", lambda *_: None)
    began = clock.now()
    assert await ea.rig.supply.async_off() is OffOutcome.TIMED_OUT
    assert timedelta(seconds=2.9) < clock.now() - began < timedelta(seconds=3.3)


async def test_off_is_safe_at_once_when_communication_is_lost(
    ea: Bench, clock: VirtualClock
) -> None:
    await ea.on()
    ea.ea.fault = Fault.SILENT
    await until(lambda: not ea.rig.report.online)
    began = clock.now()
    assert await ea.rig.supply.async_off() is OffOutcome.COMMUNICATION_LOST
    assert clock.now() - began < timedelta(milliseconds=50)


async def test_off_is_safe_when_communication_is_lost_meanwhile(
    ea: Bench, clock: VirtualClock
) -> None:
    await ea.on()
    ea.ea.fault = Fault.SILENT
    began = clock.now()
    outcome = await ea.rig.supply.async_off()
    assert outcome in (OffOutcome.COMMUNICATION_LOST, OffOutcome.TIMED_OUT)
    assert clock.now() - began < timedelta(seconds=3.3)


async def test_voltage_and_current_at_1_hz_or_faster_unchanged_values_too(ea: Bench) -> None:
    await ea.online()
    ea.rig.reports.clear()
    await asyncio.sleep(20)
    times = [report.arrived_at for report in ea.rig.reports]
    assert len(times) >= 20
    gaps = [(after - before).total_seconds() for before, after in pairwise(times)]
    assert max(gaps) <= 1.0
    assert len({report.voltage_v.value for report in ea.rig.reports if report.voltage_v}) == 1


async def test_silence_when_the_device_is_silent(ea: Bench) -> None:
    await ea.online()
    ea.ea.fault = Fault.SILENT
    await until(lambda: not ea.rig.report.online)
    ea.rig.reports.clear()
    await asyncio.sleep(25)
    assert ea.rig.reports == []


async def test_the_grant_bounds_the_wishes_voltage_times_current(ea: Bench) -> None:
    await ea.on(1000.0)
    assert ea.dc._set_voltage_v * ea.dc._set_current_a <= 1000.0
    assert ea.dc._set_voltage_v * ea.dc._set_current_a > 990.0
    await renew(ea, 1000.0, 30)
    # The battery is still far below the voltage limit.
    assert 700.0 < ea.dc.power_w <= 1000.0


async def test_the_grant_bounds_the_wishes_users_own_watts(
    hass: HomeAssistant, clock: VirtualClock
) -> None:
    async with bench(hass, clock, wishes(power_w=300.0)) as limited:
        await limited.on(1000.0)
        assert limited.dc._set_voltage_v * limited.dc._set_current_a <= 300.0


async def test_the_grant_bounds_the_wishes_0_w_is_off(ea: Bench) -> None:
    await ea.on()
    assert await ea.rig.supply.async_apply(ea.rig.grant(0.0)) is ActionResult.ACCEPTED
    assert not ea.is_on()
    # The pool keeps hold of it, so that nobody switches it on at the panel.
    assert ea.ea.is_remote


async def test_losing_the_vouch_is_0_w_too(ea: Bench) -> None:
    await ea.on()
    await asyncio.sleep(9)
    assert ea.is_on()
    await asyncio.sleep(2)
    assert not ea.is_on()
    await ea.on()
    assert ea.is_on()


async def test_wishes_alone_never_export(ea: Bench) -> None:
    await ea.online()
    assert await ea.rig.supply.async_set_wishes(wishes()) is ActionResult.ACCEPTED
    await asyncio.sleep(15)
    assert not ea.is_on()


async def test_wishes_outside_the_capabilities_are_rejected(ea: Bench) -> None:
    await ea.on()
    result = await ea.rig.supply.async_set_wishes(wishes(voltage_v=500.0))
    assert result is ActionResult.REJECTED
    assert ea.rig.report.wishes.voltage_v == 56.0


@pytest.mark.parametrize("mode", [SupplyMode.FAULT])
async def test_fault_is_never_commanded(ea: Bench, mode: SupplyMode) -> None:
    result = await ea.rig.supply.async_set_wishes(wishes(mode))
    assert result is ActionResult.NOT_SUPPORTED


async def test_it_has_no_watchdog_sr5(ea: Bench) -> None:
    assert ea.rig.supply.lease is None


async def test_export_leaves_no_way_to_feed_back(ea: Bench) -> None:
    ea.ea._set[498] = ea.ea._set[499] = 20000
    await ea.on()
    assert ea.ea._set[498] == ea.ea._set[499] == 0


async def test_import_takes_from_the_battery_and_reports_negative(
    hass: HomeAssistant, clock: VirtualClock
) -> None:
    wanted = wishes(SupplyMode.IMPORT, voltage_v=30.0, current_a=10.0)
    async with bench(hass, clock, wanted) as importing:
        await importing.online()
        await importing.rig.supply.async_apply(importing.rig.grant(1000.0))
        await until(lambda: importing.dc.current_a < -9)
        await renew(importing, 1000.0, 2)
        report = importing.rig.report
        assert report.mode is SupplyMode.IMPORT
        assert report.current_a is not None
        assert report.current_a.value == pytest.approx(-10.0, abs=0.2)
        assert report.power_w is not None
        assert report.power_w.value < 0
        assert importing.ea._set[501] == importing.ea._set[502] == 0


async def test_the_connection_is_kept_from_going_idle(ea: Bench) -> None:
    await ea.on()
    await renew(ea, 1000.0, 30)
    counters = ea.rig.supply.diagnostics()["counters"]
    assert isinstance(counters, dict)
    assert counters.get("connection_lost", 0) == 0


async def test_set_points_on_the_way_never_allow_more(ea: Bench) -> None:
    await ea.on(2000.0)
    worst: list[float] = []

    def watch(*args: object) -> None:
        worst.append(ea.ea._set[500] / 52428 * 80.0 * ea.ea._set[501] / 52428 * 120.0)

    original = ea.ea._apply

    def apply() -> None:
        watch()
        original()

    ea.ea._apply = apply  # type: ignore[method-assign]
    for voltage_v in (45.0, 78.0, 50.0, 60.0):
        await ea.rig.supply.async_set_wishes(wishes(voltage_v=voltage_v, current_a=100.0))
        await ea.rig.supply.async_apply(ea.rig.grant(2000.0))
    assert len(worst) > 6
    assert max(worst) <= 2000.0


async def test_local_at_the_panel_is_never_overridden(ea: Bench) -> None:
    await ea.on()
    ea.ea.set_local(True)
    ea.ea.is_on = False
    ea.ea._apply()
    await renew(ea, 1000.0, 5)
    await until(lambda: ea.rig.report.mode is SupplyMode.FAULT)
    assert "panel" in ea.rig.report.errors[SupplyError.VENDOR_ERROR] or (
        "at the device" in ea.rig.report.errors[SupplyError.VENDOR_ERROR]
    )
    ea.ea.set_local(False)
    requests = len(ea.ea.writes)
    await renew(ea, 1000.0, 60)
    assert len(ea.ea.writes) == requests
    assert not ea.is_on()
    # A person asks for it again.
    assert await ea.rig.supply.async_set_wishes(wishes()) is ActionResult.ACCEPTED
    assert ea.is_on()
    assert ea.rig.report.errors == {}


async def test_local_before_the_first_word_is_never_overridden(ea: Bench) -> None:
    await ea.online()
    ea.ea.set_local(True)
    assert await ea.rig.supply.async_apply(ea.rig.grant(1000.0)) is ActionResult.REJECTED
    requests = ea.ea.requests
    await renew(ea, 1000.0, 5)
    assert SupplyError.VENDOR_ERROR in ea.rig.report.errors
    assert ea.rig.report.mode is SupplyMode.FAULT
    # Reading goes on, and nothing else is asked.
    assert ea.ea.requests - requests < 5 * 4
    assert ea.ea.writes == []


async def test_switched_off_at_the_panel_stays_off(ea: Bench) -> None:
    await ea.on()
    ea.ea.press_output()
    await renew(ea, 1000.0, 10)
    assert not ea.is_on()
    assert ea.rig.report.mode is SupplyMode.FAULT


async def test_switched_on_at_the_panel_without_a_grant_is_switched_off(ea: Bench) -> None:
    await ea.on()
    await ea.rig.supply.async_apply(ea.rig.grant(0.0))
    ea.ea.press_output()
    assert ea.is_on()
    await renew(ea, 0.0, 4)
    assert not ea.is_on()


async def test_with_the_users_mode_off_the_panel_is_free(
    hass: HomeAssistant, clock: VirtualClock
) -> None:
    async with bench(hass, clock, wishes(SupplyMode.OFF)) as free:
        await free.online()
        free.ea.is_remote = True
        free.ea.press_output()
        await renew(free, 1000.0, 15)
        assert free.is_on()
        assert free.rig.report.mode is SupplyMode.EXPORT
        assert free.ea.writes == []
        # The stop of the pool is heard all the same.
        await free.rig.supply.async_off()
        assert not free.is_on()


async def test_an_output_that_nobody_grants_is_switched_off_after_ten_seconds(
    hass: HomeAssistant, clock: VirtualClock
) -> None:
    dc = battery_supply()
    ea = SimulatedEaPsb(dc)
    ea.is_remote = True
    ea._set |= {500: 36700, 501: 10000, 502: 20000}
    ea.press_output()
    async with flowing(dc), serving({0: ea}) as server:
        place = connection(server, 0)
        async with supplying(hass, clock, "ea_psb_bidirectional", place, wishes()) as rig:
            await until(lambda: rig.report.online)
            await asyncio.sleep(8)
            assert dc.on
            await asyncio.sleep(4)
            assert not dc.on


async def test_an_alarm_ends_it_until_a_person_asks_again(ea: Bench) -> None:
    await ea.on()
    await asyncio.sleep(3)
    ea.ea.trip(1)
    await renew(ea, 1000.0, 10)
    assert not ea.is_on()
    assert ea.rig.report.mode is SupplyMode.FAULT
    assert SupplyError.VENDOR_ERROR in ea.rig.report.errors
    await ea.rig.supply.async_set_wishes(wishes())
    assert ea.is_on()


async def test_a_set_point_that_is_refused_leaves_the_output_off(ea: Bench) -> None:
    await ea.on(1000.0)
    ea.ea._limits[9002] = 100
    ea.ea._limits[9000] = 52428
    result = await ea.rig.supply.async_apply(ea.rig.grant(2500.0))
    assert result is ActionResult.REJECTED
    assert not ea.is_on()
    counters = ea.rig.supply.diagnostics()["counters"]
    assert isinstance(counters, dict)
    assert counters["refused_writes"] == 1
    # Once the lower limit is read, it is kept.
    await renew(ea, 2500.0, 15)
    assert ea.is_on()
    assert ea.dc._set_current_a < 0.3


async def test_closing_switches_off_what_nobody_watches_any_more(
    hass: HomeAssistant, clock: VirtualClock
) -> None:
    async with bench(hass, clock) as closing:
        await closing.on()
        await closing.rig.supply.async_close()
        assert not closing.is_on()
        requests = closing.ea.requests
        await asyncio.sleep(5)
        assert closing.ea.requests == requests


async def test_identity_comes_from_the_device(ea: Bench) -> None:
    await ea.online()
    identity = ea.rig.supply.identity
    assert identity.manufacturer == "EA Elektro-Automatik"
    assert identity.model == "PSB 10080-120"
    assert identity.serial == "2410450001"
    assert identity.firmware == "V3.02"


async def test_a_refused_raise_leaves_the_grant_before_it_in_force(ea: Bench) -> None:
    await ea.on(500.0)
    ea.ea._limits[9002] = 5000
    ea.ea._limits[9000] = 52428
    assert await ea.rig.supply.async_apply(ea.rig.grant(2500.0)) is ActionResult.REJECTED
    # The lower limit is read before long, and the raise stays refused.
    for _ in range(14):
        ea.rig.vouch()
        await asyncio.sleep(1)
    assert ea.is_on()
    assert ea.dc._set_voltage_v * ea.dc._set_current_a <= 500.0


async def test_sr4_a_raise_that_no_fresh_decision_stands_behind_is_not_sent(ea: Bench) -> None:
    await ea.online()
    stale = replace(ea.rig.grant(1000.0), decided_at=ea.rig.clock.now() - timedelta(seconds=11))
    assert await ea.rig.supply.async_apply(stale) is ActionResult.FAILED
    assert ea.ea.writes == []


async def test_a_grant_with_a_lease_ends_with_it(ea: Bench) -> None:
    await ea.online()
    grant = replace(ea.rig.grant(1000.0), lease=timedelta(seconds=20))
    await ea.rig.supply.async_apply(grant)
    for _ in range(19):
        ea.rig.vouch()
        await asyncio.sleep(1)
    assert ea.is_on()
    for _ in range(3):
        ea.rig.vouch()
        await asyncio.sleep(1)
    assert not ea.is_on()


async def test_a_command_to_a_silent_device_is_timed_out(ea: Bench) -> None:
    await ea.on()
    ea.ea.fault = Fault.SILENT
    assert await ea.rig.supply.async_apply(ea.rig.grant(300.0)) is ActionResult.TIMED_OUT
    assert await ea.rig.supply.async_apply(ea.rig.grant(200.0)) in (
        ActionResult.TIMED_OUT,
        ActionResult.OFFLINE,
    )


async def test_a_command_that_loses_the_connection_is_offline(ea: Bench) -> None:
    await ea.on()
    await ea.server.async_stop()
    assert await ea.rig.supply.async_apply(ea.rig.grant(300.0)) is ActionResult.OFFLINE


@pytest.mark.parametrize(
    "wanted",
    [
        wishes(voltage_v=-1.0),
        wishes(current_a=-1.0),
        wishes(power_w=-1.0),
    ],
)
async def test_impossible_wishes_are_rejected(ea: Bench, wanted: SupplyWishes) -> None:
    assert await ea.rig.supply.async_set_wishes(wanted) is ActionResult.REJECTED


@pytest.mark.parametrize(
    "wanted",
    [
        wishes(voltage_v=0.0),
        wishes(current_a=0.0),
        wishes(SupplyMode.IMPORT, current_a=0.0),
        wishes(SupplyMode.IMPORT, power_w=0.0),
    ],
)
async def test_wishes_for_nothing_are_off(
    hass: HomeAssistant, clock: VirtualClock, wanted: SupplyWishes
) -> None:
    async with bench(hass, clock, wanted) as nothing:
        await nothing.online()
        await renew(nothing, 1000.0, 3)
        assert not nothing.is_on()
        assert nothing.rig.report.mode is SupplyMode.OFF


async def test_off_without_remote_control_takes_it_for_that(ea: Bench) -> None:
    await ea.on()
    # Another program gave remote control back, and the output stayed on.
    ea.ea.is_remote = False
    ea.rig.supply._teller.forget(REMOTE_SIGNAL)
    assert await ea.rig.supply.async_off() is OffOutcome.BELOW_THRESHOLD
    assert not ea.is_on()


async def test_another_interface_that_took_it_is_left_alone(ea: Bench) -> None:
    await ea.on()
    ea.ea.is_remote = False
    await ea.rig.supply.async_apply(ea.rig.grant(500.0))
    writes = len(ea.ea.writes)
    await renew(ea, 500.0, 5)
    assert len(ea.ea.writes) == writes
    assert SupplyError.VENDOR_ERROR in ea.rig.report.errors


async def test_an_output_that_refuses_is_tried_again_after_the_outage(ea: Bench) -> None:
    await ea.on()
    ea.ea.fault = Fault.SILENT
    await until(lambda: not ea.rig.report.online)
    ea.ea.set_local(True)
    ea.ea.fault = Fault.NONE
    await ea.until_vouched(lambda: ea.rig.report.online)
    assert SupplyError.VENDOR_ERROR in ea.rig.report.errors
    assert SupplyError.COMMUNICATION_FAULT not in ea.rig.report.errors


async def test_a_nominal_value_that_cannot_be_true_is_another_device(
    hass: HomeAssistant, clock: VirtualClock
) -> None:
    dc = battery_supply()
    ea = SimulatedEaPsb(dc)
    ea.rating = EaRating(voltage_v=80.0, current_a=0.01, power_w=5000.0)
    async with serving({0: ea}) as server:
        place = connection(server, 0)
        async with supplying(hass, clock, "ea_psb_bidirectional", place, wishes()) as rig:
            await until(lambda: rig.report.errors)
            assert "no nominal_current" in rig.report.errors[SupplyError.COMMUNICATION_FAULT]
            assert ea.writes == []


async def test_a_device_that_only_fails_is_not_taken_for_another_one(
    hass: HomeAssistant, clock: VirtualClock
) -> None:
    async with bench(hass, clock) as failing:
        failing.ea.fault = Fault.FAILING
        await until(lambda: failing.rig.report.errors)
        text = failing.rig.report.errors[SupplyError.COMMUNICATION_FAULT]
        assert "this is no" not in text
        failing.ea.fault = Fault.NONE
        await until(lambda: failing.rig.report.online)


async def test_a_text_that_a_firmware_does_not_tell_is_left_open(
    hass: HomeAssistant, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = tuple(group for group in SimulatedEaPsb.GROUPS if group != (191, 210))
    monkeypatch.setattr(SimulatedEaPsb, "GROUPS", groups)
    async with bench(hass, clock) as old:
        await old.online()
        assert old.rig.supply.identity.firmware is None
        assert old.rig.supply.identity.serial == "2410450001"


async def test_a_listener_that_breaks_costs_an_outage_and_no_more(
    ea: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    await ea.online()
    broken: list[SupplyReport] = []

    def break_once(report: SupplyReport) -> None:
        broken.append(report)
        if len(broken) == 2:
            message = "listener"
            raise RuntimeError(message)

    ea.rig.supply.subscribe(break_once)
    await until(lambda: not ea.rig.report.online)
    assert "unexpected error" in caplog.text
    await until(lambda: ea.rig.report.online)
    counters = ea.rig.supply.diagnostics()["counters"]
    assert isinstance(counters, dict)
    assert counters["unexpected"] == 1
