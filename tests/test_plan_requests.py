"""What a plan may count with at a connector."""

from dataclasses import replace

import pytest

from custom_components.ev_charger_pool.plan_requests import power_of
from custom_components.ev_charger_pool.pool.limits import Limit, LimitUnit
from custom_components.ev_charger_pool.pool.members import MemberWishes
from custom_components.ev_charger_pool.pool.quantities import PHASES, Phase
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.pool.vehicles import Vehicle
from tests.pool_double import TWIN_1, connector_view

V = 230.0


def limit(value: float, unit: LimitUnit) -> Limit:
    return Limit(id="user", source=ReasonKind.USER, value=value, unit=unit, member=TWIN_1)


def test_a_guest_may_take_what_the_connector_gives() -> None:
    power = power_of(connector_view(), None, V)
    assert power.phases == PHASES
    assert (power.min_w, power.max_w) == pytest.approx((6 * 3 * V, 16 * 3 * V))


def test_the_least_of_all_bounds_counts() -> None:
    by_user = connector_view(user_limit=limit(10.0, LimitUnit.CURRENT))
    assert power_of(by_user, None, V).max_w == pytest.approx(10 * 3 * V)
    by_session = connector_view(session_limit=limit(6_000.0, LimitUnit.POWER))
    assert power_of(by_session, None, V).max_w == pytest.approx(6_000.0)
    car = Vehicle(id="car", max_current_a=8.0)
    assert power_of(by_user, car, V).max_w == pytest.approx(8 * 3 * V)


def test_the_phases_of_the_car_count() -> None:
    one = power_of(connector_view(), Vehicle(id="car", phases=1), V)
    assert one.phases == (Phase.L1,)
    assert one.max_w == pytest.approx(16 * V)
    view = connector_view()
    assert view.status is not None
    learned = replace(view, status=replace(view.status, used_phases=frozenset({Phase.L2})))
    assert power_of(learned, None, V).phases == (Phase.L2,)
    # What was learned of the car before does not bind the next one.
    assert power_of(replace(learned, session=None), None, V).phases == PHASES
    nothing = replace(view, status=replace(view.status, used_phases=frozenset()))
    assert power_of(nothing, None, V).phases == PHASES


def test_below_its_minimum_it_cannot_run() -> None:
    view = connector_view(
        user_limit=limit(8.0, LimitUnit.CURRENT), wishes=MemberWishes(minimum_current_a=10.0)
    )
    power = power_of(view, None, V)
    assert power.max_w == 0.0
    assert power.min_w == pytest.approx(10 * 3 * V)
