"""The judge knows what nobody can do while nobody decides, or before a car could give way."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import override

import pytest

from custom_components.ev_charger_pool.pool.members import MemberReport, MemberSettings, Order
from custom_components.ev_charger_pool.simulator.closed_loop import STARTED_AT, ClosedLoop
from custom_components.ev_charger_pool.simulator.firmware import DeviceFault, DeviceFaultKind
from custom_components.ev_charger_pool.simulator.judge.violations import Rule
from custom_components.ev_charger_pool.simulator.scenario import MemberPlan, Outage, OutageKind
from tests.simulator.builders import CAR, FIRMWARE, connector, site
from tests.simulator.controllers import CarefulController
from tests.simulator.judge.careless import Fixed, broken_rules


def rebooting(from_s: float) -> MemberPlan:
    """Return a connector that starts anew at its ceiling."""
    fault = DeviceFault(kind=DeviceFaultKind.REBOOTS, from_s=from_s, until_s=from_s + 10.0)
    plan = connector(1, firmware=replace(FIRMWARE, faults=(fault,)))
    return replace(plan, firmware=replace(plan.firmware, boot_default_a=24.0))


def test_i5_what_a_station_takes_that_starts_anew_while_nobody_decides_is_no_grant() -> None:
    outage = Outage(kind=OutageKind.HANGS, from_s=100.0, until_s=500.0)
    # With 24 A of its own the fuse of 20 A is overloaded, and nobody is there to make room.
    scenario = replace(site([rebooting(150.0)], fuse_a=20.0), outages=(outage,))
    loop = ClosedLoop(scenario, CarefulController)
    drawn = 0.0
    while loop.now_s < 499.0:
        loop.step()
        drawn = max(drawn, loop.truth.members["c1"].draw_a)
    assert drawn > 20.0
    assert loop.findings.violations == []


def test_i5_a_station_that_started_anew_and_was_never_told_again_is_held_against_the_pool() -> None:
    class Forgetful(Fixed):
        @override
        def observe_member(self, report: MemberReport) -> None:
            super().observe_member(report)
            self.seen.add(report.member)

        @override
        def orders(self, member: MemberSettings, target: float, now: datetime) -> list[Order]:
            told = now > STARTED_AT + timedelta(seconds=45)
            return [] if told else super().orders(member, target, now)

    outage = Outage(kind=OutageKind.HANGS, from_s=200.0, until_s=500.0)
    scenario = replace(site([rebooting(50.0)]), outages=(outage,))
    assert Rule.I5 in broken_rules(scenario, partial(Forgetful, 6.0))


def test_sr6_the_ladder_goes_on_once_somebody_decides_again() -> None:
    outage = Outage(kind=OutageKind.HANGS, from_s=100.0, until_s=400.0)

    class Blind(Fixed):
        @override
        def orders(self, member: MemberSettings, target: float, now: datetime) -> list[Order]:
            return (
                []
                if now > STARTED_AT + timedelta(seconds=90)
                else super().orders(member, target, now)
            )

    scenario = replace(site([rebooting(150.0)], fuse_a=20.0), outages=(outage,))
    loop = ClosedLoop(scenario, partial(Blind, 6.0))
    loop.run()
    found = [item.at_s for item in loop.findings.violations if item.rule is Rule.I1B_CAUSED]
    assert found
    assert 400.0 + 60.0 < min(found) < 400.0 + 80.0


@pytest.mark.parametrize(("answers", "blamed"), [(True, False), (False, True)])
def test_sr1_a_car_that_starts_by_itself_may_take_its_time_to_give_way(
    answers: bool,
    blamed: bool,
) -> None:
    class Afterwards(Fixed):
        """Tells a car to pause only when it is seen to draw, or never."""

        @override
        def orders(self, member: MemberSettings, target: float, now: datetime) -> list[Order]:
            report = self.reports.get(member.member)
            current = None if report is None else report.current
            draws = current is not None and (current.value.l1 or 0.0) > 1.0
            return super().orders(member, target, now) if draws and answers else []

    car = replace(CAR, start_s=30.0, reaction_s=8.0)
    scenario = site([connector(1, car=car, fail_safe_a=16.0)], fuse_a=20.0)
    rules = broken_rules(scenario, partial(Afterwards, 0.0), house={1.0: 8.0})
    assert (Rule.I1B_CAUSED in rules) == blamed
