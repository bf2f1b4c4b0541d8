"""A session, from plug-in to unplug."""

from dataclasses import dataclass, replace
from datetime import datetime
import math
from typing import Final, TypeIs

from .members import MemberId


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What happened between plug-in and unplug.

    Attributes:
        id: Unique, for example a ULID.
        member: Where it took place.
        started_at: Plug-in, aware UTC.
        ended_at: Unplug; None while it runs.
        energy_wh: What the car took, by register differences, never falling.
        register_wh: The newest value of the device's energy register; None before the first.
        token: Who started it, as the device told; None when nobody did.
        transaction: The device's own id of its transaction; None without one.
        cost: What its energy cost at the price of the grid, in the site's currency, as far as
            prices were known; None: never.
        co2_g: What its energy emitted by the grid's intensity, likewise.
    """

    id: str
    member: MemberId
    started_at: datetime
    ended_at: datetime | None = None
    energy_wh: float = 0.0
    register_wh: float | None = None
    token: str | None = None
    transaction: str | None = None
    cost: float | None = None
    co2_g: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What a kWh from the grid costs and emits; None where nobody knows."""

    price_per_kwh: float | None = None
    co2_g_per_kwh: float | None = None


NO_RATES: Final = Rates()

UNIT_SLIP: Final = 1_000.0
"""Some devices now and then tell kWh where they told Wh, or the other way round."""

_SLIP_TOLERANCE: Final = 0.05
"""A register that changed by the factor within this share did not count energy."""


class SessionError(ValueError):
    """What is asked of a session that it cannot do."""


def begin(
    session: str,
    member: MemberId,
    at: datetime,
    *,
    register_wh: float | None = None,
    token: str | None = None,
    transaction: str | None = None,
) -> Session:
    """Return the session that begins at plug-in."""
    return Session(
        id=session,
        member=member,
        started_at=at,
        register_wh=register_wh if _is_register(register_wh) else None,
        token=token,
        transaction=transaction,
    )


def go_on(
    session: Session,
    *,
    register_wh: float | None = None,
    token: str | None = None,
    transaction: str | None = None,
    rates: Rates = NO_RATES,
) -> Session:
    """Return a session with what a report tells of it.

    Energy is counted by differences of the register. A register that fell was reset: what was
    counted stays, and counting goes on from there. A value that is no number, negative, or a
    thousand times more or less than before is refused: the register stays as it was.

    Args:
        session: The session so far.
        register_wh: The device's energy register; None when it tells none.
        token: Who started it; what was known stays when it is not told again.
        transaction: The device's id; likewise.
        rates: What the energy since the report before costs and emits.

    Raises:
        SessionError: It has ended.
    """
    if session.ended_at is not None:
        raise SessionError(f"session {session.id} has ended; begin another one")
    before_wh = session.register_wh
    energy_wh = session.energy_wh
    if not _is_register(register_wh) or (
        before_wh is not None and is_unit_slip(before_wh, register_wh)
    ):
        register_wh = before_wh
    elif before_wh is not None:
        energy_wh += max(0.0, register_wh - before_wh)
    return replace(
        session,
        energy_wh=energy_wh,
        register_wh=register_wh,
        token=token or session.token,
        transaction=transaction or session.transaction,
        cost=_added(session.cost, energy_wh - session.energy_wh, rates.price_per_kwh),
        co2_g=_added(session.co2_g, energy_wh - session.energy_wh, rates.co2_g_per_kwh),
    )


def end(session: Session, at: datetime) -> Session:
    """Return the session that ended at unplug; never before it began.

    Raises:
        SessionError: It has ended already.
    """
    if session.ended_at is not None:
        raise SessionError(f"session {session.id} has already ended")
    return replace(session, ended_at=max(at, session.started_at))


def is_unit_slip(before_wh: float, after_wh: float) -> bool:
    """Whether a register changed by its unit and not by energy."""
    if before_wh <= 0.0 or after_wh <= 0.0:
        return False
    factor = after_wh / before_wh
    return any(abs(factor / slip - 1.0) <= _SLIP_TOLERANCE for slip in (UNIT_SLIP, 1.0 / UNIT_SLIP))


def _added(before: float | None, energy_wh: float, per_kwh: float | None) -> float | None:
    if per_kwh is None or (before is None and not energy_wh):
        return before
    return (before or 0.0) + energy_wh / 1000.0 * per_kwh


def _is_register(value: float | None) -> TypeIs[float]:
    return value is not None and math.isfinite(value) and value >= 0.0
