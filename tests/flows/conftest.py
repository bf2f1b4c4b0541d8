"""A site to add things to, that does nothing by itself, and devices that answer a try."""

from collections.abc import Callable

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components import ev_charger_pool
from custom_components.ev_charger_pool.flows.fields import FieldError
from custom_components.ev_charger_pool.modbus.connection import ModbusConnection
from custom_components.ev_charger_pool.modbus.schema import Profile
from tests.pool_double import make_entry


@pytest.fixture
def set_up_sites(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Set sites up without doing anything; return the list of those that were."""
    done: list[str] = []

    async def async_setup_entry(_: HomeAssistant, entry: MockConfigEntry) -> bool:
        done.append(entry.title)
        return True

    async def async_unload_entry(_: HomeAssistant, entry: MockConfigEntry) -> bool:
        return True

    monkeypatch.setattr(ev_charger_pool, "async_setup_entry", async_setup_entry)
    monkeypatch.setattr(ev_charger_pool, "async_unload_entry", async_unload_entry)
    return done


@pytest.fixture
async def site(hass: HomeAssistant, set_up_sites: list[str]) -> MockConfigEntry:
    """Return a site that is set up."""
    entry = make_entry()
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    return entry


type Answer = Callable[[FieldError | None], None]


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every Modbus device answer; return the list of those that were tried."""
    found: list[str] = []

    async def async_probe(
        _: HomeAssistant, profile: Profile, connection: ModbusConnection
    ) -> FieldError | None:
        found.append(f"{profile.id} at {connection}")
        return None

    monkeypatch.setattr(
        "custom_components.ev_charger_pool.flows.connection.async_probe", async_probe
    )
    return found


@pytest.fixture
def no_answer(monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Let every Modbus device be out of reach, in the way that the test says."""

    def answer(error: FieldError | None) -> None:
        async def async_probe(*_: object) -> FieldError | None:
            return error

        monkeypatch.setattr(
            "custom_components.ev_charger_pool.flows.connection.async_probe", async_probe
        )

    return answer
