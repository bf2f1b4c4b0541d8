"""Why a grant is what it is."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .quantities import Phase


class ReasonKind(StrEnum):
    """What limits a member now; the state of the sensor "limited by"."""

    CIRCUIT = "circuit"
    GENERATION = "generation"
    TARIFF = "tariff"
    CONTRACT = "contract"
    IMBALANCE = "imbalance"
    CHARGER = "charger"
    CABLE = "cable"
    VEHICLE = "vehicle"
    USER = "user"
    SOLAR = "solar"
    BATTERY = "battery"
    PRICE = "price"
    PLAN = "plan"
    DEMAND_RESPONSE = "demand_response"
    STALE = "stale"
    SETTLING = "settling"
    TURN = "turn"
    MINIMUM = "minimum"
    LEASE = "lease"
    IGNORED = "ignored"
    WRITE_BUDGET = "write_budget"
    PHASES = "phases"
    ASLEEP = "asleep"
    NOT_CONNECTED = "not_connected"
    FAULT = "fault"
    OFFLINE = "offline"


OF_CIRCUIT: Final = frozenset(
    {
        ReasonKind.CIRCUIT,
        ReasonKind.GENERATION,
        ReasonKind.TARIFF,
        ReasonKind.IMBALANCE,
        ReasonKind.MINIMUM,
        ReasonKind.TURN,
    }
)
"""The kinds whose subject is a circuit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A kind of reason with what it points at.

    Attributes:
        kind: What limits.
        subject: The id of the circuit, limit, demand-response event or reading; None where
            the kind says it all.
        phase: The phase of the circuit that binds; None for a limit in watts.
    """

    kind: ReasonKind
    subject: str | None = None
    phase: Phase | None = None

    def __str__(self) -> str:
        """Return the short form, for example `circuit:garage:l2`."""
        return ":".join(part for part in (self.kind, self.subject, self.phase) if part)
