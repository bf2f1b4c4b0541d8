"""The electricity of a simulated site: what flows where, second by second."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Final, Protocol

from ..pool.members import CircuitId
from ..pool.quantities import NOMINAL_VOLTAGE_V, PerPhase, Phase, PhaseValues
from .cars import LEAST_OFFER_A, Car, PluggedCar, Visit
from .dc import SimulatedSupply
from .house import Battery, BatterySpec, LoadSpec
from .meters import MeterSpec, MeterValue, SimulatedMeter

LONGEST_STEP_S: Final = 1.0
"""Physics is computed in steps of at most this length."""

_VOLTAGE_RANGE_V: Final = (207.0, 253.0)
"""EN 50160: nominal +- 10 %."""

type Listener = Callable[[], None]


class SimulatedConnector:
    """The electrical side of a connector, with whoever is plugged in.

    The station around it (protocol, limits, leases) belongs to whoever calls `offer`.

    Attributes:
        phases: The site's phases that its own L1, L2, L3 are wired to.
        max_current_a: What its contactor and cable carry per phase.
        energy_wh: The energy register, which never falls.
    """

    def __init__(
        self,
        *,
        phases: tuple[Phase, ...],
        max_current_a: float,
        visits: Sequence[Visit] = (),
        energy_wh: float = 0.0,
    ) -> None:
        self.phases = phases
        self.max_current_a = max_current_a
        self.energy_wh = energy_wh
        self._wiring = tuple(phase.position for phase in phases)
        self._volts = [NOMINAL_VOLTAGE_V] * 3
        self._visits = list(visits)
        self._car: PluggedCar | None = None
        self._leaves_s = float("inf")
        self._full_since_s: float | None = None
        self._leaves_full_after_s: float | None = None
        self._offered_a = 0.0
        self._now_s = 0.0
        self._amps = 0.0
        self._used = 0
        self._closed = len(phases)
        self.switched_under_load = 0
        """How often its contactor was moved while current flowed."""
        self._listeners: list[Listener] = []

    @property
    def car_connected(self) -> bool:
        """Whether a car is plugged in."""
        return self._car is not None

    @property
    def car_wants_energy(self) -> bool:
        """Whether it would charge if it were offered something (state C of IEC 61851)."""
        return self._car is not None and self._car.wants_energy

    @property
    def car(self) -> PluggedCar | None:
        """The car that is plugged in."""
        return self._car

    @property
    def offered_a(self) -> float:
        """What the station offers now in amps per phase; 0 is a pause."""
        return self._offered_a

    @property
    def amps(self) -> float:
        """The current on each phase that the car uses now."""
        return self._amps

    @property
    def used_phases(self) -> int:
        """On how many of its own phases, from L1 on, the car charges when it charges."""
        return self._used

    @property
    def current_a(self) -> PhaseValues:
        """The current on its own L1, L2, L3."""
        amps, used = self._amps, self._used
        return PerPhase(
            amps if used > 0 else 0.0,
            amps if used > 1 else 0.0,
            amps if used > 2 else 0.0,  # noqa: PLR2004 - the third of three phases
        )

    @property
    def voltage_v(self) -> PhaseValues:
        """Volts on its own L1, L2, L3; 0 where it is not wired."""
        volts = [self._volts[index] for index in self._wiring]
        volts += [0.0] * (3 - len(volts))
        return PerPhase(*volts)

    @property
    def power_w(self) -> float:
        """Active power in watts."""
        return sum(self._amps * self._volts[index] for index in self._wiring[: self._used])

    def offer(self, current_a: float) -> None:
        """Offer the car `current_a` amps per phase from now on; below 6 A is a pause.

        Raises:
            ValueError: The value is negative or not a number.
        """
        if not current_a >= 0.0:
            message = f"an offer is a number of at least 0 A, not {current_a}"
            raise ValueError(message)
        self._offered_a = min(current_a, self.max_current_a) if current_a >= LEAST_OFFER_A else 0.0
        if self._car is not None:
            self._car.offer(self._offered_a, self._now_s)

    @property
    def switched_on(self) -> int:
        """How many of its phases the station has switched on, from L1 on."""
        return self._closed

    def switch_phases(self, count: int) -> None:
        """Have the station switch so many of its phases on, from L1 on.

        Raises:
            ValueError: It has not so many.
        """
        if not 1 <= count <= len(self.phases):
            message = f"{count} of {len(self.phases)} phases cannot be switched on"
            raise ValueError(message)
        if count == self._closed:
            return
        self._closed = count
        self.switched_under_load += self._amps > 0.0
        if self._car is not None:
            self._car.notice_switch(count, self._now_s)

    def wake(self) -> None:
        """Wake a sleeping car, as a station does that interrupts its pilot signal."""
        if self._car is not None and self._car.asleep:
            self._car.wake(self._now_s)
            self._notify()

    def plug_in(self, car: Car, *, stays_s: float = float("inf")) -> None:
        """Plug a car in, in place of whatever is there; it leaves after `stays_s` seconds."""
        self._car = PluggedCar(car)
        self._car.offer(self._offered_a, self._now_s)
        self._used = min(car.phases, self._closed)
        self._amps = 0.0
        self._leaves_s = self._now_s + stays_s
        self._leaves_full_after_s = None
        self._full_since_s = None
        self._notify()

    def unplug(self) -> None:
        """Pull the plug; the current ends at once."""
        if self._car is not None:
            self._car = None
            self._amps = 0.0
            self._used = 0
            self._leaves_s = float("inf")
            self._notify()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have a listener called on each plug, unplug and change of the car's wish for energy.

        Returns:
            What ends it.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def advance(self, now_s: float, step_s: float, volts: Sequence[float]) -> None:
        """Let `step_s` seconds pass up to `now_s`, at `volts` on the site's L1, L2, L3."""
        self._now_s = now_s
        self._volts[:] = volts
        self._come_and_go(now_s)
        car = self._car
        if car is None:
            return
        wanted_before = car.wants_energy
        car.advance(now_s, step_s)
        self._amps = min(car.current_a, self.max_current_a)
        self._used = min(car.phases, self._closed)
        if self._amps:
            energy = self.power_w * step_s / 3600.0
            self.energy_wh += energy
            car.take(energy)
        if car.wants_energy != wanted_before:
            self._notify()

    def _come_and_go(self, now_s: float) -> None:
        car = self._car
        if car is not None:
            if car.full and self._full_since_s is None:
                self._full_since_s = now_s
            left_full = (
                self._full_since_s is not None
                and self._leaves_full_after_s is not None
                and now_s >= self._full_since_s + self._leaves_full_after_s
            )
            if left_full or now_s >= self._leaves_s:
                self.unplug()
        elif self._visits and now_s >= self._visits[0].arrives_after.total_seconds():
            visit = self._visits.pop(0)
            self.plug_in(visit.car, stays_s=visit.stays.total_seconds())
            after = visit.leaves_full_after
            self._leaves_full_after_s = None if after is None else after.total_seconds()

    def _notify(self) -> None:
        for listener in tuple(self._listeners):
            listener()


