"""The picture of the site after a decision, made from what is known of its parts."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from .balancing.contract import Decision, Problem
from .const import ROOT_CIRCUIT
from .members import SUPPLY_CHARGING
from .pool.aggregates import Contribution, total
from .pool.circuits import Circuit, CircuitStatus
from .pool.members import MemberId, Mode
from .pool.quantities import NO_CURRENT, PHASES, PerPhase, Phase, PhaseReadings
from .pool.states import ChargingStatus
from .pool.vehicles import VehicleId
from .roster import Member
from .snapshot import CircuitView, MemberView, PoolView, SiteSnapshot, VehicleView

NO_VEHICLES: Final[Mapping[VehicleId, VehicleView]] = MappingProxyType({})


def take_snapshot(
    at: datetime,
    members: Iterable[Member],
    circuits: Iterable[Circuit],
    circuit_limits_a: Mapping[str, float],
    decision: Decision | None,
    own_problems: tuple[Problem, ...],
    vehicles: Mapping[VehicleId, VehicleView] = NO_VEHICLES,
    default_mode: Mode = Mode.FAST,
) -> SiteSnapshot:
    """Return the picture of the site.

    Args:
        at: When.
        members: What is known of each member.
        circuits: The tree.
        circuit_limits_a: The users' ceilings below the fuses.
        decision: The newest decision; None before the first.
        own_problems: Problems beside those that the decision tells of.
        vehicles: What is known of each vehicle.
        default_mode: What connectors do whose mode nobody chose.
    """
    statuses = {} if decision is None else decision.members
    circuit_statuses = {} if decision is None else decision.circuits
    views = {member.id: member.view(statuses.get(member.id)) for member in members}
    return SiteSnapshot(
        taken_at=at,
        pool=pool_view(views, circuit_statuses.get(ROOT_CIRCUIT)),
        members=views,
        circuits={
            circuit.id: CircuitView(
                circuit=circuit,
                status=circuit_statuses.get(circuit.id),
                user_limit_a=circuit_limits_a.get(circuit.id),
            )
            for circuit in circuits
        },
        problems=own_problems if decision is None else (*own_problems, *decision.problems),
        vehicles=vehicles,
        default_mode=default_mode,
        surplus_w=None if decision is None else decision.surplus_w,
        battery_locked=decision is not None and decision.battery_locked,
    )


def is_site_changed(before: SiteSnapshot, after: SiteSnapshot) -> bool:
    """Return whether the site as a whole shows something new, beside its parts."""
    return (before.problems, before.default_mode, before.surplus_w, before.battery_locked) != (
        after.problems,
        after.default_mode,
        after.surplus_w,
        after.battery_locked,
    )


def changed_subjects(before: SiteSnapshot, after: SiteSnapshot) -> set[str]:
    """Return what shows something new, members, circuits and vehicles, and what is gone."""
    changed = {key for key, view in after.members.items() if before.members.get(key) != view}
    changed |= {key for key, view in after.circuits.items() if before.circuits.get(key) != view}
    changed |= {key for key, view in after.vehicles.items() if before.vehicles.get(key) != view}
    changed |= before.members.keys() - after.members.keys()
    changed |= before.vehicles.keys() - after.vehicles.keys()
    return changed | (before.circuits.keys() - after.circuits.keys())


def pool_view(members: Mapping[MemberId, MemberView], root: CircuitStatus | None) -> PoolView:
    """Return the sums over all members (rules F1 to F6)."""
    totals = total(_contribution(view) for view in members.values())
    return PoolView(
        current_a=totals.current_a,
        power_w=totals.power_w,
        consumption_w=totals.consumption_w,
        production_w=totals.production_w,
        available_a=NO_CURRENT if root is None else root.available_a,
        available_w=0.0 if root is None else root.available_w,
        members=totals.members,
        connected=totals.connected,
        charging=totals.charging,
        waiting=sum(_is_waiting(view) for view in members.values()),
        missing=totals.missing,
    )


def _contribution(view: MemberView) -> Contribution:
    power = None
    charging = ChargingStatus.UNKNOWN
    if view.connector is not None:
        power, charging = view.connector.power_w, view.connector.charging
    elif view.supply is not None:
        power, charging = view.supply.power_w, SUPPLY_CHARGING[view.supply.mode]
    return Contribution(
        member=view.settings.member,
        state=view.state,
        charging=charging,
        current_a=_site_current(view),
        power_w=None if power is None else power.value,
    )


def _site_current(view: MemberView) -> PhaseReadings | None:
    reading = None if view.connector is None else view.connector.current_a
    if reading is None:
        return None
    # Its own L1, L2, L3 on those of the site that they are wired to.
    wired: dict[Phase, float | None] = dict(zip(view.settings.phases, reading.value, strict=False))
    return PerPhase(*(wired.get(phase) for phase in PHASES))


def _is_waiting(view: MemberView) -> bool:
    return (
        view.state.is_ev_connected
        and view.wishes.mode is not Mode.OFF
        and view.status is not None
        and view.status.granted_a == 0
    )
