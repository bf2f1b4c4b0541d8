"""Sensors of plans, of what sessions cost, and of vehicles."""

from collections.abc import Callable, Mapping

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import PERCENTAGE, UnitOfEnergy, UnitOfLength, UnitOfMass

from .pool.plans import Plan, PlanState
from .quiet import Quiet, Shown
from .sensor_kinds import ChoiceDescription, MeasuredDescription, PoolSensorDescription
from .snapshot import MemberView, SiteSnapshot, VehicleView

_KWH_DECIMALS = 1
_MONEY = Quiet(step=0.01)


def _of_plan(read: Callable[[Plan], Shown]) -> Callable[[MemberView], Shown]:
    return lambda view: None if view.plan is None else read(view.plan)


def _kwh(energy_wh: float | None) -> float | None:
    return None if energy_wh is None else round(energy_wh / 1000, _KWH_DECIMALS)


def _plan_attributes(view: MemberView, _: SiteSnapshot) -> Mapping[str, object]:
    plan = view.plan
    if plan is None or plan.ready_at is None:
        return {}
    return {
        "ready_at": plan.ready_at.isoformat(),
        "needed_kwh": _kwh(plan.needed_wh),
        "missing_kwh": _kwh(plan.missing_wh),
        "earliest_ready_at": (
            None if plan.earliest_ready_at is None else plan.earliest_ready_at.isoformat()
        ),
        "counted_by": "soc" if plan.counts_soc else "energy",
    }


PLAN_SENSORS: tuple[PoolSensorDescription[MemberView], ...] = (
    ChoiceDescription(
        key="plan_state",
        options=[state.value for state in PlanState],
        value_fn=_of_plan(lambda plan: plan.state),
        attributes_fn=_plan_attributes,
    ),
    PoolSensorDescription(
        key="planned_energy",
        device_class=SensorDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=1,
        quiet=Quiet(step=0.1),
        value_fn=_of_plan(lambda plan: plan.planned_wh / 1000),
    ),
    PoolSensorDescription(
        key="plan_next_start",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=_of_plan(lambda plan: plan.next_start),
    ),
    PoolSensorDescription(
        key="plan_cost",
        device_class=SensorDeviceClass.MONETARY,
        suggested_display_precision=2,
        quiet=_MONEY,
        value_fn=_of_plan(lambda plan: plan.cost),
    ),
    PoolSensorDescription(
        key="session_cost",
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        suggested_display_precision=2,
        quiet=_MONEY,
        value_fn=lambda view: view.session.cost if view.session else None,
        last_reset_fn=lambda view: view.session.started_at if view.session else None,
    ),
    PoolSensorDescription(
        key="session_co2",
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement=UnitOfMass.KILOGRAMS,
        suggested_display_precision=2,
        quiet=Quiet(step=0.01),
        value_fn=lambda view: (
            view.session.co2_g / 1000
            if view.session is not None and view.session.co2_g is not None
            else None
        ),
        last_reset_fn=lambda view: view.session.started_at if view.session else None,
    ),
)


def _level_attributes(view: VehicleView, _: SiteSnapshot) -> Mapping[str, object]:
    if view.level is None:
        return {}
    return {
        "is_estimated": view.level.is_estimated,
        "told_at": view.level.told_at.isoformat(),
        "connector": view.at,
    }


VEHICLE_SENSORS: tuple[PoolSensorDescription[VehicleView], ...] = (
    MeasuredDescription(
        key="vehicle_soc",
        device_class=SensorDeviceClass.BATTERY,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        quiet=Quiet(step=0.5),
        value_fn=lambda view: None if view.level is None else view.level.soc,
        attributes_fn=_level_attributes,
    ),
    MeasuredDescription(
        key="vehicle_range",
        device_class=SensorDeviceClass.DISTANCE,
        native_unit_of_measurement=UnitOfLength.KILOMETERS,
        suggested_display_precision=0,
        quiet=Quiet(step=1.0),
        exists_fn=lambda view: view.has_range,
        value_fn=lambda view: view.range_km,
    ),
)
