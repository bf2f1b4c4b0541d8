"""Devices that do what a test says, and the site that they belong to."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.ev_charger_pool.chargers.contract import (
    ConnectorCapabilities,
    ConnectorListener,
    ConnectorReport,
    DeviceIdentity,
)
from custom_components.ev_charger_pool.chargers.ocpp import PortInUseError, UnknownStation
from custom_components.ev_charger_pool.const import DOMAIN
from custom_components.ev_charger_pool.coordinator import SiteCoordinator
from custom_components.ev_charger_pool.device_config import ChargerConfig, SupplyConfig
from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.members import Grant, Lease
from custom_components.ev_charger_pool.pool.quantities import PerPhase
from custom_components.ev_charger_pool.pool.readings import Reading
from custom_components.ev_charger_pool.pool.states import (
    CableState,
    ChargingStatus,
    ComponentState,
)
from custom_components.ev_charger_pool.power_supplies.contract import (
    OffOutcome,
    SupplyCapabilities,
    SupplyListener,
    SupplyMode,
    SupplyReport,
    SupplyWishes,
)

LEASE = Lease(duration=timedelta(seconds=180), renewal=timedelta(seconds=75))


@dataclass(slots=True)
class Call:
    """One command as a device got it."""

    what: str
    connector: int
    grant: Grant | None
    at: datetime


@dataclass(slots=True, eq=False)
class FakeDevice:
    """What the fake charger and the fake supply have in common: calls, answers and faults."""

    result: ActionResult = ActionResult.ACCEPTED
    results: dict[str, ActionResult] = field(default_factory=dict)
    error: Exception | None = None
    is_stalled: bool = False
    online: bool = True
    identity: DeviceIdentity = field(default_factory=DeviceIdentity)
    calls: list[Call] = field(default_factory=list)
    vouched_until: datetime | None = None
    vouch_error: Exception | None = None
    close_error: Exception | None = None
    is_closed: bool = False

    def vouch(self, until: datetime) -> None:
        if self.vouch_error is not None:
            raise self.vouch_error
        self.vouched_until = until

    async def async_close(self) -> None:
        self.is_closed = True
        if self.close_error is not None:
            raise self.close_error

    def diagnostics(self) -> Mapping[str, object]:
        return {"calls": len(self.calls), "host": "192.0.2.1"}

    @property
    def granted(self) -> list[float]:
        """The currents of all grants so far, in order."""
        return [call.grant.current_a for call in self.calls if call.grant is not None]

    async def _take(self, what: str, connector: int, grant: Grant | None = None) -> ActionResult:
        self.calls.append(Call(what, connector, grant, dt_util.utcnow()))
        if self.is_stalled:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        return self.results.get(what, self.result)


@dataclass(slots=True, eq=False)
class FakeCharger(FakeDevice):
    """A charger whose connectors report what the test says."""

    connectors: dict[int, ConnectorCapabilities] = field(default_factory=dict)
    reports: dict[int, ConnectorReport] = field(default_factory=dict)
    wanted_a: dict[int, float] = field(default_factory=dict)
    offered_a: dict[int, float] = field(default_factory=dict)
    listeners: list[ConnectorListener] = field(default_factory=list)

    def subscribe(self, listener: ConnectorListener) -> Callable[[], None]:
        self.listeners.append(listener)
        for report in self.reports.values():
            listener(report)
        return lambda: self.listeners.remove(listener)

    def tell(self, connector: int = 1, **changes: Any) -> None:
        """Report a change of a connector, or the same as before."""
        newest = self.reports.get(connector) or ConnectorReport(
            connector=connector,
            arrived_at=dt_util.utcnow(),
            online=True,
            component_state=ComponentState.READY,
            cable_state=CableState.UNPLUGGED,
            charging=ChargingStatus.NOT_CHARGING,
        )
        report = replace(newest, arrived_at=dt_util.utcnow(), **changes)
        self.reports[connector] = report
        for listener in tuple(self.listeners):
            listener(report)

    def plug(self, connector: int = 1, wants_a: float = 16.0, **changes: Any) -> None:
        """Report a car that takes nothing yet, and will take what it is granted, up to a bound."""
        self.wanted_a[connector] = wants_a
        self.tell(
            connector,
            **{
                "cable_state": CableState.EV_LOCKED,
                "charging": ChargingStatus.SUSPENDED_BY_CHARGER,
                "current_a": currents(0.0),
                **changes,
            },
        )

    def draw(self, amps: float, connector: int = 1, **changes: Any) -> None:
        """Report a car that takes so much on each phase."""
        self.tell(
            connector,
            **{
                "cable_state": CableState.EV_LOCKED,
                "component_state": ComponentState.CHARGING,
                "charging": ChargingStatus.CHARGING,
                "current_a": currents(amps),
                **changes,
            },
        )

    def taken_a(self, connector: int) -> float:
        """What the car at a connector takes now: it follows the newest grant."""
        return min(self.wanted_a.get(connector, 0.0), self.offered_a.get(connector, 0.0))

    def tell_again(self) -> None:
        """Have every connector report what it knows, with what its car takes now."""
        for number in list(self.reports):
            amps = self.taken_a(number)
            if amps:
                self.draw(amps, number)
            else:
                self.tell(number, current_a=currents(0.0))

    def unplug(self, connector: int = 1) -> None:
        """Report that the car has left."""
        self.wanted_a.pop(connector, None)
        self.tell(
            connector,
            cable_state=CableState.UNPLUGGED,
            component_state=ComponentState.READY,
            charging=ChargingStatus.NOT_CHARGING,
            current_a=currents(0.0),
            transaction=None,
            token=None,
        )

    async def async_apply(self, connector: int, grant: Grant) -> ActionResult:
        result = await self._take("apply", connector, grant)
        if result.is_success:
            self.offered_a[connector] = grant.current_a
        return result

    async def async_start(self, connector: int) -> ActionResult:
        return await self._take("start", connector)

    async def async_stop(self, connector: int) -> ActionResult:
        return await self._take("stop", connector)


@dataclass(slots=True, eq=False)
class FakeLockableCharger(FakeCharger):
    """One that can be made inoperative."""

    async def async_disable(self, connector: int) -> ActionResult:
        return await self._take("disable", connector)

    async def async_enable(self, connector: int) -> ActionResult:
        return await self._take("enable", connector)


@dataclass(slots=True, eq=False)
class FakeSupply(FakeDevice):
    """A power supply that reports what the test says."""

    capabilities: SupplyCapabilities | None = None
    lease: Lease | None = LEASE
    settle: timedelta = timedelta(seconds=12)
    off_outcome: OffOutcome = OffOutcome.BELOW_THRESHOLD
    wishes: SupplyWishes = field(
        default_factory=lambda: SupplyWishes(voltage_v=48.0, current_a=20.0)
    )
    listeners: list[SupplyListener] = field(default_factory=list)

    def subscribe(self, listener: SupplyListener) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def tell(self, mode: SupplyMode = SupplyMode.OFF, **changes: Any) -> None:
        """Report a change, or the same as before."""
        report = SupplyReport(
            arrived_at=dt_util.utcnow(),
            online=self.online,
            mode=mode,
            wishes=self.wishes,
            capabilities=self.capabilities,
        )
        for listener in tuple(self.listeners):
            listener(replace(report, **changes))

    async def async_apply(self, grant: Grant) -> ActionResult:
        return await self._take("apply", 1, grant)

    async def async_set_wishes(self, wishes: SupplyWishes) -> ActionResult:
        self.wishes = wishes
        return await self._take("wishes", 1)

    async def async_off(self) -> OffOutcome:
        await self._take("off", 1)
        return self.off_outcome


@dataclass(slots=True)
class FakeCentral:
    """Stands for the OCPP central system: a port, and unknown stations that show up."""

    ports: list[int] = field(default_factory=list)
    taken: bool = False
    listeners: list[Callable[[UnknownStation], None]] = field(default_factory=list)

    async def async_get(self, hass: HomeAssistant, port: int) -> FakeCentral:
        if self.taken:
            raise PortInUseError(98, f"Port {port} is taken by a test")
        self.ports.append(port)
        return self

    def on_unknown(self, listener: Callable[[UnknownStation], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)


@dataclass(slots=True)
class Workshop:
    """Stands where drivers are made: gives out the fakes, and fails when it is told to."""

    devices: dict[str, FakeDevice] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    made: list[str] = field(default_factory=list)
    central: FakeCentral = field(default_factory=FakeCentral)

    def charger(self, subentry_id: str) -> FakeCharger:
        """Return the newest fake that was made for a charger's subentry."""
        device = self.devices[subentry_id]
        assert isinstance(device, FakeCharger)
        return device

    def supply(self, subentry_id: str) -> FakeSupply:
        """Return the newest fake that was made for a power supply's subentry."""
        device = self.devices[subentry_id]
        assert isinstance(device, FakeSupply)
        return device

    async def async_make_charger(
        self, hass: HomeAssistant, config: ChargerConfig, ocpp_port: int
    ) -> FakeCharger:
        self._note(config.subentry_id)
        charger = FakeLockableCharger(
            connectors={
                number: ConnectorCapabilities(connector=number, lease=LEASE)
                for number in config.connectors
            }
        )
        self.devices[config.subentry_id] = charger
        return charger

    async def async_make_supply(
        self, hass: HomeAssistant, config: SupplyConfig, wishes: SupplyWishes
    ) -> FakeSupply:
        self._note(config.subentry_id)
        supply = FakeSupply(wishes=wishes)
        self.devices[config.subentry_id] = supply
        return supply

    def _note(self, subentry_id: str) -> None:
        self.made.append(subentry_id)
        if subentry_id in self.broken:
            raise ValueError(f"{subentry_id} cannot be made")


