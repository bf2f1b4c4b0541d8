"""Members from configuration and capabilities, and their reports from what drivers tell."""

from collections.abc import Mapping
from datetime import timedelta

from .chargers.contract import ConnectorCapabilities, ConnectorReport
from .device_config import ChargerConfig, ConnectorConfig, SupplyConfig
from .pool.members import MemberId, MemberKind, MemberReport, MemberSettings
from .pool.quantities import LOWEST_VOLTAGE_V, PerPhase, PhaseReadings
from .pool.states import ChargingStatus, ConnectorState, connector_state, shown_state
from .power_supplies.contract import PowerSupply, SupplyMode, SupplyReport
from .wishes import MemberWish

SUPPLY_EFFICIENCY = 0.85
SUPPLY_POWER_FACTOR = 0.95
"""Worst cases until the AC side of a supply is measured (SR-13)."""

DEFAULT_SETTLE = timedelta(seconds=12)
"""`S` of a device that has not said its own: station 5 s, car 5 s, meter 2 s."""

SUPPLY_STEP_A = 0.1
"""A supply is told watts: this is how finely its AC current is shared, and the least of it."""


def watts_per_amp(phases: int) -> float:
    """Return the DC watts that one amp on each of so many phases pays for (SR-13)."""
    return SUPPLY_EFFICIENCY * SUPPLY_POWER_FACTOR * LOWEST_VOLTAGE_V * phases


def connector_settings(
    charger: ChargerConfig,
    number: int,
    capabilities: ConnectorCapabilities | None,
    wish: MemberWish,
) -> MemberSettings:
    """Return what is known of a connector before anything is measured.

    Args:
        charger: Its station.
        number: Which connector.
        capabilities: What the device can do; None until known, then as a device without a
            watchdog would be treated.
        wish: What the user wants of it.
    """
    connector = charger.connectors[number]
    able = capabilities or ConnectorCapabilities(
        connector=number, max_current_a=connector.max_current_a, fail_safe_a=0.0
    )
    max_current_a = min(connector.max_current_a, able.max_current_a)
    return MemberSettings(
        member=f"{charger.subentry_id}:{number}",
        device=charger.subentry_id,
        circuit=charger.circuit,
        phases=connector.rotation[: able.phases],
        min_current_a=able.min_current_a,
        max_current_a=max_current_a,
        step_a=able.step_a,
        fail_safe_a=_fail_safe(connector, able, max_current_a),
        lease=able.lease,
        settle=able.settle,
        raise_spacing=able.raise_spacing,
        measures_current=able.measures_current,
        may_freeze=charger.may_freeze,
        priority=wish.priority,
        weight=wish.weight,
        switching=able.switching,
    )


def _fail_safe(
    connector: ConnectorConfig,
    able: ConnectorCapabilities,
    max_current_a: float,
) -> float:
    if not able.settable_fail_safe:
        return able.fail_safe_a
    chosen = min(connector.fail_safe_current_a, max_current_a)
    # A pause is 0 A, never 1 to 5 A (SR-14).
    return chosen if chosen >= able.min_current_a else 0.0


def supply_settings(
    supply: SupplyConfig, driver: PowerSupply | None, wish: MemberWish
) -> MemberSettings:
    """Return what is known of a power supply before anything is measured.

    Its currents are those it takes from AC, each phase alike (SR-13).
    """
    per_amp = watts_per_amp(len(supply.rotation))
    most_w = supply.max_power_w
    if driver is not None and driver.capabilities is not None:
        most_w = min(most_w, driver.capabilities.max_export_power_w)
    return MemberSettings(
        member=supply.member,
        kind=MemberKind.POWER_SUPPLY,
        circuit=supply.circuit,
        phases=supply.rotation,
        min_current_a=SUPPLY_STEP_A,
        max_current_a=most_w / per_amp,
        step_a=SUPPLY_STEP_A,
        watts_per_amp=per_amp,
        lease=None if driver is None else driver.lease,
        settle=DEFAULT_SETTLE if driver is None else driver.settle,
        measures_current=False,
        may_freeze=supply.may_freeze,
        priority=wish.priority,
        weight=wish.weight,
    )


