"""Days with sun, clouds and a house around a controller, measured in true watts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
import math

from custom_components.ev_charger_pool.balancing.contract import SiteSettings
from custom_components.ev_charger_pool.balancing.controller import SiteController
from custom_components.ev_charger_pool.pool.circuits import Circuit
from custom_components.ev_charger_pool.pool.energy_settings import BatterySettings, SolarSettings
from custom_components.ev_charger_pool.pool.members import (
    Lease,
    MemberId,
    MemberSettings,
    MemberWishes,
    Mode,
    PhaseSwitching,
    PhaseVeto,
)
from custom_components.ev_charger_pool.pool.quantities import PHASES, PerPhase, Phase
from custom_components.ev_charger_pool.simulator.cars import Car, SwitchMood, Visit
from custom_components.ev_charger_pool.simulator.closed_loop import ClosedLoop
from custom_components.ev_charger_pool.simulator.firmware import FirmwareSpec, SwitchConduct
from custom_components.ev_charger_pool.simulator.house import (
    Appliance,
    BatterySpec,
    LoadSpec,
    SunSpec,
)
from custom_components.ev_charger_pool.simulator.meters import MeterSpec
from custom_components.ev_charger_pool.simulator.plant import PlantSpec
from custom_components.ev_charger_pool.simulator.scenario import MemberPlan, Scenario, Wish

KETTLE = Appliance(name="kettle", phases=(Phase.L1,), current_a=9.0, on_s=180.0, off_s=3_600.0)


@dataclass(frozen=True, kw_only=True)
class CarPlan:
    """A connector with a car that stays all day."""

    phases: int = 3
    wired: int | None = None
    """On how many phases the connector is; None: as many as the car uses."""
    max_current_a: float = 16.0
    step_a: float = 1.0
    mode: Mode = Mode.SOLAR
    minimum_current_a: float | None = None
    wanted_wh: float = 100_000.0
    switching: PhaseSwitching | None = None
    mood: SwitchMood = SwitchMood.FOLLOWS
    conduct: SwitchConduct = SwitchConduct.OBEYS


@dataclass
class Day:
    """What flowed, in watts per second of the day."""

    sun_w: list[float] = field(default_factory=list)
    house_w: list[float] = field(default_factory=list)
    cars_w: list[float] = field(default_factory=list)
    battery_w: list[float] = field(default_factory=list)
    grid_w: list[float] = field(default_factory=list)
    granted_a: list[tuple[float, ...]] = field(default_factory=list)
    starts: list[list[int]] = field(default_factory=list)
    switches: list[tuple[int, ...]] = field(default_factory=list)
    """How often each connector was switched within an hour, second by second."""
    vetoes: list[PhaseVeto | None] = field(default_factory=list)
    switched_under_load: int = 0
    orders: int = 0
    violations: tuple[object, ...] = ()

    @property
    def cars_wh(self) -> float:
        return sum(self.cars_w) / 3600.0

    @property
    def surplus_w(self) -> list[float]:
        return [sun - house for sun, house in zip(self.sun_w, self.house_w, strict=True)]

    @property
    def imported_wh(self) -> float:
        """What cars took beyond what the sun left them."""
        return (
            sum(
                max(0.0, car - max(0.0, left))
                for car, left in zip(self.cars_w, self.surplus_w, strict=True)
            )
            / 3600.0
        )

    @property
    def by_sun_wh(self) -> float:
        return self.cars_wh - self.imported_wh

    @property
    def self_consumption(self) -> float:
        """The share of the sun that was used on the site."""
        used = sum(
            min(sun, house + car)
            for sun, house, car in zip(self.sun_w, self.house_w, self.cars_w, strict=True)
        )
        return used / sum(self.sun_w)

    def note(self, loop: ClosedLoop, names: Sequence[MemberId]) -> None:
        """Note the second that has passed."""
        plant, decision = loop.plant, loop.decision
        assert decision is not None
        self.sun_w.append(plant.solar_power_w)
        self.house_w.append(plant.house_power_w)
        self.cars_w.append(sum(plant.connectors[name].power_w for name in names))
        self.battery_w.append(plant.battery_power_w)
        self.grid_w.append(plant.grid_power_w)
        self.orders += len(decision.orders)
        statuses = [decision.members[name] for name in names]
        before = self.granted_a[-1] if self.granted_a else (0.0,) * len(names)
        self.granted_a.append(tuple(status.granted_a for status in statuses))
        self.switches.append(tuple(status.switches_last_hour for status in statuses))
        self.vetoes = [status.phase_veto for status in statuses]
        for starts, was_a, now_a in zip(self.starts, before, self.granted_a[-1], strict=True):
            if now_a > 0.0 >= was_a:
                starts.append(int(loop.now_s))

    def most_starts(self) -> int:
        """The most starts of one connector within any hour."""
        return max(
            (
                sum(1 for other in own if at <= other < at + 3600)
                for own in self.starts
                for at in own
            ),
            default=0,
        )


def _member(name: MemberId, car: CarPlan, report_s: float) -> MemberPlan:
    return MemberPlan(
        settings=MemberSettings(
            member=name,
            circuit="grid",
            max_current_a=car.max_current_a,
            step_a=car.step_a,
            phases=PHASES[: car.wired or car.phases],
            lease=Lease(duration=timedelta(seconds=180), renewal=timedelta(seconds=75)),
            lease_exercised=True,
            switching=car.switching,
        ),
        firmware=FirmwareSpec(report_s=report_s, switching=car.conduct),
        link=name,
        visits=(
            Visit(
                car=Car(
                    phases=car.phases,
                    max_current_a=car.max_current_a,
                    wanted_wh=car.wanted_wh,
                    mood=car.mood,
                ),
                arrives_after=timedelta(seconds=20),
                stays=timedelta(days=1),
            ),
        ),
    )


def run_day(
    *,
    seed: int,
    peak_w: float,
    cars: Sequence[CarPlan] = (CarPlan(),),
    hours: float = 10.0,
    cloudiness: float = 0.4,
    house_a: float = 0.8,
    appliances: Sequence[Appliance] = (KETTLE,),
    fuse_a: float = 35.0,
    solar: SolarSettings | None = None,
    battery: BatterySettings | None = None,
    storage: BatterySpec | None = None,
    report_s: float = 5.0,
) -> Day:
    """Run a day around noon."""
    duration_s = hours * 3600.0
    members = tuple(_member(f"c{number}", car, report_s) for number, car in enumerate(cars))
    loop = ClosedLoop(
        Scenario(
            seed=seed,
            duration_s=duration_s,
            site=SiteSettings(
                circuits=(
                    Circuit(id="grid", name="grid", limit_a=PerPhase.same(fuse_a), metered=True),
                ),
                members=tuple(plan.settings for plan in members),
                solar=solar or SolarSettings(),
                battery=battery or BatterySettings(),
            ),
            plant=PlantSpec(
                circuits={"grid": None},
                loads={"grid": LoadSpec(base_a=(house_a,) * 3, appliances=tuple(appliances))},
                sun=SunSpec(
                    peak_w=peak_w,
                    noon_s=duration_s / 2.0,
                    day_s=duration_s * 1.05,
                    cloudiness=cloudiness,
                ),
                battery=storage,
                meters=(MeterSpec(circuit="grid", noise_a=0.02),),
            ),
            members=members,
            link_delay_s={plan.link: 0.3 for plan in members},
            wishes=tuple(
                Wish(
                    at_s=1.0,
                    member=f"c{number}",
                    wishes=MemberWishes(mode=car.mode, minimum_current_a=car.minimum_current_a),
                )
                for number, car in enumerate(cars)
            ),
        ),
        SiteController,
    )
    day = Day(starts=[[] for _ in cars])
    names = [plan.settings.member for plan in members]
    while loop.now_s < duration_s:
        loop.step()
        day.note(loop, names)
    day.switched_under_load = sum(loop.plant.connectors[name].switched_under_load for name in names)
    day.violations = loop.outcome().violations
    return day


def optimum(
    day: Day, car: CarPlan, *, import_share: float, stretch_s: int = 10
) -> tuple[float, float]:
    """Return the most that one car could have had of the sun, and its import, watt-hours.

    Exact for a controller that knows the day: whole amps by `step_a` in stretches of some seconds,
    runs of 10 minutes and pauses of 5 at least (which bounds starts to 4 within an hour), import
    at most a share of what is charged. Dynamic programming over how long it has been on or off,
    with a price on import that is found by bisection.
    """
    surplus = _means([max(0.0, left) for left in day.surplus_w], stretch_s)
    volts = 230.0 * car.phases
    least, most = 6.0, car.max_current_a
    steps = [
        (least + step * car.step_a) * volts
        for step in range(round((most - least) / car.step_a) + 1)
    ]
    low, high = 0.0, 64.0
    best = (0.0, 0.0)
    for _ in range(14):
        price = (low + high) / 2.0
        by_sun, imported = _solve(surplus, steps, price, 600 // stretch_s, 300 // stretch_s)
        if imported <= import_share * (by_sun + imported) + 1e-9:
            best = max(best, (by_sun, imported))
            high = price
        else:
            low = price
    scale = stretch_s / 3600.0
    return best[0] * scale, best[1] * scale


def _means(values: Sequence[float], length: int) -> list[float]:
    return [
        sum(values[start : start + length]) / length
        for start in range(0, len(values) - length + 1, length)
    ]


def _solve(
    surplus: Sequence[float], steps: Sequence[float], price: float, run: int, pause: int
) -> tuple[float, float]:
    """Return the watts by sun and by grid, summed, of the best course at a price of import."""
    gains = []
    for left in surplus:
        options = ((min(power, left), max(0.0, power - left)) for power in steps)
        gains.append(max(options, key=lambda one: one[0] - price * one[1]))
    # States: 0..run-1 stretches on (the last: long enough), then 0..pause-1 stretches off.
    states = run + pause
    worth = [-math.inf] * states
    worth[states - 1] = 0.0
    sums = [(0.0, 0.0)] * states
    for by_sun, imported in gains:
        gain = by_sun - price * imported
        new_worth = [-math.inf] * states
        new_sums = [(0.0, 0.0)] * states

        def put(
            to: int,
            value: float,
            one: tuple[float, float],
            worth: list[float] = new_worth,
            sums: list[tuple[float, float]] = new_sums,
        ) -> None:
            if value > worth[to]:
                worth[to] = value
                sums[to] = one

        for state in range(states):
            if worth[state] == -math.inf:
                continue
            sun_sum, import_sum = sums[state]
            on = (sun_sum + by_sun, import_sum + imported)
            if state < run:
                put(min(state + 1, run - 1), worth[state] + gain, on)
                if state == run - 1:
                    put(run, worth[state], sums[state])
            else:
                put(min(state + 1, states - 1), worth[state], sums[state])
                if state == states - 1:
                    put(0, worth[state] + gain, on)
        worth, sums = new_worth, new_sums
    best = max(range(states), key=lambda state: worth[state])
    return sums[best]
