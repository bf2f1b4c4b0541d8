"""SR-10: meters with a wrong sign, phase or unit are found by the pool's own steps, and told of."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
import math

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.balancing.contract import ProblemKind
from custom_components.ev_charger_pool.balancing.meter_check import (
    LEAST_TURNED_LONG_A,
    Amps,
    Answer,
    answer_of,
    are_swapped,
)
from custom_components.ev_charger_pool.balancing.trust import SUSPECTED_S, Trust
from custom_components.ev_charger_pool.pool.circuits import (
    MeterReport,
    ResourceKind,
    ResourceReport,
)
from custom_components.ev_charger_pool.pool.quantities import PerPhase, Phase
from custom_components.ev_charger_pool.pool.readings import Reading

from .stand import Stand, circuit, member

type Lie = Callable[[Amps], Amps]

L1 = (Phase.L1,)
WRONG = {
    ProblemKind.METER_SIGN_TURNED,
    ProblemKind.METER_PHASES_SWAPPED,
    ProblemKind.METER_UNIT_WRONG,
    ProblemKind.METERS_SWAPPED,
    ProblemKind.BATTERY_SIGN_TURNED,
}


def turned(load: Amps) -> Amps:
    return -load[0], -load[1], -load[2]


def shifted(load: Amps) -> Amps:
    return load[2], load[0], load[1]


def kilowatts(load: Amps) -> Amps:
    return load[0] / 1e3, load[1] / 1e3, load[2] / 1e3


def honest(load: Amps) -> Amps:
    return load


class Lying(Stand):
    """A site whose grid meter tells something else than what flows."""

    lie: staticmethod[[Amps], Amps] = staticmethod(honest)
    lag_s = 0
    every_s = 1
    is_total = False

    def __init__(self, *args: object, **kwargs: object) -> None:
        self.past: list[Amps] = []
        self.shown: MeterReport | None = None
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def meter(self, name: str = "grid") -> MeterReport:
        if name != "grid":
            return super().meter(name)
        self.past.append(self.load())
        seconds = int(
            (self.now - self.decisions[0].decided_at).total_seconds() if self.decisions else 0
        )
        if self.shown is None or seconds % self.every_s == 0:
            load = self.past[max(0, len(self.past) - 1 - self.lag_s)]
            one, two, three = type(self).lie(load)
            noise = self.noise(self.now)
            amps = (one + noise, two + noise, three + noise)
            if self.is_total:
                total = Reading(value=230.0 * sum(amps), arrived_at=self.now)
                self.shown = MeterReport(circuit="grid", total_power_w=total)
            else:
                current = Reading(value=PerPhase[float | None](*amps), arrived_at=self.now)
                self.shown = MeterReport(circuit="grid", current_a=current)
        return self.shown


def lying(lie: Lie, *members: object, other_a: object = 5.0, **kwargs: object) -> Lying:
    made = type("Liar", (Lying,), {"lie": staticmethod(lie)})(
        *(members or (member("a"),)), other_a=other_a, **kwargs
    )
    assert isinstance(made, Lying)
    return made


def wrong(stand: Stand) -> set[str]:
    return {kind for kind in stand.problems() if kind in WRONG}


def test_sr10_a_meter_with_its_sign_turned_is_not_trusted_and_told_of() -> None:
    stand = lying(turned)
    for device in stand.devices.values():
        device.plugged = False
    stand.run(60)
    assert not stand.is_stale()
    stand.devices["a"].plugged = True
    stand.run(90)
    assert wrong(stand) == {ProblemKind.METER_SIGN_TURNED}
    assert stand.problems()[ProblemKind.METER_SIGN_TURNED] == "grid"
    assert ProblemKind.METER_STALE not in stand.problems(), "one message says it all"
    assert stand.is_stale()
    assert stand.granted() == 0.0
    stand.run(1200)
    assert stand.granted() == 0.0, "not flipped, not forgotten"


def test_sr10_a_first_wrong_answer_has_members_step_down() -> None:
    stand = lying(turned, member("a", fail_safe_a=6.0))
    stand.run(31)
    before = stand.granted()
    seen = [stand.tick().circuits["grid"].stale for _ in range(40)]
    assert before == 16.0
    assert any(seen)
    # Its draw, 15 s of calm, and a second.
    assert seen.index(True) <= 20
    stand.run(40)
    assert stand.granted() == 6.0
    assert wrong(stand) == {ProblemKind.METER_SIGN_TURNED}, "its answer to the step down proves it"


def test_sr10_a_meter_that_was_put_right_is_judged_anew() -> None:
    stand = lying(turned)
    stand.run(120)
    assert wrong(stand) == {ProblemKind.METER_SIGN_TURNED}
    type(stand).lie = staticmethod(honest)
    stand.circuits = (replace(stand.circuits[0], meter="with its sign turned"),)
    stand.configure()
    stand.run(400)
    assert wrong(stand) == set()
    assert stand.granted() == 16.0


def test_sr10_a_total_with_its_sign_turned_is_found_as_well() -> None:
    stand = lying(turned)
    stand.is_total = True
    stand.run(150)
    assert wrong(stand) == {ProblemKind.METER_SIGN_TURNED}


def test_sr10_several_waves_are_judged_together() -> None:
    names = ("a", "b", "c")
    stand = lying(turned, *(member(name) for name in names), circuits=(circuit(63.0),))
    stand.run(240)
    assert wrong(stand) == {ProblemKind.METER_SIGN_TURNED}
    assert sum(stand.granted(name) for name in names) == 0.0


def test_sr10_swapped_phases_are_found_by_a_car_on_one_phase() -> None:
    stand = lying(shifted, member("a", phases=L1))
    stand.run(60)
    assert stand.is_stale(), "the phase does not answer"
    stand.run(60)
    # The meter goes on with the house, and the car has its turn again.
    for other_a in (8.0, 4.0, 9.0):
        stand.set_other(other_a)
        stand.run(340)
    assert wrong(stand) == {ProblemKind.METER_PHASES_SWAPPED}
    assert stand.is_stale()
    assert stand.granted() == 0.0


def test_sr10_kilowatts_that_are_told_as_watts_are_found() -> None:
    stand = lying(kilowatts, other_a=20.0)
    for _ in range(5):
        # It stands still by its own word; a source that falls silent for a while is heard anew.
        stand.run(60)
        stand.meter_silent.add("grid")
        stand.run(45)
        stand.meter_silent.clear()
        stand.run(340)
    assert wrong(stand) == {ProblemKind.METER_UNIT_WRONG}
    assert stand.granted() == 0.0


def test_sr10_kilowatts_are_not_suspected_where_something_feeds_the_site() -> None:
    stand = lying(kilowatts, other_a=20.0)
    stand.generation_w = 1_000.0
    for _ in range(5):
        stand.run(60)
        stand.meter_silent.add("grid")
        stand.run(45)
        stand.meter_silent.clear()
        stand.run(340)
    assert wrong(stand) == set()


def test_sr10_the_meters_of_two_circuits_that_were_swapped_are_found() -> None:
    class Swapped(Stand):
        def meter(self, name: str = "grid") -> MeterReport:
            told = super().meter("garage" if name == "grid" else "grid")
            return replace(told, circuit=name)

    stand = Swapped(
        member("in", circuit="garage", fail_safe_a=6.0),
        member("out", fail_safe_a=6.0),
        circuits=(circuit(63.0), circuit(40.0, name="garage", parent="grid")),
        other_a=5.0,
    )
    stand.devices["in"].plugged = False
    for other_a in (5.0, 9.0, 4.0, 8.0):
        stand.set_other(other_a)
        stand.set_other(other_a / 2.0, "garage")
        stand.devices["out"].plugged = False
        stand.run(60)
        stand.devices["out"].plugged = True
        stand.run(340)
    told = {
        problem.subject
        for problem in stand.decision.problems
        if problem.kind is ProblemKind.METERS_SWAPPED
    }
    assert told == {"grid", "garage"}
    assert stand.is_stale()
    assert stand.is_stale("garage")


@pytest.mark.parametrize(("sign", "expected"), [(1.0, set()), (-1.0, {"battery_sign_turned"})])
def test_a_battery_with_its_sign_turned_is_found(sign: float, expected: set[str]) -> None:
    class Home(Stand):
        battery_w = 0.0

        def meter(self, name: str = "grid") -> MeterReport:
            # It gives what cars take, up to 3 kW.
            self.battery_w = -min(3_000.0, 230.0 * sum(self.devices["a"].flow()))
            told = super().meter(name)
            assert told.current_a is not None
            fed_a = self.battery_w / 690.0
            amps = tuple(self.load()[lane] + fed_a for lane in range(3))
            self.controller.observe_resource(
                ResourceReport(
                    id="accu",
                    kind=ResourceKind.BATTERY,
                    power_w=Reading(value=sign * self.battery_w, arrived_at=self.now),
                )
            )
            return replace(told, current_a=replace(told.current_a, value=PerPhase(*amps)))

    stand = Home(member("a"), other_a=5.0)
    for _ in range(3):
        stand.devices["a"].plugged = False
        stand.run(60)
        stand.devices["a"].plugged = True
        stand.run(60)
    assert wrong(stand) == expected
    assert not stand.is_stale(), "fuses do not hang on it"


@pytest.mark.parametrize(
    ("told_w", "is_told_of"), [(6_000.0, False), (6.0, True), (-6_000.0, True)]
)
def test_sun_that_contradicts_the_grid_meter_is_told_of(told_w: float, is_told_of: bool) -> None:
    class Roof(Stand):
        def meter(self, name: str = "grid") -> MeterReport:
            self.controller.observe_resource(
                ResourceReport(
                    id="roof",
                    kind=ResourceKind.SOLAR,
                    power_w=Reading(value=-told_w, arrived_at=self.now),
                )
            )
            return super().meter(name)

    stand = Roof(member("a"), other_a=-6.0)
    stand.devices["a"].plugged = False
    stand.run(90)
    told = [
        problem.subject
        for problem in stand.decision.problems
        if problem.kind is ProblemKind.SOLAR_IMPLAUSIBLE
    ]
    assert told == (["grid"] if is_told_of else [])


@pytest.mark.parametrize("lag_s", [0, 4, 9])
@pytest.mark.parametrize("every_s", [1, 5, 10])
@pytest.mark.parametrize("is_total", [False, True])
def test_sr10_honest_meters_are_not_suspected(lag_s: int, every_s: int, is_total: bool) -> None:
    stand = lying(
        lambda load: (round(load[0]), round(load[1]), round(load[2])),
        member("a"),
        member("b", phases=L1, fail_safe_a=6.0),
        circuits=(circuit(40.0, resolution_a=1.0),),
    )
    stand.lag_s, stand.every_s, stand.is_total = lag_s, every_s, is_total
    stand.noise = lambda now: 0.8 * math.sin(now.timestamp())
    for turn in range(5):
        for device in stand.devices.values():
            device.plugged = False
        stand.set_other((3.0 + turn, 9.0 - turn, 2.0 * turn))
        stand.run(60)
        for device in stand.devices.values():
            device.plugged = True
        stand.run(120)
        assert wrong(stand) == set()


@pytest.mark.parametrize(
    ("drawn_a", "shown_a", "expected"),
    [
        ((16.0, 16.0, 16.0), (15.0, 17.0, 12.0), Answer.RIGHT),
        ((16.0, 16.0, 16.0), (-15.0, -17.0, -14.0), Answer.TURNED),
        ((-16.0, -16.0, -16.0), (15.0, 17.0, 14.0), Answer.TURNED),
        ((16.0, 16.0, 16.0), (-15.0, -17.0, 14.0), Answer.UNCLEAR),
        ((16.0, 0.0, 0.0), (0.5, 15.0, -1.0), Answer.OTHER_PHASE),
        ((16.0, 10.0, 0.0), (10.0, 16.0, 0.0), Answer.UNCLEAR),
        ((16.0, 10.0, 0.0), (0.0, 16.0, 10.0), Answer.OTHER_PHASE),
        ((10.0, 10.0, 10.0), (0.01, 0.009, 0.012), Answer.THOUSANDTH),
        ((10.0, 10.0, 10.0), (0.0, 0.0, 0.0), Answer.UNCLEAR),
        ((5.0, 0.0, 0.0), (-5.0, 0.0, 0.0), Answer.UNCLEAR),
        ((6.5, 0.0, 0.0), (-8.0, 0.0, 0.0), Answer.UNCLEAR),
        ((6.0, 6.0, 0.0), (-6.0, -6.0, 0.0), Answer.TURNED),
        ((2.9, 2.9, 2.9), (-2.9, -2.9, -2.9), Answer.UNCLEAR),
    ],
)
def test_what_an_answer_says(drawn_a: Amps, shown_a: Amps, expected: Answer) -> None:
    assert answer_of(drawn_a, shown_a) is expected


AMPS = st.tuples(*(st.floats(-63.0, 63.0),) * 3)
SMALL = st.tuples(*(st.floats(-1.0, 1.0),) * 3)


@given(AMPS, SMALL)
def test_an_honest_answer_is_never_wrong(drawn_a: Amps, others_a: Amps) -> None:
    one, two, three = (a + b for a, b in zip(drawn_a, others_a, strict=True))
    assert answer_of(drawn_a, (one, two, three)) in (Answer.RIGHT, Answer.UNCLEAR)


@given(AMPS, AMPS, SMALL, SMALL)
def test_honest_meters_are_never_swapped(
    one_a: Amps, other_a: Amps, near_a: Amps, far_a: Amps
) -> None:
    def shown(drawn_a: Amps, others_a: Amps) -> Amps:
        one, two, three = (a + b for a, b in zip(drawn_a, others_a, strict=True))
        return one, two, three

    assert not are_swapped((one_a, other_a), (shown(one_a, near_a), shown(other_a, far_a)))


def test_who_feeds_alike_is_not_swapped() -> None:
    same = (16.0, 16.0, 16.0)
    assert not are_swapped((same, same), (same, same))


def test_several_waves_need_more_to_prove_a_turned_sign() -> None:
    # The house dropped 15.7 A while members were raised by 8.6 A, in the room that it left.
    drawn_a, shown_a = (8.6, 8.5, 8.6), (-7.1, -7.0, -7.2)
    assert answer_of(drawn_a, shown_a) is Answer.TURNED
    assert answer_of(drawn_a, shown_a, LEAST_TURNED_LONG_A) is Answer.UNCLEAR
    exact_a = (-8.5, -8.6, -9.0)
    assert answer_of(drawn_a, exact_a, LEAST_TURNED_LONG_A) is Answer.TURNED


def fault_of(trust: Trust) -> ProblemKind | None:
    return trust.fault


def test_two_answers_in_a_row_make_a_fault_and_two_right_ones_heal_it() -> None:
    trust = Trust()
    trust.vote(ProblemKind.METER_SIGN_TURNED, 0.0)
    assert fault_of(trust) is None
    assert trust.is_doubted(SUSPECTED_S - 1.0)
    assert not trust.is_doubted(SUSPECTED_S)
    trust.vote(None, 100.0)
    trust.vote(ProblemKind.METER_SIGN_TURNED, 200.0)
    assert fault_of(trust) is None, "the one before was right"
    trust.vote(ProblemKind.METER_SIGN_TURNED, 300.0)
    assert fault_of(trust) is ProblemKind.METER_SIGN_TURNED
    assert trust.is_doubted(300.0 + timedelta(days=1).total_seconds())
    trust.vote(None, 400.0)
    assert trust.is_doubted(400.0)
    trust.vote(None, 500.0)
    assert fault_of(trust) is None
    assert not trust.is_doubted(500.0)
