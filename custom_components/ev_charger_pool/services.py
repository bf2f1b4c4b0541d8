"""The actions: limit and lift the limit, boost, plan, start and stop, and tell who got what."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import (
    async_get_config_entry,
    async_get_device_and_config_entry,
)
from homeassistant.util import dt as dt_util
import probatio

from .commands import MOST_BOOST
from .const import DOMAIN
from .coordinator import PoolConfigEntry, SiteCoordinator
from .errors import ErrorKey, failed, raise_unless_accepted, wrong_input
from .names import async_name_of
from .plan_commands import LEAST_SOC, MOST_ENERGY_WH, PlanOrder
from .pool.actions import ActionStatus, LimitAction
from .pool.departures import WEEK, Departure, Once, Repeating, Weekday
from .pool.limits import LimitUnit
from .pool.members import MemberId
from .pool.plans import Plan, PlanState
from .pool.shares import Period
from .pool.vehicles import FULL
from .share_answers import async_share_answer

SERVICE_SET_LIMIT: Final = "set_limit"
SERVICE_CLEAR_LIMIT: Final = "clear_limit"
SERVICE_SET_PLAN: Final = "set_plan"
SERVICE_CLEAR_PLAN: Final = "clear_plan"
SERVICE_BOOST: Final = "boost"
SERVICE_GET_SHARES: Final = "get_shares"
SERVICE_START: Final = "start"
SERVICE_STOP: Final = "stop"

ATTR_CONFIG_ENTRY: Final = "config_entry_id"
ATTR_PERIOD: Final = "period"
ATTR_UNIT: Final = "unit"
ATTR_VALUE: Final = "value"
ATTR_ENERGY: Final = "energy_kwh"
ATTR_SOC: Final = "soc_percent"
ATTR_READY_AT: Final = "ready_at"
ATTR_READY_BY: Final = "ready_by"
ATTR_WEEKDAYS: Final = "weekdays"
ATTR_DURATION: Final = "duration"

_TARGET = {probatio.Required(ATTR_DEVICE_ID): cv.string}
TARGET_SCHEMA = probatio.Schema(_TARGET)
SET_LIMIT_SCHEMA = probatio.Schema(
    {
        **_TARGET,
        probatio.Required(ATTR_UNIT): probatio.Coerce(LimitUnit),
        probatio.Required(ATTR_VALUE): probatio.All(
            probatio.Coerce(float), probatio.Range(min=0, max=1_000_000)
        ),
    }
)
BOOST_SCHEMA = probatio.Schema(
    {
        **_TARGET,
        probatio.Required(ATTR_DURATION): probatio.All(
            cv.positive_time_period, probatio.Range(min=timedelta(seconds=1), max=MOST_BOOST)
        ),
    }
)
GET_SHARES_SCHEMA = probatio.Schema(
    {
        probatio.Optional(ATTR_CONFIG_ENTRY): cv.string,
        probatio.Optional(ATTR_PERIOD, default=Period.DAY): probatio.Coerce(Period),
    }
)
SET_PLAN_SCHEMA = probatio.Schema(
    {
        **_TARGET,
        probatio.Optional(ATTR_ENERGY): probatio.All(
            probatio.Coerce(float), probatio.Range(min=0.1, max=MOST_ENERGY_WH / 1000)
        ),
        probatio.Optional(ATTR_SOC): probatio.All(
            probatio.Coerce(float), probatio.Range(min=LEAST_SOC, max=FULL)
        ),
        probatio.Optional(ATTR_READY_AT): cv.datetime,
        probatio.Optional(ATTR_READY_BY): cv.time,
        probatio.Optional(ATTR_WEEKDAYS): probatio.All(cv.ensure_list, [probatio.Coerce(Weekday)]),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """Whom an action is for."""

    coordinator: SiteCoordinator
    member: MemberId
    name: str


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions; they are there as long as Home Assistant runs."""
    hass.services.async_register(
        DOMAIN,
        SERVICE_SET_LIMIT,
        _async_set_limit,
        schema=SET_LIMIT_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_CLEAR_LIMIT,
        _async_clear_limit,
        schema=TARGET_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_SET_PLAN,
        _async_set_plan,
        schema=SET_PLAN_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_CLEAR_PLAN,
        _async_clear_plan,
        schema=TARGET_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_GET_SHARES,
        _async_get_shares,
        schema=GET_SHARES_SCHEMA,
        supports_response=SupportsResponse.ONLY,
    )
    hass.services.async_register(DOMAIN, SERVICE_BOOST, _async_boost, schema=BOOST_SCHEMA)
    hass.services.async_register(DOMAIN, SERVICE_START, _async_start, schema=TARGET_SCHEMA)
    hass.services.async_register(DOMAIN, SERVICE_STOP, _async_stop, schema=TARGET_SCHEMA)


async def _async_set_limit(call: ServiceCall) -> ServiceResponse:
    """Limit the session of a member, and return what became of it."""
    target = _target(call)
    action = await target.coordinator.commands.async_set_limit(
        target.member, call.data[ATTR_UNIT], call.data[ATTR_VALUE]
    )
    return _completed(action, target)


async def _async_clear_limit(call: ServiceCall) -> ServiceResponse:
    """Lift the limit of a session, and return what became of it."""
    target = _target(call)
    return _completed(await target.coordinator.commands.async_clear_limit(target.member), target)


