"""Everything the controller holds of one circuit."""

from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import Enum, auto
import math
from typing import Any, Final, NamedTuple

from ..pool.circuits import AverageStatus, Circuit, MeterReport
from ..pool.limits import Limit, LimitScope, LimitUnit
from ..pool.quantities import (
    LOWEST_VOLTAGE_V,
    NOMINAL_VOLTAGE_V,
    PHASES,
    PerPhase,
    Phase,
    PhaseValues,
    known,
)
from ..pool.readings import Reading
from ..pool.staleness import Staleness
from .answers import Answers
from .draws import draw_bounds, seen
from .estimator import LEAST_MARGIN_A, OtherLoad, Range
from .failsafe import reserved_for_others
from .generation import TRIP_FACTOR, gross_load
from .history import LoadHistory
from .imbalance import Balance, balance_of
from .policies import Ceilings
from .seats import MOST_PENDING, Seat
from .silent import SilentMembers
from .trust import Trust
from .windows import AverageKeeper
from .wiring import NO_FLOW, UNLIMITED, WATTS, Lanes, each

HIGHEST_VOLTAGE_V: Final = 1.1 * NOMINAL_VOLTAGE_V
"""Nominal plus 10 %, EN 50160: an export in watts is turned into the fewest amps."""

CONFIRMED_S: Final = 6.0
"""After this the samples that follow a meter's value are in: devices report every 5 s (SR-9)."""


class Bounds(NamedTuple):
    """The least limits of one scope on a circuit."""

    amps: Limit | None
    watts: Limit | None

    def of(self, phase: Phase | None) -> Limit | None:
        """Return the limit on a phase, or the one in watts."""
        return self.watts if phase is None else self.amps


def _lanes_of(bounds: Bounds) -> Lanes:
    """Return limits as lanes."""
    amps = math.inf if bounds.amps is None else bounds.amps.value
    return (amps, amps, amps, math.inf if bounds.watts is None else bounds.watts.value)


def _plus(one: Lanes, other: Lanes) -> Lanes:
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3])


def _on_each(watts: float, voltage_v: float) -> Lanes:
    """Return a power as if all of it flowed on each single phase."""
    amps = watts / voltage_v
    return (amps, amps, amps, watts)


class _Measures(Enum):
    """What a meter's newest report was in."""

    CURRENT = auto()
    POWER = auto()
    TOTAL = auto()