def currents(amps: float) -> Reading[PerPhase[float | None]]:
    """Return a reading of the same current on each phase, just arrived."""
    return Reading(value=PerPhase(amps, amps, amps), arrived_at=dt_util.utcnow())


def subentry(subentry_id: str, kind: str, **data: Any) -> ConfigSubentryData:
    """Return a subentry with a fixed id, called after it."""
    made: dict[str, Any] = {
        "subentry_id": subentry_id,
        "subentry_type": kind,
        "title": subentry_id.title(),
        "unique_id": subentry_id,
        "data": data,
    }
    return made  # type: ignore[return-value]


def connector(*rotation: str, **changes: Any) -> dict[str, Any]:
    """Return a connector's data; three phases unless told."""
    return {
        "rotation": list(rotation or ("l1", "l2", "l3")),
        "max_current_a": 16.0,
        "fail_safe_current_a": 0.0,
        **changes,
    }


def charger(subentry_id: str, count: int = 1, **changes: Any) -> ConfigSubentryData:
    """Return a charger's subentry."""
    return subentry(
        subentry_id,
        "charger",
        **{
            "driver": "ocpp",
            "station": subentry_id.upper(),
            "authorization": "anyone",
            "tokens": ["04A2B3C4"],
            "circuit": "grid",
            "may_freeze": False,
            "connectors": {str(number): connector() for number in range(1, count + 1)},
            **changes,
        },
    )


