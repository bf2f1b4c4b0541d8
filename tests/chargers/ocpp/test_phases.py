"""Phases in charging profiles: who can switch them, and how it is told."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.ev_charger_pool.chargers.ocpp import (
    CentralSystem,
    ConnectorConfig,
    StationConfig,
)
from custom_components.ev_charger_pool.pool.actions import ActionResult
from tests.chargers.ocpp.build import Connect, Setup, grant, ready


async def test_a_station_that_announces_it_can_switch_phases(
    central: CentralSystem, connect: Connect
) -> None:
    setup = Setup(configuration={"ConnectorSwitch3to1PhaseSupported": "True"})
    charger, station = await ready(central, connect, setup)
    assert charger.connectors[1].switching is not None
    await station.begin(1)
    for current_a, phases in ((0.0, 3), (0.0, 1), (10.0, 1)):
        await charger.async_apply(1, replace(grant(current_a), phases=phases))
    told = [
        [(period["limit"], period["numberPhases"]) for period in periods]
        for profile in station.limits()[-3:]
        for periods in [profile["chargingSchedule"]["chargingSchedulePeriod"]]
    ]
    assert told == [[(0.0, 3)], [(0.0, 1)], [(10.0, 1), (6.0, 1)]]


async def test_a_station_in_watts_is_told_those_of_one_phase(
    central: CentralSystem, connect: Connect
) -> None:
    setup = Setup(
        configuration={
            "ConnectorSwitch3to1PhaseSupported": "true",
            "ChargingScheduleAllowedChargingRateUnit": "Power",
        }
    )
    charger, station = await ready(central, connect, setup)
    await station.begin(1)
    await charger.async_apply(1, replace(grant(10.0), phases=1))
    first = station.limits()[-1]["chargingSchedule"]["chargingSchedulePeriod"][0]
    assert (first["limit"], first["numberPhases"]) == (2300.0, 1)


@pytest.mark.parametrize("said", ["false", "", "maybe"])
async def test_a_station_that_does_not_announce_it_cannot_switch(
    central: CentralSystem, connect: Connect, said: str
) -> None:
    setup = Setup(configuration={"ConnectorSwitch3to1PhaseSupported": said})
    charger, _ = await ready(central, connect, setup)
    assert charger.connectors[1].switching is None


async def test_its_user_may_know_better(central: CentralSystem) -> None:
    connectors = {
        1: ConnectorConfig(switches_phases=True),
        2: ConnectorConfig(switches_phases=True, phases=1),
    }
    charger = central.claim(StationConfig(identity="CP1", connectors=connectors))
    assert charger.connectors[1].switching is not None
    assert charger.connectors[2].switching is None


async def test_a_station_that_refuses_other_phases_says_so(
    central: CentralSystem, connect: Connect
) -> None:
    def status(profile: dict[str, Any]) -> str:
        periods = profile["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"]
        return "Accepted" if periods[0]["numberPhases"] == 3 else "Rejected"

    charger, station = await ready(central, connect, Setup(profile_status=status))
    await station.begin(1)
    result = await charger.async_apply(1, replace(grant(0.0), phases=1))
    assert result is ActionResult.REJECTED
    assert await charger.async_apply(1, replace(grant(0.0), phases=3)) is ActionResult.ACCEPTED
