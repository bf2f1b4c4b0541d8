"""The judge is worth something: for each rule a controller that breaks it is caught."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import override

import pytest

from custom_components.ev_charger_pool.balancing.contract import (
    Decision,
    SiteSettings,
)
from custom_components.ev_charger_pool.pool.limits import Limit, LimitUnit
from custom_components.ev_charger_pool.pool.members import (
    MemberReport,
    MemberSettings,
    Order,
)
from custom_components.ev_charger_pool.pool.quantities import NO_CURRENT, Phase
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.simulator.closed_loop import STARTED_AT, ClosedLoop
from custom_components.ev_charger_pool.simulator.firmware import DeviceFault, DeviceFaultKind
from custom_components.ev_charger_pool.simulator.house import SunSpec
from custom_components.ev_charger_pool.simulator.judge.violations import Rule
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
)
from tests.simulator.builders import CAR, FIRMWARE, connector, site, supply
from tests.simulator.controllers import CarefulController, without_lease
from tests.simulator.judge.careless import Fixed, broken_rules

GAP = MeterSpec(
    circuit="grid",
    lag_s=0.5,
    noise_a=0.0,
    faults=(MeterFault(kind=MeterFaultKind.SILENT, from_s=20.0, until_s=1e9),),
)


def test_a_careful_controller_is_not_blamed() -> None:
    scenario = site([connector(1), connector(2)], minutes=9)
    assert broken_rules(scenario, CarefulController, house={100.0: 9.0, 300.0: 2.0}) == set()


def test_i1a_more_committed_than_the_fuse() -> None:
    scenario = site([connector(1), connector(2)])
    assert Rule.I1A in broken_rules(scenario, partial(Fixed, 20.0))


def test_i1a_what_is_held_although_others_take_it() -> None:
    class Stubborn(Fixed):
        @override
        def decision(
            self, site: SiteSettings, orders: tuple[Order, ...], now: datetime
        ) -> Decision:
            decision = super().decision(site, orders, now)
            load = self.meters["grid"].current_a if "grid" in self.meters else None
            others = NO_CURRENT if load is None else load.value.map(lambda value: value or 0.0)
            return replace(
                decision,
                circuits={
                    key: replace(status, other_a=others)
                    for key, status in decision.circuits.items()
                },
            )

    rules = broken_rules(site([connector(1)]), partial(Stubborn, 14.0), house={200.0: 25.0})
    assert Rule.I1A in rules


def test_i1b_an_equal_split_that_ignores_the_house_causes_overloads() -> None:
    scenario = site([connector(1), connector(2)])
    rules = broken_rules(scenario, partial(Fixed, 16.0), house={1.0: 9.0})
    assert {Rule.I1B_RAISE, Rule.I1B_CAUSED} <= rules


def test_i1b_i2_one_that_never_gives_way_is_too_slow_and_too_hot() -> None:
    rules = broken_rules(site([connector(1)]), partial(Fixed, 24.0), house={200.0: 20.0})
    assert {Rule.I1B_SLOW, Rule.I1B_THERMAL, Rule.I2} <= rules
    assert Rule.I1B_RAISE not in rules


def test_i1b_a_small_overload_that_stays_is_too_slow() -> None:
    rules = broken_rules(site([connector(1)]), partial(Fixed, 24.0), house={200.0: 8.5})
    assert Rule.I1B_SLOW in rules
    assert Rule.I1B_CAUSED not in rules


def test_i1b_one_that_gives_way_in_time_is_not_blamed() -> None:
    class GivesWay(Fixed):
        @override
        def target(self, member: MemberSettings, seats: set[str], now: datetime) -> float:
            load = self.meters["grid"].current_a if "grid" in self.meters else None
            if load is not None and (load.value.l1 or 0.0) > 32.0:
                self.current_a = 8.0
            return super().target(member, seats, now)

    rules = broken_rules(site([connector(1)]), partial(GivesWay, 24.0), house={200.0: 20.0})
    assert rules == set()


@pytest.mark.parametrize("current_a", [5.0, 6.5, 33.0, float("nan"), -1.0])
def test_i3_a_grant_that_the_device_cannot_keep(current_a: float) -> None:
    class Crooked(Fixed):
        @override
        def orders(self, member: MemberSettings, target: float, now: datetime) -> list[Order]:
            return [
                replace(order, grant=replace(order.grant, current_a=current_a))
                for order in super().orders(member, target, now)
                if target
            ]

    loop = ClosedLoop(site([connector(1)], fuse_a=100.0), partial(Crooked, 6.0))
    with_error = current_a != current_a or current_a < 0.0  # noqa: PLR0124 - not a number
    try:
        loop.run()
    except ValueError:
        assert with_error
    assert Rule.I3 in {violation.rule for violation in loop.findings.violations}


def test_i4_a_raise_on_a_stale_reading() -> None:
    scenario = site([connector(1, arrives_s=60.0)], meter=GAP)
    assert Rule.I4 in broken_rules(scenario, partial(Fixed, 6.0))


def test_i4_a_raise_before_anything_was_measured() -> None:
    never = replace(GAP, faults=(replace(GAP.faults[0], from_s=0.0),))
    scenario = site([connector(1)], meter=never)
    assert Rule.I4 in broken_rules(scenario, partial(Fixed, 6.0))


@pytest.mark.parametrize("kind", [MeterFaultKind.NONSENSE, MeterFaultKind.MISSING])
def test_i4_a_raise_on_an_implausible_or_missing_value(kind: MeterFaultKind) -> None:
    meter = replace(GAP, faults=(replace(GAP.faults[0], kind=kind),))
    scenario = site([connector(1, arrives_s=60.0)], meter=meter)
    assert Rule.I4 in broken_rules(scenario, partial(Fixed, 6.0))


def test_i4_a_raise_of_a_device_that_is_gone() -> None:
    class Hopeful(Fixed):
        @override
        def target(self, member: MemberSettings, seats: set[str], now: datetime) -> float:
            report = self.reports.get(member.member)
            return 6.0 if report is not None and not report.online else 0.0

        @override
        def orders(self, member: MemberSettings, target: float, now: datetime) -> list[Order]:
            report = self.reports.get(member.member)
            if report is not None:
                self.reports[member.member] = replace(report, online=True)
            return super().orders(member, target, now)

    gone = DeviceFault(kind=DeviceFaultKind.OFFLINE, from_s=50.0, until_s=100.0)
    scenario = site([connector(1, firmware=replace(FIRMWARE, faults=(gone,)))])
    assert Rule.I4 in broken_rules(scenario, partial(Hopeful, 6.0))


@pytest.mark.parametrize("kind", list(OutageKind))
def test_i5_a_grant_that_never_dies(kind: OutageKind) -> None:
    class Eternal(Fixed):
        @override
        def orders(self, member: MemberSettings, target: float, now: datetime) -> list[Order]:
            return [without_lease(order) for order in super().orders(member, target, now)]

    scenario = replace(
        site([connector(1)]), outages=(Outage(kind=kind, from_s=100.0, until_s=400.0),)
    )
    assert Rule.I5 in broken_rules(scenario, partial(Eternal, 10.0))
    assert Rule.I5 not in broken_rules(scenario, partial(Fixed, 10.0))


@pytest.mark.parametrize(
    "limit",
    [
        Limit(id="u", source=ReasonKind.USER, value=7.0, unit=LimitUnit.CURRENT, member="c1"),
        Limit(id="u", source=ReasonKind.USER, value=1e3, unit=LimitUnit.POWER, member="c1"),
        Limit(id="u", source=ReasonKind.USER, value=7.0, unit=LimitUnit.CURRENT, circuit="grid"),
    ],
)
def test_i6_a_limit_that_nobody_keeps(limit: Limit) -> None:
    scenario = replace(site([connector(1)]), limits=(LimitChange(at_s=100.0, limits=(limit,)),))
    assert Rule.I6 in broken_rules(scenario, partial(Fixed, 10.0))


def test_i6_a_limit_that_is_granted_but_not_sent() -> None:
    class Silent(Fixed):
        @override
        def set_limits(self, limits: Sequence[Limit]) -> None:
            self.current_a = 6.0

        @override
        def orders(self, member: MemberSettings, target: float, now: datetime) -> list[Order]:
            return super().orders(member, target, now) if self.current_a > 6.0 else []

        @override
        def decision(
            self, site: SiteSettings, orders: tuple[Order, ...], now: datetime
        ) -> Decision:
            decision = super().decision(site, orders, now)
            return replace(
                decision,
                members={
                    key: replace(status, granted_a=min(status.granted_a, self.current_a))
                    for key, status in decision.members.items()
                },
            )

    limit = Limit(id="u", source=ReasonKind.USER, value=6.0, unit=LimitUnit.CURRENT, member="c1")
    scenario = replace(site([connector(1)]), limits=(LimitChange(at_s=100.0, limits=(limit,)),))
    assert Rule.I6 in broken_rules(scenario, partial(Silent, 16.0))


def test_i7_a_grant_for_nobody() -> None:
    class Generous(Fixed):
        @override
        def target(self, member: MemberSettings, seats: set[str], now: datetime) -> float:
            return self.current_a

    assert Rule.I7 in broken_rules(site([connector(1, car=None)]), partial(Generous, 6.0))


def test_i8_an_exception_on_a_broken_device() -> None:
    class Fragile(CarefulController):
        @override
        def observe_member(self, report: MemberReport) -> None:
            if not report.online:
                raise RuntimeError(report.member)
            super().observe_member(report)

    gone = DeviceFault(kind=DeviceFaultKind.OFFLINE, from_s=50.0, until_s=100.0)
    loop = ClosedLoop(site([connector(1, firmware=replace(FIRMWARE, faults=(gone,)))]), Fragile)
    outcome = loop.run()
    assert [violation.rule for violation in outcome.violations] == [Rule.I8]
    assert outcome.simulated_s < 60.0
    assert "RuntimeError" in str(outcome.violations[0])


def test_i8_one_that_starves_a_car_although_there_is_room() -> None:
    scenario = site([connector(1), connector(2)], minutes=12)
    assert Rule.I8 in broken_rules(scenario, partial(Fixed, 0.0))


@pytest.mark.parametrize(("measures", "blamed"), [(True, True), (False, False)])
def test_i8_room_that_nobody_can_tell_from_the_house_is_none(measures: bool, blamed: bool) -> None:
    class Favours(Fixed):
        @override
        def target(self, member: MemberSettings, seats: set[str], now: datetime) -> float:
            return super().target(member, seats, now) if member.member == "c1" else 0.0

    first = connector(1)
    first = replace(first, settings=replace(first.settings, measures_current=measures))
    scenario = site([first, connector(2)], fuse_a=40.0, minutes=12)
    assert (Rule.I8 in broken_rules(scenario, partial(Favours, 16.0))) == blamed


def test_sr2_a_commitment_below_what_the_device_may_draw() -> None:
    class Forgetful(Fixed):
        @override
        def commitment(self, member: MemberSettings) -> float:
            return 0.0

    assert Rule.SR2 in broken_rules(site([connector(1)]), partial(Forgetful, 6.0))


def test_sr3_counting_on_the_sun() -> None:
    scenario = site([connector(1)], other_load_max_a=30.0)
    sun = SunSpec(peak_w=6_900.0, phases=(Phase.L1,), cloudiness=0.0)
    scenario = replace(scenario, plant=replace(scenario.plant, sun=sun))
    rules = broken_rules(scenario, partial(Fixed, 28.0), house={1.0: 30.0})
    assert Rule.SR3 in rules


def test_sr5_devices_without_a_watchdog_above_the_frozen_safe_cap() -> None:
    scenario = site([connector(1, lease=None)], other_load_max_a=20.0)
    assert Rule.SR5 in broken_rules(scenario, partial(Fixed, 16.0))


def test_sr10_one_that_goes_on_without_a_meter() -> None:
    assert Rule.SR10 in broken_rules(site([connector(1)], meter=GAP), partial(Fixed, 10.0))


def test_sr11_a_raise_right_after_a_restart() -> None:
    class Eager(Fixed):
        @override
        def target(self, member: MemberSettings, seats: set[str], now: datetime) -> float:
            return self.current_a + (6.0 if self.restored_at is not None else 0.0)

    outage = Outage(kind=OutageKind.KILLED, from_s=100.0, until_s=130.0)
    scenario = replace(site([connector(1)]), outages=(outage,))
    assert Rule.SR11 in broken_rules(scenario, partial(Eager, 8.0))


def test_sr12_a_raise_on_a_phase_that_is_not_counted() -> None:
    class OnePhase(Fixed):
        @override
        def target(self, member: MemberSettings, seats: set[str], now: datetime) -> float:
            return min(super().target(member, seats, now), 6.0 + self.number // 60)

        @override
        def decision(
            self, site: SiteSettings, orders: tuple[Order, ...], now: datetime
        ) -> Decision:
            decision = super().decision(site, orders, now)
            return replace(
                decision,
                members={
                    key: replace(status, used_phases=frozenset({Phase.L1}))
                    for key, status in decision.members.items()
                },
            )

    assert Rule.SR12 in broken_rules(site([connector(1)]), partial(OnePhase, 12.0))


def test_sr13_two_supplies_that_start_together() -> None:
    scenario = site([supply(1), supply(2)])
    assert Rule.SR13 in broken_rules(scenario, partial(Fixed, 4.0))


def test_sr13_watts_that_the_amps_do_not_pay_for() -> None:
    class Spendthrift(Fixed):
        @override
        def orders(self, member: MemberSettings, target: float, now: datetime) -> list[Order]:
            return [
                replace(order, grant=replace(order.grant, power_w=9_999.0))
                for order in super().orders(member, target, now)
            ]

    assert Rule.SR13 in broken_rules(site([supply(1)]), partial(Spendthrift, 4.0))


def test_sr13_a_rising_battery_voltage_stays_within_the_grant() -> None:
    """The watt grant bounds voltage limit times current, so constant current is safe."""
    loop = ClosedLoop(site([supply(1)], minutes=30), partial(Fixed, 4.0))
    loop.run()
    seen = loop.truth.members["s1"]
    assert 3.0 < seen.draw_a <= 4.0


def test_sr6_one_that_makes_no_room_for_a_device_that_lies() -> None:
    """The ladder has 60 s; then the others have to have made room."""

    class Trusting(Fixed):
        @override
        def target(self, member: MemberSettings, seats: set[str], now: datetime) -> float:
            found_out = member.member == "c1" and now > STARTED_AT + timedelta(seconds=100)
            return 0.0 if found_out else super().target(member, seats, now)

    fault = DeviceFault(kind=DeviceFaultKind.LIES, from_s=60.0, until_s=1e9)
    bad = connector(1, firmware=replace(FIRMWARE, obeys_stop=False, faults=(fault,)))
    loop = ClosedLoop(site([bad, connector(2)], fuse_a=34.0), partial(Trusting, 16.0))
    loop.run()
    slow = [item.at_s for item in loop.findings.violations if item.rule is Rule.I1B_SLOW]
    assert slow
    assert min(slow) > 60.0 + 60.0
    assert Rule.I1B_CAUSED not in {
        item.rule for item in loop.findings.violations if item.at_s < 120
    }


@pytest.mark.parametrize("kind", [MeterKind.CURRENTS, MeterKind.TOTAL])
def test_sr6_what_a_device_without_a_current_hides_in_a_total_is_not_held_against_the_pool(
    kind: MeterKind,
) -> None:
    """Only a meter of the phases shows it; in a total it may as well be spread over three."""
    fault = DeviceFault(kind=DeviceFaultKind.OVERDRAWS, from_s=60.0, until_s=1e9)
    bad = connector(1, firmware=replace(FIRMWARE, faults=(fault,)))
    bad = replace(bad, settings=replace(bad.settings, measures_current=False))
    meter = MeterSpec(circuit="grid", kind=kind, lag_s=0.5, noise_a=0.0)
    scenario = site([bad, connector(2)], fuse_a=33.0, meter=meter)
    seen = broken_rules(scenario, partial(Fixed, 16.0)) & {Rule.I1B_SLOW, Rule.I1B_CAUSED}
    assert bool(seen) is (kind is MeterKind.CURRENTS)


def own_start(allowed_a: float) -> set[Rule]:
    """Run a car that begins by its station's default behind a full fuse; return what was broken.

    The station is slow to tell of it, and the car is slow to stop.
    """

    class Told(Fixed):
        @override
        def target(self, member: MemberSettings, seats: set[str], now: datetime) -> float:
            wanted_a = super().target(member, seats, now)
            return min(wanted_a, allowed_a) if member.member == "c2" else wanted_a

    slow = replace(CAR, reaction_s=5.0)
    late = replace(FIRMWARE, report_lag_s=3.0)
    starter = connector(2, car=slow, arrives_s=100.0, firmware=late, fail_safe_a=6.0)
    scenario = site([connector(1), starter], fuse_a=18.0, minutes=5.0)
    return broken_rules(scenario, partial(Told, 16.0)) & {Rule.I1B_SLOW, Rule.I1B_CAUSED}


def test_sr2_a_car_that_began_by_itself_is_nobodys_fault_until_it_could_follow() -> None:
    assert not own_start(0.0)


def test_sr2_a_car_that_began_by_itself_is_not_let_go_on() -> None:
    assert own_start(6.0)


@pytest.mark.parametrize(("raised_s", "blamed"), [(64.0, False), (100.0, True)])
def test_sr6_what_a_device_takes_too_much_has_to_be_known_before_a_raise_can_heed_it(
    raised_s: float, blamed: bool
) -> None:
    class Raising(Fixed):
        @override
        def target(self, member: MemberSettings, seats: set[str], now: datetime) -> float:
            raised = member.member == "c2" and now >= STARTED_AT + timedelta(seconds=raised_s)
            return 10.0 if raised else super().target(member, seats, now)

    fault = DeviceFault(kind=DeviceFaultKind.LIES, from_s=60.0, until_s=1e9)
    bad = connector(1, firmware=replace(FIRMWARE, faults=(fault,)))
    found = broken_rules(site([bad, connector(2)], fuse_a=32.0, minutes=2.0), partial(Raising, 6.0))
    assert (Rule.I1B_RAISE in found) is blamed
