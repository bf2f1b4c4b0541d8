"""Values for the tests."""

from datetime import UTC, datetime, timedelta

from custom_components.ev_charger_pool.chargers.ocpp import (
    Authorization,
    ConnectorConfig,
    OcppCharger,
    StationConfig,
)
from custom_components.ev_charger_pool.pool.members import Grant
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind


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
