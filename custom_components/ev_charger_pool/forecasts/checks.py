"""Tells what a forecast that can be read still leaves to be wished for."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from statistics import median
from typing import Final

from ..pool.series import Point, PricePerKwhSeries, SolarWattsSeries, day_span
from .problems import ForecastProblem, ForecastProblemKind

PRICES_OUT_AT: Final = time(15)
"""Local time. The day-ahead auction's prices come out by 13:00 CET, on a bad day hours later."""

MARKET_EDGE: Final = timedelta(hours=1)
"""The market's day is that of Central Europe: west of it, it ends an hour before midnight."""

MOST_OFF_NOON_H: Final = 4.0
"""A roof to the west alone is about three hours late; the next thing that explains more is a zone
that is wrong by hours."""

SHOULDER: Final = 0.5
"""A hump is whole when it begins and ends below this part of its peak: hours are coarse."""

LEAST_HUMP: Final = timedelta(hours=3)
NIGHT: Final = timedelta(hours=2)
"""Humps have at least so much between them."""

_DAY: Final = timedelta(days=1)
_HALF_DAY: Final = timedelta(hours=12)


def prices_expected_until(now: datetime, zone: tzinfo) -> datetime:
    """Return until when day-ahead prices should be known, aware UTC.

    Args:
        now: The time, aware.
        zone: Where the site is.
    """
    local = now.astimezone(zone)
    return prices_end_at(local.date() + (local.time() >= PRICES_OUT_AT) * _DAY, zone)


def prices_end_at(day: date, zone: tzinfo) -> datetime:
    """Return until when the prices of a market's day hold at least, aware UTC."""
    return day_span(day, zone).end - MARKET_EDGE


def check_reach(series: PricePerKwhSeries, now: datetime, zone: tzinfo) -> ForecastProblem | None:
    """Return the problem of prices that end earlier than those of the market do.

    Args:
        series: The prices.
        now: The time, aware.
        zone: Where the site is.

    Returns:
        The problem, with the local time until which prices are known from now on; None when all
        are there.
    """
    expected = prices_expected_until(now, zone)
    gaps = series.gaps(now.astimezone(UTC), expected)
    if not gaps:
        return None
    known_until = gaps[0].start.astimezone(zone).isoformat(timespec="minutes")
    return ForecastProblem(kind=ForecastProblemKind.ENDS_EARLY, sample=known_until)


def check_noon(series: SolarWattsSeries, longitude_deg: float) -> ForecastProblem | None:
    """Return the problem of a sun that shines at the wrong time of the day.

    The middle of each day's energy is compared with the sun's noon at the site. Days that are
    forecast in part only do not count: what is left of today is later than noon by itself.

    Args:
        series: The forecast.
        longitude_deg: Where the site is, degrees, positive to the east.

    Returns:
        The problem, with the hours that the middle day is late (positive) or early (negative) as
        its sample; None when the sun is where it should be, or no whole day is there to tell.
    """
    late = [
        _after_noon(_middle(hump), longitude_deg)
        for hump in _humps(series.points)
        if _is_whole(hump)
    ]
    if not late:
        return None
    usual_h = median(late)
    if abs(usual_h) <= MOST_OFF_NOON_H:
        return None
    return ForecastProblem(
        kind=ForecastProblemKind.ZONE_DOUBTFUL,
        count=len(late),
        sample=f"{usual_h:+.1f}",
    )


def _humps(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Yield the days of sun: what lies between two nights."""
    hump: list[Point] = []
    for point in points:
        if point.value <= 0:
            continue
        if hump and point.start - hump[-1].end >= NIGHT:
            yield hump
            hump = []
        hump.append(point)
    if hump:
        yield hump


def _is_whole(hump: Sequence[Point]) -> bool:
    peak = max(point.value for point in hump)
    edges = max(hump[0].value, hump[-1].value)
    return edges <= SHOULDER * peak and hump[-1].end - hump[0].start >= LEAST_HUMP


def _middle(hump: Sequence[Point]) -> datetime:
    """Return the middle of the energy."""
    begin = hump[0].start
    weights = [point.value * (point.end - point.start).total_seconds() for point in hump]
    moments = [((point.start - begin) + (point.end - begin)).total_seconds() / 2 for point in hump]
    middle = sum(w * m for w, m in zip(weights, moments, strict=True)) / sum(weights)
    return begin + timedelta(seconds=middle)


def _after_noon(at: datetime, longitude_deg: float) -> float:
    """Return how many hours after the nearest noon of the mean sun a time is, -12 to 12."""
    sun = at.astimezone(UTC) + timedelta(hours=longitude_deg / 15)
    noon = sun.replace(hour=12, minute=0, second=0, microsecond=0)
    return ((sun - noon + _HALF_DAY) % _DAY - _HALF_DAY) / timedelta(hours=1)
