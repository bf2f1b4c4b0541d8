"""SR-14: runs, pauses, turns; and cars that sleep."""

from datetime import timedelta
import itertools

from hypothesis import given, strategies as st

from custom_components.ev_charger_pool.balancing.turns import Turns
from custom_components.ev_charger_pool.balancing.wake import Wake
from custom_components.ev_charger_pool.pool.members import (
    MemberWishes,
    Mode,
    OrderKind,
    Priority,
)
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.pool.states import ChargingStatus

from .stand import Stand, circuit, member
from .test_sr9_worst import TotalMeter


def runs(stand: Stand, seconds: int) -> dict[str, list[tuple[float, float]]]:
    """When each member ran, in seconds."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in stand.devices}
    since: dict[str, float] = {}
    for second in range(seconds):
        stand.tick()
        for name in stand.devices:
            if stand.granted(name) > 0.0:
                since.setdefault(name, second)
            elif name in since:
                found[name].append((since.pop(name), second))
    for name, start in since.items():
        found[name].append((start, seconds))
    return found


def test_sr14_a_pause_lasts_at_least_5_min() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(60)
    stand.set_other(22.0)
    stand.tick()
    assert stand.granted() == 0.0
    stand.set_other(5.0)
    stand.run(298)
    assert stand.granted() == 0.0
    stand.run(10)
    assert stand.granted() == 16.0


def test_sr14_a_run_that_had_its_time_goes_on_when_the_meter_is_heard_again() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(700)
    stand.meter_silent.add("grid")
    stand.run(30)
    assert stand.granted() == 0.0
    stand.meter_silent.clear()
    stand.run(20)
    assert stand.granted() == 16.0


def test_sr14_a_meter_that_comes_and_goes_wears_no_contactor() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(300)
    for _ in range(2):
        stand.meter_silent.add("grid")
        stand.run(30)
        assert stand.granted() == 0.0
        stand.meter_silent.clear()
        stand.run(265)
        assert stand.granted() == 0.0
        stand.run(120)
        assert stand.granted() == 16.0


def test_sr14_safety_ends_a_run_at_any_time() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(60)
    assert stand.granted() == 16.0
    stand.set_other(22.0)
    stand.tick()
    assert stand.granted() == 0.0


def test_sr14_a_run_lasts_at_least_10_min() -> None:
    stand = Stand(
        member("a", priority=Priority.LOW), member("b", priority=Priority.HIGH), other_a=16.0
    )
    stand.devices["b"].plugged = False
    stand.run(60)
    assert stand.granted("a") == 8.0
    # Somebody more important comes; there is room for one only.
    stand.devices["b"].plugged = True
    stand.run(500)
    assert stand.granted("a") >= 6.0
    assert stand.granted("b") == 0.0
    stand.run(120)
    assert stand.granted("a") == 0.0
    stand.run(30)
    assert stand.granted("b") == 8.0


def test_sr14_turns_of_30_min_go_round_and_nobody_starves() -> None:
    stand = Stand(*(member(name) for name in "abc"), other_a=16.0)
    found = runs(stand, 4 * 3_600)
    shares = {name: sum(end - start for start, end in spans) for name, spans in found.items()}
    # Eight turns of half an hour for three.
    assert min(shares.values()) > 3_500.0
    for spans in found.values():
        for start, end in spans:
            assert end - start >= 600 or end == 4 * 3_600
        for (_, end), (start, _) in itertools.pairwise(spans):
            assert start - end >= 300
            # Two others have a turn of 30 min each, and some changing over.
            assert start - end <= 2 * 1_800 + 300


def test_sr14_grants_are_never_1_to_5_amps() -> None:
    stand = Stand(*(member(name) for name in "abc"), other_a=5.0)
    for second in range(1_200):
        stand.set_other(5.0 + second % 173 / 10.0)
        stand.tick()
        for name in "abc":
            assert stand.granted(name) == 0.0 or stand.granted(name) >= 6.0


def test_sr14_owed_turns() -> None:
    turns = Turns()
    turns.wait(0.0)
    assert turns.owed(1_799.0) == 0
    assert turns.owed(1_800.0) == 2
    assert turns.owed(3_600.0) == 3
    turns.start(3_700.0)
    # Promoted until it had its turn.
    assert turns.owed(3_701.0) == turns.owed(5_499.0) == 3
    assert turns.owed(5_500.0) == 0
    assert turns.must_run(4_299.0)
    assert not turns.must_run(4_300.0)
    turns.pause(6_000.0)
    assert not turns.may_start(6_299.0)
    assert turns.may_start(6_300.0)


def test_sr14_who_is_in_its_turn_stays_before_who_waits_for_less_than_one() -> None:
    running, waiting = Turns(), Turns()
    running.start(0.0)
    waiting.wait(0.0)
    assert running.owed(1_000.0) > waiting.owed(1_000.0)
    assert running.owed(1_800.0) < waiting.owed(1_800.0)


@given(st.floats(0.0, 1e6), st.integers(0, 6))
def test_sr14_what_is_owed_survives_a_restart(now_s: float, owed: int) -> None:
    turns = Turns()
    turns.restore(owed, now_s)
    assert turns.owed(now_s) == (owed if owed >= 2 else 0)


def asleep_car() -> Stand:
    stand = Stand(member("a"), other_a=5.0)
    device = stand.devices["a"]
    device.wants_a = 0.0
    device.charging = ChargingStatus.SUSPENDED_BY_EV
    while not stand.decisions or stand.granted() == 0.0:
        stand.tick()
    return stand


def test_sr14_three_wake_attempts_60_s_apart_and_then_asleep() -> None:
    stand = asleep_car()
    attempts = []
    for second in range(1, 400):
        attempts += [second for o in stand.tick().orders if o.kind is OrderKind.START]
        if stand.granted() == 0.0:
            break
    assert attempts == [120, 180, 240]
    assert second == 300
    status = stand.decision.members["a"]
    assert status.asleep
    assert status.limited_by.kind is ReasonKind.ASLEEP
    stand.run(600)
    assert stand.granted() == 0.0


def test_sr14_a_car_that_wakes_charges() -> None:
    stand = asleep_car()
    stand.run(150)
    device = stand.devices["a"]
    device.wants_a = 16.0
    device.charging = None
    stand.run(300)
    assert stand.granted() == 16.0
    assert not stand.decision.members["a"].asleep


def test_sr14_a_wish_or_another_session_ends_the_sleep() -> None:
    for stir in ("wish", "session"):
        stand = asleep_car()
        stand.run(320)
        assert stand.decision.members["a"].asleep
        if stir == "wish":
            stand.controller.wish("a", MemberWishes(minimum_current_a=7.0))
        else:
            stand.devices["a"].session = "two"
        stand.run(30)
        assert stand.granted() > 0.0


def test_sr14_a_car_that_nobody_authorized_is_never_started() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.devices["a"].wants_a = 0.0
    stand.devices["a"].charging = ChargingStatus.WAITING_FOR_AUTHORIZATION
    assert OrderKind.START not in {o.kind for o in stand.orders(400)}
    assert stand.granted() == 0.0


def test_sr14_a_full_car_lets_others_go_first() -> None:
    stand = Stand(member("a"), member("b"), other_a=16.0)
    stand.devices["b"].plugged = False
    stand.run(700)
    assert stand.granted("a") == 8.0
    stand.devices["a"].wants_a = 0.0
    stand.devices["a"].charging = ChargingStatus.SUSPENDED_BY_EV
    stand.run(200)
    assert stand.granted("a") > 0.0
    stand.devices["b"].plugged = True
    stand.run(60)
    assert stand.granted("a") == 0.0
    assert stand.granted("b") == 8.0


def test_sr14_off_and_on_again_is_no_pause_of_the_pool() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(60)
    stand.controller.wish("a", MemberWishes(mode=Mode.OFF))
    stand.tick()
    assert stand.granted() == 0.0
    stand.run(20)
    stand.controller.wish("a", MemberWishes(mode=Mode.FAST))
    stand.run(5)
    assert stand.granted() == 16.0


def test_sr14_wake_is_quiet_without_a_resume() -> None:
    wake = Wake()
    assert not wake.attempt(1_000.0)
    wake.resume(0.0)
    wake.draw(50.0, 8.0)
    assert not wake.attempt(1_000.0)
    wake.draw(60.0, 0.1)
    assert not wake.idles(179.0)
    assert wake.idles(180.0)
    assert timedelta(seconds=120).total_seconds() == 180.0 - 60.0


def test_sr14_attempts_stay_apart_whatever_stirs_the_car() -> None:
    """A wish long after the resume gives three attempts anew, not three at once."""
    wake = Wake()
    wake.resume(0.0)
    assert [at_s for at_s in range(200) if wake.attempt(float(at_s))] == [120, 180]
    wake.stir()
    assert [at_s for at_s in range(200, 400) if wake.attempt(float(at_s))] == [240, 300, 360]
    assert not wake.asleep
    assert not wake.attempt(420.0)
    assert wake.asleep


def test_sr14_who_had_its_turn_and_is_never_seen_to_settle_gives_way() -> None:
    """What it may draw is committed at any grant: only its pause lets the other one start."""
    stand = TotalMeter(
        member("a", measures_current=False, max_current_a=32.0),
        member("b"),
        circuits=(circuit(36.0),),
        other_a=1.0,
    )
    stand.devices["a"].measures = False
    stand.devices["b"].plugged = False
    stand.run(120)
    assert stand.granted("a") >= 6.0
    stand.devices["b"].plugged = True
    started = [stand.tick().members["b"].granted_a > 0.0 for _ in range(2_400)]
    assert any(started)
    # Not before it is owed a turn.
    assert started.index(True) >= 1_750
