"""The optimum is what a human can reckon, and no strategy is better."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from benchmarks.yearly.days import Strategy, run_day, run_strategy
from benchmarks.yearly.optimum import MOST_VOLTS, NoOptimumError, Problem, draws_a, stays_of
from benchmarks.yearly.solar_optimum import SolarOptimum, most_solar
from benchmarks.yearly.trace import record
from custom_components.ev_charger_pool.pool.members import MemberWishes, Mode
from custom_components.ev_charger_pool.pool.quantities import Phase
from custom_components.ev_charger_pool.simulator.cars import Car, Visit
from custom_components.ev_charger_pool.simulator.house import LoadSpec, SunSpec
from custom_components.ev_charger_pool.simulator.scenario import MemberPlan, Scenario, Wish
from custom_components.ev_charger_pool.simulator.year.prices import Prices
from custom_components.ev_charger_pool.simulator.year.scenes import Day, Scene
from tests.simulator.builders import CAR, connector, site, supply

STEADY = replace(CAR, taper_from=1.0, offset_a=0.0)


def stays(number: int, car: Car, *, from_s: float, stays_s: float) -> MemberPlan:
    """Return a connector with a car that comes and goes."""
    visit = Visit(
        car=car, arrives_after=timedelta(seconds=from_s), stays=timedelta(seconds=stays_s)
    )
    return replace(connector(number), visits=(visit,))


def problem_of(scenario: Scenario, slot_s: float = 300.0) -> Problem:
    """Return the linear programme of a scenario."""
    return Problem(scenario, record(scenario), slot_s=slot_s)


def test_fuse_bounds_two_cars() -> None:
    members = [stays(number, STEADY, from_s=0.0, stays_s=3_600.0) for number in (1, 2)]
    best = problem_of(site(members, fuse_a=32.0, minutes=60)).most_energy()
    assert sum(best.energy_wh) == pytest.approx(32.0 * 3.0 * MOST_VOLTS, rel=1e-3)


def test_other_load_takes_its_part() -> None:
    scenario = site([stays(1, STEADY, from_s=0.0, stays_s=3_600.0)], fuse_a=20.0, minutes=60)
    loads = {"grid": LoadSpec(base_a=(10.0, 10.0, 10.0))}
    best = problem_of(replace(scenario, plant=replace(scenario.plant, loads=loads))).most_energy()
    assert sum(best.energy_wh) == pytest.approx(10.0 * 3.0 * MOST_VOLTS, rel=0.1)


def test_wish_and_stay_bound_a_car() -> None:
    modest = replace(STEADY, wanted_wh=1_000.0)
    short = [
        stays(1, modest, from_s=0.0, stays_s=3_600.0),
        stays(2, STEADY, from_s=600.0, stays_s=450.0),
    ]
    best = problem_of(site(short, fuse_a=200.0, minutes=60)).most_energy()
    assert best.energy_wh[0] == pytest.approx(1_000.0)
    assert best.energy_wh[1] == pytest.approx(32.0 * 3.0 * MOST_VOLTS * 450.0 / 3_600.0, rel=1e-3)


def test_cars_on_different_phases_do_not_share() -> None:
    one_phase = replace(STEADY, phases=1)
    first = stays(1, one_phase, from_s=0.0, stays_s=3_600.0)
    second = stays(2, one_phase, from_s=0.0, stays_s=3_600.0)
    turned = replace(
        second, settings=replace(second.settings, phases=(Phase.L2, Phase.L3, Phase.L1))
    )
    same = sum(problem_of(site([first, second], fuse_a=32.0, minutes=60)).most_energy().energy_wh)
    apart = sum(problem_of(site([first, turned], fuse_a=32.0, minutes=60)).most_energy().energy_wh)
    assert apart == pytest.approx(2.0 * same, rel=1e-6)


def test_tapering_car_takes_longer() -> None:
    def charged(taper_from: float) -> float:
        car = replace(STEADY, wanted_wh=20_000.0, taper_from=taper_from)
        member = stays(1, car, from_s=0.0, stays_s=3_600.0)
        return sum(problem_of(site([member], fuse_a=63.0, minutes=60)).most_energy().energy_wh)

    assert charged(0.99) > charged(0.5) > 10_000.0


def test_supply_is_one_of_them() -> None:
    scenario = site([supply(1, starts_s=0.0)], minutes=60)
    (stay,) = stays_of(scenario)
    best = problem_of(scenario).most_energy()
    assert stay.wanted_wh == 400.0
    assert best.energy_wh == pytest.approx([400.0])


def test_least_cost_is_in_the_cheapest_slot() -> None:
    member = stays(1, STEADY, from_s=0.0, stays_s=3_600.0)
    problem = problem_of(site([member], fuse_a=63.0, minutes=60), slot_s=900.0)
    prices = Prices(slot_s=900.0, per_kwh=(0.4, 0.1, 0.2, 0.3))
    best = problem.least_cost({0: 7_000.0}, prices)
    in_one_wh = 32.0 * 3.0 * MOST_VOLTS / 4.0
    cost = 0.1 * in_one_wh + 0.2 * (7_000.0 - in_one_wh)
    assert best.cost == pytest.approx(cost / 1_000.0, rel=1e-3)


def test_nobody_costs_nothing() -> None:
    problem = problem_of(site([connector(1, car=None)]))
    assert problem.most_energy().energy_wh == []
    assert problem.least_cost({}, Prices(slot_s=900.0, per_kwh=(1.0,))).cost == 0.0


def test_more_than_possible_has_no_cost() -> None:
    member = stays(1, STEADY, from_s=0.0, stays_s=600.0)
    problem = problem_of(site([member], fuse_a=10.0))
    with pytest.raises(NoOptimumError):
        problem.least_cost({0: 50_000.0}, Prices(slot_s=900.0, per_kwh=(1.0,)))


def sunny(powers_w: Sequence[float], *, wanted_wh: float = 1e6, phases: int = 1) -> SolarOptimum:
    """Return the solar optimum under a sun that changes every minute."""
    minutes = len(powers_w)
    car = replace(STEADY, phases=phases, wanted_wh=wanted_wh)
    member = stays(1, car, from_s=0.0, stays_s=60.0 * minutes)
    (stay,) = stays_of(site([member], minutes=minutes))
    surplus_w = np.repeat(np.asarray(powers_w, dtype=float), 60)
    return most_solar(stay, surplus_w, draws_a(car, member.settings))


def test_enough_sun_is_taken_in_whole_amps_with_a_little_import_or_less() -> None:
    best = sunny([2_990.0] * 90)
    assert best.solar_wh == pytest.approx(4_485.0, rel=1e-6)
    assert best.starts == 1
    short = sunny([3_150.0] * 90)
    # 14 A would import 70 W of 3,220; 13 A leave 160 W: 3 % of import allow the most of 14 A.
    assert short.solar_wh == pytest.approx(1.5 * 3_150.0, rel=1e-6)
    assert short.imported_wh <= 0.03 * (short.found_wh + short.imported_wh)


def test_too_little_sun_is_left() -> None:
    assert sunny([1_000.0] * 60).solar_wh == pytest.approx(0.0, abs=1.0)
    assert sunny([3_000.0] * 60, phases=3).solar_wh == pytest.approx(0.0, abs=1.0)


def test_short_cloud_is_bridged_within_the_share_of_import() -> None:
    best = sunny([2_990.0] * 30 + [0.0] + [2_990.0] * 30)
    assert best.solar_wh == pytest.approx(60 * 2_990.0 / 60.0, rel=1e-6)
    assert best.starts == 1


def test_a_run_of_the_optimum_lasts_ten_minutes_and_a_pause_five() -> None:
    ray = [0.0] * 20 + [3_000.0] * 5 + [0.0] * 20
    assert sunny(ray).found_wh == 0.0
    gap = [2_990.0] * 20 + [0.0] * 4 + [2_990.0] * 20
    # A pause of four minutes is none: it takes one more of the sun.
    assert sunny(gap).found_wh == pytest.approx(39 * 2_990.0 / 60.0, rel=0.01)
    assert sunny(gap).starts == 2


def test_rays_too_short_for_a_run_are_left() -> None:
    best = sunny([3_000.0, 0.0] * 30)
    assert best.starts == 0
    assert best.solar_wh == pytest.approx(0.0, abs=1.0)


def test_starts_are_bounded_and_so_is_import() -> None:
    best = sunny(([3_000.0] * 10 + [0.0] * 5) * 8)
    assert 4 <= best.starts <= 8
    assert best.imported_wh <= 0.03 * (best.found_wh + best.imported_wh)
    assert best.found_wh <= best.solar_wh <= 80 * 50.0


def test_full_car_takes_no_more() -> None:
    assert sunny([3_000.0] * 60, wanted_wh=1_000.0).solar_wh == pytest.approx(1_000.0, rel=1e-6)


def test_nobody_there_takes_nothing() -> None:
    member = stays(1, STEADY, from_s=0.0, stays_s=600.0)
    (stay,) = stays_of(site([member], minutes=10))
    gone = replace(stay, until_s=0.0)
    assert most_solar(gone, np.full(600, 9_000.0), [16.0]).solar_wh == 0.0
    assert most_solar(stay, np.full(600, 9_000.0), []).solar_wh == 0.0


def garage() -> Day:
    """Return half an hour in which four cars share a fuse that is too small."""
    cars = [
        replace(CAR, wanted_wh=2_000.0, max_current_a=16.0),
        replace(CAR, wanted_wh=3_000.0, phases=1),
        replace(CAR, wanted_wh=1_500.0, phases=2, offset_a=-0.4),
        replace(CAR, wanted_wh=3_000.0, taper_from=0.8, gain=0.97, max_current_a=16.0),
    ]
    members = [
        stays(number, car, from_s=100.0 * number, stays_s=800.0 + 100.0 * number)
        for number, car in enumerate(cars)
    ]
    scenario = site(members, fuse_a=32.0, minutes=22)
    loads = {"grid": LoadSpec(base_a=(3.0, 4.0, 5.0))}
    return Day(
        scene=Scene.GARAGE,
        day=1,
        mode=Mode.FAST,
        scenario=replace(scenario, plant=replace(scenario.plant, loads=loads)),
        prices=Prices(slot_s=900.0, per_kwh=(0.3, 0.1)),
    )


@pytest.mark.parametrize("strategy", Strategy)
def test_no_strategy_is_better_and_energy_balances(strategy: Strategy) -> None:
    day = garage()
    problem = problem_of(day.scenario)
    best = problem.most_energy()
    accounts, overloads, _ = run_strategy(day, strategy, problem.stays)
    assert 0.0 <= overloads.caused_as <= overloads.over_as
    if strategy is Strategy.POOL:
        assert overloads.caused_as == 0.0
    assert 0.5 * sum(best.energy_wh) < sum(accounts.delivered_wh) <= sum(best.energy_wh)
    for stay, delivered_wh in zip(problem.stays, accounts.delivered_wh, strict=True):
        assert 0.0 <= delivered_wh <= stay.wanted_wh + 1.0
    assert day.prices is not None
    cheapest = problem.least_cost(dict(enumerate(accounts.delivered_wh)), day.prices)
    assert 0.0 < cheapest.cost <= accounts.cost


@pytest.mark.parametrize("strategy", Strategy)
def test_same_day_same_figures(strategy: Strategy) -> None:
    day = garage()
    there = problem_of(day.scenario).stays
    first, second = (run_strategy(day, strategy, there)[0] for _ in range(2))
    assert first.delivered_wh == second.delivered_wh
    assert (first.cost, first.messages, first.cuts) == (second.cost, second.messages, second.cuts)
    assert [item.at_s for item in first.starts.values()] == [
        item.at_s for item in second.starts.values()
    ]


def test_day_is_run_by_all_and_compared_with_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.yearly.days.draw_site_day", lambda *_: garage())
    ran = run_day(Scene.GARAGE, 1, 1)
    assert set(ran.ran) == set(Strategy)
    for result in ran.ran.values():
        assert 0.0 < result.energy_wh <= result.best_wh <= ran.wanted_wh + 1.0
        assert 0.0 < result.best_cost <= result.cost
        assert result.judged_s <= ran.simulated_s
        assert result.best_solar_wh == 0.0


def test_sunny_day_has_a_solar_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    day = garage()
    plant = replace(day.scenario.plant, sun=SunSpec(peak_w=9_000.0, cloudiness=0.0))
    one = day.scenario.members[:1]
    scenario = replace(
        day.scenario,
        members=one,
        plant=plant,
        site=replace(day.scenario.site, members=(one[0].settings,)),
    )
    sunny_day = replace(day, scene=Scene.SOLAR, mode=Mode.SOLAR, scenario=scenario, prices=None)
    monkeypatch.setattr("benchmarks.yearly.days.draw_site_day", lambda *_: sunny_day)
    ran = run_day(Scene.SOLAR, 1, 1)
    assert ran.ran[Strategy.POOL].best_solar_wh > 100.0


def test_known_departures_are_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    day = garage()
    wishes = tuple(
        Wish(at_s=0.0, member=member.settings.member, wishes=MemberWishes(mode=Mode.PLAN))
        for member in day.scenario.members
    )
    planned = replace(
        day,
        scene=Scene.GARAGE_PLANNED,
        mode=Mode.PLAN,
        scenario=replace(day.scenario, wishes=wishes),
    )
    monkeypatch.setattr("benchmarks.yearly.days.draw_site_day", lambda *_: planned)
    ran = run_day(Scene.GARAGE_PLANNED, 1, 1).ran
    for result in ran.values():
        assert 0.3 * result.best_wh < result.energy_wh <= result.best_wh
    at_once = replace(planned, prices=None)
    monkeypatch.setattr("benchmarks.yearly.days.draw_site_day", lambda *_: at_once)
    unpriced = run_day(Scene.GARAGE_PLANNED, 1, 1).ran[Strategy.POOL]
    assert unpriced.energy_wh > 0.4 * unpriced.best_wh
    assert unpriced.cost == unpriced.best_cost == 0.0
