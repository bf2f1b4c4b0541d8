"""Holding an allocation against the best possible one."""

from dataclasses import dataclass
from fractions import Fraction
import math

from custom_components.ev_charger_pool.balancing.contract import Allocation

from .oracle import solve
from .packing import Packing, Worth, amps_of, restate, worth_of
from .sites import Site, violations


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is wrong with an allocation.

    Attributes:
        illegal: Rules that its grants break, in words.
        served_short: Whether fewer are on than could be, in the first class in which it differs
            from the optimum.
        optimal: Whether no other set is better, everybody on has the fair amount rounded down to
            the step at least, and no whole step is left that somebody could take.
        proven: Whether the oracle has proven its own answer.
    """

    illegal: tuple[str, ...]
    served_short: bool
    optimal: bool
    proven: bool


def judge(site: Site, allocation: Allocation, *, seconds: float = 20.0) -> Verdict:
    """Judge an allocation; each integer programme may take so many seconds."""
    packing = restate(site)
    on = frozenset(
        i for i, c in enumerate(packing.candidates) if allocation.current_a[c.name] > 0.0
    )
    best = solve(packing, hint=on, seconds=seconds)
    worth = worth_of(packing, on)
    return Verdict(
        illegal=tuple(violations(site, allocation.current_a)),
        served_short=worth is None or _is_short(worth, best.worth),
        optimal=worth == best.worth and best.proven and is_well_rounded(packing, on, allocation),
        proven=best.proven,
    )


def _is_short(worth: Worth, best: Worth) -> bool:
    """Whether the first difference is one of counts, and there are fewer."""
    for ours, theirs in zip(worth, best, strict=True):
        for mine, other in zip(ours, theirs, strict=False):
            if mine != other:
                return isinstance(mine, int) and isinstance(other, int) and mine < other
    return False


def is_well_rounded(packing: Packing, on: frozenset[int], allocation: Allocation) -> bool:
    """Whether grants are the exact amounts rounded down, with no step left to hand on."""
    amps = amps_of(packing, on)
    if amps is None:
        return False
    grants = [
        round(Fraction(allocation.current_a[c.name]) / c.step) * c.step for c in packing.candidates
    ]
    for i in on:
        candidate = packing.candidates[i]
        if grants[i] < math.floor(amps[i] / candidate.step) * candidate.step:
            return False
        more = [*grants]
        more[i] += candidate.step
        if more[i] <= candidate.most and packing.fits(more):
            return False
    return True
