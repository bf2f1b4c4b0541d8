"""How long one allocation takes."""

from dataclasses import dataclass
import random
from statistics import median
import time

from benchmarks.runner import Bar, Options, Result
from custom_components.ev_charger_pool.balancing.allocator import allocate
from custom_components.ev_charger_pool.const import ROOT_CIRCUIT
from custom_components.ev_charger_pool.pool.circuits import Circuit
from custom_components.ev_charger_pool.pool.members import CircuitId, Demand, Priority
from custom_components.ev_charger_pool.pool.quantities import PHASES, PerPhase, PhaseValues
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind

NAME = "allocation"
DESCRIPTION = "Time of one allocation in a three-level tree, everything built anew."

MEMBERS_PER_LEAF = 10
RUNS = {10: 201, 100: 101, 1000: 31, 10000: 11}
ENOUGH = 1.2
"""Circuits carry this much more than all minimums: all are on, and fuses bind on every level."""
SHORT = 0.8
"""Circuits carry less: one member in five or so has to pause, and who is to be found."""


@dataclass(frozen=True, slots=True)
class _Case:
    circuits: tuple[Circuit, ...]
    demands: tuple[Demand, ...]
    free_a: dict[CircuitId, PhaseValues]


def run(options: Options) -> Result:
    """Measure allocations of 10 to 10,000 members."""
    figures = {}
    paused = {}
    for members, runs in RUNS.items():
        for suffix, plenty in (("", ENOUGH), ("_short", SHORT)):
            case = _case(random.Random(options.seed), members, plenty)
            key = f"ms_{members}{suffix}"
            times = []
            for _ in range(max(1, round(runs * options.scale))):
                started = time.process_time()
                allocation = allocate(case.circuits, case.demands, case.free_a)
                times.append(1000.0 * (time.process_time() - started))
                paused[key] = sum(not current for current in allocation.current_a.values())
            figures[key] = median(times)
    return Result(
        figures=figures,
        bars={"ms_1000": Bar.below(10.0), "ms_10000": Bar.below(150.0)},
        notes=(
            "time of the processor: nothing is waited for, and other programs do not count",
            "short: not everybody fits at minimum, and the search ends by itself; paused there: "
            + ", ".join(f"{paused[f'ms_{members}_short']} of {members}" for members in RUNS),
        ),
    )


def _case(chance: random.Random, members: int, plenty: float) -> _Case:
    """Return a tree of a grid, areas and rows of parking spaces, about as many of each below."""
    leaves = max(1, members // MEMBERS_PER_LEAF)
    areas = max(1, round(leaves**0.5))
    circuits = [_circuit(ROOT_CIRCUIT, None)]
    circuits += [_circuit(f"area{area}", ROOT_CIRCUIT) for area in range(areas)]
    circuits += [_circuit(f"row{leaf}", f"area{leaf % areas}") for leaf in range(leaves)]
    demands = tuple(_demand(chance, member, leaves) for member in range(members))
    parents = {circuit.id: circuit.parent for circuit in circuits}
    least = {circuit: [0.0, 0.0, 0.0] for circuit in parents}
    for demand in demands:
        circuit: CircuitId | None = demand.circuit
        while circuit is not None:
            for phase in demand.phases:
                least[circuit][phase.position] += demand.min_a
            circuit = parents[circuit]
    free_a = {
        circuit: PerPhase(*(load * plenty * chance.uniform(1.0, 1.4) for load in loads))
        for circuit, loads in least.items()
    }
    return _Case(tuple(circuits), demands, free_a)


def _circuit(circuit: CircuitId, parent: CircuitId | None) -> Circuit:
    return Circuit(id=circuit, name=circuit, parent=parent, limit_a=PerPhase.same(63.0))


def _demand(chance: random.Random, member: int, leaves: int) -> Demand:
    """Return a demand whose maximum is like that of no other, as measured ones are."""
    return Demand(
        member=f"member{member}",
        circuit=f"row{chance.randrange(leaves)}",
        phases=frozenset(chance.choice((PHASES, PHASES, *((phase,) for phase in PHASES)))),
        min_a=6.0,
        max_a=chance.uniform(10.0, 32.0),
        step_a=chance.choice((0.1, 1.0)),
        limited_by=Reason(kind=ReasonKind.CHARGER),
        priority=chance.choice(tuple(Priority)),
        weight=chance.choice((1.0, 1.0, 2.0)),
    )
