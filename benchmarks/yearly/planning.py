"""Plans as a product makes them that plans one charger at a time."""

from collections.abc import Sequence
from datetime import timedelta

from benchmarks.yearly.optimum import Stay
from custom_components.ev_charger_pool.balancing.contract import Controller
from custom_components.ev_charger_pool.pool.quantities import NOMINAL_VOLTAGE_V
from custom_components.ev_charger_pool.pool.schedules import Schedule, Slot
from custom_components.ev_charger_pool.simulator.year.prices import Prices
from custom_components.ev_charger_pool.simulator.year.scenes import Day


class CheapestSlots:
    """Plans each car by itself when it comes: full power in the cheapest slots until it leaves.

    That is what a product does that plans one charger at a time.
    """

    def __init__(self, day: Day, stays: Sequence[Stay], prices: Prices) -> None:
        self._day = day
        self._stays = sorted(stays, key=lambda stay: stay.from_s)
        self._prices = prices
        self._schedules: dict[str, Schedule] = {}

    def attend(self, controller: Controller, now_s: float) -> None:
        """Plan for who has just come."""
        came = False
        while self._stays and self._stays[0].from_s <= now_s:
            stay = self._stays.pop(0)
            self._schedules[stay.member] = self._plan(stay)
            came = True
        if came:
            controller.set_schedules(tuple(self._schedules.values()))

    def _plan(self, stay: Stay) -> Schedule:
        slot_s = self._prices.slot_s
        power_w = stay.most_a * NOMINAL_VOLTAGE_V * len(stay.phases)
        slots: list[tuple[float, float, float]] = []
        for number, price in enumerate(self._prices.per_kwh):
            from_s = max(number * slot_s, stay.from_s)
            until_s = min((number + 1) * slot_s, stay.until_s)
            if until_s > from_s:
                slots.append((price, from_s, until_s))
        left_s = 3_600.0 * stay.wanted_wh / power_w
        chosen = []
        for _, from_s, until_s in sorted(slots):
            if left_s <= 0.0:
                break
            chosen.append((from_s, until_s))
            left_s -= until_s - from_s
        started_at = self._day.scenario.started_at
        return Schedule(
            member=stay.member,
            slots=tuple(
                Slot(
                    from_at=started_at + timedelta(seconds=from_s),
                    until_at=started_at + timedelta(seconds=until_s),
                    power_w=power_w,
                )
                for from_s, until_s in sorted(chosen)
            ),
        )
