"""Turns the signals of a profile into fields of a unit, and raw numbers into values."""

from collections.abc import Awaitable, Callable, Mapping
import math
from typing import Final

from modbus_connection import ModbusUnit
from modbus_connection.model import (
    CoilField,
    FloatField,
    ManualComponent,
    NumberField,
    RegisterField,
    StringField,
)

from .schema import Profile
from .signals import Place, Signal, Table, WordType

type Value = float | str | None

# Room for the error of a division, so that 0.3 / 0.1 is not rounded down to 2.
_ROUNDING: Final = 1e-6
_MASK: Final = 0xFFFF


class Registers:
    """The fields of one unit, with the scales that hold for its model."""

    def __init__(
        self,
        unit: ModbusUnit,
        profile: Profile,
        *,
        scales: Mapping[str, float] | None = None,
        nominal: Mapping[str, float] | None = None,
    ) -> None:
        """Make the fields.

        Args:
            unit: Where they are read and written.
            profile: What they are.
            scales: Scales of this model that differ from the profile's, by signal.
            nominal: Values of the signals that others are relative to, as far as known.
        """
        self._unit = unit
        self._profile = profile
        self._scales = scales or {}
        self._nominal = nominal or {}
        self._writer = ManualComponent(unit)
        for signal in profile.signals.values():
            if signal.access.is_writable:
                _add(self._writer, signal.name, signal.place, scale=1.0)

    def scale(self, name: str) -> float:
        """Return what one raw step of a signal is worth in its unit.

        Raises:
            LookupError: Its nominal value is not known yet.
        """
        signal = self._profile.signals[name]
        if signal.relative_to is not None and signal.full_scale is not None:
            return self.nominal(signal.relative_to) / signal.full_scale
        return self._scales.get(name, signal.scale)

    def nominal(self, name: str | None) -> float:
        """Return a nominal value that was read.

        Raises:
            LookupError: It was not.
        """
        if name is None or name not in self._nominal:
            message = f"the nominal value {name!r} is not known"
            raise LookupError(message)
        return self._nominal[name]

    def reader(self, names: tuple[str, ...]) -> Callable[[], Awaitable[dict[str, Value]]]:
        """Return a function that reads signals with one request."""
        span = self._profile.max_registers_per_read
        component = ManualComponent(self._unit, max_gap=span, max_span=span)
        for name in names:
            signal = self._profile.signals[name]
            _add(component, name, signal.read_place, scale=self.scale(name))

        async def read() -> dict[str, Value]:
            return await component.async_update()

        return read

    def raw(self, name: str, value: float) -> int:
        """Return the raw number for a value, rounded down to what the device can be told.

        A value between the off value and the least one becomes the off value: an offer below
        the least current is none.
        """
        signal = self._profile.signals[name]
        if signal.minimum is not None and value < signal.minimum - _ROUNDING:
            value = signal.minimum if signal.off_value is None else signal.off_value
        if signal.maximum is not None:
            value = min(value, signal.maximum)
        scale = self.scale(name)
        if signal.step is not None:
            value = math.floor(value / signal.step + _ROUNDING) * signal.step
        raw = max(math.floor(value / scale + _ROUNDING), 0)
        return min(raw, signal.raw_maximum or _MASK)

    def told(self, name: str, value: float) -> float:
        """Return the value that the device really gets when it is told this one."""
        return self.raw(name, value) * self.scale(name)

    async def write(self, name: str, raw: int) -> None:
        """Write a raw number with one request."""
        await self._writer.write(name, raw)

    def is_plausible(self, name: str, value: Value) -> bool:
        """Whether a value that was read can be true."""
        signal = self._profile.signals[name]
        if value is None:
            return False
        if isinstance(value, str):
            return True
        if not math.isfinite(value):
            return False
        if signal.states:
            return int(value) in signal.states
        bounds = signal.plausible
        if signal.plausible_share is not None and signal.relative_to is not None:
            nominal = self._nominal.get(signal.relative_to, math.inf)
            low, high = signal.plausible_share
            bounds = (low * nominal, high * nominal)
        return bounds is None or bounds[0] <= value <= bounds[1]


def bits_of(signal: Signal, part: str, value: float) -> int:
    """Return the number that a named part of a bit field holds."""
    first, last = signal.bits[part]
    return (int(value) >> first) & ((1 << (last - first + 1)) - 1)


def _add(component: ManualComponent, name: str, place: Place, scale: float) -> None:
    """Add the field for a place to a component."""
    writable = place.table is not Table.INPUT
    if place.table is Table.COIL:
        component.add(name, CoilField(place.address, writable=writable))
        return
    space: str = place.table
    component.add(
        name,
        _field(place, scale, writable=writable),
        space="input" if space == Table.INPUT else "holding",
    )


def _field(
    place: Place, scale: float, *, writable: bool
) -> RegisterField[float] | RegisterField[str]:
    match place.type:
        case WordType.FLOAT32:
            return FloatField(place.address, count=place.count, scale=scale, writable=writable)
        case WordType.STRING:
            return StringField(place.address, count=place.count, writable=writable)
        case _:
            return NumberField[float](
                place.address,
                count=place.count,
                signed=place.type is WordType.INT16,
                scale=scale,
                writable=writable,
            )
