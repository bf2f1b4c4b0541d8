"""What a plan asks of a member over time."""

from datetime import UTC, datetime, timedelta

from custom_components.ev_charger_pool.pool.schedules import Schedule, Slot

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def slot(from_h: float, until_h: float, power_w: float) -> Slot:
    return Slot(
        from_at=NOON + timedelta(hours=from_h),
        until_at=NOON + timedelta(hours=until_h),
        power_w=power_w,
    )


def test_the_next_start_is_that_of_the_next_slot_with_power() -> None:
    schedule = Schedule(
        member="a", slots=(slot(0.0, 1.0, 7_000.0), slot(1.0, 2.0, 0.0), slot(3.0, 4.0, 7_000.0))
    )
    assert schedule.next_start(NOON - timedelta(hours=1)) == NOON
    assert schedule.next_start(NOON) == NOON + timedelta(hours=3)
    assert schedule.next_start(NOON + timedelta(hours=3)) is None
