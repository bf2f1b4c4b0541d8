"""Sensors: what members, circuits and the pool measure, are granted and are limited by."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .circuit_sensors import CIRCUIT_SENSORS, ROOT_SENSORS, circuit_has_phase
from .const import ROOT_CIRCUIT
from .coordinator import PoolConfigEntry, SiteCoordinator
from .entity import (
    PoolEntity,
    Subject,
    async_add_as_they_appear,
    async_add_once_able,
    is_connector,
    is_decided,
    is_online,
    site_subject,
    switches_phases,
)
from .phase_sensors import SWITCHED_PHASES
from .plan_sensors import PLAN_SENSORS, VEHICLE_SENSORS
from .pool.quantities import Phase, PhaseReadings, PhaseValues
from .pool.readings import Reading
from .pool.reasons import OF_CIRCUIT, Reason, ReasonKind
from .pool.states import ChargingStatus, ConnectorState
from .power_supplies.contract import SupplyMode
from .quiet import AT_ONCE, Picture, Quiet, Shown
from .sensor_kinds import (
    ChoiceDescription,
    CountDescription,
    CurrentDescription,
    EnergyDescription,
    PoolSensorDescription,
    PowerDescription,
    VoltageDescription,
    off_by_default,
    per_phase,
)
from .simulated_house import HOUSE_SENSORS, HouseSensor, house_of
from .snapshot import MemberView, SiteSnapshot

PARALLEL_UPDATES = 0

DECIMALS = 3
"""Milliamps, millivolts, watt-hours: what lies below is the noise of binary fractions."""


WAITING = Quiet(step=5.0, patience=timedelta(minutes=5))
"""A wait is told of every five minutes, and to the minute once it is over."""


def _newest[ValueT](reading: Reading[ValueT] | None) -> ValueT | None:
    return None if reading is None else reading.value


def _kilo(value: float | None) -> float | None:
    return None if value is None else value / 1000


def _minutes(duration: timedelta) -> float:
    return duration.total_seconds() / 60


def reason_attributes(reason: Reason, snapshot: SiteSnapshot) -> dict[str, object]:
    """Return what a reason points at: a circuit with its phase, an event, a reading or a limit."""
    if reason.subject is None:
        return {}
    if reason.kind in OF_CIRCUIT:
        circuit = snapshot.circuits.get(reason.subject)
        return {
            "circuit": circuit.circuit.name if circuit else reason.subject,
            "circuit_id": reason.subject,
            "phase": reason.phase,
        }
    match reason.kind:
        case ReasonKind.DEMAND_RESPONSE:
            return {"event": reason.subject}
        case ReasonKind.STALE:
            return {"reading": reason.subject}
        case _:
            return {"limit": reason.subject}


def _limited_by(view: MemberView) -> Shown:
    return None if view.status is None else view.status.limited_by.kind


def _limited_by_attributes(view: MemberView, snapshot: SiteSnapshot) -> Mapping[str, object]:
    return {} if view.status is None else reason_attributes(view.status.limited_by, snapshot)


def _state_attributes(view: MemberView, _: SiteSnapshot) -> Mapping[str, object]:
    if view.connector is None:
        return {}
    return {
        "component_state": view.connector.component_state,
        "cable_state": view.connector.cable_state,
        "error": view.connector.error,
    }


def _has_phase(view: MemberView, phase: Phase) -> bool:
    return phase.position < len(view.settings.phases)


def _site_has_phase(snapshot: SiteSnapshot, phase: Phase) -> bool:
    root = snapshot.circuits.get(ROOT_CIRCUIT)
    return root is None or circuit_has_phase(root, phase)


LIMITED_BY: ChoiceDescription[MemberView] = ChoiceDescription(
    key="limited_by",
    options=[kind.value for kind in ReasonKind],
    value_fn=_limited_by,
    attributes_fn=_limited_by_attributes,
    available_fn=is_decided,
)

GRANTED_CURRENT: CurrentDescription[MemberView] = CurrentDescription(
    key="granted_current",
    value_fn=lambda view: view.status.granted_a if view.status else None,
    available_fn=is_decided,
    quiet=AT_ONCE,
)


def _own_currents(view: MemberView) -> PhaseReadings | None:
    return _newest(view.connector.current_a) if view.connector else None


def _own_voltages(view: MemberView) -> PhaseReadings | None:
    return _newest(view.connector.voltage_v) if view.connector else None


CONNECTOR_SENSORS: tuple[PoolSensorDescription[MemberView], ...] = (
    ChoiceDescription(
        key="state",
        options=[state.value for state in ConnectorState],
        value_fn=lambda view: view.state,
        attributes_fn=_state_attributes,
    ),
    ChoiceDescription(
        key="charging_status",
        options=[status.value for status in ChargingStatus],
        value_fn=lambda view: view.connector.charging if view.connector else None,
        available_fn=is_online,
    ),
    *per_phase(CurrentDescription, "current", _own_currents, _has_phase, available_fn=is_online),
    *off_by_default(
        per_phase(VoltageDescription, "voltage", _own_voltages, _has_phase, available_fn=is_online)
    ),
    PowerDescription(
        key="power",
        value_fn=lambda view: _newest(view.connector.power_w) if view.connector else None,
        available_fn=is_online,
    ),
    EnergyDescription(
        key="energy",
        value_fn=lambda view: _kilo(_newest(view.connector.energy_wh)) if view.connector else None,
        available_fn=is_online,
    ),
    EnergyDescription(
        key="session_energy",
        state_class=SensorStateClass.TOTAL,
        value_fn=lambda view: _kilo(view.session.energy_wh) if view.session else None,
        last_reset_fn=lambda view: view.session.started_at if view.session else None,
    ),
    GRANTED_CURRENT,
    LIMITED_BY,
    PoolSensorDescription(
        key="session_waiting",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_display_precision=0,
        quiet=WAITING,
        value_fn=lambda view: _minutes(view.waited) if view.session else None,
    ),
    *PLAN_SENSORS,
    CountDescription(
        key="starts_last_hour",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda view: view.status.starts_last_hour if view.status else None,
        available_fn=is_decided,
    ),
    CurrentDescription(
        key="committed_current",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda view: view.status.commitment_a if view.status else None,
        available_fn=is_decided,
    ),
)

SUPPLY_SENSORS: tuple[PoolSensorDescription[MemberView], ...] = (
    ChoiceDescription(
        key="supply_mode",
        options=[mode.value for mode in SupplyMode],
        value_fn=lambda view: view.supply.mode if view.supply else None,
        attributes_fn=lambda view, _: {
            "errors": dict(view.supply.errors) if view.supply else {},
        },
        available_fn=is_online,
    ),
    VoltageDescription(
        key="output_voltage",
        suggested_display_precision=1,
        quiet=Quiet(step=0.1, share=0.005),
        value_fn=lambda view: _newest(view.supply.voltage_v) if view.supply else None,
        available_fn=is_online,
    ),
    CurrentDescription(
        key="output_current",
        quiet=Quiet(step=0.05, share=0.01),
        value_fn=lambda view: _newest(view.supply.current_a) if view.supply else None,
        available_fn=is_online,
    ),
    PowerDescription(
        key="output_power",
        value_fn=lambda view: _newest(view.supply.power_w) if view.supply else None,
        available_fn=is_online,
    ),
    PowerDescription(
        key="granted_power",
        quiet=AT_ONCE,
        value_fn=lambda view: view.status.granted_w if view.status else None,
        available_fn=is_decided,
    ),
    LIMITED_BY,
)


def _pool_currents(site: SiteSnapshot) -> PhaseReadings | PhaseValues:
    return site.pool.current_a


def _pool_available(site: SiteSnapshot) -> PhaseReadings | PhaseValues:
    return site.pool.available_a


SITE_SENSORS: tuple[PoolSensorDescription[SiteSnapshot], ...] = (
    *per_phase(CurrentDescription, "pool_current", _pool_currents, _site_has_phase),
    PowerDescription(
        key="pool_power",
        value_fn=lambda site: site.pool.power_w,
        attributes_fn=lambda site, _: {"missing": list(site.pool.missing)},
    ),
    PowerDescription(key="pool_consumption", value_fn=lambda site: site.pool.consumption_w),
    PowerDescription(key="pool_production", value_fn=lambda site: site.pool.production_w),
    *per_phase(CurrentDescription, "available_current", _pool_available, _site_has_phase),
    PowerDescription(key="available_power", value_fn=lambda site: site.pool.available_w),
    PowerDescription(
        key="solar_surplus",
        value_fn=lambda site: site.surplus_w,
        available_fn=lambda site: site.surplus_w is not None,
    ),
    CountDescription(key="connected", value_fn=lambda site: site.pool.connected),
    CountDescription(key="charging", value_fn=lambda site: site.pool.charging),
    CountDescription(key="waiting", value_fn=lambda site: site.pool.waiting),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PoolConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the site's sensors, and those of members and circuits as they appear."""
    coordinator = entry.runtime_data
    site = site_subject(coordinator)
    async_add_entities(_sensors(coordinator, site, coordinator.data, SITE_SENSORS))
    if (house := house_of(coordinator)) is not None:
        async_add_entities(HouseSensor(house, description) for description in HOUSE_SENSORS)
    async_add_as_they_appear(
        coordinator,
        async_add_entities,
        of_member=lambda subject, view: _sensors(
            coordinator,
            subject,
            view,
            CONNECTOR_SENSORS if is_connector(view) else SUPPLY_SENSORS,
        ),
        of_circuit=lambda subject, view: _sensors(
            coordinator,
            subject,
            view,
            ROOT_SENSORS if view.circuit.parent is None else CIRCUIT_SENSORS,
        ),
        of_vehicle=lambda subject, view: _sensors(coordinator, subject, view, VEHICLE_SENSORS),
    )
    async_add_once_able(
        coordinator,
        async_add_entities,
        switches_phases,
        lambda subject: [PoolSensor(coordinator, subject, SWITCHED_PHASES)],
    )


