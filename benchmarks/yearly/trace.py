"""What a day would be without any member: the optimum knows it beforehand, a controller does not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from custom_components.ev_charger_pool.pool.members import CircuitId
from custom_components.ev_charger_pool.pool.quantities import NOMINAL_VOLTAGE_V
from custom_components.ev_charger_pool.simulator.plant import Plant
from custom_components.ev_charger_pool.simulator.scenario import Scenario
from custom_components.ev_charger_pool.simulator.stage import Stage

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One value per second of a day.

    Attributes:
        other_a: By circuit, signed amps of everything but members and battery: seconds x 3.
        spare_w: What the sun gives above what the site takes without members and battery;
            negative: what the site takes above the sun.
        battery_a: Amps per phase that a home battery may give at most.
    """

    other_a: Mapping[CircuitId, Floats]
    spare_w: Floats
    battery_a: Floats

    @property
    def surplus_w(self) -> Floats:
        """What is left of the sun by the second."""
        return np.maximum(self.spare_w, 0.0)


def spare_power_w(plant: Plant) -> float:
    """Return what the sun gives now above what the house takes at nominal voltage.

    So it is the same whoever charges how much: a member's current lowers the voltage by a little.
    """
    return plant.solar_power_w - sum(plant.house.current_a) * NOMINAL_VOLTAGE_V


def record(scenario: Scenario) -> Trace:
    """Let a day pass without members; chance falls as it does with them."""
    stage = Stage(
        replace(scenario, members=(), plant=replace(scenario.plant, battery=None, meters=()))
    )
    plant = stage.plant
    seconds = round(scenario.duration_s)
    other_a = {circuit: np.zeros((seconds, 3)) for circuit in scenario.plant.circuits}
    spare_w = np.zeros(seconds)
    for second in range(seconds):
        plant.advance(scenario.started_at + timedelta(seconds=second + 1.0))
        for circuit, values in other_a.items():
            values[second] = plant.other_a(circuit)
        spare_w[second] = spare_power_w(plant)
    battery_a = np.zeros(3)
    if (battery := scenario.plant.battery) is not None:
        for phase in battery.phases:
            battery_a[phase.position] = (
                battery.max_power_w / len(battery.phases) / NOMINAL_VOLTAGE_V
            )
    return Trace(other_a=other_a, spare_w=spare_w, battery_a=battery_a)
