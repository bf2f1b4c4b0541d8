"""The most energy and the least cost that perfect foresight could reach, by linear programming.

Everything that a real site adds is left out in the optimum's favour: no least current, no delays,
no reserve for what others might take. So no strategy can do better.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_matrix

from benchmarks.yearly.trace import Floats, Trace
from custom_components.ev_charger_pool.pool.members import CircuitId, MemberId, MemberSettings
from custom_components.ev_charger_pool.pool.quantities import NOMINAL_VOLTAGE_V
from custom_components.ev_charger_pool.simulator.cars import Car
from custom_components.ev_charger_pool.simulator.dc import DcBattery
from custom_components.ev_charger_pool.simulator.scenario import MemberPlan, Scenario, above
from custom_components.ev_charger_pool.simulator.year.prices import Prices

MOST_VOLTS = NOMINAL_VOLTAGE_V + 1.5
"""No phase of the simulated sites has more."""

_FINE_A = 0.1
"""Steps of a connector that knows none."""

_ROUNDING = 1e-6

_BEST_EFFICIENCY = 0.91 * 0.98
"""What the simulated DC supplies make of a volt-ampere."""


class NoOptimumError(Exception):
    """The solver found none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """Somebody who could be charged.

    Attributes:
        member: At which member.
        number: The how manieth there on this day, from 0.
        circuits: The circuit of the member and all above it.
        phases: The positions of the site's phases that are used.
        from_s: Arrival, in seconds from the start.
        until_s: Departure.
        most_a: The most amps per phase that are ever drawn.
        watts_per_amp: What one amp on each phase brings.
        wanted_wh: What is wanted.
        taper_from: The share of it from which on less and less is taken.
        taper_a: What the car draws at most where that begins.
    """

    member: MemberId
    number: int
    circuits: tuple[CircuitId, ...]
    phases: tuple[int, ...]
    from_s: float
    until_s: float
    most_a: float
    watts_per_amp: float
    wanted_wh: float
    taper_from: float = 1.0
    taper_a: float = 0.0


def stays_of(scenario: Scenario) -> list[Stay]:
    """Return everybody who could be charged on a day."""
    stays: list[Stay] = []
    for plan in scenario.members:
        circuits = tuple(above(scenario.site.circuits, plan.settings.circuit))
        if plan.supply is not None:
            stays += _supply_stays(plan, circuits)
            continue
        for number, visit in enumerate(plan.visits):
            car, settings = visit.car, plan.settings
            used = settings.phases[: car.phases]
            stays.append(
                Stay(
                    member=settings.member,
                    number=number,
                    circuits=circuits,
                    phases=tuple(phase.position for phase in used),
                    from_s=visit.arrives_after.total_seconds(),
                    until_s=(visit.arrives_after + visit.stays).total_seconds(),
                    most_a=most_amps(car, settings.max_current_a),
                    watts_per_amp=MOST_VOLTS * len(used),
                    wanted_wh=car.wanted_wh,
                    taper_from=car.taper_from,
                    taper_a=car.max_current_a,
                )
            )
    return [stay for stay in stays if stay.from_s < scenario.duration_s]


def most_amps(car: Car, connector_a: float) -> float:
    """Return the most that a car draws at a connector, amps per phase."""
    return min(car.max_current_a, car.gain * connector_a + car.offset_a, connector_a)


def draws_a(car: Car, settings: MemberSettings) -> list[float]:
    """Return what a car draws at each grant of a connector, amps per phase, the least first."""
    step_a = settings.step_a or _FINE_A
    steps = math.floor((settings.max_current_a - settings.min_current_a) / step_a + _ROUNDING)
    grants_a = [settings.min_current_a + step * step_a for step in range(steps + 1)]
    return sorted({most_amps(car, grant_a) for grant_a in grants_a})


