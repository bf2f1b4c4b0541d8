"""What a live connection offers to the rest, in whatever version it is spoken."""

from typing import Protocol

from ...pool.actions import ActionResult
from ...pool.members import Grant, Lease
from .model import Availability


class StationSession(Protocol):
    """A live connection to a station.

    The commands answer a result and never raise but for cancellation.
    """

    @property
    def protocol(self) -> str:
        """The WebSocket subprotocol that is spoken, for example `ocpp1.6`."""
        ...

    @property
    def ready(self) -> bool:
        """Whether commands may be sent now."""
        ...

    async def serve(self) -> None:
        """Read until the connection ends."""
        ...

    def claimed(self) -> None:
        """Take that a site has claimed the station: its control begins."""
        ...

    def released(self) -> None:
        """Take that the claim is gone: nothing more is asked of the station."""
        ...

    def lease(self, connector: int) -> Lease | None:
        """Return the lease that the station can keep now (SR-8)."""
        ...

    async def apply(self, connector: int, grant: Grant) -> ActionResult:
        """Bring a grant onto the station."""
        ...

    async def start(self, connector: int) -> ActionResult:
        """Start a transaction, or wake a suspended one."""
        ...

    async def stop(self, connector: int) -> ActionResult:
        """End the transaction."""
        ...

    async def change_availability(self, connector: int, availability: Availability) -> ActionResult:
        """Make a connector operative or inoperative."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """End the connection with a WebSocket close code and a reason for people."""
        ...
