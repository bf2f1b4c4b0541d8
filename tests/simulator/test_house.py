"""Loads, sun and battery of the simulated house."""

from random import Random

from hypothesis import given, strategies as st

from custom_components.ev_charger_pool.pool.quantities import PHASES, Phase
from custom_components.ev_charger_pool.simulator.house import (
    Appliance,
    Battery,
    BatterySpec,
    Load,
    LoadSpec,
    Sun,
    SunSpec,
    draw_appliances,
)

KETTLE = Appliance(name="kettle", phases=(Phase.L2,), current_a=9.0, on_s=60.0, off_s=120.0)


def test_an_appliance_switches_on_its_own_phase() -> None:
    load = Load(LoadSpec(base_a=(1.0, 0.0, 1.0), appliances=(KETTLE,)), Random(1))
    seen = set()
    for second in range(1, 3_601):
        load.advance(float(second), 1.0)
        seen.add(load.current_a[1])
    assert seen == {0.0, 9.0}


@given(seed=st.integers(0, 1_000))
def test_the_base_load_wanders_within_half_of_itself(seed: int) -> None:
    load = Load(LoadSpec(base_a=(2.0, 2.0, 2.0)), Random(seed))
    for second in range(1, 601):
        load.advance(float(second), 1.0)
        assert all(1.0 <= value <= 3.0 for value in load.current_a)


def test_a_load_can_be_put_on_top() -> None:
    load = Load(LoadSpec(), Random(1))
    load.extra_a[0] = 7.0
    load.advance(1.0, 1.0)
    assert load.current_a == [7.0, 0.0, 0.0]


def test_the_sun_shines_at_noon_and_not_at_night() -> None:
    spec = SunSpec(peak_w=5_000.0, noon_s=0.0, day_s=36_000.0, cloudiness=0.0)
    sun = Sun(spec, Random(1))
    sun.advance(1.0, 1.0)
    assert sun.power_w > 4_990.0
    sun.advance(9_000.0, 1.0)
    assert 3_400.0 < sun.power_w < 3_700.0
    sun.advance(20_000.0, 1.0)
    assert sun.power_w == 0.0


def test_clouds_come_and_go() -> None:
    sun = Sun(SunSpec(peak_w=5_000.0, cloudiness=0.5), Random(5))
    powers = []
    for second in range(1, 1_800):
        sun.advance(float(second), 1.0)
        powers.append(sun.power_w)
    assert min(powers) < 3_000.0
    assert max(powers) > 4_500.0


def test_a_battery_brings_the_grid_near_zero_until_it_is_empty() -> None:
    battery = Battery(BatterySpec(max_power_w=3_000.0, capacity_wh=50.0, stored_wh=50.0))
    load_w = 2_000.0
    for _ in range(30):
        battery.advance(1.0, load_w + battery.power_w)
    assert abs(load_w + battery.power_w) < 10.0
    for _ in range(120):
        battery.advance(1.0, load_w + battery.power_w)
    assert battery.power_w == 0.0
    assert battery.stored_wh <= 0.0


def test_a_battery_stores_what_the_sun_leaves_over_until_it_is_full() -> None:
    battery = Battery(BatterySpec(max_power_w=1_000.0, capacity_wh=20.0, stored_wh=0.0))
    for _ in range(20):
        battery.advance(1.0, -5_000.0 + battery.power_w)
    assert battery.power_w == 1_000.0
    for _ in range(120):
        battery.advance(1.0, -5_000.0 + battery.power_w)
    assert battery.power_w == 0.0


def test_drawn_appliances_stay_below_the_biggest() -> None:
    for seed in range(50):
        chosen = draw_appliances(Random(seed), PHASES, 8.0)
        assert all(item.current_a <= 8.0 for item in chosen)
