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
    async_add_once_able,
    is_connector,
    site_subject,
    switches_phases,
)
from .pool.members import Mode, PhaseChoice, Priority
from .pool.plans import TargetKind
from .power_supplies.contract import SupplyMode
from .quiet import Picture
from .snapshot import MemberView, SiteSnapshot

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PoolSelectDescription[ViewT](SelectEntityDescription):
    """How a choice is read from a snapshot, and who is told when a user changes it.

    Attributes:
        value_fn: The choice now; None is unknown.
        options_fn: What may be chosen.
        set_fn: Hands the user's wish to the coordinator.
    """

    value_fn: Callable[[ViewT], str | None]
    options_fn: Callable[[ViewT], list[str]]
    set_fn: Callable[[SiteCoordinator, str, str], Awaitable[object]]


def _supply_modes(view: MemberView) -> list[str]:
    capabilities = view.supply.capabilities if view.supply else None
    modes = [SupplyMode.OFF, SupplyMode.EXPORT]
    if capabilities is not None and capabilities.bidirectional:
        modes.append(SupplyMode.IMPORT)
    return [mode.value for mode in modes]


PRIORITY = PoolSelectDescription[MemberView](
    key="priority",
    entity_category=EntityCategory.CONFIG,
    value_fn=lambda view: view.settings.priority.name.lower(),
    options_fn=lambda _: [priority.name.lower() for priority in Priority],
    set_fn=lambda coordinator, member, option: coordinator.commands.async_set_priority(
        member, Priority[option.upper()]
    ),
)

DEFAULT_MODE = PoolSelectDescription[SiteSnapshot](
    key="default_mode",
    entity_category=EntityCategory.CONFIG,
    value_fn=lambda view: view.default_mode,
    options_fn=lambda _: [mode.value for mode in Mode],
    set_fn=lambda coordinator, _, option: coordinator.commands.async_set_default_mode(Mode(option)),
)

CONNECTOR_SELECTS: tuple[PoolSelectDescription[MemberView], ...] = (
    PoolSelectDescription[MemberView](
        key="mode",
        value_fn=lambda view: view.wishes.mode,
        options_fn=lambda _: [mode.value for mode in Mode],
        set_fn=lambda coordinator, member, option: coordinator.commands.async_set_mode(
            member, Mode(option)
        ),
    ),
    PRIORITY,
    PoolSelectDescription[MemberView](
        key="plan_kind",
        value_fn=lambda view: view.plan.wish.kind if view.plan else None,
        options_fn=lambda _: [kind.value for kind in TargetKind],
        set_fn=lambda coordinator, member, option: coordinator.plans.async_set_kind(
            member, TargetKind(option)
        ),
    ),
    PoolSelectDescription[MemberView](
        key="vehicle",
        value_fn=lambda view: view.vehicle.name if view.vehicle else None,
        options_fn=lambda view: [GUEST, *(view.vehicle.names if view.vehicle else ())],
        set_fn=lambda coordinator, member, option: coordinator.plans.async_choose_vehicle(
            member, option
        ),
    ),
)

PHASES = PoolSelectDescription[MemberView](
    key="phases",
    value_fn=lambda view: view.wishes.phases,
    options_fn=lambda _: [choice.value for choice in PhaseChoice],
    set_fn=lambda coordinator, member, option: coordinator.commands.async_choose_phases(
        member, PhaseChoice(option)
    ),
)

SUPPLY_SELECTS: tuple[PoolSelectDescription[MemberView], ...] = (
    PoolSelectDescription[MemberView](
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
    async_add_entities([PoolSelect(coordinator, site_subject(coordinator), DEFAULT_MODE)])

    def of_member(subject: Subject[MemberView], view: MemberView) -> Iterable[SelectEntity]:
        descriptions = CONNECTOR_SELECTS if is_connector(view) else SUPPLY_SELECTS
        return [PoolSelect(coordinator, subject, description) for description in descriptions]

    async_add_as_they_appear(coordinator, async_add_entities, of_member=of_member)
    async_add_once_able(
        coordinator,
        async_add_entities,
        switches_phases,
        lambda subject: [PoolSelect(coordinator, subject, PHASES)],
    )


class PoolSelect[ViewT](PoolEntity[ViewT], SelectEntity):
    """A choice for the site or a member."""

    entity_description: PoolSelectDescription[ViewT]

    def __init__(
        self,
        coordinator: SiteCoordinator,
        subject: Subject[ViewT],
        description: PoolSelectDescription[ViewT],
    ) -> None:
        self.entity_description = description
        super().__init__(coordinator, subject, description)

    @override
    def picture(self, view: ViewT, snapshot: SiteSnapshot) -> Picture:
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
