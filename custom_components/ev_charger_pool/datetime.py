"""Dates and times: when a car has to be ready."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import override

from homeassistant.components.datetime import DateTimeEntity, DateTimeEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import PoolConfigEntry, SiteCoordinator
from .entity import PoolEntity, Subject, async_add_as_they_appear, is_connector
from .pool.members import MemberId
from .quiet import Picture
from .snapshot import MemberView, SiteSnapshot

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MemberDateTimeDescription(DateTimeEntityDescription):
    """How a time is read from a snapshot, and who is told when a user changes it.

    Attributes:
        value_fn: The time now, aware UTC; None is unknown.
        set_fn: Hands the user's wish to the coordinator.
    """

    value_fn: Callable[[MemberView], datetime | None]
    set_fn: Callable[[SiteCoordinator, MemberId, datetime], Awaitable[object]]


CONNECTOR_TIMES = (
    MemberDateTimeDescription(
        key="plan_ready_by",
        value_fn=lambda view: view.plan.ready_at if view.plan else None,
        set_fn=lambda coordinator, member, at: coordinator.plans.async_set_ready_at(member, at),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PoolConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the times of connectors as they appear."""
    coordinator = entry.runtime_data

    def of_member(subject: Subject[MemberView], view: MemberView) -> Iterable[DateTimeEntity]:
        if is_connector(view):
            for description in CONNECTOR_TIMES:
                yield MemberDateTime(coordinator, subject, description)

    async_add_as_they_appear(coordinator, async_add_entities, of_member=of_member)


class MemberDateTime(PoolEntity[MemberView], DateTimeEntity):
    """A date and time of a connector."""

    entity_description: MemberDateTimeDescription

    def __init__(
        self,
        coordinator: SiteCoordinator,
        subject: Subject[MemberView],
        description: MemberDateTimeDescription,
    ) -> None:
        self.entity_description = description
        super().__init__(coordinator, subject, description)

    @override
    def picture(self, view: MemberView, snapshot: SiteSnapshot) -> Picture:
        """Return the time in the snapshot."""
        return Picture(available=True, value=self.entity_description.value_fn(view))

    @property
    @override
    def native_value(self) -> datetime | None:
        """The time shown."""
        value = self._shown.value
        return value if isinstance(value, datetime) else None

    @override
    async def async_set_value(self, value: datetime) -> None:
        """Hand the time to the coordinator."""
        await self.entity_description.set_fn(self.coordinator, self.subject.id, value)
