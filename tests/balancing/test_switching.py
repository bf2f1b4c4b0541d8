"""The switch of one connector by itself: sequence and budget for all inputs."""

from datetime import timedelta

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ev_charger_pool.balancing.switching import (
    EMPTY_S,
    MOST_SWITCHES,
    SPACING_S,
    SUN_UP_S,
    UP_S,
    PhaseSwitch,
    Room,
    Stage,
    Step,
    View,
)
from custom_components.ev_charger_pool.pool.members import (
    Mode,
    PhaseChoice,
    PhaseSwitching,
    PhaseVeto,
)

DEVICE = PhaseSwitching(pause=timedelta(seconds=5), settle=timedelta(seconds=10))
ONE_ONLY = Room(one_a=12.0, all_a=4.0)
PLENTY = Room(one_a=48.0, all_a=16.0)
NOTHING = Room(one_a=1.0, all_a=0.3)


class Bench:
    """A switch with a connector that does what the switch allows, or what a test says."""

    def __init__(self) -> None:
        self.switch = PhaseSwitch((0, 1, 2), DEVICE)
        self.now_s = 0.0
        self.room: Room | None = PLENTY
        self.choice = PhaseChoice.AUTOMATIC
        self.mode = Mode.SOLAR
        self.must_run = False
        self.connected = self.reachable = self.interruptible = self.resumes = True
        self.measures = self.answers = self.grants = True
        self.faulty = False
        self.told: list[tuple[float, int]] = []

    @property
    def granted_a(self) -> float:
        runs = self.grants and self.connected and not self.switch.holds
        return 6.0 if runs else 0.0

    def step(self, seconds: float = 1.0) -> Step:
        self.now_s += seconds
        granted_a = self.granted_a
        drawn_a = granted_a if self.resumes else 0.0
        draws = tuple(drawn_a if p < self.switch.phases else 0.0 for p in range(3))
        before = self.switch.phases
        step = self.switch.step(
            View(
                now_s=self.now_s,
                choice=self.choice,
                mode=self.mode,
                room=self.room,
                least_a=6.0,
                granted_a=granted_a,
                is_settled=True,
                draw_a=(draws[0], draws[1], draws[2]) if self.measures else None,
                drawn_s=self.now_s,
                learned=None,
                connected=self.connected,
                reachable=self.reachable,
                interruptible=self.interruptible,
                must_run=self.must_run,
                faulty=self.faulty,
            )
        )
        assert step is not Step.PAUSE or granted_a == 0.0
        if step is Step.TELL:
            assert drawn_a == 0.0, "told under load"
            self.told.append((self.now_s, self.switch.phases))
            if self.answers:
                self.switch.accept(self.now_s)
        assert step is Step.TELL or self.switch.phases == before
        return step

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            self.step()


def test_the_sequence_no_grant_then_the_switch_then_its_time_then_a_grant() -> None:
    bench = Bench()
    bench.run(60)
    bench.room = ONE_ONLY
    stages: list[Stage] = []
    for _ in range(200):
        bench.step()
        if not stages or stages[-1] is not bench.switch.stage:
            stages.append(bench.switch.stage)
    assert stages == [
        Stage.STEADY,
        Stage.EMPTYING,
        Stage.SETTLING,
        Stage.RESUMING,
        Stage.STEADY,
    ]
    assert bench.switch.is_single


def test_what_is_not_measured_is_not_taken_for_empty() -> None:
    bench = Bench()
    bench.measures = False
    bench.grants = False
    bench.room = ONE_ONLY
    bench.run(600)
    assert not bench.told


def test_a_device_that_does_not_answer_is_left_alone() -> None:
    bench = Bench()
    bench.grants = bench.answers = False
    bench.room = ONE_ONLY
    bench.run(int(EMPTY_S) + 120)
    assert bench.switch.veto is PhaseVeto.REFUSED
    assert [phases for _, phases in bench.told] == [1, 3]
    assert bench.switch.phases == 3


def test_where_neither_fits_nothing_is_switched() -> None:
    bench = Bench()
    bench.room = NOTHING
    bench.run(900)
    assert not bench.told


def test_a_run_that_may_not_be_interrupted_is_not() -> None:
    bench = Bench()
    bench.run(60)
    bench.interruptible, bench.room = False, ONE_ONLY
    bench.run(900)
    assert not bench.told


def test_a_run_that_has_just_begun_is_interrupted_for_a_person_only() -> None:
    bench = Bench()
    bench.room = ONE_ONLY
    bench.run(120)
    assert bench.switch.phases == 1
    bench.must_run, bench.room = True, PLENTY
    bench.run(1800)
    assert bench.switch.phases == 1
    bench.mode = Mode.FAST
    bench.run(60)
    assert bench.switch.phases == 3


