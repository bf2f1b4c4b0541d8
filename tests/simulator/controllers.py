"""Controllers to check the judge with: a careful one, and careless ones that break one rule each."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from custom_components.ev_charger_pool.balancing.contract import (
    Decision,
    OutOfTime,
    SiteSettings,
)
from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.circuits import (
    CircuitRecord,
    CircuitStatus,
    MeterReport,
    ResourceReport,
    WindowRecord,
)
from custom_components.ev_charger_pool.pool.limits import Limit, LimitUnit
from custom_components.ev_charger_pool.pool.members import (
    CircuitId,
    Grant,
    MemberId,
    MemberKind,
    MemberRecord,
    MemberReport,
    MemberSettings,
    MemberStatus,
    MemberWishes,
    Mode,
    Order,
    OrderKind,
    Urgency,
)
from custom_components.ev_charger_pool.pool.quantities import NO_CURRENT, PHASES, PerPhase
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind
from custom_components.ev_charger_pool.pool.schedules import Schedule
from custom_components.ev_charger_pool.simulator.scenario import above

REASON = Reason(kind=ReasonKind.CIRCUIT, subject="grid")


class CarefulController:
    """Gives out least currents that fit beside the most that others can ever take.

    The simulated sites keep their other load within half of every limit, so a fixed share of
    the other half is safe without any control. It is no good controller, but one that no judge
    may blame.
    """

    def __init__(self) -> None:
        self.site: SiteSettings | None = None
        self.reports: dict[MemberId, MemberReport] = {}
        self.meters: dict[CircuitId, MeterReport] = {}
        self.metered_at: dict[CircuitId, datetime] = {}
        self.limits: Sequence[Limit] = ()
        self.wishes: dict[MemberId, MemberWishes] = {}
        self.granted: dict[MemberId, float] = {}
        self.seen: set[MemberId] = set()
        self.renewed: dict[MemberId, datetime] = {}
        self.number = 0
        self.restored_at: datetime | None = None

    def configure(self, site: SiteSettings, now: datetime) -> None:
        self.site = site
        self.granted = {member.member: 0.0 for member in site.members}

    def restore(
        self,
        records: Sequence[MemberRecord],
        circuit_records: Sequence[CircuitRecord],
        now: datetime,
        window_records: Sequence[WindowRecord] = (),
    ) -> None:
        self.restored_at = now
        for record in records:
            self.granted[record.member] = record.granted_a

    def observe_member(self, report: MemberReport) -> None:
        before = self.reports.get(report.member)
        if before is None or (before.online, before.booted_at, before.session) != (
            report.online,
            report.booted_at,
            report.session,
        ):
            # It may have forgotten what it was told.
            self.seen.discard(report.member)
        self.reports[report.member] = report

    def observe_meter(self, report: MeterReport) -> None:
        self.meters[report.circuit] = report
        reading = report.current_a or report.power_w or report.total_power_w
        if reading is not None:
            self.metered_at[report.circuit] = reading.arrived_at

    def observe_resource(self, report: ResourceReport) -> None:
        """Generation only ever helps."""

    def wish(self, member: MemberId, wishes: MemberWishes) -> None:
        self.wishes[member] = wishes

    def set_schedules(self, schedules: Sequence[Schedule]) -> None:
        """Nobody plans here."""

    def set_limits(self, limits: Sequence[Limit]) -> None:
        self.limits = limits

    def sent(self, order: Order, at: datetime) -> None:
        """A fixed share needs no ledger."""

    def answered(self, order: Order, result: ActionResult, at: datetime) -> None:
        if result is not ActionResult.ACCEPTED:
            self.seen.discard(order.member)

    def decide(self, now: datetime, out_of_time: OutOfTime | None = None) -> Decision:
        assert self.site is not None
        self.number += 1
        seats = self.seats(self.site)
        orders = []
        for member in self.site.members:
            target = self.target(member, seats, now)
            if target > self.granted[member.member] and not self.may_raise(member, now):
                target = self.granted[member.member]
            orders += self.orders(member, target, now)
        return self.decision(self.site, tuple(orders), now)

    # What careless ones change

    def seats(self, site: SiteSettings) -> set[MemberId]:
        """Return who may ever charge."""
        left = {
            circuit.id: [limit / 2.0 - 2.5 for limit in circuit.limit_a]
            for circuit in site.circuits
        }

        def take(member: MemberSettings, amps: float) -> bool:
            path = above(site.circuits, member.circuit)
            if any(left[item][phase.position] < amps for item in path for phase in member.phases):
                return False
            for item in path:
                for phase in member.phases:
                    left[item][phase.position] -= amps
            return True

        kept = {member.member for member in site.members if take(member, member.fail_safe_a)}
        return {
            member.member
            for member in site.members
            if member.kind is MemberKind.CONNECTOR
            and member.member in kept
            and take(member, max(0.0, 7.0 - member.fail_safe_a))
        }

    def target(self, member: MemberSettings, seats: set[MemberId], now: datetime) -> float:
        report = self.reports.get(member.member)
        if report is None or not report.online:
            return self.granted[member.member]
        wishes = self.wishes.get(member.member, MemberWishes())
        if (
            member.member not in seats
            or not report.state.is_ev_connected
            or wishes.mode is Mode.OFF
            or self.blind(member, now)
        ):
            return 0.0
        return member.min_current_a if self.allowed(member) >= member.min_current_a else 0.0

    def allowed(self, member: MemberSettings) -> float:
        assert self.site is not None
        path = above(self.site.circuits, member.circuit)
        most = member.max_current_a
        for limit in self.limits:
            if limit.member == member.member:
                most = min(
                    most,
                    limit.value if limit.unit is LimitUnit.CURRENT else limit.value / 253.0 / 3.0,
                )
            elif limit.circuit in path:
                most = 0.0
        return most

    def blind(self, member: MemberSettings, now: datetime) -> bool:
        assert self.site is not None
        circuits = {circuit.id: circuit for circuit in self.site.circuits}
        for item in above(self.site.circuits, member.circuit):
            if not circuits[item].metered:
                continue
            at = self.metered_at.get(item)
            if at is None or now - at > timedelta(seconds=4):
                return True
            report = self.meters[item]
            for reading in (report.current_a, report.power_w):
                if reading is not None and not all(
                    value is not None and abs(value) < 1e4 for value in reading.value
                ):
                    return True
            if report.total_power_w is not None and not abs(report.total_power_w.value) < 1e4:
                return True
        return False

    def may_raise(self, member: MemberSettings, now: datetime) -> bool:
        recently = self.restored_at is not None and now - self.restored_at < timedelta(seconds=31)
        return not recently and not self.blind(member, now)

    def lease(self, member: MemberSettings) -> timedelta | None:
        return None if member.lease is None else member.lease.duration

    def orders(self, member: MemberSettings, target: float, now: datetime) -> list[Order]:
        before = self.granted[member.member]
        due = member.lease is not None and (
            now - self.renewed.get(member.member, now - timedelta(days=1)) >= member.lease.renewal
        )
        known = member.member in self.seen
        if target == before and known and not (due and target > 0.0):
            return []
        report = self.reports.get(member.member)
        if report is None or not report.online:
            return []
        self.seen.add(member.member)
        self.renewed[member.member] = now
        self.granted[member.member] = target
        grant = Grant(
            member=member.member,
            current_a=target,
            power_w=None if member.watts_per_amp is None else target * member.watts_per_amp,
            lapse_to_a=min(target, member.fail_safe_a),
            fail_safe_a=member.fail_safe_a,
            lease=self.lease(member),
            decided_at=now,
            reason=REASON,
        )
        self.number += 1
        urgency = (
            Urgency.RAISE
            if target > before
            else Urgency.RENEWAL
            if target == before
            else Urgency.REDUCTION
        )
        kind = OrderKind.RENEW if target == before and known else OrderKind.SET
        return [Order(number=self.number, kind=kind, grant=grant, urgency=urgency)]

    def commitment(self, member: MemberSettings) -> float:
        report = self.reports.get(member.member)
        reported = (report.limit_a if report is not None else None) or 0.0
        return max(self.granted[member.member], reported, member.fail_safe_a, 6.0)

    def decision(self, site: SiteSettings, orders: tuple[Order, ...], now: datetime) -> Decision:
        members = {
            member.member: MemberStatus(
                member=member.member,
                granted_a=self.granted[member.member],
                commitment_a=self.commitment(member),
                limited_by=REASON,
                used_phases=frozenset(member.phases),
            )
            for member in site.members
        }
        circuits = {}
        for circuit in site.circuits:
            below = [
                member
                for member in site.members
                if circuit.id in above(site.circuits, member.circuit)
            ]
            granted = PerPhase(
                *(
                    sum(self.granted[member.member] for member in below if phase in member.phases)
                    for phase in PHASES
                )
            )
            circuits[circuit.id] = CircuitStatus(
                circuit=circuit.id,
                limit_a=circuit.limit_a,
                other_a=circuit.limit_a.map(lambda limit: limit / 2.0 - 2.5),
                committed_a=granted,
                granted_a=granted,
                available_a=NO_CURRENT,
                available_w=0.0,
                fail_safe_sum_a=NO_CURRENT,
            )
        return Decision(
            number=self.number,
            decided_at=now,
            orders=orders,
            members=members,
            circuits=circuits,
            problems=(),
            next_at=now + timedelta(seconds=1),
            records=tuple(
                MemberRecord(
                    member=order.member,
                    granted_a=order.grant.current_a,
                    outstanding_a=order.grant.current_a,
                    lapse_to_a=order.grant.lapse_to_a,
                    expires_at=order.grant.expires_at,
                    decided_at=now,
                )
                for order in orders
            ),
        )


def without_lease(order: Order) -> Order:
    """Return an order whose grant never dies."""
    return replace(order, grant=replace(order.grant, lease=None))
