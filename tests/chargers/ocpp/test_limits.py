"""Grants on the wire: leases, fail-safe currents, order, refusals."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.ev_charger_pool.chargers.ocpp import CentralSystem, OcppCharger
from custom_components.ev_charger_pool.pool.actions import ActionResult
from tests.chargers.ocpp.build import config, grant, vouch
from tests.chargers.ocpp.conftest import Connect
from tests.chargers.ocpp.stations import Station


async def ready(
    central: CentralSystem, connect: Connect, **more: float
) -> tuple[OcppCharger, Station]:
    """A claimed station after its set-up."""
    charger = central.claim(config(**more))
    station = await connect()
    await station.boot()
    await station.status(1, "Available")
    await station.until(lambda: ("MeterValues", 2) in station.triggered)
    return charger, station


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
