"""The queue of calls over a link that takes nothing, loses everything, or answers at odd times."""

import asyncio
from collections.abc import Callable
import json

import pytest

from custom_components.ev_charger_pool.chargers.ocpp.calls import (
    CallOfflineError,
    CallPriority,
    CallQueue,
    CallRefusedError,
    CallTimeoutError,
)
from custom_components.ev_charger_pool.chargers.ocpp.counters import Counters
from custom_components.ev_charger_pool.chargers.ocpp.framing import (
    CallError,
    CallResult,
    Payload,
)


class Link:
    """A link that takes a text when it is let."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.texts: list[str] = []
        self.counters = Counters()
        self.fails: Exception | None = None
        self.queue = CallQueue(self.write, self.counters)

    async def write(self, text: str) -> None:
        if self.fails is not None:
            raise self.fails
        self.texts.append(text)
        await self.open.wait()

    @property
    def actions(self) -> list[str]:
        return [json.loads(text)[2] for text in self.texts]

    def unique_id(self, index: int) -> str:
        return str(json.loads(self.texts[index])[1])

    def answer(self, index: int, payload: Payload | None = None) -> None:
        self.queue.take(CallResult(unique_id=self.unique_id(index), payload=payload or {}))

    def call(
        self, action: str, priority: CallPriority = CallPriority.OTHER, timeout_s: float = 1.0
    ) -> asyncio.Task[Payload]:
        return asyncio.eager_task_factory(
            asyncio.get_running_loop(),
            self.queue.call(action, {}, priority=priority, timeout_s=timeout_s),
        )


async def test_a_call_is_on_the_wire_at_once_and_gets_its_answer() -> None:
    link = Link()
    call = link.call("A")
    assert link.actions == ["A"]
    link.answer(0, {"x": 1})
    assert await call == {"x": 1}
    assert link.counters.calls == 1


async def test_the_most_urgent_goes_next_and_equals_in_turn() -> None:
    link = Link()
    calls = [link.call("first")]
    for action, priority in (
        ("question", CallPriority.OTHER),
        ("raise", CallPriority.RAISE),
        ("cut 1", CallPriority.REDUCTION),
        ("renewal", CallPriority.RENEWAL),
        ("cut 2", CallPriority.REDUCTION),
    ):
        calls.append(link.call(action, priority))
    for index in range(6):
        link.answer(index)
    await asyncio.gather(*calls)
    assert link.actions == ["first", "cut 1", "cut 2", "renewal", "raise", "question"]


async def test_a_link_that_takes_nothing_lets_calls_time_out_unwritten() -> None:
    link = Link()
    link.open.clear()
    first = link.call("first", timeout_s=0.02)
    second = link.call("second", timeout_s=0.02)
    for call in (first, second):
        with pytest.raises(CallTimeoutError, match=r"within 0\.02 s"):
            await call
    assert link.actions == ["first"]
    link.open.set()
    third = link.call("third")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert link.actions == ["first", "third"]
    link.answer(1)
    await third
    assert link.counters.timeouts == 2


async def test_a_link_that_fails_fails_its_calls_and_the_next_may_work() -> None:
    link = Link()
    link.fails = ConnectionResetError("gone")
    with pytest.raises(CallOfflineError):
        await link.call("A")
    link.fails = None
    call = link.call("B")
    link.answer(0)
    await call


async def test_closing_fails_whatever_waits() -> None:
    link = Link()
    link.open.clear()
    calls = [link.call("A"), link.call("B")]
    link.queue.close()
    for call in calls:
        with pytest.raises(CallOfflineError):
            await call
    with pytest.raises(CallOfflineError):
        await link.call("C")
    assert link.actions == ["A"]


async def test_an_error_is_told_with_its_code() -> None:
    link = Link()
    call = link.call("A")
    link.queue.take(
        CallError(unique_id=link.unique_id(0), code="NotSupported", description="no such thing")
    )
    with pytest.raises(CallRefusedError, match="A was refused: NotSupported no such thing") as info:
        await call
    assert info.value.code == "NotSupported"
    assert link.counters.refused_calls == 1


async def test_late_double_and_wrong_answers_are_told_apart() -> None:
    link = Link()
    call = link.call("A", timeout_s=0.01)
    with pytest.raises(CallTimeoutError):
        await call
    link.answer(0)
    link.answer(0)
    again = link.call("B")
    link.answer(1)
    link.answer(1)
    await again
    assert (link.counters.late_answers, link.counters.unexpected_answers) == (1, 2)


async def test_a_cancelled_call_frees_the_link() -> None:
    link = Link()
    first, second = link.call("A"), link.call("B")
    first.cancel()
    await asyncio.wait([first])
    assert link.actions == ["A", "B"]
    link.answer(1)
    await second


async def test_an_answer_may_come_before_the_write_returns() -> None:
    link = Link()
    link.open.clear()
    first, second = link.call("A"), link.call("B")
    link.answer(0)
    await first
    assert link.actions == ["A"]
    link.open.set()
    await until(lambda: link.actions == ["A", "B"])
    link.answer(1)
    await second


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(10):
        if condition():
            return
        await asyncio.sleep(0)
    pytest.fail("it did not happen")
