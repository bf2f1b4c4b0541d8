"""Random circuits with their meters, loads and generation."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Final

from ...const import ROOT_CIRCUIT
from ...pool.circuits import Circuit
from ...pool.members import CircuitId
from ...pool.quantities import NOMINAL_VOLTAGE_V, PHASES, PerPhase, Phase
from ..cars import happens
from ..house import MOST_OF_BASE, BatterySpec, LoadSpec, SunSpec, draw_appliances
from ..meters import MeterFault, MeterFaultKind, MeterKind, MeterSpec
from ..scenario import above

BIGGEST_STEP: Final = 0.35
"""No appliance takes more than this share of its circuit's limit."""


def _on(phases: Sequence[Phase], value: float) -> PerPhase[float]:
    return PerPhase(*(value if phase in phases else 0.0 for phase in PHASES))


def draw_circuits(rng: Random, phases: Sequence[Phase], fuse_a: float) -> list[Circuit]:
    """Draw the grid connection and the circuits below it."""
    root = Circuit(id=ROOT_CIRCUIT, name="Grid", limit_a=_on(phases, fuse_a), metered=True)
    if happens(rng, 0.15):
        root = replace(root, limit_w=fuse_a * 230.0 * len(phases) * rng.uniform(0.5, 0.9))
    circuits = [root]
    for number in range(rng.choice((0, 0, 1, 2, 3))):
        parent = rng.choice(circuits)
        limit_a = max(16.0, round(parent.limit_a.l1 * rng.uniform(0.4, 0.9)))
        circuits.append(
            Circuit(
                id=f"circuit{number}",
                name=f"Circuit {number}",
                parent=parent.id,
                limit_a=_on(phases, limit_a),
                metered=happens(rng, 0.5),
            )
        )
    return circuits


def draw_meters(rng: Random, circuits: Sequence[Circuit], duration_s: float) -> list[MeterSpec]:
    """Draw a meter for each circuit that is metered."""
    return [
        MeterSpec(
            circuit=circuit.id,
            kind=rng.choice(
                (MeterKind.CURRENTS, MeterKind.CURRENTS, MeterKind.POWERS, MeterKind.TOTAL)
            ),
            interval_s=rng.choice((1.0, 1.0, 2.0, 5.0, 10.0)),
            jitter_s=rng.choice((0.0, 0.3)),
            lag_s=rng.uniform(0.1, 3.0),
            noise_a=rng.choice((0.0, 0.05, 0.1)),
            resolution_a=rng.choice((0.01, 0.1, 1.0)),
            tells_time=happens(rng, 0.3),
            faults=_draw_meter_faults(rng, duration_s),
        )
        for circuit in circuits
        if circuit.metered
    ]


def _draw_meter_faults(rng: Random, duration_s: float) -> tuple[MeterFault, ...]:
    if not happens(rng, 0.4):
        return ()
    faults = []
    at_s = rng.uniform(60.0, duration_s)
    while at_s < duration_s:
        lasts_s = rng.choice((4.0, 20.0, 60.0, 300.0)) * rng.uniform(0.5, 1.5)
        faults.append(
            MeterFault(kind=rng.choice(tuple(MeterFaultKind)), from_s=at_s, until_s=at_s + lasts_s)
        )
        at_s += lasts_s + rng.uniform(60.0, duration_s)
    return tuple(faults)


def draw_loads(
    rng: Random, phases: Sequence[Phase], circuits: Sequence[Circuit]
) -> dict[CircuitId, LoadSpec]:
    """Draw what else takes current: in all at most half of every limit above it (SR-1)."""
    left = {circuit.id: [circuit.limit_a.l1 / 2.0 - 1.0] * 3 for circuit in circuits}
    bases: dict[CircuitId, list[float]] = {}
    for circuit in circuits:
        path = above(circuits, circuit.id)
        if all(item.metered for item in circuits if item.id in path):
            bases[circuit.id] = [
                rng.uniform(0.2, 1.5) if phase in phases else 0.0 for phase in PHASES
            ]
            for above_id in path:
                for index, base_a in enumerate(bases[circuit.id]):
                    left[above_id][index] -= MOST_OF_BASE * base_a
    loads = {}
    for circuit_id, base in bases.items():
        path = above(circuits, circuit_id)
        biggest_a = BIGGEST_STEP * min(item.limit_a.l1 for item in circuits if item.id in path)
        chosen = []
        for item in draw_appliances(rng, phases, biggest_a):
            room = min(left[above_id][phase.position] for above_id in path for phase in item.phases)
            if room >= item.current_a:
                chosen.append(item)
                for above_id in path:
                    for phase in item.phases:
                        left[above_id][phase.position] -= item.current_a
        loads[circuit_id] = LoadSpec(base_a=(base[0], base[1], base[2]), appliances=tuple(chosen))
    return loads