async def _async_set_plan(call: ServiceCall) -> ServiceResponse:
    """Plan for a connector, and return what is promised."""
    target = _target(call)
    energy_kwh, soc = call.data.get(ATTR_ENERGY), call.data.get(ATTR_SOC)
    if (energy_kwh is None) is (soc is None):
        raise wrong_input(ErrorKey.PLAN_ONE_TARGET)
    order = PlanOrder(
        departure=_departure(call),
        energy_wh=None if energy_kwh is None else 1000 * energy_kwh,
        soc=soc,
    )
    plan = await target.coordinator.plans.async_set_plan(target.member, order)
    return _promised(plan, call.hass.config.currency)


async def _async_clear_plan(call: ServiceCall) -> ServiceResponse:
    """Plan no more for a connector, and return how it stands then."""
    target = _target(call)
    plan = await target.coordinator.plans.async_clear_plan(target.member)
    return {"member": target.member, "state": plan.state.value}


def _departure(call: ServiceCall) -> Departure:
    """Return when a car has to be ready.

    Raises:
        ServiceValidationError: That was told twice, or not at all.
    """
    at: datetime | None = call.data.get(ATTR_READY_AT)
    of_day: time | None = call.data.get(ATTR_READY_BY)
    weekdays = call.data.get(ATTR_WEEKDAYS)
    if of_day is not None and at is None:
        return Repeating(at=of_day, weekdays=frozenset(WEEK if weekdays is None else weekdays))
    if at is None or of_day is not None or weekdays is not None:
        raise wrong_input(ErrorKey.PLAN_ONE_DEPARTURE)
    return Once(at=dt_util.as_utc(at))


def _promised(plan: Plan, currency: str) -> ServiceResponse:
    response: dict[str, Any] = {
        "feasible": plan.state in {PlanState.ON_TRACK, PlanState.DONE},
        "state": plan.state.value,
        "counted_by": "soc" if plan.counts_soc else "energy",
        "ready_at": plan.ready_at.isoformat() if plan.ready_at else None,
        "needed_kwh": None if plan.needed_wh is None else round(plan.needed_wh / 1000, 3),
        "missing_kwh": round(plan.missing_wh / 1000, 3),
        "next_start": plan.next_start.isoformat() if plan.next_start else None,
        "earliest_ready": plan.earliest_ready_at.isoformat() if plan.earliest_ready_at else None,
        "cost": None if plan.cost is None else round(plan.cost, 4),
        "currency": currency,
        "unpriced_kwh": round(plan.unpriced_wh / 1000, 3),
        "co2_kg": None if plan.co2_g is None else round(plan.co2_g / 1000, 3),
    }
    return response


async def _async_get_shares(call: ServiceCall) -> ServiceResponse:
    """Return who got what and why in a period."""
    entry: PoolConfigEntry = async_get_config_entry(
        call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY)
    )
    return await async_share_answer(entry.runtime_data, call.data[ATTR_PERIOD])


async def _async_boost(call: ServiceCall) -> None:
    """Have a connector charge fast for a while, whatever its mode."""
    target = _target(call)
    await target.coordinator.commands.async_boost(target.member, call.data[ATTR_DURATION])


async def _async_start(call: ServiceCall) -> None:
    """Start a session with the car that is plugged in."""
    target = _target(call)
    raise_unless_accepted(await target.coordinator.commands.async_start(target.member), target.name)


async def _async_stop(call: ServiceCall) -> None:
    """End the session."""
    target = _target(call)
    raise_unless_accepted(await target.coordinator.commands.async_stop(target.member), target.name)


def _target(call: ServiceCall) -> _Target:
    """Find the member that a device is.

    Raises:
        ServiceValidationError: The device is unknown or is no member: a wrong target is never
            taken for another one.
    """
    device, found = async_get_device_and_config_entry(call.hass, DOMAIN, call.data[ATTR_DEVICE_ID])
    entry: PoolConfigEntry = found
    name = async_name_of(call.hass, device)
    keys = {key for domain, key in device.identifiers if domain == DOMAIN}
    coordinator = entry.runtime_data
    members = [
        member
        for member in coordinator.data.members
        if member in keys or member.partition(":")[0] in keys
    ]
    if not members:
        raise wrong_input(ErrorKey.NOT_A_MEMBER, device=name)
    if len(members) > 1:
        raise wrong_input(ErrorKey.AMBIGUOUS_STATION, device=name)
    return _Target(coordinator=coordinator, member=members[0], name=name)


def _completed(action: LimitAction, target: _Target) -> ServiceResponse:
    """Return a completed limit action as response data.

    Raises:
        HomeAssistantError: It failed.
    """
    if action.status is ActionStatus.FAILED:
        raise failed(ErrorKey.LIMIT_FAILED, member=target.name, error=action.error or "")
    response: dict[str, Any] = {
        "id": action.id,
        "member": action.member,
        "kind": action.kind.value,
        "unit": action.unit.value,
        "value": action.value,
        "status": action.status.value,
        "requested_at": action.requested_at.isoformat(),
        "ended_at": action.ended_at.isoformat() if action.ended_at else None,
    }
    return response
