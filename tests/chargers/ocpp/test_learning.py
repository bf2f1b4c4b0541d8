"""What is learned from messages: clocks and energy registers; how fast one may be."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st

from custom_components.ev_charger_pool.chargers.ocpp.clock import MAX_SKEW, ClockSkew
from custom_components.ev_charger_pool.chargers.ocpp.energy import SLACK_WH, EnergyRegister
from custom_components.ev_charger_pool.chargers.ocpp.pace import TokenBucket

START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_sr8_nothing_is_known_of_a_clock_before_its_first_message() -> None:
    clock = ClockSkew()
    assert clock.skew is None
    assert not clock.is_trusted


@given(
    skew_s=st.floats(-100.0, 100.0),
    delays_s=st.lists(st.floats(0.0, 60.0), min_size=1, max_size=60),
)
def test_sr8_the_skew_is_that_of_the_quickest_of_the_last_twenty(
    skew_s: float, delays_s: list[float]
) -> None:
    clock = ClockSkew()
    for index, delay_s in enumerate(delays_s):
        told = START + index * SECOND + timedelta(seconds=skew_s)
        clock.learn(told, START + index * SECOND + timedelta(seconds=delay_s))
    expected = skew_s - min(delays_s[-20:])
    assert clock.skew is not None
    assert abs(clock.skew.total_seconds() - expected) < 1e-5
    assert clock.is_trusted == (abs(clock.skew) <= MAX_SKEW)


def test_a_station_that_starts_anew_has_a_clock_that_nobody_knows() -> None:
    clock = ClockSkew()
    clock.learn(START, START)
    clock.forget()
    assert clock.skew is None


def test_a_register_may_rise_as_fast_as_the_connector_can() -> None:
    register = EnergyRegister(11_000.0)
    assert register.accept(5_000.0, START)
    assert register.accept(5_000.0, START + SECOND)
    assert register.accept(16_000.0, START + timedelta(hours=1))
    assert register.accept(16_000.0 + SLACK_WH, START + timedelta(hours=1, seconds=1))


def test_one_wrong_value_reaches_nobody() -> None:
    register = EnergyRegister(11_000.0)
    assert register.accept(5_000.0, START)
    for wrong in (5_000_000.0, 5.0, -1.0, 1e12):
        assert not register.accept(wrong, START + SECOND)
        assert register.accept(5_000.0, START + SECOND)


def test_a_changed_meter_is_believed_when_it_repeats_itself() -> None:
    register = EnergyRegister(11_000.0)
    assert register.accept(5_000_000.0, START)
    assert not register.accept(3.0, START + SECOND)
    assert register.accept(10.0, START + 11 * SECOND)
    assert register.accept(20.0, START + 21 * SECOND)


@given(steps=st.lists(st.tuples(st.floats(0.0, 11_000.0), st.integers(1, 900)), max_size=50))
def test_a_true_register_is_always_believed(steps: list[tuple[float, int]]) -> None:
    register = EnergyRegister(11_000.0)
    energy_wh, at = 0.0, START
    for power_w, seconds in steps:
        energy_wh += power_w * seconds / 3600.0
        at += seconds * SECOND
        assert register.accept(energy_wh, at)


@given(
    burst=st.integers(1, 20),
    per_s=st.floats(0.1, 50.0),
    gaps_s=st.lists(st.floats(0.0, 2.0), max_size=100),
)
def test_a_pace_is_kept_in_the_long_run(burst: int, per_s: float, gaps_s: list[float]) -> None:
    bucket = TokenBucket(burst, per_s, 0.0)
    now_s, admitted = 0.0, 0
    for gap_s in gaps_s:
        now_s += gap_s
        admitted += bucket.admits(now_s)
    assert admitted <= burst + now_s * per_s + 1e-6
