"""A site is set up, reconfigured and unloaded; what fails on the way leaves nothing behind."""

from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ev_charger_pool import async_remove_config_entry_device
from custom_components.ev_charger_pool.const import DOMAIN
from custom_components.ev_charger_pool.devices import circuit_device, member_device, site_device
from custom_components.ev_charger_pool.simulator.site import SimulatorError
from custom_components.ev_charger_pool.simulator.standard import StandardSite
from tests.common import (
    Workshop,
    advance,
    charger,
    connector,
    coordinator_of,
    site_entry,
    subentry,
    supply,
)

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


async def set_up(hass: HomeAssistant, *subentries: Any, **data: Any) -> MockConfigEntry:
    entry = site_entry(*subentries, **data)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    return entry


def change(hass: HomeAssistant, entry: MockConfigEntry, subentry_id: str, **changes: Any) -> None:
    subentry = entry.subentries[subentry_id]
    hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, **changes})


def add(hass: HomeAssistant, entry: MockConfigEntry, data: Any) -> None:
    made = ConfigSubentry(**{**data, "data": MappingProxyType(dict(data["data"]))})
    hass.config_entries.async_add_subentry(entry, made)


async def test_the_device_tree(hass: HomeAssistant, workshop: Workshop) -> None:
    entry = await set_up(
        hass,
        charger("garage", 2),
        charger("single"),
        supply("bench"),
        subentry("cellar", "circuit", parent="grid", fuse_a=16.0, meter={}),
    )
    registry = dr.async_get(hass)

    def device(identifier: str) -> dr.DeviceEntry:
        found = registry.async_get_device_by_identifier((DOMAIN, identifier), entry.entry_id)
        assert found is not None
        return found

    site = device(entry.entry_id)
    assert site.name == "Home"
    for key in ("garage", "single", "bench", "cellar"):
        assert device(key).via_device_id == site.id
        assert device(key).config_subentry_id == key
    child = registry.async_get_child_device_by_identifier((DOMAIN, "garage:2"), entry.entry_id)
    assert child is not None
    assert child.parent_device_id == device("garage").id
    assert child.config_subentry_id == "garage"
    assert child.name == "Connector 2"
    coordinator = coordinator_of(entry)
    assert member_device(coordinator, "garage:2") == {
        "identifiers": {(DOMAIN, "garage:2")},
        "parent_device_id": device("garage").id,
    }
    assert member_device(coordinator, "bench") == {"identifiers": {(DOMAIN, "bench")}}
    assert circuit_device(coordinator, "cellar") == {"identifiers": {(DOMAIN, "cellar")}}
    assert circuit_device(coordinator, "grid") == site_device(coordinator)
    with pytest.raises(KeyError):
        member_device(coordinator, "nobody:1")


