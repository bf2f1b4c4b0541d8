"""Meters, solar and battery power, read from entities of Home Assistant."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
import logging
import math

from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    PERCENTAGE,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    UnitOfElectricCurrent,
    UnitOfPower,
)
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    EventStateReportedData,
    HomeAssistant,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import (
    async_track_state_change_event,
    async_track_state_report_event,
)
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import (
    BaseUnitConverter,
    ElectricCurrentConverter,
    PowerConverter,
)

from .balancing.contract import Problem, ProblemKind
from .config import MeterConfig, PoolConfig
from .pool.circuits import MeterReport, ResourceKind, ResourceReport
from .pool.energy_settings import WHOLE_PERCENT
from .pool.members import CircuitId
from .pool.quantities import PerPhase, Phase, PhaseReadings
from .pool.readings import Reading

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """How an entity of solar or battery power is read: its sign, and the phases that it feeds."""

    kind: ResourceKind
    sign: float
    phases: tuple[Phase, ...]


class Meters:
    """Reads the meter of each circuit and the site's resources, and tells when there is news.

    A reading counts from `last_reported`, so that a value that is reported again unchanged is as
    fresh as a new one (SR-10). An entity that is unavailable, unknown or no number gives no
    reading: silence, which the pool answers with its fail-safe.
    """

    def __init__(self, hass: HomeAssistant, on_news: CALLBACK_TYPE) -> None:
        self._hass = hass
        self._on_news = on_news
        self._meters: Mapping[CircuitId, MeterConfig] = {}
        self._resources: dict[str, _Source] = {}
        self._soc: tuple[str, ...] = ()
        self._circuits_of: dict[str, set[CircuitId]] = {}
        self._changed_circuits: set[CircuitId] = set()
        self._changed_resources: set[str] = set()
        self._unsubscribe: list[Callable[[], None]] = []
        self._unreadable: dict[str, datetime] = {}

    @callback
    def async_configure(self, config: PoolConfig) -> None:
        """Follow the entities that are configured now; nothing happens when they stay."""
        meters = config.meters
        resources = _resources(config)
        soc = config.site.energy.battery_soc if config.site.battery else ()
        if (meters, resources, soc) == (self._meters, self._resources, self._soc):
            return
        self.async_stop()
        self._meters, self._resources, self._soc = meters, resources, soc
        self._unreadable = {}
        for circuit, meter in meters.items():
            for entity in meter.entities:
                self._circuits_of.setdefault(entity, set()).add(circuit)
        entities = self._circuits_of.keys() | resources.keys() | set(soc)
        if entities:
            self._unsubscribe = [
                async_track_state_change_event(self._hass, entities, self._on_change),
                async_track_state_report_event(self._hass, entities, self._on_report),
            ]
        self._changed_circuits.update(meters)
        self._changed_resources.update(resources)
        self._on_news()

    @callback
    def async_stop(self) -> None:
        """Follow nothing any more."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = []
        self._circuits_of = {}
        self._changed_circuits.clear()
        self._changed_resources.clear()

    @callback
    def async_collect(self) -> tuple[list[MeterReport], list[ResourceReport]]:
        """Return what is new since the last call."""
        circuits, self._changed_circuits = self._changed_circuits, set()
        resources, self._changed_resources = self._changed_resources, set()
        meter_reports = (self._read_meter(circuit) for circuit in circuits)
        resource_reports = (self._read_resource(entity) for entity in resources)
        return (
            [report for report in meter_reports if report is not None],
            [report for report in resource_reports if report is not None],
        )

    def problems(self) -> tuple[Problem, ...]:
        """Return which entities tell what is no reading, such as one without a unit."""
        return tuple(
            Problem(kind=ProblemKind.ENTITY_UNREADABLE, subject=entity, since=since)
            for entity, since in self._unreadable.items()
        )

    @callback
    def made_w(self) -> float:
        """Return what the sun and the battery give now, watts; what is silent counts as nothing."""
        readings = (self._read_resource(entity) for entity in self._resources)
        return -sum(report.power_w.value for report in readings if report is not None)

    @callback
    def _on_change(self, event: Event[EventStateChangedData]) -> None:
        self._mark(event.data["entity_id"])

    @callback
    def _on_report(self, event: Event[EventStateReportedData]) -> None:
        self._mark(event.data["entity_id"])

    def _mark(self, entity: str) -> None:
        self._changed_circuits.update(self._circuits_of.get(entity, ()))
        if entity in self._resources:
            self._changed_resources.add(entity)
        if entity in self._soc:
            self._changed_resources.update(
                name
                for name, source in self._resources.items()
                if source.kind is ResourceKind.BATTERY
            )
        self._on_news()

    def _read_meter(self, circuit: CircuitId) -> MeterReport | None:
        meter = self._meters[circuit]
        sign = -1.0 if meter.inverted else 1.0
        current = self._read_phases(
            meter.current, ElectricCurrentConverter, UnitOfElectricCurrent.AMPERE, sign
        )
        power = self._read_phases(meter.power, PowerConverter, UnitOfPower.WATT, sign)
        total = (
            None
            if meter.total_power is None
            else self._read(meter.total_power, PowerConverter, UnitOfPower.WATT, sign)
        )
        if current is None and power is None and total is None:
            return None
        return MeterReport(circuit=circuit, current_a=current, power_w=power, total_power_w=total)

    def _read_resource(self, entity: str) -> ResourceReport | None:
        source = self._resources[entity]
        reading = self._read(entity, PowerConverter, UnitOfPower.WATT, source.sign)
        if reading is None:
            return None
        return ResourceReport(
            id=entity,
            kind=source.kind,
            power_w=reading,
            phases=source.phases,
            soc_percent=self._read_soc() if source.kind is ResourceKind.BATTERY else None,
        )

    def _read_soc(self) -> Reading[float] | None:
        """Return the lowest state of charge, as old as the oldest; None where one is unknown."""
        found: list[Reading[float]] = []
        for entity in self._soc:
            if (reading := self._read_number(entity, _percent)) is None:
                return None
            found.append(reading)
        if not found:
            return None
        return Reading(
            value=min(reading.value for reading in found),
            arrived_at=min(reading.arrived_at for reading in found),
        )

    def _read_phases(
        self,
        entities: PerPhase[str | None],
        converter: type[BaseUnitConverter],
        unit: str,
        sign: float,
    ) -> Reading[PhaseReadings] | None:
        phases = entities.map(
            lambda entity: None if entity is None else self._read(entity, converter, unit, sign)
        )
        arrivals = [reading.arrived_at for reading in phases if reading is not None]
        if not arrivals:
            return None
        # The whole is as old as its oldest phase: a phase that fell silent makes it stale.
        return Reading(
            value=phases.map(lambda reading: None if reading is None else reading.value),
            arrived_at=min(arrivals),
        )

    def _read(
        self, entity: str, converter: type[BaseUnitConverter], unit: str, sign: float
    ) -> Reading[float] | None:
        return self._read_number(
            entity, lambda value, own_unit: sign * converter.convert(value, own_unit, unit)
        )

    def _read_number(
        self, entity: str, convert: Callable[[float, str | None], float]
    ) -> Reading[float] | None:
        state = self._hass.states.get(entity)
        if state is None or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
            return None
        try:
            value = convert(float(state.state), state.attributes.get(ATTR_UNIT_OF_MEASUREMENT))
        except (HomeAssistantError, ValueError) as error:
            self._complain(entity, str(error))
            return None
        if not math.isfinite(value):
            self._complain(entity, f"{state.state} is not finite")
            return None
        if self._unreadable.pop(entity, None) is not None:
            _LOGGER.info("Entity %s can be read again", entity)
        return Reading(value=value, arrived_at=state.last_reported)

    def _complain(self, entity: str, error: str) -> None:
        if entity not in self._unreadable:
            self._unreadable[entity] = dt_util.utcnow()
            _LOGGER.warning("Entity %s gives no reading until it is put right: %s", entity, error)


def _percent(value: float, unit: str | None) -> float:
    """Return a state of charge.

    Raises:
        ValueError: It is none.
    """
    if unit != PERCENTAGE:
        message = f"{unit} is not {PERCENTAGE}"
        raise ValueError(message)
    if not 0.0 <= value <= WHOLE_PERCENT:
        message = f"{value} is not between 0 and 100 %"
        raise ValueError(message)
    return value


def _resources(config: PoolConfig) -> dict[str, _Source]:
    # Home Assistant shows production and discharge as positive, the pool as negative.
    site = config.site
    solar = _Source(kind=ResourceKind.SOLAR, sign=-1.0, phases=site.solar_phases)
    battery = _Source(
        kind=ResourceKind.BATTERY,
        sign=1.0 if site.battery_inverted else -1.0,
        phases=site.battery_phases,
    )
    return {**dict.fromkeys(site.solar, solar), **dict.fromkeys(site.battery, battery)}
