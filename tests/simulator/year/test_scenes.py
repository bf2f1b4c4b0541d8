"""The sites of the year."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.ev_charger_pool.pool.members import Mode
from custom_components.ev_charger_pool.simulator.firmware import DeviceFaultKind
from custom_components.ev_charger_pool.simulator.meters import MeterFaultKind
from custom_components.ev_charger_pool.simulator.year.homes import HomeKind, home_kind
from custom_components.ev_charger_pool.simulator.year.scenes import Scene, draw_site_day


@pytest.mark.parametrize("scene", Scene)
def test_same_arguments_same_day(scene: Scene) -> None:
    assert draw_site_day(scene, 40, 1) == draw_site_day(scene, 40, 1)
    assert draw_site_day(scene, 40, 1) != draw_site_day(scene, 41, 1)
    assert draw_site_day(scene, 40, 1) != draw_site_day(scene, 40, 2)


@pytest.mark.parametrize("scene", Scene)
@pytest.mark.parametrize("day", [1, 100, 365])
def test_days_are_sound(scene: Scene, day: int) -> None:
    drawn = draw_site_day(scene, day, 3)
    scenario = drawn.scenario
    assert (drawn.scene, drawn.day) == (scene, day)
    assert scenario.started_at.timetuple().tm_yday == day
    circuits = {circuit.id for circuit in scenario.site.circuits}
    assert {member.circuit for member in scenario.site.members} <= circuits
    assert {meter.circuit for meter in scenario.plant.meters} == circuits
    assert {wish.wishes.mode for wish in scenario.wishes} == {drawn.mode}
    for member in scenario.members:
        assert 0.0 < scenario.link_delay_s[member.link] <= 4.0
    if drawn.prices is not None:
        covered_s = len(drawn.prices.per_kwh) * drawn.prices.slot_s
        assert covered_s >= scenario.duration_s


def test_planned_garage_is_the_same_garage() -> None:
    told, untold = (draw_site_day(scene, 90, 1) for scene in (Scene.GARAGE_PLANNED, Scene.GARAGE))
    assert told.mode is Mode.PLAN
    assert untold.mode is Mode.FAST
    assert told.scenario.members == untold.scenario.members
    assert told.scenario.seed == untold.scenario.seed


def test_garage_is_tight() -> None:
    scenario = draw_site_day(Scene.GARAGE, 90, 1).scenario
    assert len(scenario.members) == 12
    assert sum(member.settings.max_current_a for member in scenario.members) > 4 * 63.0


def test_meters_drop_out_and_lag_over_the_year() -> None:
    meters = [
        meter
        for day in range(1, 60)
        for meter in draw_site_day(Scene.HOUSE, day, 1).scenario.plant.meters
    ]
    assert len({meter.lag_s for meter in meters}) == len(meters)
    dropped = [fault for meter in meters for fault in meter.faults]
    assert len(dropped) > len(meters)
    longest = max(fault.until_s - fault.from_s for fault in dropped)
    assert 60.0 < longest <= timedelta(minutes=10).total_seconds()


def test_with_a_minimum_or_without_the_sun_is_the_same() -> None:
    least, alone = (draw_site_day(scene, 90, 1) for scene in (Scene.MINIMUM_SOLAR, Scene.SOLAR))
    assert least.mode is Mode.MINIMUM_SOLAR
    assert least.scenario.members[0].visits == alone.scenario.members[0].visits
    assert least.scenario.plant == replace(alone.scenario.plant, battery=None)
    assert {wish.wishes.mode for wish in least.scenario.wishes} == {Mode.MINIMUM_SOLAR}


def test_half_the_homes_have_a_battery_and_half_of_the_stations_on_three_phases_switch() -> None:
    homes = [draw_site_day(Scene.SOLAR, day, 1) for day in range(1, 366)]
    kinds = Counter(home_kind(home) for home in homes)
    batteries = kinds[HomeKind.BATTERY] + kinds[HomeKind.BOTH]
    three = [len(home.scenario.members[0].settings.phases) == 3 for home in homes]
    switching = kinds[HomeKind.SWITCHING] + kinds[HomeKind.BOTH]
    assert 0.4 < batteries / len(homes) < 0.6
    assert 0.4 < switching / sum(three) < 0.6
    for home, on_three in zip(homes, three, strict=True):
        assert on_three or home_kind(home) in (HomeKind.BARE, HomeKind.BATTERY)
        scenario = home.scenario
        assert scenario.site.battery.feeds_cars is (scenario.plant.battery is not None)
        assert scenario.site.members == tuple(plan.settings for plan in scenario.members)


def test_everything_goes_wrong_within_some_days() -> None:
    days = [draw_site_day(Scene.FAULTS, day, 1).scenario for day in range(1, 15)]
    stations = [
        fault.kind
        for scenario in days
        for member in scenario.members
        for fault in member.firmware.faults
    ]
    meters = [
        fault.kind for scenario in days for item in scenario.plant.meters for fault in item.faults
    ]
    assert set(stations) == set(DeviceFaultKind)
    assert set(meters) == set(MeterFaultKind)
    assert len(meters) > 3 * len(days)
