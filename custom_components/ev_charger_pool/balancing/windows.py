"""An average limit over a window of the clock: what was used of it, and what may flow meanwhile."""

from collections import deque
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from ..pool.circuits import AverageLimit, AverageStatus, WindowLength, WindowRecord
from ..pool.members import CircuitId

RAISE_SHARE: Final = 0.98
"""Raises plan with this share of a window's energy: meters of class B err by 1 %."""

HOLD_SHARE: Final = 0.995
"""Cuts begin when this share is at stake; between the two nothing moves."""

HORIZON_S: Final = 20.0
"""So long may it take until a cut shows: a meter's interval, the link, the station and the car."""

WORTH_S: Final = 300.0
"""A raise has to be affordable for so long, or until the window ends: no start for nothing."""

LAST_RAISE_S: Final = 60.0
"""What is left is spread over at least so long: no sprint before the window ends."""

PATIENCE_S: Final = 15.0
"""A load above what may flow on average is waited out for so long while there is enough left."""

GAP_S: Final = 30.0
"""Longer without a reading is a gap (SR-10): it counts at the worst that is plausible."""

REMEMBERED_S: Final = 3600.0
"""What others took in this time may come again before the window ends."""

RECORD_EVERY_S: Final = 60.0
"""How often what was used is remembered anew: a restart counts no more than this at the worst."""

_BIN_S: Final = 15.0
_STEP: Final = timedelta(minutes=15)
_HOUR_S: Final = 3600.0


