"""What simulated meters tell, and when."""

from math import isnan
from random import Random

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.pool.quantities import PerPhase
from custom_components.ev_charger_pool.simulator.meters import (
    MeterFault,
    MeterFaultKind,
    MeterKind,
    MeterSpec,
    MeterValue,
    SimulatedMeter,
)

VOLTS = [230.0, 231.0, 229.0]


def hear(
    spec: MeterSpec, seconds: int, current_a: tuple[float, float, float] = (5.04, -3.0, 0.0)
) -> list[MeterValue]:
    meter = SimulatedMeter(spec, Random(1))
    heard = []
    for second in range(1, seconds + 1):
        heard += meter.advance(float(second), [value + second for value in current_a], VOLTS)
    return heard


def test_a_value_arrives_after_its_lag() -> None:
    heard = hear(MeterSpec(circuit="grid", interval_s=1.0, lag_s=2.0, noise_a=0.0), 10)
    assert [value.measured_s for value in heard] == [float(second) for second in range(1, 9)]
    assert all(value.arrives_s == value.measured_s + 2.0 for value in heard)


def test_values_come_at_the_interval() -> None:
    heard = hear(MeterSpec(circuit="grid", interval_s=5.0, lag_s=0.0), 60)
    assert 11 <= len(heard) <= 12


def test_currents_are_rounded_to_the_resolution() -> None:
    heard = hear(MeterSpec(circuit="grid", noise_a=0.0, resolution_a=1.0, lag_s=0.0), 1)
    assert heard[0].values == PerPhase(6.0, -2.0, 1.0)


def test_powers_and_a_total_are_told_in_watts() -> None:
    powers = hear(
        MeterSpec(circuit="grid", kind=MeterKind.POWERS, noise_a=0.0, lag_s=0.0), 1, (4, 1, 0)
    )
    assert list(powers[0].values) == pytest.approx([5 * 230.0, 2 * 231.0, 229.0])
    total = hear(
        MeterSpec(circuit="grid", kind=MeterKind.TOTAL, noise_a=0.0, lag_s=0.0), 1, (4, 1, 0)
    )
    assert total[0].values == PerPhase(pytest.approx(5 * 230.0 + 2 * 231.0 + 229.0), None, None)


@given(seed=st.integers(0, 1_000), amps=st.floats(-100.0, 100.0))
def test_an_honest_value_is_within_its_error(seed: int, amps: float) -> None:
    spec = MeterSpec(circuit="grid", noise_a=0.1, resolution_a=0.1, lag_s=0.0)
    meter = SimulatedMeter(spec, Random(seed))
    (value,) = meter.advance(1.0, [amps, amps, amps], VOLTS)
    for told in value.values:
        assert told is not None
        assert abs(told - amps) <= spec.error_a + 1e-9


def faulty(kind: MeterFaultKind) -> list[MeterValue]:
    fault = MeterFault(kind=kind, from_s=5.0, until_s=10.0)
    return hear(
        MeterSpec(circuit="grid", noise_a=0.0, lag_s=0.0, resolution_a=0.01, faults=(fault,)), 15
    )


def test_a_silent_meter_tells_nothing_for_a_while() -> None:
    told = [value.measured_s for value in faulty(MeterFaultKind.SILENT)]
    assert told == [1.0, 2.0, 3.0, 4.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0]


def test_a_frozen_meter_tells_its_last_value_again() -> None:
    values = [value.values.l1 for value in faulty(MeterFaultKind.FROZEN)]
    assert values[4:9] == [values[3]] * 5
    assert values[9] != values[3]


def test_a_missing_value_is_none_and_nonsense_is_nonsense() -> None:
    missing = faulty(MeterFaultKind.MISSING)
    assert missing[5].values == PerPhase(None, None, None)
    told = [value.values.l1 for value in faulty(MeterFaultKind.NONSENSE)][4:9]
    assert all(value is not None and (isnan(value) or abs(value) > 1e4) for value in told)


def test_after_a_long_step_a_meter_goes_on_from_now() -> None:
    meter = SimulatedMeter(MeterSpec(circuit="grid", interval_s=1.0, lag_s=0.0), Random(1))
    assert len(meter.advance(100.0, [0.0] * 3, VOLTS)) == 1
    assert meter.advance(100.5, [0.0] * 3, VOLTS) == []
    assert meter.newest is not None
    assert meter.newest.measured_s == 100.0
