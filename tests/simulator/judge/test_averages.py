"""An average over a window: who goes on drawing when it was to be seen is caught, the house is not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import override

import pytest

from custom_components.ev_charger_pool.balancing.contract import Controller
from custom_components.ev_charger_pool.balancing.controller import SiteController
from custom_components.ev_charger_pool.pool.circuits import AverageLimit, WindowLength
from custom_components.ev_charger_pool.pool.members import MemberSettings
from custom_components.ev_charger_pool.simulator.closed_loop import STARTED_AT
from custom_components.ev_charger_pool.simulator.judge.violations import Rule, Violation
from custom_components.ev_charger_pool.simulator.meters import MeterSpec
from custom_components.ev_charger_pool.simulator.scenario import Outage, OutageKind, Scenario
from tests.simulator.builders import connector, site
from tests.simulator.judge.careless import Fixed, found

QUARTER = AverageLimit(power_w=5_000.0, window=WindowLength.QUARTER_HOUR)
"""Seven amps on three phases are 4.8 kW."""


def averaged(
    limit: AverageLimit = QUARTER, *, cars: int = 1, minutes: float = 16.0, started_s: float = 0.0
) -> Scenario:
    """Return a site whose connection has an average limit."""
    scenario = site([connector(number) for number in range(1, cars + 1)], minutes=minutes)
    (grid,) = scenario.site.circuits
    return replace(
        scenario,
        site=replace(scenario.site, circuits=(replace(grid, average=limit),)),
        started_at=STARTED_AT + timedelta(seconds=started_s),
    )


def exceeded(
    scenario: Scenario,
    new_controller: Callable[[], Controller],
    house: dict[float, float] | None = None,
) -> list[Violation]:
    """Return what is found of average limits."""
    return found(Rule.AVERAGE, scenario, new_controller, house=house)


class Yielding(Fixed):
    """Grants nothing any more from a time on."""

    def __init__(self, current_a: float, until_s: float) -> None:
        super().__init__(current_a)
        self.until = STARTED_AT + timedelta(seconds=until_s)

    @override
    def target(self, member: MemberSettings, seats: set[str], now: datetime) -> float:
        return super().target(member, seats, now) if now < self.until else 0.0


def test_a_car_that_takes_more_than_the_window_has_is_the_pools() -> None:
    (one,) = exceeded(averaged(), partial(Fixed, 16.0))
    assert one.subject == "grid:average"
    assert one.at_s == pytest.approx(901.0, abs=1.0)
    assert "limit 5000 W" in one.text
    assert exceeded(averaged(), partial(Fixed, 7.0)) == []


def test_more_at_first_is_no_harm_when_it_ends_in_time() -> None:
    # 16 A are 11 kW: the window's energy lasts for 400 s.
    assert exceeded(averaged(), partial(Yielding, 16.0, 370.0)) == []
    assert exceeded(averaged(), partial(Yielding, 16.0, 500.0)) != []


def test_what_the_house_takes_by_itself_is_not_the_pools() -> None:
    assert exceeded(averaged(), partial(Fixed, 0.0), {1.0: 30.0}) == []


def test_what_the_house_never_took_before_cannot_be_foreseen() -> None:
    late = {750.0: 40.0}
    assert exceeded(averaged(), partial(Yielding, 7.0, 755.0), late) == []
    assert exceeded(averaged(), partial(Fixed, 7.0), late) != []


def test_what_the_house_took_in_the_hour_before_has_to_be_left_to_it() -> None:
    """The oven was on in the first window: it may come at the end of the next."""
    house = {700.0: 30.0, 800.0: 0.0, 1_700.0: 30.0}
    scenario = averaged(minutes=31.0)
    scenario = replace(scenario, members=(connector(1, arrives_s=905.0),))
    (one,) = exceeded(scenario, partial(Yielding, 7.0, 1_790.0), house)
    assert one.at_s == pytest.approx(1_801.0, abs=1.0)
    assert exceeded(scenario, partial(Yielding, 7.0, 1_690.0), house) == []


def test_a_window_that_began_before_counts_as_if_its_limit_had_flowed() -> None:
    begun = averaged(started_s=600.0, minutes=6.0)
    (one,) = exceeded(begun, partial(Fixed, 16.0))
    assert one.at_s == pytest.approx(301.0, abs=1.0)
    assert exceeded(begun, partial(Fixed, 7.0)) == []


def test_what_went_on_while_nobody_decided_is_nobodys() -> None:
    hung = replace(
        averaged(), outages=(Outage(kind=OutageKind.HANGS, from_s=300.0, until_s=880.0),)
    )
    assert exceeded(hung, partial(Fixed, 12.0)) == []


def test_a_circuit_without_a_meter_is_judged_by_what_flows() -> None:
    def unmetered(scenario: Scenario) -> Scenario:
        (grid,) = scenario.site.circuits
        return replace(
            scenario,
            site=replace(scenario.site, circuits=(replace(grid, metered=False),)),
            plant=replace(scenario.plant, meters=()),
        )

    assert exceeded(unmetered(averaged()), partial(Fixed, 16.0)) != []


def test_the_pool_keeps_what_a_house_leaves() -> None:
    scenario = averaged(cars=2, minutes=31.0)
    house = {200.0: 12.0, 380.0: 3.0, 1_100.0: 12.0, 1_250.0: 3.0}
    assert exceeded(scenario, SiteController, house) == []


def test_a_coarse_meter_is_held_to_what_it_can_tell() -> None:
    coarse = MeterSpec(circuit="grid", lag_s=0.5, noise_a=0.0, resolution_a=1.0)
    scenario = averaged(replace(QUARTER, power_w=4_700.0))
    scenario = replace(scenario, plant=replace(scenario.plant, meters=(coarse,)))
    # 4.8 kW are less than half an amp per phase above.
    assert exceeded(scenario, partial(Fixed, 7.0)) == []
    assert exceeded(scenario, partial(Fixed, 9.0)) != []
