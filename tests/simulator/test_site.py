"""The simulated site in real time, over real sockets."""

import asyncio
from collections.abc import AsyncGenerator
import socket

from pymodbus.client import AsyncModbusTcpClient
import pytest

from custom_components.ev_charger_pool.balancing.contract import Sharing
from custom_components.ev_charger_pool.simulator.site import (
    SimulatedSite,
    SimulatorError,
    async_start_simulator,
)
from custom_components.ev_charger_pool.simulator.standard import (
    BAYS,
    FUSE_A,
    GARAGE,
    HOST,
    KEBA_UNIT,
    YARD,
    StandardSite,
)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [taken.getsockname()[1] for taken in sockets]
    for taken in sockets:
        taken.close()
    return ports


def standard(seed: int = 1, speed: float = 1.0) -> StandardSite:
    ocpp, heidelberg, keba, psb = free_ports(4)
    return StandardSite(
        seed=seed,
        speed=speed,
        ocpp_port=ocpp,
        heidelberg_port=heidelberg,
        keba_port=keba,
        supply_port=psb,
    )


@pytest.fixture
async def site(socket_enabled: None) -> AsyncGenerator[SimulatedSite]:
    running = await async_start_simulator(standard(speed=100.0))
    yield running
    await running.async_stop()


async def samples(site: SimulatedSite, count: int) -> None:
    """Wait for some samples of the house's meters."""
    heard = asyncio.Semaphore(0)
    end = site.subscribe(heard.release)
    async with asyncio.timeout(20):
        for _ in range(count):
            await heard.acquire()
    end()


async def test_time_passes_and_its_house_is_heard_every_second(site: SimulatedSite) -> None:
    await samples(site, 2)
    first = site.house
    assert site.plant.now_s > 100.0
    assert first.house_w > 300.0
    await samples(site, 1)
    assert site.house != first


async def test_cars_arrive_within_two_minutes_of_its_time(site: SimulatedSite) -> None:
    await samples(site, 2)
    assert all(connector.car_connected for connector in site.plant.connectors.values())
    wanted = sum(bay.first[1].max_current_a for bay in BAYS)
    assert wanted > 2 * FUSE_A


async def test_its_modbus_devices_answer(site: SimulatedSite) -> None:
    port = site.servers[1].port
    client = AsyncModbusTcpClient(HOST, port=port)
    await client.connect()
    answer = await client.read_holding_registers(1000, count=2, device_id=KEBA_UNIT)
    client.close()
    assert not answer.isError()


async def test_its_stations_call_the_central_system(socket_enabled: None) -> None:
    spec = standard()
    asked: set[str] = set()
    both = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readline()).decode()
        asked.add(line.split()[1].rsplit("/", 1)[-1])
        if asked >= {GARAGE, YARD}:
            both.set()
        writer.close()

    server = await asyncio.start_server(serve, HOST, spec.ocpp_port)
    site = await async_start_simulator(spec)
    async with asyncio.timeout(10):
        await both.wait()
    await site.async_stop()
    server.close()
    assert asked == {GARAGE, YARD}


async def test_a_taken_port_is_told(socket_enabled: None) -> None:
    spec = standard()
    with socket.create_server((HOST, spec.keba_port)), pytest.raises(SimulatorError):
        await async_start_simulator(spec)
    # What had been started is stopped: the site can start now.
    site = await async_start_simulator(spec)
    await site.async_stop()


async def test_a_stopped_site_stands_still(socket_enabled: None) -> None:
    site = await async_start_simulator(standard(speed=50.0))
    await samples(site, 1)
    await site.async_stop()
    stopped_s = site.plant.now_s
    await asyncio.sleep(0.5)
    assert site.plant.now_s == stopped_s


def test_the_spec_survives_the_entry() -> None:
    spec = StandardSite(
        seed=5, speed=2.0, ocpp_port=9001, heidelberg_port=1, keba_port=2, supply_port=3
    )
    assert StandardSite.from_data(spec.entry_data) == spec
    with pytest.raises(KeyError):
        StandardSite.from_data({})


def test_the_entry_describes_the_site_of_the_demo() -> None:
    spec = StandardSite(heidelberg_port=1, keba_port=2, supply_port=3)
    assert spec.entry_data["fuse_a"] == FUSE_A
    assert spec.entry_data["sharing"] == Sharing.MIN_FIRST
    kinds = [entry.subentry_type for entry in spec.subentries]
    assert kinds == ["charger"] * 4 + ["power_supply"]
    chargers = [entry.data for entry in spec.subentries[:4]]
    assert sum(len(data["connectors"]) for data in chargers) == len(BAYS) == 5
    assert [data["driver"] for data in chargers] == ["ocpp", "ocpp", "modbus", "modbus"]
    assert [data["connection"]["type"] for data in chargers[2:]] == ["rtu_over_tcp", "tcp"]


def test_sr1_the_demos_fail_safes_fit_beside_half_its_fuse() -> None:
    for position in range(3):
        total = sum(
            bay.fail_safe_a
            for bay in BAYS
            if position in {phase.position for phase in bay.rotation}
        )
        assert total <= FUSE_A / 2.0
