"""Set up and unload one site."""

from pathlib import Path

from homeassistant.const import EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.device_registry import AnyDeviceEntry
from homeassistant.helpers.typing import ConfigType
from homeassistant.util import dt as dt_util

from .balancing.controller import SiteController
from .battery_lock import async_remove_lock
from .const import CONF_SIMULATOR, DOMAIN
from .coordinator import PoolConfigEntry, SiteCoordinator
from .devices import is_stale
from .errors import ErrorKey, not_ready
from .frontend import async_setup_frontend
from .journal import Journal, JournalUnavailableError
from .repairs import async_track_problems
from .services import async_setup_services
from .simulator.site import SimulatedSite, SimulatorError, async_start_simulator
from .simulator.standard import StandardSite
from .vehicle_memory import VehicleMemory
from .websocket_api import async_setup_websocket_api
from .wishes import WishStore

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.DATETIME,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:  # noqa: ARG001
    """Register actions, commands and the card; they are there as long as Home Assistant runs."""
    async_setup_services(hass)
    async_setup_websocket_api(hass)
    await async_setup_frontend(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: PoolConfigEntry) -> bool:
    """Set up a site: open its journal, start its coordinator, show its entities."""
    coordinator = await _async_open(hass, entry)
    entry.runtime_data = coordinator

    async def stop(_: Event) -> None:
        await coordinator.async_close()

    try:
        await coordinator.async_run()
        await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    except BaseException:
        await coordinator.async_close()
        raise
    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, stop))
    entry.async_on_unload(entry.add_update_listener(_async_updated))
    entry.async_on_unload(async_track_problems(coordinator))
    return True


async def async_unload_entry(hass: HomeAssistant, entry: PoolConfigEntry) -> bool:
    """Unload a site: everything is closed, and the leases are left to lapse."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.async_close()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: PoolConfigEntry) -> None:
    """Delete what a site kept."""
    await WishStore(hass, entry.entry_id).async_remove()
    await VehicleMemory(hass, entry.entry_id).async_remove()
    await async_remove_lock(hass, entry.entry_id)
    await hass.async_add_executor_job(_delete_journal, _journal_path(hass, entry))


async def async_remove_config_entry_device(
    hass: HomeAssistant,  # noqa: ARG001
    config_entry: PoolConfigEntry,
    device_entry: AnyDeviceEntry,
) -> bool:
    """Let a device be removed that belongs to nothing that is configured."""
    return is_stale(config_entry.runtime_data.config, config_entry.entry_id, device_entry)


async def _async_updated(hass: HomeAssistant, entry: PoolConfigEntry) -> None:  # noqa: ARG001
    await entry.runtime_data.async_reconfigure()


async def _async_open(hass: HomeAssistant, entry: PoolConfigEntry) -> SiteCoordinator:
    simulated_site = await _async_start_simulator(entry)
    wishes = WishStore(hass, entry.entry_id)
    await wishes.async_load()
    memory = VehicleMemory(hass, entry.entry_id)
    await memory.async_load()
    journal = Journal(_journal_path(hass, entry))
    try:
        kept = await journal.async_open(dt_util.utcnow())
    except JournalUnavailableError as error:
        if simulated_site is not None:
            await simulated_site.async_stop()
        raise not_ready(
            ErrorKey.JOURNAL_UNAVAILABLE, path=str(journal.path), error=str(error)
        ) from error
    return SiteCoordinator(
        hass, entry, SiteController(), journal, wishes, memory, kept, simulated_site
    )


async def _async_start_simulator(entry: PoolConfigEntry) -> SimulatedSite | None:
    if CONF_SIMULATOR not in entry.data:
        return None
    try:
        return await async_start_simulator(StandardSite.from_data(entry.data))
    except SimulatorError as error:
        raise not_ready(ErrorKey.SIMULATOR_FAILED, error=str(error)) from error


def _journal_path(hass: HomeAssistant, entry: PoolConfigEntry) -> Path:
    # Beside the other private data of the installation: it is in the backups, and out of the
    # way of whoever edits the configuration.
    return Path(hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}.db"))


def _delete_journal(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
