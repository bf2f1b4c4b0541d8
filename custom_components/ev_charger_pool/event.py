"""Events: the life of each limit that somebody set on a member."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import PoolConfigEntry, SiteCoordinator
from .entity import PoolEntity, Subject, async_add_as_they_appear
from .pool.actions import ActionStatus, LimitAction
from .quiet import Picture
from .snapshot import MemberView, SiteSnapshot

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MemberEventDescription(EventEntityDescription):
    """An event in the life of a member."""


LIMIT_ACTION = MemberEventDescription(
    key="limit_action", event_types=[status.value for status in ActionStatus]
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PoolConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the events of members as they appear."""
    coordinator = entry.runtime_data
    async_add_as_they_appear(
        coordinator,
        async_add_entities,
        of_member=lambda subject, _: [LimitActionEvent(coordinator, subject)],
    )


class LimitActionEvent(PoolEntity[MemberView], EventEntity):
    """Tells of every limit that is requested, completed or failed."""

    def __init__(self, coordinator: SiteCoordinator, subject: Subject[MemberView]) -> None:
        self.entity_description = LIMIT_ACTION
        super().__init__(coordinator, subject, LIMIT_ACTION)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to what happens to the member's limits."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.actions.add_listener(self._on_action))

    @override
    def picture(self, view: MemberView, snapshot: SiteSnapshot) -> Picture:
        """Return that the member is there; what happened is told by the event itself."""
        return Picture(available=True)

    @callback
    def _on_action(self, action: LimitAction) -> None:
        if action.member != self.subject.id:
            return
        self._trigger_event(
            action.status,
            {
                "action_id": action.id,
                "kind": action.kind,
                "unit": action.unit,
                "value": action.value,
                "error": action.error,
            },
        )
        self.async_write_ha_state()
