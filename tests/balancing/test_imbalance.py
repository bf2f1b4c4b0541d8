"""The difference between phases stays within its limit, by members that load them unevenly."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.balancing.imbalance import (
    MARGIN_A,
    Claim,
    Others,
    balance_of,
    share,
)
from custom_components.ev_charger_pool.pool.circuits import MeterReport
from custom_components.ev_charger_pool.pool.members import MemberWishes, Mode, Priority
from custom_components.ev_charger_pool.pool.quantities import PerPhase, Phase
from custom_components.ev_charger_pool.pool.readings import Reading
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.pool.schedules import Schedule, Slot

from .stand import Stand, circuit, member
from .test_sr13_supplies import PER_AMP, supply

GRID = (replace(circuit(35.0), imbalance_a=20.0),)
L1, L2, L3 = (Phase.L1,), (Phase.L2,), (Phase.L3,)


def two_on(phases: tuple[Phase, ...]) -> Stand:
    """Return a stand whose members a and b are wired to the same phase."""
    return Stand(
        member(phases=phases, max_current_a=32.0),
        member("b", phases=phases, max_current_a=32.0),
        circuits=GRID,
        other_a=2.0,
    )


def spread_a(stand: Stand) -> float:
    load = stand.load()
    return max(load) - min(load)


@st.composite
def claims(draw: st.DrawFn) -> list[Claim]:
    return [
        Claim(
            member=str(number),
            phases=draw(st.sampled_from([(0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)])),
            least_a=6.0,
            most_a=draw(st.floats(0.0, 32.0)),
        )
        for number in range(draw(st.integers(0, 6)))
    ]


@given(rooms=st.tuples(*[st.floats(-10.0, 40.0)] * 3), asked=claims())
def test_no_phase_gets_more_than_its_room(
    rooms: tuple[float, float, float], asked: list[Claim]
) -> None:
    found = share(rooms, asked)
    for phase, room in enumerate(rooms):
        taken = sum(found[claim.member] for claim in asked if phase in claim.phases)
        assert taken <= max(0.0, room) + 1e-4
    for claim in asked:
        given_a = found[claim.member]
        assert given_a == 0.0 or claim.least_a - 1e-6 <= given_a <= claim.most_a + 1e-6


def test_all_that_run_grow_alike() -> None:
    asked = [
        Claim(member="a", phases=(0,), least_a=6.0, most_a=32.0),
        Claim(member="b", phases=(0,), least_a=6.0, most_a=32.0),
        Claim(member="c", phases=(0, 1), least_a=6.0, most_a=32.0),
    ]
    assert share((20.0, 20.0, 20.0), asked) == pytest.approx(
        {"a": 20 / 3, "b": 20 / 3, "c": 20 / 3}
    )
    assert share((15.0, 20.0, 20.0), asked) == pytest.approx({"a": 7.5, "b": 7.5, "c": 0.0})


def test_one_phase_may_be_so_much_above_the_least() -> None:
    stand = Stand(member(phases=L1, max_current_a=32.0), circuits=GRID, other_a=3.0)
    stand.run(120)
    assert 18.0 <= stand.granted() <= 20.0
    assert spread_a(stand) <= 20.0
    assert stand.reason() is ReasonKind.IMBALANCE


def test_three_phases_alike_are_bound_by_the_fuse_alone() -> None:
    stand = Stand(member(max_current_a=32.0), circuits=GRID, other_a=3.0)
    stand.run(300)
    assert stand.granted() > 25.0


def test_a_car_on_one_phase_of_three_is_known_after_a_while() -> None:
    """What uses one of three phases is held to the limit from its start on."""
    stand = Stand(member(max_current_a=32.0), circuits=GRID, other_a=3.0)
    stand.devices["a"].car_phases = (0,)
    for _ in range(300):
        stand.tick()
        assert spread_a(stand) <= 20.0
    assert stand.granted() > 15.0


def test_two_on_one_phase_share_it() -> None:
    stand = two_on(L2)
    stand.run(200)
    assert spread_a(stand) <= 20.0
    assert stand.granted("a") == pytest.approx(stand.granted("b"), abs=1.0)
    assert stand.granted("a") + stand.granted("b") >= 17.0


def test_a_house_that_leans_the_other_way_cuts() -> None:
    stand = Stand(member(phases=L1, max_current_a=32.0), circuits=GRID, other_a=3.0)
    stand.run(120)
    stand.set_other((9.0, 3.0, 3.0))
    stand.run(20)
    assert spread_a(stand) <= 20.0
    assert 6.0 <= stand.granted() <= 14.0


def test_a_house_beyond_the_limit_alone_cuts_nobody_and_lets_nobody_rise() -> None:
    stand = Stand(
        member(phases=L1, max_current_a=10.0),
        member("b", phases=L1, max_current_a=10.0),
        circuits=GRID,
        other_a=3.0,
    )
    stand.devices["b"].plugged = False
    stand.run(60)
    had_a = stand.granted()
    assert had_a == 10.0
    stand.set_other((25.0, 3.0, 3.0))
    stand.run(2)
    stand.devices["b"].plugged = True
    stand.run(90)
    assert stand.granted() == had_a
    assert stand.granted("b") == 0.0


def test_members_that_are_switched_off_claim_nothing() -> None:
    asleep = member("b", phases=L1, max_current_a=32.0)
    stand = Stand(member(phases=L1, max_current_a=32.0), asleep, circuits=GRID, other_a=3.0)
    stand.devices["b"].plugged = False
    stand.run(120)
    assert stand.granted() >= 18.0


def test_without_a_meter_the_worst_is_taken() -> None:
    """Half of the fuse may be on one phase: that leaves 20 - 17.5 A, too little to run with."""
    unmetered = (replace(circuit(35.0, metered=False), imbalance_a=20.0),)
    stand = Stand(member(phases=L1), circuits=unmetered)
    stand.run(60)
    assert stand.granted() == 0.0
    known = (replace(circuit(35.0, metered=False, other_load_max_a=2.0), imbalance_a=20.0),)
    stand = Stand(member(phases=L1), circuits=known)
    stand.run(60)
    assert stand.granted() == 16.0


NOBODY = (0.0, 0.0, 0.0)


def others(l1: float, l2: float, l3: float, *, surely_least_a: float = 2.0) -> Others:
    lanes = (l1, l2, l3, 0.0)
    return Others(lanes, lanes, min(l1, l2, l3), surely_least_a)


def test_raises_look_at_a_minute() -> None:
    balance = balance_of(GRID[0], None)
    assert balance is not None
    keep, grow = balance.rooms(others(10.0, 4.0, 2.0), NOBODY, 0.0)
    assert keep == (12.0, 18.0, 20.0)
    assert grow == (12.0 - MARGIN_A, 18.0 - MARGIN_A, 20.0 - MARGIN_A)
    keep, grow = balance.rooms(others(2.0, 4.0, 2.0), NOBODY, 30.0)
    assert keep == (20.0, 18.0, 20.0)
    assert grow[0] == 12.0 - MARGIN_A
    _, grow = balance.rooms(others(2.0, 4.0, 2.0), NOBODY, 100.0)
    assert grow[0] == 20.0 - MARGIN_A


def test_raises_look_at_what_is_on_its_way_and_cuts_do_not() -> None:
    balance = balance_of(GRID[0], None)
    assert balance is not None
    unsure = others(2.0, 2.0, 2.0, surely_least_a=-4.0)._replace(most_a=(2.0, 2.0, 7.0, 0.0))
    keep, grow = balance.rooms(unsure, (0.0, 5.0, 0.0), 0.0)
    assert keep == (20.0, 20.0, 20.0)
    assert grow == (14.0 - MARGIN_A, 9.0 - MARGIN_A, 9.0 - MARGIN_A)


def test_who_goes_down_is_counted_until_that_shows() -> None:
    """What one gives up is the other's only once its draw is gone (down before up)."""
    stand = two_on(L3)
    stand.run(200)
    stand.controller.wish("b", MemberWishes(mode=Mode.OFF))
    slow = stand.devices["b"]
    slow.ramp_s = 8.0
    for _ in range(60):
        stand.tick()
        still_a = slow.draw_a if stand.granted("b") == 0.0 else 0.0
        assert stand.granted("a") + still_a <= 20.0
    assert stand.granted("a") >= 18.0


