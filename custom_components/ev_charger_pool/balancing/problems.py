"""What a person should know of, found anew with each decision."""

from collections.abc import Iterator
from datetime import datetime

from .conduct import Rung
from .contract import Problem, ProblemKind
from .frozen import is_capped
from .site_state import SiteState
from .solar import Solar
from .statuses import is_overloaded

REFUSALS_SHOWN = 3
"""A refusal may be a passing rate limit; so many in a row are a problem."""


class Problems:
    """Keeps since when each problem stands."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[tuple[ProblemKind, str], Problem] = {}

    def find(
        self, site: SiteState, solar: Solar, now: datetime, now_s: float
    ) -> tuple[Problem, ...]:
        """Return what is wrong now."""
        found = {}
        for kind, subject in (
            *_of_circuits(site, now_s),
            *_of_members(site),
            *_of_feeds(site, solar, now_s),
        ):
            key = (kind, subject)
            known = self._known.get(key)
            found[key] = known or Problem(
                kind=kind, subject=subject, since=now, figures=_figures(site, kind, subject)
            )
        self._known = found
        return tuple(found.values())


def _of_circuits(site: SiteState, now_s: float) -> Iterator[tuple[ProblemKind, str]]:
    """Return what is wrong with circuits and their meters."""
    quiet = site.restart.is_quiet(now_s)
    for branch in site.branches:
        if branch.trust.fault is not None:
            yield branch.trust.fault, branch.circuit.id
        elif branch.is_stale and not quiet:
            yield ProblemKind.METER_STALE, branch.circuit.id
        if is_overloaded(branch):
            yield ProblemKind.OVERLOAD, branch.circuit.id
    for circuit in site.plan.exceeded:
        yield ProblemKind.FAIL_SAFES_TOO_HIGH, circuit


def _of_members(site: SiteState) -> Iterator[tuple[ProblemKind, str]]:
    """Return what is wrong with members and their devices."""
    for member in site.plan.lowered:
        yield ProblemKind.FAIL_SAFES_TOO_HIGH, member
    for member, seat in site.seats.items():
        if seat.conduct.rung >= Rung.SEND_AGAIN and seat.conduct.excess_since_s is not None:
            yield ProblemKind.MEMBER_IGNORES, member
        if seat.refusals >= REFUSALS_SHOWN:
            yield ProblemKind.MEMBER_REFUSES, member
        if seat.is_backwards:
            yield ProblemKind.MEMBER_SIGN_TURNED, member
        if seat.report is not None and not seat.report.online:
            yield ProblemKind.MEMBER_OFFLINE, member
        if seat.lease.failed or (seat.settings.lease is None and not is_capped(seat)):
            yield ProblemKind.NO_WATCHDOG, member


def _of_feeds(site: SiteState, solar: Solar, now_s: float) -> Iterator[tuple[ProblemKind, str]]:
    """Return what is wrong with what feeds the site: it is the root circuit that it feeds."""
    root = site.branches[0].circuit.id if site.branches else ""
    if site.meter_check.battery.fault is not None:
        yield site.meter_check.battery.fault, root
    if solar.is_soc_erratic(now_s):
        yield ProblemKind.BATTERY_SOC_IMPLAUSIBLE, root
    if solar.is_implausible:
        yield ProblemKind.SOLAR_IMPLAUSIBLE, root


def _figures(site: SiteState, kind: ProblemKind, subject: str) -> dict[str, float]:
    """Return the numbers that go with a problem."""
    branch = site.by_circuit.get(subject)
    if branch is not None and kind is ProblemKind.OVERLOAD and branch.load is not None:
        return {"load_a": round(max(branch.load[:3]), 1), "limit_a": max(branch.limit[:3])}
    if branch is not None and kind is ProblemKind.METER_STALE:
        return {"allowance_s": branch.staleness.allowance.total_seconds()}
    if branch is not None and kind is ProblemKind.FAIL_SAFES_TOO_HIGH:
        return {
            "fail_safe_sum_a": max(site.plan.sums_a[subject]),
            "limit_a": max(branch.circuit.limit_a),
        }
    seat = site.seats.get(subject)
    if seat is not None and kind is ProblemKind.MEMBER_IGNORES and seat.samples.newest:
        return {
            "draw_a": round(max(seat.samples.newest[:3]), 1),
            "granted_a": seat.granted_a,
        }
    return {}
