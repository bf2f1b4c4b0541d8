"""Who got what and why, as an action, a card or a script reads it."""

from typing import Any

from homeassistant.helpers import device_registry as dr

from .const import DOMAIN
from .coordinator import SiteCoordinator
from .names import async_name_of
from .pool.members import MemberId
from .pool.shares import Activity, Part, Period, Shares, period_start
from .snapshot import MemberView, SiteSnapshot

_DIGITS = 3
_MONEY_DIGITS = 4


async def async_share_answer(coordinator: SiteCoordinator, period: Period) -> dict[str, Any]:
    """Return the shares of a site's connectors in a period, by name.

    Raises:
        HomeAssistantError: The journal does not answer.
    """
    now, snapshot = coordinator.clock(), coordinator.data
    found = await coordinator.async_shares(period, now)
    since = period_start(period, now)
    connectors = [
        {
            **_device_of(coordinator, member),
            **_totals(shares),
            "wants": _wishes(snapshot.members[member]),
            "reasons": [_reason(part, shares, snapshot) for part in shares.parts],
        }
        for member, shares in found.items()
        if member in snapshot.members
    ]
    return {
        "period": period.value,
        "since": None if since is None else since.isoformat(),
        "until": now.isoformat(),
        "currency": coordinator.hass.config.currency,
        "connectors": sorted(connectors, key=lambda one: (str(one["name"]), str(one["member"]))),
    }


def _device_of(coordinator: SiteCoordinator, member: MemberId) -> dict[str, Any]:
    registry = dr.async_get(coordinator.hass)
    device = registry.async_get_child_device_by_identifier(
        (DOMAIN, member), coordinator.entry.entry_id
    )
    return {
        "member": member,
        "device_id": None if device is None else device.id,
        "name": member if device is None else async_name_of(coordinator.hass, device),
    }


def _totals(shares: Shares) -> dict[str, Any]:
    total, given = shares.total, shares.given_share
    return {
        "since": shares.since.isoformat(),
        "energy_kwh": round(total.energy_wh / 1000, _DIGITS),
        "cost": None if total.cost is None else round(total.cost, _MONEY_DIGITS),
        "co2_kg": None if total.co2_g is None else round(total.co2_g / 1000, _DIGITS),
        "given_share": None if given is None else round(given, _DIGITS),
        **{f"{activity}_seconds": round(shares.seconds(activity)) for activity in Activity},
        "waiting_for_turn_seconds": round(shares.waiting_for_turn_seconds),
        "turns": total.turns,
        "pauses": total.pauses,
    }


def _wishes(view: MemberView) -> dict[str, Any]:
    plan = view.plan
    needed_wh = None if plan is None else plan.needed_wh
    return {
        "mode": view.wishes.mode.value,
        "priority": view.settings.priority.name.lower(),
        "weight": view.settings.weight,
        "plan": None if plan is None else plan.state.value,
        "needed_kwh": None if needed_wh is None else round(needed_wh / 1000, _DIGITS),
        "ready_at": plan.ready_at.isoformat() if plan is not None and plan.ready_at else None,
    }


def _reason(part: Part, shares: Shares, snapshot: SiteSnapshot) -> dict[str, Any]:
    circuit_id = part.standing.circuit
    circuit = None if circuit_id is None else snapshot.circuits.get(circuit_id)
    length = (shares.until - shares.since).total_seconds()
    return {
        "activity": part.standing.activity.value,
        "reason": None if part.standing.reason is None else part.standing.reason.value,
        "circuit": circuit_id if circuit is None else circuit.circuit.name,
        "circuit_id": circuit_id,
        "seconds": round(part.tally.seconds),
        "share": round(part.tally.seconds / length, _DIGITS) if length > 0 else 0.0,
        "energy_kwh": round(part.tally.energy_wh / 1000, _DIGITS),
        "pauses": part.tally.pauses,
    }
