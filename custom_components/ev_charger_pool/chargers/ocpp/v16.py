"""OCPP 1.6J: one connection to a station."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
import logging
from typing import Final

from homeassistant.util import dt as dt_util
from ocpp.v16.enums import (
    Action,
    RegistrationStatus,
)

from ...pool.actions import ActionResult
from ...pool.members import Grant, Lease
from ..contract import DeviceIdentity
from .calls import CallOfflineError
from .config import Timings
from .fields import Fields
from .framing import ErrorCode, Payload
from .link import Answer, RefusalError, StationLink
from .model import Availability
from .schemas import Schemas
from .station import Station
from .v16_control import V16Control
from .v16_inbox import V16Inbox, wire_time
from .v16_setup import V16Setup

_LOGGER = logging.getLogger(__name__)


def load_schemas() -> Schemas:
    """Load the schemas of everything that is sent; reads files."""
    return Schemas(
        "1.6",
        calls=(
            Action.change_availability,
            Action.change_configuration,
            Action.clear_charging_profile,
            Action.get_composite_schedule,
            Action.get_configuration,
            Action.remote_start_transaction,
            Action.remote_stop_transaction,
            Action.set_charging_profile,
            Action.trigger_message,
        ),
        results=(
            Action.authorize,
            Action.boot_notification,
            Action.data_transfer,
            Action.diagnostics_status_notification,
            Action.firmware_status_notification,
            Action.heartbeat,
            Action.meter_values,
            Action.start_transaction,
            Action.status_notification,
            Action.stop_transaction,
        ),
        decimals=(Action.remote_start_transaction, Action.set_charging_profile),
    )


class V16Session:
    """One connection of a station that speaks OCPP 1.6J; see `StationSession`."""

    protocol: Final = "ocpp1.6"

    def __init__(
        self,
        station: Station,
        link: StationLink,
        timings: Timings,
        announce: Callable[[Station], None],
    ) -> None:
        """Prepare the session.

        Args:
            station: Whose connection it is.
            link: The connection.
            timings: How long to wait for what.
            announce: Told once it is known what a station in quarantine is.
        """
        self._station = station
        self._link = link
        self._timings = timings
        self._announce = announce
        self._control = V16Control(station, link, timings)
        self._setup = V16Setup(station, link, self._control, timings)
        self._tasks: set[asyncio.Task[None]] = set()
        self._preparing: asyncio.Task[None] | None = None
        self._boot_asked = False
        self._boot_accepted: bool | None = None
        self._ready = False
        inbox = V16Inbox(station, self._control, self._spawn)
        self._handlers: Mapping[str, Callable[[Fields], Answer]] = {
            **inbox.handlers,
            Action.boot_notification: self._boot,
        }

    @property
    def ready(self) -> bool:
        """Whether commands may be sent now."""
        return self._ready and self._station.config is not None

    async def serve(self) -> None:
        """Read until the connection ends."""
        if self._station.config is not None and self._station.model.accepted:
            # Only the network was lost; if the station has started anew, it tells so.
            self._begin()
        else:
            self._prepare(self._await_boot())
        try:
            await self._link.serve(self._handle)
        finally:
            self._ready = False
            for task in self._tasks:
                task.cancel()

    def claimed(self) -> None:
        """Take that a site has claimed the station."""
        if self._boot_accepted or (self._boot_accepted is None and self._station.model.accepted):
            self._begin()
        else:
            self._prepare(self._ask_for_boot())

    def released(self) -> None:
        """Take that the claim is gone."""
        self._ready = False
        if self._preparing is not None:
            self._preparing.cancel()

    def lease(self, connector: int) -> Lease | None:
        """Return the lease that the station can keep now (SR-8)."""
        return self._control.lease(connector) if self.ready else None

    async def apply(self, connector: int, grant: Grant) -> ActionResult:
        """Bring a grant onto the station."""
        result = await self._control.apply(connector, grant)
        if result.is_success and self._control.may_check_lapse():
            self._spawn(self._control.check_lapse(connector))
        return result

    async def start(self, connector: int) -> ActionResult:
        """Start a transaction, or wake a suspended one."""
        return await self._control.start(connector)

    async def stop(self, connector: int) -> ActionResult:
        """End the transaction."""
        return await self._control.stop(connector)

    async def change_availability(self, connector: int, availability: Availability) -> ActionResult:
        """Make a connector operative or inoperative."""
        return await self._control.change_availability(connector, availability)

    async def close(self, code: int, reason: str) -> None:
        """End the connection."""
        await self._link.close(code, reason)

    def _handle(self, action: str, payload: Payload) -> Answer:
        handler = self._handlers.get(action)
        if handler is None:
            raise RefusalError(
                ErrorCode.NOT_IMPLEMENTED, f"{action[:50]} is not served by this central system"
            )
        return handler(Fields(payload, self._station.counters))

    async def _await_boot(self) -> None:
        """Wait for a BootNotification; stations that only lost the network send none."""
        await asyncio.sleep(self._timings.boot_grace_s)
        if self._station.config is None:
            await self._introduce()
        else:
            await self._ask_for_boot()

    async def _ask_for_boot(self) -> None:
        """Have a BootNotification sent; without one the station is taken as accepted."""
        self._boot_asked = True
        try:
            if not await self._setup.trigger_boot():
                self._boot_asked = False
                self._begin()
                return
            await asyncio.sleep(self._timings.boot_grace_s)
            self._boot_asked = False
            self._begin()
        except CallOfflineError:
            _LOGGER.debug("Station %s left before it was set up", self._station.identity)

    async def _introduce(self) -> None:
        """Learn what a station in quarantine is, and tell it."""
        try:
            await self._setup.read_configuration()
        except CallOfflineError:
            return
        self._announce(self._station)

    def _begin(self) -> None:
        """Take the station as accepted, and set it up."""
        self._ready = True
        self._station.model.accepted = True
        self._station.publish_all()
        self._prepare(self._setup.run())

    def _prepare(self, work: Coroutine[None, None, None]) -> None:
        """Do the one thing that prepares the station; ends what did so before."""
        former, self._preparing = self._preparing, self._spawn(work)
        if former is not None and former is not asyncio.current_task():
            former.cancel()

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _boot(self, fields: Fields) -> Answer:
        now = dt_util.utcnow()
        model = self._station.model
        identity = DeviceIdentity(
            manufacturer=fields.text("chargePointVendor", max_length=50),
            model=fields.text("chargePointModel", max_length=50),
            serial=fields.text("chargePointSerialNumber", max_length=50)
            or fields.text("chargeBoxSerialNumber", max_length=50),
            firmware=fields.text("firmwareVersion", max_length=50),
        )
        accepted = self._station.authorizing_config() is not None
        if self._boot_asked:
            model.identity = identity
            self._boot_asked = False
        else:
            model.start_anew(identity, now)
        self._boot_accepted = accepted

        def then() -> None:
            if self._station.config is not None:
                self._begin()
            elif not accepted:
                self._prepare(self._introduce())

        status = RegistrationStatus.accepted if accepted else RegistrationStatus.pending
        interval_s = self._timings.heartbeat_s if accepted else self._timings.pending_s
        return Answer(
            {"status": str(status), "currentTime": wire_time(now), "interval": interval_s}, then
        )
