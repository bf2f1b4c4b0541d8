"""A car whose phases nobody knows is tried once by the sun, within the import budget."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ev_charger_pool.pool.energy_settings import SolarSettings
from custom_components.ev_charger_pool.pool.members import Mode
from custom_components.ev_charger_pool.pool.quantities import Phase

from .solar_day import CarPlan, run_day
from .stand import member
from .sunny import LEAST_W, MINUTE, Sunny

TWO_PHASES = (0, 1)
THREE_PHASES = (0, 1, 2)


def tried(
    car_phases: tuple[int, ...] = THREE_PHASES,
    *,
    surplus_w: float = 2_000.0,
    budget_wh: float = 50.0,
    minutes: float = 20,
) -> Sunny:
    """Return a stand with a three-phase connector after its car could have been tried."""
    stand = Sunny(member(), surplus_w=surplus_w, solar=SolarSettings(import_budget_wh=budget_wh))
    stand.devices["a"].car_phases = car_phases
    stand.run(max(1, minutes * MINUTE))
    return stand


def imported_wh(stand: Sunny, seconds: int) -> float:
    """Return what flows in from now on, watt-hours."""
    flowed_wh = 0.0
    for _ in range(seconds):
        stand.tick()
        flowed_wh += max(0.0, stand.grid_w()) / 3_600.0
    return flowed_wh


def test_a_car_of_one_phase_gets_what_three_phases_could_not_use() -> None:
    stand = tried((0,))
    assert stand.decision.members["a"].used_phases == {Phase.L1}
    assert stand.granted() == 8.0
    assert stand.grid_w() <= 0.0


def test_a_car_of_two_phases_gets_what_three_could_not_use() -> None:
    assert tried(TWO_PHASES, surplus_w=3_000.0).granted() == 6.0


def test_a_car_that_needs_more_than_there_is_is_let_go_as_soon_as_that_shows() -> None:
    stand = tried(minutes=0)
    spent_wh = imported_wh(stand, 30 * MINUTE)
    status = stand.decision.members["a"]
    assert status.starts_last_hour == 1
    assert status.granted_a == 0.0
    assert status.last_run_wh is not None
    assert 0.0 < spent_wh < 60.0


def test_it_is_tried_once_in_a_session() -> None:
    stand = tried(minutes=0)
    stand.run(60 * MINUTE)
    assert imported_wh(stand, 120 * MINUTE) == 0.0
    stand.devices["a"].session = "another"
    assert 0.0 < imported_wh(stand, 30 * MINUTE) < 60.0


def test_a_restart_gives_no_second_trial() -> None:
    stand = tried(minutes=20)
    record = next(r for d in reversed(stand.decisions) for r in d.records if r.member == "a")
    assert record.session == stand.devices["a"].session
    after = Sunny(member(), surplus_w=2_000.0)
    after.devices["a"].car_phases = THREE_PHASES
    after.now = stand.now
    after.configure()
    after.controller.restore([record], (), after.now)
    after.want("a", Mode.SOLAR)
    assert imported_wh(after, 60 * MINUTE) == 0.0
    after.devices["a"].session = "another"
    assert imported_wh(after, 30 * MINUTE) > 0.0


def test_a_trial_changes_nothing_for_a_sun_that_carries_all_phases() -> None:
    stand = tried(surplus_w=5_000.0)
    assert stand.granted() == 7.0
    assert stand.grid_w() <= 0.0


def test_a_trial_takes_the_least_until_it_is_known_who_takes_it() -> None:
    stand = tried(surplus_w=3_900.0, minutes=0)
    most_a = 0.0
    for _ in range(10 * MINUTE):
        stand.tick()
        most_a = max(most_a, stand.granted())
    assert most_a == 6.0


@pytest.mark.parametrize("budget_wh", [0.0, 10.0])
def test_without_the_budget_for_it_nobody_is_tried(budget_wh: float) -> None:
    stand = tried((0,), budget_wh=budget_wh, minutes=60)
    assert stand.decision.members["a"].starts_last_hour == 0


def test_below_the_least_of_one_phase_nobody_is_tried() -> None:
    stand = tried((0,), surplus_w=LEAST_W - 20.0, minutes=60)
    assert stand.decision.members["a"].starts_last_hour == 0


def test_minimum_and_solar_needs_no_trial() -> None:
    stand = Sunny(member(), surplus_w=2_000.0, mode=Mode.MINIMUM_SOLAR)
    stand.devices["a"].car_phases = (0,)
    stand.run(10 * MINUTE)
    assert stand.granted() == 8.0


def test_what_is_known_of_the_car_holds_when_its_user_changes_the_mode() -> None:
    stand = tried((0,))
    stand.want("a", Mode.OFF)
    stand.run(10 * MINUTE)
    stand.want("a", Mode.SOLAR)
    stand.run(3 * MINUTE)
    assert stand.granted() == 8.0


@settings(max_examples=20, deadline=None)
@given(
    surplus_w=st.floats(0.0, 6_000.0),
    phases=st.sampled_from([(0,), TWO_PHASES, THREE_PHASES]),
    budget_wh=st.floats(0.0, 120.0),
)
def test_a_steady_sun_is_imported_for_within_the_budget_at_most(
    surplus_w: float, phases: tuple[int, ...], budget_wh: float
) -> None:
    stand = tried(phases, surplus_w=surplus_w, budget_wh=budget_wh, minutes=0)
    # Until a pause that was ordered shows some seconds pass.
    assert imported_wh(stand, 25 * MINUTE) <= budget_wh + 10.0


@pytest.mark.parametrize("phases", [1, 3])
def test_a_day_with_little_sun_serves_a_car_of_few_phases(phases: int) -> None:
    day = run_day(
        seed=7,
        peak_w=3_300.0,
        hours=4.0,
        cloudiness=0.0,
        appliances=(),
        cars=(CarPlan(phases=phases, wired=3),),
    )
    assert day.violations == ()
    if phases == 1:
        assert day.by_sun_wh > 3_000.0
    assert day.imported_wh < 60.0
