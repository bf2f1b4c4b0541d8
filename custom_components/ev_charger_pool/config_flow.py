"""The door: how a site is set up, tried or changed, and how stations that introduce themselves get in."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlowResult,
    ConfigSubentryData,
    ConfigSubentryFlow,
)
from homeassistant.const import CONF_NAME
from homeassistant.core import callback

from .const import (
    CONF_ENERGY,
    CONF_LIMITS,
    CONF_LOCK_ENTITY,
    CONF_METER,
    DOMAIN,
    SUBENTRY_CHARGER,
    SUBENTRY_CIRCUIT,
    SUBENTRY_FORECAST,
    SUBENTRY_POWER_SUPPLY,
    SUBENTRY_VEHICLE,
)
from .flows.battery_lock import (
    check_lock,
    check_lock_entity,
    known_lock,
    lock_placeholders,
    lock_schema,
)
from .flows.charger import ChargerSubentryFlow
from .flows.circuit import CircuitSubentryFlow
from .flows.context import context_of_new_site
from .flows.discovery import DiscoverySteps
from .flows.energy import (
    check_energy,
    energy_schema,
    energy_to_json,
    is_fed,
)
from .flows.fields import Errors
from .flows.forecast import ForecastSubentryFlow
from .flows.limits import check_limits, connection_limits_schema, limits_to_json
from .flows.power_supply import PowerSupplySubentryFlow
from .flows.prefill import async_propose
from .flows.simulated import (
    SIMULATED_SCHEMA,
    async_simulated_entry,
    check_simulated,
    is_simulated_site_there,
)
from .flows.site import (
    SITE_SCHEMA,
    check_meters,
    check_site,
    meters_schema,
    meters_to_json,
    site_from_json,
    site_phases,
    site_to_json,
)
from .flows.vehicle import VehicleSubentryFlow


class PoolConfigFlow(DiscoverySteps, domain=DOMAIN):
    """Sets up a site."""

    VERSION = 1
    MINOR_VERSION = 1

    _name = ""
    _site_input: Mapping[str, Any] = MappingProxyType({})
    _meters_input: Mapping[str, Any] = MappingProxyType({})
    _meters: Mapping[str, Any] = MappingProxyType({})
    _energy: Mapping[str, Any] = MappingProxyType({})
    _site_data: Mapping[str, Any] = MappingProxyType({})

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry[Any]
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return what can be added to a site."""
        return {
            SUBENTRY_CHARGER: ChargerSubentryFlow,
            SUBENTRY_POWER_SUPPLY: PowerSupplySubentryFlow,
            SUBENTRY_CIRCUIT: CircuitSubentryFlow,
            SUBENTRY_VEHICLE: VehicleSubentryFlow,
            SUBENTRY_FORECAST: ForecastSubentryFlow,
        }

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether it is about a real site."""
        return self.async_show_menu(step_id="user", menu_options=["site", "simulated"])

    @override
    async def async_ask_site(self) -> ConfigFlowResult:
        """Ask for a new site, on behalf of a station that introduced itself."""
        return await self.async_step_site()

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what is known of the site."""
        entry = self._get_reconfigure_entry()
        self._site_input = site_from_json(entry.title, entry.data)
        return await self.async_step_site()

    async def async_step_site(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the grid connection."""
        errors: Errors = {}
        if user_input is not None:
            errors = check_site(self.hass, user_input, self._reconfigured)
            if not errors:
                self._site_input = {**self._site_input, **user_input}
                return await self.async_step_meters()
        known = self._site_input or {CONF_NAME: self.hass.config.location_name}
        return self.async_show_form(
            step_id="site",
            data_schema=self.add_suggested_values_to_schema(SITE_SCHEMA, user_input or known),
            errors=errors,
            last_step=False,
        )

    async def async_step_meters(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the grid meter and what else feeds the site."""
        phases = site_phases(self._site_input)
        errors: Errors = {}
        if user_input is not None and not (errors := check_meters(user_input, phases)):
            self._meters_input = user_input
            self._meters = meters_to_json(user_input)
            self._energy = {}
            if is_fed(user_input):
                return await self.async_step_energy()
            return await self.async_step_limits()
        if user_input is not None:
            shown: Mapping[str, Any] = user_input
        elif self._reconfigured is not None:
            shown = self._site_input
        else:
            shown = (await async_propose(self.hass, phases)).as_input()
        return self.async_show_form(
            step_id="meters",
            data_schema=self.add_suggested_values_to_schema(meters_schema(phases), shown),
            errors=errors,
            last_step=False,
        )

    async def async_step_energy(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what is done with the sun and the battery."""
        errors: Errors = {}
        if user_input is not None and not (
            errors := check_energy(user_input) | check_lock_entity(self.hass, user_input)
        ):
            self._energy = energy_to_json(user_input)
            if self._energy.get(CONF_LOCK_ENTITY):
                return await self.async_step_battery_lock()
            return await self.async_step_limits()
        shown = user_input or self._site_input.get(CONF_ENERGY) or {}
        return self.async_show_form(
            step_id="energy",
            data_schema=self.add_suggested_values_to_schema(
                energy_schema(self._meters_input), shown
            ),
            errors=errors,
            last_step=False,
        )

    async def async_step_battery_lock(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how the entity locks the battery's discharge."""
        entity = self._energy[CONF_LOCK_ENTITY]
        errors: Errors = {}
        if user_input is not None and not (errors := check_lock(self.hass, entity, user_input)):
            self._energy = {**self._energy, **user_input}
            return await self.async_step_limits()
        known = known_lock(entity, self._site_input.get(CONF_ENERGY) or {})
        return self.async_show_form(
            step_id="battery_lock",
            data_schema=self.add_suggested_values_to_schema(
                lock_schema(self.hass, entity), user_input or known
            ),
            errors=errors,
            description_placeholders=lock_placeholders(self.hass, entity),
            last_step=False,
        )

    async def async_step_limits(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what limits the grid connection beside its fuse."""
        errors: Errors = {}
        if user_input is not None and not (
            errors := check_limits(user_input, self._meters[CONF_METER])
        ):
            return await self._async_site_known(limits_to_json(user_input))
        return self.async_show_form(
            step_id="limits",
            data_schema=self.add_suggested_values_to_schema(
                connection_limits_schema(site_phases(self._site_input)),
                user_input or self._site_input.get(CONF_LIMITS, {}),
            ),
            errors=errors,
            last_step=self.fixed_station is None,
        )

    async def async_step_simulated(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the seed and the speed of a simulated site, and build it."""
        if is_simulated_site_there(self.hass):
            return self.async_abort(reason="simulated_site_there")
        errors: Errors = {}
        if user_input is not None and not (errors := check_simulated(self.hass, user_input)):
            site = await async_simulated_entry(self.hass, user_input)
            return self.async_create_entry(
                title=site.title, data=site.data, subentries=site.subentries
            )
        return self.async_show_form(
            step_id="simulated",
            data_schema=self.add_suggested_values_to_schema(SIMULATED_SCHEMA, user_input),
            errors=errors,
        )

    @override
    def create_site(self, charger: ConfigSubentryData) -> ConfigFlowResult:
        """Create the site that was asked for with its first charger."""
        return self.async_create_entry(title=self._name, data=self._site_data, subentries=[charger])

    @property
    def _reconfigured(self) -> ConfigEntry[Any] | None:
        return self._get_reconfigure_entry() if self.source == SOURCE_RECONFIGURE else None

    async def _async_site_known(self, limits: Mapping[str, Any]) -> ConfigFlowResult:
        self._name = self._site_input[CONF_NAME].strip()
        self._site_data = {
            **site_to_json(self._site_input),
            **self._meters,
            CONF_ENERGY: self._energy,
            CONF_LIMITS: limits,
        }
        if (entry := self._reconfigured) is not None:
            # The listener for updates applies what changed, and nothing else restarts.
            return self.async_update_and_abort(
                entry, title=self._name, data={**entry.data, **self._site_data}
            )
        if self.fixed_station is not None:
            self.site = context_of_new_site(self._name, self._site_data)
            return await self.async_step_ocpp()
        return self.async_create_entry(title=self._name, data=self._site_data)
