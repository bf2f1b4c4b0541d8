"""Units as sources write them."""

import pytest

from custom_components.ev_charger_pool.forecasts.units import (
    Form,
    parse_co2_unit,
    parse_power_unit,
    parse_price_unit,
)


@pytest.mark.parametrize(
    ("text", "home", "currency", "factor"),
    [
        ("EUR/kWh", "EUR", "EUR", 1.0),
        ("€/kWh", "SEK", "EUR", 1.0),
        ("EUR / MWh", "EUR", "EUR", 0.001),
        ("Eur/MWh", "EUR", "EUR", 0.001),
        ("EUR/Wh", "EUR", "EUR", 1_000.0),
        ("ct/kWh", "EUR", "EUR", 0.01),
        ("Cent/kWh", "EUR", "EUR", 0.01),
        ("c/kWh", "AUD", "AUD", 0.01),
        ("snt/kWh", "EUR", "EUR", 0.01),
        ("EURcent/kWh", "EUR", "EUR", 0.01),
        ("øre/kWh", "NOK", "NOK", 0.01),
        ("Øre/kWh", "DKK", "DKK", 0.01),
        ("øre/kWh", "EUR", "NOK", 0.01),
        ("öre/kWh", "NOK", "SEK", 0.01),
        ("kr/kWh", "DKK", "DKK", 1.0),
        ("NOKcents/MWh", "NOK", "NOK", 0.00001),
        ("p/kWh", "GBP", "GBP", 0.01),
        ("pence/kWh", "EUR", "GBP", 0.01),
        ("GBP/kWh", "GBP", "GBP", 1.0),
        ("£/kWh", "GBP", "GBP", 1.0),
        ("$/kWh", "AUD", "AUD", 1.0),
        ("$/kWh", "EUR", "USD", 1.0),
        ("SEK per kWh", "SEK", "SEK", 1.0),
        ("zł/kWh", "PLN", "PLN", 1.0),
        ("gr/kWh", "PLN", "PLN", 0.01),
        ("Rp./kWh", "CHF", "CHF", 0.01),
    ],
)
def test_prices_per_energy(text: str, home: str, currency: str, factor: float) -> None:
    unit = parse_price_unit(text, home)
    assert unit is not None
    assert unit.currency == currency
    assert unit.factor == pytest.approx(factor)


@pytest.mark.parametrize("text", ["", "EUR", "kWh", "/kWh", "EUR/", "EUR/m³", "euros and/kWh", "%"])
def test_what_is_no_price_per_energy(text: str) -> None:
    assert parse_price_unit(text, "EUR") is None


@pytest.mark.parametrize(
    ("text", "factor"),
    [
        ("gCO2eq/kWh", 1.0),
        ("gCO2e/kWh", 1.0),
        ("g CO₂ / kWh", 1.0),
        ("g/kWh", 1.0),
        ("kg/MWh", 1.0),
        ("kgCO2/MWh", 1.0),
        ("kgCO2eq/kWh", 1_000.0),
        ("lbs/MWh", 0.45359237),
        ("tCO2/MWh", 1_000.0),
    ],
)
def test_intensities(text: str, factor: float) -> None:
    unit = parse_co2_unit(text)
    assert unit is not None
    assert unit.factor == pytest.approx(factor)


@pytest.mark.parametrize("text", ["", "%", "g", "kWh", "EUR/kWh", "g/km"])
def test_what_is_no_intensity(text: str) -> None:
    assert parse_co2_unit(text) is None


@pytest.mark.parametrize(
    ("text", "factor", "form"),
    [
        ("W", 1.0, Form.RATE),
        ("kW", 1_000.0, Form.RATE),
        ("Wh", 1.0, Form.ENERGY),
        ("kWh", 1_000.0, Form.ENERGY),
    ],
)
def test_powers_and_energies(text: str, factor: float, form: Form) -> None:
    unit = parse_power_unit(text)
    assert unit is not None
    assert (unit.factor, unit.form) == (factor, form)


def test_what_is_no_power() -> None:
    assert parse_power_unit("EUR/kWh") is None