def supply(subentry_id: str, **changes: Any) -> ConfigSubentryData:
    """Return a power supply's subentry."""
    return subentry(
        subentry_id,
        "power_supply",
        **{
            "driver": "modbus",
            "profile": "riden_rd60xx",
            "connection": {"type": "tcp", "host": "192.0.2.9", "port": 502},
            "unit_id": 1,
            "circuit": "grid",
            "rotation": ["l1"],
            "max_power_w": 800.0,
            "voltage_v": 48.0,
            "current_a": 10.0,
            **changes,
        },
    )


GRID_METER = {f"current_l{number}": f"sensor.grid_l{number}" for number in (1, 2, 3)}


def site_entry(*subentries: ConfigSubentryData, **data: Any) -> MockConfigEntry:
    """Return a site of 3 x 25 A with a meter on each phase."""
    return MockConfigEntry(
        domain=DOMAIN,
        entry_id="01SITE",
        title="Home",
        data={
            "phases": 3,
            "voltage_v": 230.0,
            "fuse_a": 25.0,
            "fail_safe_current_a": 0.0,
            "sharing": "min_first",
            "meter": GRID_METER,
            "ocpp_port": 9000,
            **data,
        },
        subentries_data=subentries,
    )


def coordinator_of(entry: MockConfigEntry) -> SiteCoordinator:
    """Return the coordinator of a site that is set up."""
    coordinator = entry.runtime_data
    assert isinstance(coordinator, SiteCoordinator)
    return coordinator


def measure(hass: HomeAssistant, *amps: float, unit: str = "A") -> None:
    """Have the grid meter report currents on L1, L2, L3."""
    for number, value in enumerate(amps, 1):
        hass.states.async_set(
            f"sensor.grid_l{number}", str(value), {"unit_of_measurement": unit}, force_update=False
        )


async def settle(hass: HomeAssistant) -> None:
    """Let everything happen that happens without time passing, the disk's part too."""
    await hass.async_block_till_done()
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        await entry.runtime_data.journal.write()
    await hass.async_block_till_done()


async def advance(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    seconds: int,
    each: Callable[[], None] = lambda: None,
) -> None:
    """Let time pass, second by second, and call a function in each."""
    for _ in range(seconds):
        freezer.tick(1)
        each()
        async_fire_time_changed(hass)
        await settle(hass)
