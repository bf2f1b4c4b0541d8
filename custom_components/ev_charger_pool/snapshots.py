"""The picture of the site after a decision, made from what is known of its parts."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from .balancing.contract import Decision, Problem
from .const import ROOT_CIRCUIT
from .pool.circuits import Circuit, CircuitStatus
from .pool.members import MemberId, Mode
from .pool.quantities import NO_CURRENT, PerPhase, PhaseReadings
from .pool.readings import Reading
from .pool.states import ChargingStatus, ConnectorState
from .power_supplies.contract import SupplyMode
from .roster import Member
from .snapshot import CircuitView, MemberView, PoolView, SiteSnapshot


def take_snapshot(
    at: datetime,
    members: Iterable[Member],
    circuits: Iterable[Circuit],
    circuit_limits_a: Mapping[str, float],
    decision: Decision | None,
    own_problems: tuple[Problem, ...],
) -> SiteSnapshot:
    """Return the picture of the site.

    Args:
        at: When.
        members: What is known of each member.
        circuits: The tree.
        circuit_limits_a: The users' ceilings below the fuses.
        decision: The newest decision; None before the first.
        own_problems: Problems beside those that the decision tells of.
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
    )


def changed_subjects(before: SiteSnapshot, after: SiteSnapshot) -> set[str]:
    """Return the members and circuits that show something new, and those that are gone."""
    changed = {key for key, view in after.members.items() if before.members.get(key) != view}
    changed |= {key for key, view in after.circuits.items() if before.circuits.get(key) != view}
    changed |= before.members.keys() - after.members.keys()
    return changed | (before.circuits.keys() - after.circuits.keys())


def pool_view(members: Mapping[MemberId, MemberView], root: CircuitStatus | None) -> PoolView:
    """Return the sums over all members (rules F1 to F6)."""
    current = [0.0, 0.0, 0.0]
    power_w = 0.0
    for view in members.values():
        power_w += _power(view)
        for phase, amps in _site_currents(view):
            current[phase] += amps
    return PoolView(
        current_a=PerPhase(*current),
        power_w=power_w,
        consumption_w=max(0.0, power_w),
        production_w=max(0.0, -power_w),
        available_a=NO_CURRENT if root is None else root.available_a,
        available_w=0.0 if root is None else root.available_w,
        members=len(members),
        connected=sum(view.state.is_ev_connected for view in members.values()),
        charging=sum(_is_charging(view) for view in members.values()),
        waiting=sum(_is_waiting(view) for view in members.values()),
        missing=tuple(
            member for member, view in members.items() if view.state is ConnectorState.MISSING
        ),
    )


def _site_currents(view: MemberView) -> list[tuple[int, float]]:
    reading: Reading[PhaseReadings] | None = view.connector.current_a if view.connector else None
    if reading is None:
        return []
    return [
        (phase.position, amps)
        for phase, amps in zip(view.settings.phases, reading.value, strict=False)
        if amps is not None
    ]


def _power(view: MemberView) -> float:
    report = view.connector or view.supply
    return 0.0 if report is None or report.power_w is None else report.power_w.value


def _is_charging(view: MemberView) -> bool:
    if view.connector is not None:
        return view.connector.charging is ChargingStatus.CHARGING
    return view.supply is not None and view.supply.mode is SupplyMode.EXPORT


def _is_waiting(view: MemberView) -> bool:
    return (
        view.state.is_ev_connected
        and view.wishes.mode is not Mode.OFF
        and view.status is not None
        and view.status.granted_a == 0
    )
