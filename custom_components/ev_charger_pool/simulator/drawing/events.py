"""What happens on a random site while it runs: outages, limits, wishes."""

from collections.abc import Sequence
from random import Random

from ...pool.circuits import Circuit
from ...pool.limits import Limit, LimitScope, LimitUnit
from ...pool.members import MemberWishes, Mode
from ...pool.quantities import NOMINAL_VOLTAGE_V
from ...pool.reasons import ReasonKind
from ..cars import happens
from ..scenario import LimitChange, MemberPlan, Outage, OutageKind, Wish


def draw_outages(rng: Random, duration_s: float) -> tuple[Outage, ...]:
    """Draw when nobody decides."""
    if not happens(rng, 0.3):
        return ()
    from_s = rng.uniform(60.0, duration_s)
    lasts_s = rng.choice((3.0, 20.0, 240.0, 1_000.0)) * rng.uniform(0.5, 1.5)
    kind = rng.choice(tuple(OutageKind))
    return (Outage(kind=kind, from_s=from_s, until_s=from_s + lasts_s),)


def draw_limits(
    rng: Random, circuits: Sequence[Circuit], members: Sequence[MemberPlan], duration_s: float
) -> tuple[LimitChange, ...]:
    """Draw ceilings over members and over the members of circuits."""
    if not happens(rng, 0.5):
        return ()
    changes = []
    at_s = rng.uniform(0.0, duration_s / 2.0)
    while at_s < duration_s:
        limits = []
        for member in members:
            if happens(rng, 0.2):
                unit = rng.choice(tuple(LimitUnit))
                value = rng.uniform(0.0, 20.0 if unit is LimitUnit.CURRENT else 8_000.0)
                limits.append(
                    Limit(
                        id=f"user/{member.settings.member}",
                        source=ReasonKind.USER,
                        value=round(value, 1),
                        unit=unit,
                        member=member.settings.member,
                    )
                )
        if happens(rng, 0.5):
            circuit = rng.choice(circuits)
            share = rng.uniform(0.1, 0.9)
            limits.append(
                Limit(
                    id=f"cap/{circuit.id}",
                    source=rng.choice((ReasonKind.USER, ReasonKind.DEMAND_RESPONSE)),
                    value=round(share * circuit.limit_a.l1, 1),
                    unit=LimitUnit.CURRENT,
                    circuit=circuit.id,
                    mandatory=happens(rng, 0.5),
                )
            )
        changes.append(LimitChange(at_s=at_s, limits=tuple(limits)))
        at_s += rng.uniform(120.0, 1_800.0)
    return tuple(changes)


def draw_circuit_limits(
    rng: Random, circuits: Sequence[Circuit], duration_s: float
) -> tuple[LimitChange, ...]:
    """Draw ceilings over all that flows through circuits, and ceilings in watts (SR-15)."""
    changes = []
    at_s = rng.uniform(0.0, duration_s / 2.0)
    while at_s < duration_s:
        limits = []
        for number in range(rng.choice((0, 1, 1, 2))):
            circuit = rng.choice(circuits)
            scope = rng.choice((LimitScope.CONNECTION, LimitScope.CONNECTION, LimitScope.MEMBERS))
            unit = rng.choice(tuple(LimitUnit))
            # All phases are rarely full together: a limit in watts has to be less to bind.
            most = circuit.limit_a.l1 if unit is LimitUnit.CURRENT else 0.6 * _power_w(circuit)
            limits.append(
                Limit(
                    id=f"grid/{number}/{circuit.id}",
                    source=rng.choice((ReasonKind.USER, ReasonKind.DEMAND_RESPONSE)),
                    value=round(rng.uniform(0.2, 1.0) * most, 1),
                    unit=unit,
                    circuit=circuit.id,
                    scope=scope,
                    mandatory=happens(rng, 0.5),
                )
            )
        changes.append(LimitChange(at_s=at_s, limits=tuple(limits)))
        at_s += rng.uniform(120.0, 1_800.0)
    return tuple(changes)


def merge_limits(
    one: Sequence[LimitChange], other: Sequence[LimitChange]
) -> tuple[LimitChange, ...]:
    """Return both courses of ceilings as one: at each change all that are in force by either."""

    def at(changes: Sequence[LimitChange], at_s: float) -> tuple[Limit, ...]:
        passed = [change.limits for change in changes if change.at_s <= at_s]
        return passed[-1] if passed else ()

    times = sorted({change.at_s for change in (*one, *other)})
    return tuple(LimitChange(at_s=at_s, limits=at(one, at_s) + at(other, at_s)) for at_s in times)


def _power_w(circuit: Circuit) -> float:
    """Return what a circuit's fuse carries on all its phases."""
    return sum(circuit.limit_a) * NOMINAL_VOLTAGE_V


def draw_wishes(rng: Random, members: Sequence[MemberPlan], duration_s: float) -> tuple[Wish, ...]:
    """Draw what users want of their members."""
    wishes = [
        Wish(
            at_s=rng.uniform(0.0, duration_s),
            member=member.settings.member,
            wishes=MemberWishes(
                mode=rng.choice(tuple(Mode)),
                minimum_current_a=rng.choice((None, None, 8.0, 10.0)),
            ),
        )
        for member in members
        if happens(rng, 0.15)
    ]
    return tuple(sorted(wishes, key=lambda wish: wish.at_s))
