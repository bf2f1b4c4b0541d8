"""Whether the sun of now and of the recent past is worth the import of a run."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.balancing.sun_outlook import Claim, SunOutlook
from custom_components.ev_charger_pool.balancing.surplus import (
    REMEMBERED_S,
    SOON_S,
    STRETCH_S,
    Surplus,
)
from custom_components.ev_charger_pool.balancing.wiring import Lanes, from_amps
from custom_components.ev_charger_pool.pool.energy_settings import SurplusRule

VOLTS = 230.0


def even(watts: float) -> Lanes:
    """Return watts that are spread evenly over the phases."""
    third = watts / 3.0 / VOLTS
    return from_amps(third, third, third, VOLTS)


ONE_PHASE = Claim(least=from_amps(6.0, 0.0, 0.0, VOLTS), most=from_amps(16.0, 0.0, 0.0, VOLTS))
"""1,380 to 3,680 W."""


def outlook(
    soon_w: float,
    *past_w: float,
    budget_wh: float = 50.0,
    rule: SurplusRule = SurplusRule.SUMMED,
) -> SunOutlook:
    return SunOutlook(
        soon=even(soon_w),
        past=[even(watts) for watts in past_w],
        left=lambda surplus: surplus,
        rule=rule,
        budget_wh=budget_wh,
        voltage_v=VOLTS,
    )


def test_sun_throughout_invites_and_carries() -> None:
    assert outlook(2_000.0, 2_000.0).invites(ONE_PHASE)
    assert outlook(2_000.0, 2_000.0).carries(ONE_PHASE)


def test_a_ray_between_two_clouds_does_not_invite() -> None:
    assert not outlook(3_500.0, *[3_500.0] * 2, *[0.0] * 10).invites(ONE_PHASE)


def test_half_of_a_sky_in_sun_invites_where_clouds_are_thin() -> None:
    assert outlook(3_500.0, 3_500.0, 1_000.0).invites(ONE_PHASE)
    assert not outlook(1_600.0, 1_600.0, -500.0).invites(ONE_PHASE)


def test_a_cloud_is_carried_where_the_past_was_sunny() -> None:
    assert outlook(900.0, *[3_500.0] * 10).carries(ONE_PHASE)
    assert not outlook(0.0, *[3_500.0] * 10).carries(ONE_PHASE)
    assert not outlook(900.0, *[1_300.0] * 10).carries(ONE_PHASE)


def test_twice_the_budget_halves_the_price() -> None:
    # 500 W miss 880 W of the least: at a price of 4 that is too much, at one of 2 it is not.
    assert not outlook(1_400.0, 500.0, budget_wh=50.0).invites(ONE_PHASE)
    assert outlook(1_400.0, 500.0, budget_wh=100.0).invites(ONE_PHASE)


def test_without_a_budget_next_to_no_import_is_bought() -> None:
    assert outlook(3_500.0, *[3_500.0] * 9, 1_380.0, budget_wh=0.0).invites(ONE_PHASE)
    assert not outlook(3_500.0, *[3_500.0] * 9, 500.0, budget_wh=0.0).invites(ONE_PHASE)


def test_what_a_house_imports_for_itself_costs_no_more_than_no_sun() -> None:
    many = [3_500.0] * 9
    at_zero, far_below = outlook(3_500.0, *many, 0.0), outlook(3_500.0, *many, -20_000.0)
    assert at_zero.invites(ONE_PHASE) == far_below.invites(ONE_PHASE) is True


def test_each_phase_is_judged_by_itself_where_it_is_metered_so() -> None:
    uneven = from_amps(0.0, 20.0, 20.0, VOLTS)
    for rule, invites in ((SurplusRule.SUMMED, True), (SurplusRule.PER_PHASE, False)):
        view = SunOutlook(
            soon=uneven,
            past=[uneven],
            left=lambda surplus: surplus,
            rule=rule,
            budget_wh=50.0,
            voltage_v=VOLTS,
        )
        assert view.invites(ONE_PHASE) is invites


@given(
    st.floats(-5_000.0, 20_000.0),
    st.lists(st.floats(-5_000.0, 20_000.0), max_size=20),
    st.floats(0.0, 5_000.0),
    st.floats(0.0, 500.0),
)
def test_more_sun_never_makes_a_run_worth_less(
    soon_w: float, past_w: list[float], more_w: float, budget_wh: float
) -> None:
    before = outlook(soon_w, *past_w, budget_wh=budget_wh)
    after = outlook(soon_w + more_w, *(watts + more_w for watts in past_w), budget_wh=budget_wh)
    assert after.invites(ONE_PHASE) >= before.invites(ONE_PHASE)
    assert after.carries(ONE_PHASE) >= before.carries(ONE_PHASE)


# What is remembered


def followed(*powers_w: float, seconds: int = 60) -> Surplus:
    surplus = Surplus()
    now_s = 0.0
    for watts in powers_w:
        for _ in range(seconds):
            surplus.update(now_s, even(watts), even(watts))
            now_s += 1.0
    return surplus


def test_the_past_is_told_in_means_and_ends() -> None:
    surplus = followed(1_000.0, 3_000.0, seconds=1_200)
    assert len(surplus.past) == REMEMBERED_S / STRETCH_S
    assert sum(one[3] for one in surplus.past) / len(surplus.past) == pytest.approx(
        3_000.0, rel=0.02
    )


def test_now_is_smoothed_over_seconds_however_often_it_is_told() -> None:
    often = followed(0.0, 3_000.0, seconds=round(SOON_S))
    assert often.soon[3] == pytest.approx(3_000.0 * (1.0 - 2.718281828**-1), rel=0.07)
    seldom = Surplus()
    seldom.update(0.0, even(0.0), even(0.0))
    seldom.update(SOON_S, even(3_000.0), even(3_000.0))
    assert seldom.soon[3] == pytest.approx(3_000.0 * (1.0 - 2.718281828**-1), rel=1e-6)


def test_a_silent_meter_does_not_make_the_weather_forgotten() -> None:
    surplus = followed(2_000.0)
    remembered = len(surplus.past)
    surplus.lose()
    assert surplus.steady(60.0) is None
    surplus.update(100.0, even(500.0), even(500.0))
    assert len(surplus.past) >= remembered > 0
    assert surplus.known_since_s == 100.0
    assert surplus.soon[3] == pytest.approx(500.0)
