"""Errors that a user reads: their translation keys, and how they are raised."""

from enum import StrEnum

from homeassistant.exceptions import (
    ConfigEntryNotReady,
    HomeAssistantError,
    ServiceValidationError,
)

from .const import DOMAIN
from .pool.actions import ActionResult


class ErrorKey(StrEnum):
    """Keys of the texts under `exceptions` in the translations, with their placeholders."""

    MEMBER_UNKNOWN = "member_unknown"  # {member}
    CIRCUIT_UNKNOWN = "circuit_unknown"  # {circuit}
    NOT_A_CONNECTOR = "not_a_connector"  # {member}
    NOT_A_POWER_SUPPLY = "not_a_power_supply"  # {member}
    NO_SESSION = "no_session"  # {member}
    VALUE_OUT_OF_RANGE = "value_out_of_range"  # {value}, {minimum}, {maximum}
    COMMAND_REJECTED = "command_rejected"  # {member}
    COMMAND_NOT_SUPPORTED = "command_not_supported"  # {member}
    COMMAND_TIMED_OUT = "command_timed_out"  # {member}
    COMMAND_FAILED = "command_failed"  # {member}
    DEVICE_OFFLINE = "device_offline"  # {member}
    JOURNAL_UNAVAILABLE = "journal_unavailable"  # {path}, {error}
    SIMULATOR_FAILED = "simulator_failed"  # {error}
    NOT_A_MEMBER = "not_a_member"  # {device}
    AMBIGUOUS_STATION = "ambiguous_station"  # {device}
    LIMIT_FAILED = "limit_failed"  # {member}, {error}
    FORECAST_MISSING = "forecast_missing"  # {entity}
    FORECAST_UNREADABLE = "forecast_unreadable"  # {entity}
    FORECAST_UNIT_UNKNOWN = "forecast_unit_unknown"  # {entity}, {unit}
    FORECAST_UNIT_DOUBTFUL = "forecast_unit_doubtful"  # {entity}, {value}
    FORECAST_ROWS_UNREADABLE = "forecast_rows_unreadable"  # {entity}, {kind}, {sample}
    FORECAST_NOT_GIVEN = "forecast_not_given"  # {integration}, {error}
    PLAN_IN_THE_PAST = "plan_in_the_past"  # {at}
    PLAN_NO_DEPARTURE = "plan_no_departure"
    PLAN_NO_WEEKDAY = "plan_no_weekday"
    PLAN_ONE_TARGET = "plan_one_target"
    PLAN_ONE_DEPARTURE = "plan_one_departure"
    PLAN_SOC_OF_GUEST = "plan_soc_of_guest"
    PLAN_SOC_UNKNOWN = "plan_soc_unknown"  # {vehicle}
    VEHICLE_UNKNOWN = "vehicle_unknown"  # {vehicle}
    BOOST_WHILE_OFF = "boost_while_off"  # {member}
    SHARES_UNAVAILABLE = "shares_unavailable"  # {error}


_RESULT_KEYS = {
    ActionResult.REJECTED: ErrorKey.COMMAND_REJECTED,
    ActionResult.NOT_SUPPORTED: ErrorKey.COMMAND_NOT_SUPPORTED,
    ActionResult.TIMED_OUT: ErrorKey.COMMAND_TIMED_OUT,
    ActionResult.OFFLINE: ErrorKey.DEVICE_OFFLINE,
    ActionResult.FAILED: ErrorKey.COMMAND_FAILED,
}


def wrong_input(key: ErrorKey, **placeholders: str) -> ServiceValidationError:
    """Return the error for what a user asked and could have asked better."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


def failed(key: ErrorKey, **placeholders: str) -> HomeAssistantError:
    """Return the error for what a user asked rightly and cannot be had now."""
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


def not_ready(key: ErrorKey, **placeholders: str) -> ConfigEntryNotReady:
    """Return the error for a site that cannot be set up now."""
    return ConfigEntryNotReady(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


def raise_unless_accepted(result: ActionResult, member: str) -> None:
    """Raise when a device did not take a command.

    Args:
        result: How the device answered.
        member: Whom the message is to name.

    Raises:
        HomeAssistantError: The device refused, was out of reach, or did not answer in time.
    """
    if not result.is_success:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=_RESULT_KEYS[result],
            translation_placeholders={"member": member},
        )
