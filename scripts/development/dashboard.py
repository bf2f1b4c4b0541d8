"""Lay out the dashboard of a site with Home Assistant's own cards, and that of shares."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .client import Json

type Card = dict[str, Any]

SLIDER = {"type": "numeric-input", "style": "slider"}
OPTIONS = {"type": "select-options"}
PHASES = ("l1", "l2", "l3")
HISTORY_HOURS = 0.25

COLUMNS = 12
"""The columns that Home Assistant divides a section into."""

EXPLANATION = """\
# {name}
**{members} members share {fuse:g} A per phase.** Move *Main fuse limit* down and watch: the grants \
fall at once and the cars follow within seconds. Move it up again, and the pool raises patiently. \
*Limited by* says what holds each of them back.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """An entity of a device, by domain and translation key, and how its card shows it.

    Attributes:
        domain: The entity's domain.
        key: Its translation key.
        name: What the card calls it.
        columns: How many of a section's columns it takes.
        features: What it offers to change, below.
        beside: What it offers to change, in the same line.
        content: What it shows below the name; what Home Assistant chooses if empty.
        upright: Whether the icon stands above the name, for narrow cards.
    """

    domain: str
    key: str
    name: str
    columns: int = 6
    features: tuple[Mapping[str, str], ...] = ()
    beside: tuple[Mapping[str, str], ...] = ()
    content: tuple[str, ...] = ()
    upright: bool = False


FUSE_TILE = Tile(
    domain="number",
    key="main_fuse_limit",
    name="Main fuse limit",
    columns=COLUMNS,
    features=(SLIDER,),
)
CONNECTOR_TILES = (
    Tile(domain="sensor", key="charging_status", name="Car"),
    Tile(domain="sensor", key="limited_by", name="Limited by", content=("state", "phase")),
    Tile(domain="sensor", key="granted_current", name="Granted", columns=3, upright=True),
    Tile(domain="sensor", key="current_l1", name="L1", columns=3, upright=True),
    Tile(domain="sensor", key="current_l2", name="L2", columns=3, upright=True),
    Tile(domain="sensor", key="current_l3", name="L3", columns=3, upright=True),
)
CONNECTOR_CONTROLS = (
    Tile(
        domain="number", key="current_limit", name="Your limit", columns=COLUMNS, beside=(SLIDER,)
    ),
    Tile(domain="select", key="mode", name="Mode"),
    Tile(domain="select", key="priority", name="Priority"),
)
SUPPLY_TILES = (
    Tile(domain="sensor", key="supply_mode", name="Output"),
    Tile(domain="sensor", key="limited_by", name="Limited by", content=("state", "phase")),
    Tile(domain="sensor", key="granted_power", name="Granted", columns=3, upright=True),
    Tile(domain="sensor", key="output_power", name="Power", columns=3, upright=True),
    Tile(domain="sensor", key="output_voltage", name="Voltage", columns=3, upright=True),
    Tile(domain="sensor", key="output_current", name="Current", columns=3, upright=True),
)
SUPPLY_CONTROLS = (
    Tile(domain="number", key="power", name="Your limit", columns=COLUMNS, beside=(SLIDER,)),
    Tile(domain="select", key="supply_mode", name="Mode"),
    Tile(domain="select", key="priority", name="Priority"),
)
SHARES_CARD: Card = {
    "type": "custom:ev-charger-pool-shares",
    "period": "session",
    "title": "",  # The heading of its section says it.
    "grid_options": {"columns": COLUMNS},
}
"""The integration's own card."""

SITE_BADGES = {
    ("sensor", "charging"): "Charging",
    ("sensor", "waiting"): "Waiting",
    ("sensor", "pool_power"): "Pool",
    ("binary_sensor", "problem"): "Problem",
}
HOUSE_BADGES = {
    ("sensor", "house_power"): "House",
    ("sensor", "solar_power"): "Solar",
    ("sensor", "battery_power"): "Battery",
}
CONNECTOR_BADGES = (("sensor", "power"), ("sensor", "session_energy"))
CONNECTOR_GRAPH = {
    ("sensor", "granted_current"): "Granted",
    ("sensor", "current_l1"): "Drawn on L1",
}
SUPPLY_GRAPH = {("sensor", "granted_power"): "Granted", ("sensor", "output_power"): "Power"}


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