def told_with(gain_w: float, seconds: int, room: Room = PLENTY) -> int:
    """Return on how many phases it is after a while on one, the sun being worth so much more."""
    bench = Bench()
    bench.run(60)
    bench.room = Room(one_a=48.0, all_a=16.0, gain_w=-1_000.0)
    bench.run(700)
    assert bench.switch.phases == 1
    bench.room = Room(one_a=room.one_a, all_a=room.all_a, gain_w=gain_w)
    bench.run(seconds)
    return bench.switch.phases


def test_the_sun_is_worth_more_on_one_phase_where_all_would_import() -> None:
    assert told_with(-1_000.0, 900) == 1
    assert told_with(-100.0, 900) == 1


def test_the_sun_is_worth_more_on_all_phases_soon_and_as_much_after_minutes() -> None:
    assert told_with(1_000.0, int(SUN_UP_S) + 60) == 3
    assert told_with(0.0, int(SUN_UP_S) + 60) == 1
    assert told_with(0.0, int(UP_S) + 60) == 3


def test_what_fuse_and_limits_leave_binds_whatever_the_sun_is_worth() -> None:
    assert told_with(3_000.0, 900, room=ONE_ONLY) == 1


def test_a_device_out_of_reach_is_told_nothing() -> None:
    bench = Bench()
    bench.reachable, bench.grants, bench.room = False, False, ONE_ONLY
    bench.run(900)
    assert not bench.told


def test_a_draw_that_does_not_end_ends_the_switch() -> None:
    bench = Bench()
    bench.run(60)
    bench.room = ONE_ONLY
    bench.run(100)
    bench.measures = False
    bench.run(900)
    assert bench.switch.stage is Stage.STEADY


@pytest.mark.parametrize("phases", [2, 0, None])
def test_a_record_that_cannot_be_is_ignored(phases: int | None) -> None:
    switch = PhaseSwitch((0, 1, 2), DEVICE)
    switch.restore(phases, PhaseVeto.FAULT)
    assert switch.phases == 3
    assert switch.veto is None


def test_an_answer_that_nobody_waits_for_is_none_to_the_switch() -> None:
    switch = PhaseSwitch((0, 1, 2), DEVICE)
    switch.accept(1.0)
    assert not switch.refuse(1.0)
    assert switch.veto is None
    assert switch.stage is Stage.STEADY


_MOODS = st.fixed_dictionaries(
    {
        "room": st.sampled_from([ONE_ONLY, PLENTY, NOTHING, None]),
        "choice": st.sampled_from(list(PhaseChoice)),
        "connected": st.booleans(),
        "reachable": st.booleans(),
        "interruptible": st.booleans(),
        "must_run": st.booleans(),
        "mode": st.sampled_from(list(Mode)),
        "resumes": st.booleans(),
        "answers": st.booleans(),
        "grants": st.booleans(),
        "measures": st.booleans(),
        "faulty": st.booleans(),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_MOODS, st.integers(5, 600), st.booleans()), min_size=1, max_size=25))
def test_whatever_happens_the_budget_holds_and_the_way_on_is_never_soon(
    moods: list[tuple[dict[str, object], int, bool]],
) -> None:
    bench = Bench()
    for mood, seconds, new_car in moods:
        for name, value in mood.items():
            setattr(bench, name, value)
        if new_car:
            bench.switch.begin_session()
        for _ in range(seconds // 5):
            bench.step(5.0)
            assert bench.switch.in_last_hour(bench.now_s) <= MOST_SWITCHES
    moved = [
        (at_s, phases)
        for (at_s, phases), (_, before) in zip(bench.told, [(0.0, 3), *bench.told], strict=False)
        if phases != before
    ]
    for first in range(len(moved) - 2):
        # At most the way back comes sooner than the spacing.
        assert moved[first + 2][0] - moved[first][0] >= SPACING_S


def test_a_device_that_starts_again_and_again_stays_within_the_budget() -> None:
    bench = Bench()
    bench.room = ONE_ONLY
    for _ in range(20):
        bench.run(120)
        bench.switch.reboot(bench.now_s, bench.granted_a)
        assert not bench.switch.is_single
        assert bench.switch.in_last_hour(bench.now_s) <= MOST_SWITCHES
    assert len(bench.told) >= 2


def test_a_device_on_all_phases_that_starts_anew_is_told_nothing() -> None:
    bench = Bench()
    bench.run(60)
    bench.switch.reboot(bench.now_s, bench.granted_a)
    bench.run(60)
    assert not bench.told
