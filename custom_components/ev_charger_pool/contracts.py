"""Limits of circuits that change with time: by a timetable, or as an entity tells."""

from collections.abc import Callable, Mapping
from datetime import datetime
import logging
import math

from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    UnitOfElectricCurrent,
    UnitOfPower,
)
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_state_change_event, async_track_time_change
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import ElectricCurrentConverter, PowerConverter

from .config import PoolConfig
from .limits_config import LimitsConfig
from .pool.limits import Limit, LimitScope, LimitUnit
from .pool.members import CircuitId
from .pool.reasons import ReasonKind
from .pool.timetable import power_at

_LOGGER = logging.getLogger(__name__)


class Contracts:
    """Follows what is contracted for each circuit, and tells when it changes.

    An entity that cannot be read leaves its last limit in force; before its first value there is
    none, and the other limits of the circuit bind.
    """

    def __init__(self, hass: HomeAssistant, on_change: Callable[[list[Limit]], None]) -> None:
        self._hass = hass
        self._on_change = on_change
        self._configured: Mapping[CircuitId, LimitsConfig] = {}
        self._told: dict[str, tuple[float, LimitUnit]] = {}
        self._unreadable: set[str] = set()
        self._limits: list[Limit] = []
        self._unsubscribe: list[Callable[[], None]] = []

    @callback
    def async_configure(self, config: PoolConfig) -> None:
        """Follow what is configured now; nothing happens when that stays."""
        configured = {
            circuit: limits
            for circuit, limits in config.limits.items()
            if limits.times or limits.entity is not None
        }
        if configured == self._configured:
            return
        self.async_stop()
        self._configured = configured
        entities = {limits.entity for limits in configured.values() if limits.entity is not None}
        self._told = {entity: told for entity, told in self._told.items() if entity in entities}
        if entities:
            self._unsubscribe.append(
                async_track_state_change_event(self._hass, entities, self._on_state)
            )
        if any(limits.times for limits in configured.values()):
            # By the clock on the wall, so that a change of the clock is followed by itself.
            self._unsubscribe.append(async_track_time_change(self._hass, self._on_minute, second=0))
        for entity in entities:
            self._read(entity)
        self._renew()

    @callback
    def async_stop(self) -> None:
        """Follow nothing any more."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = []

    def told_limits(self) -> list[Limit]:
        """Return what entities tell: it holds now, and nobody tells until when."""
        limits = (self._told_limit(*item) for item in self._configured.items())
        return [limit for limit in limits if limit is not None]

    @callback
    def _on_state(self, event: Event[EventStateChangedData]) -> None:
        self._read(event.data["entity_id"])
        self._renew()

    @callback
    def _on_minute(self, _: datetime) -> None:
        self._renew()

    def _renew(self) -> None:
        local = dt_util.now()
        limits = []
        for circuit, configured in self._configured.items():
            planned_w = power_at(configured.times, local)
            if planned_w is not None:
                limits.append(_limit(f"times:{circuit}", circuit, planned_w, LimitUnit.POWER))
            told = self._told_limit(circuit, configured)
            if told is not None:
                limits.append(told)
        if limits != self._limits:
            self._limits = limits
            self._on_change(limits)

    def _told_limit(self, circuit: CircuitId, configured: LimitsConfig) -> Limit | None:
        told = None if configured.entity is None else self._told.get(configured.entity)
        return None if told is None else _limit(f"{configured.entity}:{circuit}", circuit, *told)

    def _read(self, entity: str) -> None:
        state = self._hass.states.get(entity)
        if state is None or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
            return
        unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
        try:
            value = float(state.state)
            if unit in ElectricCurrentConverter.VALID_UNITS:
                to = UnitOfElectricCurrent.AMPERE
                told = (ElectricCurrentConverter.convert(value, unit, to), LimitUnit.CURRENT)
            else:
                told = (PowerConverter.convert(value, unit, UnitOfPower.WATT), LimitUnit.POWER)
        except (HomeAssistantError, ValueError) as error:
            self._complain(entity, str(error))
            return
        if not math.isfinite(told[0]) or told[0] < 0.0:
            self._complain(entity, f"{state.state} is no limit")
            return
        if entity in self._unreadable:
            self._unreadable.discard(entity)
            _LOGGER.info("Entity %s tells a limit again", entity)
        self._told[entity] = told

    def _complain(self, entity: str, error: str) -> None:
        if entity not in self._unreadable:
            self._unreadable.add(entity)
            _LOGGER.warning(
                "Entity %s tells no limit, the last one stays until it is put right: %s",
                entity,
                error,
            )


def _limit(key: str, circuit: CircuitId, value: float, unit: LimitUnit) -> Limit:
    return Limit(
        id=key,
        source=ReasonKind.CONTRACT,
        value=value,
        unit=unit,
        circuit=circuit,
        scope=LimitScope.CONNECTION,
    )
