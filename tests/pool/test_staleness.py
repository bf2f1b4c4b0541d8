"""SR-10: how old a reading may be."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.pool.staleness import Staleness

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


def heard(*intervals_s: float) -> tuple[Staleness, datetime]:
    source, at = Staleness(), NOON
    source.hear(at)
    for interval_s in intervals_s:
        at += seconds(interval_s)
        source.hear(at)
    return source, at


def test_sr10_the_first_value_after_a_start_is_not_fresh() -> None:
    source, at = heard()
    assert not source.is_fresh(at)
    assert source.fresh_values == 0
    source.hear(at + seconds(2))
    assert source.is_fresh(at + seconds(2))
    assert source.fresh_values == 1


def test_sr10_nothing_heard_is_not_fresh() -> None:
    assert not Staleness().is_fresh(NOON)
    assert Staleness().heard_at is None


@pytest.mark.parametrize(
    ("interval_s", "allowance_s"), [(0.5, 5.0), (1.0, 5.0), (4.0, 12.0), (10.0, 30.0), (25.0, 30.0)]
)
def test_sr10_the_allowance_is_three_intervals_within_5_to_30_s(
    interval_s: float, allowance_s: float
) -> None:
    source, at = heard(*[interval_s] * 20)
    assert source.allowance == seconds(allowance_s)
    assert source.is_fresh(at + seconds(allowance_s))
    assert not source.is_fresh(at + seconds(allowance_s + 0.001))


def test_sr10_one_hiccup_in_twenty_is_no_rhythm() -> None:
    assert heard(*[2.0] * 19, 5.0)[0].allowance == seconds(6.0)
    assert heard(*[2.0] * 18, 5.0, 5.0)[0].allowance == seconds(15.0)


def test_sr10_old_rhythms_are_forgotten() -> None:
    source, _ = heard(*[9.0] * 50, *[1.0] * 100)
    assert source.allowance == seconds(5.0)


def test_sr10_after_a_silence_the_first_value_is_not_fresh() -> None:
    source, at = heard(*[1.0] * 10)
    back = at + seconds(40)
    source.hear(back)
    assert not source.is_fresh(back)
    source.hear(back + seconds(1))
    assert source.is_fresh(back + seconds(1))


def test_an_older_value_changes_nothing() -> None:
    source, at = heard(1.0, 1.0)
    source.hear(at - seconds(5))
    source.hear(at)
    assert source.heard_at == at
    assert source.fresh_values == 2


@given(st.lists(st.floats(0.01, 600.0), max_size=150))
def test_sr10_the_allowance_stays_within_its_bounds(intervals_s: list[float]) -> None:
    source, at = heard(*intervals_s)
    assert seconds(5) <= source.allowance <= seconds(30)
    assert not source.is_fresh(at + seconds(30.001))
