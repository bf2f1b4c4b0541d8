"""The time that decisions are made by: UTC that never runs backwards."""

from datetime import datetime, timedelta
import time

from homeassistant.util import dt as dt_util


class SteadyClock:
    """Follows the wall clock forward; while that is set back it goes on by itself.

    Leases and time-outs go on either way. Readings that arrive by a clock that was set back look
    old and give no raise (SR-10), until it has caught up.
    """

    def __init__(self) -> None:
        self._newest = dt_util.utcnow()
        self._counter = time.monotonic()

    def __call__(self) -> datetime:
        """Return the time, aware UTC."""
        counter = time.monotonic()
        passed = timedelta(seconds=max(0.0, counter - self._counter))
        wall = dt_util.utcnow()
        self._newest = wall if wall >= self._newest else self._newest + passed
        self._counter = counter
        return self._newest
