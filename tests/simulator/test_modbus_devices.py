"""Simulated Modbus devices behave like the real ones, seen through a plain client."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
import struct

from modbus_connection import (
    IllegalDataAddressError,
    IllegalDataValueError,
    IllegalFunctionError,
    ModbusExceptionError,
    ModbusTcpParams,
    ModbusTimeoutError,
    ModbusUnit,
    ServerDeviceFailureError,
)
from modbus_connection.tmodbus import ModbusConnection
import pytest

from custom_components.ev_charger_pool.pool.quantities import PHASES
from custom_components.ev_charger_pool.simulator.dc import DcBattery, SimulatedSupply
from custom_components.ev_charger_pool.simulator.modbus_devices import (
    EaRating,
    Fault,
    RidenModel,
    SimulatedEaPsb,
    SimulatedHeidelberg,
    SimulatedKeba,
    SimulatedModbusDevice,
    SimulatedModbusServer,
    SimulatedRiden,
)
from custom_components.ev_charger_pool.simulator.modbus_server import (
    Function,
    RefusedRequestError,
)
from custom_components.ev_charger_pool.simulator.plant import SimulatedConnector
from tests.modbus.rig import battery_supply, connector_with_car, flowing, serving
from tests.modbus.virtual_time import VirtualClock, virtual_time


@pytest.fixture
async def clock(socket_enabled: None) -> AsyncIterator[VirtualClock]:
    async with virtual_time() as clock:
        yield clock


@asynccontextmanager
async def client(
    devices: Mapping[int, SimulatedModbusDevice],
) -> AsyncIterator[Callable[[int], ModbusUnit]]:
    async with serving(devices) as server:
        connection = ModbusConnection(
            ModbusTcpParams(host="127.0.0.1", port=server.port), timeout=1.0
        )
        try:
            yield connection.for_unit
        finally:
            await connection.close()


async def paced(seconds: float = 0.11) -> None:
    await asyncio.sleep(seconds)


async def number(unit: ModbusUnit, address: int) -> int:
    """Read a value of a KEBA."""
    await paced(0.5)
    high, low = await unit.read_holding_registers(address, 2)
    return high << 16 | low


class TestServer:
    async def test_nobody_answers_for_a_unit_that_is_not_there(self, clock: VirtualClock) -> None:
        async with client({1: SimulatedHeidelberg(connector_with_car())}) as units:
            with pytest.raises(ModbusTimeoutError):
                await units(2).read_input_registers(4, 1)
            assert await units(1).read_input_registers(4, 1) == [0x0107]

    async def test_a_port_that_is_taken_is_an_error(self, clock: VirtualClock) -> None:
        async with serving({1: SimulatedHeidelberg(connector_with_car())}) as server:
            second = SimulatedModbusServer(port=server.port, devices=server.devices)
            with pytest.raises(RuntimeError):
                await second.async_start()
            await second.async_stop()

    async def test_stopping_twice_is_no_error(self, clock: VirtualClock) -> None:
        server = SimulatedModbusServer(devices={})
        server.drop_connections()
        await server.async_start()
        await server.async_stop()
        await server.async_stop()

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (Fault.SILENT, ModbusTimeoutError),
            (Fault.FAILING, ServerDeviceFailureError),
        ],
    )
    async def test_faults(self, clock: VirtualClock, fault: Fault, error: type[Exception]) -> None:
        box = SimulatedHeidelberg(connector_with_car())
        async with client({1: box}) as units:
            box.fault = fault
            with pytest.raises(error):
                await units(1).read_input_registers(4, 1)
            await paced()
            with pytest.raises(error):
                await units(1).write_register(261, 0)
            assert box.writes == []

    async def test_busy(self) -> None:
        box = SimulatedHeidelberg(connector_with_car())
        box.fault = Fault.BUSY
        with pytest.raises(RefusedRequestError, match="BUSY"):
            box.handle_read(Function.READ_INPUT, 4, 1)

    async def test_nonsense(self, clock: VirtualClock) -> None:
        box = SimulatedHeidelberg(connector_with_car())
        async with client({1: box}) as units:
            box.fault = Fault.NONSENSE
            assert await units(1).read_input_registers(5, 2) == [0xFFFF, 0xFFFF]

    async def test_a_function_that_no_device_knows(self, clock: VirtualClock) -> None:
        async with client({1: SimulatedHeidelberg(connector_with_car())}) as units:
            with pytest.raises(IllegalFunctionError):
                await units(1).mask_write_register(261, 0, 0)
            await paced()
            with pytest.raises(IllegalFunctionError):
                await units(1).read_discrete_inputs(1, 1)
            await paced()
            with pytest.raises(IllegalFunctionError):
                await units(1).read_coils(1, 1)


class TestHeidelberg:
    async def test_states_follow_car_and_limit(self, clock: VirtualClock) -> None:
        connector = SimulatedConnector(phases=PHASES, max_current_a=16.0)
        box = SimulatedHeidelberg(connector)
        async with client({1: box}) as units:
            unit = units(1)

            async def state() -> int:
                await paced()
                return (await unit.read_input_registers(5, 1))[0]

            async def write(address: int, value: int) -> None:
                await paced()
                await unit.write_register(address, value)

            assert await state() == 3
            await write(261, 0)
            assert await state() == 2
            car = connector_with_car()
            assert car.car is not None
            connector.plug_in(car.car.car)
            assert await state() == 6
            await write(261, 100)
            assert await state() == 7
            assert connector.offered_a == 10.0
            await write(259, 0)
            assert await state() == 10
            assert connector.offered_a == 0

    async def test_values_that_it_does_not_take(self, clock: VirtualClock) -> None:
        box = SimulatedHeidelberg(connector_with_car())
        async with client({1: box}) as units:
            for address, value in ((261, 30), (261, 161), (262, 59), (258, 1), (259, 2)):
                await paced()
                with pytest.raises(IllegalDataValueError):
                    await units(1).write_register(address, value)
            await paced()
            with pytest.raises(IllegalDataAddressError):
                await units(1).write_register(300, 1)
            await paced()
            with pytest.raises(IllegalDataAddressError):
                await units(1).read_holding_registers(300, 1)
            await paced()
            await units(1).write_registers(261, [80, 60])
            assert box.limit_a == 8.0

    async def test_any_request_feeds_its_watchdog(self, clock: VirtualClock) -> None:
        connector = connector_with_car()
        box = SimulatedHeidelberg(connector)
        async with client({1: box}) as units:
            await units(1).write_registers(257, [5000])
            await paced()
            await units(1).write_registers(261, [160, 70])
            for _ in range(5):
                await paced(4)
                await units(1).read_input_registers(4, 1)
                assert connector.offered_a == 16.0
            await paced(5.5)
            assert connector.offered_a == 7.0
            # The next request brings back what it was told before.
            await units(1).read_input_registers(4, 1)
            assert connector.offered_a == 16.0

    async def test_a_watchdog_of_0_never_runs_out(self, clock: VirtualClock) -> None:
        box = SimulatedHeidelberg(connector_with_car())
        async with client({1: box}) as units:
            await units(1).write_register(257, 0)
            await paced(100)
            assert not box.has_lapsed

    async def test_requests_in_a_row_get_lost(self, clock: VirtualClock) -> None:
        box = SimulatedHeidelberg(connector_with_car())
        async with client({1: box}) as units:
            await units(1).read_input_registers(4, 1)
            with pytest.raises(ModbusTimeoutError):
                await units(1).read_input_registers(4, 1)
            assert box.too_early == 1

    async def test_it_falls_asleep_unless_standby_is_disabled(self, clock: VirtualClock) -> None:
        boxes = {
            number: SimulatedHeidelberg(SimulatedConnector(phases=PHASES, max_current_a=16.0))
            for number in (1, 2)
        }
        for box in boxes.values():
            box.STANDBY_S = 30.0  # type: ignore[misc]
        async with client(boxes) as units:
            await units(1).write_register(258, 4)
            await units(2).read_input_registers(4, 1)
            for _ in range(4):
                await paced(10)
                await units(1).read_input_registers(4, 1)
            with pytest.raises(ModbusTimeoutError):
                await units(2).read_input_registers(4, 1)

    async def test_a_power_cut(self, clock: VirtualClock) -> None:
        connector = connector_with_car()
        box = SimulatedHeidelberg(connector)
        async with client({1: box}) as units:
            await units(1).write_register(261, 60)
            box.power_cycle()
            with pytest.raises(ModbusTimeoutError):
                await units(1).read_holding_registers(261, 1)
            await paced(6)
            assert await units(1).read_holding_registers(261, 1) == [160]


class TestKeba:
    async def test_values_are_two_registers_and_nothing_else(self, clock: VirtualClock) -> None:
        connector = connector_with_car(32.0)
        box = SimulatedKeba(connector)
        async with flowing(connector), client({255: box}) as units:
            unit = units(255)
            assert str(await number(unit, 1016))[0] == "3"
            await paced(15)
            assert await number(unit, 1000) == 3
            assert await number(unit, 1004) == 7
            assert await number(unit, 1008) == pytest.approx(31_800, abs=300)
            assert await number(unit, 1020) == pytest.approx(connector.power_w * 1000, abs=5e4)
            await paced(0.5)
            with pytest.raises(IllegalDataAddressError):
                await unit.read_holding_registers(1008, 4)
            await paced(0.5)
            with pytest.raises(IllegalDataAddressError):
                await unit.read_holding_registers(1009, 2)
            await paced(0.5)
            with pytest.raises(IllegalFunctionError):
                await unit.read_input_registers(1000, 2)
            with pytest.raises(IllegalFunctionError):
                await unit.write_registers(5004, [10000])

    async def test_a_write_that_comes_too_early_is_acknowledged_and_lost(
        self, clock: VirtualClock
    ) -> None:
        box = SimulatedKeba(connector_with_car(32.0))
        async with client({255: box}) as units:
            await units(255).write_register(5004, 10000)
            await paced(2)
            await units(255).write_register(5004, 20000)
            assert box.limit_a == 10.0
            assert box.too_early == 1
            await paced(3.1)
            await units(255).write_register(5004, 20000)
            assert box.limit_a == 20.0

    async def test_values_that_it_does_not_take(self, clock: VirtualClock) -> None:
        box = SimulatedKeba(connector_with_car(32.0))
        async with client({255: box}) as units:
            for address, value in ((5004, 5000), (5004, 0), (5014, 2), (5016, 1), (5018, 5)):
                with pytest.raises(IllegalDataValueError):
                    await units(255).write_register(address, value)
            with pytest.raises(IllegalDataAddressError):
                await units(255).write_register(5099, 1)

    async def test_its_watchdog_is_fed_by_its_time(self, clock: VirtualClock) -> None:
        connector = connector_with_car(32.0)
        box = SimulatedKeba(connector)
        async with client({255: box}) as units:
            await units(255).write_register(5016, 6000)
            await paced(5.1)
            await units(255).write_register(5018, 12)
            for _ in range(4):
                # Reading alone does not feed it.
                await paced(5.1)
                await number(units(255), 1000)
            assert connector.offered_a == 6.0
            assert await number(units(255), 1100) == 6000
            assert await number(units(255), 1600) == 6000
            assert await number(units(255), 1602) == 12
            await units(255).write_register(5018, 12)
            assert connector.offered_a == 32.0

    async def test_states(self, clock: VirtualClock) -> None:
        connector = connector_with_car(32.0)
        box = SimulatedKeba(connector)
        async with client({255: box}) as units:
            await units(255).write_register(5014, 0)
            assert await number(units(255), 1000) == 5
            box.error_code = 7
            assert await number(units(255), 1000) == 4
            box.error_code = 0
            connector.unplug()
            assert await number(units(255), 1000) == 1
            assert await number(units(255), 1004) == 3

    async def test_a_power_cut(self, clock: VirtualClock) -> None:
        box = SimulatedKeba(connector_with_car(32.0))
        async with client({255: box}) as units:
            await units(255).write_register(5014, 0)
            box.power_cycle()
            with pytest.raises(ModbusTimeoutError):
                await units(255).read_holding_registers(1000, 2)
            await paced(10)
            assert await number(units(255), 1000) == 3
            assert box.limit_a == 32.0


class TestEaPsb:
    async def test_ratings_and_texts(self, clock: VirtualClock) -> None:
        ea = SimulatedEaPsb(battery_supply(), EaRating(voltage_v=200, current_a=70, power_w=5000))
        async with client({0: ea}) as units:
            words = await units(0).read_holding_registers(121, 6)
            figures = struct.unpack(">fff", struct.pack(">6H", *words))
            assert figures == (200.0, 70.0, 5000.0)
            model = await units(0).read_holding_registers(1, 20)
            assert struct.pack(">20H", *model).rstrip(b"\0") == b"PSB 10200-70"

    async def test_groups_are_not_crossed(self, clock: VirtualClock) -> None:
        async with client({0: SimulatedEaPsb(battery_supply())}) as units:
            with pytest.raises(IllegalDataAddressError):
                await units(0).read_holding_registers(502, 8)
            with pytest.raises(IllegalDataAddressError):
                await units(0).write_registers(500, [1, 2])
            with pytest.raises(IllegalFunctionError):
                await units(0).read_input_registers(505, 1)

    async def test_remote_control_comes_first(self, clock: VirtualClock) -> None:
        supply = battery_supply()
        ea = SimulatedEaPsb(supply)
        async with client({0: ea}) as units:
            for attempt in (units(0).write_coil(405, True), units(0).write_register(500, 100)):
                with pytest.raises(ModbusExceptionError) as denied:
                    await attempt
                assert denied.value.exception_code == 7
            await units(0).write_coil(402, True)
            await units(0).write_register(500, 36700)
            await units(0).write_register(501, 10000)
            await units(0).write_register(502, 52428)
            await units(0).write_coil(405, True)
            assert supply.on
            assert supply._set_voltage_v == pytest.approx(56.0, abs=0.01)
            assert supply._set_current_a == pytest.approx(22.9, abs=0.1)
            high, low = await units(0).read_holding_registers(505, 2)
            assert (high << 16 | low) & 1 << 7
            with pytest.raises(IllegalDataAddressError):
                await units(0).write_coil(499, True)
            with pytest.raises(IllegalDataAddressError):
                await units(0).read_coils(499, 1)

    async def test_coils_are_read_in_the_makers_own_way(self, clock: VirtualClock) -> None:
        supply = battery_supply()
        ea = SimulatedEaPsb(supply)
        assert ea.handle_read(Function.READ_COILS, 402, 1) == [0] * 16
        ea.is_remote = True
        assert ea.handle_read(Function.READ_COILS, 402, 1) == [1] * 8 + [0] * 8

    async def test_local_refuses_everything(self, clock: VirtualClock) -> None:
        ea = SimulatedEaPsb(battery_supply())
        async with client({0: ea}) as units:
            ea.set_local(True)
            with pytest.raises(ModbusExceptionError) as local:
                await units(0).write_coil(402, True)
            assert local.value.exception_code == 0x17

    async def test_limits_bound_the_set_points(self, clock: VirtualClock) -> None:
        ea = SimulatedEaPsb(battery_supply())
        async with client({0: ea}) as units:
            await units(0).write_coil(402, True)
            with pytest.raises(IllegalDataValueError):
                await units(0).write_register(499, 53478)
            ea.derate(60.0)
            with pytest.raises(IllegalDataValueError):
                await units(0).write_register(501, 30000)
            await units(0).write_register(501, 26000)

    async def test_which_limit_is_open_decides_the_direction(self, clock: VirtualClock) -> None:
        supply = battery_supply()
        ea = SimulatedEaPsb(supply)
        async with flowing(supply), client({0: ea}) as units:
            await units(0).write_coil(402, True)
            for address, value in ((500, 20000), (499, 10000), (498, 52428)):
                await units(0).write_register(address, value)
            await units(0).write_coil(405, True)
            await paced(3)
            assert supply.current_a < -20
            (amps,) = await units(0).read_holding_registers(508, 1)
            assert amps / 52428 * 120 == pytest.approx(-supply.current_a, abs=0.1)
            high, _ = await units(0).read_holding_registers(505, 2)
            assert high & 1 << 15
            ea.trip(2)
            assert not supply.on
            assert await units(0).read_holding_registers(520, 5) == [0, 0, 1, 0, 0]
            ea.power_cycle()
            assert await units(0).read_holding_registers(520, 5) == [0] * 5

    async def test_an_idle_connection_is_closed(self, clock: VirtualClock) -> None:
        async with client({0: SimulatedEaPsb(battery_supply())}) as units:
            unit = units(0)
            await unit.read_holding_registers(0, 1)
            lost: list[bool] = []
            unit.on_connection_lost(lambda: lost.append(True))
            await paced(4)
            assert lost == []
            await paced(2)
            assert lost == [True]


class TestRiden:
    async def test_it_does_what_it_is_told(self, clock: VirtualClock) -> None:
        supply = SimulatedSupply(phases=PHASES, load=DcBattery())
        riden = SimulatedRiden(supply, RidenModel(number=60181, amp=0.01))
        async with flowing(supply), client({1: riden}) as units:
            for address, value in ((8, 5000), (9, 1000), (18, 1)):
                await paced()
                await units(1).write_register(address, value)
            await paced(5)
            registers = await units(1).read_holding_registers(0, 20)
            assert registers[0] == 60181
            assert registers[10] == pytest.approx(supply.voltage_v * 100, abs=10)
            assert registers[11] == pytest.approx(1000, abs=10)
            assert registers[18] == 1
            riden.trip(1)
            assert not supply.on
            await paced()
            assert await units(1).read_holding_registers(16, 3) == [1, 0, 0]

    async def test_what_nobody_should_do(self, clock: VirtualClock) -> None:
        riden = SimulatedRiden(battery_supply())
        async with client({1: riden}) as units:
            await units(1).write_register(55, 1)
            assert riden.is_spoilt
            await paced()
            with pytest.raises(IllegalDataAddressError):
                await units(1).write_register(500, 1)
            with pytest.raises(ModbusTimeoutError):
                await units(1).read_holding_registers(0, 1)
            await paced()
            with pytest.raises(IllegalFunctionError):
                await units(1).read_input_registers(0, 1)
            riden.press_output()
            assert riden.is_on
            riden.power_cycle()
            assert not riden.is_on
