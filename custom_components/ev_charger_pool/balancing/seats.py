"""Everything the controller holds of one member."""

from collections import deque
from datetime import datetime
import math
from typing import Final

from ..pool.members import (
    MemberKind,
    MemberRecord,
    MemberReport,
    MemberSettings,
    MemberStatus,
    MemberWishes,
    Mode,
)
from ..pool.quantities import PhaseReadings
from ..pool.readings import Reading
from ..pool.reasons import Reason, ReasonKind
from ..pool.states import ChargingStatus, ConnectorState
from .ac_side import Supplied
from .appetite import Appetite
from .conduct import Conduct, WriteCredit
from .headroom import Headroom
from .leases import LeaseWatch
from .ledger import Account
from .phased import Phased
from .phases import PhaseLearner
from .policies import Ceiling
from .samples import DeviceClock, Samples
from .starts import Starts
from .supplies import current_of_power
from .turns import Turns
from .wake import Wake
from .wiring import NO_FLOW, Lanes, from_amps, on_phases

SAMPLE_NEAR_S: Final = 5.0
"""A sample further from the meter's time tells nothing exact: cars ramp within seconds (SR-9)."""

HOLD_S: Final = 60.0
"""A member that is not heard of keeps its grant so long; then it counts as without a car."""

MOST_PENDING: Final = 64
"""Reports kept for the next decision; older ones give way when nobody decides."""

_NO_DRAW_W: Final = 100.0
"""Standby of a station and a car."""

_SUSPENDED: Final = (ChargingStatus.SUSPENDED_BY_EV, ChargingStatus.SUSPENDED_BY_CHARGER)
_QUIET: Final = (
    *_SUSPENDED,
    ChargingStatus.NOT_CHARGING,
    ChargingStatus.WAITING_FOR_AUTHORIZATION,
    ChargingStatus.FINISHED,
)
"""Statuses in which a device that does not measure says that nothing flows."""

_NO_SHARE: Final = Ceiling(current_a=0.0, reason=Reason(kind=ReasonKind.SOLAR))
"""What a mode gives before it was asked."""

_ROUNDING: Final = 1e-6

_UNHEARD: Final = (ConnectorState.MISSING, ConnectorState.UNSPECIFIED)


