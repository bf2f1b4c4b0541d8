"""What a user configured of a vehicle, read from its subentry into values."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigSubentry

from .const import (
    CONF_CAPACITY,
    CONF_CAPACITY_ENTITY,
    CONF_EFFICIENCY,
    CONF_HOME,
    CONF_LIMIT_ENTITY,
    CONF_MAX_CURRENT,
    CONF_PHASES,
    CONF_PLUGGED_ENTITY,
    CONF_RANGE_ENTITY,
    CONF_SOC_ENTITY,
    CONF_TAGS,
)
from .device_config import Json
from .pool.members import MemberId
from .pool.vehicles import DEFAULT_EFFICIENCY, VehicleId


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleConfig:
    """A vehicle's form; its id is its subentry's. What is None was not told.

    Attributes:
        id: Where it is kept.
        name: What the user calls it.
        capacity_wh: What its battery holds.
        capacity_entity: The entity that tells the same.
        soc_entity: The entity of its state of charge.
        limit_entity: The entity of the state of charge at which it stops by itself.
        range_entity: The entity of its range.
        plugged_entity: The entity that tells whether it is plugged in, here or elsewhere.
        max_current_a: The most it takes per phase.
        phases: How many phases it charges with.
        efficiency: Share of what a charger delivers that reaches the battery.
        tags: The cards, or the car's own numbers, that it starts a session with.
        home: The connector where it usually stands.
    """

    id: VehicleId
    name: str
    capacity_wh: float | None = None
    capacity_entity: str | None = None
    soc_entity: str | None = None
    limit_entity: str | None = None
    range_entity: str | None = None
    plugged_entity: str | None = None
    max_current_a: float | None = None
    phases: int | None = None
    efficiency: float = DEFAULT_EFFICIENCY
    tags: frozenset[str] = frozenset()
    home: MemberId | None = None

    @property
    def entities(self) -> frozenset[str]:
        """Every entity that it reads."""
        named = (
            self.capacity_entity,
            self.soc_entity,
            self.limit_entity,
            self.range_entity,
            self.plugged_entity,
        )
        return frozenset(entity for entity in named if entity is not None)

    @classmethod
    def from_subentry(cls, subentry: ConfigSubentry) -> VehicleConfig:
        """Read the data of a vehicle's subentry."""
        data: Json = subentry.data
        capacity_kwh, phases = data.get(CONF_CAPACITY), data.get(CONF_PHASES)
        efficiency_percent = data.get(CONF_EFFICIENCY)
        return cls(
            id=subentry.subentry_id,
            name=subentry.title,
            capacity_wh=None if capacity_kwh is None else 1000.0 * capacity_kwh,
            capacity_entity=data.get(CONF_CAPACITY_ENTITY),
            soc_entity=data.get(CONF_SOC_ENTITY),
            limit_entity=data.get(CONF_LIMIT_ENTITY),
            range_entity=data.get(CONF_RANGE_ENTITY),
            plugged_entity=data.get(CONF_PLUGGED_ENTITY),
            max_current_a=data.get(CONF_MAX_CURRENT),
            phases=None if phases is None else int(phases),
            efficiency=(
                DEFAULT_EFFICIENCY if efficiency_percent is None else efficiency_percent / 100.0
            ),
            tags=frozenset(data.get(CONF_TAGS) or ()),
            home=data.get(CONF_HOME),
        )
