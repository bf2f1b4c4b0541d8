"""What is plugged where: the connector state and its derivation."""

from enum import StrEnum

from .quantities import PhaseReadings


class ComponentState(StrEnum):
    """What a charger says of itself."""

    UNSPECIFIED = "unspecified"
    STARTING = "starting"
    NOT_READY = "not_ready"
    READY = "ready"
    CHARGING = "charging"
    DISCHARGING = "discharging"
    ERROR = "error"
    AUTHORIZATION_REJECTED = "authorization_rejected"
    INTERRUPTED = "interrupted"


class CableState(StrEnum):
    """What a charger says of its cable."""

    UNSPECIFIED = "unspecified"
    UNPLUGGED = "unplugged"
    CHARGING_STATION_PLUGGED = "charging_station_plugged"
    CHARGING_STATION_LOCKED = "charging_station_locked"
    EV_PLUGGED = "ev_plugged"
    EV_LOCKED = "ev_locked"


class ConnectorState(StrEnum):
    """The one state of a connector that the pool works with."""

    UNSPECIFIED = "unspecified"
    MISSING = "missing"
    IDLE = "idle"
    EV_PLUGGED = "ev_plugged"
    EV_LOCKED = "ev_locked"
    ERROR = "error"

    @property
    def is_ev_connected(self) -> bool:
        """Whether a car is known to be there; an errored connector counts as not connected (S3)."""
        return self in (ConnectorState.EV_PLUGGED, ConnectorState.EV_LOCKED)


class ChargingStatus(StrEnum):
    """What the session does: a second field beside what is plugged."""

    UNKNOWN = "unknown"
    NOT_CHARGING = "not_charging"
    WAITING_FOR_AUTHORIZATION = "waiting_for_authorization"
    CHARGING = "charging"
    DISCHARGING = "discharging"
    SUSPENDED_BY_EV = "suspended_by_ev"
    SUSPENDED_BY_CHARGER = "suspended_by_charger"
    FINISHED = "finished"
    FAULT = "fault"


def connector_state(component: ComponentState, cable: CableState) -> ConnectorState:
    """Derive the connector state from the 9 x 6 table of component and cable states (S1, S2)."""
    match component, cable:
        case ComponentState.UNSPECIFIED, _:
            return ConnectorState.UNSPECIFIED
        case ComponentState.ERROR | ComponentState.AUTHORIZATION_REJECTED, _:
            return ConnectorState.ERROR
        case _, CableState.UNSPECIFIED:
            return ConnectorState.UNSPECIFIED
        case _, CableState.EV_LOCKED:
            return ConnectorState.EV_LOCKED
        case _, CableState.EV_PLUGGED:
            return ConnectorState.EV_PLUGGED
        case _:
            return ConnectorState.IDLE


def shown_state(tracked: ConnectorState | None, current: PhaseReadings | None) -> ConnectorState:
    """Return the state to show beside a current reading (M2 to M4).

    Args:
        tracked: The state derived last; None before the first report (M4).
        current: The newest currents; None, or None on all three phases, means that
            nothing is heard of the connector (M3). The tracked state is not lost by that.
    """
    if tracked is None or current is None or all(value is None for value in current):
        return ConnectorState.MISSING
    return tracked
