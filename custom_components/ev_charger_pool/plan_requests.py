"""What each connector's plan asks, from its wish, its car and its session."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Final

from .balancing.planner import PlanRequest, Promise
from .pool.departures import Once, next_departure
from .pool.limits import Limit, LimitUnit
from .pool.members import MemberId, Mode
from .pool.needs import Battery, Need, ask, need_of
from .pool.plans import Plan, PlanState, PlanWish
from .pool.quantities import Phase
from .pool.schedules import Schedule, Slot
from .pool.taper import TaperCurve
from .pool.vehicles import Vehicle
from .snapshot import MemberView

AT_ONCE_FOR: Final = timedelta(hours=24)
"""A car that charges at once is told so for a day ahead; it is told again each minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Car:
    """Who is plugged in at a connector, as far as known.

    Attributes:
        vehicle: What is known of it; None for a guest.
        battery: Its battery; None where its state of charge is not known.
        curve: What it takes over its state of charge.
    """

    vehicle: Vehicle | None = None
    battery: Battery | None = None
    curve: TaperCurve | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What a connector can be given.

    Attributes:
        phases: Those that the car uses.
        min_w: The least that it runs with.
        max_w: The most; 0 when it cannot run at all.
    """

    phases: tuple[Phase, ...]
    min_w: float
    max_w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """What a plan asks, before it is planned.

    Attributes:
        plan: What is known of it already.
        need: What is still to be charged.
        power: What the connector can be given.
        request: What the planner is asked; None when there is nothing to plan.
        is_at_once: Whether it charges at once, without a plan.
    """

    plan: Plan
    need: Need
    power: Power
    request: PlanRequest | None = None
    is_at_once: bool = False


def power_of(view: MemberView, vehicle: Vehicle | None, voltage_v: float) -> Power:
    """Return what a connector can be given.

    Args:
        view: The connector.
        vehicle: Who is, or would be, plugged in; None for a guest.
        voltage_v: Phase to neutral.
    """
    settings = view.settings
    phases = _phases(view, vehicle)
    limits = (view.user_limit, view.session_limit)
    bounds_a = [
        settings.max_current_a,
        *(_amps(limit, voltage_v, len(phases)) for limit in limits if limit is not None),
    ]
    if vehicle is not None and vehicle.max_current_a is not None:
        bounds_a.append(vehicle.max_current_a)
    most_a = min(bounds_a)
    least_a = max(settings.min_current_a, view.wishes.minimum_current_a or 0.0)
    per_amp_w = voltage_v * len(phases)
    return Power(
        phases=phases,
        min_w=least_a * per_amp_w,
        max_w=most_a * per_amp_w if most_a >= least_a else 0.0,
    )


def inquire(
    view: MemberView,
    wish: PlanWish,
    car: Car,
    power: Power,
    now: datetime,
    zone: tzinfo,
    *,
    delivered_wh: float,
    is_tried: bool = False,
) -> Inquiry:
    """Return what a connector's plan asks.

    Args:
        view: The connector.
        wish: What the user wants.
        car: Who is plugged in.
        power: What the connector can be given.
        now: The time, aware UTC.
        zone: That of the clock on the wall.
        delivered_wh: What was charged since plug-in.
        is_tried: Whether it is asked as if a car were plugged in, and in plan mode.
    """
    need = need_of(wish, delivered_wh, car.battery)
    ready_at = None if wish.departure is None else next_departure(wish.departure, now, zone)
    plan = Plan(
        wish=wish,
        state=PlanState.ON_TRACK,
        vehicle=None if car.vehicle is None else car.vehicle.id,
        counts_soc=need.counts_soc,
        ready_at=wish.departure.at if isinstance(wish.departure, Once) else ready_at,
        needed_wh=need.energy_wh,
    )
    state = _state(wish, need, ready_at)
    if not is_tried:
        state = _without_car(view, wish, now) or state
    if state is not PlanState.ON_TRACK or ready_at is None:
        return Inquiry(
            plan=replace(plan, state=state),
            need=need,
            power=power,
            is_at_once=state in {PlanState.NO_PLAN, PlanState.LATE} and view.session is not None,
        )
    asked = ask(need, power.max_w or 1.0, now, ready_at, car.battery, car.curve)
    return Inquiry(
        plan=plan,
        need=need,
        power=power,
        request=PlanRequest(
            member=view.settings.member,
            circuit=view.settings.circuit,
            energy_wh=asked.energy_wh,
            ready_at=asked.ready_at,
            min_power_w=power.min_w if power.max_w else 0.0,
            max_power_w=power.max_w,
            phases=power.phases,
            priority=view.settings.priority,
            weight=view.settings.weight,
        ),
    )


def answered(
    inquiry: Inquiry, promise: Promise, schedule: Schedule, now: datetime, *, has_prices: bool
) -> Plan:
    """Return a plan with what the planner promised.

    Args:
        inquiry: What was asked.
        promise: What was promised.
        schedule: When it charges.
        now: The time, aware UTC.
        has_prices: Whether there are any prices at all.
    """
    missing_wh = max(0.0, inquiry.need.energy_wh - promise.planned_wh)
    holds = Need(energy_wh=missing_wh, counts_soc=False).is_met
    starts = (slot.from_at for slot in schedule.slots if slot.until_at > now and slot.power_w > 0)
    start = next(starts, None)
    priced_wh = promise.planned_wh - promise.unpriced_wh
    return replace(
        inquiry.plan,
        state=PlanState.ON_TRACK if holds else PlanState.CANNOT_BE_MET,
        planned_wh=promise.planned_wh,
        missing_wh=0.0 if holds else missing_wh,
        next_start=None if start is None else max(start, now),
        earliest_ready_at=promise.earliest_ready_at,
        cost=promise.cost if has_prices and priced_wh > 0.0 else None,
        unpriced_wh=promise.unpriced_wh if has_prices else promise.planned_wh,
        co2_g=promise.co2_g or None,
    )


def at_once(inquiry: Inquiry, member: MemberId, now: datetime) -> tuple[Plan, Schedule]:
    """Return the plan and the schedule of a car that charges at once."""
    schedule = Schedule(
        member=member,
        slots=(Slot(from_at=now, until_at=now + AT_ONCE_FOR, power_w=inquiry.power.max_w),),
    )
    plan = inquiry.plan
    if plan.state is PlanState.LATE:
        plan = replace(plan, missing_wh=inquiry.need.energy_wh, next_start=now)
    return plan, schedule


def _without_car(view: MemberView, wish: PlanWish, now: datetime) -> PlanState | None:
    """Return why there is nothing to plan, before any car is looked at; None when there is."""
    if view.wishes.mode_at(now) is not Mode.PLAN:
        return PlanState.NOT_IN_PLAN_MODE
    is_waiting = wish.departure is not None and view.session is None
    return PlanState.WAITING if is_waiting else None


def _state(wish: PlanWish, need: Need, ready_at: datetime | None) -> PlanState:
    if wish.departure is None:
        return PlanState.NO_PLAN
    if need.is_met:
        return PlanState.DONE
    return PlanState.LATE if ready_at is None else PlanState.ON_TRACK


def _phases(view: MemberView, vehicle: Vehicle | None) -> tuple[Phase, ...]:
    wired = view.settings.phases
    if vehicle is not None and vehicle.phases is not None:
        return wired[: vehicle.phases]
    if view.session is not None and view.status is not None:
        used = tuple(phase for phase in wired if phase in view.status.used_phases)
        return used or wired
    return wired


def _amps(limit: Limit, voltage_v: float, phases: int) -> float:
    return limit.value if limit.unit is LimitUnit.CURRENT else limit.value / (voltage_v * phases)
