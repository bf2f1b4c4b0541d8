"""Values and raw numbers."""

from hypothesis import given, strategies as st
from modbus_connection.mock import MockModbusUnit
import pytest

from custom_components.ev_charger_pool.modbus.profiles import load_profiles
from custom_components.ev_charger_pool.modbus.registers import Registers, bits_of

NOMINAL = {"nominal_voltage": 80.0, "nominal_current": 120.0, "nominal_power": 5000.0}


@pytest.fixture
def heidelberg(mock_modbus_unit: MockModbusUnit) -> Registers:
    return Registers(mock_modbus_unit, load_profiles()["heidelberg_energy_control"])


@pytest.fixture
def ea(mock_modbus_unit: MockModbusUnit) -> Registers:
    return Registers(mock_modbus_unit, load_profiles()["ea_psb_bidirectional"], nominal=NOMINAL)


@given(current_a=st.floats(min_value=0, max_value=40))
def test_what_a_device_is_told_is_never_more(current_a: float) -> None:
    from modbus_connection.mock import MockModbusConnection

    unit = MockModbusConnection().for_unit(1)
    for name, nominal in (
        ("heidelberg_energy_control", None),
        ("ea_psb_bidirectional", NOMINAL),
        ("riden_rd60xx", None),
    ):
        registers = Registers(unit, load_profiles()[name], nominal=nominal)
        signal = "current_limit" if name.startswith("heidel") else "set_current"
        told = registers.told(signal, current_a)
        assert told <= current_a + 1e-4
        if signal == "current_limit":
            assert told == 0 or 6.0 <= told <= 16.0
        else:
            assert told > current_a - registers.scale(signal) - 1e-4


@pytest.mark.parametrize(
    ("value", "raw"), [(0.0, 0), (5.99, 0), (6.0, 60), (6.3, 63), (10.19, 101), (17.0, 160)]
)
def test_a_limit_below_the_least_is_off(heidelberg: Registers, value: float, raw: int) -> None:
    assert heidelberg.raw("current_limit", value) == raw


def test_percent_of_the_nominal_value(ea: Registers) -> None:
    assert ea.raw("set_voltage", 80.0) == 52428
    assert ea.raw("set_voltage", 40.0) == 26214
    assert ea.raw("set_voltage", 1000.0) == 53477


def test_a_nominal_value_has_to_be_read_first(mock_modbus_unit: MockModbusUnit) -> None:
    registers = Registers(mock_modbus_unit, load_profiles()["ea_psb_bidirectional"])
    with pytest.raises(LookupError, match="nominal_voltage"):
        registers.scale("set_voltage")
    with pytest.raises(LookupError, match="None"):
        registers.nominal(None)


async def test_a_group_is_one_request(
    heidelberg: Registers, mock_modbus_unit: MockModbusUnit
) -> None:
    group = load_profiles()["heidelberg_energy_control"].reads[0]
    mock_modbus_unit.input = {5: [7, 101, 99, 100, 65535, 230, 231, 229, 1, 6900, 0, 0, 0x1, 0x2]}
    values = await heidelberg.reader(group.signals)()
    assert len(mock_modbus_unit.read_events) == 1
    assert values["current_l1"] == pytest.approx(10.1)
    assert values["temperature"] == pytest.approx(-0.1)
    assert values["energy_total"] == 0x10002


async def test_a_write_is_one_frame_with_function_6(
    heidelberg: Registers, mock_modbus_unit: MockModbusUnit
) -> None:
    codes: list[tuple[int, int, list[int] | list[bool]]] = []
    mock_modbus_unit.on_write(
        lambda event: codes.append((event.function_code, event.address, event.values))
    )
    await heidelberg.write("current_limit", 105)
    assert codes == [(6, 261, [105])]


@pytest.mark.parametrize(
    ("name", "value", "plausible"),
    [
        ("current_l1", 16.0, True),
        ("current_l1", 6553.5, False),
        ("current_l1", -1.0, False),
        ("current_l1", None, False),
        ("current_l1", float("nan"), False),
        ("current_l1", float("inf"), False),
        ("state", 7, True),
        ("state", 12, False),
        ("energy_total", 4e9, True),
    ],
)
def test_what_can_be_true(
    heidelberg: Registers, name: str, value: float | None, plausible: bool
) -> None:
    assert heidelberg.is_plausible(name, value) is plausible


def test_what_can_be_true_of_a_nominal_value(ea: Registers) -> None:
    assert ea.is_plausible("actual_voltage", 90.0)
    assert not ea.is_plausible("actual_voltage", 110.0)
    assert ea.is_plausible("manufacturer", "EA")


@pytest.mark.parametrize(
    ("part", "value"), [("control_location", 3), ("output", 1), ("remote_inhibit", 0)]
)
def test_parts_of_a_bit_field(part: str, value: int) -> None:
    signal = load_profiles()["ea_psb_bidirectional"].signals["status"]
    assert bits_of(signal, part, 0x00000483) == value
