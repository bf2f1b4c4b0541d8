"""Orders on their way to the devices: one outbox per device, reductions first.

No device waits for another: each command is a task of its own. What is decided later replaces
what has not been handed over yet.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import datetime, timedelta
import logging
from typing import Any, Protocol

from .lanes import Command, Durable, Lane
from .pool.actions import ActionResult
from .pool.members import Grant, MemberId, Order, OrderKind, Urgency

_LOGGER = logging.getLogger(__name__)

CONTROL_TIMEOUT = timedelta(seconds=5)
"""For whatever lowers or holds a device (SR-7)."""

CALL_TIMEOUT = timedelta(seconds=10)
"""For other calls (SR-7)."""


class Link(Protocol):
    """The way to one device."""

    async def carry_out(
        self, member: MemberId, kind: OrderKind, grant: Grant | None
    ) -> ActionResult:
        """Carry a command out; `grant` is there for `SET` and `RENEW`."""
        ...


class Listener(Protocol):
    """Who has to know where an order stands: the controller."""

    def sent(self, order: Order, at: datetime) -> None:
        """An order was handed to its link."""
        ...

    def answered(self, order: Order, result: ActionResult, at: datetime) -> None:
        """The device answered an order, or the time for it was over."""
        ...


type Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]
"""Starts a task at once, in this very turn of the loop, under a name."""


class Outbox:
    """The outbox of one device.

    Each member has one command in flight at most. Of what is no reduction only one is in flight
    per device, so that a reduction finds at most that one before it on the link.
    """

    def __init__(
        self,
        name: str,
        link: Link,
        listener: Listener,
        clock: Callable[[], datetime],
        spawn: Spawn,
        on_answer: Callable[[MemberId], None],
    ) -> None:
        self._name = name
        self._link = link
        self._listener = listener
        self._clock = clock
        self._spawn = spawn
        self._on_answer = on_answer
        self._lanes: dict[MemberId, Lane] = {}
        self._numbers = 0
        self._closed = False
        self._pumping = False
        self._pump_again = False
        self._broken: set[MemberId] = set()

    def put(self, order: Order, durable: Durable | None) -> None:
        """Take an order.

        Args:
            order: What is to be done.
            durable: What a grant that is no reduction waits for; None: nothing.
        """
        waits = durable if order.urgency is not Urgency.REDUCTION else None
        self._put(
            Command(
                member=order.member,
                kind=order.kind,
                urgency=order.urgency,
                number=self._next_number(),
                order=order,
                durable=waits,
            )
        )
        if waits is not None and not waits.done():
            waits.add_done_callback(self._on_durable)

    async def async_command(self, member: MemberId, kind: OrderKind) -> ActionResult:
        """Have a user's command carried out and return how the device answered."""
        answer: asyncio.Future[ActionResult] = asyncio.get_running_loop().create_future()
        urgency = Urgency.RAISE if kind is OrderKind.START else Urgency.REDUCTION
        self._put(
            Command(
                member=member,
                kind=kind,
                urgency=urgency,
                number=self._next_number(),
                answer=answer,
            )
        )
        return await answer

    async def async_idle(self, member: MemberId) -> ActionResult | None:
        """Wait until nothing is on its way to a member; return the newest answer, if any."""
        lane = self._lanes.get(member)
        if lane is None:
            return None
        if not lane.is_empty:
            await lane.idle.wait()
        return lane.last_result

    def answers(self, member: MemberId) -> int:
        """Return how many commands to a member were answered so far, or ran out of time."""
        lane = self._lanes.get(member)
        return 0 if lane is None else lane.answers

    def accepted(self, member: MemberId) -> Grant | None:
        """Return the newest grant that the device accepted in this run."""
        lane = self._lanes.get(member)
        return None if lane is None else lane.accepted

    def at_most(self, member: MemberId) -> Grant | None:
        """Return the largest grant that may be on the device; None: nobody knows."""
        lane = self._lanes.get(member)
        return None if lane is None or lane.accepted is None else lane.at_most

    async def async_close(self) -> None:
        """Drop what waits and cancel what is in flight; leases are left to lapse."""
        self._closed = True
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None]
        for lane in self._lanes.values():
            if lane.command is not None:
                lane.command.reply(ActionResult.OFFLINE)
            lane.ready = lane.held = lane.command = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _next_number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _put(self, command: Command) -> None:
        if self._closed:
            command.reply(ActionResult.OFFLINE)
            return
        self._lanes.setdefault(command.member, Lane()).put(command)
        self._pump()

    def _on_durable(self, durable: Durable) -> None:
        if not durable.cancelled() and durable.exception() is None:
            self._pump()

    def _pump(self) -> None:
        # A command that is answered within the same turn comes back here.
        self._pump_again = True
        if self._pumping:
            return
        self._pumping = True
        try:
            while self._pump_again:
                self._pump_again = False
                self._hand_over_ready()
        finally:
            self._pumping = False

    def _hand_over_ready(self) -> None:
        ready = [
            (command, lane) for lane in self._lanes.values() if (command := lane.next()) is not None
        ]
        for command, lane in sorted(ready, key=lambda item: item[0].precedence):
            if self._closed:
                return
            if command.urgency is not Urgency.REDUCTION and self._link_is_busy():
                continue
            lane.take(command)
            lane.task = self._spawn(self._hand_over(command, lane), f"{self._name} {command.kind}")

    def _link_is_busy(self) -> bool:
        return any(
            lane.in_flight is not None and lane.in_flight.urgency is not Urgency.REDUCTION
            for lane in self._lanes.values()
        )

    async def _hand_over(self, command: Command, lane: Lane) -> None:
        if command.order is not None:
            self._listener.sent(command.order, self._clock())
        result = ActionResult.FAILED
        try:
            result = await self._carry_out(command)
        finally:
            lane.settle(result)
            command.reply(result)
            if not self._closed:
                if command.order is not None:
                    self._listener.answered(command.order, result, self._clock())
                self._on_answer(command.member)
                self._pump()

    async def _carry_out(self, command: Command) -> ActionResult:
        limit = CALL_TIMEOUT if command.kind is OrderKind.START else CONTROL_TIMEOUT
        try:
            async with asyncio.timeout(limit.total_seconds()):
                result = await self._link.carry_out(command.member, command.kind, command.grant)
        except TimeoutError:
            return ActionResult.TIMED_OUT
        except Exception:
            # Nothing should raise past a driver; one that does must not stop the others (I8).
            if command.member not in self._broken:
                self._broken.add(command.member)
                _LOGGER.exception(
                    "Command %s to %s broke in its driver; it counts as failed",
                    command.kind,
                    command.member,
                )
            return ActionResult.FAILED
        self._broken.discard(command.member)
        return result


