"""What sources of forecasts hold, in the shapes that they have it, around one winter's day."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
import math
from typing import Any
from zoneinfo import ZoneInfo

from custom_components.ev_charger_pool.forecasts import Origin

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)


def origin(
    zone: ZoneInfo = AMSTERDAM,
    *,
    written_at: datetime = NOW,
    currency: str = "EUR",
    unit: str = "",
    part: str = "",
    start: datetime | None = None,
    step: timedelta | None = None,
) -> Origin:
    return Origin(
        zone=zone,
        written_at=written_at,
        home_currency=currency,
        unit=unit,
        part=part,
        start=start,
        step=step,
    )


def starts(
    day: date, step: timedelta = HOUR, days: int = 1, zone: ZoneInfo = AMSTERDAM
) -> list[datetime]:
    """Return the starts of the slots of some days, aware, in the zone."""
    begin = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    last = day + timedelta(days=days)
    end = datetime(last.year, last.month, last.day, tzinfo=zone).astimezone(UTC)
    return [(begin + index * step).astimezone(zone) for index in range((end - begin) // step)]


def market(at: datetime) -> float:
    """Return a price per kWh in EUR as it may be: cheap at night and negative at noon."""
    hour = at.astimezone(AMSTERDAM).hour + at.minute / 60
    return round(0.12 + 0.13 * math.cos((hour - 19) / 24 * 2 * math.pi) - 0.02 * (hour == 12), 5)


def nordpool_action(
    day: date, areas: Sequence[str] = ("NL",), step: timedelta = QUARTER
) -> dict[str, Any]:
    return {
        area: [
            {
                "start": at.astimezone(UTC).isoformat(),
                "end": (at.astimezone(UTC) + step).isoformat(),
                "price": round(market(at) * 1_000 + index, 2),
            }
            for at in starts(day, step)
        ]
        for index, area in enumerate(areas)
    }


def nordpool_custom(*, tomorrow: bool = True) -> dict[str, Any]:
    def raw(day: date) -> list[dict[str, Any]]:
        return [
            {"start": at, "end": at + QUARTER, "value": market(at)} for at in starts(day, QUARTER)
        ]

    days = (raw(TODAY), raw(TODAY + timedelta(days=1)) if tomorrow else [])
    return {
        "average": 0.12,
        "off_peak_1": 0.1,
        "unit": "kWh",
        "currency": "EUR",
        "country": "Netherlands",
        "region": "NL",
        "low_price": False,
        "today": [row["value"] for row in days[0]],
        "tomorrow": [row["value"] for row in days[1]],
        "tomorrow_valid": tomorrow,
        "raw_today": days[0],
        "raw_tomorrow": days[1],
        "current_price": 0.1,
        "price_in_cents": False,
        "unit_of_measurement": "EUR/kWh",
    }


def tibber_action(homes: Sequence[str] = ("Huis",)) -> dict[str, Any]:
    return {
        "prices": {
            home: [
                {
                    "start_time": at.isoformat(timespec="milliseconds"),
                    "price": market(at) + 0.1 * index,
                }
                for at in starts(TODAY, QUARTER, days=2)
            ]
            for index, home in enumerate(homes)
        }
    }


def epex_old() -> dict[str, Any]:
    return {
        "data": [
            {
                "start_time": at.isoformat(),
                "end_time": (at + HOUR).isoformat(),
                "price_eur_per_mwh": round(market(at) * 1_000, 2),
                "price_ct_per_kwh": round(market(at) * 100, 3),
            }
            for at in starts(TODAY, days=2)
        ],
        "price_ct_per_kwh": 12.0,
        "unit_of_measurement": "EUR/MWh",
    }


def epex_new() -> dict[str, Any]:
    return {
        "data": [
            {
                "start_time": at.isoformat(),
                "end_time": (at + QUARTER).isoformat(),
                "price_per_kwh": market(at),
            }
            for at in starts(TODAY, QUARTER, days=2)
        ],
        "unit_of_measurement": "€/kWh",
    }


def octopus_event(day: date = TODAY) -> dict[str, Any]:
    london = ZoneInfo("Europe/London")
    return {
        "rates": [
            {
                "start": at.isoformat(),
                "end": (at + HOUR / 2).isoformat(),
                "value_inc_vat": market(at),
                "is_capped": False,
                "is_intelligent_adjusted": False,
            }
            for at in starts(day, HOUR / 2, zone=london)
        ],
        "event_types": ["octopus_energy_electricity_current_day_rates"],
        "tariff_code": "E-1R-AGILE",
        "min_rate": 0.1,
        "max_rate": 0.3,
        "average_rate": 0.2,
        "start": "2026-11-20T00:00:00+00:00",
        "end": "2026-11-21T00:00:00+00:00",
    }


def octopus_api() -> dict[str, Any]:
    rows = [
        {
            "value_exc_vat": round(market(at) * 100 / 1.05, 3),
            "value_inc_vat": round(market(at) * 100, 3),
            "valid_from": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "valid_to": f"{at.astimezone(UTC) + HOUR / 2:%Y-%m-%dT%H:%M:%SZ}",
        }
        for at in starts(TODAY, HOUR / 2)
    ]
    return {"count": len(rows), "next": None, "results": list(reversed(rows))}


def entsoe() -> dict[str, Any]:
    def rows(days: list[datetime]) -> list[dict[str, Any]]:
        return [{"time": str(at), "price": market(at)} for at in days]

    return {
        "prices_today": rows(starts(TODAY)),
        "prices_tomorrow": rows(starts(TODAY + timedelta(days=1))),
        "prices": rows(starts(TODAY - timedelta(days=1), days=3)),
        "unit_of_measurement": "EUR/kWh",
    }


def awattar() -> dict[str, Any]:
    return {
        "object": "list",
        "data": [
            {
                "start_timestamp": int(at.timestamp() * 1_000),
                "end_timestamp": int((at + HOUR).timestamp() * 1_000),
                "marketprice": round(market(at) * 1_000, 2),
                "unit": "Eur/MWh",
            }
            for at in starts(TODAY, days=2)
        ],
        "url": "/de/v1/marketdata",
    }


def energy_charts() -> dict[str, Any]:
    times = starts(TODAY, QUARTER, days=2)
    return {
        "license_info": "CC BY 4.0",
        "unix_seconds": [int(at.timestamp()) for at in times],
        "price": [round(market(at) * 1_000, 2) for at in times],
        "unit": "EUR / MWh",
        "deprecated": False,
    }


def energyzero_action() -> dict[str, Any]:
    return {
        "prices": [
            {
                "price": market(at),
                "timestamp": str(at.astimezone(UTC)),
                "start": str(at.astimezone(UTC)),
                "end": str(at.astimezone(UTC) + HOUR),
            }
            for at in starts(TODAY, days=2)
        ]
    }


def easyenergy_action() -> dict[str, Any]:
    return {
        "prices": [
            {"price": market(at), "timestamp": str(at.astimezone(UTC))}
            for at in starts(TODAY, days=2)
        ]
    }


def amber_action() -> dict[str, Any]:
    late = timedelta(seconds=1)
    return {
        "forecasts": [
            {
                "duration": 30,
                "date": "2026-11-20",
                "nem_date": (at + HOUR / 2).isoformat(),
                "per_kwh": market(at),
                "spot_per_kwh": market(at) / 2,
                "start_time": (at + late).isoformat(),
                "end_time": (at + HOUR / 2).isoformat(),
                "renewables": 45,
                "descriptor": "low",
            }
            for at in starts(TODAY, HOUR / 2, days=2)
        ]
    }


def energi_data_service() -> dict[str, Any]:
    def rows(day: date, days: int = 1) -> list[dict[str, Any]]:
        return [{"hour": at, "price": round(market(at) * 745, 3)} for at in starts(day, days=days)]

    return {
        "unit": "kWh",
        "currency": "DKK",
        "today": [row["price"] for row in rows(TODAY)],
        "raw_today": rows(TODAY),
        "raw_tomorrow": rows(TODAY + timedelta(days=1)),
        "forecast": rows(TODAY + timedelta(days=2), days=3),
        "unit_of_measurement": "øre/kWh",
    }


def sun(at: datetime, *, noon_utc_h: float = 11.67) -> float:
    """Return watts as of an array to the south, with its noon at an hour of UTC."""
    utc = at.astimezone(UTC)
    angle = (utc.hour + utc.minute / 60 - noon_utc_h) / 8 * math.pi
    return round(4_000 * max(0.0, math.cos(angle)), 1) if abs(angle) < math.pi / 2 else 0.0


def forecast_solar(days: int = 2) -> dict[str, Any]:
    """Return what the energy platform gives: irregular at sunrise and at sunset."""
    found: dict[str, int] = {}
    for day in range(days):
        midnight = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(days=day)
        found[(midnight + timedelta(hours=7, minutes=6, seconds=51)).isoformat()] = 20
        for hour in range(8, 16):
            at = midnight + hour * HOUR
            found[at.isoformat()] = round(sun(at + HOUR / 2))
        found[(midnight + timedelta(hours=15, minutes=39, seconds=12)).isoformat()] = 0
    return {"wh_hours": found}


def solcast(day: date = TODAY) -> dict[str, Any]:
    half_hours = [
        {
            "period_start": at,
            "pv_estimate": sun(at + HOUR / 4) / 1_000,
            "pv_estimate10": sun(at + HOUR / 4) / 2_000,
            "pv_estimate90": sun(at + HOUR / 4) / 900,
        }
        for at in starts(day, HOUR / 2)
    ]
    hours = [{"period_start": at, "pv_estimate": sun(at + HOUR / 2) / 1_000} for at in starts(day)]
    return {
        "detailedHourly": hours,
        "detailedForecast": half_hours,
        "detailedForecast_b68d_c05a": [{**row, "pv_estimate": 0.4} for row in half_hours],
        "estimate": 12.3,
        "b68d_c05a": 3.0,
        "dayname": "Friday",
        "dataCorrect": True,
        "unit_of_measurement": "kWh",
    }


def open_meteo() -> dict[str, Any]:
    quarters = starts(TODAY, QUARTER)
    return {
        "watts": {at.isoformat(): round(sun(at)) for at in quarters},
        "wh_period": {at.isoformat(): round(sun(at + HOUR / 2)) for at in starts(TODAY)},
        "unit_of_measurement": "kWh",
    }


def electricity_maps() -> dict[str, Any]:
    return {
        "zone": "NL",
        "forecast": [
            {
                "carbonIntensity": 200 + index,
                "datetime": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000Z}",
            }
            for index, at in enumerate(starts(TODAY))
        ],
        "updatedAt": "2026-11-20T12:00:00.000Z",
    }


def carbon_intensity_uk() -> dict[str, Any]:
    return {
        "data": [
            {
                "from": f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}",
                "to": f"{at.astimezone(UTC) + HOUR / 2:%Y-%m-%dT%H:%MZ}",
                "intensity": {"forecast": 100 + index, "actual": None, "index": "low"},
            }
            for index, at in enumerate(starts(TODAY, HOUR / 2))
        ]
    }
