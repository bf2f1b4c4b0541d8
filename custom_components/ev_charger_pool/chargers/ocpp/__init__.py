"""OCPP: the central system, and its stations as chargers of the pool."""

from .central_system import (
    CentralSystem,
    PortInUseError,
    StationClaimedError,
    UnknownStation,
    async_get_central_system,
)
from .config import Authorization, ConnectorConfig, Restrictions, StationConfig, Timings
from .station import OcppCharger

__all__ = [
    "Authorization",
    "CentralSystem",
    "ConnectorConfig",
    "OcppCharger",
    "PortInUseError",
    "Restrictions",
    "StationClaimedError",
    "StationConfig",
    "Timings",
    "UnknownStation",
    "async_get_central_system",
]
