"""The port for stations: opened, taken and opened later, and the strangers that knock there."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.ev_charger_pool.balancing.contract import ProblemKind
from custom_components.ev_charger_pool.chargers.ocpp import UnknownStation
from tests.common import Workshop, advance, charger, coordinator_of, measure, site_entry

pytestmark = pytest.mark.usefixtures("without_entities")


async def test_i8_a_port_that_is_taken_stops_nobody(
    hass: HomeAssistant,
    workshop: Workshop,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    workshop.central.taken = True
    entry = site_entry(charger("garage"))
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)

    def problems() -> set[ProblemKind]:
        return {problem.kind for problem in coordinator_of(entry).data.problems}

    await advance(hass, freezer, 65, lambda: measure(hass, 1.0, 1.0, 1.0))
    assert ProblemKind.OCPP_PORT_TAKEN in problems()
    assert caplog.text.count("Port 9000 is taken by a test") == 1
    workshop.charger("garage").plug()
    await hass.async_block_till_done()
    assert coordinator_of(entry).data.members["garage:1"].state.is_ev_connected

    workshop.central.taken = False
    await advance(hass, freezer, 31, lambda: measure(hass, 1.0, 1.0, 1.0))
    assert ProblemKind.OCPP_PORT_TAKEN not in problems()
    assert workshop.central.ports == [9000]


async def test_a_site_that_is_unloaded_stops_trying(
    hass: HomeAssistant, workshop: Workshop, freezer: FrozenDateTimeFactory
) -> None:
    workshop.central.taken = True
    entry = site_entry()
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert await hass.config_entries.async_unload(entry.entry_id)
    workshop.central.taken = False
    await advance(hass, freezer, 40)
    assert workshop.central.ports == []


async def test_a_stranger_is_shown_as_discovered(
    hass: HomeAssistant, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = site_entry()
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    flows: list[dict[str, Any]] = []

    def create(_: HomeAssistant, domain: str, **flow: Any) -> None:
        flows.append({"domain": domain, **flow})

    monkeypatch.setattr("homeassistant.helpers.discovery_flow.async_create_flow", create)
    (listener,) = workshop.central.listeners
    listener(UnknownStation(identity="NEW", vendor="Acme", model="W1", serial=None, connectors=2))
    assert flows == [
        {
            "domain": "ev_charger_pool",
            "context": {"source": "integration_discovery"},
            "data": {
                "driver": "ocpp",
                "station": "NEW",
                "vendor": "Acme",
                "model": "W1",
                "connectors": 2,
            },
        }
    ]
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert workshop.central.listeners == []
