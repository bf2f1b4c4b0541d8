"""The dashboard of the development site shows each device once, with what it has."""

from typing import Any

from scripts.development.dashboard import build_dashboard

DEVICES: dict[str, dict[str, Any]] = {
    "site": {"name": "Site", "name_by_user": None},
    "left": {"name": "Connector 1", "name_by_user": "Left"},
    "bench": {"name": "Bench", "name_by_user": None},
}


def an_entity(device: str, entity_id: str, key: str | None) -> dict[str, Any]:
    """Return a row of the entity registry."""
    return {"device_id": device, "entity_id": entity_id, "translation_key": key}


ENTITIES = [
    an_entity("site", "sensor.pool_power", "pool_power"),
    an_entity("site", "sensor.grid_l1", "grid_current_l1"),
    an_entity("site", "number.fuse", "main_fuse_limit"),
    an_entity("left", "sensor.left_granted", "granted_current"),
    an_entity("left", "number.left_limit", "current_limit"),
    an_entity("bench", "sensor.bench_granted", "granted_power"),
    an_entity("bench", "sensor.bench_mode", "supply_mode"),
    an_entity("bench", "select.bench_mode", "supply_mode"),
    an_entity("bench", "sensor.unnamed", None),
]


def sections() -> dict[str, list[dict[str, Any]]]:
    """Return the cards of each section by its heading."""
    (view,) = build_dashboard(ENTITIES, DEVICES, fuse_a=25.0)["views"]
    return {section["cards"][0]["heading"]: section["cards"][1:] for section in view["sections"]}


def test_each_device_has_a_section_under_the_name_that_the_user_gave() -> None:
    assert list(sections()) == ["Site", "History", "Left", "Bench"]


def test_gauges_of_the_grid_end_at_the_fuse() -> None:
    gauges = [card for card in sections()["Site"] if card["type"] == "gauge"]
    assert [(card["entity"], card["max"]) for card in gauges] == [("sensor.grid_l1", 25.0)]


def test_entities_of_one_key_are_told_apart_by_domain() -> None:
    shown = [card["entity"] for card in sections()["Bench"]]
    assert shown == ["sensor.bench_mode", "sensor.bench_granted", "select.bench_mode"]


def test_the_fuse_and_the_limit_of_a_connector_can_be_changed() -> None:
    for heading, entity in (("Site", "number.fuse"), ("Left", "number.left_limit")):
        (card,) = (card for card in sections()[heading] if card["entity"] == entity)
        assert card["features"] == [{"type": "numeric-input", "style": "slider"}]


def test_history_shows_the_grid_and_each_share() -> None:
    graphs = {card["title"]: card["entities"] for card in sections()["History"]}
    assert graphs == {
        "Grid connection": [{"entity": "sensor.grid_l1", "name": "L1"}],
        "Granted": [{"entity": "sensor.left_granted", "name": "Left"}],
    }
