"""When to decide: at once on news, when a decision asks for the next, and every second."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
import logging
import time
from typing import Final

from .balancing.contract import DECISION_INTERVAL, Controller, Decision

_LOGGER = logging.getLogger(__name__)

BUDGET_S: Final = 0.005
"""How long the search for who may run goes on; the best found so far counts then."""

LEAST_PAUSE_S: Final = 0.01
"""Between a decision and one that it asked for, so that the loop stays free for the links."""

REMEMBERED: Final = 50
"""How many decisions are kept to be looked at."""


class OutOfTime:
    """A time budget that begins when it is made."""

    def __init__(self, seconds: float) -> None:
        self._end = time.perf_counter() + seconds

    def __call__(self) -> bool:
        """Whether the budget is used up."""
        return time.perf_counter() >= self._end


class DecisionLoop:
    """Calls the controller and hands each decision on.

    News within one turn of the event loop make one decision. A decision that fails is counted and
    logged once; nobody vouches for it, so that every lease lapses when it goes on (SR-4).
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        controller: Controller,
        clock: Callable[[], datetime],
        *,
        before: Callable[[], None],
        on_decision: Callable[[Decision], None],
        on_failure: Callable[[datetime], None],
    ) -> None:
        """Make the loop.

        Args:
            loop: The event loop.
            controller: Who decides.
            clock: The time, aware UTC.
            before: Called before each decision: the last chance to tell news.
            on_decision: Takes each decision.
            on_failure: Called when a decision could not be made or carried out.
        """
        self._loop = loop
        self._controller = controller
        self._clock = clock
        self._before = before
        self._on_decision = on_decision
        self._on_failure = on_failure
        self._asked: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._running = False
        self.decided_at: datetime | None = None
        self.failures = 0
        self.failing_since: datetime | None = None
        self.recent: deque[Decision] = deque(maxlen=REMEMBERED)

    def start(self) -> None:
        """Decide, and go on deciding."""
        self._running = True
        self.ask()

    def stop(self) -> None:
        """Decide no more."""
        self._running = False
        self._cancel()

    def ask(self) -> None:
        """Ask for a decision at the end of this turn of the event loop."""
        if self._running and self._asked is None:
            self._asked = self._loop.call_soon(self.decide)

    def decide(self) -> None:
        """Decide now."""
        if not self._running:
            return
        self._cancel()
        now = self._clock()
        pause = DECISION_INTERVAL
        try:
            pause = min(self._decide(now), DECISION_INTERVAL)
        except Exception:
            if self.failing_since is None:
                self.failing_since = now
                _LOGGER.exception(
                    "No decision could be made; until one can, every charger falls to its "
                    "fail-safe current when its lease ends"
                )
            self.failures += 1
            self._on_failure(now)
        finally:
            self._timer = self._loop.call_later(
                max(LEAST_PAUSE_S, pause.total_seconds()), self.decide
            )

    def _decide(self, now: datetime) -> timedelta:
        self._before()
        decision = self._controller.decide(now, OutOfTime(BUDGET_S))
        self._on_decision(decision)
        self.decided_at = now
        if self.failing_since is not None:
            self.failing_since = None
            _LOGGER.info("Decisions are made again, after %s failures", self.failures)
        if decision.orders or not self.recent:
            self.recent.append(decision)
        return decision.next_at - now

    def _cancel(self) -> None:
        for handle in (self._asked, self._timer):
            if handle is not None:
                handle.cancel()
        self._asked = self._timer = None
