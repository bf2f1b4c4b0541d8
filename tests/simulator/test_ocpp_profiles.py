"""Charging profiles of the simulated station, by the rules of OCPP 1.6 chapter 3.13."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.simulator.ocpp_profiles import (
    Period,
    Profile,
    ProfileStore,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MOST_A = 32.0
MINUTE = timedelta(minutes=1)


def profile(
    number: int,
    *limits: tuple[int, float],
    purpose: str = "TxProfile",
    level: int = 0,
    connector: int = 1,
    start: datetime | None = NOW,
    unit: str = "A",
    duration_s: int | None = None,
    **more: Any,
) -> Profile:
    """A profile with periods of (start in seconds, limit)."""
    schedule: dict[str, Any] = {
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [
            {"startPeriod": start_s, "limit": limit} for start_s, limit in limits
        ],
    }
    if start is not None:
        schedule["startSchedule"] = start.isoformat()
    if duration_s is not None:
        schedule["duration"] = duration_s
    return Profile.read(
        connector,
        {
            "chargingProfileId": number,
            "stackLevel": level,
            "chargingProfilePurpose": purpose,
            "chargingProfileKind": "Relative" if start is None else "Absolute",
            "chargingSchedule": schedule,
            **more,
        },
    )


def limit(store: ProfileStore, after: timedelta = timedelta(), connector: int = 1) -> float:
    return store.limit_a(connector, NOW + after, NOW, MOST_A)


def test_without_a_profile_there_is_no_limit() -> None:
    assert limit(ProfileStore()) == MOST_A


def test_a_lease_of_two_periods_lapses() -> None:
    store = ProfileStore()
    store.add(profile(1, (0, 16.0), (180, 6.0)))
    assert limit(store) == 16.0
    assert limit(store, 179 * timedelta(seconds=1)) == 16.0
    assert limit(store, 3 * MINUTE) == 6.0
    assert limit(store, timedelta(days=9)) == 6.0


def test_a_lease_with_a_duration_lapses_to_the_default() -> None:
    store = ProfileStore()
    store.add(profile(1, (0, 8.0), purpose="TxDefaultProfile", start=None))
    store.add(profile(2, (0, 16.0), duration_s=180))
    assert limit(store) == 16.0
    assert limit(store, 3 * MINUTE) == 8.0


def test_the_highest_level_counts_and_the_one_below_when_it_is_over() -> None:
    store = ProfileStore()
    store.add(profile(1, (0, 7.0), level=0))
    store.add(profile(2, (0, 20.0), level=3, duration_s=60))
    assert limit(store) == 20.0
    assert limit(store, MINUTE) == 7.0


def test_a_schedule_says_nothing_before_its_start() -> None:
    store = ProfileStore()
    store.add(profile(1, (0, 7.0), start=NOW + MINUTE))
    assert limit(store) == MOST_A
    assert limit(store, MINUTE) == 7.0


def test_validity_bounds_a_profile() -> None:
    store = ProfileStore()
    store.add(
        profile(
            1,
            (0, 7.0),
            validFrom=(NOW + MINUTE).isoformat(),
            validTo=(NOW + 2 * MINUTE).isoformat(),
        )
    )
    assert [limit(store, MINUTE * index) for index in range(3)] == [MOST_A, 7.0, MOST_A]


def test_a_recurring_schedule_comes_back() -> None:
    store = ProfileStore()
    store.add(profile(1, (0, 7.0), (3600, 20.0), recurrencyKind="Daily", duration_s=7200))
    assert limit(store, timedelta(days=3)) == 7.0
    assert limit(store, timedelta(days=3, hours=1)) == 20.0
    assert limit(store, timedelta(days=3, hours=2)) == MOST_A


def test_the_default_of_a_connector_comes_before_that_of_all() -> None:
    store = ProfileStore()
    store.add(profile(1, (0, 10.0), purpose="TxDefaultProfile", connector=0))
    store.add(profile(2, (0, 8.0), purpose="TxDefaultProfile", connector=1))
    assert limit(store) == 8.0
    assert limit(store, connector=2) == 10.0


def test_the_station_s_maximum_binds_everybody() -> None:
    store = ProfileStore()
    store.add(profile(1, (0, 13.0), purpose="ChargePointMaxProfile", connector=0))
    store.add(profile(2, (0, 20.0)))
    assert limit(store) == 13.0


def test_watts_are_shared_among_the_phases() -> None:
    store = ProfileStore()
    store.add(profile(1, (0, 6_900.0), unit="W"))
    assert limit(store) == pytest.approx(10.0)


def test_the_same_id_or_place_replaces() -> None:
    store = ProfileStore()
    store.add(profile(1, (0, 20.0)))
    store.add(profile(1, (0, 15.0), level=2))
    store.add(profile(5, (0, 9.0), level=2))
    assert limit(store) == 9.0
    assert store.clear(profile_id=5)
    assert limit(store) == MOST_A


@pytest.mark.parametrize(
    ("criteria", "left"),
    [
        ({}, []),
        ({"profile_id": 2}, [1, 3]),
        ({"connector": 1}, [3]),
        ({"purpose": "TxProfile"}, [1, 3]),
        ({"stack_level": 4}, [1, 2]),
        ({"connector": 1, "purpose": "TxDefaultProfile"}, [2, 3]),
        ({"profile_id": 9}, [1, 2, 3]),
    ],
)
def test_clearing_takes_what_meets_all_criteria(criteria: dict[str, Any], left: list[int]) -> None:
    store = ProfileStore()
    store.add(profile(1, (0, 8.0), purpose="TxDefaultProfile", connector=1))
    store.add(profile(2, (0, 9.0), connector=1))
    store.add(profile(3, (0, 10.0), purpose="TxDefaultProfile", connector=0, level=4))
    assert store.clear(**criteria) == (len(left) < 3)
    assert [number for number in (1, 2, 3) if store.clear(profile_id=number)] == left


def test_a_profile_dies_with_its_transaction() -> None:
    store = ProfileStore()
    store.add(profile(1, (0, 0.0)))
    store.end_transaction(1)
    assert limit(store) == MOST_A


def test_the_composite_schedule_shows_the_lapse() -> None:
    store = ProfileStore()
    store.add(profile(1, (0, 8.0), purpose="TxDefaultProfile", start=None))
    store.add(profile(2, (0, 16.0), duration_s=180))
    assert store.composite(1, NOW, 5 * MINUTE, NOW, MOST_A) == (
        Period(start_s=0, current_a=16.0),
        Period(start_s=180, current_a=8.0),
    )


@given(
    limits=st.lists(st.tuples(st.integers(0, 600), st.floats(0.0, 40.0)), min_size=1, max_size=5),
    level=st.integers(0, 3),
    duration_s=st.none() | st.integers(1, 900),
    at_s=st.integers(0, 599),
)
def test_the_composite_schedule_is_what_will_be_in_force(
    limits: list[tuple[int, float]], level: int, duration_s: int | None, at_s: int
) -> None:
    store = ProfileStore()
    store.add(profile(1, (0, 11.0), purpose="TxDefaultProfile", start=None))
    store.add(profile(2, *sorted(limits), level=level, duration_s=duration_s))
    periods = store.composite(1, NOW, 10 * MINUTE, NOW, MOST_A)
    shown = [period.current_a for period in periods if period.start_s <= at_s][-1]
    assert shown == limit(store, timedelta(seconds=at_s))
    assert periods[0].start_s == 0


@pytest.mark.parametrize(
    "change",
    [
        {"chargingProfileId": "x"},
        {"chargingProfileId": True},
        {"stackLevel": 1.5},
        {"chargingProfilePurpose": "Whatever"},
        {"chargingProfileKind": 7},
        {"chargingSchedule": []},
        {"chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": []}},
        {
            "chargingSchedule": {
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": "7"}],
            }
        },
    ],
)
def test_what_is_no_profile_is_refused(change: dict[str, Any]) -> None:
    good: dict[str, Any] = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 7}],
        },
    }
    assert Profile.read(1, good).id == 1
    with pytest.raises((KeyError, TypeError, ValueError)):
        Profile.read(1, {**good, **change})
