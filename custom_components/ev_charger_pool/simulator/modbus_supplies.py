"""Simulated Modbus power supplies: an EA PSB and a Riden RD60xx."""

from dataclasses import dataclass
import struct
from typing import Final, override

from .dc import SimulatedSupply
from .modbus_server import (
    ExceptionCode,
    Function,
    RefusedRequestError,
    SimulatedModbusDevice,
    UnansweredError,
    text,
    words,
)

_FULL_SCALE: Final = 52428
_LARGEST_RAW: Final = 53477


@dataclass(frozen=True, slots=True, kw_only=True)
class EaRating:
    """The rating plate of a PSB: volts, amps and watts at its output."""

    voltage_v: float = 80.0
    current_a: float = 120.0
    power_w: float = 5000.0


class SimulatedEaPsb(SimulatedModbusDevice):
    """An EA PSB around the DC side of a supply.

    It has the maker's settings: it answers as unit 0, keeps remote control and output when the
    master goes away, and closes a connection that was idle for five seconds.
    """

    idle_disconnect_s = 5.0

    # Reads and writes must not run across these groups.
    GROUPS: Final = (
        (0, 0),
        (1, 20),
        (21, 40),
        (121, 130),
        (151, 170),
        (171, 190),
        (191, 210),
        (498, 504),
        (505, 512),
        (520, 524),
        (9000, 9009),
    )

    def __init__(self, supply: SimulatedSupply, rating: EaRating | None = None) -> None:
        """Build it.

        Args:
            supply: Its electrical side.
            rating: Its rating plate.
        """
        super().__init__()
        self.supply = supply
        self.rating = rating or EaRating()
        self.is_local = False
        """Whether a person has set it to Local at its panel."""
        self.is_remote = False
        """Whether the master has taken remote control."""
        self.is_on = False
        """Whether its output is on."""
        self._set = dict.fromkeys((498, 499, 500, 501, 502), 0)
        self._limits = {9000: _LARGEST_RAW, 9002: _LARGEST_RAW, 9004: _LARGEST_RAW}
        self._alarms = [0] * 5

    def set_local(self, is_local: bool) -> None:  # noqa: FBT001 - the position of a switch
        """Have a person choose Local or give it free again; Local takes remote control away."""
        self.is_local = is_local
        if is_local:
            self.is_remote = False

    def press_output(self) -> None:
        """Have a person switch the output over at the panel."""
        self.is_on = not self.is_on
        self._apply()

    def derate(self, current_a: float) -> None:
        """Lower the highest current that may be set."""
        self._limits[9002] = round(current_a / self.rating.current_a * _FULL_SCALE)

    def trip(self, alarm: int) -> None:
        """Have an alarm (0 to 4) switch the output off."""
        self._alarms[alarm] += 1
        self.is_on = False
        self._apply()

    def power_cycle(self) -> None:
        """Take its power away for a moment."""
        self._set = dict.fromkeys(self._set, 0)
        self.is_remote = self.is_on = False
        self._alarms = [0] * 5
        self._apply()

    @override
    def accept(self, function: Function) -> None:
        if function is Function.READ_INPUT:
            raise RefusedRequestError(ExceptionCode.ILLEGAL_FUNCTION)

    @override
    def read(self, function: Function, address: int, count: int) -> list[int]:
        if function is Function.READ_COILS:
            state = {402: self.is_remote, 405: self.is_on}.get(address)
            if state is None or count != 1:
                raise RefusedRequestError(ExceptionCode.ILLEGAL_ADDRESS)
            # Two bytes, FF 00 or 00 00, as in its factory setting.
            return [int(state)] * 8 + [0] * 8
        if not any(low <= address <= address + count - 1 <= high for low, high in self.GROUPS):
            raise RefusedRequestError(ExceptionCode.ILLEGAL_ADDRESS)
        registers = self._registers()
        return [registers.get(number, 0) for number in range(address, address + count)]

    def _registers(self) -> dict[int, int]:
        rating = self.rating
        registers = {0: 38, **self._set, **self._limits}
        parts = {
            1: text(f"PSB 10{rating.voltage_v:03.0f}-{rating.current_a:.0f}", 20),
            21: text("EA Elektro-Automatik", 20),
            121: _float_words(rating.voltage_v),
            123: _float_words(rating.current_a),
            125: _float_words(rating.power_w),
            151: text("2410450001", 20),
            191: text("V3.02", 20),
            505: words(self._status()),
            507: [_share(self.supply.voltage_v, rating.voltage_v)],
            508: [_share(abs(self.supply.current_a), rating.current_a)],
            509: [_share(abs(self.supply.power_w), rating.power_w)],
            520: self._alarms,
        }
        for start, values in parts.items():
            registers.update(enumerate(values, start=start))
        return registers

    def _status(self) -> int:
        sinks = self.supply.current_a < 0
        return (6 if self.is_remote else 0) | (self.is_on << 7) | (sinks << 31)

    @override
    def write(self, function: Function, address: int, values: list[int]) -> None:
        if self.is_local:
            raise RefusedRequestError(ExceptionCode.LOCAL)
        if function is Function.WRITE_COIL:
            self._write_coil(address, on=bool(values[0]))
        elif address in self._set and len(values) == 1:
            self._write_set_point(address, values[0])
        else:
            raise RefusedRequestError(ExceptionCode.ILLEGAL_ADDRESS)
        self._apply()

    def _write_coil(self, address: int, *, on: bool) -> None:
        if address == 402:  # noqa: PLR2004 - remote control
            self.is_remote = on
        elif address == 405:  # noqa: PLR2004 - the output
            if not self.is_remote:
                raise RefusedRequestError(ExceptionCode.ACCESS_DENIED)
            self.is_on = on
        else:
            raise RefusedRequestError(ExceptionCode.ILLEGAL_ADDRESS)

    def _write_set_point(self, address: int, raw: int) -> None:
        if not self.is_remote:
            raise RefusedRequestError(ExceptionCode.ACCESS_DENIED)
        limit = {500: 9000, 501: 9002, 502: 9004}.get(address)
        highest = _LARGEST_RAW if limit is None else self._limits[limit]
        if raw > highest:
            raise RefusedRequestError(ExceptionCode.ILLEGAL_VALUE)
        self._set[address] = raw

    @override
    def tick(self) -> None:
        """Nothing happens by itself: it has no watchdog."""

    def _apply(self) -> None:
        """Set the electrical side; what decides between source and sink is which limit is open."""
        rating = self.rating
        sink_w, sink_a, voltage_v, current_a, power_w = (
            self._set[address] / _FULL_SCALE * full
            for address, full in (
                (498, rating.power_w),
                (499, rating.current_a),
                (500, rating.voltage_v),
                (501, rating.current_a),
                (502, rating.power_w),
            )
        )
        if current_a > 0 and power_w > 0:
            self.supply.set_output(self.is_on, voltage_v, current_a, power_w)
        elif sink_a > 0 and sink_w > 0:
            self.supply.set_output(self.is_on, voltage_v, -sink_a, sink_w)
        else:
            self.supply.set_output(self.is_on, voltage_v, 0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RidenModel:
    """A model of the family: its number, and what one raw step is worth."""

    number: int = 60062
    volt: float = 0.01
    amp: float = 0.001
    current_range: int = 0


class SimulatedRiden(SimulatedModbusDevice):
    """A Riden RD60xx around the DC side of a supply; it has no watchdog and no power limit."""

    SPACING_S: Final = 0.1
    CALIBRATION: Final = range(55, 63)

    def __init__(self, supply: SimulatedSupply, model: RidenModel | None = None) -> None:
        """Build it.

        Args:
            supply: Its electrical side.
            model: Which of the family it is.
        """
        super().__init__()
        self.supply = supply
        self.model = model or RidenModel()
        self.is_on = False
        self.alarm = 0
        self.is_spoilt = False
        """Whether somebody wrote to its calibration."""
        self._volts = 0
        self._amps = 0
        self._heard_s = float("-inf")

    def trip(self, alarm: int) -> None:
        """Have a protection switch the output off: 1 over-voltage, 2 over-current."""
        self.alarm = alarm
        self.is_on = False
        self._apply()

    def press_output(self) -> None:
        """Have a person switch the output over at the panel."""
        self.is_on = not self.is_on
        self._apply()

    def power_cycle(self) -> None:
        """Take its power away for a moment."""
        self.is_on, self.alarm = False, 0
        self._volts = self._amps = 0
        self._apply()

    @override
    def accept(self, function: Function) -> None:
        now = self._clock()
        if now - self._heard_s < self.SPACING_S * 0.9:
            self.too_early += 1
            raise UnansweredError
        self._heard_s = now
        if function not in {
            Function.READ_HOLDING,
            Function.WRITE_REGISTER,
            Function.WRITE_REGISTERS,
        }:
            raise RefusedRequestError(ExceptionCode.ILLEGAL_FUNCTION)

    @override
    def read(self, function: Function, address: int, count: int) -> list[int]:
        registers = {
            0: self.model.number,
            **dict(enumerate(words(3_141_592), start=1)),
            3: 142,
            5: 27,
            8: self._volts,
            9: self._amps,
            10: round(self.supply.voltage_v / self.model.volt),
            11: round(self.supply.current_a / self.model.amp),
            **dict(enumerate(words(self.supply.power_w * 100), start=12)),
            14: 6405,
            16: self.alarm,
            17: 0,
            18: int(self.is_on),
            20: self.model.current_range,
        }
        return [registers.get(number, 0) for number in range(address, address + count)]

    @override
    def write(self, function: Function, address: int, values: list[int]) -> None:
        for number, value in enumerate(values, start=address):
            match number:
                case 8:
                    self._volts = value
                case 9:
                    self._amps = value
                case 18 if value in {0, 1}:
                    self.is_on = bool(value)
                    self.alarm = 0
                case _ if number in self.CALIBRATION:
                    self.is_spoilt = True
                case _:
                    raise RefusedRequestError(ExceptionCode.ILLEGAL_ADDRESS)
        self._apply()

    @override
    def tick(self) -> None:
        """Nothing happens by itself: it has no watchdog."""

    def _apply(self) -> None:
        self.supply.set_output(
            self.is_on, self._volts * self.model.volt, self._amps * self.model.amp, None
        )


def _float_words(value: float) -> list[int]:
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return [high, low]


def _share(value: float, nominal: float) -> int:
    return min(max(round(value / nominal * _FULL_SCALE), 0), 0xFFFF)
