"""Transaction ids that are never given twice, and the transactions that run."""

from collections.abc import Mapping
from typing import Final, NotRequired, TypedDict

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ...const import DOMAIN
from .model import Transaction

_VERSION: Final = 1
_SAVE_DELAY_S: Final = 1.0
_RESERVE: Final = 100
"""Ids are reserved on disk in blocks: after a kill the next ones follow the block."""

HIGHEST_ID: Final = 2**31 - 1
"""Stations keep the id in 32 bits."""


class _StoredTransaction(TypedDict):
    id: str
    token: str | None
    started_at: str
    request: NotRequired[str | None]


class _Stored(TypedDict):
    reserved: int
    running: dict[str, dict[str, _StoredTransaction]]


class TransactionStore:
    """The counter of transaction ids and the running transactions, kept over restarts."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._store = Store[_Stored](hass, _VERSION, f"{DOMAIN}.ocpp")
        self._next = 1
        self._reserved = 1
        self._running: dict[str, dict[int, Transaction]] = {}

    async def async_load(self) -> None:
        """Read what was kept, and reserve the first block of ids."""
        stored = await self._store.async_load()
        if stored is not None:
            self._next = stored["reserved"]
            self._running = {
                station: {
                    int(connector): Transaction(
                        id=kept["id"],
                        token=kept["token"],
                        started_at=dt_util.parse_datetime(kept["started_at"], raise_on_error=True),
                        request=kept.get("request"),
                    )
                    for connector, kept in connectors.items()
                }
                for station, connectors in stored["running"].items()
            }
        self._reserved = self._next + _RESERVE
        await self._store.async_save(self._data())

    async def async_save(self) -> None:
        """Write everything now."""
        await self._store.async_save(self._data())

    def next_id(self) -> int:
        """Return an id that was never given before."""
        number = self._next
        self._next = self._next % HIGHEST_ID + 1
        if self._reserved - self._next < _RESERVE // 2:
            self._reserved = self._next + _RESERVE
            self._store.async_delay_save(self._data, 0.0)
        return number

    def seen(self, number: int) -> None:
        """Take that a station uses an id, so that it is not given again."""
        if self._next <= number < HIGHEST_ID - _RESERVE:
            self._next = number + 1
            self._reserved = self._next + _RESERVE
            self._store.async_delay_save(self._data, 0.0)

    def running(self, station: str) -> Mapping[int, Transaction]:
        """Return the running transactions of a station by connector."""
        return self._running.get(station, {})

    def begin(self, station: str, connector: int, transaction: Transaction) -> None:
        """Remember that a transaction runs."""
        self._running.setdefault(station, {})[connector] = transaction
        self._store.async_delay_save(self._data, _SAVE_DELAY_S)

    def end(self, station: str, connector: int) -> None:
        """Forget that one runs."""
        if self._running.get(station, {}).pop(connector, None) is not None:
            self._store.async_delay_save(self._data, _SAVE_DELAY_S)

    def _data(self) -> _Stored:
        return {
            "reserved": self._reserved,
            "running": {
                station: {
                    str(connector): {
                        "id": transaction.id,
                        "token": transaction.token,
                        "started_at": transaction.started_at.isoformat(),
                        "request": transaction.request,
                    }
                    for connector, transaction in connectors.items()
                }
                for station, connectors in self._running.items()
                if connectors
            },
        }
