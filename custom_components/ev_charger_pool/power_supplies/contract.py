"""What the pool expects of a DC power supply: EVerest's `power_supply_DC` with a watt grant."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from ..chargers.contract import DeviceIdentity
from ..pool.actions import ActionResult
from ..pool.members import Grant, Lease
from ..pool.readings import Reading


class SupplyMode(StrEnum):
    """What the output does; `FAULT` is reported, never commanded."""

    OFF = "off"
    EXPORT = "export"
    IMPORT = "import"
    FAULT = "fault"


class ChargingPhase(StrEnum):
    """A hint that goes with a mode; a plain supply may ignore it."""

    OTHER = "other"
    CABLE_CHECK = "cable_check"
    PRE_CHARGE = "pre_charge"
    CHARGING = "charging"


class SupplyError(StrEnum):
    """The errors of `power_supply_DC`; all but `VENDOR_WARNING` end a session."""

    COMMUNICATION_FAULT = "communication_fault"
    HARDWARE_FAULT = "hardware_fault"
    OVER_TEMPERATURE = "over_temperature"
    UNDER_TEMPERATURE = "under_temperature"
    UNDER_VOLTAGE_AC = "under_voltage_ac"
    OVER_VOLTAGE_AC = "over_voltage_ac"
    UNDER_VOLTAGE_DC = "under_voltage_dc"
    OVER_VOLTAGE_DC = "over_voltage_dc"
    OVER_CURRENT_AC = "over_current_ac"
    OVER_CURRENT_DC = "over_current_dc"
    VENDOR_ERROR = "vendor_error"
    VENDOR_WARNING = "vendor_warning"


class OffOutcome(StrEnum):
    """How `async_off` came back."""

    BELOW_THRESHOLD = "below_threshold"
    TIMED_OUT = "timed_out"
    COMMUNICATION_LOST = "communication_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyCapabilities:
    """What the supply can do now; the `nominal` fields are its rating plate.

    Field for field `power_supply_DC`'s Capabilities: volts, amps and watts at the DC output.
    """

    bidirectional: bool
    max_export_voltage_v: float
    min_export_voltage_v: float
    max_export_current_a: float
    min_export_current_a: float
    max_export_power_w: float
    current_regulation_tolerance_a: float
    peak_current_ripple_a: float
    nominal_max_export_voltage_v: float | None = None
    nominal_min_export_voltage_v: float | None = None
    nominal_max_export_current_a: float | None = None
    nominal_min_export_current_a: float | None = None
    nominal_max_export_power_w: float | None = None
    max_import_voltage_v: float | None = None
    min_import_voltage_v: float | None = None
    nominal_max_import_voltage_v: float | None = None
    nominal_min_import_voltage_v: float | None = None
    max_import_current_a: float | None = None
    min_import_current_a: float | None = None
    nominal_max_import_current_a: float | None = None
    nominal_min_import_current_a: float | None = None
    max_import_power_w: float | None = None
    nominal_max_import_power_w: float | None = None
    conversion_efficiency_import: float | None = None
    conversion_efficiency_export: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyWishes:
    """What the user wants of the supply; the grant bounds it.

    Attributes:
        mode: Off, export or import.
        voltage_v: Export set point, or the least terminal voltage for import.
        current_a: Output current limit.
        power_w: The user's own watt limit; None for the supply's.
    """

    mode: SupplyMode = SupplyMode.OFF
    voltage_v: float
    current_a: float
    power_w: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyReport:
    """The newest that is known of a supply; immutable, a new one replaces it.

    Attributes:
        arrived_at: When the newest part of it arrived, aware UTC.
        online: Whether the device answers now.
        mode: What the output does by the device's own word.
        voltage_v: Volts at the output.
        current_a: Amps at the output, positive is export.
        power_w: Watts at the output, positive is export (consumption from AC).
        wishes: What the user wants, as the driver holds it.
        capabilities: None until they are known; nothing is exported before.
        errors: What is wrong now, with a text for each.
    """

    arrived_at: datetime
    online: bool
    mode: SupplyMode
    voltage_v: Reading[float] | None = None
    current_a: Reading[float] | None = None
    power_w: Reading[float] | None = None
    wishes: SupplyWishes
    capabilities: SupplyCapabilities | None = None
    errors: dict[SupplyError, str] = field(default_factory=dict)


type SupplyListener = Callable[[SupplyReport], None]


class PowerSupply(Protocol):
    """A DC power supply.

    An implementation owes (EVerest, guidelines of `power_supply_DC`):

    - *Capabilities first*: published as soon as known and again when they change; no export
      before.
    - *Commands act at once or are cached*: while the device is out of reach the newest mode and
      set points are kept (never a queue), written first once it is back, and only then the
      error is cleared. An Off received meanwhile is what is replayed.
    - *Off is safe*: `async_off` returns when the current is below the relay-safe threshold, at a
      deadline of 3 s, or at once when communication is lost, and says which.
    - *Voltage and current at 1 Hz or faster*, unchanged values too; silence when the device is
      silent.
    - *The grant bounds the wishes*: with `power_w` of the newest grant, the output current is
      limited to what keeps voltage limit x current within it (SR-13); 0 W is Off. Losing the
      grant's lease is 0 W too, as long as this process lives to do it.
    - *Nothing raises past it*, it never decides, and only decisions feed watchdogs, as with a
      `Charger`.
    """

    @property
    def identity(self) -> DeviceIdentity:
        """Who the device says it is."""
        ...

    @property
    def online(self) -> bool:
        """Whether it answers now."""
        ...

    @property
    def capabilities(self) -> SupplyCapabilities | None:
        """What it can do now; None until known."""
        ...

    @property
    def lease(self) -> Lease | None:
        """The device's own watchdog; None when it has none (SR-5)."""
        ...

    @property
    def settle(self) -> timedelta:
        """Time until a change shows in the output (`S`)."""
        ...

    def subscribe(self, listener: SupplyListener) -> Callable[[], None]:
        """Have a listener called with each new report; call the answer to end it."""
        ...

    def vouch(self, until: datetime) -> None:
        """Tell that a fresh decision stands behind the newest grant until then (SR-4)."""
        ...

    async def async_apply(self, grant: Grant) -> ActionResult:
        """Bring a grant onto the device, or renew it."""
        ...

    async def async_set_wishes(self, wishes: SupplyWishes) -> ActionResult:
        """Take the user's mode and set points, within the capabilities and the newest grant."""
        ...

    async def async_off(self) -> OffOutcome:
        """Switch the output off and return when its current is safe for a relay."""
        ...

    async def async_close(self) -> None:
        """Let go of the link and of everything else it holds."""
        ...
