"""SR-9: what others may take at worst, when members were raised and nobody knows who followed."""

from dataclasses import replace
from datetime import datetime

from custom_components.ev_charger_pool.balancing.estimator import OtherLoad, Range
from custom_components.ev_charger_pool.balancing.samples import Samples
from custom_components.ev_charger_pool.balancing.wiring import Lanes
from custom_components.ev_charger_pool.pool.circuits import MeterReport
from custom_components.ev_charger_pool.pool.members import MemberRecord, MemberReport
from custom_components.ev_charger_pool.pool.readings import Reading

from .stand import START, Device, Stand, circuit, member
from .test_sr13_supplies import PER_AMP, supply


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


class EfficientSupply(Device):
    """A supply that takes less on the AC side than its DC power costs with all losses."""

    def report(self, now: datetime) -> MemberReport:
        watts = 1.2 * PER_AMP * self.draw_a
        return replace(super().report(now), power_w=Reading(value=watts, arrived_at=now))


def test_sr9_what_a_supply_takes_is_only_computed_so_a_raise_takes_it_at_its_least() -> None:
    """Its AC side is told at its most; what it takes less than that may be others'."""
    stand = Stand(supply(max_current_a=10.0), circuits=(circuit(40.0),), other_a=15.0)
    device = EfficientSupply(stand.devices["dc"].settings, measures=False, wants_a=7.0)
    device.change = {"demand_w": 10.0 * PER_AMP}
    stand.devices["dc"] = device
    stand.run(60)
    stand.set_other(20.0)
    stand.run(120)
    status = stand.decision.circuits["grid"]
    assert stand.load()[0] == 27.0
    assert status.available_a.l1 <= 40.0 - 20.0 - status.committed_a.l1


def test_sr9_who_was_not_heard_of_since_a_raise_hides_nothing_from_the_next() -> None:
    """Its car may not have followed: what flows more than before may be others'."""
    stand = Stand(member("a"), member("b"), circuits=(circuit(40.0),), other_a=5.0)
    device = stand.devices["a"]
    device.wants_a = 0.0
    stand.devices["b"].plugged = False
    stand.silent.add("a")
    stand.run(60)
    # It is heard every ten seconds only, and the meter's value falls between.
    stand.silent.clear()
    stand.tick()
    stand.silent.add("a")
    while stand.granted("a") == 0.0:
        stand.tick()
    stand.run(8)
    stand.set_other(20.0)
    stand.run(2)
    status = stand.decision.circuits["grid"]
    assert status.available_a.l1 <= 40.0 - 20.0 - status.committed_a.l1


class TotalMeter(Stand):
    """A stand whose grid meter tells the power of all phases only."""

    def meter(self, name: str = "grid") -> MeterReport:
        total_w = 230.0 * sum(self.load(name))
        return MeterReport(circuit=name, total_power_w=Reading(value=total_w, arrived_at=self.now))


def on_one_phase() -> TotalMeter:
    """Return a site whose car takes one of three phases, which neither it nor the meter tells."""
    stand = TotalMeter(member(measures_current=False), circuits=(circuit(25.0),), other_a=1.0)
    stand.devices["a"].measures = False
    stand.devices["a"].car_phases = (2,)
    stand.run(120)
    return stand


def test_sr9_others_do_not_hide_behind_a_car_that_only_a_total_shows() -> None:
    stand = on_one_phase()
    granted_a = stand.granted()
    assert granted_a >= 6.0
    stand.set_other(1.0 + 25.0 - granted_a + 1.0)
    assert stand.load()[2] > 25.0
    stand.run(15)
    assert stand.load()[2] <= 25.0


def test_sr9_a_car_that_begins_late_below_a_total_is_not_taken_for_others() -> None:
    stand = TotalMeter(member(measures_current=False), circuits=(circuit(25.0),), other_a=1.0)
    stand.devices["a"].measures = False
    stand.devices["a"].wants_a = 0.0
    stand.run(120)
    granted_a = stand.granted()
    assert granted_a >= 6.0
    stand.devices["a"].wants_a = 6.0
    stand.run(60)
    assert stand.granted() == granted_a
    assert stand.load()[0] == 7.0


def test_sr9_what_one_without_a_current_may_have_had_before_a_restart_is_no_room() -> None:
    """It may still draw 32 A: that is committed, and nobody else's load is less for it."""
    silent = member("a", measures_current=False, max_current_a=32.0)
    others = [member("b", max_current_a=6.0), member("c", max_current_a=6.0)]
    stand = Stand(
        silent, *others, circuits=(circuit(24.0),), other_a=0.7, records=(had("a", 6.0, 32.0),)
    )
    device = stand.devices["a"]
    device.measures, device.told_a, device.draw_a = False, 6.0, 6.0
    device.wants_a = 6.0
    for _ in range(300):
        stand.tick()
        assert sum(map(stand.granted, "abc")) + 0.7 <= 24.0


def had(name: str, granted_a: float, outstanding_a: float) -> MemberRecord:
    """Return what was kept of a member whose newest grant was not settled."""
    return MemberRecord(
        member=name,
        granted_a=granted_a,
        outstanding_a=outstanding_a,
        lapse_to_a=0.0,
        expires_at=None,
        decided_at=START,
        session="one",
    )


def test_sr9_nobody_is_paused_for_what_is_only_feared() -> None:
    """Its raise explains what flows: cutting for it and for the house would end its run."""
    stand = Stand(member("a", max_current_a=32.0), circuits=(circuit(33.0),), other_a=2.0)
    device = stand.devices["a"]
    device.plugged = False
    stand.run(60)
    device.plugged, device.wants_a = True, 0.0
    while stand.granted("a") < 26.0:
        stand.tick()
    stand.silent.add("a")
    stand.run(7)
    # The car begins with all that it was given just as the house takes 6 A more.
    device.wants_a, device.draw_a = 32.0, stand.granted("a")
    stand.set_other(8.0)
    stand.run(3)
    assert stand.granted("a") >= 6.0
    stand.run(5)
    assert stand.load()[0] <= 33.0


def test_sr9_nobody_is_raised_while_the_newest_reading_is_above_the_limit() -> None:
    """What ended since may be known by samples; the meter has to show it first."""
    stand = Stand(member("a"), member("b"), circuits=(circuit(25.0),), other_a=5.0)
    stand.devices["b"].plugged = False
    stand.run(60)
    liar = stand.devices["a"]
    liar.obeys, liar.draw_a = False, 24.0
    stand.run(80)
    assert stand.granted("a") == 0.0
    stand.meter_silent.add("grid")
    liar.draw_a = 0.0
    stand.devices["b"].plugged = True
    for _ in range(10):
        stand.tick()
        assert stand.granted("b") == 0.0
    stand.meter_silent.clear()
    stand.run(60)
    assert stand.granted("b") >= 6.0


def test_sr9_a_total_within_three_fuses_is_no_overload() -> None:
    stand = TotalMeter(member("a", max_current_a=10.0), circuits=(circuit(16.0),), other_a=2.0)
    stand.run(120)
    assert stand.load()[0] == 2.0 + stand.granted()
    assert not stand.decision.circuits["grid"].overloaded
    assert stand.problems() == {}
