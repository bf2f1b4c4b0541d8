"""With a least current that always flows, the optimum is what a human can reckon."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.yearly.days import Strategy, run_day
from benchmarks.yearly.minimum_optimum import MinimumOptimum, most_solar_above_minimum
from benchmarks.yearly.optimum import MOST_VOLTS, stays_of
from custom_components.ev_charger_pool.pool.members import MemberWishes, Mode
from custom_components.ev_charger_pool.simulator.house import SunSpec
from custom_components.ev_charger_pool.simulator.scenario import Wish
from custom_components.ev_charger_pool.simulator.year.scenes import Day, Scene
from tests.simulator.builders import CAR, connector, site

LEAST_W = 6.0 * MOST_VOLTS


def with_minimum(powers_w: Sequence[float], *, wanted_wh: float = 1e6) -> MinimumOptimum:
    """Return the optimum of a one-phase car under a sun that changes every minute."""
    car = replace(CAR, taper_from=1.0, offset_a=0.0, phases=1, wanted_wh=wanted_wh)
    (stay,) = stays_of(site([connector(1, car=car, arrives_s=0.0)], minutes=len(powers_w)))
    return most_solar_above_minimum(stay, np.repeat(np.asarray(powers_w, dtype=float), 60))


def test_minimum_always_flows_and_the_rest_follows_the_sun() -> None:
    best = with_minimum([3_000.0] * 30 + [0.0] * 30)
    assert best.solar_wh == pytest.approx(1_500.0)
    assert best.imported_wh == pytest.approx(LEAST_W / 2.0)
    shaded = with_minimum([500.0] * 60)
    assert shaded.solar_wh == pytest.approx(500.0)
    assert shaded.imported_wh == pytest.approx(LEAST_W - 500.0)


def test_minimum_ends_when_the_car_is_full() -> None:
    best = with_minimum([0.0] * 30 + [3_000.0] * 60, wanted_wh=2_000.0)
    assert best.solar_wh + best.imported_wh == pytest.approx(2_000.0)
    assert best.imported_wh == pytest.approx(LEAST_W / 2.0)


def test_nobody_there_takes_no_sun() -> None:
    (stay,) = stays_of(site([connector(1, arrives_s=500.0)]))
    assert most_solar_above_minimum(stay, np.zeros(100)).solar_wh == 0.0


def test_strategies_are_held_against_it(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = site([connector(1, car=replace(CAR, phases=1))], minutes=20)
    scenario = replace(
        scenario,
        plant=replace(scenario.plant, sun=SunSpec(peak_w=4_000.0, cloudiness=0.0)),
        wishes=(Wish(at_s=0.0, member="c1", wishes=MemberWishes(mode=Mode.MINIMUM_SOLAR)),),
    )
    day = Day(scene=Scene.MINIMUM_SOLAR, day=1, scenario=scenario, mode=Mode.MINIMUM_SOLAR)
    monkeypatch.setattr("benchmarks.yearly.days.draw_site_day", lambda *_: day)
    ran = run_day(Scene.MINIMUM_SOLAR, 1, 1).ran
    for result in ran.values():
        assert 0.6 * result.best_solar_wh < result.solar_wh <= result.best_solar_wh * 1.001
    assert ran[Strategy.POOL].least_import_wh == pytest.approx(0.0, abs=1.0)
