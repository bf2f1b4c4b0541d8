"""What the firmware of a simulated device is like, and what goes wrong with it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class DeviceFaultKind(StrEnum):
    """What goes wrong with a device for a while."""

    OFFLINE = "offline"
    STALLED = "stalled"
    SILENT = "silent"
    REFUSES = "refuses"
    IGNORES = "ignores"
    LIES = "lies"
    OVERDRAWS = "overdraws"
    REBOOTS = "reboots"


class SwitchConduct(StrEnum):
    """What a station makes of being told other phases."""

    OBEYS = "obeys"
    REFUSES = "refuses"
    IGNORES = "ignores"


UNREACHABLE: Final = frozenset(
    {DeviceFaultKind.OFFLINE, DeviceFaultKind.STALLED, DeviceFaultKind.REBOOTS}
)
"""Faults in which no order gets through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFault:
    """A time in which a device misbehaves, in seconds from the start."""

    kind: DeviceFaultKind
    from_s: float
    until_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareSpec:
    """How a device behaves.

    Attributes:
        report_s: Time between two reports with measurements.
        report_lag_s: A report arrives this long after it was measured.
        apply_lag_s: Time from an order's arrival until the offer to the car changes.
        offline_after_s: Its loss is noticed after this.
        reports_limit: Whether it tells the limit in force.
        tells_time: Whether its measurements carry their time.
        tells_boot: Whether it tells when it started.
        boot_default_a: Its limit after a start.
        forgets_with_session: Whether a new session starts at the fail-safe current.
        lapses_to_fail_safe: Whether it can lapse to its fail-safe only, and not to less.
        lease_works: Whether it lets go of an unrenewed grant at all.
        obeys_stop: Whether a stop and a disable work while it ignores or lies.
        faults: What goes wrong.
        switching: What a station that says that it can switch its phases makes of being told so.
        switch_s: How long that takes; it offers nothing meanwhile.
    """

    report_s: float = 5.0
    report_lag_s: float = 0.5
    apply_lag_s: float = 1.0
    offline_after_s: float = 2.0
    reports_limit: bool = True
    tells_time: bool = False
    tells_boot: bool = True
    boot_default_a: float = 0.0
    forgets_with_session: bool = True
    lapses_to_fail_safe: bool = False
    lease_works: bool = True
    obeys_stop: bool = True
    faults: tuple[DeviceFault, ...] = ()
    switching: SwitchConduct = SwitchConduct.OBEYS
    switch_s: float = 5.0

    def fault(self, now_s: float) -> DeviceFaultKind | None:
        """Return what is wrong with it at a time."""
        for fault in self.faults:
            if fault.from_s <= now_s < fault.until_s:
                return fault.kind
        return None