def test_who_comes_first_waits_until_another_has_made_room() -> None:
    """Only one fits: whose plan begins takes the place by its tier, but not before it is free."""
    stand = Stand(
        member(phases=L3),
        member("b", phases=L3, priority=Priority.HIGH),
        circuits=(replace(circuit(35.0), imbalance_a=10.0),),
        other_a=2.0,
    )
    slot = Slot(
        from_at=stand.now + timedelta(seconds=300),
        until_at=stand.now + timedelta(seconds=3_600),
        power_w=3_000.0,
    )
    stand.controller.set_schedules((Schedule(member="b", slots=(slot,)),))
    stand.controller.wish("b", MemberWishes(mode=Mode.PLAN))
    first = stand.devices["a"]
    first.ramp_s = 6.0
    stand.run(290)
    assert stand.granted() > 6.0
    for _ in range(180):
        stand.tick()
        assert stand.granted("b") + max(stand.granted(), first.draw_a) <= 10.0
    assert stand.granted("b") > 6.0


def test_a_supply_on_one_phase_loads_it_unevenly() -> None:
    on_one = supply(phases=L2, max_current_a=32.0, watts_per_amp=PER_AMP / 3.0)
    stand = Stand(on_one, member(phases=L2), circuits=GRID, other_a=2.0)
    stand.devices["dc"].measures = False
    stand.devices["dc"].change = {"demand_w": 6_000.0}
    for _ in range(240):
        stand.tick()
        assert stand.granted("dc") + stand.granted() <= 20.0
    assert stand.granted("dc") > 4.0


