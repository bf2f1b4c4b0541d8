"""How often the allocator finds the best possible allocation."""

import random
from statistics import median, quantiles
import time

from benchmarks.runner import Bar, Options, Result
from custom_components.ev_charger_pool.balancing.allocator import allocate
from tests.balancing.judging import judge
from tests.balancing.sites import hard_site

NAME = "optimality"
DESCRIPTION = "The allocator against an exact solver, where not everybody fits at minimum."

SITES = 1000
LEAST_SITES = 300
PROOF_SECONDS = 5.0
"""The most that one integer programme of the exact solver may take."""


def run(options: Options) -> Result:
    """Judge the allocator on random sites."""
    chance = random.Random(options.seed)
    sites = max(1, round(SITES * options.scale))
    optimal = short = illegal = unproven = cut_short = 0
    milliseconds = []
    sizes = []
    for _ in range(sites):
        site = hard_site(chance)
        started = time.perf_counter()
        allocation = allocate(
            site.circuits, site.demands, site.free_a, free_w=site.free_w, sharing=site.sharing
        )
        milliseconds.append(1000.0 * (time.perf_counter() - started))
        sizes.append(len(site.demands))
        verdict = judge(site, allocation, seconds=PROOF_SECONDS)
        optimal += verdict.optimal
        short += verdict.served_short
        illegal += bool(verdict.illegal)
        unproven += not verdict.proven
        cut_short += not allocation.complete
    return Result(
        figures={
            "hard_sites": sites,
            "optimal_share": optimal / sites,
            "served_short": short,
            "illegal": illegal,
            "unproven": unproven,
            "median_ms": median(milliseconds),
            "p99_ms": quantiles(milliseconds, n=100)[98] if sites > 1 else milliseconds[0],
        },
        bars={
            "hard_sites": Bar.at_least(min(sites, round(LEAST_SITES * options.scale))),
            "optimal_share": Bar.at_least(0.99),
            "served_short": Bar.equal(0),
            "illegal": Bar.equal(0),
        },
        notes=(
            f"3 to 30 members, {median(sizes):.0f} in the middle; both ways of sharing",
            f"no time budget: {cut_short} were ended by one",
            "optimal: no other set is better (in levels to 1e-4), amounts are rounded down to steps,",
            "and no step is left over; what the exact solver cannot prove does not count as optimal",
        ),
    )
