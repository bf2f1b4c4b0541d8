"""The values of a device: where they are, how they are put together, and what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ..pool.states import CableState, ChargingStatus, ComponentState
from ..power_supplies.contract import SupplyError


class Table(StrEnum):
    """A Modbus address space."""

    HOLDING = "holding"
    INPUT = "input"
    COIL = "coil"


class WordType(StrEnum):
    """How the words of a signal are put together, the high word first."""

    UINT16 = "uint16"
    INT16 = "int16"
    UINT32 = "uint32"
    FLOAT32 = "float32"
    BOOL = "bool"
    STRING = "string"

    @property
    def words(self) -> int | None:
        """How many registers it takes; None for a string, whose length is its own."""
        match self:
            case WordType.UINT16 | WordType.INT16 | WordType.BOOL:
                return 1
            case WordType.UINT32 | WordType.FLOAT32:
                return 2
            case WordType.STRING:
                return None


class Access(StrEnum):
    """What can be done with a signal."""

    READ = "r"
    WRITE = "w"
    READ_WRITE = "rw"

    @property
    def is_readable(self) -> bool:
        """Whether its own place can be read."""
        return self is not Access.WRITE

    @property
    def is_writable(self) -> bool:
        """Whether it can be written."""
        return self is not Access.READ


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a value is.

    Attributes:
        table: The address space.
        address: The number on the wire, from 0.
        type: How its words are put together.
        count: How many registers (or bits) it takes.
    """

    table: Table
    address: int
    type: WordType
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMeaning:
    """What one raw value of a state signal says; None where it does not say.

    Attributes:
        component: The state of the charger.
        cable: The state of its cable.
        charging: What the session does.
        paused: The same while the charger is switched off by the pool itself.
        text: What a person should know of it.
    """

    component: ComponentState | None = None
    cable: CableState | None = None
    charging: ChargingStatus | None = None
    paused: ChargingStatus | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One value of a device.

    Attributes:
        name: Its name in the profile.
        place: Where it is.
        access: What can be done there.
        readback: Where its effective value can be read, when that is elsewhere.
        scale: Value = raw x scale.
        unit: The unit of the value; None for a code.
        minimum: Least value that may be written, apart from `off_value`.
        maximum: Largest value that may be written.
        step: Resolution when written; values are rounded down to it.
        off_value: A value below `minimum` that the device knows as off.
        plausible: Lowest and highest value that a reading may have.
        plausible_share: The same as shares of the nominal value.
        relative_to: The signal whose value is the nominal one.
        full_scale: The raw value that stands for the nominal one.
        raw_maximum: Largest raw value that may be written.
        states: What raw values mean, for a state.
        bits: First and last bit of each part, for a bit field.
        errors: The error that a raw value means, for an alarm.
    """

    name: str
    place: Place
    access: Access = Access.READ
    readback: Place | None = None
    scale: float = 1.0
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    off_value: float | None = None
    plausible: tuple[float, float] | None = None
    plausible_share: tuple[float, float] | None = None
    relative_to: str | None = None
    full_scale: int | None = None
    raw_maximum: int | None = None
    states: Mapping[int, StateMeaning] = field(default_factory=dict)
    bits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    errors: Mapping[int, SupplyError] = field(default_factory=dict)

    @property
    def read_place(self) -> Place:
        """Where its value is read."""
        return self.readback or self.place

    @property
    def is_readable(self) -> bool:
        """Whether its value can be read anywhere."""
        return self.readback is not None or self.access.is_readable
