"""SR-10: stale never raises; with its meter gone the pool steps down, and comes back by itself."""

from datetime import timedelta

from custom_components.ev_charger_pool.balancing.answers import Answers
from custom_components.ev_charger_pool.balancing.contract import ProblemKind
from custom_components.ev_charger_pool.pool.circuits import MeterReport
from custom_components.ev_charger_pool.pool.members import MemberWishes, Mode, OrderKind
from custom_components.ev_charger_pool.pool.quantities import PerPhase
from custom_components.ev_charger_pool.pool.readings import Reading
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind

from .stand import Stand, circuit, member


def at_once(ordered_s: float) -> float:
    """Say that every draw was known when a step was ordered."""
    return ordered_s


def test_sr10_with_the_meter_gone_members_step_down_to_their_fail_safe() -> None:
    stand = Stand(member("a", fail_safe_a=6.0), member("b"), other_a=1.0)
    stand.run(200)
    stand.meter_silent.add("grid")
    stand.run(5)
    assert stand.granted("a") > 6.0
    assert not stand.is_stale()
    stand.run(2)
    assert (stand.granted("a"), stand.granted("b")) == (6.0, 0.0)
    status = stand.decision.circuits["grid"]
    assert status.stale
    assert status.available_a == PerPhase.same(0.0)
    assert stand.decision.members["a"].limited_by == Reason(kind=ReasonKind.STALE, subject="grid")
    assert stand.problems()[ProblemKind.METER_STALE] == "grid"


def test_sr10_it_comes_back_by_itself() -> None:
    stand = Stand(member("a", fail_safe_a=6.0), other_a=5.0)
    stand.run(120)
    stand.meter_silent.add("grid")
    stand.run(60)
    assert stand.granted() == 6.0
    stand.meter_silent.clear()
    stand.run(30)
    assert stand.granted() == 16.0
    assert ProblemKind.METER_STALE not in stand.problems()


def test_sr10_a_slow_meter_has_its_own_allowance() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.meter_silent.add("grid")
    for second in range(300):
        if second % 8 == 0:
            stand.controller.observe_meter(stand.meter())
        stand.tick()
    assert stand.granted() == 16.0
    stand.run(19)
    assert stand.granted() == 16.0
    stand.run(3)
    assert stand.granted() == 0.0


def test_sr10_an_unchanged_value_that_is_reported_is_fresh() -> None:
    stand = Stand(member("a"), other_a=0.0)
    stand.devices["a"].plugged = False
    stand.run(120)
    stand.devices["a"].plugged = True
    stand.run(30)
    assert stand.granted() == 16.0


def test_sr10_only_the_members_below_the_meter_step_down() -> None:
    circuits = (circuit(63.0), circuit(25.0, name="garage", parent="grid"))
    stand = Stand(member("a", circuit="garage"), member("b"), circuits=circuits, other_a=5.0)
    stand.run(120)
    stand.meter_silent.add("garage")
    stand.run(20)
    assert (stand.granted("a"), stand.granted("b")) == (0.0, 16.0)


def test_sr10_a_meter_that_does_not_answer_to_the_pool_is_stale() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.devices["a"].plugged = False
    stand.run(60)
    stand.frozen["grid"] = (5.0, 5.0, 5.0)
    stand.devices["a"].plugged = True
    # It goes on telling 5 A though a car begins with 16 A.
    seen = []
    for _ in range(60):
        stand.tick()
        seen.append(stand.granted())
    assert max(seen) == 16.0
    assert stand.is_stale()
    assert stand.granted() == 0.0
    # Within the start, 3 lags of 2 s, and a second.
    began = seen.index(16.0)
    assert seen[began:].index(0.0) <= 12
    del stand.frozen["grid"]
    stand.run(10)
    # A pause lasts five minutes.
    stand.set_other(6.0)
    stand.run(320)
    assert not stand.is_stale()
    assert stand.granted() == 16.0