class Seat(Phased, Supplied):
    """One member's place in the pool: what it is, what it did, and what it was told."""

    def __init__(self, settings: MemberSettings, chain: tuple[int, ...], voltage_v: float) -> None:
        self.wishes = MemberWishes()
        self.report: MemberReport | None = None
        self.pending: deque[MemberReport] = deque(maxlen=MOST_PENDING)
        self.account = Account(0.0, 0.0, None)
        self.conduct = Conduct(1.0)
        self.learner = PhaseLearner(())
        self.samples = Samples()
        self.turns = Turns()
        self.wake = Wake()
        self.appetite = Appetite()
        self.headroom = Headroom()
        self.credit = WriteCredit()
        self.lease = LeaseWatch()
        self.clock = DeviceClock()
        self.fail_safe_a = 0.0
        self.connected = False
        self.unheard_since_s: float | None = None
        self.needs_set = False
        self.shown_w: float | None = None
        """What a meter of a total shows it to take, though it does not measure."""
        self.shown_s = float("-inf")
        """The move of the account after which that was seen."""
        self.written_s = float("-inf")
        self.raised_since_start = False
        self.ceiling = Ceiling(current_a=0.0, reason=Reason(kind=ReasonKind.NOT_CONNECTED))
        self.ceiling_dirty = True
        self.mode = Mode.FAST
        """The mode that counts now, a boost included."""
        self.open_a = settings.max_current_a
        """Its ceiling before its mode: what it might have if the mode did not bound it."""
        self.share = _NO_SHARE
        """What its mode gives it: by the sun, or by a plan."""
        self.starts = Starts()
        self.balance: Ceiling | None = None
        """What the difference between phases leaves it; None where nothing bounds that."""
        self.reason = Reason(kind=ReasonKind.NOT_CONNECTED)
        self.status: MemberStatus | None = None
        self.commitment: Lanes = NO_FLOW
        self.counted: Lanes = NO_FLOW
        self.granted: Lanes = NO_FLOW
        self.counted_a = 0.0
        self.shown_used: tuple[int, ...] = ()
        self.resend_s = float("-inf")
        self.no_raise_until_s = float("-inf")
        self.refusals = 0
        self.is_backwards = False
        """Whether its currents are told with the wrong sign."""
        self._booted_at: datetime | None = None
        self.session: str | None = None
        self.configure(settings, chain, voltage_v)

    def configure(self, settings: MemberSettings, chain: tuple[int, ...], voltage_v: float) -> None:
        """Take settings; what is known of the member stays."""
        self.settings = settings
        self.take_losses(settings.watts_per_amp)
        self.chain = chain
        self.voltage_v = voltage_v
        self.is_supply = settings.kind is MemberKind.POWER_SUPPLY
        self.settle_s = settings.settle.total_seconds()
        self.account.ceiling_a = settings.max_current_a
        self.account.settle_s = self.settle_s
        lease = settings.lease
        self.account.lease_s = None if lease is None else lease.duration.total_seconds()
        wired = tuple(phase.position for phase in settings.phases)
        if wired != self.learner.wired:
            self.learner = PhaseLearner(wired)
        self.take_switching(wired)
        self.conduct.settle_s = self.settle_s
        self.ceiling_dirty = True

    @property
    def most_w(self) -> float:
        """The watts that it takes by a meter of a total since its newest grant; else no bound."""
        if self.shown_w is None or self.shown_s != self.account.moved_s:
            return math.inf
        return self.shown_w

    # What it told

    @property
    def online(self) -> bool:
        """Whether its device can be reached, as far as it was heard of."""
        return self.report is not None and self.report.online

    @property
    def exercised(self) -> bool:
        """Whether its lapse was seen to work (SR-8)."""
        return self.settings.lease_exercised or self.lease.exercised

    @property
    def granted_a(self) -> float:
        """The newest grant, amps per phase."""
        return self.account.granted_a

    @property
    def least_a(self) -> float:
        """The least current that it runs with: the device's, the user's, or the car's.

        Where a plan or the sun decides what it may have, a car that needs more goes without.
        """
        least_a = max(self.settings.min_current_a, self.wishes.minimum_current_a or 0.0)
        return max(least_a, self.appetite.least_a) if self.mode is Mode.FAST else least_a

    @property
    def lacks_least(self) -> bool:
        """Whether it has less than it runs with: it gets that or nothing."""
        return self.granted_a < self.least_a - _ROUNDING

    @property
    def had_time(self) -> bool:
        """Whether its newest sample is from when it had to have followed; else it proves nothing.

        That is a settle time after its newest grant, or after its samples began to show too much.
        """
        newest_s, excess_s = self.samples.newest_s, self.conduct.excess_since_s
        if excess_s is not None and newest_s - excess_s >= self.settle_s:
            return True
        return newest_s > self.account.moved_s and not self.account.is_moving(newest_s)

    def is_moving(self, at_s: float) -> bool:
        """Whether its draw may be on its way to a grant; who ignores has had its settle time."""
        excess_s = self.conduct.excess_since_s
        ignores = excess_s is not None and at_s - excess_s >= self.settle_s
        return not ignores and self.account.is_moving(at_s)

    def absorb(self) -> None:
        """Take the reports that came since the last decision."""
        for report in self.pending:
            before = self.report
            if before is not None and report.arrived_at < before.arrived_at:
                continue
            self.report = report
            self._note_link(before, report)
            self._note_car(before, report)
            self._note_draw(report)
        self.pending.clear()

    def _note_link(self, before: MemberReport | None, report: MemberReport) -> None:
        """Take a link that broke or came back, and a device that started anew."""
        at_s = report.arrived_at.timestamp()
        if not report.online:
            if self.account.offline_s is None:
                self.account.offline_s = at_s
        elif before is None or self.account.offline_s is not None:
            self.account.offline_s = None
            self.needs_set = True
            if before is not None and report.booted_at is None:
                # It does not tell whether it started anew meanwhile.
                self.account.unknown = True
        if report.booted_at is not None and report.booted_at != self._booted_at:
            if self._booted_at is not None:
                self.account.unknown = True
                self.needs_set = True
                self.conduct.forgive()
                if self.switch is not None:
                    self.learner.forget()
                    self.ceiling_dirty = True
                    self.switch.reboot(at_s, self.granted_a)
            self._booted_at = report.booted_at

    def _note_car(self, before: MemberReport | None, report: MemberReport) -> None:
        """Take a car that came, went, or changed its mind."""
        at_s = report.arrived_at.timestamp()
        connected, session = self._is_connected(report), report.session
        if session is None and not report.online:
            # A device that is out of reach ends nothing.
            session = self.session
        if connected != self.connected or session != self.session:
            self.ceiling_dirty = True
            if connected and (not self.connected or self.session is not None):
                self._begin_session()
        if self.connected and not connected:
            self.turns.leave()
            self.wake.rest()
        self.connected = connected
        if (connected or session is None) and session != self.session:
            self.session = session
            # After a restart its limits bind before the device tells of it (I6).
            self.account.changed = True
        if (
            before is not None
            and before.charging in _SUSPENDED
            and report.charging is ChargingStatus.CHARGING
        ):
            # Some stations forget a profile while suspended (SR-2).
            self.needs_set = True
            self.wake.stir()
        if before is not None and before.demand_w != report.demand_w:
            self.ceiling_dirty = True
        if report.state in _UNHEARD and report.online:
            self.unheard_since_s = self.unheard_since_s or at_s
        else:
            self.unheard_since_s = None

    def _is_connected(self, report: MemberReport) -> bool:
        if not report.online:
            return self.connected
        if self.is_supply:
            return (report.demand_w or 0.0) > 0.0 and report.state is not ConnectorState.ERROR
        if report.state in _UNHEARD and self.connected:
            since_s = self.unheard_since_s
            return since_s is None or report.arrived_at.timestamp() - since_s < HOLD_S
        return report.state.is_ev_connected

    def _begin_session(self) -> None:
        """Forget what was known of the car before."""
        self.shown_w = None
        self.learner.forget()
        self.car_phases, self.was_tried = None, False
        self.wake.rest()
        self.wake.stir()
        self.headroom = Headroom()
        self.appetite = Appetite()
        self.turns = Turns()
        self.conduct.forgive()
        if self.switch is not None:
            self.switch.begin_session()
        self.needs_set = True

    def _note_draw(self, report: MemberReport) -> None:
        """Take the newest draw, measured or known from the state."""
        draw = self._draw(report)
        if draw is None:
            self._note_unmeasured(report)
            return
        if not self.samples.add(*draw):
            return
        at_s, lanes = draw
        strongest_a = max(lanes[:3])
        if self.account.settle(at_s, strongest_a, self.fail_safe_a) and self.account.is_settled:
            self.conduct.obey()
            if self.granted_a <= 0.0:
                self.learner.forget()
        self.note_losses(report, at_s, strongest_a if self.had_time else 0.0)
        if self.connected and self.granted_a > 0.0:
            self.ceiling_dirty |= self.learner.take(at_s, lanes)
            if self.learner.learned is not None and not self.is_told_one:
                self.car_phases = self.learner.learned
            self.headroom.draw(at_s, strongest_a)
            if self.is_supply and 0.0 < strongest_a <= self.granted_a and self.had_time:
                self.headroom.use(strongest_a / self.granted_a)
            self.wake.draw(at_s, strongest_a)
            if self.appetite.draw(at_s, strongest_a, self.granted_a):
                self.wake.doubt(at_s)

    def _note_unmeasured(self, report: MemberReport) -> None:
        """Take that it charges by its own word, nobody knows with how much."""
        measured = report.current is not None or report.power_w is not None
        if report.online and not measured and report.charging is ChargingStatus.CHARGING:
            at_s = report.arrived_at.timestamp()
            self.wake.draw(at_s, self.granted_a)
            self.headroom.change(at_s)

    def _draw(self, report: MemberReport) -> tuple[float, Lanes] | None:
        """Return the newest draw with its time, None when the report tells nothing new."""
        current = report.current
        if current is not None and any(value is not None for value in current.value):
            at_s = self.clock.time_of(current)
            if at_s > self.samples.newest_s:
                return at_s, self._rotated(current)
        at_s = report.arrived_at.timestamp()
        if not report.online:
            return None
        if report.state is ConnectorState.IDLE and not self.is_supply:
            return at_s, NO_FLOW
        power = report.power_w
        if self.is_supply and current is None and power is not None:
            current_a = current_of_power(self.settings, max(0.0, power.value))
            return self.clock.time_of(power), self._on_wired(current_a)
        if current is None and power is not None:
            if len(self.learner.wired) == 1:
                return self.clock.time_of(power), self._on_wired(power.value / self.voltage_v)
            if abs(power.value) <= _NO_DRAW_W:
                return self.clock.time_of(power), NO_FLOW
        if current is None and power is None and report.charging in _QUIET:
            return at_s, NO_FLOW
        return None

    def _rotated(self, current: Reading[PhaseReadings]) -> Lanes:
        """Return own L1 to L3 on the site's phases; a missing one counts as the strongest known."""
        own = tuple(current.value)
        strongest = max((value for value in own if value is not None), default=0.0)
        amps = [0.0, 0.0, 0.0]
        for position, value in zip(self.learner.wired, own, strict=False):
            amps[position] = strongest if value is None else value
        return from_amps(amps[0], amps[1], amps[2], self.voltage_v)

    def _on_wired(self, current_a: float) -> Lanes:
        return on_phases(current_a, self.learner.wired, self.voltage_v)

    def wish(self, wishes: MemberWishes) -> None:
        """Take what the user wants."""
        if wishes != self.wishes:
            self.wishes = wishes
            self.ceiling_dirty = True
            self.wake.stir()

    def enter(self, mode: Mode) -> None:
        """Take the mode that counts from now on: at once, without waiting for a pause to end."""
        if mode is not self.mode:
            self.mode = mode
            self.share = _NO_SHARE
            self.ceiling_dirty = True
            self.turns.forgive_pause()

    def allow(self, share: Ceiling) -> None:
        """Take what its mode gives it now."""
        if share != self.share:
            self.ceiling_dirty = True
            self.share = share

    def restore(self, record: MemberRecord, now_s: float) -> None:
        """Take what was remembered over a restart (SR-11)."""
        expires_s = None if record.expires_at is None else record.expires_at.timestamp()
        granted_a = record.granted_a
        if expires_s is not None and now_s > expires_s:
            # The lease ran out meanwhile: what the device fell to may be kept, not what it had.
            granted_a = min(granted_a, record.lapse_to_a)
            self.needs_set = True
        self.account.restore(granted_a, max(record.granted_a, record.outstanding_a), expires_s)
        self.lease.exercised = record.lease_exercised
        self.lease.failed = record.lease_failed
        if record.asleep:
            # Nobody remembers why: it is asked again.
            self.wake.lend(now_s)
        self.turns.restore(record.owed, now_s)
        if self.switch is not None:
            self.switch.restore(record.phases, record.phase_veto)
        self.session = record.session
        # Nobody remembers whether its session had its trial run: it counts as spent.
        self.was_tried = record.session is not None
        self.ceiling_dirty = True
        self.connected = record.session is not None or granted_a > 0.0
        if granted_a > 0.0:
            self.turns.start(now_s)

    def apply_own_demand(self) -> None:
        """Bound a supply's ceiling by what its own set points could use (SR-13)."""
        report = self.report
        if not self.is_supply or report is None or report.demand_w is None:
            return
        current_a = current_of_power(self.settings, report.demand_w) * self.cost_share
        if current_a < self.ceiling.current_a:
            self.ceiling = Ceiling(
                current_a=current_a,
                reason=Reason(kind=ReasonKind.USER, subject=self.settings.member),
            )

    def trusts_lease(self) -> bool:
        """Whether its device falls back by itself (SR-5)."""
        return self.settings.lease is not None and not self.lease.failed

    def least_cap(self) -> tuple[float, Reason] | None:
        """Return a cap that its own condition demands, None when it may run."""
        if not self.connected:
            # A supply that wants nothing was switched off by its user.
            kind = ReasonKind.USER if self.is_supply else ReasonKind.NOT_CONNECTED
            return 0.0, Reason(kind=kind)
        if self.conduct.ignores:
            return 0.0, Reason(kind=ReasonKind.IGNORED)
        if self.wake.asleep:
            return 0.0, Reason(kind=ReasonKind.ASLEEP)
        report = self.report
        if report is not None and report.charging is ChargingStatus.FAULT:
            return 0.0, Reason(kind=ReasonKind.FAULT)
        if report is not None and report.charging is ChargingStatus.WAITING_FOR_AUTHORIZATION:
            return 0.0, Reason(kind=ReasonKind.NOT_CONNECTED)
        return None
