"""The home battery: who comes first, what it may carry, when it is locked, and odd readings."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.ev_charger_pool.balancing.battery_rules import (
    DischargeLock,
    HomeBattery,
    StateOfCharge,
)
from custom_components.ev_charger_pool.balancing.contract import ProblemKind
from custom_components.ev_charger_pool.balancing.intake import Refusals, check_resource
from custom_components.ev_charger_pool.balancing.surplus import SolarReadings
from custom_components.ev_charger_pool.pool.circuits import ResourceKind, ResourceReport
from custom_components.ev_charger_pool.pool.energy_settings import BatterySettings
from custom_components.ev_charger_pool.pool.members import Mode
from custom_components.ev_charger_pool.pool.readings import Reading
from custom_components.ev_charger_pool.pool.reasons import ReasonKind

from .stand import START
from .sunny import MINUTE, Sunny, one_phase

FEEDS = BatterySettings(buffer_soc=80.0, start_soc=95.0, reserve_soc=20.0, feeds_cars=True)


def report(
    power_w: float, soc: float | None = None, *, at_s: float = 0.0, name: str = "battery"
) -> ResourceReport:
    at = START + timedelta(seconds=at_s)
    return ResourceReport(
        id=name,
        kind=ResourceKind.BATTERY,
        power_w=Reading(value=power_w, arrived_at=at),
        soc_percent=None if soc is None else Reading(value=soc, arrived_at=at),
    )


def second(at_s: float) -> float:
    return START.timestamp() + at_s


def stored(soc: float | None, **changes: object) -> Sunny:
    stand = Sunny(one_phase(), **changes)  # type: ignore[arg-type]
    stand.soc, stand.battery_w = soc, 0.0
    return stand


def test_what_charges_the_battery_is_surplus_for_cars_that_come_first() -> None:
    stand = stored(40.0, surplus_w=3_000.0)
    stand.battery_w = 3_000.0
    stand.run(3 * MINUTE)
    assert stand.decision.surplus_w == pytest.approx(3_000.0, abs=10.0)
    assert stand.granted() == 13.0


def test_what_the_battery_gives_is_no_surplus() -> None:
    stand = stored(40.0, surplus_w=-2_000.0)
    stand.battery_w = -2_000.0
    stand.run(3 * MINUTE)
    assert stand.decision.surplus_w == pytest.approx(-2_000.0, abs=10.0)
    assert stand.granted() == 0.0


def test_the_battery_that_comes_first_is_charged_first() -> None:
    stand = stored(40.0, surplus_w=3_000.0, battery=BatterySettings(priority_soc=50.0))
    stand.battery_w = 3_000.0
    stand.run(3 * MINUTE)
    assert stand.granted() == 0.0
    assert stand.reason() is ReasonKind.BATTERY
    stand.soc = 51.0
    stand.run(2 * MINUTE)
    assert stand.granted() == 13.0


def test_what_the_battery_cannot_take_is_for_cars() -> None:
    stand = stored(40.0, surplus_w=6_000.0, battery=BatterySettings(priority_soc=50.0))
    stand.battery_w = 3_000.0
    stand.run(3 * MINUTE)
    assert stand.granted() == 13.0


def test_its_charging_from_the_grid_is_a_load_of_the_circuit() -> None:
    stand = stored(40.0, mode=Mode.FAST)
    stand.run(MINUTE)
    stand.battery_w = 21_000.0
    stand.run(20)
    assert 0.0 < stand.granted() <= 4.6 or stand.granted() == 0.0
    assert stand.grid_w() / 3.0 / 230.0 <= 35.0


def test_a_full_battery_carries_a_car_through_the_night_until_its_buffer_ends() -> None:
    stand = stored(90.0, surplus_w=3_000.0, battery=FEEDS)
    stand.run(15 * MINUTE)
    assert stand.granted() > 6.0
    stand.set_surplus(-500.0)
    stand.battery_w = -500.0 - 6 * 230.0
    stand.run(15 * MINUTE)
    assert stand.granted() == 6.0
    stand.soc = 78.5
    stand.run(5 * MINUTE)
    assert stand.granted() == 6.0
    stand.soc = 77.0
    stand.run(5 * MINUTE)
    assert stand.granted() == 0.0


def test_a_full_battery_starts_a_car_where_that_is_allowed() -> None:
    stand = stored(96.0, surplus_w=0.0, battery=FEEDS)
    stand.run(2 * MINUTE)
    assert stand.granted() == 6.0
    other = stored(94.0, surplus_w=0.0, battery=FEEDS)
    other.run(2 * MINUTE)
    assert other.granted() == 0.0


def test_an_unknown_state_of_charge_feeds_nobody_and_comes_first() -> None:
    stand = stored(None, surplus_w=0.0, battery=FEEDS)
    stand.run(2 * MINUTE)
    assert stand.granted() == 0.0
    view = HomeBattery()
    view.take(report(2_000.0))
    seen = view.view(replace(FEEDS, priority_soc=30.0), second(1.0), 0.0)
    assert seen.owed_w == 2_000.0
    assert not seen.bridges


def test_a_silent_battery_is_feared_to_give_what_it_gave() -> None:
    stand = stored(60.0, surplus_w=2_000.0)
    stand.battery_w = -1_000.0
    stand.run(MINUTE)
    stand.solar_w, stand.battery_w = -4_000.0, None
    stand.set_surplus(0.0)
    stand.run(3 * MINUTE)
    assert stand.decision.surplus_w == pytest.approx(-1_000.0, abs=10.0)
    stand.set_surplus(2_000.0)
    stand.run(MINUTE)
    # A site that exports has no battery that gives.
    assert stand.decision.surplus_w == pytest.approx(2_000.0, abs=10.0)


def test_with_battery_and_sun_silent_the_surplus_is_unknown() -> None:
    stand = stored(60.0, surplus_w=3_000.0)
    stand.battery_w = 500.0
    stand.run(MINUTE)
    stand.battery_w = None
    stand.run(3 * MINUTE)
    assert stand.decision.surplus_w is None
    assert stand.granted() == 0.0


def test_a_jump_of_the_state_of_charge_is_believed_once_it_has_stood() -> None:
    soc = StateOfCharge()
    soc.take(0.0, 55.0)
    soc.take(10.0, 0.0)
    assert soc.value(10.0) == 55.0
    soc.take(20.0, 56.0)
    assert soc.value(20.0) == 56.0
    soc.take(30.0, 90.0)
    soc.take(80.0, 91.0)
    assert soc.value(80.0) == 56.0
    soc.take(95.0, 91.0)
    assert soc.value(95.0) == 91.0
    soc.take(50.0, 10.0)
    assert soc.value(95.0) == 91.0
    assert soc.value(95.0 + 3_601.0) is None


def test_a_state_of_charge_that_jumps_again_and_again_is_told_of() -> None:
    stand = stored(40.0, surplus_w=1_000.0)
    stand.battery_w = 0.0

    def is_told_of() -> bool:
        kinds = {problem.kind for problem in stand.decision.problems}
        return ProblemKind.BATTERY_SOC_IMPLAUSIBLE in kinds

    told = []
    for _ in range(3):
        stand.soc = 90.0
        stand.run(10)
        stand.soc = 40.0
        stand.run(10)
        told.append(is_told_of())
    assert told == [False, False, True]
    stand.run(3_600)
    assert not is_told_of()


def test_what_it_can_take_is_learned_from_what_it_leaves() -> None:
    battery = HomeBattery()
    first = BatterySettings(priority_soc=90.0)
    battery.take(report(3_000.0, 40.0))
    assert battery.view(first, second(0.0), 0.0).owed_w == 3_000.0
    for at_s in range(1, 20):
        battery.take(report(800.0, 80.0, at_s=at_s))
        battery.view(first, second(at_s), -500.0)
    # The jump from 40 to 80 is not believed yet: what counts is that it exports.
    assert battery.view(first, second(19.0), -500.0).owed_w == 800.0
    battery.take(report(800.0, 80.0, at_s=20.0))
    assert battery.view(first, second(20.0), 0.0).owed_w == 800.0
    battery.take(report(800.0, 80.0, at_s=1_900.0))
    assert battery.view(first, second(1_900.0), 0.0).owed_w == 3_000.0


def test_the_emptiest_of_several_counts() -> None:
    battery = HomeBattery()
    battery.take(report(100.0, 90.0))
    battery.take(report(200.0, 30.0, name="other"))
    view = battery.view(FEEDS, second(1.0), 0.0)
    assert view.power_w == 300.0
    assert not view.bridges


def test_the_reserve_is_never_touched() -> None:
    battery = HomeBattery()
    battery.take(report(0.0, 20.0))
    assert not battery.view(FEEDS, second(0.0), 0.0).may_feed
    battery.take(report(0.0, 22.0, at_s=1.0))
    assert battery.view(FEEDS, second(1.0), 0.0).may_feed
    battery.take(report(0.0, 19.9, at_s=2.0))
    assert not battery.view(FEEDS, second(2.0), 0.0).may_feed


@pytest.mark.parametrize(("mode", "locked"), [(Mode.FAST, True), (Mode.SOLAR, False)])
def test_its_discharge_is_locked_while_a_car_charges_fast(mode: Mode, locked: bool) -> None:
    stand = stored(60.0, surplus_w=3_000.0, mode=mode, battery=BatterySettings(lock_when_fast=True))
    stand.run(4 * MINUTE)
    assert stand.granted() > 0.0
    assert stand.decision.battery_locked is locked
    stand.want("a", Mode.OFF)
    stand.run(70)
    assert not stand.decision.battery_locked


def test_a_reserve_is_locked_while_a_car_takes_more_than_the_sun_gives() -> None:
    stand = stored(
        15.0, surplus_w=0.0, mode=Mode.MINIMUM_SOLAR, battery=BatterySettings(reserve_soc=20.0)
    )
    stand.run(2 * MINUTE)
    assert stand.decision.battery_locked
    stand.soc = 30.0
    stand.run(5 * MINUTE)
    assert not stand.decision.battery_locked


def test_the_lock_is_held_for_a_minute() -> None:
    lock = DischargeLock()
    assert not lock.is_locked(0.0, needed=False)
    assert lock.is_locked(1.0, needed=True)
    assert lock.is_locked(60.0, needed=False)
    assert not lock.is_locked(61.0, needed=False)


@pytest.mark.parametrize("soc", [-1.0, 100.5, float("nan"), float("inf")])
def test_a_state_of_charge_that_cannot_be_costs_itself_only(soc: float) -> None:
    refusals = Refusals()
    checked = check_resource(report(500.0, soc), refusals)
    assert checked is not None
    assert checked.power_w.value == 500.0
    assert checked.soc_percent is None
    assert refusals.counts == {"resource_soc": 1}


@pytest.mark.parametrize(
    ("told_w", "grid_w"),
    [(-3.2, -3_000.0), (3_200.0, -3_000.0)],
    ids=["in kW", "with its sign turned"],
)
def test_solar_power_that_the_meter_contradicts_is_not_relied_on(
    told_w: float, grid_w: float
) -> None:
    sun = SolarReadings()

    def tell(power_w: float, at_s: float) -> None:
        at = START + timedelta(seconds=at_s)
        sun.take(
            ResourceReport(
                id="roof", kind=ResourceKind.SOLAR, power_w=Reading(value=power_w, arrived_at=at)
            )
        )
        sun.check(second(at_s), grid_w, 0.0)

    for at_s in range(61):
        tell(told_w, at_s)
    doubted = [sun.is_implausible]
    assert sun.production_w(second(61.0)) is None
    tell(-3_500.0, 62.0)
    doubted.append(sun.is_implausible)
    assert doubted == [True, False]
    assert sun.production_w(second(62.0)) == 3_500.0
    assert sun.production_w(second(2_000.0)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"priority_soc": -1.0},
        {"buffer_soc": 101.0},
        {"reserve_soc": float("nan")},
        {"start_soc": 50.0, "buffer_soc": 60.0},
    ],
)
def test_settings_that_contradict_each_other_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="soc"):
        BatterySettings(**wrong)  # type: ignore[arg-type]
