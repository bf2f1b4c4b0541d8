"""Sense, decide, act: the only room where devices, decisions and wishes meet."""

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import datetime, timedelta
import logging
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import ulid as ulid_util
from sqlalchemy.exc import SQLAlchemyError

from .actions import LimitActions, event_data
from .balancing.contract import DECISION_FRESH, Controller, Decision
from .battery_lock import BatteryLock
from .ceilings import Ceilings
from .clock import SteadyClock
from .commands import Commands
from .config import PoolConfig
from .const import EVENT_LIMIT_ACTION
from .contracts import Contracts
from .decisions import DecisionLoop
from .device_config import ChargerConfig, SupplyConfig
from .devices import async_register_devices, async_show_identity
from .dispatch import Dispatcher
from .errors import ErrorKey, wrong_input
from .fleet import Device, Fleet
from .forecast_issues import ForecastIssues
from .journal import Journal, Kept
from .listeners import Unsubscribe
from .meters import Meters
from .ocpp_port import OcppPort
from .outlooks import Outlooks
from .own_problems import OwnProblems
from .plan_commands import PlanCommands
from .planning import Planning
from .pool.circuits import Circuit
from .pool.limits import Limit
from .pool.members import (
    CircuitId,
    MemberId,
    MemberRecord,
)
from .pool.sessions import Session
from .pool.shares import Period, Shares
from .power_supplies.contract import SupplyWishes
from .roster import Member, Roster
from .senses import Senses
from .session_book import SessionBook
from .share_book import LOOK_EVERY, ShareBook
from .showcase import Showcase
from .simulator.site import SimulatedSite
from .snapshot import SiteSnapshot
from .snapshots import take_snapshot
from .starts import SessionStarter
from .vehicle_memory import VehicleMemory
from .vehicles import Vehicles
from .wishes import WishStore

_LOGGER = logging.getLogger(__name__)

PURGE_EVERY: Final = timedelta(days=1)

type PoolConfigEntry = ConfigEntry[SiteCoordinator]


