"""SR-9: the load of everything but members, per circuit and phase, and when it asks for a cut."""

from collections import deque
from typing import Final, NamedTuple

from .wiring import LANES, WATTS, Lanes, each

WINDOW_S: Final = 60.0
"""A raise looks at the most that others took in this time (SR-9)."""

LEAST_MARGIN_A: Final = 0.5
"""Neither a raise nor a cut is finer than a meter of class B (SR-9)."""

TINY_SHARE: Final = 0.02
"""An excess of at most this share of the limit is waited out for `TINY_S` (SR-9)."""

TINY_S: Final = 5.0
"""How long a tiny excess may stand before it is cut (SR-9)."""

SIGMAS: Final = 3.0
"""So many standard deviations of the meter's noise are left free by a raise (SR-9)."""

_NOISE_MEMORY: Final = 0.05
"""Weight of the newest step in the noise: a memory of about twenty values."""

_STEP_TO_SIGMA: Final = 1.0 / 1.128
"""Mean distance of two successive values of normal noise is 1.128 sigma."""

_STEP_CLIP: Final = 3.0
"""A step of more than so many means is a load that switched, not noise."""


class WindowMax:
    """The largest value of the last while."""

    __slots__ = ("_values", "_window_s")

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._values: deque[tuple[float, float]] = deque()

    def add(self, at_s: float, value: float) -> None:
        """Take a value; times do not fall."""
        values = self._values
        while values and values[-1][1] <= value:
            values.pop()
        values.append((at_s, value))

    def value(self, now_s: float) -> float | None:
        """Return the largest since the window began; the newest value never leaves."""
        values = self._values
        while len(values) > 1 and values[0][0] < now_s - self._window_s:
            values.popleft()
        return values[0][1] if values else None


class Noise:
    """The standard deviation of a meter's values, learned from their small steps."""

    __slots__ = ("_last", "_mean_step")

    def __init__(self) -> None:
        self._last: float | None = None
        self._mean_step = 0.0

    def add(self, value: float) -> None:
        """Take the next value."""
        if self._last is not None:
            step = min(
                abs(value - self._last),
                max(LEAST_MARGIN_A, _STEP_CLIP * self._mean_step),
            )
            self._mean_step += _NOISE_MEMORY * (step - self._mean_step)
        self._last = value

    @property
    def sigma(self) -> float:
        """The standard deviation so far."""
        return self._mean_step * _STEP_TO_SIGMA


class Range(NamedTuple):
    """What members drew at a meter's time.

    Attributes:
        least: The least by samples and grants.
        most: The most by samples and grants.
        allowed: The most that they might.
        seen: The least that samples make sure, whenever they were taken.
    """

    least: Lanes
    most: Lanes
    allowed: Lanes
    seen: Lanes


class OtherLoad:
    """The estimate for one circuit, lane by lane.

    Raises look at what others took when every settled member counts with its nearest sample.
    Cuts do so once the samples after the meter's value are in (`settled`); until then a rise that
    members may have made within their grants is not taken for others' (`now`), so that a car that
    begins by itself is not cut for it. What flows above the limit is cut at once all the same.

    Args:
        resolution_a: The step of the meter's values.
        voltage_v: Nominal voltage, phase to neutral.
    """

    __slots__ = (
        "_excess_since_s",
        "_noise",
        "_settled",
        "_voltage_v",
        "_windows",
        "near",
        "now",
        "resolution_a",
        "worst",
    )

    def __init__(self, resolution_a: float, voltage_v: float) -> None:
        self.resolution_a = resolution_a
        self._voltage_v = voltage_v
        self.now: Lanes | None = None
        self.near: Lanes | None = None
        self.worst: Lanes | None = None
        """What the newest values leave for others at most: members drew what is sure."""
        self._settled: Lanes | None = None
        self._windows = [WindowMax(WINDOW_S) for _ in range(LANES)]
        self._noise = [Noise() for _ in range(LANES)]
        self._excess_since_s: list[float | None] = [None] * LANES

    def update(self, at_s: float, load: Lanes, drawn: Range) -> None:
        """Take a meter's values with what members drew at that time.

        What others took lies between load - most and load - least; within that the earlier
        estimate stands, so that a member on its way moves nothing.
        """
        self.worst = _minus(load, drawn.seen)
        near, settled = self.near, self._settled
        if near is None or settled is None:
            # Nothing is known: cuts begin with the least, raises with the most.
            lowest = _minus(load, drawn.most)
            self.near = self._settled = self.now = lowest
            highest = _minus(load, drawn.least)
        else:
            self.near = highest = _within(near, load, drawn.least, drawn.most)
            self.now = _within(settled, load, drawn.least, drawn.allowed)
            highest = each(max, highest, self.now)
        for window, noise, value, flow in zip(
            self._windows, self._noise, highest, load, strict=True
        ):
            window.add(at_s, value)
            noise.add(flow)

    def confirm(self, load: Lanes, drawn: Range) -> None:
        """Take a meter's values once more, now that later samples of the members are in."""
        if self._settled is not None:
            self._settled = _within(self._settled, load, drawn.least, drawn.most)

    def renew(self, load: Lanes, drawn: Range) -> None:
        """Take the newest values again after earlier ones were confirmed."""
        if self._settled is not None:
            self.now = _within(self._settled, load, drawn.least, drawn.allowed)

    def recent_most(self, now_s: float) -> Lanes | None:
        """Return the most of the last 60 s, None before the first value."""
        if self.now is None:
            return None
        l1, l2, l3, watts = (
            self.now[lane] if (value := window.value(now_s)) is None else value
            for lane, window in enumerate(self._windows)
        )
        return (l1, l2, l3, watts)

    def margin(self, lane: int) -> float:
        """Return what a raise leaves free in a lane."""
        sigma = SIGMAS * self._noise[lane].sigma
        if lane == WATTS:
            return max(max(LEAST_MARGIN_A, self.resolution_a) * self._voltage_v, sigma)
        return max(LEAST_MARGIN_A, self.resolution_a, sigma)

    def excess_to_cut(self, lane: int, excess: float, limit: float, now_s: float) -> float:
        """Return how much to cut now for an excess: 0 while it is tiny and young.

        Call it with every decision, also without an excess: the age of a tiny one is kept.
        """
        if excess <= 0.0:
            self._excess_since_s[lane] = None
            return 0.0
        since_s = self._excess_since_s[lane]
        if since_s is None:
            self._excess_since_s[lane] = since_s = now_s
        unit = self._voltage_v if lane == WATTS else 1.0
        tiny = max(LEAST_MARGIN_A * unit, self.resolution_a * unit, TINY_SHARE * limit)
        return excess if excess > tiny or now_s - since_s >= TINY_S else 0.0


def _minus(one: Lanes, other: Lanes) -> Lanes:
    return (one[0] - other[0], one[1] - other[1], one[2] - other[2], one[3] - other[3])


def _within(before: Lanes, load: Lanes, least: Lanes, most: Lanes) -> Lanes:
    """Return the estimate before, moved into what the load less the members' draws allows."""
    return each(min, each(max, before, _minus(load, most)), _minus(load, least))
