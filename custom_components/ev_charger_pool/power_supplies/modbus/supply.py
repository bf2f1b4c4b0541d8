"""Drives a DC power supply by its profile, within the grants of the pool."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
import logging
from typing import Final

from ...modbus.bus import WithdrawnError
from ...modbus.device import Contact, ModbusDevice
from ...modbus.link import LinkError, ModbusLink, RefusedError, SilentError
from ...modbus.registers import Registers, Value
from ...modbus.schema import Profile
from ...modbus.teller import Teller
from ...pool.actions import ActionResult
from ...pool.members import Grant, Lease
from ..contract import (
    OffOutcome,
    SupplyCapabilities,
    SupplyError,
    SupplyListener,
    SupplyMode,
    SupplyReport,
    SupplyWishes,
)
from .capabilities import is_possible, make_capabilities, relay_safe_a
from .faults import Faults
from .intent import DECISION_FRESH, Intent
from .observed import Observed
from .output import Output
from .target import Target

_LOGGER = logging.getLogger(__name__)

CONTROL_LIMIT: Final = timedelta(seconds=5)
"""How long a command may take (SR-7)."""

OFF_LIMIT: Final = timedelta(seconds=3)
"""How long `async_off` waits for the current to fall."""

_SET_POINTS: Final = ("sink_power", "sink_current", "set_voltage", "set_current", "set_power")


class ModbusSupply(ModbusDevice):
    """A DC power supply.

    What it should do is worked out anew for each command and each round of the loop, and what
    differs from what it was told is written: so the newest word counts, after an outage too. With
    the user's mode Off its panel is free; in any other mode the pool's word holds. Somebody who
    takes it to Local control, or an alarm, keeps it off until the user sets the mode again.
    """

    def __init__(
        self,
        profile: Profile,
        link: ModbusLink,
        wishes: SupplyWishes,
        now: Callable[[], datetime],
    ) -> None:
        """Prepare the driver.

        Args:
            profile: A profile of a power supply.
            link: The way to the device.
            wishes: What the user wants of it, once it is granted something.
            now: The wall clock, aware UTC.

        Raises:
            ValueError: The profile is not one of a power supply.
        """
        if profile.power_supply is None:
            message = f"{profile.id} is no profile of a power supply"
            raise ValueError(message)
        super().__init__(profile, link, now)
        self._traits = profile.power_supply
        self._intent = Intent(wishes, now)
        self._listeners: list[SupplyListener] = []
        self._number = 0
        self._converging = asyncio.Lock()
        self._teller = Teller(link, lambda: self._registers)
        self._observed = Observed(profile, self._traits)
        self._faults = Faults(profile.name)
        self._output = Output(profile, self._traits, self._teller, self._faults, self.counters)
        self._capabilities: SupplyCapabilities | None = None
        self._measured = asyncio.Event()
        self._report = self._make_report(now())

    # -- the contract ------------------------------------------------------------

    @property
    def capabilities(self) -> SupplyCapabilities | None:
        """What it can do now; None until known."""
        return self._capabilities

    @property
    def lease(self) -> Lease | None:
        """None: none of these devices has a watchdog on Modbus (SR-5)."""
        return None

    @property
    def settle(self) -> timedelta:
        """Time until a change shows in the output."""
        return self._traits.settle

    def subscribe(self, listener: SupplyListener) -> Callable[[], None]:
        """Have a listener called with each new report; call the answer to end it."""
        self._listeners.append(listener)
        listener(self._report)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def vouch(self, until: datetime) -> None:
        """Tell that a fresh decision stands behind the newest grant until then (SR-4)."""
        self._intent.vouch(until)

    async def async_apply(self, grant: Grant) -> ActionResult:
        """Bring a grant onto the device, or renew it.

        A raise that the device refuses leaves the grant before it in force.
        """
        self.vouch(grant.decided_at + DECISION_FRESH)
        is_raise = self._intent.is_raise(grant)
        if is_raise and not self._intent.is_vouched:
            self.counters["stale_grants"] += 1
            return ActionResult.FAILED
        take_back = self._intent.allow(grant)
        result = await self._command()
        if result is ActionResult.REJECTED and is_raise:
            take_back()
        return result

    async def async_set_wishes(self, wishes: SupplyWishes) -> ActionResult:
        """Take the user's mode and set points, within the capabilities and the newest grant.

        They are kept while the device is out of reach, and then answered with `OFFLINE`.
        """
        if wishes.mode is SupplyMode.FAULT:
            return ActionResult.NOT_SUPPORTED
        if wishes.mode is SupplyMode.IMPORT and not self._traits.bidirectional:
            return ActionResult.NOT_SUPPORTED
        if not is_possible(wishes, self._capabilities):
            return ActionResult.REJECTED
        self._intent.wish(wishes)
        if wishes.mode is not SupplyMode.OFF:
            self._release_hold()
        self._publish(self._now())
        return await self._command()

    async def async_off(self) -> OffOutcome:
        """Switch the output off and return when its current is safe for a relay."""
        self._intent.switch_off()
        self._faults.is_left_to_person = False
        self._teller.forget(self._traits.output.signal)
        self._teller.forgive()
        self._number += 1
        if self._contact is Contact.AWAY:
            return OffOutcome.COMMUNICATION_LOST
        try:
            async with asyncio.timeout(OFF_LIMIT.total_seconds()):
                return await self._off()
        except TimeoutError:
            return OffOutcome.TIMED_OUT

    async def async_close(self) -> None:
        """Switch off what the pool has switched on, then let go of the link.

        Nobody watches the device from then on, and it has no watchdog of its own.
        """
        if self._output.mode is not SupplyMode.OFF and self._contact is not Contact.AWAY:
            await self.async_off()
        await super().async_close()
        self._listeners.clear()

    # -- commands ----------------------------------------------------------------

    async def _command(self) -> ActionResult:
        """Bring the newest target onto the device and say how that went."""
        self._number += 1
        self._teller.forgive()
        if self._contact is Contact.AWAY and not self._retrying:
            return ActionResult.OFFLINE
        try:
            async with asyncio.timeout(CONTROL_LIMIT.total_seconds()):
                await self._until(Contact.ONLINE)
                await self._converge()
        except RefusedError as error:
            _LOGGER.warning("%s refuses a command: %s", self.profile.name, error)
            return ActionResult.REJECTED
        except SilentError, TimeoutError:
            self.counters["unanswered_commands"] += 1
            return ActionResult.TIMED_OUT
        except LinkError, WithdrawnError:
            return ActionResult.OFFLINE
        return ActionResult.ACCEPTED

    async def _off(self) -> OffOutcome:
        """Write Off until it is taken, then wait for the current to fall."""
        while True:
            try:
                await self._converge()
                break
            except LinkError, WithdrawnError:
                if self._contact is Contact.AWAY:
                    return OffOutcome.COMMUNICATION_LOST
                await self._next_measurement()
        written_at = self._now()
        while self._contact is not Contact.AWAY:
            current = self._observed.current_a
            if (
                current is not None
                and current.arrived_at > written_at
                and abs(current.value) < relay_safe_a(self._capabilities)
            ):
                return OffOutcome.BELOW_THRESHOLD
            await self._next_measurement()
        return OffOutcome.COMMUNICATION_LOST

    async def _next_measurement(self) -> None:
        """Wait until something was read, or contact was lost."""
        self._measured.clear()
        await self._measured.wait()

    # -- what it should do -------------------------------------------------------

    def _target(self, registers: Registers) -> Target | None:
        """Return what the device should do now; None to leave it as it is."""
        if self._faults.is_left_to_person:
            return None
        able = None if self._faults.is_held else self._capabilities
        return self._intent.target(self._output.mode, able, registers)

    async def _converge(self) -> None:
        """Write what the device has not been told yet, until it has been told all.

        Raises:
            LinkError: It does not take it.
            WithdrawnError: Contact was lost meanwhile.
        """
        async with self._converging:
            while True:
                registers = self._registers
                if registers is None:
                    message = "contact was lost"
                    raise WithdrawnError(message)
                number = self._number
                target = self._target(registers)
                if target is None:
                    return
                try:
                    await self._bring(registers, target, number)
                except WithdrawnError:
                    if number == self._number:
                        raise
                    continue
                return

    async def _bring(self, registers: Registers, target: Target, number: int) -> None:
        def check() -> None:
            if self._contact_lost or number != self._number:
                message = "it is not wanted any more"
                raise WithdrawnError(message)

        try:
            if target.mode is not SupplyMode.OFF:
                await self._output.switch_on(registers, target, check)
            else:
                await self._output.switch_off(check)
                self._intent.off_is_owed = False
                if self._intent.wishes.mode is SupplyMode.OFF:
                    await self._output.hand_back(check)
        except SilentError:
            self._silent += 1
            raise
        self._silent = 0

    def _hold(self, error: SupplyError, text: str) -> None:
        """Keep the output off until the user sets the mode again."""
        if error not in self._faults.errors:
            self._number += 1
        self._faults.hold(error, text)

    def _release_hold(self) -> None:
        """Take a person's word that it may be switched on again."""
        if self._faults.is_held:
            self._output.forget_switches()
        self._faults.release()
        self._teller.forgive()

    # -- what the loop asks ------------------------------------------------------

    def _may_request(self) -> bool:
        return True

    async def _on_contact(self) -> None:
        """Publish what it can do, then bring the newest mode and set points onto it."""
        registers = self._registers
        assert registers is not None  # noqa: S101 - just made
        self._intent.leave_alone()
        self._capabilities = make_capabilities(
            self._traits, registers, self._variant, self._observed.limits
        )
        self._publish(self._now())
        await self._read_told(registers)
        try:
            await self._converge()
        except RefusedError as error:
            self.counters["refused_replays"] += 1
            _LOGGER.warning("%s refuses what it was told: %s", self.profile.name, error)
        except WithdrawnError as error:
            raise SilentError(str(error)) from error
        self._faults.regain_contact()

    async def _read_told(self, registers: Registers) -> None:
        """Read back what the device holds, as far as it shows it."""
        self._teller.forget_all()
        names = tuple(name for name in _SET_POINTS if name in self.profile.signals)
        values = await self._read(registers.reader(names))
        for name, value in values.items():
            if isinstance(value, float | int):
                self._teller.learn(name, round(value / registers.scale(name)))
        state = await self._read(registers.reader((self._observed.output_signal,)))
        is_on = self._observed.output_of(state)
        if is_on is False:
            self._teller.learn(self._traits.output.signal, self._traits.output.off)
        self._observed.output_is_on = bool(is_on)

    def _on_values(
        self,
        values: Mapping[str, Value],
        refused: Sequence[str],  # noqa: ARG002 - what is implausible stays as it was
        at: datetime,
    ) -> None:
        if self._observed.shows_other_model(self._variant, values):
            self._contact_lost = True
            return
        self._take_limits(values)
        for error, text in self._observed.alarms(values).items():
            self._hold(error, text)
        self._take_output(self._observed.output_of(values))
        sign = -1.0 if self._output.mode is SupplyMode.IMPORT else 1.0
        if self._observed.take_measurements(values, sign, at):
            self._measured.set()
            if self._is_known:
                self._publish(at)

    def _take_limits(self, values: Mapping[str, Value]) -> None:
        """Publish the capabilities again when the device is derated."""
        registers = self._registers
        if not self._observed.take_limits(values) or registers is None:
            return
        capabilities = make_capabilities(
            self._traits, registers, self._variant, self._observed.limits
        )
        if capabilities != self._capabilities:
            self._capabilities = capabilities
            self._number += 1
            self._publish(self._now())

    def _take_output(self, is_on: bool | None) -> None:  # noqa: FBT001 - it is a reading
        """Compare the output with what it was told; a switch may take one reading to show."""
        if is_on is None:
            return
        output = self._traits.output
        told = self._teller.known(output.signal)
        differs = told is not None and told != (output.on if is_on else output.off)
        if differs and is_on == self._observed.output_is_on:
            if is_on:
                # With the user's mode Off the panel is free, else it is switched off again.
                self._teller.forget(output.signal)
            else:
                self._teller.learn(output.signal, output.off)
                self._hold(SupplyError.VENDOR_ERROR, "the output was switched off at the device")
        self._observed.output_is_on = is_on

    async def _on_round(self) -> None:
        """Bring what is due by itself: a grant that nobody stands behind any more is Off."""
        try:
            await self._converge()
        except RefusedError, WithdrawnError:
            # A refusal is counted and remembered where it happens.
            return
        except SilentError:
            self.counters["unanswered_settings"] += 1
            self._check_silence()

    def _on_offline(self) -> None:
        self._faults.lose_contact(self._problem or "no answer")
        self._teller.forget_all()
        self._measured.set()
        self._publish(self._now())

    def _mode(self) -> SupplyMode:
        """Return what the output does by the device's own word."""
        if not self._observed.output_is_on:
            return SupplyMode.FAULT if self._faults.is_held else SupplyMode.OFF
        return SupplyMode.IMPORT if self._output.mode is SupplyMode.IMPORT else SupplyMode.EXPORT

    def _make_report(self, at: datetime) -> SupplyReport:
        return SupplyReport(
            arrived_at=at,
            online=self.online,
            mode=self._mode(),
            voltage_v=self._observed.voltage_v,
            current_a=self._observed.current_a,
            power_w=self._observed.power_w,
            wishes=self._intent.wishes,
            capabilities=self._capabilities,
            errors=dict(self._faults.errors),
        )

    def _publish(self, at: datetime) -> None:
        self._report = self._make_report(at)
        for listener in tuple(self._listeners):
            listener(self._report)
