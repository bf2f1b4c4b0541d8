"""Drives a charger by its profile: reports, grants, its watchdog."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from types import MappingProxyType
from typing import Final

from ...modbus.bus import ContactLostError, Precedence, RequestKind, WithdrawnError
from ...modbus.device import Contact, ModbusDevice
from ...modbus.link import LostError, ModbusLink, RefusedError, SilentError
from ...modbus.registers import Registers, Value
from ...modbus.schema import Profile
from ...modbus.teller import Step, Teller
from ...pool.actions import ActionResult
from ...pool.members import Grant, PhaseSwitching
from ..contract import ConnectorCapabilities, ConnectorListener, ConnectorReport
from .keeper import WatchdogKeeper
from .orders import Order, Orders, offer_of, offer_signals, offer_steps, phase_steps
from .reports import Readings
from .work import Work

_LOGGER = logging.getLogger(__name__)

CONTROL_LIMIT: Final = timedelta(seconds=5)
"""How long a command may take beside the pauses that the device itself asks for (SR-7)."""

DECISION_FRESH: Final = timedelta(seconds=10)
"""How long the decision behind a grant stands behind its traffic (SR-4)."""

SHORT_WAIT: Final = 0.2
"""Seconds for which the loop may wait to write a setting instead of reading, and after which a
command looks again for a contact that was lost under it."""

CONNECTOR: Final = 1

# The watchdog's two settings, the limit, and one write under way when the command came.
_WRITES_OF_A_COMMAND: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusChargerSettings:
    """What is configured for a charger.

    Attributes:
        fail_safe_current_a: `f`, amps per phase.
        max_current_a: The most that may be offered, amps per phase.
        switches_phases: Whether it was bought with what its profile needs to switch phases.
    """

    fail_safe_current_a: float
    max_current_a: float
    switches_phases: bool = False


class ModbusCharger(ModbusDevice):
    """A charger with one connector, numbered 1.

    How the device's own fail-safe follows the grants: its current register holds what the newest
    grant lapses to, never more than that grant, and is written after the grant itself, so that it
    never delays a reduction. Should this process die between the two, the device lapses to at
    most `f`, which the site keeps free for it (SR-1). It is written only when it changes.

    A command is carried out to its end even when its caller has stopped waiting, unless a newer
    one takes its place. A raise is accepted with its first word; what else it takes follows as
    soon as the device can be written to again.
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
        self._teller = Teller(link, lambda: self._registers)
        self._listeners: list[ConnectorListener] = []
        self._work = Work(profile, self.counters)
        self._orders = Orders()
        self._vouched_until: datetime | None = None
        self._keeper = WatchdogKeeper(profile.watchdog, settings.fail_safe_current_a)
        self._lock_step: Step | None = None
        self._booted_at: datetime | None = None
        self._hardware_a = (self._traits.min_current_a, self._traits.max_current_a)
        self._report = ConnectorReport(connector=CONNECTOR, arrived_at=now(), online=False)

    # -- the contract ------------------------------------------------------------

    @property
    def connectors(self) -> Mapping[int, ConnectorCapabilities]:
        """What its one connector can do."""
        low, high = self._hardware_a
        lease = self._keeper.lease
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
                    switching=self._switching,
                )
            }
        )

    @property
    def _switching(self) -> PhaseSwitching | None:
        switch = self._traits.phase_switch
        if switch is None or not self._settings.switches_phases:
            return None
        return PhaseSwitching(pause=switch.pause, settle=switch.settle)

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

        A call that is overtaken by a newer one answers `FAILED`: nothing more of it is sent.
        """
        if connector != CONNECTOR:
            return ActionResult.NOT_SUPPORTED
        self.vouch(grant.decided_at + DECISION_FRESH)
        ends_at = None if grant.lease is None else self._now() + grant.lease
        return await self._command(grant.current_a, grant.lapse_to_a, ends_at, grant.phases)

    async def async_start(self, connector: int) -> ActionResult:
        """Tell the device once more to charge, where a grant above 0 allows it."""
        if connector != CONNECTOR:
            return ActionResult.NOT_SUPPORTED
        order = self._orders.in_force
        if order is None or order.current_a <= 0 or order.has_lapsed(self._now()):
            return ActionResult.REJECTED
        self._teller.forget(*offer_signals(self._traits))
        return await self._command(order.current_a, order.lapse_a, order.ends_at, order.phases)

    async def async_stop(self, connector: int) -> ActionResult:
        """Pause: these devices know no other end of a session than unplugging."""
        if connector != CONNECTOR:
            return ActionResult.NOT_SUPPORTED
        return await self._command(0.0, 0.0, None)

    async def async_close(self) -> None:
        """Let go of the link; the lease is left to lapse."""
        self._work.give_up()
        await super().async_close()
        self._listeners.clear()

    # -- commands ----------------------------------------------------------------

    async def _command(
        self,
        current_a: float,
        lapse_a: float,
        ends_at: datetime | None,
        phases: int | None = None,
    ) -> ActionResult:
        """Make this the newest order and carry it out."""
        low, high = self._hardware_a
        high, step_a = min(high, self._settings.max_current_a), self._traits.step_a
        earlier = self._orders.newest
        if earlier is None or earlier.has_lapsed(self._now()):
            self._teller.forget(*offer_signals(self._traits))
        order = self._orders.place(
            offer_of(current_a, low, high, step_a),
            offer_of(lapse_a, low, high, step_a),
            ends_at,
            phases,
        )
        is_raise = self._is_raise(order.current_a, earlier)
        precedence = Precedence.CONTROL if is_raise else Precedence.REDUCTION

        async def carry_out() -> None:
            while True:
                try:
                    return await self._carry_out(order, precedence)
                except ContactLostError:
                    await asyncio.sleep(SHORT_WAIT)

        limit = CONTROL_LIMIT + self.profile.timing.write * _WRITES_OF_A_COMMAND
        return await self._work.do(carry_out(), limit)

    def _is_raise(self, current_a: float, earlier: Order | None) -> bool:
        """Whether a current is more than the device may be offering now."""
        if earlier is not None:
            return current_a > earlier.current_a
        reported_a = self._readings.number(self._traits.reported_limit)
        return reported_a is not None and current_a >= reported_a

    async def _carry_out(self, order: Order, precedence: Precedence) -> None:
        """Send the first that the device has not been told of an order, or renew its lease.

        The rest of it, if there is any, is up to the rounds of the loop.

        Raises:
            LinkError: The device did not take it.
            WithdrawnError: A newer order came, or the decision behind a raise has grown old.
        """
        is_raise = precedence is not Precedence.REDUCTION
        async with asyncio.timeout(CONTROL_LIMIT.total_seconds()):
            await self._until(Contact.ONLINE if is_raise else Contact.PROVEN)
        registers = self._contacted()
        steps = self._teller.missing(offer_steps(self._traits, registers, order))[:1]
        if not steps:
            steps = self._teller.missing(phase_steps(self._traits, order))
        if self._keeper.is_fed_by_writes and (
            not steps or (is_raise and self._keeper.may_have_lapsed(self._now()))
        ):
            # It is to be fed: a renewal does nothing else.
            self._teller.forget(*self._keeper.feeding)
        if not steps or (is_raise and order.needs_watchdog):
            # What is to lapse needs a watchdog that is armed before; nothing delays a reduction.
            steps = [*self._teller.missing(self._keeper.steps(registers)), *steps]
        for step in steps:
            await self._write(step, precedence, order.number, may_be_stale=not is_raise)
        self._orders.accept(order)
        self._keeper.lapse_a = order.lapse_a
        self._nudge()

    def _contacted(self) -> Registers:
        """Return the registers of a device that is in reach.

        Raises:
            LostError: It is not.
        """
        if self._registers is None:
            raise LostError(self._problem or "the device is out of reach")
        return self._registers

    async def _write(
        self, step: Step, precedence: Precedence, number: int, *, may_be_stale: bool = False
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

        def check() -> None:
            if self._contact_lost:
                message = "contact was lost meanwhile"
                raise ContactLostError(message)
            if number != self._orders.number:
                message = "a newer order came"
                raise WithdrawnError(message)
            if not may_be_stale and not self._is_vouched():
                message = "no fresh decision stands behind it"
                raise WithdrawnError(message)

        try:
            await self._teller.tell(step, precedence, check)
        except RefusedError:
            self._keeper.refused(step[0])
            raise
        except SilentError:
            self._silent += 1
            raise
        self._silent = 0
        self._keeper.written(step[0], self._now())

    # -- what the loop asks ------------------------------------------------------

    def _is_vouched(self) -> bool:
        return self._vouched_until is not None and self._now() < self._vouched_until

    def _may_request(self) -> bool:
        return not self._keeper.is_fed_by_anything or self._is_vouched()

    async def _on_contact(self) -> None:
        registers = self._contacted()
        await self._read_hardware(registers)
        values: dict[str, Value] = {}
        for name in self._keeper.signals:
            values |= await self._read(registers.reader((name,)))
        self._find_lost(values)
        for name, raw in self._settings_steps(registers):
            value = values.get(name)
            if isinstance(value, float | int) and round(value / registers.scale(name)) == raw:
                # As it should be already: it is not written again.
                self._teller.learn(name, raw)
                self._keeper.found(name)
        if self._orders.has_lapsed(self._now()):
            self._teller.forget(*offer_signals(self._traits))

    async def _read_hardware(self, registers: Registers) -> None:
        """Narrow what the profile says by what the device says of itself."""
        low, high = self._traits.min_current_a, self._traits.max_current_a
        bounds: list[float] = []
        for name, bound in ((self._traits.hardware_min, low), (self._traits.hardware_max, high)):
            value = None if name is None else (await self._read(registers.reader((name,))))[name]
            known = (
                name is not None
                and isinstance(value, float | int)
                and registers.is_plausible(name, value)
            )
            bounds.append(float(value) if known and isinstance(value, float | int) else bound)
        self._hardware_a = (max(low, bounds[0]), max(low, min(high, bounds[1])))

    def _settings_steps(self, registers: Registers) -> Sequence[Step]:
        """Return all settings that the device has to have beside its offer."""
        lock = () if self._lock_step is None else (self._lock_step,)
        prepare = ((setting.signal, setting.value) for setting in self._traits.prepare)
        return (*lock, *prepare, *self._keeper.steps(registers))

    def _on_values(self, values: Mapping[str, Value], refused: Sequence[str], at: datetime) -> None:
        self._readings.take(values, refused, at)
        self._find_lost(values)
        if self._is_known:
            self._publish(at)

    def _find_lost(self, values: Mapping[str, Value]) -> None:
        """Find settings that the device has lost: it was started anew, or somebody changed them."""
        registers = self._registers
        if registers is None:
            return
        lost = self._teller.lost(values)
        if self._keeper.was_lost(values, registers):
            _LOGGER.warning("%s has lost its settings, setting it up anew", self.profile.name)
            self._booted_at = self._now()
            self._teller.forget_all()
            lost.extend(self._keeper.signals)
        if lost:
            self.counters["settings_lost"] += 1
            self._nudge()

    async def _on_round(self) -> None:
        """Write one thing that the device should have and has not, when it can take a write."""
        self._expire()
        if not self._is_vouched() or not self._link.is_ready(RequestKind.WRITE, SHORT_WAIT):
            return
        steps = self._teller.missing(self._wanted_steps(self._contacted()))
        step = next((step for step in steps if not self._teller.is_refused(step)), None)
        if step is None:
            return
        try:
            await self._write(step, Precedence.CONTROL, self._orders.number)
        except WithdrawnError:
            return
        except RefusedError as error:
            self.counters["refused_settings"] += 1
            _LOGGER.warning("%s refuses a setting: %s", self.profile.name, error)
        except SilentError:
            self.counters["unanswered_settings"] += 1
            self._check_silence()

    def _expire(self) -> None:
        """Put what an order lapses to in its place once its lease has run out unrenewed."""
        order = self._orders.lapse(self._now())
        if order is None:
            return
        self.counters["lapsed_leases"] += 1
        self._teller.forget(*offer_signals(self._traits))
        self._keeper.lapse_a = order.lapse_a

    def _wanted_steps(self, registers: Registers) -> Sequence[Step]:
        """Return what the device should have been told by now, the most important first."""
        order = self._orders.in_force
        if order is None:
            return self._settings_steps(registers)
        if self._keeper.is_hungry(order, self._now()):
            self._teller.forget(*self._keeper.feeding)
        return (
            *offer_steps(self._traits, registers, order),
            *phase_steps(self._traits, order),
            *self._settings_steps(registers),
        )

    def _on_offline(self) -> None:
        self._publish(self._now())

    def _publish(self, at: datetime) -> None:
        self._report = self._readings.report(
            CONNECTOR,
            at=at,
            online=self.online,
            paused=self._orders.is_pause,
            booted_at=self._booted_at,
            problem=self._problem,
        )
        for listener in tuple(self._listeners):
            listener(self._report)
