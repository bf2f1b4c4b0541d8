"""The form of a site: its grid connection, its meter, and what feeds it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import SelectSelector
import probatio

from ..balancing.contract import Sharing
from ..config import PoolConfig
from ..const import (
    CONF_BATTERY,
    CONF_BATTERY_INVERT,
    CONF_BATTERY_PHASES,
    CONF_FAIL_SAFE_CURRENT,
    CONF_FUSE,
    CONF_METER,
    CONF_OCPP_PORT,
    CONF_PHASES,
    CONF_SHARING,
    CONF_SOLAR,
    CONF_SOLAR_PHASES,
    CONF_VOLTAGE,
    DEFAULT_OCPP_PORT,
)
from ..pool.quantities import NOMINAL_VOLTAGE_V, PHASES, Phase
from .context import names_of_sites
from .fields import (
    AMPS,
    COUNT,
    MAX_FUSE_A,
    MIN_CHARGING_A,
    VOLTS,
    YES_NO,
    Errors,
    FieldError,
    Input,
    check_name,
    name_field,
    one_of,
    sensor,
)
from .meter import check_meter, meter_schema, meter_to_json

SITE_SCHEMA = probatio.Schema(
    {
        **name_field(),
        probatio.Required(CONF_PHASES, default="3"): one_of(("3", "1"), "phases"),
        probatio.Required(CONF_FUSE, default=25.0): AMPS,
        probatio.Required(CONF_VOLTAGE, default=NOMINAL_VOLTAGE_V): VOLTS,
        probatio.Required(CONF_FAIL_SAFE_CURRENT, default=MIN_CHARGING_A): AMPS,
        probatio.Required(CONF_SHARING, default=Sharing.MIN_FIRST.value): one_of(
            [sharing.value for sharing in Sharing], "sharing"
        ),
        probatio.Required(CONF_OCPP_PORT, default=DEFAULT_OCPP_PORT): COUNT,
    }
)

_LOWEST_PORT, _HIGHEST_PORT = 1024, 65_535
_LOWEST_VOLTAGE_V, _HIGHEST_VOLTAGE_V = 100.0, 260.0


FED_ALL: Final = "all"
FED_UNKNOWN: Final = "unknown"
_FED: Final = one_of((FED_ALL, *PHASES, FED_UNKNOWN), "fed_phases")
"""Which phases something feeds; the answer is asked for where there are three of them."""


def site_phases(user_input: Input) -> tuple[Phase, ...]:
    """Return the phases that a filled-in form tells of."""
    return PHASES[: int(user_input[CONF_PHASES])]


def meters_schema(phases: tuple[Phase, ...]) -> probatio.Schema:
    """Return the fields of the grid meter and of what else feeds the site."""
    powers = sensor(SensorDeviceClass.POWER, multiple=True)

    def fed(key: str) -> dict[probatio.Required, SelectSelector]:
        return {probatio.Required(key, default=FED_ALL): _FED} if len(phases) > 1 else {}

    return meter_schema(phases).extend(
        {
            probatio.Optional(CONF_SOLAR): powers,
            **fed(CONF_SOLAR_PHASES),
            probatio.Optional(CONF_BATTERY): powers,
            **fed(CONF_BATTERY_PHASES),
            probatio.Optional(CONF_BATTERY_INVERT, default=False): YES_NO,
        }
    )


def check_fail_safe(current_a: float) -> FieldError | None:
    """Return what is wrong with a fail-safe current: it is a pause or a current to charge with."""
    return None if current_a == 0 or current_a >= MIN_CHARGING_A else FieldError.FAIL_SAFE_BETWEEN


def check_site(
    hass: HomeAssistant, user_input: Input, entry: ConfigEntry[Any] | None = None
) -> Errors:
    """Return what is wrong with a site's form, by field.

    Args:
        hass: Home Assistant, where the other sites are.
        user_input: The form.
        entry: The site being reconfigured; None for a new one.
    """
    errors = check_name(user_input, names_of_sites(hass, entry))
    fuse_a = user_input[CONF_FUSE]
    if not MIN_CHARGING_A <= fuse_a <= MAX_FUSE_A:
        errors[CONF_FUSE] = FieldError.FUSE_RANGE
    if not _LOWEST_VOLTAGE_V <= user_input[CONF_VOLTAGE] <= _HIGHEST_VOLTAGE_V:
        errors[CONF_VOLTAGE] = FieldError.VOLTAGE_RANGE
    fail_safe_a = user_input[CONF_FAIL_SAFE_CURRENT]
    if error := check_fail_safe(fail_safe_a):
        errors[CONF_FAIL_SAFE_CURRENT] = error
    elif fail_safe_a > fuse_a:
        errors[CONF_FAIL_SAFE_CURRENT] = FieldError.FAIL_SAFE_ABOVE_FUSE
    port = user_input[CONF_OCPP_PORT]
    if not (_LOWEST_PORT <= port <= _HIGHEST_PORT and port == int(port)):
        errors[CONF_OCPP_PORT] = FieldError.PORT_RANGE
    if entry is not None and _are_phases_in_use(entry, site_phases(user_input)):
        errors[CONF_PHASES] = FieldError.PHASES_IN_USE
    return errors


def _are_phases_in_use(entry: ConfigEntry[Any], phases: tuple[Phase, ...]) -> bool:
    """Whether something is wired to a phase that the site would have no longer."""
    config = PoolConfig.from_entry(entry)
    return any(
        phase not in phases
        for rotation in (
            *(
                connector.rotation
                for charger in config.chargers.values()
                for connector in charger.connectors.values()
            ),
            *(supply.rotation for supply in config.supplies.values()),
        )
        for phase in rotation
    )


def check_meters(user_input: Input, phases: tuple[Phase, ...]) -> Errors:
    """Return what is wrong with the form of the meters, by field."""
    errors = check_meter(user_input, phases)
    if set(user_input.get(CONF_SOLAR) or ()) & set(user_input.get(CONF_BATTERY) or ()):
        errors[CONF_BATTERY] = FieldError.ENTITY_TWICE
    return errors


def site_to_json(user_input: Input) -> dict[str, Any]:
    """Return a site's form as it is kept; its name becomes the title of the entry."""
    return {
        CONF_PHASES: int(user_input[CONF_PHASES]),
        CONF_VOLTAGE: user_input[CONF_VOLTAGE],
        CONF_FUSE: user_input[CONF_FUSE],
        CONF_FAIL_SAFE_CURRENT: user_input[CONF_FAIL_SAFE_CURRENT],
        CONF_SHARING: user_input[CONF_SHARING],
        CONF_OCPP_PORT: int(user_input[CONF_OCPP_PORT]),
    }


