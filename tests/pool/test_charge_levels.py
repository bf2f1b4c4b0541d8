"""A state of charge is followed through silence, late news, and values that cannot be."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.pool.charge_levels import (
    BELIEVED_AFTER,
    MARGIN_SOC,
    Anchor,
    ChargeLevels,
    Verdict,
)
from custom_components.ev_charger_pool.pool.vehicles import Vehicle

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
CAR = Vehicle(id="car", capacity_wh=50_000.0, efficiency=1.0)  # 500 Wh are one percent


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def soc(levels: ChargeLevels, minutes: float = 0.0) -> float:
    level = levels.level(after(minutes))
    assert level is not None
    return level.soc


def plugged(first_soc: float = 50.0) -> ChargeLevels:
    """Return a car that told its state of charge after it was plugged in."""
    levels = ChargeLevels(CAR)
    levels.plug_in("s1", 0.0, NOW)
    assert levels.hear(first_soc, NOW) is Verdict.TAKEN
    return levels


def test_nothing_is_known_before_the_car_tells() -> None:
    levels = ChargeLevels(CAR)
    levels.plug_in("s1", 5_000.0, NOW)
    assert levels.level(NOW) is None


def test_a_silent_car_is_followed_by_what_it_was_delivered() -> None:
    levels = plugged(50.0)
    levels.plug_in("s1", 5_000.0, NOW)
    level = levels.level(after(30))
    assert level is not None
    assert level.soc == pytest.approx(60.0)
    assert level.is_estimated
    assert level.told_at == NOW


def test_a_value_that_is_said_for_ever_does_not_hold_the_estimate_back() -> None:
    levels = plugged(50.0)
    for minute in range(1, 61):
        levels.plug_in("s1", minute * 100.0, NOW)
        assert levels.hear(50.0, after(minute)) is Verdict.UNCHANGED
    assert soc(levels, 60) == pytest.approx(62.0)


def test_a_new_value_replaces_the_estimate() -> None:
    levels = plugged(50.0)
    levels.plug_in("s1", 5_000.0, NOW)
    assert levels.hear(58.0, after(30)) is Verdict.TAKEN
    level = levels.level(after(30))
    assert level is not None
    assert level.soc == 58.0
    assert not level.is_estimated


def test_a_value_that_is_old_is_an_estimate() -> None:
    levels = ChargeLevels(CAR)
    levels.hear(50.0, NOW)
    fresh, old = levels.level(after(30)), levels.level(after(90))
    assert fresh is not None
    assert not fresh.is_estimated
    assert old is not None
    assert old.is_estimated


@pytest.mark.parametrize("wrong", [-1.0, 100.5, float("nan"), float("inf"), 5_300.0])
def test_what_is_no_percentage_is_refused(wrong: float) -> None:
    levels = plugged(50.0)
    assert levels.hear(wrong, after(1)) is Verdict.NOT_A_PERCENTAGE
    assert soc(levels) == 50.0


@pytest.mark.parametrize("jump", [90.0, 20.0])
def test_a_jump_while_plugged_in_is_not_believed(jump: float) -> None:
    levels = plugged(50.0)
    levels.plug_in("s1", 1_000.0, NOW)
    assert levels.hear(jump, after(10)) is Verdict.IMPLAUSIBLE
    assert soc(levels, 10) == pytest.approx(52.0)
    assert levels.doubted_since == after(10)


def test_a_jump_that_goes_back_is_forgotten() -> None:
    levels = plugged(50.0)
    levels.hear(90.0, after(10))
    assert levels.hear(50.0, after(11)) is Verdict.UNCHANGED
    assert levels.doubted_since is None
    # The doubt begins anew: it did not stay.
    levels.hear(90.0, after(12))
    assert levels.hear(90.0, after(20)) is Verdict.IMPLAUSIBLE


def test_a_jump_that_stays_is_the_truth() -> None:
    levels = plugged(50.0)
    assert levels.hear(90.0, after(10)) is Verdict.IMPLAUSIBLE
    assert levels.hear(90.0, after(15)) is Verdict.IMPLAUSIBLE
    assert levels.hear(91.0, after(10) + BELIEVED_AFTER) is Verdict.TAKEN
    assert soc(levels, 30) == 91.0
    assert levels.doubted_since is None


def test_jumps_about_are_never_believed() -> None:
    levels = plugged(50.0)
    for minute, value in enumerate((90.0, 10.0, 75.0, 5.0, 99.0), 1):
        assert levels.hear(value, after(10 * minute)) is Verdict.IMPLAUSIBLE
    assert soc(levels, 60) == 50.0


def test_the_first_news_after_plug_in_may_tell_of_the_drive() -> None:
    levels = ChargeLevels(CAR)
    levels.hear(90.0, after(-300))
    levels.plug_in("s1", 0.0, NOW)
    levels.plug_in("s1", 1_000.0, NOW)
    # The car was driven, and its maker tells so a quarter of an hour after plug-in.
    assert levels.hear(40.0, after(15)) is Verdict.TAKEN
    assert soc(levels, 15) == 40.0
    # From now on it stands still.
    assert levels.hear(20.0, after(30)) is Verdict.IMPLAUSIBLE


def test_a_drop_while_driving_is_fine() -> None:
    levels = plugged(80.0)
    levels.unplug()
    assert levels.hear(30.0, after(60)) is Verdict.TAKEN
    assert soc(levels, 60) == 30.0


def test_what_was_delivered_stays_in_the_battery_after_unplug() -> None:
    levels = plugged(50.0)
    levels.plug_in("s1", 10_000.0, NOW)
    levels.unplug()
    levels.unplug()
    assert soc(levels) == pytest.approx(70.0)
    levels.plug_in("s2", 2_500.0, after(60))
    assert soc(levels) == pytest.approx(75.0)


def test_a_car_that_was_taken_for_another_one_meanwhile_counts_nothing_twice() -> None:
    levels = plugged(50.0)
    levels.plug_in("s1", 10_000.0, NOW)
    levels.unplug()
    levels.plug_in("s1", 11_000.0, NOW)
    assert soc(levels) == pytest.approx(72.0)


def test_a_car_that_is_recognised_late_counts_from_what_it_told_last() -> None:
    levels = ChargeLevels(CAR)
    levels.hear(40.0, after(-60))
    levels.plug_in("s1", 5_000.0, NOW)
    # It told nothing since plug-in: everything of the session is its own.
    assert soc(levels) == pytest.approx(50.0)
    other = ChargeLevels(CAR)
    other.hear(48.0, after(60))
    other.plug_in("s1", 5_000.0, NOW)
    assert soc(other) == pytest.approx(48.0)
    other.plug_in("s1", 6_000.0, NOW)
    assert soc(other) == pytest.approx(50.0)


def test_another_session_ends_the_one_before() -> None:
    levels = plugged(50.0)
    levels.plug_in("s1", 10_000.0, NOW)
    levels.plug_in("s2", 0.0, NOW)
    assert soc(levels) == pytest.approx(70.0)


def test_an_older_value_is_ignored() -> None:
    levels = plugged(50.0)
    assert levels.hear(51.0, after(-5)) is Verdict.UNCHANGED
    assert soc(levels) == 50.0


def test_without_a_capacity_the_newest_value_stands() -> None:
    levels = ChargeLevels(Vehicle(id="car"))
    levels.plug_in("s1", 0.0, NOW)
    levels.hear(50.0, NOW)
    levels.plug_in("s1", 1_000.0, NOW)
    assert soc(levels) == 50.0
    # No car gains so much by so little.
    assert levels.hear(90.0, after(5)) is Verdict.IMPLAUSIBLE
    assert levels.hear(55.0, after(6)) is Verdict.TAKEN


def test_a_restart_goes_on_where_it_was() -> None:
    before = plugged(50.0)
    before.plug_in("s1", 5_000.0, NOW)
    again = ChargeLevels(CAR, before.anchor)
    again.plug_in("s1", 6_000.0, NOW)
    assert soc(again) == pytest.approx(62.0)
    # The value that was believed before is no news.
    assert again.hear(50.0, after(10)) is Verdict.UNCHANGED
    assert soc(again) == pytest.approx(62.0)
    assert again.hear(95.0, after(11)) is Verdict.IMPLAUSIBLE


def test_after_a_restart_another_session_counts_from_its_start() -> None:
    again = ChargeLevels(CAR, Anchor(soc=50.0, at=NOW, session="s1", delivered_wh=9_000.0))
    again.plug_in("s2", 1_000.0, after(60))
    assert soc(again) == pytest.approx(52.0)


@given(
    told=st.lists(st.tuples(st.floats(0, 100), st.floats(0, 400), st.floats(0, 30)), max_size=30)
)
def test_the_estimate_never_runs_ahead_of_what_can_be(
    told: list[tuple[float, float, float]],
) -> None:
    """Whatever the car says, a value above what was delivered and the margin has to stay."""
    levels = plugged(20.0)
    delivered_wh, minutes, before = 0.0, 0.0, 20.0
    doubted_at: float | None = None
    for value, energy_wh, wait in told:
        delivered_wh += energy_wh
        minutes += wait
        levels.plug_in("s1", delivered_wh, NOW)
        verdict = levels.hear(value, after(minutes))
        now = soc(levels, minutes)
        assert 0.0 <= now <= 100.0
        if verdict is Verdict.TAKEN and now > before + energy_wh / 500 + MARGIN_SOC + 1e-6:
            assert doubted_at is not None
            assert minutes - doubted_at >= BELIEVED_AFTER.total_seconds() / 60 - 1e-6
        if verdict is Verdict.IMPLAUSIBLE:
            doubted_at = minutes if doubted_at is None else doubted_at
        else:
            doubted_at = None
        before = now
