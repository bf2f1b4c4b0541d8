"""Why a candidate pauses."""

from collections.abc import Sequence

from ..pool.members import MemberId
from ..pool.reasons import Reason, ReasonKind
from .rows import TOLERANCE_A, Rows


def pointing_at(rows: Rows, row: int, kind: ReasonKind) -> Reason:
    """Return the reason that names a row's circuit and phase."""
    circuit, phase = rows.labels[row]
    return Reason(kind=kind, subject=circuit, phase=phase)


def why_paused(
    rows: Rows, paused: Sequence[int], on: Sequence[int], left_a: Sequence[float]
) -> dict[MemberId, Reason]:
    """Return why candidates pause: their minimum does not fit, or it is the turn of others.

    Both name the first row, from the candidate's own circuit upwards, that is too small.

    Args:
        rows: The capacities.
        paused: Who pauses.
        on: Who does not, of the same decision.
        left_a: What is left of the rows with those that are on at their minimum.
    """
    promoted = [candidate for candidate in on if rows.demands[candidate].owed > 0]
    reasons = {}
    for candidate in paused:
        demand = rows.demands[candidate]
        ahead = [
            other
            for other in promoted
            if rows.demands[other].priority == demand.priority
            and rows.demands[other].owed > demand.owed
        ]
        row = _tightest(rows, candidate, left_a)
        turn = ahead and not _is_short_without(rows, candidate, ahead, left_a)
        kind = ReasonKind.TURN if turn else ReasonKind.MINIMUM
        reasons[demand.member] = pointing_at(rows, row, kind)
    return reasons


def _tightest(rows: Rows, candidate: int, left_a: Sequence[float]) -> int:
    """Return the first row that is too small for a candidate."""
    loaded = rows.loaded(candidate)
    need = rows.min_a[candidate]
    return min(loaded, key=lambda row: max(-TOLERANCE_A, left_a[row] / loaded.count(row) - need))


def _is_short_without(
    rows: Rows, candidate: int, ahead: Sequence[int], left_a: Sequence[float]
) -> bool:
    """Whether a row would be too small even without those whose turn comes first."""
    need = rows.min_a[candidate]
    loaded = rows.loaded(candidate)
    for row in rows.too_small(left_a, candidate, need):
        freed = sum(rows.min_a[other] * rows.loaded(other).count(row) for other in ahead)
        if left_a[row] + freed + TOLERANCE_A < need * loaded.count(row):
            return True
    return False
