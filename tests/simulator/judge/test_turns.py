"""SR-14: runs, pauses, turns and sleepers; who does not keep to them is caught."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import override

import pytest

from custom_components.ev_charger_pool.balancing.contract import Decision, SiteSettings
from custom_components.ev_charger_pool.balancing.controller import SiteController
from custom_components.ev_charger_pool.pool.members import (
    MemberSettings,
    MemberWishes,
    Mode,
    Order,
    OrderKind,
    Priority,
)
from custom_components.ev_charger_pool.pool.quantities import NO_CURRENT
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind
from custom_components.ev_charger_pool.simulator.closed_loop import STARTED_AT
from custom_components.ev_charger_pool.simulator.judge.violations import Rule
from custom_components.ev_charger_pool.simulator.scenario import (
    MemberPlan,
    Outage,
    OutageKind,
    Wish,
)
from tests.simulator.builders import CAR, connector, site
from tests.simulator.judge.careless import Fixed, found

SLEEPER = replace(CAR, start_s=1e6)
"""A car that takes what is offered a week later."""


class OnAndOff(Fixed):
    """Lets everybody run and pause for so many seconds, over and over."""

    def __init__(self, on_s: float, off_s: float) -> None:
        super().__init__(8.0)
        self.on_s = on_s
        self.off_s = off_s
        self.since: datetime | None = None

    @override
    def target(self, member: MemberSettings, seats: set[str], now: datetime) -> float:
        target = super().target(member, seats, now)
        if not target:
            return 0.0
        self.since = self.since or now
        passed_s = (now - self.since).total_seconds() % (self.on_s + self.off_s)
        return target if passed_s < self.on_s else 0.0


class Waking(Fixed):
    """Wakes cars at given times after their resume."""

    def __init__(self, *after_s: float, until_s: float = 1e9) -> None:
        super().__init__(8.0)
        self.after_s = after_s
        self.until_s = until_s
        self.since: datetime | None = None

    @override
    def target(self, member: MemberSettings, seats: set[str], now: datetime) -> float:
        target = super().target(member, seats, now)
        if target:
            self.since = self.since or now
        over = self.since is not None and now - self.since > timedelta(seconds=self.until_s)
        return 0.0 if over else target

    @override
    def orders(self, member: MemberSettings, target: float, now: datetime) -> list[Order]:
        orders = super().orders(member, target, now)
        if self.since is not None and (now - self.since).total_seconds() in self.after_s:
            self.seen.discard(member.member)
            (order,) = super().orders(member, target, now)
            return [replace(order, kind=OrderKind.START)]
        return orders


class Favourite(Fixed):
    """Serves one member only, for ever."""

    @override
    def target(self, member: MemberSettings, seats: set[str], now: datetime) -> float:
        return super().target(member, seats, now) if member.member == "c1" else 0.0


def test_sr14_a_run_that_ends_early_though_there_is_room() -> None:
    scenario = site([connector(1)], minutes=15)
    (early,) = found(Rule.SR14, scenario, partial(OnAndOff, 599, 1_000))
    assert "paused 599 s after its start without need" in early.text
    assert found(Rule.SR14, scenario, partial(OnAndOff, 600, 1_000)) == []


def test_sr14_safety_ends_a_run_at_any_time() -> None:
    """The house leaves no room for a car; both are right to pause it."""
    scenario = site([connector(1)], minutes=15)
    house = {100.0: 31.0}
    assert found(Rule.SR14, scenario, partial(OnAndOff, 97, 1_000), house=house) == []
    assert found(Rule.SR14, scenario, SiteController, house=house) == []


def test_sr14_a_run_is_not_ended_early_for_a_house_that_the_controller_only_imagines() -> None:
    """It says that others take everything, so by its own numbers it is right."""

    class Frightened(OnAndOff):
        @override
        def decision(
            self, site: SiteSettings, orders: tuple[Order, ...], now: datetime
        ) -> Decision:
            decision = super().decision(site, orders, now)
            return replace(
                decision,
                circuits={
                    key: replace(status, other_a=NO_CURRENT.map(lambda _: 30.0))
                    for key, status in decision.circuits.items()
                },
            )

    scenario = site([connector(1)], minutes=15)
    assert found(Rule.SR14, scenario, partial(Frightened, 300, 1_000)) == []


def test_sr14_what_a_user_wants_ends_a_run() -> None:
    wish = Wish(at_s=200.0, member="c1", wishes=MemberWishes(mode=Mode.OFF))
    scenario = replace(site([connector(1)], minutes=15), wishes=(wish,))
    assert found(Rule.SR14, scenario, partial(OnAndOff, 195, 1_000)) == []
    assert found(Rule.SR14, scenario, SiteController) == []


def test_sr14_a_pause_that_ends_early() -> None:
    scenario = site([connector(1)], minutes=25)
    (early,) = found(Rule.SR14, scenario, partial(OnAndOff, 700, 299))
    assert "started 299 s after its pause began" in early.text
    assert found(Rule.SR14, scenario, partial(OnAndOff, 700, 300)) == []


def test_sr14_a_pause_for_safety_lasts_as_well() -> None:
    """The house leaves room again after a minute; nobody starts at once, and SiteController too."""
    scenario = site([connector(1)], minutes=15)
    house = {100.0: 31.0, 160.0: 0.0}
    late = found(Rule.SR14, scenario, partial(OnAndOff, 97, 60), house=house)
    assert "started 60 s after its pause began" in late[0].text
    assert found(Rule.SR14, scenario, SiteController, house=house) == []


class Distrustful(OnAndOff):
    """Says that it trusts no meter."""

    @override
    def decision(self, site: SiteSettings, orders: tuple[Order, ...], now: datetime) -> Decision:
        decision = super().decision(site, orders, now)
        circuits = {key: replace(status, stale=True) for key, status in decision.circuits.items()}
        return replace(decision, circuits=circuits)


@pytest.mark.parametrize(("on_s", "blamed"), [(700, False), (590, True)])
def test_sr14_a_run_that_ended_for_a_meter_goes_on_when_it_had_its_time(
    on_s: int, blamed: bool
) -> None:
    scenario = site([connector(1)], minutes=25)
    assert bool(found(Rule.SR14, scenario, partial(Distrustful, on_s, 100))) is blamed


@pytest.mark.parametrize("kind", list(OutageKind))
def test_sr14_an_outage_begins_everything_anew(kind: OutageKind) -> None:
    outage = Outage(kind=kind, from_s=750.0, until_s=800.0)
    scenario = replace(site([connector(1)], minutes=25), outages=(outage,))
    assert found(Rule.SR14, scenario, partial(OnAndOff, 700, 299)) == []


def at(plan: MemberPlan, priority: Priority) -> MemberPlan:
    return replace(plan, settings=replace(plan.settings, priority=priority))


@pytest.mark.parametrize(
    ("priority", "blamed"),
    [(Priority.HIGH, True), (Priority.NORMAL, True), (Priority.LOW, False)],
)
def test_sr14_who_waited_for_a_turn_comes_before_who_had_one(
    *, priority: Priority, blamed: bool
) -> None:
    """Two cars on a fuse for one; the one that waits may be of another tier."""
    scenario = site([connector(1), at(connector(2), priority)], fuse_a=18.0, minutes=40)
    waits = found(Rule.SR14, scenario, partial(Favourite, 8.0))
    assert [item.subject for item in waits] == ["c2"] * len(waits)
    assert bool(waits) is blamed
    if blamed:
        assert waits[0].at_s == pytest.approx(2_106.0, abs=10.0)
        assert "c1 had more than one" in waits[0].text


def test_sr14_the_pool_has_them_take_turns() -> None:
    plans = [connector(1), connector(2)]
    assert found(Rule.SR14, site(plans, fuse_a=18.0, minutes=60), SiteController) == []


@pytest.mark.parametrize(
    ("controller", "text"),
    [
        (partial(Waking, 100.0, until_s=300.0), "woken for the 1. time"),
        (partial(Waking, 120.0, 179.0, until_s=300.0), "59 s after the last time"),
        (partial(Waking, 120.0, 180.0, 240.0, 300.0, until_s=310.0), "woken for the 4. time"),
        (partial(Waking, 120.0, 180.0, 240.0), "takes nothing; it was woken 3 times"),
        (Waking, "takes nothing; it was woken 0 times"),
    ],
)
def test_sr14_a_sleeper_is_woken_too_often_or_never_left_alone(
    controller: Callable[[], Waking], text: str
) -> None:
    (item, *_) = found(Rule.SR14, site([connector(1, car=SLEEPER)]), controller)
    assert text in item.text


def test_sr14_a_sleeper_is_woken_three_times_and_left_alone() -> None:
    """Saying that it is asleep is no run that ends early."""

    class Knowing(Waking):
        @override
        def decision(
            self, site: SiteSettings, orders: tuple[Order, ...], now: datetime
        ) -> Decision:
            decision = super().decision(site, orders, now)
            return replace(
                decision,
                members={
                    key: replace(status, asleep=now > STARTED_AT + timedelta(seconds=300))
                    for key, status in decision.members.items()
                },
            )

    scenario = site([connector(1, car=SLEEPER)])
    assert found(Rule.SR14, scenario, partial(Knowing, 120.0, 180.0, 240.0, until_s=300.0)) == []
    assert found(Rule.SR14, scenario, SiteController) == []


def test_sr14_a_wish_does_not_make_the_attempts_follow_each_other_at_once() -> None:
    """A user who changes something stirs the car; the attempts stay 60 s apart."""
    wishes = tuple(
        Wish(at_s=at_s, member="c1", wishes=MemberWishes(minimum_current_a=least_a))
        for at_s, least_a in ((290.0, 7.0), (560.0, 8.0))
    )
    scenario = replace(site([connector(1, car=SLEEPER)], minutes=20), wishes=wishes)
    assert found(Rule.SR14, scenario, SiteController) == []


class Cloudy(OnAndOff):
    """The same, with the sun for a reason."""

    @override
    def decision(self, site: SiteSettings, orders: tuple[Order, ...], now: datetime) -> Decision:
        decision = super().decision(site, orders, now)
        reason = Reason(kind=ReasonKind.SOLAR)
        return replace(
            decision,
            members={
                key: replace(status, limited_by=reason) for key, status in decision.members.items()
            },
        )


@pytest.mark.parametrize(("on_s", "blamed"), [(300, True), (600, False)])
def test_sr14_the_sun_ends_no_run_early(on_s: int, blamed: bool) -> None:
    by_sun = Wish(at_s=0.0, member="c1", wishes=MemberWishes(mode=Mode.SOLAR))
    scenario = replace(site([connector(1)], minutes=16), wishes=(by_sun,))
    assert bool(found(Rule.SR14, scenario, partial(Cloudy, on_s, 300))) is blamed
    # What ends it for another reason may be a fuse, which nobody in this mode is judged for.
    assert found(Rule.SR14, scenario, partial(OnAndOff, on_s, 300)) == []


def test_sr14_the_first_run_of_a_session_may_show_the_phases_of_its_car() -> None:
    by_sun = Wish(at_s=0.0, member="c1", wishes=MemberWishes(mode=Mode.SOLAR))
    scenario = replace(site([connector(1)], minutes=7), wishes=(by_sun,))
    assert found(Rule.SR14, scenario, partial(Cloudy, 100, 300)) == []
    longer = replace(scenario, duration_s=600.0)
    assert found(Rule.SR14, longer, partial(Cloudy, 100, 300))


def test_sr14_a_boost_that_ends_is_a_change_that_counts_at_once() -> None:
    until = STARTED_AT + timedelta(seconds=400)
    boost = MemberWishes(mode=Mode.SOLAR, boost_until=until)
    scenario = replace(
        site([connector(1)], minutes=12), wishes=(Wish(at_s=0.0, member="c1", wishes=boost),)
    )
    assert found(Rule.SR14, scenario, partial(Cloudy, 395, 310)) == []
