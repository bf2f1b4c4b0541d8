"""SR-6: raises spare the station; who does not spare it is caught."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import override

import pytest

from custom_components.ev_charger_pool.balancing.controller import SiteController
from custom_components.ev_charger_pool.pool.members import MemberSettings, Order
from custom_components.ev_charger_pool.simulator.closed_loop import ClosedLoop
from custom_components.ev_charger_pool.simulator.judge.violations import Rule, Violation
from custom_components.ev_charger_pool.simulator.scenario import MemberPlan
from tests.simulator.builders import connector, site
from tests.simulator.judge.careless import Fixed


class Climbing(Fixed):
    """Raises by 0.1 A whenever so many seconds are over."""

    def __init__(self, every_s: int) -> None:
        super().__init__(6.0)
        self.every_s = every_s
        self.since: datetime | None = None

    @override
    def target(self, member: MemberSettings, seats: set[str], now: datetime) -> float:
        target = super().target(member, seats, now)
        if not target:
            return 0.0
        self.since = self.since or now
        return round(target + 0.1 * ((now - self.since) // timedelta(seconds=self.every_s)), 1)


class Chatty(Climbing):
    """The same, and tells every grant again each second."""

    @override
    def orders(self, member: MemberSettings, target: float, now: datetime) -> list[Order]:
        self.seen.discard(member.member)
        return super().orders(member, target, now)


def fine(plan: MemberPlan) -> MemberPlan:
    return replace(plan, settings=replace(plan.settings, step_a=0.1))


def spent(
    new_controller: Callable[[], Fixed], *members: MemberPlan, minutes: float = 10.0
) -> list[Violation]:
    """Return what is found of SR-6."""
    loop = ClosedLoop(
        site([fine(plan) for plan in members], fuse_a=100.0, minutes=minutes), new_controller
    )
    return [item for item in loop.run().violations if item.rule is Rule.SR6]


def test_sr6_raises_without_their_spacing() -> None:
    found = spent(partial(Climbing, 9), connector(1))
    assert "raised 9 s after its last raise" in found[0].text
    assert spent(partial(Climbing, 10), connector(1)) == []


def test_sr6_raises_that_leave_no_credit_for_reductions() -> None:
    found = spent(partial(Chatty, 30), connector(1))
    assert "writes left" in found[0].text
    # Each second costs 0.9 writes, so that the raise after a minute is the first to find too few.
    assert 60.0 < found[0].at_s < 70.0


@pytest.mark.parametrize(("links", "blamed"), [(("a", "a"), True), (("a", "b"), False)])
def test_sr6_the_credit_is_the_stations_and_not_the_connectors(
    links: tuple[str, str], blamed: bool
) -> None:
    """Two connectors, written to every 8 s, need 15 writes a minute, and six come back."""

    class Sluggish(Climbing):
        @override
        def orders(self, member: MemberSettings, target: float, now: datetime) -> list[Order]:
            if round(now.timestamp()) % 8 == 0:
                self.seen.discard(member.member)
            return super().orders(member, target, now)

    plans = [replace(connector(n), link=link) for n, link in enumerate(links, 1)]
    assert bool(spent(partial(Sluggish, 60), *plans, minutes=15.0)) is blamed


def test_sr6_the_pool_spares_its_stations() -> None:
    loop = ClosedLoop(site([connector(1), connector(2)], fuse_a=40.0), SiteController)
    assert [item for item in loop.run().violations if item.rule is Rule.SR6] == []
