"""Follows the entities that a forecast of prices, CO2 or sun comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
import logging
from typing import Final

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event, async_track_time_interval
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .dispatch import Spawn
from .errors import ErrorKey
from .forecast_providers import Answer, async_ask
from .forecasts import (
    ForecastKind,
    ForecastProblem,
    ForecastProblemKind,
    ForecastReading,
    Origin,
    Quantity,
    check_noon,
    check_reach,
    prices_end_at,
    read_forecast,
    together,
)
from .pool.series import Co2GramsPerKwhSeries, PricePerKwhSeries, Series, SolarWattsSeries

_LOGGER = logging.getLogger(__name__)

REFRESH_INTERVAL: Final = timedelta(minutes=15)
"""How often tomorrow's prices are asked for once they may be there."""

CALM_INTERVAL: Final = timedelta(hours=2)
"""How often prices are asked for otherwise: what was published hardly ever changes."""

PRICES_EXPECTED_FROM: Final = time(12, 30)
"""Local time: the day-ahead auction's results come a little before 13:00 CET."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastConfig[S: Series]:
    """Where a forecast comes from.

    Attributes:
        quantity: What it is a forecast of.
        entities: The entities that hold it, or one of each integration that gives it when asked.
            Those of one integration's entry are read as one, for example one for each day.
        unit: The unit, where the user names it because nothing else does; else empty.
        part: The area or the home to take, where there are several; else empty.
    """

    quantity: Quantity[S]
    entities: tuple[str, ...]
    unit: str = ""
    part: str = ""


class _Asker[S: Series]:
    """Reads the entities of a forecast, and asks their integrations where they hold none."""

    def __init__(self, hass: HomeAssistant, config: ForecastConfig[S]) -> None:
        self._hass = hass
        self._config = config
        self._answers: dict[str, tuple[datetime, Answer]] = {}
        self._known_until: datetime | None = None

    async def async_read(self, now: datetime) -> ForecastReading[S]:
        """Read everything.

        Args:
            now: The time, aware.

        Raises:
            HomeAssistantError: An entity is missing, or its integration gives no forecast now.
        """
        groups: dict[str, list[str]] = {}
        registry = er.async_get(self._hass)
        for entity in self._config.entities:
            known = registry.async_get(entity)
            # Sources that add up are told apart by what they belong to.
            source = "" if known is None or known.config_entry_id is None else known.config_entry_id
            key = source if self._config.quantity.add is not None else ""
            groups.setdefault(key, []).append(entity)
        readings = [await self._async_read_group(group, now) for group in groups.values()]
        reading = together(readings, self._config.quantity)
        self._known_until = reading.series.ends_at
        return reading

    async def _async_read_group(self, entities: Sequence[str], now: datetime) -> ForecastReading[S]:
        """Read what belongs together, from the attributes or else from the integrations."""
        shown: list[Mapping[str, object]] = []
        written: list[datetime] = []
        for entity in entities:
            if (state := self._hass.states.get(entity)) is not None:
                shown.append(state.attributes)
                written.append(state.last_updated)
        reading = self._read(shown, max(written, default=now))
        if reading.is_usable:
            return reading
        answers = await self._async_ask(entities, now)
        if not answers:
            if not any(map(self._is_there, entities)):
                raise _error(ErrorKey.FORECAST_MISSING, entity=", ".join(entities))
            return reading
        contents = [content for answer in answers for content in answer.contents]
        return self._read(contents, now, unit=answers[0].unit, part=answers[0].part)

    def _is_there(self, entity: str) -> bool:
        state = self._hass.states.get(entity)
        return state is not None and state.state != STATE_UNAVAILABLE

    async def _async_ask(self, entities: Sequence[str], now: datetime) -> list[Answer]:
        answers: list[Answer] = []
        registry = er.async_get(self._hass)
        asked: set[str | None] = set()
        for entity in entities:
            known = registry.async_get(entity)
            if known is None or known.config_entry_id in asked:
                continue
            asked.add(known.config_entry_id)
            answer = await self._async_ask_one(known, now)
            if answer is not None:
                answers.append(answer)
        return answers

    async def _async_ask_one(self, known: er.RegistryEntry, now: datetime) -> Answer | None:
        """Ask, or remember what was answered a moment ago."""
        before = self._answers.get(known.entity_id)
        if before is not None and now - before[0] < self._patience(now):
            return before[1]
        answer = await async_ask(self._hass, known, self._config.quantity.kind, now)
        if answer is not None:
            self._answers[known.entity_id] = (now, answer)
        return answer

    def _patience(self, now: datetime) -> timedelta:
        """Return how long an answer is good: the sun is at hand, prices come over the net."""
        if self._config.quantity.kind is not ForecastKind.PRICE:
            return timedelta(0)
        local = dt_util.as_local(now)
        tomorrow = prices_end_at(local.date() + timedelta(days=1), dt_util.get_default_time_zone())
        if self._known_until is not None and (
            self._known_until >= tomorrow or local.time() < PRICES_EXPECTED_FROM
        ):
            return CALM_INTERVAL
        return REFRESH_INTERVAL

    def _read(
        self, contents: Sequence[object], written_at: datetime, *, unit: str = "", part: str = ""
    ) -> ForecastReading[S]:
        return read_forecast(
            contents,
            self._config.quantity,
            Origin(
                zone=dt_util.get_default_time_zone(),
                written_at=written_at,
                home_currency=self._hass.config.currency,
                unit=self._config.unit or unit,
                part=self._config.part or part,
            ),
        )


async def async_read_forecast[S: Series](
    hass: HomeAssistant, config: ForecastConfig[S]
) -> ForecastReading[S]:
    """Read a forecast once, as for a form that asks for its entities.

    Raises:
        HomeAssistantError: There is nothing in it to plan with; its text says why and what to do.
    """
    reading = await _Asker(hass, config).async_read(dt_util.utcnow())
    if not reading.is_usable:
        raise _why(reading, ", ".join(config.entities))
    return reading


class ForecastSource[S: Series]:
    """Keeps the newest reading of a forecast.

    What was read last stays when its source fails: prices that were published do not change. Its
    points run out by themselves, and `problems` says so before.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        config: ForecastConfig[S],
        *,
        on_news: CALLBACK_TYPE,
        spawn: Spawn,
    ) -> None:
        """Know a source; nothing happens before it is started.

        Args:
            hass: Home Assistant.
            config: Where the forecast comes from.
            on_news: Called after each change of the series or of what is wrong with it.
            spawn: Starts a task.
        """
        self._hass = hass
        self._config = config
        self._asker = _Asker(hass, config)
        self._on_news = on_news
        self._spawn = spawn
        self._stops: list[CALLBACK_TYPE] = []
        self._reading: ForecastReading[S] | None = None
        self._error: HomeAssistantError | None = None
        self._failing_since: datetime | None = None
        self._is_reading = False
        self._is_stale = False

    @property
    def series(self) -> S | None:
        """What is known; None before the first reading with anything in it."""
        return None if self._reading is None else self._reading.series

    @property
    def reading(self) -> ForecastReading[S] | None:
        """The newest reading with anything in it; None before the first."""
        return self._reading

    @property
    def error(self) -> HomeAssistantError | None:
        """Why the newest reading failed; None when it did not."""
        return self._error

    @property
    def failing_since(self) -> datetime | None:
        """Since when every reading failed, aware UTC; None when the newest did not."""
        return self._failing_since

    @property
    def name(self) -> str:
        """The entities, for messages."""
        return ", ".join(self._config.entities)

    def problems(self, now: datetime) -> tuple[ForecastProblem, ...]:
        """Return all that is wrong with what is known.

        Args:
            now: The time, aware.
        """
        if self._reading is None:
            return ()
        more: ForecastProblem | None = None
        match self._reading.series:
            case PricePerKwhSeries() as prices:
                more = check_reach(prices, now, dt_util.get_default_time_zone())
            case SolarWattsSeries() as sun:
                more = check_noon(sun, self._hass.config.longitude)
        return (*self._reading.problems, *(() if more is None else (more,)))

    @callback
    def async_start(self) -> None:
        """Read now, whenever an entity changes, and from time to time."""
        self._stops = [
            async_track_state_change_event(self._hass, self._config.entities, self._on_change),
            async_track_time_interval(self._hass, self._on_time, REFRESH_INTERVAL),
        ]
        self._refresh()

    @callback
    def async_stop(self) -> None:
        """Follow nothing any more."""
        for stop in self._stops:
            stop()
        self._stops = []

    @callback
    def _on_change(self, _: Event[EventStateChangedData]) -> None:
        self._refresh()

    @callback
    def _on_time(self, _: datetime) -> None:
        self._refresh()

    def _refresh(self) -> None:
        self._is_stale = True
        if not self._is_reading:
            self._is_reading = True
            self._spawn(self._async_read(), f"read the forecast of {self.name}")

    async def _async_read(self) -> None:
        """Read until nothing has changed meanwhile."""
        try:
            while self._is_stale:
                self._is_stale = False
                await self._async_read_once()
        finally:
            self._is_reading = False

    async def _async_read_once(self) -> None:
        now = dt_util.utcnow()
        before = (self._reading, self._error)
        try:
            reading = await self._asker.async_read(now)
            if not reading.is_usable:
                raise _why(reading, self.name)
        except HomeAssistantError as error:
            if self._error is None:
                _LOGGER.warning("The forecast of %s cannot be read: %s", self.name, error)
                self._failing_since = now
            self._error = error
        else:
            if self._error is not None:
                _LOGGER.info("The forecast of %s can be read again", self.name)
            self._reading, self._error, self._failing_since = reading, None, None
        if before != (self._reading, self._error):
            self._on_news()


