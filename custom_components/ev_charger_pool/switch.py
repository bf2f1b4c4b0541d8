"""Switches: whether a connector is boosted, and whether its plan comes again."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import PoolConfigEntry, SiteCoordinator
from .entity import PoolEntity, Subject, async_add_as_they_appear, is_connector
from .pool.members import MemberId
from .quiet import Picture
from .snapshot import MemberView, SiteSnapshot

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MemberSwitchDescription(SwitchEntityDescription):
    """How a switch is read from a snapshot, and who is told when a user turns it.

    Attributes:
        value_fn: Whether it is on; None is unknown.
        on_fn: Hands it to the coordinator that it was turned on.
        off_fn: Likewise, off.
        attributes_fn: What is shown beside it.
    """

    value_fn: Callable[[MemberView], bool | None]
    on_fn: Callable[[SiteCoordinator, MemberId], Awaitable[object]]
    off_fn: Callable[[SiteCoordinator, MemberId], Awaitable[object]]
    attributes_fn: Callable[[MemberView], Mapping[str, object]] = lambda _: {}


CONNECTOR_SWITCHES = (
    MemberSwitchDescription(
        key="boost",
        value_fn=lambda view: view.wishes.boost_until is not None,
        on_fn=lambda coordinator, member: coordinator.commands.async_boost(member),
        off_fn=lambda coordinator, member: coordinator.commands.async_end_boost(member),
        attributes_fn=lambda view: {"until": view.wishes.boost_until},
    ),
    MemberSwitchDescription(
        key="plan_repeat",
        value_fn=lambda view: None if view.plan is None else view.plan.wish.repeats,
        on_fn=lambda coordinator, member: coordinator.plans.async_repeat(member),
        off_fn=lambda coordinator, member: coordinator.plans.async_repeat_no_more(member),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PoolConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switches of connectors as they appear."""
    coordinator = entry.runtime_data

    def of_member(subject: Subject[MemberView], view: MemberView) -> Iterable[SwitchEntity]:
        if is_connector(view):
            for description in CONNECTOR_SWITCHES:
                yield MemberSwitch(coordinator, subject, description)

    async_add_as_they_appear(coordinator, async_add_entities, of_member=of_member)


class MemberSwitch(PoolEntity[MemberView], SwitchEntity):
    """A switch of a connector."""

    entity_description: MemberSwitchDescription

    def __init__(
        self,
        coordinator: SiteCoordinator,
        subject: Subject[MemberView],
        description: MemberSwitchDescription,
    ) -> None:
        self.entity_description = description
        super().__init__(coordinator, subject, description)

    @override
    def picture(self, view: MemberView, snapshot: SiteSnapshot) -> Picture:
        """Return whether it is on in the snapshot."""
        description = self.entity_description
        return Picture(
            available=True,
            value=description.value_fn(view),
            attributes=description.attributes_fn(view),
        )

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it is shown as on."""
        value = self._shown.value
        return value if isinstance(value, bool) else None

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Hand the wish to the coordinator."""
        await self.entity_description.on_fn(self.coordinator, self.subject.id)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Hand the wish to the coordinator."""
        await self.entity_description.off_fn(self.coordinator, self.subject.id)
