"""Decisions are made at once on news, in time without, and go on after one that failed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
import time
from typing import Any, cast

import pytest

from custom_components.ev_charger_pool.balancing.contract import (
    DECISION_INTERVAL,
    Controller,
    Decision,
    OutOfTime,
)
from custom_components.ev_charger_pool.clock import SteadyClock
from custom_components.ev_charger_pool.decisions import (
    LEAST_PAUSE_S,
    REMEMBERED,
    DecisionLoop,
    OutOfTime as Budget,
)
from custom_components.ev_charger_pool.pool.members import Grant, Order, OrderKind, Urgency
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ORDER = Order(
    number=1,
    kind=OrderKind.SET,
    urgency=Urgency.REDUCTION,
    grant=Grant(
        member="garage:1",
        current_a=6.0,
        decided_at=NOW,
        reason=Reason(kind=ReasonKind.CHARGER),
    ),
)


class Handle:
    """A call that waits for its time."""

    def __init__(self, due_s: float, function: Callable[[], None]) -> None:
        self.due_s = due_s
        self.function: Callable[[], None] | None = function

    def cancel(self) -> None:
        self.function = None


@dataclass
class Timeline:
    """An event loop whose time the test moves; it decides at each turn what is due."""

    now_s: float = 0.0
    handles: list[Handle] = field(default_factory=list)

    def call_soon(self, function: Callable[[], None]) -> Handle:
        return self.call_later(0.0, function)

    def call_later(self, delay_s: float, function: Callable[[], None]) -> Handle:
        self.handles.append(Handle(self.now_s + delay_s, function))
        return self.handles[-1]

    def run_until(self, end_s: float) -> None:
        while due := [h for h in self.handles if h.function is not None and h.due_s <= end_s]:
            first = min(due, key=lambda handle: handle.due_s)
            self.now_s = first.due_s
            function, first.function = first.function, None
            assert function is not None
            function()
        self.now_s = end_s

    def clock(self) -> datetime:
        return NOW + timedelta(seconds=self.now_s)


class Script:
    """A controller that decides what the test says, and everything around it."""

    def __init__(self) -> None:
        self.timeline = Timeline()
        self.decided: list[Decision] = []
        self.handed_on: list[Decision] = []
        self.failed_at: list[datetime] = []
        self.told_before = 0
        self.next_in = timedelta(minutes=5)
        self.orders: tuple[Order, ...] = ()
        self.error: Exception | None = None
        self.hand_on_error: Exception | None = None
        self.budgets: list[OutOfTime | None] = []
        self.loop = DecisionLoop(
            cast("asyncio.AbstractEventLoop", self.timeline),
            cast("Controller", self),
            self.timeline.clock,
            before=self.before,
            on_decision=self.hand_on,
            on_failure=self.failed_at.append,
        )

    def before(self) -> None:
        self.told_before += 1

    def decide(self, now: datetime, out_of_time: OutOfTime | None = None) -> Decision:
        self.budgets.append(out_of_time)
        if self.error is not None:
            raise self.error
        decision = Decision(
            number=len(self.decided) + 1,
            decided_at=now,
            orders=self.orders,
            members={},
            circuits={},
            problems=(),
            next_at=now + self.next_in,
        )
        self.decided.append(decision)
        return decision

    def hand_on(self, decision: Decision) -> None:
        if self.hand_on_error is not None:
            raise self.hand_on_error
        self.handed_on.append(decision)


@pytest.fixture
def script() -> Script:
    return Script()


def test_at_least_every_second(script: Script) -> None:
    script.loop.start()
    script.timeline.run_until(10)
    assert len(script.decided) == 11
    assert script.handed_on == script.decided
    assert script.told_before == 11
    assert timedelta(seconds=1) == DECISION_INTERVAL


def test_when_a_decision_asks_for_the_next(script: Script) -> None:
    script.next_in = timedelta(milliseconds=250)
    script.loop.start()
    script.timeline.run_until(1)
    assert [d.decided_at - NOW for d in script.decided] == [
        timedelta(milliseconds=250 * n) for n in range(5)
    ]


def test_a_next_that_has_passed_leaves_the_loop_a_pause(script: Script) -> None:
    script.next_in = timedelta(seconds=-5)
    script.loop.start()
    script.timeline.run_until(0.1)
    assert len(script.decided) <= 0.1 / LEAST_PAUSE_S + 1


def test_a_burst_of_news_makes_one_decision(script: Script) -> None:
    script.loop.start()
    script.timeline.run_until(0.5)
    for _ in range(100):
        script.loop.ask()
    script.timeline.run_until(0.5)
    assert len(script.decided) == 2
    script.timeline.run_until(1.4)
    assert len(script.decided) == 2, "the timer starts anew"


def test_nothing_is_decided_before_the_start_or_after_the_end(script: Script) -> None:
    script.loop.ask()
    script.loop.decide()
    script.timeline.run_until(5)
    assert script.decided == []
    script.loop.start()
    script.timeline.run_until(5)
    script.loop.stop()
    script.loop.ask()
    script.timeline.run_until(60)
    assert len(script.decided) == 1


def test_sr4_a_decision_that_fails_is_counted_logged_once_and_tried_again(
    script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    script.loop.start()
    script.timeline.run_until(0)
    script.error = ArithmeticError("a fault in the controller")
    script.timeline.run_until(5)
    assert len(script.handed_on) == 1
    assert script.loop.failures == 5
    since: datetime | None = script.loop.failing_since
    assert since == NOW + timedelta(seconds=1)
    assert len(script.failed_at) == 5
    assert caplog.text.count("a fault in the controller") == 1
    script.error = None
    script.timeline.run_until(6)
    assert len(script.handed_on) == 2
    healed: datetime | None = script.loop.failing_since
    assert healed is None
    assert script.loop.failures == 5


def test_a_decision_that_cannot_be_handed_on_has_failed_too(script: Script) -> None:
    script.hand_on_error = ArithmeticError("nobody takes it")
    script.loop.start()
    script.timeline.run_until(2)
    assert script.loop.failures == 3


def test_the_last_decisions_that_ordered_something_are_remembered(script: Script) -> None:
    script.loop.start()
    script.timeline.run_until(0)
    script.orders = (ORDER,)
    script.timeline.run_until(REMEMBERED + 20)
    script.orders = ()
    script.timeline.run_until(REMEMBERED + 200)
    assert [d.number for d in script.loop.recent] == list(range(22, 22 + REMEMBERED))


def test_the_search_has_a_budget(script: Script) -> None:
    script.loop.start()
    script.timeline.run_until(0)
    (budget,) = script.budgets
    assert budget is not None
    assert isinstance(budget(), bool)
    assert Budget(0.0)()
    assert not Budget(60.0)()


def test_the_clock_never_runs_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    wall, counter = NOW, 100.0
    clock_module: Any = "custom_components.ev_charger_pool.clock"
    monkeypatch.setattr(f"{clock_module}.dt_util.utcnow", lambda: wall)
    monkeypatch.setattr(time, "monotonic", lambda: counter)
    clock = SteadyClock()
    assert clock() == NOW
    wall, counter = NOW - timedelta(hours=1), 102.0
    assert clock() == NOW + timedelta(seconds=2), "set back, it goes on by itself"
    counter = 105.0
    assert clock() == NOW + timedelta(seconds=5)
    wall = NOW + timedelta(hours=2)
    assert clock() == wall, "set forward, it follows"


def test_the_remembered_decisions_are_as_they_were_made(script: Script) -> None:
    script.loop.start()
    script.timeline.run_until(0)
    assert script.loop.recent[0] == replace(script.decided[0])