def meters_to_json(user_input: Input) -> dict[str, Any]:
    """Return the form of the meters as it is kept."""
    fed = {
        key: _fed_to_json(user_input[key])
        for key in (CONF_SOLAR_PHASES, CONF_BATTERY_PHASES)
        if key in user_input
    }
    return {
        **fed,
        CONF_METER: meter_to_json(user_input),
        CONF_SOLAR: list(user_input.get(CONF_SOLAR) or ()),
        CONF_BATTERY: list(user_input.get(CONF_BATTERY) or ()),
        CONF_BATTERY_INVERT: bool(user_input.get(CONF_BATTERY_INVERT)),
    }


def site_from_json(title: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the forms show of a site that was kept."""
    return {
        **data,
        **data.get(CONF_METER, {}),
        **{
            key: _fed_from_json(data[key])
            for key in (CONF_SOLAR_PHASES, CONF_BATTERY_PHASES)
            if key in data
        },
        CONF_NAME: title,
        CONF_PHASES: str(data[CONF_PHASES]),
    }


def _fed_to_json(choice: str) -> list[str]:
    """Return the phases that something feeds as they are kept."""
    if choice == FED_UNKNOWN:
        return []
    return [phase.value for phase in PHASES] if choice == FED_ALL else [choice]


def _fed_from_json(kept: Sequence[str]) -> str:
    """Return what the field shows of the phases that were kept."""
    if len(kept) == 1:
        return kept[0]
    return FED_ALL if set(kept) == set(PHASES) else FED_UNKNOWN
