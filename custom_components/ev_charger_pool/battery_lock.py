"""Locks the home battery's discharge through an entity of the user, and undoes it in any event."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
import math
from typing import Any, Final

from homeassistant.components.number.const import ATTR_STEP, ATTR_VALUE, SERVICE_SET_VALUE
from homeassistant.components.select import ATTR_OPTION, ATTR_OPTIONS, SERVICE_SELECT_OPTION
from homeassistant.const import (
    ATTR_ENTITY_ID,
    SERVICE_TURN_OFF,
    SERVICE_TURN_ON,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    Platform,
)
from homeassistant.core import HomeAssistant, State, callback, split_entity_id
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.storage import Store

from .balancing.contract import Problem, ProblemKind
from .const import DOMAIN
from .listeners import Unsubscribe
from .pool.discharge_lock import (
    Held,
    LockAct,
    LockKeeper,
    LockTarget,
    LockTrouble,
    LockValue,
    Shown,
)

_LOGGER = logging.getLogger(__name__)

STORAGE_VERSION: Final = 1

SWITCHES: Final = (Platform.SWITCH, "input_boolean")
SELECTS: Final = (Platform.SELECT, "input_select")
NUMBERS: Final = (Platform.NUMBER, "input_number")

LOOK_EVERY: Final = timedelta(seconds=10)

WISH_LASTS: Final = timedelta(seconds=60)
"""A lock that no decision stands behind any more is undone, as a grant lapses (SR-4)."""

ACTION_TIMEOUT_S: Final = 30.0
CLOSING_TIMEOUT_S: Final = 10.0
"""Home Assistant does not wait long for who unloads."""

_PROBLEMS: Final = {
    LockTrouble.SILENT: ProblemKind.BATTERY_LOCK_SILENT,
    LockTrouble.FAILED: ProblemKind.BATTERY_LOCK_FAILED,
    LockTrouble.LIFTED: ProblemKind.BATTERY_LOCK_LIFTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryLockView:
    """What diagnostics show of it.

    Attributes:
        target: The entity that is configured.
        held: The lock that the pool holds.
        wanted: Whether it should.
        error: What the newest action that failed said.
    """

    target: LockTarget | None
    held: Held | None
    wanted: bool
    error: str | None


class BatteryLock:
    """Has the user's entity follow whether the battery's discharge is to be locked.

    Args:
        hass: Home Assistant.
        entry_id: The site.
        clock: The time, aware UTC.
        spawn: Runs a coroutine beside everything else.
        on_news: Called when there are other problems than before.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry_id: str,
        clock: Callable[[], datetime],
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
        on_news: Callable[[], None],
    ) -> None:
        self._hass = hass
        self._clock = clock
        self._spawn = spawn
        self._on_news = on_news
        self._store = _store(hass, entry_id)
        self._keeper = LockKeeper(clock())
        self._kept: Held | None = None
        self._target: LockTarget | None = None
        self._wanted_at: datetime | None = None
        self._writing: asyncio.Task[None] | None = None
        self._error: str | None = None
        self._told: tuple[Problem, ...] = ()
        self._stop: Unsubscribe | None = None

    @property
    def view(self) -> BatteryLockView:
        """What diagnostics show of it."""
        return BatteryLockView(
            target=self._target,
            held=self._keeper.held,
            wanted=self._is_wanted(self._clock()),
            error=self._error,
        )

    async def async_start(self, target: LockTarget | None) -> None:
        """Take up the lock that an earlier run left, and follow the entity that is configured."""
        self._kept = _held_from_json(await self._store.async_load())
        self._keeper = LockKeeper(self._clock(), self._kept)
        self._target = target
        self._stop = async_track_time_interval(self._hass, self._on_time, LOOK_EVERY)

    async def async_close(self) -> None:
        """Undo a lock that is held, and do nothing any more; where it fails, the next run does."""
        if self._stop is not None:
            self._stop()
            self._stop = None
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait([self._writing])
        held = self._keeper.release()
        if held is None:
            return
        if await self._async_call(held.target, _value_before(self._hass, held), CLOSING_TIMEOUT_S):
            await self._async_keep(None)

    @callback
    def async_configure(self, target: LockTarget | None) -> None:
        """Follow another entity, or none; a lock of the one before is undone first."""
        if target != self._target:
            self._target = target
            self._look()

    @callback
    def async_follow(self, locked: bool) -> None:  # noqa: FBT001 - it is the wish itself
        """Take whether the discharge is to be locked, with each decision."""
        now = self._clock()
        before = self._is_wanted(now)
        self._wanted_at = now if locked else None
        if locked is not before:
            self._look()

    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong now."""
        followed = self._keeper.followed(self._target)
        trouble = self._keeper.trouble(self._clock())
        if followed is None or trouble is None:
            return ()
        kind, since = trouble
        return (Problem(kind=_PROBLEMS[kind], subject=followed.entity, since=since),)

    @callback
    def _on_time(self, _: datetime) -> None:
        self._look()

    def _is_wanted(self, now: datetime) -> bool:
        return self._wanted_at is not None and now - self._wanted_at <= WISH_LASTS

    def _look(self) -> None:
        """Find what to do now, and do it."""
        if self._stop is None or self._writing is not None:
            return
        now, keeper = self._clock(), self._keeper
        followed = keeper.followed(self._target)
        shown = None if followed is None else _shown(self._hass, followed)
        act = keeper.decide(now, self._target, shown, wanted=self._is_wanted(now))
        if act is not None or keeper.held != self._kept:
            self._writing = self._spawn(self._async_act(act), "lock the home battery")
            if self._writing.done():
                self._writing = None
        self._tell()

    async def _async_act(self, act: LockAct | None) -> None:
        held = self._keeper.held
        try:
            await self._async_keep(held)
            if act is None or held is None:
                return
            lock = act is LockAct.LOCK
            value = held.target.locked if lock else _value_before(self._hass, held)
            if not await self._async_call(held.target, value, ACTION_TIMEOUT_S):
                self._keeper.failed(self._clock())
        finally:
            self._writing = None
            self._tell()

    async def _async_keep(self, held: Held | None) -> None:
        if held != self._kept:
            await self._store.async_save({"held": None if held is None else _held_to_json(held)})
            self._kept = held

    async def _async_call(self, target: LockTarget, value: LockValue, timeout_s: float) -> bool:
        """Have an entity take a value by its own action; return whether that worked."""
        domain, service, data = _action(target.entity, value)
        try:
            async with asyncio.timeout(timeout_s):
                await self._hass.services.async_call(
                    domain, service, {ATTR_ENTITY_ID: target.entity, **data}, blocking=True
                )
        except Exception as error:  # noqa: BLE001 - whatever the user's integration raises
            self._error = f"{type(error).__name__}: {error}"
            _LOGGER.warning("Setting %s to %s failed: %s", target.entity, value, self._error)
            return False
        self._error = None
        return True

    def _tell(self) -> None:
        if self._stop is None:
            return
        problems = self.problems()
        if problems != self._told:
            self._told = problems
            for problem in problems:
                _LOGGER.warning(
                    "The lock of the home battery: %s of %s", problem.kind, problem.subject
                )
            self._on_news()


async def async_remove_lock(hass: HomeAssistant, entry_id: str) -> None:
    """Delete what was kept of the lock of a site that is gone."""
    await _store(hass, entry_id).async_remove()


def _store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    return Store(hass, STORAGE_VERSION, f"{DOMAIN}.{entry_id}.battery_lock")


def _action(entity: str, value: LockValue) -> tuple[str, str, dict[str, LockValue]]:
    """Return the domain, the name and the data of the action that sets an entity."""
    domain, _ = split_entity_id(entity)
    if domain in SELECTS:
        return domain, SERVICE_SELECT_OPTION, {ATTR_OPTION: value}
    if domain in NUMBERS:
        return domain, SERVICE_SET_VALUE, {ATTR_VALUE: float(value)}
    return domain, SERVICE_TURN_ON if value == STATE_ON else SERVICE_TURN_OFF, {}


def _shown(hass: HomeAssistant, target: LockTarget) -> Shown | None:
    """Return what an entity shows; None where it is missing, unavailable or shows no value."""
    state = hass.states.get(target.entity)
    if state is None or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
        return None
    if not isinstance(target.locked, float | int):
        return Shown(value=state.state, is_locked=state.state == target.locked)
    try:
        value = float(state.state)
    except ValueError:
        return None
    is_locked = abs(value - target.locked) <= _step(state) / 2.0
    return Shown(value=state.state, is_locked=is_locked) if math.isfinite(value) else None


def _step(state: State) -> float:
    """Return how finely a number can be set: what is shown may be rounded to it."""
    step = state.attributes.get(ATTR_STEP)
    return float(step) if isinstance(step, int | float) and 0 < step < math.inf else 0.0


def _value_before(hass: HomeAssistant, held: Held) -> LockValue:
    """Return what to set an entity to where its lock ends."""
    target = held.target
    domain, _ = split_entity_id(target.entity)
    if domain in NUMBERS:
        return float(held.before)
    state = hass.states.get(target.entity)
    offered = state.attributes.get(ATTR_OPTIONS) if state is not None else None
    gone = domain in SELECTS and offered is not None and held.before not in offered
    return target.normal if gone and target.normal is not None else held.before


def _held_to_json(held: Held) -> dict[str, Any]:
    target = held.target
    return {
        "entity": target.entity,
        "locked": target.locked,
        "normal": target.normal,
        "before": held.before,
    }


def _held_from_json(data: Any) -> Held | None:
    """Return what was kept; what cannot be understood is left out and logged."""
    kept = data.get("held") if isinstance(data, dict) else None
    if kept is None:
        return None
    try:
        held = Held(
            target=LockTarget(entity=kept["entity"], locked=kept["locked"], normal=kept["normal"]),
            before=kept["before"],
        )
        _action(held.target.entity, held.target.locked)
        if split_entity_id(held.target.entity)[0] in NUMBERS:
            float(held.before)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        _LOGGER.warning("Ignoring the stored lock of the home battery %r: %r", kept, error)
        return None
    return held
