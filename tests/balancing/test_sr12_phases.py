"""SR-12: the phases that a car really uses, learned from its currents."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.balancing.phases import PhaseLearner
from custom_components.ev_charger_pool.pool.limits import Limit, LimitUnit
from custom_components.ev_charger_pool.pool.quantities import PHASES, Phase
from custom_components.ev_charger_pool.pool.reasons import ReasonKind

from .stand import Stand, circuit, member


def draw(l1: float, l2: float, l3: float) -> tuple[float, float, float, float]:
    return (l1, l2, l3, 230.0 * (l1 + l2 + l3))


def learned(*draws: tuple[float, float, float], seconds: float = 60.0) -> PhaseLearner:
    learner = PhaseLearner((0, 1, 2))
    for index, amps in enumerate(draws):
        learner.take(index * seconds, draw(*amps))
    return learner


def test_sr12_60_s_of_a_clear_pattern() -> None:
    learner = PhaseLearner((0, 1, 2))
    learner.take(0.0, draw(10.0, 0.0, 0.4))
    changes = [learner.take(at_s, draw(10.0, 0.0, 0.4)) for at_s in (59.9, 60.0)]
    assert changes == [False, True]
    assert learner.used == (0,)


@pytest.mark.parametrize("amps", [(4.9, 0.0, 0.0), (10.0, 0.5, 0.0), (10.0, 3.0, 0.0), (0.0,) * 3])
def test_sr12_5_a_on_used_and_less_than_half_an_amp_on_unused_phases(
    amps: tuple[float, float, float],
) -> None:
    assert learned(amps, amps, amps).learned is None


def test_sr12_a_broken_pattern_starts_anew() -> None:
    one, two = (10.0, 0.0, 0.0), (10.0, 10.0, 0.0)
    assert learned(one, two, one, two).learned is None
    assert learned(one, (0.0, 0.0, 0.0), one).learned is None
    assert learned(one, two, two).learned == (0, 1)


def test_sr12_a_draw_elsewhere_voids_what_was_learned() -> None:
    learner = learned((10.0, 0.0, 0.0), (10.0, 0.0, 0.0))
    assert learner.learned == (0,)
    assert learner.take(121.0, draw(10.0, 0.6, 0.0))
    assert learner.used == (0, 1, 2)


@given(st.lists(st.tuples(*[st.sampled_from([0.0, 0.3, 0.7, 4.0, 6.0, 16.0])] * 3), min_size=1))
def test_sr12_a_phase_that_is_drawn_from_is_always_counted(
    draws: list[tuple[float, float, float]],
) -> None:
    learner = PhaseLearner((0, 1, 2))
    for index, amps in enumerate(draws):
        learner.take(index * 30.0, draw(*amps))
        assert all(amps[p] < 0.5 for p in range(3) if p not in learner.used)


# Through the controller


def one_phase_car(**changes: object) -> Stand:
    stand = Stand(member("a", **changes), other_a=5.0)
    stand.devices["a"].car_phases = (0,)
    stand.run(120)
    return stand


def test_sr12_a_one_phase_car_costs_its_phase_only() -> None:
    stand = one_phase_car(phases=(Phase.L2, Phase.L3, Phase.L1))
    status = stand.decision.members["a"]
    assert status.used_phases == {Phase.L2}
    committed = stand.decision.circuits["grid"].committed_a
    assert (committed.l1, committed.l2, committed.l3) == (0.0, 16.5, 0.0)


def test_sr12_until_it_is_learned_all_phases_count() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.devices["a"].car_phases = (0,)
    stand.run(60)
    assert stand.granted() == 16.0
    assert stand.decision.members["a"].used_phases == set(PHASES)
    assert stand.decision.circuits["grid"].committed_a.l3 == 16.0


def test_sr12_void_after_a_resume() -> None:
    stand = one_phase_car()
    assert stand.decision.members["a"].used_phases == {Phase.L1}
    stand.set_other(24.0)
    stand.run(30)
    assert stand.granted() == 0.0
    assert stand.decision.members["a"].used_phases == set(PHASES)
    stand.set_other(5.0)
    stand.run(330)
    assert stand.granted() == 16.0
    assert stand.decision.members["a"].used_phases == set(PHASES)


def test_sr12_another_session_is_another_car() -> None:
    stand = one_phase_car()
    stand.devices["a"].session = "two"
    stand.tick()
    assert stand.decision.members["a"].used_phases == set(PHASES)


def test_sr12_three_one_phase_cars_share_the_phases() -> None:
    phases = [(Phase.L1, Phase.L2, Phase.L3), (Phase.L2, Phase.L3, Phase.L1)]
    stand = Stand(
        *(member(f"m{i}", phases=wired) for i, wired in enumerate(phases)),
        circuits=(circuit(20.0),),
        other_a=2.0,
    )
    for device in stand.devices.values():
        device.car_phases = (0,)
    stand.run(300)
    assert [stand.granted(f"m{i}") for i in range(2)] == [16.0, 16.0]
    assert max(stand.load()) <= 20.0


@pytest.mark.parametrize(
    ("watts", "car_phases", "expected_a"),
    [(4_140.0, (0, 1, 2), 6.0), (4_140.0, (0,), 6.0), (11_040.0, (0, 1, 2), 16.0)],
)
def test_sr12_a_limit_in_watts_holds_however_many_phases_the_car_uses(
    watts: float, car_phases: tuple[int, ...], expected_a: float
) -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.devices["a"].car_phases = car_phases
    stand.controller.set_limits(
        [Limit(id="w", source=ReasonKind.USER, value=watts, unit=LimitUnit.POWER, member="a")]
    )
    stand.run(60)
    assert stand.granted() == expected_a
    # Once it is learned that one phase is used, that may take all of it.
    stand.run(120)
    drawn_w = sum(stand.devices["a"].flow()) * 230.0
    assert drawn_w <= watts
    assert stand.granted() == (16.0 if len(car_phases) == 1 else expected_a)
