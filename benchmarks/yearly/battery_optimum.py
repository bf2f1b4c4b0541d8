"""The most of the sun that a home with a battery could have kept while a car was there.

A linear programme (HiGHS) over slots of a minute. In its favour: the car takes any power up to its
most, without a least current, runs or pauses, the battery does what is best and knows the day
beforehand, and within a slot means are bound.

It needs no import, so that no bound on it is looked at. Any course that imports, or charges the
battery by the grid for a second while a cloud comes, keeps no less sun without that: what the grid
gave is left out of the car, which frees what it wants, and out of the battery, which makes room. A
battery that feeds the grid for a second is booked against the sun kept; keeping that in it instead,
and charging it by as much less later, comes to the same.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_matrix

from benchmarks.yearly.optimum import NoOptimumError, Stay
from benchmarks.yearly.trace import Floats
from custom_components.ev_charger_pool.simulator.house import BatterySpec
from custom_components.ev_charger_pool.simulator.scenario import Scenario
from custom_components.ev_charger_pool.simulator.stage import Stage
from custom_components.ev_charger_pool.simulator.year.loop import LEAD_S, TAIL_S

_SLOT_S: Final = 60
_SECONDS_PER_HOUR: Final = 3_600.0

_SUN_TO_CAR, _SUN_TO_BATTERY, _TO_CAR, _TO_HOUSE, _STORED = range(5)
_PER_SLOT: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slots:
    """What each slot allows, watt-hours."""

    surplus_wh: Floats
    missing_wh: Floats
    car_wh: Floats
    battery_wh: Floats


def stored_wh(scenario: Scenario, until_s: float) -> float:
    """Return what the battery holds at a time if no car was there until then."""
    plant = Stage(replace(scenario, members=(), plant=replace(scenario.plant, meters=()))).plant
    plant.advance(scenario.started_at + timedelta(seconds=until_s))
    return 0.0 if plant.battery is None else plant.battery.stored_wh


def most_kept(
    stay: Stay, spare_w: Floats, battery: BatterySpec, stored_at_start_wh: float
) -> float:
    """Return the most watt-hours of the surplus that car and battery can take together.

    Counted from `LEAD_S` before the car comes until `TAIL_S` after it left, as a strategy runs.

    Args:
        stay: The car.
        spare_w: What the sun gives above what the house takes, negative: below; by the second.
        battery: What the battery can do.
        stored_at_start_wh: What it holds then.

    Raises:
        NoOptimumError: The solver failed.
    """
    from_s = max(0, round(stay.from_s - LEAD_S))
    until_s = min(len(spare_w), round(stay.until_s + TAIL_S))
    if until_s <= from_s:
        return 0.0
    slots = _slots(stay, spare_w[from_s:until_s], from_s, battery)
    count = len(slots.surplus_wh)
    # The simulated inverter stops a second late.
    late_wh = battery.max_power_w / _SECONDS_PER_HOUR
    most = np.empty((count, _PER_SLOT))
    most[:, _SUN_TO_CAR] = np.minimum(slots.surplus_wh, slots.car_wh)
    most[:, _SUN_TO_BATTERY] = np.minimum(slots.surplus_wh, slots.battery_wh)
    most[:, _TO_CAR] = np.minimum(slots.car_wh, slots.battery_wh)
    most[:, _TO_HOUSE] = np.minimum(slots.missing_wh, slots.battery_wh)
    most[:, _STORED] = battery.capacity_wh + late_wh
    least = np.zeros((count, _PER_SLOT))
    least[:, _STORED] = -late_wh
    worth = np.zeros((count, _PER_SLOT))
    worth[:, [_SUN_TO_CAR, _SUN_TO_BATTERY]] = -1.0
    room = np.concatenate([slots.surplus_wh, slots.car_wh, slots.battery_wh, [stay.wanted_wh]])
    before = np.concatenate([[stored_at_start_wh], np.zeros(count - 1)])
    result = milp(
        worth.ravel(),
        constraints=(
            LinearConstraint(_limits(count).tocsr(), -np.inf, room),
            LinearConstraint(_storing(count).tocsr(), before, before),
        ),
        bounds=Bounds(least.ravel(), most.ravel()),
    )
    if result.x is None:
        raise NoOptimumError(result.message)
    return float(-result.fun)


def _slots(stay: Stay, spare_w: Floats, from_s: int, battery: BatterySpec) -> _Slots:
    """Return what each slot allows; the last one may be shorter."""
    count = -(-len(spare_w) // _SLOT_S)
    padded = np.zeros(count * _SLOT_S)
    padded[: len(spare_w)] = spare_w
    there = np.zeros(count * _SLOT_S)
    arrives, leaves = round(stay.from_s) - from_s, round(stay.until_s) + 1 - from_s
    there[max(0, arrives) : min(leaves, len(spare_w))] = 1.0

    def by_slot(watts: Floats) -> Floats:
        return np.asarray(watts.reshape(count, _SLOT_S).sum(axis=1)) / _SECONDS_PER_HOUR

    return _Slots(
        surplus_wh=by_slot(np.maximum(padded, 0.0)),
        missing_wh=by_slot(np.maximum(-padded, 0.0)),
        car_wh=by_slot(there * stay.most_a * stay.watts_per_amp),
        battery_wh=by_slot(np.full(count * _SLOT_S, battery.max_power_w)),
    )


def _limits(count: int) -> coo_matrix:
    """Rows: surplus, car and battery of each slot, and what the car wants in all."""
    slot = np.arange(count)

    def column(of: int) -> NDArray[np.int_]:
        return np.asarray(slot * _PER_SLOT + of)

    wanted = np.full(count, 3 * count)
    rows = [slot, slot, slot + count, slot + count, slot + 2 * count, slot + 2 * count]
    columns = [
        column(_SUN_TO_CAR),
        column(_SUN_TO_BATTERY),
        column(_SUN_TO_CAR),
        column(_TO_CAR),
        column(_TO_CAR),
        column(_TO_HOUSE),
    ]
    rows += [wanted, wanted]
    columns += [column(_SUN_TO_CAR), column(_TO_CAR)]
    size = (3 * count + 1, count * _PER_SLOT)
    ones = np.ones(count * len(rows))
    return coo_matrix((ones, (np.concatenate(rows), np.concatenate(columns))), shape=size)


def _storing(count: int) -> coo_matrix:
    """What is stored by a slot's end is what was before, and what came less what went."""
    slot = np.arange(count)
    parts = ((_STORED, 1.0), (_SUN_TO_BATTERY, -1.0), (_TO_CAR, 1.0), (_TO_HOUSE, 1.0))
    rows = [slot for _ in parts]
    columns = [slot * _PER_SLOT + of for of, _ in parts]
    values = [np.full(count, sign) for _, sign in parts]
    rows.append(slot[1:])
    columns.append(slot[:-1] * _PER_SLOT + _STORED)
    values.append(np.full(count - 1, -1.0))
    return coo_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
        shape=(count, count * _PER_SLOT),
    )
