"""What waits for one member, and what of it goes first."""

import asyncio
from dataclasses import dataclass, field

from .pool.actions import ActionResult
from .pool.members import Grant, MemberId, Order, OrderKind, Urgency

type Durable = asyncio.Future[None]
"""Done once the records of a decision are on disk (SR-11)."""


@dataclass(slots=True, kw_only=True, eq=False)
class Command:
    """Something to hand over: an order of the controller, or a user's command."""

    member: MemberId
    kind: OrderKind
    urgency: Urgency
    number: int
    order: Order | None = None
    durable: Durable | None = None
    answer: asyncio.Future[ActionResult] | None = None

    @property
    def grant(self) -> Grant | None:
        """What is granted with it; None when it grants nothing."""
        return None if self.order is None else self.order.grant

    @property
    def is_grant(self) -> bool:
        """Whether it grants something: a newer one stands for it."""
        return self.kind in (OrderKind.SET, OrderKind.RENEW)

    @property
    def is_ready(self) -> bool:
        """Whether it may be handed over: nothing of it waits for the disk."""
        return self.durable is None or (self.durable.done() and not self.durable.cancelled())

    @property
    def precedence(self) -> tuple[int, int]:
        """The least goes first."""
        return (self.urgency, self.number)

    def reply(self, result: ActionResult) -> None:
        """Tell who waits for it how it went."""
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(result)


@dataclass(slots=True, eq=False)
class Lane:
    """What one member waits for.

    A grant that still waits for the disk never takes away the reduction before it.

    Attributes:
        ready: The newest grant that may be handed over.
        held: The newest grant, while it waits for the disk.
        command: What is no grant: to start, stop or disable.
        in_flight: What the device has been told and has not answered.
        task: Who waits for that answer.
        accepted: The newest grant that the device accepted.
        at_most: The largest grant that may be on the device.
        answers: How many commands were answered, or ran out of time.
        last_result: The newest answer.
        idle: Set while nothing waits or is in flight.
    """

    ready: Command | None = None
    held: Command | None = None
    command: Command | None = None
    in_flight: Command | None = None
    task: asyncio.Task[None] | None = None
    accepted: Grant | None = None
    at_most: Grant | None = None
    answers: int = 0
    last_result: ActionResult | None = None
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, command: Command) -> None:
        """Take a command; the newest of its kind replaces what was not handed over yet."""
        self.idle.clear()
        if not command.is_grant:
            if self.command is not None:
                self.command.reply(ActionResult.FAILED)
            self.command = command
        elif command.is_ready:
            if self.ready is not None:
                # It stands for the reduction that it replaces.
                command.urgency = min(command.urgency, self.ready.urgency)
            self.ready, self.held = command, None
        else:
            self.held = command

    def next(self) -> Command | None:
        """Return what should be handed over next, or None while a command is in flight."""
        if self.in_flight is not None:
            return None
        if self.held is not None and self.held.is_ready:
            held, self.held = self.held, None
            self.put(held)
        waiting = [command for command in (self.ready, self.command) if command is not None]
        return min(waiting, key=lambda command: command.precedence, default=None)

    def take(self, command: Command) -> None:
        """Move a command from waiting to in flight."""
        if self.command is command:
            self.command = None
        else:
            self.ready = None
        self.in_flight = command
        grant = command.grant
        if grant is not None and (self.at_most is None or grant.current_a > self.at_most.current_a):
            self.at_most = grant

    def settle(self, result: ActionResult) -> None:
        """Take how the command in flight was answered."""
        command, self.in_flight, self.task = self.in_flight, None, None
        self.last_result = result
        self.answers += 1
        if command is not None and command.grant is not None and result.is_success:
            self.accepted = self.at_most = command.grant
        if self.is_empty:
            self.idle.set()

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits or is in flight."""
        return self.in_flight is None and not (self.ready or self.held or self.command)
