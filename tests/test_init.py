"""A site is set up, reconfigured and unloaded; what fails on the way leaves nothing behind."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest

from tests.common import Workshop, charger, coordinator_of, site_entry, supply

pytestmark = pytest.mark.usefixtures("without_entities")


async def test_set_up_and_unload(hass: HomeAssistant, workshop: Workshop) -> None:
    entry = site_entry(charger("garage", 2), supply("bench"))
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert set(coordinator_of(entry).data.members) == {"garage:1", "garage:2", "bench"}
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert workshop.charger("garage").is_closed
    assert workshop.supply("bench").is_closed
