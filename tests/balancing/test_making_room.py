"""Whoever waits and fits is let in: no plan counts on what nobody can have."""

import pytest

from custom_components.ev_charger_pool.pool.reasons import ReasonKind

from .stand import Stand, member


def test_a_fraction_of_an_amp_is_given_where_somebody_else_could_start_with_it() -> None:
    stand = Stand(member("a", max_current_a=6.4, step_a=0.1), member("b"), other_a=11.9)
    stand.devices["b"].plugged = False
    stand.run(60)
    assert stand.granted("a") == 6.4
    # 12.6 A are left. With its 6.4 A, the first is counted with 6.9 A: 5.7 A are no minimum.
    stand.devices["b"].plugged = True
    stand.run(120)
    assert 6.0 <= stand.granted("a") < 6.4
    assert stand.granted("b") == 6.0


def test_nobody_is_trimmed_by_less_than_an_amp_for_those_who_run_already() -> None:
    stand = Stand(member("a", max_current_a=8.4, step_a=0.1), member("b"), other_a=8.5)
    stand.devices["b"].plugged = False
    stand.run(60)
    assert stand.granted("a") == 8.4
    stand.devices["b"].plugged = True
    stand.run(120)
    # 8.0 A each would be fair, and is not worth a write.
    assert (stand.granted("a"), stand.granted("b")) == (8.4, 7.0)


@pytest.mark.parametrize("last", ["a", "b", "c"])
def test_who_keeps_its_fail_safe_current_in_a_pause_is_not_chosen_to_pause(last: str) -> None:
    stand = Stand(member("a", fail_safe_a=6.0), member("b"), member("c"), other_a=11.0)
    stand.devices[last].plugged = False
    stand.run(90)
    stand.devices[last].plugged = True
    # A run lasts 10 min: after that there was time for every change.
    stand.run(780)
    running = {name for name in "abc" if stand.granted(name) >= 6.0}
    assert len(running) == 2
    assert "a" in running


def beside_a_margin() -> Stand:
    """Two cars where 13.25 A are left for them: two minimums, or one with a little more."""
    stand = Stand(*(member(f"m{i}", max_current_a=32.0) for i in range(2)), other_a=-25.0)
    stand.generation_w = 30.0 * 3 * 230.0
    return stand


def test_every_minimum_comes_before_any_surplus() -> None:
    """Who runs is not raised again and again while somebody else could start with as much."""
    stand = beside_a_margin()
    stand.run(100)
    assert (stand.granted("m0"), stand.granted("m1")) == (6.0, 6.0)


def test_who_cannot_have_more_once_all_has_settled_is_told_what_binds() -> None:
    stand = beside_a_margin()
    stand.run(200)
    assert stand.reason("m0") is ReasonKind.GENERATION
