"""Has connectors switch phases: what each could have on one and on all, and what it is told."""

from collections.abc import Sequence
from datetime import datetime

from ..pool.members import Mode
from ..pool.reasons import Reason, ReasonKind
from ..pool.states import ChargingStatus, ConnectorState
from .followers import Follower
from .orders import OrderBook
from .policies import SUN_MODES, ceiling_of
from .raises import caps
from .seats import Seat
from .site_state import SiteState
from .starts import MOST_STARTS
from .sun_outlook import Claim, SunOutlook
from .switching import Room, Step, View
from .wiring import WATTS, Lanes


def tell_gains(outlook: SunOutlook, members: Sequence[Follower]) -> None:
    """Tell each member in a mode by the sun what all phases are worth more than one."""
    for member in members:
        if member.seat.switch is None:
            continue
        others = Claim.of(one for one in members if one is not member and one.is_on)
        one_w = outlook.run_w(others.plus(member, member.seat.learner.wired[:1]))
        all_w = outlook.run_w(others.plus(member, member.all_phases))
        # A run that is worth nothing on all phases is none to switch for.
        member.seat.sun_gain_w = round(min(all_w - one_w, all_w))


def switch_phases(site: SiteState, book: OrderBook, now: datetime, now_s: float) -> bool:
    """Go on with every switch; return whether somebody can be raised by it."""
    seats = [seat for seat in site.seats.values() if seat.switch is not None]
    if not seats:
        return False
    cap = caps(site.branches, now_s, site.generation.most_a(now_s))
    changed = False
    for seat in seats:
        if seat.switch is None or seat.report is None:
            continue
        was_single = seat.is_single
        step = seat.switch.step(_view(site, seat, cap, now, now_s))
        # Limits in watts are other amps now: before it may have a grant again.
        seat.ceiling_dirty |= seat.is_single is not was_single
        if step is Step.PAUSE or step is Step.TELL:
            book.set(seat, 0.0, Reason(kind=ReasonKind.PHASES), now)
            site.count(seat, now_s)
        elif step is Step.COUNT_ANEW:
            seat.learner.forget()
            seat.ceiling_dirty = True
            changed = True
    return changed


def _view(site: SiteState, seat: Seat, cap: Sequence[Lanes], now: datetime, now_s: float) -> View:
    report, newest = seat.report, seat.samples.newest
    in_order = not site.restart.is_quiet(now_s) and seat.credit.allows_raise(now_s)
    charging = None if report is None else report.charging
    state = None if report is None else report.state
    return View(
        now_s=now_s,
        choice=seat.wishes.phases,
        mode=seat.mode,
        room=_room(site, seat, cap, now),
        least_a=seat.least_a,
        granted_a=seat.granted_a,
        is_settled=seat.account.is_settled,
        draw_a=None if newest is None else newest[:WATTS],
        drawn_s=seat.samples.newest_s,
        learned=seat.learner.learned,
        connected=seat.connected,
        reachable=seat.online and in_order,
        interruptible=seat.starts.in_last_hour(now_s) < MOST_STARTS,
        must_run=seat.turns.must_run(now_s),
        faulty=charging is ChargingStatus.FAULT or state is ConnectorState.ERROR,
    )


def _room(site: SiteState, seat: Seat, cap: Sequence[Lanes], now: datetime) -> Room | None:
    """Return what mode and limits leave it; None: it is not to charge, or nobody knows."""
    if seat.mode is Mode.OFF or seat.least_cap() is not None:
        return None
    settings = seat.settings
    limits = site.ceilings.of_member(settings.member, seat.session, now)
    wired = len(seat.learner.wired)
    one_a = ceiling_of(settings, limits, 1, seat.voltage_v).current_a
    all_a = ceiling_of(settings, limits, wired, seat.voltage_v).current_a
    for position in seat.chain:
        others_w = sum(
            other.granted[WATTS] for other in site.branches[position].seats if other is not seat
        )
        left_a = max(0.0, cap[position][WATTS] - others_w) / seat.voltage_v
        one_a, all_a = min(one_a, left_a), min(all_a, left_a / wired)
    if seat.mode not in SUN_MODES:
        return Room(one_a=one_a, all_a=all_a)
    if seat.sun_gain_w is None:
        return None
    return Room(one_a=one_a, all_a=all_a, gain_w=seat.sun_gain_w)
