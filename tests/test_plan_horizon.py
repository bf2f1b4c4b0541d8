"""The future as plans see it: prices, sun, and what the circuits leave."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ev_charger_pool.balancing.planner import PlanRequest, PlanResult, plan
from custom_components.ev_charger_pool.const import ROOT_CIRCUIT
from custom_components.ev_charger_pool.plan_horizon import (
    CLAIMED_FOR,
    OtherLoads,
    Outlook,
    Room,
    horizon,
    lowered,
    rates_at,
)
from custom_components.ev_charger_pool.pool.circuits import AverageLimit, Circuit, WindowLength
from custom_components.ev_charger_pool.pool.limits import Limit, LimitScope, LimitUnit
from custom_components.ev_charger_pool.pool.quantities import NO_CURRENT, PHASES, PerPhase
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.pool.series import (
    QUARTER,
    Co2GramsPerKwhSeries,
    Point,
    PricePerKwhSeries,
    SolarWattsSeries,
)
from custom_components.ev_charger_pool.pool.sessions import Rates
from custom_components.ev_charger_pool.pool.timetable import Entry, parse

NOW = datetime(2026, 11, 20, 18, 7, tzinfo=UTC)
FIRST = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")
GARAGE = "garage"
CIRCUITS = (
    Circuit(id=ROOT_CIRCUIT, name="Home", limit_a=PerPhase.same(25.0)),
    Circuit(
        id=GARAGE, name="Garage", parent=ROOT_CIRCUIT, limit_a=PerPhase.same(20.0), limit_w=9_000.0
    ),
)
ROOM = Room(circuits=CIRCUITS, timetables={}, zone=BERLIN, claimed_a={}, voltage_v=230.0)
# By the clock in Berlin: until 21:00 UTC there is little, then more.
EVENING = parse(["daily 08:00-22:00 3000", "daily 22:00-08:00 9 kW"])
NIGHT_BEGINS = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)


def others() -> OtherLoads:
    return OtherLoads(lambda: BERLIN)


def points(*values: float | None) -> tuple[Point, ...]:
    return tuple(
        Point(start=FIRST + hour * HOUR, end=FIRST + (hour + 1) * HOUR, value=value)
        for hour, value in enumerate(values)
        if value is not None
    )


def test_quarters_carry_what_is_known_of_them() -> None:
    outlook = Outlook(
        prices=PricePerKwhSeries(currency="EUR", points=points(0.3, None, -0.1)),
        co2=Co2GramsPerKwhSeries(points=points(400.0)),
        feed_in_per_kwh=0.08,
    )
    slots = horizon(NOW, NOW + 3 * HOUR, outlook, ROOM, others())
    # The quarter that has begun is there as a whole: the planner counts with what is left of it.
    assert slots[0].from_at == FIRST
    assert slots[-1].until_at >= NOW + 3 * HOUR
    assert [slot.price_per_kwh for slot in slots[:12:4]] == [0.3, None, -0.1]
    assert [slot.co2_g_per_kwh for slot in slots[:8:4]] == [400.0, None]
    assert slots[0].feed_in_per_kwh == 0.08


def test_without_forecasts_nothing_is_known_but_the_room() -> None:
    (slot, *_) = horizon(NOW, NOW, Outlook(), ROOM, others())
    assert slot.price_per_kwh is None
    assert slot.surplus_w == 0.0
    assert slot.phase_capacity_w[ROOT_CIRCUIT] == PerPhase.same(25.0 * 230.0)
    assert slot.capacity_w == {GARAGE: 9_000.0}


def test_what_else_is_usual_at_an_hour_is_left_out() -> None:
    loads = others()
    for minute in range(60):
        at = FIRST + timedelta(minutes=minute)
        loads.see(
            {ROOT_CIRCUIT: PerPhase(10.0, 2.0, -4.0), GARAGE: PerPhase.same(5.0)}, 3_000.0, at
        )
    loads.see({ROOT_CIRCUIT: PerPhase.same(30.0), GARAGE: NO_CURRENT}, 0.0, FIRST + HOUR)
    # The next day, at the same hour by the clock on the wall.
    slots = horizon(NOW + 24 * HOUR, NOW + 26 * HOUR, Outlook(), ROOM, loads)
    room = slots[0].phase_capacity_w[ROOT_CIRCUIT]
    # What flows out now is no room that lasts.
    assert (room.l1, room.l2, room.l3) == pytest.approx((15 * 230, 23 * 230, 25 * 230))
    assert slots[0].capacity_w[GARAGE] == pytest.approx(9_000.0 - 3 * 5 * 230.0)
    assert loads.house_w(FIRST + 24 * HOUR) == pytest.approx(3_000.0)
    assert loads.expected_a("unheard", FIRST) == NO_CURRENT


def test_the_sun_feeds_the_house_first() -> None:
    loads = others()
    loads.see({ROOT_CIRCUIT: NO_CURRENT}, 500.0, FIRST)
    outlook = Outlook(solar=SolarWattsSeries(points=points(2_000.0, 300.0)))
    slots = horizon(NOW, NOW + 3 * HOUR, outlook, ROOM, loads)
    assert [slot.surplus_w for slot in slots[:12:4]] == pytest.approx([1_500.0, 0.0, 0.0])


def test_cars_without_a_plan_keep_what_they_have_for_a_while() -> None:
    claimed_a = {name: PerPhase(16.0, 16.0, 0.0) for name in (ROOT_CIRCUIT, GARAGE)}
    room = replace(ROOM, claimed_a=claimed_a)
    slots = horizon(NOW, NOW + 3 * HOUR, Outlook(), room, others())
    first = slots[0].phase_capacity_w[ROOT_CIRCUIT]
    assert (first.l1, first.l3) == pytest.approx((9 * 230, 25 * 230))
    assert slots[0].capacity_w[GARAGE] == pytest.approx(9_000.0 - 2 * 16 * 230)
    later = next(slot for slot in slots if slot.from_at >= NOW + CLAIMED_FOR)
    assert later.phase_capacity_w[ROOT_CIRCUIT] == PerPhase.same(25.0 * 230.0)
    assert later.capacity_w[GARAGE] == 9_000.0


def test_a_ceiling_below_a_fuse_counts() -> None:
    root, garage = lowered(CIRCUITS, {ROOT_CIRCUIT: 16.0}, ())
    assert root.limit_a == PerPhase.same(16.0)
    assert garage is CIRCUITS[1]
    assert lowered(CIRCUITS, {ROOT_CIRCUIT: 40.0}, ())[0].limit_a == PerPhase.same(25.0)


def told(circuit: str, value: float, unit: LimitUnit) -> Limit:
    return Limit(
        id=f"{circuit}:{unit}:{value}",
        source=ReasonKind.CONTRACT,
        value=value,
        unit=unit,
        circuit=circuit,
        scope=LimitScope.CONNECTION,
    )


@pytest.mark.parametrize(
    ("user_a", "limits", "expected_a", "expected_w"),
    [
        ({}, [told(ROOT_CIRCUIT, 4_200.0, LimitUnit.POWER)], 25.0, 4_200.0),
        ({}, [told(ROOT_CIRCUIT, 20.0, LimitUnit.CURRENT)], 20.0, None),
        ({ROOT_CIRCUIT: 16.0}, [told(ROOT_CIRCUIT, 20.0, LimitUnit.CURRENT)], 16.0, None),
        (
            {},
            [
                told(ROOT_CIRCUIT, 3_000.0, LimitUnit.POWER),
                told(ROOT_CIRCUIT, 4_200.0, LimitUnit.POWER),
            ],
            25.0,
            3_000.0,
        ),
    ],
)
def test_what_an_entity_tells_counts_until_further_notice(
    user_a: dict[str, float], limits: list[Limit], expected_a: float, expected_w: float | None
) -> None:
    root, _ = lowered(CIRCUITS, user_a, limits)
    assert root.limit_a == PerPhase.same(expected_a)
    assert root.limit_w == expected_w


def test_what_an_entity_tells_lifts_no_other_limit() -> None:
    _, garage = lowered(CIRCUITS, {}, [told(GARAGE, 50_000.0, LimitUnit.POWER)])
    assert garage.limit_w == 9_000.0


class TestPower:
    """What may flow over all phases is the least of all that limits it."""

    def room(self, average_w: float | None = None, **timetables: Sequence[Entry]) -> Room:
        average = None
        if average_w is not None:
            average = AverageLimit(power_w=average_w, window=WindowLength.HOUR)
        root = replace(CIRCUITS[0], average=average)
        return replace(ROOM, circuits=(root, CIRCUITS[1]), timetables=timetables)

    def ask(self, room: Room, *, price: Sequence[float] = (), **given: float) -> PlanResult:
        wanted = PlanRequest(
            member="car",
            circuit=GARAGE,
            ready_at=FIRST + given.pop("hours") * HOUR,
            phases=PHASES,
            **given,  # type: ignore[arg-type]
        )
        outlook = Outlook()
        if price:
            outlook = Outlook(prices=PricePerKwhSeries(currency="EUR", points=points(*price)))
        loads = others()
        loads.see({ROOT_CIRCUIT: PerPhase(2.0, 0.0, 0.0)}, 460.0, FIRST)
        slots = horizon(FIRST, FIRST + 24 * HOUR, outlook, room, loads)
        return plan([wanted], slots, room.circuits, FIRST)

    def test_follows_the_timetable_by_the_clock_on_the_wall(self) -> None:
        slots = horizon(NOW, NOW + 6 * HOUR, Outlook(), self.room(grid=EVENING), others())
        for slot in slots:
            expected = 3_000.0 if slot.from_at < NIGHT_BEGINS else 9_000.0
            assert slot.capacity_w == {ROOT_CIRCUIT: expected, GARAGE: 9_000.0}

    def test_follows_the_clock_when_it_is_set(self) -> None:
        # The clock goes from three back to two: six hours later on the wall are seven.
        start = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
        room = self.room(grid=parse(["daily 00:00-06:00 3000"]))
        slots = horizon(start, start + 24 * HOUR, Outlook(), room, others())
        assert sum(ROOT_CIRCUIT in slot.capacity_w for slot in slots) == 7 * 4

    def test_is_the_least_within_a_quarter(self) -> None:
        room = self.room(grid=parse(["daily 19:10-19:20 2000"]))
        slots = horizon(NOW, NOW + HOUR, Outlook(), room, others())
        assert [slot.capacity_w.get(ROOT_CIRCUIT) for slot in slots[:3]] == [2_000, 2_000, None]

    def test_leaves_what_the_controller_keeps_of_an_average(self) -> None:
        loads = others()
        loads.see({ROOT_CIRCUIT: PerPhase.same(1.0)}, 690.0, FIRST)
        slots = horizon(NOW, NOW + 3 * HOUR, Outlook(), self.room(5_000.0, grid=EVENING), loads)
        expected = min(3_000.0, 0.98 * 5_000.0) - 690.0
        assert slots[0].capacity_w[ROOT_CIRCUIT] == pytest.approx(expected)
        assert slots[-1].capacity_w[ROOT_CIRCUIT] == pytest.approx(0.98 * 5_000.0 - 690.0)

    def test_below_what_others_take_is_none_at_all(self) -> None:
        loads = others()
        loads.see({ROOT_CIRCUIT: PerPhase.same(10.0)}, 6_900.0, FIRST)
        (slot, *_) = horizon(NOW, NOW + HOUR, Outlook(), self.room(5_000.0), loads)
        assert slot.capacity_w[ROOT_CIRCUIT] == 0.0

    def test_an_average_that_is_too_little_is_told_by_how_much_and_when_it_could_be(self) -> None:
        result = self.ask(self.room(5_000.0), energy_wh=20_000.0, max_power_w=11_040.0, hours=4)
        promise = result.promises["car"]
        left_w = 0.98 * 5_000.0 - 460.0
        assert not promise.holds
        assert promise.missing_wh == pytest.approx(20_000.0 - 4 * left_w, abs=1.0)
        ready_at = FIRST + 20_000.0 / left_w * HOUR
        assert promise.earliest_ready_at is not None
        assert ready_at <= promise.earliest_ready_at <= ready_at + QUARTER

    def test_a_contract_that_is_too_little_is_told_by_how_much_and_when_it_could_be(self) -> None:
        result = self.ask(self.room(grid=EVENING), energy_wh=16_000.0, max_power_w=8_000.0, hours=4)
        promise = result.promises["car"]
        assert promise.missing_wh == pytest.approx(16_000.0 - 3 * 2_540.0 - 8_000.0, abs=1.0)
        # What is missing after four hours goes on at night.
        ready_at = FIRST + 4 * HOUR + promise.missing_wh / 8_000.0 * HOUR
        assert promise.earliest_ready_at is not None
        assert ready_at <= promise.earliest_ready_at <= ready_at + QUARTER

    def test_a_plan_moves_to_hours_with_more_contracted_power(self) -> None:
        # The cheap hours have less than the car runs with.
        result = self.ask(
            self.room(grid=EVENING),
            price=[0.1] * 3 + [0.4] * 6,
            energy_wh=20_000.0,
            min_power_w=4_140.0,
            max_power_w=8_000.0,
            hours=8,
        )
        assert result.promises["car"].holds
        assert result.cost == pytest.approx(20.0 * 0.4, abs=0.01)
        assert all(slot.from_at >= NIGHT_BEGINS for slot in result.schedules["car"].slots)

    def test_a_plan_takes_what_is_contracted_in_cheap_hours_and_the_rest_later(self) -> None:
        result = self.ask(
            self.room(grid=EVENING),
            price=[0.1] * 3 + [0.4] * 6,
            energy_wh=20_000.0,
            max_power_w=8_000.0,
            hours=8,
        )
        cheap_kwh = 3 * 2.54
        expected = 0.1 * cheap_kwh + 0.4 * (20.0 - cheap_kwh)
        assert result.promises["car"].holds
        assert result.cost == pytest.approx(expected, rel=0.005)


def test_rates_are_those_of_the_moment() -> None:
    outlook = Outlook(prices=PricePerKwhSeries(currency="EUR", points=points(0.3)))
    assert rates_at(outlook, NOW) == Rates(price_per_kwh=0.3)
    assert rates_at(outlook, NOW + HOUR) == Rates()
    assert rates_at(Outlook(), NOW) == Rates()


@settings(max_examples=30)
@given(
    start=st.datetimes(
        min_value=datetime(2026, 3, 27),  # noqa: DTZ001 - made aware below
        max_value=datetime(2026, 11, 1),  # noqa: DTZ001
    ),
    hours=st.floats(0, 50),
    claimed_a=st.floats(0, 60),
)
def test_quarters_follow_each_other_across_every_change_of_the_clock(
    start: datetime, hours: float, claimed_a: float
) -> None:
    now = start.replace(tzinfo=UTC)
    room = replace(ROOM, timetables={GARAGE: EVENING}, claimed_a={GARAGE: PerPhase.same(claimed_a)})
    slots = horizon(now, now + timedelta(hours=hours), Outlook(), room, others())
    assert slots[0].from_at <= now < slots[0].until_at
    assert slots[-1].until_at >= now + timedelta(hours=hours)
    for one, other in pairwise(slots):
        assert one.until_at == other.from_at
        assert other.until_at - other.from_at == QUARTER
    for slot in slots:
        assert all(watts >= 0.0 for room in slot.phase_capacity_w.values() for watts in room)
        assert all(0.0 <= watts <= 9_000.0 for watts in slot.capacity_w.values())
