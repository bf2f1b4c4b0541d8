"""Creating a Modbus charger from what is configured."""

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ev_charger_pool.chargers.modbus import (
    LockableModbusCharger,
    ModbusCharger,
    async_create_charger,
)
from custom_components.ev_charger_pool.chargers.modbus.charger import ModbusChargerSettings
from custom_components.ev_charger_pool.modbus.connection import LinkType, ModbusConnection
from custom_components.ev_charger_pool.modbus.link import link_to
from custom_components.ev_charger_pool.modbus.profiles import load_profiles
from custom_components.ev_charger_pool.simulator.modbus_devices import (
    Framing,
    SimulatedHeidelberg,
    SimulatedKeba,
)
from tests.modbus.rig import connection, connector_with_car, serving
from tests.modbus.virtual_time import VirtualClock, until

NOWHERE = ModbusConnection(type=LinkType.TCP, host="127.0.0.1", port=1, unit_id=255)


def limited(fail_safe_current_a: float, max_current_a: float) -> ModbusChargerSettings:
    return ModbusChargerSettings(
        fail_safe_current_a=fail_safe_current_a, max_current_a=max_current_a
    )


async def test_each_profile_makes_its_kind_of_charger(
    hass: HomeAssistant, clock: VirtualClock
) -> None:
    keba = SimulatedKeba(connector_with_car())
    box = SimulatedHeidelberg(connector_with_car())
    async with serving({255: keba}) as tcp, serving({1: box}, Framing.RTU) as rtu:
        one = await async_create_charger(hass, "keba_p30", connection(tcp, 255), limited(6.0, 13.0))
        other = await async_create_charger(
            hass,
            "heidelberg_energy_control",
            connection(rtu, 1, LinkType.RTU_OVER_TCP),
            limited(0.0, 16.0),
        )
        assert type(one) is ModbusCharger
        assert type(other) is LockableModbusCharger
        await until(lambda: one.online)
        assert one.connectors[1].max_current_a == 13.0
        await one.async_close()
        await other.async_close()


async def test_a_device_that_does_not_answer_is_no_error(
    hass: HomeAssistant, clock: VirtualClock
) -> None:
    charger = await async_create_charger(hass, "keba_p30", NOWHERE, limited(6.0, 16.0))
    reports: list[bool] = []
    charger.subscribe(lambda report: reports.append(report.online))
    assert reports == [False]
    assert not charger.online
    assert charger.identity.manufacturer == "KEBA"
    await until(lambda: len(reports) > 1)
    assert not any(reports)
    await charger.async_close()


@pytest.mark.parametrize(
    ("profile_id", "message"),
    [
        ("nothing", "there is no charger profile"),
        ("riden_rd60xx", "there is no charger profile"),
        ("heidelberg_energy_control", "cannot be reached over tcp"),
    ],
)
async def test_what_cannot_be_created_is_said(
    hass: HomeAssistant, profile_id: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        await async_create_charger(hass, profile_id, NOWHERE, limited(6.0, 16.0))


async def test_a_supply_is_no_charger(hass: HomeAssistant, clock: VirtualClock) -> None:
    profile = load_profiles()["riden_rd60xx"]
    settings = ModbusChargerSettings(fail_safe_current_a=6.0, max_current_a=16.0)
    with pytest.raises(ValueError, match="no profile of a charger"):
        ModbusCharger(profile, link_to(hass, NOWHERE, profile), settings, clock.now)
