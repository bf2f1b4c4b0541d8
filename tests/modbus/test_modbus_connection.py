"""Where a Modbus unit is, read from config data."""

from modbus_connection import ModbusSerialParams, ModbusTcpParams
import pytest

from custom_components.ev_charger_pool.modbus.connection import (
    LinkType,
    ModbusConnection,
    Parity,
    SerialSettings,
)

EVEN = SerialSettings(baudrate=19200, parity=Parity.EVEN, stopbits=1)


def test_tcp() -> None:
    connection = ModbusConnection.from_config(
        {"type": "tcp", "host": " Keba.local ", "port": 502.0, "unit_id": 255}
    )
    assert connection.type is LinkType.TCP
    assert connection.params(EVEN) == ModbusTcpParams(host="keba.local", port=502)
    assert str(connection) == "Keba.local:502 unit 255"


@pytest.mark.parametrize(
    ("host", "device"),
    [
        ("192.0.2.7", "socket://192.0.2.7:4001"),
        ("2001:db8::7", "socket://[2001:db8::7]:4001"),
    ],
)
def test_rtu_over_tcp_is_a_serial_link_on_a_socket(host: str, device: str) -> None:
    connection = ModbusConnection.from_config(
        {"type": "rtu_over_tcp", "host": host, "port": 4001, "unit_id": 1}
    )
    # The rate that every user of such a link in Home Assistant has.
    assert connection.params(EVEN) == ModbusSerialParams(device=device, baudrate=115200)


@pytest.mark.parametrize(("baudrate", "expected"), [(None, 19200), (9600, 9600)])
def test_serial_takes_the_devices_line_settings(baudrate: int | None, expected: int) -> None:
    connection = ModbusConnection.from_config(
        {"type": "serial", "device": "/dev/ttyUSB0", "baudrate": baudrate, "unit_id": 1}
    )
    assert connection.params(EVEN) == ModbusSerialParams(
        device="/dev/ttyUSB0", baudrate=expected, parity="E", stopbits=1
    )
    assert str(connection) == "/dev/ttyUSB0 unit 1"


@pytest.mark.parametrize(
    ("parity", "letter"), [(Parity.NONE, "N"), (Parity.EVEN, "E"), (Parity.ODD, "O")]
)
def test_parity(parity: Parity, letter: str) -> None:
    assert parity.letter == letter


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ({}, "type"),
        ({"type": "udp", "unit_id": 1}, "use one of tcp, rtu_over_tcp, serial"),
        ({"type": "tcp", "host": "a", "port": 502}, "unit_id"),
        ({"type": "tcp", "host": "a", "port": 502, "unit_id": 256}, "0 to 255"),
        ({"type": "tcp", "host": "a", "port": 502, "unit_id": True}, "unit_id"),
        ({"type": "tcp", "host": "a", "port": 502, "unit_id": "1"}, "unit_id"),
        ({"type": "tcp", "host": "  ", "port": 502, "unit_id": 1}, "host"),
        ({"type": "tcp", "port": 502, "unit_id": 1}, "host"),
        ({"type": "tcp", "host": "a", "port": 0, "unit_id": 1}, "port"),
        ({"type": "tcp", "host": "a", "port": 70000, "unit_id": 1}, "port"),
        ({"type": "tcp", "host": "a", "port": 1.5, "unit_id": 1}, "port"),
        ({"type": "serial", "unit_id": 1}, "device"),
        ({"type": "serial", "device": "/dev/x", "baudrate": 7, "unit_id": 1}, "baudrate"),
    ],
)
def test_what_is_impossible_is_said(data: dict[str, object], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        ModbusConnection.from_config(data)