class TestChanges:
    """Subentries and the site's own form change while everything else goes on."""

    @pytest.fixture
    async def entry(self, hass: HomeAssistant, workshop: Workshop) -> MockConfigEntry:
        return await set_up(hass, charger("garage"), charger("yard"), supply("bench"))

    async def test_a_charger_is_added(
        self, hass: HomeAssistant, workshop: Workshop, entry: MockConfigEntry
    ) -> None:
        coordinator = coordinator_of(entry)
        appeared: list[str] = []
        coordinator.showcase.async_add_member_listener(appeared.append)
        add(hass, entry, charger("attic"))
        await hass.async_block_till_done()
        assert workshop.made == ["garage", "yard", "bench", "attic"]
        assert coordinator_of(entry) is coordinator
        assert "attic:1" in coordinator.data.members
        assert appeared[-1] == "attic:1"

    async def test_a_charger_moves_to_a_circuit(
        self, hass: HomeAssistant, workshop: Workshop, entry: MockConfigEntry
    ) -> None:
        add(hass, entry, subentry("cellar", "circuit", parent="grid", fuse_a=10.0, meter={}))
        change(hass, entry, "garage", circuit="cellar")
        change(hass, entry, "bench", max_power_w=100.0)
        await hass.async_block_till_done()
        data = coordinator_of(entry).data
        assert workshop.made == ["garage", "yard", "bench"], "no link was touched"
        assert data.members["garage:1"].settings.circuit == "cellar"
        assert data.circuits["cellar"].circuit.limit_a.l1 == 10.0
        assert set(data.circuits) == {"grid", "cellar"}

    async def test_only_the_charger_that_changed_starts_anew(
        self, hass: HomeAssistant, workshop: Workshop, entry: MockConfigEntry
    ) -> None:
        before = workshop.charger("garage")
        change(hass, entry, "garage", connectors={"1": connector(max_current_a=10.0)})
        await hass.async_block_till_done()
        assert workshop.made == ["garage", "yard", "bench", "garage"]
        assert before.is_closed
        assert not workshop.charger("yard").is_closed
        assert not workshop.charger("garage").is_closed
        settings = coordinator_of(entry).data.members["garage:1"].settings
        assert settings.max_current_a == 10.0
        workshop.charger("garage").plug()
        await hass.async_block_till_done()
        assert coordinator_of(entry).data.members["garage:1"].state.is_ev_connected

    async def test_a_charger_and_a_circuit_are_removed(
        self, hass: HomeAssistant, workshop: Workshop, entry: MockConfigEntry
    ) -> None:
        add(hass, entry, subentry("cellar", "circuit", parent="grid", fuse_a=10.0, meter={}))
        change(hass, entry, "garage", circuit="cellar")
        await hass.async_block_till_done()
        coordinator = coordinator_of(entry)
        await coordinator.commands.async_set_user_limit("yard:1", 8.0)
        await coordinator.commands.async_set_circuit_limit("cellar", 8.0)
        workshop.charger("yard").plug()
        hass.config_entries.async_remove_subentry(entry, "yard")
        hass.config_entries.async_remove_subentry(entry, "cellar")
        await hass.async_block_till_done()
        assert workshop.charger("yard").is_closed
        assert not workshop.charger("garage").is_closed
        assert set(coordinator.data.members) == {"garage:1", "bench"}
        assert set(coordinator.data.circuits) == {"grid"}
        assert coordinator.data.members["garage:1"].settings.circuit == "grid"
        assert coordinator.wishes.members == {}
        assert coordinator.wishes.circuit_limits_a == {}
        sessions = await coordinator.journal.async_sessions(dt_util.utcnow() - timedelta(days=1))
        assert [session.ended_at is not None for session in sessions] == [True]
        registry = dr.async_get(hass)
        assert registry.async_get_device_by_identifier((DOMAIN, "yard"), entry.entry_id) is None

    async def test_the_main_fuse_is_lowered(
        self, hass: HomeAssistant, workshop: Workshop, entry: MockConfigEntry
    ) -> None:
        coordinator = coordinator_of(entry)
        hass.config_entries.async_update_entry(
            entry, data={**entry.data, "fuse_a": 16.0, "meter": {"power": "sensor.house"}}
        )
        await hass.async_block_till_done()
        assert coordinator_of(entry) is coordinator
        assert coordinator.data.circuits["grid"].circuit.limit_a.l1 == 16.0
        assert workshop.made == ["garage", "yard", "bench"]

    async def test_the_fail_safe_reaches_the_stations(
        self, hass: HomeAssistant, workshop: Workshop, entry: MockConfigEntry
    ) -> None:
        plain = connector()
        del plain["fail_safe_current_a"]
        change(hass, entry, "garage", connectors={"1": plain})
        await hass.async_block_till_done()
        hass.config_entries.async_update_entry(
            entry, data={**entry.data, "fail_safe_current_a": 6.0}
        )
        await hass.async_block_till_done()
        assert workshop.made.count("garage") == 2
        assert workshop.made.count("yard") == 1
        settings = coordinator_of(entry).data.members["garage:1"].settings
        assert settings.fail_safe_a == 6.0

    async def test_a_new_port_needs_a_new_start(
        self, hass: HomeAssistant, workshop: Workshop, entry: MockConfigEntry
    ) -> None:
        coordinator = coordinator_of(entry)
        hass.config_entries.async_update_entry(entry, data={**entry.data, "ocpp_port": 9100})
        await hass.async_block_till_done()
        assert coordinator_of(entry) is not coordinator
        assert workshop.central.ports == [9000, 9100]

    async def test_a_new_name_is_shown(
        self, hass: HomeAssistant, workshop: Workshop, entry: MockConfigEntry
    ) -> None:
        hass.config_entries.async_update_entry(entry, title="House")
        await hass.async_block_till_done()
        device = dr.async_get(hass).async_get_device_by_identifier(
            (DOMAIN, entry.entry_id), entry.entry_id
        )
        assert device is not None
        assert device.name == "House"
        assert workshop.made == ["garage", "yard", "bench"]


