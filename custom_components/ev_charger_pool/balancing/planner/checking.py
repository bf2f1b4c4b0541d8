"""Questions that make no sense are told, with what to change."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
import math

from ...pool.circuits import Circuit
from ...pool.members import CircuitId
from .contract import HorizonSlot, PlanError, PlanRequest, PlanSettings


def check(
    requests: Sequence[PlanRequest],
    slots: Sequence[HorizonSlot],
    circuits: Sequence[Circuit],
    now: datetime,
    settings: PlanSettings,
) -> None:
    """Check a question.

    Raises:
        PlanError: Something in it cannot be meant.
    """
    _check_time("now", now)
    if not 0.0 <= settings.tolerance < 1.0:
        raise PlanError(
            f"the tolerance is a share of the cost, at least 0 and below 1, not {settings.tolerance}"
        )
    if not (math.isfinite(settings.co2_price_per_kg) and settings.co2_price_per_kg >= 0.0):
        raise PlanError(
            f"a kilogram of CO2 has to count as at least 0, not {settings.co2_price_per_kg}"
        )
    known = {circuit.id for circuit in circuits}
    _check_slots(slots, known, now)
    seen: set[str] = set()
    for request in requests:
        if request.member in seen:
            raise PlanError(
                f"{request.member} has two requests; join them, or ask for one after the other"
            )
        seen.add(request.member)
        _check_request(request, known)


def _check_slots(slots: Sequence[HorizonSlot], known: set[CircuitId], now: datetime) -> None:
    """Check the horizon."""
    last: datetime | None = None
    for slot in slots:
        _check_time("a slot's start", slot.from_at)
        _check_time("a slot's end", slot.until_at)
        if slot.until_at <= slot.from_at:
            raise PlanError(
                f"the slot from {slot.from_at} ends at {slot.until_at}; it has to end after its start"
            )
        if last is not None and slot.from_at < last:
            raise PlanError(
                f"the slot from {slot.from_at} begins before the one ahead of it ends, at {last}; "
                "put slots in order and let them not overlap"
            )
        last = slot.until_at
        _check_amount(f"the surplus in the slot from {slot.from_at}", "W", slot.surplus_w)
        if not math.isfinite(slot.feed_in_per_kwh):
            raise PlanError(
                f"the feed-in of the slot from {slot.from_at} has to be a number, "
                f"not {slot.feed_in_per_kwh}; use 0 where nothing is paid"
            )
        for circuit, capacity_w in slot.capacity_w.items():
            _check_capacity(circuit, (capacity_w,), known)
        for circuit, lanes in slot.phase_capacity_w.items():
            _check_capacity(circuit, lanes, known)
    if last is None or last <= now:
        raise PlanError(
            "there is no slot after now; plans need at least one, with or without a known price"
        )


def _check_capacity(circuit: CircuitId, watts: Iterable[float], known: set[CircuitId]) -> None:
    """Check what a circuit may carry."""
    if circuit not in known:
        raise PlanError(f"there is a capacity for circuit {circuit}, which does not exist")
    for capacity_w in watts:
        if math.isnan(capacity_w) or capacity_w < 0.0:
            raise PlanError(
                f"the capacity of circuit {circuit} has to be at least 0 W, not {capacity_w}; "
                "leave it out where there is no limit"
            )


def _check_request(request: PlanRequest, known: set[CircuitId]) -> None:
    """Check what a member asks."""
    who = request.member
    _check_time(f"the time at which {who} has to be ready", request.ready_at)
    if request.begin_at is not None:
        _check_time(f"the time at which {who} may begin", request.begin_at)
    if request.circuit not in known:
        raise PlanError(f"{who} hangs on circuit {request.circuit}, which does not exist")
    _check_amount(f"the energy of {who}", "Wh", request.energy_wh)
    _check_amount(f"what {who} has charged already", "Wh", request.delivered_wh)
    _check_amount(f"the least power of {who}", "W", request.min_power_w)
    _check_amount(f"the most power of {who}", "W", request.max_power_w)
    if 0.0 < request.max_power_w < request.min_power_w:
        raise PlanError(
            f"{who} cannot run: its least power, {request.min_power_w:g} W, is above its most, "
            f"{request.max_power_w:g} W"
        )
    if not request.phases or len(set(request.phases)) != len(request.phases):
        raise PlanError(f"{who} needs one, two or three different phases")
    if not (math.isfinite(request.weight) and request.weight > 0.0):
        raise PlanError(f"the weight of {who} has to be above 0, not {request.weight}")


def _check_amount(what: str, unit: str, amount: float) -> None:
    """Check a number that is at least 0."""
    if not (math.isfinite(amount) and amount >= 0.0):
        raise PlanError(f"{what} has to be a number of at least 0 {unit}, not {amount}")


def _check_time(what: str, at: datetime) -> None:
    """Check a time."""
    if at.utcoffset() != timedelta():
        raise PlanError(f"{what}, {at}, is not in UTC; convert it to UTC first")
