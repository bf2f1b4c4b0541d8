"""The accounts add up: time to the time that was looked at, energy to the register."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
import math

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.pool.accounts import LONGEST_STEP, Accounts, Sight
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.pool.sessions import Rates, Session, begin, end, go_on
from custom_components.ev_charger_pool.pool.shares import (
    UNSEEN,
    Activity,
    Part,
    Period,
    SessionSum,
    ShareKey,
    ShareRecord,
    Standing,
    Tally,
    add,
    hour_of,
    period_start,
    shares,
)

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CONNECTOR = "garage:1"
S = timedelta(seconds=1)

BY_FUSE = Standing(activity=Activity.CHARGING, reason=ReasonKind.CIRCUIT, circuit="garage")
BY_CAR = Standing(activity=Activity.CHARGING, reason=ReasonKind.VEHICLE)
FOR_TURN = Standing(activity=Activity.WAITING, reason=ReasonKind.TURN, circuit="garage")
FOR_SUN = Standing(activity=Activity.WAITING, reason=ReasonKind.SOLAR)
FULL = Standing(activity=Activity.RESTING, reason=ReasonKind.ASLEEP)
EMPTY = Standing(activity=Activity.EMPTY, reason=ReasonKind.NOT_CONNECTED)


def sight(
    at: datetime,
    standing: Standing,
    session: Session | None = None,
    granted_a: float = 0.0,
    wanted_a: float = 0.0,
) -> Sight:
    return Sight(
        member=CONNECTOR,
        at=at,
        session=session,
        standing=standing,
        granted_a=granted_a,
        wanted_a=wanted_a,
    )


def session(
    energy_wh: float = 0.0, cost: float | None = None, co2_g: float | None = None
) -> Session:
    return Session(
        id="s1",
        member=CONNECTOR,
        started_at=NOON,
        energy_wh=energy_wh,
        cost=cost,
        co2_g=co2_g,
    )


def tallies(records: Sequence[ShareRecord]) -> dict[Standing, Tally]:
    standings = {record.key.standing for record in records}
    return {
        standing: add(record.tally for record in records if record.key.standing == standing)
        for standing in standings
    }


def test_time_and_energy_belong_to_what_was_seen_before() -> None:
    accounts = Accounts()
    accounts.see(sight(NOON, BY_FUSE, session(), granted_a=8.0, wanted_a=16.0))
    accounts.see(sight(NOON + 30 * S, BY_CAR, session(100.0), granted_a=16.0, wanted_a=16.0))
    accounts.see(sight(NOON + 60 * S, EMPTY))
    assert tallies(accounts.take_changed(NOON + 60 * S)) == {
        BY_FUSE: Tally(
            seconds=30.0, energy_wh=100.0, granted_ah=8 * 30 / 3600, wanted_ah=16 * 30 / 3600
        ),
        BY_CAR: Tally(seconds=30.0, granted_ah=16 * 30 / 3600, wanted_ah=16 * 30 / 3600),
    }


def test_a_register_that_is_told_late_counts_for_when_the_car_charged() -> None:
    accounts = Accounts()
    accounts.see(sight(NOON, BY_FUSE, session(), granted_a=8.0, wanted_a=16.0))
    accounts.see(sight(NOON + S, FOR_TURN, session(), wanted_a=16.0))
    accounts.see(sight(NOON + 20 * S, FOR_TURN, session(70.0), wanted_a=16.0))
    booked = tallies(accounts.take_changed(NOON + 20 * S))
    assert booked[BY_FUSE].energy_wh == 70.0
    assert booked[FOR_TURN].energy_wh == 0.0
    assert booked[FOR_TURN].seconds == 19.0


def test_turns_and_pauses_are_counted_where_they_begin() -> None:
    accounts = Accounts()
    running = {"granted_a": 8.0, "wanted_a": 16.0}
    for second, standing, amps in [
        (0, FOR_TURN, 0.0),
        (1, BY_FUSE, 8.0),
        (2, BY_FUSE, 9.0),
        (3, FOR_TURN, 0.0),
        (4, FOR_TURN, 0.0),
        (5, BY_FUSE, 8.0),
        (6, FULL, 0.0),  # its car took no more: that is no pause of the pool
    ]:
        seen = sight(NOON + second * S, standing, session(), **running)
        accounts.see(replace(seen, granted_a=amps))
    booked = tallies(accounts.take_changed(NOON + 6 * S))
    assert (booked[BY_FUSE].turns, booked[FOR_TURN].pauses) == (2, 1)
    assert add(booked.values()).turns == 2
    assert add(booked.values()).pauses == 1


def test_a_car_that_may_charge_at_once_has_its_turn() -> None:
    accounts = Accounts()
    accounts.see(sight(NOON, EMPTY))
    accounts.see(sight(NOON + S, BY_CAR, session(), granted_a=16.0, wanted_a=16.0))
    assert add(tallies(accounts.take_changed(NOON + S)).values()).turns == 1


def test_what_nobody_looked_at_is_no_time_and_unseen_energy() -> None:
    accounts = Accounts()
    accounts.see(sight(NOON, BY_FUSE, session(), granted_a=8.0, wanted_a=16.0))
    later = NOON + LONGEST_STEP + S
    accounts.see(sight(later, BY_FUSE, session(500.0), granted_a=8.0, wanted_a=16.0))
    assert tallies(accounts.take_changed(later)) == {UNSEEN: Tally(energy_wh=500.0)}


def test_what_comes_in_while_nothing_is_heard_is_unseen_energy() -> None:
    offline = Standing(activity=Activity.OUT_OF_ORDER, reason=ReasonKind.OFFLINE)
    accounts = Accounts()
    accounts.see(sight(NOON, BY_FUSE, session(), granted_a=8.0, wanted_a=16.0))
    accounts.see(sight(NOON + S, offline, session()))
    accounts.see(sight(NOON + 2 * S, BY_FUSE, session(80.0), granted_a=8.0, wanted_a=16.0))
    booked = tallies(accounts.take_changed(NOON + 2 * S))
    assert booked[UNSEEN] == Tally(energy_wh=80.0)
    assert booked[offline].seconds == 1.0


def test_waiting_of_a_session_is_told_while_it_goes_on() -> None:
    accounts = Accounts(open_sums=[SessionSum(session="s1", waited_seconds=90.0, total=Tally())])
    assert accounts.waited("s1") == 90 * S
    accounts.see(sight(NOON, FOR_TURN, session()))
    accounts.see(sight(NOON + 20 * S, FOR_SUN, session()))
    accounts.see(sight(NOON + 30 * S, BY_CAR, session(), granted_a=6.0))
    accounts.see(sight(NOON + 60 * S, EMPTY))
    assert accounts.waited("s1") == 120 * S
    accounts.close(end(session(), NOON + 60 * S))
    assert accounts.waited("s1") == timedelta()


def test_cost_and_emissions_go_with_the_energy() -> None:
    accounts = Accounts()
    accounts.see(sight(NOON, BY_FUSE, session(), granted_a=8.0))
    accounts.see(sight(NOON + S, BY_FUSE, session(100.0), granted_a=8.0))
    accounts.see(sight(NOON + 2 * S, BY_FUSE, session(200.0, 0.03, 40.0), granted_a=8.0))
    accounts.close(end(session(300.0, 0.05, 60.0), NOON + 3 * S))
    (record,) = accounts.take_changed(NOON + 3 * S)
    assert record.tally.energy_wh == 300.0
    assert record.tally.cost == pytest.approx(0.05)
    assert record.tally.co2_g == pytest.approx(60.0)


def test_who_is_gone_is_forgotten() -> None:
    accounts = Accounts()
    for second in range(3):
        accounts.see(sight(NOON + second * S, EMPTY))
        accounts.see(replace(sight(NOON + second * S, EMPTY), member="yard:1"))
    accounts.forget([CONNECTOR])
    assert [record.key.member for record in accounts.take_changed(NOON + 3 * S)] == ["yard:1"]
    accounts.see(sight(NOON + 4 * S, EMPTY))
    assert accounts.take_changed(NOON + 4 * S) == []


def test_an_hour_goes_on_after_a_restart_and_is_let_go_when_it_is_over() -> None:
    key = ShareKey(member=CONNECTOR, hour=NOON, session=None, standing=EMPTY)
    accounts = Accounts([ShareRecord(key=key, tally=Tally(seconds=100.0))])
    accounts.see(sight(NOON + 200 * S, EMPTY))
    accounts.see(sight(NOON + 201 * S, EMPTY))
    assert accounts.take_changed(NOON + 201 * S) == [
        ShareRecord(key=key, tally=Tally(seconds=101.0))
    ]
    assert accounts.take_changed(NOON + 3 * timedelta(hours=1)) == []
    accounts.see(sight(NOON + 202 * S, EMPTY))
    (record,) = accounts.take_changed(NOON + 202 * S)
    assert record.tally.seconds == 1.0


# Whatever happens


@dataclass(frozen=True, slots=True)
class Step:
    """What happens between two looks."""

    seconds: float
    standing: Standing
    granted_a: float
    register_wh: float
    unplugs: bool


SEEN = (BY_FUSE, BY_CAR, FOR_TURN, FOR_SUN, FULL, EMPTY)
STEPS = st.lists(
    st.builds(
        Step,
        seconds=st.floats(0.0, LONGEST_STEP.total_seconds()),
        standing=st.sampled_from(SEEN),
        granted_a=st.sampled_from([0.0, 6.0, 16.0]),
        register_wh=st.floats(0.0, 500.0),
        unplugs=st.booleans(),
    ),
    min_size=1,
    max_size=40,
)
BEGINNINGS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=UTC)
)
RATES = Rates(price_per_kwh=0.25, co2_g_per_kwh=300.0)


class Life:
    """A connector whose cars come and go, its accounts, and what was written down of them."""

    def __init__(self, began: datetime) -> None:
        self.at = began
        self.register_wh = 1_000.0
        self.session: Session | None = None
        self.sessions: dict[str, Session] = {}
        self.kept: dict[ShareKey, Tally] = {}
        self.accounts = Accounts()
        self.accounts.see(sight(began, EMPTY))

    def step(self, step: Step) -> None:
        self.at += timedelta(seconds=step.seconds)
        if self.session is None:
            self.session = begin(f"s{len(self.sessions)}", CONNECTOR, self.at)
        else:
            self.register_wh += step.register_wh
        self.session = go_on(self.session, register_wh=self.register_wh, rates=RATES)
        self.sessions[self.session.id] = self.session
        if step.unplugs:
            self.accounts.close(end(self.session, self.at))
            self.session = None
        seen = EMPTY if self.session is None else step.standing
        self.accounts.see(sight(self.at, seen, self.session, step.granted_a, 16.0))

    def write(self) -> None:
        for record in self.accounts.take_changed(self.at):
            self.kept[record.key] = record.tally

    def restart(self) -> None:
        """What was not written down is lost; what the sessions counted is not."""
        newest = max((key.hour for key in self.kept), default=None)
        records = [
            ShareRecord(key=key, tally=tally)
            for key, tally in self.kept.items()
            if key.hour == newest
        ]
        sums = []
        if self.session is not None:
            mine = [tally for key, tally in self.kept.items() if key.session == self.session.id]
            sums = [SessionSum(session=self.session.id, waited_seconds=0.0, total=add(mine))]
        self.accounts = Accounts(records, sums)


@given(began=BEGINNINGS, steps=STEPS)
def test_times_add_up_to_the_period_and_energy_to_the_register(
    began: datetime, steps: list[Step]
) -> None:
    life = Life(began)
    for step in steps:
        life.step(step)
        life.write()
    told = shares(
        CONNECTOR,
        began,
        life.at,
        [Part(standing=key.standing, tally=tally) for key, tally in life.kept.items()],
    )
    period = (life.at - began).total_seconds()
    assert math.fsum(told.seconds(activity) for activity in Activity) == pytest.approx(
        period, abs=1e-3
    )
    assert told.seconds(Activity.UNSEEN) == pytest.approx(0.0, abs=1e-3)
    assert told.total.energy_wh == pytest.approx(life.register_wh - 1_000.0, abs=1e-6)
    cost = math.fsum(one.cost or 0.0 for one in life.sessions.values())
    assert (told.total.cost or 0.0) == pytest.approx(cost, abs=1e-9)
    assert told.total.granted_ah <= told.total.wanted_ah + 1e-9


@given(began=BEGINNINGS, before=STEPS, lost=STEPS, after=STEPS)
def test_a_kill_loses_what_was_not_written_down_and_no_energy(
    began: datetime, before: list[Step], lost: list[Step], after: list[Step]
) -> None:
    life = Life(began)
    for step in before:
        life.step(step)
    life.write()
    written_at = life.at
    # A session that ended while nothing was written down is the journal's, not of these accounts.
    for step in lost:
        life.step(replace(step, unplugs=False))
    known = add(life.kept.values())
    killed_at = life.at
    life.restart()
    for step in after:
        life.step(step)
    life.write()
    total = add(life.kept.values())
    assert known.seconds == pytest.approx((written_at - began).total_seconds(), abs=1e-3)
    # From the first look after the kill on everything is seen again.
    seen_again = (life.at - killed_at).total_seconds() - after[0].seconds
    assert total.seconds == pytest.approx(known.seconds + seen_again, abs=1e-3)
    assert total.energy_wh == pytest.approx(life.register_wh - 1_000.0, abs=1e-6)


# Summaries


def test_what_no_part_tells_of_was_seen_by_nobody() -> None:
    part = Part(standing=FOR_TURN, tally=Tally(seconds=600.0))
    told = shares(CONNECTOR, NOON, NOON + timedelta(hours=1), [part, part])
    assert told.seconds(Activity.WAITING) == 1200.0
    assert told.seconds(Activity.UNSEEN) == 2400.0
    assert [found.standing for found in told.parts] == [UNSEEN, FOR_TURN]
    assert told.waiting_for_turn_seconds == 1200.0
    assert told.given_share is None


def test_of_what_it_could_have_used_a_share_was_granted() -> None:
    part = Part(standing=BY_FUSE, tally=Tally(seconds=60.0, granted_ah=3.0, wanted_ah=4.0))
    assert shares(CONNECTOR, NOON, NOON + 60 * S, [part]).given_share == 0.75


def test_waiting_for_the_sun_is_no_waiting_for_a_turn() -> None:
    part = Part(standing=FOR_SUN, tally=Tally(seconds=60.0))
    assert shares(CONNECTOR, NOON, NOON + 60 * S, [part]).waiting_for_turn_seconds == 0.0


def test_periods_begin_at_full_hours() -> None:
    now = NOON + 17 * timedelta(minutes=1)
    assert period_start(Period.DAY, now) == NOON - timedelta(days=1)
    assert period_start(Period.WEEK, now) == NOON - timedelta(days=7)
    assert period_start(Period.SESSION, now) is None
    assert hour_of(now) == NOON
