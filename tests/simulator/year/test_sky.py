"""The sky of a year: seasons, nights, and clouds by the second."""

from random import Random

import pytest

from custom_components.ev_charger_pool.simulator.year.sky import (
    RoofSpec,
    Weather,
    draw_weather,
    irradiance_w_m2,
)

MIDSUMMER, MIDWINTER = 172, 355


def produced(
    weather: Weather, *, seed: int = 1, hours: int = 24, day: int = MIDSUMMER
) -> list[float]:
    """Return the production of a day by the second."""
    roof = RoofSpec(peak_w=10_000.0, day=day, weather=weather, from_solar_hour=0.0).build(
        Random(seed)
    )
    powers = []
    for second in range(hours * 3_600):
        roof.advance(second + 1.0, 1.0)
        powers.append(roof.power_w)
    return powers


def test_sun_is_high_in_summer_and_gone_at_night() -> None:
    def at_noon(day: int) -> float:
        return irradiance_w_m2(day, 12.0, 51.0, 0.0)

    assert 850.0 < at_noon(MIDSUMMER) < 1_000.0
    assert 100.0 < at_noon(MIDWINTER) < 250.0
    assert irradiance_w_m2(MIDSUMMER, 0.0, 51.0, 30.0) == 0.0


@pytest.mark.parametrize("tilt_deg", [0.0, 30.0, 60.0])
def test_mornings_mirror_evenings(tilt_deg: float) -> None:
    morning = irradiance_w_m2(100, 8.5, 51.0, tilt_deg)
    assert morning == pytest.approx(irradiance_w_m2(100, 15.5, 51.0, tilt_deg))


def test_tilted_roof_gains_in_winter() -> None:
    assert irradiance_w_m2(MIDWINTER, 12.0, 51.0, 40.0) > 1.5 * irradiance_w_m2(
        MIDWINTER, 12.0, 51.0, 0.0
    )


def test_production_stays_within_the_rating() -> None:
    for weather in Weather:
        powers = produced(weather)
        assert min(powers) == 0.0
        assert 0.0 < max(powers) <= 10_000.0
        assert powers[0] == powers[-1] == 0.0


def test_clear_days_bring_most_and_grey_days_least() -> None:
    clear, broken, grey = (
        sum(produced(weather)) / 3.6e6
        for weather in (Weather.CLEAR, Weather.BROKEN, Weather.OVERCAST)
    )
    assert clear > broken > grey
    assert 50.0 < clear < 85.0, "kWh of 10 kWp at midsummer"


def test_clouds_change_within_seconds() -> None:
    powers = produced(Weather.BROKEN, hours=16)[36_000:50_000]
    steepest = max(abs(after - before) for before, after in zip(powers, powers[10:], strict=False))
    assert steepest > 2_000.0


def test_same_chance_same_sky() -> None:
    assert produced(Weather.BROKEN, hours=12) == produced(Weather.BROKEN, hours=12)
    assert produced(Weather.BROKEN, hours=12) != produced(Weather.BROKEN, hours=12, seed=2)


def test_winters_are_greyer_than_summers() -> None:
    rng = Random(1)
    winter = [draw_weather(rng, 5) for _ in range(2_000)].count(Weather.OVERCAST)
    summer = [draw_weather(rng, 187) for _ in range(2_000)].count(Weather.OVERCAST)
    assert winter > 2 * summer > 0
