"""What an OCPP 1.6 station is asked and told once it is connected."""

from collections.abc import Mapping
import logging
from typing import Final

from ocpp.v16.enums import (
    Action,
    ConfigurationKey,
    ConfigurationStatus,
    Measurand,
    MessageTrigger,
    TriggerMessageStatus,
)

from .calls import CallFailedError, CallOfflineError, CallPriority, CallRefusedError
from .config import Timings
from .framing import JsonValue, Payload
from .link import StationLink
from .smart_charging import SmartCharging
from .station import Station
from .v16_control import V16Control

_LOGGER = logging.getLogger(__name__)

SAMPLE_INTERVAL_S: Final = 10
_MAX_DIGITS: Final = 9

MEASURANDS: Final = (
    Measurand.current_import,
    Measurand.energy_active_import_register,
    Measurand.power_active_import,
    Measurand.voltage,
    Measurand.current_offered,
    Measurand.soc,
)
"""What is asked for, the most important first: stations refuse a list for one unknown word."""

_KEYS: Final = (
    ConfigurationKey.charge_profile_max_stack_level,
    ConfigurationKey.charging_schedule_allowed_charging_rate_unit,
    ConfigurationKey.charging_schedule_max_periods,
    ConfigurationKey.connector_switch_3to1_phase_supported,
    ConfigurationKey.max_charging_profiles_installed,
    ConfigurationKey.meter_value_sample_interval,
    ConfigurationKey.meter_values_sampled_data,
    ConfigurationKey.meter_values_sampled_data_max_length,
    ConfigurationKey.number_of_connectors,
    ConfigurationKey.supported_feature_profiles,
)
"""What is wanted of the configuration, for stations that do not tell all of it at once."""

type Configuration = Mapping[str, str]


class V16Setup:
    """Learns what a station can do, and makes it measure."""

    def __init__(
        self, station: Station, link: StationLink, control: V16Control, timings: Timings
    ) -> None:
        self._station = station
        self._link = link
        self._control = control
        self._timings = timings

    async def run(self) -> None:
        """Set the station up; what it refuses is done without."""
        try:
            await self._defaults()
            configuration = await self.read_configuration()
            verdicts = self._station.model.verdicts
            verdicts.facts, verdicts.known = smart_charging(configuration), True
            self._station.publish_all()
            # The unit of the limits is known only now; the default counts before anything else.
            await self._defaults()
            await self._measure(configuration)
            await self._trigger()
        except CallOfflineError:
            _LOGGER.debug("Station %s left while it was set up", self._station.identity)

    async def read_configuration(self) -> Configuration:
        """Return the station's configuration, as far as it tells.

        Raises:
            CallOfflineError: The station is gone.
        """
        everything: Payload = {}
        needed: Payload = {"key": [str(key) for key in _KEYS]}
        for payload in (everything, needed):
            answer = await self._ask(Action.get_configuration, payload)
            if answer is not None and (found := _configuration(answer)):
                number = _whole(found.get(str(ConfigurationKey.number_of_connectors)))
                if number is not None:
                    model = self._station.model
                    model.seen_connectors = max(model.seen_connectors, number)
                return found
        return {}

    async def trigger_boot(self) -> bool:
        """Have the station tell who it is; answer whether it will.

        Raises:
            CallOfflineError: The station is gone.
        """
        return await self._triggered({"requestedMessage": str(MessageTrigger.boot_notification)})

    async def _defaults(self) -> None:
        for connector in list(self._station.model.connectors.values()):
            if connector.default_a != connector.config.fail_safe_a:
                await self._control.set_default(connector)

    async def _measure(self, configuration: Configuration) -> None:
        await self._configure(
            configuration, ConfigurationKey.meter_value_sample_interval, str(SAMPLE_INTERVAL_S)
        )
        key = ConfigurationKey.meter_values_sampled_data
        present = {part.strip() for part in configuration.get(str(key), "").split(",")}
        most = _whole(configuration.get(str(ConfigurationKey.meter_values_sampled_data_max_length)))
        wanted = [str(measurand) for measurand in MEASURANDS[: most or None]]
        if present.issuperset(wanted[:4]):
            return
        while wanted and not await self._configure(configuration, key, ",".join(wanted)):
            wanted.pop()
        self._station.model.attributes["sampled"] = ",".join(wanted) or None

    async def _configure(
        self, configuration: Configuration, key: ConfigurationKey, value: str
    ) -> bool:
        """Bring a key to a value; answer whether it is there."""
        if configuration.get(str(key)) == value:
            return True
        self._station.counters.writes += 1
        answer = await self._ask(Action.change_configuration, {"key": str(key), "value": value})
        status = None if answer is None else answer.get("status")
        if status == ConfigurationStatus.reboot_required:
            self._station.model.attributes["restart_needed_for"] = str(key)
        done = status in {ConfigurationStatus.accepted, ConfigurationStatus.reboot_required}
        if not done:
            self._station.counters.refused_calls += 1
            _LOGGER.debug("Station %s refused %s=%s", self._station.identity, key, value)
        return done

    async def _trigger(self) -> None:
        """Ask for what may have been missed; it also shows the station's clock."""
        for message in (MessageTrigger.status_notification, MessageTrigger.meter_values):
            for number in list(self._station.model.connectors):
                if not await self._triggered(
                    {"requestedMessage": str(message), "connectorId": number}
                ):
                    break

    async def _triggered(self, payload: Payload) -> bool:
        answer = await self._ask(Action.trigger_message, payload)
        return answer is not None and answer.get("status") == TriggerMessageStatus.accepted

    async def _ask(self, action: Action, payload: Payload) -> Payload | None:
        """Call the station; None when it does not answer or refuses."""
        try:
            return await self._link.call(
                str(action),
                payload,
                priority=CallPriority.OTHER,
                timeout_s=self._timings.other_s,
            )
        except CallOfflineError:
            raise
        except CallRefusedError as error:
            _LOGGER.debug("Station %s: %s", self._station.identity, error)
        except CallFailedError as error:
            _LOGGER.debug("Station %s: %s", self._station.identity, error)
        return None


def smart_charging(configuration: Configuration) -> SmartCharging:
    """Read what a station can do with profiles; what it does not tell is taken as the least."""
    units = configuration.get(
        str(ConfigurationKey.charging_schedule_allowed_charging_rate_unit), ""
    ).casefold()
    return SmartCharging(
        max_periods=_whole(configuration.get(str(ConfigurationKey.charging_schedule_max_periods)))
        or 1,
        max_stack_level=_whole(
            configuration.get(str(ConfigurationKey.charge_profile_max_stack_level))
        )
        or 0,
        watts_only="power" in units and "current" not in units,
        switches_phases=configuration.get(
            str(ConfigurationKey.connector_switch_3to1_phase_supported), ""
        ).casefold()
        == "true",
    )


def _configuration(answer: Payload) -> dict[str, str]:
    found: dict[str, str] = {}
    entries: JsonValue = answer.get("configurationKey")
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict):
            key, value = entry.get("key"), entry.get("value")
            if isinstance(key, str) and isinstance(value, str):
                found[key] = value.strip()
    return found


def _whole(text: str | None) -> int | None:
    """Return the whole number of at least 0 in a text; None where there is none."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > _MAX_DIGITS:
        return None
    return int(text)
