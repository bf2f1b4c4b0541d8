"""What a supply can do, by what its profile, its model and the device itself say."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ...modbus.registers import Registers
from ...modbus.schema import SupplyTraits, Variant
from ..contract import SupplyCapabilities, SupplyMode, SupplyWishes

RELAY_SAFE_A: Final = 1.0
"""Below this, or twice the tolerance of the current if that is more, a relay may open."""


def make_capabilities(
    traits: SupplyTraits,
    registers: Registers,
    variant: Variant | None,
    limits: Mapping[str, float],
) -> SupplyCapabilities:
    """Return what the supply can do now.

    Args:
        traits: What the profile says.
        registers: Knows the nominal values that were read, and the resolution.
        variant: The model, where its figures stand in the profile.
        limits: The values of the signals that derate it, as far as they were read.

    Raises:
        LookupError: A nominal value is not known.
    """
    voltage_v, current_a, power_w = _nominal(traits, registers, variant)

    def derated(name: str | None, nominal: float) -> float:
        return nominal if name is None else min(limits.get(name, nominal), nominal)

    max_voltage_v = derated(traits.max_voltage, voltage_v)
    max_current_a = derated(traits.max_current, current_a)
    max_power_w = derated(traits.max_power, power_w)
    smallest_a = registers.scale("set_current")
    export = SupplyCapabilities(
        bidirectional=traits.bidirectional,
        max_export_voltage_v=max_voltage_v,
        min_export_voltage_v=0.0,
        max_export_current_a=max_current_a,
        min_export_current_a=smallest_a,
        max_export_power_w=max_power_w,
        current_regulation_tolerance_a=traits.tolerance_share * current_a,
        peak_current_ripple_a=traits.ripple_share * current_a,
        nominal_max_export_voltage_v=voltage_v,
        nominal_min_export_voltage_v=0.0,
        nominal_max_export_current_a=current_a,
        nominal_min_export_current_a=smallest_a,
        nominal_max_export_power_w=power_w,
    )
    if not traits.bidirectional:
        return export
    return replace(
        export,
        max_import_voltage_v=voltage_v,
        min_import_voltage_v=0.0,
        nominal_max_import_voltage_v=voltage_v,
        nominal_min_import_voltage_v=0.0,
        max_import_current_a=current_a,
        min_import_current_a=smallest_a,
        nominal_max_import_current_a=current_a,
        nominal_min_import_current_a=smallest_a,
        max_import_power_w=power_w,
        nominal_max_import_power_w=power_w,
    )


def _nominal(
    traits: SupplyTraits, registers: Registers, variant: Variant | None
) -> tuple[float, float, float]:
    """Return the rating plate: volts, amps, watts."""
    if variant is not None:
        return variant.nominal_voltage_v, variant.nominal_current_a, variant.nominal_power_w
    return (
        registers.nominal(traits.nominal_voltage),
        registers.nominal(traits.nominal_current),
        registers.nominal(traits.nominal_power),
    )


def is_possible(wishes: SupplyWishes, known: SupplyCapabilities | None) -> bool:
    """Whether set points can be meant for a device; all pass while it is unknown."""
    if wishes.voltage_v < 0 or wishes.current_a < 0 or (wishes.power_w or 0.0) < 0:
        return False
    if known is None or wishes.mode is SupplyMode.OFF:
        return True
    highest_v = known.nominal_max_export_voltage_v or known.max_export_voltage_v
    return wishes.voltage_v <= highest_v


def relay_safe_a(known: SupplyCapabilities | None) -> float:
    """Return the current below which a relay may open."""
    tolerance_a = 0.0 if known is None else known.current_regulation_tolerance_a
    return max(RELAY_SAFE_A, 2 * tolerance_a)
