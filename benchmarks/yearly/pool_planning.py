"""The pool's planner in the benchmark, asked as the coordinator asks it."""

from collections.abc import Sequence
from datetime import timedelta
import math
from typing import Final

from benchmarks.yearly.optimum import Stay
from custom_components.ev_charger_pool.balancing.contract import Controller
from custom_components.ev_charger_pool.balancing.planner import (
    HorizonSlot,
    PlanRequest,
    PlanSettings,
    Unpriced,
    plan,
)
from custom_components.ev_charger_pool.pool.quantities import NOMINAL_VOLTAGE_V, PHASES, PerPhase
from custom_components.ev_charger_pool.pool.schedules import Schedule
from custom_components.ev_charger_pool.simulator.cars import LEAST_OFFER_A
from custom_components.ev_charger_pool.simulator.stage import Stage
from custom_components.ev_charger_pool.simulator.year.scenes import Day

QUARTER_S: Final = 900.0

USUAL_S: Final = 1_800.0
"""What a site takes is averaged over about so many seconds."""


class Planner:
    """Asks the pool's planner as the coordinator does: each minute, and whenever somebody comes.

    It knows what drivers said: how much they want and when they leave. What the site itself will
    take it expects to be what it took lately.
    """

    EVERY_S: Final = 60.0

    def __init__(self, day: Day, stays: Sequence[Stay], stage: Stage) -> None:
        self._day = day
        self._settings = PlanSettings(
            unpriced=Unpriced.EARLIEST if day.prices is None else Unpriced.LATEST
        )
        self._site = day.scenario.site
        self._stays = sorted(stays, key=lambda stay: stay.from_s)
        self._stage = stage
        self._planned_s = -self.EVERY_S
        self._there: list[Stay] = []
        self._schedules: tuple[Schedule, ...] = ()
        self._energy_wh: dict[Stay, float] = {}
        self._usual_a = {
            circuit.id: list(stage.plant.other_a(circuit.id)) for circuit in self._site.circuits
        }

    def attend(self, controller: Controller, now_s: float) -> None:
        """Plan for who is there, when it is time."""
        self._learn()
        came = False
        while self._stays and self._stays[0].from_s <= now_s:
            stay = self._stays.pop(0)
            self._energy_wh[stay] = self._stage.connectors[stay.member].energy_wh
            self._there.append(stay)
            came = True
        self._there = [stay for stay in self._there if stay.until_s > now_s]
        if came or now_s >= self._planned_s + self.EVERY_S:
            self._planned_s = now_s
            self._plan(now_s)
            controller.set_schedules(self._schedules)

    def _learn(self) -> None:
        for circuit, usual_a in self._usual_a.items():
            for index, now_a in enumerate(self._stage.plant.other_a(circuit)):
                usual_a[index] += (now_a - usual_a[index]) / USUAL_S

    def _plan(self, now_s: float) -> None:
        now = self._day.scenario.started_at + timedelta(seconds=now_s)
        requests = [self._request(stay) for stay in self._there]
        result = plan(
            requests,
            self._horizon(now_s),
            self._site.circuits,
            now,
            settings=self._settings,
            previous=self._schedules,
        )
        self._schedules = tuple(result.schedules.values())

    def _request(self, stay: Stay) -> PlanRequest:
        per_amp_w = NOMINAL_VOLTAGE_V * len(stay.phases)
        delivered_wh = self._stage.connectors[stay.member].energy_wh - self._energy_wh[stay]
        return PlanRequest(
            member=stay.member,
            circuit=stay.circuits[0],
            energy_wh=stay.wanted_wh,
            delivered_wh=delivered_wh,
            ready_at=self._day.scenario.started_at + timedelta(seconds=stay.until_s),
            min_power_w=LEAST_OFFER_A * per_amp_w,
            max_power_w=math.floor(stay.most_a + 0.5) * per_amp_w,
            phases=tuple(PHASES[index] for index in stay.phases),
        )

    def _horizon(self, now_s: float) -> list[HorizonSlot]:
        """Return the quarters of an hour until the last one leaves."""
        started_at = self._day.scenario.started_at
        last_s = max((stay.until_s for stay in self._there), default=now_s)
        room = {
            circuit.id: PerPhase(
                *(
                    max(0.0, limit_a - usual_a) * NOMINAL_VOLTAGE_V
                    for limit_a, usual_a in zip(
                        circuit.limit_a, self._usual_a[circuit.id], strict=True
                    )
                )
            )
            for circuit in self._site.circuits
        }
        first, count = int(now_s // QUARTER_S), math.ceil(last_s / QUARTER_S)
        return [
            HorizonSlot(
                from_at=started_at + timedelta(seconds=number * QUARTER_S),
                until_at=started_at + timedelta(seconds=(number + 1) * QUARTER_S),
                price_per_kwh=self._price(number),
                phase_capacity_w=room,
            )
            for number in range(first, max(count, first + 1))
        ]

    def _price(self, quarter: int) -> float | None:
        """Return what a kWh costs; None where nobody tells prices."""
        prices = self._day.prices
        if prices is None:
            return None
        last_s = len(prices.per_kwh) * prices.slot_s - 1.0
        return prices.at(min(quarter * QUARTER_S, last_s))
