"""Borrows a unit from Home Assistant's Modbus integration and talks to it under the device's rules."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Final
from weakref import WeakValueDictionary

from homeassistant.components.modbus import async_get_temporary_unit
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.hass_dict import HassKey
from modbus_connection import (
    ExceptionCode,
    ModbusConnectionError,
    ModbusError,
    ModbusExceptionError,
    ModbusUnit,
)

from ..const import DOMAIN
from .bus import Bus, Pace, Precedence, RequestKind
from .connection import ModbusConnection
from .schema import Profile, Timing

UNIT_TIMEOUT: Final = 1.0
"""Seconds after which a unit counts as silent; the link's own default of 10 s would stall its
neighbours for as long."""

REQUEST_LIMIT: Final = 1.5
"""Seconds that one request may hold the link: the unit's timeout, and room for another user of the
link. Without it a device that answers "busy" holds it for a minute."""

CONNECT_LIMIT: Final = 11.0 + REQUEST_LIMIT
"""The same for a request that has to make the connection first: the attempt ends by itself after
10 s and is shared by everybody behind the link, so it is not broken off."""

CLOSE_LIMIT: Final = 1.0
"""Seconds to wait for a link to close: a connection attempt that hangs takes 10 s to end."""

_BUSES: HassKey[WeakValueDictionary[object, Bus]] = HassKey(f"{DOMAIN}_modbus_buses")

# What a gateway says for a silent unit, and what a unit says that has no time to answer.
_NO_ANSWER: Final = frozenset(
    {
        ExceptionCode.ACKNOWLEDGE,
        ExceptionCode.SERVER_DEVICE_BUSY,
        ExceptionCode.GATEWAY_PATH_UNAVAILABLE,
        ExceptionCode.GATEWAY_TARGET_DEVICE_FAILED_TO_RESPOND,
    }
)

type Borrow = Callable[[], AbstractAsyncContextManager[ModbusUnit]]


class LinkError(Exception):
    """An exchange did not take place as it should."""


class SilentError(LinkError):
    """The unit did not answer in time, or what came was no answer."""


class LostError(LinkError):
    """There is no connection to the link at all."""


class RefusedError(LinkError):
    """The unit answered with a Modbus exception."""

    def __init__(self, code: int | None, text: str) -> None:
        """Keep the exception code, None when it is unknown."""
        super().__init__(text)
        self.code = code


class ModbusLink:
    """The way to one unit; every exchange with it goes through `request`."""

    def __init__(self, borrow: Borrow, bus: Bus, timing: Timing) -> None:
        """Prepare the link; nothing is borrowed yet.

        Args:
            borrow: Gives the unit for as long as its context lasts.
            bus: The queue of everybody behind the same link.
            timing: The pauses that the device needs.
        """
        self._borrow = borrow
        self._bus = bus
        self._pace = Pace(timing)
        self._spacing = timing.request.total_seconds()
        self._stack = AsyncExitStack()
        self._unit: ModbusUnit | None = None
        self._closing: asyncio.Task[None] | None = None

    async def async_open(self, on_lost: Callable[[], None]) -> ModbusUnit:
        """Borrow the unit, or return the one that is held; no frame is sent.

        Args:
            on_lost: Called when the connection drops; the next request makes a new one.

        Raises:
            LostError: Home Assistant cannot lend it: the link is in use with other settings.
        """
        if self._unit is not None:
            return self._unit
        try:
            unit = await self._stack.enter_async_context(self._borrow())
        except (HomeAssistantError, ModbusError, OSError) as error:
            raise LostError(str(error)) from error
        unit.require_timeout(UNIT_TIMEOUT)
        unit.set_message_spacing(self._spacing)
        self._stack.callback(unit.require_timeout, None)
        self._stack.callback(unit.set_message_spacing, 0)
        self._stack.callback(unit.on_connection_lost(on_lost))
        self._unit = unit
        return unit

    async def async_close(self) -> None:
        """Give the unit back; a link that hangs is left to close by itself."""
        self._unit = None
        self._closing = asyncio.ensure_future(self._stack.aclose())
        await asyncio.wait((self._closing,), timeout=CLOSE_LIMIT)

    def _limit(self) -> float:
        return REQUEST_LIMIT if self._unit is not None and self._unit.connected else CONNECT_LIMIT

    def is_ready(self, kind: RequestKind, within: float) -> bool:
        """Whether the device can take such a request within so many seconds, by its own pauses."""
        return self._pace.ready_at(kind) <= asyncio.get_running_loop().time() + within

    async def request[T](
        self, call: Callable[[], Awaitable[T]], *, kind: RequestKind, precedence: Precedence
    ) -> T:
        """Carry out one exchange in its turn; see `Bus.request`.

        Raises:
            SilentError: No answer, or none that can be used.
            LostError: No connection.
            RefusedError: The unit answered with an exception.
            WithdrawnError: `call` gave it up before sending.
        """
        try:
            return await self._bus.request(
                call,
                kind=kind,
                pace=self._pace,
                precedence=precedence,
                limit=self._limit,
            )
        except ModbusExceptionError as error:
            if error.exception_code in _NO_ANSWER:
                raise SilentError(str(error)) from error
            raise RefusedError(error.exception_code, str(error)) from error
        except ModbusConnectionError as error:
            raise LostError(str(error)) from error
        except (TimeoutError, ModbusError) as error:
            raise SilentError(str(error) or "no answer in time") from error
        except OSError as error:
            raise LostError(str(error)) from error


def link_to(hass: HomeAssistant, connection: ModbusConnection, profile: Profile) -> ModbusLink:
    """Return the link to a unit; all devices behind the same endpoint share one queue.

    Raises:
        ValueError: The device has no link of this kind.
    """
    settings = profile.link(connection.type)
    if settings is None:
        known = ", ".join(link.type for link in profile.links)
        message = f"{profile.name} cannot be reached over {connection.type}: use {known}"
        raise ValueError(message)
    params = connection.params(settings.serial)
    buses = hass.data.setdefault(_BUSES, WeakValueDictionary())
    bus = buses.get(params.endpoint)
    if bus is None:
        bus = buses[params.endpoint] = Bus()

    def borrow() -> AbstractAsyncContextManager[ModbusUnit]:
        return async_get_temporary_unit(hass, params, connection.unit_id)

    return ModbusLink(borrow, bus, profile.timing)
