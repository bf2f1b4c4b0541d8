"""SR-13: what a DC supply costs on the AC side, and that supplies start one after the other."""

from datetime import datetime, timedelta

import pytest

from custom_components.ev_charger_pool.balancing.ac_side import AcSide
from custom_components.ev_charger_pool.balancing.supplies import current_of_power
from custom_components.ev_charger_pool.pool.members import (
    MemberKind,
    MemberSettings,
    OrderKind,
)
from custom_components.ev_charger_pool.pool.quantities import LOWEST_VOLTAGE_V
from custom_components.ev_charger_pool.pool.reasons import ReasonKind

from .stand import Stand, member

PER_AMP = 0.85 * 0.95 * 207.0 * 3


def supply(name: str = "dc", /, **changes: object) -> MemberSettings:
    values: dict[str, object] = {
        "kind": MemberKind.POWER_SUPPLY,
        "min_current_a": 0.1,
        "max_current_a": 20.0,
        "step_a": 0.1,
        "watts_per_amp": PER_AMP,
        "measures_current": False,
    }
    return member(name, **(values | changes))


def running(demand_w: float) -> Stand:
    stand = Stand(supply(), other_a=5.0)
    device = stand.devices["dc"]
    device.measures = False
    device.change = {"demand_w": demand_w}
    return stand


def test_sr13_amps_pay_for_watts_with_all_losses() -> None:
    settings = supply()
    assert current_of_power(settings, 5_014.6) == pytest.approx(10.0, rel=1e-3)
    assert current_of_power(member(), LOWEST_VOLTAGE_V * 30.0) == pytest.approx(10.0)


def test_sr13_a_grant_carries_the_watts_that_its_amps_pay_for() -> None:
    stand = running(4_000.0)
    stand.run(60)
    assert stand.granted("dc") == 7.9
    order = stand.devices["dc"].orders[-1]
    assert order.grant.power_w == pytest.approx(7.9 * PER_AMP)
    assert order.grant.power_w is not None
    assert order.grant.power_w <= 4_000.0
    assert stand.decision.members["dc"].granted_w == order.grant.power_w


def test_sr13_its_own_set_points_bound_it() -> None:
    stand = running(1_000.0)
    stand.run(60)
    assert stand.granted("dc") == 1.9
    stand.devices["dc"].change = {"demand_w": 2_000.0}
    stand.run(60)
    assert stand.granted("dc") == 3.9
    stand.devices["dc"].change = {"demand_w": 500.0}
    stand.tick()
    assert stand.granted("dc") == 0.9
    assert stand.reason("dc") is ReasonKind.USER


@pytest.mark.parametrize("demand_w", [0.0, None])
def test_sr13_a_supply_that_wants_nothing_is_granted_nothing(demand_w: float | None) -> None:
    stand = running(0.0)
    stand.devices["dc"].change = {"demand_w": demand_w}
    stand.run(60)
    assert stand.granted("dc") == 0.0


def test_sr13_until_its_ac_side_is_measured_it_commits_what_its_set_points_may_cost() -> None:
    stand = running(4_000.0)
    stand.devices["dc"].change = {"demand_w": 4_000.0, "set_current_a": 12.0}
    stand.run(60)
    assert stand.decision.members["dc"].commitment_a == 12.0


def test_sr13_its_dc_power_settles_it() -> None:
    stand = running(4_000.0)
    stand.run(60)
    status = stand.decision.members["dc"]
    assert status.settled
    # 90 % of the watts that are paid for, turned into the most amps that they may cost.
    assert status.commitment_a == pytest.approx(7.9)


def test_sr13_its_ac_side_is_known_within_bounds_only() -> None:
    stand = running(4_000.0)
    stand.run(60)
    # The rest of what flows may be the supply's or others'.
    others = stand.decision.circuits["grid"].other_a.l1
    assert 5.0 + 7.9 - 7.9 <= others + 1e-6 <= 5.0 + 7.9 - 0.9 * 7.9 * 0.66


