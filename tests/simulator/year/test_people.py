"""Motorists and prices."""

import itertools
from random import Random

import pytest

from custom_components.ev_charger_pool.simulator.cars import Car
from custom_components.ev_charger_pool.simulator.year.motorists import (
    Habit,
    draw_day,
    draw_quirky_car,
    draw_stubborn_car,
)
from custom_components.ev_charger_pool.simulator.year.prices import (
    LEAST_PER_KWH,
    Prices,
    draw_prices,
)

HABIT = Habit(
    arrives_hour=(1.0, 8.0), stays_h=(1.0, 5.0), wanted_wh=(5_000.0, 50_000.0), comes_again=0.8
)


@pytest.mark.parametrize("seed", range(30))
def test_nobody_wants_more_than_the_stay_allows(seed: int) -> None:
    for visit in draw_day(Random(seed), HABIT, connector_a=16.0, connector_phases=3):
        car, hours = visit.car, visit.stays.total_seconds() / 3_600.0
        assert 0.0 < car.wanted_wh <= min(car.max_current_a, 16.0) * car.phases * 230.0 * hours


@pytest.mark.parametrize("seed", range(30))
def test_one_leaves_before_the_next_comes(seed: int) -> None:
    visits = draw_day(Random(seed), HABIT, connector_a=16.0, connector_phases=3)
    assert visits
    for first, second in itertools.pairwise(visits):
        assert second.arrives_after > first.arrives_after + first.stays


def test_some_days_nobody_comes() -> None:
    habit = Habit(arrives_hour=(1.0, 2.0), stays_h=(1.0, 2.0), wanted_wh=(1.0, 2.0), share=0.5)
    days = [
        draw_day(Random(seed), habit, connector_a=16.0, connector_phases=3) for seed in range(200)
    ]
    assert 60 < sum(not day for day in days) < 140
    assert all(len(day) <= 1 for day in days)


def test_cars_have_one_two_or_three_phases_and_some_sleep() -> None:
    rng = Random(1)
    cars = [draw_quirky_car(rng) for _ in range(300)]
    assert {car.phases for car in cars} == {1, 2, 3}
    assert 10 < sum(car.sleeps_after_s is not None for car in cars) < 60
    assert isinstance(cars[0], Car)


def test_stubborn_cars_have_every_quirk() -> None:
    rng = Random(1)
    cars = [draw_stubborn_car(rng) for _ in range(200)]
    quirks = [
        [car.reaction_s > 4.0, car.least_a > 6.0, car.sulks_s > 0.0, car.full_sip_a > 0.0]
        for car in cars
    ]
    assert [sum(quirk) > 20 for quirk in zip(*quirks, strict=True)] == [True] * 4
    assert max(sum(quirk) for quirk in quirks) == 1
    assert sum(car.sleeps_after_s is not None for car in cars) > 30


def test_price_at_a_time_is_that_of_its_slot() -> None:
    prices = Prices(slot_s=900.0, per_kwh=(0.1, 0.2, 0.3))
    assert [prices.at(at_s) for at_s in (0.0, 899.9, 900.0, 2_699.0)] == [0.1, 0.1, 0.2, 0.3]
    with pytest.raises(IndexError):
        prices.at(2_700.0)


def test_prices_cover_the_time_and_have_peaks() -> None:
    slots = set()
    spikes = 0
    for seed in range(100):
        prices = draw_prices(Random(seed), day=200, from_hour=12.0, hours=24.0)
        slots.add(prices.slot_s)
        assert len(prices.per_kwh) * prices.slot_s == 86_400.0
        assert min(prices.per_kwh) >= LEAST_PER_KWH
        evening = prices.at(7.0 * 3_600.0)
        assert evening > prices.at(1.5 * 3_600.0), "the sun makes noon cheaper than evening"
        spikes += max(prices.per_kwh) > 0.5
    assert slots == {900.0, 3_600.0}
    assert 0 < spikes < 30
