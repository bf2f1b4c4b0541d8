"""One day of one site: the pool, two reference strategies and the optimum."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
import time
from typing import Final

from benchmarks.yearly.accounts import Accounts, Overloads
from benchmarks.yearly.battery_optimum import most_kept, stored_wh
from benchmarks.yearly.minimum_optimum import MinimumOptimum, most_solar_above_minimum
from benchmarks.yearly.optimum import Problem, Stay, draws_a
from benchmarks.yearly.planning import CheapestSlots
from benchmarks.yearly.pool_planning import Planner
from benchmarks.yearly.references import EqualSplit, RoundRobin
from benchmarks.yearly.solar_optimum import most_solar
from benchmarks.yearly.switching_optimum import most_solar_switching
from benchmarks.yearly.trace import Trace, record
from custom_components.ev_charger_pool.balancing.contract import Controller
from custom_components.ev_charger_pool.balancing.controller import SiteController
from custom_components.ev_charger_pool.pool.members import Mode
from custom_components.ev_charger_pool.pool.quantities import NOMINAL_VOLTAGE_V
from custom_components.ev_charger_pool.simulator.stage import Stage
from custom_components.ev_charger_pool.simulator.year.homes import HomeKind, home_kind
from custom_components.ev_charger_pool.simulator.year.loop import LEAD_S, Attendant, YearLoop
from custom_components.ev_charger_pool.simulator.year.scenes import Day, Scene, draw_site_day


class Strategy(StrEnum):
    """Who decides."""

    POOL = "pool"
    ROUND_ROBIN = "round_robin"
    EQUAL_SPLIT = "equal_split"


CONTROLLERS: Final[Mapping[Strategy, Callable[[], Controller]]] = {
    Strategy.POOL: SiteController,
    Strategy.ROUND_ROBIN: RoundRobin,
    Strategy.EQUAL_SPLIT: EqualSplit,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a strategy did on a day.

    Attributes:
        judged_s: Seconds in which it ran; in the others nobody was there.
        energy_wh: What the members took.
        best_wh: The most that they could have taken.
        solar_wh: What car and battery took of the sun's surplus.
        imported_wh: What the members took of the grid beyond it, and beyond what the battery gave.
        best_solar_wh: The most surplus that could have been taken.
        least_import_wh: What has to be imported with it where the least current always flows.
        cost: What the energy cost.
        best_cost: The least that the same energy could have cost.
        overload_as: Ampere-seconds of overload that the strategy caused.
        over_limit_as: Ampere-seconds of overload, whoever caused them.
        overload_s: How long an overload lasted at most that somebody could have ended.
        overload_of_time: The same as a share of the time that there was for it.
        thermal_s: The largest thermal sum of any 10 minutes.
        violations: Breaches of I1b, as told.
        starts: Starts of cars.
        starts_per_hour_max: The most of them at one connector in one hour.
        starts_for_nothing: Those that brought next to no energy.
        writes: Orders that changed something at a device.
        messages: All orders, renewals among them.
        contactor_operations: How often contactors closed or opened.
        cuts: Reductions for a fuse below what was drawn.
        spurious_cuts: Those that no true current asked for.
        plugged_h: Hours with a car, over all connectors.
        decide_s: Processor time of the run.
    """

    judged_s: float
    energy_wh: float
    best_wh: float
    solar_wh: float
    imported_wh: float
    best_solar_wh: float
    least_import_wh: float
    cost: float
    best_cost: float
    overload_as: float
    over_limit_as: float
    overload_s: float
    overload_of_time: float
    thermal_s: float
    violations: tuple[str, ...]
    starts: int
    starts_per_hour_max: int
    starts_for_nothing: int
    writes: int
    messages: int
    contactor_operations: int
    cuts: int
    spurious_cuts: int
    plugged_h: float
    decide_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRan:
    """How all strategies did on a day.

    Attributes:
        scene: Which site.
        day: Day of the year, 1 to 365.
        kind: What a home has that charges by the sun.
        simulated_s: How long the day was.
        wanted_wh: What all cars wanted.
        ran: How each strategy did.
    """

    scene: Scene
    day: int
    kind: HomeKind
    simulated_s: float
    wanted_wh: float
    ran: Mapping[Strategy, Ran]


