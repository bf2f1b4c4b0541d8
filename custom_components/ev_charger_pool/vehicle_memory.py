"""What was learned of the vehicles of a site, kept over restarts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
import logging
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .pool.charge_levels import Anchor
from .pool.taper import UNBOUND, Taper
from .pool.vehicles import VehicleId

_LOGGER = logging.getLogger(__name__)

STORAGE_VERSION: Final = 1

SAVE_DELAY_S: Final = 60.0
"""What is lost by a kill is a minute of following a battery that is measured again anyway."""


@dataclass(slots=True)
class Memory:
    """What is known of one vehicle beside its configuration."""

    anchor: Anchor | None
    taper: Taper


class VehicleMemory:
    """The file with what was learned of the vehicles of a site."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        self._store = Store[dict[str, Any]](hass, STORAGE_VERSION, f"{DOMAIN}.{entry_id}.vehicles")
        self._kept: dict[VehicleId, Memory] = {}

    async def async_load(self) -> None:
        """Read what was kept; what cannot be understood is left out and logged."""
        data = await self._store.async_load()
        vehicles = data.get("vehicles") if isinstance(data, Mapping) else None
        for vehicle, kept in (vehicles if isinstance(vehicles, Mapping) else {}).items():
            try:
                self._kept[vehicle] = _from_json(kept)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                _LOGGER.warning("Ignoring what was learned of vehicle %s: %r", vehicle, error)

    def of(self, vehicle: VehicleId) -> Memory:
        """Return what is known of a vehicle."""
        return self._kept.setdefault(vehicle, Memory(anchor=None, taper=Taper()))

    @callback
    def async_keep(self) -> None:
        """Have what is known now written soon."""
        self._store.async_delay_save(self._as_json, SAVE_DELAY_S)

    @callback
    def async_forget(self, vehicle: VehicleId) -> None:
        """Drop what was learned of a vehicle that is gone."""
        if self._kept.pop(vehicle, None) is not None:
            self.async_keep()

    async def async_save(self) -> None:
        """Write what is known now."""
        if self._kept:
            await self._store.async_save(self._as_json())

    async def async_remove(self) -> None:
        """Delete the file."""
        await self._store.async_remove()

    def _as_json(self) -> dict[str, Any]:
        return {"vehicles": {vehicle: _to_json(kept) for vehicle, kept in self._kept.items()}}


def _to_json(memory: Memory) -> dict[str, Any]:
    anchor = memory.anchor
    return {
        "anchor": None
        if anchor is None
        else {
            "soc": anchor.soc,
            "at": anchor.at.isoformat(),
            "session": anchor.session,
            "delivered_wh": anchor.delivered_wh,
        },
        # JSON knows no infinity.
        "taper": {
            str(band): [None if value == UNBOUND else value for value in values]
            for band, values in memory.taper.kept.items()
        },
    }


def _from_json(data: Mapping[str, Any]) -> Memory:
    kept = data["anchor"]
    anchor = None
    if kept is not None:
        anchor = Anchor(
            soc=float(kept["soc"]),
            at=datetime.fromisoformat(kept["at"]).astimezone(UTC),
            session=kept["session"],
            delivered_wh=float(kept["delivered_wh"]),
        )
    return Memory(
        anchor=anchor,
        taper=Taper(
            {
                int(band): [UNBOUND if value is None else float(value) for value in values]
                for band, values in data["taper"].items()
            }
        ),
    )
