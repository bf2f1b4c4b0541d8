"""Carries commands out to their end, and says how they went."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from datetime import timedelta
import logging

from ...modbus.bus import WithdrawnError
from ...modbus.link import LinkError, LostError, RefusedError
from ...modbus.schema import Profile
from ...pool.actions import ActionResult

_LOGGER = logging.getLogger(__name__)


class Work:
    """The commands under way to one device.

    A caller may stop waiting; what it asked for goes on.
    """

    def __init__(self, profile: Profile, counters: Counter[str]) -> None:
        """Begin without any.

        Args:
            profile: The device, for the log.
            counters: Where failures are counted.
        """
        self._profile = profile
        self._counters = counters
        self._tasks: set[asyncio.Task[ActionResult]] = set()

    async def do(self, command: Coroutine[object, object, None], limit: timedelta) -> ActionResult:
        """Carry a command out and return how it went.

        Args:
            command: What is to be done; a `LinkError` or `WithdrawnError` is its failure.
            limit: How long it may take.
        """
        task = asyncio.get_running_loop().create_task(
            self._result_of(command, limit), name=f"command to {self._profile.id}"
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait((task,))
        return ActionResult.OFFLINE if task.cancelled() else task.result()

    def give_up(self) -> None:
        """Break off what is under way; it counts as offline."""
        for task in self._tasks:
            task.cancel()

    async def _result_of(
        self, command: Coroutine[object, object, None], limit: timedelta
    ) -> ActionResult:
        try:
            async with asyncio.timeout(limit.total_seconds()):
                await command
        except WithdrawnError as error:
            self._counters["withdrawn_commands"] += 1
            _LOGGER.debug("%s: a command was withdrawn: %s", self._profile.name, error)
            return ActionResult.FAILED
        except RefusedError as error:
            self._counters["refused_commands"] += 1
            _LOGGER.warning("%s refuses a command: %s", self._profile.name, error)
            return ActionResult.REJECTED
        except LostError:
            return ActionResult.OFFLINE
        except LinkError, TimeoutError:
            self._counters["unanswered_commands"] += 1
            return ActionResult.TIMED_OUT
        return ActionResult.ACCEPTED
