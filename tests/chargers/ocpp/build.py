"""Values for the tests."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from custom_components.ev_charger_pool.chargers.ocpp import (
    Authorization,
    CentralSystem,
    ConnectorConfig,
    OcppCharger,
    StationConfig,
)
from custom_components.ev_charger_pool.pool.members import Grant
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind
from tests.chargers.ocpp.stations import Station

type Connect = Callable[..., Awaitable[Station]]


def config(
    identity: str = "CP1",
    *,
    connectors: int = 2,
    fail_safe_a: float = 6.0,
    max_current_a: float = 16.0,
    phases: int = 3,
    tokens: frozenset[str] | None = None,
) -> StationConfig:
    """A station; with tokens only their holders may charge."""
    return StationConfig(
        identity=identity,
        connectors={
            number: ConnectorConfig(
                fail_safe_a=fail_safe_a, max_current_a=max_current_a, phases=phases
            )
            for number in range(1, connectors + 1)
        },
        authorization=Authorization.ANYONE if tokens is None else Authorization.TOKENS,
        tokens=tokens or frozenset(),
    )


def grant(
    current_a: float, *, lapse_to_a: float | None = None, lease_s: float | None = 180.0
) -> Grant:
    """A grant of now; it lapses to 6 A at most, unless told otherwise."""
    return Grant(
        member="charger:1",
        current_a=current_a,
        lapse_to_a=min(current_a, 6.0) if lapse_to_a is None else lapse_to_a,
        lease=None if lease_s is None else timedelta(seconds=lease_s),
        decided_at=datetime.now(UTC),
        reason=Reason(kind=ReasonKind.CIRCUIT, subject="grid"),
    )


def vouch(charger: OcppCharger, seconds: float = 10.0) -> None:
    """Have a fresh decision stand behind the grants."""
    charger.vouch(datetime.now(UTC) + timedelta(seconds=seconds))


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A station and how it is configured."""

    identity: str = "CP1"
    connectors: int = 2
    phases: int = 3
    tokens: frozenset[str] | None = None
    clock_ahead: timedelta = timedelta()
    configuration: Mapping[str, str] = field(default_factory=dict)
    profile_status: Callable[[dict[str, Any]], str] = lambda _frame: "Accepted"


async def ready(
    central: CentralSystem, connect: Connect, setup: Setup | None = None
) -> tuple[OcppCharger, Station]:
    """Claim a station, connect it, and wait until it is set up."""
    setup = setup or Setup()
    charger = central.claim(
        config(
            setup.identity, connectors=setup.connectors, phases=setup.phases, tokens=setup.tokens
        )
    )
    station = await connect(setup.identity)
    station.clock_ahead = setup.clock_ahead
    station.configuration.update(setup.configuration)
    station.profile_status = setup.profile_status
    await station.boot()
    for connector in range(1, setup.connectors + 1):
        await station.status(connector, "Available")
    await station.until(lambda: ("MeterValues", setup.connectors) in station.triggered)
    return charger, station
