"""A Heidelberg Energy Control behind a serial gateway, on a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ev_charger_pool.chargers.contract import CanDisable, HasDiagnostics
from custom_components.ev_charger_pool.modbus.connection import LinkType
from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.states import (
    CableState,
    ChargingStatus,
    ComponentState,
    ConnectorState,
    connector_state,
)
from custom_components.ev_charger_pool.simulator.modbus_devices import (
    Fault,
    Framing,
    SimulatedHeidelberg,
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

LIMIT, FAIL_SAFE, TIMEOUT, STANDBY, LOCK = 261, 262, 257, 258, 259


@dataclass
class Bench:
    """A wallbox with its car, and its driver."""

    connector: SimulatedConnector
    box: SimulatedHeidelberg
    rig: ChargerRig

    async def online(self) -> None:
        self.rig.vouch()
        await until(lambda: self.rig.report.online, 10)

    async def renew(self, seconds: int) -> None:
        """Vouch every second, as the coordinator does."""
        for _ in range(seconds):
            self.rig.vouch()
            await asyncio.sleep(1)

    def is_online(self) -> bool:
        return self.rig.report.online

    def holding(self, address: int) -> int:
        return self.box._holding[address]

    def counters(self) -> dict[str, int]:
        counters = self.rig.charger.diagnostics()["counters"]
        assert isinstance(counters, dict)
        return counters


@asynccontextmanager
async def bench(
    hass: HomeAssistant, clock: VirtualClock, *, fail_safe_current_a: float = 6.0
) -> AsyncIterator[Bench]:
    connector = connector_with_car()
    box = SimulatedHeidelberg(connector)
    async with flowing(connector), serving({1: box}, Framing.RTU) as server:
        place = connection(server, 1, LinkType.RTU_OVER_TCP)
        async with driving(
            hass,
            clock,
            "heidelberg_energy_control",
            place,
            fail_safe_current_a=fail_safe_current_a,
        ) as rig:
            yield Bench(connector, box, rig)


@pytest.fixture
async def wallbox(hass: HomeAssistant, clock: VirtualClock) -> AsyncIterator[Bench]:
    async with bench(hass, clock) as bench_:
        yield bench_


async def test_it_reports_what_the_device_measures(wallbox: Bench) -> None:
    await wallbox.online()
    assert await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(10.0)) is (
        ActionResult.ACCEPTED
    )
    await wallbox.renew(15)
    report = wallbox.rig.report
    assert report.component_state is ComponentState.CHARGING
    assert report.cable_state is CableState.EV_PLUGGED
    assert report.charging is ChargingStatus.CHARGING
    assert report.current_a is not None
    assert list(report.current_a.value) == pytest.approx(list(wallbox.connector.current_a), abs=0.1)
    assert report.voltage_v is not None
    assert list(report.voltage_v.value) == [230.0, 230.0, 230.0]
    assert report.power_w is not None
    assert report.power_w.value == pytest.approx(wallbox.connector.power_w, abs=1)
    assert report.energy_wh is not None
    assert report.energy_wh.value == pytest.approx(wallbox.connector.energy_wh, abs=3)
    assert report.limit_a == pytest.approx(10.0)
    assert report.attributes["temperature"] == pytest.approx(25.1)
    assert report.error is None


async def test_capabilities_come_from_profile_device_and_settings(wallbox: Bench) -> None:
    await wallbox.online()
    capabilities = wallbox.rig.charger.connectors[1]
    assert (capabilities.min_current_a, capabilities.max_current_a) == (6.0, 16.0)
    assert capabilities.step_a == 0.1
    assert capabilities.lease is not None
    assert capabilities.lease.duration == timedelta(seconds=30)
    assert capabilities.lease.renewal == timedelta(seconds=10)
    assert capabilities.settable_fail_safe
    assert wallbox.rig.charger.identity.manufacturer == "Heidelberg"
    assert wallbox.rig.charger.identity.firmware == "263"


@pytest.mark.parametrize(
    ("raw", "component", "cable", "charging", "state"),
    [
        (2, ComponentState.NOT_READY, CableState.UNPLUGGED, ChargingStatus.NOT_CHARGING, "idle"),
        (3, ComponentState.READY, CableState.UNPLUGGED, ChargingStatus.NOT_CHARGING, "idle"),
        (
            4,
            ComponentState.NOT_READY,
            CableState.EV_PLUGGED,
            ChargingStatus.SUSPENDED_BY_CHARGER,
            "ev_plugged",
        ),
        (
            5,
            ComponentState.READY,
            CableState.EV_PLUGGED,
            ChargingStatus.SUSPENDED_BY_EV,
            "ev_plugged",
        ),
        (
            6,
            ComponentState.INTERRUPTED,
            CableState.EV_PLUGGED,
            ChargingStatus.SUSPENDED_BY_CHARGER,
            "ev_plugged",
        ),
        (
            7,
            ComponentState.CHARGING,
            CableState.EV_PLUGGED,
            ChargingStatus.CHARGING,
            "ev_plugged",
        ),
        (8, ComponentState.CHARGING, CableState.EV_PLUGGED, ChargingStatus.CHARGING, "ev_plugged"),
        (9, ComponentState.ERROR, CableState.UNSPECIFIED, ChargingStatus.FAULT, "error"),
        (
            10,
            ComponentState.INTERRUPTED,
            CableState.UNSPECIFIED,
            ChargingStatus.UNKNOWN,
            "unspecified",
        ),
        (11, ComponentState.ERROR, CableState.UNSPECIFIED, ChargingStatus.FAULT, "error"),
    ],
)
async def test_each_state_has_its_meaning(
    wallbox: Bench,
    monkeypatch: pytest.MonkeyPatch,
    raw: int,
    component: ComponentState,
    cable: CableState,
    charging: ChargingStatus,
    state: str,
) -> None:
    monkeypatch.setattr(wallbox.box, "_state", lambda: raw)
    await wallbox.online()
    report = wallbox.rig.report
    assert (report.component_state, report.cable_state, report.charging) == (
        component,
        cable,
        charging,
    )
    assert connector_state(report.component_state, report.cable_state) is ConnectorState(state)
    assert (report.error is not None) == (raw in {8, 9, 10, 11})


async def test_an_unplugged_car_leaves_an_idle_connector(wallbox: Bench) -> None:
    await wallbox.online()
    wallbox.connector.unplug()
    await wallbox.renew(2)
    report = wallbox.rig.report
    assert report.cable_state is CableState.UNPLUGGED
    assert report.charging is ChargingStatus.NOT_CHARGING


async def test_standby_is_disabled_once_and_it_never_leaves_the_bus(
    wallbox: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SimulatedHeidelberg, "STANDBY_S", 60.0)
    await wallbox.online()
    wallbox.connector.unplug()
    await wallbox.renew(90)
    assert wallbox.is_online()
    assert [write.address for write in wallbox.box.writes].count(STANDBY) == 1


async def test_settings_that_do_not_change_are_written_once(wallbox: Bench) -> None:
    await wallbox.online()
    for _ in range(12):
        await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(10.0))
        await wallbox.renew(10)
    assert sorted(write.address for write in wallbox.box.writes) == [
        TIMEOUT,
        STANDBY,
        LIMIT,
        FAIL_SAFE,
    ]


async def test_what_is_set_already_is_not_written_again(
    hass: HomeAssistant, clock: VirtualClock
) -> None:
    connector = connector_with_car()
    box = SimulatedHeidelberg(connector)
    box._holding |= {TIMEOUT: 30000, FAIL_SAFE: 60}
    async with serving({1: box}, Framing.RTU) as server:
        place = connection(server, 1, LinkType.RTU_OVER_TCP)
        async with driving(hass, clock, "heidelberg_energy_control", place) as rig:
            rig.vouch()
            await asyncio.sleep(5)
            assert [write.address for write in box.writes] == [STANDBY]


async def test_a_grant_is_rounded_down_to_the_step(wallbox: Bench) -> None:
    await wallbox.online()
    await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(10.999))
    assert wallbox.holding(LIMIT) == 109
    await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(12.3))
    assert wallbox.holding(LIMIT) == 123


@pytest.mark.parametrize(("current_a", "raw"), [(0.0, 0), (5.9, 0), (6.0, 60), (40.0, 160)])
async def test_sr14_a_grant_below_the_minimum_is_a_pause(
    wallbox: Bench, current_a: float, raw: int
) -> None:
    await wallbox.online()
    await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(10.0))
    result = await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(current_a))
    assert result is ActionResult.ACCEPTED
    assert wallbox.holding(LIMIT) == raw


async def test_sr1_a_lapse_never_raises(wallbox: Bench) -> None:
    await wallbox.online()
    await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(10.0))
    await wallbox.renew(2)
    assert wallbox.holding(FAIL_SAFE) == 60
    # Down: the limit first, so that nothing delays it; then what it lapses to follows.
    mark = len(wallbox.box.writes)
    await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(0.0))
    assert [write.address for write in wallbox.box.writes[mark:]] == [LIMIT]
    await wallbox.renew(2)
    assert wallbox.holding(FAIL_SAFE) == 0
    # Up: the limit first, so that no lapse ever gives more than the limit.
    mark = len(wallbox.box.writes)
    await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(16.0))
    await wallbox.renew(2)
    assert [write.address for write in wallbox.box.writes[mark:]] == [LIMIT, FAIL_SAFE]


async def test_sr1_the_fail_safe_is_armed_before_the_first_grant(
    hass: HomeAssistant, clock: VirtualClock
) -> None:
    async with bench(hass, clock, fail_safe_current_a=8.0) as wallbox:
        await wallbox.online()
        await wallbox.renew(2)
        assert wallbox.holding(TIMEOUT) == 30000
        assert wallbox.holding(FAIL_SAFE) == 80


async def test_sr4_nothing_is_asked_before_the_first_decision(wallbox: Bench) -> None:
    await asyncio.sleep(60)
    assert wallbox.box.requests == 0
    await wallbox.online()


async def test_sr4_polling_stops_when_the_newest_vouch_has_run_out(wallbox: Bench) -> None:
    await wallbox.online()
    await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(16.0))
    await wallbox.renew(15)
    assert wallbox.connector.current_a.l1 > 15
    # The decision loop stops, the event loop lives.
    await asyncio.sleep(11)
    requests = wallbox.box.requests
    await asyncio.sleep(40)
    assert wallbox.box.requests == requests
    assert wallbox.box.has_lapsed
    assert wallbox.connector.current_a.l1 <= 6.1


async def test_i5_after_a_lapse_the_first_frame_never_brings_the_old_grant_back(
    wallbox: Bench,
) -> None:
    await wallbox.online()
    await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(16.0))
    await wallbox.renew(10)
    await asyncio.sleep(60)
    assert wallbox.box.has_lapsed
    mark = len(wallbox.box.writes)
    offers: list[float] = []
    original = wallbox.connector.offer

    def offer(current_a: float) -> None:
        offers.append(current_a)
        original(current_a)

    wallbox.connector.offer = offer  # type: ignore[method-assign]
    await wallbox.renew(5)
    assert wallbox.box.writes[mark].address == LIMIT
    assert wallbox.holding(LIMIT) == 60
    # The one request that ends the lapse is the one that lowers the limit.
    assert all(offer <= 16.0 for offer in offers)
    assert wallbox.connector.offered_a == 6.0


async def test_sr8_a_lease_that_is_not_renewed_lapses_though_polling_goes_on(
    wallbox: Bench,
) -> None:
    await wallbox.online()
    await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(16.0))
    await wallbox.renew(28)
    assert wallbox.holding(LIMIT) == 160
    await wallbox.renew(4)
    assert wallbox.holding(LIMIT) == 60
    assert wallbox.counters()["lapsed_leases"] == 1


async def test_sr4_a_grant_that_no_fresh_decision_stands_behind_is_not_sent(
    wallbox: Bench,
) -> None:
    await wallbox.online()
    await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(6.0))
    await asyncio.sleep(12)
    result = await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(16.0, age_s=11.0))
    assert result is ActionResult.FAILED
    assert wallbox.holding(LIMIT) == 60
    assert wallbox.counters()["withdrawn_commands"] == 1


async def test_sr7_a_reduction_is_on_the_wire_within_100_ms(
    wallbox: Bench, clock: VirtualClock
) -> None:
    await wallbox.online()
    await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(16.0))
    await wallbox.renew(3)
    for current_a in (12.0, 9.0, 7.0):
        began = clock.seconds()
        await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(current_a))
        written = wallbox.box.writes[-1]
        assert written.address == LIMIT
        # The device's own pause of 100 ms, kept once by the link and once by the library.
        assert written.at_s - began < 0.3
        await wallbox.renew(1)


async def test_requests_keep_the_pause_that_the_device_needs(wallbox: Bench) -> None:
    await wallbox.online()
    for step in range(20):
        await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(6.0 + step % 10))
    await wallbox.renew(10)
    assert wallbox.box.too_early == 0


async def test_a_power_cut_is_noticed_and_everything_written_again(wallbox: Bench) -> None:
    await wallbox.online()
    await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(10.0))
    await wallbox.renew(5)
    wallbox.box.power_cycle()
    assert wallbox.holding(LIMIT) == 160
    for _ in range(12):
        await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(10.0))
        await wallbox.renew(4)
    assert wallbox.is_online()
    assert wallbox.rig.report.booted_at is not None
    assert wallbox.holding(LIMIT) == 100
    assert wallbox.holding(TIMEOUT) == 30000
    assert wallbox.holding(FAIL_SAFE) == 60
    assert wallbox.holding(STANDBY) == 4


async def test_a_limit_that_somebody_else_changed_is_set_again(wallbox: Bench) -> None:
    await wallbox.online()
    await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(10.0))
    wallbox.box._holding[LIMIT] = 160
    await wallbox.renew(4)
    assert wallbox.holding(LIMIT) == 100
    assert wallbox.counters()["settings_lost"] == 1


async def test_stop_pauses_and_start_needs_a_grant(wallbox: Bench) -> None:
    await wallbox.online()
    assert await wallbox.rig.charger.async_start(1) is ActionResult.REJECTED
    await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(10.0))
    mark = len(wallbox.box.writes)
    assert await wallbox.rig.charger.async_start(1) is ActionResult.ACCEPTED
    assert [write.values for write in wallbox.box.writes[mark:]] == [(100,)]
    assert await wallbox.rig.charger.async_stop(1) is ActionResult.ACCEPTED
    assert wallbox.holding(LIMIT) == 0
    assert await wallbox.rig.charger.async_start(1) is ActionResult.REJECTED


async def test_sr6_the_last_rung_is_the_lock(wallbox: Bench) -> None:
    charger = wallbox.rig.charger
    assert isinstance(charger, CanDisable)
    assert isinstance(charger, HasDiagnostics)
    await wallbox.online()
    assert await charger.async_disable(1) is ActionResult.ACCEPTED
    assert wallbox.holding(LOCK) == 0
    # A grant does not open it, nor does a power cut.
    await charger.async_apply(1, wallbox.rig.grant(10.0))
    assert wallbox.connector.offered_a == 0
    wallbox.box.power_cycle()
    await wallbox.renew(50)
    assert wallbox.holding(LOCK) == 0
    assert await charger.async_enable(1) is ActionResult.ACCEPTED
    assert wallbox.holding(LOCK) == 1


async def test_there_is_one_connector(wallbox: Bench) -> None:
    charger = wallbox.rig.charger
    assert isinstance(charger, CanDisable)
    grant = wallbox.rig.grant(10.0)
    assert await charger.async_apply(2, grant) is ActionResult.NOT_SUPPORTED
    assert await charger.async_start(2) is ActionResult.NOT_SUPPORTED
    assert await charger.async_stop(2) is ActionResult.NOT_SUPPORTED
    assert await charger.async_disable(2) is ActionResult.NOT_SUPPORTED
    assert await charger.async_enable(2) is ActionResult.NOT_SUPPORTED


async def test_a_silent_device_is_offline_and_comes_back_by_itself(
    wallbox: Bench, clock: VirtualClock
) -> None:
    await wallbox.online()
    wallbox.box.fault = Fault.SILENT
    await wallbox.renew(5)
    assert not wallbox.is_online()
    assert not wallbox.rig.charger.online
    assert wallbox.rig.report.error is not None
    began = clock.seconds()
    assert await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(6.0)) is ActionResult.OFFLINE
    assert clock.seconds() - began < 0.1
    # SR-7: it is left alone for 30 s.
    requests = wallbox.box.requests
    await wallbox.renew(20)
    assert wallbox.box.requests == requests
    wallbox.box.fault = Fault.NONE
    await wallbox.renew(12)
    assert wallbox.is_online()
    assert wallbox.rig.report.error is None


async def test_sr7_a_write_that_is_not_answered_is_not_repeated(wallbox: Bench) -> None:
    await wallbox.online()
    await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(16.0))
    await wallbox.renew(1)
    wallbox.box.fault = Fault.SILENT
    requests = wallbox.box.requests
    result = await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(6.0))
    assert result is ActionResult.TIMED_OUT
    assert wallbox.box.requests - requests <= 2


async def test_a_refused_command_is_rejected(wallbox: Bench) -> None:
    await wallbox.online()
    await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(16.0))
    wallbox.box.fault = Fault.FAILING
    result = await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(10.0))
    assert result is ActionResult.REJECTED
    # It answers, so it is there; its values grow old.
    await wallbox.renew(3)
    assert wallbox.counters()["refused_reads"] >= 1


async def test_nonsense_costs_the_field_and_is_counted(
    wallbox: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await wallbox.online()
    await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(10.0))
    await wallbox.renew(12)
    before = wallbox.rig.report
    assert before.current_a is not None
    original = wallbox.box._input
    monkeypatch.setattr(
        wallbox.box, "_input", lambda: original() | {5: 77, 7: 0xFFFF, 11: 9999, 14: 60000}
    )
    await wallbox.renew(3)
    report = wallbox.rig.report
    # An unknown state is none; a current is as old as its oldest phase.
    assert report.component_state is ComponentState.UNSPECIFIED
    assert report.charging is ChargingStatus.UNKNOWN
    assert report.current_a is not None
    assert report.current_a.arrived_at <= before.arrived_at
    assert report.current_a.value.l2 == before.current_a.value.l2
    assert report.power_w == before.power_w
    counters = wallbox.counters()
    assert counters["implausible_state"] >= 2
    assert counters["implausible_current_l2"] >= 2
    # What is in order goes on.
    assert report.energy_wh is not None
    assert report.energy_wh.arrived_at > before.arrived_at
    monkeypatch.undo()
    await wallbox.renew(2)
    assert wallbox.rig.report.component_state is ComponentState.CHARGING


async def test_closing_leaves_the_lease_to_lapse(wallbox: Bench) -> None:
    await wallbox.online()
    await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(16.0))
    await wallbox.renew(10)
    writes = len(wallbox.box.writes)
    reports = len(wallbox.rig.reports)
    await wallbox.rig.charger.async_close()
    assert await wallbox.rig.charger.async_apply(1, wallbox.rig.grant(6.0)) is ActionResult.OFFLINE
    await asyncio.sleep(35)
    assert len(wallbox.box.writes) == writes
    assert len(wallbox.rig.reports) == reports
    assert wallbox.connector.offered_a == 6.0


async def test_a_listener_gets_the_newest_report_right_away(wallbox: Bench) -> None:
    await wallbox.online()
    heard: list[object] = []
    unsubscribe = wallbox.rig.charger.subscribe(heard.append)
    assert heard == [wallbox.rig.report]
    unsubscribe()
    unsubscribe()
    await wallbox.renew(3)
    assert len(heard) == 1
