"""Builds simulated Modbus devices on real sockets, and drivers that reach them through hass."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from homeassistant.core import HomeAssistant

from custom_components.ev_charger_pool.chargers.contract import ConnectorReport
from custom_components.ev_charger_pool.chargers.modbus.charger import (
    ModbusCharger,
    ModbusChargerSettings,
)
from custom_components.ev_charger_pool.chargers.modbus.lockable import LockableModbusCharger
from custom_components.ev_charger_pool.modbus.connection import LinkType, ModbusConnection
from custom_components.ev_charger_pool.modbus.link import link_to
from custom_components.ev_charger_pool.modbus.profiles import load_profiles
from custom_components.ev_charger_pool.pool.members import Grant
from custom_components.ev_charger_pool.pool.quantities import PHASES
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind
from custom_components.ev_charger_pool.power_supplies.contract import (
    SupplyMode,
    SupplyReport,
    SupplyWishes,
)
from custom_components.ev_charger_pool.power_supplies.modbus.supply import ModbusSupply
from custom_components.ev_charger_pool.simulator.cars import Car
from custom_components.ev_charger_pool.simulator.dc import DcBattery, SimulatedSupply
from custom_components.ev_charger_pool.simulator.modbus_devices import (
    Framing,
    SimulatedModbusDevice,
    SimulatedModbusServer,
)
from custom_components.ev_charger_pool.simulator.plant import SimulatedConnector
from tests.modbus.virtual_time import VirtualClock

REASON = Reason(kind=ReasonKind.CIRCUIT, subject="grid")
LEASE = timedelta(seconds=30)
STEP_S = 0.25
VOLTS = (230.0, 230.0, 230.0)


@asynccontextmanager
async def serving(
    devices: Mapping[int, SimulatedModbusDevice], framing: Framing = Framing.TCP
) -> AsyncIterator[SimulatedModbusServer]:
    """Serve devices on a socket of the loopback."""
    server = SimulatedModbusServer(devices=devices, framing=framing)
    await server.async_start()
    try:
        yield server
    finally:
        await server.async_stop()


@asynccontextmanager
async def flowing(*parts: SimulatedConnector | SimulatedSupply) -> AsyncIterator[None]:
    """Let electricity flow as time passes."""
    task = asyncio.get_running_loop().create_task(_flow(parts))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def _flow(parts: tuple[SimulatedConnector | SimulatedSupply, ...]) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    while True:
        await asyncio.sleep(STEP_S)
        for part in parts:
            if isinstance(part, SimulatedConnector):
                part.advance(loop.time() - start, STEP_S, VOLTS)
            else:
                part.advance(STEP_S, VOLTS[0])


def connector_with_car(max_current_a: float = 16.0) -> SimulatedConnector:
    """Return a three-phase connector with a hungry car."""
    connector = SimulatedConnector(phases=PHASES, max_current_a=max_current_a)
    connector.plug_in(Car(phases=3, max_current_a=max_current_a, wanted_wh=60_000.0))
    return connector


def battery_supply() -> SimulatedSupply:
    """Return the electrical side of a supply with a 48 V battery behind it."""
    return SimulatedSupply(phases=PHASES, load=DcBattery())


def connection(
    server: SimulatedModbusServer, unit_id: int, kind: LinkType = LinkType.TCP
) -> ModbusConnection:
    """Return where a unit of a server is."""
    return ModbusConnection(type=kind, host="127.0.0.1", port=server.port, unit_id=unit_id)


class ChargerRig:
    """A charger's driver with everything that it reported."""

    def __init__(self, charger: ModbusCharger, clock: VirtualClock) -> None:
        self.charger = charger
        self.clock = clock
        self.reports: list[ConnectorReport] = []
        charger.subscribe(self.reports.append)

    @property
    def report(self) -> ConnectorReport:
        return self.reports[-1]

    def vouch(self, seconds: float = 10.0) -> None:
        self.charger.vouch(self.clock.now() + timedelta(seconds=seconds))

    def grant(
        self,
        current_a: float,
        lapse_a: float | None = None,
        *,
        age_s: float = 0.0,
        phases: int | None = None,
    ) -> Grant:
        """Return a grant that was decided `age_s` ago and lapses to at most 6 A."""
        return Grant(
            member="charger:1",
            current_a=current_a,
            lapse_to_a=min(current_a, 6.0) if lapse_a is None else lapse_a,
            lease=LEASE,
            decided_at=self.clock.now() - timedelta(seconds=age_s),
            reason=REASON,
            phases=phases,
        )


@asynccontextmanager
async def driving(
    hass: HomeAssistant,
    clock: VirtualClock,
    profile_id: str,
    place: ModbusConnection,
    *,
    fail_safe_current_a: float = 6.0,
    max_current_a: float = 16.0,
    switches_phases: bool = False,
) -> AsyncIterator[ChargerRig]:
    """Run the driver of a charger."""
    profile = load_profiles()[profile_id]
    kind = LockableModbusCharger if profile.charger and profile.charger.lock else ModbusCharger
    charger = kind(
        profile,
        link_to(hass, place, profile),
        ModbusChargerSettings(
            fail_safe_current_a=fail_safe_current_a,
            max_current_a=max_current_a,
            switches_phases=switches_phases,
        ),
        clock.now,
    )
    rig = ChargerRig(charger, clock)
    charger.start(hass.async_create_background_task)
    try:
        yield rig
    finally:
        await charger.async_close()


class SupplyRig:
    """A supply's driver with everything that it reported."""

    def __init__(self, supply: ModbusSupply, clock: VirtualClock) -> None:
        self.supply = supply
        self.clock = clock
        self.reports: list[SupplyReport] = []
        supply.subscribe(self.reports.append)

    @property
    def report(self) -> SupplyReport:
        return self.reports[-1]

    def vouch(self, seconds: float = 10.0) -> None:
        self.supply.vouch(self.clock.now() + timedelta(seconds=seconds))

    def grant(self, power_w: float) -> Grant:
        return Grant(
            member="supply",
            current_a=power_w / 621.0,
            power_w=power_w,
            decided_at=self.clock.now(),
            reason=REASON,
        )


def wishes(
    mode: SupplyMode = SupplyMode.EXPORT,
    voltage_v: float = 56.0,
    current_a: float = 50.0,
    power_w: float | None = None,
) -> SupplyWishes:
    """Return wishes that fit a 48 V battery."""
    return SupplyWishes(mode=mode, voltage_v=voltage_v, current_a=current_a, power_w=power_w)


@asynccontextmanager
async def supplying(
    hass: HomeAssistant,
    clock: VirtualClock,
    profile_id: str,
    place: ModbusConnection,
    wanted: SupplyWishes,
) -> AsyncIterator[SupplyRig]:
    """Run the driver of a supply."""
    profile = load_profiles()[profile_id]
    supply = ModbusSupply(profile, link_to(hass, place, profile), wanted, clock.now)
    rig = SupplyRig(supply, clock)
    supply.start(hass.async_create_background_task)
    try:
        yield rig
    finally:
        await supply.async_close()
