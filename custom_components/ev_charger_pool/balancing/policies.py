"""Modes as policies that shape a demand, and ceilings that bind it whoever set them (I6)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
import math
from typing import Final

from ..pool.limits import Limit, LimitScope, LimitUnit
from ..pool.members import CircuitId, MemberId, MemberSettings, Mode
from ..pool.reasons import Reason, ReasonKind

MANDATORY_MARGIN_W: Final = 50.0
"""A mandatory limit in watts is kept with this to spare (SR-15)."""

_ROUNDING: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """The most a member may be given, amps per phase, and why."""

    current_a: float
    reason: Reason


SUN_MODES: Final = (Mode.SOLAR, Mode.MINIMUM_SOLAR)
"""Modes whose share is what the sun leaves."""

type Policy = Callable[[MemberSettings, Ceiling, Ceiling], Ceiling]
"""What a mode makes of the ceiling that a member has without it, and of its share by the mode."""


def _off(settings: MemberSettings, _ceiling: Ceiling, _share: Ceiling) -> Ceiling:
    return Ceiling(current_a=0.0, reason=Reason(kind=ReasonKind.USER, subject=settings.member))


def _fast(_settings: MemberSettings, ceiling: Ceiling, _share: Ceiling) -> Ceiling:
    return ceiling


def _within_share(_settings: MemberSettings, ceiling: Ceiling, share: Ceiling) -> Ceiling:
    return share if share.current_a < ceiling.current_a else ceiling


POLICIES: Final[Mapping[Mode, Policy]] = {
    Mode.OFF: _off,
    Mode.FAST: _fast,
    Mode.SOLAR: _within_share,
    Mode.MINIMUM_SOLAR: _within_share,
    Mode.PLAN: _within_share,
}


def planned_share(
    settings: MemberSettings, power_w: float, phases: int, least_a: float, voltage_v: float
) -> Ceiling:
    """Return what a plan asks of a member now: nothing, or enough to keep its promise.

    Rounded up, to a step of the device and to the least current that it runs with: who falls
    short of every slot by a part of an amp is not ready in time.

    Args:
        settings: The member.
        power_w: The planned watts over all phases.
        phases: How many phases they are spread over.
        least_a: The least current that it runs with.
        voltage_v: Volts per phase.
    """
    current_a = power_w / (phases * voltage_v)
    if settings.step_a > 0.0:
        current_a = math.ceil(current_a / settings.step_a - _ROUNDING) * settings.step_a
    return Ceiling(
        current_a=max(current_a, least_a) if power_w > 0.0 else 0.0,
        reason=Reason(kind=ReasonKind.PLAN, subject=settings.member),
    )


def ceiling_of(
    settings: MemberSettings,
    limits: Iterable[Limit],
    phases: int,
    voltage_v: float,
) -> Ceiling:
    """Return the ceiling of a member before its mode: the least of all that bind it (I6).

    Args:
        settings: The member.
        limits: The active limits that bind it.
        phases: How many phases its power is spread over; all that are wired until they are
            learned, so that a limit in watts is kept however many the car uses.
        voltage_v: Volts per phase for limits in watts.
    """
    ceiling = Ceiling(
        current_a=settings.max_current_a,
        reason=Reason(kind=ReasonKind.CHARGER, subject=settings.member),
    )
    for limit in limits:
        current_a = _in_amps(limit, phases, voltage_v)
        if current_a < ceiling.current_a:
            ceiling = Ceiling(
                current_a=current_a, reason=Reason(kind=limit.source, subject=limit.id)
            )
    return ceiling


def _in_amps(limit: Limit, phases: int, voltage_v: float) -> float:
    if limit.unit is LimitUnit.CURRENT:
        return limit.value
    watts = limit.value - MANDATORY_MARGIN_W if limit.mandatory else limit.value
    return max(0.0, watts) / (phases * voltage_v)


class Ceilings:
    """All limits that are in force, looked up by what they bind."""

    __slots__ = ("_by_circuit", "_by_member", "_expiries")

    def __init__(self, limits: Iterable[Limit] = ()) -> None:
        self._by_member: dict[MemberId, list[Limit]] = {}
        self._by_circuit: dict[CircuitId, list[Limit]] = {}
        self._expiries: list[datetime] = []
        for limit in limits:
            if limit.member is not None:
                self._by_member.setdefault(limit.member, []).append(limit)
            elif limit.circuit is not None:
                self._by_circuit.setdefault(limit.circuit, []).append(limit)
            if limit.expires_at is not None:
                self._expiries.append(limit.expires_at)

    def next_expiry(self, now: datetime) -> datetime | None:
        """Return when the next limit ends by itself."""
        return min((at for at in self._expiries if at > now), default=None)

    def of_member(self, member: MemberId, session: str | None, now: datetime) -> list[Limit]:
        """Return the limits that bind a member in its session now."""
        return [
            limit
            for limit in self._by_member.get(member, ())
            if limit.is_active(now) and limit.session in (None, session)
        ]

    def of_circuit(
        self, circuit: CircuitId, scope: LimitScope, unit: LimitUnit, now: datetime
    ) -> Limit | None:
        """Return the least limit of a scope and a unit on a circuit, None without one."""
        return min(
            (
                limit
                for limit in self._by_circuit.get(circuit, ())
                if limit.scope is scope and limit.unit is unit and limit.is_active(now)
            ),
            key=lambda limit: limit.value,
            default=None,
        )
