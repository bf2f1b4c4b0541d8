"""The steps for a station that introduced itself: which site it belongs to, and then its form."""

from abc import abstractmethod
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import (
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowContext,
    ConfigFlowResult,
    ConfigSubentry,
    ConfigSubentryData,
)
import probatio

from ..const import CONF_CONNECTORS, CONF_STATION, DOMAIN, SUBENTRY_CHARGER
from .charger import ChargerSteps, station_unique_id
from .context import context_of_entry, is_station_taken
from .fields import MAX_CONNECTORS, one_of_named

MAX_DISCOVERED: Final = 10
"""So many unknown stations are shown at a time: anybody in the network can pretend to be one."""

CONF_SITE: Final = "site"
CONF_VENDOR: Final = "vendor"
CONF_MODEL: Final = "model"

_NEW_SITE = "new"


class DiscoverySteps(ChargerSteps[ConfigFlowContext, ConfigFlowResult, str], ConfigFlow):
    """The steps `integration_discovery` and `discovered`.

    Subentry flows have no discovery, so this one asks everything itself. It ends in a subentry
    of the site that the user picks, or in a new site.
    """

    _chosen_site: str | None = None

    @abstractmethod
    async def async_ask_site(self) -> ConfigFlowResult:
        """Ask for a new site, and call `async_step_ocpp` once it is known."""

    @abstractmethod
    def create_site(self, charger: ConfigSubentryData) -> ConfigFlowResult:
        """Create the new site with its first charger."""

    async def async_step_integration_discovery(
        self, discovery_info: dict[str, Any]
    ) -> ConfigFlowResult:
        """Take what is known of a station that connected."""
        station = str(discovery_info[CONF_STATION])
        await self.async_set_unique_id(station_unique_id(station))
        self._abort_if_unique_id_configured()
        if is_station_taken(self.hass, station):
            return self.async_abort(reason="already_configured")
        waiting = [
            flow
            for flow in self._async_in_progress(include_uninitialized=True)
            if flow["context"]["source"] == SOURCE_INTEGRATION_DISCOVERY
        ]
        if len(waiting) >= MAX_DISCOVERED:
            return self.async_abort(reason="too_many_discovered")
        told = int(discovery_info.get(CONF_CONNECTORS) or 1)
        count = max(1, min(told, MAX_CONNECTORS))
        make = [discovery_info.get(CONF_VENDOR), discovery_info.get(CONF_MODEL)]
        self.title = " ".join(str(part) for part in make if part) or station
        self.fixed_station = station
        self.draft = {
            CONF_STATION: station,
            CONF_CONNECTORS: {str(number): {} for number in range(1, count + 1)},
        }
        self.context["title_placeholders"] = {
            "name": self.title if self.title == station else f"{self.title} ({station})"
        }
        return await self.async_step_discovered()

    async def async_step_discovered(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which site the station belongs to."""
        sites = {
            entry.entry_id: entry.title
            for entry in self.hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        }
        if user_input is not None:
            if (entry := self._entry_of(user_input[CONF_SITE])) is None:
                return await self.async_ask_site()
            self._chosen_site = entry.entry_id
            self.site = context_of_entry(entry)
            return await self.async_step_ocpp()
        return self.async_show_form(
            step_id="discovered",
            data_schema=probatio.Schema(
                {
                    probatio.Required(
                        CONF_SITE, default=next(iter(sites), _NEW_SITE)
                    ): one_of_named(sites | {_NEW_SITE: "New site"}, CONF_SITE)
                }
            ),
            description_placeholders={"station": str(self.fixed_station), "charger": self.title},
            last_step=False,
        )

    async def async_charger_complete(self, unique_id: str) -> ConfigFlowResult:
        """Keep the charger on the chosen site, or with a new one."""
        if is_station_taken(self.hass, str(self.fixed_station)):
            return self.async_abort(reason="already_configured")
        subentry = ConfigSubentry(
            data=MappingProxyType(dict(self.draft)),
            subentry_type=SUBENTRY_CHARGER,
            title=self.title,
            unique_id=unique_id,
        )
        if self._chosen_site is None:
            # The id was the station's: it stays with its subentry.
            await self.async_set_unique_id(None)
            return self.create_site(subentry.as_dict())
        if (entry := self._entry_of(self._chosen_site)) is None:
            return self.async_abort(reason="site_gone")
        self.hass.config_entries.async_add_subentry(entry, subentry)
        return self.async_abort(
            reason="charger_added",
            description_placeholders={"charger": self.title, "site": entry.title},
        )

    def _entry_of(self, entry_id: str) -> ConfigEntry[Any] | None:
        return self.hass.config_entries.async_get_entry(entry_id)