def test_sr10_a_total_that_does_not_answer_is_stale_too() -> None:
    stand = Stand(member("a", fail_safe_a=6.0), other_a=5.0)
    stand.devices["a"].plugged = False

    def total() -> MeterReport:
        flowing = stand.load() if frozen is None else frozen
        return MeterReport(
            circuit="grid",
            total_power_w=Reading(value=230.0 * sum(flowing), arrived_at=stand.now),
        )

    frozen: tuple[float, float, float] | None = None
    stand.meter = lambda _name="grid": total()  # type: ignore[method-assign, assignment]
    stand.run(120)
    frozen = stand.load()
    stand.devices["a"].plugged = True
    stale = [stand.tick().circuits["grid"].stale for _ in range(60)]
    assert any(stale)
    frozen = None
    stand.run(30)
    assert not stand.is_stale()


def test_sr10_a_small_step_need_not_show() -> None:
    answers = Answers(2.0, 0.5)
    answers.measure(-9.0, 10.0)
    answers.order(1.0, 6.0)
    answers.draw(2.0, 8.9, at_once)
    answers.measure(30.0, 10.0)
    assert not answers.stuck
    answers.draw(31.0, 9.0, at_once)
    stuck = []
    for at_s, value_a in ((36.0, 10.0), (37.0, 10.0), (38.0, 11.0)):
        answers.measure(at_s, value_a)
        stuck.append(answers.stuck)
    assert stuck == [False, True, False]


def test_sr10_a_step_that_was_shown_before_its_device_told_of_it_is_answered() -> None:
    # The meter fell at once when a car stopped; the station tells it 8 s later, after another order.
    answers = Answers(2.0, 1.0)
    answers.measure(0.0, 16.0)
    answers.measure(10.0, 10.0)
    answers.order(12.0, 16.0)
    answers.draw(18.0, 10.0, lambda _ordered_s: 8.0)
    for at_s in range(18, 60):
        answers.measure(float(at_s), 10.0)
        assert not answers.stuck
    # One that does not move for a step that it cannot have shown before does not answer.
    answers.order(60.0, 10.0)
    answers.draw(65.0, 4.0, lambda _ordered_s: 58.0)
    answers.measure(71.0, 10.0)
    assert answers.stuck


def test_sr10_a_meter_of_whole_amperes_is_trusted_though_stations_tell_their_draw_late() -> None:
    stand = Stand(
        *(member(name, circuit="grid") for name in "abc"),
        circuits=(circuit(40.0, resolution_a=1.0),),
        other_a=4.0,
    )
    stand.silent.update("abc")
    stale = []
    for second in range(900):
        for number, name in enumerate("abc"):
            device = stand.devices[name]
            if (second + 3 * number) % 10 == 0:
                stand.controller.observe_member(device.report(stand.now))
            if (second + 40 * number) % 120 == 0:
                device.plugged = not device.plugged
        stale.append(stand.tick().circuits["grid"].stale)
    assert not any(stale[5:])


def test_sr10_what_came_and_went_while_a_meter_was_silent_needs_no_answer() -> None:
    stand = Stand(member("a", fail_safe_a=6.0), other_a=5.0)
    stand.devices["a"].plugged = False
    stand.run(60)
    stand.meter_silent.add("grid")
    stand.devices["a"].plugged = True
    stand.run(150)
    assert stand.devices["a"].draw_a == 6.0
    stand.controller.wish("a", MemberWishes(mode=Mode.OFF))
    stand.run(10)
    assert stand.devices["a"].draw_a == 0.0
    stand.meter_silent.clear()
    stale = [stand.tick().circuits["grid"].stale for _ in range(60)]
    # It shows the 5 A of before, and rightly so; its first value does not count as fresh.
    assert not any(stale[2:])


def test_sr10_a_step_that_never_came_is_forgotten() -> None:
    answers = Answers(2.0, 0.5)
    answers.measure(0.0, 10.0)
    answers.order(1.0, 6.0)
    answers.draw(200.0, 12.0, at_once)
    answers.measure(300.0, 10.0)
    assert not answers.stuck
    assert not answers.waits


def test_sr10_a_step_that_the_meter_may_have_shown_hides_no_later_one() -> None:
    """The meter moved after an order that nobody followed, froze, and owes the next its answer."""
    answers = Answers(2.0, 0.5)
    answers.measure(0.0, 10.0)
    answers.order(1.0, 6.0)
    answers.measure(5.0, 12.0)
    answers.order(30.0, 6.0)
    answers.draw(33.0, 12.0, lambda ordered_s: ordered_s)
    stuck = []
    for at_s in (36.0, 38.0, 40.0):
        answers.measure(at_s, 12.0)
        stuck.append(answers.stuck)
    assert stuck == [False, False, True]


