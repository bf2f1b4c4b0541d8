"""Simulated years of whole sites, against the exact optimum and two reference strategies."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
import os
import time
from typing import Final

from benchmarks.runner import Bar, Options, Result
from benchmarks.yearly.days import DayRan, Ran, Strategy, run_day
from benchmarks.yearly.table import lines
from custom_components.ev_charger_pool.simulator.judge.overloads import THERMAL_LIMIT_S
from custom_components.ev_charger_pool.simulator.year.homes import HomeKind
from custom_components.ev_charger_pool.simulator.year.scenes import DAYS, Scene

NAME = "year"
DESCRIPTION = "Whole simulated years: overloads, energy, sun and cost against the exact optimum."

DAYS_RUN: Final = 12
"""How many days of each site, spread evenly over the year, a run of full scale has. The
environment variable YEAR_DAYS asks for another number, 365 for the whole year."""

SHOWN: Final = 20
"""Breaches that are told one by one."""

_BY_ENERGY: Final = frozenset({Scene.HOUSE, Scene.GARAGE, Scene.GARAGE_PLANNED, Scene.DEPOT})
"""Where the most energy under the fuse is what counts."""

_RARER: Final = frozenset({Scene.MINIMUM_SOLAR, Scene.FAULTS})
_EVERY: Final = 3
"""These run on every so manieth of the days: a run of full scale is to end in a quarter of an hour."""

_SOLAR_TIMES: Final = 3
"""Homes with the sun run on so many times as many days: four kinds of them share these."""

_TIGHT_AND_KNOWN: Final = Scene.GARAGE_PLANNED
"""The tight fuse with departures known."""

BLIND_TO_ROUND_ROBIN: Final = "garage_energy_to_round_robin"
"""The tight fuse without known departures: the pool's energy over the round robin's."""

LEAST_ENERGY_RATIO: Final = 0.95
LEAST_SOLAR_RATIO: Final = 0.95
MOST_IMPORT_SHARE: Final = 0.03
MOST_STARTS_PER_HOUR: Final = 4
MOST_COST_RATIO: Final = 1.01


_KINDS: Final = {kind: f"{Scene.SOLAR}_{kind}" for kind in HomeKind}
"""What the keys of each kind of home begin with."""

_PREFIXES: Final = {
    strategy: "" if strategy is Strategy.POOL else f"{strategy}_" for strategy in Strategy
}
"""What the keys of a strategy's figures begin with."""


def days_of_year(count: int) -> list[int]:
    """Return so many days of the year, 1 to 365, spread evenly and the same each time."""
    return [1 + int((place + 0.5) * DAYS / count) for place in range(count)]


def jobs_of(count: int) -> list[tuple[Scene, int]]:
    """Return which scene runs on which of so many days."""
    homes = days_of_year(min(DAYS, _SOLAR_TIMES * count))
    jobs = [
        (scene, day)
        for place, day in enumerate(days_of_year(count))
        for scene in Scene
        if scene is not Scene.SOLAR and (place % _EVERY == 0 or scene not in _RARER)
    ]
    return jobs + [(Scene.SOLAR, day) for day in homes]


def run(options: Options) -> Result:
    """Run the days on all cores and put the figures together."""
    asked = int(os.environ.get("YEAR_DAYS", str(DAYS_RUN)))
    count = min(DAYS, max(1, round(asked * options.scale)))
    jobs = jobs_of(count)
    started = time.perf_counter()
    with ProcessPoolExecutor() as pool:
        ran = list(pool.map(partial(_job, options.seed), jobs))
    seconds = time.perf_counter() - started
    figures = figures_of(ran)
    return Result(
        figures=figures,
        bars={key: bar for key, bar in bars_of().items() if key in figures},
        notes=(
            f"{count} days of each site, of some every {_EVERY}. only, of homes with the sun more",
            f"{figures['simulated_hours']:.0f} hours were simulated in {seconds:.0f} s",
            "overload_as: what others did not do in the time to react, nor a station by itself",
            *_breaches(ran),
            *lines(
                figures,
                [*Scene, *_KINDS.values()],
                {str(key): prefix for key, prefix in _PREFIXES.items()},
            ),
        ),
    )


