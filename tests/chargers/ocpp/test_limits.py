"""Grants on the wire: leases, fail-safe currents, refusals."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import ocpp.exceptions
import pytest

from custom_components.ev_charger_pool.chargers.ocpp import CentralSystem, OcppCharger
from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.members import Lease
from tests.chargers.ocpp.build import Connect, Setup, config, grant, ready, vouch
from tests.chargers.ocpp.stations import Station, sample

errors = cast("Any", ocpp.exceptions)

FULL_LEASE = Lease(duration=timedelta(seconds=180), renewal=timedelta(seconds=75))


def schedule(profile: dict[str, Any]) -> list[tuple[int, float]]:
    """The periods of a profile."""
    return [
        (period["startPeriod"], period["limit"])
        for period in profile["chargingSchedule"]["chargingSchedulePeriod"]
    ]


async def test_sr8_a_lease_has_two_periods_and_starts_a_minute_ago(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    transaction = await station.begin(1)
    before = datetime.now(UTC)
    result = await charger.async_apply(1, grant(16.0, lapse_to_a=6.0))
    assert result is ActionResult.ACCEPTED
    (profile,) = station.limits()
    start = datetime.fromisoformat(profile["chargingSchedule"].pop("startSchedule"))
    assert abs(start + timedelta(seconds=60) - before) < timedelta(seconds=1.5)
    assert profile == {
        "chargingProfileId": 2001,
        "transactionId": transaction,
        "stackLevel": 1,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [
                {"startPeriod": 0, "limit": 16.0, "numberPhases": 3},
                {"startPeriod": 180, "limit": 6.0, "numberPhases": 3},
            ],
        },
    }


async def test_sr8_the_lease_counts_by_the_station_s_clock(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect, Setup(clock_ahead=timedelta(seconds=20)))
    await station.begin(1)
    await charger.async_apply(1, grant(16.0))
    start = datetime.fromisoformat(station.limits()[-1]["chargingSchedule"]["startSchedule"])
    assert abs(start - datetime.now(UTC) + timedelta(seconds=40)) < timedelta(seconds=2)


async def test_sr8_without_a_known_clock_there_is_no_lease(
    central: CentralSystem, connect: Connect
) -> None:
    charger = central.claim(config())
    station = await connect()
    await station.boot()
    await station.status(1, "Available", timestamp=None)
    await station.until(lambda: station.triggered)
    assert charger.online
    seen: list[Lease | None] = []
    charger.subscribe(lambda _report: seen.append(charger.connectors[1].lease))
    await station.status(2, "Available")
    assert seen[0] is None
    assert seen[-1] == FULL_LEASE


@pytest.mark.parametrize("ahead_s", [-45.0, 45.0, 3600.0])
async def test_sr8_with_a_clock_that_is_far_off_there_is_no_lease(
    central: CentralSystem, connect: Connect, ahead_s: float
) -> None:
    charger, station = await ready(central, connect, Setup(clock_ahead=timedelta(seconds=ahead_s)))
    assert charger.connectors[1].lease is None
    await station.begin(1)
    assert await charger.async_apply(1, grant(10.0, lease_s=None)) is ActionResult.ACCEPTED
    profile = station.limits()[-1]
    assert profile["chargingProfileKind"] == "Relative"
    assert "startSchedule" not in profile["chargingSchedule"]
    assert schedule(profile) == [(0, 10.0)]


async def test_sr2_out_of_reach_a_station_keeps_the_lease_that_it_was_told_with(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    await station.leave()
    await station.until(lambda: not charger.online)
    assert charger.connectors[1].lease == FULL_LEASE
    station = await connect()
    await station.until(lambda: charger.online)
    assert charger.connectors[1].lease == FULL_LEASE


async def test_sr8_a_station_that_started_anew_has_no_lease_until_its_clock_is_known(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    await station.begin(1)
    await charger.async_apply(1, grant(12.0))
    await station.boot()
    leases = [charger.connectors[1].lease]
    # What would outlive its lease is not raised; a cut is sent all the same.
    assert await charger.async_apply(1, grant(16.0)) is ActionResult.FAILED
    assert await charger.async_apply(1, grant(6.0)) is ActionResult.ACCEPTED
    assert len(station.limits()) == 2
    await station.status(1, "Charging")
    leases.append(charger.connectors[1].lease)
    assert leases == [None, FULL_LEASE]
    assert await charger.async_apply(1, grant(16.0)) is ActionResult.ACCEPTED


async def test_a_station_with_one_period_gets_a_duration_over_its_default(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(
        central, connect, Setup(configuration={"ChargingScheduleMaxPeriods": "1"})
    )
    assert charger.connectors[1].lease == FULL_LEASE
    await station.begin(1)
    await charger.async_apply(1, grant(16.0))
    profile = station.limits()[-1]
    assert profile["chargingSchedule"]["duration"] == 180
    assert schedule(profile) == [(0, 16.0)]


async def test_without_anything_underneath_a_duration_is_no_lease(
    central: CentralSystem, connect: Connect
) -> None:
    def refuse_default(frame: dict[str, Any]) -> str:
        purpose = frame["csChargingProfiles"]["chargingProfilePurpose"]
        return "Rejected" if purpose == "TxDefaultProfile" else "Accepted"

    charger, _ = await ready(
        central,
        connect,
        Setup(configuration={"ChargingScheduleMaxPeriods": "1"}, profile_status=refuse_default),
    )
    assert charger.connectors[1].lease is None


async def test_a_refused_second_period_leads_to_a_weaker_lease_at_once(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    station.profile_status = lambda frame: (
        "Rejected" if len(schedule(frame["csChargingProfiles"])) > 1 else "Accepted"
    )
    await station.begin(1)
    assert await charger.async_apply(1, grant(16.0)) is ActionResult.ACCEPTED
    assert [schedule(profile) for profile in station.limits()] == [
        [(0, 16.0), (180, 6.0)],
        [(0, 16.0)],
    ]
    assert station.limits()[-1]["chargingSchedule"]["duration"] == 180
    assert await charger.async_apply(1, grant(15.0)) is ActionResult.ACCEPTED
    assert schedule(station.limits()[-1]) == [(0, 15.0)]
    assert len(station.limits()) == 3


async def test_a_station_that_refuses_everything_is_asked_three_times_once(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    station.profile_status = lambda _frame: "Rejected"
    await station.begin(1)
    assert await charger.async_apply(1, grant(16.0)) is ActionResult.REJECTED
    assert len(station.limits()) == 3
    assert await charger.async_apply(1, grant(16.0)) is ActionResult.REJECTED
    assert len(station.limits()) == 4


async def test_a_lease_that_worked_is_not_given_up_for_a_refusal(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    await station.begin(1)
    await charger.async_apply(1, grant(16.0))
    station.profile_status = lambda _frame: "Rejected"
    assert await charger.async_apply(1, grant(15.0)) is ActionResult.REJECTED
    assert len(station.limits()) == 2
    assert charger.connectors[1].lease == FULL_LEASE


async def test_a_station_that_takes_only_plain_limits_has_no_lease(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    station.profile_status = lambda frame: (
        "Rejected"
        if "startSchedule" in frame["csChargingProfiles"]["chargingSchedule"]
        else "Accepted"
    )
    await station.begin(1)
    assert await charger.async_apply(1, grant(16.0)) is ActionResult.ACCEPTED
    assert charger.connectors[1].lease is None


async def test_a_station_that_takes_only_watts_gets_watts(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(
        central,
        connect,
        Setup(configuration={"ChargingScheduleAllowedChargingRateUnit": "Power"}),
    )
    await station.begin(1)
    await charger.async_apply(1, grant(16.0))
    profile = station.limits()[-1]
    assert profile["chargingSchedule"]["chargingRateUnit"] == "W"
    assert schedule(profile) == [(0, 11040.0), (180, 4140.0)]


@pytest.mark.parametrize(("composite", "shown"), [([16.0, 6.0], True), ([16.0], False), ([], None)])
async def test_the_station_is_asked_once_whether_its_schedule_shows_the_lapse(
    central: CentralSystem, connect: Connect, composite: list[float], shown: bool | None
) -> None:
    charger, station = await ready(central, connect)
    station.composite = composite
    await station.begin(1)
    await charger.async_apply(1, grant(6.0))
    assert station.composite_asked == 0
    await charger.async_apply(1, grant(16.0))
    await station.until(lambda: charger.diagnostics()["lapse_shown"] is shown)
    await charger.async_apply(1, grant(16.0))
    await station.heartbeat()
    assert station.composite_asked == 1
    assert charger.connectors[1].lease == FULL_LEASE


async def test_renewals_replace_the_same_profile(central: CentralSystem, connect: Connect) -> None:
    charger, station = await ready(central, connect)
    await station.begin(1)
    await charger.async_apply(1, grant(12.0))
    await charger.async_apply(1, grant(12.0))
    assert [profile["chargingProfileId"] for profile in station.limits()] == [2001, 2001]


async def test_sr1_a_lapse_never_raises(central: CentralSystem, connect: Connect) -> None:
    charger, station = await ready(central, connect)
    await station.begin(1)
    await charger.async_apply(1, grant(0.0, lapse_to_a=6.0))
    assert schedule(station.limits()[-1]) == [(0, 0.0)]


@pytest.mark.parametrize(
    ("granted_a", "told_a"),
    [(0.0, 0.0), (1.0, 0.0), (5.9, 0.0), (6.0, 6.0), (9.17, 9.1), (13.2, 13.2), (16.0, 16.0)],
)
async def test_sr14_a_limit_is_a_pause_or_at_least_6_a_with_one_decimal(
    central: CentralSystem, connect: Connect, granted_a: float, told_a: float
) -> None:
    charger, station = await ready(central, connect)
    await station.begin(1)
    assert await charger.async_apply(1, grant(granted_a)) is ActionResult.ACCEPTED
    assert schedule(station.limits()[-1])[0] == (0, told_a)


async def test_a_limit_is_never_above_the_connector_s_own(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    await station.begin(1)
    await charger.async_apply(1, grant(32.0))
    assert schedule(station.limits()[-1])[0] == (0, 16.0)


async def test_a_one_phase_connector_is_told_one_phase(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect, Setup(phases=1))
    assert charger.connectors[1].phases == 1
    await station.begin(1)
    await charger.async_apply(1, grant(10.0))
    periods = station.limits()[-1]["chargingSchedule"]["chargingSchedulePeriod"]
    assert [period["numberPhases"] for period in periods] == [1, 1]


async def test_sr1_the_default_is_the_fail_safe_current_of_each_connector(
    central: CentralSystem, connect: Connect
) -> None:
    _, station = await ready(central, connect)
    for connector in (1, 2):
        assert station.limits(connector, "TxDefaultProfile") == [
            {
                "chargingProfileId": 1000 + connector,
                "stackLevel": 0,
                "chargingProfilePurpose": "TxDefaultProfile",
                "chargingProfileKind": "Relative",
                "chargingSchedule": {
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0, "numberPhases": 3}],
                },
            }
        ]


async def test_the_default_is_sent_again_only_after_a_change_or_a_start(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    await station.leave()
    station = await connect()
    await station.until(lambda: ("MeterValues", 2) in station.triggered)
    assert station.limits(1, "TxDefaultProfile") == []
    await charger.async_close()
    charger = central.claim(config(fail_safe_a=8.0))
    await station.until(lambda: station.limits(2, "TxDefaultProfile"))
    assert schedule(station.limits(1, "TxDefaultProfile")[-1]) == [(0, 8.0)]
    await station.boot()
    await station.until(lambda: len(station.limits(1, "TxDefaultProfile")) == 2)


async def test_a_refused_default_is_tried_again_on_the_next_connection(
    central: CentralSystem, connect: Connect
) -> None:
    _, station = await ready(central, connect, Setup(profile_status=lambda _frame: "Rejected"))
    await station.leave()
    station = await connect()
    await station.until(lambda: station.limits(1, "TxDefaultProfile"))


async def test_no_limit_is_parked_without_a_transaction(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    assert await charger.async_apply(1, grant(0.0)) is ActionResult.ACCEPTED
    assert await charger.async_apply(1, grant(12.0)) is ActionResult.ACCEPTED
    assert station.limits() == []
    transaction = await station.begin(1)
    await charger.async_apply(1, grant(0.0))
    await station.finish(transaction)
    await station.until(lambda: station.cleared == [2001])


async def test_the_newest_grant_follows_the_start_of_a_transaction(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    await station.status(1, "Preparing")
    await charger.async_apply(1, grant(12.0))
    await charger.async_apply(1, grant(11.0))
    vouch(charger)
    transaction = await station.begin(1)
    await station.until(station.limits)
    (profile,) = station.limits()
    assert profile["transactionId"] == transaction
    assert schedule(profile) == [(0, 11.0), (180, 6.0)]


async def test_sr4_a_grant_without_a_fresh_decision_does_not_follow_the_start(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    await station.status(1, "Preparing")
    await charger.async_apply(1, grant(12.0))
    vouch(charger, seconds=-1.0)
    await station.begin(1)
    await asyncio.sleep(0.05)
    assert station.limits() == []


async def test_sr4_the_driver_renews_nothing_by_itself(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    transaction = await station.begin(1)
    await charger.async_apply(1, grant(12.0))
    await station.until(lambda: station.composite_asked)
    sent = len(station.socket.received)
    for _ in range(3):
        await station.heartbeat()
        await station.measure(1, transaction, sample("Current.Import", "12.0", "A", "L1"))
    await asyncio.sleep(0.1)
    calls = [message for message in station.socket.received[sent:] if message[0] == 2]
    assert calls == []


async def test_i7_the_grant_of_a_car_that_left_is_not_the_next_one_s(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    await charger.async_apply(1, grant(12.0))
    await station.status(1, "Available")
    vouch(charger)
    await station.begin(1)
    await asyncio.sleep(0.05)
    assert station.limits() == []


async def test_sr2_the_limit_is_sent_again_when_a_suspended_car_charges(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    await station.begin(1)
    await charger.async_apply(1, grant(12.0))
    vouch(charger)
    await station.status(1, "SuspendedEV")
    await station.status(1, "Charging")
    await station.until(lambda: len(station.limits()) == 2)


async def test_a_transaction_that_nobody_named_is_limited_all_the_same(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    await station.status(1, "Charging")
    assert await charger.async_apply(1, grant(9.0)) is ActionResult.ACCEPTED
    assert "transactionId" not in station.limits()[-1]
    assert await charger.async_stop(1) is ActionResult.NOT_SUPPORTED


def failing(station: Station, error: Exception) -> None:
    async def fail() -> None:
        raise error

    station.before_profile = fail


async def test_a_refusal_is_a_result(central: CentralSystem, connect: Connect) -> None:
    charger, station = await ready(central, connect)
    await station.begin(1)
    before = central_counters(charger)["refused_calls"]
    station.profile_status = lambda _frame: "Rejected"
    assert await charger.async_apply(1, grant(9.0)) is ActionResult.REJECTED
    assert central_counters(charger)["refused_calls"] == before + 1
    failing(station, errors.InternalError())
    assert await charger.async_apply(1, grant(9.0)) is ActionResult.REJECTED
    failing(station, errors.NotImplementedError())
    assert await charger.async_apply(1, grant(9.0)) is ActionResult.NOT_SUPPORTED
    assert central_counters(charger)["refused_calls"] == before + 3


async def test_a_station_without_smart_charging_has_no_lease(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    await station.begin(1)
    assert charger.connectors[1].lease == FULL_LEASE
    station.profile_status = lambda _frame: "NotSupported"
    assert await charger.async_apply(1, grant(9.0)) is ActionResult.NOT_SUPPORTED
    assert charger.connectors[1].lease is None


async def test_sr7_an_answer_that_does_not_come_is_a_timeout_and_a_late_one_harmless(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    await station.begin(1)
    hold = asyncio.Event()

    async def wait() -> None:
        await hold.wait()

    station.before_profile = wait
    assert await charger.async_apply(1, grant(9.0)) is ActionResult.TIMED_OUT
    hold.set()
    await station.until(lambda: central_counters(charger)["late_answers"] == 1)
    assert central_counters(charger)["timeouts"] == 1
    assert await charger.async_apply(1, grant(8.0)) is ActionResult.ACCEPTED


async def test_out_of_reach_is_a_result(central: CentralSystem, connect: Connect) -> None:
    charger = central.claim(config())
    assert await charger.async_apply(1, grant(9.0)) is ActionResult.OFFLINE
    for command in (
        charger.async_start,
        charger.async_stop,
        charger.async_disable,
        charger.async_enable,
    ):
        assert await command(1) is ActionResult.OFFLINE
    assert await charger.async_apply(7, grant(9.0)) is ActionResult.FAILED


async def test_losing_the_connection_during_a_call_is_a_result(
    central: CentralSystem, connect: Connect
) -> None:
    charger, station = await ready(central, connect)
    await station.begin(1)

    async def leave() -> None:
        await station.socket.socket.close()

    station.before_profile = leave
    assert await charger.async_apply(1, grant(9.0)) is ActionResult.OFFLINE
    assert not charger.online


async def test_a_connector_that_does_not_exist_is_a_result(
    central: CentralSystem, connect: Connect
) -> None:
    charger, _ = await ready(central, connect)
    assert await charger.async_apply(9, grant(9.0)) is ActionResult.FAILED
    assert await charger.async_start(9) is ActionResult.FAILED
    assert await charger.async_stop(9) is ActionResult.FAILED


def central_counters(charger: OcppCharger) -> dict[str, int]:
    counters = charger.diagnostics()["counters"]
    assert isinstance(counters, dict)
    return counters
