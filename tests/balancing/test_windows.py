"""An average limit over a window: kept, used well, and known again after a restart."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import Phase, example, given, settings, strategies as st
import pytest

from custom_components.ev_charger_pool.balancing.windows import (
    HOLD_SHARE,
    AverageKeeper,
    RecentLoad,
    window_at,
)
from custom_components.ev_charger_pool.pool.circuits import (
    AverageLimit,
    WindowLength,
    WindowRecord,
)

BEGIN = datetime(2026, 3, 2, 12, tzinfo=UTC)
BEGIN_S = BEGIN.timestamp()
QUARTER = AverageLimit(power_w=5_000.0, window=WindowLength.QUARTER_HOUR)
QUARTER_S = 900.0
STEP_S = 5.0
DELAY_S = 10.0
"""What a cut takes to show."""

_QUICK = (Phase.explicit, Phase.reuse, Phase.generate)
"""A smaller example of a simulated hour tells no more, and takes minutes to find."""


@pytest.mark.parametrize(
    ("at", "zone", "length", "begins", "minutes"),
    [
        ("2026-03-02T12:07:59+00:00", "Europe/Brussels", "quarter_hour", "12:00", 15),
        ("2026-03-02T12:15:00+00:00", "Europe/Brussels", "quarter_hour", "12:15", 15),
        ("2026-03-02T12:59:59+00:00", "Europe/Oslo", "hour", "12:00", 60),
        ("2026-03-02T12:44:00+00:00", "Europe/London", "half_hour", "12:30", 30),
        # The clock on the wall counts: whole hours of Kolkata begin at half past.
        ("2026-03-02T12:20:00+00:00", "Asia/Kolkata", "hour", "11:30", 60),
        ("2026-03-02T12:20:00+00:00", "Asia/Kathmandu", "hour", "12:15", 60),
        # Where summer time begins and ends, windows go on as ever.
        ("2026-03-29T00:59:00+00:00", "Europe/Brussels", "hour", "00:00", 60),
        ("2026-03-29T01:00:00+00:00", "Europe/Brussels", "hour", "01:00", 60),
        ("2026-10-25T00:30:00+00:00", "Europe/Brussels", "hour", "00:00", 60),
        ("2026-10-25T01:30:00+00:00", "Europe/Brussels", "hour", "01:00", 60),
        # On Lord Howe Island the clock is set by half an hour, in the middle of an hour.
        ("2026-10-03T15:40:00+00:00", "Australia/Lord_Howe", "hour", "15:30", 30),
        ("2026-10-03T15:10:00+00:00", "Australia/Lord_Howe", "hour", "14:30", 60),
        ("2026-04-04T14:40:00+00:00", "Australia/Lord_Howe", "hour", "14:00", 60),
        ("2026-04-04T15:10:00+00:00", "Australia/Lord_Howe", "hour", "15:00", 30),
    ],
)
def test_windows_follow_the_clock_on_the_wall(
    at: str, zone: str, length: str, begins: str, minutes: int
) -> None:
    now = datetime.fromisoformat(at)
    span = window_at(now.timestamp(), WindowLength(length), ZoneInfo(zone))
    assert datetime.fromtimestamp(span.start_s, UTC).strftime("%H:%M") == begins
    assert span.length_s == 60 * minutes


@given(
    at=st.integers(1_577_836_800, 2_051_222_400),
    zone=st.sampled_from(
        ["Europe/Brussels", "Europe/Oslo", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
    ),
    length=st.sampled_from(WindowLength),
)
def test_every_time_is_in_one_window(at: int, zone: str, length: WindowLength) -> None:
    """Windows follow each other without a gap, and none is longer than it is called."""
    where = ZoneInfo(zone)
    span = window_at(at, length, where)
    assert span.start_s <= at < span.end_s
    assert span.length_s <= 60 * length.minutes
    assert window_at(span.start_s, length, where) == span
    assert window_at(span.end_s - 1, length, where) == span
    assert window_at(span.end_s, length, where).start_s == span.end_s


@dataclass
class House:
    """A circuit with a house and one car that follows what the keeper allows, as cars do."""

    other_w: Callable[[float], float]
    limit: AverageLimit = QUARTER
    least_w: float = 1_380.0
    most_w: float = 11_000.0
    reading_s: float = STEP_S
    silent: Callable[[float], bool] = lambda _at_s: False
    now_s: float = BEGIN_S
    car_w: float = 0.0
    told_w: float = 0.0
    starts: int = 0
    keeper: AverageKeeper = field(init=False)
    used_ws: dict[float, float] = field(default_factory=dict)
    others_ws: dict[float, float] = field(default_factory=dict)
    car_ws: dict[float, float] = field(default_factory=dict)
    _pending: list[tuple[float, float]] = field(default_factory=list)
    _read_s: float = 0.0
    _raised_s: float = 0.0

    def __post_init__(self) -> None:
        self.keeper = AverageKeeper("grid", self.limit, UTC)

    def run(self, seconds: float) -> None:
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self._flow()
            self._decide()

    def _flow(self) -> None:
        while self._pending and self._pending[0][0] <= self.now_s:
            self.car_w = self._pending.pop(0)[1]
        other_w = self.other_w(self.now_s)
        start_s = window_at(self.now_s, self.limit.window, UTC).start_s
        for energies, watts in (
            (self.used_ws, max(0.0, other_w + self.car_w)),
            (self.others_ws, max(0.0, other_w)),
            (self.car_ws, self.car_w),
        ):
            energies[start_s] = energies.get(start_s, 0.0) + watts * STEP_S
        self.now_s += STEP_S

    def _decide(self) -> None:
        other_w = self.other_w(self.now_s - STEP_S)
        if self.now_s - self._read_s >= self.reading_s and not self.silent(self.now_s):
            self.keeper.measure(self.now_s, other_w + self.car_w, other_w)
            self._read_s = self.now_s
        self.keeper.expect(self.told_w)
        allowed = self.keeper.allow(self.now_s, other_w, self.least_w if self.told_w else None)
        if other_w + self.told_w > allowed.hold_w + 1e-3:
            self._tell(allowed.hold_w - other_w)
        elif self.now_s - self._raised_s >= 12.0:
            wanted_w = min(self.most_w, allowed.raise_w - other_w)
            if wanted_w >= self.least_w and wanted_w > self.told_w + 100.0:
                self.starts += not self.told_w
                self._tell(wanted_w)
                self._raised_s = self.now_s

    def _tell(self, watts: float) -> None:
        self.told_w = watts if watts >= self.least_w - 1e-3 else 0.0
        self._pending.append((self.now_s + DELAY_S, self.told_w))

    def averages(self, energies: dict[float, float] | None = None) -> list[float]:
        return [ws / 60 / self.limit.window.minutes for ws in (energies or self.used_ws).values()]


@given(other_w=st.floats(0.0, 3_400.0), reading_s=st.sampled_from([5.0, 10.0]))
@settings(max_examples=10, deadline=None, phases=_QUICK)
def test_with_a_steady_house_nearly_all_of_it_is_used(other_w: float, reading_s: float) -> None:
    house = House(lambda _: other_w, reading_s=reading_s)
    house.run(4 * QUARTER_S)
    for average_w in house.averages():
        assert 0.95 * QUARTER.power_w <= average_w <= QUARTER.power_w


@example(minutes=[0.0] * 14 + [4_833.0])
@given(minutes=st.lists(st.floats(-3_000.0, 9_000.0), min_size=15, max_size=15))
@settings(max_examples=15, deadline=None, phases=_QUICK)
def test_what_the_house_did_within_the_hour_it_can_do_again(minutes: list[float]) -> None:
    """The pool never takes what others need: where others keep the limit, all do."""

    def other_w(at_s: float) -> float:
        return minutes[int((at_s - BEGIN_S) % QUARTER_S // 60)]

    house = House(other_w)
    house.run(8 * QUARTER_S)
    alone = house.averages(house.others_ws)[-1]
    for average_w in house.averages()[4:]:
        assert average_w <= max(QUARTER.power_w, alone) + 1e-6


@given(minutes=st.lists(st.floats(0.0, 9_000.0), min_size=75, max_size=75))
@settings(max_examples=15, deadline=None, phases=_QUICK)
def test_only_a_house_beyond_its_habits_exceeds_the_limit(minutes: list[float]) -> None:
    """An average above the limit is the house's: it took more than in the hour before."""

    def other_w(at_s: float) -> float:
        return minutes[int((at_s - BEGIN_S) // 60)]

    house = House(other_w)
    house.run(60 * 60)
    allowed_s = house.now_s
    while house.now_s < BEGIN_S + 75 * 60:
        house.run(STEP_S)
        # What is decided at its very end is of the next quarter.
        if house.told_w > 0.0 and house.now_s < BEGIN_S + 75 * 60:
            allowed_s = house.now_s
    start_s = BEGIN_S + 60 * 60
    # A meter that reads every 5 s is 1 % wrong where loads switch.
    if house.averages()[-1] > 1.01 * QUARTER.power_w and house.car_ws[start_s] > 0.0:
        known = RecentLoad()
        for second in range(-3600, 0, 5):
            at_s = allowed_s + second
            known.add(at_s, at_s + STEP_S, other_w(at_s))
        after_s = house.now_s - allowed_s
        took_ws = sum(other_w(allowed_s + second) * STEP_S for second in range(0, int(after_s), 5))
        assert took_ws > known.most_w(after_s) * after_s


def test_a_late_load_finds_what_it_took_before() -> None:
    """An oven of ten minutes in each hour: the pool leaves it its part until it is over."""

    def other_w(at_s: float) -> float:
        return 6_000.0 if 2_700 + 240 <= (at_s - BEGIN_S) % 3_600 < 2_700 + 840 else 300.0

    house = House(other_w)
    house.run(3 * 3_600)
    for average_w in house.averages()[4:]:
        assert average_w <= QUARTER.power_w
    quiet = house.averages()[4:7]
    assert min(quiet) >= 0.9 * QUARTER.power_w


def test_a_car_runs_on_at_its_minimum_over_the_end_of_a_window() -> None:
    """4.1 kW at least under 2.5 kW on average: it runs and pauses, two starts per hour."""
    limit = AverageLimit(power_w=2_500.0, window=WindowLength.QUARTER_HOUR)
    house = House(lambda _: 300.0, limit=limit, least_w=4_140.0)
    house.run(4 * 3_600)
    assert max(house.averages()) <= 2_500.0
    assert sum(house.averages()[1:]) / 15 >= 0.9 * 2_500.0
    assert house.starts <= 2 * 4 + 1


def test_a_load_that_stays_takes_what_the_minimum_had() -> None:
    """Never seen before, it comes when a window begins: what it needs of it is its own."""
    house = House(
        lambda at_s: 6_200.0 if at_s >= BEGIN_S + QUARTER_S else 100.0,
        limit=AverageLimit(power_w=8_000.0, window=WindowLength.QUARTER_HOUR),
        least_w=4_140.0,
    )
    house.run(3 * QUARTER_S)
    assert max(house.averages()) <= 1.005 * 8_000.0


def test_nobody_is_lowered_in_the_last_minute() -> None:
    keeper = AverageKeeper("grid", QUARTER, UTC)
    for second in range(0, 895, 5):
        keeper.measure(BEGIN_S + second, 4_800.0, 500.0)
        if second > 60:
            allowed = keeper.allow(BEGIN_S + second, 500.0, 1_380.0)
            assert allowed.hold_w >= allowed.raise_w >= 4_800.0


def test_a_kettle_cuts_nobody() -> None:
    """A load of some seconds is paid from what is left of the window."""

    def other_w(at_s: float) -> float:
        return 2_500.0 if 300 <= at_s - BEGIN_S < 310 else 500.0

    house = House(other_w)
    house.run(290)
    before_w = house.told_w
    house.run(120)
    assert house.told_w >= before_w > 4_000.0


def test_no_cliff_before_the_window_ends() -> None:
    house = House(lambda _: 500.0)
    house.run(2 * QUARTER_S + 600)
    told = []
    while house.now_s < BEGIN_S + 3 * QUARTER_S - STEP_S:
        house.run(STEP_S)
        told.append(house.told_w)
    assert min(told) > 4_000.0
    assert max(told) < 5_500.0


def test_what_an_idle_morning_left_is_used_before_the_window_ends() -> None:
    """Who comes late in a window may have what nobody used of it."""
    house = House(lambda _: 500.0, most_w=0.0)
    house.run(QUARTER_S + 450)
    house.most_w = 22_000.0
    house.run(430)
    assert house.told_w > 8_000.0
    house.run(2 * QUARTER_S - 880)
    assert max(house.averages()) <= QUARTER.power_w
    assert house.averages()[1] >= 0.95 * QUARTER.power_w


def test_a_gap_counts_at_the_worst() -> None:
    """What members and others may have taken while nobody measured is taken as used."""
    keeper = AverageKeeper("grid", QUARTER, UTC)
    for second in range(0, 300, 5):
        keeper.measure(BEGIN_S + second, 2_000.0, 2_000.0)
    keeper.expect(3_000.0)
    keeper.measure(BEGIN_S + 600, 1_000.0, 1_000.0)
    used_wh = (295 * 2_000 + 305 * 5_000) / 3_600
    assert keeper.status(BEGIN_S + 600, 0.0).used_wh == pytest.approx(used_wh, abs=0.1)


def test_a_meter_that_fell_silent_counts_from_then_on() -> None:
    keeper = AverageKeeper("grid", QUARTER, UTC)
    for second in range(0, 300, 5):
        keeper.measure(BEGIN_S + second, 2_000.0, 2_000.0)
    keeper.expect(6_000.0)
    fresh = keeper.status(BEGIN_S + 310, 0.0)
    assert fresh.used_wh == pytest.approx(310 * 2_000 / 3_600, abs=0.1)
    silent = keeper.status(BEGIN_S + 595, 0.0)
    assert silent.used_wh == pytest.approx((295 * 2_000 + 300 * 8_000) / 3_600, abs=0.1)
    assert silent.projected_w > QUARTER.power_w


def test_readings_drop_out_and_the_limit_holds() -> None:
    house = House(lambda _: 1_000.0, silent=lambda at_s: 200 <= (at_s - BEGIN_S) % 900 < 400)
    house.run(4 * QUARTER_S)
    assert max(house.averages()) <= QUARTER.power_w
    assert min(house.averages()) >= 0.9 * QUARTER.power_w


def test_a_first_start_counts_the_window_as_used_alike() -> None:
    """What flowed before the first reading is unknown: as much as might."""
    keeper = AverageKeeper("grid", QUARTER, UTC)
    keeper.measure(BEGIN_S + 600, 1_000.0, 1_000.0)
    assert keeper.status(BEGIN_S + 600, 0.0).used_wh == pytest.approx(5_000 * 600 / 3_600, abs=0.1)
    allowed = keeper.allow(BEGIN_S + 600, 1_000.0, None)
    assert allowed.raise_w < QUARTER.power_w


def test_nothing_known_yet_is_as_much_as_might() -> None:
    keeper = AverageKeeper("grid", QUARTER, UTC)
    assert keeper.status(BEGIN_S + 450, 0.0).used_wh == pytest.approx(625.0)


def test_used_energy_survives_a_kill() -> None:
    """A restart in mid window goes on from what was remembered, the gap at the worst."""
    before = AverageKeeper("grid", QUARTER, UTC)
    record = None
    for second in range(0, 480, 5):
        before.measure(BEGIN_S + second, 4_000.0, 500.0)
        before.expect(3_500.0)
        record = before.record() or record
    assert record is not None
    assert BEGIN + timedelta(seconds=475 - 60) <= record.counted_until
    after = AverageKeeper("grid", QUARTER, UTC)
    after.restore(record, BEGIN_S + 520)
    after.measure(BEGIN_S + 520, 1_000.0, 500.0)
    truth_wh = 475 * 4_000 / 3_600 + 45 * 1_000 / 3_600
    used_wh = after.status(BEGIN_S + 520, 0.0).used_wh
    assert truth_wh <= used_wh <= truth_wh + 105 * 4_000 / 3_600
    assert after.status(BEGIN_S + 520, 0.0).ends_at == BEGIN + timedelta(minutes=15)


def test_what_was_remembered_of_an_earlier_window_is_over() -> None:
    keeper = AverageKeeper("grid", QUARTER, UTC)
    old = WindowRecord(
        circuit="grid", counted_until=BEGIN - timedelta(hours=5), used_wh=900.0, power_w=3_000.0
    )
    keeper.restore(old, BEGIN_S + 60)
    keeper.measure(BEGIN_S + 60, 1_000.0, 1_000.0)
    assert keeper.status(BEGIN_S + 60, 0.0).used_wh == pytest.approx(50.0)


@pytest.mark.parametrize("used_wh", [-500.0, 100.0])
def test_a_record_from_the_future_or_below_nothing_is_no_credit(used_wh: float) -> None:
    keeper = AverageKeeper("grid", QUARTER, UTC)
    ahead = timedelta(hours=1) if used_wh > 0 else timedelta()
    keeper.restore(
        WindowRecord(circuit="grid", counted_until=BEGIN + ahead, used_wh=used_wh, power_w=-5.0),
        BEGIN_S,
    )
    keeper.measure(BEGIN_S + 10, 1_000.0, 1_000.0)
    assert keeper.status(BEGIN_S + 10, 0.0).used_wh >= 0.0
    keeper.measure(BEGIN_S + 20, 1_000.0, 1_000.0)
    assert keeper.status(BEGIN_S + 20, 0.0).used_wh > 2.0


def test_readings_out_of_order_count_once() -> None:
    keeper = AverageKeeper("grid", QUARTER, UTC)
    for second in (0, 10, 5, 10, 20):
        keeper.measure(BEGIN_S + second, 3_600.0, 0.0)
    assert keeper.status(BEGIN_S + 20, 0.0).used_wh == pytest.approx(20.0)


def test_export_pays_nothing_back() -> None:
    keeper = AverageKeeper("grid", QUARTER, UTC)
    for second in range(0, 605, 5):
        keeper.measure(BEGIN_S + second, -8_000.0 if second < 300 else 3_600.0, 0.0)
    assert keeper.status(BEGIN_S + 600, 0.0).used_wh == pytest.approx(302.5, abs=3.0)


def test_a_lowered_limit_counts_what_was_used() -> None:
    keeper = AverageKeeper("grid", QUARTER, UTC)
    for second in range(0, 605, 5):
        keeper.measure(BEGIN_S + second, 4_000.0, 0.0)
    lower = AverageLimit(power_w=2_500.0, window=WindowLength.QUARTER_HOUR)
    keeper.configure(lower, UTC)
    assert keeper.allow(BEGIN_S + 600, 0.0, None).raise_w == 0.0
    keeper.configure(AverageLimit(power_w=2_500.0, window=WindowLength.HOUR), UTC)
    assert keeper.allow(BEGIN_S + 600, 0.0, None).raise_w > 0.0


def test_hold_and_raise_leave_room_between_them() -> None:
    """What a raise goes up to is no cut: fluctuation within a share of the budget moves nobody."""
    keeper = AverageKeeper("grid", QUARTER, UTC)
    for second in range(0, 305, 5):
        keeper.measure(BEGIN_S + second, 4_900.0, 500.0)
    allowed = keeper.allow(BEGIN_S + 300, 500.0, 1_380.0)
    assert 0.98 * QUARTER.power_w <= allowed.raise_w <= HOLD_SHARE * QUARTER.power_w
    assert allowed.hold_w > allowed.raise_w


def test_recent_load_finds_the_most_of_any_while() -> None:
    recent = RecentLoad()
    assert recent.most_w(60.0) == 0.0
    recent.add(0.0, 600.0, 1_000.0)
    recent.add(600.0, 660.0, 7_000.0)
    recent.add(660.0, 1_200.0, 1_000.0)
    assert recent.most_w(15.0) == pytest.approx(7_000.0)
    assert recent.most_w(60.0) == pytest.approx(7_000.0)
    assert recent.most_w(120.0) == pytest.approx(4_000.0)
    assert recent.most_w(7_200.0) == pytest.approx(1_300.0)
