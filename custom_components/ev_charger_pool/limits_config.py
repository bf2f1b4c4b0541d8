"""What limits a circuit beside its fuse, read from the entry into values."""

from dataclasses import dataclass

from .const import (
    CONF_AVERAGE,
    CONF_AVERAGE_WINDOW,
    CONF_CONTRACT_ENTITY,
    CONF_CONTRACT_TIMES,
    CONF_IMBALANCE,
    CONF_LIMIT_W,
)
from .device_config import Json
from .pool.circuits import AverageLimit, WindowLength
from .pool.timetable import Entry, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsConfig:
    """Limits of a circuit, or of the grid connection.

    Attributes:
        limit_w: Watts over all phases at any time.
        times: A timetable of such limits.
        entity: The entity that tells such a limit, in watts or amps.
        average: A limit on the average over a window.
        imbalance_a: A limit on the difference between two phases.
    """

    limit_w: float | None = None
    times: tuple[Entry, ...] = ()
    entity: str | None = None
    average: AverageLimit | None = None
    imbalance_a: float | None = None

    @classmethod
    def from_json(cls, data: Json) -> LimitsConfig:
        """Read the mapping under `limits`.

        Raises:
            ValueError: It holds what no flow writes.
        """
        average_w = data.get(CONF_AVERAGE)
        window = WindowLength(data.get(CONF_AVERAGE_WINDOW, WindowLength.QUARTER_HOUR))
        return cls(
            limit_w=data.get(CONF_LIMIT_W),
            times=parse(data.get(CONF_CONTRACT_TIMES) or ()),
            entity=data.get(CONF_CONTRACT_ENTITY),
            average=None if average_w is None else AverageLimit(power_w=average_w, window=window),
            imbalance_a=data.get(CONF_IMBALANCE),
        )
