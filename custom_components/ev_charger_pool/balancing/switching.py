"""1/3-phase switching of one connector: when, in which order, and for whom not again."""

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
import math
from typing import Final

from ..pool.members import Mode, PhaseChoice, PhaseSwitching, PhaseVeto
from .starts import HOUR_S
from .turns import PAUSE_S

MOST_SWITCHES: Final = 4
"""Contactor operations of a switch within an hour, the way back included: as many as starts."""

SPACING_S: Final = 600.0
"""Between two switches: the run between them lasts as long as any other (SR-14)."""

AVERAGE_S: Final = 30.0
"""What is possible is averaged with this time constant: a cloud's edge is no reason."""

DOWN_S: Final = 30.0
"""All phases are given up once their least current was out of reach for so long: each minute of
waiting is import."""

UP_S: Final = 300.0
"""They are taken again once it was in reach for so long: a few clouds."""

SUN_UP_S: Final = 60.0
"""The same where the sun is worth more on them: that looks at many clouds already."""

REST_S: Final = 30.0
"""Nothing is interrupted where nothing flows."""

PROMPT_S: Final = 120.0
"""So long after a person chose something else it is done without such waiting."""

MARGIN_A: Final = 0.3
"""So much more than the least current of all phases has to be in reach: 200 W over three."""

WORTH_W: Final = 200.0
"""So much more the sun has to be worth: over ten minutes that is what a switch costs."""

STANDBY_A: Final = 0.5
"""Less than this is no draw (SR-2's measuring tolerance)."""

OTHER_A: Final = 1.0
"""More than this on a phase that was switched off is no measuring error (SR-6)."""

EMPTY_S: Final = 120.0
"""A switch is given up if the draw has not ended, or the device has not answered, by then."""

RESUME_S: Final = 180.0
"""A car that draws nothing for so long after a switch does not like it: it is woken once before."""

WAIT_S: Final = 120.0
"""Who gets no grant within this after a switch is not judged by it."""

FAULT_S: Final = 120.0
"""A fault within this after a car has resumed comes of the switch."""

_MOST_A: Final = 1_000.0
"""What has no limit counts with this in averages."""


class Stage(Enum):
    """Where a switch stands."""

    STEADY = auto()
    EMPTYING = auto()
    TELLING = auto()
    SETTLING = auto()
    RESUMING = auto()


class Step(Enum):
    """What is to be done now."""

    NOTHING = auto()
    PAUSE = auto()
    TELL = auto()
    COUNT_ANEW = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a member could have for long.

    Attributes:
        one_a: Amps on one phase.
        all_a: Amps per phase on all.
        gain_w: What the sun is worth more on all phases than on one, in watts, import at its price;
            None in modes that do not ask the sun.
    """

    one_a: float
    all_a: float
    gain_w: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one step looks at.

    Attributes:
        now_s: Seconds since the epoch.
        choice: What the user wants.
        mode: The mode that counts now.
        room: What mode and limits leave it; None: nothing speaks for either.
        least_a: The least current that it runs with.
        granted_a: Its newest grant.
        is_settled: Whether that shows.
        draw_a: Its newest draw on L1, L2, L3 of the site; None: never measured.
        drawn_s: When that was measured.
        learned: The phases that its car was seen to use; None: unknown.
        connected: Whether a car is there.
        reachable: Whether its device takes orders now.
        interruptible: Whether its run may be interrupted now.
        must_run: Whether it has just begun: only a person's choice interrupts it.
        faulty: Whether the device reports a fault.
    """

    now_s: float
    choice: PhaseChoice
    mode: Mode
    room: Room | None
    least_a: float
    granted_a: float
    is_settled: bool
    draw_a: tuple[float, float, float] | None
    drawn_s: float
    learned: tuple[int, ...] | None
    connected: bool
    reachable: bool
    interruptible: bool
    must_run: bool
    faulty: bool

    @property
    def draws(self) -> bool:
        """Whether its car takes something."""
        return self.draw_a is not None and max(self.draw_a) > STANDBY_A


