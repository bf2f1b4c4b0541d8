"""The best possible plan, by linear and integer programming: the judge of the planner.

It shares no code with the planner. Time is cut at every edge of a slot and of a window; in each
piece each member takes an energy, what is held for it is at least that and at least its least
power while it is on, and what circuits and phases carry is what is held. Surplus is used before
the grid where that is cheaper, each by the energy of the whole piece: where members run at a least
power for a part of a piece, that is a bound below what can be had.

`best` finds, tier by tier, the most energy that can be charged in time, and then the least cost.
Where members are on or off, that is an integer programme, else a linear one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise, product

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from custom_components.ev_charger_pool.balancing.planner import HorizonSlot, PlanRequest
from custom_components.ev_charger_pool.pool.circuits import Circuit
from custom_components.ev_charger_pool.pool.quantities import PHASES

from .futures import Future

HOUR = timedelta(hours=1)
SLACK_WH = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The best there is.

    Attributes:
        missing_wh: What each tier has to miss, the first tier first.
        cost: The least cost of the energy that was asked for or found.
        proven: Whether the solver proved it.
    """

    missing_wh: tuple[float, ...]
    cost: float
    proven: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of a slot."""

    slot: HorizonSlot
    from_at: datetime
    until_at: datetime

    @property
    def hours(self) -> float:
        """Its length."""
        return (self.until_at - self.from_at) / HOUR


def pieces_of(future: Future) -> list[Piece]:
    """Cut time at every edge."""
    edges = {future.now}
    for slot in future.slots:
        edges |= {slot.from_at, slot.until_at}
    for request in future.requests:
        edges |= {request.ready_at, request.begin_at or future.now}
    ahead = sorted(at for at in edges if at >= future.now)
    return [
        Piece(slot=slot, from_at=from_at, until_at=until_at)
        for from_at, until_at in pairwise(ahead)
        for slot in future.slots
        if slot.from_at <= from_at and until_at <= slot.until_at
    ]


def best(
    future: Future,
    *,
    planned_wh: dict[str, float] | None = None,
    seconds: float = 20.0,
    gap: float = 0.0,
) -> Best:
    """Return the best plan.

    Args:
        future: The question; prices have to be known.
        planned_wh: What each member is to get at least; None: as much as possible, tier by tier.
        seconds: The most that each programme may take.
        gap: A relative difference to the best that counts as none.

    Raises:
        TimeoutError: No plan at all was found in time.
    """
    programme = _Programme(future, seconds, gap)
    missing = []
    if planned_wh is not None:
        for member, energy_wh in planned_wh.items():
            programme.demand([member], energy_wh)
    else:
        for tier in sorted({request.priority for request in future.requests}):
            members = [r.member for r in future.requests if r.priority == tier]
            wished_wh = sum(r.needed_wh for r in future.requests if r.priority == tier)
            served_wh = programme.most_of(members)
            missing.append(wished_wh - served_wh)
            programme.demand(members, served_wh)
    return Best(missing_wh=tuple(missing), cost=programme.least_cost(), proven=programme.is_proven)


class _Programme:
    """Columns: per member and piece its energy, what is held and whether it is on; then the sun."""

    def __init__(self, future: Future, seconds: float, gap: float) -> None:
        self._future = future
        self._seconds = seconds
        self._gap = gap
        self._pieces = pieces_of(future)
        self._upper: list[float] = []
        self._whole: list[bool] = []
        self._rows: list[tuple[list[tuple[int, float]], float, float]] = []
        self._energy: dict[tuple[str, int], int] = {}
        self._held: dict[tuple[str, int], int] = {}
        self._sun = [self._column(piece.slot.surplus_w * piece.hours) for piece in self._pieces]
        self.is_proven = True
        for request in future.requests:
            self._add_member(request)
        for position, column in enumerate(self._sun):
            used = [(c, 1.0) for (_, at), c in self._energy.items() if at == position]
            self._rows.append(([*used, (column, -1.0)], 0.0, np.inf))
        for circuit in future.circuits:
            self._add_circuit(circuit)

    def demand(self, members: Sequence[str], energy_wh: float) -> None:
        """Let members have at least an energy together."""
        self._rows.append((self._terms(members), energy_wh - SLACK_WH, np.inf))

    def most_of(self, members: Sequence[str]) -> float:
        """Return the most energy that members can have together."""
        cost = np.zeros(len(self._upper))
        for column, factor in self._terms(members):
            cost[column] = -factor
        return -self._solve(cost)

    def least_cost(self) -> float:
        """Return the least cost of what is demanded."""
        cost = np.zeros(len(self._upper))
        for (_, position), column in self._energy.items():
            price = self._pieces[position].slot.price_per_kwh
            assert price is not None
            cost[column] = price / 1000.0
        for position, column in enumerate(self._sun):
            slot = self._pieces[position].slot
            assert slot.price_per_kwh is not None
            cost[column] = (slot.feed_in_per_kwh - slot.price_per_kwh) / 1000.0
        return self._solve(cost)

    def _column(self, upper: float, *, whole: bool = False) -> int:
        self._upper.append(upper)
        self._whole.append(whole)
        return len(self._upper) - 1

    def _terms(self, members: Sequence[str]) -> list[tuple[int, float]]:
        return [(c, 1.0) for (member, _), c in self._energy.items() if member in members]

    def _add_member(self, request: PlanRequest) -> None:
        mine = []
        for position, piece in enumerate(self._pieces):
            begins = request.begin_at is None or piece.from_at >= request.begin_at
            if not begins or piece.until_at > request.ready_at:
                continue
            most, least = request.max_power_w * piece.hours, request.min_power_w * piece.hours
            energy = self._column(most)
            key = (request.member, position)
            self._energy[key] = energy
            self._held[key] = energy
            mine.append((energy, 1.0))
            if least:
                held = self._held[key] = self._column(most)
                on = self._column(1.0, whole=True)
                self._rows.append(([(held, 1.0), (energy, -1.0)], 0.0, np.inf))
                self._rows.append(([(held, 1.0), (on, -least)], 0.0, np.inf))
                self._rows.append(([(on, most), (energy, -1.0)], 0.0, np.inf))
        self._rows.append((mine, 0.0, request.needed_wh))

    def _add_circuit(self, circuit: Circuit) -> None:
        parents = {other.id: other.parent for other in self._future.circuits}
        below = []
        for request in self._future.requests:
            above: str | None = request.circuit
            while above is not None and above != circuit.id:
                above = parents[above]
            if above is not None:
                below.append(request)
        for position, piece in enumerate(self._pieces):
            here = [r for r in below if (r.member, position) in self._held]
            columns = [self._held[r.member, position] for r in here]
            watts = piece.slot.capacity_w.get(circuit.id)
            if watts is not None:
                self._rows.append(([(c, 1.0) for c in columns], 0.0, watts * piece.hours))
            lanes = piece.slot.phase_capacity_w.get(circuit.id)
            for phase in PHASES if lanes is not None else ():
                assert lanes is not None
                terms = [
                    (column, 1.0 / len(request.phases))
                    for request, column in zip(here, columns, strict=True)
                    if phase in request.phases
                ]
                self._rows.append((terms, 0.0, lanes[phase] * piece.hours))

    def _solve(self, cost: np.ndarray) -> float:
        rows = [terms for terms, _, _ in self._rows]
        matrix = csr_array(
            (
                [factor for terms in rows for _, factor in terms],
                (
                    [line for line, terms in enumerate(rows) for _ in terms],
                    [column for terms in rows for column, _ in terms],
                ),
            ),
            shape=(len(rows), len(self._upper)),
        )
        answer = milp(
            cost,
            integrality=np.array(self._whole, dtype=np.int64),
            bounds=Bounds(0.0, np.array(self._upper)),
            constraints=[
                LinearConstraint(
                    matrix, [low for _, low, _ in self._rows], [h for _, _, h in self._rows]
                )
            ],
            options={"time_limit": self._seconds, "mip_rel_gap": self._gap},
        )
        assert answer.status in (0, 1), answer.message
        if answer.x is None:
            raise TimeoutError(answer.message)
        self.is_proven = self.is_proven and answer.status == 0
        return float(answer.fun)


def best_by_force(
    needs: Sequence[int],
    windows: Sequence[tuple[int, int]],
    room: Sequence[int],
    rates: Sequence[float],
) -> tuple[int, float]:
    """Find by trying everything how many units can be charged, and the least cost of that.

    Each member takes 0 or 1 unit in each piece of its window.
    """
    choices = [
        [
            taken
            for taken in product((0, 1), repeat=len(room))
            if sum(taken) <= need
            and all(not unit or first <= at < after for at, unit in enumerate(taken))
        ]
        for need, (first, after) in zip(needs, windows, strict=True)
    ]
    found = []
    for together in product(*choices):
        totals = [sum(units) for units in zip(*together, strict=True)]
        if all(total <= left for total, left in zip(totals, room, strict=True)):
            cost = sum(total * rate for total, rate in zip(totals, rates, strict=True))
            found.append((-sum(totals), cost))
    most, cost = min(found)
    return -most, cost
