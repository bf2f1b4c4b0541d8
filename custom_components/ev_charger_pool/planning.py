"""Plans of a site: asks the planner when something changed, and has the result followed."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import TYPE_CHECKING, Final

from homeassistant.core import callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .balancing.planner import (
    Objective,
    PlanError,
    PlanResult,
    PlanSettings,
    Unpriced,
    plan,
)
from .balancing.topology import TopologyError
from .const import ROOT_CIRCUIT
from .listeners import Unsubscribe
from .plan_horizon import OtherLoads, Outlook, Room, horizon, lowered, rates_at
from .plan_requests import Car, Inquiry, answered, at_once, inquire, power_of
from .pool.circuits import Circuit
from .pool.departures import Once
from .pool.members import CircuitId, MemberId, Mode
from .pool.needs import Battery
from .pool.plans import Plan, PlanState
from .pool.quantities import NO_CURRENT, PHASES, PerPhase, PhaseValues, add
from .pool.schedules import Schedule
from .pool.sessions import Rates, Session
from .pool.states import ChargingStatus
from .snapshot import MemberView
from .vehicles import Draw, Vehicles

if TYPE_CHECKING:
    from .coordinator import SiteCoordinator

_LOGGER = logging.getLogger(__name__)

EVERY: Final = timedelta(minutes=1)
"""Plans follow what is measured this often; wishes and plugs at once."""

LOOK_BEYOND: Final = timedelta(hours=24)
"""What cannot be ready in time may be so within a day after that."""

LONGEST: Final = timedelta(days=8)
"""A departure that repeats once a week is within it."""

SMALL: Final = 200
"""Cars times quarter hours: what is planned within 20 ms, and so on the event loop."""

_BY_COST: Final = PlanSettings()
_SOON: Final = PlanSettings(unpriced=Unpriced.EARLIEST)
"""For a site that nobody tells prices or CO2: what waits gains nothing, and may lose its place."""

_BY_CO2: Final = PlanSettings(objective=Objective.CO2)
"""For a site that is told no prices, but how much CO2 stands behind its energy."""


def _settings_of(outlook: Outlook) -> PlanSettings:
    """Return how plans are made by what is forecast."""
    if not outlook.has_rates and outlook.prices is None and outlook.co2 is None:
        return _SOON
    return _BY_CO2 if outlook.prices is None and outlook.co2 is not None else _BY_COST


class Planning:
    """Keeps the plans of a site."""

    def __init__(
        self, site: SiteCoordinator, vehicles: Vehicles, outlook: Callable[[], Outlook]
    ) -> None:
        """Prepare; nothing is planned before `async_start`.

        Args:
            site: Whose plans they are.
            vehicles: Its vehicles.
            outlook: Tells what is forecast.
        """
        self._site = site
        self._outlook = outlook
        self._others = OtherLoads(dt_util.get_default_time_zone)
        self._running = asyncio.Lock()
        self._schedules: tuple[Schedule, ...] = ()
        self._granted_a: dict[MemberId, float] = {}
        self._plugs: frozenset[tuple[MemberId, str | None, Mode]] = frozenset()
        self._task: asyncio.Task[None] | None = None
        self._is_due = False
        self._unsubscribe: list[Unsubscribe] = []
        self.vehicles = vehicles
        self.plans: Mapping[MemberId, Plan] = {}
        self.failing_since: datetime | None = None

    @callback
    def async_start(self) -> None:
        """Plan from now on."""
        self._unsubscribe = [
            async_track_time_interval(self._site.hass, self._on_minute, EVERY),
            self._site.showcase.async_add_listener(self._on_news),
        ]
        self.async_replan()

    async def async_stop(self) -> None:
        """Plan no more."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = []
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.vehicles.async_stop()

    @callback
    def async_replan(self) -> None:
        """Plan anew at the end of this turn of the event loop."""
        self._is_due = True
        if self._unsubscribe and (self._task is None or self._task.done()):
            self._task = self._site.hass.async_create_background_task(
                self._async_replan(), "ev_charger_pool planning", eager_start=False
            )

    def rates(self, at: datetime) -> Rates:
        """Return what a kWh from the grid costs and emits at a time."""
        return rates_at(self._outlook(), at)

    async def async_plan_now(self) -> None:
        """Plan, and return when it is done."""
        self._is_due = False
        async with self._running:
            await self._async_plan(self._site.clock())

    async def async_try(self, member: MemberId) -> Plan:
        """Return what a connector's plan would be if a car were plugged in now."""
        async with self._running:
            now = self._site.clock()
            inquiries = self._inquiries(now, as_if_plugged=member)
            plans, _ = await self._async_answers(inquiries, now)
            return plans[member]

    async def _async_replan(self) -> None:
        while self._is_due:
            await self.async_plan_now()

    @callback
    def _on_minute(self, now: datetime) -> None:
        self._see_loads(now)
        self.async_replan()

    @callback
    def _on_news(self) -> None:
        plugs = frozenset(
            (
                member,
                None if view.session is None else view.session.id,
                view.wishes.mode_at(self._site.data.taken_at),
            )
            for member, view in self._site.data.members.items()
        )
        if plugs != self._plugs:
            self._plugs = plugs
            self.async_replan()

    async def _async_plan(self, now: datetime) -> None:
        if not self._others.has_seen:
            self._see_loads(now)
        sessions = self._sessions()
        self.vehicles.async_follow(sessions.values(), self._draws(), now)
        inquiries = self._inquiries(now)
        plans, schedules = await self._async_answers(inquiries, now)
        self.plans = plans
        if schedules != self._schedules:
            self._schedules = schedules
            self._site.controller.set_schedules(schedules)
        self._site.async_show()
        self._site.async_ask()
        await self._async_end_what_is_over(plans, sessions, now)

    async def _async_answers(
        self, inquiries: Mapping[MemberId, Inquiry], now: datetime
    ) -> tuple[dict[MemberId, Plan], tuple[Schedule, ...]]:
        """Return the plan of each connector, and the schedules of those that have one."""
        plans: dict[MemberId, Plan] = {}
        schedules: dict[MemberId, Schedule] = {}
        for member, inquiry in inquiries.items():
            plans[member] = inquiry.plan
            if inquiry.is_at_once:
                plans[member], schedules[member] = at_once(inquiry, member, now)
        outlook = self._outlook()
        result = await self._async_ask_planner(inquiries, outlook, now)
        for member, inquiry in inquiries.items():
            if inquiry.request is None:
                continue
            if result is None:
                # A car that nobody can plan for is rather charged than left.
                unplanned, schedules[member] = at_once(inquiry, member, now)
                plans[member] = replace(unplanned, state=PlanState.NO_PLAN)
                continue
            schedules[member] = result.schedules[member]
            plans[member] = answered(
                inquiry,
                result.promises[member],
                schedules[member],
                now,
                has_prices=outlook.prices is not None,
            )
        return plans, tuple(schedules[member] for member in sorted(schedules))

    async def _async_ask_planner(
        self, inquiries: Mapping[MemberId, Inquiry], outlook: Outlook, now: datetime
    ) -> PlanResult | None:
        requests = [one.request for one in inquiries.values() if one.request is not None]
        if not requests:
            return None
        circuits = lowered(
            self._site.roster.circuits,
            self._site.wishes.circuit_limits_a,
            self._site.contracts.told_limits(),
        )
        latest = max(request.ready_at for request in requests)
        slots = horizon(
            now,
            min(max(latest, now) + LOOK_BEYOND, now + LONGEST),
            outlook,
            self._room(circuits, inquiries),
            self._others,
        )

        def ask() -> PlanResult:
            return plan(
                requests,
                slots,
                circuits,
                now,
                settings=_settings_of(outlook),
                previous=self._schedules,
            )

        try:
            if len(requests) * len(slots) <= SMALL:
                result = ask()
            else:
                result = await self._site.hass.async_add_executor_job(ask)
        except PlanError, TopologyError:
            if self.failing_since is None:
                self.failing_since = now
                _LOGGER.exception("Cars charge without plans until this is put right")
            return None
        if self.failing_since is not None:
            self.failing_since = None
            _LOGGER.info("Plans are made again")
        return result

    def _inquiries(
        self, now: datetime, as_if_plugged: MemberId | None = None
    ) -> dict[MemberId, Inquiry]:
        site, zone = self._site, dt_util.get_default_time_zone()
        found = {}
        for member, known in site.roster.members.items():
            if not known.is_connector:
                continue
            shown = site.data.members.get(member)
            view = known.view(None if shown is None else shown.status)
            car = self._car(view, now)
            power = power_of(view, car.vehicle, site.config.site.voltage_v)
            found[member] = inquire(
                view,
                site.wishes.plan_of(member),
                car,
                power,
                now,
                zone,
                delivered_wh=0.0 if view.session is None else view.session.energy_wh,
                is_tried=member == as_if_plugged,
            )
        return found

    def _car(self, view: MemberView, now: datetime) -> Car:
        vehicle_id = self.vehicles.at(view.settings.member)
        if vehicle_id is None:
            return Car()
        vehicle, level = self.vehicles.facts(vehicle_id), self.vehicles.level(vehicle_id, now)
        power = power_of(view, vehicle, self._site.config.site.voltage_v)
        return Car(
            vehicle=vehicle,
            battery=None if level is None else Battery(vehicle=vehicle, level=level),
            curve=self.vehicles.curve(vehicle_id, power.max_w) if power.max_w else None,
        )

    def _sessions(self) -> dict[MemberId, Session]:
        return {
            member: known.session
            for member, known in self._site.roster.members.items()
            if known.session is not None
        }

    def _draws(self) -> dict[MemberId, Draw]:
        """Return what cars take whose grant has stayed since the last look."""
        draws = {}
        granted_a = {}
        for member, view in self._site.data.members.items():
            report, status = view.connector, view.status
            if report is None or status is None or report.charging is not ChargingStatus.CHARGING:
                continue
            granted_a[member] = status.granted_a
            if report.power_w is None or self._granted_a.get(member) != status.granted_a:
                continue
            allowed_w = (
                status.granted_a * len(status.used_phases) * self._site.config.site.voltage_v
            )
            draws[member] = Draw(power_w=report.power_w.value, allowed_w=allowed_w)
        self._granted_a = granted_a
        return draws

    def _room(self, circuits: list[Circuit], inquiries: Mapping[MemberId, Inquiry]) -> Room:
        parents = {circuit.id: circuit.parent for circuit in circuits}
        claimed_a: dict[CircuitId, PhaseValues] = {}
        for member, view in self._site.data.members.items():
            inquiry = inquiries.get(member)
            if view.status is None or (inquiry is not None and inquiry.request is not None):
                continue
            amps = view.status.granted_a
            used = PerPhase(
                *(amps if phase in view.status.used_phases else 0.0 for phase in PHASES)
            )
            circuit: CircuitId | None = view.settings.circuit
            while circuit is not None:
                claimed_a[circuit] = add(claimed_a.get(circuit, NO_CURRENT), used)
                circuit = parents.get(circuit)
        config = self._site.config
        return Room(
            circuits=circuits,
            timetables={circuit: limits.times for circuit, limits in config.limits.items()},
            zone=dt_util.get_default_time_zone(),
            claimed_a=claimed_a,
            voltage_v=config.site.voltage_v,
        )

    def _see_loads(self, now: datetime) -> None:
        others_a = {
            circuit: view.status.other_a
            for circuit, view in self._site.data.circuits.items()
            if view.status is not None
        }
        root = others_a.get(ROOT_CIRCUIT)
        if root is not None:
            house_w = sum(root) * self._site.config.site.voltage_v + self._site.meters.made_w()
            self._others.see(others_a, house_w, now)

    async def _async_end_what_is_over(
        self, plans: Mapping[MemberId, Plan], sessions: Mapping[MemberId, Session], now: datetime
    ) -> None:
        """Drop plans for one departure once their car has left."""
        for member, made in plans.items():
            departure = made.wish.departure
            if isinstance(departure, Once) and departure.at <= now and member not in sessions:
                await self._site.plans.async_end(member)
