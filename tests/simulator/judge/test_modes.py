"""Modes act at once, and who charges by the sun does not charge by the grid for long."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import override

import pytest

from custom_components.ev_charger_pool.balancing.contract import Decision, SiteSettings
from custom_components.ev_charger_pool.balancing.controller import SiteController
from custom_components.ev_charger_pool.pool.energy_settings import BatterySettings, SolarSettings
from custom_components.ev_charger_pool.pool.members import (
    MemberSettings,
    MemberWishes,
    Mode,
    Order,
)
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind
from custom_components.ev_charger_pool.pool.schedules import Schedule, Slot
from custom_components.ev_charger_pool.simulator.closed_loop import STARTED_AT
from custom_components.ev_charger_pool.simulator.firmware import DeviceFault, DeviceFaultKind
from custom_components.ev_charger_pool.simulator.house import BatterySpec, SunSpec
from custom_components.ev_charger_pool.simulator.judge.violations import Rule, Violation
from custom_components.ev_charger_pool.simulator.scenario import (
    Outage,
    OutageKind,
    Scenario,
    ScheduleChange,
    Wish,
)
from tests.simulator.builders import FIRMWARE, connector, site
from tests.simulator.judge.careless import Fixed, found


def at(seconds: float) -> datetime:
    """Return a time of the simulation."""
    return STARTED_AT + timedelta(seconds=seconds)


def wished(wishes: MemberWishes, *, at_s: float = 0.0, minutes: float = 5.0) -> Scenario:
    """Return a site with one car, whose user wishes something at a time."""
    scenario = site([connector(1)], minutes=minutes)
    return replace(scenario, wishes=(Wish(at_s=at_s, member="c1", wishes=wishes),))


def planned(scenario: Scenario, *slots_s: tuple[float, float]) -> Scenario:
    """Return the site with a plan of so many slots."""
    slots = tuple(
        Slot(from_at=at(from_s), until_at=at(until_s), power_w=7_000.0)
        for from_s, until_s in slots_s
    )
    change = ScheduleChange(at_s=0.0, schedules=(Schedule(member="c1", slots=slots),))
    return replace(scenario, schedules=(change,))


def broken(scenario: Scenario, current_a: float = 10.0) -> list[Violation]:
    """Return what is found when everybody always has the same current."""
    return found(Rule.MODE, scenario, partial(Fixed, current_a))


class Following(Fixed):
    """Grants in the times it is given, and nothing else."""

    def __init__(self, current_a: float, *times_s: tuple[float, float]) -> None:
        super().__init__(current_a)
        self.times_s = times_s

    @override
    def target(self, member: MemberSettings, seats: set[str], now: datetime) -> float:
        now_s = (now - STARTED_AT).total_seconds()
        on = any(from_s <= now_s < until_s for from_s, until_s in self.times_s)
        return super().target(member, seats, now) if on else 0.0


def test_who_is_off_has_nothing_at_once() -> None:
    off = wished(MemberWishes(mode=Mode.OFF), at_s=100.0)
    (one,) = broken(off)
    assert one.at_s == 102.0
    assert found(Rule.MODE, off, partial(Following, 10.0, (0.0, 101.0))) == []


def test_a_boost_goes_before_the_mode_until_it_ends_but_off_is_off() -> None:
    plan = MemberWishes(mode=Mode.PLAN, boost_until=at(120.0))
    (one,) = broken(wished(plan))
    assert one.at_s == pytest.approx(122.0, abs=1.0)
    assert found(Rule.MODE, wished(plan), partial(Following, 10.0, (0.0, 120.0))) == []
    off = MemberWishes(mode=Mode.OFF, boost_until=at(120.0))
    assert broken(wished(off))[0].at_s < 30.0


def test_a_plan_asks_for_nothing_outside_of_its_slots() -> None:
    wishes = MemberWishes(mode=Mode.PLAN)
    scenario = planned(wished(wishes, minutes=20.0), (0.0, 660.0), (1_000.0, 1_200.0))
    (one,) = broken(scenario)
    assert one.at_s == pytest.approx(662.0, abs=1.0)
    follows = partial(Following, 10.0, (0.0, 660.0), (1_000.0, 1_200.0))
    assert found(Rule.MODE, scenario, follows) == []


def test_a_run_goes_on_between_slots_where_a_pause_would_be_too_short() -> None:
    wishes = MemberWishes(mode=Mode.PLAN)
    short_gap = planned(wished(wishes, minutes=16.0), (0.0, 660.0), (900.0, 960.0))
    assert broken(short_gap, 6.0) == []
    assert broken(short_gap, 10.0) != []
    short_run = planned(wished(wishes, minutes=20.0), (0.0, 300.0), (1_100.0, 1_200.0))
    (one,) = broken(short_run, 6.0)
    assert one.at_s == pytest.approx(605.0, abs=3.0)
    over = planned(wished(wishes, minutes=12.0), (0.0, 200.0))
    assert broken(over, 6.0)[0].at_s == pytest.approx(605.0, abs=3.0)
    assert broken(over, 10.0)[0].at_s == pytest.approx(202.0, abs=1.0)


def test_without_sun_nobody_charges_by_it_for_long() -> None:
    dark = wished(MemberWishes(mode=Mode.SOLAR), minutes=14.0)
    (one,) = broken(dark)
    assert one.at_s == pytest.approx(600.0, abs=10.0)
    assert found(Rule.MODE, dark, partial(Following, 10.0, (0.0, 590.0))) == []


def test_with_sun_there_is_nothing_to_blame() -> None:
    dark = wished(MemberWishes(mode=Mode.SOLAR), minutes=14.0)
    sun = SunSpec(peak_w=9_000.0, cloudiness=0.0)
    assert broken(replace(dark, plant=replace(dark.plant, sun=sun))) == []


def test_the_least_current_is_all_that_the_grid_gives_besides_the_sun() -> None:
    dark = wished(MemberWishes(mode=Mode.MINIMUM_SOLAR), minutes=14.0)
    assert broken(dark, 10.0) != []
    assert broken(dark, 6.0) == []
    asked = wished(MemberWishes(mode=Mode.MINIMUM_SOLAR, minimum_current_a=10.0), minutes=14.0)
    assert broken(asked, 10.0) == []


def test_a_battery_that_may_feed_cars_takes_the_place_of_the_sun() -> None:
    dark = wished(MemberWishes(mode=Mode.SOLAR), minutes=14.0)
    battery = BatterySpec(max_power_w=9_000.0, capacity_wh=9_000.0, stored_wh=8_000.0)
    with_battery = replace(dark, plant=replace(dark.plant, battery=battery))
    assert broken(with_battery) != []
    feeds = BatterySettings(feeds_cars=True, buffer_soc=10.0)
    site_settings = replace(with_battery.site, battery=feeds)
    assert broken(replace(with_battery, site=site_settings)) == []


def test_what_may_always_flow_in_counts_as_sun() -> None:
    dark = wished(MemberWishes(mode=Mode.SOLAR), minutes=14.0)
    lent = replace(dark.site, solar=SolarSettings(export_margin_w=-9_000.0))
    sun = SunSpec(peak_w=100.0, cloudiness=0.0)
    scenario = replace(dark, site=lent, plant=replace(dark.plant, sun=sun))
    assert broken(scenario) == []


def test_who_cannot_be_reached_is_not_told() -> None:
    off = wished(MemberWishes(mode=Mode.OFF), at_s=100.0)
    lost = DeviceFault(kind=DeviceFaultKind.OFFLINE, from_s=90.0, until_s=400.0)
    (plan,) = off.members
    gone = replace(plan, firmware=replace(FIRMWARE, faults=(lost,)))
    assert broken(replace(off, members=(gone,))) == []


def test_what_was_wished_while_nobody_decided_counts_from_then() -> None:
    off = wished(MemberWishes(mode=Mode.OFF), at_s=100.0)
    hung = replace(off, outages=(Outage(kind=OutageKind.HANGS, from_s=90.0, until_s=200.0),))
    assert found(Rule.MODE, hung, partial(Following, 10.0, (0.0, 201.0))) == []
    assert broken(hung)[0].at_s == pytest.approx(202.0, abs=1.0)


def test_the_pool_follows_modes() -> None:
    plan = planned(wished(MemberWishes(mode=Mode.PLAN), minutes=6.0), (30.0, 200.0))
    assert found(Rule.MODE, plan, SiteController) == []
    dark = wished(MemberWishes(mode=Mode.MINIMUM_SOLAR), minutes=14.0)
    assert found(Rule.MODE, dark, SiteController) == []


def test_the_least_current_does_not_wait_for_the_sun() -> None:
    class Waiting(Fixed):
        @override
        def decision(
            self, site: SiteSettings, orders: tuple[Order, ...], now: datetime
        ) -> Decision:
            decision = super().decision(site, orders, now)
            reason = Reason(kind=ReasonKind.SOLAR)
            return replace(
                decision,
                members={
                    key: replace(status, limited_by=reason)
                    for key, status in decision.members.items()
                },
            )

    least = wished(MemberWishes(mode=Mode.MINIMUM_SOLAR), minutes=6.0)
    assert "waits for the sun" in found(Rule.MODE, least, partial(Waiting, 0.0))[0].text
    assert found(Rule.MODE, least, partial(Waiting, 6.0)) == []
    alone = wished(MemberWishes(mode=Mode.SOLAR), minutes=6.0)
    assert found(Rule.MODE, alone, partial(Waiting, 0.0)) == []
