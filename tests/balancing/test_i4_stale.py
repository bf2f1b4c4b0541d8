"""I4: a stale, missing or implausible reading never raises a grant."""

from datetime import timedelta
from random import Random

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ev_charger_pool.pool.circuits import MeterReport
from custom_components.ev_charger_pool.pool.members import OrderKind
from custom_components.ev_charger_pool.pool.quantities import PerPhase
from custom_components.ev_charger_pool.pool.readings import Reading

from .stand import Stand, circuit, member

NAN, INF = float("nan"), float("inf")


def test_i4_before_the_first_readings_nothing_is_raised() -> None:
    stand = Stand(member("a", fail_safe_a=6.0), other_a=5.0)
    stand.meter_silent.add("grid")
    stand.run(120)
    assert stand.granted() == 0.0
    stand.meter_silent.clear()
    # The first may be a retained message, and a raise wants two.
    stand.run(2)
    assert stand.granted() == 0.0
    stand.run(13)
    assert stand.granted() == 16.0


@pytest.mark.parametrize("value", [NAN, INF, -INF, 1e9, -1e9, 300.0, None, "12", True])
def test_i4_what_cannot_be_is_refused_and_counted(value: object) -> None:
    stand = Stand(member("a", fail_safe_a=6.0), other_a=5.0)
    stand.run(120)
    stand.meter_silent.add("grid")
    raised = []
    for _ in range(60):
        stand.controller.observe_meter(
            MeterReport(
                circuit="grid",
                current_a=Reading(
                    value=PerPhase(value, 0.0, 0.0),  # type: ignore[arg-type]
                    arrived_at=stand.now,
                ),
            )
        )
        raised += [o for o in stand.tick().orders if o.grant.current_a > 16.0]
    assert raised == []
    assert stand.granted() == 6.0
    assert stand.controller.refused["meter_reports"] == 60


@settings(max_examples=8)
@given(st.integers(0, 2**32))
def test_i4_while_the_meter_is_away_no_grant_rises(seed: int) -> None:
    rng = Random(seed)
    stand = Stand(
        *(member(f"m{i}", fail_safe_a=rng.choice([0.0, 6.0])) for i in range(3)),
        circuits=(circuit(32.0, other_load_max_a=12.0),),
        other_a=3.0,
    )
    stand.run(rng.randint(20, 200))
    stand.meter_silent.add("grid")
    stand.run(6)
    before = {name: stand.granted(name) for name in stand.devices}
    for _ in range(100):
        device = rng.choice(list(stand.devices.values()))
        device.plugged = rng.random() < 0.7
        device.session = str(rng.random())
        for order in stand.tick().orders:
            assert order.grant.current_a <= before[order.member]
            if order.kind is OrderKind.SET:
                before[order.member] = order.grant.current_a


@pytest.mark.parametrize(
    "at", [timedelta(hours=1), timedelta(days=-3_000), timedelta(days=3_000)], ids=str
)
def test_i4_values_from_another_time_change_nothing(at: timedelta) -> None:
    stand = Stand(member("a"), other_a=15.0)
    stand.run(120)
    for _ in range(60):
        stand.controller.observe_meter(
            MeterReport(
                circuit="grid",
                current_a=Reading(value=PerPhase.same(0.0), arrived_at=stand.now + at),
            )
        )
        stand.tick()
    assert stand.granted() <= 9.0
    assert max(stand.load()) <= 25.0
