"""The vehicles of a site: what their entities tell, which one is where, and what they hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
import logging
import math
from typing import Final

from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    PERCENTAGE,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    UnitOfEnergy,
    UnitOfLength,
)
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util.unit_conversion import (
    BaseUnitConverter,
    DistanceConverter,
    EnergyConverter,
)

from .balancing.contract import Problem, ProblemKind
from .const import GUEST
from .listeners import Unsubscribe
from .plan_wishes import VehicleChoice
from .pool.charge_levels import ChargeLevel, ChargeLevels, Verdict
from .pool.members import MemberId
from .pool.recognition import TOLD_AFTER, Evidence, Recognised, Traits, recognise
from .pool.sessions import Session
from .pool.taper import TaperCurve
from .pool.vehicles import FULL, Vehicle, VehicleId
from .snapshot import PluggedVehicle, VehicleView
from .vehicle_config import VehicleConfig
from .vehicle_memory import VehicleMemory
from .wishes import WishStore

_LOGGER = logging.getLogger(__name__)

_SILENT: Final = (STATE_UNAVAILABLE, STATE_UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What a car takes at a connector.

    Attributes:
        power_w: What it takes.
        allowed_w: What it may take, for long enough that it could have followed.
    """

    power_w: float
    allowed_w: float


class Vehicles:
    """Follows the vehicles of a site."""

    def __init__(
        self, hass: HomeAssistant, wishes: WishStore, memory: VehicleMemory, on_news: CALLBACK_TYPE
    ) -> None:
        """Begin with none.

        Args:
            hass: Home Assistant.
            wishes: What the user chose.
            memory: What was learned, loaded.
            on_news: Called when an entity of a vehicle told something else.
        """
        self._hass = hass
        self._wishes = wishes
        self._memory = memory
        self._on_news = on_news
        self._configs: Mapping[VehicleId, VehicleConfig] = {}
        self._levels: dict[VehicleId, ChargeLevels] = {}
        self._at: dict[MemberId, Recognised] = {}
        self._sorted: tuple[str, ...] = ()
        self._plugged: Mapping[VehicleId, MemberId] = {}
        self._usual: Mapping[MemberId, VehicleId] = {}
        self._unreadable: set[str] = set()
        self._unsubscribe: Unsubscribe = lambda: None

    @callback
    def async_configure(self, configs: Mapping[VehicleId, VehicleConfig]) -> None:
        """Follow the vehicles that are configured now; nothing happens when they stay."""
        if configs == self._configs:
            return
        self._unsubscribe()
        for gone in self._configs.keys() - configs.keys():
            del self._levels[gone]
            self._memory.async_forget(gone)
        self._configs = configs
        self._sorted = tuple(sorted((config.name for config in configs.values()), key=str.casefold))
        self._usual = {
            config.home: vehicle for vehicle, config in configs.items() if config.home is not None
        }
        self._plugged = {key: at for key, at in self._plugged.items() if key in configs}
        self._at = {
            member: found
            for member, found in self._at.items()
            if found.vehicle is None or found.vehicle in configs
        }
        entities = {entity for config in configs.values() for entity in config.entities}
        self._unsubscribe = async_track_state_change_event(self._hass, entities, self._on_change)
        for vehicle, config in configs.items():
            levels = self._levels.setdefault(
                vehicle, ChargeLevels(self.facts(vehicle), self._memory.of(vehicle).anchor)
            )
            self._hear(config, levels)

    async def async_stop(self) -> None:
        """Follow nothing any more, and keep what was learned."""
        self._unsubscribe()
        self._unsubscribe = lambda: None
        await self._memory.async_save()

    @property
    def names(self) -> Mapping[VehicleId, str]:
        """What the vehicles are called."""
        return {vehicle: config.name for vehicle, config in self._configs.items()}

    def at(self, member: MemberId) -> VehicleId | None:
        """Return who is, or would be, at a connector; None is a guest."""
        if (found := self._at.get(member)) is not None:
            return found.vehicle
        choice = self._wishes.vehicles.get(member)
        if choice is not None and choice.session is None and self._is_known(choice.vehicle):
            return choice.vehicle
        usual = self._usual.get(member)
        return usual if usual not in self._plugged else None

    def plugged(self, member: MemberId) -> PluggedVehicle:
        """Return who is, or would be, at a connector, as users call it."""
        vehicle = self.at(member)
        return PluggedVehicle(
            name=GUEST if vehicle is None else self._configs[vehicle].name, names=self._sorted
        )

    def facts(self, vehicle: VehicleId) -> Vehicle:
        """Return what is known of a vehicle now."""
        config = self._configs[vehicle]
        capacity_wh = config.capacity_wh
        if config.capacity_entity is not None:
            capacity_wh = self._number(
                config.capacity_entity, EnergyConverter, UnitOfEnergy.WATT_HOUR
            )
        limit_soc = self._percent(config.limit_entity)
        return Vehicle(
            id=vehicle,
            capacity_wh=capacity_wh if capacity_wh is not None and capacity_wh > 0.0 else None,
            limit_soc=FULL if limit_soc is None or not 0.0 < limit_soc <= FULL else limit_soc,
            max_current_a=config.max_current_a,
            phases=config.phases,
            efficiency=config.efficiency,
        )

    def level(self, vehicle: VehicleId, now: datetime) -> ChargeLevel | None:
        """Return the state of charge of a vehicle."""
        return self._levels[vehicle].level(now)

    def curve(self, vehicle: VehicleId, most_w: float) -> TaperCurve:
        """Return what a vehicle takes over its state of charge, below the most that there is."""
        return self._memory.of(vehicle).taper.curve(most_w)

    @callback
    def async_follow(
        self, sessions: Iterable[Session], draws: Mapping[MemberId, Draw], now: datetime
    ) -> None:
        """Take which sessions run, what they delivered, and what their cars take now.

        Args:
            sessions: Those that run.
            draws: What cars take that might take more.
            now: The time, aware UTC.
        """
        running = {session.member: session for session in sessions}
        self._bind_choices(running)
        self._at = recognise(
            tuple(running.values()),
            [self._traits(config) for config in self._configs.values()],
            {
                choice.session: choice.vehicle
                for choice in self._wishes.vehicles.values()
                if choice.session is not None
            },
            now,
        )
        self._plugged = {
            found.vehicle: member for member, found in self._at.items() if found.vehicle is not None
        }
        for vehicle, levels in self._levels.items():
            levels.vehicle = self.facts(vehicle)
            at = self._plugged.get(vehicle)
            session = None if at is None else running[at]
            if session is not None:
                levels.plug_in(session.id, session.energy_wh, session.started_at)
            else:
                levels.unplug()
                if self._memory.of(vehicle).taper.end_session():
                    self._memory.async_keep()
            self._hear(self._configs[vehicle], levels)
            if session is not None and (draw := draws.get(session.member)) is not None:
                self._learn(vehicle, draw, now)
            self._remember(vehicle, levels)
        self._make_stick(running, now)

    def views(self, now: datetime) -> dict[VehicleId, VehicleView]:
        """Return everything about each vehicle."""
        return {
            vehicle: VehicleView(
                name=config.name,
                at=self._plugged.get(vehicle),
                level=(level := self.level(vehicle, now)),
                range_km=self._range_km(vehicle, level),
                has_range=config.range_entity is not None,
                doubted_since=self._levels[vehicle].doubted_since,
            )
            for vehicle, config in self._configs.items()
        }

    def problems(self) -> list[Problem]:
        """Return which vehicles tell what cannot be."""
        return [
            Problem(kind=ProblemKind.SOC_IMPLAUSIBLE, subject=vehicle, since=levels.doubted_since)
            for vehicle, levels in self._levels.items()
            if levels.doubted_since is not None
        ]

    def _is_known(self, vehicle: VehicleId | None) -> bool:
        return vehicle is None or vehicle in self._configs

    def _bind_choices(self, running: Mapping[MemberId, Session]) -> None:
        """Let what was chosen count for the session that runs, and forget it after that."""
        for member, choice in tuple(self._wishes.vehicles.items()):
            session = running.get(member)
            if session is not None and choice.session is None:
                self._choose(member, VehicleChoice(vehicle=choice.vehicle, session=session.id))
            elif choice.session is not None and (session is None or session.id != choice.session):
                self._choose(member, None)

    def _make_stick(self, running: Mapping[MemberId, Session], now: datetime) -> None:
        # What a car told when it was plugged in cannot be read any more after a restart.
        for member, found in self._at.items():
            session = running[member]
            if found.by in {Evidence.TAG, Evidence.VEHICLE} and (
                now - session.started_at > TOLD_AFTER
            ):
                self._choose(member, VehicleChoice(vehicle=found.vehicle, session=session.id))

    def _choose(self, member: MemberId, choice: VehicleChoice | None) -> None:
        # The store changes at once; the disk follows.
        self._hass.async_create_background_task(
            self._wishes.async_choose_vehicle(member, choice),
            f"vehicle at {member}",
            eager_start=True,
        )

    def _traits(self, config: VehicleConfig) -> Traits:
        state = None if config.plugged_entity is None else self._state(config.plugged_entity)
        return Traits(
            vehicle=config.id,
            tags=config.tags,
            home=config.home,
            is_plugged=None if state is None else state.state == STATE_ON,
            plugged_changed_at=None if state is None else state.last_changed,
        )

    def _hear(self, config: VehicleConfig, levels: ChargeLevels) -> None:
        state = None if config.soc_entity is None else self._state(config.soc_entity)
        soc = self._percent(config.soc_entity)
        if state is None or soc is None:
            return
        verdict = levels.hear(soc, state.last_reported)
        if verdict is Verdict.NOT_A_PERCENTAGE:
            self._complain(state.entity_id, f"{soc:g} is no state of charge in percent")
        elif verdict is Verdict.TAKEN:
            _LOGGER.debug("%s is at %s %%", config.name, soc)

    def _learn(self, vehicle: VehicleId, draw: Draw, now: datetime) -> None:
        level = self.level(vehicle, now)
        if level is not None:
            self._memory.of(vehicle).taper.sample(level.soc, draw.power_w, draw.allowed_w)

    def _remember(self, vehicle: VehicleId, levels: ChargeLevels) -> None:
        memory = self._memory.of(vehicle)
        if memory.anchor != levels.anchor:
            memory.anchor = levels.anchor
            self._memory.async_keep()

    def _range_km(self, vehicle: VehicleId, level: ChargeLevel | None) -> float | None:
        """Return the range, grown with what was charged since the vehicle told it."""
        entity = self._configs[vehicle].range_entity
        told_km = self._number(entity, DistanceConverter, UnitOfLength.KILOMETERS)
        if told_km is None or told_km < 0.0:
            return None
        anchor = self._levels[vehicle].anchor
        if level is None or anchor is None or anchor.soc <= 0.0:
            return told_km
        return told_km * level.soc / anchor.soc

    @callback
    def _on_change(self, event: Event[EventStateChangedData]) -> None:
        for vehicle, config in self._configs.items():
            if config.soc_entity == event.data["entity_id"]:
                self._hear(config, self._levels[vehicle])
        self._on_news()

    def _percent(self, entity: str | None) -> float | None:
        return self._number(entity, None, PERCENTAGE)

    def _number(
        self, entity: str | None, converter: type[BaseUnitConverter] | None, unit: str
    ) -> float | None:
        state = None if entity is None else self._state(entity)
        if state is None:
            return None
        try:
            value = float(state.state)
            if converter is not None:
                told_in = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
                value = converter.convert(value, told_in, unit)
        except (HomeAssistantError, ValueError) as error:
            self._complain(state.entity_id, str(error))
            return None
        if not math.isfinite(value):
            self._complain(state.entity_id, f"{state.state} is not finite")
            return None
        return value

    def _state(self, entity: str) -> State | None:
        state = self._hass.states.get(entity)
        return None if state is None or state.state in _SILENT else state

    def _complain(self, entity: str, error: str) -> None:
        if entity not in self._unreadable:
            self._unreadable.add(entity)
            _LOGGER.warning("Entity %s tells nothing of its vehicle: %s", entity, error)
