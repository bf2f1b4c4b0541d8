"""What a power supply should do: what its user wants, as far as the pool allows it now."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ...modbus.registers import Registers
from ...pool.members import Grant
from ..contract import SupplyCapabilities, SupplyMode, SupplyWishes
from .target import OFF, Target, make_target

DECISION_FRESH: Final = timedelta(seconds=10)
"""How long the decision behind a grant stands behind it (SR-4)."""


class Intent:
    """The newest wishes and the newest grant, with how long somebody stands behind it.

    Attributes:
        wishes: What the user wants.
        off_is_owed: Whether the user's Off has not reached the device yet.
    """

    def __init__(self, wishes: SupplyWishes, now: Callable[[], datetime]) -> None:
        """Begin with wishes and no grant.

        Args:
            wishes: What the user wants.
            now: The wall clock, aware UTC.
        """
        self.wishes = wishes
        self.off_is_owed = False
        self._now = now
        self._grant: Grant | None = None
        self._granted_until: datetime | None = None
        self._vouched_until: datetime | None = None
        self._left_alone_until: datetime | None = None

    @property
    def is_vouched(self) -> bool:
        """Whether a fresh decision stands behind the newest grant (SR-4)."""
        return self._vouched_until is not None and self._now() < self._vouched_until

    @property
    def granted_w(self) -> float:
        """The watts that the pool allows now; 0 once nobody stands behind them."""
        if self._grant is None or not self.is_vouched:
            return 0.0
        if self._granted_until is not None and self._now() >= self._granted_until:
            return 0.0
        return self._grant.power_w or 0.0

    def vouch(self, until: datetime) -> None:
        """Take that a fresh decision stands behind the newest grant until then."""
        if self._vouched_until is None or until > self._vouched_until:
            self._vouched_until = until

    def is_raise(self, grant: Grant) -> bool:
        """Whether a grant allows more than is allowed now."""
        return (grant.power_w or 0.0) > self.granted_w

    def allow(self, grant: Grant) -> Callable[[], None]:
        """Take a grant; call the answer to have the one before it back, unless a newer one came."""
        earlier, until = self._grant, self._granted_until
        self._grant = grant
        self._granted_until = None if grant.lease is None else self._now() + grant.lease

        def take_back() -> None:
            if self._grant is grant:
                self._grant, self._granted_until = earlier, until

        return take_back

    def wish(self, wishes: SupplyWishes) -> None:
        """Take what the user wants."""
        self.wishes = wishes
        self.off_is_owed = wishes.mode is SupplyMode.OFF

    def switch_off(self) -> None:
        """Take that the user wants it off."""
        self.wish(replace(self.wishes, mode=SupplyMode.OFF))

    def leave_alone(self) -> None:
        """Leave the device as it was found for a while, the first time: nobody decided yet."""
        if self._left_alone_until is None:
            self._left_alone_until = self._now() + DECISION_FRESH

    def target(
        self,
        running: SupplyMode,
        capabilities: SupplyCapabilities | None,
        registers: Registers,
    ) -> Target | None:
        """Return what the device should do now; None to leave it as it is.

        Args:
            running: What the pool has switched on.
            capabilities: What the device may do; None while it must stay off.
            registers: Knows what the device can be told.
        """
        if self.off_is_owed:
            return OFF
        if self.wishes.mode is SupplyMode.OFF:
            # The panel is free, but what the pool has switched on it switches off.
            return OFF if running is not SupplyMode.OFF else None
        if (
            self._grant is None
            and self._left_alone_until is not None
            and self._now() < self._left_alone_until
        ):
            return None
        if capabilities is None:
            return OFF
        return make_target(self.wishes, self.granted_w, capabilities, registers)
