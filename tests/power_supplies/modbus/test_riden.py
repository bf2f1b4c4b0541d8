"""A Riden RD60xx: scales by model, order of writes, protections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import pairwise

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ev_charger_pool.modbus.connection import LinkType
from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.power_supplies.contract import (
    OffOutcome,
    SupplyError,
    SupplyMode,
)
from custom_components.ev_charger_pool.simulator.dc import SimulatedSupply
from custom_components.ev_charger_pool.simulator.modbus_devices import (
    Fault,
    Framing,
    RidenModel,
    SimulatedRiden,
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

MODELS = {
    "RD6006": (RidenModel(number=60062, volt=0.01, amp=0.001), 6.0),
    "RD6006P": (RidenModel(number=60065, volt=0.001, amp=0.0001), 6.0),
    "RD6012": (RidenModel(number=60121, volt=0.01, amp=0.01), 12.0),
    "RD6012P low": (RidenModel(number=60125, volt=0.001, amp=0.0001, current_range=0), 6.0),
    "RD6012P high": (RidenModel(number=60125, volt=0.001, amp=0.001, current_range=1), 12.0),
    "RD6018": (RidenModel(number=60181, volt=0.01, amp=0.01), 18.0),
    "RD6024": (RidenModel(number=60241, volt=0.01, amp=0.01), 24.0),
}


@dataclass
class Bench:
    dc: SimulatedSupply
    riden: SimulatedRiden
    rig: SupplyRig

    async def on(self, power_w: float) -> None:
        await until(lambda: self.rig.report.online)
        assert await self.rig.supply.async_apply(self.rig.grant(power_w)) is ActionResult.ACCEPTED
        await until(lambda: self.rig.report.mode is SupplyMode.EXPORT, 5)

    async def renew(self, power_w: float, seconds: int) -> None:
        for _ in range(seconds):
            await self.rig.supply.async_apply(self.rig.grant(power_w))
            await asyncio.sleep(1)


@asynccontextmanager
async def bench(
    hass: HomeAssistant,
    clock: VirtualClock,
    model: RidenModel | None = None,
    *,
    serial: bool = False,
) -> AsyncIterator[Bench]:
    dc = battery_supply()
    riden = SimulatedRiden(dc, model)
    framing = Framing.RTU if serial else Framing.TCP
    kind = LinkType.RTU_OVER_TCP if serial else LinkType.TCP
    async with (
        flowing(dc),
        serving({1: riden}, framing) as server,
        supplying(
            hass, clock, "riden_rd60xx", connection(server, 1, kind), wishes(voltage_v=50.0)
        ) as rig,
    ):
        yield Bench(dc, riden, rig)


@pytest.mark.parametrize("name", MODELS)
async def test_scales_and_ratings_are_those_of_the_model(
    hass: HomeAssistant, clock: VirtualClock, name: str
) -> None:
    model, current_a = MODELS[name]
    async with bench(hass, clock, model) as riden:
        await riden.on(200.0)
        capabilities = riden.rig.report.capabilities
        assert capabilities is not None
        assert not capabilities.bidirectional
        assert capabilities.max_export_current_a == current_a
        assert capabilities.max_export_voltage_v == 60.0
        assert riden.dc._set_voltage_v == pytest.approx(50.0)
        assert riden.dc._set_current_a == pytest.approx(4.0)
        await riden.renew(200.0, 5)
        report = riden.rig.report
        assert report.voltage_v is not None
        assert report.current_a is not None
        assert report.power_w is not None
        assert report.voltage_v.value == pytest.approx(riden.dc.voltage_v, abs=0.02)
        assert report.current_a.value == pytest.approx(4.0, abs=0.02)
        assert report.power_w.value == pytest.approx(riden.dc.power_w, abs=1.0)
        assert riden.rig.supply.identity.model == name.split(maxsplit=1)[0]


async def test_voltage_then_current_then_output(hass: HomeAssistant, clock: VirtualClock) -> None:
    async with bench(hass, clock) as riden:
        await riden.on(200.0)
        assert [write.address for write in riden.riden.writes] == [8, 9, 18]


async def test_it_is_never_asked_faster_than_it_answers(
    hass: HomeAssistant, clock: VirtualClock
) -> None:
    async with bench(hass, clock, serial=True) as riden:
        await riden.on(100.0)
        for power_w in range(110, 200, 10):
            await riden.rig.supply.async_apply(riden.rig.grant(power_w))
        assert riden.riden.too_early == 0
        assert not riden.riden.is_spoilt


async def test_every_second_or_faster(hass: HomeAssistant, clock: VirtualClock) -> None:
    async with bench(hass, clock) as riden:
        await riden.on(100.0)
        riden.rig.reports.clear()
        await riden.renew(100.0, 20)
        times = [report.arrived_at for report in riden.rig.reports]
        gaps = [(after - before).total_seconds() for before, after in pairwise(times)]
        assert max(gaps) <= 1.0


@pytest.mark.parametrize(
    ("alarm", "error"), [(1, SupplyError.OVER_VOLTAGE_DC), (2, SupplyError.OVER_CURRENT_DC)]
)
async def test_a_protection_ends_it_until_a_person_asks_again(
    hass: HomeAssistant, clock: VirtualClock, alarm: int, error: SupplyError
) -> None:
    async with bench(hass, clock) as riden:
        await riden.on(200.0)
        riden.riden.trip(alarm)
        await riden.renew(200.0, 10)
        assert not riden.dc.on
        assert error in riden.rig.report.errors
        assert riden.rig.report.mode is SupplyMode.FAULT
        result = await riden.rig.supply.async_set_wishes(wishes(voltage_v=50.0))
        assert result is ActionResult.ACCEPTED
        assert riden.dc.on


async def test_an_unknown_alarm_is_an_error_too(hass: HomeAssistant, clock: VirtualClock) -> None:
    async with bench(hass, clock) as riden:
        await riden.on(200.0)
        riden.riden.trip(9)
        await riden.renew(200.0, 3)
        assert SupplyError.VENDOR_ERROR in riden.rig.report.errors


async def test_off_without_remote_control(hass: HomeAssistant, clock: VirtualClock) -> None:
    async with bench(hass, clock) as riden:
        await riden.on(200.0)
        assert await riden.rig.supply.async_off() is OffOutcome.BELOW_THRESHOLD
        assert not riden.dc.on


async def test_import_is_not_supported(hass: HomeAssistant, clock: VirtualClock) -> None:
    async with bench(hass, clock) as riden:
        result = await riden.rig.supply.async_set_wishes(wishes(SupplyMode.IMPORT))
        assert result is ActionResult.NOT_SUPPORTED


async def test_a_range_that_is_switched_over_changes_the_scale(
    hass: HomeAssistant, clock: VirtualClock
) -> None:
    low, _ = MODELS["RD6012P low"]
    async with bench(hass, clock, low) as riden:
        await riden.on(200.0)
        riden.riden.model = replace(low, amp=0.001, current_range=1)
        await riden.renew(200.0, 10)
        assert riden.dc.on
        assert riden.dc._set_current_a == pytest.approx(4.0)
        capabilities = riden.rig.report.capabilities
        assert capabilities is not None
        assert capabilities.max_export_current_a == 12.0
        riden.riden.model = low
        await riden.renew(200.0, 10)
        assert riden.dc._set_current_a == pytest.approx(4.0)


async def test_an_unknown_model_is_not_written_to(hass: HomeAssistant, clock: VirtualClock) -> None:
    async with bench(hass, clock, RidenModel(number=60300)) as riden:
        await riden.rig.supply.async_apply(riden.rig.grant(100.0))
        await asyncio.sleep(40)
        assert riden.riden.writes == []
        assert not riden.rig.report.online
        text = riden.rig.report.errors[SupplyError.COMMUNICATION_FAULT]
        assert "60300" in text
        assert "unit id" in text


async def test_nonsense_is_refused_and_counted(hass: HomeAssistant, clock: VirtualClock) -> None:
    async with bench(hass, clock) as riden:
        await riden.on(200.0)
        await riden.renew(200.0, 3)
        before = riden.rig.report
        riden.riden.fault = Fault.NONSENSE
        await riden.renew(200.0, 3)
        assert riden.rig.report.voltage_v == before.voltage_v
        counters = riden.rig.supply.diagnostics()["counters"]
        assert isinstance(counters, dict)
        assert counters["implausible_actual_voltage"] >= 1
