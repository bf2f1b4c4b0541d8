"""The form of a simulated site: everything of it is created at once."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
import socket
from typing import Any, Final

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import probatio

from ..const import (
    CONF_BATTERY,
    CONF_BATTERY_INVERT,
    CONF_BATTERY_SOC,
    CONF_CONNECTION,
    CONF_ENERGY,
    CONF_INVERT,
    CONF_METER,
    CONF_SOLAR,
    CONF_STATION,
    CONF_UNIT,
    DEFAULT_OCPP_PORT,
)
from ..simulator.standard import (
    CONF_SEED,
    CONF_SPEED,
    GARAGE,
    HOST,
    SITE_TITLE,
    YARD,
    StandardSite,
)
from .charger import link_unique_id, station_unique_id
from .context import is_station_taken, names_of_sites
from .fields import (
    COUNT,
    TEXT,
    Errors,
    FieldError,
    Input,
    check_name,
    number,
)
from .prefill import CURRENT_KEYS

MAX_SEED: Final = 1_000_000
MAX_SPEED: Final = 100.0

SIMULATED_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_NAME, default=SITE_TITLE): TEXT,
        probatio.Required(CONF_SEED, default=1): COUNT,
        probatio.Required(CONF_SPEED, default=1.0): number(step=0.1),
    }
)

_HOUSE = "simulated_house"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedEntry:
    """What a config entry of a simulated site is created from."""

    title: str
    data: dict[str, Any]
    subentries: list[ConfigSubentryData]


def is_simulated_site_there(hass: HomeAssistant) -> bool:
    """Whether there is a simulated site: its stations have names of their own, so there is one."""
    return any(is_station_taken(hass, station) for station in (GARAGE, YARD))


def check_simulated(hass: HomeAssistant, user_input: Input) -> Errors:
    """Return what is wrong with the form, by field."""
    errors = check_name(user_input, names_of_sites(hass))
    seed = user_input[CONF_SEED]
    if not (0 <= seed <= MAX_SEED and seed == int(seed)):
        errors[CONF_SEED] = FieldError.SEED_RANGE
    if not 1 <= user_input[CONF_SPEED] <= MAX_SPEED:
        errors[CONF_SPEED] = FieldError.SPEED_RANGE
    return errors


async def async_simulated_entry(hass: HomeAssistant, user_input: Input) -> SimulatedEntry:
    """Return the entry of a simulated site with all its members, on ports that are free."""
    ocpp_port, *ports = await hass.async_add_executor_job(_free_ports)
    site = StandardSite(
        seed=int(user_input[CONF_SEED]),
        speed=user_input[CONF_SPEED],
        ocpp_port=ocpp_port,
        heidelberg_port=ports[0],
        keba_port=ports[1],
        supply_port=ports[2],
    )
    return SimulatedEntry(
        title=user_input[CONF_NAME].strip(),
        data={**site.entry_data, **_house_entities(hass)},
        subentries=[
            {
                "subentry_type": spec.subentry_type,
                "title": spec.title,
                "data": spec.data,
                "unique_id": _unique_id(spec.data),
            }
            for spec in site.subentries
        ],
    )


def _unique_id(data: Mapping[str, Any]) -> str:
    if CONF_STATION in data:
        return station_unique_id(data[CONF_STATION])
    return link_unique_id(data[CONF_CONNECTION], data[CONF_UNIT])


def _house_entities(hass: HomeAssistant) -> dict[str, Any]:
    """Return what the simulated house's sensors are called: its meter names them.

    They are named before they are there; `simulated_house` gives them these names.
    """
    registry = er.async_get(hass)

    def entity_id(name: str) -> str:
        return registry.async_get_available_entity_id(SENSOR_DOMAIN, f"{_HOUSE}_{name}")

    return {
        CONF_METER: {
            **{key: entity_id(f"grid_{key}") for key in CURRENT_KEYS.values()},
            CONF_INVERT: False,
        },
        CONF_SOLAR: [entity_id("solar_power")],
        CONF_BATTERY: [entity_id("battery_power")],
        CONF_BATTERY_INVERT: False,
        CONF_ENERGY: {CONF_BATTERY_SOC: [entity_id("battery_soc")]},
    }


def _free_ports() -> tuple[int, int, int, int]:
    """Return a port for OCPP, the usual one if it is free, and three for Modbus devices."""
    with ExitStack() as stack:
        # All are held open while they are chosen, so that no two are the same.
        ocpp = _bind(stack, DEFAULT_OCPP_PORT) or _bind(stack, 0)
        return ocpp, _bind(stack, 0), _bind(stack, 0), _bind(stack, 0)


def _bind(stack: ExitStack, port: int) -> int:
    """Return the port that was bound, 0 if it is taken."""
    listener = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        return 0
    return int(listener.getsockname()[1])
