"""What a household takes over a day."""

from collections.abc import Callable
from random import Random

import pytest

from custom_components.ev_charger_pool.pool.quantities import Phase
from custom_components.ev_charger_pool.simulator.year.household import (
    Run,
    TimetableSpec,
    draw_garage_load,
    draw_household,
    draw_workshop_load,
    mean_temperature_c,
)


def energy_kwh(spec: TimetableSpec, hours: float) -> float:
    """Return what a load takes at 230 V."""
    load = spec.build(Random(1))
    total = 0.0
    for second in range(round(hours * 3_600.0)):
        load.advance(second + 1.0, 1.0)
        assert min(load.current_a) >= 0.0
        total += sum(load.current_a)
    return total * 230.0 / 3.6e6


def test_timetable_switches_on_its_phases_and_off_again() -> None:
    spec = TimetableSpec(
        runs=(
            Run(from_s=10.0, until_s=20.0, phases=(Phase.L1, Phase.L2), current_a=7.0),
            Run(from_s=15.0, until_s=30.0, phases=(Phase.L1,), current_a=2.0),
        )
    )
    load = spec.build(Random(1))
    seen = {}
    for second in range(40):
        load.advance(float(second), 1.0)
        seen[second] = tuple(load.current_a)
    assert seen[9] == (0.0, 0.0, 0.0)
    assert seen[10] == (7.0, 7.0, 0.0)
    assert seen[15] == (9.0, 7.0, 0.0)
    assert seen[20] == (2.0, 0.0, 0.0)
    assert seen[30] == (0.0, 0.0, 0.0)


def test_extra_load_comes_on_top() -> None:
    load = TimetableSpec(base_a=(1.0, 0.0, 0.0)).build(Random(1))
    load.extra_a[:] = [0.0, 5.0, 0.0]
    load.advance(1.0, 1.0)
    assert load.current_a[1] == 5.0


def test_base_load_wanders_around_itself() -> None:
    load = TimetableSpec(base_a=(1.0, 1.0, 1.0)).build(Random(1))
    values = []
    for second in range(86_400):
        load.advance(float(second), 1.0)
        values.append(load.current_a[0])
    assert 0.5 <= min(values) < 0.9
    assert 1.1 < max(values) <= 1.6
    assert sum(values) / len(values) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("day", [15, 100, 200])
def test_household_takes_what_households_take(day: int) -> None:
    draws = [
        energy_kwh(draw_household(Random(seed), day=day, from_hour=12.0, hours=24.0), 24.0)
        for seed in range(3)
    ]
    assert all(5.0 < kwh < 130.0 for kwh in draws)


def test_heat_pump_runs_in_winter_only() -> None:
    def heated(day: int) -> float:
        return sum(
            run.until_s - run.from_s
            for seed in range(20)
            for run in draw_household(Random(seed), day=day, from_hour=0.0, hours=24.0).runs
            if len(run.phases) == 3
        )

    assert heated(20) > 4.0 * heated(200)


def test_same_chance_same_household() -> None:
    def drawn(seed: int) -> TimetableSpec:
        return draw_household(Random(seed), day=60, from_hour=12.0, hours=24.0)

    assert drawn(4) == drawn(4)
    assert drawn(4) != drawn(5)


@pytest.mark.parametrize("draw", [draw_garage_load, draw_workshop_load])
def test_common_loads_leave_most_of_the_fuse(draw: Callable[..., TimetableSpec]) -> None:
    load = draw(Random(3), hours=6.0).build(Random(1))
    most = 0.0
    for second in range(6 * 3_600):
        load.advance(float(second), 1.0)
        most = max(most, *load.current_a)
    assert 1.0 < most < 28.0


def test_summers_are_warmer() -> None:
    rng = Random(1)
    summer = sum(mean_temperature_c(rng, 200) for _ in range(200)) / 200.0
    winter = sum(mean_temperature_c(rng, 20) for _ in range(200)) / 200.0
    assert summer - winter == pytest.approx(18.0, abs=2.0)
