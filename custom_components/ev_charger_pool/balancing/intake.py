"""The border of the controller: what a report may contain, and what is refused and counted."""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeIs

from ..pool.circuits import Circuit, MeterReport, ResourceReport
from ..pool.energy_settings import WHOLE_PERCENT
from ..pool.members import MemberKind, MemberReport, MemberSettings
from ..pool.quantities import PerPhase, PhaseReadings
from ..pool.readings import Reading

MOST_TIMES_CEILING: Final = 5.0
"""No fuse lets more than so many times a device's ceiling pass for longer than a moment."""

MOST_TIMES_FUSE: Final = 10.0
"""A short circuit is no reading."""

LEAST_BOUND_A: Final = 100.0
"""Amps are never refused below this, however small the device."""

HIGHEST_VOLTAGE_V: Final = 300.0
"""For bounds of watts only: no phase of a low-voltage grid stands above this."""

MOST_RESOURCE_W: Final = 10_000_000.0
"""No generator of a site on a low-voltage grid gives more."""


MOST_OFFSET_A: Final = 1.0
"""A current transformer without a load may show so much either way."""


class Refusals:
    """What was refused, counted by what was wrong with it."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def count(self, what: str) -> None:
        """Count one refusal."""
        self.counts[what] += 1


def is_time(at: object) -> bool:
    """Whether a value is an aware time."""
    return isinstance(at, datetime) and at.tzinfo is not None


def is_number(value: object, most: float) -> TypeIs[float]:
    """Whether a value is a number within bounds either way; NaN and infinities are not."""
    return (
        isinstance(value, (int, float)) and not isinstance(value, bool) and -most <= value <= most
    )


def check_member(
    report: MemberReport, settings: MemberSettings, refusals: Refusals
) -> MemberReport | None:
    """Return the report without the fields that cannot be; None when nothing of it can be used."""
    if not is_time(report.arrived_at):
        refusals.count("member_time")
        return None
    most_a = max(LEAST_BOUND_A, MOST_TIMES_CEILING * settings.max_current_a)
    most_w = most_a * HIGHEST_VOLTAGE_V * 3
    refused = False
    if report.current is not None and not _is_phase_reading(report.current, most_a):
        refusals.count("member_current")
        report, refused = replace(report, current=None), True
    if report.power_w is not None and not _is_reading(report.power_w, most_w):
        refusals.count("member_power")
        report, refused = replace(report, power_w=None), True
    if not _is_amount(report.demand_w, most_w):
        refusals.count("member_demand")
        report, refused = replace(report, demand_w=None), True
    if not _is_amount(report.set_current_a, most_a):
        refusals.count("member_set_current")
        report, refused = replace(report, set_current_a=None), True
    if not _is_amount(report.limit_a, most_a):
        refusals.count("member_limit")
        report, refused = replace(report, limit_a=None), True
    if report.booted_at is not None and not is_time(report.booted_at):
        refusals.count("member_booted_at")
        report, refused = replace(report, booted_at=None), True
    if refused:
        refusals.count("member_reports")
    return report


def is_backwards(report: MemberReport, settings: MemberSettings) -> bool | None:
    """Return whether a connector tells that its car gives power; None where it tells nothing.

    No connector is used to discharge a car: its transformer is clamped on the wrong way round.
    """
    if settings.kind is not MemberKind.CONNECTOR or report.current is None:
        return None
    told = [value for value in report.current.value if value is not None]
    return min(told) < -MOST_OFFSET_A if told else None


def _is_amount(value: object, most: float) -> bool:
    """Whether an optional value is absent or a number from 0 on."""
    return value is None or (is_number(value, most) and value >= 0.0)


def _has_times(reading: Reading[Any]) -> bool:
    return is_time(reading.arrived_at) and (
        reading.measured_at is None or is_time(reading.measured_at)
    )


def _is_reading(reading: Reading[float], most: float) -> bool:
    return _has_times(reading) and is_number(reading.value, most)


def _is_phase_reading(reading: Reading[Any], most: float) -> bool:
    return (
        _has_times(reading)
        and isinstance(reading.value, PerPhase)
        and all(value is None or is_number(value, most) for value in reading.value)
    )


def check_meter(report: MeterReport, circuit: Circuit, refusals: Refusals) -> MeterReport | None:
    """Return the report without the fields that cannot be; None when nothing is left."""
    most_a = max(LEAST_BOUND_A, MOST_TIMES_FUSE * max(circuit.limit_a))
    most_w = most_a * HIGHEST_VOLTAGE_V
    current, power, total = report.current_a, report.power_w, report.total_power_w
    if current is not None and not _is_complete(current, circuit, most_a):
        refusals.count("meter_current")
        current = None
    if power is not None and not _is_complete(power, circuit, most_w):
        refusals.count("meter_power")
        power = None
    if total is not None and not (is_time(total.arrived_at) and is_number(total.value, 3 * most_w)):
        refusals.count("meter_total_power")
        total = None
    if current is None and power is None and total is None:
        refusals.count("meter_reports")
        return None
    if (current, power, total) == (report.current_a, report.power_w, report.total_power_w):
        return report
    return replace(report, current_a=current, power_w=power, total_power_w=total)


def _is_complete(reading: Reading[PhaseReadings], circuit: Circuit, most: float) -> bool:
    """Whether every phase that the circuit has is there."""
    return _is_phase_reading(reading, most) and all(
        value is not None or limit <= 0.0
        for value, limit in zip(reading.value, circuit.limit_a, strict=True)
    )


def check_resource(report: ResourceReport, refusals: Refusals) -> ResourceReport | None:
    """Return the report without a state of charge that cannot be, None when it cannot be used."""
    if not _is_reading(report.power_w, MOST_RESOURCE_W):
        refusals.count("resource_reports")
        return None
    soc = report.soc_percent
    if soc is None or (_is_reading(soc, WHOLE_PERCENT) and soc.value >= 0.0):
        return report
    refusals.count("resource_soc")
    return replace(report, soc_percent=None)
