"""What a site says of an OCPP station that belongs to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
import re
from typing import Final

MAX_IDENTITY_LENGTH: Final = 48
"""OCPP 2.0.1 part 4, 3.1.1: the identity is an identifierString[48]; 1.6 sets no length."""

_IDENTITY: Final = re.compile(r"[A-Za-z0-9*\-_=:+|@.]{1,48}")
"""The characters of an OCPP identifierString."""

MIN_CURRENT_A: Final = 6.0
"""IEC 61851-1: the least current that a station can offer."""


class Authorization(StrEnum):
    """Who may start a transaction."""

    ANYONE = "anyone"
    TOKENS = "tokens"


def is_identity(text: str) -> bool:
    """Whether a text can be the identity of a station."""
    return _IDENTITY.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorConfig:
    """One connector as configured.

    Attributes:
        fail_safe_a: Amps per phase that it takes when its lease has lapsed: 0 or at least 6.
        max_current_a: The most amps per phase of the connector and its cable.
        phases: How many phases it is wired to.
        switches_phases: Whether it can switch between one and three of them, though the station
            may not announce it.
    """

    fail_safe_a: float = 0.0
    max_current_a: float = 32.0
    phases: int = 3
    switches_phases: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StationConfig:
    """One station as configured.

    Attributes:
        identity: Its name in the address that it connects to.
        connectors: Its connectors by number, from 1.
        authorization: Who may start a transaction.
        tokens: The tokens that may, when not everybody may; compared without regard to case.
    """

    identity: str
    connectors: Mapping[int, ConnectorConfig]
    authorization: Authorization = Authorization.ANYONE
    tokens: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        """Check what was configured.

        Raises:
            ValueError: A field cannot be; the message says which and what it may be.
        """
        if not is_identity(self.identity):
            message = (
                f"{self.identity!r} cannot be a station's identity: use 1 to "
                f"{MAX_IDENTITY_LENGTH} letters, digits and *-_=:+|@."
            )
            raise ValueError(message)
        if not self.connectors or min(self.connectors) < 1:
            message = f"station {self.identity} needs at least one connector, numbered from 1"
            raise ValueError(message)
        for number, connector in self.connectors.items():
            if connector.phases not in {1, 2, 3}:
                message = f"connector {number} has 1 to 3 phases, not {connector.phases}"
                raise ValueError(message)
            if not (
                connector.fail_safe_a == 0.0
                or MIN_CURRENT_A <= connector.fail_safe_a <= connector.max_current_a
            ):
                message = (
                    f"the fail-safe current of connector {number} is 0 or from {MIN_CURRENT_A:g} "
                    f"to {connector.max_current_a:g} A, not {connector.fail_safe_a:g}"
                )
                raise ValueError(message)

    def accepts(self, token: str) -> bool:
        """Whether the holder of a token may start a transaction."""
        return self.authorization is Authorization.ANYONE or token.casefold() in {
            allowed.casefold() for allowed in self.tokens
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """How long the central system waits for what, in seconds.

    Attributes:
        control_s: For the answer to a command, from handing it in (SR-7).
        other_s: For the answer to any other call (SR-7).
        ping_s: Between WebSocket pings on a silent connection; half of it later the
            connection counts as dead.
        boot_grace_s: For a BootNotification on a new connection; stations that only lost the
            network send none.
        heartbeat_s: What an accepted station is told as the interval of its heartbeats.
        pending_s: After which a station in quarantine asks again.
        reload_grace_s: How long a released station is still authorised as before: a reload of
            its site must not end the sessions of its cars.
        close_s: For the closing handshake.
    """

    control_s: float = 5.0
    other_s: float = 10.0
    ping_s: float = 30.0
    boot_grace_s: float = 2.0
    heartbeat_s: int = 30
    pending_s: int = 60
    reload_grace_s: float = 60.0
    close_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Restrictions:
    """What one station or the network may ask of the central system.

    Attributes:
        unknown_stations: How many stations that no site has claimed are held in quarantine.
        unknown_kept_s: How long one of them keeps its place once it has left.
        message_bytes: The longest message that is read; a longer one is refused.
        frame_bytes: The longest that is taken off the wire; a longer one ends the connection.
        messages_per_s: How many messages per second are read for long; more have to wait.
        message_burst: How many are read at once.
        connections: How often one identity may connect at once.
        connections_per_s: How often in the long run.
    """

    unknown_stations: int = 8
    unknown_kept_s: float = 3_600.0
    message_bytes: int = 65_536
    frame_bytes: int = 1_048_576
    messages_per_s: float = 50.0
    message_burst: int = 200
    connections: int = 10
    connections_per_s: float = 0.2
