"""How the figures of the year come together."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
import itertools
from typing import Self

import pytest

from benchmarks import year
from benchmarks.runner import Bar, Options
from benchmarks.yearly.days import DayRan, Ran, Strategy
from custom_components.ev_charger_pool.simulator.year.homes import HomeKind, home_kind
from custom_components.ev_charger_pool.simulator.year.scenes import Scene, draw_site_day

RAN = Ran(
    judged_s=7_200.0,
    energy_wh=9_000.0,
    best_wh=10_000.0,
    solar_wh=8_800.0,
    imported_wh=200.0,
    best_solar_wh=8_900.0,
    least_import_wh=0.0,
    cost=2.02,
    best_cost=2.0,
    overload_as=0.0,
    over_limit_as=5.0,
    overload_s=4.0,
    overload_of_time=0.4,
    thermal_s=3.0,
    violations=(),
    starts=3,
    starts_per_hour_max=2,
    starts_for_nothing=1,
    writes=20,
    messages=60,
    contactor_operations=8,
    cuts=4,
    spurious_cuts=1,
    plugged_h=4.0,
    decide_s=1.0,
)


def a_day(
    scene: Scene, pool: Ran = RAN, reference: Ran = RAN, kind: HomeKind = HomeKind.BARE
) -> DayRan:
    """Return a day with known figures."""
    return DayRan(
        scene=scene,
        day=5,
        kind=kind,
        simulated_s=86_400.0,
        wanted_wh=12_000.0,
        ran={
            Strategy.POOL: pool,
            Strategy.ROUND_ROBIN: reference,
            Strategy.EQUAL_SPLIT: reference,
        },
    )


@pytest.mark.parametrize("count", [1, 2, 12, 52, 365])
def test_days_are_spread_over_the_year(count: int) -> None:
    days = year.days_of_year(count)
    assert len(set(days)) == count
    assert min(days) >= 1
    assert max(days) <= 365
    gaps = {later - sooner for sooner, later in itertools.pairwise(days)}
    assert max(gaps, default=0) - min(gaps, default=0) <= 1


def test_whole_year_has_each_day_once() -> None:
    assert year.days_of_year(365) == list(range(1, 366))


def test_each_scene_runs_some_on_every_third_day_and_homes_on_more() -> None:
    assert {scene for scene, _ in year.jobs_of(1)} == set(Scene)
    jobs = year.jobs_of(12)
    by_scene = Counter(scene for scene, _ in jobs)
    assert by_scene[Scene.HOUSE] == 12
    assert by_scene[Scene.SOLAR] == 36
    homes = {day for scene, day in jobs if scene is Scene.SOLAR}
    assert set(year.days_of_year(12)) < homes
    assert {home_kind(draw_site_day(Scene.SOLAR, day, 1)) for day in homes} == set(HomeKind)
    assert Counter(scene for scene, _ in year.jobs_of(365))[Scene.SOLAR] == 365
    assert by_scene[Scene.FAULTS] == by_scene[Scene.MINIMUM_SOLAR] == 4


def test_worst_scene_is_told_and_each() -> None:
    worse = replace(RAN, energy_wh=7_000.0, overload_as=3.0)
    figures = year.figures_of([a_day(Scene.HOUSE), a_day(Scene.DEPOT, worse)])
    assert figures["energy_ratio"] == pytest.approx(0.7)
    assert figures["house_energy_ratio"] == pytest.approx(0.9)
    assert figures["overload_as"] == 3.0
    assert figures["round_robin_overload_as"] == 0.0
    assert figures["round_robin_energy_ratio"] == pytest.approx(0.9)
    assert figures["simulated_hours"] == 48.0
    assert figures["controlled_hours"] == 4.0
    assert figures["writes_per_connector_hour"] == 5.0
    assert figures["spurious_cuts_per_hour"] == 0.5


def test_overloads_are_told_by_the_longest_and_the_hottest() -> None:
    long = replace(RAN, overload_s=9.0, overload_of_time=0.3, thermal_s=1.0)
    figures = year.figures_of([a_day(Scene.HOUSE), a_day(Scene.HOUSE, long)])
    assert figures["house_overload_s_max"] == figures["overload_s_max"] == 9.0
    assert figures["overload_to_allowed_max"] == 0.4
    assert figures["thermal_sum_s_max"] == 3.0
    assert figures["round_robin_overload_s_max"] == 4.0
    bars = year.bars_of()
    assert bars["overload_to_allowed_max"] == Bar.at_most(1)
    assert bars["thermal_sum_s_max"] == Bar.at_most(30)


def test_messages_and_contactors_are_counted() -> None:
    figures = year.figures_of([a_day(Scene.HOUSE), a_day(Scene.HOUSE)])
    assert figures["house_messages"] == 120.0
    assert figures["house_contactor_operations"] == 16.0
    assert figures["contactor_operations_per_connector_hour"] == 2.0


def test_days_add_up() -> None:
    poor = replace(RAN, energy_wh=1_000.0, starts_per_hour_max=5)
    figures = year.figures_of([a_day(Scene.HOUSE), a_day(Scene.HOUSE, poor)])
    assert figures["house_energy_ratio"] == pytest.approx(0.5)
    assert figures["house_starts"] == 6.0
    assert figures["house_starts_per_hour_max"] == 5


def test_sun_and_cost_are_told_where_they_count() -> None:
    figures = year.figures_of([a_day(Scene.SOLAR), a_day(Scene.PLAN)])
    assert figures["solar_ratio"] == pytest.approx(8_800.0 / 8_900.0)
    assert figures["solar_import_share"] == pytest.approx(200.0 / 9_000.0)
    assert figures["plan_cost_ratio"] == pytest.approx(1.01)
    assert "energy_ratio" not in figures
    assert "house_overload_as" not in figures


def test_homes_are_told_together_and_by_kind() -> None:
    poor = replace(RAN, solar_wh=4_450.0, imported_wh=900.0, starts_per_hour_max=3)
    figures = year.figures_of([a_day(Scene.SOLAR, poor), a_day(Scene.SOLAR, kind=HomeKind.BATTERY)])
    assert figures["solar_ratio"] == pytest.approx(13_250.0 / 17_800.0)
    assert figures["solar_bare_ratio"] == pytest.approx(0.5)
    assert figures["solar_bare_import_share"] == pytest.approx(0.1)
    assert figures["solar_bare_starts_per_hour_max"] == 3
    assert figures["round_robin_solar_bare_ratio"] == pytest.approx(8_800.0 / 8_900.0)
    assert figures["solar_battery_days"] == 1
    assert not any(key.startswith("solar_switching") for key in figures)


def test_minimum_and_sun_is_held_against_what_the_mode_allows() -> None:
    ran = replace(RAN, energy_wh=6_000.0, solar_wh=4_000.0, best_solar_wh=5_000.0)
    ran = replace(ran, imported_wh=2_000.0, least_import_wh=1_600.0)
    figures = year.figures_of([a_day(Scene.MINIMUM_SOLAR, ran)])
    assert figures["minimum_solar_sun_to_best"] == pytest.approx(0.8)
    assert figures["minimum_solar_import_to_least"] == pytest.approx(1.25)
    assert "solar_ratio" not in figures


def test_energy_among_faults_is_told_and_not_held_against_the_best() -> None:
    figures = year.figures_of([a_day(Scene.FAULTS)])
    assert figures["faults_energy_to_faultless"] == pytest.approx(0.9)
    assert "energy_ratio" not in figures


def test_key_has_its_scene_once() -> None:
    figures = year.figures_of([a_day(Scene.SOLAR), a_day(Scene.PLAN)])
    assert "solar_solar_ratio" not in figures
    assert "plan_plan_cost_ratio" not in figures
    assert figures["solar_starts"] == 3.0


def test_blind_garage_is_held_against_round_robin() -> None:
    poor = replace(RAN, energy_wh=6_000.0)
    figures = year.figures_of([a_day(Scene.GARAGE, RAN, poor), a_day(Scene.HOUSE)])
    assert figures["garage_energy_to_round_robin"] == pytest.approx(1.5)
    assert year.bars_of()["garage_energy_to_round_robin"] == Bar.above(1)
    nobody = replace(RAN, energy_wh=0.0)
    assert "garage_energy_to_round_robin" not in year.figures_of([a_day(Scene.GARAGE, RAN, nobody)])


def test_nothing_to_compare_with_is_no_figure() -> None:
    dark = replace(RAN, energy_wh=0.0, best_wh=0.0, best_solar_wh=0.0, plugged_h=0.0, judged_s=0.0)
    figures = year.figures_of([a_day(Scene.SOLAR, dark, dark), a_day(Scene.HOUSE, dark, dark)])
    assert "solar_ratio" not in figures
    assert "house_energy_ratio" not in figures
    assert "house_writes_per_connector_hour" not in figures


def test_breaches_are_told_with_their_day(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = replace(RAN, violations=tuple(f"breach {number}" for number in range(30)))

    class AtOnce:
        """Runs jobs here and now."""

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            """Nothing is left running."""

        def map(self, _: object, jobs: Sequence[tuple[Scene, int]]) -> Iterator[DayRan]:
            return (a_day(scene, broken) for scene, _ in jobs)

    monkeypatch.setattr(year, "ProcessPoolExecutor", AtOnce)
    monkeypatch.setenv("YEAR_DAYS", "2")
    result = year.run(Options(scale=1.0, seed=1))
    assert not result.ok
    ran = len(year.jobs_of(2))
    assert result.figures["simulated_hours"] == ran * 24.0
    assert result.notes[0].startswith("2 days of each site")
    assert result.notes[3] == "house day 5: breach 0"
    assert result.notes[3 + year.SHOWN] == f"and {ran * 30 - year.SHOWN} more"
    heading = ["house", "pool", "round_robin", "equal_split"]
    assert heading in [note.split() for note in result.notes]


def test_bars_are_those_that_were_set() -> None:
    bars = year.bars_of()
    assert bars["overload_as"] == Bar.equal(0)
    assert bars["garage_planned_energy_ratio"] == Bar.at_least(0.95)
    assert bars["solar_ratio"] == Bar.at_least(0.95)
    assert bars["solar_import_share"] == Bar.at_most(0.03)
    assert bars["solar_starts_per_hour_max"] == Bar.at_most(4)
    assert bars["plan_cost_ratio"] == Bar.at_most(1.01)
