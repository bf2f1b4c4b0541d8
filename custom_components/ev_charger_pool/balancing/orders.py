"""Grants become orders: set, renew, set again, stop, and what of it must be remembered."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from ..pool.members import Grant, MemberRecord, Order, OrderKind, Urgency
from ..pool.reasons import Reason
from .seats import Seat

RETRY_SPACING_S: Final = 5.0
"""A grant that failed is sent again after the timeout of a control call (SR-7)."""

RETRIES: Final = 6
BACKED_OFF_S: Final = 30.0
"""After so many failures in a row a dead unit is asked this often (SR-7)."""


class OrderBook:
    """Numbers the orders of one controller, and collects those of one decision."""

    __slots__ = ("_issued", "_next_number")

    def __init__(self) -> None:
        self._next_number = 1
        self._issued: dict[str, Order] = {}

    def take_all(self) -> tuple[Order, ...]:
        """Return what was collected since the last call, in the order to hand it over."""
        orders = tuple(sorted(self._issued.values(), key=lambda o: (o.urgency, o.number)))
        self._issued.clear()
        return orders

    def has(self, seat: Seat) -> bool:
        """Whether the member has an order in this decision."""
        return seat.settings.member in self._issued

    def set(self, seat: Seat, current_a: float, reason: Reason, now: datetime) -> None:
        """Order a grant: a new one, or the same once more."""
        now_s = now.timestamp()
        raised = current_a > seat.granted_a
        number = self._add(seat, OrderKind.SET, current_a, reason, now, raised=raised)
        seat.account.issue(number, current_a, now_s)
        seat.lease.feed(now_s)
        seat.needs_set = False
        seat.reason = reason

    def renew(self, seat: Seat, now: datetime) -> None:
        """Order that the device keeps its grant for another lease."""
        self._add(seat, OrderKind.RENEW, seat.granted_a, seat.reason, now, raised=False)
        seat.lease.feed(now.timestamp())

    def act(self, seat: Seat, kind: OrderKind, reason: Reason, now: datetime) -> None:
        """Order something else than a grant: stop, make inoperative, or start."""
        self._add(seat, kind, seat.granted_a, reason, now, raised=kind is OrderKind.START)

    def _add(
        self,
        seat: Seat,
        kind: OrderKind,
        current_a: float,
        reason: Reason,
        now: datetime,
        *,
        raised: bool,
    ) -> int:
        settings = seat.settings
        number = self._next_number
        self._next_number += 1
        grant = Grant(
            member=settings.member,
            current_a=current_a,
            power_w=seat.power_of(current_a),
            lapse_to_a=min(current_a, seat.fail_safe_a),
            fail_safe_a=seat.fail_safe_a,
            lease=None if settings.lease is None else settings.lease.duration,
            decided_at=now,
            reason=reason,
            phases=None if seat.switch is None else seat.switch.phases,
        )
        urgency = Urgency.REDUCTION
        if kind is OrderKind.RENEW:
            urgency = Urgency.RENEWAL
        elif raised:
            urgency = Urgency.RAISE
        self._issued[settings.member] = Order(
            number=number, kind=kind, grant=grant, urgency=urgency
        )
        if kind is not OrderKind.RENEW:
            # A renewal tells the device nothing new: with it, a short lease would leave no gap.
            seat.credit.spend(now.timestamp())
            seat.written_s = now.timestamp()
        return number


def changed_records(seats: Iterable[Seat], now: datetime) -> tuple[MemberRecord, ...]:
    """Return the records that changed since the last call, to be persisted with the grants."""
    found = []
    for seat in seats:
        if seat.account.changed:
            seat.account.changed = False
            found.append(record_of(seat, now))
    return tuple(found)


def record_of(seat: Seat, now: datetime) -> MemberRecord:
    """Return what must be remembered of a member over a kill (SR-11)."""
    account = seat.account
    expires_s = account.expires_s
    return MemberRecord(
        member=seat.settings.member,
        granted_a=account.granted_a,
        outstanding_a=seat.settings.max_current_a if account.unknown else account.outstanding_a,
        lapse_to_a=min(account.granted_a, seat.fail_safe_a),
        expires_at=None if expires_s is None else datetime.fromtimestamp(expires_s, UTC),
        decided_at=now,
        lease_exercised=seat.exercised,
        lease_failed=seat.lease.failed,
        owed=seat.turns.owed(now.timestamp()),
        asleep=seat.wake.asleep,
        session=seat.session,
        phases=None if seat.switch is None else seat.switch.phases,
        phase_veto=None if seat.switch is None else seat.switch.veto,
    )
