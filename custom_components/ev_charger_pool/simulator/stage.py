"""The simulated side of a closed loop: the plant, its devices and their links, built as planned."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from ..pool.circuits import MeterReport, ResourceKind, ResourceReport
from ..pool.members import CircuitId, MemberId
from ..pool.readings import Reading
from .dc import SimulatedSupply
from .devices import Firmware, Station
from .links import SimulatedLink
from .meters import MeterKind, MeterValue
from .plant import Plant, SimulatedConnector
from .scenario import MemberPlan, Scenario
from .supply_device import Supply


class Stage:
    """Everything of a scenario but its controller.

    Attributes:
        plant: The electricity.
        connectors: The electrical side of each connector.
        supplies: The electrical side of each power supply.
        devices: The firmware of each member.
        links: The links by name.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._started_at = scenario.started_at
        self.connectors: dict[MemberId, SimulatedConnector] = {}
        self.supplies: dict[MemberId, SimulatedSupply] = {}
        self.devices: dict[MemberId, Firmware] = {
            plan.settings.member: self._build(plan) for plan in scenario.members
        }
        rng = Random(scenario.seed)
        self.plant = Plant(
            scenario.plant,
            rng=rng,
            started_at=scenario.started_at,
            connectors=self.connectors,
            supplies=self.supplies,
            at={plan.settings.member: plan.settings.circuit for plan in scenario.members},
        )
        self.links = {
            link: SimulatedLink(
                {
                    plan.settings.member: self.devices[plan.settings.member]
                    for plan in scenario.members
                    if plan.link == link
                },
                delay_s,
                Random(rng.getrandbits(64)),
            )
            for link, delay_s in scenario.link_delay_s.items()
        }
        self._link_of = {plan.settings.member: plan.link for plan in scenario.members}

    @property
    def energy_wh(self) -> float:
        """What the cars took so far."""
        return sum(connector.energy_wh for connector in self.connectors.values())

    def link_of(self, member: MemberId) -> SimulatedLink:
        """Return the link over which a member is reached."""
        return self.links[self._link_of[member]]

    def meter_report(self, circuit: CircuitId, value: MeterValue, now: datetime) -> MeterReport:
        """Return what a driver would tell of a value that was heard at `now`."""
        spec = self.plant.meters[circuit].spec
        measured_at = (
            self._started_at + timedelta(seconds=value.measured_s) if spec.tells_time else None
        )
        if spec.kind is MeterKind.TOTAL:
            total = value.values.l1
            if total is None:
                return MeterReport(circuit=circuit)
            return MeterReport(
                circuit=circuit,
                total_power_w=Reading(value=total, arrived_at=now, measured_at=measured_at),
            )
        reading = Reading(value=value.values, arrived_at=now, measured_at=measured_at)
        if spec.kind is MeterKind.POWERS:
            return MeterReport(circuit=circuit, power_w=reading)
        return MeterReport(circuit=circuit, current_a=reading)

    def resource_reports(self, now: datetime) -> Iterator[ResourceReport]:
        """Yield what sun and battery tell at `now`."""
        plant = self.plant
        if (sun := plant.sun) is not None:
            yield ResourceReport(
                id=ResourceKind.SOLAR.value,
                kind=ResourceKind.SOLAR,
                power_w=Reading(value=-plant.solar_power_w, arrived_at=now),
                phases=sun.spec.phases if sun.spec.tells_phases else (),
            )
        if (battery := plant.battery) is not None:
            soc_percent = 100.0 * battery.stored_wh / battery.spec.capacity_wh
            yield ResourceReport(
                id=ResourceKind.BATTERY.value,
                kind=ResourceKind.BATTERY,
                power_w=Reading(value=plant.battery_power_w, arrived_at=now),
                phases=battery.spec.phases if battery.spec.tells_phases else (),
                soc_percent=Reading(value=min(max(soc_percent, 0.0), 100.0), arrived_at=now),
            )

    def _build(self, plan: MemberPlan) -> Firmware:
        settings = plan.settings
        if plan.supply is not None and plan.load is not None:
            output = SimulatedSupply(phases=settings.phases, load=plan.load)
            self.supplies[settings.member] = output
            return Supply(output, settings, plan.firmware, plan.supply, self._started_at)
        connector = SimulatedConnector(
            phases=settings.phases, max_current_a=settings.max_current_a, visits=plan.visits
        )
        self.connectors[settings.member] = connector
        return Station(connector, settings, plan.firmware, self._started_at)
