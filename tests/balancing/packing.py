"""A site restated as a packing problem in rational numbers, for the judge of the allocator.

It shares no code with the allocator.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
import math

from custom_components.ev_charger_pool.balancing.contract import Sharing
from custom_components.ev_charger_pool.pool.quantities import PHASES

from .sites import Site

type Levels = tuple[Fraction, ...]
type Worth = tuple[tuple[int, ...] | Levels, ...]
"""Counts and sorted levels in the order in which they matter; a greater one is better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A demand that can be granted something, with the rows that it loads.

    Attributes:
        name: The member.
        least: Smallest grant in amps, on the step.
        most: Largest grant in amps, on the step.
        step: The step.
        weight: Share inside its tier.
        tier: Its tier.
        owed: Its promotion.
        loads: Amps of each row that one amp per phase costs.
    """

    name: str
    least: Fraction
    most: Fraction
    step: Fraction
    weight: Fraction
    tier: int
    owed: int
    loads: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """A site restated: candidates and the capacity of each row in amps."""

    candidates: tuple[Candidate, ...]
    capacities: tuple[Fraction, ...]
    sharing: Sharing

    @property
    def tiers(self) -> tuple[int, ...]:
        """The tiers that there are, first served first."""
        return tuple(sorted({candidate.tier for candidate in self.candidates}))

    def classes(self, tier: int) -> tuple[frozenset[int], ...]:
        """The candidates of a tier by how much they are owed, most first."""
        owed = sorted({c.owed for c in self.candidates if c.tier == tier}, reverse=True)
        return tuple(
            frozenset(
                i for i, c in enumerate(self.candidates) if c.tier == tier and c.owed == turns
            )
            for turns in owed
        )

    def fits(self, amps: Sequence[Fraction]) -> bool:
        """Whether these amps are within every capacity."""
        loads = [Fraction(0)] * len(self.capacities)
        for candidate, current in zip(self.candidates, amps, strict=True):
            for row, cost in candidate.loads:
                loads[row] += cost * current
        return all(load <= cap for load, cap in zip(loads, self.capacities, strict=True))

    def fits_at_minimum(self, on: Iterable[int]) -> bool:
        """Whether these candidates fit together at their minimums."""
        chosen = frozenset(on)
        return self.fits(
            [c.least if i in chosen else Fraction(0) for i, c in enumerate(self.candidates)]
        )


def restate(site: Site) -> Packing:
    """Restate a site as a packing problem."""
    rows: dict[tuple[str, object], int] = {}
    capacities: list[Fraction] = []
    for circuit in site.circuits:
        for phase in PHASES:
            rows[circuit.id, phase] = len(capacities)
            capacities.append(exact(site.free_a[circuit.id][phase]))
        if (watts := site.free_w.get(circuit.id)) is not None:
            rows[circuit.id, "watts"] = len(capacities)
            capacities.append(exact(watts) / 230)
    parents = {circuit.id: circuit.parent for circuit in site.circuits}
    candidates = []
    for demand in sorted(site.demands, key=lambda demand: demand.member):
        step = exact(demand.step_a)
        least = math.ceil(exact(demand.min_a) / step) * step
        most = math.floor(exact(demand.max_a) / step) * step
        if most < least or most <= 0:
            continue
        loads = []
        circuit_id: str | None = demand.circuit
        while circuit_id is not None:
            loads += [(rows[circuit_id, phase], 1) for phase in demand.phases]
            if (circuit_id, "watts") in rows:
                loads.append((rows[circuit_id, "watts"], len(demand.phases)))
            circuit_id = parents[circuit_id]
        candidates.append(
            Candidate(
                name=demand.member,
                least=least,
                most=most,
                step=step,
                weight=exact(demand.weight),
                tier=demand.priority,
                owed=demand.owed,
                loads=tuple(loads),
            )
        )
    return Packing(candidates=tuple(candidates), capacities=tuple(capacities), sharing=site.sharing)


def amps_of(packing: Packing, on: frozenset[int]) -> list[Fraction] | None:
    """Share exactly among those that are on; None when they do not fit.

    With `strict` a tier is filled before the next takes its minimums, so whether a set fits
    depends on what the earlier tiers took.
    """
    amps = [Fraction(0)] * len(packing.candidates)
    if packing.sharing is Sharing.MIN_FIRST:
        for i in on:
            amps[i] = packing.candidates[i].least
        if not packing.fits(amps):
            return None
    for tier in packing.tiers:
        members = [i for i in sorted(on) if packing.candidates[i].tier == tier]
        for i in members:
            amps[i] = packing.candidates[i].least
        if not packing.fits(amps):
            return None
        _fill(packing, members, amps)
    return amps


def worth_of(packing: Packing, on: frozenset[int]) -> Worth | None:
    """Return what a set is worth; None when it does not fit."""
    amps = amps_of(packing, on)
    if amps is None:
        return None
    counts = {tier: tuple(len(on & c) for c in packing.classes(tier)) for tier in packing.tiers}
    levels = {
        tier: tuple(
            sorted(
                amps[i] / packing.candidates[i].weight
                for i in on
                if packing.candidates[i].tier == tier
            )
        )
        for tier in packing.tiers
    }
    if packing.sharing is Sharing.MIN_FIRST:
        return (
            *(counts[tier] for tier in packing.tiers),
            *(levels[tier] for tier in packing.tiers),
        )
    return tuple(part for tier in packing.tiers for part in (counts[tier], levels[tier]))


def _fill(packing: Packing, members: Sequence[int], amps: list[Fraction]) -> None:
    """Raise members that are at their minimum to the leximin optimum, in rational numbers."""
    rising = set(members)
    while rising:
        level = min(_full_at(packing, rising, amps, row) for row in _rows_of(packing, rising))
        for i in sorted(rising):
            candidate = packing.candidates[i]
            amps[i] = min(max(candidate.least, level * candidate.weight), candidate.most)
        full = {
            row
            for row, cap in enumerate(packing.capacities)
            if sum(
                cost * amps[i]
                for i, c in enumerate(packing.candidates)
                for loaded, cost in c.loads
                if loaded == row
            )
            == cap
        }
        stopped = {
            i
            for i in rising
            if amps[i] == packing.candidates[i].most
            or any(row in full for row, _ in packing.candidates[i].loads)
        }
        assert stopped
        rising -= stopped


def _rows_of(packing: Packing, members: Iterable[int]) -> set[int]:
    return {row for i in members for row, _ in packing.candidates[i].loads}


def _full_at(packing: Packing, rising: set[int], amps: Sequence[Fraction], row: int) -> Fraction:
    """Return the level at which a row is full, or at which all that rise in it are at most."""
    fixed = Fraction(0)
    moving = []
    for i, candidate in enumerate(packing.candidates):
        for loaded, cost in candidate.loads:
            if loaded == row and i in rising:
                moving.append((candidate, cost))
            elif loaded == row:
                fixed += cost * amps[i]
    points = sorted({b / c.weight for c, _ in moving for b in (c.least, c.most)})

    def load(level: Fraction) -> Fraction:
        return fixed + sum(cost * min(max(c.least, level * c.weight), c.most) for c, cost in moving)

    cap = packing.capacities[row]
    below = points[0]
    for point in points:
        if (high := load(point)) > cap:
            low = load(below)
            return below + (point - below) * (cap - low) / (high - low)
        below = point
    return below


def exact(figure: float) -> Fraction:
    """Return the decimal number that a figure stands for."""
    return Fraction(repr(float(figure)))
