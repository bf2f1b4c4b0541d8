"""The simulated Modbus devices and the server that they stand behind."""

from .modbus_chargers import SimulatedHeidelberg, SimulatedKeba
from .modbus_server import Fault, Framing, SimulatedModbusDevice, SimulatedModbusServer
from .modbus_supplies import EaRating, RidenModel, SimulatedEaPsb, SimulatedRiden

__all__ = [
    "EaRating",
    "Fault",
    "Framing",
    "RidenModel",
    "SimulatedEaPsb",
    "SimulatedHeidelberg",
    "SimulatedKeba",
    "SimulatedModbusDevice",
    "SimulatedModbusServer",
    "SimulatedRiden",
]
