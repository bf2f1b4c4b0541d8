"""Numbers: the ceilings, weights and set points that a user chooses."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfPower,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import PoolConfigEntry, SiteCoordinator
from .entity import PoolEntity, Subject, async_add_as_they_appear, is_connector
from .plan_commands import LEAST_SOC, MOST_ENERGY_WH
from .pool.limits import LimitUnit
from .pool.vehicles import FULL
from .power_supplies.contract import SupplyCapabilities
from .quiet import Picture
from .snapshot import CircuitView, MemberView, SiteSnapshot
from .wishes import LEAST_WEIGHT, MOST_WEIGHT

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PoolNumberDescription[ViewT](NumberEntityDescription):
    """How a number is read from a snapshot, and who is told when a user changes it.

    Attributes:
        value_fn: The number now; None is unknown.
        set_fn: Hands the user's wish to the commands.
        min_fn: The least that may be chosen.
        max_fn: The most that may be chosen; None while the device has not told, which makes the
            number unavailable.
    """

    mode: NumberMode | None = NumberMode.BOX
    entity_category: EntityCategory | None = EntityCategory.CONFIG
    value_fn: Callable[[ViewT], float | None]
    set_fn: Callable[[SiteCoordinator, ViewT, float], Awaitable[object]]
    min_fn: Callable[[ViewT], float]
    max_fn: Callable[[ViewT], float | None]


@dataclass(frozen=True, kw_only=True)
class CurrentNumberDescription[ViewT](PoolNumberDescription[ViewT]):
    """A number of amps."""

    device_class: NumberDeviceClass | None = NumberDeviceClass.CURRENT
    native_unit_of_measurement: str | None = UnitOfElectricCurrent.AMPERE
    native_step: float | None = 1.0


def _user_limit_a(view: MemberView) -> float:
    limit = view.user_limit
    if limit is None or limit.unit is not LimitUnit.CURRENT:
        return view.settings.max_current_a
    return min(limit.value, view.settings.max_current_a)


def _of_capabilities(
    read: Callable[[SupplyCapabilities], float],
) -> Callable[[MemberView], float | None]:
    def value(view: MemberView) -> float | None:
        capabilities = view.supply.capabilities if view.supply else None
        return None if capabilities is None else read(capabilities)

    return value


def _power_limit_w(view: MemberView) -> float | None:
    if view.supply is None:
        return None
    if view.supply.wishes.power_w is not None:
        return view.supply.wishes.power_w
    return view.supply.capabilities.max_export_power_w if view.supply.capabilities else None


def _fuse_a(view: CircuitView) -> float:
    return max(view.circuit.limit_a)


def _circuit_limit(key: str) -> CurrentNumberDescription[CircuitView]:
    return CurrentNumberDescription(
        key=key,
        value_fn=lambda view: _fuse_a(view) if view.user_limit_a is None else view.user_limit_a,
        # A ceiling at the fuse is none.
        set_fn=lambda coordinator, view, value: coordinator.commands.async_set_circuit_limit(
            view.circuit.id, value if value < _fuse_a(view) else None
        ),
        min_fn=lambda _: 0.0,
        max_fn=_fuse_a,
    )


WEIGHT: PoolNumberDescription[MemberView] = PoolNumberDescription(
    key="weight",
    native_step=0.1,
    value_fn=lambda view: view.settings.weight,
    set_fn=lambda coordinator, view, value: coordinator.commands.async_set_weight(
        view.settings.member, value
    ),
    min_fn=lambda _: LEAST_WEIGHT,
    max_fn=lambda _: MOST_WEIGHT,
)

CONNECTOR_NUMBERS: tuple[PoolNumberDescription[MemberView], ...] = (
    CurrentNumberDescription(
        key="current_limit",
        value_fn=_user_limit_a,
        set_fn=lambda coordinator, view, value: coordinator.commands.async_set_user_limit(
            view.settings.member, value
        ),
        min_fn=lambda _: 0.0,
        max_fn=lambda view: view.settings.max_current_a,
    ),
    CurrentNumberDescription(
        key="minimum_current",
        value_fn=lambda view: (
            view.settings.min_current_a
            if view.wishes.minimum_current_a is None
            else view.wishes.minimum_current_a
        ),
        set_fn=lambda coordinator, view, value: coordinator.commands.async_set_minimum_current(
            view.settings.member, value
        ),
        min_fn=lambda view: view.settings.min_current_a,
        max_fn=lambda view: view.settings.max_current_a,
    ),
    WEIGHT,
    PoolNumberDescription(
        key="plan_energy",
        entity_category=None,
        device_class=NumberDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        native_step=0.1,
        value_fn=lambda view: view.plan.wish.energy_wh / 1000 if view.plan else None,
        set_fn=lambda coordinator, view, value: coordinator.plans.async_set_energy(
            view.settings.member, 1000 * value
        ),
        min_fn=lambda _: 0.0,
        max_fn=lambda _: MOST_ENERGY_WH / 1000,
    ),
    PoolNumberDescription(
        key="plan_soc",
        entity_category=None,
        native_unit_of_measurement=PERCENTAGE,
        native_step=1.0,
        value_fn=lambda view: view.plan.wish.soc if view.plan else None,
        set_fn=lambda coordinator, view, value: coordinator.plans.async_set_soc(
            view.settings.member, value
        ),
        min_fn=lambda _: LEAST_SOC,
        max_fn=lambda _: FULL,
    ),
)

SUPPLY_NUMBERS: tuple[PoolNumberDescription[MemberView], ...] = (
    PoolNumberDescription(
        key="voltage",
        device_class=NumberDeviceClass.VOLTAGE,
        native_unit_of_measurement=UnitOfElectricPotential.VOLT,
        native_step=0.1,
        value_fn=lambda view: view.supply.wishes.voltage_v if view.supply else None,
        set_fn=lambda coordinator, view, value: coordinator.commands.async_set_supply_wishes(
            view.settings.member, voltage_v=value
        ),
        min_fn=lambda _: 0.0,
        max_fn=_of_capabilities(lambda can: can.max_export_voltage_v),
    ),
    PoolNumberDescription(
        key="current",
        device_class=NumberDeviceClass.CURRENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        native_step=0.1,
        value_fn=lambda view: view.supply.wishes.current_a if view.supply else None,
        set_fn=lambda coordinator, view, value: coordinator.commands.async_set_supply_wishes(
            view.settings.member, current_a=value
        ),
        min_fn=lambda _: 0.0,
        max_fn=_of_capabilities(
            lambda can: max(can.max_export_current_a, can.max_import_current_a or 0.0)
        ),
    ),
    PoolNumberDescription(
        key="power",
        device_class=NumberDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.WATT,
        native_step=10.0,
        value_fn=_power_limit_w,
        set_fn=lambda coordinator, view, value: coordinator.commands.async_set_supply_wishes(
            view.settings.member, power_w=value
        ),
        min_fn=lambda _: 0.0,
        max_fn=_of_capabilities(
            lambda can: max(can.max_export_power_w, can.max_import_power_w or 0.0)
        ),
    ),
    WEIGHT,
)


CIRCUIT_NUMBERS = (_circuit_limit("limit"),)
ROOT_NUMBERS = (_circuit_limit("main_fuse_limit"),)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PoolConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the numbers of members and circuits as they appear."""
    coordinator = entry.runtime_data

    def of_member(subject: Subject[MemberView], view: MemberView) -> Iterable[NumberEntity]:
        descriptions = CONNECTOR_NUMBERS if is_connector(view) else SUPPLY_NUMBERS
        return [PoolNumber(coordinator, subject, description) for description in descriptions]

    def of_circuit(subject: Subject[CircuitView], view: CircuitView) -> Iterable[NumberEntity]:
        descriptions = ROOT_NUMBERS if view.circuit.parent is None else CIRCUIT_NUMBERS
        return [PoolNumber(coordinator, subject, description) for description in descriptions]

    async_add_as_they_appear(
        coordinator, async_add_entities, of_member=of_member, of_circuit=of_circuit
    )


class PoolNumber[ViewT](PoolEntity[ViewT], NumberEntity):
    """A number of a circuit or a member."""

    entity_description: PoolNumberDescription[ViewT]

    def __init__(
        self,
        coordinator: SiteCoordinator,
        subject: Subject[ViewT],
        description: PoolNumberDescription[ViewT],
    ) -> None:
        self.entity_description = description
        super().__init__(coordinator, subject, description)

    @override
    def picture(self, view: ViewT, snapshot: SiteSnapshot) -> Picture:
        """Return what the number is in the snapshot; its range follows the device."""
        description = self.entity_description
        most = description.max_fn(view)
        if most is not None:
            self._attr_native_min_value = description.min_fn(view)
            self._attr_native_max_value = most
        return Picture(available=most is not None, value=description.value_fn(view))

    @property
    @override
    def native_value(self) -> float | None:
        """The number shown."""
        value = self._shown.value
        return value if isinstance(value, int | float) else None

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Hand the wish to the commands."""
        if (view := self.view) is not None:
            await self.entity_description.set_fn(self.coordinator, view, value)
