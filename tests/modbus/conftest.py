"""What the tests of Modbus devices have: a Home Assistant that may use sockets, in virtual time."""

from collections.abc import AsyncIterator

from homeassistant.core import HomeAssistant
import pytest

from tests.modbus.virtual_time import VirtualClock, virtual_time


@pytest.fixture
async def clock(hass: HomeAssistant, socket_enabled: None) -> AsyncIterator[VirtualClock]:
    """Time that jumps; waiting costs nothing."""
    async with virtual_time() as clock:
        yield clock
