"""A controller that most careless ones are made of, and what the judge says of one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import override

from custom_components.ev_charger_pool.balancing.contract import (
    Controller,
    Decision,
    SiteSettings,
)
from custom_components.ev_charger_pool.pool.members import MemberSettings, Order
from custom_components.ev_charger_pool.pool.quantities import NO_CURRENT
from custom_components.ev_charger_pool.simulator.closed_loop import ClosedLoop
from custom_components.ev_charger_pool.simulator.judge.violations import Rule, Violation
from custom_components.ev_charger_pool.simulator.scenario import Scenario
from tests.simulator.controllers import CarefulController


class Fixed(CarefulController):
    """Grants everybody who is plugged in the same current, whatever happens."""

    def __init__(self, current_a: float) -> None:
        super().__init__()
        self.current_a = current_a

    @override
    def seats(self, site: SiteSettings) -> set[str]:
        return {member.member for member in site.members}

    @override
    def target(self, member: MemberSettings, seats: set[str], now: datetime) -> float:
        report = self.reports.get(member.member)
        if report is None or not report.state.is_ev_connected:
            return 0.0
        return self.current_a

    @override
    def may_raise(self, member: MemberSettings, now: datetime) -> bool:
        return True

    @override
    def decision(self, site: SiteSettings, orders: tuple[Order, ...], now: datetime) -> Decision:
        decision = super().decision(site, orders, now)
        return replace(
            decision,
            circuits={
                key: replace(status, other_a=NO_CURRENT)
                for key, status in decision.circuits.items()
            },
        )


def play(
    scenario: Scenario,
    new_controller: Callable[[], Controller],
    *,
    house: dict[float, float] | None = None,
) -> Iterator[ClosedLoop]:
    """Run a scenario second by second; `house` says from when on it takes how many amps on L1."""
    loop = ClosedLoop(scenario, new_controller)
    while loop.now_s < scenario.duration_s:
        if house and loop.now_s in house:
            loop.plant.house.extra_a[0] = house[loop.now_s]
        loop.step()
        yield loop


def broken_rules(
    scenario: Scenario,
    new_controller: Callable[[], Controller],
    *,
    house: dict[float, float] | None = None,
) -> set[Rule]:
    """Return what was broken until the first car starved, or until the end."""
    broken: set[Rule] = set()
    for loop in play(scenario, new_controller, house=house):
        broken = {violation.rule for violation in loop.findings.violations}
        if Rule.I8 in broken:
            break
    return broken


def found(
    rule: Rule,
    scenario: Scenario,
    new_controller: Callable[[], Controller],
    *,
    house: dict[float, float] | None = None,
) -> list[Violation]:
    """Return what is found of a rule."""
    *_, loop = play(scenario, new_controller, house=house)
    return [item for item in loop.findings.violations if item.rule is rule]
