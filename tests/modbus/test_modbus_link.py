"""Borrowing a unit from Home Assistant, and neighbours on one link."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from homeassistant.components.modbus import async_get_temporary_unit
from homeassistant.components.modbus.connection import async_get_connection_info
from homeassistant.core import HomeAssistant
from modbus_connection import (
    IllegalDataValueError,
    ModbusConnectionError,
    ModbusSerialParams,
    ModbusUnit,
    ServerDeviceBusyError,
)
from modbus_connection.mock import MockModbusConnection, MockModbusUnit
import pytest

from custom_components.ev_charger_pool.modbus.bus import Bus, Precedence, RequestKind
from custom_components.ev_charger_pool.modbus.connection import LinkType, ModbusConnection
from custom_components.ev_charger_pool.modbus.link import (
    LostError,
    ModbusLink,
    RefusedError,
    SilentError,
    link_to,
)
from custom_components.ev_charger_pool.modbus.profiles import load_profiles
from custom_components.ev_charger_pool.modbus.schema import Timing
from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.simulator.modbus_devices import (
    Fault,
    Framing,
    SimulatedHeidelberg,
)
from tests.modbus.rig import connection, connector_with_car, driving, serving
from tests.modbus.virtual_time import VirtualClock, until


def profile_link(hass: HomeAssistant, place: ModbusConnection) -> ModbusLink:
    return link_to(hass, place, load_profiles()["heidelberg_energy_control"])


async def test_a_unit_is_borrowed_and_given_back(hass: HomeAssistant, clock: VirtualClock) -> None:
    box = SimulatedHeidelberg(connector_with_car())
    async with serving({1: box}, Framing.RTU) as server:
        link = profile_link(hass, connection(server, 1, LinkType.RTU_OVER_TCP))
        unit = await link.async_open(lambda: None)
        assert await link.async_open(lambda: None) is unit
        words = await link.request(
            lambda: unit.read_input_registers(4, 1),
            kind=RequestKind.READ,
            precedence=Precedence.READ,
        )
        assert words == [0x0107]
        assert len(async_get_connection_info(hass)) == 1
        await link.async_close()
        assert async_get_connection_info(hass) == []


async def test_a_device_without_such_a_link_says_which_it_has(hass: HomeAssistant) -> None:
    place = ModbusConnection(type=LinkType.TCP, host="127.0.0.1", port=502, unit_id=1)
    with pytest.raises(ValueError, match="use serial, rtu_over_tcp"):
        profile_link(hass, place)


async def test_a_link_in_use_with_other_settings_is_lost_not_broken(
    hass: HomeAssistant, clock: VirtualClock
) -> None:
    device = "socket://127.0.0.1:4001"
    place = ModbusConnection(type=LinkType.RTU_OVER_TCP, host="127.0.0.1", port=4001, unit_id=1)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(
            async_get_temporary_unit(hass, ModbusSerialParams(device=device, baudrate=9600), 7)
        )
        async with driving(hass, clock, "heidelberg_energy_control", place) as rig:
            rig.vouch()
            await until(lambda: rig.report.error)
            assert rig.report.error is not None
            assert "different link settings" in rig.report.error
            assert not rig.report.online


def mock_link(unit: MockModbusUnit) -> ModbusLink:
    @asynccontextmanager
    async def borrow() -> AsyncIterator[ModbusUnit]:
        yield unit

    return ModbusLink(borrow, Bus(), Timing())


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (IllegalDataValueError(), RefusedError),
        (ServerDeviceBusyError(), SilentError),
        (ModbusConnectionError("gone"), LostError),
        (TimeoutError(), SilentError),
        (OSError("unplugged"), LostError),
    ],
)
async def test_each_failure_has_its_meaning(
    mock_modbus_unit: MockModbusUnit, error: Exception, kind: type[Exception]
) -> None:
    link = mock_link(mock_modbus_unit)
    unit = await link.async_open(lambda: None)
    assert mock_modbus_unit.required_timeout == 1.0
    mock_modbus_unit.fail_requests(error)
    with pytest.raises(kind):
        await link.request(
            lambda: unit.read_holding_registers(0, 1),
            kind=RequestKind.READ,
            precedence=Precedence.READ,
        )
    await link.async_close()
    # What was asked of the link is withdrawn, its other users are not held to it.
    assert mock_modbus_unit.required_timeout is None


async def test_a_refusal_keeps_its_code(mock_modbus_unit: MockModbusUnit) -> None:
    link = mock_link(mock_modbus_unit)
    unit = await link.async_open(lambda: None)
    mock_modbus_unit.fail_write(5, IllegalDataValueError())
    with pytest.raises(RefusedError) as refusal:
        await link.request(
            lambda: unit.write_register(5, 1),
            kind=RequestKind.WRITE,
            precedence=Precedence.CONTROL,
        )
    assert refusal.value.code == 3
    await link.async_close()


async def test_a_lost_connection_is_told(
    mock_modbus_connection: MockModbusConnection, mock_modbus_unit: MockModbusUnit
) -> None:
    lost: list[bool] = []
    link = mock_link(mock_modbus_unit)
    await link.async_open(lambda: lost.append(True))
    mock_modbus_connection.simulate_connection_lost()
    assert lost == [True]
    await link.async_close()
    mock_modbus_connection.simulate_connection_lost()
    assert lost == [True]


async def test_sr7_a_silent_unit_never_holds_up_its_neighbour(
    hass: HomeAssistant, clock: VirtualClock
) -> None:
    dead, live = (
        SimulatedHeidelberg(connector_with_car()),
        SimulatedHeidelberg(connector_with_car()),
    )
    dead.fault = Fault.SILENT
    async with serving({1: dead, 2: live}, Framing.RTU) as server:
        place = connection(server, 2, LinkType.RTU_OVER_TCP)
        other = connection(server, 1, LinkType.RTU_OVER_TCP)
        async with (
            driving(hass, clock, "heidelberg_energy_control", place) as rig,
            driving(hass, clock, "heidelberg_energy_control", other) as neighbour,
        ):
            rig.vouch()
            neighbour.vouch()
            await until(lambda: rig.report.online, 10)
            delays: list[float] = []
            for step in range(90):
                rig.vouch()
                neighbour.vouch()
                began = clock.seconds()
                result = await rig.charger.async_apply(1, rig.grant(16.0 - step % 10))
                assert result.is_success
                delays.append(clock.seconds() - began)
                await asyncio.sleep(1)
            assert not neighbour.report.online
            # Never longer than the one second that the silent unit is given, and that only
            # once in 30 s.
            assert max(delays) < 1.4
            assert sum(delay > 0.4 for delay in delays) <= 4
            assert dead.requests <= 8


async def test_a_busy_unit_holds_the_link_for_a_moment_only(
    hass: HomeAssistant, clock: VirtualClock
) -> None:
    busy, live = (
        SimulatedHeidelberg(connector_with_car()),
        SimulatedHeidelberg(connector_with_car()),
    )
    async with (
        serving({1: busy, 2: live}, Framing.RTU) as server,
        driving(
            hass,
            clock,
            "heidelberg_energy_control",
            connection(server, 2, LinkType.RTU_OVER_TCP),
        ) as rig,
        driving(
            hass,
            clock,
            "heidelberg_energy_control",
            connection(server, 1, LinkType.RTU_OVER_TCP),
        ) as neighbour,
    ):
        rig.vouch()
        neighbour.vouch()
        await until(lambda: rig.report.online and neighbour.report.online, 10)
        assert (await rig.charger.async_apply(1, rig.grant(12.0))).is_success
        busy.fault = Fault.BUSY
        for _ in range(20):
            rig.vouch()
            neighbour.vouch()
            for current_a in (10.0, 8.0):
                began = clock.seconds()
                assert (await rig.charger.async_apply(1, rig.grant(current_a))).is_success
                assert clock.seconds() - began < 2.0
            await asyncio.sleep(1)
        assert not neighbour.report.online


async def test_closing_does_not_wait_for_a_connection_that_hangs(
    hass: HomeAssistant, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    hanging = asyncio.Event()

    async def hang(*args: object, **kwargs: object) -> None:
        hanging.set()
        await asyncio.sleep(9)
        raise OSError("no route")

    monkeypatch.setattr(loop, "create_connection", hang)
    place = ModbusConnection(type=LinkType.TCP, host="192.0.2.1", port=502, unit_id=255)
    async with driving(hass, clock, "keba_p30", place) as rig:
        await hanging.wait()
        await asyncio.sleep(1)
        # A command does not wait for it for longer than commands may take.
        began = clock.seconds()
        result = await rig.charger.async_apply(1, rig.grant(6.0))
        assert result is ActionResult.TIMED_OUT
        assert clock.seconds() - began < 5.1
        began = clock.seconds()
        await rig.charger.async_close()
        assert clock.seconds() - began < 1.5
    await asyncio.sleep(10)
