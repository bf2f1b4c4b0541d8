"""What is usual at an hour is learned from day to day."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.pool.load_profiles import NEW_DAY, LoadProfile


def day(profile: LoadProfile, loads: dict[int, float]) -> None:
    for hour, load in loads.items():
        for _ in range(60):
            profile.see(hour, load)


def test_nothing_is_expected_before_anything_was_seen() -> None:
    assert LoadProfile().expected(7) is None


def test_the_present_hour_stands_for_all_at_first() -> None:
    profile = LoadProfile()
    profile.see(7, 2.0)
    profile.see(7, 4.0)
    assert profile.expected(7) == 3.0
    assert profile.expected(22) == 3.0


def test_each_hour_is_its_own() -> None:
    profile = LoadProfile()
    day(profile, {6: 2.0, 7: 8.0, 8: 4.0})
    assert profile.expected(6) == 2.0
    assert profile.expected(7) == 8.0
    # The hour that runs, and those that were never seen.
    assert profile.expected(20) == pytest.approx((2.0 + 8.0 + 4.0) / 3)


def test_a_new_day_moves_what_is_usual() -> None:
    profile = LoadProfile()
    day(profile, {7: 10.0, 8: 1.0})
    day(profile, {7: 0.0, 8: 1.0})
    assert profile.expected(7) == pytest.approx(10.0 * (1 - NEW_DAY))


@given(st.lists(st.tuples(st.integers(0, 23), st.floats(0, 1e4)), min_size=1, max_size=60))
def test_it_stays_within_what_was_seen(seen: list[tuple[int, float]]) -> None:
    profile = LoadProfile()
    for hour, load in seen:
        profile.see(hour, load)
    loads = [load for _, load in seen]
    for hour in range(24):
        expected = profile.expected(hour)
        assert expected is not None
        assert min(loads) - 1e-6 <= expected <= max(loads) + 1e-6
