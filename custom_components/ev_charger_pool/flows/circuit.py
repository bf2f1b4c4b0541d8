"""The form of a circuit: its fuse, what feeds it, and its meter."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import SubentryFlowResult
import probatio

from ..const import (
    CONF_DEDICATED,
    CONF_FUSE,
    CONF_LIMIT_W,
    CONF_LIMITS,
    CONF_METER,
    CONF_PARENT,
    ROOT_CIRCUIT,
)
from ..pool.members import CircuitId
from .draft import SubentrySteps
from .fields import (
    AMPS,
    MAX_FUSE_A,
    MAX_LIMIT_W,
    MIN_CHARGING_A,
    WATTS,
    YES_NO,
    Errors,
    FieldError,
    Input,
    check_name,
    circuit_field,
    name_field,
)
from .limits import check_limits, circuit_limits_schema, limits_to_json
from .meter import check_meter, meter_schema, meter_to_json


class CircuitSubentryFlow(SubentrySteps):
    """Adds a circuit to a site, or changes one."""

    async def async_ask(self) -> SubentryFlowResult:
        """Begin with its fuse."""
        return await self.async_step_circuit()

    async def async_step_circuit(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the fuse and what feeds it."""
        errors: Errors = {}
        if user_input is not None and not (errors := self._check(user_input)):
            self._take(user_input)
            return await self.async_step_meter()
        schema = probatio.Schema(
            {
                **name_field(),
                **circuit_field(self._others, CONF_PARENT),
                probatio.Required(
                    CONF_FUSE, default=max(self.site.circuits[ROOT_CIRCUIT].limit_a)
                ): AMPS,
                probatio.Optional(CONF_LIMIT_W): WATTS,
                probatio.Required(CONF_DEDICATED, default=False): YES_NO,
            }
        )
        return self.async_show_form(
            step_id="circuit",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or self.known()),
            errors=errors,
            last_step=False,
        )

    async def async_step_meter(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the meter, if there is one."""
        errors: Errors = {}
        if user_input is not None and not (errors := check_meter(user_input, self.site.phases)):
            self.draft = {**self.draft, CONF_METER: meter_to_json(user_input)}
            return await self.async_step_limits()
        return self.async_show_form(
            step_id="meter",
            data_schema=self.add_suggested_values_to_schema(
                meter_schema(self.site.phases), user_input or self.draft.get(CONF_METER, {})
            ),
            errors=errors,
            last_step=False,
        )

    async def async_step_limits(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what limits it beside its fuse."""
        errors: Errors = {}
        if user_input is not None and not (
            errors := check_limits(user_input, self.draft[CONF_METER])
        ):
            self.draft = {**self.draft, CONF_LIMITS: limits_to_json(user_input)}
            return self.keep()
        return self.async_show_form(
            step_id="limits",
            data_schema=self.add_suggested_values_to_schema(
                circuit_limits_schema(self.site.phases),
                user_input or self.draft.get(CONF_LIMITS, {}),
            ),
            errors=errors,
        )

    @property
    def _others(self) -> dict[CircuitId, str]:
        """The names of the other circuits."""
        names = self.site.circuit_names.items()
        return {key: name for key, name in names if key != self.own_subentry}

    def _take(self, user_input: Input) -> None:
        self.draft = {key: value for key, value in self.draft.items() if key != CONF_LIMIT_W}
        self.take(
            user_input,
            {
                key: user_input[key]
                for key in (CONF_PARENT, CONF_FUSE, CONF_DEDICATED, CONF_LIMIT_W)
                if user_input.get(key) is not None
            },
        )

    @override
    def known(self) -> dict[str, Any]:
        """Return what the first form shows of a circuit that is known."""
        known = super().known()
        if isinstance(known.get(CONF_FUSE), Mapping):
            # One that was kept per phase is shown by its weakest: never more than it carries.
            known[CONF_FUSE] = min(known[CONF_FUSE].values())
        return known

    def _check(self, user_input: Input) -> Errors:
        errors = check_name(user_input, self._others.values())
        own = self.own_subentry
        if own is not None and own in self.site.path(user_input[CONF_PARENT]):
            errors[CONF_PARENT] = FieldError.CIRCUIT_CYCLE
        if not MIN_CHARGING_A <= user_input[CONF_FUSE] <= MAX_FUSE_A:
            errors[CONF_FUSE] = FieldError.FUSE_RANGE
        limit_w = user_input.get(CONF_LIMIT_W)
        if limit_w is not None and not 0 < limit_w <= MAX_LIMIT_W:
            errors[CONF_LIMIT_W] = FieldError.LIMIT_RANGE
        return errors
