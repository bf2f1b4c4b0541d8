"""SR-14: runs and pauses last, nobody starves, and sleeping cars are woken and then left alone.

A run may end early for safety: when its least current would not fit beside all that is committed
to the others and the most that others lately took, or a meter tells nothing that helps to see it,
or it told that it draws more than it may (SR-6). The sun is no safety: it ends no run early, but for
one in a session that shows how many phases a car uses. A run that had its time and ended for a meter
that is not trusted goes on as soon as it is. What a user changes counts at once; a car that comes, a
device in trouble and a restart begin anew.
That 1 to 5 A are never ordered is I3.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from ...balancing.contract import Decision
from ...pool.limits import Limit
from ...pool.members import MemberId, MemberStatus, MemberWishes, Mode, OrderKind
from ...pool.reasons import ReasonKind
from ...pool.states import ChargingStatus
from ..devices import Station
from ..scenario import Scenario
from .news import News
from .room import Room
from .truth import TOLERANCE_A, MemberTruth, Truth
from .violations import Findings, Rule

TURN_S: Final = 1_800.0
RUN_S: Final = 600.0
PAUSE_S: Final = 300.0

CHANGE_S: Final = 300.0
"""Who has waited for a turn gets it within this: others have to be lowered and settle first."""

NO_DRAW_S: Final = 120.0
ATTEMPT_SPACING_S: Final = 60.0
ATTEMPTS: Final = 3

ASLEEP_S: Final = NO_DRAW_S + ATTEMPTS * ATTEMPT_SPACING_S + 30.0
"""After this a car that takes nothing has no grant any more; reports take their time."""

_SUSPENDED: Final = (ChargingStatus.SUSPENDED_BY_EV, ChargingStatus.SUSPENDED_BY_CHARGER)


class _Course:
    """How it goes on with one member."""

    __slots__ = (
        "attempted_s",
        "attempts",
        "charging",
        "mode",
        "paused_s",
        "resumed_s",
        "running",
        "session",
        "started_s",
        "tried",
        "waits_since_s",
    )

    def __init__(self) -> None:
        self.running: bool | None = None
        """Whether it had a grant in the decision before; None after an outage."""
        self.session: str | None = None
        self.tried: str | None = None
        """The session that had its trial run."""
        self.mode = Mode.FAST
        self.charging = ChargingStatus.UNKNOWN
        self.forget()

    def forget(self) -> None:
        """Begin anew: whatever comes next follows from nothing."""
        self.started_s: float | None = None
        self.paused_s: float | None = None
        self.waits_since_s: float | None = None
        self.sleep_on()

    def sleep_on(self) -> None:
        """Begin anew with waking it."""
        self.resumed_s: float | None = None
        self.attempted_s: float | None = None
        self.attempts = 0


class TurnJudge:
    """Judges the runs and pauses of members."""

    def __init__(
        self, scenario: Scenario, truth: Truth, news: News, room: Room, findings: Findings
    ) -> None:
        self._truth = truth
        self._started_at = scenario.started_at
        self._news = news
        self._room = room
        self._findings = findings
        self._courses = {member: _Course() for member in truth.members}
        self._wishes: dict[MemberId, MemberWishes] = {}
        self._limits: Sequence[Limit] = ()
        self._bounded = scenario.has_own_limits

    def wished(self, member: MemberId, wishes: MemberWishes) -> None:
        """Take what a user wants."""
        self._wishes[member] = wishes
        self._courses[member].forget()

    def limited(self, limits: Sequence[Limit]) -> None:
        """Take the ceilings that the controller was told: they may end runs and pauses."""
        self._limits = limits
        for course in self._courses.values():
            course.forget()

    def revived(self) -> None:
        """Take that somebody decides again."""
        for course in self._courses.values():
            course.running = None
            course.forget()

    def decided(self, decision: Decision, now_s: float) -> None:
        """Judge a decision."""
        for member, course in self._courses.items():
            self._follow(self._truth.members[member], course, now_s)
        for order in decision.orders:
            if order.kind is OrderKind.START:
                self._wakes(order.member, now_s)
        for member, course in self._courses.items():
            status = decision.members[member]
            truth = self._truth.members[member]
            runs = status.granted_a > 0.0
            if runs and course.running is False:
                self._starts(member, course, now_s)
            elif course.running and not runs:
                self._pauses(truth, course, status, decision, now_s)
            course.running = runs
            self._sleeps(truth, course, status, now_s)
            self._waits(truth, course, decision, now_s)

    def _follow(self, member: MemberTruth, course: _Course, now_s: float) -> None:
        """Take what the member told: all that begins something anew."""
        report = self._news.books[member.id].report
        if (
            report is None
            or not report.online
            or not report.state.is_ev_connected
            or report.session != course.session
            or member.in_trouble(now_s)
        ):
            course.session = None if report is None else report.session
            course.forget()
        wishes = self._wishes.get(member.id, MemberWishes())
        mode = wishes.mode_at(self._started_at + timedelta(seconds=now_s))
        if mode is not course.mode:
            # The end of a boost is a change that the user made before.
            course.mode = mode
            course.forget()
        if report is not None:
            woke = course.charging in _SUSPENDED and report.charging is ChargingStatus.CHARGING
            course.charging = report.charging
            if woke or self._news.books[member.id].told_a > TOLERANCE_A:
                course.sleep_on()

    def _starts(self, member: MemberId, course: _Course, now_s: float) -> None:
        if course.paused_s is not None and now_s - course.paused_s < PAUSE_S - 1e-6:
            self._findings.add(
                Rule.SR14,
                now_s,
                member,
                f"started {now_s - course.paused_s:.0f} s after its pause began,"
                f" {PAUSE_S:.0f} s are due",
            )
        course.sleep_on()
        course.resumed_s = now_s
        if course.started_s is None:
            course.started_s = now_s
        course.paused_s = None

    def _pauses(
        self,
        member: MemberTruth,
        course: _Course,
        status: MemberStatus,
        decision: Decision,
        now_s: float,
    ) -> None:
        started_s = course.started_s
        course.forget()
        if status.asleep or status.limited_by.kind is ReasonKind.PHASES:
            # A switch of phases is a part of its run.
            course.started_s = None if status.asleep else started_s
            return
        had_its_time = started_s is None or now_s - started_s >= RUN_S - 1e-6
        if not (had_its_time and self._is_stale(member, decision)):
            course.paused_s = now_s
        if had_its_time or started_s is None:
            return
        if self._is_distrusted(member, decision, now_s):
            return
        by_the_sun = status.limited_by.kind is ReasonKind.SOLAR
        if by_the_sun and self._was_trial(member, course):
            return
        if by_the_sun or (
            self._may_run(member)
            and self._room.has(member, decision, now_s)
            and self._room.seems(member, decision)
        ):
            self._findings.add(
                Rule.SR14,
                now_s,
                member.id,
                f"paused {now_s - started_s:.0f} s after its start without need,"
                f" {RUN_S:.0f} s are due ({status.limited_by})",
            )

    def _was_trial(self, member: MemberTruth, course: _Course) -> bool:
        """Whether its session had no run yet that ended as soon as its car's phases showed."""
        first = course.tried is None or course.tried != course.session
        course.tried = course.session
        return first and course.mode is Mode.SOLAR and len(member.settings.phases) > 1

    def _is_distrusted(self, member: MemberTruth, decision: Decision, now_s: float) -> bool:
        """Whether a meter above it helps nobody, or it told that it draws too much (SR-6)."""
        draws_more = self._news.books[member.id].above_since_s is not None
        return self._is_stale(member, decision) or draws_more or self._room.is_hidden(member, now_s)

    def _is_stale(self, member: MemberTruth, decision: Decision) -> bool:
        """Whether the pool trusts a meter above it no more: a run that it ends may soon go on."""
        return any(
            decision.circuits[circuit].stale
            for circuit in self._room.paths[member.settings.circuit]
        )

    def _may_run(self, member: MemberTruth) -> bool:
        """Whether nothing but a fuse can be why it is paused."""
        settings = member.settings
        wishes = self._wishes.get(member.id, MemberWishes())
        path = self._room.paths[settings.circuit]
        return (
            not self._bounded
            and wishes == MemberWishes()
            # Others are capped for what happens when everything freezes (SR-5).
            and (settings.lease_exercised or settings.may_freeze)
            and not any(
                limit.member == member.id or limit.circuit in path for limit in self._limits
            )
        )

    def _wakes(self, member: MemberId, now_s: float) -> None:
        """A car is woken at the earliest 120 s after a resume, then twice, 60 s apart."""
        course = self._courses[member]
        course.attempts += 1
        last_s, course.attempted_s = course.attempted_s, now_s
        since_s = None if course.resumed_s is None else now_s - course.resumed_s
        if (
            (last_s is not None and now_s - last_s < ATTEMPT_SPACING_S - 1e-6)
            or (since_s is not None and since_s < NO_DRAW_S - 1e-6)
            or course.attempts > ATTEMPTS
        ):
            self._findings.add(
                Rule.SR14,
                now_s,
                member,
                f"woken for the {course.attempts}. time, {now_s - (last_s or now_s):.0f} s after"
                f" the last time and {since_s or 0.0:.0f} s after its resume",
            )

    def _sleeps(
        self, member: MemberTruth, course: _Course, status: MemberStatus, now_s: float
    ) -> None:
        """Who takes nothing after all attempts has no grant."""
        if (
            status.granted_a > 0.0
            and course.resumed_s is not None
            and isinstance(member.device, Station)
            and member.settings.measures_current
            and now_s - course.resumed_s > ASLEEP_S
        ):
            self._findings.add(
                Rule.SR14,
                now_s,
                member.id,
                f"granted {status.granted_a:.1f} A for {now_s - course.resumed_s:.0f} s though"
                f" its car takes nothing; it was woken {course.attempts} times",
            )

    def _waits(
        self, member: MemberTruth, course: _Course, decision: Decision, now_s: float
    ) -> None:
        """Who waited for a turn comes before those who had theirs."""
        device = member.device
        if (
            decision.members[member.id].granted_a > 0.0
            or not isinstance(device, Station)
            or not device.connector.car_wants_energy
            or device.stopped
            or self._wishes.get(member.id, MemberWishes()).mode is not Mode.FAST
            or not self._may_run(member)
            or self._room.is_hidden(member, now_s)
        ):
            course.waits_since_s = None
            return
        if course.waits_since_s is None:
            course.waits_since_s = now_s
        if now_s - course.waits_since_s <= TURN_S + CHANGE_S:
            return
        yields = {
            other
            for other, its in self._courses.items()
            if its.started_s is not None
            and now_s - its.started_s > TURN_S + CHANGE_S
            and self._truth.members[other].settings.priority >= member.settings.priority
        }
        # Room that nobody has to make is I8's.
        if not self._room.has(member, decision, now_s) and self._room.has(
            member, decision, now_s, yields=yields
        ):
            self._findings.add(
                Rule.SR14,
                now_s,
                member.id,
                f"waits since {course.waits_since_s:.0f} s for a turn, and"
                f" {', '.join(sorted(yields))} had more than one",
            )
