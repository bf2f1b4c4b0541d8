"""What the card asks for over Home Assistant's WebSocket."""

from typing import Any, Final

from homeassistant.components.websocket_api import async_register_command
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import async_response, websocket_command
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.service import async_get_config_entry
import probatio

from .const import DOMAIN
from .coordinator import PoolConfigEntry
from .pool.shares import Period
from .share_answers import async_share_answer

TYPE_SHARES: Final = f"{DOMAIN}/shares"


@callback
def async_setup_websocket_api(hass: HomeAssistant) -> None:
    """Register the commands; they are there as long as Home Assistant runs."""
    async_register_command(hass, websocket_shares)


@websocket_command(
    {
        probatio.Required("type"): TYPE_SHARES,
        probatio.Optional("config_entry_id"): str,
        probatio.Optional("period", default=Period.DAY): probatio.Coerce(Period),
    }
)
@async_response
async def websocket_shares(
    hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]
) -> None:
    """Answer who got what and why in a period, at the site or at the only one.

    Raises:
        HomeAssistantError: There is no such site, or its journal does not answer.
    """
    entry: PoolConfigEntry = async_get_config_entry(hass, DOMAIN, message.get("config_entry_id"))
    answer = await async_share_answer(entry.runtime_data, message["period"])
    connection.send_result(message["id"], answer)
