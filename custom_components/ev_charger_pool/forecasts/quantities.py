"""What the three kinds of forecast are told by: names, units and what can be true."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
import re
from typing import Final

from ..pool.series import (
    Co2GramsPerKwhSeries,
    Point,
    PricePerKwhSeries,
    Series,
    SolarWattsSeries,
)
from .tables import Row, Table
from .units import Unit, parse_co2_unit, parse_power_unit, parse_price_unit


class ForecastKind(StrEnum):
    """What a forecast is about."""

    PRICE = "price"
    CO2 = "co2"
    SOLAR = "solar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity[S: Series]:
    """How a kind of forecast is read.

    Attributes:
        kind: Which it is.
        value_keys: Plain names of values in a row, the best first.
        extra_value_key: Further ones, which tell their unit.
        table_names: Plain names of tables, the best first: when two tell of the same time, the
            better one holds. Tables of any other name come last.
        ignored_tables: Plain names of tables of the kind's unit that are something else.
        own_unit: The unit that the names of a row and its table leave no doubt about; else empty.
        usual_unit: The unit to take when nothing at all is said; empty where that would be a guess.
            Its second argument is the code of the site's currency.
        parse_unit: Reads a unit; its second argument is the code of the site's currency.
        is_plausible: Whether a value in the pool's unit can be.
        make: Makes the series from its points and the currency of its unit.
        add: Makes one series of two sources that add up, as arrays do; None where they are of the
            same thing and the first holds.
    """

    kind: ForecastKind
    value_keys: Sequence[str]
    extra_value_key: re.Pattern[str]
    table_names: Sequence[str]
    ignored_tables: re.Pattern[str]
    own_unit: Callable[[Row, Table], str]
    usual_unit: Callable[[Row, str], str]
    parse_unit: Callable[[str, str], Unit | None]
    is_plausible: Callable[[float, Unit], bool]
    make: Callable[[tuple[Point, ...], str], S]
    add: Callable[[S, S], S] | None = None


_NOTHING: Final = re.compile(r"(?!)")
_PRICE_KEY: Final = re.compile(r"price([a-z]+)per([km]wh)")

MOST_PRICE: Final = {
    **dict.fromkeys(("EUR", "USD", "GBP", "CHF", "AUD", "CAD", "NZD", "SGD"), 10.0),
    **dict.fromkeys(("PLN", "RON", "BGN", "ILS"), 50.0),
    **dict.fromkeys(("DKK", "NOK", "SEK", "HKD", "ZAR"), 100.0),
    "CZK": 250.0,
    "ISK": 1_500.0,
    "JPY": 1_500.0,
    "HUF": 4_000.0,
}
"""Per kWh: twice the harmonised clearing price limit of the day-ahead market (4 to 5 EUR/kWh)."""

MOST_PRICE_ELSEWHERE: Final = 100.0

MOST_CO2: Final = 2_500.0
"""Grams per kWh: about twice those of lignite."""

MOST_SOLAR: Final = 100e6
"""Watts: the pool's sites are no power stations."""

LEAST_SOLAR: Final = -1.0
"""Watts: down to here it is darkness, rounded."""


def _own_price_unit(row: Row, _: Table) -> str:
    if (found := _PRICE_KEY.fullmatch(row.key)) is not None:
        return f"{found[1]}/{found[2]}"
    # The retailer's own interface gives pence from valid_from on, its integration pounds from start
    # on.
    if row.key == "valueincvat":
        return "pence/kWh" if row.start_key == "validfrom" else "GBP/kWh"
    return ""


def _usual_price_unit(row: Row, home_currency: str) -> str:
    if row.key in ("priceperkwh", "perkwh"):
        return f"{home_currency}/kWh"
    return "EUR/MWh" if row.key == "marketprice" else ""


def _is_price_plausible(value: float, unit: Unit) -> bool:
    return abs(value) <= MOST_PRICE.get(unit.currency, MOST_PRICE_ELSEWHERE)


