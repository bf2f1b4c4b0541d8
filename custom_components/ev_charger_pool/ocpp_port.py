"""The port that a site's OCPP stations connect to, and the unknown ones that show up there."""

from collections.abc import Callable
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import discovery_flow
from homeassistant.helpers.event import async_call_later

from .chargers.ocpp import PortInUseError, UnknownStation, async_get_central_system
from .const import CONF_CONNECTORS, CONF_DRIVER, CONF_STATION, DOMAIN, DRIVER_OCPP

_LOGGER = logging.getLogger(__name__)

RETRY: Final = timedelta(seconds=30)
"""After the port was found taken."""


class OcppPort:
    """Keeps the port open as far as that can be done, and tells whether it is.

    A port that is taken stops neither the other devices nor the stations that connect through
    Home Assistant's own HTTP server.
    """

    def __init__(self, hass: HomeAssistant, port: int, on_change: Callable[[], None]) -> None:
        self._hass = hass
        self.number = port
        self._on_change = on_change
        self._retry: CALLBACK_TYPE | None = None
        self._unsubscribe: CALLBACK_TYPE | None = None
        self.taken_since: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether stations can connect here."""
        return self._unsubscribe is not None

    async def async_open(self, now: datetime) -> None:
        """Open the port, or try again later."""
        self._retry = None
        try:
            central = await async_get_central_system(self._hass, self.number)
        except PortInUseError as error:
            if self.taken_since is None:
                self.taken_since = now
                _LOGGER.warning("%s", error.strerror)
                self._on_change()
            self._retry = async_call_later(self._hass, RETRY, self.async_open)
            return
        self._unsubscribe = central.on_unknown(self._on_unknown)
        if self.taken_since is not None:
            self.taken_since = None
            _LOGGER.info("Port %s for OCPP stations is open now", self.number)
            self._on_change()

    @callback
    def async_close(self) -> None:
        """Leave the port; it stays open for other sites and for the next start."""
        for cancel in (self._retry, self._unsubscribe):
            if cancel is not None:
                cancel()
        self._retry = self._unsubscribe = None

    @callback
    def _on_unknown(self, station: UnknownStation) -> None:
        discovery_flow.async_create_flow(
            self._hass,
            DOMAIN,
            context={"source": SOURCE_INTEGRATION_DISCOVERY},
            data={
                CONF_DRIVER: DRIVER_OCPP,
                CONF_STATION: station.identity,
                "vendor": station.vendor,
                "model": station.model,
                CONF_CONNECTORS: station.connectors,
            },
        )
