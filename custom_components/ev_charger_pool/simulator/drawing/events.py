"""What happens on a random site while it runs: outages, limits, wishes."""

from collections.abc import Sequence
from random import Random

from ...pool.circuits import Circuit
from ...pool.limits import Limit, LimitUnit
from ...pool.members import MemberWishes, Mode
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
