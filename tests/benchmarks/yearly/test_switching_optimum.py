"""The bound for a station that switches its phases is what a human can reckon."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.yearly.optimum import stays_of
from benchmarks.yearly.solar_optimum import most_solar
from benchmarks.yearly.switching_optimum import most_solar_switching
from tests.simulator.builders import CAR, connector, site

AMPS = [float(amps) for amps in range(6, 17)]
ONE_W = [230.0 * amps for amps in AMPS]
ALL_W = [3 * watts for watts in ONE_W]


def bound_wh(
    powers_w: Sequence[float],
    levels_w: Sequence[Sequence[float]] = (ONE_W, ALL_W),
    *,
    wanted_wh: float = 1e6,
) -> float:
    """Return the bound under a sun that changes every minute."""
    plan = connector(1, car=replace(CAR, wanted_wh=wanted_wh), arrives_s=0.0)
    (stay,) = stays_of(site([plan], minutes=len(powers_w)))
    return most_solar_switching(stay, np.repeat(np.asarray(powers_w, dtype=float), 60), levels_w)


def test_little_sun_is_taken_on_one_phase_and_much_on_all() -> None:
    assert bound_wh([2_990.0] * 60) == pytest.approx(2_990.0, rel=1e-3)
    assert bound_wh([6_900.0] * 60) == pytest.approx(6_900.0, rel=1e-3)
    assert bound_wh([2_990.0] * 30 + [6_900.0] * 30) == pytest.approx(4_945.0, rel=1e-3)


def test_phases_are_not_changed_with_every_cloud() -> None:
    slow = bound_wh(([2_990.0] * 10 + [6_900.0] * 10) * 3)
    assert slow == pytest.approx(4_945.0, rel=1e-3)
    fast = bound_wh(([2_990.0] * 3 + [6_900.0] * 3) * 10)
    assert fast < 0.9 * 4_945.0
    assert fast > 0.97 * 60.0 * (2_990.0 + 3_680.0) / 120.0


def test_change_is_free_to_be_ended_by_a_stop_at_once() -> None:
    # Ten minutes on three phases, three on one, and it is dark.
    ray = [0.0] * 10 + [6_900.0] * 10 + [2_990.0] * 3 + [0.0] * 20
    assert bound_wh(ray) == pytest.approx(1_150.0 + 149.5, rel=1e-3)


def test_run_and_pause_bind_as_without_switching() -> None:
    assert bound_wh([0.0] * 20 + [3_000.0] * 5 + [0.0] * 20) < 70.0
    assert bound_wh([1_000.0] * 60) == pytest.approx(0.0, abs=1.0)


@pytest.mark.parametrize("seed", range(4))
def test_without_a_choice_it_is_the_bound_without_switching(seed: int) -> None:
    rng = np.random.default_rng(seed)
    powers_w = rng.choice([0.0, 1_500.0, 3_100.0, 4_200.0, 7_000.0], size=90)
    plan = connector(1, car=replace(CAR, phases=1, wanted_wh=1e6), arrives_s=0.0)
    (stay,) = stays_of(site([plan], minutes=90))
    alone = most_solar(stay, np.repeat(powers_w, 60), AMPS).solar_wh
    chosen = bound_wh(powers_w.tolist(), [ONE_W])
    assert chosen == pytest.approx(alone, rel=2e-3, abs=0.5)
    assert bound_wh(powers_w.tolist()) >= 0.998 * max(chosen, bound_wh(powers_w.tolist(), [ALL_W]))


def test_full_car_takes_no_more_and_nobody_nothing() -> None:
    assert bound_wh([3_000.0] * 60, wanted_wh=1_000.0) == pytest.approx(1_000.0)
    assert bound_wh([3_000.0] * 60, ()) == 0.0
    plan = connector(1, arrives_s=0.0)
    (stay,) = stays_of(site([plan]))
    assert most_solar_switching(replace(stay, until_s=0.0), np.zeros(600), [ONE_W]) == 0.0
