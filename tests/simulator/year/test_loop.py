"""The loop over a day: nothing is left out while a car is there."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from custom_components.ev_charger_pool.balancing.contract import Controller, Decision
from custom_components.ev_charger_pool.balancing.controller import SiteController
from custom_components.ev_charger_pool.pool.members import CircuitId, MemberWishes, Mode, Order
from custom_components.ev_charger_pool.simulator.closed_loop import ClosedLoop
from custom_components.ev_charger_pool.simulator.house import BatterySpec, SunSpec
from custom_components.ev_charger_pool.simulator.meters import MeterValue
from custom_components.ev_charger_pool.simulator.scenario import MemberPlan, Scenario, Wish
from custom_components.ev_charger_pool.simulator.stage import Stage
from custom_components.ev_charger_pool.simulator.year.loop import LEAD_S, TAIL_S, YearLoop
from tests.simulator.builders import CAR, connector, site, supply


class Notes:
    """A witness that writes everything down."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.values = 0
        self.decisions: list[float] = []
        self.orders: list[Order] = []

    def advance(self, now_s: float) -> None:
        self.seconds.append(now_s)

    def heard(self, circuit: CircuitId, value: MeterValue, now_s: float) -> None:
        assert circuit == "grid"
        assert value.arrives_s <= now_s
        self.values += 1

    def decided(self, decision: Decision, now_s: float) -> None:
        assert decision.number
        self.decisions.append(now_s)

    def written(self, order: Order, now_s: float) -> None:
        assert now_s == self.decisions[-1] or now_s == self.decisions[-1] + 1.0
        self.orders.append(order)


class Caller:
    """An attendant that notes when it was asked."""

    def __init__(self) -> None:
        self.called: list[float] = []

    def attend(self, controller: Controller, now_s: float) -> None:
        assert isinstance(controller, SiteController)
        self.called.append(now_s)


def leaves(member: MemberPlan, stays_s: float) -> MemberPlan:
    """Return the member with a car that leaves."""
    return replace(
        member,
        visits=tuple(
            replace(visit, stays=visit.stays * 0 + type(visit.stays)(seconds=stays_s))
            for visit in member.visits
        ),
    )


def ran(scenario: Scenario, callers: Sequence[Caller] = ()) -> tuple[YearLoop, Notes]:
    """Return a loop that ran to its end."""
    notes, stage = Notes(), Stage(scenario)
    loop = YearLoop(
        scenario, SiteController, stage=stage, witnesses=(notes,), attendants=tuple(callers)
    )
    loop.run()
    return loop, notes


def test_only_time_without_anybody_is_left_out() -> None:
    member = leaves(connector(1, arrives_s=900.0), 600.0)
    caller = Caller()
    loop, notes = ran(site([member], minutes=40), [caller])
    first, last = 900.0 - LEAD_S, 900.0 + 600.0 + TAIL_S
    assert notes.seconds == [float(second) for second in range(round(first), round(last))]
    assert loop.judged_s == len(notes.seconds)
    assert notes.decisions == notes.seconds == caller.called
    assert notes.values > 0.9 * loop.judged_s
    assert loop.now_s == 2_400.0


def test_stays_that_follow_closely_are_one() -> None:
    members = [
        leaves(connector(1, arrives_s=600.0), 300.0),
        leaves(connector(2, arrives_s=1_000.0), 60.0),
    ]
    _, notes = ran(site(members, minutes=30))
    assert notes.seconds == [float(second) for second in range(360, 1_120)]


def test_supply_that_runs_is_somebody() -> None:
    _, notes = ran(site([supply(1, starts_s=600.0)], minutes=12))
    assert notes.seconds[0] == 600.0 - LEAD_S
    assert notes.seconds[-1] == 720.0
    assert notes.orders


def test_energy_is_that_of_the_whole_closed_loop() -> None:
    car = replace(CAR, wanted_wh=3_000.0)
    scenario = site(
        [connector(1, car=car, arrives_s=900.0), connector(2, car=car, arrives_s=1_800.0)],
        minutes=50,
    )
    loop, _ = ran(scenario)
    whole = ClosedLoop(scenario, SiteController).run()
    assert loop.judged_s < whole.simulated_s
    assert loop.stage.energy_wh == pytest.approx(whole.energy_wh, rel=0.002)
    assert loop.stage.energy_wh == pytest.approx(6_000.0, rel=0.02)


def test_electricity_goes_on_while_nobody_is_there() -> None:
    scenario = site([connector(1, car=None)], minutes=30)
    scenario = replace(
        scenario,
        plant=replace(
            scenario.plant,
            sun=SunSpec(peak_w=5_000.0, cloudiness=0.0),
            battery=BatterySpec(max_power_w=3_000.0, capacity_wh=9_000.0, stored_wh=0.0),
        ),
    )
    loop, notes = ran(scenario)
    assert notes.seconds == []
    battery = loop.stage.plant.battery
    assert battery is not None
    assert battery.stored_wh == pytest.approx(3_000.0 / 2.0, rel=0.02)


def test_wishes_of_the_scenario_are_told() -> None:
    off = Wish(at_s=0.0, member="c1", wishes=MemberWishes(mode=Mode.OFF))
    loop, _ = ran(replace(site([connector(1), connector(2)]), wishes=(off,)))
    first, second = loop.stage.connectors.values()
    assert first.energy_wh == 0.0
    assert second.energy_wh > 1_000.0
