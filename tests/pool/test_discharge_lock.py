"""The lock of the battery's discharge is set, undone in any event, and never fought for."""

from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.pool.discharge_lock import (
    ABANDONED_AFTER,
    IDLE_PATIENCE,
    LONGEST_RETRY,
    NEEDED_PATIENCE,
    SETTLE,
    START_GRACE,
    Held,
    LockAct,
    LockKeeper,
    LockTarget,
    LockTrouble,
    Shown,
)

NOW: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
LOOK: Final = timedelta(seconds=10)
LIMIT: Final = LockTarget(entity="number.discharge", locked=0.0)
OTHER: Final = LockTarget(entity="switch.discharge", locked="on")


class Site:
    """A keeper, the entity that it writes, and time to let pass.

    Attributes:
        value: What the entity shows; None: nothing.
        lag: How much later it shows what was written.
        obeys: Whether what is written counts.
        raises: Whether its action fails.
    """

    def __init__(self, held: Held | None = None, *, value: str | None = "5000") -> None:
        self.now = NOW
        self.keeper = LockKeeper(self.now, held)
        self.target: LockTarget | None = LIMIT
        self.value = value
        self.wanted = False
        self.lag = timedelta(0)
        self.obeys = True
        self.raises = False
        self.acts: list[tuple[LockAct, timedelta]] = []
        self._coming: list[tuple[datetime, str]] = []

    def look(self) -> LockAct | None:
        for at, written in self._coming:
            if at <= self.now:
                self.value = written
        self._coming = [(at, written) for at, written in self._coming if at > self.now]
        value = self.value
        shown = None if value is None else Shown(value=value, is_locked=float(value) == 0.0)
        act = self.keeper.decide(self.now, self.target, shown, wanted=self.wanted)
        if act is not None:
            self.acts.append((act, self.now - NOW))
            self._write(act)
        return act

    def _write(self, act: LockAct) -> None:
        if self.raises:
            self.keeper.failed(self.now)
        elif self.obeys:
            held = self.keeper.held
            assert held is not None
            self._coming.append((self.now + self.lag, "0" if act is LockAct.LOCK else held.before))
            if not self.lag:
                _, self.value = self._coming.pop()

    def wait(self, time: timedelta) -> None:
        until = self.now + time
        while self.now < until:
            self.now += LOOK
            self.look()

    @property
    def what(self) -> list[LockAct]:
        return [act for act, _ in self.acts]

    def trouble(self) -> LockTrouble | None:
        trouble = self.keeper.trouble(self.now)
        return None if trouble is None else trouble[0]


def locked() -> Site:
    """Return a site whose battery has been locked for a while."""
    site = Site()
    site.wanted = True
    site.look()
    site.wait(SETTLE)
    assert site.value == "0"
    return site


def test_it_is_locked_at_once_and_gets_back_what_was_before() -> None:
    site = locked()
    assert site.acts == [(LockAct.LOCK, timedelta(0))]
    assert site.keeper.held == Held(target=LIMIT, before="5000")
    site.wait(timedelta(hours=1))
    site.wanted = False
    site.look()
    assert site.value == "5000"
    site.wait(SETTLE)
    assert site.what == [LockAct.LOCK, LockAct.RESTORE]
    assert site.trouble() is None
    assert site.keeper.release() is None


def test_changes_are_spaced() -> None:
    site = Site()
    for _ in range(60):
        site.wanted = not site.wanted
        site.look()
        site.now += LOOK
    gaps = [later - at for (_, at), (_, later) in zip(site.acts, site.acts[1:], strict=False)]
    assert len(gaps) > 2
    assert min(gaps) >= SETTLE


def test_nothing_is_done_where_no_entity_is_configured() -> None:
    site = Site()
    site.target, site.wanted = None, True
    site.wait(timedelta(minutes=5))
    assert (site.acts, site.trouble()) == ([], None)


def test_one_who_locked_it_before_keeps_his_lock() -> None:
    site = Site(value="0")
    site.wanted = True
    site.wait(timedelta(minutes=5))
    site.wanted = False
    site.wait(timedelta(minutes=5))
    assert (site.acts, site.value) == ([], "0")


