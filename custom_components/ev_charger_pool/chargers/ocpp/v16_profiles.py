"""Charging profiles of OCPP 1.6 as they go on the wire."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import math
from typing import Final

from ocpp.v16.enums import (
    ChargingProfileKindType,
    ChargingProfilePurposeType,
    ChargingRateUnitType,
)

from ...pool.members import Lease
from ...pool.quantities import NOMINAL_VOLTAGE_V
from .config import MIN_CURRENT_A
from .fields import as_number
from .framing import JsonValue, Payload
from .smart_charging import LeaseForm, SmartCharging

LEASE: Final = Lease(duration=timedelta(seconds=180), renewal=timedelta(seconds=75))
"""SR-8: OCPP 1.6."""

START_BEFORE: Final = timedelta(seconds=60)
"""A schedule starts this long before now, by the station's clock: it is in force at once even
when the clock is misjudged (SR-8)."""

_TX_DEFAULT_IDS: Final = 1_000
_TX_IDS: Final = 2_000
"""Ids are fixed by purpose and connector, so that a new profile replaces the old one."""

_ROUNDING: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a profile is to say.

    Attributes:
        current_a: Amps per phase now.
        lapse_to_a: Amps per phase once the lease is over.
        phases: The connector's phases.
        form: How it ends by itself.
        told_at: The time from which the lease runs, by the station's clock; None when its clock
            is not known, and then there is no lease.
    """

    current_a: float
    lapse_to_a: float
    phases: int
    form: LeaseForm
    told_at: datetime | None


def offerable(current_a: float) -> float:
    """Return what a station can be told: 0, or from 6 A rounded down to one decimal (SR-14)."""
    return 0.0 if current_a < MIN_CURRENT_A else math.floor(current_a * 10.0 + _ROUNDING) / 10.0


def tx_default_id(connector: int) -> int:
    """Return the id of a connector's fail-safe profile."""
    return _TX_DEFAULT_IDS + connector


def tx_id(connector: int) -> int:
    """Return the id of the profile of a connector's running transaction."""
    return _TX_IDS + connector


def tx_default_profile(connector: int, limit: Limit, facts: SmartCharging) -> Payload:
    """Return the profile of a connector's fail-safe current."""
    return {
        "chargingProfileId": tx_default_id(connector),
        "stackLevel": 0,
        "chargingProfilePurpose": str(ChargingProfilePurposeType.tx_default_profile),
        **_schedule(limit, facts),
    }


def tx_profile(
    connector: int, transaction: str | None, limit: Limit, facts: SmartCharging
) -> Payload:
    """Return the profile of a running transaction, or of one that is about to start."""
    profile: Payload = {
        "chargingProfileId": tx_id(connector),
        "stackLevel": min(1, facts.max_stack_level),
        "chargingProfilePurpose": str(ChargingProfilePurposeType.tx_profile),
        **_schedule(limit, facts),
    }
    if transaction is not None:
        profile["transactionId"] = int(transaction)
    return profile


def shows_lapse(answer: Payload) -> bool | None:
    """Return whether a composite schedule falls; None where the answer holds no schedule."""
    schedule = answer.get("chargingSchedule")
    periods = schedule.get("chargingSchedulePeriod") if isinstance(schedule, dict) else None
    limits = [
        as_number(period.get("limit"))
        for period in (periods if isinstance(periods, list) else [])
        if isinstance(period, dict)
    ]
    known = [limit for limit in limits if limit is not None]
    return known[-1] < known[0] if known else None


def _schedule(limit: Limit, facts: SmartCharging) -> Payload:
    """Return kind and schedule.

    A limit that never lapses counts from the start of the transaction: no clock is needed.
    """
    unit = ChargingRateUnitType.watts if facts.watts_only else ChargingRateUnitType.amps
    now_a, later_a = offerable(limit.current_a), offerable(limit.lapse_to_a)
    periods: list[JsonValue] = [_period(0, now_a, limit.phases, unit)]
    schedule: Payload = {"chargingRateUnit": str(unit), "chargingSchedulePeriod": periods}
    if limit.form is LeaseForm.NONE or limit.told_at is None or later_a >= now_a:
        return {
            "chargingProfileKind": str(ChargingProfileKindType.relative),
            "chargingSchedule": schedule,
        }
    schedule["startSchedule"] = _wire_time(limit.told_at - START_BEFORE)
    duration_s = int(LEASE.duration.total_seconds())
    if limit.form is LeaseForm.TWO_PERIODS:
        periods.append(_period(duration_s, later_a, limit.phases, unit))
    else:
        schedule["duration"] = duration_s
    return {
        "chargingProfileKind": str(ChargingProfileKindType.absolute),
        "chargingSchedule": schedule,
    }


def _period(start_s: int, current_a: float, phases: int, unit: ChargingRateUnitType) -> Payload:
    # Stations turn watts into amps with the nominal voltage (6.3).
    limit = (
        current_a
        if unit is ChargingRateUnitType.amps
        else float(math.floor(current_a * NOMINAL_VOLTAGE_V * phases))
    )
    return {"startPeriod": start_s, "limit": limit, "numberPhases": phases}


def _wire_time(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
