"""The difference between phases: a raise that makes it too large is caught."""

from dataclasses import replace
from functools import partial

from custom_components.ev_charger_pool.balancing.controller import SiteController
from custom_components.ev_charger_pool.pool.quantities import Phase
from custom_components.ev_charger_pool.simulator.judge.violations import Rule
from custom_components.ev_charger_pool.simulator.scenario import MemberPlan, Scenario
from tests.simulator.builders import CAR, connector, site
from tests.simulator.judge.careless import Fixed, found

ONE_PHASE = replace(CAR, phases=1)


def balanced(*members: MemberPlan, limit_a: float = 10.0) -> Scenario:
    """Return a site whose phases may not differ by more than so much."""
    scenario = site(members, fuse_a=63.0, minutes=4.0)
    (grid,) = scenario.site.circuits
    return replace(
        scenario,
        site=replace(scenario.site, circuits=(replace(grid, imbalance_a=limit_a),)),
    )


def turned(plan: MemberPlan) -> MemberPlan:
    """Return a connector whose first phase is the site's L2."""
    phases = (Phase.L2, Phase.L3, Phase.L1)
    return replace(plan, settings=replace(plan.settings, phases=phases))


def test_one_car_on_one_phase_beyond_the_limit() -> None:
    (one,) = found(Rule.BALANCE, balanced(connector(1, car=ONE_PHASE)), partial(Fixed, 16.0))
    assert one.subject == "grid:l1"
    assert "16.0 A ahead" in one.text
    assert found(Rule.BALANCE, balanced(connector(1, car=ONE_PHASE)), partial(Fixed, 9.0)) == []


def test_a_car_on_all_phases_makes_no_difference() -> None:
    assert found(Rule.BALANCE, balanced(connector(1)), partial(Fixed, 16.0)) == []


def test_cars_on_the_same_phase_add_up_and_others_do_not() -> None:
    same = balanced(*(connector(number, car=ONE_PHASE) for number in (1, 2)))
    assert found(Rule.BALANCE, same, partial(Fixed, 8.0)) != []
    apart = balanced(connector(1, car=ONE_PHASE), turned(connector(2, car=ONE_PHASE)))
    assert found(Rule.BALANCE, apart, partial(Fixed, 8.0)) == []


def test_what_the_house_has_on_a_phase_counts() -> None:
    car = balanced(connector(1, car=ONE_PHASE, arrives_s=30.0))
    assert found(Rule.BALANCE, car, partial(Fixed, 8.0), house={1.0: 5.0}) != []
    other = balanced(turned(connector(1, car=ONE_PHASE, arrives_s=30.0)))
    assert found(Rule.BALANCE, other, partial(Fixed, 8.0), house={1.0: 5.0}) == []


def test_the_pool_keeps_the_phases_alike() -> None:
    scenario = balanced(*(connector(number, car=ONE_PHASE) for number in (1, 2, 3)))
    assert found(Rule.BALANCE, scenario, SiteController, house={100.0: 6.0}) == []
