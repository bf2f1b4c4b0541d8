"""The controller's picture of one site: its circuits and members with all that is known of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import math

from ..pool.circuits import CircuitRecord, WindowRecord
from ..pool.members import CircuitId, MemberId, MemberRecord, MemberWishes, Mode
from ..pool.reasons import Reason, ReasonKind
from ..pool.schedules import Schedule
from .branches import Branch
from .conduct import WriteCredit
from .contract import Sharing, SiteSettings
from .draws import commitment_of, counted_of
from .failsafe import FailSafePlan, plan_fail_safes
from .generation import Generation
from .meter_check import MeterCheck
from .policies import POLICIES, Ceilings, ceiling_of, planned_share
from .restart import Restart
from .seats import Seat
from .topology import Topology
from .turns import PAUSE_S
from .uneven import keep_balance, within_balance
from .wiring import WATTS, each

_ROUNDING = 1e-6


class SiteState:
    """Everything that a decision looks at."""

    def __init__(self) -> None:
        self.settings = SiteSettings(circuits=(), members=())
        self.branches: list[Branch] = []
        self.by_circuit: dict[CircuitId, Branch] = {}
        self.seats: dict[MemberId, Seat] = {}
        self.ceilings = Ceilings()
        self.ceilings_change_at: datetime | None = None
        self.generation = Generation()
        self.meter_check = MeterCheck()
        self.restart = Restart()
        self.wishes: dict[MemberId, MemberWishes] = {}
        self.schedules: dict[MemberId, Schedule] = {}
        self.plan = FailSafePlan(fail_safe_a={}, sums_a={}, reserved_a={}, lowered=(), exceeded=())
        self._records: dict[MemberId, MemberRecord] = {}
        self._circuit_records: list[CircuitRecord] = []

    @property
    def sharing(self) -> Sharing:
        """How tiers share."""
        return self.settings.sharing

    def configure(self, settings: SiteSettings, now: datetime) -> None:
        """Take settings; members and circuits that stay keep what is known of them.

        Raises:
            TopologyError: The circuits do not make a tree.
        """
        tree = Topology.of(settings.circuits)
        circuits = {circuit.id: circuit for circuit in settings.circuits}
        voltage_v = settings.nominal_voltage_v
        self.settings = settings
        self.meter_check.reset()
        branches = []
        new_meter = False
        for position, circuit in enumerate(tree.ids):
            branch = self.by_circuit.get(circuit)
            metered_before = branch is not None and branch.circuit.metered
            new_meter |= circuits[circuit].metered and not metered_before
            if branch is None:
                branch = Branch(circuits[circuit], position, voltage_v, settings.time_zone)
            else:
                branch.configure(circuits[circuit], position, voltage_v, settings.time_zone)
            branches.append(branch)
        self.branches = branches
        self.by_circuit = {branch.circuit.id: branch for branch in branches}
        self.generation.configure(circuits[tree.ids[0]].limit_a)
        seats: dict[MemberId, Seat] = {}
        credit_of: dict[str, WriteCredit] = {}
        for member in settings.members:
            if member.circuit not in tree.index:
                continue
            chain = tree.chain(tree.index[member.circuit])
            seat = self.seats.get(member.member)
            if seat is None:
                seat = Seat(member, chain, voltage_v)
                seat.wishes = self.wishes.get(member.member, seat.wishes)
                self._restore_seat(seat, now)
            else:
                seat.configure(member, chain, voltage_v)
            # What is written to one connector, the whole station has to take.
            seat.credit = credit_of.setdefault(member.device or member.member, seat.credit)
            seats[member.member] = seat
            for position in chain:
                branches[position].seats.append(seat)
        self.seats = seats
        for branch in branches:
            branch.bind(self.ceilings, now)
        self.plan_fail_safes()
        if not self.restart.has_begun or new_meter:
            self.restart.begin(now.timestamp())

    def restore(
        self,
        records: Sequence[MemberRecord],
        circuit_records: Sequence[CircuitRecord],
        now: datetime,
    ) -> None:
        """Take what the journal kept, for members that are there or come later."""
        self._records = {record.member: record for record in records}
        for record in circuit_records:
            branch = self.by_circuit.get(record.circuit)
            if branch is not None:
                branch.history.restore(record.day, record.other_load_max_a)
        self._circuit_records = list(circuit_records)
        for seat in self.seats.values():
            self._restore_seat(seat, now)
        self.restart.begin(now.timestamp())
        self.plan_fail_safes()

    def restore_windows(self, records: Sequence[WindowRecord], now: datetime) -> None:
        """Take what was used of the windows of average limits."""
        for record in records:
            branch = self.by_circuit.get(record.circuit)
            if branch is not None and branch.average is not None:
                branch.average.restore(record, now.timestamp())

    def window_records(self) -> tuple[WindowRecord, ...]:
        """Return what is to be remembered of windows now."""
        found = (branch.average.record() for branch in self.branches if branch.average is not None)
        return tuple(record for record in found if record is not None)

    def _restore_seat(self, seat: Seat, now: datetime) -> None:
        record = self._records.pop(seat.settings.member, None)
        if record is not None:
            seat.restore(record, now.timestamp())

    def plan_fail_safes(self) -> None:
        """Fit the fail-safe currents to what is reserved for others now (SR-1)."""
        for branch in self.branches:
            branch.reserve()
        self.plan = plan_fail_safes(
            self.settings.circuits,
            [seat.settings for seat in self.seats.values()],
            {branch.circuit.id: branch.reserved_a for branch in self.branches},
        )
        for seat in self.seats.values():
            fail_safe_a = self.plan.fail_safe_a[seat.settings.member]
            if fail_safe_a != seat.fail_safe_a:
                seat.fail_safe_a = fail_safe_a
                seat.needs_set = True

    def wish(self, member: MemberId, wishes: MemberWishes) -> None:
        """Take what the user wants of a member, now or when it comes."""
        self.wishes[member] = wishes
        seat = self.seats.get(member)
        if seat is not None:
            seat.wish(wishes)

    def explain(self, reason: Reason, now_s: float) -> Reason:
        """Return the reason to show: what it is that binds a circuit, where it is not its fuse."""
        if reason.kind is not ReasonKind.CIRCUIT or reason.subject is None:
            return reason
        branch = self.by_circuit[reason.subject]
        if reason.phase is not None and branch.is_held_for_trip(
            reason.phase, self.generation.most_a(now_s), now_s
        ):
            return replace(reason, kind=ReasonKind.GENERATION)
        if reason.phase is None and branch.is_held_by_average():
            return replace(reason, kind=ReasonKind.TARIFF)
        limit = branch.limit_that_binds(reason.phase)
        return reason if limit is None else Reason(kind=limit.source, subject=limit.id)

    def next_change(self, now: datetime) -> datetime:
        """Return when something changes by itself next: a limit, a boost, or a plan."""
        at = self.ceilings.next_expiry(now) or _NEVER
        for member, seat in self.seats.items():
            until = seat.wishes.boost_until
            if until is not None and now < until < at:
                at = until
            if seat.mode is Mode.PLAN and member in self.schedules:
                changes_at = self.schedules[member].next_change(now)
                at = at if changes_at is None else min(at, changes_at)
        return at

    def set_schedules(self, schedules: Sequence[Schedule]) -> None:
        """Take what plans ask."""
        self.schedules = {schedule.member: schedule for schedule in schedules}

    def follow_modes(self, now: datetime) -> None:
        """Take the mode of each member that counts now, and what its plan asks."""
        for member, seat in self.seats.items():
            seat.enter(seat.wishes.mode_at(now))
            if seat.mode is Mode.PLAN:
                schedule = self.schedules.get(member, Schedule(member=member, slots=()))
                power_w = schedule.power_at(now)
                if power_w <= 0.0 and _runs_on(seat, schedule, now):
                    power_w = _LEAST_W
                seat.allow(
                    planned_share(
                        seat.settings,
                        power_w,
                        seat.powered,
                        seat.least_a,
                        seat.voltage_v,
                    )
                )

    def changed_circuits(self) -> tuple[CircuitRecord, ...]:
        """Return the circuits' records that changed since the last call."""
        found = []
        for branch in self.branches:
            changed = branch.history.changed()
            if changed is not None:
                day, most_a = changed
                found.append(
                    CircuitRecord(circuit=branch.circuit.id, day=day, other_load_max_a=most_a)
                )
        if found:
            self.plan_fail_safes()
        return tuple(found)

    def set_ceilings(self, ceilings: Ceilings) -> None:
        """Take all limits that are in force."""
        self.ceilings = ceilings
        self.ceilings_change_at = None
        for seat in self.seats.values():
            seat.ceiling_dirty = True

    def expect_step(self, seat: Seat, now_s: float) -> None:
        """Note that a member was told another grant."""
        self.meter_check.order(self.branches, now_s)
        for position in seat.chain:
            branch = self.branches[position]
            if branch.circuit.metered:
                branch.expect_step(seat, now_s)

    def refresh(self, now: datetime, now_s: float) -> bool:
        """Bring what is derived up to date; return whether anybody's demand changed."""
        changed = False
        change_at = self.ceilings_change_at
        if change_at is None or now >= change_at:
            for branch in self.branches:
                branch.bind(self.ceilings, now)
            for seat in self.seats.values():
                seat.ceiling_dirty = True
            self.ceilings_change_at = self.ceilings.next_expiry(now) or _NEVER
        keep_balance(self.branches, self.seats.values(), now_s)
        for seat in self.seats.values():
            if seat.ceiling_dirty:
                self._renew_ceiling(seat, now)
                changed = True
            if seat.samples.newest is not None:
                seat.starts.draw(now_s, seat.samples.newest[WATTS])
            self.count(seat, now_s)
        return changed

    def count(self, seat: Seat, now_s: float) -> None:
        """Renew what the ledger says of a member."""
        seat.counted_a = counted_of(seat, now_s)
        seat.counted = seat.lanes(seat.counted_a)
        # What a cut counts is committed: else a raise could be what the next cut takes back.
        seat.commitment = each(max, commitment_of(seat, now_s), seat.counted)
        seat.granted = seat.lanes(seat.granted_a)

    def _renew_ceiling(self, seat: Seat, now: datetime) -> None:
        seat.ceiling = ceiling_of(
            seat.settings,
            self.ceilings.of_member(seat.settings.member, seat.session, now),
            seat.powered,
            seat.voltage_v,
        )
        seat.apply_own_demand()
        seat.ceiling = within_balance(seat)
        seat.open_a = seat.ceiling.current_a
        seat.ceiling = POLICIES[seat.mode](seat.settings, seat.ceiling, seat.share)
        seat.ceiling_dirty = False


_LEAST_W = 1e-3
"""Any power above nothing: enough for the least current that a member runs with."""


def _runs_on(seat: Seat, schedule: Schedule, now: datetime) -> bool:
    """Whether a member stays on outside of its plan's slots, at its least current (SR-14).

    A run that a plan began is not to end before its time: what is left of a wish may be planned for
    less than it takes a car to start. Nor is it to end for a gap that is shorter than a pause.
    """
    if seat.granted_a <= 0.0 or seat.share.current_a <= 0.0:
        return False
    next_at = schedule.next_start(now)
    is_short = next_at is not None and next_at - now < timedelta(seconds=PAUSE_S)
    return is_short or seat.turns.must_run(now.timestamp())


_NEVER = datetime.max.replace(tzinfo=UTC)


def round_down(seat: Seat, current_a: float) -> float:
    """Return a grant on the device's step; 0 below the least that it runs with (I3)."""
    step_a = seat.settings.step_a
    most_a = min(current_a, seat.settings.max_current_a)
    if step_a > 0.0:
        most_a = round(math.floor((most_a + _ROUNDING) / step_a) * step_a, 6)
    return most_a if most_a >= seat.least_a - _ROUNDING else 0.0
