"""Looks after a charger's own watchdog: armed, fed, and noticed when it was lost."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from ...modbus.registers import Registers, Value
from ...modbus.schema import FedBy, Watchdog
from ...modbus.teller import Step
from ...pool.members import Lease
from .orders import Order


class WatchdogKeeper:
    """What is known of the watchdog.

    Attributes:
        watchdog: How it works; None once the device has refused it (SR-5).
        lapse_a: What the device is to fall to: of the newest order that it accepted, or `f`.
    """

    def __init__(self, watchdog: Watchdog | None, fail_safe_current_a: float) -> None:
        """Begin with a device that nobody has told anything.

        Args:
            watchdog: How it works; None without one.
            fail_safe_current_a: `f`.
        """
        self.watchdog = watchdog
        self.lapse_a = fail_safe_current_a
        self._fed_at: datetime | None = None
        self._was_armed = False

    @property
    def lease(self) -> Lease | None:
        """The lease that it gives."""
        if self.watchdog is None:
            return None
        return Lease(duration=self.watchdog.duration, renewal=self.watchdog.renewal)

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals that hold its settings."""
        if self.watchdog is None:
            return ()
        return (self.watchdog.current, self.watchdog.timeout)

    @property
    def feeding(self) -> tuple[str, ...]:
        """The signal whose writing feeds it; empty where there is none."""
        return (self.watchdog.timeout,) if self.watchdog is not None else ()

    @property
    def is_fed_by_writes(self) -> bool:
        """Whether nothing but a write feeds it."""
        return self.watchdog is not None and self.watchdog.fed_by is FedBy.WRITE

    @property
    def is_fed_by_anything(self) -> bool:
        """Whether each request feeds it."""
        return self.watchdog is not None and self.watchdog.fed_by is FedBy.ANY_REQUEST

    def steps(self, registers: Registers) -> Sequence[Step]:
        """Return what arms it: what it falls to, then its time, which feeds it as well."""
        if self.watchdog is None:
            return ()
        seconds = self.watchdog.duration.total_seconds()
        return (
            (self.watchdog.current, registers.raw(self.watchdog.current, self.lapse_a)),
            (self.watchdog.timeout, registers.raw(self.watchdog.timeout, seconds)),
        )

    def may_have_lapsed(self, now: datetime) -> bool:
        """Whether one that is fed by writes may have run out."""
        if self.watchdog is None or not self.is_fed_by_writes:
            return False
        return self._fed_at is None or now - self._fed_at >= self.watchdog.duration

    def is_hungry(self, order: Order, now: datetime) -> bool:
        """Whether one that is fed by writes is due to be fed for an order."""
        if self.watchdog is None or not self.is_fed_by_writes or not order.needs_watchdog:
            return False
        return self._fed_at is None or now - self._fed_at >= self.watchdog.renewal

    def written(self, name: str, now: datetime) -> None:
        """Take that the device acknowledged a signal."""
        if self.watchdog is not None and name == self.watchdog.timeout:
            self._fed_at = now
            self._was_armed = True

    def found(self, name: str) -> None:
        """Take that a signal was found as it should be."""
        if self.watchdog is not None and name == self.watchdog.timeout:
            self._was_armed = True

    def refused(self, name: str) -> None:
        """Take that the device refused a signal: it has no watchdog (SR-5)."""
        if name in self.signals:
            self.watchdog = None

    def was_lost(self, values: Mapping[str, Value], registers: Registers) -> bool:
        """Whether its time, once set, reads back differently: the device was started anew."""
        watchdog = self.watchdog
        if watchdog is None or not self._was_armed:
            return False
        time = values.get(watchdog.timeout)
        if not isinstance(time, float | int):
            return False
        raw = round(time / registers.scale(watchdog.timeout))
        if raw == registers.raw(watchdog.timeout, watchdog.duration.total_seconds()):
            return False
        self._was_armed = False
        self._fed_at = None
        return True
