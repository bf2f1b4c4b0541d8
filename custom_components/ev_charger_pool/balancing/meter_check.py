"""Whether meters answer to the pool's own steps as they should, or with a sign, phase or unit wrong.

Nothing is put right silently: a meter that is wrong is not to be trusted (SR-10), and is told of.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import combinations, permutations
from typing import Final

from ..pool.circuits import ResourceKind, ResourceReport
from .answers import MOST_LAG_S, SAMPLE_LATE_S, STEP_A
from .branches import Branch
from .contract import ProblemKind
from .trust import Trust
from .wiring import WATTS

LEAST_SUM_A: Final = 6.0
"""What a step has to come to over all phases."""

LEAST_TURNED_A: Final = 12.0
"""The same for a turned sign: a house that drops twice a smaller step meanwhile is no rarity."""

LONG_S: Final = 20.0
LEAST_TURNED_LONG_A: Final = 4.0 * LEAST_TURNED_A
"""And for several waves: the pool raises where the house dropped meanwhile, by half as well."""

EXACT: Final = 0.1
"""An answer that is off by less is no chance, after several waves either."""

CLOSE: Final = 0.25
"""So far off, as a share of the step, an answer may be: others switch as well."""

RIGHT: Final = 0.5
"""An answer of the right sign may be off by so much."""

THOUSANDTH: Final = (0.0005, 0.0015)
"""Kilowatts that are told as watts answer with this share of a step."""

CALM_S: Final = SAMPLE_LATE_S + MOST_LAG_S
"""So long after the last change of a draw every meter shows it."""

LONGEST_S: Final = 180.0
"""In a longer row of steps others switch too much."""

STILL_A: Final = 0.6
"""Draws that vary by less stand still."""

LEAST_BATTERY_W: Final = 1_000.0
"""A battery that moves by less may do so by itself."""


class Answer(Enum):
    """What a meter made of a step."""

    UNCLEAR = auto()
    RIGHT = auto()
    TURNED = auto()
    OTHER_PHASE = auto()
    THOUSANDTH = auto()


type Amps = tuple[float, float, float]

_FAULTS: Final = {
    Answer.RIGHT: None,
    Answer.TURNED: ProblemKind.METER_SIGN_TURNED,
    Answer.OTHER_PHASE: ProblemKind.METER_PHASES_SWAPPED,
    Answer.THOUSANDTH: ProblemKind.METER_UNIT_WRONG,
}


def answer_of(drawn_a: Amps, shown_a: Amps, least_turned_a: float = LEAST_TURNED_A) -> Answer:
    """Return what a meter made of a step.

    Args:
        drawn_a: The change of what members draw below it, amps per phase.
        shown_a: The change of what it shows.
        least_turned_a: What the step has to come to over all phases so that a turned sign is
            proven by an answer that is close; a smaller one needs an exact answer.
    """
    moved = [phase for phase, amps in enumerate(drawn_a) if abs(amps) >= STEP_A]
    size_a = max(map(abs, drawn_a))
    sum_a = sum(abs(drawn_a[phase]) for phase in moved)
    if sum_a < LEAST_SUM_A:
        return Answer.UNCLEAR
    shares = [shown_a[phase] / drawn_a[phase] for phase in moved]
    if all(abs(share - 1.0) <= RIGHT for share in shares):
        return Answer.RIGHT
    close = CLOSE if sum_a >= least_turned_a else EXACT
    if sum_a >= LEAST_TURNED_A and all(abs(share + 1.0) <= close for share in shares):
        return Answer.TURNED
    if all(THOUSANDTH[0] <= share <= THOUSANDTH[1] for share in shares):
        return Answer.THOUSANDTH
    if _error(drawn_a, shown_a) >= (1.0 - CLOSE) * size_a and any(
        _error((drawn_a[one], drawn_a[two], drawn_a[three]), shown_a) <= CLOSE * size_a
        for one, two, three in permutations(range(WATTS))
    ):
        return Answer.OTHER_PHASE
    return Answer.UNCLEAR


def are_swapped(drawn_a: Sequence[Amps], shown_a: Sequence[Amps]) -> bool:
    """Return whether each of two meters shows what the members below the other did.

    Args:
        drawn_a: The changes of what members draw below the one and below the other.
        shown_a: The changes of what the one and the other show.
    """
    one, other = drawn_a
    size_a = _error(one, other)
    if size_a < LEAST_SUM_A:
        return False
    crossed_a = max(_error(one, shown_a[1]), _error(other, shown_a[0]))
    straight_a = min(_error(one, shown_a[0]), _error(other, shown_a[1]))
    return crossed_a <= CLOSE * size_a and straight_a >= (1.0 - CLOSE) * size_a


def _error(one: Amps, other: Amps) -> float:
    return max(abs(amps - others) for amps, others in zip(one, other, strict=True))


def _less(one: Amps, other: Amps) -> Amps:
    return (one[0] - other[0], one[1] - other[1], one[2] - other[2])


@dataclass(frozen=True, slots=True)
class _Look:
    """What flowed by a meter, and what members drew below it."""

    shown_a: Amps
    shown_w: float
    drawn_a: Amps
    stuck: bool


@dataclass(frozen=True, slots=True)
class _Feed:
    """What sun and battery took by their own word, watts; None where that is unknown or old."""

    sun_w: float | None
    battery_w: float | None


class _Row:
    """Steps in a row, from the first order on, and what was so before."""

    __slots__ = ("before", "began_s", "drawn_a", "feed", "moved_s", "ordered_s")

    def __init__(
        self, at_s: float, before: Mapping[str, _Look], feed: _Feed, drawn_a: Amps
    ) -> None:
        self.began_s = self.moved_s = self.ordered_s = at_s
        self.before = before
        self.feed = feed
        self.drawn_a = drawn_a

    @property
    def least_turned_a(self) -> float:
        """What they have to come to together so that a close answer proves a turned sign."""
        return LEAST_TURNED_LONG_A if self.moved_s - self.began_s > LONG_S else LEAST_TURNED_A


class MeterCheck:
    """Watches all meters of a site. Times are seconds since the epoch."""

    def __init__(self) -> None:
        self._row: _Row | None = None
        self._ordered_s = float("-inf")
        self._fed: dict[str, tuple[ResourceKind, float, float]] = {}
        self.battery = Trust()
        """Whether the battery's sign is right."""

    def reset(self) -> None:
        """Drop what was begun: who hangs where has changed."""
        self._row = None

    def take(self, report: ResourceReport) -> None:
        """Take the newest power of a plant or a battery."""
        at_s = report.power_w.arrived_at.timestamp()
        self._fed[report.id] = (report.kind, at_s, report.power_w.value)

    def order(self, branches: Sequence[Branch], at_s: float) -> None:
        """Note that a grant changes now: what is shown so far is from before."""
        if self._row is not None:
            self._row.moved_s = self._row.ordered_s = at_s
        elif at_s - self._ordered_s >= CALM_S:
            before = _looks(branches)
            if before:
                drawn_a = branches[0].drawn()
                self._row = _Row(at_s, before, self._feed(at_s), drawn_a)
        self._ordered_s = at_s

    def look(self, branches: Sequence[Branch], now_s: float) -> None:
        """See whether meters have answered, and judge them."""
        row = self._row
        if row is None:
            return
        if now_s - row.began_s > LONGEST_S:
            self._row = None
            return
        drawn_a = branches[0].drawn()
        if _error(drawn_a, row.drawn_a) > STILL_A:
            row.drawn_a, row.moved_s = drawn_a, now_s
        watched = [branch for branch in branches if branch.circuit.id in row.before]
        # A meter that stands still makes its members give way: it is judged before they do.
        stuck = any(
            branch.is_stuck and not row.before[branch.circuit.id].stuck for branch in watched
        )
        if not stuck and not all(_has_answered(branch, row) for branch in watched):
            return
        self._row = None
        if _are_known(branches[0], row.ordered_s):
            self._judge(row, watched, now_s)

    def _judge(self, row: _Row, watched: Sequence[Branch], now_s: float) -> None:
        after = _looks(watched)
        drawn = {key: _less(after[key].drawn_a, row.before[key].drawn_a) for key in after}
        shown = {key: _less(after[key].shown_a, row.before[key].shown_a) for key in after}
        wrong: set[str] = set()
        for pair in combinations(after, 2):
            if are_swapped([drawn[key] for key in pair], [shown[key] for key in pair]):
                wrong.update(pair)
        for branch in watched:
            key = branch.circuit.id
            if key in wrong:
                branch.trust.vote(ProblemKind.METERS_SWAPPED, now_s)
            elif key in after:
                answer = answer_of(drawn[key], shown[key], row.least_turned_a)
                # What feeds the site may take over a step, and leave the grid as it was.
                fed = answer is Answer.THOUSANDTH and bool(self._fed)
                if answer is not Answer.UNCLEAR and not fed:
                    branch.trust.vote(_FAULTS[answer], now_s)
        root = watched[0].circuit.id
        if watched[0].circuit.parent is None and root in after:
            grid_w = after[root].shown_w - row.before[root].shown_w
            members_w = sum(drawn[root]) * watched[0].voltage_v / watched[0].counted_times
            if abs(members_w) >= LEAST_TURNED_A * watched[0].voltage_v:
                self._judge_battery(grid_w, members_w, row.feed, now_s)

    def _judge_battery(self, grid_w: float, members_w: float, before: _Feed, now_s: float) -> None:
        """Judge the battery by what the grid shows beyond the members' step."""
        after = self._feed(now_s)
        if before.battery_w is None or after.battery_w is None:
            return
        if before.sun_w is None or after.sun_w is None:
            return
        change_w = after.battery_w - before.battery_w
        rest_w = grid_w - members_w - (after.sun_w - before.sun_w)
        if abs(change_w) < LEAST_BATTERY_W:
            return
        # One that helps gives when cars take; turned, it seems to take as well.
        if change_w * members_w > 0.0 and abs(rest_w + change_w) <= CLOSE * abs(change_w):
            self.battery.vote(ProblemKind.BATTERY_SIGN_TURNED, now_s)
        elif abs(rest_w - change_w) <= RIGHT * abs(change_w):
            self.battery.vote(None, now_s)

    def _feed(self, now_s: float) -> _Feed:
        return _Feed(self._sum(ResourceKind.SOLAR, now_s), self._sum(ResourceKind.BATTERY, now_s))

    def _sum(self, kind: ResourceKind, now_s: float) -> float | None:
        """Return what all of a kind take; None where one is not from now, or there is no battery."""
        powers = [(at_s, watts) for known, at_s, watts in self._fed.values() if known is kind]
        if any(now_s - at_s > CALM_S for at_s, _ in powers):
            return None
        return sum(watts for _, watts in powers) if powers or kind is ResourceKind.SOLAR else None


def _looks(branches: Iterable[Branch]) -> dict[str, _Look]:
    """Return what each fresh meter shows."""
    found = {}
    for branch in branches:
        load = branch.load
        if branch.circuit.metered and load is not None and branch.staleness.fresh_values:
            found[branch.circuit.id] = _Look(
                (load[0], load[1], load[2]), load[WATTS], branch.drawn(), branch.is_stuck
            )
    return found


def _has_answered(branch: Branch, row: _Row) -> bool:
    heard_at = branch.staleness.heard_at
    return heard_at is not None and heard_at.timestamp() >= row.moved_s + CALM_S


def _are_known(root: Branch, ordered_s: float) -> bool:
    """Whether everybody who may draw has told since the last order."""
    return all(
        seat.samples.newest is not None and seat.samples.newest_s > ordered_s
        for seat in root.seats
        if seat.granted_a > 0.0
        or (seat.samples.newest is not None and max(seat.samples.newest[:WATTS]) > STILL_A)
    )
