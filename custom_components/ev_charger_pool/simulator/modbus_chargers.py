"""Simulated Modbus chargers: a Heidelberg Energy Control and a KEBA P30."""

from collections.abc import Callable
from typing import Final, override

from .modbus_server import (
    ExceptionCode,
    Function,
    RefusedRequestError,
    SimulatedModbusDevice,
    UnansweredError,
    words,
)
from .plant import SimulatedConnector

_MILLI: Final = 1000

_BY_MODBUS: Final = 3
_BY_UDP: Final = 4
"""Who may switch the phases of a KEBA: nobody, OCPP, REST, Modbus or UDP, from 0 on."""


class SimulatedHeidelberg(SimulatedModbusDevice):
    """A Heidelberg Energy Control around a connector.

    Any request feeds its watchdog. When that runs out it offers the fail-safe current, and with
    the next request the limit that it was told last: a master has to lower that first.
    """

    SPACING_S: Final = 0.1
    """Requests that follow each other faster get lost."""
    STANDBY_S: Final = 720.0
    """Without a car it falls asleep after so long, where it may."""

    def __init__(self, connector: SimulatedConnector, *, boot_s: float = 5.0) -> None:
        """Build it.

        Args:
            connector: Its electrical side.
            boot_s: How long it is away when it starts.
        """
        super().__init__()
        self.connector = connector
        self._boot_s = boot_s
        self._away_until_s = 0.0
        self._heard_s: float | None = None
        self._busy_s = 0.0
        self._holding: dict[int, int] = {}
        self._set_defaults()

    @override
    def plug(self, clock: Callable[[], float]) -> None:
        super().plug(clock)
        self._busy_s = clock()

    def _set_defaults(self) -> None:
        self._holding = {257: 15000, 258: 0, 259: 1, 261: 160, 262: 0}

    def power_cycle(self) -> None:
        """Take its power away for a moment: it forgets what it was told."""
        self._set_defaults()
        self._away_until_s = self._clock() + self._boot_s
        self._heard_s = None
        self._offer()

    @property
    def has_lapsed(self) -> bool:
        """Whether its watchdog has run out."""
        timeout_ms = self._holding[257]
        if timeout_ms == 0 or self._heard_s is None:
            return False
        return self._clock() - self._heard_s > timeout_ms / _MILLI

    @property
    def limit_a(self) -> float:
        """What is in force now, in amps per phase."""
        if self._holding[259] == 0:
            return 0.0
        return self._holding[262 if self.has_lapsed else 261] / 10

    @override
    def accept(self, function: Function) -> None:
        now = self._clock()
        if now < self._away_until_s or self._is_asleep(now):
            raise UnansweredError
        if self._heard_s is not None and now - self._heard_s < self.SPACING_S * 0.9:
            self.too_early += 1
            raise UnansweredError
        self._heard_s = now
        if function not in {
            Function.READ_HOLDING,
            Function.READ_INPUT,
            Function.WRITE_REGISTER,
            Function.WRITE_REGISTERS,
        }:
            raise RefusedRequestError(ExceptionCode.ILLEGAL_FUNCTION)
        self._offer()

    def _is_asleep(self, now: float) -> bool:
        if self.connector.car_connected or self._holding[258] == 4:  # noqa: PLR2004 - its own code
            self._busy_s = now
        return now - self._busy_s > self.STANDBY_S

    @override
    def read(self, function: Function, address: int, count: int) -> list[int]:
        table = self._holding if function is Function.READ_HOLDING else self._input()
        # Gaps between its registers read as 0, ranges that it does not have are refused.
        low, high = (256, 263) if function is Function.READ_HOLDING else (4, 203)
        if not low <= address <= address + count - 1 <= high:
            raise RefusedRequestError(ExceptionCode.ILLEGAL_ADDRESS)
        return [table.get(number, 0) for number in range(address, address + count)]

    def _input(self) -> dict[int, int]:
        currents = [round(value * 10) for value in self.connector.current_a]
        volts = [round(value) for value in self.connector.voltage_v]
        energy = words(self.connector.energy_wh)
        return {
            4: 0x0107,
            5: self._state(),
            **dict(zip((6, 7, 8), currents, strict=True)),
            9: 251,
            **dict(zip((10, 11, 12), volts, strict=True)),
            13: 1,
            14: round(self.connector.power_w),
            **dict(zip((15, 16, 17, 18), energy * 2, strict=True)),
            100: 16,
            101: 6,
            200: 0x0100,
            203: 0x0107,
        }

    def _state(self) -> int:
        allowed = self.limit_a > 0
        if self._holding[259] == 0:
            return 10
        if not self.connector.car_connected:
            return 3 if allowed else 2
        if self.connector.car_wants_energy:
            return 7 if allowed else 6
        return 5 if allowed else 4

    @override
    def write(self, function: Function, address: int, values: list[int]) -> None:
        for number, value in enumerate(values, start=address):
            if number not in self._holding:
                raise RefusedRequestError(ExceptionCode.ILLEGAL_ADDRESS)
            if not self._takes(number, value):
                raise RefusedRequestError(ExceptionCode.ILLEGAL_VALUE)
        for number, value in enumerate(values, start=address):
            self._holding[number] = value
        self._offer()

    @staticmethod
    def _takes(address: int, value: int) -> bool:
        match address:
            case 258:
                return value in {0, 4}
            case 259:
                return value in {0, 1}
            case 261 | 262:
                return value == 0 or 60 <= value <= 160  # noqa: PLR2004 - 6 to 16 A
            case _:
                return True

    @override
    def tick(self) -> None:
        self._offer()

    def _offer(self) -> None:
        if self.connector.offered_a != self.limit_a:
            self.connector.offer(self.limit_a)