def learned_lag(*measured: tuple[float, float], told_s: float, turns: int = 5) -> float:
    """Return the lag that answers teach: a step of 6 A, ordered after a second.

    Args:
        measured: When in each turn the meter tells which amps; it starts with 10 A.
        told_s: When the members tell of the step.
        turns: How often it goes like this.
    """
    answers = Answers(2.0, 0.5)
    news = sorted([(told_s, None), *measured], key=lambda one: one[0])
    for start in range(0, 100 * turns, 100):
        answers.measure(start, 10.0)
        answers.order(start + 1.0, 6.0)
        for at_s, value_a in news:
            if value_a is None:
                answers.draw(start + at_s, 12.0, at_once)
            else:
                answers.measure(start + at_s, value_a)
    return answers.lag_s


def test_sr9_the_lag_is_learned_from_answers() -> None:
    # The value 3 s after the step was seen did not show it yet, the one after 4 s did.
    assert learned_lag((6.0, 10.0), (7.0, 16.0), told_s=3.0) == 3.0


def test_sr9_two_answers_are_too_few_to_learn_a_lag_from() -> None:
    """A load of the house that switches in the right moment looks like a late answer."""
    late = (8.0, 10.0), (8.5, 16.0)
    assert learned_lag(*late, told_s=3.0, turns=2) == 2.0
    assert learned_lag(*late, told_s=3.0, turns=3) == 5.0


def test_sr9_what_the_meter_showed_before_the_samples_did_teaches_no_lag() -> None:
    """The step was there already, and what comes later the same way is somebody else's."""
    assert learned_lag((3.0, 16.0), (14.0, 16.0), (15.0, 20.0), told_s=7.0) == 2.0


def test_sr9_a_step_that_was_told_late_makes_no_lag_shorter() -> None:
    """The car followed at once, its charger told so 5 s later: the meter was not early."""
    assert learned_lag((5.0, 10.0), (6.5, 16.0), told_s=6.0) == 2.0


def test_sr9_a_slow_rhythm_is_no_lag() -> None:
    assert learned_lag((10.0, 16.0), told_s=3.0) == 2.0


def test_sr9_what_others_switch_teaches_no_lag() -> None:
    assert learned_lag((8.0, 10.0), (9.0, 9.0), told_s=3.0) == 2.0


def test_sr10_silence_of_everybody_is_a_jump_of_the_clock() -> None:
    stand = Stand(member("a", fail_safe_a=6.0), other_a=5.0)
    stand.run(120)
    stand.now += timedelta(hours=2)
    decision = stand.decide()
    assert decision.circuits["grid"].stale
    assert stand.granted() == 6.0
    stand.run(60)
    assert stand.granted() == 16.0


def test_sr10_time_never_runs_backwards() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(120)
    before = stand.decision
    decision = stand.controller.decide(stand.now - timedelta(hours=1))
    assert decision.decided_at == before.decided_at
    assert decision.members["a"].granted_a == 16.0


def test_sr10_meters_without_a_phase_are_incomplete() -> None:
    stand = Stand(member("a", fail_safe_a=6.0), other_a=5.0)
    stand.run(120)
    stand.meter_silent.add("grid")
    for _ in range(10):
        stand.controller.observe_meter(
            MeterReport(
                circuit="grid",
                current_a=Reading(value=PerPhase(5.0, None, 5.0), arrived_at=stand.now),
            )
        )
        stand.tick()
    assert stand.granted() == 6.0
    assert stand.controller.refused["meter_current"] == 10


def test_sr10_without_a_meter_the_reserve_stands_for_it() -> None:
    stand = Stand(member("a"), circuits=(circuit(25.0, metered=False),))
    stand.run(60)
    # Half of 25 A is kept for others.
    assert stand.granted() == 12.0
    assert not stand.is_stale()
    assert [o.kind for o in stand.orders(10)] in ([], [OrderKind.RENEW])
