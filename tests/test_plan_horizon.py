"""The future as plans see it: prices, sun, and what the circuits leave."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

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
from custom_components.ev_charger_pool.pool.circuits import Circuit
from custom_components.ev_charger_pool.pool.quantities import NO_CURRENT, PerPhase
from custom_components.ev_charger_pool.pool.series import (
    QUARTER,
    Co2GramsPerKwhSeries,
    Point,
    PricePerKwhSeries,
    SolarWattsSeries,
)
from custom_components.ev_charger_pool.pool.sessions import Rates

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
ROOM = Room(circuits=CIRCUITS, claimed_a={}, voltage_v=230.0)


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
    room = Room(
        circuits=CIRCUITS, claimed_a={ROOT_CIRCUIT: PerPhase(16.0, 16.0, 0.0)}, voltage_v=230.0
    )
    slots = horizon(NOW, NOW + 3 * HOUR, Outlook(), room, others())
    first = slots[0].phase_capacity_w[ROOT_CIRCUIT]
    assert (first.l1, first.l3) == pytest.approx((9 * 230, 25 * 230))
    later = next(slot for slot in slots if slot.from_at >= NOW + CLAIMED_FOR)
    assert later.phase_capacity_w[ROOT_CIRCUIT] == PerPhase.same(25.0 * 230.0)


def test_a_ceiling_below_a_fuse_counts() -> None:
    root, garage = lowered(CIRCUITS, {ROOT_CIRCUIT: 16.0})
    assert root.limit_a == PerPhase.same(16.0)
    assert garage is CIRCUITS[1]
    assert lowered(CIRCUITS, {ROOT_CIRCUIT: 40.0})[0].limit_a == PerPhase.same(25.0)


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
    room = Room(circuits=CIRCUITS, claimed_a={GARAGE: PerPhase.same(claimed_a)}, voltage_v=230.0)
    slots = horizon(now, now + timedelta(hours=hours), Outlook(), room, others())
    assert slots[0].from_at <= now < slots[0].until_at
    assert slots[-1].until_at >= now + timedelta(hours=hours)
    for one, other in pairwise(slots):
        assert one.until_at == other.from_at
        assert other.until_at - other.from_at == QUARTER
    for slot in slots:
        assert all(watts >= 0.0 for room in slot.phase_capacity_w.values() for watts in room)
