"""Orders reach their devices: reductions first, newest wins, no device waits for another."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from itertools import count
import time
from typing import Any

import pytest

from custom_components.ev_charger_pool import dispatch
from custom_components.ev_charger_pool.dispatch import Dispatcher
from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.members import (
    Grant,
    MemberId,
    Order,
    OrderKind,
    Urgency,
)
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
_numbers = count(1)


def order(
    member: MemberId,
    amps: float,
    urgency: Urgency = Urgency.REDUCTION,
    kind: OrderKind = OrderKind.SET,
    power_w: float | None = None,
) -> Order:
    return Order(
        number=next(_numbers),
        kind=kind,
        urgency=urgency,
        grant=Grant(
            member=member,
            current_a=amps,
            power_w=power_w,
            decided_at=NOW,
            reason=Reason(kind=ReasonKind.CHARGER),
        ),
    )


class Station:
    """A link that answers when the test says so, or at once."""

    def __init__(self, *, at_once: ActionResult | None = ActionResult.ACCEPTED) -> None:
        self.at_once = at_once
        self.calls: list[tuple[MemberId, OrderKind, float | None]] = []
        self.called_at: list[float] = []
        self.open: list[asyncio.Future[ActionResult]] = []
        self.error: Exception | None = None

    async def carry_out(
        self, member: MemberId, kind: OrderKind, grant: Grant | None
    ) -> ActionResult:
        self.calls.append((member, kind, None if grant is None else grant.current_a))
        self.called_at.append(time.thread_time())
        if self.error is not None:
            raise self.error
        if self.at_once is not None:
            return self.at_once
        answer: asyncio.Future[ActionResult] = asyncio.get_running_loop().create_future()
        self.open.append(answer)
        return await answer

    async def answer(self, result: ActionResult = ActionResult.ACCEPTED) -> None:
        self.open.pop(0).set_result(result)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    @property
    def amps(self) -> list[float | None]:
        return [amps for _, _, amps in self.calls]


class Record:
    """What the controller is told."""

    def __init__(self) -> None:
        self.sent_orders: list[Order] = []
        self.answers: list[tuple[Order, ActionResult]] = []
        self.woken: list[MemberId] = []

    def sent(self, order: Order, at: datetime) -> None:
        assert at == NOW
        self.sent_orders.append(order)

    def answered(self, order: Order, result: ActionResult, at: datetime) -> None:
        assert at == NOW
        self.answers.append((order, result))


@pytest.fixture
def record() -> Record:
    return Record()


@pytest.fixture
async def dispatcher(record: Record) -> Dispatcher:
    def spawn(coroutine: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        return asyncio.Task(coroutine, name=name, eager_start=True)

    return Dispatcher(record, lambda: NOW, spawn, record.woken.append)


def durable() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()


async def test_i2_a_reduction_is_handed_over_in_the_same_turn(
    dispatcher: Dispatcher, record: Record
) -> None:
    stations = [Station(at_once=None) for _ in range(100)]
    for number, station in enumerate(stations):
        dispatcher.open(f"d{number}", station, [f"d{number}:1"])
    started = time.thread_time()
    dispatcher.submit([order(f"d{number}:1", 6.0) for number in range(100)], durable())
    assert all(station.amps == [6.0] for station in stations)
    assert max(station.called_at[0] for station in stations) - started < 0.1
    assert len(record.sent_orders) == 100
    await dispatcher.async_close_all()


async def test_sr11_a_raise_waits_until_its_record_is_durable(dispatcher: Dispatcher) -> None:
    station = Station()
    dispatcher.open("d", station, ["d:1", "d:2", "d:3"])
    on_disk = durable()
    dispatcher.submit(
        [
            order("d:1", 16.0, Urgency.RAISE),
            order("d:2", 10.0, Urgency.RENEWAL, OrderKind.RENEW),
            order("d:3", 6.0, Urgency.REDUCTION),
        ],
        on_disk,
    )
    await asyncio.sleep(0)
    assert station.calls == [("d:3", OrderKind.SET, 6.0)]
    on_disk.set_result(None)
    await asyncio.sleep(0)
    assert [call[0] for call in station.calls] == ["d:3", "d:2", "d:1"]


async def test_sr11_a_raise_whose_record_is_lost_is_never_handed_over(
    dispatcher: Dispatcher, record: Record
) -> None:
    station = Station()
    dispatcher.open("d", station, ["d:1"])
    on_disk = durable()
    dispatcher.submit([order("d:1", 16.0, Urgency.RAISE)], on_disk)
    on_disk.cancel()
    await asyncio.sleep(0)
    dispatcher.submit([order("d:1", 6.0)], None)
    assert station.amps == [6.0]
    assert [sent.grant.current_a for sent in record.sent_orders] == [6.0]


async def test_a_raise_that_waits_for_the_disk_does_not_take_the_reduction_before_it(
    dispatcher: Dispatcher,
) -> None:
    station = Station(at_once=None)
    dispatcher.open("d", station, ["d:1"])
    dispatcher.submit([order("d:1", 16.0)], None)
    dispatcher.submit([order("d:1", 6.0)], None)
    on_disk = durable()
    dispatcher.submit([order("d:1", 10.0, Urgency.RAISE)], on_disk)
    await station.answer()
    assert station.amps == [16.0, 6.0]
    on_disk.set_result(None)
    await station.answer()
    assert station.amps == [16.0, 6.0, 10.0]
    await dispatcher.async_close_all()


async def test_i2_a_reduction_overtakes_what_waits_in_its_outbox(dispatcher: Dispatcher) -> None:
    station = Station(at_once=None)
    members = [f"d:{number}" for number in range(1, 6)]
    dispatcher.open("d", station, members)
    dispatcher.submit([order(member, 16.0, Urgency.RAISE) for member in members[:4]], None)
    assert len(station.calls) == 1, "only one raise is on the link at a time"
    dispatcher.submit([order("d:5", 6.0), order("d:2", 8.0)], None)
    assert station.calls[1:] == [("d:5", OrderKind.SET, 6.0), ("d:2", OrderKind.SET, 8.0)]
    await dispatcher.async_close_all()


async def test_renewals_overtake_raises(dispatcher: Dispatcher) -> None:
    station = Station(at_once=None)
    dispatcher.open("d", station, ["d:1", "d:2", "d:3"])
    dispatcher.submit([order("d:1", 16.0, Urgency.RAISE)], None)
    dispatcher.submit([order("d:2", 16.0, Urgency.RAISE)], None)
    dispatcher.submit([order("d:3", 9.0, Urgency.RENEWAL, OrderKind.RENEW)], None)
    await station.answer()
    assert station.calls[-1] == ("d:3", OrderKind.RENEW, 9.0)
    await station.answer()
    assert station.calls[-1] == ("d:2", OrderKind.SET, 16.0)
    await dispatcher.async_close_all()


async def test_one_command_per_connector_and_the_newest_wins(
    dispatcher: Dispatcher, record: Record
) -> None:
    station = Station(at_once=None)
    dispatcher.open("d", station, ["d:1"])
    for amps in (16.0, 12.0, 10.0, 8.0):
        dispatcher.submit([order("d:1", amps)], None)
    assert station.amps == [16.0]
    await station.answer()
    assert station.amps == [16.0, 8.0]
    await station.answer()
    assert station.amps == [16.0, 8.0]
    assert [sent.grant.current_a for sent in record.sent_orders] == [16.0, 8.0]
    assert [answered.grant.current_a for answered, _ in record.answers] == [16.0, 8.0]


async def test_a_replaced_reduction_keeps_its_place(dispatcher: Dispatcher) -> None:
    """The renewal of a reduced grant stands for the reduction that was not sent yet."""
    station = Station(at_once=None)
    dispatcher.open("d", station, ["d:1", "d:2"])
    dispatcher.submit([order("d:1", 16.0), order("d:2", 16.0, Urgency.RAISE)], None)
    dispatcher.submit([order("d:1", 6.0)], None)
    dispatcher.submit([order("d:1", 6.0, Urgency.RENEWAL, OrderKind.RENEW)], None)
    await station.answer()
    assert station.calls[-1] == ("d:1", OrderKind.RENEW, 6.0)
    await dispatcher.async_close_all()


async def test_a_stop_is_not_lost_to_a_newer_grant(dispatcher: Dispatcher) -> None:
    station = Station(at_once=None)
    dispatcher.open("d", station, ["d:1"])
    dispatcher.submit([order("d:1", 16.0)], None)
    dispatcher.submit([order("d:1", 0.0, kind=OrderKind.STOP)], None)
    dispatcher.submit([order("d:1", 0.0)], None)
    await station.answer()
    await station.answer()
    await station.answer()
    assert {call[1] for call in station.calls[1:]} == {OrderKind.STOP, OrderKind.SET}


async def test_i8_a_stalled_device_delays_nobody(dispatcher: Dispatcher, record: Record) -> None:
    stalled, healthy = Station(at_once=None), Station()
    dispatcher.open("stalled", stalled, ["stalled:1"])
    dispatcher.open("healthy", healthy, ["healthy:1"])
    for amps in (16.0, 10.0, 6.0):
        dispatcher.submit([order("stalled:1", amps), order("healthy:1", amps)], None)
    assert stalled.amps == [16.0]
    assert healthy.amps == [16.0, 10.0, 6.0]
    assert [result for _, result in record.answers] == [ActionResult.ACCEPTED] * 3
    await dispatcher.async_close_all()


async def test_i8_a_driver_that_raises_counts_as_failed(
    dispatcher: Dispatcher, record: Record, caplog: pytest.LogCaptureFixture
) -> None:
    broken, healthy = Station(), Station()
    broken.error = RuntimeError("the driver has a fault")
    dispatcher.open("broken", broken, ["broken:1"])
    dispatcher.open("healthy", healthy, ["healthy:1"])
    for amps in (16.0, 6.0):
        dispatcher.submit([order("broken:1", amps), order("healthy:1", amps)], None)
    assert [result for told, result in record.answers if told.member == "broken:1"] == [
        ActionResult.FAILED
    ] * 2
    assert healthy.amps == [16.0, 6.0]
    assert caplog.text.count("the driver has a fault") == 1, "logged once"
    broken.error = None
    dispatcher.submit([order("broken:1", 6.0)], None)
    assert record.answers[-1][1] is ActionResult.ACCEPTED


async def test_sr7_what_is_not_answered_in_time_is_timed_out(
    dispatcher: Dispatcher, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert timedelta(seconds=5) == dispatch.CONTROL_TIMEOUT
    assert timedelta(seconds=10) == dispatch.CALL_TIMEOUT
    monkeypatch.setattr(dispatch, "CONTROL_TIMEOUT", timedelta(milliseconds=10))
    monkeypatch.setattr(dispatch, "CALL_TIMEOUT", timedelta(milliseconds=50))
    station = Station(at_once=None)
    dispatcher.open("d", station, ["d:1"])
    dispatcher.submit([order("d:1", 16.0)], None)
    dispatcher.submit([order("d:1", 6.0)], None)
    assert await dispatcher.async_idle("d:1") is ActionResult.TIMED_OUT
    assert station.amps == [16.0, 6.0], "the next one goes out once the time is over"
    assert [result for _, result in record.answers] == [ActionResult.TIMED_OUT] * 2
    started = time.monotonic()
    assert await dispatcher.async_command("d:1", OrderKind.START) is ActionResult.TIMED_OUT
    assert time.monotonic() - started >= 0.05


async def test_a_users_command_takes_its_turn(dispatcher: Dispatcher, record: Record) -> None:
    station = Station(at_once=None)
    dispatcher.open("d", station, ["d:1"])
    dispatcher.submit([order("d:1", 6.0)], None)
    first = asyncio.ensure_future(dispatcher.async_command("d:1", OrderKind.START))
    second = asyncio.ensure_future(dispatcher.async_command("d:1", OrderKind.STOP))
    await asyncio.sleep(0)
    assert len(station.calls) == 1
    await station.answer()
    await station.answer(ActionResult.REJECTED)
    assert await first is ActionResult.FAILED, "the newer command took its place"
    assert await second is ActionResult.REJECTED
    assert station.calls[-1] == ("d:1", OrderKind.STOP, None)
    assert len(record.answers) == 1, "the controller hears of its own orders only"


async def test_what_may_be_on_the_device(dispatcher: Dispatcher) -> None:
    station = Station(at_once=None)
    dispatcher.open("d", station, ["d:1"])
    assert dispatcher.at_most("d:1") is None
    dispatcher.submit([order("d:1", 10.0, power_w=1000.0)], None)
    assert dispatcher.at_most("d:1") is None, "nobody knows what it held before"
    await station.answer()
    dispatcher.submit([order("d:1", 4.0, power_w=400.0)], None)
    at_most = dispatcher.at_most("d:1")
    assert at_most is not None
    assert at_most.power_w == 1000.0
    await station.answer(ActionResult.TIMED_OUT)
    assert dispatcher.at_most("d:1") is at_most
    dispatcher.submit([order("d:1", 4.0, power_w=400.0)], None)
    await station.answer()
    at_most = dispatcher.at_most("d:1")
    assert at_most is not None
    assert at_most.power_w == 400.0
    assert dispatcher.answers("d:1") == 3


async def test_a_member_without_a_device_is_offline(dispatcher: Dispatcher, record: Record) -> None:
    dispatcher.submit([order("nobody:1", 6.0)], None)
    assert record.answers[0][1] is ActionResult.OFFLINE
    assert await dispatcher.async_command("nobody:1", OrderKind.STOP) is ActionResult.OFFLINE
    assert await dispatcher.async_idle("nobody:1") is ActionResult.OFFLINE
    assert dispatcher.at_most("nobody:1") is None
    assert dispatcher.answers("nobody:1") == 0


async def test_nothing_was_ever_sent_to_an_idle_member(dispatcher: Dispatcher) -> None:
    dispatcher.open("d", Station(), ["d:1"])
    assert await dispatcher.async_idle("d:1") is None
    assert dispatcher.answers("d:1") == 0


async def test_closing_drops_what_waits_and_leaves_the_lease_to_lapse(
    dispatcher: Dispatcher, record: Record
) -> None:
    station = Station(at_once=None)
    dispatcher.open("d", station, ["d:1"])
    dispatcher.submit([order("d:1", 16.0)], None)
    dispatcher.submit([order("d:1", 6.0)], None)
    waiting = asyncio.ensure_future(dispatcher.async_command("d:1", OrderKind.STOP))
    await asyncio.sleep(0)
    await dispatcher.async_close("d")
    assert await waiting is ActionResult.OFFLINE
    assert station.amps == [16.0]
    assert station.open[0].cancelled()
    assert record.answers == []
    await dispatcher.async_close("d")


async def test_an_outbox_that_is_closed_takes_nothing(dispatcher: Dispatcher) -> None:
    station = Station(at_once=None)
    dispatcher.open("d", station, ["d:1"])
    (outbox,) = dispatcher.devices.values()
    on_disk = durable()
    dispatcher.submit([order("d:1", 16.0, Urgency.RAISE)], on_disk)
    await dispatcher.async_close("d")
    on_disk.set_result(None)
    await asyncio.sleep(0)
    outbox.put(order("d:1", 6.0), None)
    assert await outbox.async_command("d:1", OrderKind.STOP) is ActionResult.OFFLINE
    assert station.calls == []


async def test_a_thousand_answers_within_one_turn_do_not_recurse(
    dispatcher: Dispatcher, record: Record
) -> None:
    station = Station()
    members = [f"d:{number}" for number in range(1000)]
    dispatcher.open("d", station, members)
    on_disk = durable()
    dispatcher.submit([order(member, 10.0, Urgency.RAISE) for member in members], on_disk)
    on_disk.set_result(None)
    await asyncio.sleep(0)
    assert len(record.answers) == 1000
