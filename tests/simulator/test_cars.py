"""How simulated cars follow what they are offered."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.simulator.cars import (
    SIP_EVERY_S,
    SIP_S,
    Car,
    PluggedCar,
    draw_car,
    draw_later_visits,
    draw_visits,
)


def follow(car: PluggedCar, seconds: int, start_s: float = 0.0) -> list[float]:
    """Let a car live second by second, and return its current after each."""
    currents = []
    for second in range(1, seconds + 1):
        car.advance(start_s + second, 1.0)
        car.take(car.current_a * car.phases * 230.0 / 3600.0)
        currents.append(car.current_a)
    return currents


def test_a_car_waits_its_reaction_time_and_then_ramps_up() -> None:
    car = PluggedCar(Car(reaction_s=2.0, start_s=3.0, ramp_a_per_s=5.0, offset_a=0.0))
    car.offer(16.0, 0.0)
    currents = follow(car, 12)
    assert currents[:4] == [0.0, 0.0, 0.0, 0.0]
    assert currents[4:8] == [5.0, 10.0, 15.0, 16.0]
    assert currents[-1] == 16.0


def test_a_reduction_needs_no_new_start() -> None:
    car = PluggedCar(Car(reaction_s=1.0, start_s=5.0, ramp_a_per_s=20.0, offset_a=0.0))
    car.offer(16.0, 0.0)
    follow(car, 20)
    car.offer(8.0, 20.0)
    assert follow(car, 3, 20.0) == [8.0, 8.0, 8.0]


def test_an_offer_below_six_amps_is_a_pause() -> None:
    car = PluggedCar(Car(reaction_s=0.0, start_s=0.0, ramp_a_per_s=50.0, offset_a=0.0))
    car.offer(5.9, 0.0)
    assert set(follow(car, 5)) == {0.0}


def test_gain_and_offset_make_a_car_draw_beside_its_offer() -> None:
    car = PluggedCar(Car(reaction_s=0.0, start_s=0.0, ramp_a_per_s=50.0, gain=0.98, offset_a=0.2))
    car.offer(10.0, 0.0)
    assert follow(car, 5)[-1] == pytest.approx(10.0)


def test_a_car_never_takes_more_than_its_onboard_charger() -> None:
    car = PluggedCar(Car(max_current_a=16.0, reaction_s=0.0, start_s=0.0, ramp_a_per_s=50.0))
    car.offer(32.0, 0.0)
    assert max(follow(car, 10)) == 16.0


def test_a_car_tapers_gets_full_and_stays_full() -> None:
    car = PluggedCar(
        Car(wanted_wh=500.0, taper_from=0.5, reaction_s=0.0, start_s=0.0, ramp_a_per_s=50.0)
    )
    car.offer(16.0, 0.0)
    currents = follow(car, 900)
    peak = currents.index(max(currents))
    assert max(currents) > 15.0
    assert any(1.0 < value < 10.0 for value in currents[peak:])
    assert car.full
    assert not car.wants_energy
    assert currents[-1] == 0.0


def test_a_car_falls_asleep_in_a_pause_and_has_to_be_woken() -> None:
    car = PluggedCar(
        Car(sleeps_after_s=60.0, reaction_s=0.0, start_s=0.0, ramp_a_per_s=50.0, offset_a=0.0)
    )
    car.offer(10.0, 0.0)
    follow(car, 10)
    car.offer(0.0, 10.0)
    follow(car, 80, 10.0)
    assert car.asleep
    car.offer(10.0, 90.0)
    assert set(follow(car, 10, 90.0)) == {0.0}
    car.wake(100.0)
    assert follow(car, 10, 100.0)[-1] == 10.0


def test_a_car_that_never_charged_does_not_fall_asleep() -> None:
    car = PluggedCar(Car(sleeps_after_s=10.0))
    follow(car, 100)
    assert not car.asleep


def test_a_car_may_go_on_with_one_phase() -> None:
    car = PluggedCar(Car(phases=3, wanted_wh=1_000.0, one_phase_from=0.2))
    car.take(100.0)
    assert car.phases == 3
    car.take(150.0)
    assert car.phases == 1


@given(seed=st.integers(0, 10_000))
def test_drawn_cars_follow_a_reduction_within_ten_seconds(seed: int) -> None:
    """I1b counts on it: station and car together have 10 s, the station takes up to 2."""
    car = PluggedCar(draw_car(Random(seed)))
    car.offer(32.0, 0.0)
    follow(car, 60)
    if car.full:
        return
    car.offer(6.0, 60.0)
    follow(car, 8, 60.0)
    assert car.current_a <= 6.5
    car.offer(0.0, 68.0)
    follow(car, 8, 68.0)
    assert car.current_a == 0.0


@given(seed=st.integers(0, 10_000))
def test_drawn_cars_never_exceed_a_tolerance_above_the_offer(seed: int) -> None:
    car = PluggedCar(draw_car(Random(seed)))
    car.offer(13.0, 0.0)
    assert max(follow(car, 60)) <= 13.5


def test_the_same_seed_draws_the_same_visits() -> None:
    hour = timedelta(hours=1)
    first = draw_visits(Random(3), hour, first_within=timedelta(minutes=5))
    assert first == draw_visits(Random(3), hour, first_within=timedelta(minutes=5))
    assert first != draw_visits(Random(4), hour, first_within=timedelta(minutes=5))
    assert first[0].arrives_after <= timedelta(minutes=5)


def test_later_visits_begin_with_the_given_car_and_fill_a_day() -> None:
    car = Car(wanted_wh=1.0)
    visits = draw_later_visits(Random(1), 20.0, car)
    assert visits[0].car is car
    assert visits[0].arrives_after == timedelta(seconds=20)
    assert timedelta(hours=20) < visits[-1].arrives_after < timedelta(days=1)


QUICK = Car(reaction_s=0.0, start_s=0.0, ramp_a_per_s=50.0, offset_a=0.0, wanted_wh=20_000.0)


def test_a_choosy_car_takes_nothing_of_a_low_offer() -> None:
    car = PluggedCar(replace(QUICK, least_a=9.0))
    car.offer(8.0, 0.0)
    assert set(follow(car, 30)) == {0.0}
    assert car.wants_energy
    car.offer(9.0, 30.0)
    assert follow(car, 10, 30.0)[-1] == 9.0


def test_a_car_sulks_after_a_pause_and_not_before() -> None:
    car = PluggedCar(replace(QUICK, sulks_s=60.0))
    car.offer(16.0, 0.0)
    assert follow(car, 5)[0] == 16.0
    car.offer(0.0, 5.0)
    follow(car, 5, 5.0)
    car.offer(16.0, 10.0)
    assert set(follow(car, 59, 10.0)) == {0.0}
    assert follow(car, 5, 69.0)[-1] == 16.0


def test_a_full_car_takes_a_sip_now_and_then() -> None:
    car = PluggedCar(replace(QUICK, wanted_wh=50.0, taper_from=1.0, full_sip_a=1.5))
    car.offer(16.0, 0.0)
    follow(car, 100)
    assert car.full
    assert not car.wants_energy
    later = follow(car, round(2 * SIP_EVERY_S), 100.0)
    assert later.count(1.5) == pytest.approx(2 * SIP_S, abs=3)
    assert set(later) <= {0.0, 1.5, 16.0}
    car.offer(0.0, 3_000.0)
    assert max(follow(car, round(SIP_EVERY_S), 3_000.0)[5:]) == 0.0
