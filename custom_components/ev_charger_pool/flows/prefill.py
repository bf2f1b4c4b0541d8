"""What the Energy dashboard already knows of a site, as proposals for its form."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
import re
from typing import TYPE_CHECKING, Any

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN, SensorDeviceClass
from homeassistant.core import HomeAssistant, valid_entity_id
from homeassistant.helpers import entity_registry as er

from ..const import (
    CONF_BATTERY,
    CONF_BATTERY_INVERT,
    CONF_CURRENT_L1,
    CONF_CURRENT_L2,
    CONF_CURRENT_L3,
    CONF_INVERT,
    CONF_POWER,
    CONF_POWER_L1,
    CONF_POWER_L2,
    CONF_POWER_L3,
    CONF_SOLAR,
)
from ..pool.quantities import PHASES, Phase

if TYPE_CHECKING:
    from homeassistant.components.energy.data import SourceType

CURRENT_KEYS = dict(zip(PHASES, (CONF_CURRENT_L1, CONF_CURRENT_L2, CONF_CURRENT_L3), strict=True))
POWER_KEYS = dict(zip(PHASES, (CONF_POWER_L1, CONF_POWER_L2, CONF_POWER_L3), strict=True))

_PHASE_WORDS = {
    phase: re.compile(
        rf"(?<![a-z0-9])(?:l{number}|phase[ _-]?(?:{number}|{letter}))(?![a-z0-9])", re.IGNORECASE
    )
    for phase, number, letter in zip(PHASES, "123", "abc", strict=True)
}

_RETURNED = re.compile(r"produc|return|export|deliver|feed|inject", re.IGNORECASE)
"""Names of what flows out: a meter that counts both ways apart has no signed value per phase."""


@dataclass(slots=True)
class Proposal:
    """Values for the meter form; whatever was not found is not in there.

    Attributes:
        meter: Entity ids by the keys of a meter.
        solar: Entities of solar power.
        battery: Entities of battery power.
        battery_inverted: Whether those count charging as positive.
    """

    meter: dict[str, str | bool] = field(default_factory=dict)
    solar: list[str] = field(default_factory=list)
    battery: list[str] = field(default_factory=list)
    battery_inverted: bool = False

    def as_input(self) -> dict[str, Any]:
        """Return it as the suggested values of the form."""
        values: dict[str, Any] = dict(self.meter)
        if self.solar:
            values[CONF_SOLAR] = self.solar
        if self.battery:
            values |= {CONF_BATTERY: self.battery, CONF_BATTERY_INVERT: self.battery_inverted}
        return values


async def async_propose(hass: HomeAssistant, phases: tuple[Phase, ...]) -> Proposal:
    """Return what the Energy dashboard's preferences tell of the site's meters.

    They name statistics of energy, which name devices; the currents and powers are looked for
    among the sensors of the same device.
    """
    if "energy" not in hass.config.components:
        return Proposal()
    # Only where the integration is loaded are its own requirements there.
    from homeassistant.components.energy.data import async_get_manager

    preferences = (await async_get_manager(hass)).data
    proposal = Proposal()
    for source in preferences["energy_sources"] if preferences else ():
        if source["type"] == "grid" and not proposal.meter:
            proposal.meter = _meter(hass, source, phases)
        elif source["type"] == "solar":
            proposal.solar.extend(_power_of(hass, source)[0])
        elif source["type"] == "battery":
            entities, inverted = _power_of(hass, source)
            if not proposal.battery or inverted == proposal.battery_inverted:
                proposal.battery.extend(entities)
                proposal.battery_inverted = inverted
    return proposal


def _meter(
    hass: HomeAssistant, source: SourceType, phases: tuple[Phase, ...]
) -> dict[str, str | bool]:
    siblings = list(_siblings(hass, source))
    for keys, device_class in (
        (CURRENT_KEYS, SensorDeviceClass.CURRENT),
        (POWER_KEYS, SensorDeviceClass.POWER),
    ):
        found = _by_phase(siblings, device_class)
        if all(phase in found for phase in phases):
            return {keys[phase]: found[phase] for phase in phases}
    entities, inverted = _power_of(hass, source)
    return {CONF_POWER: entities[0], CONF_INVERT: inverted} if entities else {}


def _power_of(hass: HomeAssistant, source: SourceType) -> tuple[list[str], bool]:
    """Return the power sensor of a source, and whether its sign has to be turned."""
    config = source.get("power_config")
    names: Mapping[str, object] = config if isinstance(config, dict) else {}
    for entity, inverted in (
        (names.get("stat_rate_inverted"), True),
        (source.get("stat_rate"), False),
        (names.get("stat_rate"), False),
    ):
        if isinstance(entity, str) and _exists(hass, entity):
            return [entity], inverted
    return [], False


def _exists(hass: HomeAssistant, statistic: str) -> bool:
    # Statistics of other origin than an entity have a colon in their id.
    return valid_entity_id(statistic) and (
        hass.states.get(statistic) is not None
        or er.async_get(hass).async_get(statistic) is not None
    )


def _siblings(hass: HomeAssistant, source: SourceType) -> Iterator[er.RegistryEntry]:
    registry = er.async_get(hass)
    devices = {
        entry.device_id
        for key in ("stat_rate", "stat_energy_from", "stat_energy_to")
        if isinstance(statistic := source.get(key), str)
        and (entry := registry.async_get(statistic)) is not None
        and entry.device_id is not None
    }
    for device_id in devices:
        yield from er.async_entries_for_device(registry, device_id)


def _by_phase(
    entries: Iterable[er.RegistryEntry], device_class: SensorDeviceClass
) -> dict[Phase, str]:
    found: dict[Phase, str] = {}
    for entry in entries:
        kind = entry.device_class or entry.original_device_class
        words = " ".join(
            word
            for word in (entry.entity_id.partition(".")[2].replace("_", " "), entry.original_name)
            if word
        )
        if entry.domain != SENSOR_DOMAIN or kind != device_class or _RETURNED.search(words):
            continue
        for phase, pattern in _PHASE_WORDS.items():
            if pattern.search(words):
                found.setdefault(phase, entry.entity_id)
    return found
