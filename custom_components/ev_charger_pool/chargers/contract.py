"""What the pool expects of a charger, whatever it speaks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from ..pool.actions import ActionResult
from ..pool.members import Grant, Lease, PhaseSwitching
from ..pool.quantities import PhaseReadings
from ..pool.readings import Reading
from ..pool.states import CableState, ChargingStatus, ComponentState


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceIdentity:
    """Who a device says it is; None where it does not tell."""

    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorCapabilities:
    """What one connector can do, as far as known without trying.

    Attributes:
        connector: Its number, from 1.
        phases: How many phases it has.
        min_current_a: Smallest current per phase that it can offer.
        max_current_a: Largest current per phase of the hardware.
        step_a: Resolution of its limit.
        lease: Its watchdog; None when it has none (SR-5).
        settable_fail_safe: Whether the lapse current can be chosen; else `fail_safe_a` is fixed.
        fail_safe_a: The lapse current where it cannot be chosen.
        settle: Time until a change shows in the draw (`S`).
        raise_spacing: Least time between two raises (write budget).
        measures_current: Whether it reports currents per phase.
        switching: How it switches between one and all of its phases; None where it cannot.
    """

    connector: int
    phases: int = 3
    min_current_a: float = 6.0
    max_current_a: float = 32.0
    step_a: float = 1.0
    lease: Lease | None = None
    settable_fail_safe: bool = True
    fail_safe_a: float = 0.0
    settle: timedelta = timedelta(seconds=12)
    raise_spacing: timedelta = timedelta(seconds=10)
    measures_current: bool = True
    switching: PhaseSwitching | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorReport:
    """The newest that is known of a connector; immutable, a new one replaces it.

    Attributes:
        connector: Its number.
        arrived_at: When the newest part of it arrived, aware UTC.
        online: Whether the device can be reached now.
        component_state: What the device says of itself.
        cable_state: What it says of the cable.
        charging: What the session does.
        current_a: Amps on the connector's own L1, L2, L3.
        voltage_v: Volts phase to neutral.
        power_w: Active power, positive is charging.
        energy_wh: The total energy register.
        limit_a: The limit in force by the device's own word, amps per phase.
        offered_a: The current it says it offers to the car.
        transaction: The device's id of the running transaction.
        token: Who started that.
        booted_at: When the device last started, as far as known.
        error: What the device complains of, in its own words.
        attributes: Further facts worth showing, by name.
    """

    connector: int
    arrived_at: datetime
    online: bool
    component_state: ComponentState = ComponentState.UNSPECIFIED
    cable_state: CableState = CableState.UNSPECIFIED
    charging: ChargingStatus = ChargingStatus.UNKNOWN
    current_a: Reading[PhaseReadings] | None = None
    voltage_v: Reading[PhaseReadings] | None = None
    power_w: Reading[float] | None = None
    energy_wh: Reading[float] | None = None
    limit_a: float | None = None
    offered_a: float | None = None
    transaction: str | None = None
    token: str | None = None
    booted_at: datetime | None = None
    error: str | None = None
    attributes: Mapping[str, str | float | int | bool | None] = field(default_factory=dict)


type ConnectorListener = Callable[[ConnectorReport], None]


class Charger(Protocol):
    """A charging station with one or more connectors.

    An implementation owes:

    - *Reports are pushed.* Each change calls every listener at once, on the event loop, with
      the whole newest report; a listener that subscribes gets the newest report of each
      connector right away, if there is one.
    - *Nothing raises past it.* The commands answer an `ActionResult`; a timeout (5 s for control,
      SR-7) is `TIMED_OUT`, a device out of reach `OFFLINE`. Only cancellation passes.
    - *It never decides.* It carries out what a grant says: `current_a` now, `lapse_to_a` once
      `lease` has run out unrenewed. 0 A is a pause in the session's own limit or the device's own
      enable, never 1 to 5 A (SR-14).
    - *Only decisions feed watchdogs* (SR-4). Whatever traffic feeds the device's watchdog stops
      when the newest `vouch` has run out.
    - *Phases change at 0 A only.* Other `phases` than before come with a grant of 0 A, once
      nothing flows; the answer to it says whether the device took them.
    - *Applying the same grant again renews its lease*, and is as cheap as the device allows.
    - *Calls may overlap.* The driver puts them in order on its link; the caller hands it one
      command per connector at a time.
    - *Closing leaves the lease to lapse*: no command is sent that would raise.
    """

    @property
    def identity(self) -> DeviceIdentity:
        """Who the device says it is."""
        ...

    @property
    def online(self) -> bool:
        """Whether it can be reached now."""
        ...

    @property
    def connectors(self) -> Mapping[int, ConnectorCapabilities]:
        """What its connectors can do, by number; empty until known."""
        ...

    def subscribe(self, listener: ConnectorListener) -> Callable[[], None]:
        """Have a listener called with each new report; call the answer to end it."""
        ...

    def vouch(self, until: datetime) -> None:
        """Tell that a fresh decision stands behind the newest grants until then (SR-4)."""
        ...

    async def async_apply(self, connector: int, grant: Grant) -> ActionResult:
        """Bring a grant onto the device, or renew it."""
        ...

    async def async_start(self, connector: int) -> ActionResult:
        """Start a session with the car that is plugged in, or wake it (SR-14)."""
        ...

    async def async_stop(self, connector: int) -> ActionResult:
        """End the session for good."""
        ...

    async def async_close(self) -> None:
        """Let go of the link and of everything else it holds."""
        ...


@runtime_checkable
class CanDisable(Protocol):
    """A charger that can make a connector inoperative (last rung of SR-6)."""

    async def async_disable(self, connector: int) -> ActionResult:
        """Make the connector inoperative until it is enabled again."""
        ...

    async def async_enable(self, connector: int) -> ActionResult:
        """Make it operative again."""
        ...


@runtime_checkable
class HasDiagnostics(Protocol):
    """A device with more to tell to whoever looks for a fault."""

    def diagnostics(self) -> Mapping[str, object]:
        """Return plain data without secrets: counters, verdicts, the newest errors."""
        ...