class SimulatedKeba(SimulatedModbusDevice):
    """A KEBA KeContact P30 around a connector.

    Writing its fail-safe time feeds its watchdog; once that has run out it offers the fail-safe
    current, whatever it was told before. A write within five seconds of the one before is
    acknowledged and lost.
    """

    READ_SPACING_S: Final = 0.5
    WRITE_SPACING_S: Final = 5.0

    def __init__(
        self, connector: SimulatedConnector, *, serial: int = 18_000_042, boot_s: float = 10.0
    ) -> None:
        """Build it.

        Args:
            connector: Its electrical side.
            serial: Its serial number.
            boot_s: How long it is away when it starts.
        """
        super().__init__()
        self.connector = connector
        self.error_code = 0
        self.has_phase_switch = False
        """Whether it was bought with the contactor for one phase."""
        self._phase_source = 0
        self._serial = serial
        self._boot_s = boot_s
        self._away_until_s = 0.0
        self._read_s = float("-inf")
        self._written_s = float("-inf")
        self._fed_s = 0.0
        self._limit_ma = 32000
        self._enabled = True
        self._failsafe_ma = 0
        self._failsafe_s = 0

    def power_cycle(self) -> None:
        """Take its power away for a moment: limit, switch and fail-safe are as from the maker."""
        self._limit_ma, self._enabled = 32000, True
        self._failsafe_ma, self._failsafe_s = 0, 0
        self._away_until_s = self._clock() + self._boot_s
        self._offer()

    @property
    def has_lapsed(self) -> bool:
        """Whether its watchdog has run out."""
        return self._failsafe_s > 0 and self._clock() - self._fed_s > self._failsafe_s

    @property
    def limit_a(self) -> float:
        """What is in force now, in amps per phase."""
        if self.has_lapsed:
            return self._failsafe_ma / _MILLI
        return self._limit_ma / _MILLI if self._enabled else 0.0

    @override
    def accept(self, function: Function) -> None:
        now = self._clock()
        if now < self._away_until_s:
            raise UnansweredError
        if function is Function.READ_HOLDING:
            # Half a frame's time of tolerance: the pause is kept by the master's own clock.
            if now - self._read_s < self.READ_SPACING_S - 0.05:
                self.too_early += 1
            self._read_s = now
        elif function is not Function.WRITE_REGISTER:
            raise RefusedRequestError(ExceptionCode.ILLEGAL_FUNCTION)

    @override
    def read(self, function: Function, address: int, count: int) -> list[int]:
        value = self._values().get(address)
        if value is None or count != 2:  # noqa: PLR2004 - one value has two registers
            raise RefusedRequestError(ExceptionCode.ILLEGAL_ADDRESS)
        return words(value)

    def _values(self) -> dict[int, float]:
        connector = self.connector
        currents = [value * _MILLI for value in connector.current_a]
        return {
            1000: self._state(),
            1004: 7 if connector.car_connected else 3,
            1006: self.error_code,
            **dict(zip((1008, 1010, 1012), currents, strict=True)),
            1014: self._serial,
            1016: 322_130,
            1018: 31_042,
            1020: connector.power_w * _MILLI,
            1036: connector.energy_wh * 10,
            **dict(zip((1040, 1042, 1044), connector.voltage_v, strict=True)),
            1046: 1000,
            1100: self._failsafe_ma if self.has_lapsed else self._limit_ma,
            1110: 32000,
            1500: 0,
            1502: 0,
            1550: self._phase_source,
            1552: self.connector.switched_on,
            1600: self._failsafe_ma,
            1602: self._failsafe_s,
        }

    def _state(self) -> int:
        if self.error_code:
            return 4
        if not self.connector.car_connected:
            return 1
        if self.limit_a <= 0:
            return 5
        return 3 if self.connector.car_wants_energy else 2

    @override
    def write(self, function: Function, address: int, values: list[int]) -> None:
        (value,) = values
        if not self._takes(address, value):
            raise RefusedRequestError(ExceptionCode.ILLEGAL_VALUE)
        now = self._clock()
        if now - self._written_s < self.WRITE_SPACING_S - 0.05:
            self.too_early += 1
            return
        self._written_s = now
        match address:
            case 5004:
                self._limit_ma = value
            case 5014:
                self._enabled = value == 1
            case 5016:
                self._failsafe_ma = value
            case 5050:
                self._phase_source = value
            case 5052:
                self._switch_phases(value)
            case _:
                self._failsafe_s = value
                self._fed_s = now
        self._offer()

    def _switch_phases(self, value: int) -> None:
        """Move the contactor, if it listens to Modbus."""
        if self._phase_source == _BY_MODBUS:
            self.connector.switch_phases(len(self.connector.phases) if value else 1)

    def _takes(self, address: int, value: int) -> bool:
        match address:
            case 5004:
                return 6000 <= value <= 63000  # noqa: PLR2004 - 6 to 63 A
            case 5014:
                return value in {0, 1}
            case 5016:
                return value == 0 or 6000 <= value <= 63000  # noqa: PLR2004 - 6 to 63 A
            case 5018:
                return value == 0 or 10 <= value <= 600  # noqa: PLR2004 - seconds
            case 5050:
                return self.has_phase_switch and value <= _BY_UDP
            case 5052:
                return self.has_phase_switch and value in {0, 1}
        raise RefusedRequestError(ExceptionCode.ILLEGAL_ADDRESS)

    @override
    def tick(self) -> None:
        self._offer()

    def _offer(self) -> None:
        offered_a = min(self.limit_a, self.connector.max_current_a)
        if self.connector.offered_a != offered_a:
            self.connector.offer(self.limit_a)
