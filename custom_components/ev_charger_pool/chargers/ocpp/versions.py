"""The versions of OCPP that are spoken, best first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .config import Timings
from .link import StationLink
from .schemas import Schemas
from .session import StationSession
from .station import Station
from .v16 import V16Session, load_schemas as load_v16_schemas

type SessionFactory = Callable[
    [Station, StationLink, Timings, Callable[[Station], None]], StationSession
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A version of the protocol.

    Attributes:
        load_schemas: Reads its schemas from disk.
        session: Makes a session of a connection.
    """

    load_schemas: Callable[[], Schemas]
    session: SessionFactory


DIALECTS: Mapping[str, Dialect] = {
    V16Session.protocol: Dialect(load_schemas=load_v16_schemas, session=V16Session),
}
"""By WebSocket subprotocol, the best one first."""


def choose(offered: Sequence[str]) -> str | None:
    """Return the best subprotocol that a station offers; None when we speak none of them."""
    wanted = {protocol.strip() for protocol in offered}
    return next((protocol for protocol in DIALECTS if protocol in wanted), None)
