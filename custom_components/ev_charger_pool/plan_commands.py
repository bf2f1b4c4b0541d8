"""What a user may ask of a plan: checked, kept, and planned at once."""

from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Final

from homeassistant.util import dt as dt_util

from .const import GUEST
from .errors import ErrorKey, wrong_input
from .plan_wishes import VehicleChoice
from .pool.departures import Departure, Once, next_departure
from .pool.members import MemberId, Mode
from .pool.plans import Plan, PlanWish, TargetKind

if TYPE_CHECKING:
    from .coordinator import SiteCoordinator

MOST_ENERGY_WH: Final = 1_000_000.0
"""More than the battery of any lorry."""

LEAST_SOC: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOrder:
    """A whole plan, as an action asks for it.

    Attributes:
        departure: When the car has to be ready.
        energy_wh: What is to be charged since plug-in; None: a state of charge counts.
        soc: What the battery is to hold, percent; None: energy counts.
    """

    departure: Departure
    energy_wh: float | None = None
    soc: float | None = None


class PlanCommands:
    """The user's side of the plans of a site."""

    def __init__(self, site: SiteCoordinator) -> None:
        self._site = site

    async def async_set_energy(self, member: MemberId, energy_wh: float) -> None:
        """Have a plan count energy since plug-in."""
        await self._async_change(member, kind=TargetKind.ENERGY, energy_wh=energy_wh)

    async def async_set_soc(self, member: MemberId, soc: float) -> None:
        """Have a plan count the state of charge, percent."""
        await self._async_change(member, kind=TargetKind.SOC, soc=soc)

    async def async_set_kind(self, member: MemberId, kind: TargetKind) -> None:
        """Choose what a plan counts."""
        await self._async_change(member, kind=kind)

    async def async_set_ready_at(self, member: MemberId, at: datetime) -> None:
        """Set when the car has to be ready; of a plan that repeats, the time of day.

        Raises:
            ServiceValidationError: That time is over.
        """
        wish = self._wish(member).ready_at(at, _zone())
        self._check_departure(wish.departure)
        await self._async_keep(member, wish)

    async def async_repeat(self, member: MemberId) -> None:
        """Have a plan come again every day.

        Raises:
            ServiceValidationError: Nobody said when the car has to be ready.
        """
        wish = self._wish(member)
        if wish.departure is None:
            raise wrong_input(ErrorKey.PLAN_NO_DEPARTURE)
        await self._async_keep(member, wish.repeating(_zone()))

    async def async_repeat_no_more(self, member: MemberId) -> None:
        """Have a plan's next departure be its last."""
        wish = self._wish(member)
        await self._async_keep(member, wish.once(self._site.clock(), _zone()))

    async def async_set_plan(self, member: MemberId, order: PlanOrder) -> Plan:
        """Set a whole plan, put the connector into plan mode, and return what is promised.

        Without a car it is told what would be promised if one were plugged in.

        Raises:
            ServiceValidationError: It cannot be meant.
        """
        wish = self._wish(member)
        self._check_departure(order.departure)
        if order.soc is not None:
            self._check_soc(member)
            wish = replace(wish, kind=TargetKind.SOC, soc=order.soc)
        if order.energy_wh is not None:
            wish = replace(wish, kind=TargetKind.ENERGY, energy_wh=order.energy_wh)
        mode = self._site.wishes.mode_of(member)
        if mode is not Mode.PLAN:
            wish = replace(wish, mode_before=mode)
        await self._site.wishes.async_plan(member, replace(wish, departure=order.departure))
        if mode is not Mode.PLAN:
            await self._site.commands.async_set_mode(member, Mode.PLAN)
        await self._site.planning.async_plan_now()
        return await self._site.planning.async_try(member)

    async def async_clear_plan(self, member: MemberId) -> Plan:
        """Drop a plan, and have the connector do what it did before it."""
        self._wish(member)
        await self.async_end(member)
        await self._site.planning.async_plan_now()
        return self._site.planning.plans[member]

    async def async_end(self, member: MemberId) -> None:
        """Drop a plan, and have the connector do what it did before it."""
        wish = self._wish(member)
        await self._site.wishes.async_plan(member, replace(wish, departure=None, mode_before=None))
        if wish.mode_before is not None and self._site.wishes.mode_of(member) is Mode.PLAN:
            await self._site.commands.async_set_mode(member, wish.mode_before)
        self._site.planning.async_replan()

    async def async_choose_vehicle(self, member: MemberId, name: str) -> None:
        """Tell which vehicle is plugged in, or will be next; it is nowhere else then.

        Raises:
            ServiceValidationError: There is no such vehicle.
        """
        self._connector(member)
        vehicle = None
        if name != GUEST:
            names = self._site.vehicles.names
            vehicle = next((key for key, known in names.items() if known == name), None)
            if vehicle is None:
                raise wrong_input(ErrorKey.VEHICLE_UNKNOWN, vehicle=name)
        wishes = self._site.wishes
        for other, choice in tuple(wishes.vehicles.items()):
            if vehicle is not None and choice.vehicle == vehicle and other != member:
                await wishes.async_choose_vehicle(other, None)
        session = self._site.member(member).session
        await wishes.async_choose_vehicle(
            member,
            VehicleChoice(vehicle=vehicle, session=None if session is None else session.id),
        )
        await self._site.planning.async_plan_now()

    async def _async_change(self, member: MemberId, **changes: object) -> None:
        await self._async_keep(member, replace(self._wish(member), **changes))  # type: ignore[arg-type]

    async def _async_keep(self, member: MemberId, wish: PlanWish) -> None:
        await self._site.wishes.async_plan(member, wish)
        await self._site.planning.async_plan_now()

    def _wish(self, member: MemberId) -> PlanWish:
        self._connector(member)
        return self._site.wishes.plan_of(member)

    def _connector(self, member: MemberId) -> None:
        if not self._site.member(member).is_connector:
            raise wrong_input(ErrorKey.NOT_A_CONNECTOR, member=member)

    def _check_departure(self, departure: Departure | None) -> None:
        now = self._site.clock()
        if departure is not None and next_departure(departure, now, _zone()) is None:
            if isinstance(departure, Once):
                at = departure.at.astimezone(_zone()).isoformat(sep=" ", timespec="minutes")
                raise wrong_input(ErrorKey.PLAN_IN_THE_PAST, at=at)
            raise wrong_input(ErrorKey.PLAN_NO_WEEKDAY)

    def _check_soc(self, member: MemberId) -> None:
        """Refuse a state of charge that cannot be counted for the car that is plugged in."""
        if self._site.member(member).session is None:
            return
        vehicles = self._site.vehicles
        vehicle = vehicles.at(member)
        if vehicle is None:
            raise wrong_input(ErrorKey.PLAN_SOC_OF_GUEST)
        level = vehicles.level(vehicle, self._site.clock())
        if level is None or vehicles.facts(vehicle).capacity_wh is None:
            raise wrong_input(ErrorKey.PLAN_SOC_UNKNOWN, vehicle=vehicles.names[vehicle])


def _zone() -> tzinfo:
    return dt_util.get_default_time_zone()