class Consumption(Protocol):
    """What takes current on a circuit beside the members.

    Attributes:
        current_a: Amps per phase that flow now.
        extra_a: Amps per phase that a test or a user of the simulation puts on top.
    """

    current_a: list[float]
    extra_a: list[float]

    def advance(self, now_s: float, step_s: float) -> None:
        """Let `step_s` seconds pass up to `now_s`."""
        ...


class ConsumptionSpec(Protocol):
    """How such a load is made."""

    def build(self, rng: Random) -> Consumption:
        """Return it at the start of its time."""
        ...


class Generation(Protocol):
    """What produces at the root circuit by the sun.

    Attributes:
        power_w: Production in watts, at least 0.
    """

    power_w: float

    @property
    def spec(self) -> GenerationSpec:
        """How it was made."""
        ...

    def advance(self, now_s: float, step_s: float) -> None:
        """Let `step_s` seconds pass up to `now_s`."""
        ...


class GenerationSpec(Protocol):
    """How such a generator is made, and where it feeds in."""

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The site's phases that it feeds, each alike."""
        ...

    @property
    def tells_phases(self) -> bool:
        """Whether the site knows which these are."""
        ...

    def build(self, rng: Random) -> Generation:
        """Return it at the start of its time."""
        ...


_NO_LOAD: Final = LoadSpec()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantSpec:
    """What a site is made of, beside its connectors and supplies.

    Attributes:
        circuits: Each circuit's parent; None for the root.
        loads: What takes current on a circuit beside the members.
        sun: The solar installation, at the root.
        battery: The home battery, at the root.
        meters: The meters, each at its circuit.
        supply_ohm: Impedance of the grid connection; at the default 25 A cost 3 V.
    """

    circuits: Mapping[CircuitId, CircuitId | None]
    loads: Mapping[CircuitId, ConsumptionSpec] = field(default_factory=dict)
    sun: GenerationSpec | None = None
    battery: BatterySpec | None = None
    meters: tuple[MeterSpec, ...] = ()
    supply_ohm: float = 0.12

    @property
    def root(self) -> CircuitId:
        """The circuit without a parent."""
        return next(circuit for circuit, parent in self.circuits.items() if parent is None)


