"""What the home battery is owed, what it may give to cars, and when its discharge is locked."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from ..pool.circuits import ResourceReport
from ..pool.energy_settings import WHOLE_PERCENT, BatterySettings

POWER_SILENT_S: Final = 120.0
"""A battery that works tells its power more often than this."""

IDLE_SILENT_S: Final = 900.0
"""One that does nothing has nothing to tell: entities are written when they change."""

IDLE_W: Final = 50.0

SOC_SILENT_S: Final = 3600.0
"""A state of charge changes slowly, and not at all while the battery is full or empty."""

SOC_JUMP: Final = 5.0
"""No home battery gains or loses so many percents between two readings; a restart of it does."""

SOC_CONFIRMED_S: Final = 60.0
"""A jump is believed once it has stood so long."""

ERRATIC_JUMPS: Final = 3
ERRATIC_S: Final = 3600.0
"""A restart makes one jump; so many within an hour are a sensor that cannot be relied on."""

SOC_HYSTERESIS: Final = 2.0
"""Around a threshold nothing changes back for less."""

EXPORTING_W: Final = 100.0
"""Who exports this much has a battery that takes all it can."""

EXPORTING_S: Final = 15.0
"""Inverters take some seconds to follow a load that went."""

RELEARN_SOC: Final = 3.0
RELEARN_S: Final = 1800.0
"""What a battery could take says nothing of later, nor of another state of charge."""

LOCK_HELD_S: Final = 60.0
"""The lock is not opened for a shorter while: it is a write to somebody's inverter."""


class StateOfCharge:
    """A state of charge that jumps are sifted out of. Times are seconds since the epoch."""

    __slots__ = ("_at_s", "_jump", "_jump_s", "_jumps", "_value")

    def __init__(self) -> None:
        self._value: float | None = None
        self._at_s = float("-inf")
        self._jump: float | None = None
        self._jump_s = float("-inf")
        self._jumps: deque[float] = deque(maxlen=ERRATIC_JUMPS)

    def take(self, at_s: float, value: float) -> None:
        """Take a reading, percent."""
        if at_s < self._at_s:
            return
        known = self.value(at_s)
        self._at_s = at_s
        if known is None or abs(value - known) <= SOC_JUMP:
            self._value = value
            self._jump = None
        elif self._jump is None or abs(value - self._jump) > SOC_JUMP:
            self._jump, self._jump_s = value, at_s
            self._jumps.append(at_s)
        elif at_s - self._jump_s >= SOC_CONFIRMED_S:
            self._value = value
            self._jump = None

    def is_erratic(self, now_s: float) -> bool:
        """Whether it jumps again and again."""
        jumps = self._jumps
        return len(jumps) == ERRATIC_JUMPS and now_s - jumps[0] <= ERRATIC_S

    def value(self, now_s: float) -> float | None:
        """Return what is believed, None where that is unknown or too old."""
        return self._value if now_s - self._at_s <= SOC_SILENT_S else None


class Threshold:
    """Whether a state of charge is above a threshold, without flapping around it."""

    __slots__ = ("_above",)

    def __init__(self) -> None:
        self._above = False

    def is_above(self, soc: float | None, rises_at: float, falls_below: float) -> bool:
        """Return whether it is; an unknown state of charge counts as 0 %."""
        charge = 0.0 if soc is None else soc
        self._above = charge >= (falls_below if self._above else rises_at)
        return self._above


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryView:
    """What the battery means for the sun's surplus now.

    Attributes:
        power_w: What it takes, negative: gives; None where it has one and that is unknown.
        given_w: The most that it gave lately, at least 0: to be feared where `power_w` is unknown.
        owed_w: What it is to be charged with before members in a solar mode get anything.
        bridges: Whether it may carry a member that runs through a gap.
        starts: Whether it may start one.
        may_feed: Whether it is above its reserve, or has none.
    """

    power_w: float | None = 0.0
    given_w: float = 0.0
    owed_w: float = 0.0
    bridges: bool = False
    starts: bool = False
    may_feed: bool = True


NO_BATTERY: Final = BatteryView()


class _Unit:
    """One battery: its newest power and state of charge."""

    __slots__ = ("at_s", "gave_s", "gave_w", "power_w", "soc")

    def __init__(self) -> None:
        self.power_w = 0.0
        self.at_s = float("-inf")
        self.gave_w = 0.0
        self.gave_s = float("-inf")
        self.soc = StateOfCharge()

    def take(self, report: ResourceReport) -> None:
        """Take its newest report."""
        at_s = report.power_w.arrived_at.timestamp()
        if at_s >= self.at_s:
            self.at_s, self.power_w = at_s, report.power_w.value
            if -self.power_w >= self.gave_w or at_s - self.gave_s > SOC_SILENT_S:
                self.gave_w, self.gave_s = max(0.0, -self.power_w), at_s
        if report.soc_percent is not None:
            self.soc.take(report.soc_percent.arrived_at.timestamp(), report.soc_percent.value)

    def is_fresh(self, now_s: float) -> bool:
        """Whether its power is to be believed."""
        allowed_s = IDLE_SILENT_S if abs(self.power_w) <= IDLE_W else POWER_SILENT_S
        return now_s - self.at_s <= allowed_s


