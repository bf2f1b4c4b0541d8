"""The simulated OCPP station against the real central system."""

import asyncio
from collections.abc import AsyncGenerator, Callable
import contextlib
from datetime import timedelta

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
import pytest

from custom_components.ev_charger_pool.chargers.contract import ConnectorReport
from custom_components.ev_charger_pool.chargers.ocpp import (
    CentralSystem,
    OcppCharger,
    Timings,
    async_get_central_system,
)
from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.quantities import PHASES, PerPhase
from custom_components.ev_charger_pool.pool.states import ChargingStatus, ComponentState
from custom_components.ev_charger_pool.simulator.cars import Car
from custom_components.ev_charger_pool.simulator.ocpp_station import Quirk, SimulatedOcppStation
from custom_components.ev_charger_pool.simulator.plant import SimulatedConnector
from tests.chargers.ocpp.build import config, grant, vouch

TICK = timedelta(milliseconds=20)
QUICK = Timings(control_s=1.0, other_s=1.0, boot_grace_s=0.1, close_s=0.3)


class Site:
    """A central system with one simulated station of two connectors."""

    def __init__(self, central: CentralSystem) -> None:
        self.central = central
        self.connectors = {
            number: SimulatedConnector(phases=PHASES, max_current_a=16.0) for number in (1, 2)
        }
        self.reports: dict[int, ConnectorReport] = {}
        self.charger: OcppCharger | None = None
        self.station: SimulatedOcppStation | None = None
        self.now_s = 0.0

    def claim(self, *, tokens: frozenset[str] | None = None) -> OcppCharger:
        self.charger = self.central.claim(config("SIM", tokens=tokens))
        self.charger.subscribe(lambda report: self.reports.update({report.connector: report}))
        return self.charger

    async def start(
        self, *, token: str | None = "SIMULATED", quirks: frozenset[Quirk] = frozenset()
    ) -> SimulatedOcppStation:
        self.station = SimulatedOcppStation(
            "SIM",
            self.connectors,
            f"ws://127.0.0.1:{self.central.port}/ocpp",
            token=token,
            quirks=quirks,
            tick=TICK,
        )
        await self.station.async_start()
        return self.station

    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now_s += 1.0
            for connector in self.connectors.values():
                connector.advance(self.now_s, 1.0, (230.0, 230.0, 230.0))

    async def until(self, condition: Callable[[], object], timeout_s: float = 5.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not condition():  # noqa: ASYNC110 - the conditions have no event in common
                await asyncio.sleep(0.005)

    def shows(self, number: int, status: ChargingStatus) -> bool:
        return number in self.reports and self.reports[number].charging is status


@pytest.fixture
async def site(hass: HomeAssistant, socket_enabled: None) -> AsyncGenerator[Site]:
    site = Site(await async_get_central_system(hass, 0, timings=QUICK))
    yield site
    if site.station is not None:
        await site.station.async_stop()
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()


async def test_a_car_that_plugs_in_charges_at_the_fail_safe_until_granted_more(site: Site) -> None:
    charger = site.claim()
    await site.start()
    await site.until(lambda: site.shows(1, ChargingStatus.NOT_CHARGING))
    await site.until(lambda: charger.connectors[1].lease is not None)
    site.connectors[1].plug_in(Car())
    await site.until(lambda: site.shows(1, ChargingStatus.CHARGING))
    assert site.connectors[1].offered_a == 6.0
    assert await charger.async_apply(1, grant(14.0)) is ActionResult.ACCEPTED
    assert site.connectors[1].offered_a == 14.0
    assert site.connectors[2].offered_a == 0.0
    await site.until(lambda: charger.diagnostics()["lapse_shown"] is True)


async def test_measured_values_arrive_per_phase(site: Site) -> None:
    charger = site.claim()
    station = await site.start()
    await site.until(lambda: station.configuration["MeterValueSampleInterval"] == "10")
    await site.until(lambda: "Voltage" in station.configuration["MeterValuesSampledData"])
    site.connectors[1].plug_in(Car(phases=2))
    await site.until(lambda: site.shows(1, ChargingStatus.CHARGING))
    await charger.async_apply(1, grant(10.0))
    site.pass_time(30)
    await site.until(lambda: site.reports[1].transaction is not None)
    await station.async_drop()
    await site.until(
        lambda: (
            (reading := site.reports[1].current_a) is not None and (reading.value.l1 or 0.0) > 9.0
        )
    )
    reading = site.reports[1].current_a
    assert reading is not None
    assert reading.value.map(lambda value: round(value or 0.0, 1)) == PerPhase(9.8, 9.8, 0.0)
    power = site.reports[1].power_w
    assert power is not None
    assert power.value == pytest.approx(2 * 9.8 * 230.0, rel=0.01)
    energy = site.reports[1].energy_wh
    assert energy is not None
    assert energy.value == pytest.approx(site.connectors[1].energy_wh, abs=1.0)


async def test_a_pause_is_a_suspension_by_the_charger(site: Site) -> None:
    charger = site.claim()
    await site.start()
    site.connectors[1].plug_in(Car())
    await site.until(lambda: site.shows(1, ChargingStatus.CHARGING))
    assert await charger.async_apply(1, grant(0.0)) is ActionResult.ACCEPTED
    await site.until(lambda: site.shows(1, ChargingStatus.SUSPENDED_BY_CHARGER))
    assert site.connectors[1].offered_a == 0.0


async def test_a_full_car_is_a_suspension_by_the_car(site: Site) -> None:
    site.claim()
    await site.start()
    site.connectors[1].plug_in(Car(wanted_wh=20.0))
    await site.until(lambda: site.shows(1, ChargingStatus.CHARGING))
    site.pass_time(120)
    await site.until(lambda: site.shows(1, ChargingStatus.SUSPENDED_BY_EV))


async def test_a_car_that_leaves_ends_its_transaction(site: Site) -> None:
    site.claim()
    await site.start()
    site.connectors[1].plug_in(Car())
    await site.until(lambda: site.shows(1, ChargingStatus.CHARGING))
    site.connectors[1].unplug()
    await site.until(lambda: site.shows(1, ChargingStatus.NOT_CHARGING))
    assert site.reports[1].transaction is None
    assert site.connectors[1].offered_a == 0.0


async def test_a_station_without_a_token_waits_for_a_remote_start(site: Site) -> None:
    charger = site.claim()
    await site.start(token=None)
    site.connectors[2].plug_in(Car())
    await site.until(lambda: site.shows(2, ChargingStatus.WAITING_FOR_AUTHORIZATION))
    vouch(charger)
    await charger.async_apply(2, grant(9.0))
    assert site.connectors[2].offered_a == 0.0
    assert await charger.async_start(2) is ActionResult.ACCEPTED
    await site.until(lambda: site.shows(2, ChargingStatus.CHARGING))
    assert site.connectors[2].offered_a == 9.0
    assert site.reports[2].token == "EVPOOL2"
    assert await charger.async_stop(2) is ActionResult.ACCEPTED
    await site.until(lambda: site.shows(2, ChargingStatus.FINISHED))
    assert site.connectors[2].offered_a == 0.0


async def test_a_wrong_token_gets_nothing(site: Site) -> None:
    site.claim(tokens=frozenset({"MINE"}))
    await site.start()
    site.connectors[1].plug_in(Car())
    await site.until(lambda: site.shows(1, ChargingStatus.WAITING_FOR_AUTHORIZATION))
    await asyncio.sleep(0.2)
    assert site.reports[1].transaction is None
    assert site.connectors[1].offered_a == 0.0


async def test_an_inoperative_connector_gives_nothing_until_enabled(site: Site) -> None:
    charger = site.claim()
    await site.start()
    await site.until(lambda: site.shows(2, ChargingStatus.NOT_CHARGING))
    assert await charger.async_disable(2) is ActionResult.ACCEPTED
    await site.until(lambda: site.reports[2].component_state is ComponentState.NOT_READY)
    site.connectors[2].plug_in(Car())
    await asyncio.sleep(0.1)
    assert site.connectors[2].offered_a == 0.0
    assert await charger.async_enable(2) is ActionResult.ACCEPTED
    await site.until(lambda: site.shows(2, ChargingStatus.CHARGING))


async def test_a_station_that_lost_the_network_comes_back_with_its_transaction(site: Site) -> None:
    charger = site.claim()
    station = await site.start()
    site.connectors[1].plug_in(Car())
    await site.until(lambda: site.shows(1, ChargingStatus.CHARGING))
    transaction = site.reports[1].transaction
    await station.async_drop()
    await site.until(lambda: not site.reports[1].online)
    assert await charger.async_apply(1, grant(8.0)) is ActionResult.OFFLINE
    await site.until(lambda: site.reports[1].online)
    assert site.reports[1].transaction == transaction
    assert await charger.async_apply(1, grant(8.0)) is ActionResult.ACCEPTED
    assert site.connectors[1].offered_a == 8.0


async def test_a_station_that_reboots_starts_a_new_transaction_at_the_fail_safe(site: Site) -> None:
    charger = site.claim()
    station = await site.start()
    site.connectors[1].plug_in(Car())
    await site.until(lambda: site.shows(1, ChargingStatus.CHARGING))
    first = site.reports[1]
    await charger.async_apply(1, grant(12.0))
    await station.async_reboot()
    await site.until(
        lambda: (
            site.shows(1, ChargingStatus.CHARGING)
            and site.reports[1].transaction not in {None, first.transaction}
        )
    )
    assert first.booted_at is not None
    assert site.reports[1].booted_at is not None
    assert site.reports[1].booted_at > first.booted_at
    assert site.connectors[1].offered_a == 6.0


async def test_a_station_in_quarantine_does_not_charge_until_it_is_claimed(site: Site) -> None:
    await site.start()
    site.connectors[1].plug_in(Car())
    found: list[str] = []
    site.central.on_unknown(lambda unknown: found.append(unknown.identity))
    await site.until(lambda: found == ["SIM"])
    assert site.connectors[1].offered_a == 0.0
    site.claim()
    await site.until(lambda: site.shows(1, ChargingStatus.CHARGING))


@pytest.mark.parametrize(
    ("quirk", "result", "offered_a"),
    [
        (Quirk.REFUSES_LIMITS, ActionResult.REJECTED, 16.0),
        (Quirk.IGNORES_LIMITS, ActionResult.ACCEPTED, 16.0),
        (Quirk.KEEPS_LAPSED_LIMITS, ActionResult.ACCEPTED, 9.0),
        (Quirk.ONE_PERIOD, ActionResult.ACCEPTED, 9.0),
        (Quirk.NO_TRIGGERS, ActionResult.ACCEPTED, 9.0),
    ],
)
async def test_quirks(site: Site, quirk: Quirk, result: ActionResult, offered_a: float) -> None:
    charger = site.claim()
    await site.start(quirks=frozenset({quirk}))
    site.connectors[1].plug_in(Car())
    await site.until(lambda: site.shows(1, ChargingStatus.CHARGING))
    assert await charger.async_apply(1, grant(9.0)) is result
    assert site.connectors[1].offered_a == offered_a


async def test_a_stalled_station_answers_nothing_and_recovers(site: Site) -> None:
    charger = site.claim()
    station = await site.start()
    site.connectors[1].plug_in(Car())
    await site.until(lambda: site.shows(1, ChargingStatus.CHARGING))
    await site.until(lambda: charger.connectors[1].lease is not None)
    await asyncio.sleep(0.1)
    station.stall()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await charger.async_apply(1, grant(11.0))
    assert await charger.async_apply(1, grant(10.0)) is ActionResult.TIMED_OUT
    station.resume()
    await site.until(lambda: site.connectors[1].offered_a == 10.0)
