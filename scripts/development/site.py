"""Add the simulated site and a dashboard that shows it."""

from typing import Any

from .client import Client, Json, SetUpError
from .dashboard import build_dashboard

DOMAIN = "ev_charger_pool"
SIMULATED_STEP = "simulated"
DASHBOARD_PATH = "ev-charger-pool"
DASHBOARD_TITLE = "EV Charger Pool"
DASHBOARD_ICON = "mdi:ev-station"


async def add_simulated_site(client: Client) -> None:
    """Add a simulated site through the flow that users see, with what it proposes, if there is none.

    Raises:
        SetUpError: If the flow does not end in a site.
    """
    if await client.request("GET", f"/api/config/config_entries/entry?domain={DOMAIN}"):
        return
    result = await client.request("POST", "/api/config/config_entries/flow", {"handler": DOMAIN})
    while result["type"] in {"menu", "form"}:
        if result.get("errors"):
            raise SetUpError(f"the flow refused what it proposed itself: {result['errors']}")
        answer = (
            {"next_step_id": SIMULATED_STEP}
            if result["type"] == "menu"
            else _proposed(result["data_schema"])
        )
        result = await client.request(
            "POST", f"/api/config/config_entries/flow/{result['flow_id']}", answer
        )
    if result["type"] != "create_entry":
        raise SetUpError(f"the flow ended with {result['type']}: {result.get('reason')}")


def _proposed(schema: list[Json]) -> dict[str, Any]:
    """Return what a form proposes for its fields, sections included."""
    answer: dict[str, Any] = {}
    for field in schema:
        if field.get("type") == "expandable":
            answer[field["name"]] = _proposed(field["schema"])
        elif "default" in field:
            answer[field["name"]] = field["default"]
        elif suggestion := (field.get("description") or {}).get("suggested_value"):
            answer[field["name"]] = suggestion
    return answer


async def make_dashboard(client: Client) -> str:
    """Create the dashboard, or renew it; return its path."""
    dashboards = await client.command("lovelace/dashboards/list")
    if not any(dashboard["url_path"] == DASHBOARD_PATH for dashboard in dashboards):
        await client.command(
            "lovelace/dashboards/create",
            url_path=DASHBOARD_PATH,
            title=DASHBOARD_TITLE,
            icon=DASHBOARD_ICON,
        )
    entities = [
        entity
        for entity in await client.command("config/entity_registry/list")
        if entity["platform"] == DOMAIN and not entity["disabled_by"] and not entity["hidden_by"]
    ]
    devices = {
        device["id"]: device for device in await client.command("config/device_registry/list")
    }
    fuse = next(e["entity_id"] for e in entities if e["translation_key"] == "main_fuse_limit")
    fuse_a = (await client.request("GET", f"/api/states/{fuse}"))["attributes"]["max"]
    await client.command(
        "lovelace/config/save",
        url_path=DASHBOARD_PATH,
        config=build_dashboard(entities, devices, fuse_a),
    )
    return DASHBOARD_PATH
