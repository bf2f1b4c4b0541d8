"""The fields of the forms."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import permutations
import re
from typing import Any, Final, Literal

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import (
    CONF_NAME,
    Platform,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfPower,
)
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
import probatio

from ..const import CONF_CIRCUIT, CONF_MAY_FREEZE, CONF_ROTATION, CONF_SWITCHES_PHASES, ROOT_CIRCUIT
from ..pool.members import CircuitId
from ..pool.quantities import Phase

type Input = Mapping[str, Any]
"""What a user typed, as Home Assistant hands it over: the border."""

type Errors = dict[str, str]
"""The key of a message for each field that is wrong."""

type Fields = dict[probatio.Marker, Any]
"""Fields of a form, in their order: what is asked for and how it is typed."""

MIN_CHARGING_A: Final = 6.0
"""Below this no car charges (IEC 61851-1)."""

MAX_FUSE_A: Final = 1_000.0
MAX_LIMIT_W: Final = 1_000_000.0
MAX_CONNECTOR_A: Final = 500.0
MAX_CONNECTORS: Final = 16
ROTATION_SEPARATOR: Final = "_"

TOKEN: Final = re.compile(r"[\x21-\x7e]{1,36}")
"""OCPP 2.0.1 IdToken: at most 36 printable characters (1.6: 20)."""

TEXT: Final = TextSelector()
TEXTS: Final = TextSelector(TextSelectorConfig(multiple=True))
YES_NO: Final = BooleanSelector()


def number(unit: str | None = None, *, step: float | Literal["any"] = 1.0) -> NumberSelector:
    """Return a box for a number.

    It has no bounds of its own: what is out of range gets a message in the user's language, at
    the field.
    """
    config = NumberSelectorConfig(mode=NumberSelectorMode.BOX, step=step)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


AMPS: Final = number(UnitOfElectricCurrent.AMPERE, step=0.1)
VOLTS: Final = number(UnitOfElectricPotential.VOLT, step=0.1)
WATTS: Final = number(UnitOfPower.WATT)
COUNT: Final = number()


def one_of(options: Iterable[str], translation_key: str) -> SelectSelector:
    """Return a choice whose options are named in the translations under `selector`."""
    return SelectSelector(
        SelectSelectorConfig(
            options=list(options),
            translation_key=translation_key,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


def one_of_named(names: Mapping[str, str], translation_key: str | None = None) -> SelectSelector:
    """Return a choice among things that have names of their own.

    Args:
        names: What they are called, by what is kept.
        translation_key: Where the translations name some of them otherwise.
    """
    config = SelectSelectorConfig(
        options=[SelectOptionDict(value=key, label=name) for key, name in names.items()],
        mode=SelectSelectorMode.DROPDOWN,
    )
    if translation_key is not None:
        config["translation_key"] = translation_key
    return SelectSelector(config)


def name_field() -> Fields:
    """Return the field of a name."""
    return {probatio.Required(CONF_NAME): TEXT}


def circuit_field(names: Mapping[CircuitId, str], key: str = CONF_CIRCUIT) -> Fields:
    """Return the field of the circuit that something hangs on."""
    return {probatio.Required(key, default=ROOT_CIRCUIT): one_of_named(names)}


def rotation_field(phases: Sequence[Phase]) -> Fields:
    """Return the field of the way in which a device is wired to the phases of a site."""
    possible = rotations(phases)
    return {
        probatio.Required(CONF_ROTATION, default=possible[0]): one_of(possible, "rotation"),
    }


def switches_phases_field() -> Fields:
    """Return the field for a device that can switch between one phase and three."""
    return {probatio.Optional(CONF_SWITCHES_PHASES, default=False): YES_NO}


def may_freeze_field() -> Fields:
    """Return the field of a device that nothing watches (SR-5)."""
    return {probatio.Required(CONF_MAY_FREEZE, default=False): YES_NO}


def check_name(user_input: Input, others: Iterable[str] = ()) -> Errors:
    """Return what is wrong with a name; no two of those that `others` belong to may share one."""
    name = user_input[CONF_NAME].strip()
    if not name:
        return {CONF_NAME: FieldError.NAME_EMPTY}
    if name.casefold() in {other.casefold() for other in others}:
        return {CONF_NAME: FieldError.NAME_TAKEN}
    return {}


def sensor(device_class: SensorDeviceClass, *, multiple: bool = False) -> EntitySelector:
    """Return a choice among the sensors of a kind."""
    return EntitySelector(
        EntitySelectorConfig(
            filter=EntityWithDeviceFilterSelectorConfig(
                domain=Platform.SENSOR, device_class=device_class
            ),
            multiple=multiple,
        )
    )


def entity_of(*domains: Platform | str) -> EntitySelector:
    """Return a choice among the entities of some domains."""
    return EntitySelector(
        EntitySelectorConfig(
            filter=EntityWithDeviceFilterSelectorConfig(domain=[str(domain) for domain in domains])
        )
    )


def rotations(phases: Sequence[Phase], *, least: int = 1) -> list[str]:
    """Return the ways in which a device can be wired to the phases of a site.

    Args:
        phases: The phases that the site has.
        least: How many of them a device uses at least.

    Returns:
        Such as `l2_l3_l1` (its own L1 is on the site's L2) or `l2` (one phase, on the site's
        L2); those with most phases first.
    """
    return [
        ROTATION_SEPARATOR.join(order)
        for size in range(len(phases), least - 1, -1)
        for order in permutations(phases, size)
    ]


def rotation_to_json(text: str) -> list[str]:
    """Return the phases of a rotation as they are kept."""
    return text.split(ROTATION_SEPARATOR)


def rotation_from_json(phases: Sequence[str]) -> str:
    """Return what the field shows of a rotation that was kept."""
    return ROTATION_SEPARATOR.join(phases)


class FieldError(StrEnum):
    """Keys of the messages at fields, under `error` in the translations."""

    NAME_EMPTY = "name_empty"
    NAME_TAKEN = "name_taken"
    FUSE_RANGE = "fuse_range"
    VOLTAGE_RANGE = "voltage_range"
    PORT_RANGE = "port_range"
    PHASES_IN_USE = "phases_in_use"
    FAIL_SAFE_BETWEEN = "fail_safe_between"
    FAIL_SAFE_ABOVE_FUSE = "fail_safe_above_fuse"
    FAIL_SAFE_ABOVE_MAXIMUM = "fail_safe_above_maximum"
    FAIL_SAFE_SUM = "fail_safe_sum"
    PHASE_MISSING = "phase_missing"
    ENTITY_TWICE = "entity_twice"
    SEED_RANGE = "seed_range"
    SPEED_RANGE = "speed_range"
    CIRCUIT_CYCLE = "circuit_cycle"
    LIMIT_RANGE = "limit_range"
    TIMETABLE_INVALID = "timetable_invalid"
    AVERAGE_RANGE = "average_range"
    AVERAGE_NEEDS_POWER = "average_needs_power"
    IMBALANCE_RANGE = "imbalance_range"
    STATION_INVALID = "station_invalid"
    STATION_TAKEN = "station_taken"
    TOKENS_MISSING = "tokens_missing"
    TOKENS_INVALID = "tokens_invalid"
    CONNECTORS_RANGE = "connectors_range"
    MAXIMUM_RANGE = "maximum_range"
    POWER_RANGE = "power_range"
    SET_POINT_RANGE = "set_point_range"
    LINK_NOT_THERE = "link_not_there"
    HOST_INVALID = "host_invalid"
    DEVICE_INVALID = "device_invalid"
    BAUDRATE_RANGE = "baudrate_range"
    UNIT_RANGE = "unit_range"
    UNIT_TAKEN = "unit_taken"
    CANNOT_CONNECT = "cannot_connect"
    NO_ANSWER = "no_answer"
    WRONG_DEVICE = "wrong_device"
    NAME_RESERVED = "name_reserved"
    CAPACITY_RANGE = "capacity_range"
    CAPACITY_TWICE = "capacity_twice"
    EFFICIENCY_RANGE = "efficiency_range"
    TAG_TAKEN = "tag_taken"
    HOME_TAKEN = "home_taken"
    KIND_TAKEN = "kind_taken"
    ENTITY_MISSING = "entity_missing"
    FEED_IN_RANGE = "feed_in_range"
    FORECAST_UNREADABLE = "forecast_unreadable"
    BUDGET_RANGE = "budget_range"
    MARGIN_RANGE = "margin_range"
    SOC_RANGE = "soc_range"
    SOC_MISSING = "soc_missing"
    START_BELOW_BUFFER = "start_below_buffer"
    LOCK_ENTITY_MISSING = "lock_entity_missing"
    LOCK_ENTITY_OWN = "lock_entity_own"
    LOCK_OPTIONS_SAME = "lock_options_same"
    LOCK_VALUE_RANGE = "lock_value_range"
