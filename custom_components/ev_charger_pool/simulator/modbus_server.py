"""A real Modbus server on a real socket, in front of simulated devices."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, cast, override

from pymodbus.constants import ExcCodes
from pymodbus.datastore import ModbusServerContext
from pymodbus.exceptions import NoSuchIdException
from pymodbus.framer import FramerType
from pymodbus.pdu import ExceptionResponse, ModbusPDU
from pymodbus.server import ModbusTcpServer
from pymodbus.server.requesthandler import ServerRequestHandler

_TICK_S: Final = 0.1
"""Watchdogs are looked at this often."""


class Framing(StrEnum):
    """How frames travel on the socket."""

    TCP = "tcp"
    RTU = "rtu"


class Function(IntEnum):
    """The function codes that a device is asked with."""

    READ_COILS = 1
    READ_HOLDING = 3
    READ_INPUT = 4
    WRITE_COIL = 5
    WRITE_REGISTER = 6
    WRITE_COILS = 15
    WRITE_REGISTERS = 16


class ExceptionCode(IntEnum):
    """The exceptions that devices answer with; the last is one maker's own."""

    ILLEGAL_FUNCTION = 0x01
    ILLEGAL_ADDRESS = 0x02
    ILLEGAL_VALUE = 0x03
    FAILURE = 0x04
    BUSY = 0x06
    ACCESS_DENIED = 0x07
    LOCAL = 0x17


class RefusedRequestError(Exception):
    """The device answers with a Modbus exception."""

    def __init__(self, code: ExceptionCode) -> None:
        """Keep the code."""
        super().__init__(code.name)
        self.code = code


class UnansweredError(Exception):
    """The device does not answer at all."""


class Fault(StrEnum):
    """What is wrong with a device, by the wish of a test or of the user."""

    NONE = "none"
    SILENT = "silent"
    FAILING = "failing"
    BUSY = "busy"
    NONSENSE = "nonsense"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A write that a device was asked for."""

    at_s: float
    address: int
    values: tuple[int, ...]


class SimulatedModbusDevice(ABC):
    """What stands behind a unit id.

    Attributes:
        fault: What is wrong with it now.
        writes: Every write that it took, oldest first.
        requests: How many requests reached it.
        too_early: How many came sooner than it can bear.
    """

    idle_disconnect_s: float | None = None
    """After so long without traffic it closes the connection."""

    def __init__(self) -> None:
        self.fault = Fault.NONE
        self.writes: list[Write] = []
        self.requests = 0
        self.too_early = 0
        self._clock: Callable[[], float] = lambda: 0.0

    def plug(self, clock: Callable[[], float]) -> None:
        """Switch it on; `clock` gives rising seconds."""
        self._clock = clock

    @abstractmethod
    def accept(self, function: Function) -> None:
        """Take that a request came.

        Raises:
            UnansweredError: It is not answered.
            RefusedRequestError: It is refused, whatever it is.
        """

    @abstractmethod
    def read(self, function: Function, address: int, count: int) -> list[int]:
        """Return registers, or bits as 0 and 1.

        Raises:
            RefusedRequestError: It cannot be read.
        """

    @abstractmethod
    def write(self, function: Function, address: int, values: list[int]) -> None:
        """Take registers, or bits as 0 and 1.

        Raises:
            RefusedRequestError: It cannot be written.
        """

    @abstractmethod
    def tick(self) -> None:
        """Let time act on it."""

    def handle_read(self, function: Function, address: int, count: int) -> list[int]:
        """Answer a read, with the fault that it has."""
        self._meet(function)
        values = self.read(function, address, count)
        if self.fault is Fault.NONSENSE:
            return [0xFFFF if function is not Function.READ_COILS else 1 for _ in values]
        return values

    def handle_write(self, function: Function, address: int, values: list[int]) -> None:
        """Answer a write, with the fault that it has."""
        self._meet(function)
        self.write(function, address, values)
        self.writes.append(
            Write(at_s=self._clock(), address=address, values=tuple(int(value) for value in values))
        )

    def _meet(self, function: Function) -> None:
        self.requests += 1
        match self.fault:
            case Fault.SILENT:
                raise UnansweredError
            case Fault.FAILING:
                raise RefusedRequestError(ExceptionCode.FAILURE)
            case Fault.BUSY:
                raise RefusedRequestError(ExceptionCode.BUSY)
            case Fault.NONE | Fault.NONSENSE:
                self.accept(function)


def words(value: float) -> list[int]:
    """Return a number as two registers, the high word first."""
    raw = max(int(value), 0) & 0xFFFFFFFF
    return [raw >> 16, raw & 0xFFFF]


def text(value: str, count: int) -> list[int]:
    """Return a text as registers of two characters, padded with zeros."""
    data = value.encode("ascii").ljust(2 * count, b"\0")[: 2 * count]
    return [int.from_bytes(data[index : index + 2], "big") for index in range(0, 2 * count, 2)]


_WRITING: Final = frozenset({Function.WRITE_COIL, Function.WRITE_REGISTER})


def _function(code: int) -> Function:
    """Return what a device is asked.

    Raises:
        RefusedRequestError: No device knows it.
    """
    try:
        return Function(code)
    except ValueError:
        raise RefusedRequestError(ExceptionCode.ILLEGAL_FUNCTION) from None


class _Units(ModbusServerContext):
    """Hands pymodbus's requests to the devices."""

    def __init__(self, devices: Mapping[int, SimulatedModbusDevice]) -> None:
        # The parent's data blocks are not used: each device answers for itself.
        self.simdevices = []
        self._units = devices
        self._refusals: dict[int, ExceptionCode] = {}
        self._echoes: dict[int, list[int] | list[bool]] = {}

    @override
    async def async_getValues(
        self, device_id: int, func_code: int, address: int, count: int = 1
    ) -> list[int] | list[bool] | ExcCodes:
        if func_code in _WRITING:
            # pymodbus asks for what it has just written, to echo it.
            return self._echoes[device_id]
        try:
            values = self._device(device_id).handle_read(_function(func_code), address, count)
        except RefusedRequestError as error:
            return self._refuse(device_id, error.code)
        except UnansweredError as error:
            raise NoSuchIdException from error
        if func_code == Function.READ_COILS:
            return [bool(value) for value in values]
        return values

    @override
    async def async_setValues(
        self, device_id: int, func_code: int, address: int, values: list[int] | list[bool]
    ) -> ExcCodes | None:
        raw = [int(value) for value in values]
        try:
            self._device(device_id).handle_write(_function(func_code), address, raw)
        except RefusedRequestError as error:
            return self._refuse(device_id, error.code)
        except UnansweredError as error:
            raise NoSuchIdException from error
        self._echoes[device_id] = values
        return None

    @override
    def device_ids(self) -> list[int]:
        return list(self._units)

    def _device(self, unit_id: int) -> SimulatedModbusDevice:
        device = self._units.get(unit_id)
        if device is None:
            raise NoSuchIdException
        return device

    def _refuse(self, unit_id: int, code: ExceptionCode) -> ExcCodes:
        """Keep the code for the answer: pymodbus knows the standard ones only."""
        self._refusals[unit_id] = code
        return ExcCodes.DEVICE_FAILURE

    def put_code(self, sending: bool, pdu: ModbusPDU) -> ModbusPDU:  # noqa: FBT001 - pymodbus asks so
        """Put the device's own exception code into an answer on its way out."""
        if sending and isinstance(pdu, ExceptionResponse):
            pdu.exception_code = self._refusals.pop(pdu.dev_id, pdu.exception_code)
        return pdu