def run_day(scene: Scene, day: int, seed: int) -> DayRan:
    """Run a day with every strategy."""
    drawn = draw_site_day(scene, day, seed)
    trace = record(drawn.scenario)
    problem = Problem(drawn.scenario, trace)
    best_wh = sum(problem.most_energy().energy_wh)
    best_sun = _best_of_sun(drawn, problem.stays, trace)
    ran = {}
    for strategy in Strategy:
        started = time.process_time()
        accounts, overloads, judged_s = run_strategy(drawn, strategy, problem.stays)
        starts = accounts.starts.values()
        best_cost = 0.0
        if drawn.prices is not None:
            delivered = dict(enumerate(accounts.delivered_wh))
            best_cost = problem.least_cost(delivered, drawn.prices).cost
        ran[strategy] = Ran(
            judged_s=judged_s,
            energy_wh=sum(accounts.delivered_wh),
            best_wh=best_wh,
            solar_wh=accounts.solar_wh,
            imported_wh=accounts.imported_wh,
            best_solar_wh=best_sun.solar_wh,
            least_import_wh=best_sun.imported_wh,
            cost=accounts.cost,
            best_cost=best_cost,
            overload_as=overloads.caused_as,
            over_limit_as=overloads.over_as,
            overload_s=overloads.endings.longest_s,
            overload_of_time=overloads.endings.most_of_time,
            thermal_s=overloads.thermal_s,
            violations=tuple(str(item) for item in overloads.findings.violations),
            starts=sum(len(item.at_s) for item in starts),
            starts_per_hour_max=max((item.most_per_hour() for item in starts), default=0),
            starts_for_nothing=sum(item.for_nothing() for item in starts),
            writes=accounts.writes,
            messages=accounts.messages,
            contactor_operations=accounts.contactor_operations,
            cuts=accounts.cuts,
            spurious_cuts=accounts.spurious_cuts,
            plugged_h=accounts.plugged_s / 3_600.0,
            decide_s=time.process_time() - started,
        )
    return DayRan(
        scene=scene,
        day=day,
        kind=home_kind(drawn),
        simulated_s=drawn.scenario.duration_s,
        wanted_wh=sum(stay.wanted_wh for stay in problem.stays),
        ran=ran,
    )


def run_strategy(
    drawn: Day, strategy: Strategy, stays: Sequence[Stay]
) -> tuple[Accounts, Overloads, float]:
    """Run a day with one strategy.

    Returns:
        What it is measured by, how true currents were, and how many seconds it ran.
    """
    stage = Stage(drawn.scenario)
    overloads = Overloads(drawn.scenario, stage)
    accounts = Accounts(list(stays), stage, overloads, drawn.prices)
    loop = YearLoop(
        drawn.scenario,
        CONTROLLERS[strategy],
        stage=stage,
        witnesses=(overloads, accounts),
        attendants=_attendants(drawn, strategy, stays, stage),
    )
    loop.run()
    return accounts, overloads, loop.judged_s


def _attendants(
    drawn: Day, strategy: Strategy, stays: Sequence[Stay], stage: Stage
) -> tuple[Attendant, ...]:
    """Return who plans: the pool's planner, or what a product does that plans each car alone."""
    if drawn.mode is not Mode.PLAN:
        return ()
    match strategy:
        case Strategy.POOL:
            return (Planner(drawn, stays, stage),)
        case Strategy.ROUND_ROBIN if drawn.prices is not None:
            return (CheapestSlots(drawn, stays, drawn.prices),)
        case _:
            return ()


def _best_of_sun(drawn: Day, stays: Sequence[Stay], trace: Trace) -> MinimumOptimum:
    """Return the most of the sun that could be had, and what it costs in imports."""
    match drawn.mode:
        case Mode.SOLAR:
            return MinimumOptimum(solar_wh=_most_solar(drawn, stays, trace), imported_wh=0.0)
        case Mode.MINIMUM_SOLAR:
            best = [most_solar_above_minimum(stay, trace.surplus_w) for stay in stays]
            return MinimumOptimum(
                solar_wh=sum(item.solar_wh for item in best),
                imported_wh=sum(item.imported_wh for item in best),
            )
        case _:
            return MinimumOptimum(solar_wh=0.0, imported_wh=0.0)


def _most_solar(drawn: Day, stays: Sequence[Stay], trace: Trace) -> float:
    """Return the most that the one car of a home could have taken, with its battery."""
    scenario = drawn.scenario
    plans = {plan.settings.member: plan for plan in scenario.members}
    battery = scenario.plant.battery
    most_wh = 0.0
    for stay in stays:
        plan = plans[stay.member]
        draws = draws_a(plan.visits[stay.number].car, plan.settings)
        if battery is not None:
            stored = stored_wh(scenario, max(0.0, stay.from_s - LEAD_S))
            most_wh += most_kept(stay, trace.spare_w, battery, stored)
        elif plan.settings.switching is not None:
            one_w = [amps * NOMINAL_VOLTAGE_V for amps in draws]
            all_w = [watts * len(stay.phases) for watts in one_w]
            most_wh += most_solar_switching(stay, trace.surplus_w, (one_w, all_w))
        else:
            most_wh += most_solar(stay, trace.surplus_w, draws).solar_wh
    return most_wh
