"""Repairs: problems that last are shown with what to do about them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval

from .balancing.contract import Problem, ProblemKind
from .const import DOMAIN, ROOT_CIRCUIT
from .coordinator import SiteCoordinator
from .names import async_name_of
from .snapshot import SiteSnapshot

CHECK_INTERVAL: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manner:
    """How a kind of problem is shown; `patience` lets what heals by itself do so."""

    severity: ir.IssueSeverity
    patience: timedelta


_MANNERS: Final = {
    ProblemKind.OVERLOAD: _Manner(severity=ir.IssueSeverity.ERROR, patience=timedelta(seconds=30)),
    ProblemKind.MEMBER_IGNORES: _Manner(severity=ir.IssueSeverity.ERROR, patience=timedelta(0)),
    ProblemKind.METER_STALE: _Manner(
        severity=ir.IssueSeverity.ERROR, patience=timedelta(minutes=1)
    ),
    # What is wrong with a meter was proven twice before it is told.
    **dict.fromkeys(
        (
            ProblemKind.METER_SIGN_TURNED,
            ProblemKind.METER_PHASES_SWAPPED,
            ProblemKind.METER_UNIT_WRONG,
            ProblemKind.METERS_SWAPPED,
        ),
        _Manner(severity=ir.IssueSeverity.ERROR, patience=timedelta(0)),
    ),
    ProblemKind.BATTERY_SIGN_TURNED: _Manner(
        severity=ir.IssueSeverity.WARNING, patience=timedelta(0)
    ),
    # A slow inverter is behind the grid meter for a while when the sun comes out.
    ProblemKind.SOLAR_IMPLAUSIBLE: _Manner(
        severity=ir.IssueSeverity.WARNING, patience=timedelta(minutes=10)
    ),
    ProblemKind.MEMBER_REFUSES: _Manner(
        severity=ir.IssueSeverity.WARNING, patience=timedelta(minutes=1)
    ),
    ProblemKind.MEMBER_OFFLINE: _Manner(
        severity=ir.IssueSeverity.WARNING, patience=timedelta(minutes=10)
    ),
    ProblemKind.FAIL_SAFES_TOO_HIGH: _Manner(
        severity=ir.IssueSeverity.WARNING, patience=timedelta(minutes=1)
    ),
    ProblemKind.DECISION_FAILED: _Manner(
        severity=ir.IssueSeverity.CRITICAL, patience=timedelta(seconds=10)
    ),
    ProblemKind.JOURNAL_FAILING: _Manner(
        severity=ir.IssueSeverity.ERROR, patience=timedelta(minutes=1)
    ),
    ProblemKind.JOURNAL_RESET: _Manner(severity=ir.IssueSeverity.WARNING, patience=timedelta(0)),
    ProblemKind.OCPP_PORT_TAKEN: _Manner(
        severity=ir.IssueSeverity.ERROR, patience=timedelta(minutes=1)
    ),
    ProblemKind.SOC_IMPLAUSIBLE: _Manner(
        severity=ir.IssueSeverity.WARNING, patience=timedelta(minutes=2)
    ),
    # The lock of the battery waits by itself before it tells.
    ProblemKind.BATTERY_LOCK_SILENT: _Manner(
        severity=ir.IssueSeverity.WARNING, patience=timedelta(0)
    ),
    ProblemKind.BATTERY_LOCK_FAILED: _Manner(
        severity=ir.IssueSeverity.WARNING, patience=timedelta(0)
    ),
    ProblemKind.BATTERY_LOCK_LIFTED: _Manner(
        severity=ir.IssueSeverity.WARNING, patience=timedelta(0)
    ),
    ProblemKind.MEMBER_SIGN_TURNED: _Manner(
        severity=ir.IssueSeverity.WARNING, patience=timedelta(minutes=1)
    ),
    ProblemKind.BATTERY_SOC_IMPLAUSIBLE: _Manner(
        severity=ir.IssueSeverity.WARNING, patience=timedelta(0)
    ),
    ProblemKind.ENTITY_UNREADABLE: _Manner(
        severity=ir.IssueSeverity.WARNING, patience=timedelta(minutes=1)
    ),
    ProblemKind.NO_WATCHDOG: _Manner(
        severity=ir.IssueSeverity.WARNING, patience=timedelta(minutes=1)
    ),
}


@callback
def async_sync_issues(
    hass: HomeAssistant,
    entry_id: str,
    site: str,
    snapshot: SiteSnapshot,
    shown: frozenset[str],
) -> frozenset[str]:
    """Show the problems of a site that last, and take back those that are healed.

    Args:
        hass: Home Assistant.
        entry_id: The site.
        site: What it is called.
        snapshot: Its newest snapshot.
        shown: The issues that are shown now.

    Returns:
        The issues that are shown then.
    """
    lasting = {
        f"{entry_id}_{problem.kind}_{problem.subject}": problem
        for problem in snapshot.problems
        if snapshot.taken_at - problem.since >= _MANNERS[problem.kind].patience
    }
    for issue_id in shown - lasting.keys():
        ir.async_delete_issue(hass, DOMAIN, issue_id)
    for issue_id in lasting.keys() - shown:
        problem = lasting[issue_id]
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=_MANNERS[problem.kind].severity,
            translation_key=problem.kind.value,
            translation_placeholders={
                "site": site,
                "name": _name(hass, entry_id, site, snapshot, problem),
                "since": problem.since.isoformat(timespec="seconds"),
                "figures": _figures(problem),
            },
        )
    return frozenset(lasting)


@callback
def async_track_problems(coordinator: SiteCoordinator) -> CALLBACK_TYPE:
    """Keep the issues of a site in step with its problems; call the answer to take all back."""
    hass, entry = coordinator.hass, coordinator.entry
    shown: frozenset[str] = frozenset()

    @callback
    def check(_: datetime) -> None:
        nonlocal shown
        shown = async_sync_issues(hass, entry.entry_id, entry.title, coordinator.data, shown)

    stop: Callable[[], None] = async_track_time_interval(hass, check, CHECK_INTERVAL)

    @callback
    def end() -> None:
        stop()
        for issue_id in shown:
            ir.async_delete_issue(hass, DOMAIN, issue_id)

    return end


def _name(
    hass: HomeAssistant, entry_id: str, site: str, snapshot: SiteSnapshot, problem: Problem
) -> str:
    if problem.subject == ROOT_CIRCUIT:
        return site
    if (circuit := snapshot.circuits.get(problem.subject)) is not None:
        return circuit.circuit.name
    registry, identifier = dr.async_get(hass), (DOMAIN, problem.subject)
    device = registry.async_get_child_device_by_identifier(
        identifier, entry_id
    ) or registry.async_get_device_by_identifier(identifier, entry_id)
    return problem.subject if device is None else async_name_of(hass, device)


def _figures(problem: Problem) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in problem.figures.items()) or "-"
