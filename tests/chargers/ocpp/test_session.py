"""The life of a station: boot, status, transactions, measurements, restarts."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
import pytest

from custom_components.ev_charger_pool.chargers.contract import (
    CanDisable,
    Charger,
    ConnectorReport,
    HasDiagnostics,
)
from custom_components.ev_charger_pool.chargers.ocpp import (
    CentralSystem,
    OcppCharger,
    async_get_central_system,
)
from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.quantities import PerPhase
from custom_components.ev_charger_pool.pool.states import (
    CableState,
    ChargingStatus,
    ComponentState,
    ConnectorState,
    connector_state,
)
from tests.chargers.ocpp.build import Connect, Setup, config, grant, ready, vouch
from tests.chargers.ocpp.conftest import QUICK, Open
from tests.chargers.ocpp.stations import Socket, Station, call, sample


def watch(charger: OcppCharger) -> dict[int, ConnectorReport]:
    """Keep the newest report of each connector."""
    reports: dict[int, ConnectorReport] = {}
    charger.subscribe(lambda report: reports.update({report.connector: report}))
    return reports


def counters(charger: OcppCharger) -> dict[str, int]:
    found = charger.diagnostics()["counters"]
    assert isinstance(found, dict)
    return found


async def test_it_keeps_the_contracts(central: CentralSystem) -> None:
    charger: Charger = central.claim(config())
    assert isinstance(charger, CanDisable)
    assert isinstance(charger, HasDiagnostics)
    assert set(charger.connectors) == {1, 2}
    assert charger.connectors[1].min_current_a == 6.0
    assert charger.connectors[1].max_current_a == 16.0


async def test_a_boot_is_accepted_and_tells_who_it_is(
    central: CentralSystem, connect: Connect
) -> None:
    charger = central.claim(config())
    station = await connect()
    answer = await station.boot(charge_point_serial_number="S-1", firmware_version="4.2")
    assert answer.status == "Accepted"
    assert answer.interval == 30
    told = datetime.fromisoformat(answer.current_time)
    assert abs(told - datetime.now(UTC)) < timedelta(seconds=1)
    identity = charger.identity
    assert (identity.manufacturer, identity.model) == ("Volta", "Box 2")
    assert (identity.serial, identity.firmware) == ("S-1", "4.2")
    assert charger.online
    assert (await station.heartbeat()).current_time


@pytest.mark.parametrize(
    ("status", "component", "cable", "charging", "state"),
    [
        ("Available", "ready", "unplugged", "not_charging", "idle"),
        ("Reserved", "ready", "unplugged", "not_charging", "idle"),
        ("Preparing", "ready", "ev_plugged", "waiting_for_authorization", "ev_plugged"),
        ("Charging", "charging", "ev_locked", "charging", "ev_locked"),
        ("SuspendedEV", "ready", "ev_locked", "suspended_by_ev", "ev_locked"),
        ("SuspendedEVSE", "interrupted", "ev_locked", "suspended_by_charger", "ev_locked"),
        ("Finishing", "ready", "ev_plugged", "finished", "ev_plugged"),
        ("Unavailable", "not_ready", "unspecified", "not_charging", "unspecified"),
        ("Faulted", "error", "unspecified", "fault", "error"),
    ],
)
async def test_each_status_has_its_states(
    central: CentralSystem,
    connect: Connect,
    status: str,
    component: str,
    cable: str,
    charging: str,
    state: str,
) -> None:
    charger = central.claim(config())
    reports = watch(charger)
    station = await connect()
    await station.boot()
    await station.status(1, status)
    report = reports[1]
    assert report.component_state is ComponentState(component)
    assert report.cable_state is CableState(cable)
    assert report.charging is ChargingStatus(charging)
    shown = connector_state(report.component_state, report.cable_state)
    assert shown is ConnectorState(state)
    assert 2 not in reports


async def test_an_error_code_is_told_but_is_no_fault(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    reports = watch(charger)
    await station.status(1, "Charging", "HighTemperature", info="51 C", vendor_error_code="E7")
    assert reports[1].error == "HighTemperature 51 C E7"
    assert reports[1].component_state is ComponentState.CHARGING
    await station.status(1, "Charging")
    assert reports[1].error is None


async def test_m3_an_idle_connector_is_known_to_draw_nothing(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    reports = watch(charger)
    first = reports[1].current_a
    assert first is not None
    assert first.value == PerPhase(0.0, 0.0, 0.0)
    await station.heartbeat()
    second = reports[1].current_a
    assert second is not None
    assert second.arrived_at > first.arrived_at


async def test_m3_a_charging_connector_is_not_known_to_draw_nothing(
    central: CentralSystem, connect: Connect
) -> None:
    charger = central.claim(config())
    reports = watch(charger)
    station = await connect()
    await station.boot()
    await station.status(1, "Charging")
    await station.heartbeat()
    assert reports[1].current_a is None


async def test_m1_measurements_are_per_phase_and_a_missing_one_is_none(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    reports = watch(charger)
    transaction = await station.begin(1)
    await station.measure(
        1,
        transaction,
        sample("Current.Import", "15.9", "A", "L1"),
        sample("Current.Import", "8.1", "A", "L3"),
        sample("Voltage", "231.5", "V", "L1-N"),
        sample("Voltage", "229.0", "V", "L2-N"),
        sample("Voltage", "401.0", "V", "L1-L2"),
        sample("Power.Active.Import", "5.52", "kW"),
        sample("Energy.Active.Import.Register", "1.5", "kWh"),
        sample("Current.Offered", "16", "A"),
        sample("SoC", "41", "Percent"),
    )
    report = reports[1]
    assert report.current_a is not None
    assert report.current_a.value == PerPhase(15.9, None, 8.1)
    assert report.voltage_v is not None
    assert report.voltage_v.value == PerPhase(231.5, 229.0, None)
    assert report.power_w is not None
    assert report.power_w.value == 5520.0
    assert report.energy_wh is not None
    assert report.energy_wh.value == 1500.0
    assert report.offered_a == 16.0
    assert report.attributes["state_of_charge"] == 41.0
    assert report.transaction == str(transaction)
    assert report.token == "ABC"
    measured_at = report.current_a.measured_at
    assert measured_at is not None
    assert abs(measured_at - report.current_a.arrived_at) < timedelta(seconds=1)
    await station.measure(1, transaction, sample("Current.Import", "3", "A", "L2"))
    assert reports[1].current_a is not None
    assert reports[1].current_a.value == PerPhase(None, 3.0, None)
    assert reports[1].voltage_v == report.voltage_v


async def test_the_time_of_a_measurement_is_put_right(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect, Setup(clock_ahead=timedelta(hours=2)))
    reports = watch(charger)
    transaction = await station.begin(1)
    await station.measure(1, transaction, sample("Current.Import", "7", "A", "L1"))
    reading = reports[1].current_a
    assert reading is not None
    assert reading.measured_at is not None
    assert abs(reading.measured_at - reading.arrived_at) < timedelta(seconds=1)


async def test_values_from_before_a_loss_of_the_network_count_energy_only(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    reports = watch(charger)
    transaction = await station.begin(1)
    await station.measure(1, transaction, sample("Current.Import", "7", "A", "L1"))
    await station.measure(
        1,
        transaction,
        sample("Current.Import", "16", "A", "L1"),
        sample("Energy.Active.Import.Register", "1400", "Wh"),
        at="2026-01-01T10:00:00Z",
    )
    assert reports[1].current_a is not None
    assert reports[1].current_a.value.l1 == 7.0
    assert reports[1].energy_wh is not None
    assert reports[1].energy_wh.value == 1400.0


async def test_the_meter_of_a_station_with_one_connector_is_that_connector_s(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect, Setup(connectors=1))
    reports = watch(charger)
    await station.begin(1)
    await station.measure(0, None, sample("Current.Import", "7", "A", "L1"))
    assert reports[1].current_a is not None
    assert reports[1].current_a.value.l1 == 7.0


async def test_the_main_meter_of_a_station_with_two_is_nobody_s(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    reports = watch(charger)
    before = dict(reports)
    await station.measure(0, None, sample("Current.Import", "7", "A", "L1"))
    assert reports == before


async def test_the_station_s_own_status_is_kept_apart(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    reports = watch(charger)
    await station.status(0, "Faulted", "InternalError")
    assert reports[1].component_state is ComponentState.READY
    attributes = charger.diagnostics()["attributes"]
    assert isinstance(attributes, dict)
    assert attributes["status"] == "Faulted"
    assert attributes["error"] == "InternalError"


async def test_a_transaction_is_reported_from_start_to_stop(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    reports = watch(charger)
    first = await station.begin(1, meter_wh=1_000)
    second = await station.begin(2, token="XYZ")
    assert second == first + 1
    assert reports[1].transaction == str(first)
    assert reports[2].token == "XYZ"
    assert reports[1].energy_wh is not None
    assert reports[1].energy_wh.value == 1_000.0
    await station.finish(first, meter_wh=1_900)
    finished = reports[1]
    assert finished.transaction is None
    assert finished.energy_wh is not None
    assert finished.energy_wh.value == 1_900.0
    assert reports[2].transaction == str(second)


async def test_a_repeated_start_gets_the_same_transaction(
    central: CentralSystem, connect: Connect
) -> None:
    _, station = await ready(central, connect)
    request = call.StartTransaction(
        connector_id=1, id_tag="ABC", meter_start=5, timestamp=station.now()
    )
    first = await station.ask(request)
    again = await station.ask(request)
    assert first.transaction_id == again.transaction_id
    other = await station.ask(
        call.StartTransaction(connector_id=1, id_tag="ABC", meter_start=9, timestamp=station.now())
    )
    assert other.transaction_id != first.transaction_id


async def test_a_stop_of_an_unknown_transaction_is_answered(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    reports = watch(charger)
    transaction = await station.begin(1)
    await station.finish(transaction + 500)
    assert reports[1].transaction == str(transaction)


async def test_tokens_are_checked_without_regard_to_case(
    central: CentralSystem, connect: Connect
) -> None:
    _, station = await ready(central, connect, Setup(tokens=frozenset({"Abc"})))

    async def verdict(token: str) -> str:
        answer = await station.ask(call.Authorize(id_tag=token))
        return str(answer.id_tag_info["status"])

    assert await verdict("ABC") == "Accepted"
    assert await verdict("abd") == "Invalid"
    assert await verdict("EVPOOL1") == "Invalid"
    start = await station.ask(
        call.StartTransaction(connector_id=1, id_tag="no", meter_start=5, timestamp=station.now())
    )
    assert start.id_tag_info["status"] == "Invalid"


async def test_anyone_may_charge_where_no_tokens_are_asked(
    central: CentralSystem, connect: Connect
) -> None:
    _, station = await ready(central, connect)
    answer = await station.ask(call.Authorize(id_tag="whoever"))
    assert answer.id_tag_info["status"] == "Accepted"


async def test_a_remote_start_carries_the_grant_and_its_own_token(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect, Setup(tokens=frozenset({"MINE"})))
    await station.status(1, "Preparing")
    await charger.async_apply(1, grant(12.0))
    vouch(charger)
    assert await charger.async_start(1) is ActionResult.ACCEPTED
    (request,) = station.remote_starts
    assert request["idTag"] == "EVPOOL1"
    profile = request["chargingProfile"]
    assert "transactionId" not in profile
    assert profile["chargingProfilePurpose"] == "TxProfile"
    assert profile["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == 12.0
    answer = await station.ask(call.Authorize(id_tag="evpool1"))
    assert answer.id_tag_info["status"] == "Accepted"
    # A second one while the first is under way changes nothing.
    assert await charger.async_start(1) is ActionResult.ACCEPTED
    assert len(station.remote_starts) == 1
    await station.begin(1, token="EVPOOL1")
    answer = await station.ask(call.Authorize(id_tag="EVPOOL1"))
    assert answer.id_tag_info["status"] == "Invalid"


async def test_a_remote_start_never_parks_a_pause(central: CentralSystem, connect: Connect) -> None:
    charger, station = await ready(central, connect)
    await station.status(1, "Preparing")
    await charger.async_apply(1, grant(0.0))
    vouch(charger)
    await charger.async_start(1)
    assert "chargingProfile" not in station.remote_starts[0]


async def test_a_remote_start_goes_without_a_profile_where_it_has_to(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    station.remote_start_status = lambda start: (
        "Rejected" if "chargingProfile" in start else "Accepted"
    )
    await station.status(1, "Preparing")
    await charger.async_apply(1, grant(12.0))
    vouch(charger)
    assert await charger.async_start(1) is ActionResult.ACCEPTED
    assert len(station.remote_starts) == 2
    await station.begin(1, token="EVPOOL1")
    await station.until(station.limits)


async def test_a_refused_remote_start_is_a_result(central: CentralSystem, connect: Connect) -> None:
    charger, station = await ready(central, connect)
    station.remote_start_status = lambda _start: "Rejected"
    await station.status(1, "Preparing")
    assert await charger.async_start(1) is ActionResult.REJECTED
    station.remote_start_status = lambda _start: "Accepted"
    assert await charger.async_start(1) is ActionResult.ACCEPTED


async def test_a_suspended_car_is_woken_by_its_limit(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    await station.begin(1)
    assert await charger.async_start(1) is ActionResult.ACCEPTED
    assert station.limits() == []
    await charger.async_apply(1, grant(10.0))
    await station.status(1, "SuspendedEV")
    assert await charger.async_start(1) is ActionResult.ACCEPTED
    assert len(station.limits()) == 2
    assert station.remote_starts == []


async def test_a_stop_ends_the_transaction(central: CentralSystem, connect: Connect) -> None:
    charger, station = await ready(central, connect)
    assert await charger.async_stop(1) is ActionResult.ACCEPTED
    transaction = await station.begin(1)
    assert await charger.async_stop(1) is ActionResult.ACCEPTED
    assert station.remote_stops == [transaction]
    station.remote_stop_status = "Rejected"
    assert await charger.async_stop(1) is ActionResult.REJECTED


async def test_sr6_a_connector_can_be_made_inoperative(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    assert await charger.async_disable(2) is ActionResult.ACCEPTED
    station.availability_status = "Scheduled"
    assert await charger.async_enable(2) is ActionResult.ACCEPTED
    station.availability_status = "Rejected"
    assert await charger.async_disable(1) is ActionResult.REJECTED
    assert station.availability == [(2, "Inoperative"), (2, "Operative"), (1, "Inoperative")]


async def test_measuring_is_set_up_with_what_the_station_knows(
    central: CentralSystem, connect: Connect
) -> None:
    _, station = await ready(central, connect)
    assert station.configuration["MeterValueSampleInterval"] == "10"
    assert set(station.configuration["MeterValuesSampledData"].split(",")) == {
        "Current.Import",
        "Energy.Active.Import.Register",
        "Power.Active.Import",
        "Voltage",
        "Current.Offered",
    }
    assert [key for key, _ in station.changed].count("MeterValuesSampledData") == 2


async def test_nothing_is_written_that_is_there_already(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    changed = len(station.changed)
    writes = counters(charger)["writes"]
    configuration = station.configuration
    await station.leave()
    station = await connect()
    station.configuration = configuration
    await station.until(lambda: ("MeterValues", 2) in station.triggered)
    assert changed == 3
    assert station.changed == []
    assert counters(charger)["writes"] == writes


async def test_a_short_list_of_measurands_is_respected(
    central: CentralSystem, connect: Connect
) -> None:
    _, station = await ready(
        central, connect, Setup(configuration={"MeterValuesSampledDataMaxLength": "2"})
    )
    assert (
        station.configuration["MeterValuesSampledData"]
        == "Current.Import,Energy.Active.Import.Register"
    )


async def test_a_station_without_triggers_is_asked_once(
    central: CentralSystem, connect: Connect
) -> None:
    central.claim(config())
    station = await connect()
    station.trigger_status = "NotImplemented"
    await station.boot()
    await station.until(lambda: len(station.triggered) == 2)
    await asyncio.sleep(0.05)
    assert station.triggered == [("StatusNotification", 1), ("MeterValues", 1)]


async def test_losing_only_the_network_loses_nothing(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    reports = watch(charger)
    transaction = await station.begin(1)
    booted_at = reports[1].booted_at
    await station.leave()
    await station.until(lambda: not reports[1].online)
    assert reports[1].transaction == str(transaction)
    assert not charger.online
    station = await connect()
    await station.until(lambda: reports[1].online)
    assert reports[1].transaction == str(transaction)
    assert reports[1].booted_at == booted_at
    assert await charger.async_apply(1, grant(9.0)) is ActionResult.ACCEPTED
    assert station.limits()[-1]["transactionId"] == transaction


async def test_a_boot_is_a_restart_of_the_station(central: CentralSystem, connect: Connect) -> None:
    charger, station = await ready(central, connect)
    reports = watch(charger)
    booted_at = reports[1].booted_at
    assert booted_at is not None
    await station.boot()
    await station.status(1, "Available")
    assert reports[1].booted_at is not None
    assert reports[1].booted_at > booted_at


async def test_a_boot_that_was_asked_for_is_no_restart(
    central: CentralSystem, connect: Connect
) -> None:
    charger = central.claim(config())
    reports = watch(charger)
    station = await connect()
    await station.until(lambda: ("BootNotification", None) in station.triggered)
    await station.boot()
    await station.status(1, "Available")
    assert charger.identity.model == "Box 2"
    assert reports[1].booted_at is None
    assert reports[1].online


async def test_a_station_that_never_boots_is_served_all_the_same(
    central: CentralSystem, connect: Connect
) -> None:
    charger = central.claim(config())
    station = await connect()
    station.trigger_status = "Rejected"
    await station.until(lambda: charger.online)
    await station.begin(1)
    await station.until(lambda: charger.connectors[1].lease is not None)
    assert await charger.async_apply(1, grant(9.0)) is ActionResult.ACCEPTED


async def test_a_transaction_outlives_a_restart_of_home_assistant(
    hass: HomeAssistant, hass_storage: dict[str, Any], central: CentralSystem, connect: Connect
) -> None:
    _, station = await ready(central, connect)
    transaction = await station.begin(1)
    await station.leave()
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    again = await async_get_central_system(hass, 0, timings=QUICK)
    assert again is not central
    charger = again.claim(config())
    assert charger.diagnostics()["connectors"] != {}
    async with asyncio.timeout(5):
        station = await reconnect(again)
        reports = watch(charger)
        await station.status(1, "Charging")
    assert reports[1].transaction == str(transaction)
    assert await station.begin(2) > transaction + 1
    await station.leave()


async def reconnect(central: CentralSystem) -> Station:
    import aiohttp

    session = aiohttp.ClientSession()
    socket = await session.ws_connect(f"ws://127.0.0.1:{central.port}/CP1", protocols=("ocpp1.6",))
    station = Station("CP1", Socket(socket)).read()
    leave = station.leave

    async def leave_all() -> None:
        await leave()
        await session.close()

    station.leave = leave_all  # type: ignore[method-assign]
    await station.boot()
    return station


async def test_a_lost_transaction_id_is_found_in_the_meter_values(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    reports = watch(charger)
    await station.status(1, "Charging")
    await station.measure(1, 777, sample("Current.Import", "7", "A", "L1"))
    assert reports[1].transaction == "777"
    assert await station.begin(2) > 777


async def test_an_idle_connector_does_not_adopt_an_old_transaction(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    reports = watch(charger)
    await station.measure(1, 777, sample("Current.Import", "0", "A", "L1"))
    assert reports[1].transaction is None


async def test_an_available_connector_has_no_transaction(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    reports = watch(charger)
    await station.begin(1)
    await station.status(1, "Available")
    assert reports[1].transaction is None


async def test_a_listener_gets_what_is_known_and_one_that_fails_harms_nobody(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    seen: list[int] = []

    def fail(_report: ConnectorReport) -> None:
        raise RuntimeError

    unsubscribe_first = charger.subscribe(fail)
    unsubscribe = charger.subscribe(lambda report: seen.append(report.connector))
    assert seen == [1, 2]
    await station.status(2, "Preparing")
    assert seen == [1, 2, 2]
    unsubscribe()
    unsubscribe()
    unsubscribe_first()
    await station.status(2, "Available")
    assert seen == [1, 2, 2]


async def test_other_messages_are_taken_note_of(central: CentralSystem, connect: Connect) -> None:
    charger, station = await ready(central, connect)
    answer = await station.ask(call.DataTransfer(vendor_id="com.example", data="x"))
    assert answer.status == "UnknownVendorId"
    await station.ask(call.DiagnosticsStatusNotification(status="Uploaded"))
    await station.ask(call.FirmwareStatusNotification(status="Installed"))
    attributes = charger.diagnostics()["attributes"]
    assert isinstance(attributes, dict)
    assert attributes["data_transfer_from"] == "com.example"
    assert attributes["diagnostics_status"] == "Uploaded"
    assert attributes["firmware_status"] == "Installed"


async def test_diagnostics_hold_no_token(central: CentralSystem, connect: Connect) -> None:
    charger, station = await ready(central, connect, Setup(tokens=frozenset({"SECRET"})))
    await station.begin(1, token="SECRET")
    assert "SECRET" not in str(charger.diagnostics())


async def test_a_closed_charger_does_nothing_more(
    central: CentralSystem, connect: Connect, open_socket: Open
) -> None:
    charger, station = await ready(central, connect)
    reports = watch(charger)
    await station.begin(1)
    await charger.async_close()
    await charger.async_close()
    charger.vouch(datetime.now(UTC) + timedelta(minutes=1))
    seen = dict(reports)
    await station.status(1, "SuspendedEV")
    assert reports == seen
    assert not charger.online
    assert await charger.async_apply(1, grant(9.0)) is ActionResult.FAILED
    assert await charger.async_stop(1) is ActionResult.OFFLINE
    assert station.limits() == []