_PRICE_KEYS: Final = (
    "total", "priceperkwh", "perkwh", "price", "valueincvat", "value", "marketprice",
    "electricityprice", "totalprice", "priceinclvat", "priceincvat", "energyprice", "unitrate",
    "rate", "cost", "tariff",
)  # fmt: skip
_PRICE_TABLES: Final = (
    "rawtoday", "rawtomorrow", "pricestoday", "pricestomorrow", "ratestoday", "ratestomorrow",
    "prices", "rates", "data", "forecast", "forecasts", "priceforecast", "today", "tomorrow",
)  # fmt: skip

PRICE: Final = Quantity[PricePerKwhSeries](
    kind=ForecastKind.PRICE,
    value_keys=_PRICE_KEYS,
    extra_value_key=_PRICE_KEY,
    table_names=_PRICE_TABLES,
    ignored_tables=_NOTHING,
    own_unit=_own_price_unit,
    usual_unit=_usual_price_unit,
    parse_unit=parse_price_unit,
    is_plausible=_is_price_plausible,
    make=lambda points, currency: PricePerKwhSeries(points=points, currency=currency),
)

_CO2_KEYS: Final = (
    "carbonintensity", "intensityforecast", "intensity", "co2intensity", "co2", "co2emission",
    "gco2perkwh", "gco2", "carbon", "emissions", "emission",
)  # fmt: skip

CO2: Final = Quantity[Co2GramsPerKwhSeries](
    kind=ForecastKind.CO2,
    value_keys=(*_CO2_KEYS, "forecast", "value"),
    extra_value_key=_NOTHING,
    table_names=("forecast", "forecasts", "rates", "data", "history"),
    ignored_tables=_NOTHING,
    own_unit=lambda row, _: "g/kWh" if row.key.startswith("gco2") else "",
    usual_unit=lambda row, _: "g/kWh" if row.key in _CO2_KEYS else "",
    parse_unit=lambda text, _: parse_co2_unit(text),
    is_plausible=lambda value, _: 0 <= value <= MOST_CO2,
    make=lambda points, _: Co2GramsPerKwhSeries(points=points),
)

_SOLAR_UNITS: Final = {
    "pvestimate": "kW", "pvestimate50": "kW", "pvestimate10": "kW", "pvestimate90": "kW",
    "pvpowerrooftop": "kW", "pvpoweradvanced": "kW", "watts": "W", "watt": "W", "powerw": "W",
    "powerkw": "kW", "kw": "kW", "wh": "Wh", "whperiod": "Wh", "whperiod15m": "Wh",
    "whhours": "Wh", "watthours": "Wh", "watthoursperiod": "Wh", "energywh": "Wh",
    "energykwh": "kWh", "kwh": "kWh",
}  # fmt: skip
"""By the plain name of a value or of a table. An estimate of Solcast is a mean power in kW."""

_SOLAR_KEYS: Final = (
    "pvestimate", "pvestimate50", "pvpoweradvanced", "pvpowerrooftop", "wh", "energywh",
    "watthours", "whperiod", "energykwh", "kwh", "powerw", "watt", "powerkw", "kw", "pvpower",
    "power", "production", "energy", "forecast", "value", "pvestimate10", "pvestimate90",
)  # fmt: skip
_SOLAR_TABLES: Final = (
    "whperiod15m", "detailedforecast", "whhours", "whperiod", "watthoursperiod", "detailedhourly",
    "forecast", "forecasts", "data", "watts",
)  # fmt: skip

SOLAR: Final = Quantity[SolarWattsSeries](
    kind=ForecastKind.SOLAR,
    value_keys=_SOLAR_KEYS,
    extra_value_key=_NOTHING,
    table_names=_SOLAR_TABLES,
    # Energy since the morning, energy of a day, and the parts of a roof whose whole is there too.
    ignored_tables=re.compile(r"watthours|whdays|watthoursday|whday|detailed(forecast|hourly).+"),
    own_unit=lambda row, table: _SOLAR_UNITS.get(row.key, _SOLAR_UNITS.get(table.name, "")),
    usual_unit=lambda *_: "",
    parse_unit=lambda text, _: parse_power_unit(text),
    is_plausible=lambda value, _: LEAST_SOLAR <= value <= MOST_SOLAR,
    make=lambda points, _: SolarWattsSeries(
        points=tuple(replace(point, value=max(0.0, point.value)) for point in points)
    ),
    add=SolarWattsSeries.plus,
)