def test_sr13_starts_are_10_s_apart() -> None:
    stand = Stand(*(supply(f"dc{index}") for index in range(3)), other_a=-60.0)
    for device in stand.devices.values():
        device.measures = False
        device.change = {"demand_w": 0.0}
    # The caution after a start is over: now several may be raised at once.
    stand.run(330)
    for device in stand.devices.values():
        device.change = {"demand_w": 1_000.0}
    starts: dict[str, datetime] = {}
    for _ in range(60):
        for order in stand.tick().orders:
            if order.grant.current_a > 0.0:
                starts.setdefault(order.member, stand.now)
    times = sorted(starts.values())
    assert len(times) == 3
    assert times[1] - times[0] >= timedelta(seconds=10)
    assert times[2] - times[1] >= timedelta(seconds=10)


def test_sr13_an_ac_side_that_is_measured_counts_as_it_is() -> None:
    stand = running(4_000.0)
    stand.devices["dc"].measures = True
    stand.run(60)
    assert stand.is_settled("dc")
    assert stand.decision.circuits["grid"].other_a.l1 == pytest.approx(5.0)
    assert stand.decision.members["dc"].commitment_a == pytest.approx(8.4)


def measured(demand_w: float) -> Stand:
    """A supply with a meter on its AC side, of which an amp gives 20 % more than at worst."""
    stand = running(demand_w)
    stand.devices["dc"].measures = True
    stand.devices["dc"].dc_share = 1.2
    return stand


def test_sr13_a_measured_ac_side_pays_for_more_watts() -> None:
    stand = measured(4_000.0)
    stand.run(50)
    assert stand.granted("dc") == 7.9
    stand.run(100)
    # 95 % of what was measured counts; its set points could use no more.
    assert stand.granted("dc") == 6.9
    power_w = stand.decision.members["dc"].granted_w
    assert power_w is not None
    assert power_w == pytest.approx(6.9 * 1.14 * PER_AMP)
    assert power_w <= 4_000.0


def test_sr13_what_its_set_points_may_cost_is_reckoned_as_measured() -> None:
    stand = measured(4_000.0)
    stand.devices["dc"].change = {"demand_w": 4_000.0, "set_current_a": 12.0}
    stand.run(50)
    assert stand.decision.members["dc"].commitment_a == 12.0
    stand.run(100)
    assert stand.decision.members["dc"].commitment_a == pytest.approx(12.0 / 1.14, abs=1e-3)


def test_sr13_watts_that_cost_more_than_before_are_taken_back_at_once() -> None:
    stand = measured(4_000.0)
    stand.run(150)
    device = stand.devices["dc"]
    device.orders.clear()
    device.dc_share = 1.1
    stand.run(3)
    (order,) = device.orders
    assert order.kind is OrderKind.SET
    assert order.grant.power_w == pytest.approx(6.9 * 0.95 * 1.1 * PER_AMP)


def test_sr13_without_its_meter_the_worst_losses_count_again() -> None:
    stand = measured(4_000.0)
    stand.run(150)
    stand.devices["dc"].measures = False
    stand.run(60)
    assert stand.decision.members["dc"].granted_w == pytest.approx(stand.granted("dc") * PER_AMP)


def test_sr13_an_ac_side_counts_after_a_minute_and_never_below_the_worst() -> None:
    side = AcSide(500.0)
    assert not side.take(0.0, 6_000.0, 10.0)
    assert not side.take(59.0, 6_000.0, 10.0)
    assert side.take(60.0, 6_000.0, 10.0)
    assert side.worth_w == pytest.approx(570.0)
    # Little load says nothing: standby is most of it.
    assert not side.take(61.0, 300.0, 1.0)
    # A trifle is not worth a write; the worst of ten minutes counts.
    assert not side.take(62.0, 5_950.0, 10.0)
    assert side.take(63.0, 5_500.0, 10.0)
    assert not side.take(400.0, 6_000.0, 10.0)
    assert side.worth_w == pytest.approx(522.5)
    assert side.take(664.0, 6_000.0, 10.0)
    assert side.take(665.0, 3_000.0, 10.0)
    assert side.worth_w == 500.0
