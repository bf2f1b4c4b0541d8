"""Brings a target onto a power supply, in the order that it needs."""

from collections import Counter
from collections.abc import Callable

from ...modbus.bus import Precedence
from ...modbus.link import RefusedError
from ...modbus.registers import Registers
from ...modbus.schema import Profile, SupplyTraits
from ...modbus.teller import Step, Teller
from ..contract import SupplyMode
from .faults import Faults
from .steps import power_steps
from .target import Target

type Check = Callable[[], None]
"""Called before each write; raises `WithdrawnError` when it is not wanted any more."""


class Output:
    """The output of a supply, as the driver has told it.

    Attributes:
        mode: What it was told last.
    """

    def __init__(
        self,
        profile: Profile,
        traits: SupplyTraits,
        teller: Teller,
        faults: Faults,
        counters: Counter[str],
    ) -> None:
        """Begin with an output that was told nothing.

        Args:
            profile: The set points that it has.
            traits: Its switches, and what its refusals mean.
            teller: Writes to the device.
            faults: Told when a person holds the device.
            counters: Where refusals are counted.
        """
        self.mode = SupplyMode.OFF
        self._profile = profile
        self._traits = traits
        self._teller = teller
        self._faults = faults
        self._counters = counters

    async def switch_on(self, registers: Registers, target: Target, check: Check) -> None:
        """Take remote control, write the set points, then close the output.

        Raises:
            LinkError: The device does not take it; after a refused set point the output is off.
            WithdrawnError: It is not wanted any more.
        """
        remote, output = self._traits.remote, self._traits.output
        if remote is not None:
            await self._tell((remote.signal, remote.on), check)
        try:
            for step in power_steps(self._profile, registers, target, self._teller.numbers):
                await self._tell(step, check)
        except RefusedError:
            # What it still allows is not what it may: off is the only safe answer.
            if self.mode is not SupplyMode.OFF and not self._faults.is_left_to_person:
                await self.switch_off(check)
            raise
        self.mode = target.mode
        await self._tell((output.signal, output.on), check)

    async def switch_off(self, check: Check) -> None:
        """Open the output.

        Raises:
            LinkError: The device does not take it.
            WithdrawnError: It is not wanted any more.
        """
        remote, output = self._traits.remote, self._traits.output
        off = (output.signal, output.off)
        try:
            await self._tell(off, check)
        except RefusedError as error:
            if (
                remote is None
                or error.code not in self._traits.denied_exceptions
                or self._teller.known(remote.signal) == remote.on
            ):
                raise
            # It is not in remote control: an Off is worth taking that.
            await self._tell((remote.signal, remote.on), check)
            await self._tell(off, check)
        self.mode = SupplyMode.OFF

    async def hand_back(self, check: Check) -> None:
        """Give remote control back, where it was taken.

        Raises:
            LinkError: The device does not take it.
            WithdrawnError: It is not wanted any more.
        """
        remote = self._traits.remote
        if remote is not None and self._teller.known(remote.signal) == remote.on:
            await self._tell((remote.signal, remote.off), check)

    def forget_switches(self) -> None:
        """Have the switches written anew."""
        remote = () if self._traits.remote is None else (self._traits.remote.signal,)
        self._teller.forget(self._traits.output.signal, *remote)

    async def _tell(self, step: Step, check: Check) -> None:
        """Write one signal unless the device has been told so already."""
        if not self._teller.missing((step,)):
            return
        is_off = step == (self._traits.output.signal, self._traits.output.off)
        was_refused = self._teller.is_refused(step)
        try:
            await self._teller.tell(
                step, Precedence.REDUCTION if is_off else Precedence.CONTROL, check
            )
        except RefusedError as error:
            if not was_refused:
                self._take_refusal(step, error)
            raise

    def _take_refusal(self, step: Step, error: RefusedError) -> None:
        """Find out whether a person or another interface holds the device."""
        self._counters["refused_writes"] += 1
        traits, remote = self._traits, self._traits.remote
        if remote is None or error.code not in traits.denied_exceptions | traits.local_exceptions:
            return
        is_ours = self._teller.known(remote.signal) == remote.on
        if error.code in traits.local_exceptions or is_ours or step == (remote.signal, remote.on):
            self._teller.forget(remote.signal)
            self._faults.leave_to_person()
        else:
            # It only has to be taken into remote control first.
            self._teller.forgive()
