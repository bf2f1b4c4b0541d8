"""What a strategy is measured by: energy, sun, cost, starts, messages, cuts, and overloads."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, override

from benchmarks.yearly.endings import Endings
from benchmarks.yearly.optimum import Stay
from benchmarks.yearly.trace import spare_power_w
from custom_components.ev_charger_pool.balancing.contract import Decision
from custom_components.ev_charger_pool.pool.members import (
    CircuitId,
    MemberId,
    Order,
    OrderKind,
    Urgency,
)
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.simulator.judge.overloads import OverloadJudge
from custom_components.ev_charger_pool.simulator.judge.truth import TOLERANCE_A, Spot, Truth
from custom_components.ev_charger_pool.simulator.judge.violations import Findings
from custom_components.ev_charger_pool.simulator.meters import MeterValue
from custom_components.ev_charger_pool.simulator.plant import Plant
from custom_components.ev_charger_pool.simulator.scenario import Scenario
from custom_components.ev_charger_pool.simulator.stage import Stage
from custom_components.ev_charger_pool.simulator.year.loop import Witness
from custom_components.ev_charger_pool.simulator.year.prices import Prices

USEFUL_START_WH: Final = 50.0
"""A start that brought less than this was for nothing, unless the car was full."""

_SECONDS_PER_HOUR: Final = 3_600.0

_CUT_BY: Final = frozenset(
    {ReasonKind.CIRCUIT, ReasonKind.STALE, ReasonKind.GENERATION, ReasonKind.SETTLING}
)
"""Reasons of a reduction that a fuse stands behind."""

_BEFORE_S: Final = 60.0
"""A cut is not spurious when a fuse carried too much so long before it,"""

_AFTER_S: Final = 60.0
"""or when somebody else was given more so soon after it."""


@dataclass(slots=True)
class Starts:
    """The starts of one connector."""

    at_s: list[float] = field(default_factory=list)
    energy_wh: list[float] = field(default_factory=list)

    def most_per_hour(self) -> int:
        """Return the most starts in any hour."""
        window: deque[float] = deque()
        most = 0
        for at_s in self.at_s:
            window.append(at_s)
            while window[0] <= at_s - 3_600.0:
                window.popleft()
            most = max(most, len(window))
        return most

    def for_nothing(self) -> int:
        """Return how many brought next to nothing."""
        return sum(energy < USEFUL_START_WH for energy in self.energy_wh)


class Accounts(Witness):
    """Measures one run; a witness of the loop.

    Attributes:
        delivered_wh: By the place of the stay.
        solar_wh: What of the sun's surplus did not flow out: what cars and battery took of it. What
            the battery gives later is not counted again.
        imported_wh: What members took of the grid: beyond the surplus, and beyond what the battery
            gave after it had supplied the house.
        cost: What it cost.
        plugged_s: Seconds in which a connector had a car, over all connectors.
        writes: Orders that change something at a device.
        messages: All orders, renewals among them.
        cuts: Reductions for a fuse, below what was drawn.
        spurious_cuts: Those that no true current asked for.
        contactor_operations: How often contactors closed or opened, over all connectors: closed is
            one whose station offers something to a car that wants it.
    """

    def __init__(
        self, stays: list[Stay], stage: Stage, overloads: Overloads, prices: Prices | None
    ) -> None:
        self.delivered_wh = [0.0] * len(stays)
        self.solar_wh = 0.0
        self.imported_wh = 0.0
        self.cost = 0.0
        self.plugged_s = 0.0
        self.writes = 0
        self.messages = 0
        self.cuts = 0
        self.spurious_cuts = 0
        self.contactor_operations = 0
        self.starts = {member: Starts() for member in stage.connectors}
        self._stage = stage
        self._overloads = overloads
        self._prices = prices
        self._closed = dict.fromkeys(stage.connectors, False)
        self._running = dict.fromkeys(stage.connectors, False)
        self._before_wh = dict.fromkeys(stage.devices, 0.0)
        self._stays: dict[MemberId, list[tuple[int, Stay]]] = {}
        for place, stay in enumerate(stays):
            self._stays.setdefault(stay.member, []).append((place, stay))
        self._doubtful: deque[tuple[float, MemberId]] = deque()

    @override
    def advance(self, now_s: float) -> None:
        """Take a second."""
        stage = self._stage
        taken_wh = 0.0
        for member, connector in stage.connectors.items():
            energy_wh = connector.energy_wh - self._before_wh[member]
            self._before_wh[member] = connector.energy_wh
            taken_wh += energy_wh
            self.plugged_s += connector.car_connected
            self._book(member, energy_wh, now_s)
            self._count_start(member, connector.amps, energy_wh, now_s)
            closed = connector.offered_a > 0.0 and connector.car_wants_energy
            self.contactor_operations += closed is not self._closed[member]
            self._closed[member] = closed
        for member, supply in stage.supplies.items():
            energy_wh = max(0.0, supply.energy_wh - self._before_wh[member])
            self._before_wh[member] = supply.energy_wh
            self.plugged_s += supply.on
            self._book(member, energy_wh, now_s)
        self._book_sun(stage.plant, taken_wh)
        if self._prices is not None and taken_wh:
            self.cost += taken_wh * self._prices.at(now_s - 1.0) / 1_000.0
        while self._doubtful and self._doubtful[0][0] <= now_s - _AFTER_S:
            self._doubtful.popleft()
            self.spurious_cuts += 1

    @override
    def heard(self, circuit: CircuitId, value: MeterValue, now_s: float) -> None:
        """What meters tell is not the truth."""

    @override
    def decided(self, decision: Decision, now_s: float) -> None:
        """Look for cuts, and for what they made room for."""
        raised = {order.member for order in decision.orders if order.urgency is Urgency.RAISE}
        if raised:
            self._doubtful = deque(item for item in self._doubtful if item[1] in raised)
        for order in decision.orders:
            device = self._stage.devices[order.member]
            if (
                order.urgency is Urgency.REDUCTION
                and order.grant.reason.kind in _CUT_BY
                and order.grant.current_a < device.draw_a - TOLERANCE_A
            ):
                self.cuts += 1
                if now_s - self._overloads.over_s > _BEFORE_S:
                    self._doubtful.append((now_s, order.member))

    @override
    def written(self, order: Order, now_s: float) -> None:
        """Count what goes to a device."""
        self.messages += 1
        self.writes += order.kind is not OrderKind.RENEW

    def _book_sun(self, plant: Plant, taken_wh: float) -> None:
        """Book what of a second's surplus stayed on the site, and what members imported."""
        spare_wh = spare_power_w(plant) / _SECONDS_PER_HOUR
        grid_wh = taken_wh + plant.battery_power_w / _SECONDS_PER_HOUR - spare_wh
        self.solar_wh += max(0.0, spare_wh) - max(0.0, -grid_wh)
        self.imported_wh += min(taken_wh, max(0.0, grid_wh))

    def _book(self, member: MemberId, energy_wh: float, now_s: float) -> None:
        for place, stay in self._stays.get(member, ()):
            if energy_wh and stay.from_s < now_s <= stay.until_s + 1.0:
                self.delivered_wh[place] += energy_wh
                return

    def _count_start(
        self,
        member: MemberId,
        amps: float,
        energy_wh: float,
        now_s: float,
    ) -> None:
        starts, running = self.starts[member], amps > 0.0
        if running and not self._running[member]:
            starts.at_s.append(now_s)
            starts.energy_wh.append(0.0)
        self._running[member] = running
        if energy_wh and starts.energy_wh:
            starts.energy_wh[-1] += energy_wh


