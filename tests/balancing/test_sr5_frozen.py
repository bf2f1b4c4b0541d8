"""SR-5: what devices without a watchdog keep when the pool dies fits beside all else."""

import pytest

from custom_components.ev_charger_pool.balancing.contract import ProblemKind
from custom_components.ev_charger_pool.pool.reasons import ReasonKind

from .stand import Stand, circuit, member


def test_sr5_grants_without_a_lease_leave_room_for_fail_safes_and_others() -> None:
    stand = Stand(
        member("a", lease=None),
        member("b", fail_safe_a=6.0),
        circuits=(circuit(25.0, other_load_max_a=9.0),),
        other_a=2.0,
    )
    stand.run(120)
    # 25 - 9 reserved - 6 of the other's fail-safe.
    assert stand.granted("a") == 10.0
    assert stand.decision.members["a"].limited_by.kind is ReasonKind.LEASE


def test_sr5_several_share_the_room() -> None:
    stand = Stand(
        member("a", lease=None),
        member("b", lease=None),
        circuits=(circuit(25.0, other_load_max_a=5.0),),
        other_a=2.0,
    )
    stand.run(200)
    assert stand.granted("a") + stand.granted("b") == 20.0
    assert abs(stand.granted("a") - stand.granted("b")) <= 1.0


def test_sr5_who_comes_later_gets_room_from_who_is_there() -> None:
    stand = Stand(
        member("a", lease=None),
        member("b", lease=None),
        circuits=(circuit(25.0, other_load_max_a=9.0),),
        other_a=2.0,
    )
    stand.devices["b"].plugged = False
    stand.run(120)
    assert stand.granted("a") == 16.0
    stand.devices["b"].plugged = True
    for _ in range(200):
        decision = stand.tick()
        frozen = sum(decision.members[name].granted_a for name in "ab")
        assert frozen + 9.0 <= 25.0
    assert (stand.granted("a"), stand.granted("b")) == (8.0, 8.0)


def test_sr5_the_cap_is_lifted_by_a_recorded_choice_and_told() -> None:
    stand = Stand(
        member("a", lease=None, may_freeze=True),
        circuits=(circuit(25.0, other_load_max_a=20.0),),
        other_a=2.0,
    )
    stand.run(120)
    assert stand.granted("a") == 16.0
    assert stand.problems() == {ProblemKind.NO_WATCHDOG: "a"}


def test_sr5_where_nothing_fits_it_pauses() -> None:
    stand = Stand(
        member("a", lease=None),
        circuits=(circuit(25.0, other_load_max_a=22.0),),
        other_a=2.0,
    )
    stand.run(120)
    assert stand.granted("a") == 0.0
    assert stand.decision.members["a"].limited_by.kind is ReasonKind.LEASE


@pytest.mark.parametrize("other_a", [0.0, 6.0, 12.0])
def test_sr5_the_fuse_binds_beside_the_cap(other_a: float) -> None:
    stand = Stand(
        member("a", lease=None, max_current_a=32.0),
        circuits=(circuit(25.0, other_load_max_a=5.0),),
        other_a=other_a,
    )
    stand.run(120)
    assert stand.granted("a") == min(20.0, int(24.5 - other_a))
