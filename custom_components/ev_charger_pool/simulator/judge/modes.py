"""What modes owe: nothing to who is off or has no plan, and nothing of the grid's for long by the sun.

A mode acts at once, and a boost goes before it. Outside of a plan's slots a run may go on at
its least where a pause would come or end too soon (SR-14). Only what the pool grants is judged, of members that
are heard and obey. By the sun: without any for ten minutes `solar` has nothing, `minimum_solar` no
more than its least, unless a battery may feed cars.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from ...balancing.contract import Decision
from ...pool.members import MemberId, MemberSettings, MemberStatus, MemberWishes, Mode
from ...pool.quantities import NOMINAL_VOLTAGE_V
from ...pool.reasons import ReasonKind
from ...pool.schedules import Schedule
from ..scenario import Scenario
from .news import News
from .truth import Truth
from .turns import PAUSE_S, RUN_S
from .violations import ROUNDING_A, Findings, Rule
from .windows import SlidingMaximum

AT_ONCE_S: Final = 2.0
"""Decisions come once a second."""

WAITS_S: Final = 300.0
"""Who is to start may have to wait so long until others have made room for it."""

DARK_S: Final = 600.0
"""Who charges by the sun is paused when there is none for so long."""


class _Asked(NamedTuple):
    """What a member's mode asks of it."""

    mode: Mode
    planned_w: float
    next_at: datetime | None = None
    """When the plan goes on, where it asks for nothing now."""


class ModeJudge:
    """Judges what members are granted by their modes."""

    def __init__(self, scenario: Scenario, truth: Truth, news: News, findings: Findings) -> None:
        self._truth = truth
        self._news = news
        self._findings = findings
        self._started_at = scenario.started_at
        self._battery_feeds = (
            scenario.plant.battery is not None and scenario.site.battery.feeds_cars
        )
        self._lent_w = max(0.0, -scenario.site.solar.export_margin_w)
        self._wishes: dict[MemberId, MemberWishes] = {}
        self._schedules: dict[MemberId, Schedule] = {}
        self._asked_before: dict[MemberId, _Asked] = {}
        self._since_s: dict[MemberId, float] = {}
        self._started_s: dict[MemberId, float] = {}
        self._waits_since_s: dict[MemberId, float] = {}
        self._sun = SlidingMaximum()
        self._revived_s = 0.0

    def wished(self, member: MemberId, wishes: MemberWishes) -> None:
        """Take what a user wants."""
        self._wishes[member] = wishes

    def planned(self, schedules: Sequence[Schedule]) -> None:
        """Take what plans ask."""
        self._schedules = {schedule.member: schedule for schedule in schedules}

    def revived(self, now_s: float) -> None:
        """Take that somebody decides again."""
        self._revived_s = now_s

    def advance(self, now_s: float) -> None:
        """Take what the sun leaves now, without any member."""
        plant = self._truth.plant
        taken_a = sum(sum(load.current_a) for load in plant.loads.values())
        self._sun.add(now_s, plant.solar_power_w - taken_a * NOMINAL_VOLTAGE_V)

    def decided(self, decision: Decision, now_s: float) -> None:
        """Judge a decision."""
        now = self._started_at + timedelta(seconds=now_s)
        for member, status in decision.members.items():
            asked = self._asked(member, now)
            if asked != self._asked_before.get(member):
                self._asked_before[member], self._since_s[member] = asked, now_s
            if status.granted_a <= 0.0:
                self._started_s.pop(member, None)
            else:
                self._started_s.setdefault(member, now_s)
            truth = self._truth.members[member]
            if self._news.is_restarting(now_s) or not self._news.can_move(truth, now_s):
                continue
            if status.granted_a > 0.0:
                self._judge(status, truth.settings, asked, now_s)
            if asked.mode is Mode.MINIMUM_SOLAR:
                self._waits_for_sun(status, now_s)

    def _asked(self, member: MemberId, now: datetime) -> _Asked:
        """Return what a member's mode asks of it now."""
        mode = self._wishes.get(member, MemberWishes()).mode_at(now)
        schedule = self._schedules.get(member)
        if mode is not Mode.PLAN or schedule is None:
            return _Asked(mode, 0.0)
        return _Asked(mode, schedule.power_at(now), schedule.next_start(now))

    def _judge(
        self, status: MemberStatus, settings: MemberSettings, asked: _Asked, now_s: float
    ) -> None:
        member = status.member
        since_s = max(self._since_s[member], self._revived_s)
        wished_a = self._wishes.get(member, MemberWishes()).minimum_current_a or 0.0
        least_a = max(settings.min_current_a, wished_a) + settings.step_a
        match asked.mode:
            case Mode.OFF:
                most_a = 0.0
            case Mode.PLAN if asked.planned_w == 0.0:
                most_a = least_a if self._runs_on(member, asked, now_s) else 0.0
            case Mode.SOLAR if self._is_dark(now_s, since_s):
                most_a = 0.0
            case Mode.MINIMUM_SOLAR if self._is_dark(now_s, since_s):
                most_a = least_a
            case _:
                return
        if now_s - since_s >= AT_ONCE_S and status.granted_a > most_a + ROUNDING_A:
            self._findings.add(
                Rule.MODE,
                now_s,
                member,
                f"granted {status.granted_a:.1f} A in mode {asked.mode}, which is so since {since_s:.0f}"
                f" s, where {most_a:.1f} A are the most ({status.limited_by})",
            )

    def _runs_on(self, member: MemberId, asked: _Asked, now_s: float) -> bool:
        """Whether its run is young, or a pause until the plan goes on would be too short (SR-14)."""
        if now_s - self._started_s[member] < RUN_S:
            return True
        if asked.next_at is None:
            return False
        return (asked.next_at - self._started_at).total_seconds() - now_s < PAUSE_S

    def _waits_for_sun(self, status: MemberStatus, now_s: float) -> None:
        """Its least is nothing that the sun would have to give; others may have to make room."""
        member = status.member
        waits = (
            status.granted_a <= 0.0
            and status.limited_by.kind is ReasonKind.SOLAR
            and self._news.is_connected(member)
        )
        if not waits:
            self._waits_since_s.pop(member, None)
        elif now_s - self._waits_since_s.setdefault(member, now_s) > WAITS_S:
            self._findings.add(
                Rule.MODE,
                now_s,
                member,
                "waits for the sun though its least current is to flow without it",
            )

    def _is_dark(self, now_s: float, since_s: float) -> bool:
        """Whether there was nothing of the sun for long."""
        return (
            not self._battery_feeds
            and now_s - since_s >= DARK_S
            and self._sun.since(now_s - DARK_S) <= -self._lent_w
        )
