"""Where a Modbus unit is: the user's connection data, checked and typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Self

from modbus_connection import ModbusSerialParams, ModbusTcpParams

type LinkParams = ModbusTcpParams | ModbusSerialParams

# Home Assistant gives this rate to every serial framing over a socket; another one would clash with
# other users of the same link. A socket has no rate, so it changes nothing on the wire.
_SOCKET_BAUDRATE = 115200
_LARGEST_PORT = 65535
_LARGEST_UNIT = 255


class LinkType(StrEnum):
    """How the frames travel."""

    TCP = "tcp"
    RTU_OVER_TCP = "rtu_over_tcp"
    SERIAL = "serial"


class Parity(StrEnum):
    """The parity bit of a serial line."""

    NONE = "none"
    EVEN = "even"
    ODD = "odd"

    @property
    def letter(self) -> Literal["N", "E", "O"]:
        """The customary letter."""
        match self:
            case Parity.NONE:
                return "N"
            case Parity.EVEN:
                return "E"
            case Parity.ODD:
                return "O"


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialSettings:
    """What a device expects of a serial line beside its speed."""

    baudrate: int = 19200
    parity: Parity = Parity.NONE
    stopbits: Literal[1, 2] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusConnection:
    """Where one Modbus unit is.

    Attributes:
        type: How the frames travel.
        unit_id: The unit behind the link, 0 to 255.
        host: Name or address, for the two kinds over TCP.
        port: TCP port, for the same.
        device: Path of the serial port.
        baudrate: Speed of the serial line; None takes the device's usual one.
    """

    type: LinkType
    unit_id: int
    host: str | None = None
    port: int | None = None
    device: str | None = None
    baudrate: int | None = None

    @classmethod
    def from_config(cls, data: Mapping[str, object]) -> Self:
        """Read a connection from config data.

        Args:
            data: `type` with `host` and `port`, or with `device` and perhaps `baudrate`; and
                `unit_id`.

        Raises:
            ValueError: Something is missing or impossible; the message says what.
        """
        try:
            kind = LinkType(str(data.get("type")))
        except ValueError:
            known = ", ".join(LinkType)
            message = f"connection type {data.get('type')!r} is unknown: use one of {known}"
            raise ValueError(message) from None
        unit_id = _number(data, "unit_id", 0, _LARGEST_UNIT)
        if kind is LinkType.SERIAL:
            baudrate = None
            if data.get("baudrate") is not None:
                baudrate = _number(data, "baudrate", 300, 4_000_000)
            return cls(type=kind, unit_id=unit_id, device=_text(data, "device"), baudrate=baudrate)
        return cls(
            type=kind,
            unit_id=unit_id,
            host=_text(data, "host"),
            port=_number(data, "port", 1, _LARGEST_PORT),
        )

    def params(self, serial: SerialSettings) -> LinkParams:
        """Return the link as Home Assistant's Modbus integration wants it.

        Args:
            serial: The device's line settings, used for a serial port.
        """
        match self.type:
            case LinkType.TCP:
                return ModbusTcpParams(host=self.host or "", port=self.port or 0)
            case LinkType.RTU_OVER_TCP:
                host = self.host or ""
                # The colons of an IPv6 address would be taken for the port's.
                address = f"[{host}]" if ":" in host else host
                return ModbusSerialParams(
                    device=f"socket://{address}:{self.port}", baudrate=_SOCKET_BAUDRATE
                )
            case LinkType.SERIAL:
                return ModbusSerialParams(
                    device=self.device or "",
                    baudrate=self.baudrate or serial.baudrate,
                    parity=serial.parity.letter,
                    stopbits=serial.stopbits,
                )

    def __str__(self) -> str:
        """Return a short form for messages, for example `192.0.2.7:502 unit 255`."""
        place = self.device if self.type is LinkType.SERIAL else f"{self.host}:{self.port}"
        return f"{place} unit {self.unit_id}"


def _text(data: Mapping[str, object], key: str) -> str:
    """Return a text that must be there."""
    value = data.get(key)
    if not isinstance(value, str) or not value.strip():
        message = f"the connection needs a {key}"
        raise ValueError(message)
    return value.strip()


def _number(data: Mapping[str, object], key: str, lowest: int, highest: int) -> int:
    """Return a whole number that must be there and within bounds."""
    value = data.get(key)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        message = f"the connection's {key} has to be a number from {lowest} to {highest}"
        raise ValueError(message)
    return value
