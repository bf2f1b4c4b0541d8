"""Lay out the dashboard of a site with Home Assistant's own cards."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .client import Json

type Card = dict[str, Any]

SLIDER = {"type": "numeric-input", "style": "slider"}
OPTIONS = {"type": "select-options"}
PHASES = ("l1", "l2", "l3")
FULL_WIDTH = {"columns": "full"}
HISTORY_HOURS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """An entity of a device, by domain and translation key, and what its card offers."""

    domain: str
    key: str
    features: tuple[Mapping[str, str], ...] = ()
    wide: bool = False


SITE_TILES = (
    Tile(domain="number", key="main_fuse_limit", features=(SLIDER,), wide=True),
    Tile(domain="sensor", key="available_power"),
    Tile(domain="sensor", key="pool_power"),
    Tile(domain="sensor", key="charging"),
    Tile(domain="sensor", key="waiting"),
    Tile(domain="binary_sensor", key="problem", wide=True),
)
CONNECTOR_TILES = (
    Tile(domain="sensor", key="state"),
    Tile(domain="sensor", key="charging_status"),
    Tile(domain="sensor", key="granted_current"),
    Tile(domain="sensor", key="limited_by"),
    Tile(domain="sensor", key="power"),
    Tile(domain="sensor", key="session_energy"),
    Tile(domain="number", key="current_limit", features=(SLIDER,), wide=True),
    Tile(domain="select", key="mode", features=(OPTIONS,)),
    Tile(domain="select", key="priority", features=(OPTIONS,)),
)
SUPPLY_TILES = (
    Tile(domain="sensor", key="supply_mode"),
    Tile(domain="sensor", key="limited_by"),
    Tile(domain="sensor", key="granted_power"),
    Tile(domain="sensor", key="output_power"),
    Tile(domain="sensor", key="output_voltage"),
    Tile(domain="sensor", key="output_current"),
    Tile(domain="number", key="power", features=(SLIDER,), wide=True),
    Tile(domain="select", key="supply_mode", features=(OPTIONS,)),
    Tile(domain="select", key="priority", features=(OPTIONS,)),
)


@dataclass(frozen=True, slots=True)
class Device:
    """A device, and the ids of its entities by domain and translation key."""

    name: str
    entities: Mapping[tuple[str, str], str]

    def get(self, domain: str, key: str) -> str | None:
        """Return the id of an entity, or None if there is none."""
        return self.entities.get((domain, key))

    def has(self, key: str) -> bool:
        """Tell whether there is a sensor with this key."""
        return ("sensor", key) in self.entities


def build_dashboard(
    entities: Iterable[Json], devices: Mapping[str, Json], fuse_a: float
) -> dict[str, Any]:
    """Return the configuration of a dashboard with a section for each device.

    Args:
        entities: Rows of the entity registry.
        devices: Rows of the device registry, by id.
        fuse_a: The main fuse, where the gauges end.
    """
    known = list(_devices(entities, devices))
    site = [device for device in known if device.has("pool_power")]
    connectors = [device for device in known if device.has("granted_current")]
    supplies = [device for device in known if device.has("granted_power")]
    return {
        "views": [
            {
                "title": "Pool",
                "type": "sections",
                "max_columns": 4,
                "sections": [
                    *(_site_section(device, fuse_a) for device in site),
                    _history_section(site, connectors),
                    *(_section(device, "mdi:ev-station", CONNECTOR_TILES) for device in connectors),
                    *(_section(device, "mdi:current-dc", SUPPLY_TILES) for device in supplies),
                ],
            }
        ]
    }


def _devices(entities: Iterable[Json], devices: Mapping[str, Json]) -> Iterator[Device]:
    """Yield every device that has entities, by name."""
    grouped: dict[str, dict[tuple[str, str], str]] = {}
    for entity in entities:
        if (device := entity["device_id"]) and (key := entity["translation_key"]):
            domain = entity["entity_id"].partition(".")[0]
            grouped.setdefault(device, {})[domain, key] = entity["entity_id"]
    names = {device: _name(devices, device) for device in grouped}
    for device in sorted(grouped, key=lambda device: names[device]):
        yield Device(names[device], grouped[device])


def _name(devices: Mapping[str, Json], device: str) -> str:
    """Return what Home Assistant calls a device: a part of another one begins with that."""
    row = devices[device]
    name = str(row["name_by_user"] or row["name"])
    parent = row.get("parent_device_id")
    return f"{_name(devices, parent)} {name}" if parent in devices else name


def _site_section(device: Device, fuse_a: float) -> Card:
    """Return the section of the grid connection: how full it is, and how full it may be."""
    gauges = [
        {
            "type": "gauge",
            "entity": entity,
            "name": phase.upper(),
            "min": 0,
            "max": fuse_a,
            "needle": True,
            "severity": {"green": 0, "yellow": 0.8 * fuse_a, "red": fuse_a},
            "grid_options": {"columns": 4},
        }
        for phase in PHASES
        if (entity := device.get("sensor", f"grid_current_{phase}"))
    ]
    section = _section(device, "mdi:transmission-tower", SITE_TILES)
    heading, *tiles = section["cards"]
    return {**section, "cards": [heading, *gauges, *tiles]}


def _history_section(site: Sequence[Device], connectors: Sequence[Device]) -> Card:
    """Return the section that shows how the phases and the shares moved."""
    grid = [
        {"entity": entity, "name": phase.upper()}
        for device in site
        for phase in PHASES
        if (entity := device.get("sensor", f"grid_current_{phase}"))
    ]
    shares = [
        {"entity": entity, "name": device.name}
        for device in connectors
        if (entity := device.get("sensor", "granted_current"))
    ]
    graphs = [
        {
            "type": "history-graph",
            "title": title,
            "hours_to_show": HISTORY_HOURS,
            "entities": rows,
            "grid_options": FULL_WIDTH,
        }
        for title, rows in (("Grid connection", grid), ("Granted", shares))
        if rows
    ]
    return {
        "type": "grid",
        "cards": [{"type": "heading", "heading": "History", "icon": "mdi:chart-line"}, *graphs],
    }


def _section(device: Device, icon: str, tiles: Iterable[Tile]) -> Card:
    """Return a section with those of `tiles` that the device has."""
    cards: list[Card] = [{"type": "heading", "heading": device.name, "icon": icon}]
    for tile in tiles:
        if entity := device.get(tile.domain, tile.key):
            card: Card = {"type": "tile", "entity": entity, "features": list(tile.features)}
            if tile.wide:
                card["grid_options"] = FULL_WIDTH
            cards.append(card)
    return {"type": "grid", "cards": cards}
