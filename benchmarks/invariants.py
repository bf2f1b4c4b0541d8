"""The invariants on random sites: a closed loop at steps of one second, judged in true currents."""

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
import math
import os
import sys
import time
from typing import Final

from benchmarks.runner import Bar, Options, Result
from custom_components.ev_charger_pool.balancing.controller import SiteController
from custom_components.ev_charger_pool.simulator.closed_loop import ClosedLoop
from custom_components.ev_charger_pool.simulator.drawing import ENERGY_FROM, draw_scenario
from custom_components.ev_charger_pool.simulator.judge.violations import Rule

NAME = "invariants"
DESCRIPTION = "Violations of I1 to I8 in random site-hours with misbehaving devices and meters."

SITE_HOURS: Final = 1_000
"""How many random sites run for an hour each. The environment variable SITE_HOURS asks for another
number; the bar stays."""

ENERGY_SHARE: Final = 0.2
"""So many more for each of them are sites with average limits, modes and plans."""

SHOWN: Final = 50
"""Violations that are told one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteHour:
    """What came of one site."""

    seed: int
    simulated_s: float
    energy_wh: float
    orders: int
    violations: tuple[tuple[Rule, str], ...]


def run_site(seed: int) -> SiteHour:
    """Run one random site for an hour."""
    scenario = draw_scenario(seed, duration=timedelta(hours=1))
    outcome = ClosedLoop(scenario, SiteController).run()
    return SiteHour(
        seed=seed,
        simulated_s=outcome.simulated_s,
        energy_wh=outcome.energy_wh,
        orders=outcome.orders,
        violations=tuple((item.rule, str(item)) for item in outcome.violations),
    )


def run(options: Options) -> Result:
    """Run the sites on all cores, and count what went wrong."""
    sites = max(1, round(int(os.environ.get("SITE_HOURS", SITE_HOURS)) * options.scale))
    first = options.seed * 1_000_000
    started = time.perf_counter()
    energetic = first + ENERGY_FROM
    seeds = [
        *range(first, first + sites),
        *range(energetic, energetic + max(1, round(ENERGY_SHARE * sites))),
    ]
    with ProcessPoolExecutor() as pool:
        hours = list(pool.map(run_site, seeds, chunksize=4))
    seconds = time.perf_counter() - started

    by_rule = Counter(rule for hour in hours for rule, _ in hour.violations)
    site_hours = sum(hour.simulated_s for hour in hours) / 3600.0
    figures: dict[str, float] = {
        "site_hours": site_hours,
        "violations": float(by_rule.total()),
        "sites_with_violations": float(sum(bool(hour.violations) for hour in hours)),
    }
    figures |= {f"violations_{rule}": float(by_rule[rule]) for rule in Rule}
    figures["energy_kwh_per_site_hour"] = sum(hour.energy_wh for hour in hours) / 1e3 / site_hours
    figures["orders_per_site_hour"] = sum(hour.orders for hour in hours) / site_hours
    figures["site_hours_per_s"] = site_hours / seconds
    bars = {"violations": Bar.below(1.0)}
    if options.scale == 1.0:
        bars["site_hours"] = Bar.above(SITE_HOURS - 1.0)
    return Result(figures=figures, bars=bars, notes=tuple(_notes(hours)))


def _notes(hours: Iterable[SiteHour]) -> Iterable[str]:
    """Tell each violation with the command that shows it again."""
    told = 0
    for hour in hours:
        for _, text in hour.violations:
            told += 1
            if told > SHOWN:
                yield f"and more: only the first {SHOWN} are told"
                return
            yield f"{text}  [python -m benchmarks.invariants {hour.seed}]"


def replay(seed: int) -> int:
    """Run one site again and print what it is and what was broken.

    Returns:
        0 when nothing was.
    """
    scenario = draw_scenario(seed, duration=timedelta(hours=1))
    for circuit in scenario.site.circuits:
        print(circuit)
    for meter in scenario.plant.meters:
        print(meter)
    print(scenario.plant.sun, scenario.plant.battery, scenario.outages, sep="\n")
    for member in scenario.members:
        print(member.settings, member.firmware, sep="\n    ")
    outcome = ClosedLoop(scenario, SiteController).run()
    for violation in outcome.violations:
        print(violation)
    minutes = math.floor(outcome.simulated_s / 60.0)
    print(f"{len(outcome.violations)} violations in {minutes} min, seed {seed}")
    return 1 if outcome.violations else 0


if __name__ == "__main__":
    sys.exit(max(replay(int(seed)) for seed in sys.argv[1:]))
