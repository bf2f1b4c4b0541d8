"""SR-9: what others may take at worst, when members were raised and nobody knows who followed."""

from custom_components.ev_charger_pool.balancing.estimator import OtherLoad, Range
from custom_components.ev_charger_pool.balancing.samples import Samples
from custom_components.ev_charger_pool.balancing.wiring import Lanes

from .stand import Stand, circuit, member


def lanes(amps: float) -> Lanes:
    return (amps, amps, amps, amps * 690.0)


def every_ten_seconds(stand: Stand, seconds: int) -> None:
    """Run with a meter that speaks every 10 s."""
    for _ in range(seconds):
        stand.meter_silent = {"grid"} if (stand.now.second + 1) % 10 else set()
        stand.tick()


def test_sr9_the_worst_is_what_samples_leave_to_others() -> None:
    other = OtherLoad(0.1, 230.0)
    moving = Range(least=lanes(6.0), most=lanes(16.0), allowed=lanes(16.0), seen=lanes(7.0))
    other.update(0.0, lanes(20.0), moving)
    other.update(1.0, lanes(24.0), moving)
    assert other.worst is not None
    assert other.worst[0] == 17.0
    # The estimate that cuts count with still lets the members have made the rise.
    assert other.now is not None
    assert other.now[0] == 8.0


def test_sr9_samples_around_a_time_begin_with_what_was_known() -> None:
    samples = Samples()
    assert samples.around(10.0, 3.0) is None
    for at_s, drawn_a in ((0.0, 6.0), (5.0, 8.0), (9.0, 10.0), (12.0, 12.0), (20.0, 16.0)):
        samples.add(at_s, lanes(drawn_a))
    assert samples.around(10.0, 3.0) == (lanes(8.0), lanes(12.0))
    assert samples.around(20.0, 3.0) == (lanes(12.0), lanes(16.0))
    assert samples.around(-5.0, 3.0) is None


def test_sr9_with_a_slow_meter_one_cut_ends_what_rose_during_a_raise() -> None:
    """What rises while members are raised is cut with the first reading that shows too much."""
    stand = Stand(member("a"), circuits=(circuit(25.0),), other_a=17.0)
    every_ten_seconds(stand, 200)
    before_a = stand.granted()
    # The car takes little of what it is given, so that its raise could hide a rise of others.
    stand.devices["a"].wants_a = before_a + 1.0
    stand.set_other(9.0)
    while stand.granted() <= before_a:
        every_ten_seconds(stand, 1)
    stand.set_other(18.0)
    every_ten_seconds(stand, 10)
    assert stand.load()[0] > 25.0
    every_ten_seconds(stand, 10)
    assert stand.load()[0] <= 25.0


def test_sr9_who_went_away_hides_nothing_from_a_raise() -> None:
    """A device that is gone may draw nothing: what flows may all be others'."""
    stand = Stand(member("a"), member("b"), circuits=(circuit(32.0),), other_a=2.0)
    stand.devices["b"].plugged = False
    stand.run(120)
    stand.devices["b"].plugged = True
    stand.run(60)
    gone = stand.devices["a"]
    told_a = stand.granted("a")
    assert told_a > 6.0
    # It starts anew: out of reach and without any draw, while others take as much as it did.
    gone.online = False
    gone.wants_a = 0.0
    stand.set_other(2.0 + told_a)
    stand.run(3)
    assert stand.decision.circuits["grid"].available_a.l1 <= 32.0 - stand.load()[0]
