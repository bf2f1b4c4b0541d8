"""How long plans take, and how near to the best they are."""

from collections.abc import Callable, Mapping
import random
from statistics import mean, median
import time

from benchmarks.runner import Bar, Options, Result
from custom_components.ev_charger_pool.balancing.planner import PlanResult, PlanSettings
from tests.balancing.planner.futures import Future, random_future
from tests.balancing.planner.judging import broken
from tests.balancing.planner.oracle import Best, best

NAME = "planning"
DESCRIPTION = "Plans of many vehicles: their time, and their cost against linear programmes."

VEHICLES = 50
WEEK = 7 * 96
TIMED_SITES = 9
DIVISIBLE_SITES = 60
LEAST_POWER_SITES = 40
PROOF_SECONDS = 5.0
"""The most that one integer programme may take."""

GAP = 1e-3
"""What integer programmes may leave unproven."""

NOT_MISSED_WH = 1.0


def run(options: Options) -> Result:
    """Measure times, then judge plans on random sites."""
    wide = _milliseconds(options, plenty=4.0, all_week=False)
    all_week = _milliseconds(options, plenty=2.5, all_week=True)
    tight = _milliseconds(options, plenty=1.5, all_week=False)
    exact = _judge(options, DIVISIBLE_SITES, _divisible, PlanSettings(tolerance=0.0))
    usual = _judge(options, DIVISIBLE_SITES, _divisible, PlanSettings())
    stepped = _judge(options, LEAST_POWER_SITES, _with_least, PlanSettings(tolerance=0.0))
    return Result(
        figures={
            "ms_50_week": median(wide),
            "ms_50_week_max": max(wide),
            "ms_50_week_always_there": median(all_week),
            "ms_50_week_short": median(tight),
            "plan_cost_ratio": exact["ratio"],
            "plan_cost_ratio_worst": exact["worst"],
            "plan_cost_ratio_tolerant": usual["ratio"],
            "plan_cost_ratio_least_power": stepped["ratio"],
            "plan_cost_ratio_least_power_worst": stepped["worst"],
            "infeasible_wrong": exact["wrong"] + usual["wrong"],
            "infeasible_wrong_least_power": stepped["wrong"],
            "broken": exact["broken"] + usual["broken"] + stepped["broken"],
            "infeasible_sites": exact["short"],
            "unproven_least_power": stepped["unproven"],
        },
        bars={
            "ms_50_week": Bar.below(200.0),
            "plan_cost_ratio": Bar.below(1.01),
            "plan_cost_ratio_worst": Bar.below(1.01),
            "plan_cost_ratio_tolerant": Bar.below(1.01),
            "plan_cost_ratio_least_power": Bar.below(1.01),
            "infeasible_wrong": Bar.equal(0),
            "broken": Bar.equal(0),
        },
        notes=(
            "time of the processor for 50 vehicles and 672 quarters of an hour, least powers and up",
            "to six areas; they come and go and a few deadlines cannot be kept; always there: all of",
            "them have the whole week; short: half of the deadlines or so cannot be kept",
            "cost: against the optimum for what was planned; tolerant: with the default tolerance,",
            "which buys fewer blocks; least power: cars run at 6 A or not at all, against a bound",
            "below the best (integer programmes); wrong: a tier misses more than it has to",
        ),
    )


def _milliseconds(options: Options, *, plenty: float, all_week: bool) -> list[float]:
    """Return how long plans of a week take."""
    times = []
    for number in range(max(1, round(TIMED_SITES * options.scale))):
        future = random_future(
            random.Random(options.seed * 1000 + number),
            members=VEHICLES,
            quarters=WEEK,
            plenty=plenty,
            least=True,
            all_week=all_week,
        )
        started = time.process_time()
        future.plan()
        times.append(1000.0 * (time.process_time() - started))
    return times


def _divisible(chance: random.Random) -> Future:
    return random_future(
        chance,
        members=chance.randint(2, 16),
        quarters=chance.choice((24, 96, 192)),
        plenty=chance.choice((0.8, 1.2, 2.0, 4.0)),
        all_week=chance.random() < 0.3,
    )


def _with_least(chance: random.Random) -> Future:
    return random_future(
        chance,
        members=chance.randint(2, 5),
        quarters=chance.choice((8, 16, 24)),
        plenty=chance.choice((1.2, 2.0, 4.0)),
        least=True,
        all_week=chance.random() < 0.3,
    )


def _judge(
    options: Options,
    sites: int,
    make: Callable[[random.Random], Future],
    settings: PlanSettings,
) -> Mapping[str, float]:
    """Return how near to the best plans are on random sites."""
    ratios = []
    wrong = bad = short = unproven = 0
    for number in range(max(1, round(sites * options.scale))):
        future = make(random.Random(options.seed * 1000 + number))
        result = future.plan(settings)
        bad += bool(broken(future, result))
        planned_wh = {member: promise.planned_wh for member, promise in result.promises.items()}
        try:
            most = best(future, seconds=PROOF_SECONDS, gap=GAP)
            cheapest = best(future, planned_wh=planned_wh, seconds=PROOF_SECONDS, gap=GAP)
        except TimeoutError:
            unproven += 1
            continue
        unproven += not (most.proven and cheapest.proven)
        short += any(missing > NOT_MISSED_WH for missing in most.missing_wh)
        wrong += _misses_more(future, result, most)
        ratios.append(result.cost / cheapest.cost)
    return {
        "ratio": mean(ratios),
        "worst": max(ratios),
        "wrong": wrong,
        "broken": bad,
        "short": short,
        "unproven": unproven,
    }


def _misses_more(future: Future, result: PlanResult, most: Best) -> bool:
    """Whether the first tier that misses anything else than it has to misses more."""
    tiers = sorted({request.priority for request in future.requests})
    for tier, has_to_miss in zip(tiers, most.missing_wh, strict=True):
        misses = sum(
            result.promises[request.member].missing_wh
            for request in future.requests
            if request.priority == tier
        )
        if abs(misses - has_to_miss) > NOT_MISSED_WH:
            return misses > has_to_miss
    return False
