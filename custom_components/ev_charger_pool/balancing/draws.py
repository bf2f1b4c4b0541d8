"""What a member may draw: now by its commitment (SR-2), at a meter's time by its samples (SR-9)."""

from operator import sub
from typing import Final, NamedTuple

from .ledger import MEASURING_TOLERANCE_A
from .seats import SAMPLE_NEAR_S, Seat
from .supplies import LEAST_COST
from .wiring import NO_FLOW, WATTS, Lanes, each, from_amps

_ROUNDING: Final = 1e-6

LAG_ERROR_S: Final = 3.0
"""A meter's lag is known to this: lags of 0 to 5 s around the default of 2 s (SR-9)."""


def commitment_of(seat: Seat, now_s: float) -> Lanes:
    """Return the most that a member may draw on each phase, whatever was last said to it.

    max(every grant not yet settled or answered, the limit the device reports, newest draw
    + 0.5 A, f); on phases that its car does not use only the draw counts.
    """
    account = seat.account
    current_a = account.commitment_a(now_s, seat.fail_safe_a, exercised=seat.exercised)
    if not seat.connected and not seat.is_supply and account.offline_s is None:
        # Nothing is plugged: no ceiling to fear, only grants that are still on the device.
        current_a = max(account.outstanding_a, seat.fail_safe_a)
    report = seat.report
    if report is not None and report.online:
        current_a = max(current_a, report.limit_a or 0.0, seat.set_current_a)
    newest = seat.samples.newest
    amps = [0.0, 0.0, 0.0]
    for position in seat.used:
        amps[position] = current_a
    if newest is not None and not account.is_lost(now_s):
        for position in seat.learner.wired:
            drawn_a = newest[position] + MEASURING_TOLERANCE_A
            if drawn_a > amps[position] and newest[position] > 0.0:
                amps[position] = drawn_a
    lanes = from_amps(amps[0], amps[1], amps[2], seat.voltage_v)
    if not seat.is_single:
        return lanes
    drawn_w = 0.0 if newest is None else newest[WATTS] + MEASURING_TOLERANCE_A * seat.voltage_v
    return (*lanes[:WATTS], max(current_a * seat.voltage_v, drawn_w))


def counted_of(seat: Seat, now_s: float) -> float:
    """Return the amps per phase that cuts count a member with (SR-9).

    The newest grant; what was there before where that cannot be on the device yet; the draw for
    a member that is unsettled though it had its settle time.
    """
    account = seat.account
    current_a = account.counted_a(now_s, seat.fail_safe_a, exercised=seat.exercised)
    newest, newest_s = seat.samples.newest, seat.samples.newest_s
    if newest is not None and newest_s > account.moved_s - seat.settle_s:
        drawn_a = max(newest[:3])
        if (
            seat.had_time
            and not account.is_lost(now_s)
            and drawn_a > current_a + MEASURING_TOLERANCE_A
        ):
            return drawn_a
    elif not seat.settings.measures_current and not account.is_moving(now_s):
        # Nothing tells what it draws: what it may still have counts until the meter shows it.
        return max(current_a, account.outstanding_a)
    return current_a


def can_be_told(seat: Seat, now_s: float) -> bool:
    """Whether a member follows when it is told less: others need not give way for it.

    Who draws more than its grant, but no more than a measuring error (SR-6) or than what its lease
    lapsed to (SR-1), obeys. Who does not measure may count with more than its grant because no
    meter showed its step yet: it can be told all the same.
    """
    if not seat.online or _ignores(seat):
        return False
    held_a = seat.account.counted_a(now_s, seat.fail_safe_a, exercised=seat.exercised)
    return held_a <= seat.granted_a + _ROUNDING


def overdraw_of(seat: Seat) -> Lanes:
    """Return what a member counts with beyond its grant: what it draws goes on beside it.

    Of who does not measure, nobody knows whether it draws that.
    """
    return each(max, NO_FLOW, each(sub, seat.counted, seat.granted))


def _ignores(seat: Seat) -> bool:
    """Whether a member goes on drawing what nothing but disobedience explains."""
    if seat.conduct.excess_since_s is None or not seat.had_time:
        return False
    return seat.counted_a > seat.fail_safe_a + MEASURING_TOLERANCE_A


def draw_bounds(seat: Seat, at_s: float) -> tuple[Lanes, Lanes]:
    """Return the least and the most that a member drew at a meter's time.

    A settled member counts with its nearest sample, or with those around it where they differ; a
    moving one with the samples near that time, its old grant and its new one. Without a sample
    near by, anything between nothing and what it may draw is possible.
    """
    account = seat.account
    sample = seat.samples.nearest(at_s)
    near = sample is not None and abs(sample[0] - at_s) <= SAMPLE_NEAR_S
    if sample is not None and near and not seat.is_moving(at_s):
        around = seat.samples.bounds(at_s - LAG_ERROR_S, at_s + LAG_ERROR_S)
        least, most = around or (sample[1], sample[1])
        return _spread(seat, least)[0], most
    if sample is not None and near:
        known = seat.samples.bounds(at_s - seat.settle_s) or (sample[1], sample[1])
        least, most = _spread(seat, known[0])[0], known[1]
        held_a = account.granted_a if len(account.issues) <= 1 else account.outstanding_a
        held = seat.lanes(held_a)
        return (
            each(min, least, seat.lanes(account.granted_a)),
            each(max, most, held),
        )
    if not seat.connected and account.offline_s is None and account.outstanding_a <= 0.0:
        return NO_FLOW, NO_FLOW
    held = seat.lanes(max(account.outstanding_a, account.granted_a))
    if seat.most_w < held[WATTS]:
        held = (*held[:WATTS], seat.most_w)
    if sample is None:
        return NO_FLOW, held
    return each(min, NO_FLOW, sample[1]), each(max, held, sample[1])


class Seen(NamedTuple):
    """The least that a member surely drew, and the most that it may have drawn."""

    least: Lanes
    most: Lanes


def seen(seat: Seat, at_s: float) -> Seen:
    """Return what samples tell of a member's draw at a meter's time.

    A grant tells nothing of a draw: what was ordered may not be there yet. Of who was not heard of
    near that time only so much is sure as it drew last and may go on with; of who never told, as
    the least of its grants that are not settled.
    """
    sample = seat.samples.nearest(at_s)
    if sample is None:
        surest = seat.lanes(seat.account.surest_a)
        return Seen(surest, draw_bounds(seat, at_s)[1])
    if abs(sample[0] - at_s) <= SAMPLE_NEAR_S:
        least, most = seat.samples.around(at_s, LAG_ERROR_S) or (sample[1], sample[1])
        return Seen(_spread(seat, least)[0], most)
    held = seat.lanes(max(seat.account.outstanding_a, seat.granted_a))
    most = each(max, sample[1], held)
    if abs(sample[0] - at_s) > seat.settle_s:
        return Seen(NO_FLOW, most)
    kept = each(min, sample[1], seat.lanes(seat.granted_a))
    return Seen(_spread(seat, kept)[0], most)


def _spread(seat: Seat, draw: Lanes) -> tuple[Lanes, Lanes]:
    """Return the bounds of one sample: a supply's AC side is only computed, at its most."""
    if not seat.is_supply or seat.report is None or seat.report.current is not None:
        return draw, draw
    least = (
        draw[0] * LEAST_COST,
        draw[1] * LEAST_COST,
        draw[2] * LEAST_COST,
        draw[3] * LEAST_COST,
    )
    return least, draw