@dataclass(slots=True)
class Section:
    """Cards below a heading."""

    heading: str
    icon: str
    cards: list[Card] = field(default_factory=list)
    badges: list[Card] = field(default_factory=list)

    def show(self, device: Device, tiles: Iterable[Tile]) -> None:
        """Add the cards of those tiles that the device has."""
        self.cards += [
            _tile(tile, entity)
            for tile in tiles
            if (entity := device.get(tile.domain, tile.key)) is not None
        ]

    def as_card(self) -> Card:
        """Return what Home Assistant keeps."""
        heading = {
            "type": "heading",
            "heading": self.heading,
            "icon": self.icon,
            "badges": self.badges,
        }
        return {"type": "grid", "cards": [heading, *self.cards]}


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
    sites = [device for device in known if device.has("pool_power")]
    houses = [device for device in known if device.has("house_power")]
    connectors = [device for device in known if device.has("granted_current")]
    supplies = [device for device in known if device.has("granted_power")]
    sections = [
        *(_site_section(device, fuse_a) for device in sites),
        _grid_history(sites),
        _share_history(connectors),
        Section("Who got what and why", "mdi:chart-bar-stacked", [SHARES_CARD]),
        *(_connector_section(device) for device in connectors),
        *(_supply_section(device) for device in supplies),
    ]
    explanation = EXPLANATION.format(
        name=" and ".join(device.name for device in sites),
        members=len(connectors) + len(supplies),
        fuse=fuse_a,
    )
    return {
        "views": [
            {
                "title": "Pool",
                "type": "sections",
                "max_columns": 3,
                "dense_section_placement": True,
                "header": {
                    "layout": "responsive",
                    "card": {"type": "markdown", "text_only": True, "content": explanation},
                },
                "badges": [
                    *(badge for device in sites for badge in _badges(device, SITE_BADGES)),
                    *(badge for device in houses for badge in _badges(device, HOUSE_BADGES)),
                ],
                "sections": [section.as_card() for section in sections],
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
    """Return what a person calls a device: an only part of another one goes by that one's name."""
    row = devices[device]
    name = str(row["name_by_user"] or row["name"])
    parent = row.get("parent_device_id")
    if parent is None or parent not in devices:
        return name
    siblings = [other for other in devices.values() if other.get("parent_device_id") == parent]
    return _name(devices, parent) if len(siblings) == 1 else f"{_name(devices, parent)} {name}"


def _site_section(device: Device, fuse_a: float) -> Section:
    """Return the section of the grid connection: how full it is, and how full it may be."""
    section = Section("Grid connection", "mdi:transmission-tower")
    section.show(device, [FUSE_TILE])
    section.cards += [
        {
            "type": "gauge",
            "entity": entity,
            "name": phase.upper(),
            "min": 0,
            "max": fuse_a,
            "needle": True,
            "severity": {"green": 0, "yellow": 0.9 * fuse_a, "red": fuse_a},
            "grid_options": {"columns": COLUMNS // 3, "rows": 2},
        }
        for phase in PHASES
        if (entity := device.get("sensor", f"grid_current_{phase}"))
    ]
    return section


def _grid_history(sites: Sequence[Device]) -> Section:
    """Return the section that shows how the load of the phases moved."""
    keys = {("sensor", f"grid_current_{phase}"): phase.upper() for phase in PHASES}
    lines = [line for device in sites for line in _lines(device, keys)]
    return Section("Grid current", "mdi:chart-line", [_graph(lines, rows=4)])


def _share_history(connectors: Sequence[Device]) -> Section:
    """Return the section that shows how the shares moved."""
    lines = [
        {"entity": entity, "name": device.name}
        for device in connectors
        if (entity := device.get("sensor", "granted_current"))
    ]
    return Section("Granted currents", "mdi:chart-areaspline", [_graph(lines, rows=4)])


def _connector_section(device: Device) -> Section:
    """Return the section of a connector."""
    badges: list[Card] = [
        {"type": "entity", "entity": entity, "show_state": True, "show_icon": True}
        for domain, key in CONNECTOR_BADGES
        if (entity := device.get(domain, key))
    ]
    section = Section(device.name, "mdi:ev-station", badges=badges)
    section.show(device, CONNECTOR_TILES)
    section.cards.append(_graph(_lines(device, CONNECTOR_GRAPH), rows=3))
    section.show(device, CONNECTOR_CONTROLS)
    return section


def _supply_section(device: Device) -> Section:
    """Return the section of a power supply."""
    section = Section(device.name, "mdi:current-dc")
    section.show(device, SUPPLY_TILES)
    section.cards.append(_graph(_lines(device, SUPPLY_GRAPH), rows=3))
    section.show(device, SUPPLY_CONTROLS)
    return section


def _badges(device: Device, names: Mapping[tuple[str, str], str]) -> list[Card]:
    """Return a view's badges of those entities that a device has."""
    return [
        {"type": "entity", "entity": entity, "name": name, "show_name": True}
        for (domain, key), name in names.items()
        if (entity := device.get(domain, key))
    ]


def _tile(tile: Tile, entity: str) -> Card:
    card: Card = {
        "type": "tile",
        "entity": entity,
        "name": tile.name,
        "vertical": tile.upright,
        "features": list(tile.features or tile.beside),
        "features_position": "inline" if tile.beside else "bottom",
        "grid_options": {"columns": tile.columns},
    }
    if tile.content:
        card["state_content"] = list(tile.content)
    return card


def _lines(device: Device, names: Mapping[tuple[str, str], str]) -> list[Card]:
    """Return the lines of a graph of those entities that a device has."""
    return [
        {"entity": entity, "name": name}
        for (domain, key), name in names.items()
        if (entity := device.get(domain, key))
    ]


def _graph(lines: list[Card], *, rows: int) -> Card:
    return {
        "type": "history-graph",
        "hours_to_show": HISTORY_HOURS,
        "entities": lines,
        "grid_options": {"columns": COLUMNS, "rows": rows},
    }
