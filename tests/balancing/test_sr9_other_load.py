"""SR-9: the estimate of everything but members, and the cuts and raises that follow from it."""

from datetime import timedelta
import itertools
from random import Random

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.balancing.estimator import (
    Noise,
    OtherLoad,
    Range,
    WindowMax,
)
from custom_components.ev_charger_pool.balancing.wiring import Lanes
from custom_components.ev_charger_pool.pool.circuits import MeterReport
from custom_components.ev_charger_pool.pool.members import OrderKind, Priority, Urgency
from custom_components.ev_charger_pool.pool.quantities import PerPhase, Phase
from custom_components.ev_charger_pool.pool.readings import Reading
from custom_components.ev_charger_pool.pool.reasons import ReasonKind

from .stand import Stand, circuit, member


def lanes(amps: float) -> Lanes:
    return (amps, amps, amps, amps * 690.0)


def drawn(least: float, most: float | None = None, allowed: float | None = None) -> Range:
    most = least if most is None else most
    return Range(
        lanes(least), lanes(most), lanes(most if allowed is None else allowed), lanes(least)
    )


amps = st.floats(-50.0, 100.0)


@given(st.lists(st.tuples(amps, st.floats(0.0, 40.0), st.floats(0.0, 40.0)), min_size=2))
def test_sr9_the_estimate_stays_within_what_the_members_allow(
    values: list[tuple[float, float, float]],
) -> None:
    other = OtherLoad(0.1, 230.0)
    for second, (load, one, two) in enumerate(values):
        least, most = sorted((one, two))
        other.update(float(second), lanes(load), drawn(least, most))
        assert other.now is not None
        assert load - most - 1e-6 <= other.now[0] <= load - least + 1e-6


def test_sr9_a_moving_member_moves_nothing() -> None:
    other = OtherLoad(0.1, 230.0)
    other.update(0.0, lanes(15.0), drawn(10.0))
    # It is somewhere between 6 and 10 A, and the meter shows 13.
    other.update(1.0, lanes(13.0), drawn(6.0, 10.0))
    assert other.now is not None
    assert other.now[0] == 5.0
    # 20 A cannot be explained by it.
    other.update(2.0, lanes(20.0), drawn(6.0, 10.0))
    assert other.now[0] == 10.0


def test_sr9_a_car_that_begins_within_its_grant_is_not_taken_for_others() -> None:
    other = OtherLoad(0.1, 230.0)
    other.update(0.0, lanes(5.0), drawn(0.0, 0.0, 16.0))
    # 16 A more: its samples still say 0 A, but it may have begun.
    other.update(1.0, lanes(21.0), drawn(0.0, 0.0, 16.0))
    assert other.now is not None
    assert other.now[0] == 5.0
    # A raise does not trust that.
    most = other.recent_most(1.0)
    assert most is not None
    assert most[0] == 21.0
    # Later samples tell that it was somebody else.
    other.confirm(lanes(21.0), drawn(0.0))
    other.update(7.0, lanes(21.0), drawn(0.0, 0.0, 16.0))
    assert other.now[0] == 21.0


def test_sr9_what_members_cannot_explain_counts_at_once() -> None:
    other = OtherLoad(0.1, 230.0)
    other.update(0.0, lanes(21.0), drawn(16.0))
    other.update(1.0, lanes(31.0), drawn(16.0, 16.0, 16.0))
    assert other.now is not None
    assert other.now[0] == 15.0


def test_sr9_a_raise_looks_at_the_most_of_60_s() -> None:
    window = WindowMax(60.0)
    assert window.value(0.0) is None
    for second in range(100):
        window.add(float(second), 12.0 if second == 10 else 5.0)
    assert window.value(70.0) == 12.0
    assert window.value(70.5) == 5.0
    # The newest stays even when it is old.
    assert window.value(1_000.0) == 5.0


@given(st.lists(st.tuples(st.floats(0.0, 30.0), st.floats(-50.0, 50.0)), min_size=1))
def test_sr9_the_window_holds_the_maximum(steps: list[tuple[float, float]]) -> None:
    window, now, seen = WindowMax(60.0), 0.0, []
    for gap, value in steps:
        now += gap
        window.add(now, value)
        seen.append((now, value))
        assert window.value(now) == max(v for at, v in seen if at >= now - 60.0)


def test_sr9_noise_is_learned_and_a_switched_load_is_none() -> None:
    rng, noise = Random(1), Noise()
    for second in range(2_000):
        load = 8.0 if second % 200 == 0 else 0.0
        noise.add(load + rng.gauss(0.0, 0.4))
    assert noise.sigma == pytest.approx(0.4, rel=0.4)
    quiet = Noise()
    for _ in range(200):
        quiet.add(5.0)
    assert quiet.sigma == 0.0


def test_sr9_the_margin_of_a_raise() -> None:
    assert OtherLoad(0.1, 230.0).margin(0) == 0.5
    assert OtherLoad(1.0, 230.0).margin(0) == 1.0
    assert OtherLoad(1.0, 230.0).margin(3) == 230.0
    loud = OtherLoad(0.1, 230.0)
    rng = Random(2)
    for second in range(500):
        loud.update(float(second), lanes(5.0 + rng.gauss(0.0, 1.0)), drawn(0.0))
    assert loud.margin(0) > 1.5


