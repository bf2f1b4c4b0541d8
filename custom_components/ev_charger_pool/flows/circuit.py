"""The form of a circuit: its fuse, what feeds it, and its meter."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME
import probatio

from ..const import (
    CONF_DEDICATED,
    CONF_FUSE,
    CONF_LIMIT_W,
    CONF_METER,
    CONF_PARENT,
    ROOT_CIRCUIT,
)
from .context import SiteContext, context_of_entry
from .fields import (
    AMPS,
    MAX_FUSE_A,
    MAX_LIMIT_W,
    MIN_CHARGING_A,
    TEXT,
    WATTS,
    YES_NO,
    Errors,
    FieldError,
    Input,
    circuits,
)
from .meter import check_meter, meter_schema, meter_to_json


class CircuitSubentryFlow(ConfigSubentryFlow):
    """Adds a circuit to a site, or changes one."""

    _site: SiteContext
    _own: str | None = None
    _title = ""
    _draft: Mapping[str, Any] = MappingProxyType({})

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Begin with a new one."""
        self._site = context_of_entry(self._get_entry())
        return await self.async_step_circuit()

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Begin with what is known of one."""
        subentry = self._get_reconfigure_subentry()
        self._own, self._title = subentry.subentry_id, subentry.title
        self._site = context_of_entry(self._get_entry())
        self._draft = subentry.data
        return await self.async_step_circuit()

    async def async_step_circuit(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the fuse and what feeds it."""
        errors: Errors = {}
        if user_input is not None and not (errors := self._check(user_input)):
            self._title = user_input[CONF_NAME].strip()
            data = {
                **self._draft,
                CONF_PARENT: user_input[CONF_PARENT],
                CONF_FUSE: user_input[CONF_FUSE],
                CONF_DEDICATED: user_input[CONF_DEDICATED],
            }
            data.pop(CONF_LIMIT_W, None)
            if user_input.get(CONF_LIMIT_W) is not None:
                data[CONF_LIMIT_W] = user_input[CONF_LIMIT_W]
            self._draft = data
            return await self.async_step_meter()
        schema = probatio.Schema(
            {
                probatio.Required(CONF_NAME): TEXT,
                probatio.Required(CONF_PARENT, default=ROOT_CIRCUIT): circuits(
                    {
                        key: name
                        for key, name in self._site.circuit_names.items()
                        if key != self._own
                    }
                ),
                probatio.Required(
                    CONF_FUSE, default=max(self._site.circuits[ROOT_CIRCUIT].limit_a)
                ): AMPS,
                probatio.Optional(CONF_LIMIT_W): WATTS,
                probatio.Required(CONF_DEDICATED, default=False): YES_NO,
            }
        )
        return self.async_show_form(
            step_id="circuit",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or self._known()),
            errors=errors,
            last_step=False,
        )

    async def async_step_meter(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the meter, if there is one."""
        errors: Errors = {}
        if user_input is not None and not (errors := check_meter(user_input, self._site.phases)):
            return self._complete({**self._draft, CONF_METER: meter_to_json(user_input)})
        return self.async_show_form(
            step_id="meter",
            data_schema=self.add_suggested_values_to_schema(
                meter_schema(self._site.phases), user_input or self._draft.get(CONF_METER, {})
            ),
            errors=errors,
        )

    def _complete(self, data: Mapping[str, Any]) -> SubentryFlowResult:
        if self.source == SOURCE_RECONFIGURE:
            return self.async_update_and_abort(
                self._get_entry(), self._get_reconfigure_subentry(), title=self._title, data=data
            )
        return self.async_create_entry(title=self._title, data=data)

    def _known(self) -> dict[str, Any]:
        known = {**self._draft, CONF_NAME: self._title}
        if isinstance(known.get(CONF_FUSE), Mapping):
            # One that was kept per phase is shown by its weakest: never more than it carries.
            known[CONF_FUSE] = min(known[CONF_FUSE].values())
        return known

    def _check(self, user_input: Input) -> Errors:
        errors: Errors = {}
        name, parent = user_input[CONF_NAME].strip(), user_input[CONF_PARENT]
        if not name:
            errors[CONF_NAME] = FieldError.NAME_EMPTY
        elif any(
            key != self._own and other.casefold() == name.casefold()
            for key, other in self._site.circuit_names.items()
        ):
            errors[CONF_NAME] = FieldError.NAME_TAKEN
        if self._own is not None and self._own in self._site.path(parent):
            errors[CONF_PARENT] = FieldError.CIRCUIT_CYCLE
        if not MIN_CHARGING_A <= user_input[CONF_FUSE] <= MAX_FUSE_A:
            errors[CONF_FUSE] = FieldError.FUSE_RANGE
        limit_w = user_input.get(CONF_LIMIT_W)
        if limit_w is not None and not 0 < limit_w <= MAX_LIMIT_W:
            errors[CONF_LIMIT_W] = FieldError.LIMIT_RANGE
        return errors