def _job(seed: int, job: tuple[Scene, int]) -> DayRan:
    return run_day(*job, seed)


def figures_of(ran: Sequence[DayRan]) -> dict[str, float]:
    """Return all figures: the worst scene of the pool, each scene, and the references."""
    figures: dict[str, float] = {
        "simulated_hours": sum(day.simulated_s for day in ran) / 3_600.0,
        "controlled_hours": sum(day.ran[Strategy.POOL].judged_s for day in ran) / 3_600.0,
    }
    by_scene = {
        scene: [day for day in ran if day.scene is scene]
        for scene in Scene
        if any(day.scene is scene for day in ran)
    }
    for strategy in Strategy:
        prefix = _PREFIXES[strategy]
        each = {
            scene: _scene_figures(scene, [day.ran[strategy] for day in days])
            for scene, days in by_scene.items()
        }
        for key, worst in _WORST.items():
            if values := [found[key] for found in each.values() if key in found]:
                figures[f"{prefix}{key}"] = worst(values)
        for scene, found in each.items():
            figures |= {f"{prefix}{_named(scene, key)}": value for key, value in found.items()}
        for kind, name in _KINDS.items():
            days = [day for day in by_scene.get(Scene.SOLAR, ()) if day.kind is kind]
            found = _kind_figures([day.ran[strategy] for day in days])
            figures |= {f"{prefix}{name}_{key}": value for key, value in found.items()}
    blind, compared = f"{Scene.GARAGE}_energy_kwh", f"round_robin_{Scene.GARAGE}_energy_kwh"
    if figures.get(compared):
        figures[BLIND_TO_ROUND_ROBIN] = figures[blind] / figures[compared]
    return figures


def _named(scene: Scene, key: str) -> str:
    """Return a figure's key with its scene, once."""
    return key if key.startswith(f"{scene}_") else f"{scene}_{key}"


_WORST: Final[dict[str, Callable[[Iterable[float]], float]]] = {
    "overload_as": max,
    "over_limit_as": max,
    "overload_s_max": max,
    "overload_to_allowed_max": max,
    "thermal_sum_s_max": max,
    "i1b_violations": max,
    "energy_ratio": min,
    "solar_ratio": min,
    "solar_import_share": max,
    "plan_cost_ratio": max,
    "plan_energy_ratio": min,
    "starts_per_hour_max": max,
    "starts_for_nothing": max,
    "writes_per_connector_hour": max,
    "messages_per_connector_hour": max,
    "contactor_operations_per_connector_hour": max,
    "spurious_cuts_per_hour": max,
}
"""Which figures are told of all scenes, and which of two is worse."""