class Branch:
    """One circuit with its meter, its estimate, and the members below it."""

    def __init__(
        self, circuit: Circuit, position: int, voltage_v: float, zone: tzinfo = UTC
    ) -> None:
        self.position = position
        self.voltage_v = voltage_v
        self.circuit = circuit
        self.seats: list[Seat] = []
        self.staleness = Staleness()
        self.pending: deque[MeterReport] = deque(maxlen=MOST_PENDING)
        self.history = LoadHistory()
        self.other = OtherLoad(circuit.meter_resolution_a, voltage_v)
        self.load: Lanes | None = None
        self.load_s = float("-inf")
        """When the newest load was taken, by the meter's time or arrival less lag."""
        self._kind = _Measures.CURRENT
        self._unconfirmed: deque[tuple[float, Lanes]] = deque()
        self._silent = SilentMembers()
        self.ceiling: Lanes = UNLIMITED
        self.member_limits = self.connection_limits = Bounds(amps=None, watts=None)
        self.committed: Lanes = NO_FLOW
        self.granted: Lanes = NO_FLOW
        self.is_stale = circuit.metered
        self.trust = Trust()
        self.answers = [
            Answers(circuit.meter_lag_s, max(LEAST_MARGIN_A, circuit.meter_resolution_a))
            for _ in range(WATTS)
        ]
        self.reserved_a: PhaseValues = reserved_for_others(circuit)
        self.average: AverageKeeper | None = None
        self.average_status: AverageStatus | None = None
        self.pace = self.hold = UNLIMITED
        """What the average limit lets raises go up to, and holds members to."""
        self.balance: Balance | None = None
        self.configure(circuit, position, voltage_v, zone)

    def configure(
        self, circuit: Circuit, position: int, voltage_v: float, zone: tzinfo = UTC
    ) -> None:
        """Take settings; what is known of the circuit stays."""
        if circuit.metered != self.circuit.metered:
            self.staleness = Staleness()
            self.other = OtherLoad(circuit.meter_resolution_a, voltage_v)
            self.load = None
            self._unconfirmed.clear()
        if (circuit.metered, circuit.meter) != (self.circuit.metered, self.circuit.meter):
            self.trust = Trust()
        self.circuit = circuit
        self.position = position
        self.voltage_v = voltage_v
        self.other.resolution_a = circuit.meter_resolution_a
        self.fuse: Lanes = (*circuit.limit_a, circuit.limit_w or math.inf)
        self.limit = self.fuse
        self.seats = []
        self._configure_average(zone)
        self.balance = balance_of(circuit, self.balance)
        # What the meter showed was compared with the members of then.
        self.load = None
        self.reserve()

    def _configure_average(self, zone: tzinfo) -> None:
        limit = self.circuit.average
        if limit is None:
            self.average = self.average_status = None
            self.pace = self.hold = UNLIMITED
        elif self.average is None:
            self.average = AverageKeeper(self.circuit.id, limit, zone)
        else:
            self.average.configure(limit, zone)

    def reserve(self) -> None:
        """Renew what is kept for others, by the history of 14 days (SR-1)."""
        self.reserved_a = reserved_for_others(self.circuit, self.history.most_a)
        # What nobody measures is taken to be half of what may flow, of a lowered fuse as well.
        l1, l2, l3, _ = self.limit
        lowered = replace(self.circuit, limit_a=PerPhase(l1, l2, l3))
        others_a = reserved_for_others(lowered, self.history.most_a)
        self.reserved: Lanes = (*others_a, sum(others_a) * self.voltage_v)

    def bind(self, ceilings: Ceilings, now: datetime) -> None:
        """Take the limits that bind the members below, or all that flows here (SR-15)."""
        self.member_limits = self._bounds(ceilings, LimitScope.MEMBERS, now)
        self.ceiling = _lanes_of(self.member_limits)
        self.connection_limits = self._bounds(ceilings, LimitScope.CONNECTION, now)
        limit = each(min, self.fuse, _lanes_of(self.connection_limits))
        if limit != self.limit:
            self.limit = limit
            self.reserve()

    def _bounds(self, ceilings: Ceilings, scope: LimitScope, now: datetime) -> Bounds:
        circuit = self.circuit.id
        return Bounds(
            amps=ceilings.of_circuit(circuit, scope, LimitUnit.CURRENT, now),
            watts=ceilings.of_circuit(circuit, scope, LimitUnit.POWER, now),
        )

    def limit_that_binds(self, phase: Phase | None) -> Limit | None:
        """Return the limit that binds here before the fuse does, None when the fuse does."""
        lane = WATTS if phase is None else phase.position
        connection = self.connection_limits.of(phase)
        bound = connection if self.limit[lane] < self.fuse[lane] else None
        together = self.member_limits.of(phase)
        left = self.limit[lane] - self.margin(lane) - self.other_now()[lane]
        return together if together is not None and together.value <= left else bound

    def keep_average(self, now_s: float) -> None:
        """Renew what the average limit allows; without a meter, what may flow counts."""
        keeper = self.average
        if keeper is None:
            return
        other_w = self.other_now()[WATTS]
        if not self.circuit.metered:
            keeper.measure(now_s, other_w + self.committed[WATTS], other_w)
        keeper.expect(self.committed[WATTS])
        running = (
            seat.least_a * len(seat.used) * self.voltage_v
            for seat in self.seats
            if seat.granted_a > 0.0
        )
        allowed = keeper.allow(now_s, other_w, min(running, default=None))
        self.pace = (math.inf, math.inf, math.inf, allowed.raise_w)
        self.hold = (math.inf, math.inf, math.inf, allowed.hold_w)
        self.average_status = keeper.status(now_s, allowed.raise_w)

    def is_held_by_average(self) -> bool:
        """Whether the average limit binds the members here before any other limit in watts."""
        held_w = min(self.pace[WATTS], self.hold[WATTS])
        left_w = held_w - self.margin(WATTS) - self.other_now()[WATTS]
        return held_w < self.limit[WATTS] and left_w < self.ceiling[WATTS]

    def measure(self, now_s: float) -> None:
        """Take the meter reports that came, and confirm those whose samples are in by now."""
        for report in self.pending:
            self._take(report)
        self.pending.clear()
        confirmed = False
        while self._unconfirmed and self._unconfirmed[0][0] <= now_s - CONFIRMED_S:
            past_s, past_load = self._unconfirmed.popleft()
            self.other.confirm(past_load, self._range(past_s))
            confirmed = True
        if confirmed and self.load is not None:
            self.other.renew(self.load, self._range(self.load_s))

    def check(self, now: datetime) -> None:
        """See whether the meter is still to be trusted (SR-10)."""
        self.is_stale = self.circuit.metered and (
            not self.staleness.is_fresh(now)
            or self.is_stuck
            or self.trust.is_doubted(now.timestamp())
        )

    @property
    def is_stuck(self) -> bool:
        """Whether its meter stands still while the pool makes steps."""
        return any(answer.stuck for answer in self.answers)

    def expect_step(self, seat: Seat, now_s: float) -> None:
        """Note that a member was told another grant: the meter has to show it (SR-10)."""
        drawn = self.drawn()
        for position in seat.used:
            self.answers[position].order(now_s, drawn[position])
        if self.load is not None:
            self._silent.told(seat, self.load, self.seats)

    def watch_steps(self, now_s: float) -> None:
        """See by the members' samples whether a step was made that the meter has to show."""
        if not any(answer.waits for answer in self.answers):
            return
        for answer, drawn_a in zip(self.answers, self.drawn(), strict=True):
            answer.draw(now_s, drawn_a, self._known_before)

    def _known_before(self, ordered_s: float) -> float:
        """Return until when the draws were known that changed after an order."""
        return min(
            (
                seat.samples.before(ordered_s)
                for seat in self.seats
                if seat.samples.newest_s > ordered_s
            ),
            default=ordered_s,
        )

    @property
    def counted_times(self) -> int:
        """How often what flows is told: of a total each phase has all of it."""
        return WATTS if self._kind is _Measures.TOTAL else 1

    def drawn(self) -> tuple[float, float, float]:
        """Return what members draw by their newest samples; where a total tells, all of it."""
        l1 = l2 = l3 = 0.0
        for seat in self.seats:
            newest = seat.samples.newest
            if newest is not None:
                l1, l2, l3 = l1 + newest[0], l2 + newest[1], l3 + newest[2]
        if self._kind is _Measures.TOTAL:
            return (l1 + l2 + l3,) * 3
        return l1, l2, l3

    def other_now(self) -> Lanes:
        """Return what others take by the newest estimate; without a meter, what is reserved."""
        now = self.other.now
        return self.reserved if now is None else self._stretched(now)

    def other_at_worst(self) -> Lanes:
        """Return the most that others may take: nobody who was raised followed that yet."""
        near, worst = self.other.near, self.other.worst
        if near is None or worst is None:
            return self.reserved
        return self._stretched(each(max, near, worst))

    def other_lately(self, now_s: float) -> Lanes:
        """Return the most that others took in the last 60 s, or may take now."""
        most, worst, now = self.other.recent_most(now_s), self.other.worst, self.other.now
        if most is None or worst is None or now is None:
            return self.reserved
        return self._stretched(each(max, each(max, most, worst), now))

    def margin(self, lane: int) -> float:
        """Return what a raise leaves free; what is reserved without a meter is no measurement."""
        return self.other.margin(lane) if self.circuit.metered else 0.0

    def _take(self, report: MeterReport) -> None:
        """Take one report: currents rule, then the phases' powers, then the total."""
        total = report.total_power_w
        if report.current_a is not None:
            self._kind = _Measures.CURRENT
            amps = known(report.current_a.value)
            watts = sum(amps) * self.voltage_v if total is None else total.value
            self._estimate(report.current_a, (*amps, watts))
        elif report.power_w is not None:
            self._kind = _Measures.POWER
            powers = known(report.power_w.value)
            amps = powers.map(lambda watts: watts / self.voltage_v)
            self._estimate(report.power_w, (*amps, sum(powers)))
        elif total is not None:
            self._kind = _Measures.TOTAL
            each_a = total.value / self.voltage_v
            self._estimate(total, (each_a, each_a, each_a, total.value))

    def _estimate(self, reading: Reading[Any], load: Lanes) -> None:
        """Renew the estimate with a meter's values."""
        self.staleness.hear(reading.arrived_at)
        arrived_s = reading.arrived_at.timestamp()
        for answer, value_a in zip(self.answers, load[:WATTS], strict=True):
            if self.staleness.fresh_values == 0:
                answer.fall_silent()
            answer.measure(arrived_s, value_a)
        lag_s = max(answer.lag_s for answer in self.answers)
        taken_at = reading.taken_at(timedelta(seconds=lag_s))
        at_s = min(taken_at.timestamp(), arrived_s)
        self.load, self.load_s = load, at_s
        self.other.update(arrived_s, load, self._range(at_s))
        self._unconfirmed.append((at_s, load))
        if self.average is not None:
            self.average.measure(at_s, load[WATTS], self.other_now()[WATTS])
        self.history.take(reading.arrived_at, self.other_now())
        if self._kind is _Measures.TOTAL:
            self._silent.bound(at_s, load, self.seats)
        else:
            self._silent.settle(at_s, load, self.seats, self.circuit.meter_resolution_a)

    def highs(self) -> list[Lanes]:
        """Return the most that each member drew when the newest load was taken.

        Who was told less only since then may have drawn all that it had: the next load shows it.
        """
        return [
            draw_bounds(seat, self.load_s)[1]
            if seat.account.moved_s > self.load_s
            else seen(seat, self.load_s).most
            for seat in self.seats
        ]

    def _range(self, at_s: float) -> Range:
        """Return what members drew at a meter's time."""
        least = most = allowed = sure = NO_FLOW
        for seat in self.seats:
            low, high = draw_bounds(seat, at_s)
            least, most = _plus(least, low), _plus(most, high)
            allowed = _plus(allowed, each(max, seat.granted, high))
            if seat.account.offline_s is None:
                # Who went away may have stopped with it: its draw may be others' by now.
                sure = _plus(sure, seen(seat, at_s).least)
        drawn = Range(least, most, allowed, sure)
        if self._kind is not _Measures.TOTAL:
            return drawn
        # All that flows may be on any one phase, members' draws as well (SR-10).
        return Range(*(_on_each(lanes[WATTS], self.voltage_v) for lanes in drawn))

    def room_at_trip(self, lane: int, other_a: float, generation_a: PhaseValues) -> float:
        """Return what members may have together so that the fuse holds when inverters trip (SR-3).

        Args:
            lane: A phase; watts have no fuse, and are without end.
            other_a: What others take there, generation counted as negative load.
            generation_a: The most that all generation may feed into each phase.
        """
        fed_in_a = 0.0 if lane == WATTS else generation_a[PHASES[lane]]
        # Generation hides load where it feeds the site, or shows by its export.
        if fed_in_a <= 0.0 or (self.circuit.parent is not None and other_a >= 0.0):
            return math.inf
        known = self.history.most_a
        known_most_a = None if known is None else known[PHASES[lane]]
        return TRIP_FACTOR * self.fuse[lane] - gross_load(other_a, fed_in_a, known_most_a)

    def is_held_for_trip(self, phase: Phase, generation_a: PhaseValues, now_s: float) -> bool:
        """Whether generation that may trip binds the members here before all else does."""
        lane = phase.position
        other_a = self.other_lately(now_s)[lane]
        room_a = self.room_at_trip(lane, other_a, generation_a)
        left_a = self.limit[lane] - self.margin(lane) - other_a
        return room_a < min(left_a, self.ceiling[lane])

    def is_over(self, lane: int) -> bool:
        """Whether the newest reading shows more in a lane than may flow there."""
        return not self.is_stale and self.flow(lane) > self.limit[lane]

    def flow(self, lane: int) -> float:
        """Return what surely flows in a lane by the newest reading, 0 before the first.

        Of a total it is the third that one of the phases carries at least.
        """
        if self.load is None:
            return 0.0
        if lane == WATTS or self._kind is not _Measures.TOTAL:
            return self.load[lane]
        return self.load[lane] / sum(amps > 0.0 for amps in self.fuse[:WATTS])

    @property
    def phase_load(self) -> Lanes | None:
        """What flows by the meter where it tells each phase, else None."""
        return None if self._kind is _Measures.TOTAL else self.load

    def _stretched(self, other: Lanes) -> Lanes:
        """Return an estimate with watts turned into the most amps that they may be."""
        if self._kind is _Measures.CURRENT:
            return other
        dear = self.voltage_v / LOWEST_VOLTAGE_V
        cheap = self.voltage_v / HIGHEST_VOLTAGE_V
        l1, l2, l3 = (amps * (dear if amps > 0.0 else cheap) for amps in other[:WATTS])
        return (l1, l2, l3, other[WATTS])