type AnySource = (
    ForecastSource[PricePerKwhSeries]
    | ForecastSource[Co2GramsPerKwhSeries]
    | ForecastSource[SolarWattsSeries]
)
"""A source of whatever kind."""


def _why(reading: ForecastReading[Series], entity: str) -> HomeAssistantError:
    """Return the error that says why there is nothing to plan with in a reading."""
    by_kind = {problem.kind: problem for problem in reading.problems}
    if (unit := by_kind.get(ForecastProblemKind.UNIT_UNKNOWN)) is not None:
        return _error(ErrorKey.FORECAST_UNIT_UNKNOWN, entity=entity, unit=unit.sample or "-")
    if (doubt := by_kind.get(ForecastProblemKind.UNIT_DOUBTFUL)) is not None:
        return _error(ErrorKey.FORECAST_UNIT_DOUBTFUL, entity=entity, value=doubt.sample)
    for problem in reading.problems:
        if problem.kind is not ForecastProblemKind.NOTHING_FOUND:
            return _error(
                ErrorKey.FORECAST_ROWS_UNREADABLE,
                entity=entity,
                kind=problem.kind.value.replace("_", " "),
                sample=problem.sample or "-",
            )
    return _error(ErrorKey.FORECAST_UNREADABLE, entity=entity)


def _error(key: ErrorKey, **placeholders: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )
