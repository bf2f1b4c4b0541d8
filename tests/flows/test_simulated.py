"""A simulated site is created at once, with everything on it."""

import socket
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.ev_charger_pool.config import PoolConfig
from custom_components.ev_charger_pool.const import DOMAIN
from custom_components.ev_charger_pool.flows.context import context_of_entry
from custom_components.ev_charger_pool.simulator.standard import StandardSite
from tests.flows.forms import async_answer

pytestmark = pytest.mark.usefixtures("socket_enabled")

FORM: dict[str, Any] = {"name": "Simulated site", "seed": 7, "speed": 10.0}


async def async_begin(hass: HomeAssistant) -> ConfigFlowResult:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    return await async_answer(hass, result, {"next_step_id": "simulated"})


async def test_a_simulated_site_is_created_with_all_its_members(
    hass: HomeAssistant, set_up_sites: list[str]
) -> None:
    result = await async_answer(hass, await async_begin(hass), FORM)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert set_up_sites == ["Simulated site"]
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    # It is read back by those who set it up.
    spec = StandardSite.from_data(entry.data)
    assert (spec.seed, spec.speed) == (7, 10.0)
    config = PoolConfig.from_entry(entry)
    assert config.site.fuse_a.l1 == 25.0
    assert sum(len(charger.connectors) for charger in config.chargers.values()) == 5
    assert [charger.driver for charger in config.chargers.values()] == [
        "ocpp",
        "ocpp",
        "modbus",
        "modbus",
    ]
    assert len(config.supplies) == 1
    assert all(subentry.unique_id for subentry in entry.subentries.values())
    assert config.site.meter.current.l1 == "sensor.simulated_house_grid_current_l1"
    assert config.site.solar == ("sensor.simulated_house_solar_power",)
    assert config.site.battery == ("sensor.simulated_house_battery_power",)
    assert config.site.energy.battery_soc == ("sensor.simulated_house_battery_soc",)
    plant = spec.plant
    assert plant.sun is not None
    assert plant.battery is not None
    assert config.site.solar_phases == plant.sun.phases, "it tells the truth of itself"
    assert config.site.battery_phases == plant.battery.phases


async def test_its_ports_are_free_and_differ(hass: HomeAssistant, set_up_sites: list[str]) -> None:
    result = await async_answer(hass, await async_begin(hass), FORM)
    spec = StandardSite.from_data(result["data"])
    ports = {spec.ocpp_port, spec.heidelberg_port, spec.keba_port, spec.supply_port}
    assert len(ports) == 4
    for port in ports:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))


async def test_another_port_is_taken_where_the_usual_one_is_in_use(
    hass: HomeAssistant, set_up_sites: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]
        monkeypatch.setattr(
            "custom_components.ev_charger_pool.flows.simulated.DEFAULT_OCPP_PORT", taken
        )
        result = await async_answer(hass, await async_begin(hass), FORM)
    assert result["data"]["ocpp_port"] not in {0, taken}


async def test_sr1_its_fail_safes_add_up(hass: HomeAssistant, set_up_sites: list[str]) -> None:
    await async_answer(hass, await async_begin(hass), FORM)
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    context = context_of_entry(entry)
    assert all(context.fail_safe_sum("grid")[phase] <= 12.5 for phase in context.phases)


async def test_its_meter_finds_free_names(hass: HomeAssistant, set_up_sites: list[str]) -> None:
    er.async_get(hass).async_get_or_create(
        "sensor", "other", "1", suggested_object_id="simulated_house_solar_power"
    )
    result = await async_answer(hass, await async_begin(hass), FORM)
    assert result["data"]["solar"] == ["sensor.simulated_house_solar_power_2"]


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"name": " "}, {"name": "name_empty"}),
        ({"seed": -1}, {"seed": "seed_range"}),
        ({"seed": 1_000_001}, {"seed": "seed_range"}),
        ({"seed": 1.5}, {"seed": "seed_range"}),
        ({"speed": 0.5}, {"speed": "speed_range"}),
        ({"speed": 101.0}, {"speed": "speed_range"}),
    ],
)
async def test_an_impossible_simulation_is_told_at_its_field(
    hass: HomeAssistant, set_up_sites: list[str], wrong: dict[str, Any], errors: dict[str, str]
) -> None:
    result = await async_answer(hass, await async_begin(hass), {**FORM, **wrong})
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    result = await async_answer(hass, result, FORM)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_there_is_one_simulated_site(hass: HomeAssistant, set_up_sites: list[str]) -> None:
    await async_answer(hass, await async_begin(hass), FORM)
    result = await async_begin(hass)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "simulated_site_there"


@pytest.mark.usefixtures("site")
async def test_its_name_is_its_own(hass: HomeAssistant) -> None:
    result = await async_answer(hass, await async_begin(hass), {**FORM, "name": "Home"})
    assert result["errors"] == {"name": "name_taken"}
