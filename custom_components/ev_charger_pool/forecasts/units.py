"""The units in which forecasts tell what energy costs, emits or amounts to."""

from dataclasses import dataclass
from enum import Enum, auto
import re
from typing import Final


class Form(Enum):
    """What a number of a row is about."""

    RATE = auto()
    """It holds at each moment of the row: a price, an intensity, a power."""

    ENERGY = auto()
    """It is the energy of the whole row: divided by its hours it is a power."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """How a number becomes one of the pool's: times a factor.

    Attributes:
        factor: Into currency per kWh, grams per kWh, watts or watt-hours.
        form: Whether the result is a power, or an energy of the row.
        currency: The code of the currency of a price; empty for anything else.
    """

    factor: float
    form: Form = Form.RATE
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Money:
    """A name for money: the currencies that it may be of, the likeliest first, and its worth."""

    currencies: tuple[str, ...]
    worth: float = 1.0


_DOLLARS: Final = ("USD", "AUD", "CAD", "NZD", "SGD", "HKD")
_CROWNS: Final = ("NOK", "SEK", "DKK", "ISK", "CZK")
_CENTS: Final = ("EUR", *_DOLLARS, "ZAR")

# As it is written without spaces and in lower case.
_NAMES: Final = {
    "€": _Money(currencies=("EUR",)),
    "euro": _Money(currencies=("EUR",)),
    "£": _Money(currencies=("GBP",)),
    "$": _Money(currencies=_DOLLARS),
    "kr": _Money(currencies=_CROWNS),
    "zł": _Money(currencies=("PLN",)),
    "kč": _Money(currencies=("CZK",)),
    "ft": _Money(currencies=("HUF",)),
    "fr.": _Money(currencies=("CHF",)),
    "лв": _Money(currencies=("BGN",)),
    "¥": _Money(currencies=("JPY",)),
    "ct": _Money(currencies=_CENTS, worth=0.01),
    "cts": _Money(currencies=_CENTS, worth=0.01),
    "c": _Money(currencies=_CENTS, worth=0.01),
    "¢": _Money(currencies=_CENTS, worth=0.01),
    "cent": _Money(currencies=_CENTS, worth=0.01),
    "cents": _Money(currencies=_CENTS, worth=0.01),
    "eurocent": _Money(currencies=("EUR",), worth=0.01),
    "ct€": _Money(currencies=("EUR",), worth=0.01),
    "c€": _Money(currencies=("EUR",), worth=0.01),
    "snt": _Money(currencies=("EUR",), worth=0.01),
    "p": _Money(currencies=("GBP",), worth=0.01),
    "pence": _Money(currencies=("GBP",), worth=0.01),
    "penny": _Money(currencies=("GBP",), worth=0.01),
    "øre": _Money(currencies=("NOK", "DKK"), worth=0.01),
    "öre": _Money(currencies=("SEK",), worth=0.01),
    "ore": _Money(currencies=("NOK", "DKK", "SEK"), worth=0.01),
    "rp": _Money(currencies=("CHF",), worth=0.01),
    "rp.": _Money(currencies=("CHF",), worth=0.01),
    "rappen": _Money(currencies=("CHF",), worth=0.01),
    "gr": _Money(currencies=("PLN",), worth=0.01),
    "hal": _Money(currencies=("CZK",), worth=0.01),
    "bani": _Money(currencies=("RON",), worth=0.01),
}
_KWH_OF: Final = {"wh": 0.001, "kwh": 1.0, "mwh": 1_000.0, "gwh": 1_000_000.0}
_GRAMS_OF: Final = {"mg": 0.001, "g": 1.0, "kg": 1_000.0, "t": 1_000_000.0, "lb": 453.59237}
_POWER: Final = {
    "w": Unit(factor=1.0),
    "kw": Unit(factor=1_000.0),
    "mw": Unit(factor=1_000_000.0),
    "wh": Unit(factor=1.0, form=Form.ENERGY),
    "kwh": Unit(factor=1_000.0, form=Form.ENERGY),
    "mwh": Unit(factor=1_000_000.0, form=Form.ENERGY),
}


def parse_price_unit(text: str, home_currency: str) -> Unit | None:
    """Return the unit of a price per energy, for example EUR/MWh, ct/kWh or øre/kWh.

    Args:
        text: As a source writes it.
        home_currency: The code of the site's currency: decides what a dollar, a crown or a cent is.

    Returns:
        The unit; None when the text names none.
    """
    money, slash, energy = _plain(text).replace("per", "/").partition("/")
    if not slash or energy not in _KWH_OF:
        return None
    found = money_named(money, home_currency)
    if found is None:
        return None
    currency, worth = found
    return Unit(factor=worth / _KWH_OF[energy], currency=currency)


def money_named(text: str, home_currency: str) -> tuple[str, float] | None:
    """Return the currency that a name stands for and what one is worth in its main unit."""
    plain = _plain(text)
    if plain in _NAMES:
        money = _NAMES[plain]
        fits = home_currency in money.currencies
        return (home_currency if fits else money.currencies[0]), money.worth
    if (code := re.fullmatch(r"([a-z]{3})(cents?)?", plain)) is not None:
        return code[1].upper(), 0.01 if code[2] else 1.0
    return None


def parse_co2_unit(text: str) -> Unit | None:
    """Return the unit of an intensity, for example gCO2eq/kWh; None when the text names none."""
    plain = re.sub(r"co[2₂]e?q?u?i?v?|-|_|\.|\(|\)", "", _plain(text)).replace("per", "/")
    mass, _, energy = plain.partition("/")
    mass = {"lbs": "lb", "grams": "g", "gram": "g"}.get(mass, mass)
    if mass not in _GRAMS_OF or energy not in _KWH_OF:
        return None
    return Unit(factor=_GRAMS_OF[mass] / _KWH_OF[energy])


def parse_power_unit(text: str) -> Unit | None:
    """Return the unit of a power, or of the energy of a row; None when the text names none."""
    return _POWER.get(_plain(text))


def _plain(text: str) -> str:
    return re.sub(r"\s", "", text).lower()
