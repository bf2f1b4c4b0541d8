"""Knows what a device has been told, and tells it what differs."""

from collections.abc import Callable, Iterable, Mapping

from .bus import ContactLostError, Precedence, RequestKind
from .link import ModbusLink, RefusedError
from .registers import Registers, Value

type Step = tuple[str, int]
"""A signal and the raw number to write to it."""


class Teller:
    """The newest raw number of each signal that the device has acknowledged.

    A number that may or may not have arrived is not known. What the device refused is not asked
    again until `forgive`.
    """

    def __init__(self, link: ModbusLink, registers: Callable[[], Registers | None]) -> None:
        """Begin without knowing anything.

        Args:
            link: The way to the device.
            registers: Gives where to write; None while the device is out of reach.
        """
        self._link = link
        self._registers = registers
        self._told: dict[str, int] = {}
        self._refused: set[Step] = set()

    def known(self, name: str) -> int | None:
        """Return what the device has been told; None when that is not known."""
        return self._told.get(name)

    @property
    def numbers(self) -> Mapping[str, int]:
        """All that is known."""
        return self._told

    def learn(self, name: str, raw: int) -> None:
        """Take what the device holds already."""
        self._told[name] = raw

    def forget(self, *names: str) -> None:
        """Take signals for unknown."""
        for name in names:
            self._told.pop(name, None)

    def forget_all(self) -> None:
        """Take everything for unknown, refusals included."""
        self._told.clear()
        self._refused.clear()

    def forgive(self) -> None:
        """Ask again what was refused."""
        self._refused.clear()

    def missing(self, steps: Iterable[Step]) -> list[Step]:
        """Return the steps that the device has not been told."""
        return [(name, raw) for name, raw in steps if self._told.get(name) != raw]

    def is_refused(self, step: Step) -> bool:
        """Whether the device refused it."""
        return step in self._refused

    def lost(self, values: Mapping[str, Value]) -> list[str]:
        """Return, and forget, the signals that read back differently from what they were told."""
        registers = self._registers()
        if registers is None:
            return []
        lost = [
            name
            for name, value in values.items()
            if name in self._told
            and isinstance(value, float | int)
            and round(value / registers.scale(name)) != self._told[name]
        ]
        self.forget(*lost)
        return lost

    async def tell(self, step: Step, precedence: Precedence, check: Callable[[], None]) -> None:
        """Write one signal when its turn comes.

        Args:
            step: What to write.
            precedence: What it overtakes.
            check: Called right before it is sent; raises `WithdrawnError` when it is not wanted
                any more.

        Raises:
            LinkError: The device did not take it.
            WithdrawnError: It was not sent.
        """
        name, raw = step
        if step in self._refused:
            raise RefusedError(None, f"{name} = {raw} was refused before")
        before: int | None = None

        async def call() -> None:
            nonlocal before
            registers = self._registers()
            if registers is None:
                message = "contact was lost meanwhile"
                raise ContactLostError(message)
            check()
            before = self._told.pop(name, None)
            await registers.write(name, raw)

        try:
            await self._link.request(call, kind=RequestKind.WRITE, precedence=precedence)
        except RefusedError:
            if before is not None:
                self._told[name] = before
            self._refused.add(step)
            raise
        self._told[name] = raw