def _supply_stays(plan: MemberPlan, circuits: tuple[CircuitId, ...]) -> list[Stay]:
    supply, load, settings = plan.supply, plan.load, plan.settings
    if supply is None or not isinstance(load, DcBattery):
        return []
    watts_per_amp = MOST_VOLTS * len(settings.phases) * _BEST_EFFICIENCY
    most_w = load.full_v * supply.current_a + load.resistance_ohm * supply.current_a**2
    return [
        Stay(
            member=settings.member,
            number=number,
            circuits=circuits,
            phases=tuple(phase.position for phase in settings.phases),
            from_s=from_s,
            until_s=until_s,
            most_a=min(settings.max_current_a, most_w / watts_per_amp),
            watts_per_amp=watts_per_amp,
            wanted_wh=load.capacity_wh - load.stored_wh,
        )
        for number, (from_s, until_s) in enumerate(supply.runs)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """What the solver found.

    Attributes:
        energy_wh: By stay, what is delivered.
        cost: What all of it costs; 0 where nothing is priced.
    """

    energy_wh: Sequence[float]
    cost: float


class Problem:
    """The linear programme of one day.

    Variables: for each stay and slot the mean amps, and the energy by the slot's end.

    Args:
        scenario: The day.
        trace: What flows without members.
        slot_s: Length of a slot; within one, means are bound.
    """

    def __init__(self, scenario: Scenario, trace: Trace, *, slot_s: float = 300.0) -> None:
        self.stays = stays_of(scenario)
        self._slot_s = slot_s
        self._count = math.ceil(scenario.duration_s / slot_s)
        self._duration_s = scenario.duration_s
        self._free_a = {
            circuit.id: self._room(
                np.asarray(tuple(circuit.limit_a)),
                trace.other_a[circuit.id],
                trace.battery_a if circuit.parent is None else np.zeros(3),
            )
            for circuit in scenario.site.circuits
        }
        self._at = self._variables()
        self._size = 2 * len(self._at)

    def most_energy(self) -> Optimum:
        """Return the most energy that can be delivered.

        Raises:
            NoOptimumError: The solver failed.
        """
        worth = np.zeros(self._size)
        for last in self._ends().values():
            worth[2 * last + 1] = -1.0
        return self._solve(worth, None, None)

    def least_cost(self, delivered_wh: Mapping[int, float], prices: Prices) -> Optimum:
        """Return the least cost of delivering what a strategy delivered.

        Args:
            delivered_wh: By the stay's place in `stays`, what it got.
            prices: What a kWh costs over time.

        Raises:
            NoOptimumError: The solver failed, or so much cannot be delivered.
        """
        worth = np.zeros(self._size)
        for index, (stay, slot) in enumerate(self._at):
            worth[2 * index] = self._wh_per_amp(stay) * self._price(prices, slot) / 1_000.0
        return self._solve(worth, delivered_wh, prices)

    def _room(self, limit_a: Floats, other_a: Floats, battery_a: Floats) -> Floats:
        """Return the mean amps per slot and phase that are left for members."""
        left = np.maximum(limit_a + battery_a - other_a, 0.0)
        seconds = round(self._slot_s)
        padded = np.zeros((self._count * seconds, 3))
        padded[: len(left)] = left
        return np.asarray(padded.reshape(self._count, seconds, 3).mean(axis=1))

    def _variables(self) -> list[tuple[int, int]]:
        """Return the stay and slot of each pair of variables."""
        at = []
        for number, stay in enumerate(self.stays):
            first = max(0, int(stay.from_s // self._slot_s))
            last = min(self._count - 1, int(min(stay.until_s, self._duration_s) // self._slot_s))
            at += [(number, slot) for slot in range(first, last + 1)]
        return at

    def _ends(self) -> dict[int, int]:
        """Return the place of each stay's last pair of variables."""
        return {stay: index for index, (stay, _) in enumerate(self._at)}

    def _wh_per_amp(self, stay: int) -> float:
        return self.stays[stay].watts_per_amp * self._slot_s / 3_600.0

    def _price(self, prices: Prices, slot: int) -> float:
        last = len(prices.per_kwh) * prices.slot_s
        return prices.at(min(slot * self._slot_s, last - 1.0))

    def _presence(self, stay: Stay, slot: int) -> float:
        """Return the share of a slot in which somebody is there."""
        from_s, until_s = slot * self._slot_s, (slot + 1) * self._slot_s
        there = min(until_s, stay.until_s, self._duration_s) - max(from_s, stay.from_s)
        return max(0.0, there) / self._slot_s

    def _bounds(self, delivered_wh: Mapping[int, float] | None) -> tuple[Floats, Floats]:
        least, most = np.zeros(self._size), np.zeros(self._size)
        for index, (number, slot) in enumerate(self._at):
            stay = self.stays[number]
            most[2 * index] = stay.most_a * self._presence(stay, slot)
            most[2 * index + 1] = stay.wanted_wh
        if delivered_wh is not None:
            for number, last in self._ends().items():
                wanted_wh = self.stays[number].wanted_wh
                least[2 * last + 1] = min(delivered_wh.get(number, 0.0), wanted_wh)
        return least, most

    def _solve(
        self, worth: Floats, delivered_wh: Mapping[int, float] | None, prices: Prices | None
    ) -> Optimum:
        if not self._at:
            return Optimum(energy_wh=[0.0] * len(self.stays), cost=0.0)
        store, level = self._storing()
        limits, room = self._fuses()
        least, most = self._bounds(delivered_wh)
        result = milp(
            worth,
            constraints=(
                LinearConstraint(store.tocsr(), level, level),
                LinearConstraint(limits.tocsr(), -np.inf, room),
            ),
            bounds=Bounds(least, most),
        )
        if result.x is None:
            raise NoOptimumError(result.message)
        energy = [0.0] * len(self.stays)
        for stay, last in self._ends().items():
            energy[stay] = float(result.x[2 * last + 1])
        return Optimum(energy_wh=energy, cost=float(result.fun) if prices is not None else 0.0)

    def _storing(self) -> tuple[lil_matrix, Floats]:
        """Energy by a slot's end is what was there at its start and what came."""
        matrix = lil_matrix((len(self._at), self._size))
        for row, (stay, _) in enumerate(self._at):
            matrix[row, 2 * row] = -self._wh_per_amp(stay)
            matrix[row, 2 * row + 1] = 1.0
            if row and self._at[row - 1][0] == stay:
                matrix[row, 2 * row - 1] = -1.0
        return matrix, np.zeros(len(self._at))

    def _fuses(self) -> tuple[lil_matrix, Floats]:
        """No fuse carries more than it has room for, and a full battery takes less and less."""
        rows: list[tuple[list[tuple[int, float]], float]] = []
        by_slot: dict[tuple[CircuitId, int, int], list[tuple[int, float]]] = {}
        for index, (number, slot) in enumerate(self._at):
            stay = self.stays[number]
            for circuit in stay.circuits:
                for phase in stay.phases:
                    by_slot.setdefault((circuit, slot, phase), []).append((2 * index, 1.0))
            if stay.taper_from < 1.0:
                # The mean draw of a slot is at most what the energy at its start allows.
                slope = stay.taper_a / ((1.0 - stay.taper_from) * stay.wanted_wh)
                terms = [(2 * index, 1.0)]
                if index and self._at[index - 1][0] == number:
                    terms.append((2 * index - 1, slope))
                rows.append((terms, slope * stay.wanted_wh))
        for (circuit, slot, phase), terms in by_slot.items():
            rows.append((terms, float(self._free_a[circuit][slot, phase])))
        matrix = lil_matrix((len(rows), self._size))
        for row, (terms, _) in enumerate(rows):
            for column, value in terms:
                matrix[row, column] = value
        return matrix, np.asarray([room for _, room in rows])
