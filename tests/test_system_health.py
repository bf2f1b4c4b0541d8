"""System information: what is open, connected and decided, of all sites together."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    get_system_health_info,
)

from custom_components.ev_charger_pool.const import DOMAIN
from scripts.checks.common import INTEGRATION, Findings, read_json
from tests.common import (
    Workshop,
    advance,
    charger,
    coordinator_of,
    measure,
    site_entry,
    supply,
)

pytestmark = pytest.mark.usefixtures("without_entities")

TAKEN = {"type": "failed", "error": "9000 in use by another program"}


def second_site() -> MockConfigEntry:
    other = site_entry(charger("yard"), ocpp_port=9001)
    return MockConfigEntry(
        domain=DOMAIN,
        entry_id="02SITE",
        title="Depot",
        data=dict(other.data),
        subentries_data=[charger("yard")],
    )


async def info(hass: HomeAssistant) -> dict[str, Any]:
    assert await async_setup_component(hass, "system_health", {})
    return await get_system_health_info(hass, DOMAIN)


async def test_all_sites_together(
    hass: HomeAssistant, workshop: Workshop, freezer: FrozenDateTimeFactory
) -> None:
    modbus = charger("barn", driver="modbus", profile="keba_p30", connection={"host": "192.0.2.8"})
    for entry in (site_entry(charger("garage", 2), modbus, supply("bench")), second_site()):
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
    workshop.charger("garage").plug(2)
    workshop.charger("barn").plug()
    await advance(hass, freezer, 2, lambda: measure(hass, 1.0, 1.0, 1.0))
    assert await info(hass) == {
        "sites": "2 / 2",
        "ocpp_port": "9000, 9001",
        "ocpp_stations": "1 / 2",
        "devices": "2 / 4",
        "last_decision": "0.0 s",
    }
    assert await hass.config_entries.async_unload("02SITE")
    found = await info(hass)
    assert (found["sites"], found["ocpp_port"]) == ("1 / 2", "9000")
    assert (found["ocpp_stations"], found["devices"]) == ("1 / 1", "2 / 3")


async def test_a_port_that_is_taken_is_a_failure(
    hass: HomeAssistant, workshop: Workshop, freezer: FrozenDateTimeFactory
) -> None:
    workshop.central.taken = True
    entry = site_entry()
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert (await info(hass))["ocpp_port"] == TAKEN
    workshop.central.taken = False
    await advance(hass, freezer, 31, lambda: measure(hass, 1.0, 1.0, 1.0))
    assert (await info(hass))["ocpp_port"] == "9000"


async def test_sr4_a_decision_that_is_too_old_is_a_failure(
    hass: HomeAssistant, workshop: Workshop, freezer: FrozenDateTimeFactory
) -> None:
    entry = site_entry(charger("garage"))
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await advance(hass, freezer, 1, lambda: measure(hass, 1.0, 1.0, 1.0))
    coordinator_of(entry).decisions.stop()
    freezer.tick(9.5)
    assert (await info(hass))["last_decision"] == "9.5 s"
    freezer.tick(1)
    assert (await info(hass))["last_decision"] == {"type": "failed", "error": "10.5 s"}


async def test_before_the_first_decision_there_is_none(
    hass: HomeAssistant, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "custom_components.ev_charger_pool.decisions.DecisionLoop.start", lambda _: None
    )
    entry = site_entry()
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert (await info(hass))["last_decision"] == {"type": "failed", "error": "none was made yet"}


async def test_a_site_that_is_not_loaded_tells_of_itself_only(
    hass: HomeAssistant, workshop: Workshop
) -> None:
    entry = site_entry()
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await info(hass) == {"sites": "0 / 1"}


@pytest.mark.parametrize("language", ["en", "de", "nl"])
async def test_everything_has_a_text(
    hass: HomeAssistant, workshop: Workshop, language: str
) -> None:
    entry = site_entry()
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    texts = read_json(INTEGRATION / "translations" / f"{language}.json", Findings())
    assert texts["system_health"]["info"].keys() == (await info(hass)).keys()
