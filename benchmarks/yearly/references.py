"""Two controllers to compare with, as widespread products decide.

They see what the pool sees and speak to the same devices. Both renew leases; neither keeps a ledger.
"""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta
import math
from typing import Final, override

from custom_components.ev_charger_pool.balancing.contract import (
    Controller,
    Decision,
    OutOfTime,
    SiteSettings,
)
from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.circuits import (
    CircuitRecord,
    MeterReport,
    ResourceReport,
    WindowRecord,
)
from custom_components.ev_charger_pool.pool.limits import Limit
from custom_components.ev_charger_pool.pool.members import (
    CircuitId,
    Grant,
    MemberId,
    MemberKind,
    MemberRecord,
    MemberReport,
    MemberSettings,
    MemberWishes,
    Mode,
    Order,
    OrderKind,
    Urgency,
)
from custom_components.ev_charger_pool.pool.quantities import NOMINAL_VOLTAGE_V, Phase
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind
from custom_components.ev_charger_pool.pool.schedules import Schedule
from custom_components.ev_charger_pool.simulator.scenario import above

_REASON: Final = Reason(kind=ReasonKind.CIRCUIT)

_USED_A: Final = 1.0
"""A phase with more than this is in use."""

SUN_FOR_S: Final = 60.0
"""The sun has to suffice for so long before a start,"""

NO_SUN_FOR_S: Final = 180.0
"""and to fail for so long before a stop."""


