"""The two strategies to compare with do what they are called after."""

from dataclasses import replace
from datetime import timedelta
import itertools

import pytest

from benchmarks.yearly.optimum import stays_of
from benchmarks.yearly.planning import CheapestSlots
from benchmarks.yearly.references import EqualSplit, Reference, RoundRobin
from custom_components.ev_charger_pool.balancing.contract import Decision
from custom_components.ev_charger_pool.pool.members import (
    CircuitId,
    MemberWishes,
    Mode,
    Order,
    OrderKind,
)
from custom_components.ev_charger_pool.simulator.house import SunSpec
from custom_components.ev_charger_pool.simulator.meters import (
    MeterFault,
    MeterFaultKind,
    MeterKind,
    MeterSpec,
    MeterValue,
)
from custom_components.ev_charger_pool.simulator.scenario import Scenario, Wish
from custom_components.ev_charger_pool.simulator.stage import Stage
from custom_components.ev_charger_pool.simulator.year.loop import Attendant, YearLoop
from custom_components.ev_charger_pool.simulator.year.prices import Prices
from custom_components.ev_charger_pool.simulator.year.scenes import Day, Scene
from tests.simulator.builders import CAR, connector, site, supply


class Tape:
    """Keeps every order with its time."""

    def __init__(self) -> None:
        self.orders: list[tuple[float, Order]] = []

    def advance(self, now_s: float) -> None:
        """What happens is of no interest here."""

    def heard(self, circuit: CircuitId, value: MeterValue, now_s: float) -> None:
        """Nor what meters tell."""

    def decided(self, decision: Decision, now_s: float) -> None:
        self.orders += [(now_s, order) for order in decision.orders]

    def written(self, order: Order, now_s: float) -> None:
        """It was kept when it was decided."""

    @property
    def changes(self) -> list[tuple[float, str, float]]:
        """When who was set to what."""
        return [
            (now_s, order.member, order.grant.current_a)
            for now_s, order in self.orders
            if order.kind is OrderKind.SET
        ]


def taped(
    scenario: Scenario, new_controller: type[Reference], *attendants: Attendant
) -> tuple[Tape, Stage]:
    """Run a reference and return what it ordered."""
    tape, stage = Tape(), Stage(scenario)
    YearLoop(scenario, new_controller, stage=stage, witnesses=(tape,), attendants=attendants).run()
    return tape, stage


def in_mode(scenario: Scenario, mode: Mode, sun: SunSpec | None = None) -> Scenario:
    """Return the scenario with everybody in a mode, under a sun."""
    return replace(
        scenario,
        plant=replace(scenario.plant, sun=sun),
        wishes=tuple(
            Wish(at_s=0.0, member=member.settings.member, wishes=MemberWishes(mode=mode))
            for member in scenario.members
        ),
    )


def test_round_robin_decides_one_charger_every_30_seconds() -> None:
    tape, _ = taped(site([connector(1), connector(2)], fuse_a=50.0, minutes=5), RoundRobin)
    times = [now_s for now_s, _, _ in tape.changes]
    assert all(later - sooner >= 30.0 for sooner, later in itertools.pairwise(times))
    given = {member: amps for _, member, amps in tape.changes}
    assert sorted(given.values()) == pytest.approx([18.0, 32.0])


def test_equal_split_gives_both_the_same() -> None:
    tape, _ = taped(site([connector(1), connector(2)], fuse_a=40.0, minutes=5), EqualSplit)
    last = {member: amps for _, member, amps in tape.changes}
    assert set(last) == {"c1", "c2"}
    assert max(last.values()) - min(last.values()) <= 1.0
    assert 17.0 <= min(last.values()) <= 20.0


def test_equal_split_serves_who_came_first_when_not_all_fit() -> None:
    members = [connector(number, arrives_s=10.0 + 20.0 * number) for number in (1, 2, 3)]
    _, stage = taped(site(members, fuse_a=14.0, minutes=5), EqualSplit)
    first, second, third = (item.energy_wh for item in stage.connectors.values())
    assert first > 200.0
    assert second > 200.0
    assert third == 0.0


@pytest.mark.parametrize("new_controller", [RoundRobin, EqualSplit])
def test_leases_are_renewed(new_controller: type[Reference]) -> None:
    tape, stage = taped(site([connector(1)], minutes=10), new_controller)
    assert any(order.kind is OrderKind.RENEW for _, order in tape.orders)
    assert stage.connectors["c1"].amps > 20.0


