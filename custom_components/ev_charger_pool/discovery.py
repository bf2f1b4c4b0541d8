"""Shows unknown OCPP stations that connected as discovered."""

from collections.abc import Callable

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import discovery_flow

from .chargers.ocpp import CentralSystem, UnknownStation
from .const import CONF_CONNECTORS, CONF_DRIVER, CONF_STATION, DOMAIN, DRIVER_OCPP


@callback
def async_offer_stations(hass: HomeAssistant, central: CentralSystem) -> Callable[[], None]:
    """Open a flow for each unknown station, those that wait already and later ones.

    Every site may call this: a second flow for the same station ends by itself.

    Returns:
        What ends it.
    """

    @callback
    def offer(station: UnknownStation) -> None:
        discovery_flow.async_create_flow(
            hass,
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

    return central.on_unknown(offer)
