"""What is held of members in modes by the sun, and what a decision about them looks at."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
import math
from operator import add
from typing import Final, Self

from ..pool.energy_settings import SurplusRule
from ..pool.members import Mode
from ..pool.reasons import Reason
from .battery_rules import BatteryView
from .branches import Branch
from .headroom import SPARE_A
from .policies import Ceiling
from .seats import Seat
from .site_state import SiteState
from .surplus import shortage_w
from .wiring import NO_FLOW, WATTS, Lanes, each, on_phases

_ROUNDING: Final = 1e-6


@dataclass(slots=True)
class Follower:
    """A member in a mode by the sun.

    Attributes:
        seat: The member.
        mode: Which of the modes.
        share_a: What it may have now, amps per phase.
        kept: Whether it goes on, at its least at least.
        starts_s: Since when it is to start, None when it is not to.
        waits_since_s: Since when it could run and does not.
        least: Its least current in each lane.
        on_trial: Whether it runs, or is to start, to show how many phases its car uses.
    """

    seat: Seat
    mode: Mode
    share_a: float
    kept: bool
    starts_s: float | None = None
    waits_since_s: float | None = None
    least: Lanes = NO_FLOW
    on_trial: bool = False
    _session: str | None = None
    _shown_a: float | None = None

    @property
    def takes_part(self) -> bool:
        """Whether it could charge now, if the sun allowed it."""
        seat = self.seat
        return (
            seat.report is not None
            and seat.least_cap() is None
            and seat.open_a >= seat.least_a - _ROUNDING
        )

    @property
    def is_on(self) -> bool:
        """Whether it is to have a share."""
        return self.kept or self.starts_s is not None

    @property
    def phases(self) -> tuple[int, ...]:
        """The phases that it is taken to use."""
        seat = self.seat
        if seat.is_told_one:
            return seat.learner.wired[:1]
        if seat.car_phases is None and self.on_trial:
            return seat.learner.wired[:1]
        return self.all_phases

    @property
    def all_phases(self) -> tuple[int, ...]:
        """The phases that it is taken to use where its device charges on all."""
        return self.seat.car_phases or self.seat.learner.wired

    def learn(self) -> None:
        """Renew what is known of its car."""
        seat = self.seat
        if self._session != seat.session:
            self._session, self._shown_a = seat.session, None
        if self._shown_a is not None and max(draw_of(seat)[:WATTS]) > self._shown_a:
            self._shown_a = None
        self.least = on_phases(seat.least_a, self.phases, seat.voltage_v)

    def waited_s(self, now_s: float) -> float:
        """Return how long it has waited."""
        return 0.0 if self.waits_since_s is None else now_s - self.waits_since_s

    def most_a(self, now_s: float) -> float:
        """Return what it could use: what others than the sun allow it, and it shows to need."""
        seat = self.seat
        if self.on_trial:
            return seat.least_a
        if seat.granted_a <= 0.0:
            return seat.open_a
        needed_a = seat.headroom.needed_a(now_s, seat.granted_a)
        if needed_a is None:
            return seat.open_a
        self._shown_a = max(math.ceil(needed_a - SPARE_A), seat.least_a)
        return min(seat.open_a, max(math.ceil(needed_a), seat.least_a))

    @property
    def usable_a(self) -> float:
        """What its car takes at most, as far as it showed that in its session."""
        open_a = self.seat.open_a
        return open_a if self._shown_a is None else min(open_a, self._shown_a)

    def rest(self) -> None:
        """Note that it can not run whatever the sun does."""
        self.kept = self.on_trial = False
        self.starts_s = self.waits_since_s = None

    def try_out(self) -> Self | None:
        """Return the same as it would run on trial: at its least, and on one phase for now."""
        if not self.seat.may_be_tried or self.mode is not Mode.SOLAR:
            return None
        trial = replace(self, on_trial=True)
        trial.learn()
        return trial

    def give(self, share_a: float, reason: Reason) -> None:
        """Set what it may have: by the sun, and its minimum where its user wants that always."""
        if self.mode is Mode.MINIMUM_SOLAR:
            share_a = max(share_a, self.seat.least_a)
        self.share_a = share_a
        self.seat.allow(Ceiling(current_a=share_a, reason=reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What one decision about the sun looks at.

    Attributes:
        site: The site.
        root: The grid connection.
        battery: What the battery means.
        now: What is left for members by the sun now.
        steady: What was left throughout the last seconds.
        known_s: Since how long that is known.
        lent_wh: What the grid lent.
        budget_wh: What it may lend, to all that run.
        now_s: Seconds since the epoch.
    """

    site: SiteState
    root: Branch
    battery: BatteryView
    now: Lanes
    steady: Lanes
    known_s: float
    lent_wh: float
    budget_wh: float
    now_s: float

    @property
    def rule(self) -> SurplusRule:
        """What counts as surplus."""
        return self.site.settings.solar.rule

    def shortage_w(self, need: Lanes, available: Lanes) -> float:
        """Return the watts that are missing by the rule."""
        return shortage_w(need, available, self.rule, self.root.voltage_v)


def draw_of(seat: Seat) -> Lanes:
    """Return what a member takes by its newest sample, or may where nobody measures."""
    newest = seat.samples.newest
    if newest is not None:
        return newest
    return seat.granted if seat.connected else NO_FLOW


def total(lanes: Iterable[Lanes]) -> Lanes:
    """Return the sum, lane by lane."""
    l1 = l2 = l3 = watts = 0.0
    for one in lanes:
        l1, l2, l3, watts = l1 + one[0], l2 + one[1], l3 + one[2], watts + one[3]
    return (l1, l2, l3, watts)


def plus(one: Lanes, other: Lanes) -> Lanes:
    """Return the sum of two."""
    return each(add, one, other)
