"""The simulated site as a user gets it: WebSockets, Modbus, entities and time are real."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ev_charger_pool.const import CONF_FUSE, DOMAIN
from custom_components.ev_charger_pool.coordinator import SiteCoordinator
from custom_components.ev_charger_pool.flows.simulated import async_simulated_entry
from tests.common import coordinator_of

pytestmark = [pytest.mark.usefixtures("socket_enabled"), pytest.mark.timeout(240)]


async def wait_for(site: SiteCoordinator, what: Callable[[], bool], within_s: float) -> None:
    """Wait until something is so after a decision."""
    is_so = asyncio.Event()
    leave = site.showcase.async_add_listener(lambda: is_so.set() if what() else None)
    try:
        async with asyncio.timeout(within_s):
            await is_so.wait()
    finally:
        leave()


def charging(site: SiteCoordinator) -> list[str]:
    """Return the members that draw what they are granted."""
    return [
        member
        for member, view in site.data.members.items()
        if view.status is not None
        and view.status.granted_a > 0
        and view.connector is not None
        and view.connector.current_a is not None
        and max(amps or 0.0 for amps in view.connector.current_a.value) > 1.0
    ]


async def test_the_simulated_site_charges_behind_its_fuse(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    hass.config.config_dir = str(tmp_path)
    made = await async_simulated_entry(hass, {"name": "Trial", "seed": 1, "speed": 4.0})
    entry = MockConfigEntry(
        domain=DOMAIN, title=made.title, data=made.data, subentries_data=made.subentries
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    site = coordinator_of(entry)
    assert len(site.data.members) == 6
    simulated = site.simulated_site
    assert simulated is not None
    loads_a: list[float] = []
    simulated.subscribe(lambda: loads_a.extend(simulated.house.grid_current_a))
    await wait_for(site, lambda: len(charging(site)) >= 2, within_s=150)
    assert max(loads_a) <= 25.0 * 1.45
    assert all(device.online for device in site.fleet.devices.values())
    granted = sum(
        view.status.granted_a for view in site.data.members.values() if view.status is not None
    )

    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_FUSE: 10.0})
    await wait_for(site, lambda: max(simulated.house.grid_current_a) <= 10.5, within_s=30)
    lowered = sum(
        view.status.granted_a for view in site.data.members.values() if view.status is not None
    )
    assert lowered < granted
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
