"""The newest picture of the site, and who is told what is new in it."""

import asyncio
from collections.abc import Callable

from homeassistant.core import callback

from .listeners import Arrivals, SubjectCallbacks, Unsubscribe
from .pool.members import CircuitId, MemberId
from .pool.vehicles import VehicleId
from .snapshot import SiteSnapshot
from .snapshots import changed_subjects, is_site_changed


class Showcase:
    """Holds the picture of the site, and tells whoever shows a part of it that has changed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, first: SiteSnapshot) -> None:
        """Begin with a picture that nobody is told of."""
        self._loop = loop
        self._listeners = SubjectCallbacks()
        self._member_arrivals = Arrivals()
        self._circuit_arrivals = Arrivals()
        self._vehicle_arrivals = Arrivals()
        self._changed: set[str] = set()
        self._telling: asyncio.Handle | None = None
        self.data = first

    @callback
    def async_show(self, picture: SiteSnapshot) -> None:
        """Show a picture; who shows what is new in it is told at the end of this turn.

        What is to be sent goes out before what is to be shown.
        """
        before, self.data = self.data, picture
        self._changed |= changed_subjects(before, picture)
        if (self._changed or is_site_changed(before, picture)) and self._telling is None:
            self._telling = self._loop.call_soon(self._tell)

    @callback
    def async_stop(self) -> None:
        """Tell nobody any more of what was shown."""
        if self._telling is not None:
            self._telling.cancel()

    @callback
    def async_add_listener(
        self, listener: Callable[[], None], subject: MemberId | CircuitId | None = None
    ) -> Unsubscribe:
        """Have a function called when a subject, None: any, shows something new."""
        return self._listeners.add(listener, subject)

    @callback
    def async_add_member_listener(self, listener: Callable[[MemberId], None]) -> Unsubscribe:
        """Have a function called with each member, those that are there and later ones."""
        return self._member_arrivals.add(listener)

    @callback
    def async_add_circuit_listener(self, listener: Callable[[CircuitId], None]) -> Unsubscribe:
        """Have a function called with each circuit, those that are there and later ones."""
        return self._circuit_arrivals.add(listener)

    @callback
    def async_add_vehicle_listener(self, listener: Callable[[VehicleId], None]) -> Unsubscribe:
        """Have a function called with each vehicle, those that are there and later ones."""
        return self._vehicle_arrivals.add(listener)

    @callback
    def _tell(self) -> None:
        self._telling = None
        changed, self._changed = self._changed, set()
        self._member_arrivals.update(self.data.members)
        self._circuit_arrivals.update(self.data.circuits)
        self._vehicle_arrivals.update(self.data.vehicles)
        self._listeners.call(changed)