def test_sr9_a_tiny_excess_waits_5_s() -> None:
    other = OtherLoad(0.1, 230.0)
    assert other.excess_to_cut(0, 0.5, 25.0, 100.0) == 0.0
    assert other.excess_to_cut(0, 0.4, 25.0, 104.0) == 0.0
    assert other.excess_to_cut(0, 0.3, 25.0, 105.0) == 0.3
    assert other.excess_to_cut(0, 0.51, 25.0, 106.0) == 0.51
    assert other.excess_to_cut(0, 0.0, 25.0, 107.0) == 0.0
    assert other.excess_to_cut(0, 0.4, 25.0, 108.0) == 0.0
    # 2 % of a large fuse, and the step of a coarse meter.
    assert other.excess_to_cut(1, 1.9, 100.0, 100.0) == 0.0
    assert OtherLoad(1.0, 230.0).excess_to_cut(0, 0.9, 25.0, 0.0) == 0.0


# Through the controller


def test_sr9_a_cut_comes_with_the_sample_that_shows_it() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(120)
    stand.set_other(15.0)
    decision = stand.tick()
    assert [(o.kind, o.grant.current_a, o.urgency) for o in decision.orders] == [
        (OrderKind.SET, 10.0, Urgency.REDUCTION)
    ]
    assert decision.members["a"].limited_by.kind is ReasonKind.CIRCUIT


def test_sr9_the_cut_is_made_once_and_not_again_while_it_is_under_way() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(120)
    stand.set_other(15.0)
    orders = [o for o in stand.orders(30) if o.kind is OrderKind.SET]
    assert [o.grant.current_a for o in orders] == [10.0]


def test_sr9_the_cut_is_shared_fairly_by_all_at_once() -> None:
    stand = Stand(member("a"), member("b"), other_a=1.0)
    stand.run(200)
    assert stand.granted("a") + stand.granted("b") == 23.0
    stand.set_other(9.0)
    decision = stand.tick()
    assert {o.member for o in decision.orders} == {"a", "b"}
    assert {stand.granted("a"), stand.granted("b")} == {8.0}


def test_sr9_only_the_phase_that_needs_it_is_cut() -> None:
    stand = Stand(member("a", phases=(Phase.L1,)), member("b", phases=(Phase.L2,)), other_a=5.0)
    for device in stand.devices.values():
        device.car_phases = (0,)
    stand.run(200)
    assert (stand.granted("a"), stand.granted("b")) == (16.0, 16.0)
    stand.set_other((17.0, 5.0, 5.0))
    stand.run(3)
    assert (stand.granted("a"), stand.granted("b")) == (8.0, 16.0)


def test_sr9_below_the_minimum_it_pauses() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(120)
    stand.set_other(20.0)
    stand.tick()
    assert stand.granted() == 0.0
    assert stand.reason() is ReasonKind.MINIMUM


def test_sr9_an_overload_that_others_hide_is_seen_by_what_the_meter_shows() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(120)
    stand.set_other(15.0)
    stand.tick()
    # Before the first cut shows, the others rise again.
    stand.set_other(19.0)
    stand.run(20)
    assert stand.granted() == 6.0
    assert stand.load()[0] <= 25.0


def test_sr9_a_raise_waits_until_the_load_was_low_for_60_s() -> None:
    stand = Stand(member("a"), other_a=15.0)
    stand.run(120)
    assert stand.granted() == 9.0
    stand.set_other(5.0)
    stand.run(58)
    assert stand.granted() == 9.0
    stand.run(8)
    assert stand.granted() == 16.0


def test_sr9_one_wave_per_settle_time() -> None:
    stand = Stand(*(member(f"m{i}", max_current_a=32.0) for i in range(3)), other_a=5.0)
    stand.run(330)
    stand.set_other(-30.0)
    waves = [
        stand.now
        for _ in range(200)
        if any(o.urgency is Urgency.RAISE for o in stand.tick().orders)
    ]
    gaps = [b - a for a, b in itertools.pairwise(waves)]
    assert gaps == [] or min(gaps) >= timedelta(seconds=12)


def test_sr9_noise_at_the_limit_causes_no_cuts() -> None:
    rng = Random(3)
    stand = Stand(member("a", max_current_a=32.0), other_a=5.0)
    stand.noise = lambda _now: rng.gauss(0.0, 0.15)
    stand.run(300)
    orders = [o for o in stand.orders(1_800) if o.kind is OrderKind.SET]
    assert len(orders) <= 3


def test_sr9_down_before_up() -> None:
    stand = Stand(member("a"), member("b"), other_a=9.0)
    stand.devices["b"].plugged = False
    stand.run(120)
    assert stand.granted("a") == 15.0
    stand.devices["b"].plugged = True
    lowered = raised = None
    for _ in range(120):
        for order in stand.tick().orders:
            if order.member == "a" and order.grant.current_a < 15.0 and lowered is None:
                lowered = stand.now
            if order.member == "b" and order.grant.current_a > 0.0 and raised is None:
                raised = stand.now
        assert max(stand.load()) <= 25.0
    assert lowered is not None
    assert raised is not None
    assert raised - lowered >= timedelta(seconds=12)