class Dispatcher:
    """The outboxes of a site's devices."""

    def __init__(
        self,
        listener: Listener,
        clock: Callable[[], datetime],
        spawn: Spawn,
        on_answer: Callable[[MemberId], None],
    ) -> None:
        self._listener = listener
        self._clock = clock
        self._spawn = spawn
        self._on_answer = on_answer
        self._outboxes: dict[str, Outbox] = {}
        self._of_member: dict[MemberId, str] = {}

    def open(self, device: str, link: Link, members: Iterable[MemberId]) -> None:
        """Take a device; what is for its members goes over its link from now on."""
        self._outboxes[device] = Outbox(
            device, link, self._listener, self._clock, self._spawn, self._on_answer
        )
        self._of_member.update(dict.fromkeys(members, device))

    async def async_close(self, device: str) -> None:
        """Let a device go; nothing more is handed to it."""
        outbox = self._outboxes.pop(device, None)
        self._of_member = {
            member: owner for member, owner in self._of_member.items() if owner != device
        }
        if outbox is not None:
            await outbox.async_close()

    async def async_close_all(self) -> None:
        """Let every device go."""
        await asyncio.gather(*(self.async_close(device) for device in tuple(self._outboxes)))

    def submit(self, orders: Iterable[Order], durable: Durable | None) -> None:
        """Take the orders of a decision, reductions first.

        Args:
            orders: What is to be done.
            durable: Done when the decision's records are on disk; None when it has none.
        """
        for order in sorted(orders, key=lambda order: order.urgency):
            outbox = self._outbox(order.member)
            if outbox is None:
                now = self._clock()
                self._listener.answered(order, ActionResult.OFFLINE, now)
            else:
                outbox.put(order, durable)

    async def async_command(self, member: MemberId, kind: OrderKind) -> ActionResult:
        """Have a user's command carried out and return how the device answered."""
        outbox = self._outbox(member)
        if outbox is None:
            return ActionResult.OFFLINE
        return await outbox.async_command(member, kind)

    async def async_idle(self, member: MemberId) -> ActionResult | None:
        """Wait until nothing is on its way to a member; return the newest answer, if any."""
        outbox = self._outbox(member)
        return ActionResult.OFFLINE if outbox is None else await outbox.async_idle(member)

    def accepted(self, member: MemberId) -> Grant | None:
        """Return the newest grant that the member's device accepted in this run."""
        outbox = self._outbox(member)
        return None if outbox is None else outbox.accepted(member)

    def at_most(self, member: MemberId) -> Grant | None:
        """Return the largest grant that may be on the member's device; None: nobody knows."""
        outbox = self._outbox(member)
        return None if outbox is None else outbox.at_most(member)

    def answers(self, member: MemberId) -> int:
        """Return how many commands to a member were answered so far, or ran out of time."""
        outbox = self._outbox(member)
        return 0 if outbox is None else outbox.answers(member)

    @property
    def devices(self) -> Mapping[str, Outbox]:
        """The outboxes by device."""
        return self._outboxes

    def _outbox(self, member: MemberId) -> Outbox | None:
        device = self._of_member.get(member)
        return None if device is None else self._outboxes.get(device)
