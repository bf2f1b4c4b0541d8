"""The kinds of sensors: what amps, volts, watts, energies, choices and counts have in common."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfPower,
)

from .pool.quantities import PHASES, Phase, PhaseReadings, PhaseValues
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
class MeasuredDescription[ViewT](PoolSensorDescription[ViewT]):
    """A sensor of a number that goes up and down."""

    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT


@dataclass(frozen=True, kw_only=True)
class CurrentDescription[ViewT](MeasuredDescription[ViewT]):
    """A sensor of amps."""

    device_class: SensorDeviceClass | None = SensorDeviceClass.CURRENT
    native_unit_of_measurement: str | None = UnitOfElectricCurrent.AMPERE
    suggested_display_precision: int | None = 1
    quiet: Quiet = CURRENT


@dataclass(frozen=True, kw_only=True)
class VoltageDescription[ViewT](MeasuredDescription[ViewT]):
    """A sensor of volts."""

    device_class: SensorDeviceClass | None = SensorDeviceClass.VOLTAGE
    native_unit_of_measurement: str | None = UnitOfElectricPotential.VOLT
    suggested_display_precision: int | None = 0
    quiet: Quiet = VOLTAGE


@dataclass(frozen=True, kw_only=True)
class PowerDescription[ViewT](MeasuredDescription[ViewT]):
    """A sensor of watts."""

    device_class: SensorDeviceClass | None = SensorDeviceClass.POWER
    native_unit_of_measurement: str | None = UnitOfPower.WATT
    suggested_display_precision: int | None = 0
    quiet: Quiet = POWER


@dataclass(frozen=True, kw_only=True)
class CountDescription[ViewT](MeasuredDescription[ViewT]):
    """A sensor that counts members."""

    suggested_display_precision: int | None = 0


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


def per_phase[ViewT](
    kind: type[CurrentDescription[ViewT] | VoltageDescription[ViewT]],
    key: str,
    value_fn: Callable[[ViewT], PhaseReadings | PhaseValues | None],
    has_phase: Callable[[ViewT, Phase], bool],
    *,
    name: str | None = None,
    available_fn: Callable[[ViewT], bool] = lambda _: True,
) -> tuple[MeasuredDescription[ViewT], ...]:
    """Return a sensor for each phase, of which those exist that the subject has.

    Args:
        kind: What they measure.
        key: Their key; the phase is added.
        value_fn: The values of all phases; None is unknown.
        has_phase: Whether the subject has a phase.
        name: What they are called in the translations, where it is not their key.
        available_fn: Whether there is anything to show.
    """

    def of(phase: Phase) -> MeasuredDescription[ViewT]:
        def value(view: ViewT) -> float | None:
            values = value_fn(view)
            return None if values is None else values[phase]

        return kind(
            key=f"{key}_{phase}",
            translation_key=f"{name or key}_{phase}",
            value_fn=value,
            available_fn=available_fn,
            exists_fn=lambda view: has_phase(view, phase),
        )

    return tuple(of(phase) for phase in PHASES)


def off_by_default[ViewT](
    descriptions: Iterable[PoolSensorDescription[ViewT]], category: EntityCategory | None = None
) -> tuple[PoolSensorDescription[ViewT], ...]:
    """Return sensors that only who looks for something switches on."""
    return tuple(
        replace(description, entity_registry_enabled_default=False, entity_category=category)
        for description in descriptions
    )