def draw_generation(
    rng: Random, phases: Sequence[Phase], fuse_a: float
) -> tuple[SunSpec | None, BatterySpec | None]:
    """Draw a solar installation and a home battery, or none."""
    most_w = BIGGEST_STEP * fuse_a * 230.0
    sun = battery = None
    if happens(rng, 0.4):
        used = phases if happens(rng, 0.7) else (rng.choice(phases),)
        sun = SunSpec(
            peak_w=min(most_w * len(used), rng.uniform(1_500.0, 10_000.0)),
            phases=tuple(used),
            noon_s=rng.uniform(-7_200.0, 7_200.0),
            cloudiness=rng.uniform(0.0, 0.8),
        )
    if happens(rng, 0.25):
        used = phases if happens(rng, 0.5) else (rng.choice(phases),)
        capacity_wh = rng.uniform(1_000.0, 10_000.0)
        battery = BatterySpec(
            max_power_w=min(most_w * len(used), rng.uniform(1_500.0, 6_000.0)),
            capacity_wh=capacity_wh,
            stored_wh=capacity_wh * rng.random(),
            phases=tuple(used),
        )
    return sun, battery


def with_phases_told(
    rng: Random, sun: SunSpec | None, battery: BatterySpec | None
) -> tuple[SunSpec | None, BatterySpec | None]:
    """Have some sites know which phases their generators feed."""
    if sun is not None:
        sun = replace(sun, tells_phases=happens(rng, 0.5))
    if battery is not None:
        battery = replace(battery, tells_phases=happens(rng, 0.5))
    return sun, battery


def with_power_limits(rng: Random, circuits: Sequence[Circuit]) -> list[Circuit]:
    """Give some circuits below the root a limit in watts."""
    return [
        replace(
            circuit,
            limit_w=round(sum(circuit.limit_a) * NOMINAL_VOLTAGE_V * rng.uniform(0.5, 0.9)),
        )
        if circuit.parent is not None and happens(rng, 0.3)
        else circuit
        for circuit in circuits
    ]


def describe_meters(
    rng: Random,
    circuits: Sequence[Circuit],
    meters: Sequence[MeterSpec],
    loads: dict[CircuitId, LoadSpec],
) -> list[Circuit]:
    """Tell the controller what a user would know of the meters and of the other load."""
    known_before = happens(rng, 0.5)
    by_circuit = {meter.circuit: meter for meter in meters}
    described = []
    for circuit in circuits:
        meter = by_circuit.get(circuit.id)
        other = PerPhase(*other_load_max_a(circuits, loads, circuit.id))
        if meter is None:
            described.append(replace(circuit, other_load_max_a=other))
            continue
        described.append(
            replace(
                circuit,
                meter_resolution_a=max(meter.resolution_a, 0.1),
                other_load_max_a=other if known_before else None,
            )
        )
    return described


def other_load_max_a(
    circuits: Sequence[Circuit], loads: dict[CircuitId, LoadSpec], circuit: CircuitId
) -> list[float]:
    """Return the most that everything but members can take on a circuit, per phase."""
    most = [0.0, 0.0, 0.0]
    for below, load in loads.items():
        if circuit in above(circuits, below):
            for index in range(3):
                most[index] += MOST_OF_BASE * load.base_a[index]
            for item in load.appliances:
                for phase in item.phases:
                    most[phase.position] += item.current_a
    return most
