"""I6, SR-15: limits on all that flows and limits in watts; who does not keep them is caught."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import override

import pytest

from custom_components.ev_charger_pool.balancing.contract import Decision, SiteSettings
from custom_components.ev_charger_pool.balancing.controller import SiteController
from custom_components.ev_charger_pool.pool.limits import Limit, LimitScope, LimitUnit
from custom_components.ev_charger_pool.pool.members import MemberSettings, Order
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.simulator.closed_loop import STARTED_AT
from custom_components.ev_charger_pool.simulator.firmware import DeviceFault, DeviceFaultKind
from custom_components.ev_charger_pool.simulator.judge.violations import Rule
from custom_components.ev_charger_pool.simulator.scenario import (
    LimitChange,
    Outage,
    OutageKind,
    Scenario,
)
from tests.simulator.builders import FIRMWARE, connector, site
from tests.simulator.judge.careless import Fixed, found

CONNECTION, MEMBERS = LimitScope.CONNECTION, LimitScope.MEMBERS
AMPS, WATTS = LimitUnit.CURRENT, LimitUnit.POWER


def on_grid(value: float, unit: LimitUnit, scope: LimitScope) -> Limit:
    return Limit(
        id="cap", source=ReasonKind.USER, value=value, unit=unit, scope=scope, circuit="grid"
    )


def limited(scenario: Scenario, *limits: Limit, at_s: float = 100.0) -> Scenario:
    return replace(scenario, limits=(LimitChange(at_s=at_s, limits=limits),))


class Obedient(Fixed):
    """Goes down to what it is told to once a limit comes."""

    def __init__(self, current_a: float, then_a: float) -> None:
        super().__init__(current_a)
        self.then_a = then_a

    @override
    def set_limits(self, limits: Sequence[Limit]) -> None:
        self.current_a = self.then_a if limits else self.current_a


class Pretender(Fixed):
    """Says after the limit that it grants little, and sends no such order."""

    @override
    def orders(self, member: MemberSettings, target: float, now: datetime) -> list[Order]:
        return [] if self.limits else super().orders(member, target, now)

    @override
    def decision(self, site: SiteSettings, orders: tuple[Order, ...], now: datetime) -> Decision:
        decision = super().decision(site, orders, now)
        if not self.limits:
            return decision
        return replace(
            decision,
            members={
                key: replace(status, granted_a=0.0) for key, status in decision.members.items()
            },
        )

    @override
    def set_limits(self, limits: Sequence[Limit]) -> None:
        self.limits = limits


LIMITS = [
    pytest.param(on_grid(20.0, AMPS, CONNECTION), id="amps of the connection"),
    pytest.param(on_grid(9_000.0, WATTS, CONNECTION), id="watts of the connection"),
    pytest.param(on_grid(10.0, AMPS, MEMBERS), id="amps of the members"),
    pytest.param(on_grid(6_900.0, WATTS, MEMBERS), id="watts of the members"),
]


@pytest.mark.parametrize("limit", LIMITS)
def test_i6_a_limit_on_a_circuit_that_is_not_kept_in_what_flows(limit: Limit) -> None:
    """A car at 16 A on three phases beside a house at 10 A on one."""
    scenario = limited(site([connector(1)]), limit)
    late = found(Rule.I6, scenario, partial(Pretender, 16.0), house={1.0: 10.0})
    assert [item.subject.split(":")[0] for item in late] == ["grid"] * len(late)
    assert 110.0 < late[0].at_s < 130.0
    assert "flow, limit cap is" in late[0].text


@pytest.mark.parametrize("limit", LIMITS)
def test_i6_who_gives_way_in_time_is_not_blamed(limit: Limit) -> None:
    scenario = limited(site([connector(1)]), limit)
    assert found(Rule.I6, scenario, partial(Obedient, 16.0, 8.0), house={1.0: 10.0}) == []
    assert (
        found(Rule.I6, scenario, SiteController, house={1.0: 10.0, 300.0: 16.0, 420.0: 5.0}) == []
    )


@pytest.mark.parametrize("limit", LIMITS)
def test_i6_a_raise_beyond_a_limit_on_a_circuit(limit: Limit) -> None:
    """The limit was there first; only true values tell, since the status shows no grant."""

    class Early(Pretender):
        @override
        def orders(self, member: MemberSettings, target: float, now: datetime) -> list[Order]:
            return Fixed.orders(self, member, target, now)

    scenario = limited(site([connector(1)]), limit, at_s=2.0)
    found_at = found(Rule.I6, scenario, partial(Early, 16.0), house={1.0: 10.0})
    assert "c1 was raised while others take" in found_at[0].text
    assert found_at[0].at_s < 10.0


def test_i6_what_others_take_of_a_limit_has_to_be_made_room_for() -> None:
    """The house grows by itself; who does not give way after link time + 10 s is blamed."""
    scenario = limited(site([connector(1)]), on_grid(25.0, AMPS, CONNECTION), at_s=2.0)
    stubborn = found(Rule.I6, scenario, partial(Fixed, 12.0), house={200.0: 16.0})
    assert 210.0 < stubborn[0].at_s < 220.0
    assert found(Rule.I6, scenario, SiteController, house={200.0: 16.0}) == []


def test_i6_nobody_is_blamed_for_what_only_others_take() -> None:
    scenario = limited(site([connector(1)]), on_grid(8.0, AMPS, CONNECTION), at_s=2.0)
    assert found(Rule.I6, scenario, partial(Fixed, 0.0), house={1.0: 20.0}) == []


def test_i6_the_power_of_a_circuit_is_a_limit_from_the_start() -> None:
    scenario = site([connector(1)])
    grid = replace(scenario.site.circuits[0], limit_w=9_000.0)
    scenario = replace(scenario, site=replace(scenario.site, circuits=(grid,)))
    assert found(Rule.I6, scenario, partial(Fixed, 16.0))[0].subject == "grid:w"
    assert found(Rule.I6, scenario, SiteController) == []


def test_i6_while_nobody_decides_nobody_is_blamed() -> None:
    """The limit comes while the controller hangs; it is kept soon after."""
    outage = Outage(kind=OutageKind.HANGS, from_s=95.0, until_s=110.0)
    limits = [on_grid(10.0, AMPS, MEMBERS), on_grid(15.0, AMPS, CONNECTION)]
    scenario = replace(limited(site([connector(1)]), *limits), outages=(outage,))
    assert found(Rule.I6, scenario, SiteController) == []
    late = found(Rule.I6, scenario, partial(Pretender, 16.0))
    assert late[0].at_s > 120.0


@pytest.mark.parametrize("mandatory", [True, False])
def test_sr15_a_members_limit_in_watts_counts_all_phases_that_its_car_uses(
    *, mandatory: bool
) -> None:
    """10 A on three phases are 6.9 kW; a one-phase car could have them at 6 kW."""
    limit = Limit(
        id="u",
        source=ReasonKind.USER,
        value=6_000.0,
        unit=WATTS,
        member="c1",
        mandatory=mandatory,
    )
    scenario = limited(site([connector(1)]), limit)
    granted = found(Rule.I6, scenario, partial(Fixed, 10.0))
    assert "granted 10.0 A above 6000.0 power" in granted[0].text
    drawn = found(Rule.I6, scenario, partial(Pretender, 11.0))
    assert "draws 7" in drawn[0].text
    assert found(Rule.I6, scenario, SiteController) == []


def test_i6_a_limit_that_goes_on_is_not_new() -> None:
    """Told again with every change of something else, it leaves no more time."""
    cap = on_grid(15.0, AMPS, CONNECTION)
    scenario = replace(
        site([connector(1)]),
        limits=tuple(
            LimitChange(at_s=at_s, limits=(cap,)) for at_s in (100.0, 105.0, 110.0, 115.0)
        ),
    )
    assert found(Rule.I6, scenario, partial(Pretender, 20.0))[0].at_s < 116.0


@pytest.mark.parametrize(("raised_s", "blamed"), [(170.0, False), (270.0, True)])
def test_sr6_what_a_liar_takes_of_a_members_limit_is_known_by_its_ladder_alone(
    raised_s: float, blamed: bool
) -> None:
    """No meter tells the members from the others: only its own reports could."""

    class Raising(Fixed):
        @override
        def target(self, member: MemberSettings, seats: set[str], now: datetime) -> float:
            if member.member == "c1":
                return super().target(member, seats, now)
            return 12.0 if now >= STARTED_AT + timedelta(seconds=raised_s) else 0.0

    fault = DeviceFault(kind=DeviceFaultKind.LIES, from_s=150.0, until_s=1e9)
    bad = connector(1, firmware=replace(FIRMWARE, faults=(fault,)))
    scenario = limited(site([bad, connector(2)], fuse_a=63.0), on_grid(20.0, AMPS, MEMBERS))
    raises = [
        item
        for item in found(Rule.I6, scenario, partial(Raising, 6.0))
        if "was raised" in item.text
    ]
    assert bool(raises) is blamed
