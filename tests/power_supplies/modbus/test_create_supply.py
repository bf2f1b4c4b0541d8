"""Creating a Modbus power supply from what is configured."""

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ev_charger_pool.modbus.connection import LinkType, ModbusConnection
from custom_components.ev_charger_pool.modbus.link import link_to
from custom_components.ev_charger_pool.modbus.profiles import load_profiles
from custom_components.ev_charger_pool.power_supplies.contract import OffOutcome
from custom_components.ev_charger_pool.power_supplies.modbus import (
    ModbusSupply,
    async_create_supply,
)
from custom_components.ev_charger_pool.simulator.modbus_devices import SimulatedEaPsb
from tests.modbus.rig import battery_supply, connection, serving, wishes
from tests.modbus.virtual_time import VirtualClock, until

NOWHERE = ModbusConnection(type=LinkType.TCP, host="127.0.0.1", port=1, unit_id=1)


async def test_it_finds_its_device(hass: HomeAssistant, clock: VirtualClock) -> None:
    async with serving({0: SimulatedEaPsb(battery_supply())}) as server:
        place = connection(server, 0)
        supply = await async_create_supply(hass, "ea_psb_bidirectional", place, wishes())
        await until(lambda: supply.online)
        assert supply.settle.total_seconds() > 0
        await supply.async_close()


async def test_a_device_that_does_not_answer_is_no_error(
    hass: HomeAssistant, clock: VirtualClock
) -> None:
    supply = await async_create_supply(hass, "riden_rd60xx", NOWHERE, wishes())
    heard: list[bool] = []
    unsubscribe = supply.subscribe(lambda report: heard.append(report.online))
    assert heard == [False]
    await until(lambda: len(heard) > 1)
    assert await supply.async_off() is OffOutcome.COMMUNICATION_LOST
    unsubscribe()
    unsubscribe()
    await supply.async_close()


@pytest.mark.parametrize(
    ("profile_id", "message"),
    [
        ("keba_p30", "there is no power_supply profile"),
        ("ea_psb_bidirectional", "cannot be reached over serial"),
    ],
)
async def test_what_cannot_be_created_is_said(
    hass: HomeAssistant, profile_id: str, message: str
) -> None:
    place = ModbusConnection(type=LinkType.SERIAL, device="/dev/ttyUSB0", unit_id=0)
    with pytest.raises(ValueError, match=message):
        await async_create_supply(hass, profile_id, place, wishes())


async def test_a_charger_is_no_supply(hass: HomeAssistant, clock: VirtualClock) -> None:
    profile = load_profiles()["keba_p30"]
    with pytest.raises(ValueError, match="no profile of a power supply"):
        ModbusSupply(profile, link_to(hass, NOWHERE, profile), wishes(), clock.now)
