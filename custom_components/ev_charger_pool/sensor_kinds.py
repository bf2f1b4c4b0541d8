"""The kinds of sensors: what amps, volts, watts, energies, choices and counts have in common."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfPower,
)

from .quiet import AT_ONCE, CURRENT, ENERGY, POWER, VOLTAGE, Quiet, Shown
from .snapshot import SiteSnapshot


@dataclass(frozen=True, kw_only=True)
class PoolSensorDescription[ViewT](SensorEntityDescription):
    """How a sensor reads its value from its part of a snapshot.

    Attributes:
        value_fn: The state; None is unknown.
        attributes_fn: What is shown beside it.
        available_fn: Whether there is anything to show.
        exists_fn: Whether the subject has such a thing at all.
        last_reset_fn: When the count began, for a state class of total.
        quiet: Which changes matter.
    """

    value_fn: Callable[[ViewT], Shown]
    attributes_fn: Callable[[ViewT, SiteSnapshot], Mapping[str, object]] = lambda _, __: {}
    available_fn: Callable[[ViewT], bool] = lambda _: True
    exists_fn: Callable[[ViewT], bool] = lambda _: True
    last_reset_fn: Callable[[ViewT], datetime | None] | None = None
    quiet: Quiet = AT_ONCE


@dataclass(frozen=True, kw_only=True)
class CurrentDescription[ViewT](PoolSensorDescription[ViewT]):
    """A sensor of amps."""

    device_class: SensorDeviceClass | None = SensorDeviceClass.CURRENT
    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT
    native_unit_of_measurement: str | None = UnitOfElectricCurrent.AMPERE
    suggested_display_precision: int | None = 1
    quiet: Quiet = CURRENT


@dataclass(frozen=True, kw_only=True)
class VoltageDescription[ViewT](PoolSensorDescription[ViewT]):
    """A sensor of volts."""

    device_class: SensorDeviceClass | None = SensorDeviceClass.VOLTAGE
    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT
    native_unit_of_measurement: str | None = UnitOfElectricPotential.VOLT
    suggested_display_precision: int | None = 0
    quiet: Quiet = VOLTAGE


@dataclass(frozen=True, kw_only=True)
class PowerDescription[ViewT](PoolSensorDescription[ViewT]):
    """A sensor of watts."""

    device_class: SensorDeviceClass | None = SensorDeviceClass.POWER
    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT
    native_unit_of_measurement: str | None = UnitOfPower.WATT
    suggested_display_precision: int | None = 0
    quiet: Quiet = POWER


@dataclass(frozen=True, kw_only=True)
class EnergyDescription[ViewT](PoolSensorDescription[ViewT]):
    """A sensor of kilowatt-hours that the Energy dashboard takes."""

    device_class: SensorDeviceClass | None = SensorDeviceClass.ENERGY
    state_class: SensorStateClass | None = SensorStateClass.TOTAL_INCREASING
    native_unit_of_measurement: str | None = UnitOfEnergy.KILO_WATT_HOUR
    suggested_display_precision: int | None = 2
    quiet: Quiet = ENERGY


@dataclass(frozen=True, kw_only=True)
class ChoiceDescription[ViewT](PoolSensorDescription[ViewT]):
    """A sensor that shows one of a fixed set of words, at once."""

    device_class: SensorDeviceClass | None = SensorDeviceClass.ENUM


@dataclass(frozen=True, kw_only=True)
class CountDescription[ViewT](PoolSensorDescription[ViewT]):
    """A sensor that counts members."""

    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT
    suggested_display_precision: int | None = 0
