"""What a decision owes by the numbers that the controller itself had: I1a, I2 to I4, I6 to I8."""

from collections import deque
from collections.abc import Sequence
import math
from typing import Final

from ...balancing.contract import Decision, ProblemKind
from ...pool.circuits import CircuitStatus
from ...pool.limits import Limit, LimitUnit
from ...pool.members import CircuitId, MemberId, MemberReport, MemberStatus, Order, OrderKind
from ...pool.quantities import LOWEST_VOLTAGE_V, NOMINAL_VOLTAGE_V, PHASES, known
from ...pool.reasons import ReasonKind
from ...pool.states import ConnectorState
from ..devices import Station
from ..meters import MeterKind, MeterValue
from ..scenario import Scenario, above
from .truth import TOLERANCE_A, MemberTruth, Spot, Truth
from .violations import Findings, Rule

ROUNDING_A: Final = 0.051
"""Grants have steps; this is no breach."""

LONGEST_ALLOWANCE_S: Final = 30.0
SHORTEST_ALLOWANCE_S: Final = 5.0
"""SR-10: three times the 95th percentile of a meter's interval, within these."""

IMPLAUSIBLE: Final = 10.0
"""A current of more than this many times the fuse is no measurement."""

RESTART_S: Final = 30.0
"""SR-11: after a start only what was persisted is renewed for this long."""

STARTS_APART_S: Final = 10.0
"""SR-13."""

_KIND_TO_AMPS: Final = {MeterKind.CURRENTS: 1.0, MeterKind.POWERS: 1.0 / NOMINAL_VOLTAGE_V}


class MemberBook:
    """What the judge remembers of a member's grants and reports."""

    __slots__ = (
        "above_since_s",
        "changes",
        "granted_a",
        "ordered_s",
        "persisted_a",
        "report",
        "starting",
    )

    def __init__(self) -> None:
        self.report: MemberReport | None = None
        self.granted_a = 0.0
        self.ordered_s = -1e9
        self.changes: deque[tuple[float, float]] = deque()
        """Times with the grant that ended then."""
        self.persisted_a = 0.0
        self.above_since_s: float | None = None
        """Since when it reports to draw more than it was granted."""
        self.starting = False
        """Whether it was let start from 0 and has not settled since."""

    @property
    def told_a(self) -> float:
        """The draw that was reported last; what was not reported is in the other load."""
        if self.report is None or self.report.current is None:
            return 0.0
        return max(known(self.report.current.value))

    def largest_since(self, start_s: float) -> float:
        """Return the largest grant that was in force since a time."""
        while self.changes and self.changes[0][0] < start_s:
            self.changes.popleft()
        return max((value for _, value in self.changes), default=self.granted_a)


