"""What a form of a subentry gathers, and how it begins and ends."""

from abc import abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME

from .context import SiteContext, context_of_entry
from .fields import Input


class Draft:
    """A subentry as far as it was filled in.

    Attributes:
        site: The site that it belongs to.
        own_subentry: The subentry being reconfigured; None for a new one.
        title: The name.
        draft: The data that will be kept, or was kept before a reconfiguration.
    """

    site: SiteContext
    own_subentry: str | None = None
    title = ""
    draft: Mapping[str, Any] = MappingProxyType({})

    def take(self, user_input: Input, data: Mapping[str, Any]) -> None:
        """Take the name that was typed, and more data."""
        self.title = user_input[CONF_NAME].strip()
        self.draft = {**self.draft, **data}

    def known(self) -> dict[str, Any]:
        """Return what the first form shows of what is known."""
        return {**self.draft, CONF_NAME: self.title}


class SubentrySteps(Draft, ConfigSubentryFlow):
    """Adds a subentry to a site, or changes one."""

    @abstractmethod
    async def async_ask(self) -> SubentryFlowResult:
        """Show the first form: site, and of a known one title and draft, are there."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Begin with a new one."""
        self.site = context_of_entry(self._get_entry())
        return await self.async_ask()

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Begin with what is known of one."""
        subentry = self._get_reconfigure_subentry()
        self.own_subentry = subentry.subentry_id
        self.site = context_of_entry(self._get_entry(), without=self.own_subentry)
        self.title, self.draft = subentry.title, subentry.data
        return await self.async_ask()

    def keep(self, unique_id: str | None = None) -> SubentryFlowResult:
        """Keep the draft."""
        if self.source == SOURCE_RECONFIGURE:
            return self.async_update_and_abort(
                self._get_entry(),
                self._get_reconfigure_subentry(),
                title=self.title,
                data=self.draft,
                unique_id=unique_id,
            )
        return self.async_create_entry(title=self.title, data=self.draft, unique_id=unique_id)
