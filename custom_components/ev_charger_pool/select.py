"""Selects: what the site, its connectors and its supplies are to do."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import GUEST
from .coordinator import PoolConfigEntry, SiteCoordinator
from .entity import (
    PoolEntity,
    Subject,
    async_add_as_they_appear,
    is_connector,
    site_subject,
)
from .pool.members import MemberId, Mode, Priority
from .pool.plans import TargetKind
from .power_supplies.contract import SupplyMode
from .quiet import Picture
from .snapshot import MemberView, SiteSnapshot

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MemberSelectDescription(SelectEntityDescription):
    """How a choice is read from a snapshot, and who is told when a user changes it.

    Attributes:
        value_fn: The choice now; None is unknown.
        options_fn: What may be chosen.
        set_fn: Hands the user's wish to the coordinator.
    """

    value_fn: Callable[[MemberView], str | None]
    options_fn: Callable[[MemberView], list[str]]
    set_fn: Callable[[SiteCoordinator, MemberId, str], Awaitable[object]]


def _supply_modes(view: MemberView) -> list[str]:
    capabilities = view.supply.capabilities if view.supply else None
    modes = [SupplyMode.OFF, SupplyMode.EXPORT]
    if capabilities is not None and capabilities.bidirectional:
        modes.append(SupplyMode.IMPORT)
    return [mode.value for mode in modes]


PRIORITY = MemberSelectDescription(
    key="priority",
    entity_category=EntityCategory.CONFIG,
    value_fn=lambda view: view.settings.priority.name.lower(),
    options_fn=lambda _: [priority.name.lower() for priority in Priority],
    set_fn=lambda coordinator, member, option: coordinator.commands.async_set_priority(
        member, Priority[option.upper()]
    ),
)

DEFAULT_MODE = SelectEntityDescription(
    key="default_mode",
    entity_category=EntityCategory.CONFIG,
    options=[mode.value for mode in Mode],
)

CONNECTOR_SELECTS = (
    MemberSelectDescription(
        key="mode",
        value_fn=lambda view: view.wishes.mode,
        options_fn=lambda _: [mode.value for mode in Mode],
        set_fn=lambda coordinator, member, option: coordinator.commands.async_set_mode(
            member, Mode(option)
        ),
    ),
    PRIORITY,
    MemberSelectDescription(
        key="plan_kind",
        value_fn=lambda view: view.plan.wish.kind if view.plan else None,
        options_fn=lambda _: [kind.value for kind in TargetKind],
        set_fn=lambda coordinator, member, option: coordinator.plans.async_set_kind(
            member, TargetKind(option)
        ),
    ),
    MemberSelectDescription(
        key="vehicle",
        value_fn=lambda view: view.vehicle.name if view.vehicle else None,
        options_fn=lambda view: [GUEST, *(view.vehicle.names if view.vehicle else ())],
        set_fn=lambda coordinator, member, option: coordinator.plans.async_choose_vehicle(
            member, option
        ),
    ),
)

SUPPLY_SELECTS = (
    MemberSelectDescription(
        key="supply_mode",
        value_fn=lambda view: view.supply.wishes.mode if view.supply else None,
        options_fn=_supply_modes,
        set_fn=lambda coordinator, member, option: coordinator.commands.async_set_supply_wishes(
            member, mode=SupplyMode(option)
        ),
    ),
    PRIORITY,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PoolConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the site's select, and those of members as they appear."""
    coordinator = entry.runtime_data
    async_add_entities([DefaultModeSelect(coordinator)])

    def of_member(subject: Subject[MemberView], view: MemberView) -> Iterable[SelectEntity]:
        descriptions = CONNECTOR_SELECTS if is_connector(view) else SUPPLY_SELECTS
        return [MemberSelect(coordinator, subject, description) for description in descriptions]

    async_add_as_they_appear(coordinator, async_add_entities, of_member=of_member)


class DefaultModeSelect(PoolEntity[SiteSnapshot], SelectEntity):
    """What connectors do whose mode nobody chose."""

    def __init__(self, coordinator: SiteCoordinator) -> None:
        self.entity_description = DEFAULT_MODE
        super().__init__(coordinator, site_subject(coordinator), DEFAULT_MODE)

    @override
    def picture(self, view: SiteSnapshot, snapshot: SiteSnapshot) -> Picture:
        """Return the mode in the snapshot."""
        return Picture(available=True, value=view.default_mode)

    @property
    @override
    def current_option(self) -> str | None:
        """The mode shown."""
        value = self._shown.value
        return value if isinstance(value, str) else None

    @override
    async def async_select_option(self, option: str) -> None:
        """Hand the wish to the commands."""
        await self.coordinator.commands.async_set_default_mode(Mode(option))


class MemberSelect(PoolEntity[MemberView], SelectEntity):
    """A choice for a member."""

    entity_description: MemberSelectDescription

    def __init__(
        self,
        coordinator: SiteCoordinator,
        subject: Subject[MemberView],
        description: MemberSelectDescription,
    ) -> None:
        self.entity_description = description
        super().__init__(coordinator, subject, description)

    @override
    def picture(self, view: MemberView, snapshot: SiteSnapshot) -> Picture:
        """Return the choice in the snapshot; what may be chosen follows the device."""
        description = self.entity_description
        return Picture(
            available=True,
            value=description.value_fn(view),
            options=tuple(description.options_fn(view)),
        )

    @property
    @override
    def options(self) -> list[str]:
        """What may be chosen."""
        return list(self._shown.options)

    @property
    @override
    def current_option(self) -> str | None:
        """The choice shown."""
        value = self._shown.value
        return value if isinstance(value, str) else None

    @override
    async def async_select_option(self, option: str) -> None:
        """Hand the wish to the commands."""
        await self.entity_description.set_fn(self.coordinator, self.subject.id, option)