class Plant:
    """The whole electrical site.

    Attributes:
        connectors: Its connectors by name.
        supplies: Its DC supplies by name.
        house: The load at the root circuit.
        loads: The load at each circuit, the root's among them.
        sun: Its solar installation, if any.
        battery: Its home battery, if any.
        meters: Its meters by circuit.
    """

    def __init__(
        self,
        spec: PlantSpec,
        *,
        rng: Random,
        started_at: datetime,
        connectors: Mapping[str, SimulatedConnector],
        supplies: Mapping[str, SimulatedSupply],
        at: Mapping[str, CircuitId],
    ) -> None:
        """Put a site together.

        Args:
            spec: What it is made of.
            rng: Where every random choice comes from.
            started_at: When its time begins, aware UTC.
            connectors: Its connectors by name.
            supplies: Its supplies by name.
            at: The circuit of each connector and supply.
        """
        self.spec = spec
        self.started_at = started_at
        self.connectors = dict(connectors)
        self.supplies = dict(supplies)
        self.loads = {
            circuit: spec.loads.get(circuit, _NO_LOAD).build(_branch(rng))
            for circuit in spec.circuits
        }
        self.house = self.loads[spec.root]
        self.sun = None if spec.sun is None else spec.sun.build(_branch(rng))
        self.battery = None if spec.battery is None else Battery(spec.battery)
        self.meters = {meter.circuit: SimulatedMeter(meter, _branch(rng)) for meter in spec.meters}
        self.voltage_v = [NOMINAL_VOLTAGE_V] * 3
        """Volts on L1, L2, L3."""
        self.now_s = 0.0
        """Seconds since the start."""
        self.generation_a = [0.0, 0.0, 0.0]
        """Amps per phase that sun and battery feed in now, at least 0."""
        self._flows = {circuit: [0.0, 0.0, 0.0] for circuit in spec.circuits}
        self._others = {circuit: [0.0, 0.0, 0.0] for circuit in spec.circuits}
        self._leaves_first = _leaves_first(spec.circuits)
        self._at = [(connector, at[name]) for name, connector in self.connectors.items()]
        self._supplied = [(supply, at[name]) for name, supply in self.supplies.items()]

    def flow_a(self, circuit: CircuitId) -> list[float]:
        """Return the true signed amps per phase through a circuit's fuse."""
        return self._flows[circuit]

    def other_a(self, circuit: CircuitId) -> list[float]:
        """Return what of that is not the members'."""
        return self._others[circuit]

    @property
    def grid_current_a(self) -> PhaseValues:
        """Signed amps per phase at the grid connection, positive is import."""
        return PerPhase(*self._flows[self.spec.root])

    @property
    def grid_power_w(self) -> float:
        """Signed watts at the grid connection, positive is import."""
        flow = self._flows[self.spec.root]
        return sum(amps * volts for amps, volts in zip(flow, self.voltage_v, strict=True))

    @property
    def solar_power_w(self) -> float:
        """Solar production in watts, at least 0."""
        return self.sun.power_w if self.sun is not None else 0.0

    @property
    def battery_power_w(self) -> float:
        """The home battery's watts, positive is charging."""
        return self.battery.power_w if self.battery is not None else 0.0

    @property
    def battery_soc_percent(self) -> float:
        """The home battery's state of charge; 0 where there is none."""
        if self.battery is None:
            return 0.0
        return 100.0 * self.battery.stored_wh / self.battery.spec.capacity_wh

    @property
    def house_power_w(self) -> float:
        """What the house itself takes, in watts."""
        load = self.house.current_a
        return sum(amps * volts for amps, volts in zip(load, self.voltage_v, strict=True))

    def advance(self, now: datetime) -> dict[CircuitId, list[MeterValue]]:
        """Let time pass up to `now`; time that ran backwards passes nothing.

        Returns:
            What was heard of each meter meanwhile.
        """
        end_s = (now - self.started_at).total_seconds()
        heard: dict[CircuitId, list[MeterValue]] = {}
        while (left := end_s - self.now_s) > 1e-9:  # noqa: PLR2004 - what floats leave over
            step_s = min(left, LONGEST_STEP_S)
            self.now_s += step_s
            self._step(step_s)
            for circuit, meter in self.meters.items():
                values = meter.advance(self.now_s, self._flows[circuit], self.voltage_v)
                if values:
                    heard.setdefault(circuit, []).extend(values)
        return heard

    def _step(self, step_s: float) -> None:
        now_s, volts = self.now_s, self.voltage_v
        for connector, _ in self._at:
            connector.advance(now_s, step_s, volts)
        for supply, _ in self._supplied:
            supply.advance(step_s, volts[supply.phases[0].position])
        if self.battery is not None:
            self.battery.advance(step_s, self.grid_power_w)
        if self.sun is not None:
            self.sun.advance(now_s, step_s)
        for circuit, load in self.loads.items():
            load.advance(now_s, step_s)
            self._others[circuit][:] = load.current_a
            self._flows[circuit][:] = load.current_a
        self._add_generation()
        self._add_members()
        flows, others = self._flows, self._others
        for circuit, parent in self._leaves_first:
            below, above = flows[circuit], flows[parent]
            below_other, above_other = others[circuit], others[parent]
            for index in range(3):
                above[index] += below[index]
                above_other[index] += below_other[index]
        grid = flows[self.spec.root]
        low, high = _VOLTAGE_RANGE_V
        for index in range(3):
            dropped = NOMINAL_VOLTAGE_V - self.spec.supply_ohm * grid[index]
            volts[index] = min(max(dropped, low), high)

    def _add_members(self) -> None:
        flows = self._flows
        for connector, circuit in self._at:
            if amps := connector.amps:
                flow = flows[circuit]
                for phase in connector.phases[: connector.used_phases]:
                    flow[phase.position] += amps
        for supply, circuit in self._supplied:
            flow = flows[circuit]
            for phase in supply.phases:
                flow[phase.position] += supply.ac_current_a

    def _add_generation(self) -> None:
        root = self.spec.root
        parts = []
        if self.sun is not None:
            parts.append((-self.sun.power_w, self.sun.spec.phases))
        if self.battery is not None:
            parts.append((self.battery.power_w, self.battery.spec.phases))
        self.generation_a[:] = (0.0, 0.0, 0.0)
        for power_w, phases in parts:
            for phase in phases:
                index = phase.position
                amps = power_w / len(phases) / self.voltage_v[index]
                self.generation_a[index] += max(0.0, -amps)
                self._flows[root][index] += amps
                self._others[root][index] += amps


def _branch(rng: Random) -> Random:
    """Return a generator of its own for one part, so that parts do not disturb each other."""
    return Random(rng.getrandbits(64))


def _leaves_first(
    circuits: Mapping[CircuitId, CircuitId | None],
) -> list[tuple[CircuitId, CircuitId]]:
    """Return every circuit but the root with its parent, children before their parents."""

    def depth(circuit: CircuitId) -> int:
        parent = circuits[circuit]
        return 0 if parent is None else 1 + depth(parent)

    pairs = [(circuit, parent) for circuit, parent in circuits.items() if parent is not None]
    return sorted(pairs, key=lambda pair: -depth(pair[0]))


__all__ = ["Plant", "PlantSpec", "SimulatedConnector", "SimulatedSupply"]
