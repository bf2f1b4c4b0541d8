"""The simulated site in real time: its plant runs, and its devices speak their protocols."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from ..const import ROOT_CIRCUIT
from ..pool.quantities import PhaseValues
from .modbus_devices import (
    Framing,
    SimulatedEaPsb,
    SimulatedHeidelberg,
    SimulatedKeba,
    SimulatedModbusDevice,
    SimulatedModbusServer,
)
from .ocpp_station import SimulatedOcppStation
from .plant import Plant, SimulatedConnector, SimulatedSupply
from .standard import (
    BAYS,
    GARAGE,
    GARAGE_BAY,
    HEIDELBERG_BAY,
    HEIDELBERG_UNIT,
    HOST,
    KEBA_BAY,
    KEBA_UNIT,
    SUPPLY,
    SUPPLY_LOAD,
    SUPPLY_PHASES,
    SUPPLY_UNIT,
    YARD,
    YARD_LEFT,
    YARD_RIGHT,
    StandardSite,
)

STEP_S: Final = 0.2
"""The plant is advanced this often in real time."""

SAMPLE_EVERY: Final = 5
"""So many steps make one sample of the house's meters: a second, as smart meters send."""


class SimulatorError(Exception):
    """The simulated site could not be started; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseReadings:
    """What the simulated house's meters tell.

    Attributes:
        grid_current_a: Signed amps per phase at the grid connection, positive is import.
        house_w: What the house itself takes.
        solar_w: Solar production, at least 0.
        battery_w: Power of the home battery, positive is discharging.
        battery_soc_percent: Its state of charge.
    """

    grid_current_a: PhaseValues
    house_w: float
    solar_w: float
    battery_w: float
    battery_soc_percent: float


class SimulatedSite:
    """The running site.

    Args:
        spec: What it is made of.
    """

    def __init__(self, spec: StandardSite) -> None:
        rng = Random(spec.seed)
        self._speed = spec.speed
        connectors = {
            bay.name: SimulatedConnector(
                phases=bay.rotation,
                max_current_a=bay.max_current_a,
                visits=spec.visits(bay, rng),
            )
            for bay in BAYS
        }
        supply = SimulatedSupply(phases=SUPPLY_PHASES, load=SUPPLY_LOAD)
        self.plant = Plant(
            spec.plant,
            rng=rng,
            started_at=datetime.now(UTC),
            connectors=connectors,
            supplies={SUPPLY: supply},
            at=dict.fromkeys((*connectors, SUPPLY), ROOT_CIRCUIT),
        )
        url = f"ws://{HOST}:{spec.ocpp_port}"
        self.stations = (
            SimulatedOcppStation(GARAGE, {1: connectors[GARAGE_BAY.name]}, url),
            SimulatedOcppStation(
                YARD, {1: connectors[YARD_LEFT.name], 2: connectors[YARD_RIGHT.name]}, url
            ),
        )
        self.servers = (
            _server(
                spec.heidelberg_port,
                HEIDELBERG_UNIT,
                SimulatedHeidelberg(connectors[HEIDELBERG_BAY.name]),
                Framing.RTU,
            ),
            _server(
                spec.keba_port, KEBA_UNIT, SimulatedKeba(connectors[KEBA_BAY.name]), Framing.TCP
            ),
            _server(spec.supply_port, SUPPLY_UNIT, SimulatedEaPsb(supply), Framing.TCP),
        )
        self._listeners: list[Callable[[], None]] = []
        self._running = AsyncExitStack()
        self._house = self._sample()

    @property
    def house(self) -> HouseReadings:
        """The newest sample of the house's meters."""
        return self._house

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Have a listener called with each sample; call the answer to end it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def async_start(self) -> None:
        """Start the devices and let time pass.

        Raises:
            SimulatorError: A port of a simulated device is taken.
        """
        try:
            for server in self.servers:
                await server.async_start()
                self._running.push_async_callback(server.async_stop)
            for station in self.stations:
                await station.async_start()
                self._running.push_async_callback(station.async_stop)
        except (OSError, RuntimeError) as error:
            await self.async_stop()
            raise SimulatorError(str(error)) from error
        clock = asyncio.create_task(self._run(), name="simulated site")
        self._running.push_async_callback(_end, clock)

    async def async_stop(self) -> None:
        """Stop the devices; time stands still."""
        await self._running.aclose()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        started_s, steps = loop.time(), 0
        while True:
            steps += 1
            await asyncio.sleep(started_s + steps * STEP_S - loop.time())
            elapsed = timedelta(seconds=(loop.time() - started_s) * self._speed)
            self.plant.advance(self.plant.started_at + elapsed)
            if steps % SAMPLE_EVERY == 0:
                self._house = self._sample()
                for listener in tuple(self._listeners):
                    listener()

    def _sample(self) -> HouseReadings:
        plant = self.plant
        return HouseReadings(
            grid_current_a=plant.grid_current_a,
            house_w=plant.house_power_w,
            solar_w=plant.solar_power_w,
            battery_w=-plant.battery_power_w,
            battery_soc_percent=plant.battery_soc_percent,
        )


async def async_start_simulator(spec: StandardSite) -> SimulatedSite:
    """Start a simulated site.

    Raises:
        SimulatorError: A port of a simulated device is taken.
    """
    site = SimulatedSite(spec)
    await site.async_start()
    return site


def _server(
    port: int, unit_id: int, device: SimulatedModbusDevice, framing: Framing
) -> SimulatedModbusServer:
    return SimulatedModbusServer(HOST, port, devices={unit_id: device}, framing=framing)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait((task,))
