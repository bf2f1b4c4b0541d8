"""The form of a meter, of the grid's or of a circuit's."""

from homeassistant.components.sensor import SensorDeviceClass
import probatio

from ..const import CONF_INVERT, CONF_POWER
from ..pool.quantities import PHASES, Phase
from .fields import YES_NO, Errors, FieldError, Input, sensor
from .prefill import CURRENT_KEYS, POWER_KEYS

METER_KEYS = (*CURRENT_KEYS.values(), *POWER_KEYS.values(), CONF_POWER)


def meter_schema(phases: tuple[Phase, ...]) -> probatio.Schema:
    """Return the fields of a meter; each may stay empty."""
    current, power = sensor(SensorDeviceClass.CURRENT), sensor(SensorDeviceClass.POWER)
    return probatio.Schema(
        {
            **{probatio.Optional(CURRENT_KEYS[phase]): current for phase in phases},
            **{probatio.Optional(POWER_KEYS[phase]): power for phase in phases},
            probatio.Optional(CONF_POWER): power,
            probatio.Optional(CONF_INVERT, default=False): YES_NO,
        }
    )


def check_meter(user_input: Input, phases: tuple[Phase, ...]) -> Errors:
    """Return what is wrong with a meter: half of its phases, or one entity for two of them."""
    errors: Errors = {}
    for keys in (CURRENT_KEYS, POWER_KEYS):
        given = {phase for phase in PHASES if user_input.get(keys[phase])}
        if given:
            errors |= {
                keys[phase]: FieldError.PHASE_MISSING for phase in phases if phase not in given
            }
    seen: set[str] = set()
    for key in METER_KEYS:
        if entity := user_input.get(key):
            if entity in seen:
                errors[key] = FieldError.ENTITY_TWICE
            seen.add(entity)
    return errors


def meter_to_json(user_input: Input) -> dict[str, str | bool]:
    """Return a meter as it is kept; an empty one is none."""
    entities = {key: user_input[key] for key in METER_KEYS if user_input.get(key)}
    return {**entities, CONF_INVERT: bool(user_input.get(CONF_INVERT))} if entities else {}
