"""The form of the entity that locks the home battery's discharge."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.number import ATTR_MAX, ATTR_MIN
from homeassistant.components.select import ATTR_OPTIONS
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant, State, split_entity_id
from homeassistant.helpers import entity_registry as er
import probatio

from ..battery_lock import NUMBERS, SELECTS, SWITCHES
from ..const import (
    CONF_LOCK_ENTITY,
    CONF_LOCK_OPTION,
    CONF_LOCK_STATE,
    CONF_LOCK_VALUE,
    CONF_NORMAL_OPTION,
    DOMAIN,
)
from .fields import Errors, FieldError, Fields, Input, entity_of, number, one_of, one_of_named

_LEAST_OPTIONS: Final = 2
"""One that locks, and one that does not."""

LOCK_ENTITY_FIELD: Final[Fields] = {
    probatio.Optional(CONF_LOCK_ENTITY): entity_of(*SWITCHES, *SELECTS, *NUMBERS)
}


def check_lock_entity(hass: HomeAssistant, user_input: Input) -> Errors:
    """Return what is wrong with the choice of the entity."""
    entity = user_input.get(CONF_LOCK_ENTITY)
    if not entity:
        return {}
    registered = er.async_get(hass).async_get(entity)
    if registered is not None and registered.platform == DOMAIN:
        return {CONF_LOCK_ENTITY: FieldError.LOCK_ENTITY_OWN}
    state = hass.states.get(entity)
    if state is None:
        return {CONF_LOCK_ENTITY: FieldError.LOCK_ENTITY_MISSING}
    if split_entity_id(entity)[0] in SELECTS and len(_options(state)) < _LEAST_OPTIONS:
        return {CONF_LOCK_ENTITY: FieldError.LOCK_ENTITY_MISSING}
    return {}


def lock_schema(hass: HomeAssistant, entity: str) -> probatio.Schema:
    """Return the fields for the kind of entity that was chosen."""
    domain = split_entity_id(entity)[0]
    state = hass.states.get(entity)
    if domain in SWITCHES:
        states = one_of((STATE_ON, STATE_OFF), "lock_state")
        return probatio.Schema({probatio.Required(CONF_LOCK_STATE, default=STATE_ON): states})
    if domain in SELECTS:
        options = one_of_named({option: option for option in _options(state)})
        return probatio.Schema(
            {
                probatio.Required(CONF_LOCK_OPTION): options,
                probatio.Required(CONF_NORMAL_OPTION): options,
            }
        )
    unit = None if state is None else state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    lowest, _ = _bounds(state)
    return probatio.Schema(
        {probatio.Required(CONF_LOCK_VALUE, default=max(0.0, lowest)): number(unit, step="any")}
    )


def check_lock(hass: HomeAssistant, entity: str, user_input: Input) -> Errors:
    """Return what is wrong with how the entity is to lock, by field."""
    if CONF_LOCK_OPTION in user_input:
        if user_input[CONF_LOCK_OPTION] == user_input[CONF_NORMAL_OPTION]:
            return {CONF_NORMAL_OPTION: FieldError.LOCK_OPTIONS_SAME}
    elif CONF_LOCK_VALUE in user_input:
        lowest, highest = _bounds(hass.states.get(entity))
        if not lowest <= user_input[CONF_LOCK_VALUE] <= highest:
            return {CONF_LOCK_VALUE: FieldError.LOCK_VALUE_RANGE}
    return {}


def lock_placeholders(hass: HomeAssistant, entity: str) -> Mapping[str, str]:
    """Return what the form puts into its texts."""
    state = hass.states.get(entity)
    lowest, highest = _bounds(state)
    return {
        "entity": entity if state is None else state.name,
        "minimum": f"{lowest:g}",
        "maximum": f"{highest:g}",
    }


def known_lock(entity: str, energy: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the form shows of what was kept; of another entity it tells nothing."""
    return energy if energy.get(CONF_LOCK_ENTITY) == entity else {}


def _options(state: State | None) -> list[str]:
    return [] if state is None else list(state.attributes.get(ATTR_OPTIONS) or ())


def _bounds(state: State | None) -> tuple[float, float]:
    """Return the least and the most that a number takes."""
    if state is None:
        return float("-inf"), float("inf")
    return (
        float(state.attributes.get(ATTR_MIN, float("-inf"))),
        float(state.attributes.get(ATTR_MAX, float("inf"))),
    )
