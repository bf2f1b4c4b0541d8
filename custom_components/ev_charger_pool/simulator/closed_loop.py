"""A controller against a simulated site, at many times real time, with a judge beside it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import traceback
from typing import Final

from ..balancing.contract import Controller, Decision
from ..pool.actions import ActionResult
from ..pool.circuits import CircuitRecord, WindowRecord
from ..pool.members import CircuitId, MemberId, MemberRecord, Order
from .judge.averages import AverageJudge
from .judge.balance import BalanceJudge
from .judge.budgets import BudgetJudge
from .judge.ceilings import CeilingJudge
from .judge.conduct import ConductJudge
from .judge.connections import ConnectionJudge
from .judge.decisions import DecisionJudge
from .judge.modes import ModeJudge
from .judge.news import News
from .judge.overloads import OverloadJudge
from .judge.room import Room
from .judge.truth import Truth
from .judge.turns import TurnJudge
from .judge.violations import Findings, Rule, Violation
from .meters import MeterValue
from .scenario import STARTED_AT, Outage, OutageKind, Scenario
from .stage import Stage

_RESOURCES_EVERY_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a run.

    Attributes:
        violations: What the judge found.
        simulated_s: How long it ran.
        energy_wh: What the cars took.
        orders: How many orders were given.
    """

    violations: tuple[Violation, ...]
    simulated_s: float
    energy_wh: float
    orders: int


class ControllerBrokeError(Exception):
    """The controller raised something, which it must never do (I8)."""