class Reference(Controller):
    """What both have in common: what they believe, and how they say what they want."""

    def __init__(self) -> None:
        self.members: dict[MemberId, MemberSettings] = {}
        self.granted_a: dict[MemberId, float] = {}
        self._limits_a: dict[CircuitId, tuple[float, ...]] = {}
        self._paths: dict[MemberId, list[CircuitId]] = {}
        self._reports: dict[MemberId, MemberReport] = {}
        self._measured_a: dict[CircuitId, list[float]] = {}
        self._wishes: dict[MemberId, MemberWishes] = {}
        self._schedules: dict[MemberId, Schedule] = {}
        self._renewed_at: dict[MemberId, datetime] = {}
        self._number = 0
        self._root: CircuitId = ""

    @override
    def configure(self, site: SiteSettings, now: datetime) -> None:
        """Take the site's settings."""
        self.members = {member.member: member for member in site.members}
        self.granted_a = dict.fromkeys(self.members, 0.0)
        self._limits_a = {circuit.id: tuple(circuit.limit_a) for circuit in site.circuits}
        self._root = next(circuit.id for circuit in site.circuits if circuit.parent is None)
        self._paths = {
            member.member: above(site.circuits, member.circuit) for member in site.members
        }

    @override
    def restore(
        self,
        records: Sequence[MemberRecord],
        circuit_records: Sequence[CircuitRecord],
        now: datetime,
        window_records: Sequence[WindowRecord] = (),
    ) -> None:
        """They remember nothing over a restart."""

    @override
    def observe_member(self, report: MemberReport) -> None:
        """Take a member's newest report; a new session has forgotten the grant."""
        before = self._reports.get(report.member)
        if before is not None and before.session != report.session:
            self.granted_a[report.member] = 0.0
        self._reports[report.member] = report

    @override
    def observe_meter(self, report: MeterReport) -> None:
        """Take a circuit's newest currents; what is missing, or no number, is as it was."""
        if report.current_a is None:
            return
        values = self._measured_a.setdefault(report.circuit, [0.0, 0.0, 0.0])
        for index, value in enumerate(report.current_a.value):
            if value is not None and math.isfinite(value):
                values[index] = value

    @override
    def observe_resource(self, report: ResourceReport) -> None:
        """What the grid's meter shows is enough for them."""

    @override
    def wish(self, member: MemberId, wishes: MemberWishes) -> None:
        """Take what the user wants of a member."""
        self._wishes[member] = wishes

    @override
    def set_limits(self, limits: Sequence[Limit]) -> None:
        """No site of theirs has further limits."""

    @override
    def set_schedules(self, schedules: Sequence[Schedule]) -> None:
        """Take when members in plan mode are to charge."""
        self._schedules = {schedule.member: schedule for schedule in schedules}

    @override
    def sent(self, order: Order, at: datetime) -> None:
        """They keep no ledger."""

    @override
    def answered(self, order: Order, result: ActionResult, at: datetime) -> None:
        """They keep no ledger."""

    @override
    def decide(self, now: datetime, out_of_time: OutOfTime | None = None) -> Decision:
        """Decide when it is time, and renew what runs out."""
        orders = []
        for member, target_a in self.targets(now).items():
            settings = self.members[member]
            wanted_a = min(max(target_a, 0.0), settings.max_current_a)
            rounded_a = math.floor(wanted_a / settings.step_a + 1e-9) * settings.step_a
            current_a = rounded_a if rounded_a >= settings.min_current_a else 0.0
            if current_a != self.granted_a[member]:
                orders.append(self._order(settings, current_a, OrderKind.SET, now))
        told = {order.member for order in orders}
        for member, settings in self.members.items():
            lease = settings.lease
            if not self.granted_a[member] or member in told or lease is None:
                continue
            if now - self._renewed_at[member] >= lease.renewal:
                current_a = self.granted_a[member]
                orders.append(self._order(settings, current_a, OrderKind.RENEW, now))
        return Decision(
            number=self._number,
            decided_at=now,
            orders=tuple(orders),
            members={},
            circuits={},
            problems=(),
            next_at=now + timedelta(seconds=1),
        )

    @abstractmethod
    def targets(self, now: datetime) -> dict[MemberId, float]:
        """Return the amps per phase of those members that are decided now."""

    def waiting(self) -> list[MemberId]:
        """Return who is plugged in."""
        return [
            member
            for member in self.members
            if (report := self._reports.get(member)) is not None and report.state.is_ev_connected
        ]

    def mode(self, member: MemberId, now: datetime) -> Mode:
        """Return how a member charges now: a plan is fast in its slots, and off outside."""
        mode = self._wishes.get(member, MemberWishes()).mode_at(now)
        if mode is not Mode.PLAN:
            return mode
        schedule = self._schedules.get(member)
        return Mode.FAST if schedule is None or schedule.power_at(now) > 0.0 else Mode.OFF

    def phases(self, member: MemberId) -> list[Phase]:
        """Return the phases in use, all that are wired while nothing flows."""
        settings = self.members[member]
        draws = self.draws_a(member)
        used = [phase for phase in settings.phases if draws[phase.position] > _USED_A]
        return used or list(settings.phases)

    def draws_a(self, member: MemberId) -> list[float]:
        """Return what a member draws from the site's phases, by its newest report."""
        amps = [0.0, 0.0, 0.0]
        report, settings = self._reports.get(member), self.members[member]
        if report is not None and report.current is not None:
            for phase, value in zip(settings.phases, report.current.value, strict=False):
                amps[phase.position] = value or 0.0
        elif settings.kind is MemberKind.POWER_SUPPLY and report is not None:
            power_w = report.power_w.value if report.power_w is not None else 0.0
            for phase in settings.phases:
                amps[phase.position] = power_w / (settings.watts_per_amp or 1.0)
        return amps

    def free_a(self, circuit: CircuitId) -> list[float]:
        """Return what a circuit has left per phase by its meter; all of it without one."""
        limit_a = self._limits_a[circuit]
        measured_a = self._measured_a.get(circuit, [0.0, 0.0, 0.0])
        return [limit - value for limit, value in zip(limit_a, measured_a, strict=True)]

    def path(self, member: MemberId) -> list[CircuitId]:
        """Return the circuits above a member."""
        return self._paths[member]

    @property
    def export_w(self) -> float:
        """What flows out at the grid connection now, negative: what flows in."""
        return -sum(self._measured_a.get(self._root, ())) * NOMINAL_VOLTAGE_V

    def _order(
        self, settings: MemberSettings, current_a: float, kind: OrderKind, now: datetime
    ) -> Order:
        self._number += 1
        before_a = self.granted_a[settings.member]
        self.granted_a[settings.member] = current_a
        self._renewed_at[settings.member] = now
        urgency = Urgency.RENEWAL
        if current_a != before_a:
            urgency = Urgency.RAISE if current_a > before_a else Urgency.REDUCTION
        per_amp = settings.watts_per_amp
        return Order(
            number=self._number,
            kind=kind,
            urgency=urgency,
            grant=Grant(
                member=settings.member,
                current_a=current_a,
                power_w=None if per_amp is None else current_a * per_amp,
                lease=None if settings.lease is None else settings.lease.duration,
                decided_at=now,
                reason=_REASON,
            ),
        )