def test_a_supply_on_all_phases_does_not() -> None:
    stand = Stand(supply(max_current_a=32.0), circuits=GRID, other_a=2.0)
    stand.devices["dc"].measures = False
    stand.devices["dc"].change = {"demand_w": 14_000.0}
    stand.run(120)
    assert stand.granted("dc") > 25.0


@pytest.mark.parametrize("phases", [L1, L2, L3])
def test_a_total_may_be_on_any_phase(phases: tuple[Phase, ...]) -> None:
    """A meter that tells no phases may hide all of the house on the car's phase."""

    class Total(Stand):
        def meter(self, name: str = "grid") -> MeterReport:
            total_w = 230.0 * sum(self.load(name))
            reading = Reading(value=total_w, arrived_at=self.now)
            return MeterReport(circuit=name, total_power_w=reading)

    car = member(phases=phases, max_current_a=32.0)
    alone = [0.0, 0.0, 0.0]
    alone[phases[0].position] = 9.0
    stand = Total(car, circuits=GRID, other_a=(alone[0], alone[1], alone[2]))
    for _ in range(240):
        stand.tick()
        assert spread_a(stand) <= 20.0
    assert stand.granted() >= 6.0


def test_a_limit_that_changes_keeps_what_is_known() -> None:
    before = balance_of(GRID[0], None)
    after = balance_of(replace(GRID[0], imbalance_a=10.0), before)
    assert after is before
    assert after is not None
    assert after.limit_a == 10.0
    assert balance_of(replace(GRID[0], imbalance_a=None), before) is None
    one_phase = replace(GRID[0], limit_a=PerPhase(25.0, 0.0, 0.0))
    assert balance_of(one_phase, before) is None