def _ask[**P, R](method: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call the controller.

    Raises:
        ControllerBrokeError: It raised something.
    """
    try:
        return method(*args, **kwargs)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise ControllerBrokeError(f"{error!r} at {place.filename}:{place.lineno}") from error


@dataclass(slots=True)
class _Kept:
    """What a journal would have kept."""

    members: dict[MemberId, MemberRecord] = field(default_factory=dict)
    circuits: dict[tuple[CircuitId, datetime], CircuitRecord] = field(default_factory=dict)
    windows: dict[CircuitId, WindowRecord] = field(default_factory=dict)

    def take(self, decision: Decision) -> None:
        """Keep what a decision asks to be kept."""
        for record in decision.records:
            self.members[record.member] = record
        for kept in decision.circuit_records:
            self.circuits[kept.circuit, kept.day] = kept
        for window in decision.window_records:
            self.windows[window.circuit] = window


class ClosedLoop:
    """One run of a controller on a scenario, at steps of one second.

    Each second: electricity, devices, links, news to the controller, one decision, orders to the
    links, judgement. An exception out of the controller is a violation (I8) and ends the run.
    """

    def __init__(self, scenario: Scenario, new_controller: Callable[[], Controller]) -> None:
        self.scenario = scenario
        self.now_s = 0.0
        self._new_controller = new_controller
        self._stage = stage = Stage(scenario)
        self.plant = stage.plant
        self._devices = stage.devices
        self._links = stage.links
        self.findings = Findings()
        self.truth = Truth(scenario, self.plant, self._devices, self._links)
        self._overloads = OverloadJudge(self.truth, self.findings)
        self._news = News(scenario, self.truth)
        self._room = Room(scenario, self.truth)
        self._decisions = DecisionJudge(scenario, self.truth, self._news, self.findings)
        self._budgets = BudgetJudge(scenario, self.truth, self.findings)
        self._connections = ConnectionJudge(scenario, self.truth, self.findings)
        self._ceilings = CeilingJudge(self.truth, self._news, self.findings)
        self._conduct = ConductJudge(scenario, self.truth, self._room, self.findings)
        self._turns = TurnJudge(scenario, self.truth, self._news, self._room, self.findings)
        self._modes = ModeJudge(scenario, self.truth, self._news, self.findings)
        self._averages = AverageJudge(scenario, self.truth, self.findings)
        self._balance = BalanceJudge(scenario, self.truth, self.findings)
        self._kept = _Kept()
        self._limits = list(scenario.limits)
        self._wishes = list(scenario.wishes)
        self._schedules = list(scenario.schedules)
        self._outages = list(scenario.outages)
        self._outage: Outage | None = None
        self._unread: list[tuple[CircuitId, MeterValue]] = []
        """What a controller was told while it hung: it reads it when it decides again."""
        self._orders = 0
        self._resources_s = 0.0
        self.controller: Controller | None = new_controller()
        _ask(self.controller.configure, scenario.site, scenario.started_at)
        self.decision: Decision | None = None
        """The newest decision."""

    @property
    def now(self) -> datetime:
        """The wall time of the simulation."""
        return self.scenario.started_at + timedelta(seconds=self.now_s)

    def run(self) -> Outcome:
        """Run to the end of the scenario, or until the controller breaks."""
        while self.now_s < self.scenario.duration_s:
            try:
                self.step()
            except ControllerBrokeError as broke:
                self.findings.add(Rule.I8, self.now_s, "controller", str(broke))
                break
        return self.outcome()

    def outcome(self) -> Outcome:
        """Return what came of the run so far."""
        return Outcome(
            violations=tuple(self.findings.violations),
            simulated_s=self.now_s,
            energy_wh=self._stage.energy_wh,
            orders=self._orders,
        )

    def step(self) -> None:
        """Let one second pass."""
        self.now_s += 1.0
        now_s = self.now_s
        heard = self.plant.advance(self.now)
        for device in self._devices.values():
            device.advance(now_s)
        self._stop_or_start()
        for link in self._links.values():
            link.advance(now_s, self._sent, self._answered)
        self.truth.advance(now_s)
        self._room.advance(now_s)
        self._tell_meters(heard)
        self._tell_devices()
        self._tell_resources()
        self._tell_people()
        if self.controller is not None and self._outage is None:
            self._decide(self.controller)
        self._overloads.advance(now_s)
        self._conduct.advance(now_s)
        self._connections.advance(now_s, alive=self._outage is None)
        self._averages.advance(now_s, alive=self._outage is None)
        self._balance.advance(now_s)
        self._modes.advance(now_s)
        if self._outage is None:
            self._ceilings.advance(now_s)

    def _stop_or_start(self) -> None:
        now_s = self.now_s
        if self._outage is None:
            if self._outages and now_s >= self._outages[0].from_s:
                self._outage = self._outages.pop(0)
                self._conduct.died(now_s)
                self.truth.died()
                if self._outage.kind is OutageKind.KILLED:
                    self.controller = None
                    for link in self._links.values():
                        link.drop()
            return
        if now_s < self._outage.until_s:
            return
        if self._outage.kind is OutageKind.KILLED:
            self._restart()
            for knowledge in self.truth.knowledge.values():
                knowledge.restart()
            self._averages.restarted()
        self._outage = None
        self._conduct.revived(now_s)
        self._connections.revived()
        self._ceilings.revived(now_s)
        self._averages.revived(now_s)
        self._modes.revived(now_s)
        self._turns.revived()
        self.truth.revived()
        for circuit, value in self._unread:
            self.truth.knowledge[circuit].hear(value, now_s)
        self._unread.clear()

    def _restart(self) -> None:
        controller = self._new_controller()
        _ask(controller.configure, self.scenario.site, self.now)
        _ask(
            controller.restore,
            tuple(self._kept.members.values()),
            tuple(self._kept.circuits.values()),
            self.now,
            tuple(self._kept.windows.values()),
        )
        self.controller = controller
        self._news.restarted(
            self.now_s,
            {member: record.granted_a for member, record in self._kept.members.items()},
        )
        passed = [change for change in self.scenario.limits if change.at_s <= self.now_s]
        if passed:
            _ask(controller.set_limits, passed[-1].limits)
        for wish in self.scenario.wishes:
            if wish.at_s <= self.now_s:
                _ask(controller.wish, wish.member, wish.wishes)
        planned = [change for change in self.scenario.schedules if change.at_s <= self.now_s]
        if planned:
            _ask(controller.set_schedules, planned[-1].schedules)
        for device in self._devices.values():
            device.tell(self.now_s)

    def _tell_meters(self, heard: dict[CircuitId, list[MeterValue]]) -> None:
        controller = self.controller
        if controller is None:
            return
        for circuit, values in heard.items():
            for value in values:
                if self._outage is None:
                    self.truth.knowledge[circuit].hear(value, self.now_s)
                else:
                    self._unread.append((circuit, value))
                self._news.heard(circuit, value, self.now_s)
                _ask(controller.observe_meter, self._stage.meter_report(circuit, value, self.now))

    def _tell_devices(self) -> None:
        now_s = self.now_s
        for device in self._devices.values():
            for report in device.heard(now_s):
                if self.controller is not None:
                    self._news.reported(report, now_s)
                    _ask(self.controller.observe_member, report)

    def _tell_resources(self) -> None:
        if self.now_s < self._resources_s or self.controller is None:
            return
        self._resources_s = self.now_s + _RESOURCES_EVERY_S
        for report in self._stage.resource_reports(self.now):
            _ask(self.controller.observe_resource, report)

    def _tell_people(self) -> None:
        controller = self.controller
        while self._limits and self._limits[0].at_s <= self.now_s:
            limits = self._limits.pop(0).limits
            self._ceilings.limited(limits, self.now_s)
            self._connections.limited(limits)
            self._turns.limited(limits)
            self._conduct.limited(limits)
            if controller is not None:
                _ask(controller.set_limits, limits)
        while self._wishes and self._wishes[0].at_s <= self.now_s:
            wish = self._wishes.pop(0)
            self._conduct.wished(wish.member, wish.wishes)
            self._turns.wished(wish.member, wish.wishes)
            self._modes.wished(wish.member, wish.wishes)
            if controller is not None:
                _ask(controller.wish, wish.member, wish.wishes)
        while self._schedules and self._schedules[0].at_s <= self.now_s:
            schedules = self._schedules.pop(0).schedules
            self._modes.planned(schedules)
            if controller is not None:
                _ask(controller.set_schedules, schedules)

    def _decide(self, controller: Controller) -> None:
        now_s = self.now_s
        self.decision = decision = _ask(controller.decide, self.now)
        self._kept.take(decision)
        self._orders += len(decision.orders)
        for order in decision.orders:
            self._stage.link_of(order.member).put(order)
        raised = self._decisions.decided(decision, now_s)
        self._ceilings.decided(decision, now_s)
        self._conduct.decided(decision, now_s)
        self._turns.decided(decision, now_s)
        self._modes.decided(decision, now_s)
        for member in raised:
            self._overloads.raised(member, now_s)
            self._connections.raised(member, now_s)
            self._balance.raised(member, now_s)
            self._budgets.raised(member, now_s)
        for link in self._links.values():
            link.advance(now_s, self._sent, self._answered)

    def _sent(self, order: Order) -> None:
        self._budgets.written(order, self.now_s)
        if self.controller is not None:
            _ask(self.controller.sent, order, self.now)

    def _answered(self, order: Order, result: ActionResult) -> None:
        if self.controller is not None:
            _ask(self.controller.answered, order, result, self.now)


__all__ = ["STARTED_AT", "ClosedLoop", "ControllerBrokeError", "Outcome"]
