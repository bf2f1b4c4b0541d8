"""I9 and SR-11: the process is killed while it writes, again and again."""

import asyncio
from datetime import timedelta
from pathlib import Path
import random
import signal
import sys

from custom_components.ev_charger_pool.journal import Journal
from tests.journal import writer

ROOT = Path(__file__).parents[2]


async def _write_and_kill(path: Path, first: int, after_s: float) -> int:
    """Return the last number that the writer was told to be on the disk."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        writer.__name__,
        str(path),
        str(first),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    await asyncio.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    heard = [int(line) for line in (await process.stdout.read()).splitlines() if line]
    assert await process.wait() == -signal.SIGKILL
    assert heard
    return heard[-1]


async def test_i9_no_closed_record_is_lost_and_the_open_session_resumes(tmp_path: Path) -> None:
    chance = random.Random(9)
    path = tmp_path / "journal.db"
    number = 0
    for _ in range(3):
        number = await _write_and_kill(path, number, chance.uniform(0.05, 0.4))

        journal = Journal(path)
        kept = await journal.async_open(writer.STARTED)
        assert journal.moved_aside is None
        everything = await journal.async_sessions(writer.STARTED - timedelta(days=1))
        await journal.async_close()

        closed = {session.id for session in everything if session.ended_at is not None}
        assert {f"closed-{heard}" for heard in range(1, number + 1)} <= closed
        (running,) = kept.open_sessions
        assert running.id == "running"
        assert running.energy_wh >= number
        assert running.register_wh == 1000.0 + running.energy_wh


async def test_sr11_a_grant_that_was_answered_as_durable_is_known_after_a_kill(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.db"
    number = await _write_and_kill(path, 0, 0.2)
    journal = Journal(path)
    kept = await journal.async_open(writer.STARTED)
    await journal.async_close()
    (record,) = kept.members
    # The kill may have come between the commit and the word about it, never the other way round.
    assert number <= record.granted_a <= number + 1
