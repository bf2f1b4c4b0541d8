"""A device is tried over real sockets before it is saved."""

import asyncio
import socket

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ev_charger_pool.flows.fields import FieldError
from custom_components.ev_charger_pool.flows.probe import async_probe
from custom_components.ev_charger_pool.modbus.connection import LinkType, ModbusConnection
from custom_components.ev_charger_pool.modbus.profiles import load_profiles
from custom_components.ev_charger_pool.simulator.modbus_devices import (
    Fault,
    Framing,
    SimulatedHeidelberg,
    SimulatedKeba,
    SimulatedModbusDevice,
)
from tests.modbus.rig import connector_with_car, serving

pytestmark = pytest.mark.usefixtures("socket_enabled")

KEBA = load_profiles()["keba_p30"]
HEIDELBERG = load_profiles()["heidelberg_energy_control"]


def at(port: int, unit_id: int = 255, kind: LinkType = LinkType.TCP) -> ModbusConnection:
    return ModbusConnection(type=kind, host="127.0.0.1", port=port, unit_id=unit_id)


@pytest.fixture
def keba() -> SimulatedModbusDevice:
    return SimulatedKeba(connector_with_car())


async def test_the_right_device_is_found(hass: HomeAssistant, keba: SimulatedModbusDevice) -> None:
    async with serving({255: keba}) as server:
        assert await async_probe(hass, KEBA, at(server.port)) is None


async def test_a_device_behind_serial_frames_is_found(hass: HomeAssistant) -> None:
    box = SimulatedHeidelberg(connector_with_car())
    async with serving({1: box}, Framing.RTU) as server:
        connection = at(server.port, 1, LinkType.RTU_OVER_TCP)
        assert await async_probe(hass, HEIDELBERG, connection) is None


async def test_nothing_listens_there(hass: HomeAssistant, unused_tcp_port: int) -> None:
    assert await async_probe(hass, KEBA, at(unused_tcp_port)) is FieldError.CANNOT_CONNECT


async def test_a_name_that_does_not_exist_cannot_be_reached(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def open_connection(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio, "open_connection", open_connection)
    connection = ModbusConnection(
        type=LinkType.TCP, host="no-such-host.invalid", port=502, unit_id=1
    )
    assert await async_probe(hass, KEBA, connection) is FieldError.CANNOT_CONNECT


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.BUSY])
async def test_a_unit_that_does_not_answer(
    hass: HomeAssistant, keba: SimulatedModbusDevice, fault: Fault
) -> None:
    keba.fault = fault
    async with serving({255: keba}) as server:
        assert await async_probe(hass, KEBA, at(server.port)) is FieldError.NO_ANSWER


async def test_a_device_that_fails_is_not_the_right_one(
    hass: HomeAssistant, keba: SimulatedModbusDevice
) -> None:
    keba.fault = Fault.FAILING
    async with serving({255: keba}) as server:
        assert await async_probe(hass, KEBA, at(server.port)) is FieldError.WRONG_DEVICE


async def test_another_kind_of_device_is_not_the_right_one(hass: HomeAssistant) -> None:
    box = SimulatedHeidelberg(connector_with_car())
    async with serving({255: box}) as server:
        assert await async_probe(hass, KEBA, at(server.port)) is FieldError.WRONG_DEVICE


async def test_nonsense_is_not_the_right_device(
    hass: HomeAssistant, keba: SimulatedModbusDevice
) -> None:
    keba.fault = Fault.NONSENSE
    async with serving({255: keba}) as server:
        assert await async_probe(hass, KEBA, at(server.port)) is FieldError.WRONG_DEVICE


async def test_a_host_that_hangs_up_does_not_answer(hass: HomeAssistant) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        error = await async_probe(hass, KEBA, at(port))
    assert error in {FieldError.NO_ANSWER, FieldError.CANNOT_CONNECT}


async def test_a_serial_port_that_is_not_there_cannot_be_reached(hass: HomeAssistant) -> None:
    connection = ModbusConnection(type=LinkType.SERIAL, device="/dev/no-such-port", unit_id=1)
    assert await async_probe(hass, HEIDELBERG, connection) is FieldError.CANNOT_CONNECT


async def test_a_link_in_use_with_other_settings_cannot_be_reached(
    hass: HomeAssistant, keba: SimulatedModbusDevice
) -> None:
    async with serving({255: keba}) as server:
        other = at(server.port, 1, LinkType.RTU_OVER_TCP)
        assert await async_probe(hass, KEBA, at(server.port)) is None
        # Nothing was left behind that would hold the endpoint.
        assert await async_probe(hass, HEIDELBERG, other) is not None
        assert await async_probe(hass, KEBA, at(server.port)) is None