@pytest.mark.parametrize("by_hand", ["5000", "2500"])
def test_who_lifts_it_by_hand_is_left_alone_until_the_next_time(by_hand: str) -> None:
    site = locked()
    site.value = by_hand
    site.wait(timedelta(hours=2))
    assert site.what == [LockAct.LOCK]
    assert (site.value, site.trouble(), site.keeper.held) == (by_hand, LockTrouble.LIFTED, None)
    site.wanted = False
    site.wait(SETTLE)
    assert (site.what, site.value, site.trouble()) == ([LockAct.LOCK], by_hand, None)
    site.wanted = True
    site.look()
    assert site.what == [LockAct.LOCK] * 2
    assert site.keeper.held == Held(target=LIMIT, before=by_hand)


def test_a_third_value_right_after_the_lock_is_by_hand_too() -> None:
    site = Site()
    site.wanted = True
    site.look()
    site.value = "1234"
    site.wait(SETTLE + LOOK)
    assert (site.value, site.trouble(), site.what) == ("1234", LockTrouble.LIFTED, [LockAct.LOCK])


@pytest.mark.parametrize("lag", [timedelta(seconds=30), SETTLE - LOOK])
def test_a_slow_entity_is_no_hand(lag: timedelta) -> None:
    site = Site()
    site.lag, site.wanted = lag, True
    site.look()
    site.wait(timedelta(minutes=10))
    assert (site.what, site.value, site.trouble()) == ([LockAct.LOCK], "0", None)
    site.wanted = False
    site.wait(timedelta(minutes=10))
    assert (site.what, site.value) == ([LockAct.LOCK, LockAct.RESTORE], "5000")


def test_one_that_is_slower_still_is_locked_and_released_in_the_end() -> None:
    site = Site()
    site.lag, site.wanted = 2 * SETTLE, True
    site.look()
    site.wait(SETTLE + LOOK)
    assert site.trouble() is LockTrouble.FAILED
    site.wait(timedelta(minutes=15))
    assert (site.value, site.trouble()) == ("0", None)
    site.wanted = False
    site.wait(timedelta(minutes=30))
    assert (site.value, site.trouble(), site.keeper.held) == ("5000", None, None)


def test_what_is_not_taken_is_told_and_tried_ever_more_seldom() -> None:
    site = Site()
    site.obeys, site.wanted = False, True
    site.look()
    site.wait(SETTLE)
    assert site.trouble() is LockTrouble.FAILED
    site.wait(timedelta(hours=4))
    gaps = [later - at for (_, at), (_, later) in zip(site.acts, site.acts[1:], strict=False)]
    assert gaps == sorted(gaps)
    assert gaps[0] >= SETTLE
    assert LONGEST_RETRY <= gaps[-1] <= LONGEST_RETRY + SETTLE + LOOK
    assert set(site.what) == {LockAct.LOCK}
    site.obeys = True
    site.wait(LONGEST_RETRY + 2 * SETTLE)
    assert (site.value, site.trouble()) == ("0", None)


def test_an_action_that_fails_leaves_nothing_to_undo() -> None:
    site = Site()
    site.raises, site.wanted = True, True
    site.look()
    assert site.trouble() is LockTrouble.FAILED
    site.wanted = False
    site.wait(SETTLE)
    assert (site.what, site.keeper.held) == ([LockAct.LOCK], None)
    assert site.trouble() is LockTrouble.FAILED, "it did not work yet"
    site.raises, site.wanted = False, True
    site.look()
    site.wait(SETTLE)
    assert (site.value, site.trouble()) == ("0", None)


def test_an_action_that_failed_and_was_taken_all_the_same_is_undone() -> None:
    site = Site()
    site.raises, site.wanted = True, True
    site.look()
    site.value, site.raises = "0", False
    site.wait(SETTLE)
    assert site.trouble() is None
    site.wanted = False
    site.wait(SETTLE)
    assert site.value == "5000"


@pytest.mark.parametrize("way", ["obeys", "raises"])
def test_a_lock_that_cannot_be_undone_is_tried_on(way: str) -> None:
    site = locked()
    site.obeys, site.raises = way != "obeys", way == "raises"
    site.wanted = False
    site.wait(timedelta(hours=1))
    assert site.trouble() is LockTrouble.FAILED
    assert 3 <= site.what.count(LockAct.RESTORE) <= 8
    site.obeys, site.raises = True, False
    site.wait(LONGEST_RETRY + 2 * SETTLE)
    assert (site.value, site.trouble(), site.keeper.held) == ("5000", None, None)


