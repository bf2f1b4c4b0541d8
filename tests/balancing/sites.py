"""Random sites, and what is common to all tests of the allocator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import random

from custom_components.ev_charger_pool.balancing.contract import Sharing
from custom_components.ev_charger_pool.const import ROOT_CIRCUIT
from custom_components.ev_charger_pool.pool.circuits import Circuit
from custom_components.ev_charger_pool.pool.members import CircuitId, Demand, Priority
from custom_components.ev_charger_pool.pool.quantities import PHASES, PerPhase, Phase, PhaseValues
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind

CHARGER = Reason(kind=ReasonKind.CHARGER)

ONE_PHASE = tuple(frozenset({phase}) for phase in PHASES)
TWO_PHASES = tuple(frozenset(PHASES) - one for one in ONE_PHASE)
THREE_PHASES = frozenset(PHASES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The arguments of one allocation."""

    circuits: tuple[Circuit, ...]
    demands: tuple[Demand, ...]
    free_a: Mapping[CircuitId, PhaseValues]
    free_w: Mapping[CircuitId, float]
    sharing: Sharing


def hard_site(chance: random.Random, *, most: int = 30) -> Site:
    """Return a site on which not everybody fits at minimum who would fit alone.

    It has 3 to `most` members on circuits 1 to 4 levels deep, cars on one, two and three phases,
    tiers, weights, turns, and limits in watts. Half of the sites look like those that are built
    (minimums of 6 A, few sizes); in the other half no two members need be alike.
    """
    while True:
        site = _random_site(chance, most)
        if not _everybody_fits(site):
            return site


def loads_at(
    site: Site, amps: Mapping[str, float]
) -> tuple[dict[CircuitId, dict[Phase, float]], dict[CircuitId, float]]:
    """Return what grants put on each circuit: amps per phase, and watts at 230 V."""
    parents = {circuit.id: circuit.parent for circuit in site.circuits}
    loads = {circuit: dict.fromkeys(PHASES, 0.0) for circuit in parents}
    watts = dict.fromkeys(parents, 0.0)
    for demand in site.demands:
        current_a = amps[demand.member]
        circuit: CircuitId | None = demand.circuit
        while circuit is not None:
            for phase in demand.phases:
                loads[circuit][phase] += current_a
            watts[circuit] += 230.0 * current_a * len(demand.phases)
            circuit = parents[circuit]
    return loads, watts


def violations(site: Site, amps: Mapping[str, float]) -> list[str]:
    """Return every rule that grants break, in words; none when they are legal."""
    broken = []
    for demand in site.demands:
        current_a = amps[demand.member]
        if current_a == 0.0:
            continue
        if not demand.min_a - 1e-6 <= current_a <= demand.max_a + 1e-6:
            broken.append(f"{demand.member} has {current_a} A")
        if (
            demand.step_a
            and abs(current_a / demand.step_a - round(current_a / demand.step_a)) > 1e-6
        ):
            broken.append(f"{demand.member} is off its steps with {current_a} A")
    loads, watts = loads_at(site, amps)
    for circuit, phases in loads.items():
        for phase, load in phases.items():
            if load > max(0.0, site.free_a[circuit][phase]) + 1e-6:
                broken.append(f"{circuit} {phase} carries {load} A")
        if watts[circuit] > max(0.0, site.free_w.get(circuit, float("inf"))) + 1e-3:
            broken.append(f"{circuit} carries {watts[circuit]} W")
    return broken


def tree(chance: random.Random, depth: int) -> tuple[Circuit, ...]:
    """Return circuits of at most this depth, the grid first."""
    circuits = [_circuit(ROOT_CIRCUIT, None)]
    level = [ROOT_CIRCUIT]
    for _ in range(depth - 1):
        below: list[CircuitId] = []
        for parent in level:
            for _ in range(chance.choice((0, 1, 2, 2, 3)) or (not below)):
                circuit = f"c{len(circuits)}"
                circuits.append(_circuit(circuit, parent))
                below.append(circuit)
        level = below
    return tuple(circuits)


def _circuit(circuit: CircuitId, parent: CircuitId | None) -> Circuit:
    return Circuit(id=circuit, name=circuit, parent=parent, limit_a=PerPhase.same(1000.0))


def _random_site(chance: random.Random, most: int) -> Site:
    circuits = tree(chance, chance.randint(1, 4))
    built = chance.random() < 0.5
    count = chance.randint(3, most)
    demands = tuple(_demand(chance, circuits, member, built) for member in range(count))
    least = loads_at(
        Site(circuits=circuits, demands=demands, free_a={}, free_w={}, sharing=Sharing.STRICT),
        {demand.member: demand.min_a for demand in demands},
    )
    share = chance.uniform(0.3, 1.1)
    free_a = {}
    free_w = {}
    for circuit in circuits:
        free_a[circuit.id] = PerPhase(
            *(_capacity(chance, least[0][circuit.id][phase], share, built) for phase in PHASES)
        )
        if chance.random() < 0.2:
            free_w[circuit.id] = round(least[1][circuit.id] * share * chance.uniform(0.7, 1.6), -1)
    return Site(
        circuits=circuits,
        demands=demands,
        free_a=free_a,
        free_w=free_w,
        sharing=chance.choice(tuple(Sharing)),
    )


def _capacity(chance: random.Random, least: float, share: float, built: bool) -> float:
    free_a = max(6.0, least * share * chance.uniform(0.7, 2.0))
    return float(round(free_a)) if built else round(free_a, 1)


def _demand(chance: random.Random, circuits: Sequence[Circuit], number: int, built: bool) -> Demand:
    phases = chance.choice((*ONE_PHASE, *ONE_PHASE, *TWO_PHASES[:1], *(THREE_PHASES,) * 5))
    if built:
        least, most = 6.0, chance.choice((10.0, 16.0, 16.0, 20.0, 32.0))
        weight, step = chance.choice((1.0, 1.0, 1.0, 2.0)), 1.0
    else:
        least = round(chance.uniform(5.0, 14.0), 1)
        most = round(least + chance.uniform(1.0, 26.0), 1)
        weight, step = round(chance.uniform(0.5, 4.0), 1), chance.choice((0.1, 0.1, 0.5, 1.0))
    return Demand(
        member=f"m{number:02}",
        circuit=chance.choice(circuits).id,
        phases=phases,
        min_a=least,
        max_a=most,
        step_a=step,
        limited_by=CHARGER,
        priority=chance.choice((Priority.HIGH, *(Priority.NORMAL,) * 3, Priority.LOW)),
        weight=weight,
        owed=chance.choice((0, 0, 0, 0, 0, 1, 2)),
    )


def _everybody_fits(site: Site) -> bool:
    """Whether all who could charge alone could charge together."""
    nobody = {demand.member: 0.0 for demand in site.demands}
    alone = {
        demand.member: least
        for demand in site.demands
        if not violations(site, {**nobody, demand.member: (least := _smallest(demand))})
    }
    return not violations(site, {**nobody, **alone})


def _smallest(demand: Demand) -> float:
    steps = -(-round(demand.min_a * 1000) // round(demand.step_a * 1000))
    return steps * demand.step_a