def test_sr9_lent_headroom_is_given_back_when_it_presses() -> None:
    stand = Stand(member("a"), member("b"), other_a=2.0)
    stand.devices["a"].wants_a = 7.0
    stand.devices["b"].plugged = False
    stand.run(200)
    assert stand.granted("a") == 16.0
    stand.devices["b"].plugged = True
    stand.run(150)
    # What it draws and two amps to spare.
    assert stand.granted("a") == 9.0
    assert stand.granted("b") == 13.0
    assert stand.reason() is ReasonKind.VEHICLE
    stand.devices["a"].wants_a = 16.0
    stand.run(60)
    assert abs(stand.granted("a") - stand.granted("b")) <= 1.0


@pytest.mark.parametrize("kind", ["power", "total"])
def test_sr9_sr10_watts_are_turned_into_the_most_amps_that_they_may_be(kind: str) -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.meter_silent.add("grid")
    for _ in range(200):
        load = stand.load()
        watts = PerPhase[float | None](*(amps * 230.0 for amps in load))
        arrived = stand.now + timedelta(seconds=1)
        if kind == "power":
            report = MeterReport(circuit="grid", power_w=Reading(value=watts, arrived_at=arrived))
        else:
            report = MeterReport(
                circuit="grid",
                total_power_w=Reading(value=sum(load) * 230.0, arrived_at=arrived),
            )
        stand.controller.observe_meter(report)
        stand.tick()
    other = stand.decision.circuits["grid"].other_a.l1
    # Each phase at 207 V, and of a total all on one phase.
    expected = 5.0 * 230.0 / 207.0 * (1 if kind == "power" else 3)
    assert other == pytest.approx(expected, rel=0.01)
    assert stand.granted() == (16.0 if kind == "power" else 7.0)


def test_sr9_a_limit_in_watts_binds_a_circuit() -> None:
    stand = Stand(member("a"), circuits=(circuit(25.0, limit_w=10_000.0),), other_a=(5.0, 0.0, 0.0))
    stand.run(120)
    # (10,000 - 1,150 - 115 W) / (3 x 230 V)
    assert stand.granted() == 12.0
    assert stand.decision.members["a"].limited_by.phase is None
    stand.set_other((15.0, 0.0, 0.0))
    stand.run(2)
    assert stand.granted() == 9.0


def test_i1b_who_draws_a_little_more_than_its_grant_is_cut_like_everybody() -> None:
    # 0.8 A is within what SR-6 allows: nothing else would ever take it back.
    stand = Stand(member("a"), other_a=5.0)
    stand.devices["a"].over_a = 0.8
    stand.run(120)
    assert stand.devices["a"].draw_a == 16.8
    stand.set_other(15.0)
    stand.run(12)
    assert stand.devices["a"].draw_a > 0.0
    assert max(stand.load()) <= 25.0


def test_i1b_others_give_way_for_what_a_member_draws_beyond_its_grant() -> None:
    stand = Stand(member("a"), member("b"), circuits=(circuit(40.0),), other_a=5.0)
    stand.devices["a"].over_a = 0.8
    stand.run(120)
    for other_a in (12.0, 17.3, 22.0):
        stand.set_other(other_a)
        stand.run(20)
        assert max(stand.load()) <= 40.0


def test_i1b_who_is_paused_and_may_draw_all_the_same_leaves_nothing_to_others() -> None:
    """It counts with what it had, but there is nothing to take from it: others give way."""
    stand = Stand(
        member("a", measures_current=False, priority=Priority.LOW),
        member("b", max_current_a=6.0),
        member("c", max_current_a=6.0),
        circuits=(circuit(25.0),),
        other_a=5.0,
    )
    liar = stand.devices["a"]
    liar.measures = False
    stand.run(200)
    assert stand.granted("a") >= 6.0
    # It is paused for the house, and begins to draw what it likes.
    liar.obeys, liar.draw_a = False, 10.0
    stand.set_other(11.0)
    stand.run(90)
    assert stand.granted("a") == 0.0
    assert stand.load()[0] <= 25.0


def test_sr6_a_sample_from_before_it_could_follow_proves_no_disobedience() -> None:
    """What was cut just before the device fell silent is cut further like anybody's."""
    stand = Stand(member("a"), circuits=(circuit(25.0),), other_a=3.0)
    stand.run(60)
    assert stand.granted() == 16.0
    stand.set_other(13.0)
    stand.tick()
    assert stand.granted() == 12.0
    # It tells once more that it draws 16 A before it follows, and is silent for a while.
    stand.devices["a"].ramp_s = 8.0
    stand.run(5)
    stand.silent.add("a")
    stand.run(7)
    stand.set_other(17.0)
    stand.tick()
    assert stand.granted() == 8.0
