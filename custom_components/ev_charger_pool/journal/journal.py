"""The journal as the event loop sees it: writes are batched and never wait for the disk here."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
import logging
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from ..pool.sessions import Session
from .database import Database, JournalUnavailableError, Kept
from .rows import Entry, Forget, Key, Record, key_of
from .share_sums import MemberParts

__all__ = ["Journal", "JournalUnavailableError", "Kept"]

_LOGGER = logging.getLogger(__name__)

RETRY_S: Final = 5.0
"""How long to wait before writing again what the disk did not take."""


class Journal:
    """Keeps records in a file, on a thread of its own.

    What is written while a commit runs shares the next one. Of one record only the newest state
    is written. What the disk does not take is tried again until it does.
    """

    def __init__(self, path: Path, retry_s: float = RETRY_S) -> None:
        """Prepare a journal; it is used once it is open.

        Args:
            path: Its file.
            retry_s: Seconds until what the disk did not take is tried again.
        """
        self._database = Database(path)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ev_charger_pool")
        self._retry_s = retry_s
        self._waiting: dict[Key, Entry] = {}
        self._promise: asyncio.Future[None] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self.path = path
        self.on_health: Callable[[], None] = lambda: None
        """Called when it cannot be written, and when it can again."""
        self.is_open = False
        self.failing = False

    @property
    def moved_aside(self) -> Path | None:
        """Where the damaged file went that was found when this was opened; None: it was sound."""
        return self._database.moved_aside

    async def async_open(self, now: datetime) -> Kept:
        """Open the file, purge it, and return what a start needs.

        Raises:
            JournalUnavailableError: There is no way to a sound file.
        """
        try:
            await self._run(self._database.open, now)
            await self._run(self._database.purge, now)
            kept = await self._run(self._database.read)
        except SQLAlchemyError as error:
            await self._async_shut()
            raise JournalUnavailableError(str(error)) from error
        except JournalUnavailableError:
            await self._async_shut()
            raise
        self.is_open = True
        return kept

    def write(self, *records: Record) -> asyncio.Future[None]:
        """Keep records; the answer is done once they are on the disk."""
        return self._enqueue(records)

    def forget(self, *subjects: str) -> asyncio.Future[None]:
        """Drop what the ledger kept of members and circuits that are gone."""
        gone = set(subjects)
        for key in [key for key in self._waiting if len(key) > 1 and key[1] in gone]:
            del self._waiting[key]
        return self._enqueue([Forget(subject) for subject in subjects])

    async def async_sessions(self, since: datetime) -> Sequence[Session]:
        """Return sessions that have not ended before `since`, oldest first.

        Raises:
            SQLAlchemyError: The file cannot be read.
        """
        return await self._run(self._database.sessions_since, since)

    async def async_shares(self, since: datetime, until: datetime) -> MemberParts:
        """Return what came of each standing of each member in the hours of a time.

        Raises:
            SQLAlchemyError: The file cannot be read.
        """
        return await self._run(self._database.shares_since, since, until)

    async def async_shares_of(self, *sessions: str) -> MemberParts:
        """Return what came of each standing of the members that the sessions took place at.

        Raises:
            SQLAlchemyError: The file cannot be read.
        """
        return await self._run(self._database.shares_of, sessions)

    async def async_purge(self, now: datetime) -> None:
        """Drop what is older than it has to be kept.

        Raises:
            SQLAlchemyError: The file cannot be written.
        """
        await self._run(self._database.purge, now)

    async def async_close(self) -> None:
        """Write what waits, once, and close the file."""
        self._closing.set()
        if self._writer is not None:
            await self._writer
        if self._promise is not None:
            self._promise.cancel()
        await self._async_shut()

    def _enqueue(self, entries: Sequence[Entry]) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        if self._promise is None or self._promise.done():
            # Done before its time: somebody who waited for it was cancelled.
            self._promise = loop.create_future()
        promise = self._promise
        self._waiting.update((key_of(entry), entry) for entry in entries)
        if self._writer is None or self._writer.done():
            self._writer = loop.create_task(self._write_all(), name="ev_charger_pool journal")
        return promise

    async def _write_all(self) -> None:
        while self._promise is not None:
            batch, self._waiting = self._waiting, {}
            promise, self._promise = self._promise, None
            try:
                await self._run(self._database.write, tuple(batch.values()))
            except SQLAlchemyError as error:
                self._complain(error)
                self._put_back(batch, promise)
                if self._closing.is_set():
                    return
                await self._async_pause()
            else:
                self._recover()
                if not promise.done():
                    promise.set_result(None)

    def _put_back(self, batch: dict[Key, Entry], promise: asyncio.Future[None]) -> None:
        self._waiting = {**batch, **self._waiting}
        newer, self._promise = self._promise, promise
        if newer is not None:
            promise.add_done_callback(lambda done: _follow(done, newer))

    async def _async_pause(self) -> None:
        try:
            async with asyncio.timeout(self._retry_s):
                await self._closing.wait()
        except TimeoutError:
            return

    def _complain(self, error: SQLAlchemyError) -> None:
        if not self.failing:
            self.failing = True
            _LOGGER.error(
                "The journal %s cannot be written (%s); no charger is given more until it can. "
                "Look for a full or broken disk",
                self.path,
                error,
            )
            self.on_health()

    def _recover(self) -> None:
        if self.failing:
            self.failing = False
            _LOGGER.info("The journal %s can be written again", self.path)
            self.on_health()

    async def _async_shut(self) -> None:
        self.is_open = False
        await self._run(self._database.close)
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)

    async def _run[**P, R](self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: function(*args, **kwargs))


def _follow(done: asyncio.Future[None], follower: asyncio.Future[None]) -> None:
    if follower.done():
        return
    if done.cancelled():
        follower.cancel()
    else:
        follower.set_result(None)
