"""What the sun leaves for members: the surplus of a site by its grid meter, sun and battery."""

from collections import deque
from collections.abc import Iterable, Sequence
import math
from typing import Final

from ..pool.circuits import ResourceReport
from ..pool.energy_settings import SurplusRule
from ..pool.quantities import PHASES, Phase
from .battery_rules import EXPORTING_W, BatteryView
from .branches import Branch
from .estimator import WindowMax
from .seats import Seat
from .wiring import LANES, NO_FLOW, WATTS, Lanes, each, on_phases

STEADY_S: Final = 5.0
"""More surplus is used once it has stood so long: the flicker of a cloud's edge is not followed."""

SOON_S: Final = 15.0
"""What is left now is smoothed by so long: noise and a lagging meter decide nothing."""

REMEMBERED_S: Final = 1200.0
"""The recent past by which starts and stops are judged: a dozen clouds."""

STRETCH_S: Final = 5.0
"""It is remembered as means over so long."""

ARRIVED_A: Final = 1.0
"""Within this of its new grant a member has followed it."""

SOLAR_SILENT_S: Final = 900.0
"""Inverters are asked every minute or so, and have nothing to tell at night."""

IMPLAUSIBLE_W: Final = 300.0
IMPLAUSIBLE_SHARE: Final = 1.2
IMPLAUSIBLE_S: Final = 60.0
"""A site that exports more than this beyond what it is told to produce, for so long, is told
wrong: the reading is in kW, has its sign turned, or is not of the whole plant."""


class SolarReadings:
    """What solar plants tell, and whether it can be true. Times are seconds since the epoch."""

    __slots__ = ("_newest", "_wrong_since_s", "is_implausible")

    def __init__(self) -> None:
        self._newest: dict[str, tuple[float, float]] = {}
        self._wrong_since_s: float | None = None
        self.is_implausible = False
        """Whether what they tell contradicts the grid meter, or is no production."""

    def take(self, report: ResourceReport) -> None:
        """Take a plant's newest power."""
        at_s = report.power_w.arrived_at.timestamp()
        if at_s >= self._newest.get(report.id, (float("-inf"), 0.0))[0]:
            self._newest[report.id] = (at_s, report.power_w.value)

    def check(self, now_s: float, grid_w: float | None, battery_w: float | None) -> None:
        """See whether they can be true beside what the grid meter and the battery tell."""
        production_w = self._sum(now_s)
        if production_w is None or grid_w is None or battery_w is None:
            self._wrong_since_s = None
            return
        exported_w = -grid_w - max(0.0, -battery_w)
        consumes = production_w < -IMPLAUSIBLE_W
        if not consumes and exported_w <= IMPLAUSIBLE_SHARE * production_w + IMPLAUSIBLE_W:
            self._wrong_since_s = None
            if production_w > IMPLAUSIBLE_W:
                self.is_implausible = False
            return
        if self._wrong_since_s is None:
            self._wrong_since_s = now_s
        self.is_implausible |= now_s - self._wrong_since_s >= IMPLAUSIBLE_S

    def production_w(self, now_s: float) -> float | None:
        """Return what all of them produce, at least 0; None where it cannot be relied on."""
        production_w = self._sum(now_s)
        if production_w is None or self.is_implausible:
            return None
        return max(0.0, production_w)

    def _sum(self, now_s: float) -> float | None:
        if not self._newest or any(now_s - s > SOLAR_SILENT_S for s, _ in self._newest.values()):
            return None
        return -sum(power_w for _, power_w in self._newest.values())


class Surplus:
    """What members could take together without import, now and in the recent past.

    Lane by lane; lanes that the rule does not look at tell nothing. Times are seconds since the
    epoch.
    """

    __slots__ = (
        "_at_s",
        "_mean",
        "_mean_s",
        "_number",
        "_steady",
        "known_since_s",
        "now",
        "past",
        "soon",
    )

    def __init__(self) -> None:
        self.now: Lanes | None = None
        """Sun less house, before what anybody is owed; None where that is unknown."""
        self.soon: Lanes = NO_FLOW
        """The same, smoothed by `SOON_S`."""
        self.known_since_s: float | None = None
        """Since when it is known."""
        self.past: deque[Lanes] = deque(maxlen=int(REMEMBERED_S / STRETCH_S))
        """Means over `STRETCH_S` each, oldest first."""
        self._steady = [WindowMax(STEADY_S) for _ in range(LANES)]
        self._mean = [0.0] * LANES
        self._number = 0
        self._mean_s = float("-inf")
        self._at_s = float("-inf")

    def lose(self) -> None:
        """Note that it is unknown now; how the weather was is not forgotten."""
        self.now = self.known_since_s = None
        self._steady = [WindowMax(STEADY_S) for _ in range(LANES)]
        self._number = 0

    def update(self, now_s: float, least: Lanes, most: Lanes) -> None:
        """Take what it may be by the newest readings: the earlier value stands within that."""
        before = least if self.now is None else self.now
        self.now = value = each(min, each(max, before, least), most)
        if self.known_since_s is None:
            self.known_since_s, self.soon = now_s, value
        news = 1.0 - math.exp(-max(0.0, now_s - self._at_s) / SOON_S)
        self._at_s = now_s
        self.soon = each(lambda old, new: old + news * (new - old), self.soon, value)
        for window, amount in zip(self._steady, value, strict=True):
            window.add(now_s, -amount)
        if now_s >= self._mean_s + STRETCH_S:
            if self._number:
                l1, l2, l3, watts = (amount / self._number for amount in self._mean)
                self.past.append((l1, l2, l3, watts))
            self._mean, self._number, self._mean_s = [0.0] * LANES, 0, now_s
        for lane, amount in enumerate(value):
            self._mean[lane] += amount
        self._number += 1

    def steady(self, now_s: float) -> Lanes | None:
        """Return the least of the last `STEADY_S`."""
        if self.now is None:
            return None
        l1, l2, l3, watts = (-(window.value(now_s) or 0.0) for window in self._steady)
        return (l1, l2, l3, watts)