class PhaseSwitch:
    """The switch of one connector. Times are seconds since the epoch.

    The sequence: no grant, until nothing flows and the device's pause is over; the device is told
    the other phases, still at 0 A; its settle time; then a grant again. What the car draws after
    that shows whether it worked.

    Args:
        wired: The positions of the site's phases that its own L1, L2, L3 are wired to.
        device: How the device switches.
    """

    def __init__(self, wired: tuple[int, ...], device: PhaseSwitching) -> None:
        self.wired = wired
        self.device = device
        self.phases = len(wired)
        """On how many the device is told to charge."""
        self.stage = Stage.STEADY
        self.veto: PhaseVeto | None = None
        self._choice: PhaseChoice | None = None
        self._mode: Mode | None = None
        self._prompt_until_s = float("-inf")
        self._next = self._home = self.phases
        self._is_believed = False
        self._interrupts = self._returns = False
        self._drew = self._is_single_phase_car = False
        self._switched_s: deque[float] = deque()
        self._since_s = 0.0
        self._not_before_s = float("-inf")
        self._empty_since_s: float | None = None
        self._granted_since_s: float | None = None
        self._resumed_s = self._ran_s = float("-inf")
        self._mean: Room | None = None
        self._mean_s = 0.0
        self._one_since_s: float | None = None
        self._all_since_s: float | None = None

    @property
    def holds(self) -> bool:
        """Whether it may have no grant now."""
        return self.stage in (Stage.EMPTYING, Stage.TELLING, Stage.SETTLING)

    @property
    def keeps_turn(self) -> bool:
        """Whether the pause is a part of its run: it goes on afterwards."""
        return self.stage is not Stage.STEADY and self._interrupts

    @property
    def is_single(self) -> bool:
        """Whether the device took it to charge on its first phase only."""
        return self.phases == 1 and self._is_believed

    def in_last_hour(self, now_s: float) -> int:
        """Return how often it was switched within an hour."""
        while self._switched_s and self._switched_s[0] <= now_s - HOUR_S:
            self._switched_s.popleft()
        return len(self._switched_s)

    def restore(self, phases: int | None, veto: PhaseVeto | None) -> None:
        """Take what was remembered over a restart."""
        if phases in (1, len(self.wired)):
            self.phases = self._next = self._home = phases
            self._is_believed = phases == 1
            self.veto = veto

    def begin_session(self) -> None:
        """Forget what was learned of the car before."""
        self.veto = None
        self._drew = self._is_single_phase_car = False
        self._interrupts = self._returns = False
        self._one_since_s = self._all_since_s = None
        self._ran_s = float("-inf")
        if self.stage is Stage.RESUMING:
            self.stage = Stage.STEADY

    def reboot(self, now_s: float, granted_a: float) -> None:
        """Take that the device started anew: nobody knows on how many phases it is."""
        self._is_believed = False
        wanted, self.phases = self.phases, len(self.wired)
        if self.holds:
            return
        if wanted != self.phases and self.in_last_hour(now_s) < MOST_SWITCHES:
            self._begin(wanted, now_s, interrupts=granted_a > 0.0)

    def accept(self, at_s: float) -> None:
        """Take that the device took what it was told."""
        if self.stage is Stage.TELLING:
            self.stage, self._since_s = Stage.SETTLING, at_s

    def refuse(self, at_s: float) -> bool:
        """Take that the device refused it; return whether that was the switch."""
        if self.stage is not Stage.TELLING:
            return False
        self._give_up(at_s, PhaseVeto.REFUSED)
        return True

    def step(self, view: View) -> Step:
        """Go on; return what is to be done."""
        self._look(view)
        now_s = view.now_s
        match self.stage:
            case Stage.STEADY:
                return self._go_on(view)
            case Stage.EMPTYING:
                return self._empty(view)
            case Stage.TELLING:
                if now_s - self._since_s >= EMPTY_S:
                    self._give_up(now_s, PhaseVeto.REFUSED)
                    return Step.TELL
            case Stage.SETTLING:
                if now_s - self._since_s >= self.device.settle.total_seconds():
                    self._is_believed = self.phases == 1
                    self.stage, self._since_s = Stage.RESUMING, now_s
                    self._granted_since_s = None
                    return Step.COUNT_ANEW
            case Stage.RESUMING:
                self._resume(view)
        return Step.NOTHING

    def _go_on(self, view: View) -> Step:
        """See whether all is well, and whether a switch is to begin."""
        self._judge(view)
        if not self.holds:
            self._consider(view)
        # At rest it may have lapsed to its fail-safe current, or be about to.
        return Step.PAUSE if self.holds and view.granted_a <= 0.0 else Step.NOTHING

    # What is possible

    def _look(self, view: View) -> None:
        """Renew the averages, and since when they speak for a switch."""
        if view.granted_a > 0.0:
            self._ran_s = view.now_s
        if self._choice not in (view.choice, None):
            # Who chooses anew wants it tried.
            self.veto = None
            self._prompt_until_s = view.now_s + PROMPT_S
        if self._mode not in (view.mode, None):
            self._prompt_until_s = view.now_s + PROMPT_S
        self._choice, self._mode = view.choice, view.mode
        room = view.room
        gain_w = None if room is None else room.gain_w
        if room is None:
            self._mean = self._one_since_s = self._all_since_s = None
            return
        room = Room(one_a=min(room.one_a, _MOST_A), all_a=min(room.all_a, _MOST_A))
        if self._mean is None:
            self._mean = room
        else:
            share = 1.0 - math.exp(-max(0.0, view.now_s - self._mean_s) / AVERAGE_S)
            self._mean = Room(
                one_a=self._mean.one_a + share * (room.one_a - self._mean.one_a),
                all_a=self._mean.all_a + share * (room.all_a - self._mean.all_a),
            )
        self._mean_s = view.now_s
        one_only = self._mean.all_a < view.least_a <= self._mean.one_a
        fits_all = self._mean.all_a >= view.least_a + MARGIN_A
        if gain_w is not None:
            one_only |= gain_w <= -WORTH_W and self._mean.one_a >= view.least_a
            fits_all &= gain_w >= 0.0
        self._one_since_s = (self._one_since_s or view.now_s) if one_only else None
        self._all_since_s = (self._all_since_s or view.now_s) if fits_all else None

    def _wanted(self, view: View) -> int:
        """Return on how many phases it is to charge."""
        everything = len(self.wired)
        if self.veto is not None:
            return self.phases
        if view.choice is PhaseChoice.ONE:
            return 1
        if view.choice is PhaseChoice.THREE or not view.connected:
            return everything
        runs = view.granted_a > 0.0 and view.now_s >= self._prompt_until_s
        if self.phases == 1:
            since_s, wait_s, other = self._all_since_s, self._up_wait_s(view), everything
        else:
            since_s, wait_s, other = self._one_since_s, DOWN_S if runs else REST_S, 1
            if self._is_single_phase_car:
                return self.phases
        return other if since_s is not None and view.now_s - since_s >= wait_s else self.phases

    def _up_wait_s(self, view: View) -> float:
        """Return how long all phases have to fit before they are taken."""
        gain_w = None if view.room is None else view.room.gain_w
        if gain_w is not None:
            return SUN_UP_S if gain_w >= WORTH_W else UP_S
        runs = view.granted_a > 0.0 and view.now_s >= self._prompt_until_s
        return UP_S if runs else REST_S

    def _consider(self, view: View) -> None:
        """Begin a switch that is wanted and may be."""
        wanted = self._wanted(view)
        if wanted == self.phases or not view.reachable:
            return
        # The way back has to be within the budget, too.
        if view.now_s < self._not_before_s or self.in_last_hour(view.now_s) + 2 > MOST_SWITCHES:
            return
        prompt = view.now_s < self._prompt_until_s
        if view.granted_a > 0.0:
            may_begin = view.interruptible and view.draws and (prompt or not view.must_run)
        else:
            # What made it pause made no turn of it: it starts again no sooner than others (SR-14).
            takes_s = (self.device.pause + self.device.settle).total_seconds()
            has_rested = view.now_s - self._ran_s >= PAUSE_S - takes_s
            may_begin = has_rested or prompt or not view.connected
        if not may_begin:
            return
        self._returns = False
        self._begin(wanted, view.now_s, interrupts=view.granted_a > 0.0)

    # The sequence

    def _begin(self, phases: int, now_s: float, *, interrupts: bool) -> None:
        self.stage, self._since_s = Stage.EMPTYING, now_s
        self._home, self._next = self.phases, phases
        self._interrupts = interrupts
        self._empty_since_s = None

    def _empty(self, view: View) -> Step:
        """Wait until nothing flows and the device's pause is over."""
        now_s = view.now_s
        if now_s - self._since_s >= EMPTY_S:
            self._next = self.phases
            self.stage, self._since_s = Stage.RESUMING, now_s
            self._returns = True
            self._not_before_s = now_s + SPACING_S
            return Step.NOTHING
        is_empty = view.draw_a is not None and not view.draws
        if not is_empty or view.granted_a > 0.0 or not view.is_settled or not view.reachable:
            self._empty_since_s = None
            return Step.NOTHING
        if self._empty_since_s is None:
            self._empty_since_s = now_s
        if now_s - self._empty_since_s < self.device.pause.total_seconds():
            return Step.NOTHING
        if self.phases != self._next:
            self._switched_s.append(now_s)
            self._not_before_s = now_s + SPACING_S
        self.phases = self._next
        self._is_believed = False
        self.stage, self._since_s = Stage.TELLING, now_s
        return Step.TELL

    def _give_up(self, now_s: float, veto: PhaseVeto) -> None:
        """Stay with what was before."""
        self.veto = veto
        self.phases = self._next = self._home
        self._is_believed = False
        self.stage, self._since_s = Stage.RESUMING, now_s
        self._granted_since_s, self._returns = None, True

    def _return(self, now_s: float, veto: PhaseVeto) -> None:
        """Go back, and do it no more."""
        self.veto = veto
        self._is_believed = False
        home = self._home
        if home != self.phases:
            self._returns = True
            self._begin(home, now_s, interrupts=True)

    # Verification

    def _resume(self, view: View) -> None:
        """See whether the car goes on."""
        now_s = view.now_s
        if view.faulty and self._is_judged:
            self._return(now_s, PhaseVeto.FAULT)
        elif view.granted_a <= 0.0:
            self._granted_since_s = None
            if now_s - self._since_s >= WAIT_S:
                self._settle(now_s)
        elif self._granted_since_s is None:
            self._granted_since_s = now_s
        elif view.draws and view.drawn_s > self._granted_since_s:
            self._settle(now_s)
        elif now_s - self._granted_since_s >= RESUME_S:
            if self._is_judged:
                self._return(now_s, PhaseVeto.NO_RESUME)
            else:
                self._settle(now_s)

    @property
    def _is_judged(self) -> bool:
        """Whether what the car does now tells of the switch: it drew before, elsewhere."""
        return self._drew and not self._returns

    def _settle(self, now_s: float) -> None:
        self.stage = Stage.STEADY
        self._interrupts = False
        self._resumed_s = now_s

    def _judge(self, view: View) -> None:
        """See whether it draws as it should, in the midst of a run."""
        if view.draws and view.granted_a > 0.0:
            self._drew = True
        if self.phases > 1:
            self._is_single_phase_car |= view.learned is not None and len(view.learned) == 1
        elif view.draw_a is not None and view.drawn_s > self._resumed_s and view.draws:
            first = self.wired[0]
            elsewhere = any(view.draw_a[p] > OTHER_A for p in self.wired if p != first)
            if elsewhere and self._is_believed:
                self._home = len(self.wired)
                self._return(view.now_s, PhaseVeto.OTHER_PHASES)
                return
        if view.faulty and view.now_s - self._resumed_s <= FAULT_S and self._is_judged:
            self._return(view.now_s, PhaseVeto.FAULT)
