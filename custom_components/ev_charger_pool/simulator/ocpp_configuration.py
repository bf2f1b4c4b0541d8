"""The configuration keys of a simulated OCPP station."""

from ocpp.v16.enums import ConfigurationStatus

from ..chargers.ocpp.framing import JsonValue, Payload
from .ocpp_bay import MEASURANDS


class Configuration:
    """What a station can be configured with.

    Attributes:
        values: By key.
    """

    def __init__(self, *, connectors: int, max_periods: int) -> None:
        """Set the defaults of a station."""
        self.values = {
            "ChargeProfileMaxStackLevel": "5",
            "ChargingScheduleAllowedChargingRateUnit": "Current,Power",
            "ChargingScheduleMaxPeriods": str(max_periods),
            "HeartbeatInterval": "60",
            "MaxChargingProfilesInstalled": "10",
            "MeterValueSampleInterval": "60",
            "MeterValuesSampledData": "Energy.Active.Import.Register",
            "NumberOfConnectors": str(connectors),
            "SupportedFeatureProfiles": "Core,SmartCharging,RemoteTrigger",
        }

    def get(self, payload: Payload) -> Payload:
        """Answer GetConfiguration."""
        keys = payload.get("key")
        wanted = keys if isinstance(keys, list) and keys else list(self.values)
        unknown: list[JsonValue] = [key for key in wanted if key not in self.values]
        return {
            "configurationKey": [
                {"key": key, "readonly": False, "value": value}
                for key, value in self.values.items()
                if key in wanted
            ],
            "unknownKey": unknown,
        }

    def change(self, payload: Payload) -> Payload:
        """Answer ChangeConfiguration."""
        key, value = payload["key"], payload["value"]
        status = ConfigurationStatus.accepted
        if not isinstance(key, str) or not isinstance(value, str):
            raise TypeError("key and value are texts")
        if key not in self.values:
            status = ConfigurationStatus.not_supported
        elif key == "MeterValuesSampledData":
            if not {part.strip() for part in value.split(",")} <= set(map(str, MEASURANDS)):
                status = ConfigurationStatus.rejected
        elif key.endswith("Interval") and not value.isdigit():
            status = ConfigurationStatus.rejected
        if status is ConfigurationStatus.accepted:
            self.values[key] = value
        return {"status": str(status)}
