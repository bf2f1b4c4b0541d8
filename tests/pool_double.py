"""A site that stands still: a coordinator whose snapshot a test sets, with entities on top."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Self

from homeassistant.config_entries import ConfigEntry, ConfigSubentryData
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components import ev_charger_pool
from custom_components.ev_charger_pool.balancing.contract import Problem
from custom_components.ev_charger_pool.chargers.contract import ConnectorReport, DeviceIdentity
from custom_components.ev_charger_pool.config import PoolConfig
from custom_components.ev_charger_pool.const import DOMAIN, ROOT_CIRCUIT
from custom_components.ev_charger_pool.devices import async_register_devices
from custom_components.ev_charger_pool.listeners import Arrivals, Callbacks, SubjectCallbacks
from custom_components.ev_charger_pool.plan_commands import PlanOrder
from custom_components.ev_charger_pool.pool.actions import (
    ActionKind,
    ActionResult,
    ActionStatus,
    LimitAction,
)
from custom_components.ev_charger_pool.pool.charge_levels import ChargeLevel
from custom_components.ev_charger_pool.pool.circuits import Circuit, CircuitStatus
from custom_components.ev_charger_pool.pool.departures import WEEK, Repeating
from custom_components.ev_charger_pool.pool.limits import LimitUnit
from custom_components.ev_charger_pool.pool.members import (
    CircuitId,
    Lease,
    MemberId,
    MemberKind,
    MemberSettings,
    MemberStatus,
    MemberWishes,
    Mode,
    PhaseChoice,
    Priority,
)
from custom_components.ev_charger_pool.pool.plans import Plan, PlanState, PlanWish, TargetKind
from custom_components.ev_charger_pool.pool.quantities import PerPhase, Phase
from custom_components.ev_charger_pool.pool.readings import Reading
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind
from custom_components.ev_charger_pool.pool.sessions import Session
from custom_components.ev_charger_pool.pool.shares import (
    Activity,
    Part,
    Period,
    Shares,
    Standing,
    Tally,
    shares,
)
from custom_components.ev_charger_pool.pool.states import (
    CableState,
    ChargingStatus,
    ComponentState,
    ConnectorState,
)
from custom_components.ev_charger_pool.power_supplies.contract import (
    SupplyCapabilities,
    SupplyMode,
    SupplyReport,
    SupplyWishes,
)
from custom_components.ev_charger_pool.snapshot import (
    CircuitView,
    MemberView,
    PluggedVehicle,
    PoolView,
    SiteSnapshot,
    VehicleView,
)

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

SITE = "01SITE"
TWIN = "01TWIN"
SINGLE = "01SINGLE"
SUPPLY = "01SUPPLY"
GARAGE = "01GARAGE"
BLUE = "01BLUE"
RED = "01RED"
TWIN_1, TWIN_2, SINGLE_1 = f"{TWIN}:1", f"{TWIN}:2", f"{SINGLE}:1"

SITE_DATA: Mapping[str, Any] = {
    "phases": 3,
    "voltage_v": 230.0,
    "fuse_a": 25.0,
    "fail_safe_current_a": 6.0,
    "sharing": "min_first",
    "ocpp_port": 9000,
    "meter": {
        "current_l1": "sensor.grid_l1",
        "current_l2": "sensor.grid_l2",
        "current_l3": "sensor.grid_l3",
    },
    "solar": [],
    "battery": [],
    "battery_invert": False,
}

CONNECTOR: Mapping[str, Any] = {
    "rotation": ["l1", "l2", "l3"],
    "max_current_a": 16.0,
    "fail_safe_current_a": 0.0,
}

TWIN_DATA: Mapping[str, Any] = {
    "driver": "ocpp",
    "station": "TWIN",
    "authorization": "anyone",
    "tokens": [],
    "circuit": GARAGE,
    "may_freeze": False,
    "connectors": {"1": CONNECTOR, "2": {**CONNECTOR, "rotation": ["l2", "l3", "l1"]}},
}

SINGLE_DATA: Mapping[str, Any] = {
    "driver": "modbus",
    "profile": "heidelberg_energy_control",
    "connection": {"type": "rtu_over_tcp", "host": "192.0.2.7", "port": 502},
    "unit_id": 1,
    "circuit": ROOT_CIRCUIT,
    "may_freeze": False,
    "connectors": {"1": {**CONNECTOR, "rotation": ["l2"], "fail_safe_current_a": 6.0}},
}

SUPPLY_DATA: Mapping[str, Any] = {
    "driver": "modbus",
    "profile": "ea_psb_bidirectional",
    "connection": {"type": "tcp", "host": "192.0.2.8", "port": 502},
    "unit_id": 1,
    "circuit": ROOT_CIRCUIT,
    "rotation": ["l1", "l2", "l3"],
    "max_power_w": 5000.0,
    "voltage_v": 48.0,
    "current_a": 20.0,
    "may_freeze": False,
}

GARAGE_DATA: Mapping[str, Any] = {"parent": ROOT_CIRCUIT, "fuse_a": 20.0, "meter": {}}

BLUE_DATA: Mapping[str, Any] = {"efficiency_percent": 90.0, "capacity_kwh": 58.0}


def subentry(
    subentry_id: str, kind: str, title: str, data: Mapping[str, Any], unique_id: str | None = None
) -> ConfigSubentryData:
    """Return the data of a subentry with a fixed id."""
    return {  # type: ignore[typeddict-unknown-key]
        "subentry_id": subentry_id,
        "subentry_type": kind,
        "title": title,
        "data": data,
        "unique_id": unique_id,
    }


def make_entry(**data: Any) -> MockConfigEntry:
    """Return a site with a circuit, two chargers and a power supply."""
    return MockConfigEntry(
        domain=DOMAIN,
        entry_id=SITE,
        title="Home",
        data={**SITE_DATA, **data},
        subentries_data=[
            subentry(GARAGE, "circuit", "Garage", GARAGE_DATA),
            subentry(TWIN, "charger", "Twin", TWIN_DATA, "ocpp_TWIN"),
            subentry(SINGLE, "charger", "Single", SINGLE_DATA, "modbus_192.0.2.7:502_1"),
            subentry(SUPPLY, "power_supply", "Bench", SUPPLY_DATA, "modbus_192.0.2.8:502_1"),
            subentry(BLUE, "vehicle", "Blue", BLUE_DATA),
            subentry(RED, "vehicle", "Red", {"efficiency_percent": 90.0}),
        ],
    )


def reading[T](value: T) -> Reading[T]:
    """Return a fresh reading."""
    return Reading(value=value, arrived_at=NOW)


def connector_view(member: MemberId = TWIN_1, **changes: Any) -> MemberView:
    """Return a connector whose car charges with 10 A on three phases."""
    view = MemberView(
        settings=MemberSettings(
            member=member,
            circuit=GARAGE,
            max_current_a=16.0,
            lease=Lease(duration=timedelta(seconds=180), renewal=timedelta(seconds=75)),
        ),
        wishes=MemberWishes(),
        state=ConnectorState.EV_LOCKED,
        status=MemberStatus(
            member=member,
            granted_a=10.0,
            commitment_a=10.5,
            limited_by=Reason(kind=ReasonKind.CIRCUIT, subject=GARAGE, phase=Phase.L2),
        ),
        connector=ConnectorReport(
            connector=int(member.partition(":")[2]),
            arrived_at=NOW,
            online=True,
            component_state=ComponentState.CHARGING,
            cable_state=CableState.EV_LOCKED,
            charging=ChargingStatus.CHARGING,
            current_a=reading(PerPhase(9.8, 9.9, None)),
            voltage_v=reading(PerPhase(231.0, 229.0, 230.0)),
            power_w=reading(6_800.0),
            energy_wh=reading(1_234_567.0),
        ),
        identity=DeviceIdentity(manufacturer="Maker", model="Model", firmware="1.0"),
        session=Session(
            id="01SESSION",
            member=member,
            started_at=NOW,
            energy_wh=4_250.0,
            cost=1.19,
            co2_g=1_480.0,
        ),
        plan=plan(),
        vehicle=PluggedVehicle(name="Blue", names=("Blue", "Red")),
    )
    return replace(view, **changes)


def supply_view(**changes: Any) -> MemberView:
    """Return a bidirectional power supply that gives 20 A at 48 V."""
    view = MemberView(
        settings=MemberSettings(
            member=SUPPLY,
            kind=MemberKind.POWER_SUPPLY,
            circuit=ROOT_CIRCUIT,
            max_current_a=10.0,
            min_current_a=0.1,
            step_a=0.1,
            watts_per_amp=501.0,
            lease=Lease(duration=timedelta(seconds=30), renewal=timedelta(seconds=10)),
        ),
        wishes=MemberWishes(),
        state=ConnectorState.EV_PLUGGED,
        status=MemberStatus(
            member=SUPPLY,
            granted_a=2.0,
            granted_w=1_002.0,
            commitment_a=2.0,
            limited_by=Reason(kind=ReasonKind.USER, subject=f"user:{SUPPLY}"),
        ),
        supply=SupplyReport(
            arrived_at=NOW,
            online=True,
            mode=SupplyMode.EXPORT,
            voltage_v=reading(48.1),
            current_a=reading(19.9),
            power_w=reading(957.0),
            wishes=SupplyWishes(mode=SupplyMode.EXPORT, voltage_v=48.0, current_a=20.0),
            capabilities=capabilities(),
        ),
        identity=DeviceIdentity(manufacturer="EA", model="PSB"),
    )
    return replace(view, **changes)


def capabilities(*, bidirectional: bool = True) -> SupplyCapabilities:
    """Return what the power supply can do."""
    return SupplyCapabilities(
        bidirectional=bidirectional,
        max_export_voltage_v=80.0,
        min_export_voltage_v=0.0,
        max_export_current_a=60.0,
        min_export_current_a=0.0,
        max_export_power_w=1_500.0,
        current_regulation_tolerance_a=0.1,
        peak_current_ripple_a=0.1,
    )


def circuit_view(circuit: CircuitId = ROOT_CIRCUIT, **changes: Any) -> CircuitView:
    """Return a circuit that carries 18 A of its fuse."""
    is_root = circuit == ROOT_CIRCUIT
    fuse = PerPhase.same(25.0 if is_root else 20.0)
    view = CircuitView(
        circuit=Circuit(
            id=circuit,
            name="Home" if is_root else "Garage",
            parent=None if is_root else ROOT_CIRCUIT,
            limit_a=fuse,
            metered=is_root,
        ),
        status=CircuitStatus(
            circuit=circuit,
            limit_a=fuse,
            load_a=PerPhase(18.0, 17.5, None) if is_root else PerPhase(None, None, None),
            other_a=PerPhase(8.0, 7.5, 6.0),
            committed_a=PerPhase.same(10.5),
            granted_a=PerPhase.same(10.0),
            available_a=PerPhase(6.5, 7.0, 8.5),
            available_w=5_060.0,
            fail_safe_sum_a=PerPhase(0.0, 6.0, 0.0),
        ),
    )
    return replace(view, **changes)


def pool_view(**changes: Any) -> PoolView:
    """Return the sums of the pool."""
    view = PoolView(
        current_a=PerPhase(9.8, 9.9, 0.0),
        power_w=7_757.0,
        consumption_w=7_757.0,
        production_w=0.0,
        available_a=PerPhase(6.5, 7.0, 8.5),
        available_w=5_060.0,
        members=4,
        connected=3,
        charging=2,
        waiting=1,
    )
    return replace(view, **changes)


def plan(**changes: Any) -> Plan:
    """Return a plan that cannot be met by 2.5 kWh."""
    made = Plan(
        wish=PlanWish(
            kind=TargetKind.SOC,
            energy_wh=15_000.0,
            departure=Repeating(at=time(7, 0), weekdays=frozenset(WEEK)),
        ),
        state=PlanState.CANNOT_BE_MET,
        vehicle=BLUE,
        counts_soc=True,
        ready_at=NOW + timedelta(hours=18),
        needed_wh=32_500.0,
        planned_wh=30_000.0,
        missing_wh=2_500.0,
        next_start=NOW + timedelta(hours=10),
        earliest_ready_at=NOW + timedelta(hours=19),
        cost=6.25,
        unpriced_wh=1_000.0,
        co2_g=9_100.0,
    )
    return replace(made, **changes)


def vehicle_view(**changes: Any) -> VehicleView:
    """Return a vehicle that is half full."""
    view = VehicleView(
        name="Blue",
        at=TWIN_1,
        level=ChargeLevel(soc=51.3, told_at=NOW - timedelta(hours=1), is_estimated=True),
        range_km=210.0,
        has_range=True,
    )
    return replace(view, **changes)


def snapshot(**changes: Any) -> SiteSnapshot:
    """Return the site of `make_entry` in the middle of a day."""
    single = connector_view(SINGLE_1)
    waiting = MemberStatus(
        member=TWIN_2, granted_a=0.0, commitment_a=0.0, limited_by=Reason(kind=ReasonKind.TURN)
    )
    site = SiteSnapshot(
        taken_at=NOW,
        pool=pool_view(),
        members={
            TWIN_1: connector_view(),
            TWIN_2: connector_view(TWIN_2, state=ConnectorState.EV_PLUGGED, status=waiting),
            SINGLE_1: replace(
                single,
                settings=replace(single.settings, phases=(Phase.L2,), circuit=ROOT_CIRCUIT),
                state=ConnectorState.MISSING,
                status=None,
                connector=None,
                session=None,
            ),
            SUPPLY: supply_view(),
        },
        circuits={ROOT_CIRCUIT: circuit_view(), GARAGE: circuit_view(GARAGE)},
        vehicles={
            BLUE: vehicle_view(),
            RED: VehicleView(name="Red", at=None, level=None),
        },
    )
    return replace(site, **changes)


def shares_of_the_day() -> Mapping[MemberId, Shares]:
    """Return what two connectors got: one charged and waited, the other one was empty."""
    parts = [
        Part(
            standing=Standing(
                activity=Activity.CHARGING, reason=ReasonKind.CIRCUIT, circuit=GARAGE
            ),
            tally=Tally(
                seconds=21_600.0,
                energy_wh=41_400.0,
                granted_ah=60.0,
                wanted_ah=96.0,
                turns=2,
                cost=10.35,
                co2_g=12_420.0,
            ),
        ),
        Part(
            standing=Standing(activity=Activity.WAITING, reason=ReasonKind.TURN, circuit="gone"),
            tally=Tally(seconds=3_600.0, wanted_ah=16.0, pauses=1),
        ),
        Part(
            standing=Standing(activity=Activity.RESTING, reason=ReasonKind.USER),
            tally=Tally(seconds=7_200.0),
        ),
    ]
    since = NOW - timedelta(days=1)
    return {
        TWIN_1: shares(TWIN_1, since, NOW, parts),
        SINGLE_1: shares(SINGLE_1, since, NOW, ()),
    }


class ActionsDouble(Callbacks[[LimitAction]]):
    """The limit actions of a site, as far as somebody listens to them."""

    def add_listener(self, listener: Callable[[LimitAction], None]) -> Callable[[], None]:
        return self.add(listener)


@dataclass(slots=True)
class PlansDouble:
    """What entities and actions see of the plans of a site."""

    pool: PoolDouble

    async def async_set_energy(self, member: MemberId, energy_wh: float) -> None:
        self.pool._note("plan_energy", member, energy_wh)

    async def async_set_soc(self, member: MemberId, soc: float) -> None:
        self.pool._note("plan_soc", member, soc)

    async def async_set_kind(self, member: MemberId, kind: TargetKind) -> None:
        self.pool._note("plan_kind", member, kind)

    async def async_set_ready_at(self, member: MemberId, at: datetime) -> None:
        self.pool._note("plan_ready_at", member, at)

    async def async_repeat(self, member: MemberId) -> None:
        self.pool._note("plan_repeat", member)

    async def async_repeat_no_more(self, member: MemberId) -> None:
        self.pool._note("plan_repeat_no_more", member)

    async def async_choose_vehicle(self, member: MemberId, name: str) -> None:
        self.pool._note("vehicle", member, name)

    async def async_set_plan(self, member: MemberId, order: PlanOrder) -> Plan:
        self.pool._note("set_plan", member, order)
        return plan()

    async def async_clear_plan(self, member: MemberId) -> Plan:
        self.pool._note("clear_plan", member)
        return Plan(wish=PlanWish(), state=PlanState.NOT_IN_PLAN_MODE)


@dataclass(slots=True)
class PoolDouble:
    """What entities and actions see of a coordinator; it notes what it is asked."""

    hass: HomeAssistant
    entry: ConfigEntry[Any]
    data: SiteSnapshot
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    result: ActionResult = ActionResult.ACCEPTED
    action_error: str | None = None
    raises: Exception | None = None
    listeners: SubjectCallbacks = field(default_factory=SubjectCallbacks)
    members: Arrivals = field(default_factory=Arrivals)
    circuits: Arrivals = field(default_factory=Arrivals)
    vehicles: Arrivals = field(default_factory=Arrivals)
    actions: ActionsDouble = field(default_factory=ActionsDouble)
    simulated_site: Any = None
    shares: Mapping[MemberId, Shares] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Have everybody of the snapshot arrive."""
        self.members.update(self.data.members)
        self.circuits.update(self.data.circuits)
        self.vehicles.update(self.data.vehicles)

    @property
    def showcase(self) -> Self:
        """Who shows something listens here, too."""
        return self

    @property
    def plans(self) -> PlansDouble:
        """What it is asked of plans is noted like everything else."""
        return PlansDouble(self)

    def show(self, data: SiteSnapshot) -> None:
        """Replace the snapshot, as a decision does."""
        subjects = {
            subject
            for site in (self.data, data)
            for subject in (*site.members, *site.circuits, *site.vehicles)
        }
        self.data = data
        self.members.update(data.members)
        self.circuits.update(data.circuits)
        self.vehicles.update(data.vehicles)
        self.listeners.call(subjects)

    def show_member(self, view: MemberView) -> None:
        """Replace the view of one member."""
        members = {**self.data.members, view.settings.member: view}
        self.show(replace(self.data, members=members))

    def show_circuit(self, view: CircuitView) -> None:
        """Replace the view of one circuit."""
        self.show(replace(self.data, circuits={**self.data.circuits, view.circuit.id: view}))

    def show_problems(self, *problems: Problem) -> None:
        """Replace the problems."""
        self.show(replace(self.data, problems=problems))

    def async_add_listener(
        self, listener: Callable[[], None], subject: str | None = None
    ) -> Callable[[], None]:
        return self.listeners.add(listener, subject)

    def async_add_member_listener(self, listener: Callable[[str], None]) -> Callable[[], None]:
        return self.members.add(listener)

    def async_add_circuit_listener(self, listener: Callable[[str], None]) -> Callable[[], None]:
        return self.circuits.add(listener)

    def async_add_vehicle_listener(self, listener: Callable[[str], None]) -> Callable[[], None]:
        return self.vehicles.add(listener)

    def clock(self) -> datetime:
        """Return the time of the snapshot."""
        return NOW

    async def async_shares(self, period: Period, now: datetime) -> Mapping[MemberId, Shares]:
        self._note("shares", period, now)
        return self.shares

    @property
    def commands(self) -> Self:
        """What entities and actions take it for as well: who is asked on a user's behalf."""
        return self

    async def async_set_user_limit(self, member: MemberId, current_a: float) -> None:
        self._note("user_limit", member, current_a)

    async def async_set_minimum_current(self, member: MemberId, current_a: float) -> None:
        self._note("minimum_current", member, current_a)

    async def async_set_mode(self, member: MemberId, mode: Mode) -> None:
        self._note("mode", member, mode)

    async def async_choose_phases(self, member: MemberId, phases: PhaseChoice) -> None:
        self._note("phases", member, phases)

    async def async_boost(self, member: MemberId, duration: timedelta | None = None) -> None:
        self._note("boost", member, duration)

    async def async_end_boost(self, member: MemberId) -> None:
        self._note("end_boost", member)

    async def async_set_default_mode(self, mode: Mode) -> None:
        self._note("default_mode", mode)

    async def async_set_priority(self, member: MemberId, priority: Priority) -> None:
        self._note("priority", member, priority)

    async def async_set_weight(self, member: MemberId, weight: float) -> None:
        self._note("weight", member, weight)

    async def async_set_circuit_limit(self, circuit: CircuitId, current_a: float | None) -> None:
        self._note("circuit_limit", circuit, current_a)

    async def async_set_supply_wishes(self, member: MemberId, **wishes: Any) -> None:
        self._note("supply_wishes", member, wishes)

    async def async_set_limit(self, member: MemberId, unit: LimitUnit, value: float) -> LimitAction:
        self._note("set_limit", member, unit, value)
        return self.end_action(member, ActionKind.SET, unit, value)

    async def async_clear_limit(self, member: MemberId) -> LimitAction:
        self._note("clear_limit", member)
        return self.end_action(member, ActionKind.CLEAR, LimitUnit.CURRENT, None)

    async def async_start(self, member: MemberId) -> ActionResult:
        self._note("start", member)
        return self.result

    async def async_stop(self, member: MemberId) -> ActionResult:
        self._note("stop", member)
        return self.result

    def end_action(
        self, member: MemberId, kind: ActionKind, unit: LimitUnit, value: float | None
    ) -> LimitAction:
        """Let a limit action be requested and end; return its end."""
        requested = LimitAction(
            id="01ACTION",
            member=member,
            kind=kind,
            unit=unit,
            value=value,
            status=ActionStatus.REQUESTED,
            requested_at=NOW,
        )
        ended = replace(
            requested,
            status=ActionStatus.FAILED if self.action_error else ActionStatus.COMPLETED,
            error=self.action_error,
            ended_at=NOW + timedelta(seconds=1),
        )
        self.actions.call(requested)
        self.actions.call(ended)
        return ended

    def _note(self, *call: Any) -> None:
        if self.raises is not None:
            raise self.raises
        self.calls.append(call)


