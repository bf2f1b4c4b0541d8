"""Who goes on and who starts when the sun decides."""

from collections.abc import Sequence
from operator import sub
from typing import Final

from ..pool.members import Mode
from .followers import Follower, Scene, plus, total
from .lending import HOUR_S
from .turns import RUN_S, TURN_S
from .wiring import NO_FLOW, Lanes, each

START_SPACING_S: Final = 30.0
"""The next one starts once what the last one takes has shown."""

START_WAIT_S: Final = 120.0
"""Who was to start and could not within this time, for a fuse's sake, makes way for others."""

JUDGED_FROM: Final = 12
"""A start is judged by a minute of the past at least, told in stretches of 5 s."""


class SunTurns:
    """Decides who runs. Times are seconds since the epoch.

    Start: when the least current of a member is there, and the import of its first `RUN_S`, by
    the recent past, stays with what is lent already within the budget. Stop: when the budget is
    spent and the least current is not there, after `RUN_S` at the earliest (SR-14).
    """

    __slots__ = ("_started_s",)

    def __init__(self) -> None:
        self._started_s = float("-inf")

    def decide(self, scene: Scene, members: Sequence[Follower]) -> None:
        """Renew who is kept, and who starts."""
        _keep(scene, members)
        need, waiting = _look(scene, members)
        if not waiting or scene.now_s < self._started_s + START_SPACING_S:
            return
        started = _first_to_start(scene, members, waiting, need)
        if started is not None:
            started.starts_s = self._started_s = scene.now_s


def _keep(scene: Scene, members: Sequence[Follower]) -> None:
    """Find who goes on: all whose least the sun gives, and others while the budget lasts."""
    now_s = scene.now_s
    somebody_is_due = any(not f.kept and f.waited_s(now_s) >= TURN_S for f in members)
    loose = []
    need = NO_FLOW
    for follower in members:
        seat = follower.seat
        entered = follower.is_on
        always = follower.mode is Mode.MINIMUM_SOLAR
        follower.kept = always or seat.granted_a > 0.0 or seat.keeps_turn
        if not follower.kept:
            continue
        follower.starts_s = follower.waits_since_s = None
        need = plus(need, follower.least)
        if not always and not (entered and seat.turns.must_run(now_s)):
            in_turn = not somebody_is_due or seat.turns.owed(now_s) > 0
            loose.append((entered, in_turn, -seat.settings.priority, follower))
    spent = scene.lent_wh >= scene.budget_wh
    # Who would go first: who is new in this mode, out of its turn, or of a lower tier.
    loose.sort(key=lambda one: one[:3])
    for entered, _, _, follower in loose:
        if scene.shortage_w(need, scene.now) <= 0.0:
            return
        if spent or not entered:
            follower.kept = False
            need = each(sub, need, follower.least)


def _look(scene: Scene, members: Sequence[Follower]) -> tuple[Lanes, list[Follower]]:
    """Return what all need who run or are to start, and who waits for the sun."""
    now_s = scene.now_s
    waiting = []
    need = total(follower.least for follower in members if follower.kept)
    for follower in members:
        if follower.kept:
            continue
        seat = follower.seat
        if follower.waits_since_s is None:
            follower.waits_since_s = now_s
        if follower.starts_s is not None:
            need = plus(need, follower.least)
            late = now_s - follower.starts_s >= START_WAIT_S
            gone = scene.shortage_w(need, scene.now) > 0.0 and not scene.battery.starts
            if late or gone:
                need = each(sub, need, follower.least)
                follower.starts_s = None
                follower.waits_since_s = now_s if late else follower.waits_since_s
        elif seat.online and seat.turns.may_start(now_s) and seat.starts.may_start(now_s):
            waiting.append(follower)
    waiting.sort(
        key=lambda one: (
            one.seat.settings.priority,
            -int(one.waited_s(now_s) / TURN_S),
            one.waits_since_s,
            one.seat.settings.member,
        )
    )
    return need, waiting


def _first_to_start(
    scene: Scene, members: Sequence[Follower], waiting: Sequence[Follower], need: Lanes
) -> Follower | None:
    """Return who is to start, in the place of another if it waited for a turn (SR-14)."""
    for follower in waiting:
        if _may_start(scene, plus(need, follower.least)):
            return follower
        if follower.waited_s(scene.now_s) < TURN_S:
            continue
        for other in members:
            if _gives_way(other, follower, scene.now_s):
                after = plus(each(sub, need, other.least), follower.least)
                if _may_start(scene, after):
                    other.kept = False
                    return follower
    return None


def _gives_way(running: Follower, to: Follower, now_s: float) -> bool:
    """Whether a member has had its turn."""
    turns = running.seat.turns
    return (
        running.kept
        and running.mode is Mode.SOLAR
        and running.seat.settings.priority >= to.seat.settings.priority
        and not turns.must_run(now_s)
        and turns.owed(now_s) <= 0
    )


def _may_start(scene: Scene, need: Lanes) -> bool:
    """Whether a start would stay within the budget, were the recent past its future."""
    if scene.battery.starts:
        return True
    if len(scene.past) < JUDGED_FROM or scene.shortage_w(need, scene.steady) > 0.0:
        return False
    mean_w = sum(scene.shortage_w(need, left) for left in scene.past) / len(scene.past)
    return scene.lent_wh + mean_w * RUN_S / HOUR_S <= scene.budget_wh
