"""Links between the pool and its devices: one order at a time, late, at times not at all."""

from collections.abc import Callable
from random import Random
from typing import Final

from ..pool.actions import ActionResult
from ..pool.members import MemberId, Order
from .devices import Firmware
from .firmware import UNREACHABLE, DeviceFaultKind

CONTROL_TIMEOUT_S: Final = 5.0
"""SR-7: a command without an answer is over after this."""

type Sent = Callable[[Order], None]
type Answered = Callable[[Order, ActionResult], None]


class SimulatedLink:
    """The outbox of one device, which may have several members.

    As the dispatcher does it: the newest order of a member replaces an older one that waits,
    reductions overtake, and one command is under way at a time.
    """

    def __init__(self, devices: dict[MemberId, Firmware], delay_s: float, rng: Random) -> None:
        self._devices = devices
        self._delay_s = delay_s
        self._rng = rng
        self._waiting: list[Order] = []
        self._under_way: Order | None = None
        self._reaches_s: float | None = None
        self._answer: ActionResult | None = None
        self._answer_s = 0.0

    @property
    def pending(self) -> list[Order]:
        """The orders that have not reached their device yet."""
        if self._under_way is not None and self._reaches_s is not None:
            return [self._under_way, *self._waiting]
        return list(self._waiting)

    def put(self, order: Order) -> None:
        """Take an order to be sent."""
        self._waiting = [item for item in self._waiting if item.member != order.member]
        self._waiting.append(order)
        self._waiting.sort(key=lambda item: item.urgency)

    def drop(self) -> None:
        """Lose everything, as when the process that held it is killed.

        A command that was written already still reaches its device; nobody hears the answer.
        """
        self._waiting.clear()

    def advance(self, now_s: float, sent: Sent, answered: Answered) -> None:
        """Carry orders and answers up to `now_s`."""
        while True:
            order = self._under_way
            if order is None:
                if not self._waiting:
                    return
                self._write(self._waiting.pop(0), now_s, sent)
                continue
            if self._reaches_s is not None and now_s >= self._reaches_s:
                self._reaches_s = None
                self._answer = self._devices[order.member].receive(order, now_s)
                if self._answer is None:
                    self._answer = ActionResult.TIMED_OUT
                    self._answer_s = max(self._answer_s, now_s + CONTROL_TIMEOUT_S)
            if self._reaches_s is not None or now_s < self._answer_s:
                return
            self._under_way = None
            answered(order, self._answer or ActionResult.TIMED_OUT)

    def _write(self, order: Order, now_s: float, sent: Sent) -> None:
        device = self._devices[order.member]
        fault = device.spec.fault(now_s)
        self._under_way = order
        delay_s = self._rng.uniform(0.2, 1.0) * self._delay_s
        if fault is DeviceFaultKind.OFFLINE:
            self._reaches_s, self._answer, self._answer_s = None, ActionResult.OFFLINE, now_s + 1.0
        elif fault in UNREACHABLE:
            self._reaches_s, self._answer = None, ActionResult.TIMED_OUT
            self._answer_s = now_s + CONTROL_TIMEOUT_S
        else:
            self._reaches_s = now_s + delay_s / 2.0
            self._answer_s = now_s + delay_s
        sent(order)
