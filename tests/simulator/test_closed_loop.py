"""The closed loop: what a controller is told, and what becomes of its orders."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import override

import pytest

from custom_components.ev_charger_pool.balancing.contract import Decision, OutOfTime
from custom_components.ev_charger_pool.balancing.controller import SiteController
from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.circuits import (
    AverageLimit,
    CircuitRecord,
    MeterReport,
    ResourceReport,
    WindowLength,
    WindowRecord,
)
from custom_components.ev_charger_pool.pool.limits import Limit, LimitUnit
from custom_components.ev_charger_pool.pool.members import MemberRecord, MemberWishes, Mode, Order
from custom_components.ev_charger_pool.pool.quantities import PHASES, Phase
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.pool.schedules import Schedule
from custom_components.ev_charger_pool.simulator.closed_loop import STARTED_AT, ClosedLoop
from custom_components.ev_charger_pool.simulator.drawing import draw_scenario
from custom_components.ev_charger_pool.simulator.house import BatterySpec, SunSpec
from custom_components.ev_charger_pool.simulator.judge.violations import (
    EPISODE_S,
    Findings,
    Rule,
)
from custom_components.ev_charger_pool.simulator.meters import (
    MeterFault,
    MeterFaultKind,
    MeterKind,
    MeterSpec,
)
from custom_components.ev_charger_pool.simulator.scenario import (
    LimitChange,
    Outage,
    OutageKind,
    ScheduleChange,
    Wish,
)
from tests.simulator.builders import connector, site, supply
from tests.simulator.controllers import CarefulController


class Witness(CarefulController):
    """A careful controller that remembers what it was told."""

    built: list[Witness]

    def __init__(self) -> None:
        super().__init__()
        self.told: list[MeterReport] = []
        self.resources: list[ResourceReport] = []
        self.answers: list[tuple[Order, ActionResult]] = []
        self.written: list[Order] = []
        self.decided_at: list[datetime] = []
        type(self).built.append(self)

    @override
    def observe_meter(self, report: MeterReport) -> None:
        self.told.append(report)
        super().observe_meter(report)

    @override
    def observe_resource(self, report: ResourceReport) -> None:
        self.resources.append(report)

    @override
    def sent(self, order: Order, at: datetime) -> None:
        self.written.append(order)

    @override
    def answered(self, order: Order, result: ActionResult, at: datetime) -> None:
        self.answers.append((order, result))
        super().answered(order, result, at)

    @override
    def decide(self, now: datetime, out_of_time: OutOfTime | None = None) -> Decision:
        self.decided_at.append(now)
        return super().decide(now, out_of_time)


@pytest.fixture(autouse=True)
def no_witness() -> None:
    Witness.built = []


def test_cars_charge_and_orders_are_written_and_answered() -> None:
    loop = ClosedLoop(site([connector(1)], minutes=5), Witness)
    outcome = loop.run()
    assert outcome.violations == ()
    assert outcome.simulated_s == 300.0
    assert outcome.energy_wh > 250.0
    assert outcome.orders == len(loop.outcome().violations) + len(Witness.built[0].written)
    answers = Witness.built[0].answers
    assert {result for _, result in answers} == {ActionResult.ACCEPTED}
    assert len(Witness.built[0].decided_at) == 300


@pytest.mark.parametrize("kind", list(MeterKind))
def test_meters_are_told_by_their_kind(kind: MeterKind) -> None:
    fault = MeterFault(kind=MeterFaultKind.MISSING, from_s=20.0, until_s=25.0)
    meter = MeterSpec(circuit="grid", kind=kind, tells_time=True, faults=(fault,))
    ClosedLoop(site([connector(1)], meter=meter, minutes=1), Witness).run()
    told = Witness.built[0].told
    assert len(told) > 50
    fields = {
        MeterKind.CURRENTS: lambda report: report.current_a,
        MeterKind.POWERS: lambda report: report.power_w,
        MeterKind.TOTAL: lambda report: report.total_power_w,
    }
    readings = [fields[kind](report) for report in told]
    assert all(reading is None or reading.measured_at is not None for reading in readings)
    assert (None in readings) == (kind is MeterKind.TOTAL)


def test_sun_and_battery_are_told() -> None:
    scenario = site([connector(1)], minutes=1)
    plant = replace(
        scenario.plant,
        sun=SunSpec(peak_w=6_000.0, cloudiness=0.0),
        battery=BatterySpec(max_power_w=500.0, capacity_wh=1_000.0, stored_wh=0.0),
    )
    ClosedLoop(replace(scenario, plant=plant), Witness).run()
    by_id = {report.id: report.power_w.value for report in Witness.built[0].resources}
    assert by_id["solar"] == pytest.approx(-6_000.0, rel=0.01)
    assert by_id["battery"] > 0.0
    assert {report.phases for report in Witness.built[0].resources} == {()}


def test_the_phases_of_a_generator_are_told_where_the_site_knows_them() -> None:
    scenario = site([connector(1)], minutes=1)
    plant = replace(
        scenario.plant,
        sun=SunSpec(peak_w=6_000.0, phases=(Phase.L2,), tells_phases=True),
        battery=BatterySpec(
            max_power_w=500.0, capacity_wh=1_000.0, stored_wh=0.0, tells_phases=True
        ),
    )
    ClosedLoop(replace(scenario, plant=plant), Witness).run()
    told = {report.id: report.phases for report in Witness.built[0].resources}
    assert told == {"solar": (Phase.L2,), "battery": PHASES}


def test_limits_and_wishes_reach_the_controller_in_time() -> None:
    limit = Limit(id="u", source=ReasonKind.USER, value=1.0, unit=LimitUnit.CURRENT, member="c1")
    wish = Wish(at_s=120.0, member="c2", wishes=MemberWishes(mode=Mode.OFF))
    scenario = replace(
        site([connector(1), connector(2)], fuse_a=40.0, minutes=4),
        limits=(LimitChange(at_s=60.0, limits=(limit,)),),
        wishes=(wish,),
    )
    loop = ClosedLoop(scenario, Witness)
    drawn: dict[float, tuple[float, float]] = {}
    while loop.now_s < 240.0:
        loop.step()
        members = loop.truth.members
        drawn[loop.now_s] = (members["c1"].draw_a, members["c2"].draw_a)
    seen = [[round(value, 1) for value in drawn[at_s]] for at_s in (55.0, 100.0, 200.0)]
    assert seen == [[5.8, 5.8], [0.0, 5.8], [0.0, 0.0]]
    assert loop.findings.violations == []


def test_a_killed_controller_is_replaced_by_one_with_its_records() -> None:
    outage = Outage(kind=OutageKind.KILLED, from_s=100.0, until_s=120.0)
    limit = Limit(id="u", source=ReasonKind.USER, value=20.0, unit=LimitUnit.CURRENT, member="c1")
    scenario = replace(
        site([connector(1), supply(1)], minutes=4),
        outages=(outage,),
        limits=(LimitChange(at_s=5.0, limits=(limit,)),),
        wishes=(Wish(at_s=5.0, member="c1", wishes=MemberWishes()),),
    )
    outcome = ClosedLoop(scenario, Witness).run()
    first, second = Witness.built
    assert outcome.violations == ()
    assert max(first.decided_at) == STARTED_AT + timedelta(seconds=99)
    assert min(second.decided_at) == STARTED_AT + timedelta(seconds=120)
    assert second.restored_at == min(second.decided_at)
    assert second.granted["c1"] == 6.0
    assert second.limits == (limit,)
    assert second.wishes == {"c1": MemberWishes()}


def test_a_controller_that_hangs_goes_on_and_hears_meanwhile() -> None:
    outage = Outage(kind=OutageKind.HANGS, from_s=100.0, until_s=120.0)
    ClosedLoop(replace(site([connector(1)], minutes=4), outages=(outage,)), Witness).run()
    (only,) = Witness.built
    silent = [at for at in only.decided_at if 99.5 < (at - STARTED_AT).total_seconds() < 119.5]
    assert silent == []
    assert len(only.decided_at) == 220
    assert len(only.told) > 230


def test_what_was_told_during_a_hang_is_known_when_it_is_over() -> None:
    """SR-10: a hang is no start; what arrived meanwhile is as fresh as it is young."""
    known = {}
    for kind in OutageKind:
        outage = Outage(kind=kind, from_s=100.0, until_s=200.0)
        scenario = replace(site([connector(1)], minutes=4), outages=(outage,))
        loop = ClosedLoop(scenario, Witness)
        while loop.now_s < 199.0:
            loop.step()
        assert loop.truth.knowledge["grid"].newest_s < 100.0
        loop.step()
        known[kind] = loop.truth.knowledge["grid"].newest_s
    assert known[OutageKind.HANGS] >= 198.0
    # A controller that starts has heard nothing yet.
    assert known[OutageKind.KILLED] < 100.0


def test_a_run_is_repeatable() -> None:
    scenario = draw_scenario(11, duration=timedelta(minutes=5), most_members=6)
    assert (
        ClosedLoop(scenario, CarefulController).run()
        == ClosedLoop(scenario, CarefulController).run()
    )


def test_a_violation_that_goes_on_counts_once() -> None:
    findings = Findings()
    for second in range(120):
        findings.add(Rule.I2, float(second), "grid:l1", "too much")
    findings.add(Rule.I2, 121.0, "grid:l2", "too much")
    findings.add(Rule.I2, 120.0 + 2 * EPISODE_S, "grid:l1", "again")
    assert [item.subject for item in findings.violations] == ["grid:l1", "grid:l2", "grid:l1"]
    assert str(findings.violations[0]) == "      0 s  i2          grid:l1: too much"


def test_a_controller_that_starts_anew_is_told_windows_and_plans() -> None:
    told: list[tuple[tuple[WindowRecord, ...], list[Sequence[Schedule]]]] = []

    class Told(SiteController):
        def __init__(self) -> None:
            super().__init__()
            told.append(((), []))

        @override
        def restore(
            self,
            records: Sequence[MemberRecord],
            circuit_records: Sequence[CircuitRecord],
            now: datetime,
            window_records: Sequence[WindowRecord] = (),
        ) -> None:
            told[-1] = (tuple(window_records), told[-1][1])
            super().restore(records, circuit_records, now, window_records)

        @override
        def set_schedules(self, schedules: Sequence[Schedule]) -> None:
            told[-1][1].append(schedules)
            super().set_schedules(schedules)

    scenario = site([connector(1)], minutes=6)
    (grid,) = scenario.site.circuits
    average = AverageLimit(power_w=5_000.0, window=WindowLength.QUARTER_HOUR)
    first, second = (
        ScheduleChange(at_s=at_s, schedules=(Schedule(member="c1", slots=()),))
        for at_s in (0.0, 100.0)
    )
    scenario = replace(
        scenario,
        site=replace(scenario.site, circuits=(replace(grid, average=average),)),
        schedules=(first, second),
        outages=(Outage(kind=OutageKind.KILLED, from_s=200.0, until_s=220.0),),
    )
    ClosedLoop(scenario, Told).run()
    before, after = told
    assert before == ((), [first.schedules, second.schedules])
    assert [record.circuit for record in after[0]] == ["grid"]
    assert after[0][0].used_wh > 0.0
    assert after[1] == [second.schedules]
