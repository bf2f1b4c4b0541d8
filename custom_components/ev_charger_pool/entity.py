"""What every entity of the pool has in common: it shows one part of the newest snapshot."""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import override

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later

from .const import ROOT_CIRCUIT
from .coordinator import SiteCoordinator
from .devices import circuit_device, member_device, site_device, vehicle_device
from .pool.members import CircuitId, MemberId, MemberKind
from .pool.vehicles import VehicleId
from .quiet import AT_ONCE, Picture, Quiet
from .snapshot import CircuitView, MemberView, SiteSnapshot, VehicleView

UNAVAILABLE = Picture(available=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject[ViewT]:
    """What an entity is about: the site, a circuit, a vehicle or a member.

    Attributes:
        id: Start of the unique ids of its entities, stable over restarts.
        listens_to: Whose changes matter; None for any.
        subentry_id: The subentry that it belongs to; None for the site itself.
        device: Its place in the device tree.
        view: Finds its part of a snapshot; None when it is not in there.
    """

    id: str
    listens_to: MemberId | CircuitId | VehicleId | None
    subentry_id: str | None
    device: DeviceInfo | ChildDeviceInfo
    view: Callable[[SiteSnapshot], ViewT | None]


def member_subject(coordinator: SiteCoordinator, member: MemberId) -> Subject[MemberView]:
    """Return a connector or a power supply as a subject."""
    return Subject(
        id=member,
        listens_to=member,
        subentry_id=member.partition(":")[0],
        device=member_device(coordinator, member),
        view=lambda snapshot: snapshot.members.get(member),
    )


def circuit_subject(coordinator: SiteCoordinator, circuit: CircuitId) -> Subject[CircuitView]:
    """Return a circuit as a subject; the root circuit is part of the site's own device."""
    is_root = circuit == ROOT_CIRCUIT
    return Subject(
        id=f"{coordinator.entry.entry_id}_{circuit}" if is_root else circuit,
        listens_to=circuit,
        subentry_id=None if is_root else circuit,
        device=site_device(coordinator) if is_root else circuit_device(coordinator, circuit),
        view=lambda snapshot: snapshot.circuits.get(circuit),
    )


def vehicle_subject(vehicle: VehicleId) -> Subject[VehicleView]:
    """Return a vehicle as a subject."""
    return Subject(
        id=vehicle,
        listens_to=vehicle,
        subentry_id=vehicle,
        device=vehicle_device(vehicle),
        view=lambda snapshot: snapshot.vehicles.get(vehicle),
    )


def site_subject(coordinator: SiteCoordinator) -> Subject[SiteSnapshot]:
    """Return the whole site as a subject."""
    return Subject(
        id=coordinator.entry.entry_id,
        listens_to=None,
        subentry_id=None,
        device=site_device(coordinator),
        view=lambda snapshot: snapshot,
    )


def is_connector(view: MemberView) -> bool:
    """Whether a member is a connector, else it is a power supply."""
    return view.settings.kind is MemberKind.CONNECTOR


def is_online(view: MemberView) -> bool:
    """Whether the member's device answers, so that what it measured may be shown."""
    report = view.connector or view.supply
    return report is not None and report.online


def is_decided(view: MemberView | CircuitView) -> bool:
    """Whether a decision was made of it, so that it has a status."""
    return view.status is not None


class PoolEntity[ViewT](Entity):
    """Shows one thing of a subject, quietly.

    What is shown is kept as a `Picture`: the properties that Home Assistant reads tell what was
    shown, also between two snapshots.
    """

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(
        self,
        coordinator: SiteCoordinator,
        subject: Subject[ViewT],
        description: EntityDescription,
        quiet: Quiet = AT_ONCE,
    ) -> None:
        self.coordinator = coordinator
        self.subject = subject
        self._quiet = quiet
        self._attr_unique_id = f"{subject.id}_{description.key}"
        self._attr_translation_key = description.translation_key or description.key
        self._attr_device_info = subject.device
        self._shown = self._look()
        self._shown_at = 0.0
        self._later: CALLBACK_TYPE | None = None
        self._later_at = 0.0

    @abstractmethod
    def picture(self, view: ViewT, snapshot: SiteSnapshot) -> Picture:
        """Return what there is to show of the subject."""

    @property
    def view(self) -> ViewT | None:
        """The subject's part of the newest snapshot."""
        return self.subject.view(self.coordinator.data)

    @property
    @override
    def available(self) -> bool:
        """Whether there is anything to show."""
        return self._shown.available

    @property
    @override
    def extra_state_attributes(self) -> dict[str, object]:
        """What is shown beside the state."""
        return dict(self._shown.attributes)

    @override
    async def async_added_to_hass(self) -> None:
        """Show the newest snapshot, and every one that follows."""
        await super().async_added_to_hass()
        self._shown = self._look()
        self._shown_at = self.hass.loop.time()
        self.async_on_remove(
            self.coordinator.showcase.async_add_listener(self._on_decision, self.subject.listens_to)
        )
        self.async_on_remove(self._forget_later)

    def _look(self) -> Picture:
        view = self.view
        return UNAVAILABLE if view is None else self.picture(view, self.coordinator.data)

    @callback
    def _on_decision(self) -> None:
        picture = self._look()
        now = self.hass.loop.time()
        wait = self._quiet.wait(self._shown, picture, timedelta(seconds=now - self._shown_at))
        if wait is None:
            self._forget_later()
        elif not wait:
            self._show(picture)
        elif self._later is None or now + wait.total_seconds() < self._later_at:
            self._forget_later()
            self._later_at = now + wait.total_seconds()
            self._later = async_call_later(self.hass, wait, self._on_later)

    @callback
    def _on_later(self, _: datetime) -> None:
        self._later = None
        self._show(self._look())

    @callback
    def _show(self, picture: Picture) -> None:
        self._forget_later()
        self._shown = picture
        self._shown_at = self.hass.loop.time()
        self.async_write_ha_state()

    @callback
    def _forget_later(self) -> None:
        if self._later is not None:
            self._later()
            self._later = None


@callback
@callback
def async_add_once_able(
    coordinator: SiteCoordinator,
    async_add_entities: AddConfigEntryEntitiesCallback,
    able: Callable[[MemberView], bool],
    of_member: Callable[[Subject[MemberView]], Iterable[Entity]],
) -> None:
    """Add entities of each member once its device turned out to be able to what they are for."""

    @callback
    def on_member(member: MemberId) -> None:
        subject = member_subject(coordinator, member)
        is_added = False

        @callback
        def look() -> None:
            nonlocal is_added
            view = coordinator.data.members.get(member)
            if is_added or view is None or not able(view):
                return
            is_added = True
            async_add_entities(of_member(subject), config_subentry_id=subject.subentry_id)

        coordinator.entry.async_on_unload(coordinator.showcase.async_add_listener(look, member))
        look()

    coordinator.entry.async_on_unload(coordinator.showcase.async_add_member_listener(on_member))


def switches_phases(view: MemberView) -> bool:
    """Whether a member's device can switch between one and all of its phases."""
    return view.settings.switching is not None


def async_add_as_they_appear(
    coordinator: SiteCoordinator,
    async_add_entities: AddConfigEntryEntitiesCallback,
    *,
    of_member: Callable[[Subject[MemberView], MemberView], Iterable[Entity]] | None = None,
    of_circuit: Callable[[Subject[CircuitView], CircuitView], Iterable[Entity]] | None = None,
    of_vehicle: Callable[[Subject[VehicleView], VehicleView], Iterable[Entity]] | None = None,
) -> None:
    """Add the entities of each member, circuit and vehicle, of those there and of later ones.

    They leave with their subentry: Home Assistant then clears its part of the registries.
    """

    @callback
    def on_member(member: MemberId) -> None:
        if of_member is not None:
            subject = member_subject(coordinator, member)
            view = coordinator.data.members[member]
            async_add_entities(of_member(subject, view), config_subentry_id=subject.subentry_id)

    @callback
    def on_circuit(circuit: CircuitId) -> None:
        if of_circuit is not None:
            subject = circuit_subject(coordinator, circuit)
            view = coordinator.data.circuits[circuit]
            async_add_entities(of_circuit(subject, view), config_subentry_id=subject.subentry_id)

    @callback
    def on_vehicle(vehicle: VehicleId) -> None:
        if of_vehicle is not None:
            subject = vehicle_subject(vehicle)
            view = coordinator.data.vehicles[vehicle]
            async_add_entities(of_vehicle(subject, view), config_subentry_id=subject.subentry_id)

    coordinator.entry.async_on_unload(coordinator.showcase.async_add_member_listener(on_member))
    coordinator.entry.async_on_unload(coordinator.showcase.async_add_vehicle_listener(on_vehicle))
    coordinator.entry.async_on_unload(coordinator.showcase.async_add_circuit_listener(on_circuit))