class RoundRobin(Reference):
    """Decides one charger every 30 seconds, the next one each time.

    By the sun it starts after a minute of enough surplus, and stops after three without.
    """

    TICK: Final = timedelta(seconds=30)

    def __init__(self) -> None:
        super().__init__()
        self._next = 0
        self._ticked_at: datetime | None = None
        self._sun_since: dict[MemberId, datetime] = {}
        self._dark_since: dict[MemberId, datetime] = {}

    def targets(self, now: datetime) -> dict[MemberId, float]:
        """Return what the next charger is to have."""
        if self._ticked_at is not None and now - self._ticked_at < self.TICK:
            return {}
        self._ticked_at = now
        waiting = self.waiting()
        if not waiting:
            return {}
        self._next += 1
        member = waiting[self._next % len(waiting)]
        draws = self.draws_a(member)
        phases = self.phases(member)
        room_a = min(
            self.free_a(circuit)[phase.position] + draws[phase.position]
            for circuit in self.path(member)
            for phase in phases
        )
        match self.mode(member, now):
            case Mode.OFF:
                return {member: 0.0}
            case Mode.SOLAR:
                return {member: min(room_a, self._by_the_sun(member, now))}
            case Mode.MINIMUM_SOLAR:
                least_a = self.members[member].min_current_a
                return {member: min(room_a, max(least_a, self._by_the_sun(member, now)))}
            case _:
                return {member: room_a}

    def _by_the_sun(self, member: MemberId, now: datetime) -> float:
        phases = self.phases(member)
        own_w = sum(self.draws_a(member)) * NOMINAL_VOLTAGE_V
        sun_a = (self.export_w + own_w) / (NOMINAL_VOLTAGE_V * len(phases))
        least_a = self.members[member].min_current_a
        if sun_a >= least_a:
            self._dark_since.pop(member, None)
            since = self._sun_since.setdefault(member, now)
            runs = self.granted_a[member] > 0.0
            return sun_a if runs or (now - since).total_seconds() >= SUN_FOR_S else 0.0
        self._sun_since.pop(member, None)
        since = self._dark_since.setdefault(member, now)
        stays = (now - since).total_seconds() < NO_SUN_FOR_S
        return least_a if self.granted_a[member] and stays else 0.0


class EqualSplit(Reference):
    """Every ten seconds gives everybody plugged in the same share of what is left of the fuse.

    When the share is below the least current, the first that came are served. Plans are none of
    its business: it charges at once.
    """

    TICK: Final = timedelta(seconds=10)

    def __init__(self) -> None:
        super().__init__()
        self._came: list[MemberId] = []
        self._ticked_at: datetime | None = None

    def targets(self, now: datetime) -> dict[MemberId, float]:
        """Return everybody's share."""
        if self._ticked_at is not None and now - self._ticked_at < self.TICK:
            return {}
        self._ticked_at = now
        waiting = self.waiting()
        self._came = [member for member in self._came if member in waiting]
        self._came += [member for member in waiting if member not in self._came]
        served = list(self._came)
        shares = self._shares(served, now)
        while served and any(
            shares[member] < self.members[member].min_current_a for member in served
        ):
            served.pop()
            shares = self._shares(served, now)
        return {member: shares.get(member, 0.0) for member in waiting}

    def _shares(self, served: Sequence[MemberId], now: datetime) -> dict[MemberId, float]:
        return {member: self._share(member, served, now) for member in served}

    def _share(self, member: MemberId, served: Sequence[MemberId], now: datetime) -> float:
        share_a = self.members[member].max_current_a
        for circuit in self.path(member):
            below = [item for item in served if circuit in self.path(item)]
            drawing = [item for item in self._came if circuit in self.path(item)]
            free_a = self.free_a(circuit)
            for phase in self.members[member].phases:
                index = phase.position
                pot_a = free_a[index] + sum(self.draws_a(item)[index] for item in drawing)
                users = sum(phase in self.members[item].phases for item in below)
                share_a = min(share_a, pot_a / users)
        mode = self._wishes.get(member, MemberWishes()).mode_at(now)
        if mode in (Mode.SOLAR, Mode.MINIMUM_SOLAR):
            own_w = sum(sum(self.draws_a(item)) for item in self._came) * NOMINAL_VOLTAGE_V
            per_amp = NOMINAL_VOLTAGE_V * len(self.phases(member))
            sun_a = (self.export_w + own_w) / len(served) / per_amp
            least_a = self.members[member].min_current_a if mode is Mode.MINIMUM_SOLAR else 0.0
            share_a = min(share_a, max(least_a, sun_a))
        return share_a