def _sensors[ViewT](
    coordinator: SiteCoordinator,
    subject: Subject[ViewT],
    view: ViewT,
    descriptions: tuple[PoolSensorDescription[ViewT], ...],
) -> list[PoolSensor[ViewT]]:
    return [
        PoolSensor(coordinator, subject, description)
        for description in descriptions
        if description.exists_fn(view)
    ]


class PoolSensor[ViewT](PoolEntity[ViewT], SensorEntity):
    """A sensor of the site, a circuit, a vehicle or a member."""

    entity_description: PoolSensorDescription[ViewT]

    def __init__(
        self,
        coordinator: SiteCoordinator,
        subject: Subject[ViewT],
        description: PoolSensorDescription[ViewT],
    ) -> None:
        self.entity_description = description
        if description.device_class is SensorDeviceClass.MONETARY:
            self._attr_native_unit_of_measurement = coordinator.hass.config.currency
        super().__init__(coordinator, subject, description, description.quiet)

    @override
    def picture(self, view: ViewT, snapshot: SiteSnapshot) -> Picture:
        """Return what the sensor reads in the snapshot."""
        description = self.entity_description
        value = description.value_fn(view)
        return Picture(
            available=description.available_fn(view),
            value=round(value, DECIMALS) if isinstance(value, float) else value,
            attributes=description.attributes_fn(view, snapshot),
        )

    @property
    @override
    def native_value(self) -> Shown:
        """The value shown."""
        return self._shown.value

    @property
    @override
    def last_reset(self) -> datetime | None:
        """When the count began."""
        view, reset = self.view, self.entity_description.last_reset_fn
        return None if view is None or reset is None else reset(view)