async def test_a_failed_start_leaves_nothing_behind(
    hass: HomeAssistant, workshop: Workshop, tmp_path: Path
) -> None:
    """The journal's place is taken by something that is no file."""
    (tmp_path / ".storage" / f"{DOMAIN}.01SITE.db").mkdir(parents=True)
    entry = site_entry(charger("garage"))
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    state = entry.state
    assert state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "journal_unavailable"
    assert workshop.made == []
    (tmp_path / ".storage" / f"{DOMAIN}.01SITE.db").rmdir()
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED


async def test_a_start_that_fails_late_closes_what_was_opened(
    hass: HomeAssistant, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("a platform has a fault")

    with monkeypatch.context() as patch:
        patch.setattr(hass.config_entries, "async_forward_entry_setups", broken)
        entry = site_entry(charger("garage"))
        entry.add_to_hass(hass)
        assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert workshop.charger("garage").is_closed
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert not workshop.charger("garage").is_closed


async def test_a_failed_unload_goes_on(
    hass: HomeAssistant, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await set_up(hass, charger("garage"))

    async def refuse(*_: Any) -> bool:
        return False

    with monkeypatch.context() as patch:
        patch.setattr(hass.config_entries, "async_unload_platforms", refuse)
        assert not await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.FAILED_UNLOAD
    assert not workshop.charger("garage").is_closed
    workshop.charger("garage").plug()
    await hass.async_block_till_done()
    assert coordinator_of(entry).data.members["garage:1"].state.is_ev_connected
    await coordinator_of(entry).async_close()
    await entry._async_process_on_unload(hass)


async def test_the_stop_event_closes_everything(hass: HomeAssistant, workshop: Workshop) -> None:
    entry = await set_up(hass, charger("garage"))
    coordinator = coordinator_of(entry)
    workshop.charger("garage").plug()
    await hass.async_block_till_done()
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    assert workshop.charger("garage").is_closed
    assert not coordinator.journal.is_open
    await coordinator.async_close()
    assert [call.what for call in workshop.charger("garage").calls if call.what != "apply"] == []


async def test_a_device_that_does_not_close_keeps_nobody(
    hass: HomeAssistant, workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    entry = await set_up(hass, charger("rude"), charger("polite"))
    workshop.charger("rude").close_error = RuntimeError("I stay")
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert workshop.charger("polite").is_closed
    assert "could not be closed cleanly" in caplog.text


async def test_a_removed_site_leaves_no_files(
    hass: HomeAssistant, workshop: Workshop, tmp_path: Path, hass_storage: dict[str, Any]
) -> None:
    entry = await set_up(hass, charger("garage"))
    await coordinator_of(entry).commands.async_set_user_limit("garage:1", 8.0)
    storage = tmp_path / ".storage"
    assert (storage / f"{DOMAIN}.01SITE.db").is_file()
    assert f"{DOMAIN}.01SITE.wishes" in hass_storage
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert list(storage.glob(f"{DOMAIN}.*")) == []
    assert f"{DOMAIN}.01SITE.wishes" not in hass_storage


async def test_only_stale_devices_may_be_removed(hass: HomeAssistant, workshop: Workshop) -> None:
    entry = await set_up(hass, charger("garage"), supply("bench"))
    registry = dr.async_get(hass)
    stale = registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, "gone")}
    )
    assert await async_remove_config_entry_device(hass, entry, stale)
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        if device.id != stale.id:
            assert not await async_remove_config_entry_device(hass, entry, device)