class DecisionJudge:
    """Judges decisions by what had been told to the controller."""

    def __init__(self, scenario: Scenario, truth: Truth, findings: Findings) -> None:
        self._truth = truth
        self._findings = findings
        self._circuits = {circuit.id: circuit for circuit in scenario.site.circuits}
        self._paths = {
            circuit.id: above(scenario.site.circuits, circuit.id)
            for circuit in scenario.site.circuits
        }
        self._meters = {meter.circuit: meter for meter in scenario.plant.meters}
        self._newest: dict[CircuitId, tuple[float, MeterValue]] = {}
        self._sensible_s: dict[CircuitId, float] = {}
        self._fresh: set[CircuitId] = set()
        self._limits: Sequence[Limit] = ()
        self._restarted_s = -1e9
        self._without_watchdog: set[MemberId] = set()
        self._supply_started_s = -1e9
        self._supply_started = ""
        self._reserved = {
            circuit.id: circuit.other_load_max_a for circuit in scenario.site.circuits
        }
        self._books = {member: MemberBook() for member in truth.members}

    # What the controller is told

    def heard(self, circuit: CircuitId, value: MeterValue, now_s: float) -> None:
        """Take that the controller heard a meter."""
        self._newest[circuit] = (now_s, value)
        if self._plausible(circuit, value):
            self._sensible_s[circuit] = now_s
        self._fresh.add(circuit)

    def reported(self, report: MemberReport, now_s: float) -> None:
        """Take that the controller heard a device."""
        book = self._books[report.member]
        book.report = report
        if book.told_a <= book.granted_a + 2.0 * TOLERANCE_A:
            book.above_since_s = None
        elif book.above_since_s is None:
            book.above_since_s = now_s

    def limited(self, limits: Sequence[Limit]) -> None:
        """Take the ceilings that the controller was told."""
        self._limits = limits

    def restarted(self, now_s: float, persisted: dict[MemberId, float]) -> None:
        """Take that a new controller started with what was persisted."""
        self._restarted_s = now_s
        self._newest.clear()
        self._sensible_s.clear()
        for member, book in self._books.items():
            book.persisted_a = persisted.get(member, 0.0)
            book.report = None

    # What it decides

    def decided(self, decision: Decision, now_s: float) -> list[MemberId]:
        """Judge a decision.

        Returns:
            The members that it raises.
        """
        raised = [order.member for order in decision.orders if self._ordered(order, now_s)]
        self._without_watchdog = {
            problem.subject
            for problem in decision.problems
            if problem.kind is ProblemKind.NO_WATCHDOG
        }
        risen = [self._truth.members[member] for member in raised]
        for member, status in decision.members.items():
            self._status(member, status, now_s)
        for spot in self._truth.spots:
            status_of = decision.circuits[spot.circuit]
            self._i1a(spot, status_of, decision, risen, now_s)
            if spot.circuit in self._fresh:
                self._i2(spot, decision, now_s)
            self._frozen_safe(spot, decision, now_s)
        self._fresh.clear()
        self._circuit_limits(decision, now_s)
        for member in raised:
            self._i4(member, now_s)
            self._phases(decision.members[member], now_s)
        return raised

    def _ordered(self, order: Order, now_s: float) -> bool:
        """Judge an order; return whether it raises its member."""
        book = self._books[order.member]
        member = self._truth.members[order.member]
        grant = order.grant
        self._i3(order, member, now_s)
        before_a, after_a = book.granted_a, grant.current_a
        if order.kind in {OrderKind.STOP, OrderKind.DISABLE}:
            after_a = 0.0
        elif order.kind is OrderKind.START:
            return False
        book.starting = after_a > 0.0 and (book.starting or before_a == 0.0)
        if after_a != before_a:
            book.changes.append((now_s, before_a))
            book.granted_a = after_a
            book.ordered_s = now_s
        if now_s - self._restarted_s < RESTART_S:
            most_a = max(book.persisted_a, member.settings.fail_safe_a)
            if after_a > most_a + ROUNDING_A:
                self._tell(
                    Rule.SR11,
                    now_s,
                    order.member,
                    f"granted {after_a:.1f} A within 30 s of a restart, persisted {most_a:.1f} A",
                )
        raises = after_a > before_a + 1e-6
        if raises and before_a == 0.0 and not isinstance(member.device, Station):
            self._supply_starts(order.member, now_s)
        return raises

    def _i3(self, order: Order, member: MemberTruth, now_s: float) -> None:
        settings, current_a = member.settings, order.grant.current_a
        if not math.isfinite(current_a) or current_a < 0.0:
            legal = False
        elif current_a == 0.0:
            legal = True
        else:
            steps = current_a / settings.step_a
            legal = (
                settings.min_current_a - 1e-6 <= current_a <= settings.max_current_a + 1e-6
                and abs(steps - round(steps)) < 1e-4  # noqa: PLR2004 - what floats leave over
            )
        if not legal:
            self._tell(
                Rule.I3,
                now_s,
                order.member,
                f"ordered {current_a} A, allowed 0 or {settings.min_current_a} to"
                f" {settings.max_current_a} A in steps of {settings.step_a} A",
            )
        watts = order.grant.power_w
        if settings.watts_per_amp is not None and (
            watts is None or watts > current_a * settings.watts_per_amp + 1.0
        ):
            self._tell(
                Rule.SR13,
                now_s,
                order.member,
                f"{watts} W are not paid for by {current_a} A",
            )

    def _supply_starts(self, member: MemberId, now_s: float) -> None:
        if self._supply_started != member and now_s - self._supply_started_s < STARTS_APART_S:
            self._tell(
                Rule.SR13,
                now_s,
                member,
                f"started {now_s - self._supply_started_s:.0f} s after {self._supply_started}",
            )
        self._supply_started, self._supply_started_s = member, now_s

    def _status(self, member: MemberId, status: MemberStatus, now_s: float) -> None:
        book = self._books[member]
        truth = self._truth.members[member]
        report = book.report
        if (
            report is not None
            and report.online
            and report.state in {ConnectorState.IDLE, ConnectorState.ERROR}
            and status.granted_a > 0.0
        ):
            self._tell(
                Rule.I7, now_s, member, f"granted {status.granted_a:.1f} A while {report.state}"
            )
        if not truth.in_trouble(now_s) and truth.plugged:
            held_a = max(
                [truth.device.obedient_a]
                + [
                    order.grant.current_a
                    for order in truth.link.pending
                    if order.member == member and order.kind is not OrderKind.START
                ]
            )
            if held_a > status.commitment_a + ROUNDING_A:
                self._tell(
                    Rule.SR2,
                    now_s,
                    member,
                    f"may draw {held_a:.1f} A, committed are {status.commitment_a:.1f} A",
                )
        if status.settled and book.ordered_s < now_s:
            book.starting = False
        for limit in self._limits:
            if limit.member == member:
                most_a = (
                    limit.value
                    if limit.unit is LimitUnit.CURRENT
                    else limit.value / LOWEST_VOLTAGE_V
                )
                if status.granted_a > most_a + ROUNDING_A:
                    self._tell(
                        Rule.I6,
                        now_s,
                        member,
                        f"granted {status.granted_a:.1f} A above {limit.value} {limit.unit}",
                    )

    def _circuit_limits(self, decision: Decision, now_s: float) -> None:
        for limit in self._limits:
            if limit.circuit is None or limit.unit is not LimitUnit.CURRENT:
                continue
            for spot in self._truth.spots:
                if spot.circuit != limit.circuit:
                    continue
                phase = PHASES[spot.phase]
                movable = bound = 0.0
                for member in spot.members:
                    status = decision.members[member.id]
                    if phase not in status.used_phases:
                        continue
                    if self._movable(member, now_s):
                        movable += status.granted_a
                    else:
                        bound += status.granted_a
                if movable > ROUNDING_A and movable + bound > limit.value + ROUNDING_A:
                    self._tell(
                        Rule.I6,
                        now_s,
                        spot.name,
                        f"members are granted {movable + bound:.1f} A, limit {limit.id} is"
                        f" {limit.value:.1f} A",
                    )

    def _movable(self, member: MemberTruth, now_s: float) -> bool:
        """Whether the controller can be expected to move a member: it is heard and obeys."""
        report = self._books[member.id].report
        return report is not None and report.online and not member.in_trouble(now_s)

    def _i1a(
        self,
        spot: Spot,
        status: CircuitStatus,
        decision: Decision,
        raised: Sequence[MemberTruth],
        now_s: float,
    ) -> None:
        """Commitments and other load, or what will be left of them, are within the limit.

        Commitments gate raises and the estimator decides cuts (SR-9), so there are two halves. A
        decision that raises somebody has all commitments and the other load within the limit; a
        member that starts counts with its grant in this decision, and with its ceiling until it
        has settled in all that follow (else no two cars could ever start behind one fuse).
        Every decision has what will be left within it, SR-9's noise aside: the other load, the
        newest grants, and of those that cannot be moved (out of reach, or in trouble) the draw that
        they reported if that is more. Else everybody who can be moved is at the floor. A member that is lost, and
        whose commitment rises to its ceiling for that (SR-2), so blocks every raise, but does not
        cost the others what the meter shows to be free.
        """
        if now_s - self._restarted_s < RESTART_S:
            return
        phase = PHASES[spot.phase]
        other_a = status.other_a[phase]
        committed_a = status.committed_a[phase]
        gate_a = committed_a
        concerned = False
        for member in raised:
            held = decision.members[member.id]
            if member in spot.members and phase in held.used_phases:
                concerned = True
                if self._books[member.id].starting:
                    own_a = max(held.granted_a, self._startable_a(member, now_s))
                    gate_a -= max(0.0, held.commitment_a - own_a)
        if concerned and gate_a + other_a > spot.limit_a + ROUNDING_A:
            self._tell(
                Rule.I1A,
                now_s,
                spot.name,
                f"{', '.join(member.id for member in raised)} raised though {gate_a:.1f} A are"
                f" committed then and others take {other_a:.1f} A of {spot.limit_a:.1f} A",
            )
        allowed_a = spot.limit_a + spot.noise_a
        if committed_a + other_a <= allowed_a or self._told_nonsense(spot.circuit):
            return
        future_a = other_a
        at_floor = True
        for member in spot.members:
            held = decision.members[member.id]
            if phase not in held.used_phases:
                continue
            if self._movable(member, now_s):
                future_a += held.granted_a
                floor_a = member.settings.fail_safe_a if status.stale else 0.0
                at_floor = at_floor and held.granted_a <= floor_a + ROUNDING_A
            elif member.on_phase[spot.phase]:
                moving = self._in_motion(member, spot, now_s)
                told_a = 0.0 if moving else self._books[member.id].told_a
                future_a += max(held.granted_a, told_a)
        if future_a > allowed_a and not at_floor:
            self._tell(
                Rule.I1A,
                now_s,
                spot.name,
                f"committed {committed_a:.1f} A and other {other_a:.1f} A above"
                f" {spot.limit_a:.1f} A, and the newest grants leave {future_a:.1f} A",
            )

    def _startable_a(self, member: MemberTruth, now_s: float) -> float:
        """Return what a member that starts may draw, as far as the controller can know.

        The limits in force and on their way; of a device in trouble the draw that it reported:
        what it began to take in this second cannot have been told yet.
        """
        if member.in_trouble(now_s):
            return self._books[member.id].told_a
        return member.potential_a(now_s)

    def _i2(self, spot: Spot, decision: Decision, now_s: float) -> None:
        """What a fresh reading shows to be too much is ordered away in the same decision.

        A member that is not settled counts with what it may be on its way down from (SR-9), on
        every phase that the controller has to take for its.
        """
        value = self._newest[spot.circuit][1]
        meter = self._meters[spot.circuit]
        factor = _KIND_TO_AMPS.get(meter.kind)
        measured = list(value.values)[spot.phase]
        if factor is None or measured is None or not self._honest(spot.circuit, value):
            return
        expected_a = measured * factor
        allowed_a = spot.limit_a + spot.noise_a + spot.error_a
        if expected_a <= allowed_a or now_s - self._restarted_s < RESTART_S:
            return
        movable_a = 0.0
        for member in spot.members:
            held = decision.members[member.id]
            if PHASES[spot.phase] not in held.used_phases:
                continue
            book = self._books[member.id]
            settle_s = member.settings.settle.total_seconds()
            most_a = 0.0 if held.settled else held.commitment_a
            if self._in_motion(member, spot, now_s):
                most_a = max(
                    most_a,
                    book.largest_since(value.measured_s - settle_s),
                    member.draw_a if member.on_phase[spot.phase] else 0.0,
                )
            expected_a -= max(0.0, most_a - book.granted_a)
            if self._movable(member, now_s) and member.draw_a > TOLERANCE_A:
                movable_a += book.granted_a
        if expected_a > allowed_a and movable_a > TOLERANCE_A:
            self._tell(
                Rule.I2,
                now_s,
                spot.name,
                f"{measured * factor:.1f} A were measured, {spot.limit_a:.1f} A are allowed;"
                f" with everything that is ordered {expected_a:.1f} A are left, and members that"
                f" draw keep {movable_a:.1f} A",
            )

    def _moving_s(self, member: MemberTruth, spot: Spot) -> float:
        """Return how long after an order a member's draw may not show it."""
        settle_s = member.settings.settle.total_seconds()
        return settle_s + self._truth.knowledge[spot.circuit].reaction_s

    def _in_motion(self, member: MemberTruth, spot: Spot, now_s: float) -> bool:
        """Whether its draw may still be on its way to its grant.

        That an order was refused, lost or is ignored shows after this time, too (SR-6).
        """
        book = self._books[member.id]
        since_s = max(book.ordered_s, book.above_since_s or book.ordered_s)
        return now_s - since_s <= self._moving_s(member, spot)

    def _told_nonsense(self, circuit: CircuitId) -> bool:
        """Whether the newest value of a circuit's meter is wrong."""
        newest = self._newest.get(circuit)
        return newest is not None and not self._honest(circuit, newest[1])

    def _honest(self, circuit: CircuitId, value: MeterValue) -> bool:
        return not any(
            fault.from_s <= value.measured_s < fault.until_s
            for fault in self._meters[circuit].faults
        )

    def _i4(self, member: MemberId, now_s: float) -> None:
        """A reading that is there, plausible and not stale stands behind a raise."""
        report = self._books[member].report
        if report is None or not report.online:
            self._tell(Rule.I4, now_s, member, "raised though it is not heard of")
        for circuit in self._paths[self._truth.members[member].settings.circuit]:
            meter = self._meters.get(circuit)
            if meter is None:
                continue
            slowest_s = meter.interval_s + meter.jitter_s + 1.0
            allowance_s = min(max(SHORTEST_ALLOWANCE_S, 3.0 * slowest_s), LONGEST_ALLOWANCE_S)
            sensible_s = self._sensible_s.get(circuit)
            if sensible_s is None:
                self._tell(Rule.I4, now_s, member, f"raised before {circuit} was ever measured")
            elif now_s - sensible_s > allowance_s + 1.0:
                self._tell(
                    Rule.I4,
                    now_s,
                    member,
                    f"raised though the newest plausible reading of {circuit} is"
                    f" {now_s - sensible_s:.0f} s old; now it tells"
                    f" {self._newest[circuit][1].values}",
                )

    def _plausible(self, circuit: CircuitId, value: MeterValue) -> bool:
        kind = self._meters[circuit].kind
        limit_a = max(self._circuits[circuit].limit_a)
        most = IMPLAUSIBLE * limit_a * (1.0 if kind is MeterKind.CURRENTS else NOMINAL_VOLTAGE_V)
        values = [value.values.l1] if kind is MeterKind.TOTAL else list(value.values)
        limits = list(self._circuits[circuit].limit_a)
        return all(
            item is not None and math.isfinite(item) and abs(item) <= most
            for item, limit in zip(values, limits, strict=False)
            if limit > 0.0
        )

    def _phases(self, status: MemberStatus, now_s: float) -> None:
        """SR-12: who is raised is counted on every phase that its car uses."""
        member = self._truth.members[status.member]
        if member.draw_a <= TOLERANCE_A or member.in_trouble(now_s):
            return
        for index, drawing in enumerate(member.on_phase):
            if drawing and PHASES[index] not in status.used_phases:
                self._tell(
                    Rule.SR12,
                    now_s,
                    status.member,
                    f"raised while its draw on {PHASES[index]} is not counted",
                )

    def _frozen_safe(self, spot: Spot, decision: Decision, now_s: float) -> None:
        """SR-5: what nobody takes back fits beside the fail-safes and the most other load.

        A lease that the controller saw fail is none (SR-8), and it says so.
        """
        reserved = self._reserved[spot.circuit]
        if reserved is None:
            return
        phase = PHASES[spot.phase]
        held_a = 0.0
        frozen = False
        for member in spot.members:
            settings, status = member.settings, decision.members[member.id]
            untrusted = (
                settings.lease is None
                or member.id in self._without_watchdog
                or status.limited_by.kind is ReasonKind.LEASE
            )
            if untrusted and not settings.may_freeze:
                if phase in status.used_phases:
                    held_a += status.granted_a
                    frozen = frozen or status.granted_a > 0.0
            else:
                held_a += settings.fail_safe_a
        if frozen and held_a + reserved[phase] > spot.limit_a + ROUNDING_A:
            self._tell(
                Rule.SR5,
                now_s,
                spot.name,
                f"{held_a:.1f} A stay if everything freezes, beside {reserved[phase]:.1f} A of"
                f" others, limit {spot.limit_a:.1f} A",
            )

    def _tell(self, rule: Rule, now_s: float, subject: str, text: str) -> None:
        self._findings.add(rule, now_s, subject, text)
