"""SR-6: devices that draw more than they may, or refuse to be told."""

from datetime import timedelta

import pytest

from custom_components.ev_charger_pool.balancing.conduct import WriteCredit
from custom_components.ev_charger_pool.balancing.contract import ProblemKind
from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.limits import Limit, LimitUnit
from custom_components.ev_charger_pool.pool.members import MemberWishes, Mode, OrderKind
from custom_components.ev_charger_pool.pool.reasons import ReasonKind

from .stand import Stand, circuit, member


def disobedient(other_a: float = 15.0, **changes: object) -> Stand:
    """A car at 16 A that ignores from now on, and a house that needs its amps."""
    stand = Stand(member("a", **changes), other_a=5.0)
    stand.run(120)
    assert stand.granted() == 16.0
    stand.devices["a"].obeys = False
    stand.set_other(other_a)
    return stand


def kinds(stand: Stand, seconds: int) -> list[tuple[int, OrderKind, float]]:
    return [
        (second, order.kind, order.grant.current_a)
        for second in range(seconds)
        for order in stand.tick().orders
        if order.kind is not OrderKind.RENEW
    ]


def test_sr6_the_ladder_is_climbed_at_its_times() -> None:
    found = kinds(disobedient(), 70)
    assert [(kind, amps) for _, kind, amps in found] == [
        (OrderKind.SET, 10.0),
        (OrderKind.SET, 10.0),
        (OrderKind.SET, 0.0),
        (OrderKind.STOP, 0.0),
        (OrderKind.DISABLE, 0.0),
    ]
    # S = 12 s: send again, 2 S: pause, 3 S: stop, 60 s: make inoperative.
    assert [second for second, *_ in found] == pytest.approx([0, 13, 25, 37, 61], abs=1)


def test_sr6_slower_devices_have_steps_of_their_own_settle_time() -> None:

    found = kinds(disobedient(settle=timedelta(seconds=20)), 110)
    assert [second for second, *_ in found] == pytest.approx([0, 21, 41, 61, 101], abs=1)


def test_sr6_the_repair_is_raised_and_the_ceiling_committed() -> None:
    stand = disobedient(max_current_a=16.0)
    stand.run(70)
    assert stand.problems()[ProblemKind.MEMBER_IGNORES] == "a"
    status = stand.decision.members["a"]
    assert status.ignoring
    assert status.limited_by.kind is ReasonKind.IGNORED
    assert status.commitment_a >= 16.0


def test_sr6_others_give_way_for_what_it_draws() -> None:
    stand = Stand(member("a"), member("b"), other_a=1.0)
    stand.run(200)
    assert stand.granted("a") + stand.granted("b") > 20.0
    stand.devices["a"].obeys = False
    stand.set_other(8.0)
    stand.run(30)
    draw_a = stand.devices["a"].draw_a
    assert 8.0 + draw_a + stand.granted("b") <= 25.0


def test_sr6_who_obeys_at_last_is_left_in_peace() -> None:
    stand = disobedient()
    stand.run(20)
    stand.devices["a"].obeys = True
    stand.devices["a"].told_a = 10.0
    found = kinds(stand, 60)
    assert [kind for _, kind, _ in found if kind is not OrderKind.SET] == []
    assert not stand.decision.members["a"].ignoring


def test_sr6_one_amp_or_5_percent_is_no_disobedience() -> None:
    stand = disobedient()
    stand.tick()
    assert stand.granted() == 10.0
    stand.devices["a"].draw_a = 10.9
    # The fuse has room for what it draws, else it would be told less for that.
    stand.set_other(13.0)
    assert kinds(stand, 60) == []
    stand.devices["a"].draw_a = 11.1
    assert [kind for _, kind, _ in kinds(stand, 30)] == [OrderKind.SET, OrderKind.SET]


def test_sr6_a_refused_reduction_starts_at_a_pause() -> None:
    stand = disobedient()
    stand.devices["a"].answer = ActionResult.REJECTED
    found = kinds(stand, 5)
    assert [(kind, amps) for _, kind, amps in found[:2]] == [
        (OrderKind.SET, 10.0),
        (OrderKind.SET, 0.0),
    ]
    assert found[1][0] - found[0][0] == 1


def test_sr6_a_new_car_starts_with_a_clean_slate() -> None:
    stand = disobedient()
    stand.run(40)
    device = stand.devices["a"]
    device.obeys, device.plugged, device.told_a, device.draw_a = True, False, 0.0, 0.0
    stand.run(30)
    device.plugged, device.session = True, "two"
    stand.set_other(5.0)
    stand.run(120)
    assert stand.granted() == 16.0


def test_sr6_raises_leave_five_writes_of_credit() -> None:
    credit = WriteCredit()
    for _ in range(54):
        credit.spend(0.0)
    assert credit.allows_raise(0.0)
    credit.spend(0.0)
    assert not credit.allows_raise(0.0)
    # One more every ten seconds.
    assert not credit.allows_raise(9.0)
    assert credit.allows_raise(10.0)


def test_sr6_the_credit_is_no_more_than_a_burst() -> None:
    credit = WriteCredit()
    credit.spend(0.0)
    for _ in range(54):
        credit.spend(100_000.0)
    assert credit.allows_raise(100_000.0)
    credit.spend(100_000.0)
    assert not credit.allows_raise(100_000.0)


def test_sr6_a_refused_raise_is_not_repeated_at_once() -> None:
    stand = Stand(member("a"), other_a=15.0)
    stand.run(120)
    stand.devices["a"].answer = ActionResult.REJECTED
    stand.set_other(5.0)
    raises = [second for second, _, amps in kinds(stand, 200) if amps > 9.0]
    assert len(raises) >= 2
    assert raises[1] - raises[0] >= 60


def busy(device_of_b: str) -> Stand:
    """Two connectors; one of them is written to every second until its device is tired."""
    stand = Stand(
        member("a", device="one", step_a=0.1),
        member("b", device=device_of_b),
        circuits=(circuit(100.0),),
    )
    stand.run(60)
    stand.devices["a"].ramp_s = 0.0
    stand.controller.wish("b", MemberWishes(mode=Mode.OFF))
    for turn in range(70):
        stand.controller.set_limits(
            [
                Limit(
                    id="x",
                    source=ReasonKind.USER,
                    value=15.0 - turn / 10.0,
                    unit=LimitUnit.CURRENT,
                    member="a",
                )
            ]
        )
        stand.tick()
    stand.controller.wish("b", MemberWishes(mode=Mode.FAST))
    stand.run(2)
    return stand


def test_sr6_what_one_connector_is_told_its_station_has_to_take() -> None:
    assert busy("one").reason("b") is ReasonKind.WRITE_BUDGET
    assert busy("two").reason("b") is not ReasonKind.WRITE_BUDGET
