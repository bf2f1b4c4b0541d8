"""What a car takes over its state of charge is learned, and odd sessions do not move it."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.pool.taper import (
    BAND_SOC,
    BANDS,
    LEAST_POWER_W,
    SESSIONS_KEPT,
    UNBOUND,
    Taper,
    TaperCurve,
)
from custom_components.ev_charger_pool.pool.vehicles import Vehicle

MOST_W = 11_000.0
CAR = Vehicle(id="car", capacity_wh=50_000.0, efficiency=1.0)


def charge(taper: Taper, power_at: dict[float, float], allowed_w: float = MOST_W) -> bool:
    """Let a session pass with a power at each state of charge."""
    for soc, power_w in power_at.items():
        for _ in range(5):
            taper.sample(soc, power_w, allowed_w)
    return taper.end_session()


def test_what_nobody_knows_is_flat() -> None:
    assert Taper().curve(MOST_W) == TaperCurve(power_w=[MOST_W] * BANDS)


def test_a_taper_is_learned_from_two_sessions() -> None:
    taper = Taper()
    session = {50.0: 11_000.0, 85.0: 7_000.0, 92.0: 4_000.0, 97.0: 2_000.0}
    assert charge(taper, session)
    assert taper.curve(MOST_W).power_at(97.0) == MOST_W
    charge(taper, session)
    curve = taper.curve(MOST_W)
    assert [curve.power_at(soc) for soc in (0.0, 50.0, 84.9, 85.0, 92.0, 97.0, 100.0)] == [
        MOST_W,
        MOST_W,
        MOST_W,
        7_000.0,
        4_000.0,
        2_000.0,
        2_000.0,
    ]


def test_a_car_that_follows_is_no_limit() -> None:
    taper = Taper()
    for _ in range(3):
        charge(taper, {60.0: 4_100.0}, allowed_w=4_140.0)
    assert taper.curve(MOST_W).power_at(60.0) == MOST_W
    assert taper.kept[12] == (UNBOUND,) * 3


def test_an_odd_session_does_not_move_the_curve() -> None:
    taper = Taper()
    for _ in range(4):
        charge(taper, {90.0: 6_000.0})
    charge(taper, {90.0: 1_000.0})
    assert taper.curve(MOST_W).power_at(90.0) == 6_000.0


def test_an_odd_value_does_not_move_a_session() -> None:
    taper = Taper()
    for _ in range(2):
        for power_w in (6_000.0, 6_000.0, 100.0, 6_000.0, 6_100.0):
            taper.sample(90.0, power_w, MOST_W)
        taper.end_session()
    assert taper.curve(MOST_W).power_at(90.0) == 6_000.0


def test_a_glimpse_is_no_session() -> None:
    taper = Taper()
    taper.sample(90.0, 6_000.0, MOST_W)
    assert not taper.end_session()
    assert taper.kept == {}


@pytest.mark.parametrize(
    ("soc", "power_w", "allowed_w"),
    [
        (-1.0, 5_000.0, MOST_W),
        (100.0, 5_000.0, MOST_W),
        (50.0, 0.0, MOST_W),
        (50.0, -5_000.0, MOST_W),
        (50.0, float("nan"), MOST_W),
        (50.0, float("inf"), MOST_W),
        (50.0, 5_000.0, 0.0),
        (50.0, 5_000.0, float("nan")),
    ],
)
def test_what_cannot_be_is_not_learned(soc: float, power_w: float, allowed_w: float) -> None:
    taper = Taper()
    for _ in range(5):
        taper.sample(soc, power_w, allowed_w)
    assert not taper.end_session()


def test_what_was_learned_outlives_a_restart() -> None:
    taper = Taper()
    for _ in range(SESSIONS_KEPT + 5):
        charge(taper, {90.0: 6_000.0})
    kept = taper.kept
    assert len(kept[18]) == SESSIONS_KEPT
    assert Taper(kept).curve(MOST_W) == taper.curve(MOST_W)


def test_what_was_kept_damaged_is_left_out() -> None:
    taper = Taper({-1: [5.0, 5.0], 40: [5.0, 5.0], 18: [-3.0, 0.0, 6_000.0, 6_000.0]})
    assert taper.kept == {18: (6_000.0, 6_000.0)}


def test_it_takes_longer_with_a_taper() -> None:
    flat = Taper().curve(10_000.0)
    assert flat.hours(CAR, 50.0, 100.0) == pytest.approx(2.5)
    taper = Taper()
    for _ in range(2):
        charge(taper, {92.0: 5_000.0, 97.0: 2_500.0}, allowed_w=10_000.0)
    assert taper.curve(10_000.0).hours(CAR, 50.0, 100.0) == pytest.approx(2.0 + 0.5 + 1.0)
    assert taper.curve(10_000.0).hours(CAR, 92.5, 97.5) == pytest.approx(0.25 + 0.5)


def test_there_is_no_time_without_a_capacity() -> None:
    curve = Taper().curve(MOST_W)
    assert curve.hours(Vehicle(id="guest"), 10.0, 90.0) is None
    assert curve.hours(Vehicle(id="guest"), 90.0, 10.0) == 0.0


@given(
    kept=st.dictionaries(
        st.integers(0, BANDS - 1),
        st.lists(st.floats(10.0, 400_000.0) | st.just(UNBOUND), max_size=12),
    ),
    most_w=st.floats(100.0, 400_000.0),
)
def test_a_curve_never_rises_and_stays_below_the_most(
    kept: dict[int, list[float]], most_w: float
) -> None:
    curve = Taper(kept).curve(most_w)
    assert len(curve.power_w) == BANDS
    assert all(
        low >= high - 1e-6 for low, high in zip(curve.power_w, curve.power_w[1:], strict=False)
    )
    least_w = min(LEAST_POWER_W, most_w)
    assert all(least_w <= power_w <= most_w * (1 + 1e-9) for power_w in curve.power_w)
    hours = curve.hours(CAR, 0.0, 100.0)
    assert hours is not None
    assert hours >= CAR.capacity_wh / most_w - 1e-9  # type: ignore[operator]


@given(start=st.floats(0, 100), middle=st.floats(0, 100), end=st.floats(0, 100))
def test_times_add_up(start: float, middle: float, end: float) -> None:
    start, middle, end = sorted((start, middle, end))
    curve = TaperCurve(power_w=[MOST_W - 400.0 * band for band in range(BANDS)])
    parts = [curve.hours(CAR, start, middle), curve.hours(CAR, middle, end)]
    whole = curve.hours(CAR, start, end)
    assert whole == pytest.approx(sum(part for part in parts if part is not None))
    assert BAND_SOC * BANDS == 100.0
