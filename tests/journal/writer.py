"""Writes to a journal until it is killed, and says on its output what was answered as durable."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import sys

from custom_components.ev_charger_pool.journal import Journal
from custom_components.ev_charger_pool.pool.members import MemberRecord
from custom_components.ev_charger_pool.pool.sessions import Session

STARTED = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def tell(word: object) -> None:
    """Write a line that is there at once, whatever happens next."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def write_for_ever(path: Path, first: int) -> None:
    """Close one session after the other while another stays open, and raise a grant."""
    journal = Journal(path)
    await journal.async_open(STARTED)
    running = Session(id="running", member="garage:2", started_at=STARTED)
    tell("ready")
    number = first
    while True:
        number += 1
        at = STARTED + timedelta(seconds=number)
        running = replace(running, energy_wh=float(number), register_wh=1000.0 + number)
        closed = Session(
            id=f"closed-{number}", member="garage:1", started_at=STARTED, ended_at=at, energy_wh=1.0
        )
        record = MemberRecord(
            member="garage:1",
            granted_a=float(number),
            outstanding_a=0.0,
            lapse_to_a=6.0,
            expires_at=at,
            decided_at=at,
        )
        # What is not waited for must not overtake what is.
        journal.write(replace(closed, id=f"unheard-{number}"))
        await journal.write(running, closed, record)
        tell(number)


if __name__ == "__main__":
    asyncio.run(write_for_ever(Path(sys.argv[1]), int(sys.argv[2])))
