"""Random sites with everything that may go wrong on them, drawn from one seed."""

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Final

from ...balancing.contract import Sharing, SiteSettings
from ...pool.quantities import PHASES, Phase
from ..cars import happens
from ..meters import MeterKind
from ..plant import PlantSpec
from ..scenario import Scenario
from .electricity import (
    describe_meters,
    draw_circuits,
    draw_generation,
    draw_loads,
    draw_meters,
    with_phases_told,
    with_power_limits,
)
from .energy import with_energy_rules
from .events import draw_circuit_limits, draw_limits, draw_outages, draw_wishes, merge_limits
from .members import draw_members, with_fail_safes

MOST_MEMBERS: Final = 20

ENERGY_FROM: Final = 500_000
"""Of each million of seeds those from here on draw sites with average limits, modes and plans too."""

_FUSES_A: Final = (16.0, 20.0, 25.0, 32.0, 35.0, 40.0, 50.0, 63.0, 80.0, 100.0)


def draw_scenario(
    seed: int, *, duration: timedelta = timedelta(hours=1), most_members: int = MOST_MEMBERS
) -> Scenario:
    """Draw a site with all its troubles.

    Seeds from `ENERGY_FROM` on in each million have what looks further than now as well: limits on
    averages and between phases, contracted power, modes, plans.
    """
    scenario = _draw(seed, duration, most_members)
    if seed % 1_000_000 < ENERGY_FROM:
        return scenario
    return with_energy_rules(Random(f"{seed}:energy"), scenario)


def _draw(seed: int, duration: timedelta, most_members: int) -> Scenario:
    rng = Random(seed)
    duration_s = duration.total_seconds()
    phases = PHASES if happens(rng, 0.85) else (Phase.L1,)
    count = rng.randint(1, most_members)
    fuse_a = rng.choice([fuse for fuse in _FUSES_A if fuse <= max(25.0, 12.0 * count)])
    circuits = draw_circuits(rng, phases, fuse_a)
    meters = draw_meters(rng, circuits, duration_s)
    loads = draw_loads(rng, phases, circuits)
    sun, battery = with_phases_told(Random(f"{seed}:phases"), *draw_generation(rng, phases, fuse_a))
    if sun is not None or battery is not None:
        # One total hides that one phase imports what another exports.
        meters = [
            replace(meter, kind=MeterKind.CURRENTS) if meter.kind is MeterKind.TOTAL else meter
            for meter in meters
        ]
    circuits = describe_meters(rng, circuits, meters, loads)
    members, delays = draw_members(rng, circuits, phases, count, duration)
    members = with_fail_safes(rng, circuits, loads, members)
    sharing = rng.choice(tuple(Sharing))
    outages = draw_outages(rng, duration_s)
    limits = draw_limits(rng, circuits, members, duration_s)
    others = Random(f"{seed}:limits")
    if limits and happens(others, 0.5):
        # Sites without any limit stay so: only there is judged who goes without.
        circuits = with_power_limits(others, circuits)
        limits = merge_limits(limits, draw_circuit_limits(others, circuits, duration_s))
    return Scenario(
        seed=seed,
        duration_s=duration_s,
        site=SiteSettings(
            circuits=tuple(circuits),
            members=tuple(member.settings for member in members),
            sharing=sharing,
        ),
        plant=PlantSpec(
            circuits={circuit.id: circuit.parent for circuit in circuits},
            loads=loads,
            sun=sun,
            battery=battery,
            meters=tuple(meters),
            supply_ohm=3.0 / fuse_a,
        ),
        members=tuple(members),
        link_delay_s=delays,
        outages=outages,
        limits=limits,
        wishes=draw_wishes(rng, members, duration_s),
    )
