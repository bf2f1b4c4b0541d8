"""Which forecasts a user configured, read from their subentries into values."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigSubentry

from .const import CONF_ENTITIES, CONF_FEED_IN, CONF_KIND, CONF_PART, CONF_UNIT_OF_VALUES
from .device_config import Json
from .forecasts import ForecastKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastSettings:
    """A forecast's form; a site has at most one of each kind.

    Attributes:
        id: Where it is kept.
        kind: What it is a forecast of.
        entities: The entities that hold it, or of the integrations that can be asked for it.
        unit: The unit, where nothing else tells it; else empty.
        part: The area or the home to take, where there are several; else empty.
        feed_in_per_kwh: Of the sun: what a kWh that flows out earns.
    """

    id: str
    kind: ForecastKind
    entities: tuple[str, ...]
    unit: str = ""
    part: str = ""
    feed_in_per_kwh: float = 0.0

    @classmethod
    def from_subentry(cls, subentry: ConfigSubentry) -> ForecastSettings:
        """Read the data of a forecast's subentry."""
        data: Json = subentry.data
        return cls(
            id=subentry.subentry_id,
            kind=ForecastKind(data[CONF_KIND]),
            entities=tuple(data[CONF_ENTITIES]),
            unit=data.get(CONF_UNIT_OF_VALUES, ""),
            part=data.get(CONF_PART, ""),
            feed_in_per_kwh=data.get(CONF_FEED_IN, 0.0),
        )
