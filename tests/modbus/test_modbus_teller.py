"""What a device has been told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from modbus_connection import IllegalDataValueError, ModbusUnit
from modbus_connection.mock import MockModbusUnit
import pytest

from custom_components.ev_charger_pool.modbus.bus import Bus, ContactLostError, Precedence
from custom_components.ev_charger_pool.modbus.link import ModbusLink, RefusedError, SilentError
from custom_components.ev_charger_pool.modbus.profiles import load_profiles
from custom_components.ev_charger_pool.modbus.registers import Registers
from custom_components.ev_charger_pool.modbus.schema import Timing
from custom_components.ev_charger_pool.modbus.teller import Teller

LIMIT = ("current_limit", 100)
CONTROL = Precedence.CONTROL


def wanted() -> None:
    """Let everything be sent."""


class Rig:
    def __init__(self, unit: MockModbusUnit) -> None:
        @asynccontextmanager
        async def borrow() -> AsyncIterator[ModbusUnit]:
            yield unit

        self.unit = unit
        self.registers: Registers | None = Registers(
            unit, load_profiles()["heidelberg_energy_control"]
        )
        self.teller = Teller(ModbusLink(borrow, Bus(), Timing()), lambda: self.registers)


@pytest.fixture
def rig(mock_modbus_unit: MockModbusUnit) -> Rig:
    return Rig(mock_modbus_unit)


async def test_what_was_acknowledged_is_known(rig: Rig) -> None:
    assert rig.teller.missing((LIMIT,)) == [LIMIT]
    await rig.teller.tell(LIMIT, CONTROL, wanted)
    assert rig.unit.holding[261] == 100
    assert rig.teller.known("current_limit") == 100
    assert rig.teller.missing((LIMIT,)) == []
    rig.teller.forget("current_limit", "enable")
    assert rig.teller.missing((LIMIT,)) == [LIMIT]


async def test_what_may_have_arrived_is_not_known(rig: Rig) -> None:
    await rig.teller.tell(LIMIT, CONTROL, wanted)
    rig.unit.fail_write(261, TimeoutError())
    with pytest.raises(SilentError):
        await rig.teller.tell(("current_limit", 60), CONTROL, wanted)
    assert rig.teller.known("current_limit") is None


async def test_what_was_refused_is_not_asked_again(rig: Rig) -> None:
    await rig.teller.tell(LIMIT, CONTROL, wanted)
    rig.unit.fail_write(261, IllegalDataValueError())
    step = ("current_limit", 160)
    with pytest.raises(RefusedError):
        await rig.teller.tell(step, CONTROL, wanted)
    assert rig.teller.is_refused(step)
    assert rig.teller.known("current_limit") == 100
    rig.unit.fail_write(261, None)
    with pytest.raises(RefusedError, match="refused before"):
        await rig.teller.tell(step, CONTROL, wanted)
    rig.teller.forgive()
    await rig.teller.tell(step, CONTROL, wanted)
    assert rig.unit.holding[261] == 160
    rig.teller.forget_all()
    assert rig.teller.numbers == {}


async def test_without_contact_nothing_is_sent_or_compared(rig: Rig) -> None:
    rig.teller.learn("current_limit", 100)
    rig.registers = None
    with pytest.raises(ContactLostError):
        await rig.teller.tell(LIMIT, CONTROL, wanted)
    assert rig.teller.lost({"current_limit": 16.0}) == []
    assert rig.unit.holding == {}


def test_what_reads_back_differently_is_lost(rig: Rig) -> None:
    rig.teller.learn("current_limit", 100)
    rig.teller.learn("standby", 4)
    assert rig.teller.lost({"current_limit": 10.0, "standby": 4, "enable": 1}) == []
    assert rig.teller.lost({"current_limit": 16.0, "standby": None}) == ["current_limit"]
    assert rig.teller.known("current_limit") is None
    assert rig.teller.known("standby") == 4
