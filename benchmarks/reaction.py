"""Time from a meter's change to the limit on the wire, with one station in ten stalled."""

import asyncio
import logging
import math
import statistics
import time

from benchmarks.home import Home, running_home
from benchmarks.runner import Bar, Options, Result

NAME = "reaction"
DESCRIPTION = "Milliseconds from a meter's change to the SetChargingProfile frame on the wire."

CONNECTORS = 50
STALL_EVERY = 10
CAR_A = 16.0
START_S = 35.0
"""After a start raises wait, and so does this: leases and meters have to be known."""
FIRST_A = 12.0
STEP_A = 0.9
SETTLE_S = 15.0
"""Between two steps: the settle time of the chargers, so that each step is a new cut."""


async def run(options: Options) -> Result:
    """Raise the house's load step by step, and see when each station is told to give way."""
    logging.disable(logging.WARNING)
    steps = max(3, round(6 * options.scale))
    stalled = math.ceil(CONNECTORS / STALL_EVERY)
    async with running_home(CONNECTORS, fuse_a=CONNECTORS * CAR_A + 50, sample_s=5) as home:
        await home.async_charging(FIRST_A, within_s=60)
        await _settle(home, START_S)
        await home.stations.async_tell(f"stall {STALL_EVERY}")
        latencies: list[float] = []
        lowered = 0
        for _ in range(steps):
            await _settle(home, SETTLE_S)
            reached, told = await _cut(home)
            latencies += reached
            lowered += told
    ordered = sorted(latencies)
    return Result(
        figures={
            "p50_ms": statistics.median(ordered),
            "p99_ms": ordered[min(len(ordered) - 1, math.ceil(0.99 * len(ordered)) - 1)],
            "max_ms": ordered[-1],
            "frames": len(ordered),
            "missed": lowered - len(ordered),
        },
        bars={"p99_ms": Bar.below(100.0), "missed": Bar.at_most(0)},
        notes=(
            f"{CONNECTORS} stations, {stalled} of them stalled; {steps} cuts, {lowered} grants lowered",
            "the stations are a process of their own, and time each frame as they receive it",
        ),
    )


async def _settle(home: Home, seconds: float) -> None:
    for _ in range(round(seconds)):
        home.measure()
        await asyncio.sleep(1)


async def _cut(home: Home) -> tuple[list[float], int]:
    """Raise the house's load so that the cars have to give way.

    Returns:
        The milliseconds to the frame of each station that reads, and how many of those were
        granted less: who is at its minimum already may keep it while others pause.
    """
    fuse_a = home.coordinator.data.circuits["grid"].circuit.limit_a.l1
    granted = home.granted_a
    home.house_a += fuse_a - home.house_a - sum(granted) + CONNECTORS * (1 + STEP_A)
    before = len(home.stations.limits)
    started = time.monotonic()
    home.measure()
    await asyncio.sleep(3)
    lowered = {
        station
        for station, (old_a, new_a) in enumerate(zip(granted, home.granted_a, strict=True))
        if station % STALL_EVERY and new_a < old_a
    }
    first: dict[int, float] = {}
    for station, at, _ in home.stations.limits[before:]:
        if station in lowered and at >= started:
            first.setdefault(station, (at - started) * 1000)
    return list(first.values()), len(lowered)
