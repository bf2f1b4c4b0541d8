"""Drives a charger by its profile: reports, grants, its watchdog."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import logging
import math
from types import MappingProxyType
from typing import Final

from ...modbus.bus import Precedence, RequestKind, WithdrawnError
from ...modbus.device import SILENT_LIMIT, Contact, ModbusDevice
from ...modbus.link import LinkError, LostError, ModbusLink, RefusedError, SilentError
from ...modbus.registers import Value
from ...modbus.schema import FedBy, PauseBy, Profile
from ...pool.actions import ActionResult
from ...pool.members import Grant, Lease
from ..contract import ConnectorCapabilities, ConnectorListener, ConnectorReport
from .reports import Readings

_LOGGER = logging.getLogger(__name__)

CONTROL_LIMIT: Final = timedelta(seconds=5)
"""How long a command may take beside the pauses that the device itself asks for (SR-7)."""

DECISION_FRESH: Final = timedelta(seconds=10)
"""How long the decision behind a grant stands behind its traffic (SR-4)."""

CONNECTOR: Final = 1

_ROUNDING: Final = 1e-6

# The watchdog's two settings, limit and switch, and one write under way when the command came.
_WRITES_OF_A_COMMAND: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusChargerSettings:
    """What is configured for a charger.

    Attributes:
        fail_safe_current_a: `f`, amps per phase.
        max_current_a: The most that may be offered, amps per phase.
    """

    fail_safe_current_a: float
    max_current_a: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """What the device is to offer: the newest grant as this device can be told it.

    Attributes:
        number: Rising; what an older order still had to send is given up.
        current_a: Amps per phase; 0 is a pause.
        lapse_a: What it falls to.
        ends_at: When it lapses unless it is renewed; None: never.
    """

    number: int
    current_a: float
    lapse_a: float
    ends_at: datetime | None

    def has_lapsed(self, now: datetime) -> bool:
        """Whether it ran out unrenewed."""
        return self.ends_at is not None and now >= self.ends_at


type _Step = tuple[str, int]
"""A signal and the raw number to write to it."""


class ModbusCharger(ModbusDevice):
    """A charger with one connector, numbered 1.

    How the device's own fail-safe follows the grants: its current register holds what the newest
    grant lapses to, never more than that grant, and is written after the grant itself, so that it
    never delays a reduction. Should this process die between the two, the device lapses to at
    most `f`, which the site keeps free for it (SR-1). It is written only when it changes.
    """

    def __init__(
        self,
        profile: Profile,
        link: ModbusLink,
        settings: ModbusChargerSettings,
        now: Callable[[], datetime],
    ) -> None:
        """Prepare the driver.

        Args:
            profile: A profile of a charger.
            link: The way to the device.
            settings: What is configured for it.
            now: The wall clock, aware UTC.

        Raises:
            ValueError: The profile is not one of a charger.
        """
        if profile.charger is None:
            message = f"{profile.id} is no profile of a charger"
            raise ValueError(message)
        super().__init__(profile, link, now)
        self._traits = profile.charger
        self._settings = settings
        self._readings = Readings(profile, self._traits)
        self._listeners: list[ConnectorListener] = []
        self._vouched_until: datetime | None = None
        self._order: _Order | None = None
        self._number = 0
        self._carried = 0
        self._carried_lapse_a = settings.fail_safe_current_a
        self._told: dict[str, int] = {}
        self._refused: set[_Step] = set()
        self._lock_step: _Step | None = None
        self._fed_at: datetime | None = None
        self._booted_at: datetime | None = None
        self._has_watchdog = profile.watchdog is not None
        self._hardware_a = (self._traits.min_current_a, self._traits.max_current_a)
        self._report = ConnectorReport(connector=CONNECTOR, arrived_at=now(), online=False)

    # -- the contract ------------------------------------------------------------

    @property
    def connectors(self) -> Mapping[int, ConnectorCapabilities]:
        """What its one connector can do."""
        low, high = self._hardware_a
        watchdog = self.profile.watchdog if self._has_watchdog else None
        lease = (
            None
            if watchdog is None
            else Lease(duration=watchdog.duration, renewal=watchdog.renewal)
        )
        return MappingProxyType(
            {
                CONNECTOR: ConnectorCapabilities(
                    connector=CONNECTOR,
                    phases=self._traits.phases,
                    min_current_a=low,
                    max_current_a=min(high, self._settings.max_current_a),
                    step_a=self._traits.step_a,
                    lease=lease,
                    settable_fail_safe=lease is not None,
                    settle=self._traits.settle,
                    raise_spacing=self._traits.raise_spacing,
                )
            }
        )

    def subscribe(self, listener: ConnectorListener) -> Callable[[], None]:
        """Have a listener called with each new report; call the answer to end it."""
        self._listeners.append(listener)
        listener(self._report)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def vouch(self, until: datetime) -> None:
        """Tell that a fresh decision stands behind the newest grants until then (SR-4)."""
        was_vouched = self._is_vouched()
        if self._vouched_until is None or until > self._vouched_until:
            self._vouched_until = until
        if not was_vouched:
            self._nudge()

    async def async_apply(self, connector: int, grant: Grant) -> ActionResult:
        """Bring a grant onto the device, or renew it.

        The pauses that a device needs between writes come on top of the 5 s of SR-7. A call that
        is overtaken by a newer one answers `FAILED`: nothing more of it is sent.
        """
        if connector != CONNECTOR:
            return ActionResult.NOT_SUPPORTED
        now = self._now()
        self.vouch(grant.decided_at + DECISION_FRESH)
        current_a = self._offer(grant.current_a)
        return await self._command(
            current_a,
            min(self._offer(grant.lapse_to_a), current_a),
            None if grant.lease is None else now + grant.lease,
        )

    async def async_start(self, connector: int) -> ActionResult:
        """Tell the device once more to charge, where a grant above 0 allows it."""
        if connector != CONNECTOR:
            return ActionResult.NOT_SUPPORTED
        order = self._order
        if order is None or order.current_a <= 0 or order.has_lapsed(self._now()):
            return ActionResult.REJECTED
        self._forget_offer()
        return await self._command(order.current_a, order.lapse_a, order.ends_at)

    async def async_stop(self, connector: int) -> ActionResult:
        """Pause: these devices know no other end of a session than unplugging."""
        if connector != CONNECTOR:
            return ActionResult.NOT_SUPPORTED
        return await self._command(0.0, 0.0, None)

    async def async_close(self) -> None:
        """Let go of the link; the lease is left to lapse."""
        await super().async_close()
        self._listeners.clear()

    # -- commands ----------------------------------------------------------------

    def _offer(self, current_a: float) -> float:
        """Return what the device can be told: rounded down, 0 below its least current."""
        low, high = self._hardware_a
        step_a = self._traits.step_a
        bounded = min(current_a, high, self._settings.max_current_a)
        rounded = round(math.floor(bounded / step_a + _ROUNDING) * step_a, 3)
        return rounded if rounded >= low - _ROUNDING else 0.0

    async def _command(
        self, current_a: float, lapse_a: float, ends_at: datetime | None
    ) -> ActionResult:
        """Make this the newest order and carry it out."""
        earlier = self._order
        if earlier is None or earlier.has_lapsed(self._now()):
            self._forget_offer()
        self._number += 1
        order = self._order = _Order(
            number=self._number, current_a=current_a, lapse_a=lapse_a, ends_at=ends_at
        )
        is_raise = earlier is not None and current_a > earlier.current_a
        limit = CONTROL_LIMIT + self.profile.timing.write * _WRITES_OF_A_COMMAND

        async def carry_out() -> None:
            await self._until(Contact.PROVEN if current_a <= lapse_a else Contact.ONLINE)
            await self._carry_out(order, Precedence.CONTROL if is_raise else Precedence.REDUCTION)

        return await self._answer(carry_out, limit)

    async def _answer(self, work: Callable[[], Awaitable[None]], limit: timedelta) -> ActionResult:
        """Do some work on the device and say how it went."""
        try:
            async with asyncio.timeout(limit.total_seconds()):
                await work()
        except WithdrawnError:
            self.counters["withdrawn_commands"] += 1
            return ActionResult.FAILED
        except RefusedError as error:
            self.counters["refused_commands"] += 1
            _LOGGER.warning("%s refuses a command: %s", self.profile.name, error)
            return ActionResult.REJECTED
        except LostError:
            return ActionResult.OFFLINE
        except LinkError, TimeoutError:
            self.counters["unanswered_commands"] += 1
            return ActionResult.TIMED_OUT
        return ActionResult.ACCEPTED

    async def _carry_out(self, order: _Order, precedence: Precedence) -> None:
        """Send what the device has not been told of an order yet, or else renew its lease.

        Raises:
            LinkError: The device did not take it.
            WithdrawnError: A newer order came, or the decision behind a raise has grown old.
        """
        steps = self._missing(self._offer_steps(order))
        watchdog = self.profile.watchdog
        if order.current_a > order.lapse_a and order.ends_at is not None:
            # What is to lapse needs a watchdog that is armed before.
            steps = [*self._missing(self._watchdog_steps()), *steps]
        if not steps and watchdog is not None and watchdog.fed_by is FedBy.WRITE:
            steps = [self._feeding_step()]
        for step in steps:
            await self._write(
                step, precedence, order.number, may_be_stale=precedence is Precedence.REDUCTION
            )
        self._carried = order.number
        self._carried_lapse_a = order.lapse_a
        self._nudge()

    def _offer_steps(self, order: _Order) -> Sequence[_Step]:
        """Return what says the current, in the order in which it has to be written."""
        registers = self._registers
        if registers is None:
            raise LostError(self._problem or "the device is out of reach")
        limit = ("current_limit", registers.raw("current_limit", order.current_a))
        switch = self._traits.switch
        if self._traits.pause is PauseBy.LIMIT or switch is None:
            return (limit,)
        if order.current_a <= 0:
            return ((switch.signal, switch.off),)
        return (limit, (switch.signal, switch.on))

    def _missing(self, steps: Sequence[_Step]) -> list[_Step]:
        return [(name, raw) for name, raw in steps if self._told.get(name) != raw]

    def _forget_offer(self) -> None:
        """Take the offer for unknown, so that the next order writes all of it."""
        self._told.pop("current_limit", None)
        if self._traits.switch is not None:
            self._told.pop(self._traits.switch.signal, None)

    async def _write(
        self, step: _Step, precedence: Precedence, number: int, *, may_be_stale: bool = False
    ) -> None:
        """Write one signal when its turn comes, if it is still wanted then.

        Args:
            step: What to write.
            precedence: What it overtakes.
            number: The order that wants it.
            may_be_stale: Whether it goes even when the decision behind it has grown old.

        Raises:
            LinkError: The device did not take it.
            WithdrawnError: It is not wanted any more.
        """
        name, raw = step

        async def call() -> None:
            registers = self._registers
            if registers is None or self._contact_lost:
                message = "contact was lost meanwhile"
                raise WithdrawnError(message)
            if number != self._number:
                message = "a newer order came"
                raise WithdrawnError(message)
            if not may_be_stale and not self._is_vouched():
                message = "no fresh decision stands behind it"
                raise WithdrawnError(message)
            await registers.write(name, raw)

        watchdog = self.profile.watchdog
        earlier = self._told.pop(name, None)
        try:
            await self._link.request(call, kind=RequestKind.WRITE, precedence=precedence)
        except WithdrawnError:
            if earlier is not None:
                self._told[name] = earlier
            raise
        except RefusedError:
            if earlier is not None:
                self._told[name] = earlier
            if watchdog is not None and name in (watchdog.timeout, watchdog.current):
                # Without a watchdog the pool has to hold a grant back (SR-5).
                self._has_watchdog = False
            raise
        except SilentError:
            self._silent += 1
            raise
        self._silent = 0
        self._told[name] = raw
        if watchdog is not None and name == watchdog.timeout:
            self._fed_at = self._now()

    # -- what the loop asks ------------------------------------------------------

    def _is_vouched(self) -> bool:
        return self._vouched_until is not None and self._now() < self._vouched_until

    def _may_request(self) -> bool:
        watchdog = self.profile.watchdog
        if watchdog is None or watchdog.fed_by is not FedBy.ANY_REQUEST:
            return True
        return self._is_vouched()

    async def _on_contact(self) -> None:
        registers = self._registers
        assert registers is not None  # noqa: S101 - just made
        low, high = self._hardware_a
        for name in (self._traits.hardware_max, self._traits.hardware_min):
            if name is None:
                continue
            value = (await self._read(registers.reader((name,))))[name]
            if isinstance(value, float | int) and registers.is_plausible(name, value):
                if name == self._traits.hardware_max:
                    high = min(float(value), self._traits.max_current_a)
                else:
                    low = max(float(value), self._traits.min_current_a)
        self._hardware_a = (low, max(low, high))
        watchdog = self.profile.watchdog
        if watchdog is not None:
            names = (watchdog.timeout, watchdog.current)
            values: dict[str, Value] = {}
            for name in names:
                values |= await self._read(registers.reader((name,)))
            self._compare(values)
            self._adopt(values)
        order = self._order
        if order is not None and order.has_lapsed(self._now()):
            self._forget_offer()

    def _adopt(self, values: Mapping[str, Value]) -> None:
        """Take settings that are as they should be already, so that they are not written again."""
        registers = self._registers
        assert registers is not None  # noqa: S101 - called with contact only
        for name, raw in self._settings_steps():
            value = values.get(name)
            if isinstance(value, float | int) and _raw(value, registers.scale(name)) == raw:
                self._told[name] = raw

    def _settings_steps(self) -> Sequence[_Step]:
        """Return all settings that the device has to have."""
        steps = [] if self._lock_step is None else [self._lock_step]
        steps += [(setting.signal, setting.value) for setting in self._traits.prepare]
        return [*steps, *self._watchdog_steps()]

    def _watchdog_steps(self) -> Sequence[_Step]:
        """Return what arms the watchdog."""
        registers, watchdog = self._registers, self.profile.watchdog
        if registers is None or watchdog is None or not self._has_watchdog:
            return ()
        lapse = (watchdog.current, registers.raw(watchdog.current, self._carried_lapse_a))
        return (lapse, self._feeding_step())

    def _feeding_step(self) -> _Step:
        watchdog, registers = self.profile.watchdog, self._registers
        if watchdog is None or registers is None:
            raise LostError(self._problem or "the device is out of reach")
        return (
            watchdog.timeout,
            registers.raw(watchdog.timeout, watchdog.duration.total_seconds()),
        )

    def _on_values(self, values: Mapping[str, Value], refused: Sequence[str], at: datetime) -> None:
        self._readings.take(values, refused, at)
        self._compare(values)
        if self._is_known:
            self._publish(at, online=True)

    def _compare(self, values: Mapping[str, Value]) -> None:
        """Find settings that the device has lost: it was started anew, or somebody changed them."""
        registers = self._registers
        if registers is None:
            return
        lost = [
            name
            for name, value in values.items()
            if name in self._told
            and isinstance(value, float | int)
            and _raw(value, registers.scale(name)) != self._told[name]
        ]
        if not lost:
            return
        self.counters["settings_lost"] += 1
        watchdog = self.profile.watchdog
        if watchdog is not None and watchdog.timeout in lost:
            _LOGGER.warning("%s has lost its settings, setting it up anew", self.profile.name)
            self._booted_at = self._now()
            self._told.clear()
            self._refused.clear()
        for name in lost:
            self._told.pop(name, None)
        self._nudge()

    async def _on_round(self) -> None:
        """Write one thing that the device should have and has not, when it can take a write."""
        self._expire()
        if not self._is_vouched() or not self._link.is_ready(RequestKind.WRITE):
            return
        step = next(
            (step for step in self._missing(self._wanted_steps()) if step not in self._refused),
            None,
        )
        if step is None:
            return
        try:
            await self._write(step, Precedence.CONTROL, self._number)
        except WithdrawnError:
            return
        except RefusedError as error:
            self.counters["refused_settings"] += 1
            self._refused.add(step)
            _LOGGER.warning("%s refuses a setting: %s", self.profile.name, error)
        except SilentError:
            self.counters["unanswered_settings"] += 1
            if self._silent >= SILENT_LIMIT:
                raise

    def _expire(self) -> None:
        """Put what an order lapses to in its place once its lease has run out unrenewed."""
        order = self._order
        if order is None or not order.has_lapsed(self._now()):
            return
        self.counters["lapsed_leases"] += 1
        self._forget_offer()
        self._number += 1
        self._order = replace(order, number=self._number, current_a=order.lapse_a, ends_at=None)
        self._carried = self._number
        self._carried_lapse_a = order.lapse_a

    def _wanted_steps(self) -> list[_Step]:
        """Return what the device should have been told by now, the most important first."""
        order, watchdog = self._order, self.profile.watchdog
        steps = [*self._settings_steps()]
        if order is None or order.number != self._carried:
            return steps
        if (
            watchdog is not None
            and watchdog.fed_by is FedBy.WRITE
            and order.ends_at is not None
            and order.current_a > order.lapse_a
            and (self._fed_at is None or self._now() - self._fed_at >= watchdog.renewal)
        ):
            self._told.pop(watchdog.timeout, None)
        return [*self._offer_steps(order), *steps]

    def _on_offline(self) -> None:
        self._publish(self._now(), online=False)

    def _publish(self, at: datetime, *, online: bool) -> None:
        order = self._order
        paused = order is not None and order.number == self._carried and order.current_a <= 0
        self._report = self._readings.report(
            CONNECTOR,
            at=at,
            online=online,
            paused=paused,
            booted_at=self._booted_at,
            problem=self._problem,
        )
        for listener in tuple(self._listeners):
            listener(self._report)


class LockableModbusCharger(ModbusCharger):
    """A charger with a lock of its own, apart from its limit (last rung of SR-6)."""

    async def async_disable(self, connector: int) -> ActionResult:
        """Make the connector inoperative until it is enabled again."""
        return await self._set_lock(connector, locked=True)

    async def async_enable(self, connector: int) -> ActionResult:
        """Make it operative again."""
        return await self._set_lock(connector, locked=False)

    async def _set_lock(self, connector: int, *, locked: bool) -> ActionResult:
        lock = self._traits.lock
        if connector != CONNECTOR or lock is None:
            return ActionResult.NOT_SUPPORTED
        step = self._lock_step = (lock.signal, lock.off if locked else lock.on)

        async def write() -> None:
            await self._until(Contact.PROVEN)
            await self._write(step, Precedence.REDUCTION, self._number, may_be_stale=locked)

        return await self._answer(write, CONTROL_LIMIT)


def _raw(value: float, scale: float) -> int:
    """Return the raw number that was read for a value."""
    return round(value / scale)
