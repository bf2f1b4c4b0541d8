"""SR-6: who does not measure gives way as well when a neighbour ignores its orders."""

from .stand import Stand, circuit, member


def test_sr6_a_member_that_does_not_measure_makes_room_for_one_that_ignores() -> None:
    """Nobody sees the silent one settle, but it can be told: it is no reason to do nothing."""
    stand = Stand(
        member("a", circuit="c"),
        member("b", circuit="c", measures_current=False),
        circuits=(
            circuit(63.0),
            circuit(20.0, name="c", parent="grid", metered=False, other_load_max_a=0.0),
        ),
        other_a=1.0,
    )
    stand.devices["b"].measures = False
    stand.devices["b"].plugged = False
    stand.run(120)
    assert stand.granted("a") == 16.0
    stand.devices["b"].plugged = True
    stand.run(200)
    assert stand.granted("b") >= 6.0
    stand.devices["a"].obeys = False
    stand.devices["a"].draw_a = 16.0
    stand.run(120)
    assert stand.granted("b") == 0.0
    assert stand.load("c")[0] <= 20.0
