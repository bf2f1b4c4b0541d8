"""What a strategy is measured by."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from benchmarks.yearly.accounts import Accounts, Overloads, Starts
from benchmarks.yearly.optimum import stays_of
from custom_components.ev_charger_pool.balancing.contract import Controller
from custom_components.ev_charger_pool.balancing.controller import SiteController
from custom_components.ev_charger_pool.pool.members import MemberId, MemberSettings
from custom_components.ev_charger_pool.simulator.firmware import DeviceFault, DeviceFaultKind
from custom_components.ev_charger_pool.simulator.house import BatterySpec, SunSpec
from custom_components.ev_charger_pool.simulator.scenario import Scenario
from custom_components.ev_charger_pool.simulator.stage import Stage
from custom_components.ev_charger_pool.simulator.year.loop import YearLoop
from custom_components.ev_charger_pool.simulator.year.prices import Prices
from tests.simulator.builders import CAR, connector, site, supply
from tests.simulator.controllers import CarefulController


class Greedy(CarefulController):
    """Raises everybody to the most at once."""

    def target(self, member: MemberSettings, seats: set[MemberId], now: datetime) -> float:
        report = self.reports.get(member.member)
        return member.max_current_a if report is not None and report.online else 0.0


def measured(
    scenario: Scenario, new_controller: type = SiteController, prices: Prices | None = None
) -> tuple[Accounts, Overloads]:
    """Run a scenario and return what was measured."""
    stage = Stage(scenario)
    overloads = Overloads(scenario, stage)
    accounts = Accounts(stays_of(scenario), stage, overloads, prices)
    controller: Controller = new_controller()
    YearLoop(scenario, lambda: controller, stage=stage, witnesses=(overloads, accounts)).run()
    return accounts, overloads


def test_starts_are_counted_in_any_hour() -> None:
    starts = Starts(
        at_s=[0.0, 100.0, 3_599.0, 3_600.0, 9_000.0], energy_wh=[9.0, 60.0, 0.0, 70.0, 80.0]
    )
    assert starts.most_per_hour() == 3
    assert starts.for_nothing() == 2
    assert Starts().most_per_hour() == 0


def test_energy_goes_to_the_stay_and_costs_its_price() -> None:
    prices = Prices(slot_s=300.0, per_kwh=(0.1, 0.5, 0.2))
    accounts, overloads = measured(site([connector(1), connector(2)], minutes=12), prices=prices)
    assert len(accounts.delivered_wh) == 2
    total_wh = sum(accounts.delivered_wh)
    assert total_wh > 2_000.0
    assert 0.1 < 1_000.0 * accounts.cost / total_wh < 0.5
    assert accounts.plugged_s == pytest.approx(2 * 715.0, abs=5.0)
    assert [len(item.at_s) for item in accounts.starts.values()] == [1, 1]
    assert accounts.contactor_operations == 2
    assert 0 < accounts.writes < accounts.messages
    assert overloads.caused_as == overloads.over_as == 0.0


def test_supply_counts_with_its_output() -> None:
    accounts, _ = measured(site([supply(1, starts_s=0.0)], minutes=5))
    assert 100.0 < accounts.delivered_wh[0] <= 400.0
    assert accounts.starts == {}
    assert accounts.plugged_s > 0.0


def test_only_surplus_is_solar() -> None:
    car = replace(CAR, wanted_wh=50_000.0, phases=1, max_current_a=16.0)
    scenario = site([connector(1, car=car)], minutes=30)
    shaded, _ = measured(scenario)
    assert shaded.solar_wh == 0.0
    sun = SunSpec(peak_w=2_000.0, cloudiness=0.0)
    sunny, _ = measured(replace(scenario, plant=replace(scenario.plant, sun=sun)))
    total_wh = sum(sunny.delivered_wh)
    assert 0.0 < sunny.solar_wh < total_wh
    assert sunny.solar_wh == pytest.approx(2_000.0 * 1_770.0 / 3_600.0, rel=0.05)
    assert sunny.imported_wh == pytest.approx(total_wh - sunny.solar_wh)


def test_what_a_battery_gives_is_no_import_and_counts_as_sun_once() -> None:
    car = replace(CAR, wanted_wh=50_000.0, phases=1, max_current_a=16.0)
    scenario = site([connector(1, car=car)], minutes=30)
    battery = BatterySpec(max_power_w=2_000.0, capacity_wh=5_000.0, stored_wh=4_000.0)
    fed, _ = measured(replace(scenario, plant=replace(scenario.plant, battery=battery)))
    total_wh = sum(fed.delivered_wh)
    assert fed.solar_wh == pytest.approx(0.0, abs=1.0)
    given_wh = 2_000.0 * 1_770.0 / 3_600.0
    assert fed.imported_wh == pytest.approx(total_wh - given_wh, rel=0.02)
    sun = SunSpec(peak_w=1_500.0, cloudiness=0.0)
    idle = site([connector(1, car=None)], minutes=30)
    empty = replace(battery, stored_wh=0.0)
    stage = Stage(replace(idle, plant=replace(idle.plant, sun=sun, battery=empty)))
    accounts = Accounts([], stage, Overloads(idle, stage), None)
    for second in range(600):
        stage.plant.advance(idle.started_at + timedelta(seconds=second + 1.0))
        accounts.advance(second + 1.0)
    assert accounts.solar_wh == pytest.approx(250.0, rel=0.02)
    assert accounts.imported_wh == 0.0


def test_greedy_controller_causes_what_is_counted() -> None:
    accounts, overloads = measured(site([connector(1), connector(2)], fuse_a=40.0), Greedy)
    assert accounts.messages > 0
    assert overloads.over_as > 5_000.0
    assert 0.9 * overloads.over_as < overloads.caused_as < overloads.over_as
    assert overloads.findings.violations


def test_what_a_device_takes_against_its_orders_is_not_the_controllers() -> None:
    member = connector(1)
    lies = DeviceFault(kind=DeviceFaultKind.LIES, from_s=100.0, until_s=140.0)
    liar = replace(member, firmware=replace(member.firmware, faults=(lies,)))
    _, overloads = measured(site([liar], fuse_a=20.0, minutes=4), CarefulController)
    assert overloads.over_as > 0.0
    assert overloads.caused_as == 0.0
