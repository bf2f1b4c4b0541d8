"""What a home with a battery can keep of the sun at most is what a human can reckon."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.yearly.battery_optimum import most_kept, stored_wh
from benchmarks.yearly.days import run_day
from benchmarks.yearly.optimum import MOST_VOLTS, stays_of
from custom_components.ev_charger_pool.pool.energy_settings import BatterySettings
from custom_components.ev_charger_pool.pool.members import MemberWishes, Mode
from custom_components.ev_charger_pool.simulator.house import BatterySpec, LoadSpec, SunSpec
from custom_components.ev_charger_pool.simulator.scenario import Scenario, Wish
from custom_components.ev_charger_pool.simulator.year.scenes import Day, Scene
from tests.simulator.builders import CAR, connector, site

CAR_W = 16.0 * MOST_VOLTS
BATTERY = BatterySpec(max_power_w=3_000.0, capacity_wh=8_000.0, stored_wh=0.0)


def kept(
    powers_w: Sequence[float],
    *,
    wanted_wh: float = 1e6,
    battery: BatterySpec = BATTERY,
    arrives_min: float = 0.0,
) -> float:
    """Return the bound of a one-phase car under spare power that changes every minute."""
    car = replace(CAR, offset_a=0.0, phases=1, max_current_a=16.0, wanted_wh=wanted_wh)
    plan = connector(1, car=car, arrives_s=60.0 * arrives_min)
    (stay,) = stays_of(site([plan], minutes=len(powers_w)))
    spare_w = np.repeat(np.asarray(powers_w, dtype=float), 60)
    return most_kept(stay, spare_w, battery, battery.stored_wh)


def test_car_and_battery_take_what_they_can() -> None:
    assert kept([1_000.0] * 60) == pytest.approx(1_000.0)
    assert kept([10_000.0] * 60) == pytest.approx(CAR_W + 3_000.0)


def test_full_battery_takes_what_it_gave() -> None:
    full = replace(BATTERY, stored_wh=8_000.0)
    # Nobody but the house empties it for a car that wants nothing.
    assert kept([4_000.0] * 60, battery=full, wanted_wh=0.1) == pytest.approx(0.1, abs=1.0)
    dusk = [-1_000.0] * 30 + [4_000.0] * 30
    assert kept(dusk, battery=full, wanted_wh=0.1) == pytest.approx(500.0, abs=1.1)
    # Into the car it goes at 3 kW.
    night = [0.0] * 30 + [9_000.0] * 60
    expected_wh = CAR_W + 1_500.0
    assert kept(night, battery=full) == pytest.approx(expected_wh, abs=1.0)
    assert kept(night, battery=full, wanted_wh=2_000.0) == pytest.approx(2_000.0, abs=1.0)


def test_small_battery_is_full_and_sun_counts_from_minutes_before_the_car() -> None:
    small = replace(BATTERY, capacity_wh=500.0)
    assert kept([10_000.0] * 60, battery=small, wanted_wh=1_000.0) == pytest.approx(1_500.0, abs=1)
    # It comes after 30 minutes: of the 26 minutes before those in which it was expected none count.
    late = kept([2_000.0] * 60, arrives_min=30.0)
    assert late == pytest.approx(34 * 2_000.0 / 60.0)


def test_nobody_there_keeps_nothing() -> None:
    plan = connector(1, arrives_s=500.0)
    (stay,) = stays_of(site([plan]))
    assert most_kept(replace(stay, from_s=900.0), np.zeros(600), BATTERY, 0.0) == 0.0


def sunny_home(seed: int, *, stored_share: float) -> Scenario:
    """Return two hours of a home with a house, clouds, a battery and a car."""
    scenario = site([connector(1, car=replace(CAR, phases=1), arrives_s=600.0)], minutes=120)
    battery = BatterySpec(
        max_power_w=3_000.0, capacity_wh=3_000.0, stored_wh=stored_share * 3_000.0
    )
    may_feed = BatterySettings(buffer_soc=30.0, start_soc=60.0, reserve_soc=10.0, feeds_cars=True)
    return replace(
        scenario,
        seed=seed,
        site=replace(scenario.site, battery=may_feed),
        plant=replace(
            scenario.plant,
            sun=SunSpec(peak_w=7_000.0, cloudiness=0.5),
            battery=battery,
            loads={"grid": LoadSpec(base_a=(1.0, 2.0, 0.5))},
        ),
        wishes=(Wish(at_s=0.0, member="c1", wishes=MemberWishes(mode=Mode.SOLAR)),),
    )


@pytest.mark.parametrize(("seed", "stored_share"), [(1, 0.2), (2, 0.5), (3, 0.9)])
def test_nobody_keeps_more(monkeypatch: pytest.MonkeyPatch, seed: int, stored_share: float) -> None:
    scenario = sunny_home(seed, stored_share=stored_share)
    day = Day(scene=Scene.SOLAR, day=1, scenario=scenario, mode=Mode.SOLAR)
    monkeypatch.setattr("benchmarks.yearly.days.draw_site_day", lambda *_: day)
    for result in run_day(Scene.SOLAR, 1, 1).ran.values():
        assert 0.3 * result.best_solar_wh < result.solar_wh <= result.best_solar_wh * 1.001


def test_what_is_stored_is_known_before_the_car_comes() -> None:
    scenario = sunny_home(1, stored_share=0.5)
    assert stored_wh(scenario, 0.0) == 1_500.0
    assert stored_wh(scenario, 360.0) > 1_550.0
    without = replace(scenario, plant=replace(scenario.plant, battery=None))
    assert stored_wh(without, 360.0) == 0.0