class _Handler(ServerRequestHandler):
    """One connection, which knows when something came last."""

    def __init__(self, server: _Server) -> None:
        super().__init__(server, None, server.trace_pdu, None)  # type: ignore[no-untyped-call]
        self.heard_at = server.loop.time()

    @override
    def callback_data(self, data: bytes, addr: tuple[str, int] | None = None) -> int:
        self.heard_at = self.server.loop.time()
        return int(super().callback_data(data, addr))


class _Server(ModbusTcpServer):
    """The server with such connections."""

    @override
    def callback_new_connection(self) -> _Handler:
        return _Handler(self)

    @property
    def handlers(self) -> list[_Handler]:
        """The connections that are open."""
        return [
            handler for handler in self.active_connections.values() if isinstance(handler, _Handler)
        ]


class SimulatedModbusServer:
    """A Modbus server on a TCP socket with simulated devices as its units."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        devices: Mapping[int, SimulatedModbusDevice],
        framing: Framing = Framing.TCP,
    ) -> None:
        """Prepare the server.

        Args:
            host: Where it listens.
            port: On which port; 0 picks a free one.
            devices: The devices by unit id.
            framing: Modbus TCP, or RTU frames as a serial gateway passes them on.
        """
        self.devices = dict(devices)
        self._host = host
        self._port = port
        self._framing = framing
        self._server: _Server | None = None
        self._ticker: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port

    async def async_start(self) -> None:
        """Listen.

        Raises:
            RuntimeError: The port is taken.
        """
        loop = asyncio.get_running_loop()
        for device in self.devices.values():
            device.plug(loop.time)
        units = _Units(self.devices)
        self._server = _Server(
            units,
            framer=FramerType.SOCKET if self._framing is Framing.TCP else FramerType.RTU,
            address=(self._host, self._port),
            # Nobody answers for a unit that is not there.
            ignore_missing_devices=True,
            trace_pdu=units.put_code,
        )
        await self._server.serve_forever(background=True)
        listener = cast("asyncio.Server", self._server.transport)
        self._port = listener.sockets[0].getsockname()[1]
        self._ticker = loop.create_task(self._tick(), name="simulated Modbus devices")

    async def async_stop(self) -> None:
        """Close the socket and every connection."""
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.wait((self._ticker,))
            self._ticker = None
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]
            self._server = None

    def drop_connections(self) -> None:
        """Close every connection, as a device does that restarts."""
        if self._server is not None:
            for handler in self._server.handlers:
                handler.close()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            for device in self.devices.values():
                device.tick()
            self._drop_idle()

    def _drop_idle(self) -> None:
        limits = [
            device.idle_disconnect_s
            for device in self.devices.values()
            if device.idle_disconnect_s is not None
        ]
        if not limits or self._server is None:
            return
        now = asyncio.get_running_loop().time()
        for handler in self._server.handlers:
            if now - handler.heard_at > min(limits):
                handler.close()
