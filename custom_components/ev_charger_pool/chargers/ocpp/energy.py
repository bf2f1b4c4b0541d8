"""The energy register of a connector, guarded against values that cannot be."""

from datetime import datetime, timedelta
from typing import Final

SLACK_WH: Final = 1_000.0
"""A register may be this much ahead of the rating: one that counts whole kWh is right too."""

_HIGHEST_WH: Final = 1e10
_SLOWEST_SAMPLE: Final = timedelta(seconds=1)


class EnergyRegister:
    """Accepts the values that can follow from the last one.

    A register that jumps (a wrong unit, a fault) or falls (a changed meter, a reset) is held back
    until the next value confirms it: one wrong value never reaches anybody.

    Attributes:
        max_power_w: What the connector can draw.
    """

    def __init__(self, max_power_w: float = 0.0) -> None:
        self.max_power_w = max_power_w
        self._last: tuple[float, datetime] | None = None
        self._doubted: tuple[float, datetime] | None = None

    def accept(self, energy_wh: float, at: datetime) -> bool:
        """Take a value; answer whether it is to be believed."""
        if not 0.0 <= energy_wh <= _HIGHEST_WH:
            return False
        if any(self._follows(earlier, energy_wh, at) for earlier in (self._last, self._doubted)):
            self._last, self._doubted = (energy_wh, at), None
            return True
        if self._last is None:
            self._last = (energy_wh, at)
            return True
        self._doubted = (energy_wh, at)
        return False

    def _follows(
        self, earlier: tuple[float, datetime] | None, energy_wh: float, at: datetime
    ) -> bool:
        if earlier is None:
            return False
        register_wh, since = earlier
        hours = max(at - since, _SLOWEST_SAMPLE) / timedelta(hours=1)
        # Twice the rating: the times are those of arrival, and messages may have queued.
        return 0.0 <= energy_wh - register_wh <= 2.0 * self.max_power_w * hours + SLACK_WH
