"""Meter values of OCPP 1.6 as measurements."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.chargers.ocpp.counters import Counters
from custom_components.ev_charger_pool.chargers.ocpp.fields import Fields
from custom_components.ev_charger_pool.chargers.ocpp.model import Measurement
from custom_components.ev_charger_pool.chargers.ocpp.v16_values import read_measurements
from custom_components.ev_charger_pool.pool.quantities import PerPhase


def read(*samples: dict[str, Any], phases: int = 3) -> tuple[Measurement, int]:
    """Return the measurement in some samples, and how many fields were bad."""
    counters = Counters()
    fields = Fields(
        {"meterValue": [{"timestamp": "2026-06-01T12:00:00Z", "sampledValue": list(samples)}]},
        counters,
    )
    (measurement,) = read_measurements(fields, "meterValue", phases=phases)
    return measurement, counters.bad_fields


def current(value: str, phase: str | None = None, **more: str) -> dict[str, Any]:
    found = {"measurand": "Current.Import", "unit": "A", "value": value, **more}
    return found if phase is None else {**found, "phase": phase}


def test_the_default_is_energy_in_watt_hours() -> None:
    measurement, bad = read({"value": "1234.5"})
    assert measurement.energy_wh == 1234.5
    assert measurement.measured_at == datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert bad == 0


@pytest.mark.parametrize(
    ("measurand", "unit", "value", "field", "expected"),
    [
        ("Energy.Active.Import.Register", "kWh", "1.25", "energy_wh", 1250.0),
        ("Energy.Active.Import.Register", "wh", "7", "energy_wh", 7.0),
        ("Power.Active.Import", "kW", "-1.5", "power_w", -1500.0),
        ("Power.Active.Import", None, "70", "power_w", 70.0),
        ("Current.Offered", None, "16", "offered_a", 16.0),
    ],
)
def test_units_are_turned_into_ours(
    measurand: str, unit: str | None, value: str, field: str, expected: float
) -> None:
    sample = {"measurand": measurand, "value": value}
    measurement, bad = read(sample if unit is None else {**sample, "unit": unit})
    assert getattr(measurement, field) == expected
    assert bad == 0


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        (1, PerPhase(9.0, None, None)),
        (2, PerPhase(9.0, 9.0, None)),
        (3, PerPhase(9.0, 9.0, 9.0)),
    ],
)
def test_a_current_without_a_phase_is_that_of_each(phases: int, expected: object) -> None:
    measurement, _ = read(current("9"), phases=phases)
    assert measurement.current_a == expected


def test_phases_and_phases_to_neutral_are_the_same_and_a_total_beside_them_is_passed_over() -> None:
    measurement, bad = read(
        current("1", "L1-N"),
        current("2", "L2"),
        current("3", "L3-N"),
        current("6"),
        current("9", "N"),
    )
    assert measurement.current_a == PerPhase(1.0, 2.0, 3.0)
    assert bad == 0


def test_what_is_given_back_counts_negative() -> None:
    measurement, _ = read(
        {"measurand": "Current.Export", "value": "7", "phase": "L1"},
        {"measurand": "Power.Active.Export", "value": "1600"},
    )
    assert measurement.current_a == PerPhase(-7.0, None, None)
    assert measurement.power_w == -1600.0
    measurement, _ = read(
        current("0", "L1"),
        current("5", "L2"),
        {"measurand": "Current.Export", "value": "7", "phase": "L1"},
        {"measurand": "Power.Active.Import", "value": "100"},
        {"measurand": "Power.Active.Export", "value": "1600"},
    )
    assert measurement.current_a == PerPhase(-7.0, 5.0, None)
    assert measurement.power_w == -1500.0


def test_a_total_comes_before_the_sum_of_phases() -> None:
    power = {"measurand": "Power.Active.Import"}
    phases = [{**power, "value": "1000", "phase": phase} for phase in ("L1", "L2", "L3")]
    assert read(*phases)[0].power_w == 3000.0
    assert read(*phases, {**power, "value": "3100"})[0].power_w == 3100.0


@pytest.mark.parametrize(
    "sample",
    [
        current("9", "L1", location="Inlet"),
        current("9", "L1", location="Body"),
        current("9", "L1", format="SignedData"),
        {"measurand": "Frequency", "value": "50"},
        {"measurand": "Voltage", "value": "400", "phase": "L1-L2"},
    ],
)
def test_what_is_not_asked_for_is_no_error(sample: dict[str, Any]) -> None:
    measurement, bad = read(sample)
    assert measurement.current_a is None
    assert measurement.voltage_v is None
    assert bad == 0


def test_the_newest_of_the_same_kind_counts() -> None:
    measurement, _ = read(current("9", "L1", context="Transaction.Begin"), current("8", "L1"))
    assert measurement.current_a == PerPhase(8.0, None, None)


def test_other_values_are_attributes() -> None:
    measurement, bad = read(
        {"measurand": "SoC", "value": "55", "unit": "Percent"},
        {"measurand": "Temperature", "value": "31", "unit": "Celsius"},
        {"measurand": "SoC", "value": "101", "unit": "Percent"},
    )
    assert measurement.attributes == {"state_of_charge": 55.0, "temperature_c": 31.0}
    assert bad == 1


@given(amps=st.lists(st.none() | st.floats(-500.0, 500.0), min_size=3, max_size=3))
def test_m1_each_phase_stands_for_itself(amps: list[float | None]) -> None:
    samples = [
        current(repr(value), f"L{index}")
        for index, value in enumerate(amps, 1)
        if value is not None
    ]
    measurement, bad = read(*samples)
    assert bad == 0
    expected = PerPhase(*amps) if samples else None
    assert measurement.current_a == expected


@given(value=st.text(max_size=12) | st.floats() | st.integers() | st.booleans() | st.none())
def test_i4_no_value_of_a_sample_is_ever_believed_beyond_its_bounds(value: object) -> None:
    counters = Counters()
    fields = Fields(
        {"meterValue": [{"sampledValue": [{"measurand": "Current.Import", "value": value}]}]},  # type: ignore[dict-item]
        counters,
    )
    (measurement,) = read_measurements(fields, "meterValue", phases=1)
    found = measurement.current_a
    assert (found is None) == (counters.bad_fields == 1)
    if found is not None:
        assert found.l1 is not None
        assert abs(found.l1) <= 500.0
