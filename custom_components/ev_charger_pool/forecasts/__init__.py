"""Forecasts of prices, CO2 and sun, read from whatever shape they come in.

Everything here is pure: no Home Assistant, no input or output, no clock.
"""

from .checks import check_noon, check_reach, prices_end_at, prices_expected_until
from .problems import ForecastProblem, ForecastProblemKind
from .quantities import CO2, PRICE, SOLAR, ForecastKind, Quantity
from .reader import ForecastReading, Origin, read_forecast, together

__all__ = [
    "CO2",
    "PRICE",
    "SOLAR",
    "ForecastKind",
    "ForecastProblem",
    "ForecastProblemKind",
    "ForecastReading",
    "Origin",
    "Quantity",
    "check_noon",
    "check_reach",
    "prices_end_at",
    "prices_expected_until",
    "read_forecast",
    "together",
]