def _scene_figures(scene: Scene, ran: Sequence[Ran]) -> dict[str, float]:
    """Return the figures of a strategy in one scene."""

    def total(pick: Callable[[Ran], float]) -> float:
        return sum(pick(item) for item in ran)

    energy_wh = total(lambda item: item.energy_wh)
    best_wh = total(lambda item: item.best_wh)
    plugged_h = total(lambda item: item.plugged_h)
    judged_h = total(lambda item: item.judged_s) / 3_600.0
    figures = {
        "overload_as": total(lambda item: item.overload_as),
        "over_limit_as": total(lambda item: item.over_limit_as),
        "overload_s_max": max(item.overload_s for item in ran),
        "overload_to_allowed_max": max(item.overload_of_time for item in ran),
        "thermal_sum_s_max": max(item.thermal_s for item in ran),
        "i1b_violations": total(lambda item: len(item.violations)),
        "energy_kwh": energy_wh / 1_000.0,
        "messages": total(lambda item: item.messages),
        "contactor_operations": total(lambda item: item.contactor_operations),
        "starts": total(lambda item: item.starts),
        "starts_for_nothing": total(lambda item: item.starts_for_nothing),
        "starts_per_hour_max": max(item.starts_per_hour_max for item in ran),
    }
    if scene in _BY_ENERGY and best_wh:
        figures["energy_ratio"] = energy_wh / best_wh
    if scene is Scene.FAULTS and best_wh:
        # The optimum knows of no fault: this is told, and not held against anybody.
        figures["energy_to_faultless"] = energy_wh / best_wh
    best_solar_wh = total(lambda item: item.best_solar_wh)
    if scene is Scene.SOLAR and best_solar_wh and energy_wh:
        figures["solar_ratio"] = total(lambda item: item.solar_wh) / best_solar_wh
        figures["solar_import_share"] = total(lambda item: item.imported_wh) / energy_wh
    least_import_wh = total(lambda item: item.least_import_wh)
    if scene is Scene.MINIMUM_SOLAR and best_solar_wh and least_import_wh:
        figures["sun_to_best"] = total(lambda item: item.solar_wh) / best_solar_wh
        figures["import_to_least"] = total(lambda item: item.imported_wh) / least_import_wh
    best_cost = total(lambda item: item.best_cost)
    if scene is Scene.PLAN and best_cost:
        figures["plan_cost_ratio"] = total(lambda item: item.cost) / best_cost
        figures["plan_energy_ratio"] = energy_wh / best_wh
    if plugged_h:
        figures["writes_per_connector_hour"] = total(lambda item: item.writes) / plugged_h
        figures["messages_per_connector_hour"] = figures["messages"] / plugged_h
        figures["contactor_operations_per_connector_hour"] = (
            figures["contactor_operations"] / plugged_h
        )
    if judged_h:
        figures["cuts_per_hour"] = total(lambda item: item.cuts) / judged_h
        figures["spurious_cuts_per_hour"] = total(lambda item: item.spurious_cuts) / judged_h
        figures["cpu_s_per_hour"] = total(lambda item: item.decide_s) / judged_h
    return figures


def _kind_figures(ran: Sequence[Ran]) -> dict[str, float]:
    """Return how a strategy did in homes of one kind."""
    energy_wh = sum(item.energy_wh for item in ran)
    best_solar_wh = sum(item.best_solar_wh for item in ran)
    if not energy_wh or not best_solar_wh:
        return {}
    return {
        "days": len(ran),
        "ratio": sum(item.solar_wh for item in ran) / best_solar_wh,
        "import_share": sum(item.imported_wh for item in ran) / energy_wh,
        "energy_kwh": energy_wh / 1_000.0,
        "starts": sum(item.starts for item in ran),
        "starts_for_nothing": sum(item.starts_for_nothing for item in ran),
        "starts_per_hour_max": max(item.starts_per_hour_max for item in ran),
    }


def bars_of() -> dict[str, Bar]:
    """Return what the pool's figures must hold."""
    return {
        "overload_as": Bar.equal(0),
        "i1b_violations": Bar.equal(0),
        "overload_to_allowed_max": Bar.at_most(1),
        "thermal_sum_s_max": Bar.at_most(THERMAL_LIMIT_S),
        f"{_TIGHT_AND_KNOWN}_energy_ratio": Bar.at_least(LEAST_ENERGY_RATIO),
        BLIND_TO_ROUND_ROBIN: Bar.above(1),
        "solar_ratio": Bar.at_least(LEAST_SOLAR_RATIO),
        "solar_import_share": Bar.at_most(MOST_IMPORT_SHARE),
        f"{Scene.SOLAR}_starts_per_hour_max": Bar.at_most(MOST_STARTS_PER_HOUR),
        f"{Scene.SOLAR}_starts_for_nothing": Bar.equal(0),
        "plan_cost_ratio": Bar.at_most(MOST_COST_RATIO),
    }


def _breaches(ran: Sequence[DayRan]) -> Iterable[str]:
    """Tell the pool's breaches one by one, with the day on which to look for them."""
    told = [
        f"{day.scene} day {day.day}: {text}"
        for day in ran
        for text in day.ran[Strategy.POOL].violations
    ]
    yield from told[:SHOWN]
    if len(told) > SHOWN:
        yield f"and {len(told) - SHOWN} more"
