"""The dashboard of the development site shows each device once, with what it has."""

from typing import Any

from scripts.development.dashboard import build_dashboard

DEVICES: dict[str, dict[str, Any]] = {
    "site": {"name": "Site", "name_by_user": None},
    "house": {"name": "House", "name_by_user": None},
    "garage": {"name": "Garage", "name_by_user": None},
    "only": {"name": "Connector", "name_by_user": None, "parent_device_id": "garage"},
    "yard": {"name": "Yard", "name_by_user": None},
    "left": {"name": "Connector 1", "name_by_user": "Left", "parent_device_id": "yard"},
    "right": {"name": "Connector 2", "name_by_user": None, "parent_device_id": "yard"},
    "bench": {"name": "Bench", "name_by_user": None},
}


def an_entity(device: str, entity_id: str, key: str | None) -> dict[str, Any]:
    """Return a row of the entity registry."""
    return {"device_id": device, "entity_id": entity_id, "translation_key": key}


ENTITIES = [
    an_entity("site", "sensor.pool_power", "pool_power"),
    an_entity("site", "sensor.grid_l1", "grid_current_l1"),
    an_entity("site", "number.fuse", "main_fuse_limit"),
    an_entity("site", "binary_sensor.problem", "problem"),
    an_entity("house", "sensor.house", "house_power"),
    an_entity("only", "sensor.only_granted", "granted_current"),
    an_entity("left", "sensor.left_granted", "granted_current"),
    an_entity("left", "sensor.left_l1", "current_l1"),
    an_entity("left", "number.left_limit", "current_limit"),
    an_entity("left", "sensor.left_power", "power"),
    an_entity("right", "sensor.right_granted", "granted_current"),
    an_entity("bench", "sensor.bench_granted", "granted_power"),
    an_entity("bench", "sensor.bench_mode", "supply_mode"),
    an_entity("bench", "select.bench_mode", "supply_mode"),
    an_entity("bench", "sensor.unnamed", None),
]


def view() -> dict[str, Any]:
    """Return the only view of the dashboard."""
    (view,) = build_dashboard(ENTITIES, DEVICES, fuse_a=25.0)["views"]
    assert isinstance(view, dict)
    return view


def sections() -> dict[str, list[dict[str, Any]]]:
    """Return the cards of each section by its heading."""
    return {section["cards"][0]["heading"]: section["cards"][1:] for section in view()["sections"]}


def test_each_member_has_a_section_under_the_name_that_a_person_would_use() -> None:
    assert list(sections()) == [
        "Grid connection",
        "Grid current",
        "Granted currents",
        "Who got what and why",
        "Garage",
        "Yard Connector 2",
        "Yard Left",
        "Bench",
    ]


def test_gauges_of_the_grid_end_at_the_fuse() -> None:
    gauges = [card for card in sections()["Grid connection"] if card["type"] == "gauge"]
    assert [(card["entity"], card["max"]) for card in gauges] == [("sensor.grid_l1", 25.0)]


def test_entities_of_one_key_are_told_apart_by_domain() -> None:
    shown = [card["entity"] for card in sections()["Bench"] if card["type"] == "tile"]
    assert shown == ["sensor.bench_mode", "sensor.bench_granted", "select.bench_mode"]


def test_the_fuse_and_the_limit_of_a_connector_can_be_changed() -> None:
    for heading, entity in (("Grid connection", "number.fuse"), ("Yard Left", "number.left_limit")):
        (card,) = (card for card in sections()[heading] if card.get("entity") == entity)
        assert card["features"] == [{"type": "numeric-input", "style": "slider"}]


def test_graphs_show_the_grid_and_what_each_member_was_granted_and_drew() -> None:
    graphs = {
        heading: [row["entity"] for card in cards for row in card.get("entities", ())]
        for heading, cards in sections().items()
        if any(card["type"] == "history-graph" for card in cards)
    }
    assert graphs == {
        "Grid current": ["sensor.grid_l1"],
        "Granted currents": [
            "sensor.only_granted",
            "sensor.right_granted",
            "sensor.left_granted",
        ],
        "Garage": ["sensor.only_granted"],
        "Yard Connector 2": ["sensor.right_granted"],
        "Yard Left": ["sensor.left_granted", "sensor.left_l1"],
        "Bench": ["sensor.bench_granted"],
    }


def test_the_shares_of_the_sessions_are_shown() -> None:
    (card,) = sections()["Who got what and why"]
    assert (card["type"], card["period"]) == ("custom:ev-charger-pool-shares", "session")


def test_the_head_of_the_page_says_what_is_shared_and_whether_all_is_well() -> None:
    shown = view()
    assert "# Site" in shown["header"]["card"]["content"]
    assert "4 members share 25 A" in shown["header"]["card"]["content"]
    assert [badge["entity"] for badge in shown["badges"]] == [
        "sensor.pool_power",
        "binary_sensor.problem",
        "sensor.house",
    ]
