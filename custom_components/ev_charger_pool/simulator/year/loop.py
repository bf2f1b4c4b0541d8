"""A controller against one day of a site, with witnesses instead of a whole court."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from ...balancing.contract import Controller, Decision
from ...pool.actions import ActionResult
from ...pool.members import CircuitId, Order
from ..meters import MeterValue
from ..scenario import MemberPlan, Scenario
from ..stage import Stage

LEAD_S: Final = 240.0
"""The controller runs for so long before a car comes: its windows of a minute are full by then."""

TAIL_S: Final = 60.0
"""It runs for so long after the last one left: every grant is taken back by then."""

_RESOURCES_EVERY_S: Final = 5.0


class Witness(Protocol):
    """Who looks on, second by second."""

    def advance(self, now_s: float) -> None:
        """Take a second in which the controller ran; everything of it has happened."""
        ...

    def heard(self, circuit: CircuitId, value: MeterValue, now_s: float) -> None:
        """Take what a meter told."""
        ...

    def decided(self, decision: Decision, now_s: float) -> None:
        """Take a decision, before its orders are carried out."""
        ...

    def written(self, order: Order, now_s: float) -> None:
        """Take that an order was written to a device's link."""
        ...


class Attendant(Protocol):
    """Who tells the controller what people and plans want, before each decision."""

    def attend(self, controller: Controller, now_s: float) -> None:
        """Tell what there is to tell."""
        ...


class YearLoop:
    """One day of a site at steps of one second.

    Nothing is left out while a car is there or somebody is expected soon. At all other times only
    the electricity and its meters go on: for the controller that is a silence of everybody.

    Attributes:
        stage: The simulated side.
        now_s: Seconds since the start.
        judged_s: In how many of them the controller ran.
    """

    def __init__(
        self,
        scenario: Scenario,
        new_controller: Callable[[], Controller],
        *,
        stage: Stage,
        witnesses: Sequence[Witness] = (),
        attendants: Sequence[Attendant] = (),
    ) -> None:
        self.stage = stage
        self.now_s = 0.0
        self.judged_s = 0.0
        self._scenario = scenario
        self._witnesses = witnesses
        self._attendants = attendants
        self._busy = _busy_times(scenario.members)
        self._controller = new_controller()
        self._controller.configure(scenario.site, scenario.started_at)
        for wish in scenario.wishes:
            self._controller.wish(wish.member, wish.wishes)
        self._resources_s = 0.0

    @property
    def now(self) -> datetime:
        """The wall time of the simulation."""
        return self._scenario.started_at + timedelta(seconds=self.now_s)

    def run(self) -> None:
        """Run to the end of the scenario."""
        while self.now_s < self._scenario.duration_s:
            self.step()

    def step(self) -> None:
        """Let one second pass."""
        self.now_s += 1.0
        now_s, stage = self.now_s, self.stage
        heard = stage.plant.advance(self.now)
        while self._busy and self._busy[0][1] <= now_s:
            self._busy.pop(0)
        if not self._busy or now_s < self._busy[0][0]:
            return
        self.judged_s += 1.0
        for device in stage.devices.values():
            device.advance(now_s)
        for link in stage.links.values():
            link.advance(now_s, self._written, self._answered)
        for circuit, values in heard.items():
            for value in values:
                self._controller.observe_meter(stage.meter_report(circuit, value, self.now))
                for witness in self._witnesses:
                    witness.heard(circuit, value, now_s)
        self._tell()
        self._decide()
        for witness in self._witnesses:
            witness.advance(now_s)

    def _tell(self) -> None:
        controller, now_s = self._controller, self.now_s
        for device in self.stage.devices.values():
            for report in device.heard(now_s):
                controller.observe_member(report)
        if now_s >= self._resources_s:
            self._resources_s = now_s + _RESOURCES_EVERY_S
            for resource in self.stage.resource_reports(self.now):
                controller.observe_resource(resource)
        for attendant in self._attendants:
            attendant.attend(controller, now_s)

    def _decide(self) -> None:
        now_s, stage = self.now_s, self.stage
        decision = self._controller.decide(self.now)
        for witness in self._witnesses:
            witness.decided(decision, now_s)
        for order in decision.orders:
            stage.link_of(order.member).put(order)
        for link in stage.links.values():
            link.advance(now_s, self._written, self._answered)

    def _written(self, order: Order) -> None:
        self._controller.sent(order, self.now)
        for witness in self._witnesses:
            witness.written(order, self.now_s)

    def _answered(self, order: Order, result: ActionResult) -> None:
        self._controller.answered(order, result, self.now)


def _busy_times(members: Sequence[MemberPlan]) -> list[tuple[float, float]]:
    """Return when somebody is there or expected, in order and without overlap."""
    stays = [
        (visit.arrives_after.total_seconds(), (visit.arrives_after + visit.stays).total_seconds())
        for member in members
        for visit in member.visits
    ]
    for member in members:
        if member.supply is not None:
            stays += member.supply.runs
    merged: list[tuple[float, float]] = []
    for arrives_s, leaves_s in sorted(stays):
        from_s, until_s = arrives_s - LEAD_S, leaves_s + TAIL_S
        if merged and from_s <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], until_s))
        else:
            merged.append((from_s, until_s))
    return merged