def connector_report(
    member: MemberId, report: ConnectorReport, session: str | None, charging: ChargingStatus
) -> MemberReport:
    """Return what a driver told about a connector, in the pool's words.

    Args:
        member: The connector's id in the pool.
        report: What the driver told.
        session: The id of the session that runs there.
        charging: What the session does; one that the pool starts by itself does not wait.
    """
    return MemberReport(
        member=member,
        arrived_at=report.arrived_at,
        online=report.online,
        state=connector_shown_state(report),
        charging=charging,
        current=report.current_a,
        power_w=report.power_w,
        limit_a=report.limit_a,
        booted_at=report.booted_at,
        session=session,
    )


def connector_shown_state(report: ConnectorReport | None) -> ConnectorState:
    """Return the state to show of a connector: the 9 x 6 table and rules M2 to M4."""
    if report is None:
        return shown_state(None, None)
    tracked = connector_state(report.component_state, report.cable_state)
    return shown_state(tracked, _heard(report))


def _heard(report: ConnectorReport) -> PhaseReadings | None:
    if not report.online:
        return None
    # Many stations measure nothing until a session runs, and some never do: nothing measured is
    # not nothing heard. Rule M3 is about currents that were there and went away.
    return _NOTHING_MEASURED if report.current_a is None else report.current_a.value


_NOTHING_MEASURED: PhaseReadings = PerPhase(0.0, 0.0, 0.0)


def supply_report(
    settings: MemberSettings, report: SupplyReport, granted_w: float | None
) -> MemberReport:
    """Return what a driver told about a power supply, in the pool's words.

    Args:
        settings: The member that it is.
        report: What the driver told.
        granted_w: The largest grant in watts that may be on the device; None: nobody knows.
    """
    per_amp = settings.watts_per_amp or watts_per_amp(len(settings.phases))
    # What the output takes if it rises to the voltage limit (SR-13). The grant bounds the wishes.
    most_w = report.wishes.voltage_v * report.wishes.current_a
    set_w = most_w if granted_w is None else min(most_w, granted_w)
    return MemberReport(
        member=settings.member,
        arrived_at=report.arrived_at,
        online=report.online,
        state=supply_shown_state(report),
        charging=SUPPLY_CHARGING[report.mode],
        power_w=report.power_w,
        demand_w=supply_demand(settings, report),
        set_current_a=set_w / per_amp if report.mode is SupplyMode.EXPORT else 0.0,
    )


def supply_demand(settings: MemberSettings, report: SupplyReport) -> float:
    """Return the watts that a supply could use: its own set points, within what it can do."""
    wishes = report.wishes
    if wishes.mode is not SupplyMode.EXPORT or report.mode is SupplyMode.FAULT:
        return 0.0
    bounds = [wishes.voltage_v * wishes.current_a]
    if settings.watts_per_amp is not None:
        bounds.append(settings.max_current_a * settings.watts_per_amp)
    if wishes.power_w is not None:
        bounds.append(wishes.power_w)
    if report.capabilities is not None:
        bounds.append(report.capabilities.max_export_power_w)
    return max(0.0, min(bounds))


def supply_shown_state(report: SupplyReport | None) -> ConnectorState:
    """Return a supply's state in the words of connectors: its load is always plugged in."""
    if report is None or not report.online:
        return ConnectorState.MISSING
    if report.mode is SupplyMode.FAULT:
        return ConnectorState.ERROR
    if report.wishes.mode is SupplyMode.OFF and report.mode is SupplyMode.OFF:
        return ConnectorState.IDLE
    return ConnectorState.EV_PLUGGED


SUPPLY_CHARGING: Mapping[SupplyMode, ChargingStatus] = {
    SupplyMode.OFF: ChargingStatus.NOT_CHARGING,
    SupplyMode.EXPORT: ChargingStatus.CHARGING,
    SupplyMode.IMPORT: ChargingStatus.DISCHARGING,
    SupplyMode.FAULT: ChargingStatus.FAULT,
}