async def test_a_change_does_not_hurry_a_device_that_cannot_be_made(
    hass: HomeAssistant, workshop: Workshop, freezer: FrozenDateTimeFactory
) -> None:
    workshop.broken = {"lost"}
    entry = await set_up(hass, charger("lost"), charger("garage"))
    for fuse_a in (20.0, 21.0):
        hass.config_entries.async_update_entry(entry, data={**entry.data, "fuse_a": fuse_a})
        await hass.async_block_till_done()
    assert workshop.made.count("lost") == 3
    await advance(hass, freezer, 31)
    assert workshop.made.count("lost") == 4, "one more try, not one for each change"


async def test_a_change_that_comes_with_the_end_makes_nothing(
    hass: HomeAssistant, workshop: Workshop
) -> None:
    entry = await set_up(hass, charger("garage"))
    coordinator = coordinator_of(entry)
    await coordinator.async_close()
    add(hass, entry, charger("attic"))
    await hass.async_block_till_done()
    assert workshop.made == ["garage"]
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_the_actions_are_there(hass: HomeAssistant, workshop: Workshop) -> None:
    await set_up(hass)
    assert {"set_limit", "clear_limit", "start", "stop"} <= set(
        hass.services.async_services_for_domain(DOMAIN)
    )


class TestSimulatedSite:
    """A simulated site is started with its entry, and stopped with it."""

    @pytest.fixture
    def stopped(self, monkeypatch: pytest.MonkeyPatch) -> list[StandardSite]:
        """Stand where simulated sites are started; the answer lists those that were stopped."""
        stopped: list[StandardSite] = []

        class Simulated:
            def __init__(self, spec: StandardSite) -> None:
                self.spec = spec

            async def async_stop(self) -> None:
                stopped.append(self.spec)

        async def start(spec: StandardSite) -> Simulated:
            if spec.seed == 13:
                raise SimulatorError("port 1502 is taken")
            return Simulated(spec)

        monkeypatch.setattr("custom_components.ev_charger_pool.async_start_simulator", start)
        return stopped

    def entry(self, seed: int) -> MockConfigEntry:
        ports = {"heidelberg_port": 1502, "keba_port": 1503, "supply_port": 1504}
        return site_entry(simulator={"seed": seed, "speed": 2.0, **ports})

    async def test_it_lives_as_long_as_the_entry_is_loaded(
        self, hass: HomeAssistant, workshop: Workshop, stopped: list[StandardSite]
    ) -> None:
        entry = self.entry(7)
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        assert coordinator_of(entry).simulated_site is not None
        assert stopped == []
        assert await hass.config_entries.async_unload(entry.entry_id)
        assert [(spec.seed, spec.speed, spec.ocpp_port) for spec in stopped] == [(7, 2.0, 9000)]

    async def test_one_that_cannot_start_says_why(
        self, hass: HomeAssistant, workshop: Workshop, stopped: list[StandardSite]
    ) -> None:
        entry = self.entry(13)
        entry.add_to_hass(hass)
        assert not await hass.config_entries.async_setup(entry.entry_id)
        assert entry.state is ConfigEntryState.SETUP_RETRY
        assert entry.error_reason_translation_key == "simulator_failed"
        assert entry.error_reason_translation_placeholders == {"error": "port 1502 is taken"}

    async def test_it_is_stopped_when_the_site_cannot_start(
        self,
        hass: HomeAssistant,
        workshop: Workshop,
        stopped: list[StandardSite],
        tmp_path: Path,
    ) -> None:
        (tmp_path / ".storage" / f"{DOMAIN}.01SITE.db").mkdir(parents=True)
        entry = self.entry(7)
        entry.add_to_hass(hass)
        assert not await hass.config_entries.async_setup(entry.entry_id)
        assert [spec.seed for spec in stopped] == [7]
