"""What simulated DC supplies take and give."""

import pytest

from custom_components.ev_charger_pool.pool.quantities import PHASES, Phase
from custom_components.ev_charger_pool.simulator.dc import (
    DcBattery,
    DcResistor,
    SimulatedSupply,
)


def run(supply: SimulatedSupply, seconds: int) -> None:
    for _ in range(seconds):
        supply.advance(1.0, 230.0)


def test_a_resistor_draws_by_ohms_law() -> None:
    supply = SimulatedSupply(phases=(Phase.L1,), load=DcResistor(resistance_ohm=5.0))
    supply.set_output(True, 50.0, 20.0, None)
    run(supply, 5)
    assert supply.on
    assert supply.voltage_v == pytest.approx(50.0)
    assert supply.current_a == pytest.approx(10.0)
    assert supply.power_w == pytest.approx(500.0)
    assert supply.stored_share == 0.0


def test_the_current_limit_holds() -> None:
    supply = SimulatedSupply(phases=(Phase.L1,), load=DcResistor(resistance_ohm=5.0))
    supply.set_output(True, 50.0, 4.0, None)
    run(supply, 5)
    assert supply.current_a == pytest.approx(4.0)
    assert supply.voltage_v == pytest.approx(20.0)


@pytest.mark.parametrize("load", [DcResistor(resistance_ohm=0.5), DcBattery()])
def test_the_power_limit_holds(load: DcResistor | DcBattery) -> None:
    supply = SimulatedSupply(phases=PHASES, load=load)
    supply.set_output(True, 60.0, 100.0, 800.0)
    run(supply, 5)
    assert supply.power_w == pytest.approx(800.0, rel=1e-6)


def test_what_it_takes_from_ac_holds_its_losses_on_each_phase() -> None:
    supply = SimulatedSupply(
        phases=PHASES, load=DcResistor(resistance_ohm=5.0), efficiency=0.9, power_factor=1.0
    )
    supply.set_output(True, 50.0, 20.0, None)
    run(supply, 5)
    assert supply.ac_power_w == pytest.approx(500.0 / 0.9 + 15.0, rel=1e-3)
    assert supply.ac_current_a == pytest.approx(supply.ac_power_w / 230.0 / 3.0)


def test_at_constant_current_the_power_rises_with_the_batterys_voltage() -> None:
    battery = DcBattery(empty_v=40.0, full_v=58.0, capacity_wh=500.0, stored_wh=0.0)
    supply = SimulatedSupply(phases=PHASES, load=battery)
    supply.set_output(True, 60.0, 20.0, None)
    run(supply, 5)
    before_w, before_a = supply.power_w, supply.current_a
    run(supply, 900)
    assert supply.current_a == pytest.approx(before_a)
    assert supply.power_w > 1.1 * before_w
    assert supply.stored_share > 0.4


def test_a_full_battery_takes_nothing_more() -> None:
    battery = DcBattery(capacity_wh=10.0, stored_wh=9.99)
    supply = SimulatedSupply(phases=PHASES, load=battery)
    supply.set_output(True, battery.full_v, 20.0, None)
    run(supply, 60)
    assert supply.current_a == pytest.approx(0.0, abs=0.1)
    assert supply.stored_share == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("limit_w", [None, 200.0])
def test_a_negative_current_feeds_back_until_the_least_voltage(limit_w: float | None) -> None:
    battery = DcBattery(capacity_wh=100.0, stored_wh=90.0)
    supply = SimulatedSupply(phases=(Phase.L2,), load=battery)
    supply.set_output(True, 45.0, -10.0, limit_w)
    run(supply, 5)
    assert supply.power_w < 0.0
    assert supply.ac_power_w < 0.0
    assert supply.ac_current_a < 0.0
    if limit_w is not None:
        assert supply.power_w >= -limit_w - 1.0
    run(supply, 3_600)
    assert supply.voltage_v == pytest.approx(45.0, abs=0.3)
    assert supply.energy_wh < 0.0


def test_switched_off_it_takes_its_standby_only() -> None:
    supply = SimulatedSupply(phases=(Phase.L1,), load=DcBattery())
    supply.set_output(True, 58.0, 10.0, None)
    run(supply, 3)
    supply.set_output(False, 58.0, 10.0, None)
    run(supply, 10)
    assert not supply.on
    assert supply.current_a == pytest.approx(0.0, abs=1e-6)
    assert 0.0 < supply.ac_power_w < 20.0
