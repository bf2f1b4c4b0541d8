"""Works out what a power supply should do from the user's wishes and the newest grant."""

from dataclasses import dataclass

from ...modbus.registers import Registers
from ..contract import SupplyCapabilities, SupplyMode, SupplyWishes


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the device is to be told.

    Attributes:
        mode: Off, export or import.
        voltage_v: The set point; without meaning while off.
        current_a: The limit of the output current.
        power_w: The limit of the output power.
    """

    mode: SupplyMode
    voltage_v: float = 0.0
    current_a: float = 0.0
    power_w: float = 0.0


OFF = Target(mode=SupplyMode.OFF)


def make_target(
    wishes: SupplyWishes,
    granted_w: float,
    capabilities: SupplyCapabilities,
    registers: Registers,
) -> Target:
    """Return the target that the wishes and the grant allow.

    The voltage set point times the current limit never exceeds the granted watts (SR-13): the
    power of an output under current control rises with the battery's voltage up to that product.

    Args:
        wishes: What the user wants.
        granted_w: What the pool allows; 0 is off.
        capabilities: What the device can do.
        registers: Knows what the device can be told.
    """
    match wishes.mode:
        case SupplyMode.EXPORT if granted_w > 0:
            return _export(wishes, granted_w, capabilities, registers)
        case SupplyMode.IMPORT if granted_w > 0 and capabilities.bidirectional:
            return _import(wishes, capabilities, registers)
        case _:
            return OFF


def _export(
    wishes: SupplyWishes, granted_w: float, capabilities: SupplyCapabilities, registers: Registers
) -> Target:
    power_w = min(granted_w, capabilities.max_export_power_w)
    if wishes.power_w is not None:
        power_w = min(power_w, wishes.power_w)
    voltage_v = registers.told(
        "set_voltage", min(wishes.voltage_v, capabilities.max_export_voltage_v)
    )
    if voltage_v <= 0 or voltage_v < capabilities.min_export_voltage_v:
        return OFF
    current_a = registers.told(
        "set_current",
        min(wishes.current_a, capabilities.max_export_current_a, power_w / voltage_v),
    )
    if current_a < capabilities.min_export_current_a:
        return OFF
    return Target(mode=SupplyMode.EXPORT, voltage_v=voltage_v, current_a=current_a, power_w=power_w)


def _import(wishes: SupplyWishes, capabilities: SupplyCapabilities, registers: Registers) -> Target:
    power_w = capabilities.max_import_power_w or 0.0
    if wishes.power_w is not None:
        power_w = min(power_w, wishes.power_w)
    current_a = registers.told(
        "sink_current", min(wishes.current_a, capabilities.max_import_current_a or 0.0)
    )
    if current_a <= 0 or power_w <= 0:
        return OFF
    return Target(
        mode=SupplyMode.IMPORT,
        voltage_v=registers.told("set_voltage", wishes.voltage_v),
        current_a=current_a,
        power_w=power_w,
    )
