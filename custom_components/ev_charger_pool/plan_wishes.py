"""Plans and choices of vehicles as they are kept, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from .pool.departures import Departure, Once, Repeating, Weekday
from .pool.members import Mode
from .pool.plans import PlanWish, TargetKind
from .pool.vehicles import VehicleId


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleChoice:
    """The vehicle that a user said is plugged in.

    Attributes:
        vehicle: Which; None for a guest.
        session: Since when it counts; None: from the next session on.
    """

    vehicle: VehicleId | None
    session: str | None = None


def plan_to_json(plan: PlanWish) -> dict[str, Any]:
    """Return a plan as it is kept."""
    kept: dict[str, Any] = {
        "kind": plan.kind.value,
        "energy_wh": plan.energy_wh,
        "soc": plan.soc,
        "mode_before": None if plan.mode_before is None else plan.mode_before.value,
    }
    match plan.departure:
        case Once(at=at):
            kept["ready_at"] = at.isoformat()
        case Repeating(at=of_day, weekdays=weekdays):
            kept["ready_by"] = of_day.isoformat()
            kept["weekdays"] = sorted(day.value for day in weekdays)
    return kept


def plan_from_json(data: Mapping[str, Any]) -> PlanWish:
    """Return a plan that was kept.

    Raises:
        KeyError: A field is missing.
        TypeError: A field is of another kind.
        ValueError: A field cannot be understood.
    """
    energy_wh, soc = float(data["energy_wh"]), float(data["soc"])
    if not (0.0 <= energy_wh < float("inf") and 0.0 <= soc <= 100.0):  # noqa: PLR2004
        raise ValueError(f"{energy_wh} Wh or {soc} % cannot be")
    mode = data.get("mode_before")
    return PlanWish(
        kind=TargetKind(data["kind"]),
        energy_wh=energy_wh,
        soc=soc,
        departure=_departure(data),
        mode_before=None if mode is None else Mode(mode),
    )


def choice_to_json(choice: VehicleChoice) -> dict[str, Any]:
    """Return a choice as it is kept."""
    return {"vehicle": choice.vehicle, "session": choice.session}


def choice_from_json(data: Mapping[str, Any]) -> VehicleChoice:
    """Return a choice that was kept.

    Raises:
        KeyError: A field is missing.
        TypeError: A field is of another kind.
    """
    vehicle, session = data["vehicle"], data["session"]
    if not (isinstance(vehicle, str | None) and isinstance(session, str | None)):
        raise TypeError(f"{data} is no choice of a vehicle")
    return VehicleChoice(vehicle=vehicle, session=session)


def _departure(data: Mapping[str, Any]) -> Departure | None:
    if (at := data.get("ready_at")) is not None:
        return Once(at=datetime.fromisoformat(at).astimezone(UTC))
    if (of_day := data.get("ready_by")) is not None:
        return Repeating(
            at=time.fromisoformat(of_day).replace(tzinfo=None),
            weekdays=frozenset(Weekday(day) for day in data["weekdays"]),
        )
    return None
