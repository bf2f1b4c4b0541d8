"""Grants as one kind of charger can be told them, and the newest of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
import math
from typing import Final, Self

from ...modbus.registers import Registers
from ...modbus.schema import ChargerTraits, PauseBy
from ...modbus.teller import Step

_ROUNDING: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the device is to offer.

    Attributes:
        number: Rising; what an older order still had to send is given up.
        current_a: Amps per phase; 0 is a pause.
        lapse_a: What it falls to.
        ends_at: When it lapses unless it is renewed; None: never.
        phases: On how many phases to charge; None: as it does.
    """

    number: int
    current_a: float
    lapse_a: float
    ends_at: datetime | None
    phases: int | None = None

    def has_lapsed(self, now: datetime) -> bool:
        """Whether it ran out unrenewed."""
        return self.ends_at is not None and now >= self.ends_at

    @property
    def needs_watchdog(self) -> bool:
        """Whether something has to bring the device down should nobody renew it."""
        return self.ends_at is not None and self.current_a > self.lapse_a

    def lapsed(self, number: int) -> Self:
        """Return what is left of it once it ran out."""
        return replace(self, number=number, current_a=self.lapse_a, ends_at=None)


class Orders:
    """The newest order, and whether the device has accepted it.

    Attributes:
        number: The number of the newest.
        newest: What the device is to offer; None before the first order.
    """

    def __init__(self) -> None:
        self.number = 0
        self.newest: Order | None = None
        self._accepted = 0

    @property
    def in_force(self) -> Order | None:
        """The newest, once the device has accepted it."""
        return self.newest if self.number == self._accepted else None

    @property
    def is_pause(self) -> bool:
        """Whether the device was told 0 A and has accepted it."""
        return self.in_force is not None and self.in_force.current_a <= 0

    def has_lapsed(self, now: datetime) -> bool:
        """Whether the newest ran out unrenewed."""
        return self.newest is not None and self.newest.has_lapsed(now)

    def place(
        self,
        current_a: float,
        lapse_a: float,
        ends_at: datetime | None,
        phases: int | None = None,
    ) -> Order:
        """Return a new order that replaces the one before.

        Args:
            current_a: Amps per phase, as the device can be told.
            lapse_a: What it falls to: never more than that.
            ends_at: When it lapses; None: never.
            phases: On how many phases to charge; None: as it does.
        """
        self.number += 1
        self.newest = Order(
            number=self.number,
            current_a=current_a,
            lapse_a=min(lapse_a, current_a),
            ends_at=ends_at,
            phases=phases,
        )
        return self.newest

    def accept(self, order: Order) -> None:
        """Note that the device has taken an order."""
        self._accepted = order.number

    def lapse(self, now: datetime) -> Order | None:
        """Put what the newest lapses to in its place once it ran out; return what holds then."""
        if self.newest is None or not self.newest.has_lapsed(now):
            return None
        self.number += 1
        self._accepted = self.number
        self.newest = self.newest.lapsed(self.number)
        return self.newest


def offer_of(current_a: float, low_a: float, high_a: float, step_a: float) -> float:
    """Return what a device can be told: rounded down to its step, 0 below its least current."""
    steps = math.floor(min(current_a, high_a) / step_a + _ROUNDING)
    rounded = round(steps * step_a, 3)
    return rounded if rounded >= low_a - _ROUNDING else 0.0


def offer_signals(traits: ChargerTraits) -> tuple[str, ...]:
    """Return the signals that say the current."""
    switch = () if traits.switch is None else (traits.switch.signal,)
    return ("current_limit", *switch)


def offer_steps(traits: ChargerTraits, registers: Registers, order: Order) -> Sequence[Step]:
    """Return what says the current, in the order in which it has to be written."""
    limit = ("current_limit", registers.raw("current_limit", order.current_a))
    switch = traits.switch
    if traits.pause is PauseBy.LIMIT or switch is None:
        return (limit,)
    if order.current_a <= 0:
        return ((switch.signal, switch.off),)
    return (limit, (switch.signal, switch.on))


def phase_steps(traits: ChargerTraits, order: Order) -> Sequence[Step]:
    """Return what says the phases, in the order in which it has to be written.

    Only while it is told 0 A: no contactor is moved under load.
    """
    switch = traits.phase_switch
    if switch is None or order.phases is None or order.current_a > 0:
        return ()
    prepare = ((setting.signal, setting.value) for setting in switch.prepare)
    return (*prepare, (switch.signal, switch.one if order.phases == 1 else switch.all))
