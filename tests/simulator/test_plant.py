"""The electricity of a simulated site."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from custom_components.ev_charger_pool.pool.quantities import PHASES, PerPhase, Phase
from custom_components.ev_charger_pool.simulator.cars import Car, Visit
from custom_components.ev_charger_pool.simulator.dc import DcResistor, SimulatedSupply
from custom_components.ev_charger_pool.simulator.house import BatterySpec, LoadSpec, SunSpec
from custom_components.ev_charger_pool.simulator.meters import MeterSpec
from custom_components.ev_charger_pool.simulator.plant import (
    Plant,
    PlantSpec,
    SimulatedConnector,
)

START = datetime(2026, 6, 1, tzinfo=UTC)
QUICK = Car(
    reaction_s=0.0, start_s=0.0, ramp_a_per_s=50.0, offset_a=0.0, max_current_a=32.0, phases=3
)


def build(
    spec: PlantSpec | None = None,
    connectors: dict[str, SimulatedConnector] | None = None,
    supplies: dict[str, SimulatedSupply] | None = None,
    at: dict[str, str] | None = None,
    seed: int = 1,
) -> Plant:
    connectors, supplies = connectors or {}, supplies or {}
    return Plant(
        spec or PlantSpec(circuits={"grid": None}),
        rng=Random(seed),
        started_at=START,
        connectors=connectors,
        supplies=supplies,
        at={**dict.fromkeys((*connectors, *supplies), "grid"), **(at or {})},
    )


def let_pass(plant: Plant, seconds: float) -> None:
    plant.advance(START + timedelta(seconds=plant.now_s + seconds))


def test_a_rotated_two_phase_car_draws_on_the_sites_phases() -> None:
    connector = SimulatedConnector(phases=(Phase.L3, Phase.L1, Phase.L2), max_current_a=16.0)
    plant = build(connectors={"c": connector})
    connector.plug_in(replace(QUICK, phases=2))
    connector.offer(10.0)
    let_pass(plant, 5)
    assert connector.current_a == PerPhase(10.0, 10.0, 0.0)
    assert plant.grid_current_a == PerPhase(10.0, 0.0, 10.0)
    assert connector.amps == 10.0
    assert connector.used_phases == 2


def test_a_one_phase_connector_uses_one_phase_of_any_car() -> None:
    connector = SimulatedConnector(phases=(Phase.L2,), max_current_a=32.0)
    plant = build(connectors={"c": connector})
    connector.plug_in(QUICK)
    connector.offer(20.0)
    let_pass(plant, 5)
    assert plant.grid_current_a == PerPhase(0.0, 20.0, 0.0)
    assert connector.voltage_v.l2 == 0.0
    assert connector.power_w == pytest.approx(20.0 * connector.voltage_v.l1)


def test_the_energy_register_adds_up_and_never_falls() -> None:
    connector = SimulatedConnector(phases=PHASES, max_current_a=16.0, energy_wh=1_000.0)
    plant = build(connectors={"c": connector})
    connector.plug_in(QUICK)
    connector.offer(16.0)
    let_pass(plant, 2)
    before = connector.energy_wh
    power_w = connector.power_w
    let_pass(plant, 360)
    assert connector.energy_wh - before == pytest.approx(power_w / 10.0, rel=0.01)
    connector.unplug()
    let_pass(plant, 10)
    after = connector.energy_wh
    connector.plug_in(QUICK)
    let_pass(plant, 5)
    assert connector.energy_wh >= after > before


def test_the_contactor_carries_no_more_than_it_can() -> None:
    connector = SimulatedConnector(phases=PHASES, max_current_a=16.0)
    plant = build(connectors={"c": connector})
    connector.plug_in(QUICK)
    connector.offer(32.0)
    let_pass(plant, 5)
    assert connector.offered_a == 16.0
    assert connector.amps == 16.0


@pytest.mark.parametrize("current_a", [-1.0, float("nan")])
def test_an_impossible_offer_is_refused(current_a: float) -> None:
    connector = SimulatedConnector(phases=PHASES, max_current_a=16.0)
    with pytest.raises(ValueError, match="at least 0 A"):
        connector.offer(current_a)


def test_listeners_hear_of_plug_full_and_unplug() -> None:
    visit = Visit(
        car=replace(QUICK, wanted_wh=50.0),
        arrives_after=timedelta(seconds=5),
        stays=timedelta(hours=1),
        leaves_full_after=timedelta(seconds=20),
    )
    connector = SimulatedConnector(phases=PHASES, max_current_a=16.0, visits=(visit,))
    plant = build(connectors={"c": connector})
    seen: list[tuple[bool, bool]] = []
    end = connector.subscribe(
        lambda: seen.append((connector.car_connected, connector.car_wants_energy))
    )
    connector.offer(16.0)
    let_pass(plant, 200)
    assert seen == [(True, True), (True, False), (False, False)]
    end()
    connector.plug_in(QUICK)
    assert len(seen) == 3
    assert connector.car is not None


def test_a_visitor_leaves_when_its_time_is_over() -> None:
    visit = Visit(car=QUICK, arrives_after=timedelta(0), stays=timedelta(seconds=30))
    connector = SimulatedConnector(phases=PHASES, max_current_a=16.0, visits=(visit,))
    plant = build(connectors={"c": connector})
    there = []
    for _ in range(2):
        let_pass(plant, 20)
        there.append(connector.car_connected)
    assert there == [True, False]
    connector.unplug()
    assert connector.current_a == PerPhase(0.0, 0.0, 0.0)


def test_a_sleeping_car_is_woken_through_its_connector() -> None:
    connector = SimulatedConnector(phases=PHASES, max_current_a=16.0)
    plant = build(connectors={"c": connector})
    connector.wake()
    connector.plug_in(replace(QUICK, sleeps_after_s=30.0))
    connector.offer(10.0)
    let_pass(plant, 10)
    connector.offer(0.0)
    let_pass(plant, 60)
    assert not connector.car_wants_energy
    connector.offer(10.0)
    let_pass(plant, 10)
    assert connector.amps == 0.0
    connector.wake()
    let_pass(plant, 10)
    assert connector.amps == 10.0


def test_currents_add_up_along_the_circuits() -> None:
    connectors = {
        name: SimulatedConnector(phases=PHASES, max_current_a=16.0) for name in ("a", "b")
    }
    spec = PlantSpec(
        circuits={"grid": None, "garage": "grid", "bay": "garage"},
        loads={"grid": LoadSpec(), "garage": LoadSpec()},
    )
    plant = build(spec, connectors, at={"a": "bay", "b": "garage"})
    plant.loads["garage"].extra_a[:] = [1.0, 0.0, 0.0]
    plant.house.extra_a[:] = [0.0, 2.0, 0.0]
    for connector in connectors.values():
        connector.plug_in(QUICK)
        connector.offer(8.0)
    let_pass(plant, 5)
    assert plant.flow_a("bay") == [8.0, 8.0, 8.0]
    assert plant.flow_a("garage") == [17.0, 16.0, 16.0]
    assert plant.flow_a("grid") == [17.0, 18.0, 16.0]
    assert plant.other_a("grid") == [1.0, 2.0, 0.0]
    assert plant.other_a("bay") == [0.0, 0.0, 0.0]


def test_voltage_drops_a_little_with_load() -> None:
    plant = build()
    plant.house.extra_a[:] = [25.0, 0.0, -10.0]
    let_pass(plant, 3)
    assert plant.voltage_v[0] == pytest.approx(227.0)
    assert plant.voltage_v[1] == pytest.approx(230.0)
    assert plant.voltage_v[2] > 230.0
    plant.house.extra_a[:] = [900.0, 0.0, 0.0]
    let_pass(plant, 3)
    assert plant.voltage_v[0] == 207.0


def test_sun_and_battery_flow_through_the_grid_connection() -> None:
    spec = PlantSpec(
        circuits={"grid": None},
        sun=SunSpec(peak_w=2_300.0, phases=(Phase.L1,), cloudiness=0.0),
        battery=BatterySpec(
            max_power_w=1_000.0, capacity_wh=1_000.0, stored_wh=0.0, phases=(Phase.L2,)
        ),
    )
    plant = build(spec)
    let_pass(plant, 60)
    assert plant.grid_current_a.l1 == pytest.approx(-10.0, rel=0.03)
    assert plant.grid_current_a.l2 == pytest.approx(1_000.0 / 230.0, rel=0.03)
    assert plant.battery_power_w == 1_000.0
    assert plant.solar_power_w == pytest.approx(2_300.0, rel=0.01)
    assert plant.house_power_w == 0.0
    assert plant.grid_power_w == pytest.approx(-1_300.0, rel=0.05)


def test_a_site_without_sun_and_battery_has_none() -> None:
    plant = build()
    let_pass(plant, 2)
    assert plant.solar_power_w == 0.0
    assert plant.battery_power_w == 0.0


def test_a_supply_loads_its_phases() -> None:
    supply = SimulatedSupply(phases=(Phase.L2, Phase.L3), load=DcResistor(resistance_ohm=5.0))
    plant = build(supplies={"s": supply})
    supply.set_output(True, 100.0, 30.0, None)
    let_pass(plant, 5)
    flow = plant.flow_a("grid")
    assert flow[0] == 0.0
    assert flow[1] == flow[2] == supply.ac_current_a > 4.0


def test_meters_are_heard_of() -> None:
    plant = build(
        PlantSpec(
            circuits={"grid": None}, meters=(MeterSpec(circuit="grid", lag_s=1.0, noise_a=0.0),)
        )
    )
    plant.house.extra_a[:] = [3.0, 0.0, 0.0]
    heard = plant.advance(START + timedelta(seconds=10))
    assert len(heard["grid"]) == 9
    assert heard["grid"][-1].values == PerPhase(pytest.approx(3.0), 0.0, 0.0)


def test_time_that_runs_backwards_passes_nothing() -> None:
    plant = build()
    let_pass(plant, 10)
    assert plant.advance(START) == {}
    assert plant.now_s == 10.0


def test_the_same_seed_gives_the_same_site() -> None:
    def flows(seed: int) -> list[list[float]]:
        spec = PlantSpec(
            circuits={"grid": None},
            loads={"grid": LoadSpec(base_a=(1.0, 2.0, 3.0))},
            sun=SunSpec(peak_w=3_000.0),
        )
        plant = build(spec, seed=seed)
        seen = []
        for _ in range(100):
            let_pass(plant, 1)
            seen.append(list(plant.flow_a("grid")))
        return seen

    assert flows(1) == flows(1)
    assert flows(1) != flows(2)
