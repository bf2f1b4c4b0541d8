"""SiteController: takes news of one site and decides."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ..pool.actions import ActionResult
from ..pool.circuits import (
    CircuitRecord,
    CircuitStatus,
    MeterReport,
    ResourceReport,
    WindowRecord,
)
from ..pool.limits import Limit
from ..pool.members import (
    MemberId,
    MemberRecord,
    MemberReport,
    MemberWishes,
    Order,
    OrderKind,
    Urgency,
)
from ..pool.schedules import Schedule
from .allocator import allocate as default_allocate
from .contract import DECISION_INTERVAL, Allocate, Decision, OutOfTime, SiteSettings
from .downs import apply_caps, cut
from .intake import Refusals, check_member, check_meter, check_resource, is_backwards
from .orders import OrderBook, changed_records
from .policies import Ceilings
from .problems import Problems
from .raises import caps
from .site_state import SiteState
from .solar import Solar
from .statuses import circuit_status, is_overloaded, member_status, sums
from .switches import switch_phases
from .upkeep import bring_to_order, judge_leases, lapse_lost, renew, tell_again, wake
from .ups import Waves

REFUSALS = (ActionResult.REJECTED, ActionResult.NOT_SUPPORTED)
"""Answers by which a device says that it does not switch its phases."""

REFUSED_RAISE_WAIT_S = 60.0
"""A refused raise is tried again after so long: rate limits of stations pass within a minute."""


class SiteController:
    """Implements `contract.Controller` for one site.

    Args:
        allocate: The allocator that shares what is free.
    """

    def __init__(self, allocate: Allocate = default_allocate) -> None:
        self._allocate = allocate
        self._site = SiteState()
        self._book = OrderBook()
        self._waves = Waves(allocate)
        self._solar = Solar(allocate)
        self._problems = Problems()
        self._refusals = Refusals()
        self._number = 0
        self._now: datetime | None = None

    @property
    def refused(self) -> Mapping[str, int]:
        """How many reports or fields of them were refused, by what was wrong."""
        return self._refusals.counts

    def configure(self, site: SiteSettings, now: datetime) -> None:
        """Take the site's settings.

        Raises:
            TopologyError: The circuits do not make a tree.
        """
        self._site.configure(site, now)
        self._waves.changed = True

    def restore(
        self,
        records: Sequence[MemberRecord],
        circuit_records: Sequence[CircuitRecord],
        now: datetime,
        window_records: Sequence[WindowRecord] = (),
    ) -> None:
        """Take what the journal kept; starts the 30 s of SR-11."""
        self._site.restore(records, circuit_records, now)
        self._site.restore_windows(window_records, now)
        self._waves.changed = True

    def observe_member(self, report: MemberReport) -> None:
        """Take a member's newest report; what cannot be is refused and counted."""
        seat = self._site.seats.get(report.member)
        if seat is None:
            self._refusals.count("unknown_member")
            return
        checked = check_member(report, seat.settings, self._refusals)
        if checked is None:
            return
        backwards = is_backwards(checked, seat.settings)
        if backwards is not None:
            seat.is_backwards = backwards
        if backwards:
            # What it draws is unknown then, as of a device that does not measure.
            self._refusals.count("member_backwards")
            checked = replace(checked, current=None, power_w=None)
        seat.pending.append(checked)

    def observe_meter(self, report: MeterReport) -> None:
        """Take a circuit's newest meter values; what cannot be is refused and counted."""
        branch = self._site.by_circuit.get(report.circuit)
        if branch is None or not branch.circuit.metered:
            self._refusals.count("unknown_meter")
            return
        checked = check_meter(report, branch.circuit, self._refusals)
        if checked is not None:
            branch.pending.append(checked)

    def observe_resource(self, report: ResourceReport) -> None:
        """Take the newest power of a generator or battery."""
        checked = check_resource(report, self._refusals)
        if checked is not None:
            self._site.generation.take(checked)
            self._site.meter_check.take(checked)
            self._solar.take(checked)

    def wish(self, member: MemberId, wishes: MemberWishes) -> None:
        """Take what the user wants of a member."""
        self._site.wish(member, wishes)
        self._waves.changed = True

    def set_limits(self, limits: Sequence[Limit]) -> None:
        """Take all ceilings that are in force; replaces the earlier ones."""
        self._site.set_ceilings(Ceilings(limits))
        self._waves.changed = True

    def set_schedules(self, schedules: Sequence[Schedule]) -> None:
        """Take what the plans of members in plan mode ask; replaces the earlier ones."""
        self._site.set_schedules(schedules)

    def decide(self, now: datetime, out_of_time: OutOfTime | None = None) -> Decision:
        """Decide: estimate, take back, raise what the ledger leaves, renew, explain."""
        if self._now is not None and now < self._now:
            now = self._now
        self._now = now
        now_s = now.timestamp()
        site, book = self._site, self._book
        self._observe(now, now_s)
        lapse_lost(site, now_s)
        bring_to_order(site, book, now, now_s)
        if switch_phases(site, book, now, now_s):
            self._waves.changed = True
        apply_caps(site, book, now, now_s)
        if judge_leases(site, now_s):
            self._waves.keep_frozen_safe(site, book, now, now_s)
        was_cut = cut(site, book, self._allocate, now, now_s, out_of_time)
        tell_again(site, book, now, now_s)
        wake(site, book, now, now_s)
        if not was_cut:
            self._waves.run(site, book, now, now_s, out_of_time)
        renew(site, book, now, now_s)
        return self._decision(now, now_s)

    def sent(self, order: Order, at: datetime) -> None:
        """Take that an order was written to the device's link."""
        seat = self._site.seats.get(order.member)
        if seat is None:
            return
        if order.kind is OrderKind.SET:
            seat.account.sent(order.number, at.timestamp())
        elif order.kind is OrderKind.RENEW:
            seat.account.extend_lease(at.timestamp())

    def answered(self, order: Order, result: ActionResult, at: datetime) -> None:
        """Take how the device answered an order, or that the time for it was over."""
        seat = self._site.seats.get(order.member)
        if seat is None:
            return
        at_s = at.timestamp()
        if order.kind in (OrderKind.SET, OrderKind.RENEW):
            seat.refusals = 0 if result.is_success else seat.refusals + 1
        if order.kind is OrderKind.RENEW:
            if not result.is_success:
                seat.lease.miss(at_s)
            return
        if order.kind is not OrderKind.SET:
            return
        issue = seat.account.answered(order.number, result, at_s)
        switch = seat.switch
        if switch is not None and order.grant.phases == switch.phases and result.is_success:
            switch.accept(at_s)
        if issue is None or not issue.failed:
            return
        self._waves.changed = True
        if switch is not None and result in REFUSALS and switch.refuse(at_s):
            # It refused other phases, and no less current.
            seat.needs_set = True
            return
        if order.urgency is Urgency.RAISE:
            seat.no_raise_until_s = at_s + REFUSED_RAISE_WAIT_S
            if not seat.account.issues:
                return
        elif result is ActionResult.REJECTED:
            seat.conduct.refuse()
        seat.needs_set = True

    def _observe(self, now: datetime, now_s: float) -> None:
        """Take the news that came since the last decision."""
        site = self._site
        for seat in site.seats.values():
            if seat.pending:
                seat.absorb()
        for branch in site.branches:
            branch.watch_steps(now_s)
            branch.measure(now_s)
        site.meter_check.look(site.branches, now_s)
        for branch in site.branches:
            branch.check(now)
            branch.keep_average(now_s)
        site.follow_modes(now)
        self._solar.follow(site, now_s)
        if site.refresh(now, now_s):
            self._waves.changed = True

    def _decision(self, now: datetime, now_s: float) -> Decision:
        """Put together what was decided."""
        site = self._site
        for seat in site.seats.values():
            site.count(seat, now_s)
        sums(site.branches)
        cap = caps(site.branches, now_s, site.generation.most_a(now_s))
        circuits: dict[str, CircuitStatus] = {
            branch.circuit.id: circuit_status(
                branch,
                lanes,
                site.plan.sums_a[branch.circuit.id],
                overloaded=is_overloaded(branch),
            )
            for branch, lanes in zip(site.branches, cap, strict=True)
        }
        self._number += 1
        return Decision(
            number=self._number,
            decided_at=now,
            orders=self._book.take_all(),
            members={member: member_status(seat, now_s) for member, seat in site.seats.items()},
            circuits=circuits,
            problems=self._problems.find(site, self._solar, now, now_s),
            next_at=min(now + DECISION_INTERVAL, site.next_change(now)),
            records=changed_records(site.seats.values(), now),
            circuit_records=site.changed_circuits(),
            surplus_w=self._solar.surplus_w,
            battery_locked=self._solar.battery_locked,
            window_records=site.window_records(),
        )