async def async_set_up_double(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    *platforms: Platform,
    data: SiteSnapshot | None = None,
    simulated_site: Any = None,
    config: Mapping[str, Any] | None = None,
) -> PoolDouble:
    """Set a site up on a double instead of devices and decisions, with the platforms' entities."""
    entry = make_entry(**(config or {}))
    entry.add_to_hass(hass)
    double = PoolDouble(hass, entry, data or snapshot(), simulated_site=simulated_site)

    async def async_setup_entry(_: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
        async_register_devices(hass, entry, PoolConfig.from_entry(entry))
        entry.runtime_data = double
        await hass.config_entries.async_forward_entry_setups(entry, platforms)
        return True

    async def async_unload_entry(_: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
        return await hass.config_entries.async_unload_platforms(entry, platforms)

    monkeypatch.setattr(ev_charger_pool, "async_setup_entry", async_setup_entry)
    monkeypatch.setattr(ev_charger_pool, "async_unload_entry", async_unload_entry)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return double


def device_id(hass: HomeAssistant, key: str) -> str:
    """Return the id of the device of a site, a station, a connector, a supply or a circuit."""
    registry = dr.async_get(hass)
    device = registry.async_get_child_device_by_identifier(
        (DOMAIN, key), SITE
    ) or registry.async_get_device_by_identifier((DOMAIN, key), SITE)
    assert device is not None
    return device.id
