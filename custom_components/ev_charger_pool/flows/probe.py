"""Tries whether the right device answers at an address, before it is saved."""

import asyncio
from typing import Final

from homeassistant.core import HomeAssistant

from ..modbus.connection import LinkType, ModbusConnection
from ..modbus.introduction import Introduction, WrongDeviceError
from ..modbus.link import LostError, RefusedError, SilentError, link_to
from ..modbus.registers import Registers
from ..modbus.schema import Profile
from .fields import FieldError

CONNECT_TIMEOUT: Final = 3.0
"""Seconds; the link itself would wait for 10."""


async def async_probe(
    hass: HomeAssistant, profile: Profile, connection: ModbusConnection
) -> FieldError | None:
    """Return why a device cannot be spoken to; None when it is there and of the right kind.

    It is only read from, and only what tells who it is.
    """
    if connection.type is not LinkType.SERIAL and not await _is_reachable(connection):
        return FieldError.CANNOT_CONNECT
    link = link_to(hass, connection, profile)
    try:
        registers = Registers(await link.async_open(lambda: None), profile)
        await Introduction(profile, registers, link).prove()
    except LostError:
        return FieldError.CANNOT_CONNECT
    except SilentError:
        return FieldError.NO_ANSWER
    except RefusedError, WrongDeviceError:
        return FieldError.WRONG_DEVICE
    finally:
        await link.async_close()
    return None


async def _is_reachable(connection: ModbusConnection) -> bool:
    """Whether a connection can be made; nothing is sent."""
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            _, writer = await asyncio.open_connection(connection.host, connection.port)
    except OSError, TimeoutError:
        return False
    writer.close()
    return True