@pytest.mark.parametrize("new_controller", [RoundRobin, EqualSplit])
def test_sun_alone_is_followed(new_controller: type[Reference]) -> None:
    car = replace(CAR, phases=1)
    scenario = site([connector(1, car=car)], minutes=20)
    bright = SunSpec(peak_w=9_000.0, cloudiness=0.0)
    _, shaded = taped(in_mode(scenario, Mode.SOLAR), new_controller)
    _, sunny = taped(in_mode(scenario, Mode.SOLAR, bright), new_controller)
    assert shaded.connectors["c1"].energy_wh == 0.0
    assert 500.0 < sunny.connectors["c1"].energy_wh < 3_000.0


@pytest.mark.parametrize("new_controller", [RoundRobin, EqualSplit])
def test_least_flows_without_any_sun(new_controller: type[Reference]) -> None:
    scenario = site([connector(1, car=replace(CAR, phases=1))], minutes=20)
    tape, _ = taped(in_mode(scenario, Mode.MINIMUM_SOLAR), new_controller)
    assert [amps for _, _, amps in tape.changes] == [6.0]
    bright = SunSpec(peak_w=9_000.0, cloudiness=0.0)
    tape, _ = taped(in_mode(scenario, Mode.MINIMUM_SOLAR, bright), new_controller)
    assert max(amps for _, _, amps in tape.changes) > 10.0


def test_round_robin_waits_for_the_sun_and_for_its_end() -> None:
    scenario = in_mode(
        site([connector(1, car=replace(CAR, phases=1))], minutes=40),
        Mode.SOLAR,
        SunSpec(peak_w=9_000.0, cloudiness=0.0, day_s=2_400.0),
    )
    tape, stage = taped(scenario, RoundRobin)
    started_s = tape.changes[0][0]
    assert started_s >= 60.0
    ended_s = next(now_s for now_s, _, amps in tape.changes if amps == 0.0)
    assert ended_s > 1_200.0 * (1.0 - 0.5)
    assert stage.connectors["c1"].amps == 0.0


def test_off_is_off() -> None:
    tape, _ = taped(in_mode(site([connector(1)]), Mode.OFF), RoundRobin)
    assert tape.changes == []


def test_supply_is_told_watts() -> None:
    tape, stage = taped(site([supply(1)]), EqualSplit)
    assert stage.supplies["s1"].energy_wh > 10.0
    assert all(order.grant.power_w for _, order in tape.orders if order.grant.current_a)


def test_meter_without_currents_is_no_news() -> None:
    meter = MeterSpec(circuit="grid", kind=MeterKind.TOTAL)
    tape, _ = taped(site([connector(1)], meter=meter), EqualSplit)
    assert max(amps for _, _, amps in tape.changes) == 32.0


@pytest.mark.parametrize("new_controller", [RoundRobin, EqualSplit])
def test_what_is_no_number_is_no_news(new_controller: type[Reference]) -> None:
    nonsense = MeterFault(kind=MeterFaultKind.NONSENSE, from_s=60.0, until_s=1e9)
    meter = MeterSpec(circuit="grid", faults=(nonsense,))
    tape, _ = taped(site([connector(1)], meter=meter), new_controller)
    assert any(now_s > 90.0 for now_s, _ in tape.orders)


def test_single_car_is_planned_into_the_cheapest_slots() -> None:
    car = replace(CAR, wanted_wh=5_000.0, max_current_a=16.0)
    scenario = in_mode(site([connector(1, car=car)], minutes=60), Mode.PLAN)
    prices = Prices(slot_s=900.0, per_kwh=(0.4, 0.1, 0.5, 0.2))
    day = Day(scene=Scene.PLAN, day=1, scenario=scenario, mode=Mode.PLAN, prices=prices)
    planner = CheapestSlots(day, stays_of(scenario), prices)
    tape, stage = taped(scenario, RoundRobin, planner)
    drawn = [(now_s, amps) for now_s, _, amps in tape.changes]
    assert 900.0 <= drawn[0][0] <= 960.0
    assert any(1_800.0 <= now_s <= 1_860.0 and amps == 0.0 for now_s, amps in drawn)
    assert any(now_s >= 2_700.0 and amps > 0.0 for now_s, amps in drawn)
    assert stage.connectors["c1"].energy_wh == pytest.approx(5_000.0, rel=0.1)
    assert scenario.started_at.utcoffset() == timedelta(0)