class HomeBattery:
    """All batteries of a site as one. Times are seconds since the epoch."""

    def __init__(self) -> None:
        self._units: dict[str, _Unit] = {}
        self._most_w = 0.0
        self._want_w = 0.0
        self._wanted_s = float("-inf")
        self._wanted_soc: float | None = None
        self._exporting_since_s: float | None = None
        self._first = Threshold()
        self._buffer = Threshold()
        self._start = Threshold()
        self._reserve = Threshold()

    def take(self, report: ResourceReport) -> None:
        """Take a battery's newest report."""
        self._units.setdefault(report.id, _Unit()).take(report)

    def view(self, settings: BatterySettings, now_s: float, grid_w: float | None) -> BatteryView:
        """Return what the battery means now.

        Args:
            settings: What it is for.
            now_s: When.
            grid_w: What the site takes from the grid, negative: gives; None where unknown.
        """
        if not self._units:
            return NO_BATTERY
        units = self._units.values()
        soc = self._soc(now_s)
        power_w = (
            sum(unit.power_w for unit in units)
            if all(unit.is_fresh(now_s) for unit in units)
            else None
        )
        self._learn(power_w, soc, grid_w, now_s)
        first, reserve = settings.priority_soc, settings.reserve_soc
        comes_first = not self._first.is_above(soc, first, first - SOC_HYSTERESIS)
        # The reserve is never touched, so that what it protects returns later rather than sooner.
        may_feed = self._reserve.is_above(soc, _later(reserve), reserve)
        buffer = settings.buffer_soc
        charged = self._buffer.is_above(soc, buffer, buffer - SOC_HYSTERESIS)
        full = settings.start_soc is not None and self._start.is_above(
            soc, settings.start_soc, settings.start_soc
        )
        known = power_w is not None and soc is not None
        bridges = settings.feeds_cars and known and may_feed and charged
        return BatteryView(
            power_w=power_w,
            given_w=sum(unit.gave_w for unit in units),
            owed_w=self._want_w if comes_first else 0.0,
            bridges=bridges,
            starts=bridges and full,
            may_feed=may_feed,
        )

    def is_soc_erratic(self, now_s: float) -> bool:
        """Whether the state of charge of one of them jumps again and again."""
        return any(unit.soc.is_erratic(now_s) for unit in self._units.values())

    def _soc(self, now_s: float) -> float | None:
        """Return the lowest state of charge, None where one is unknown."""
        lowest: float | None = None
        for unit in self._units.values():
            soc = unit.soc.value(now_s)
            if soc is None:
                return None
            lowest = soc if lowest is None else min(lowest, soc)
        return lowest

    def _learn(
        self, power_w: float | None, soc: float | None, grid_w: float | None, now_s: float
    ) -> None:
        """Learn what it can take: as much as it ever took, or what it leaves to be exported."""
        if power_w is None or grid_w is None:
            self._exporting_since_s = None
            return
        self._most_w = max(self._most_w, power_w)
        if grid_w > -EXPORTING_W:
            self._exporting_since_s = None
        elif self._exporting_since_s is None:
            self._exporting_since_s = now_s
        elif now_s - self._exporting_since_s >= EXPORTING_S:
            self._want_w = max(0.0, power_w)
            self._wanted_s, self._wanted_soc = now_s, soc
            return
        if now_s - self._wanted_s > RELEARN_S or _differ(soc, self._wanted_soc):
            self._want_w = self._most_w
        self._want_w = max(self._want_w, power_w)


def _later(soc: float) -> float:
    """Return where a threshold is passed upwards that holds exactly downwards; 0 always is."""
    return 0.0 if soc <= 0.0 else min(WHOLE_PERCENT, soc + SOC_HYSTERESIS)


def _differ(soc: float | None, other: float | None) -> bool:
    return soc is not None and other is not None and abs(soc - other) > RELEARN_SOC


class DischargeLock:
    """Whether the battery's discharge is to be locked. Times are seconds since the epoch."""

    __slots__ = ("_until_s",)

    def __init__(self) -> None:
        self._until_s = float("-inf")

    def is_locked(self, now_s: float, *, needed: bool) -> bool:
        """Return whether it is: at once when needed, and a while longer."""
        if needed:
            self._until_s = now_s + LOCK_HELD_S
        return now_s < self._until_s