def measure(
    surplus: Surplus,
    root: Branch,
    seats: Iterable[Seat],
    battery: BatteryView,
    battery_phases: Sequence[Phase],
    production_w: float | None,
    now_s: float,
) -> None:
    """Renew the surplus by the newest readings.

    Args:
        surplus: What is renewed.
        root: The grid connection, with its meter.
        seats: All members: what they take is left out of the house.
        battery: What the battery does. What it is charged with is surplus, what it gives is none.
        battery_phases: The phases of its inverter; empty: unknown, taken as even.
        production_w: What the sun gives; None where unknown. Asked only where the battery's power
            is unknown: then no more than that is surplus, and what the battery gave at most
            lately is feared to flow now, unless the site exports.
        now_s: When.
    """
    load = root.load
    unknown_battery = battery.power_w is None
    if load is None or root.is_stale or (unknown_battery and production_w is None):
        surplus.lose()
        return
    if root.phase_load is None:
        third = load[WATTS] / len(PHASES) / root.voltage_v
        load = (third, third, third, load[WATTS])
    battery_w = battery.power_w
    if battery_w is None:
        battery_w = 0.0 if load[WATTS] <= -EXPORTING_W else -battery.given_w
    wired = tuple(p for p in range(WATTS) if root.fuse[p] > 0.0)
    positions = tuple(phase.position for phase in battery_phases) or wired
    stored = on_phases(battery_w / len(positions) / root.voltage_v, positions, root.voltage_v)
    least, most = [-flow for flow in load], [-flow for flow in load]
    for seat in seats:
        low, high = _drawn(seat, root.load_s)
        for lane in range(LANES):
            least[lane] += low[lane]
            most[lane] += high[lane]
    for lane in range(LANES):
        least[lane] += stored[lane]
        most[lane] += stored[lane]
    if unknown_battery and production_w is not None:
        least[WATTS] = min(least[WATTS], production_w)
        most[WATTS] = min(most[WATTS], production_w)
    surplus.update(
        now_s, (least[0], least[1], least[2], least[3]), (most[0], most[1], most[2], most[3])
    )


def _drawn(seat: Seat, at_s: float) -> tuple[Lanes, Lanes]:
    """Return the least and the most that a member took at the meter's time.

    Unlike for a fuse (SR-9) it is enough to be right in the mean: who has followed its new grant
    counts exactly.
    """
    sample = seat.samples.nearest(at_s)
    if sample is None:
        return NO_FLOW, seat.granted if seat.connected else NO_FLOW
    taken_s, draw = sample
    account = seat.account
    moved = abs(at_s - account.moved_s) < seat.settle_s
    followed = taken_s >= account.moved_s and abs(max(draw[:WATTS]) - seat.granted_a) <= ARRIVED_A
    may_start = seat.granted_a > 0.0 and max(draw[:WATTS]) < ARRIVED_A
    if not may_start and (not moved or followed):
        return draw, draw
    most = each(max, draw, seat.granted)
    return (draw if may_start and not moved else each(min, draw, seat.granted)), most


def shortage_w(need: Lanes, available: Lanes, rule: SurplusRule, voltage_v: float) -> float:
    """Return the watts that members need beyond what is available, by the rule.

    What a house imports for itself is not theirs: less than nothing is never available.
    """
    if rule is SurplusRule.SUMMED:
        return max(0.0, need[WATTS] - max(0.0, available[WATTS]))
    lanes = range(WATTS)
    return voltage_v * sum(max(0.0, need[lane] - max(0.0, available[lane])) for lane in lanes)


def sunlight_w(most: Lanes, available: Lanes, rule: SurplusRule, voltage_v: float) -> float:
    """Return the watts of what is available that members take who could use so much."""
    if rule is SurplusRule.SUMMED:
        return max(0.0, min(most[WATTS], available[WATTS]))
    return voltage_v * sum(max(0.0, min(most[lane], available[lane])) for lane in range(WATTS))


def less(available: Lanes, watts: float, root: Branch) -> Lanes:
    """Return what is left of a surplus beside some watts, spread evenly over the phases."""
    wired = sum(limit > 0.0 for limit in root.fuse[:WATTS])
    taken_a = watts / max(1, wired) / root.voltage_v
    return (
        available[0] - taken_a,
        available[1] - taken_a,
        available[2] - taken_a,
        available[3] - watts,
    )
