"""The queue in front of a link: who goes first, and when."""

import asyncio
from datetime import timedelta

import pytest

from custom_components.ev_charger_pool.modbus.bus import (
    Bus,
    Pace,
    Precedence,
    RequestKind,
    WithdrawnError,
)
from custom_components.ev_charger_pool.modbus.schema import Timing
from tests.modbus.virtual_time import VirtualClock


class Line:
    """A link that takes its time, and keeps a record."""

    def __init__(self, clock: VirtualClock) -> None:
        self.bus = Bus()
        self.clock = clock
        self.started: list[tuple[str, float]] = []
        self._began = clock.seconds()

    def ask(
        self,
        name: str,
        pace: Pace,
        precedence: Precedence = Precedence.READ,
        kind: RequestKind = RequestKind.READ,
        takes: float = 0.02,
    ) -> asyncio.Task[str]:
        async def call() -> str:
            self.started.append((name, round(self.clock.seconds() - self._began, 2)))
            await asyncio.sleep(takes)
            return name

        async def ask() -> str:
            return await self.bus.request(
                call, kind=kind, pace=pace, precedence=precedence, limit=limit
            )

        return asyncio.create_task(ask())

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.started]


LIMIT_S = 1.5


def limit() -> float:
    return LIMIT_S


@pytest.fixture
def line(clock: VirtualClock) -> Line:
    return Line(clock)


def pace(request: float = 0.0, read: float = 0.0, write: float = 0.0) -> Pace:
    return Pace(
        Timing(
            request=timedelta(seconds=request),
            read=timedelta(seconds=read),
            write=timedelta(seconds=write),
        )
    )


async def test_sr7_reductions_overtake_commands_and_those_overtake_reads(line: Line) -> None:
    device = pace()
    tasks = [
        line.ask("first", device),
        line.ask("read", device),
        line.ask("raise", device, Precedence.CONTROL),
        line.ask("reduction", device, Precedence.REDUCTION),
    ]
    assert await asyncio.gather(*tasks) == ["first", "read", "raise", "reduction"]
    assert line.names == ["reduction", "raise", "first", "read"]


async def test_a_reduction_overtakes_another_devices_reads(line: Line) -> None:
    one, other = pace(), pace()
    tasks = [line.ask("busy", one)]
    await asyncio.sleep(0.01)
    tasks += [line.ask("read", one), line.ask("reduction", other, Precedence.REDUCTION)]
    await asyncio.gather(*tasks)
    assert line.names == ["busy", "reduction", "read"]


async def test_pauses_count_from_the_end_of_an_exchange(line: Line) -> None:
    device = pace(request=0.1, read=0.5, write=5.0)
    tasks = [line.ask(f"read {number}", device) for number in range(3)]
    tasks += [
        line.ask(f"write {number}", device, Precedence.CONTROL, RequestKind.WRITE)
        for number in range(2)
    ]
    await asyncio.gather(*tasks)
    times = dict(line.started)
    assert times["write 0"] < 0.05
    assert times["read 0"] == pytest.approx(0.12, abs=0.06)
    assert times["read 1"] == pytest.approx(0.64, abs=0.06)
    assert times["write 1"] == pytest.approx(5.02, abs=0.06)


async def test_a_device_that_has_to_wait_does_not_hold_up_its_neighbour(line: Line) -> None:
    slow, quick = pace(write=5.0), pace()
    writes = [line.ask("slow", slow, Precedence.REDUCTION, RequestKind.WRITE) for _ in range(2)]
    reads = [line.ask("quick", quick) for _ in range(5)]
    await asyncio.gather(*reads)
    assert max(at for name, at in line.started if name == "quick") < 0.3
    await asyncio.gather(*writes)


async def test_what_comes_while_everybody_waits_is_seen_at_once(line: Line) -> None:
    slow = pace(read=10.0)
    tasks = [line.ask("one", slow), line.ask("two", slow)]
    await asyncio.sleep(2)
    await line.ask("other", pace())
    name, at = line.started[-1]
    assert name == "other"
    assert at == pytest.approx(2.0, abs=0.1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_who_gives_up_is_forgotten(line: Line) -> None:
    device = pace(read=1.0)
    await line.ask("one", device)
    waiting = line.ask("two", device)
    await asyncio.sleep(0.1)
    waiting.cancel()
    await asyncio.sleep(3)
    assert line.names == ["one"]


async def test_a_withdrawn_request_costs_no_pause(line: Line) -> None:
    device = pace(write=5.0)

    async def withdraw() -> None:
        raise WithdrawnError

    with pytest.raises(WithdrawnError):
        await line.bus.request(
            withdraw,
            kind=RequestKind.WRITE,
            pace=device,
            precedence=Precedence.CONTROL,
            limit=limit,
        )
    await line.ask("write", device, Precedence.CONTROL, RequestKind.WRITE)
    assert line.started[0][1] < 0.05


async def test_an_error_is_told_to_who_asked(line: Line) -> None:
    async def fail() -> None:
        message = "broken"
        raise ValueError(message)

    with pytest.raises(ValueError, match="broken"):
        await line.bus.request(
            fail,
            kind=RequestKind.READ,
            pace=pace(),
            precedence=Precedence.READ,
            limit=limit,
        )
    assert await line.ask("next", pace()) == "next"


async def test_nobody_holds_the_link_for_longer_than_the_limit(line: Line) -> None:
    hanging = line.ask("hanging", pace(), takes=60.0)
    after = line.ask("after", pace())
    with pytest.raises(TimeoutError):
        await hanging
    assert await after == "after"
    assert line.started[-1][1] == pytest.approx(LIMIT_S, abs=0.05)


async def test_who_gave_up_while_it_was_carried_out_disturbs_nobody(line: Line) -> None:
    running = line.ask("running", pace(), takes=0.5)
    await asyncio.sleep(0.1)
    running.cancel()
    assert await line.ask("after", pace()) == "after"
    assert line.names == ["running", "after"]
