"""Days on which phases are switched: nothing overloads, the budget holds, dislikes are learned."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from custom_components.ev_charger_pool.balancing.switching import MOST_SWITCHES
from custom_components.ev_charger_pool.pool.members import Mode, PhaseSwitching, PhaseVeto
from custom_components.ev_charger_pool.simulator.cars import SwitchMood
from custom_components.ev_charger_pool.simulator.firmware import SwitchConduct
from custom_components.ev_charger_pool.simulator.judge.violations import Violation

from .solar_day import CarPlan, Day, run_day

SWITCHING = PhaseSwitching(pause=timedelta(seconds=5), settle=timedelta(seconds=15))
CAR = CarPlan(switching=SWITCHING)


def weak_day(*cars: CarPlan, seed: int = 1, fuse_a: float = 35.0, hours: float = 3.0) -> Day:
    """A day whose sun reaches three phases now and then."""
    return run_day(seed=seed, peak_w=5_500.0, cars=cars, hours=hours, fuse_a=fuse_a)


def check(day: Day, violations: Sequence[Violation] | Sequence[object] = ()) -> None:
    """Check what holds on every day."""
    assert list(day.violations) == list(violations)
    assert day.switched_under_load == 0
    assert max(max(one) for one in day.switches) <= MOST_SWITCHES
    assert day.most_starts() <= 4


def test_on_a_weak_day_switching_charges_more_by_the_sun() -> None:
    switching, fixed = weak_day(CAR), weak_day(CarPlan())
    check(switching)
    check(fixed)
    assert switching.by_sun_wh > 1.3 * fixed.by_sun_wh
    assert switching.imported_wh / switching.cars_wh < fixed.imported_wh / fixed.cars_wh


def test_two_connectors_at_a_tight_fuse_are_never_overloaded_by_a_switch() -> None:
    day = weak_day(CAR, CarPlan(switching=SWITCHING, mode=Mode.FAST), fuse_a=20.0, seed=3)
    check(day)
    assert day.cars_wh > 1_000.0


@pytest.mark.parametrize(
    ("mood", "veto"),
    [
        (SwitchMood.NEVER_RESUMES, PhaseVeto.NO_RESUME),
        (SwitchMood.FAULTS, PhaseVeto.FAULT),
    ],
)
def test_a_car_that_dislikes_it_is_left_on_three_phases(mood: SwitchMood, veto: PhaseVeto) -> None:
    day = run_day(
        seed=5,
        peak_w=8_000.0,
        cars=(CarPlan(switching=SWITCHING, mood=mood, mode=Mode.MINIMUM_SOLAR),),
        hours=2.0,
        cloudiness=0.0,
    )
    check(day)
    assert day.vetoes == [veto]
    assert max(one[0] for one in day.switches) <= 2
    assert day.granted_a[-1][0] >= 6.0


@pytest.mark.parametrize(
    ("conduct", "veto"),
    [
        (SwitchConduct.REFUSES, PhaseVeto.REFUSED),
        (SwitchConduct.IGNORES, PhaseVeto.OTHER_PHASES),
    ],
)
def test_a_station_that_does_not_switch_is_found_out(
    conduct: SwitchConduct, veto: PhaseVeto
) -> None:
    day = weak_day(CarPlan(switching=SWITCHING, conduct=conduct), hours=2.0)
    check(day)
    assert day.vetoes == [veto]
