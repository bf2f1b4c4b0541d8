"""Orders the set points of a supply so that no step on the way allows more than it may."""

from collections.abc import Mapping

from ...modbus.registers import Registers
from ...modbus.schema import Profile
from ...modbus.teller import Step
from ..contract import SupplyMode
from .target import Target


def power_steps(
    profile: Profile, registers: Registers, target: Target, told: Mapping[str, int]
) -> list[Step]:
    """Return the set points for a target, what falls before what rises.

    So voltage times current never passes both its old and its new value. The limits of the
    direction that is not wanted are 0: they decide whether power can flow that way at all.

    Args:
        profile: Says which set points the device has.
        registers: Turns values into raw numbers.
        target: Export or import.
        told: The raw numbers that the device has been told; one that is missing may be anything.
    """
    wanted = {
        name: registers.raw(name, value)
        for name, value in _set_points(target).items()
        if name in profile.signals
    }
    falling = [step for step in wanted.items() if _falls(step, told)]
    rising = [step for step in wanted.items() if not _falls(step, told)]
    return [*falling, *rising]


def _set_points(target: Target) -> dict[str, float]:
    """Return the value of each set point, in the order in which they are written."""
    exports = target.mode is SupplyMode.EXPORT
    return {
        "sink_current": 0.0 if exports else target.current_a,
        "sink_power": 0.0 if exports else target.power_w,
        "set_voltage": target.voltage_v,
        "set_current": target.current_a if exports else 0.0,
        "set_power": target.power_w if exports else 0.0,
    }


def _falls(step: Step, told: Mapping[str, int]) -> bool:
    name, raw = step
    return name in told and raw < told[name]
