"""Energy of a session by differences of the device's register."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.pool.sessions import (
    Rates,
    Session,
    SessionError,
    begin,
    end,
    go_on,
    is_unit_slip,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def session(register_wh: float | None = 10_000.0) -> Session:
    return begin("s1", "a:1", NOON, register_wh=register_wh)


def test_energy_is_the_difference_of_the_register() -> None:
    after = go_on(go_on(session(), register_wh=10_500.0), register_wh=12_000.0)
    assert (after.energy_wh, after.register_wh) == (2_000.0, 12_000.0)


def test_the_first_register_counts_nothing() -> None:
    after = go_on(session(None), register_wh=10_000.0)
    assert (after.energy_wh, after.register_wh) == (0.0, 10_000.0)


def test_a_register_that_is_reset_takes_nothing_back() -> None:
    charged = go_on(session(), register_wh=12_000.0)
    reset = go_on(charged, register_wh=100.0)
    assert (reset.energy_wh, reset.register_wh) == (2_000.0, 100.0)
    assert go_on(reset, register_wh=600.0).energy_wh == 2_500.0


@pytest.mark.parametrize("slipped", [12.0, 12_000_000.0, 12_100_000.0])
def test_a_value_a_thousand_times_off_is_refused(slipped: float) -> None:
    charged = go_on(session(), register_wh=12_000.0)
    slip = go_on(charged, register_wh=slipped)
    assert slip == charged
    assert go_on(slip, register_wh=12_300.0).energy_wh == 2_300.0


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf"), -5.0])
def test_what_is_no_register_is_refused(bad: float | None) -> None:
    assert go_on(session(), register_wh=bad) == session()
    assert begin("s1", "a:1", NOON, register_wh=bad).register_wh is None


def test_a_real_change_is_no_unit_slip() -> None:
    assert not is_unit_slip(0.0, 5_000.0)
    assert not is_unit_slip(5_000.0, 0.0)
    assert not is_unit_slip(10_000.0, 30_000.0)


def test_who_started_it_is_kept_until_told_anew() -> None:
    started = go_on(session(), token="card", transaction="7")
    assert (go_on(started).token, go_on(started).transaction) == ("card", "7")
    assert go_on(started, transaction="8").transaction == "8"


def test_it_ends_once_and_never_before_it_began() -> None:
    ended = end(session(), NOON + timedelta(hours=1))
    assert ended.ended_at == NOON + timedelta(hours=1)
    assert end(session(), NOON - timedelta(hours=1)).ended_at == NOON
    with pytest.raises(SessionError, match="already ended"):
        end(ended, NOON)
    with pytest.raises(SessionError, match="begin another"):
        go_on(ended, register_wh=11_000.0)


@given(st.lists(st.none() | st.floats(allow_nan=True, allow_infinity=True)))
def test_energy_never_falls_whatever_a_register_tells(registers: list[float | None]) -> None:
    now = session()
    for register_wh in registers:
        after = go_on(now, register_wh=register_wh)
        assert after.energy_wh >= now.energy_wh
        now = after


def test_energy_costs_what_it_costs_when_it_is_taken() -> None:
    session = begin("s", "m", NOON, register_wh=1_000.0)
    rates = Rates(price_per_kwh=0.30, co2_g_per_kwh=400.0)
    session = go_on(session, register_wh=1_000.0, rates=rates)
    assert (session.cost, session.co2_g) == (None, None)
    session = go_on(session, register_wh=3_000.0, rates=rates)
    session = go_on(session, register_wh=4_000.0, rates=Rates(price_per_kwh=-0.10))
    # A register that fell, and energy without a price, cost nothing.
    session = go_on(session, register_wh=100.0, rates=rates)
    session = go_on(session, register_wh=600.0)
    assert session.energy_wh == 3_500.0
    assert session.cost == pytest.approx(2 * 0.30 - 0.10)
    assert session.co2_g == pytest.approx(800.0)
