"""I6 and SR-15 in true values: what flows through a circuit stays within its limits.

Limits that somebody set on a circuit are judged like its fuse (see `overloads`): in true amps or
watts, with the rise of others that could not be known left out, and with link time + 10 s to give
way from the reading that shows the excess, or from when the limit came. A raise never goes beyond
one. Limits of scope *members* bind what the members take together, whatever else flows. A limit in
watts, the circuit's own among them, is judged in true watts: of all phases, at the voltage of the
moment.
"""

from collections.abc import Callable, Sequence
from typing import Final

from ...pool.limits import Limit, LimitScope, LimitUnit
from ...pool.members import CircuitId, MemberId
from ...pool.quantities import NOMINAL_VOLTAGE_V
from ..scenario import Scenario
from .patience import Patience
from .truth import LADDER_S, TOLERANCE_A, Knowledge, Spot, Truth
from .violations import Findings, Rule
from .windows import SlidingMinimum

VOLTAGE_SHARE: Final = 0.015
"""Who knows amps counts watts at nominal voltage, which is off by so much at full load."""

TINY_SHARE: Final = 0.02
"""SR-9: an excess of at most this share of a limit is small."""


class _Gauge:
    """One phase of a circuit in amps, or all of them in watts.

    Attributes:
        spots: The phases.
        knowledge: What can be known of the circuit.
        unit_v: What one amp is in its unit, nominally: 1, or volts.
    """

    def __init__(
        self, spots: Sequence[Spot], knowledge: Knowledge, volts: Sequence[float] | None
    ) -> None:
        self.spots = spots
        self.knowledge = knowledge
        self.unit_v = 1.0 if volts is None else NOMINAL_VOLTAGE_V
        self.name = spots[0].name if volts is None else f"{spots[0].circuit}:w"
        self._volts = volts
        self._others = SlidingMinimum()

    def sum(self, amps: Callable[[Spot], float]) -> float:
        """Return what amps on its phases are in its unit."""
        volts = self._volts
        if volts is None:
            return amps(self.spots[0])
        return sum(amps(spot) * volts[spot.phase] for spot in self.spots)

    def advance(self, now_s: float) -> None:
        """Take what others take now."""
        self._others.add(now_s, self.sum(lambda spot: spot.other_a))

    def unknown(self) -> float:
        """Return what others rose by since they could be known."""
        if self.knowledge.spec is None:
            return 0.0
        now = self.sum(lambda spot: spot.other_a)
        return now - self._others.since(self.knowledge.settled_s)


class _Bound:
    """A limit on a gauge, with since when it is exceeded."""

    def __init__(self, limit_id: str, value: float, scope: LimitScope, gauge: _Gauge) -> None:
        self.key = (limit_id, value, scope, gauge.name)
        self.limit_id = limit_id
        self.value = value
        self.of_members = scope is LimitScope.MEMBERS
        self.gauge = gauge
        self.patience = Patience()
        unit_v = gauge.unit_v
        least = max(spot.noise_a for spot in gauge.spots)
        self.noise = max(least * unit_v, TINY_SHARE * value)
        self.small = sum(spot.small_a for spot in gauge.spots) * unit_v

    def error(self) -> float:
        """Return by how much the flow may be off: the meter's error, or the members' draws."""
        gauge = self.gauge
        shift = VOLTAGE_SHARE * self.value if gauge.unit_v > 1.0 else 0.0
        if not self.of_members:
            return shift + gauge.unit_v * sum(spot.error_a for spot in gauge.spots)
        drawing = sum(
            member.on_phase[spot.phase] and member.draw_a > TOLERANCE_A
            for spot in gauge.spots
            for member in spot.members
        )
        return shift + gauge.unit_v * TOLERANCE_A * drawing


