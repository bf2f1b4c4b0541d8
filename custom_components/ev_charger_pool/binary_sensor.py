"""Binary sensors: whether a car is there, and whether something is wrong."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_BATTERY
from .coordinator import PoolConfigEntry, SiteCoordinator
from .entity import (
    PoolEntity,
    Subject,
    async_add_as_they_appear,
    is_connector,
    is_decided,
    site_subject,
)
from .pool.states import ConnectorState
from .power_supplies.contract import SupplyMode
from .quiet import Picture
from .snapshot import CircuitView, MemberView, SiteSnapshot

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PoolBinarySensorDescription[ViewT](BinarySensorEntityDescription):
    """How a yes or no is read from a snapshot.

    Attributes:
        is_on_fn: Yes or no; None is unknown.
        attributes_fn: What is shown beside it.
        available_fn: Whether there is anything to show.
        exists_fn: Whether the subject has such a thing at all.
    """

    is_on_fn: Callable[[ViewT], bool | None]
    attributes_fn: Callable[[ViewT, SiteSnapshot], Mapping[str, object]] = lambda _, __: {}
    available_fn: Callable[[ViewT], bool] = lambda _: True
    exists_fn: Callable[[ViewT], bool] = lambda _: True


@dataclass(frozen=True, kw_only=True)
class ProblemDescription[ViewT](PoolBinarySensorDescription[ViewT]):
    """Tells that something is wrong."""

    device_class: BinarySensorDeviceClass | None = BinarySensorDeviceClass.PROBLEM
    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC


def _is_ev_connected(view: MemberView) -> bool | None:
    if view.state is ConnectorState.UNSPECIFIED:
        return None
    return view.state.is_ev_connected


def _problems(subject: str, snapshot: SiteSnapshot) -> list[str]:
    return [problem.kind.value for problem in snapshot.problems if problem.subject == subject]


MEMBER_PROBLEM = ProblemDescription[MemberView](
    key="problem",
    is_on_fn=lambda view: (
        view.state is ConnectorState.ERROR
        or (view.supply is not None and view.supply.mode is SupplyMode.FAULT)
        or (view.status is not None and view.status.ignoring)
    ),
    attributes_fn=lambda view, snapshot: {"problems": _problems(view.settings.member, snapshot)},
)

CONNECTOR_BINARY_SENSORS = (
    PoolBinarySensorDescription[MemberView](
        key="ev_connected",
        device_class=BinarySensorDeviceClass.PLUG,
        is_on_fn=_is_ev_connected,
        available_fn=lambda view: view.state is not ConnectorState.MISSING,
    ),
    MEMBER_PROBLEM,
)

SUPPLY_BINARY_SENSORS = (MEMBER_PROBLEM,)

CIRCUIT_BINARY_SENSORS = (
    ProblemDescription[CircuitView](
        key="overload",
        is_on_fn=lambda view: view.status.overloaded if view.status else None,
        available_fn=is_decided,
    ),
    ProblemDescription[CircuitView](
        key="meter_stale",
        is_on_fn=lambda view: view.status.stale if view.status else None,
        available_fn=is_decided,
        exists_fn=lambda view: view.circuit.metered,
    ),
)

SITE_BINARY_SENSORS = (
    ProblemDescription[SiteSnapshot](
        key="problem",
        is_on_fn=lambda site: bool(site.problems),
        attributes_fn=lambda site, _: {
            "problems": [
                {"kind": problem.kind.value, "subject": problem.subject}
                for problem in site.problems
            ]
        },
    ),
)


BATTERY_BINARY_SENSORS = (
    PoolBinarySensorDescription[SiteSnapshot](
        key="battery_locked",
        is_on_fn=lambda site: site.battery_locked,
    ),
)
"""Of a site that has a home battery."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PoolConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the site's binary sensors, and those of members and circuits as they appear."""
    coordinator = entry.runtime_data
    has_battery = bool(entry.data.get(CONF_BATTERY))
    async_add_entities(
        PoolBinarySensor(coordinator, site_subject(coordinator), description)
        for description in (*SITE_BINARY_SENSORS, *(BATTERY_BINARY_SENSORS if has_battery else ()))
    )

    def of_member(subject: Subject[MemberView], view: MemberView) -> Iterable[BinarySensorEntity]:
        descriptions = CONNECTOR_BINARY_SENSORS if is_connector(view) else SUPPLY_BINARY_SENSORS
        return [
            PoolBinarySensor(coordinator, subject, description)
            for description in descriptions
            if description.exists_fn(view)
        ]

    def of_circuit(
        subject: Subject[CircuitView], view: CircuitView
    ) -> Iterable[BinarySensorEntity]:
        return [
            PoolBinarySensor(coordinator, subject, description)
            for description in CIRCUIT_BINARY_SENSORS
            if description.exists_fn(view)
        ]

    async_add_as_they_appear(
        coordinator, async_add_entities, of_member=of_member, of_circuit=of_circuit
    )


class PoolBinarySensor[ViewT](PoolEntity[ViewT], BinarySensorEntity):
    """A yes or no about the site, a circuit or a member."""

    entity_description: PoolBinarySensorDescription[ViewT]

    def __init__(
        self,
        coordinator: SiteCoordinator,
        subject: Subject[ViewT],
        description: PoolBinarySensorDescription[ViewT],
    ) -> None:
        self.entity_description = description
        super().__init__(coordinator, subject, description)

    @override
    def picture(self, view: ViewT, snapshot: SiteSnapshot) -> Picture:
        """Return what the sensor tells in the snapshot."""
        description = self.entity_description
        return Picture(
            available=description.available_fn(view),
            value=description.is_on_fn(view),
            attributes=description.attributes_fn(view, snapshot),
        )

    @property
    @override
    def is_on(self) -> bool | None:
        """The yes or no shown."""
        value = self._shown.value
        return value if isinstance(value, bool) else None