class Overloads(Witness):
    """Judges true currents by I1b alone; a witness of the loop.

    Attributes:
        caused_as: Ampere-seconds above a limit, beyond the meter's noise, that were neither what
            others rose by since they could be known, nor a car's start by its station's default,
            nor what a device takes against its orders before SR-6's ladder could end it.
        over_as: All ampere-seconds above a limit, whoever caused them.
        over_s: When a limit was exceeded last.
        thermal_s: The largest thermal sum of any 10 minutes (I1b), in seconds.
        endings: How long overloads lasted.
    """

    def __init__(self, scenario: Scenario, stage: Stage) -> None:
        self.caused_as = 0.0
        self.over_as = 0.0
        self.over_s = -1e9
        self.thermal_s = 0.0
        self.findings = Findings()
        self._truth = Truth(scenario, stage.plant, stage.devices, stage.links)
        self._judge = OverloadJudge(self._truth, self.findings)
        self.endings = Endings(self._truth)

    @override
    def advance(self, now_s: float) -> None:
        """Judge the present second."""
        self._truth.advance(now_s)
        for spot in self._truth.spots:
            over_a = spot.total_a - spot.limit_a
            if over_a > 0.0:
                self.over_as += over_a
                self.over_s = now_s
                self.caused_as += self._caused_a(spot, now_s)
        self._judge.advance(now_s)
        self.endings.advance(now_s, self._truth.spots)
        self.thermal_s = max(self.thermal_s, *(spot.thermal.total for spot in self._truth.spots))

    @override
    def heard(self, circuit: CircuitId, value: MeterValue, now_s: float) -> None:
        """Take what the controller can know."""
        self._truth.knowledge[circuit].hear(value, now_s)

    @override
    def decided(self, decision: Decision, now_s: float) -> None:
        """Judge raises."""
        for order in decision.orders:
            if order.urgency is Urgency.RAISE:
                self._judge.raised(order.member, now_s)

    @override
    def written(self, order: Order, now_s: float) -> None:
        """What is written is seen in the devices."""

    def _caused_a(self, spot: Spot, now_s: float) -> float:
        """Return what of an overload the strategy is to blame for."""
        knowledge = self._truth.knowledge[spot.circuit]
        movable_a = spot.controllable_a(now_s, knowledge.reaction_s, blind=False)
        if movable_a <= TOLERANCE_A:
            return 0.0
        hidden_a = 0.0
        if knowledge.spec is not None:
            hidden_a = spot.other_a - spot.since_moving.since(knowledge.moving_s)
        devices_a = spot.excused_a(now_s, self._truth.decided_s, knowledge.reaction_s)
        excused_a = spot.error_a + spot.noise_a + hidden_a + devices_a
        return max(0.0, spot.total_a - spot.limit_a - excused_a)