def test_a_user_who_undoes_what_the_pool_could_not_heals_it() -> None:
    site = locked()
    site.obeys, site.wanted = False, False
    site.wait(SETTLE + LOOK)
    assert site.trouble() is LockTrouble.FAILED
    site.value = "4000"
    site.wait(SETTLE)
    assert (site.value, site.trouble(), site.keeper.held) == ("4000", None, None)


@pytest.mark.parametrize(("wanted", "patience"), [(True, NEEDED_PATIENCE), (False, IDLE_PATIENCE)])
def test_a_silent_entity_is_told_of_sooner_where_it_is_needed(
    wanted: bool, patience: timedelta
) -> None:
    site = Site(value=None)
    site.wanted = wanted
    site.look()
    site.wait(patience - LOOK)
    assert site.trouble() is None
    site.wait(LOOK)
    assert (site.trouble(), site.acts) == (LockTrouble.SILENT, [])
    site.value = "5000"
    site.wait(SETTLE)
    assert site.trouble() is None
    assert site.value == ("0" if wanted else "5000")


def test_after_a_crash_the_lock_is_undone_but_not_before_cars_were_heard() -> None:
    site = Site(Held(target=LIMIT, before="5000"), value="0")
    site.wait(START_GRACE - LOOK)
    assert site.acts == []
    site.wait(LOOK)
    assert (site.what, site.value) == ([LockAct.RESTORE], "5000")


def test_after_a_crash_a_lock_that_is_still_needed_stays() -> None:
    site = Site(Held(target=LIMIT, before="5000"), value="0")
    site.wait(LOOK)
    site.wanted = True
    site.wait(timedelta(minutes=10))
    assert (site.acts, site.value) == ([], "0")
    site.wanted = False
    site.look()
    assert site.value == "5000"


def test_what_was_changed_while_nobody_looked_is_left_alone() -> None:
    site = Site(Held(target=LIMIT, before="5000"), value="700")
    site.wait(timedelta(minutes=10))
    assert (site.acts, site.value, site.keeper.held) == ([], "700", None)


def test_a_crash_before_the_write_does_no_harm() -> None:
    site = Site(Held(target=LIMIT, before="5000"))
    site.wait(timedelta(minutes=10))
    assert (site.value, site.keeper.held) == ("5000", None)


@pytest.mark.parametrize("instead", [OTHER, None])
def test_an_entity_that_is_configured_no_longer_is_released(instead: LockTarget | None) -> None:
    site = locked()
    site.target = instead
    assert site.keeper.followed(instead) == LIMIT
    site.look()
    assert site.value == "5000"
    site.wait(SETTLE)
    assert site.keeper.followed(instead) == instead
    act = site.keeper.decide(site.now, instead, Shown(value="off", is_locked=False), wanted=True)
    assert act is (None if instead is None else LockAct.LOCK)


def test_an_entity_that_is_gone_and_configured_no_longer_is_given_up() -> None:
    site = locked()
    site.target, site.value = None, None
    site.wait(ABANDONED_AFTER)
    assert site.trouble() is LockTrouble.SILENT
    site.wait(LOOK)
    assert (site.keeper.held, site.trouble()) == (None, None)


def test_who_ends_is_told_what_to_restore() -> None:
    site = locked()
    assert site.keeper.release() == Held(target=LIMIT, before="5000")
    assert site.keeper.release() is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["want", "leave", "hand", "gone", "back", "fail", "work"]),
            st.integers(1, 40),
        ),
        max_size=25,
    )
)
def test_in_the_end_the_entity_is_as_the_pool_or_the_user_left_it(
    steps: list[tuple[str, int]],
) -> None:
    site = Site()
    by_hand = "5000"
    for step, looks in steps:
        match step:
            case "want" | "leave":
                site.wanted = step == "want"
            case "hand":
                by_hand = site.value = "3000"
            case "gone":
                site.value = None
            case "back" if site.value is None:
                site.value = by_hand
            case "fail" | "work":
                site.raises = step == "fail"
        site.wait(looks * LOOK)
    site.wanted, site.raises = False, False
    if site.value is None:
        site.value = by_hand
    site.wait(2 * LONGEST_RETRY + 4 * SETTLE)
    assert site.value == by_hand
    assert site.keeper.held is None
    gaps = [later - at for (_, at), (_, later) in zip(site.acts, site.acts[1:], strict=False)]
    assert all(gap >= SETTLE for gap in gaps)
