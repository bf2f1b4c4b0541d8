"""The forms of a charger and its connectors."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, override

from homeassistant.config_entries import SubentryFlowContext, SubentryFlowResult
from homeassistant.data_entry_flow import FlowContext, FlowResult
from homeassistant.helpers.network import NoURLAvailableError, get_url
import probatio
from yarl import URL

from ..chargers.ocpp.config import Authorization, is_identity
from ..const import (
    CONF_AUTHORIZATION,
    CONF_CIRCUIT,
    CONF_CONNECTION,
    CONF_CONNECTORS,
    CONF_DRIVER,
    CONF_FAIL_SAFE_CURRENT,
    CONF_MAX_CURRENT,
    CONF_MAY_FREEZE,
    CONF_PROFILE,
    CONF_ROTATION,
    CONF_STATION,
    CONF_SWITCHES_PHASES,
    CONF_TOKENS,
    CONF_UNIT,
    DRIVER_MODBUS,
    DRIVER_OCPP,
)
from ..modbus.profiles import async_available_profiles
from ..modbus.schema import ProfileKind
from ..pool.quantities import PHASES, Phase
from .connection import ConnectionSteps, check_link_type, device_fields
from .context import (
    FailSafe,
    SiteContext,
    endpoint,
    is_station_taken,
)
from .draft import SubentrySteps
from .fields import (
    AMPS,
    COUNT,
    MAX_CONNECTOR_A,
    MAX_CONNECTORS,
    MIN_CHARGING_A,
    TEXT,
    TEXTS,
    TOKEN,
    Errors,
    FieldError,
    Input,
    check_name,
    circuit_field,
    may_freeze_field,
    name_field,
    one_of,
    rotation_field,
    rotation_from_json,
    rotation_to_json,
    rotations,
    switches_phases_field,
)
from .site import check_fail_safe

_DEFAULT_MAX_A = 16.0


def station_unique_id(station: str) -> str:
    """Return the unique id of an OCPP station, in subentries and in discovery flows alike."""
    return f"{DRIVER_OCPP}_{station}"


def link_unique_id(connection: Mapping[str, Any], unit_id: int) -> str:
    """Return the unique id of a Modbus device."""
    return f"{DRIVER_MODBUS}_{endpoint(connection)}_{unit_id}"


class ChargerSteps[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    ConnectionSteps[ContextT, ResultT, HandlerT]
):
    """The steps `ocpp`, `modbus`, `network`, `serial` and `connector`.

    They fill in a draft.
    """

    fixed_station: str | None = None
    """The identity of a station that introduced itself: it is not asked for."""

    _count = 1
    _may_switch = False
    """Whether there are devices of its kind that can switch their phases."""
    _connectors: dict[str, dict[str, Any]]

    @abstractmethod
    async def async_charger_complete(self, unique_id: str) -> ResultT:
        """Keep the charger: `title` and `draft` are complete."""

    async def async_step_ocpp(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Ask for what is special about an OCPP station."""
        errors: Errors = {}
        if user_input is not None and not (errors := self._check_ocpp(user_input)):
            self._take_common(user_input, DRIVER_OCPP)
            self.draft = {
                **self.draft,
                CONF_STATION: self._station(user_input),
                CONF_AUTHORIZATION: user_input[CONF_AUTHORIZATION],
                CONF_TOKENS: [token.strip() for token in user_input.get(CONF_TOKENS) or ()],
            }
            return await self._async_ask_connectors(int(user_input[CONF_CONNECTORS]))
        station = {} if self.fixed_station else {probatio.Required(CONF_STATION): TEXT}
        schema = probatio.Schema(
            {
                **name_field(),
                **station,
                **circuit_field(self.site.circuit_names),
                probatio.Required(CONF_CONNECTORS, default=1): COUNT,
                probatio.Required(CONF_AUTHORIZATION, default=Authorization.ANYONE.value): one_of(
                    [who.value for who in Authorization], "authorization"
                ),
                probatio.Optional(CONF_TOKENS): TEXTS,
                **may_freeze_field(),
            }
        )
        return self.async_show_form(
            step_id="ocpp",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or self.known()),
            errors=errors,
            description_placeholders={
                "address": f"ws://{self._host()}:{self.site.ocpp_port}/{self.fixed_station or ''}"
            },
        )

    async def async_step_modbus(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Ask for what is special about a Modbus charger."""
        profiles = await async_available_profiles(self.hass, ProfileKind.CHARGER)
        errors: Errors = {}
        if user_input is not None:
            profile = profiles[user_input[CONF_PROFILE]]
            errors = check_name(user_input) | check_link_type(user_input, profile)
            if not errors:
                self._take_common(user_input, DRIVER_MODBUS)
                self.draft = {**self.draft, CONF_PROFILE: profile.id}
                return await self.async_ask_connection(user_input, profile)
        schema = probatio.Schema(
            {
                **name_field(),
                **device_fields(profiles),
                **circuit_field(self.site.circuit_names),
                **may_freeze_field(),
            }
        )
        return self.async_show_form(
            step_id="modbus",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or self.known()),
            errors=errors,
        )

    async def async_connection_known(self, connection: dict[str, Any], unit_id: int) -> ResultT:
        """Go on to the connector of a Modbus charger, which has just one."""
        self.draft = {**self.draft, CONF_CONNECTION: connection, CONF_UNIT: unit_id}
        return await self._async_ask_connectors(1)

    async def async_step_connector(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Ask for one connector after the other."""
        number = str(len(self._connectors) + 1)
        known: Mapping[str, Any] = self.draft.get(CONF_CONNECTORS, {}).get(number, {})
        site = self._site_with_earlier()
        errors: Errors = {}
        if user_input is not None:
            errors = _check_connector(user_input, site, self.draft[CONF_CIRCUIT])
            if not errors:
                self._connectors[number] = {
                    CONF_ROTATION: rotation_to_json(user_input[CONF_ROTATION]),
                    CONF_MAX_CURRENT: user_input[CONF_MAX_CURRENT],
                    CONF_FAIL_SAFE_CURRENT: user_input[CONF_FAIL_SAFE_CURRENT],
                    **_switching(user_input),
                }
                if len(self._connectors) < self._count:
                    return await self.async_step_connector()
                self.draft = {**self.draft, CONF_CONNECTORS: self._connectors}
                return await self.async_charger_complete(self._unique_id())
        return self._show_connector(number, user_input or _shown_connector(known), site, errors)

    def _show_connector(
        self, number: str, shown: Input, site: SiteContext, errors: Errors
    ) -> ResultT:
        circuit = self.draft[CONF_CIRCUIT]
        room_a = site.fail_safe_room(circuit, site.phases)
        proposed = min(site.fail_safe_current_a, room_a)
        schema = probatio.Schema(
            {
                **rotation_field(site.phases),
                probatio.Required(CONF_MAX_CURRENT, default=_DEFAULT_MAX_A): AMPS,
                probatio.Required(
                    CONF_FAIL_SAFE_CURRENT,
                    default=proposed if proposed >= MIN_CHARGING_A else 0.0,
                ): AMPS,
                **(switches_phases_field() if self._may_switch else {}),
            }
        )
        if shown.get(CONF_ROTATION) not in rotations(site.phases):
            shown = {key: value for key, value in shown.items() if key != CONF_ROTATION}
        return self.async_show_form(
            step_id="connector",
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=errors,
            description_placeholders={
                "charger": self.title,
                "connector": number,
                "connectors": str(self._count),
                **fail_safe_placeholders(site, circuit),
            },
            last_step=len(self._connectors) + 1 == self._count,
        )

    def _check_ocpp(self, user_input: Input) -> Errors:
        errors = check_name(user_input)
        station = self._station(user_input)
        if not is_identity(station):
            errors[CONF_STATION] = FieldError.STATION_INVALID
        elif is_station_taken(self.hass, station, self.own_subentry):
            errors[CONF_STATION] = FieldError.STATION_TAKEN
        count = user_input[CONF_CONNECTORS]
        if not (1 <= count <= MAX_CONNECTORS and count == int(count)):
            errors[CONF_CONNECTORS] = FieldError.CONNECTORS_RANGE
        tokens = [token.strip() for token in user_input.get(CONF_TOKENS) or ()]
        if user_input[CONF_AUTHORIZATION] == Authorization.TOKENS and not tokens:
            errors[CONF_TOKENS] = FieldError.TOKENS_MISSING
        elif not all(TOKEN.fullmatch(token) for token in tokens):
            errors[CONF_TOKENS] = FieldError.TOKENS_INVALID
        return errors

    def _host(self) -> str:
        """Return what a station in the local network may call this machine."""
        try:
            url = get_url(self.hass, allow_external=False, allow_cloud=False)
        except NoURLAvailableError:
            return "homeassistant.local"
        return URL(url).host or "homeassistant.local"

    def _station(self, user_input: Input) -> str:
        return self.fixed_station or str(user_input[CONF_STATION]).strip()

    def _take_common(self, user_input: Input, driver: str) -> None:
        self.take(
            user_input,
            {
                CONF_DRIVER: driver,
                CONF_CIRCUIT: user_input[CONF_CIRCUIT],
                CONF_MAY_FREEZE: user_input[CONF_MAY_FREEZE],
            },
        )

    @override
    def known(self) -> dict[str, Any]:
        """Return what the first form shows of a charger that is known."""
        known = super().known()
        if CONF_CONNECTORS in known:
            known[CONF_CONNECTORS] = len(known[CONF_CONNECTORS])
        return known

    async def _async_ask_connectors(self, count: int) -> ResultT:
        self._count, self._connectors = count, {}
        self._may_switch = len(self.site.phases) == len(PHASES) and await self._async_can_switch()
        return await self.async_step_connector()

    async def _async_can_switch(self) -> bool:
        if self.draft[CONF_DRIVER] == DRIVER_OCPP:
            return True
        profiles = await async_available_profiles(self.hass, ProfileKind.CHARGER)
        traits = profiles[self.draft[CONF_PROFILE]].charger
        return traits is not None and traits.phase_switch is not None

    def _site_with_earlier(self) -> SiteContext:
        """Return the site with the connectors that were just filled in."""
        return replace(
            self.site,
            fail_safes=(
                *self.site.fail_safes,
                *(
                    FailSafe(
                        circuit=self.draft[CONF_CIRCUIT],
                        phases=tuple(map(Phase, connector[CONF_ROTATION])),
                        current_a=connector[CONF_FAIL_SAFE_CURRENT],
                    )
                    for connector in self._connectors.values()
                ),
            ),
        )

    def _unique_id(self) -> str:
        if self.draft[CONF_DRIVER] == DRIVER_OCPP:
            return station_unique_id(self.draft[CONF_STATION])
        return link_unique_id(self.draft[CONF_CONNECTION], self.draft[CONF_UNIT])


def fail_safe_placeholders(site: SiteContext, circuit: str) -> dict[str, str]:
    """Return the sum of the fail-safe currents below a circuit, for the form's text (SR-1)."""
    sums, choice = site.fail_safe_sum(circuit), site.circuits[circuit]
    return {
        "circuit": choice.name,
        "fail_safe_sum": ", ".join(f"{phase.upper()} {sums[phase]:g} A" for phase in site.phases),
        "fuse": f"{max(choice.limit_a):g}",
        "fail_safe_room": f"{site.fail_safe_room(circuit, site.phases):g}",
    }


def _check_connector(user_input: Input, site: SiteContext, circuit: str) -> Errors:
    errors: Errors = {}
    max_a, fail_safe_a = user_input[CONF_MAX_CURRENT], user_input[CONF_FAIL_SAFE_CURRENT]
    phases = tuple(map(Phase, rotation_to_json(user_input[CONF_ROTATION])))
    if not MIN_CHARGING_A <= max_a <= MAX_CONNECTOR_A:
        errors[CONF_MAX_CURRENT] = FieldError.MAXIMUM_RANGE
    if error := check_fail_safe(fail_safe_a):
        errors[CONF_FAIL_SAFE_CURRENT] = error
    elif fail_safe_a > max_a:
        errors[CONF_FAIL_SAFE_CURRENT] = FieldError.FAIL_SAFE_ABOVE_MAXIMUM
    elif not site.fits(FailSafe(circuit=circuit, phases=phases, current_a=fail_safe_a)):
        errors[CONF_FAIL_SAFE_CURRENT] = FieldError.FAIL_SAFE_SUM
    return errors


def _switching(user_input: Input) -> dict[str, bool]:
    """Return what is kept of the answer whether a connector can switch its phases."""
    return {CONF_SWITCHES_PHASES: True} if user_input.get(CONF_SWITCHES_PHASES) else {}


def _shown_connector(known: Mapping[str, Any]) -> dict[str, Any]:
    shown = dict(known)
    if CONF_ROTATION in shown:
        shown[CONF_ROTATION] = rotation_from_json(shown[CONF_ROTATION])
    return shown


class ChargerSubentryFlow(
    ChargerSteps[SubentryFlowContext, SubentryFlowResult, tuple[str, str]], SubentrySteps
):
    """Adds a charger to a site, or changes one."""

    async def async_ask(self) -> SubentryFlowResult:
        """Ask what a new charger speaks; of one that is known it is known."""
        if self.own_subentry is None:
            return self.async_show_menu(step_id="user", menu_options=[DRIVER_OCPP, DRIVER_MODBUS])
        if self.draft[CONF_DRIVER] == DRIVER_OCPP:
            return await self.async_step_ocpp()
        return await self.async_step_modbus()

    async def async_charger_complete(self, unique_id: str) -> SubentryFlowResult:
        """Keep the charger."""
        return self.keep(unique_id)
