"""What a device profile says: who the device is, what is read, and how it wants to be treated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
import re

from .connection import LinkType, SerialSettings
from .signals import Signal


class ProfileKind(StrEnum):
    """What a profile is for."""

    CHARGER = "charger"
    POWER_SUPPLY = "power_supply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One thing that the right device answers, found out by reading.

    Attributes:
        signal: What is read.
        means: What it is, for the message when it does not fit.
        minimum: Least number, None for no bound.
        maximum: Largest number, None for no bound.
        ranges: Numbers of which one range has to hold the value; empty for none.
        pattern: What the whole text, or the decimal digits of a number, has to match.
    """

    signal: str
    means: str
    minimum: float | None = None
    maximum: float | None = None
    ranges: tuple[tuple[int, int], ...] = ()
    pattern: re.Pattern[str] | None = None

    def fits(self, value: float | str | None) -> bool:
        """Whether a value that was read is the right device's."""
        if value is None:
            return False
        if self.pattern is not None:
            text = value if isinstance(value, str) else f"{value:.0f}"
            return self.pattern.fullmatch(text.strip()) is not None
        if isinstance(value, str):
            return bool(value.strip())
        if self.ranges and not any(low <= value <= high for low, high in self.ranges):
            return False
        return (self.minimum is None or value >= self.minimum) and (
            self.maximum is None or value <= self.maximum
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadGroup:
    """Signals that one request reads, and how often.

    Attributes:
        every: The interval that is aimed at.
        signals: What is read.
        essential: Whether a report without it would be misleading.
    """

    every: timedelta
    signals: tuple[str, ...]
    essential: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The least pauses that a device needs, each from the end of an exchange to the next.

    Attributes:
        request: Between any two requests.
        read: Between two reads.
        write: Between two writes.
        idle_disconnect: After this without traffic the device closes the connection.
    """

    request: timedelta = timedelta()
    read: timedelta = timedelta()
    write: timedelta = timedelta()
    idle_disconnect: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A kind of link that the device has, with its usual settings."""

    type: LinkType
    unit_id: int
    port: int | None = None
    serial: SerialSettings = field(default_factory=SerialSettings)


class FedBy(StrEnum):
    """What keeps a watchdog quiet."""

    ANY_REQUEST = "any_request"
    WRITE = "write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchdog:
    """The device's own fail-safe.

    Attributes:
        fed_by: What feeds it.
        timeout: The signal that holds its time.
        current: The signal that holds the current that it falls to.
        duration: The lease that is set.
        renewal: How often it is renewed (SR-8).
    """

    fed_by: FedBy
    timeout: str
    current: str
    duration: timedelta
    renewal: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A signal with two values that matter."""

    signal: str
    off: int
    on: int


class PauseBy(StrEnum):
    """How a charger is told 0 A."""

    LIMIT = "limit"
    SWITCH = "switch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A value that a signal has to have."""

    signal: str
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseSwitchTraits:
    """How a charger is told on how many phases to charge.

    Attributes:
        signal: What says it.
        one: Its raw number for one phase.
        all: Its raw number for all of them.
        prepare: What has to be set once before it listens.
        pause: How long nothing may flow before.
        settle: How long it takes.
    """

    signal: str
    one: int
    all: int
    prepare: tuple[Setting, ...] = ()
    pause: timedelta
    settle: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerTraits:
    """How a charger is told what to do; signals by name, currents in amps per phase.

    Attributes:
        phases: How many it has.
        min_current_a: Its smallest current.
        max_current_a: Its largest current, before it was asked.
        step_a: The resolution that it is told in.
        settle: `S`.
        raise_spacing: Least time between two raises.
        hardware_max: The signal with its largest current.
        hardware_min: The signal with its smallest current.
        reported_limit: The signal with the limit that is in force.
        pause: How 0 A is told.
        switch: The switch that lets it charge; needed for `PauseBy.SWITCH`.
        prepare: What has to be set once before it can be trusted.
        lock: The switch that makes it inoperative, when there is one of its own.
        error: A signal that is 0 while all is well.
        token: A signal that is 0 while nobody has identified.
        attributes: Further signals worth showing.
        phase_switch: How it switches phases, where it was bought with that.
    """

    phases: int
    min_current_a: float
    max_current_a: float
    step_a: float
    settle: timedelta
    raise_spacing: timedelta
    hardware_max: str | None = None
    hardware_min: str | None = None
    reported_limit: str | None = None
    pause: PauseBy
    switch: Switch | None = None
    prepare: tuple[Setting, ...] = ()
    lock: Switch | None = None
    error: str | None = None
    token: str | None = None
    attributes: tuple[str, ...] = ()
    phase_switch: PhaseSwitchTraits | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyTraits:
    """How a power supply is told what to do; signals by name.

    Attributes:
        bidirectional: Whether it can take power from its output.
        nominal_voltage: The signal with the nominal voltage; None where the variant says it.
        nominal_current: The same for the current.
        nominal_power: The same for the power.
        max_voltage: The signal with the highest voltage that may be set now (derating).
        max_current: The same for the current.
        max_power: The same for the power.
        tolerance_share: Accuracy of the current as a share of the nominal one.
        ripple_share: Ripple of the current, peak to peak, as a share of the nominal one.
        settle: `S`.
        remote: The switch that takes remote control.
        output: The switch of the output.
        denied_exceptions: Modbus exceptions that say that it is not in remote control, or that
            another interface holds it.
        local_exceptions: Modbus exceptions that say that a person has set it to Local.
        alarm: A signal that is 0 while all is well.
        alarm_counters: Signals that count alarms since the start.
    """

    bidirectional: bool
    nominal_voltage: str | None = None
    nominal_current: str | None = None
    nominal_power: str | None = None
    max_voltage: str | None = None
    max_current: str | None = None
    max_power: str | None = None
    tolerance_share: float
    ripple_share: float
    settle: timedelta
    remote: Switch | None = None
    output: Switch
    denied_exceptions: frozenset[int] = frozenset()
    local_exceptions: frozenset[int] = frozenset()
    alarm: str | None = None
    alarm_counters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A model of the family with figures of its own.

    Attributes:
        name: The model.
        ranges: Values of the model signal that mean it.
        when: Values that other signals must have as well.
        nominal_voltage_v: Rated volts.
        nominal_current_a: Rated amps.
        nominal_power_w: Rated watts.
        scales: Scales that differ from the profile's.
    """

    name: str
    ranges: tuple[tuple[int, int], ...]
    when: Mapping[str, int] = field(default_factory=dict)
    nominal_voltage_v: float
    nominal_current_a: float
    nominal_power_w: float
    scales: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """The models of a family; the first that fits counts."""

    signal: str
    models: tuple[Variant, ...]

    @property
    def conditions(self) -> frozenset[str]:
        """The further signals that tell models apart."""
        return frozenset(name for model in self.models for name in model.when)

    def choose(self, model: float, conditions: Mapping[str, float | str | None]) -> Variant | None:
        """Return the model that a device is; None when it is none of them.

        Args:
            model: The value of the model signal.
            conditions: The values of the further signals.
        """
        for variant in self.models:
            if any(low <= model <= high for low, high in variant.ranges) and all(
                conditions.get(name) == value for name, value in variant.when.items()
            ):
                return variant
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentitySignals:
    """The signals that say who a device is."""

    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A family of devices, as a data file of the package describes it.

    Exactly one of `charger` and `power_supply` is there, as `kind` says.
    """

    id: str
    kind: ProfileKind
    manufacturer: str
    models: tuple[str, ...]
    links: tuple[Link, ...]
    timing: Timing
    max_registers_per_read: int
    identify: tuple[Probe, ...]
    identity: IdentitySignals
    signals: Mapping[str, Signal]
    reads: tuple[ReadGroup, ...]
    charger: ChargerTraits | None = None
    power_supply: SupplyTraits | None = None
    watchdog: Watchdog | None = None
    variants: Variants | None = None

    @property
    def name(self) -> str:
        """The maker with the first model, for a list to choose from."""
        return f"{self.manufacturer} {self.models[0]}"

    def link(self, kind: LinkType) -> Link | None:
        """Return the settings for a kind of link; None when the device has no such link."""
        return next((link for link in self.links if link.type is kind), None)
