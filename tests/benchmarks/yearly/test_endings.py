"""How long overloads last, and what that is held against."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import override

import pytest

from benchmarks.yearly.accounts import Overloads
from custom_components.ev_charger_pool.balancing.controller import SiteController
from custom_components.ev_charger_pool.pool.members import MemberId, MemberSettings
from custom_components.ev_charger_pool.pool.quantities import PHASES
from custom_components.ev_charger_pool.simulator.meters import (
    MeterFault,
    MeterFaultKind,
    MeterSpec,
)
from custom_components.ev_charger_pool.simulator.scenario import Scenario
from custom_components.ev_charger_pool.simulator.stage import Stage
from custom_components.ev_charger_pool.simulator.year.household import Run, TimetableSpec
from custom_components.ev_charger_pool.simulator.year.loop import YearLoop
from tests.simulator.builders import connector, site
from tests.simulator.controllers import CarefulController

LINK_S = 0.2 + 1.0
"""The link of the built sites, and a second until the next decision."""


class Until(CarefulController):
    """Grants 16 A up to a time, and nothing from then on."""

    def __init__(self, until_s: float) -> None:
        super().__init__()
        self.until_s = until_s
        self.began: datetime | None = None

    @override
    def target(self, member: MemberSettings, seats: set[MemberId], now: datetime) -> float:
        self.began = self.began or now
        report = self.reports.get(member.member)
        here = report is not None and report.state.is_ev_connected
        return 16.0 if here and (now - self.began).total_seconds() < self.until_s else 0.0


def stepped(*steps: tuple[float, float], meter: MeterSpec | None = None) -> Scenario:
    """Return a site with a car and a house that takes more from some times on."""
    scenario = site([connector(1)], minutes=4, meter=meter, fuse_a=25.0)
    runs = tuple(Run(from_s=at_s, until_s=1e9, phases=PHASES, current_a=a) for at_s, a in steps)
    return replace(
        scenario, plant=replace(scenario.plant, loads={"grid": TimetableSpec(runs=runs)})
    )


def watched(scenario: Scenario, until_s: float) -> Overloads:
    """Run a site whose car is stopped at a time, and return how overloads were."""
    stage = Stage(scenario)
    overloads = Overloads(scenario, stage)
    new = partial(Until, until_s)
    YearLoop(scenario, new, stage=stage, witnesses=(overloads,)).run()
    return overloads


def test_an_overload_lasts_from_the_step_to_its_end() -> None:
    soon, late = (watched(stepped((100.0, 15.0)), at_s) for at_s in (103.0, 140.0))
    assert 4.0 <= soon.endings.longest_s <= 9.0
    assert soon.endings.most_of_time < 1.0
    assert late.endings.longest_s == pytest.approx(soon.endings.longest_s + 37.0, abs=1.0)
    assert late.endings.most_of_time > 2.0
    assert soon.thermal_s < late.thermal_s


def test_without_an_overload_there_is_nothing_to_tell() -> None:
    quiet = watched(stepped((100.0, 5.0)), 200.0)
    assert quiet.endings.longest_s == quiet.endings.most_of_time == quiet.thermal_s == 0.0


def test_a_further_step_begins_anew() -> None:
    twice = watched(stepped((100.0, 15.0), (110.0, 5.0)), 116.0)
    assert 7.0 <= twice.endings.longest_s <= 12.0


def test_what_no_meter_told_had_not_to_be_known() -> None:
    gap = MeterFault(kind=MeterFaultKind.SILENT, from_s=99.0, until_s=130.0)
    meter = MeterSpec(circuit="grid", lag_s=0.5, noise_a=0.0, faults=(gap,))
    blind = watched(stepped((100.0, 15.0), meter=meter), 135.0)
    assert blind.endings.longest_s > 35.0
    assert blind.endings.most_of_time <= 1.0


def test_what_the_house_alone_takes_too_much_is_nobodys() -> None:
    alone = watched(stepped((100.0, 30.0)), 103.0)
    assert alone.endings.longest_s <= 9.0


def test_the_pool_ends_overloads_in_time() -> None:
    scenario = stepped((100.0, 15.0))
    stage = Stage(scenario)
    overloads = Overloads(scenario, stage)
    YearLoop(scenario, SiteController, stage=stage, witnesses=(overloads,)).run()
    assert 0.0 < overloads.endings.longest_s < 10.0 + LINK_S
    assert 0.0 < overloads.endings.most_of_time < 1.0
    assert 0.0 < overloads.thermal_s < 30.0