class Span(NamedTuple):
    """A window, in seconds since the epoch."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """How long it is."""
        return self.end_s - self.start_s


def window_at(now_s: float, length: WindowLength, zone: tzinfo) -> Span:
    """Return the window that a time lies in, aligned to the clock on the wall.

    Offsets of all zones are whole quarters of an hour. Where the clock is set, a window ends: in
    most zones by whole hours between two windows, on Lord Howe Island by half an hour within one.
    """
    quarter_s = _STEP.total_seconds()
    start = datetime.fromtimestamp(now_s // quarter_s * quarter_s, UTC)
    end = start + _STEP
    offset = start.astimezone(zone).utcoffset()
    while start.astimezone(zone).minute % length.minutes:
        if (start - _STEP).astimezone(zone).utcoffset() != offset:
            break
        start -= _STEP
    while (local := end.astimezone(zone)).minute % length.minutes and local.utcoffset() == offset:
        end += _STEP
    return Span(start.timestamp(), end.timestamp())


class RecentLoad:
    """What everything but members drew from the grid in the last hour, in bins of 15 s."""

    __slots__ = ("_bins", "_found", "_sum_ws", "_until_s")

    def __init__(self) -> None:
        self._bins: deque[float] = deque(maxlen=int(REMEMBERED_S / _BIN_S))
        self._sum_ws = 0.0
        self._until_s: float | None = None
        self._found: dict[int, float] = {}

    def add(self, from_s: float, until_s: float, power_w: float) -> None:
        """Take that so much was drawn for a while."""
        at_s = from_s
        while at_s < until_s:
            bin_end_s = (at_s // _BIN_S + 1.0) * _BIN_S
            step_s = min(until_s, bin_end_s) - at_s
            self._sum_ws += power_w * step_s
            at_s += step_s
            if at_s >= bin_end_s:
                self._bins.append(self._sum_ws)
                self._sum_ws = 0.0
                self._found.clear()

    def most_w(self, span_s: float) -> float:
        """Return the most that was drawn on average over a while of this length; unknown: 0."""
        bins = self._bins
        count = min(len(bins), max(1, round(span_s / _BIN_S)))
        if not count:
            return 0.0
        if count not in self._found:
            energies = list(bins)
            energy = most = sum(energies[:count])
            for position in range(count, len(energies)):
                energy += energies[position] - energies[position - count]
                most = max(most, energy)
            self._found[count] = most / (count * _BIN_S)
        return self._found[count]


class Allowance(NamedTuple):
    """What may flow into a circuit now, watts over all phases.

    Attributes:
        raise_w: Raises may go up to it.
        hold_w: Above it members are cut.
    """

    raise_w: float
    hold_w: float


class AverageKeeper:
    """Keeps one circuit within its average limit.

    What is left of a window's energy, spread over what is left of its time, may flow now. Members
    may have it as long as others could take the most that they took in the last hour, in a while
    as long as what is left, and the average would still hold: so what members use early is never
    what others need late. A member that runs goes on at its minimum while its energy is there,
    rather than to pause and start anew.

    Args:
        circuit: Whose limit it is.
        limit: The limit.
        zone: The zone of the clock that windows follow.
    """

    __slots__ = (
        "_at_s",
        "_circuit",
        "_limit",
        "_over_since_s",
        "_power_w",
        "_recent",
        "_recorded_s",
        "_span",
        "_used_ws",
        "_worst_w",
        "_zone",
    )

    def __init__(self, circuit: CircuitId, limit: AverageLimit, zone: tzinfo) -> None:
        self._circuit = circuit
        self._limit = limit
        self._zone = zone
        self._at_s: float | None = None
        self._power_w = 0.0
        self._worst_w = 0.0
        self._used_ws = 0.0
        self._span = Span(0.0, 0.0)
        self._recent = RecentLoad()
        self._over_since_s: float | None = None
        self._recorded_s = float("-inf")

    def configure(self, limit: AverageLimit, zone: tzinfo) -> None:
        """Take settings; what was used stays, of another window the time that it has run counts."""
        if (limit.window, zone) != (self._limit.window, self._zone):
            self._at_s = None
        self._limit = limit
        self._zone = zone

    def restore(self, record: WindowRecord, now_s: float) -> None:
        """Take what was remembered; the time since then counts as a gap."""
        at_s = record.counted_until.timestamp()
        if at_s > now_s:
            return  # The clock was set back: it tells of no time that was.
        self._at_s = at_s
        self._span = window_at(at_s, self._limit.window, self._zone)
        self._used_ws = max(0.0, record.used_wh) * _HOUR_S
        self._power_w = self._worst_w = max(0.0, record.power_w)

    def measure(self, at_s: float, power_w: float, other_w: float) -> None:
        """Take what flows into the circuit, and what of it others take.

        Args:
            at_s: When, seconds since the epoch; what is older than the newest is left out.
            power_w: Watts over all phases; export counts as nothing.
            other_w: The part of everything but members.
        """
        power_w = max(0.0, power_w)
        if self._at_s is None:
            # Nobody knows what flowed before: as much as might.
            self._span = window_at(at_s, self._limit.window, self._zone)
            self._used_ws = self._limit.power_w * (at_s - self._span.start_s)
            self._at_s = at_s
        elif at_s > self._at_s:
            gap = at_s - self._at_s > GAP_S
            mean_w = (self._power_w + power_w) / 2.0
            worst_w = max(self._worst_w, self._power_w, power_w)
            self._count(self._at_s, at_s, worst_w if gap else mean_w)
            if not gap:
                self._recent.add(self._at_s, at_s, max(0.0, other_w))
            self._at_s = at_s
        else:
            return
        self._power_w = power_w

    def expect(self, members_w: float) -> None:
        """Take what members may draw: in a gap that, and the most of others, may flow."""
        self._worst_w = max(0.0, members_w) + self._recent.most_w(_BIN_S)

    def allow(self, now_s: float, other_w: float, least_w: float | None) -> Allowance:
        """Return what may flow now.

        Args:
            now_s: Now, seconds since the epoch.
            other_w: What others take.
            least_w: The least power with which one of the members that run goes on; None when
                nobody runs.
        """
        span, used_ws = self._now(now_s)
        left_s = max(1.0, span.end_s - now_s)
        budget_ws = self._limit.power_w * span.length_s
        spare_ws = RAISE_SHARE * budget_ws - used_ws
        pace_w = min(spare_ws / left_s, max(spare_ws / LAST_RAISE_S, self._flow_w(now_s)))
        raise_w = min(
            pace_w,
            self._lasting(spare_ws, left_s, other_w),
            self._burst(spare_ws, left_s, other_w),
        )
        left_ws = HOLD_SHARE * budget_ws - used_ws
        burst_w = self._burst(left_ws, left_s, other_w)
        steady_w = min(left_ws / left_s, burst_w)
        floor_w = 0.0 if least_w is None else other_w + least_w
        if floor_w > min(burst_w, self._while_others_stay(left_ws, left_s, other_w)):
            floor_w = 0.0
        hold_w = burst_w
        if self._is_over(now_s, max(steady_w, floor_w)):
            # Cut down to where raises end, so that the next fluctuation cuts nobody again.
            hold_w = max(raise_w, floor_w)
        return Allowance(max(0.0, raise_w), max(0.0, hold_w))

    def status(self, now_s: float, allowance_w: float) -> AverageStatus:
        """Return how the circuit stands in the running window."""
        span, used_ws = self._now(now_s)
        at_end_ws = used_ws + self._flow_w(now_s) * max(0.0, span.end_s - now_s)
        return AverageStatus(
            ends_at=datetime.fromtimestamp(span.end_s, UTC),
            used_wh=round(used_ws / _HOUR_S, 1),
            projected_w=round(at_end_ws / span.length_s, 0),
            allowance_w=round(allowance_w, 0),
        )

    def record(self) -> WindowRecord | None:
        """Return what is to be remembered, every now and then."""
        if self._at_s is None or self._at_s < self._recorded_s + RECORD_EVERY_S:
            return None
        self._recorded_s = self._at_s
        return WindowRecord(
            circuit=self._circuit,
            counted_until=datetime.fromtimestamp(self._at_s, UTC),
            used_wh=self._used_ws / _HOUR_S,
            power_w=max(self._power_w, self._worst_w),
        )

    def _is_over(self, now_s: float, steady_w: float) -> bool:
        """Whether more flows than may, and has for a while."""
        if self._flow_w(now_s) <= steady_w:
            self._over_since_s = None
            return False
        if self._over_since_s is None:
            self._over_since_s = now_s
        return now_s - self._over_since_s >= PATIENCE_S

    def _lasting(self, left_ws: float, left_s: float, other_w: float) -> float:
        """Return what may flow long enough to be worth it, others having their most after it."""
        while_s = min(WORTH_S, left_s)
        after_s = left_s - while_s
        return (left_ws - max(self._reserve(after_s), other_w * after_s)) / while_s

    def _while_others_stay(self, left_ws: float, left_s: float, other_w: float) -> float:
        """Return what may flow until a cut shows if others go on as they do now."""
        return other_w + (left_ws - max(0.0, other_w) * left_s) / min(HORIZON_S, left_s)

    def _burst(self, left_ws: float, left_s: float, other_w: float) -> float:
        """Return what may flow until a cut shows, others having their most from now on."""
        while_s = min(HORIZON_S, left_s)
        others_w = max(0.0, other_w)
        reserve_ws = max(
            self._reserve(left_s), others_w * while_s + self._reserve(left_s - while_s)
        )
        return other_w + (left_ws - reserve_ws) / while_s

    def _reserve(self, span_s: float) -> float:
        """Return the most energy that others took in a while of this length."""
        return self._recent.most_w(span_s) * span_s

    def _flow_w(self, now_s: float) -> float:
        """Return what flows in now: the newest reading, in a gap the worst."""
        if self._at_s is not None and now_s - self._at_s <= GAP_S:
            return self._power_w
        return max(self._power_w, self._worst_w)

    def _now(self, now_s: float) -> tuple[Span, float]:
        """Return the window of now, and what was used of it."""
        span = window_at(now_s, self._limit.window, self._zone)
        if self._at_s is None:
            return span, self._limit.power_w * (now_s - span.start_s)
        used_ws = self._used_ws if span == self._span else 0.0
        since_s = max(span.start_s, self._at_s)
        return span, used_ws + self._flow_w(now_s) * max(0.0, now_s - since_s)

    def _count(self, from_s: float, until_s: float, power_w: float) -> None:
        """Count that so much flowed for a while."""
        if until_s >= self._span.end_s:
            self._span = window_at(until_s, self._limit.window, self._zone)
            self._used_ws = 0.0
        self._used_ws += power_w * (until_s - max(from_s, self._span.start_s))
