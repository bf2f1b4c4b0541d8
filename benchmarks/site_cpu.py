"""Processor time that Home Assistant spends on one site."""

import asyncio
import logging
import time

from benchmarks.home import running_home
from benchmarks.runner import Options, Result

NAME = "site_cpu"
DESCRIPTION = "Processor seconds per hour of a site with 20 connectors that report every second."

CONNECTORS = 20
FUSE_A = 250.0
"""Less than all of them want, so that there is something to decide."""

WARM_UP_S = 45
MEASURED_S = 120


async def run(options: Options) -> Result:
    """Let a site run in real time, entities and journal included, and count its processor time."""
    logging.disable(logging.WARNING)
    seconds = max(20, round(MEASURED_S * options.scale))
    async with running_home(CONNECTORS, fuse_a=FUSE_A, sample_s=1) as home:

        async def let_pass(duration: float) -> None:
            end = time.monotonic() + duration
            while time.monotonic() < end:
                home.measure()
                await asyncio.sleep(1)

        await let_pass(WARM_UP_S)
        states = len(home.hass.states.async_all())
        wall, cpu = time.monotonic(), time.process_time()
        await let_pass(seconds)
        passed, spent = time.monotonic() - wall, time.process_time() - cpu
    return Result(
        figures={
            "cpu_s_per_site_hour": spent / passed * 3600,
            "cpu_share": spent / passed,
            "entities": states,
        },
        notes=(
            f"{CONNECTORS} stations sent their values every second for {passed:.0f} s",
            "the stations are a process of their own and not counted",
        ),
    )
