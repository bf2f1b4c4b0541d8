"""The form of the sun and the home battery: when cars charge by the sun, and what comes first."""

from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import PERCENTAGE, UnitOfEnergy
import probatio

from ..const import (
    CONF_BATTERY,
    CONF_BATTERY_SOC,
    CONF_BUFFER_SOC,
    CONF_EXPORT_MARGIN,
    CONF_FEEDS_CARS,
    CONF_IMPORT_BUDGET,
    CONF_LOCK_WHEN_FAST,
    CONF_PRIORITY_SOC,
    CONF_RESERVE_SOC,
    CONF_SOLAR,
    CONF_START_SOC,
    CONF_SURPLUS_RULE,
)
from ..pool.energy_settings import WHOLE_PERCENT, BatterySettings, SolarSettings, SurplusRule
from .battery_lock import LOCK_ENTITY_FIELD
from .fields import WATTS, YES_NO, Errors, FieldError, Fields, Input, number, one_of, sensor

MOST_BUDGET_WH: Final = 10_000.0
MOST_MARGIN_W: Final = 10_000.0

_PERCENT: Final = number(PERCENTAGE)
_SOLAR: Final = SolarSettings()
_BATTERY: Final = BatterySettings()
_SOCS: Final = (CONF_PRIORITY_SOC, CONF_BUFFER_SOC, CONF_START_SOC, CONF_RESERVE_SOC)


def is_fed(meters: Input) -> bool:
    """Whether anything feeds the site beside the grid, by the form of its meters."""
    return bool(meters.get(CONF_SOLAR) or meters.get(CONF_BATTERY))


def energy_schema(meters: Input) -> probatio.Schema:
    """Return the fields of the sun, and those of the battery where there is one."""
    return probatio.Schema({**_SUN_FIELDS, **(_BATTERY_FIELDS if meters.get(CONF_BATTERY) else {})})


_SUN_FIELDS: Final[Fields] = {
    probatio.Required(CONF_SURPLUS_RULE, default=_SOLAR.rule.value): one_of(
        [rule.value for rule in SurplusRule], "surplus_rule"
    ),
    probatio.Required(CONF_IMPORT_BUDGET, default=_SOLAR.import_budget_wh): number(
        UnitOfEnergy.WATT_HOUR
    ),
    probatio.Required(CONF_EXPORT_MARGIN, default=_SOLAR.export_margin_w): WATTS,
}

_BATTERY_FIELDS: Final[Fields] = {
    probatio.Optional(CONF_BATTERY_SOC): sensor(SensorDeviceClass.BATTERY, multiple=True),
    probatio.Required(CONF_PRIORITY_SOC, default=_BATTERY.priority_soc): _PERCENT,
    probatio.Required(CONF_FEEDS_CARS, default=_BATTERY.feeds_cars): YES_NO,
    probatio.Required(CONF_BUFFER_SOC, default=_BATTERY.buffer_soc): _PERCENT,
    probatio.Optional(CONF_START_SOC): _PERCENT,
    probatio.Required(CONF_RESERVE_SOC, default=_BATTERY.reserve_soc): _PERCENT,
    probatio.Required(CONF_LOCK_WHEN_FAST, default=_BATTERY.lock_when_fast): YES_NO,
    **LOCK_ENTITY_FIELD,
}


def check_energy(user_input: Input) -> Errors:
    """Return what is wrong with the form of the sun and the battery, by field."""
    errors: Errors = {}
    if not 0.0 <= user_input[CONF_IMPORT_BUDGET] <= MOST_BUDGET_WH:
        errors[CONF_IMPORT_BUDGET] = FieldError.BUDGET_RANGE
    if not abs(user_input[CONF_EXPORT_MARGIN]) <= MOST_MARGIN_W:
        errors[CONF_EXPORT_MARGIN] = FieldError.MARGIN_RANGE
    for key in _SOCS:
        soc = user_input.get(key)
        if soc is not None and not 0.0 <= soc <= WHOLE_PERCENT:
            errors[key] = FieldError.SOC_RANGE
    start_soc = user_input.get(CONF_START_SOC)
    if start_soc is not None and start_soc < user_input[CONF_BUFFER_SOC]:
        errors.setdefault(CONF_START_SOC, FieldError.START_BELOW_BUFFER)
    # Nobody can keep to a state of charge that is not known.
    needs_soc = user_input.get(CONF_FEEDS_CARS) or user_input.get(CONF_PRIORITY_SOC)
    if needs_soc and not user_input.get(CONF_BATTERY_SOC):
        errors[CONF_BATTERY_SOC] = FieldError.SOC_MISSING
    return errors


def energy_to_json(user_input: Input) -> dict[str, Any]:
    """Return the form as it is kept; a field that was left empty is not kept."""
    return {key: value for key, value in user_input.items() if value is not None}
