"""Buttons: start and stop a session."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .commands import Commands
from .coordinator import PoolConfigEntry, SiteCoordinator
from .entity import PoolEntity, Subject, async_add_as_they_appear, is_connector, is_online
from .errors import raise_unless_accepted
from .names import async_name_of
from .pool.actions import ActionResult
from .pool.members import MemberId
from .quiet import Picture
from .snapshot import MemberView, SiteSnapshot

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class ConnectorButtonDescription(ButtonEntityDescription):
    """What a button asks of a connector."""

    press_fn: Callable[[Commands, MemberId], Awaitable[ActionResult]]


CONNECTOR_BUTTONS = (
    ConnectorButtonDescription(
        key="start", press_fn=lambda commands, member: commands.async_start(member)
    ),
    ConnectorButtonDescription(
        key="stop", press_fn=lambda commands, member: commands.async_stop(member)
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PoolConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of connectors as they appear."""
    coordinator = entry.runtime_data
    async_add_as_they_appear(
        coordinator,
        async_add_entities,
        of_member=lambda subject, view: [
            ConnectorButton(coordinator, subject, description)
            for description in CONNECTOR_BUTTONS
            if is_connector(view)
        ],
    )


class ConnectorButton(PoolEntity[MemberView], ButtonEntity):
    """A button of a connector."""

    entity_description: ConnectorButtonDescription

    def __init__(
        self,
        coordinator: SiteCoordinator,
        subject: Subject[MemberView],
        description: ConnectorButtonDescription,
    ) -> None:
        self.entity_description = description
        super().__init__(coordinator, subject, description)

    @override
    def picture(self, view: MemberView, snapshot: SiteSnapshot) -> Picture:
        """Return whether the charger can be asked now."""
        return Picture(available=is_online(view))

    @override
    async def async_press(self) -> None:
        """Ask the charger, and tell the user when it did not do it."""
        result = await self.entity_description.press_fn(self.coordinator.commands, self.subject.id)
        device = self.device_entry
        raise_unless_accepted(
            result, async_name_of(self.hass, device) if device else self.subject.id
        )
