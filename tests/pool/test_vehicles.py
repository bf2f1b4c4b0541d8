"""How much energy a vehicle needs, and what it holds after it got some."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.pool.vehicles import Vehicle

CAR = Vehicle(id="car", capacity_wh=60_000.0, efficiency=0.9)

percents = st.floats(0, 100)


def test_the_losses_of_charging_are_delivered_too() -> None:
    assert CAR.energy_to(80.0, from_soc=50.0) == pytest.approx(20_000.0)
    assert CAR.soc_after(20_000.0, from_soc=50.0) == pytest.approx(80.0)


def test_a_car_goes_no_further_than_its_own_limit() -> None:
    car = Vehicle(id="car", capacity_wh=60_000.0, efficiency=0.9, limit_soc=70.0)
    assert car.energy_to(80.0, from_soc=50.0) == pytest.approx(60_000 * 0.2 / 0.9)


def test_a_car_that_is_full_enough_needs_nothing() -> None:
    assert CAR.energy_to(50.0, from_soc=80.0) == 0.0


def test_nothing_can_be_told_of_a_car_without_a_capacity() -> None:
    guest = Vehicle(id="guest")
    assert guest.energy_to(80.0, from_soc=50.0) is None
    assert guest.soc_after(20_000.0, from_soc=50.0) == 50.0


@given(
    start=percents,
    target=percents,
    capacity_wh=st.floats(1_000, 200_000),
    efficiency=st.floats(0.5, 1.0),
)
def test_what_is_needed_leads_to_the_target(
    start: float, target: float, capacity_wh: float, efficiency: float
) -> None:
    car = Vehicle(id="car", capacity_wh=capacity_wh, efficiency=efficiency)
    needed_wh = car.energy_to(target, from_soc=start)
    assert needed_wh is not None
    assert needed_wh >= 0.0
    assert car.soc_after(needed_wh, from_soc=start) == pytest.approx(max(start, target))
