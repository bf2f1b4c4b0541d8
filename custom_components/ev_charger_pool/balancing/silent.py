"""SR-2, SR-9: what a circuit's meter shows of members that do not measure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..pool.members import MemberId
from ..pool.states import ChargingStatus
from .seats import Seat
from .wiring import WATTS, Lanes

_MAY_CHARGE: Final = (ChargingStatus.CHARGING, ChargingStatus.UNKNOWN)
"""Statuses in which a step on the meter may be a member's."""

_BEGUN_SHARE: Final = 0.8
"""A car on one phase at low voltage takes no less of the watts of its least current."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a meter showed when a grant was ordered.

    Attributes:
        residual: What flowed then beside the draws of all members that measure.
        drawn_a: What the member drew then at most per phase: its last settled grant.
        drawn_w: What it drew then by a meter of a total.
    """

    residual: Lanes
    drawn_a: float
    drawn_w: float


class SilentMembers:
    """Watches one circuit's meter for the steps of members that only it can show."""

    __slots__ = ("_before",)

    def __init__(self) -> None:
        self._before: dict[MemberId, Before] = {}

    def told(self, seat: Seat, load: Lanes, seats: Sequence[Seat]) -> None:
        """Note what the meter shows when a member is told another grant.

        Args:
            seat: The member.
            load: What flows by the meter.
            seats: All members below the circuit.
        """
        if seat.settings.measures_current or seat.is_supply:
            return
        member = seat.settings.member
        if member in self._before and seat.shown_w is None:
            # Nobody knows yet how much of the earlier grant it took.
            return
        self._before[member] = Before(
            residual=_residual(load, seats),
            drawn_a=seat.account.settled_a,
            drawn_w=seat.shown_w or 0.0,
        )

    def settle(self, at_s: float, load: Lanes, seats: Sequence[Seat], resolution_a: float) -> None:
        """Settle members by the step that a meter of the phases shows (SR-2).

        Args:
            at_s: When the meter's values were taken, seconds since the epoch.
            load: What flows by the meter.
            seats: All members below the circuit.
            resolution_a: The step of the meter's values: a difference of two is no finer.
        """
        for seat, before, now in self._watched(load, seats):
            step_a = max(now[position] - before.residual[position] for position in seat.used)
            drawn_a = max(0.0, before.drawn_a + step_a - resolution_a)
            seat.account.settle(at_s, drawn_a, seat.fail_safe_a)
            if seat.account.is_settled:
                del self._before[seat.settings.member]

    def bound(self, at_s: float, load: Lanes, seats: Sequence[Seat]) -> None:
        """Learn from a total how much members that began take: more is not their doing (SR-9).

        A total tells neither phases nor who it was, so it settles nobody. But cars do not take
        more phases in the middle of a run: what it shows once the settle time is over bounds the
        draw until the next grant.

        Args:
            at_s: When the meter's value was taken, seconds since the epoch.
            load: What flows by the meter.
            seats: All members below the circuit.
        """
        for seat, before, now in self._watched(load, seats):
            moved_s = seat.account.moved_s
            if seat.granted_a <= 0.0:
                seat.shown_w = None
                del self._before[seat.settings.member]
            elif seat.shown_s != moved_s and at_s >= moved_s + seat.settle_s:
                taken_w = before.drawn_w + now[WATTS] - before.residual[WATTS]
                if taken_w >= _BEGUN_SHARE * seat.settings.min_current_a * seat.voltage_v:
                    seat.shown_w, seat.shown_s = taken_w, moved_s

    def _watched(self, load: Lanes, seats: Sequence[Seat]) -> list[tuple[Seat, Before, Lanes]]:
        """Return the members whose step may show, with what was before and what is now."""
        if not self._before:
            return []
        now = _residual(load, seats)
        return [
            (seat, before, now)
            for seat in seats
            if (before := self._before.get(seat.settings.member)) is not None
            # Whoever switched on, it was not a car that does not charge.
            and seat.report is not None
            and (seat.report.charging in _MAY_CHARGE)
        ]


def _residual(load: Lanes, seats: Sequence[Seat]) -> Lanes:
    """Return what flows through a circuit beside the newest draws of its members."""
    l1, l2, l3, watts = load
    for seat in seats:
        newest = seat.samples.newest
        if newest is not None:
            l1, l2, l3 = l1 - newest[0], l2 - newest[1], l3 - newest[2]
            watts -= newest[WATTS]
    return l1, l2, l3, watts