class SiteCoordinator:
    """One site: hears its devices and meters, has the controller decide, and sends the orders.

    `data` is the picture after the newest decision; everything that is shown comes from it.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: PoolConfigEntry,
        controller: Controller,
        journal: Journal,
        wishes: WishStore,
        memory: VehicleMemory,
        kept: Kept,
        simulated_site: SimulatedSite | None = None,
    ) -> None:
        """Make the coordinator of a site; nothing runs before `async_run`.

        Args:
            hass: Home Assistant.
            entry: The site's entry.
            controller: Who decides.
            journal: Where what must not be lost is kept, open.
            wishes: What the user wants, loaded.
            memory: What was learned of the vehicles, loaded.
            kept: What the journal knew.
            simulated_site: The simulated devices and house, running; None for a real site.
        """
        self.hass = hass
        self.entry = entry
        self.config = PoolConfig.from_entry(entry)
        self.journal = journal
        self.wishes = wishes
        self.simulated_site = simulated_site
        self.controller = controller
        self.clock = SteadyClock()
        self.meters = Meters(hass, self.async_ask)
        self.dispatcher = Dispatcher(controller, self.clock, self._spawn, self._on_answer)
        self.decisions = DecisionLoop(
            hass.loop,
            controller,
            self.clock,
            before=self._tell_meters,
            on_decision=self._on_decision,
            on_failure=self._publish,
        )
        self.vehicles = Vehicles(hass, wishes, memory, self.async_show)
        self.outlooks = Outlooks(
            hass,
            ForecastIssues(hass, entry.entry_id, entry.title),
            on_news=self._on_forecast,
            spawn=self._spawn,
        )
        self.planning = Planning(self, self.vehicles, self.outlooks.outlook)
        self.actions = LimitActions(journal.write, ulid_util.ulid_now)
        self.shares = ShareBook(journal, kept)
        self.sessions = SessionBook(
            kept.open_sessions,
            self._keep_session,
            ulid_util.ulid_now,
            self.planning.rates,
        )
        self.actions.add_listener(
            lambda action: hass.bus.async_fire(
                EVENT_LIMIT_ACTION, event_data(action, entry.entry_id)
            )
        )
        self.ceilings = Ceilings(wishes)
        self.contracts = Contracts(hass, self._on_contracts)
        self.battery_lock = BatteryLock(
            hass, entry.entry_id, self.clock, self._spawn, self.async_show
        )
        devices: dict[str, Device] = {}
        self.roster = Roster(controller, wishes, self.sessions, self.ceilings, devices, self.clock)
        self.starter = SessionStarter()
        self.senses = Senses(
            controller,
            self.roster,
            self.sessions,
            self.ceilings,
            self.dispatcher,
            self.starter,
            self.clock,
            on_news=self.async_ask,
            on_capabilities=self._on_capabilities,
            on_departure=self._end_boost,
            spawn=self._spawn,
        )
        self.fleet = Fleet(hass, self.senses, self._first_wishes, self._on_device, devices)
        self.commands = Commands(self)
        self.plans = PlanCommands(self)
        self._kept = kept
        self._decision: Decision | None = None
        self._next: asyncio.Future[None] | None = None
        self.port = OcppPort(hass, self.config.site.ocpp_port, self.async_ask)
        self._own_problems = OwnProblems(
            journal, self.port, self.decisions, self.clock, self.async_ask
        )
        self.records: dict[MemberId, MemberRecord] = {
            record.member: record for record in kept.members
        }
        self.showcase = Showcase(hass.loop, take_snapshot(self.clock(), (), (), {}, None, ()))
        self._reconfiguring = asyncio.Lock()
        self._unsubscribe: list[Unsubscribe] = []
        self._stopped = False

    @property
    def data(self) -> SiteSnapshot:
        """The picture after the newest decision."""
        return self.showcase.data

    # The life cycle

    async def async_run(self) -> None:
        """Take up what was kept, make the devices, and begin to decide."""
        now = self.clock()
        self._own_problems.async_start(now)
        async_register_devices(self.hass, self.entry, self.config)
        self._configure()
        self.controller.restore(self._kept.members, self._kept.circuits, now, self._kept.windows)
        resumed = self.actions.restore(self._kept.actions, self._kept.open_sessions, now)
        for session, action in resumed:
            self.ceilings.ask(session, action)
        self.roster.refresh_limits()
        self.meters.async_configure(self.config)
        self.vehicles.async_configure(self.config.vehicles)
        self.outlooks.async_configure(self.config.forecasts)
        self.contracts.async_configure(self.config)
        await self.battery_lock.async_start(self.config.site.energy.lock)
        self._unsubscribe.append(
            async_track_time_interval(self.hass, self._async_purge, PURGE_EVERY)
        )
        self._unsubscribe.append(async_track_time_interval(self.hass, self._async_look, LOOK_EVERY))
        self._publish(now)
        self.decisions.start()
        self.planning.async_start()
        await self.port.async_open(now)
        await asyncio.gather(*(self._async_add(key) for key in self._device_configs()))

    async def async_close(self) -> None:
        """Stop deciding and let go of every device; leases are left to lapse."""
        if self._stopped:
            return
        self._stopped = True
        self.decisions.stop()
        self.showcase.async_stop()
        self.meters.async_stop()
        self.contracts.async_stop()
        self.port.async_close()
        self.outlooks.async_stop()
        await self.planning.async_stop()
        await self.battery_lock.async_close()
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        async with self._reconfiguring:
            await self.dispatcher.async_close_all()
            await asyncio.gather(*(self.fleet.async_remove(key) for key in self._device_configs()))
        self.sessions.keep_all()
        self.shares.keep(self.clock())
        await self.journal.async_close()
        if self.simulated_site is not None:
            await self.simulated_site.async_stop()

    async def async_reconfigure(self) -> None:
        """Take what changed in the entry and its subentries, and touch nothing else."""
        async with self._reconfiguring:
            old, new = self.config, PoolConfig.from_entry(self.entry)
            if self._stopped or old == new:
                return
            if new.needs_reload_after(old):
                self.hass.config_entries.async_schedule_reload(self.entry.entry_id)
                return
            before = self._device_configs()
            self.config = new
            after = self._device_configs()
            for key, config in before.items():
                if key not in after or after[key].as_driver_sees_it() != config.as_driver_sees_it():
                    await self.dispatcher.async_close(key)
                    await self.fleet.async_remove(key)
            async_register_devices(self.hass, self.entry, new)
            known = self.roster.subjects
            self._configure()
            await self._async_forget(known - self.roster.subjects)
            self.meters.async_configure(new)
            self.vehicles.async_configure(new.vehicles)
            self.outlooks.async_configure(new.forecasts)
            self.planning.async_replan()
            self.contracts.async_configure(new)
            self.battery_lock.async_configure(new.site.energy.lock)
            self._publish(self.clock())
            for key in after:
                if key not in self.fleet.devices and not self._stopped:
                    await self._async_add(key)
            self.async_ask()

    # What the commands need

    def member(self, member: MemberId) -> Member:
        """Return what is known of a member.

        Raises:
            ServiceValidationError: There is no such member.
        """
        if (found := self.roster.members.get(member)) is None:
            raise wrong_input(ErrorKey.MEMBER_UNKNOWN, member=member)
        return found

    def circuit(self, circuit: CircuitId) -> Circuit:
        """Return a circuit of the site.

        Raises:
            ServiceValidationError: There is no such circuit.
        """
        for candidate in self.roster.circuits:
            if candidate.id == circuit:
                return candidate
        raise wrong_input(ErrorKey.CIRCUIT_UNKNOWN, circuit=circuit)

    @callback
    def async_ask(self) -> None:
        """Ask for a decision at the end of this turn of the event loop."""
        self.decisions.ask()

    @callback
    def async_take_wish(self, member: MemberId) -> None:
        """Have the next decision, made at once, follow what the user wants of a member."""
        self.roster.take_wish(member)
        self._configure()
        self.decisions.decide()

    @callback
    def async_take_default_mode(self) -> None:
        """Have the next decision, made at once, follow the mode of those that chose none."""
        for member in self.roster.members:
            self.roster.take_wish(member)
        self.decisions.decide()

    @callback
    def async_take_limits(self) -> None:
        """Have the next decision, made at once, follow the ceilings that are set now."""
        self.roster.refresh_limits()
        self.decisions.decide()

    async def async_shares(self, period: Period, now: datetime) -> Mapping[MemberId, Shares]:
        """Return what each connector got in a period, up to now, and why.

        Raises:
            HomeAssistantError: The journal does not answer.
        """
        return await self.shares.async_shares(period, self.data.members.values(), now)

    async def async_next_decision(self) -> None:
        """Wait for a decision."""
        if self._next is None or self._next.done():
            self._next = self.hass.loop.create_future()
        await asyncio.shield(self._next)

    @callback
    def async_show(self) -> None:
        """Show what changed beside a decision."""
        self._publish(self.clock())

    # Inside

    def _device_configs(self) -> dict[str, ChargerConfig | SupplyConfig]:
        return {**self.config.chargers, **self.config.supplies}

    async def _async_add(self, key: str) -> None:
        await self.fleet.async_add(self._device_configs()[key], self.config.site.ocpp_port)

    def _first_wishes(self, config: SupplyConfig) -> SupplyWishes:
        wish = self.wishes.of(config.member)
        return wish.supply_wishes(config.voltage_v, config.current_a)

    @callback
    def _on_device(self, key: str, device: Device) -> None:
        self.dispatcher.open(key, device, device.members)
        self._configure()

    @callback
    def _on_capabilities(self, device: str) -> None:
        if (known := self.fleet.devices.get(device)) is not None:
            async_show_identity(self.hass, self.entry.entry_id, device, known.identity)
        self._configure()

    def _spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        return self.hass.async_create_background_task(coroutine, name, eager_start=True)

    @callback
    def _on_answer(self, _: MemberId) -> None:
        self.async_ask()

    @callback
    def _on_contracts(self, limits: list[Limit]) -> None:
        self.ceilings.contracted = limits
        self.roster.refresh_limits()
        self.async_ask()

    def _configure(self) -> None:
        self.roster.configure(self.config)
        self.async_ask()

    def _tell_meters(self) -> None:
        meters, resources = self.meters.async_collect()
        for meter in meters:
            self.controller.observe_meter(meter)
        for resource in resources:
            self.controller.observe_resource(resource)

    def _on_decision(self, decision: Decision) -> None:
        self._decision = decision
        durable = None
        if decision.records or decision.circuit_records:
            durable = self.journal.write(*decision.records, *decision.circuit_records)
            self.records.update((record.member, record) for record in decision.records)
        if decision.window_records:
            self.journal.write(*decision.window_records)
        self.dispatcher.submit(decision.orders, durable)
        self.fleet.vouch(decision.decided_at + DECISION_FRESH)
        for member in self.roster.members:
            until = self.wishes.of(member).boost_until
            if until is not None and until <= decision.decided_at:
                self._end_boost(member)
        self.battery_lock.async_follow(decision.battery_locked)
        self._publish(decision.decided_at)
        self.senses.start_sessions(self.config.chargers.values(), self.data)
        if self._next is not None and not self._next.done():
            self._next.set_result(None)

    @callback
    def _end_boost(self, member: MemberId) -> None:
        if self.wishes.of(member).boost_until is not None:
            self.hass.async_create_background_task(
                self.commands.async_end_boost(member),
                f"end the boost of {member}",
                eager_start=False,
            )

    def _publish(self, at: datetime) -> None:
        for member, known in self.roster.members.items():
            known.last_action = self.actions.last(member)
            known.plan = self.planning.plans.get(member)
            known.vehicle = self.vehicles.plugged(member)
            known.waited = self.shares.waited(known.session)
        self.showcase.async_show(
            take_snapshot(
                at,
                self.roster.members.values(),
                self.roster.circuits,
                self.wishes.circuit_limits_a,
                self._decision,
                (
                    *self._own_problems.problems(),
                    *self.meters.problems(),
                    *self.vehicles.problems(),
                    *self.battery_lock.problems(),
                ),
                self.vehicles.views(at),
                self.wishes.default_mode,
            )
        )

    @callback
    def _async_look(self, _: datetime) -> None:
        self.shares.see(self.data.members.values(), self.data.taken_at)

    def _keep_session(self, session: Session) -> None:
        self.journal.write(session)
        if session.ended_at is not None:
            self.shares.close_session(session)

    @callback
    def _on_forecast(self) -> None:
        self.planning.async_replan()

    async def _async_forget(self, gone: set[str]) -> None:
        if gone:
            self.shares.forget(gone)
            self.journal.forget(*gone)
            for subject in gone:
                self.records.pop(subject, None)
            await self.wishes.async_forget(gone)

    async def _async_purge(self, now: datetime) -> None:
        try:
            await self.journal.async_purge(now)
        except SQLAlchemyError as error:
            _LOGGER.warning("Old entries stay in the journal until tomorrow: %s", error)
