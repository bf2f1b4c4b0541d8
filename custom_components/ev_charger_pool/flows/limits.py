"""The form of what limits a circuit, or the grid connection, beside its fuse."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import Platform
import probatio

from ..const import (
    CONF_AVERAGE,
    CONF_AVERAGE_WINDOW,
    CONF_CONTRACT_ENTITY,
    CONF_CONTRACT_TIMES,
    CONF_IMBALANCE,
    CONF_LIMIT_W,
    CONF_POWER,
)
from ..pool.circuits import WindowLength
from ..pool.quantities import Phase
from ..pool.timetable import TimetableError, parse
from .fields import (
    AMPS,
    MAX_FUSE_A,
    MAX_LIMIT_W,
    MIN_CHARGING_A,
    TEXTS,
    WATTS,
    Errors,
    FieldError,
    Fields,
    Input,
    entity_of,
    one_of,
)
from .prefill import POWER_KEYS

_KEYS: Final = (
    CONF_LIMIT_W,
    CONF_CONTRACT_TIMES,
    CONF_CONTRACT_ENTITY,
    CONF_AVERAGE,
    CONF_IMBALANCE,
)

_INPUT_NUMBER: Final = "input_number"


def connection_limits_schema(phases: tuple[Phase, ...]) -> probatio.Schema:
    """Return the fields of a grid connection, which may also have a limit in watts."""
    return probatio.Schema({probatio.Optional(CONF_LIMIT_W): WATTS, **_fields(phases)})


def circuit_limits_schema(phases: tuple[Phase, ...]) -> probatio.Schema:
    """Return the fields of a circuit, which was asked for its limit in watts already."""
    return probatio.Schema(_fields(phases))


def check_limits(user_input: Input, meter: Mapping[str, Any]) -> Errors:
    """Return what is wrong with limits, by field.

    Args:
        user_input: The form.
        meter: The circuit's meter as it is kept; empty for none.
    """
    errors: Errors = {}
    if not _is_within(user_input.get(CONF_LIMIT_W), MAX_LIMIT_W):
        errors[CONF_LIMIT_W] = FieldError.LIMIT_RANGE
    try:
        entries = parse(user_input.get(CONF_CONTRACT_TIMES) or ())
    except TimetableError:
        errors[CONF_CONTRACT_TIMES] = FieldError.TIMETABLE_INVALID
    else:
        if any(entry.power_w > MAX_LIMIT_W for entry in entries):
            errors[CONF_CONTRACT_TIMES] = FieldError.LIMIT_RANGE
    average_w = user_input.get(CONF_AVERAGE)
    if not _is_within(average_w, MAX_LIMIT_W):
        errors[CONF_AVERAGE] = FieldError.AVERAGE_RANGE
    elif average_w is not None and not any(
        meter.get(key) for key in (*POWER_KEYS.values(), CONF_POWER)
    ):
        # From currents and a nominal voltage energy is 10 % wrong at worst: no basis for a bill.
        errors[CONF_AVERAGE] = FieldError.AVERAGE_NEEDS_POWER
    imbalance_a = user_input.get(CONF_IMBALANCE)
    if imbalance_a is not None and not MIN_CHARGING_A <= imbalance_a <= MAX_FUSE_A:
        errors[CONF_IMBALANCE] = FieldError.IMBALANCE_RANGE
    return errors


def limits_to_json(user_input: Input) -> dict[str, Any]:
    """Return limits as they are kept; an empty mapping is none."""
    kept = {key: user_input[key] for key in _KEYS if user_input.get(key)}
    if CONF_AVERAGE in kept:
        kept[CONF_AVERAGE_WINDOW] = user_input[CONF_AVERAGE_WINDOW]
    return kept


def _fields(phases: tuple[Phase, ...]) -> Fields:
    imbalance: Fields = {probatio.Optional(CONF_IMBALANCE): AMPS} if len(phases) > 1 else {}
    return {
        probatio.Optional(CONF_CONTRACT_TIMES): TEXTS,
        probatio.Optional(CONF_CONTRACT_ENTITY): entity_of(
            Platform.SENSOR, Platform.NUMBER, _INPUT_NUMBER
        ),
        probatio.Optional(CONF_AVERAGE): WATTS,
        probatio.Required(CONF_AVERAGE_WINDOW, default=WindowLength.QUARTER_HOUR.value): one_of(
            [length.value for length in WindowLength], "average_window"
        ),
        **imbalance,
    }


def _is_within(value: float | None, most: float) -> bool:
    return value is None or 0 < value <= most
