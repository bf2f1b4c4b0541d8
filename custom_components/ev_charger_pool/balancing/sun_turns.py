"""Who goes on and who starts when the sun decides."""

from collections.abc import Sequence
from typing import Final

from ..pool.members import Mode
from .followers import Follower, Scene
from .lending import HOUR_S
from .phases import LEARNING_S
from .sun_outlook import Claim, SunOutlook
from .turns import TURN_S

START_SPACING_S: Final = 30.0
"""The next one starts once what the last one takes has shown."""

START_WAIT_S: Final = 120.0
"""Who was to start and could not within this time, for a fuse's sake, makes way for others."""

JUDGED_S: Final = 60.0
"""A start is judged by a minute at least."""


class SunTurns:
    """Decides who runs. Times are seconds since the epoch.

    Start: when the least current of a member is there, and what the sun would give it is worth
    the import of a run (`SunOutlook`). Stop: when the least current is not there, and going on is
    not worth its import or the budget is spent; after `RUN_S` at the earliest (SR-14).
    """

    __slots__ = ("_started_s",)

    def __init__(self) -> None:
        self._started_s = float("-inf")

    def decide(self, scene: Scene, outlook: SunOutlook, members: Sequence[Follower]) -> None:
        """Renew who is kept, and who starts."""
        _keep(scene, outlook, members)
        claim, waiting = _look(scene, members)
        if not waiting or scene.now_s < self._started_s + START_SPACING_S:
            return
        started = _first_to_start(scene, outlook, members, waiting, claim)
        if started is not None:
            started.starts_s = self._started_s = scene.now_s


def _keep(scene: Scene, outlook: SunOutlook, members: Sequence[Follower]) -> None:
    """Find who goes on: all whose least the sun gives, and others while that is worth it."""
    now_s = scene.now_s
    somebody_is_due = any(not f.kept and f.waited_s(now_s) >= TURN_S for f in members)
    loose = []
    claim = Claim()
    spent = scene.lent_wh >= scene.budget_wh
    for follower in members:
        seat = follower.seat
        entered = follower.is_on
        always = follower.mode is Mode.MINIMUM_SOLAR
        follower.kept = always or seat.granted_a > 0.0 or seat.keeps_turn
        if not follower.kept:
            continue
        follower.starts_s = follower.waits_since_s = None
        is_verdict = _go_on_trying(follower)
        if follower.on_trial and spent:
            follower.kept = follower.on_trial = False
            continue
        claim = claim.plus(follower)
        must_run = entered and seat.turns.must_run(now_s) and not is_verdict
        if not always and not must_run:
            in_turn = not somebody_is_due or seat.turns.owed(now_s) > 0
            loose.append((entered, in_turn, -seat.settings.priority, follower))
    # Who would go first: who is new in this mode, out of its turn, or of a lower tier.
    loose.sort(key=lambda one: one[:3])
    for entered, _, _, follower in loose:
        if scene.shortage_w(claim.least, scene.now) <= 0.0:
            return
        worth_it = scene.battery.bridges or outlook.carries(claim)
        if spent or not entered or not worth_it:
            follower.kept = False
            claim = claim.less(follower)


def _go_on_trying(follower: Follower) -> bool:
    """Note a run on trial; return whether it just showed which phases the car uses.

    What the sun is worth is judged at once then: the run that such a trial began would else import
    for ten minutes (SR-14), and there is one trial in a session.
    """
    seat = follower.seat
    if not follower.on_trial:
        return False
    seat.was_tried |= seat.granted_a > 0.0
    if seat.car_phases is not None:
        follower.on_trial = False
        return True
    return False


def _look(scene: Scene, members: Sequence[Follower]) -> tuple[Claim, list[Follower]]:
    """Return what all take who run or are to start, and who waits for the sun."""
    now_s = scene.now_s
    waiting = []
    claim = Claim.of(follower for follower in members if follower.kept)
    for follower in members:
        if follower.kept:
            continue
        seat = follower.seat
        if follower.starts_s is None:
            follower.on_trial = False
        if follower.waits_since_s is None:
            follower.waits_since_s = now_s
        if follower.starts_s is not None:
            claim = claim.plus(follower)
            late = now_s - follower.starts_s >= START_WAIT_S
            gone = scene.shortage_w(claim.least, scene.now) > 0.0 and not scene.battery.starts
            if late or gone:
                claim = claim.less(follower)
                follower.starts_s, follower.on_trial = None, False
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
    return claim, waiting


def _first_to_start(
    scene: Scene,
    outlook: SunOutlook,
    members: Sequence[Follower],
    waiting: Sequence[Follower],
    claim: Claim,
) -> Follower | None:
    """Return who is to start, in the place of another if it waited for a turn (SR-14)."""
    for follower in waiting:
        if _may_start(scene, outlook, claim.plus(follower)):
            return follower
        trial = follower.try_out()
        if (
            trial is not None
            and _costs_within_budget(scene, claim.plus(follower))
            and _may_start(scene, outlook, claim.plus(trial))
        ):
            follower.on_trial = True
            follower.learn()
            return follower
        if follower.waited_s(scene.now_s) < TURN_S:
            continue
        for other in members:
            if _gives_way(other, follower, scene.now_s) and _may_start(
                scene, outlook, claim.less(other).plus(follower)
            ):
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


def _may_start(scene: Scene, outlook: SunOutlook, claim: Claim) -> bool:
    """Whether a start is worth the import of its run."""
    if scene.battery.starts:
        return True
    if scene.known_s < JUDGED_S or scene.shortage_w(claim.least, scene.steady) > 0.0:
        return False
    return outlook.invites(claim)


def _costs_within_budget(scene: Scene, claim: Claim) -> bool:
    """Whether a trial stays within the budget of one member, if the car uses all phases."""
    lent_wh = max(0.0, scene.lent_wh)
    cost_wh = scene.shortage_w(claim.least, scene.steady) * LEARNING_S / HOUR_S
    return lent_wh + cost_wh <= scene.site.settings.solar.import_budget_wh
