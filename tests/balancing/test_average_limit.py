"""The pool in a closed loop under an average limit: it fills the window and never exceeds it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from custom_components.ev_charger_pool.pool.circuits import AverageLimit, Circuit, WindowLength
from custom_components.ev_charger_pool.pool.quantities import Phase
from custom_components.ev_charger_pool.pool.reasons import ReasonKind

from .stand import START, Stand, circuit, member

VOLTAGE_V = 230.0
QUARTER = AverageLimit(power_w=8_000.0, window=WindowLength.QUARTER_HOUR)
HOUR = AverageLimit(power_w=8_000.0, window=WindowLength.HOUR)


def grid(limit: AverageLimit = QUARTER, *, metered: bool = True) -> tuple[Circuit]:
    return (replace(circuit(32.0, metered=metered), average=limit),)


def average_w(
    stand: Stand, seconds: int, other: dict[int, float] | None = None, name: str = "grid"
) -> float:
    """Run, and return what flowed in truth on average; `other` tells when the house changes."""
    energy_ws = 0.0
    for second in range(seconds):
        if other is not None and second in other:
            stand.set_other(other[second])
        stand.tick()
        energy_ws += max(0.0, sum(stand.load(name))) * VOLTAGE_V
    return energy_ws / seconds


def test_a_steady_house_leaves_the_window_to_the_pool() -> None:
    stand = Stand(member(), circuits=grid(), other_a=2.0)
    first_w = average_w(stand, 900)
    assert first_w <= QUARTER.power_w
    second_w = average_w(stand, 890)
    assert 0.95 * QUARTER.power_w <= second_w <= QUARTER.power_w
    assert stand.reason() is ReasonKind.TARIFF
    status = stand.decision.circuits["grid"].average
    assert status is not None
    assert status.projected_w <= QUARTER.power_w


def test_a_house_that_rises_in_mid_window_takes_from_the_pool() -> None:
    """The kettle at the start is waited out, the oven is not."""
    stand = Stand(member(), circuits=grid(), other_a=2.0)
    average_w(stand, 900)
    assert average_w(stand, 900, {0: 2.0, 400: 9.0, 700: 2.0}) <= QUARTER.power_w
    assert average_w(stand, 900) <= QUARTER.power_w


def test_without_room_for_the_minimum_nobody_is_started_for_nothing() -> None:
    """6 A on three phases are 4.1 kW: with 2.5 kW on average it runs for a while and pauses."""
    limit = AverageLimit(power_w=2_500.0, window=WindowLength.QUARTER_HOUR)
    stand = Stand(member(), circuits=grid(limit), other_a=0.5)
    averages, starts, granted_a = [], 0, 0.0
    for _ in range(4):
        energy_ws = 0.0
        for _ in range(900):
            stand.tick()
            energy_ws += sum(stand.load()) * VOLTAGE_V
            starts += granted_a <= 0.0 < stand.granted()
            granted_a = stand.granted()
        averages.append(energy_ws / 900)
    assert max(averages) <= 2_500.0
    assert sum(averages[1:]) / 3 >= 0.85 * 2_500.0
    assert starts <= 3


def test_what_was_used_survives_a_kill() -> None:
    """A pool that starts anew in mid window does not begin the window anew."""
    stand = Stand(member(), circuits=grid(HOUR), other_a=10.0)
    used_ws = average_w(stand, 1_800) * 1_800
    windows = {r.circuit: r for d in stand.decisions for r in d.window_records}
    members = {r.member: r for d in stand.decisions for r in d.records}
    again = Stand(member(), circuits=grid(HOUR), other_a=10.0, reads=False)
    again.now = stand.now + timedelta(seconds=20)
    again.controller.restore(tuple(members.values()), (), again.now, tuple(windows.values()))
    used_ws += 20 * sum(stand.load()) * VOLTAGE_V
    used_ws += average_w(again, 1_780) * 1_780
    assert 0.93 * HOUR.power_w <= used_ws / 3_600 <= HOUR.power_w


def test_a_silent_meter_is_no_free_window() -> None:
    """What may have flowed while nobody measured is gone from the window."""
    stand = Stand(member(), circuits=grid(), other_a=2.0)
    average_w(stand, 1_000)
    stand.meter_silent.add("grid")
    stand.run(200)
    stand.meter_silent.clear()
    assert average_w(stand, 600) <= QUARTER.power_w


def test_without_a_meter_what_is_reserved_counts() -> None:
    """Half of the fuse may flow unseen: 16 A on three phases leave nothing of 8 kW."""
    stand = Stand(member(), circuits=grid(metered=False))
    stand.run(300)
    assert stand.granted() == 0.0


def test_the_fuse_binds_below_the_average() -> None:
    generous = AverageLimit(power_w=50_000.0, window=WindowLength.HOUR)
    stand = Stand(member(max_current_a=32.0), circuits=grid(generous), other_a=20.0)
    stand.run(120)
    assert stand.reason() is ReasonKind.CIRCUIT
    stand.circuits = (circuit(32.0),)
    stand.configure()
    stand.run(2)
    assert stand.decision.circuits["grid"].average is None


def test_loads_of_others_on_a_circuit_count_through_its_meter() -> None:
    """A heat pump in the garage, no member of the pool, takes from the garage's window and fuse."""
    garage = replace(circuit(20.0, name="garage", parent="grid"), average=QUARTER)
    stand = Stand(member(circuit="garage"), circuits=(circuit(63.0), garage), other_a=1.0)
    stand.run(900)
    alone_a = stand.granted()
    stand.set_other((9.0, 9.0, 9.0), "garage")
    assert average_w(stand, 900, name="garage") <= QUARTER.power_w
    assert stand.granted() == 0.0 < alone_a
    without = Stand(
        member(circuit="garage"),
        circuits=(circuit(63.0), circuit(20.0, name="garage", parent="grid")),
        other_a=1.0,
    )
    without.set_other((9.0, 9.0, 9.0), "garage")
    without.run(120)
    assert 9.0 <= without.granted() <= 11.0


def test_windows_follow_the_wall_clock_of_the_site() -> None:
    stand = Stand(member(), circuits=grid(HOUR), other_a=1.0)
    stand.run(10)
    status = stand.decision.circuits["grid"].average
    assert status is not None
    assert status.ends_at == datetime(2026, 3, 1, 13, tzinfo=UTC) == START + timedelta(hours=1)


def test_one_phase_members_count_with_their_phase() -> None:
    limit = AverageLimit(power_w=3_000.0, window=WindowLength.QUARTER_HOUR)
    stand = Stand(
        member(phases=(Phase.L1,)),
        member("b", phases=(Phase.L2,)),
        circuits=grid(limit),
        other_a=0.5,
    )
    first = average_w(stand, 900)
    second = average_w(stand, 900)
    assert max(first, second) <= 3_000.0
    assert second >= 0.95 * 3_000.0
