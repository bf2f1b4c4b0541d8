"""Who is on when not everybody fits at minimum."""

from collections.abc import Sequence

from .rows import TOLERANCE_A, Rows


def admit(rows: Rows, stage: Sequence[Sequence[int]], left_a: list[float]) -> list[int]:
    """Return who is on, and take their minimums from what is left."""
    admitted: list[int] = []
    for tier in stage:
        for candidate in sorted(tier, key=lambda c: (-rows.demands[c].owed, rows.min_a[c], c)):
            loaded = rows.group_rows[rows.group[candidate]]
            least = rows.min_a[candidate]
            if all(left_a[r] + TOLERANCE_A >= least * loaded.count(r) for r in loaded):
                admitted.append(candidate)
                for row in loaded:
                    left_a[row] -= least
    return admitted
