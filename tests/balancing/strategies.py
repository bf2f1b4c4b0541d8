"""Any site that hypothesis can think of."""

import math

from hypothesis import strategies as st

from custom_components.ev_charger_pool.balancing.contract import Sharing
from custom_components.ev_charger_pool.const import ROOT_CIRCUIT
from custom_components.ev_charger_pool.pool.circuits import Circuit
from custom_components.ev_charger_pool.pool.members import Demand, Priority
from custom_components.ev_charger_pool.pool.quantities import PHASES, PerPhase

from .sites import CHARGER, Site

AMPS = st.integers(min_value=0, max_value=800).map(lambda tenths: tenths / 10)
BAD = st.sampled_from((math.nan, -1.0, -math.inf))


@st.composite
def sites(draw: st.DrawFn, most: int = 8, free_a: st.SearchStrategy[float] = AMPS) -> Site:
    """Return a site with up to `most` members, short of current or not."""
    ids = [ROOT_CIRCUIT, *(f"c{n}" for n in range(draw(st.integers(0, 4))))]
    circuits = [
        Circuit(
            id=circuit,
            name=circuit,
            parent=ids[draw(st.integers(0, n - 1))] if n else None,
            limit_a=PerPhase.same(63.0),
        )
        for n, circuit in enumerate(ids)
    ]
    demands = [
        draw(demands_of(f"m{n}", ids))
        for n in range(draw(st.integers(min_value=0, max_value=most)))
    ]
    return Site(
        circuits=tuple(circuits),
        demands=tuple(demands),
        free_a={c: PerPhase(draw(free_a), draw(free_a), draw(free_a)) for c in ids},
        free_w={c: draw(free_a) * 500.0 for c in ids if draw(st.integers(0, 3)) == 0},
        sharing=draw(st.sampled_from(Sharing)),
    )


@st.composite
def demands_of(draw: st.DrawFn, member: str, circuits: list[str]) -> Demand:
    """Return a demand that makes sense, though what it asks may not fit."""
    min_a = draw(st.sampled_from((0.0, 1.4, 6.0, 6.0, 6.0, 6.5, 8.0, 10.0)))
    return Demand(
        member=member,
        circuit=draw(st.sampled_from(circuits)),
        phases=frozenset(draw(st.sets(st.sampled_from(PHASES), min_size=1))),
        min_a=min_a,
        max_a=draw(st.sampled_from((min_a, 10.0, 15.5, 16.0, 32.0))),
        step_a=draw(st.sampled_from((0.0, 0.1, 0.5, 1.0, 2.0))),
        limited_by=CHARGER,
        priority=draw(st.sampled_from(Priority)),
        weight=draw(st.sampled_from((0.5, 1.0, 1.0, 2.0))),
        owed=draw(st.sampled_from((0, 0, 0, 1, 2))),
    )