class ConnectionJudge:
    """Judges the limits on circuits in what really flows."""

    def __init__(self, scenario: Scenario, truth: Truth, findings: Findings) -> None:
        self._truth = truth
        self._findings = findings
        self._by_circuit: dict[CircuitId, list[Spot]] = {}
        for spot in truth.spots:
            self._by_circuit.setdefault(spot.circuit, []).append(spot)
        self._gauges: dict[str, _Gauge] = {}
        self._fuses: list[_Bound] = []
        for circuit in scenario.site.circuits:
            if circuit.limit_w is not None:
                gauge = self._gauge(self._by_circuit[circuit.id], LimitUnit.POWER)
                self._fuses.append(
                    _Bound("of the circuit", circuit.limit_w, LimitScope.CONNECTION, gauge)
                )
        for change in scenario.limits:
            self._bounds_of(change.limits)
        self._bounds = list(self._fuses)

    def limited(self, limits: Sequence[Limit]) -> None:
        """Take the ceilings that the controller was told; what stays goes on."""
        before = {bound.key: bound for bound in self._bounds}
        found = self._bounds_of(limits)
        self._bounds = self._fuses + [before.get(bound.key, bound) for bound in found]

    def revived(self) -> None:
        """Take that somebody decides again: what went on meanwhile is nobody's."""
        for bound in self._bounds:
            bound.patience.renew()

    def advance(self, now_s: float, *, alive: bool) -> None:
        """Judge the present second, if somebody decides."""
        for gauge in self._gauges.values():
            gauge.advance(now_s)
        if alive:
            for bound in self._bounds:
                self._judge(bound, now_s)

    def raised(self, member: MemberId, now_s: float) -> None:
        """Judge a raise that was just handed over."""
        raised = self._truth.members[member]
        for bound in self._bounds:
            gauge = bound.gauge
            if not any(
                raised in spot.members and raised.on_phase[spot.phase] for spot in gauge.spots
            ):
                continue
            knowledge = gauge.knowledge
            known_s, reaction_s = knowledge.newest_s, knowledge.reaction_s
            others, unknown_s = 0.0, reaction_s
            if bound.of_members:
                # No meter tells the members from others: what one takes too much without telling
                # is known by SR-6's ladder alone.
                unknown_s += LADDER_S
            else:
                others = gauge.sum(lambda spot: spot.others_at(known_s)[0])  # noqa: B023
            potential = gauge.sum(lambda spot: spot.potential_a(now_s, unknown_s))  # noqa: B023
            if others + potential > bound.value + bound.noise + bound.error():
                self._findings.add(
                    Rule.I6,
                    now_s,
                    gauge.name,
                    f"{member} was raised while others take {others:.1f} and the members may draw"
                    f" {potential:.1f}, limit {bound.limit_id} is {bound.value:.1f}",
                )

    def _judge(self, bound: _Bound, now_s: float) -> None:
        gauge = bound.gauge
        knowledge = gauge.knowledge
        total = gauge.sum(
            (lambda spot: spot.total_a - spot.other_a)
            if bound.of_members
            else (lambda spot: spot.total_a)
        )
        if total <= bound.value:
            bound.patience.renew()
            return
        reaction_s = knowledge.reaction_s
        blind = knowledge.is_blind(now_s)
        decided_s = self._truth.decided_s
        excused = gauge.sum(lambda spot: spot.excused_a(now_s, decided_s, reaction_s))
        movable = gauge.sum(lambda spot: spot.controllable_a(now_s, reaction_s, blind=blind))
        over = total - bound.value - bound.error() - excused
        if over <= bound.small or movable <= TOLERANCE_A * gauge.unit_v:
            bound.patience.renew()
            return
        measured = knowledge.spec is not None and not bound.of_members
        unknown = gauge.unknown() if measured else 0.0
        if bound.patience.is_over(
            now_s,
            over,
            seen_s=knowledge.settled_s if measured else now_s - reaction_s,
            wait_s=knowledge.small_wait_s,
            noise=bound.noise,
            small=bound.small,
            unknown=unknown,
        ):
            self._findings.add(
                Rule.I6,
                now_s,
                gauge.name,
                f"{total:.1f} flow, limit {bound.limit_id} is {bound.value:.1f}; of that rose"
                f" {unknown:.1f} that could not be known, misbehaviour is {excused:.1f}, and"
                f" {movable:.1f} could be taken back",
            )

    def _bounds_of(self, limits: Sequence[Limit]) -> list[_Bound]:
        """Return the bounds that limits on circuits are."""
        return [
            _Bound(limit.id, limit.value, limit.scope, self._gauge(spots, limit.unit))
            for limit in limits
            if limit.circuit is not None
            for spots in self._lanes(limit.circuit, limit.unit)
        ]

    def _lanes(self, circuit: CircuitId, unit: LimitUnit) -> list[list[Spot]]:
        spots = self._by_circuit[circuit]
        return [spots] if unit is LimitUnit.POWER else [[spot] for spot in spots]

    def _gauge(self, spots: Sequence[Spot], unit: LimitUnit) -> _Gauge:
        volts = self._truth.plant.voltage_v if unit is LimitUnit.POWER else None
        gauge = _Gauge(spots, self._truth.knowledge[spots[0].circuit], volts)
        return self._gauges.setdefault(gauge.name, gauge)
