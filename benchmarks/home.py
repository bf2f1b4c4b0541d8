"""A Home Assistant in this process with a site of OCPP stations in another one."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
import json
from pathlib import Path
import sys
import tempfile
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

from benchmarks import stations
from custom_components.ev_charger_pool.chargers.ocpp import async_get_central_system
from custom_components.ev_charger_pool.const import DOMAIN
from custom_components.ev_charger_pool.coordinator import SiteCoordinator
from custom_components.ev_charger_pool.journal import Journal
from custom_components.ev_charger_pool.pool.members import MemberRecord

ROOT = Path(__file__).parents[1]
PHASES = ("l1", "l2", "l3")


class Stations:
    """The process of the stations, and the limits that reached them."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ready = asyncio.Event()
        self._reader = asyncio.create_task(self._read())
        self.limits: list[tuple[int, float, float]] = []
        """Station, monotonic time of arrival, amps per phase; in the order of arrival."""

    async def async_ready(self) -> None:
        """Wait until every station is connected."""
        async with asyncio.timeout(60):
            await self._ready.wait()

    async def async_tell(self, line: str) -> None:
        """Tell the process what to do."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()

    async def async_end(self) -> None:
        """End the process."""
        self._process.kill()
        await self._process.wait()
        await self._reader

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            told = json.loads(line)
            if "ready" in told:
                self._ready.set()
            else:
                self.limits.append((told["station"], told["at"], told["amps"]))


class Home:
    """The site under measurement.

    Attributes:
        hass: Its Home Assistant.
        coordinator: Its coordinator.
        stations: Its stations.
    """

    def __init__(
        self, hass: HomeAssistant, coordinator: SiteCoordinator, stations: Stations, count: int
    ) -> None:
        self.hass = hass
        self.coordinator = coordinator
        self.stations = stations
        self._count = count
        self.house_a = 5.0

    def measure(self) -> None:
        """Have the grid meter report what the house and the cars take, on each phase."""
        taken_a = sum(
            view.connector.current_a.value.l1 or 0.0
            for view in self.coordinator.data.members.values()
            if view.connector is not None and view.connector.current_a is not None
        )
        set_meter(self.hass, self.house_a + taken_a)

    @property
    def granted_a(self) -> list[float]:
        """What each member is granted now."""
        members = self.coordinator.data.members.values()
        return [0.0 if view.status is None else view.status.granted_a for view in members]

    async def async_charging(self, least_a: float, within_s: float) -> None:
        """Report the meter each second until every member is granted so much.

        Raises:
            TimeoutError: They were not in time.
        """
        async with asyncio.timeout(within_s):
            while min(self.granted_a) < least_a:
                self.measure()
                await asyncio.sleep(1)


def set_meter(hass: HomeAssistant, amps: float) -> None:
    """Report the same current on each phase of the grid meter."""
    for phase in PHASES:
        hass.states.async_set(f"sensor.grid_{phase}", f"{amps:.2f}", {"unit_of_measurement": "A"})


def chargers(count: int) -> Sequence[Any]:
    """Return the subentries of as many stations with one connector."""
    return [
        {
            "subentry_id": f"bench{number:03}",
            "subentry_type": "charger",
            "title": f"Bench {number}",
            "unique_id": f"bench{number:03}",
            "data": {
                "driver": "ocpp",
                "station": f"BENCH{number:03}",
                "authorization": "anyone",
                "tokens": [],
                "circuit": "grid",
                "may_freeze": False,
                "connectors": {
                    "1": {
                        "rotation": list(PHASES),
                        "max_current_a": stations.CAR_A,
                        "fail_safe_current_a": 0.0,
                    }
                },
            },
        }
        for number in range(count)
    ]


async def _remember(path: Path, count: int) -> None:
    """Write a journal as a kill leaves it behind while every car charges.

    After a start members are raised one by one; what was granted before is renewed at once.
    """
    now = dt_util.utcnow()
    journal = Journal(path)
    await journal.async_open(now)
    await journal.write(
        *(
            MemberRecord(
                member=f"bench{number:03}:1",
                granted_a=stations.CAR_A,
                outstanding_a=0.0,
                lapse_to_a=0.0,
                expires_at=now + timedelta(seconds=180),
                decided_at=now,
            )
            for number in range(count)
        )
    )
    await journal.async_close()


@asynccontextmanager
async def running_home(count: int, fuse_a: float, sample_s: float) -> AsyncGenerator[Home]:
    """Run a site with as many connectors until the block ends.

    Args:
        count: How many stations with one connector each.
        fuse_a: The main fuse, amps per phase.
        sample_s: Seconds between two meter values of a station.
    """
    with tempfile.TemporaryDirectory() as folder:
        async with async_test_home_assistant(config_dir=folder) as hass:
            hass.data.pop(DATA_CUSTOM_COMPONENTS)
            await async_setup_component(hass, "homeassistant", {})
            central = await async_get_central_system(hass, 0)
            set_meter(hass, 5.0)
            entry = MockConfigEntry(
                domain=DOMAIN,
                title="Bench",
                data={
                    "phases": 3,
                    "voltage_v": 230.0,
                    "fuse_a": fuse_a,
                    "fail_safe_current_a": 0.0,
                    "sharing": "min_first",
                    "meter": {f"current_{phase}": f"sensor.grid_{phase}" for phase in PHASES},
                    "ocpp_port": 0,
                },
                subentries_data=chargers(count),
            )
            entry.add_to_hass(hass)
            path = Path(hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}.db"))
            await _remember(path, count)
            if not await hass.config_entries.async_setup(entry.entry_id):
                raise RuntimeError(f"the site could not be set up: {entry.reason}")
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                stations.__name__,
                f"ws://127.0.0.1:{central.port}",
                "--count",
                str(count),
                "--sample",
                str(sample_s),
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            running = Stations(process)
            try:
                await running.async_ready()
                yield Home(hass, entry.runtime_data, running, count)
            finally:
                await running.async_end()
                await hass.async_stop(force=True)
