"""What entities show of members and circuits after a decision, and what is wrong."""

from collections.abc import Sequence

from ..pool.circuits import CircuitStatus
from ..pool.members import MemberStatus
from ..pool.quantities import PHASES, PerPhase, PhaseReadings
from .branches import Branch
from .conduct import Rung
from .seats import Seat
from .wiring import LANES, WATTS, Lanes

_UNKNOWN: PhaseReadings = PerPhase(None, None, None)


def member_status(seat: Seat, now_s: float) -> MemberStatus:
    """Return a member's status; the same object as before when nothing changed."""
    commitment_a = round(max(seat.commitment[:WATTS]), 3)
    old = seat.status
    settled = seat.account.is_settled
    ignoring = seat.conduct.rung >= Rung.SEND_AGAIN
    starts = seat.starts.in_last_hour(now_s)
    switch = seat.switch
    switched = (
        (None, 0, None)
        if switch is None
        else (switch.phases, switch.in_last_hour(now_s), switch.veto)
    )
    if (
        old is not None
        and old.starts_last_hour == starts
        and old.last_run_wh == seat.starts.last_run_wh
        and old.granted_a == seat.granted_a
        and old.commitment_a == commitment_a
        and old.limited_by is seat.reason
        and old.settled == settled
        and old.asleep == seat.wake.asleep
        and old.ignoring == ignoring
        and seat.used == seat.shown_used
        and (old.phases, old.switches_last_hour, old.phase_veto) == switched
    ):
        return old
    seat.shown_used = seat.used
    seat.status = MemberStatus(
        member=seat.settings.member,
        granted_a=seat.granted_a,
        granted_w=seat.power_of(seat.granted_a),
        commitment_a=commitment_a,
        limited_by=seat.reason,
        used_phases=frozenset(PHASES[position] for position in seat.used),
        settled=settled,
        asleep=seat.wake.asleep,
        ignoring=ignoring,
        starts_last_hour=starts,
        last_run_wh=seat.starts.last_run_wh,
        phases=switched[0],
        switches_last_hour=switched[1],
        phase_veto=switched[2],
    )
    return seat.status


def circuit_status(
    branch: Branch, cap: Lanes, fail_safe_sum_a: PerPhase[float], *, overloaded: bool
) -> CircuitStatus:
    """Return a circuit's status.

    Args:
        branch: The circuit.
        cap: What its members may be committed together.
        fail_safe_sum_a: What its members take when every lease has lapsed (SR-1).
        overloaded: Whether it carries more than it may.
    """
    committed, granted = branch.committed, branch.granted
    other = branch.other_now()
    load = branch.load
    available = [
        0.0 if branch.is_stale else max(0.0, round(most - taken, 3))
        for most, taken in zip(cap, committed, strict=True)
    ]
    return CircuitStatus(
        circuit=branch.circuit.id,
        limit_a=branch.circuit.limit_a,
        load_a=_UNKNOWN if load is None else PerPhase(load[0], load[1], load[2]),
        other_a=PerPhase(other[0], other[1], other[2]),
        committed_a=PerPhase(committed[0], committed[1], committed[2]),
        granted_a=PerPhase(granted[0], granted[1], granted[2]),
        available_a=PerPhase(available[0], available[1], available[2]),
        available_w=min(available[WATTS], sum(available[:WATTS]) * branch.voltage_v),
        stale=branch.is_stale,
        overloaded=overloaded,
        fail_safe_sum_a=fail_safe_sum_a,
        average=branch.average_status,
    )


def is_overloaded(branch: Branch) -> bool:
    """Whether the meter shows more than the circuit may carry."""
    return any(branch.is_over(lane) for lane in range(LANES))


def sums(branches: Sequence[Branch]) -> None:
    """Add up the commitments and newest grants of the members of each circuit."""
    for branch in branches:
        c0 = c1 = c2 = c3 = g0 = g1 = g2 = g3 = 0.0
        for seat in branch.seats:
            a0, a1, a2, a3 = seat.commitment
            c0, c1, c2, c3 = c0 + a0, c1 + a1, c2 + a2, c3 + a3
            a0, a1, a2, a3 = seat.granted
            g0, g1, g2, g3 = g0 + a0, g1 + a1, g2 + a2, g3 + a3
        branch.committed = (c0, c1, c2, c3)
        branch.granted = (g0, g1, g2, g3)
