"""What a plan has to ask for, so that a car with a taper is ready in time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from .charge_levels import ChargeLevel
from .plans import PlanWish, TargetKind
from .taper import TaperCurve
from .vehicles import Vehicle

ENOUGH_WH: Final = 50.0
"""What is missing below this is nothing: registers count in steps of up to 100 Wh."""

_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """A battery whose state of charge is known."""

    vehicle: Vehicle
    level: ChargeLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What is still to be charged.

    Attributes:
        energy_wh: Watt-hours at the charger.
        counts_soc: Whether a state of charge is what counts.
    """

    energy_wh: float
    counts_soc: bool

    @property
    def is_met(self) -> bool:
        """Whether there is nothing left to charge."""
        return self.energy_wh < ENOUGH_WH


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked of the planner, which knows one power only.

    Attributes:
        energy_wh: What can be charged in time, as far as the car itself allows.
        ready_at: When that has to be done at full power; what the taper costs comes after it.
    """

    energy_wh: float
    ready_at: datetime


def need_of(wish: PlanWish, delivered_wh: float, battery: Battery | None) -> Need:
    """Return what is still to be charged.

    Where a state of charge is wished for and nobody knows it, the energy of the wish counts. A
    battery never needs more than to its vehicle's own limit.

    Args:
        wish: What is wished for.
        delivered_wh: What was charged since plug-in.
        battery: The battery that is plugged in; None for a guest's.
    """
    to_limit_wh = None
    if battery is not None:
        vehicle, soc = battery.vehicle, battery.level.soc
        to_limit_wh = vehicle.energy_to(vehicle.limit_soc, from_soc=soc)
        to_target_wh = vehicle.energy_to(wish.soc, from_soc=soc)
        if wish.kind is TargetKind.SOC and to_target_wh is not None:
            return Need(energy_wh=to_target_wh, counts_soc=True)
    needed_wh = max(0.0, wish.energy_wh - delivered_wh)
    if to_limit_wh is not None:
        needed_wh = min(needed_wh, to_limit_wh)
    return Need(energy_wh=needed_wh, counts_soc=False)


def ask(
    need: Need,
    most_w: float,
    now: datetime,
    ready_at: datetime,
    battery: Battery | None = None,
    curve: TaperCurve | None = None,
) -> Ask:
    """Return what to ask of a planner that counts with full power all the time.

    Near full a car takes less: it has to be done earlier by what that costs. It is planned anew as
    it charges, so that the time in hand shrinks with the rest.

    Args:
        need: What is still to be charged.
        most_w: The most that charger and car take, above 0.
        now: The time, aware UTC.
        ready_at: When it has to be ready, aware UTC.
        battery: The battery that is plugged in; None for a guest's.
        curve: What its car takes over its state of charge.
    """
    plain = Ask(energy_wh=need.energy_wh, ready_at=ready_at)
    if battery is None or curve is None:
        return plain
    vehicle, soc = battery.vehicle, battery.level.soc
    hours = curve.hours(vehicle, soc, vehicle.soc_after(need.energy_wh, from_soc=soc))
    if hours is None:
        return plain
    at_hand = (ready_at - now) / _HOUR
    if hours <= at_hand:
        lost = hours - need.energy_wh / most_w
        return Ask(energy_wh=need.energy_wh, ready_at=ready_at - max(0.0, lost) * _HOUR)
    possible_wh = min(need.energy_wh, curve.energy_wh(vehicle, soc, at_hand) or 0.0)
    return Ask(energy_wh=possible_wh, ready_at=min(ready_at, now + possible_wh / most_w * _HOUR))
