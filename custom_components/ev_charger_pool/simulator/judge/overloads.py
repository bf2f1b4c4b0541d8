"""I1b in true currents: no raise causes an overload, and those of others end soon.

Who caused an overload is decided by what could be known, and nothing is exempt in silence:

- *Others* are all that is no member: loads, sun, battery. What they rose by since the measurement
  that a living controller had heard `link time + 10 s` ago is theirs; everything that they did
  before has to be made room for by now. So the time allowed is exactly meter age + link time +
  10 s, whatever the meter does; while a meter is silent, stuck or talks nonsense, or nobody is
  alive to hear it, its age grows.
- *Misbehaviour* is what a member draws above every limit that a device which obeys would have kept
  in the last 10 s, plus 0.5 A. It counts as the others' for the 60 s of SR-6's ladder and the
  same link time + 10 s; from then on the rest of the pool has to have made room. Only seconds in
  which somebody decides count: a station that starts anew at its ceiling while nobody does keeps
  it, and nobody climbs the ladder or makes room. A car that
  starts at its station's own fail-safe, before any order of its session, counts so for link
  time + 10 s: it is committed (SR-2) and gates raises, but nobody cut the others for it (SR-9).
  What a device that reports no current takes too much below a circuit without a meter of its
  phases counts so for as long as it lasts. Nobody can see it there: without a meter there is no
  sign of it at all, and in a total 15 A on one phase look like the 5 A that it may have on three.
  Once a meter of the phases is above it, that one shows it, and there it counts for its 60 s only.
- Everything else is the pool's. The exception: what is left is no member's that can be
  commanded (all others drew nothing, or their fail-safes while the meter is gone).

Four rules follow, per circuit and phase; a load counts as above the limit beyond the meter's error:

`i1b_raise`: at a decision that raises a member, the others by the newest reading, plus what every
member may draw then (limits in force, orders on their way, this one), is within the limit. What a
misbehaving member began to draw less than link time + 10 s ago may not have been told yet.
`i1b_caused`: the load is never above the limit by more than the others' and the misbehaving
devices' share. Here the others' share reaches back over the raises that were under way when they
rose (link time + 10 s more): what rose meanwhile was hidden by them (SR-9).
`i1b_slow`: once a reading that was measured after an overload began was heard link time + 10 s
ago, no more is above the limit than what others rose by since that reading. A small excess, which
SR-9 waits out, has 5 s and an interval of the meter more.
`i1b_thermal`: the sum of ((I/In)^2 - 1.1)+ over 10 minutes, without the misbehaving devices' share
and what others did while the meter was gone, for the seconds in which a member could have given
way, is at most 30 s.
"""

from typing import Final

from ...pool.members import MemberId
from .generators import TRIP_SHARE
from .patience import Patience
from .truth import TOLERANCE_A, Spot, Truth
from .violations import Findings, Rule

THERMAL_LIMIT_S: Final = 30.0


class OverloadJudge:
    """Judges true currents, second by second."""

    def __init__(self, truth: Truth, findings: Findings) -> None:
        self._truth = truth
        self._findings = findings
        self._patience = [Patience() for _ in truth.spots]

    def advance(self, now_s: float) -> None:
        """Judge the present second."""
        for spot, patience in zip(self._truth.spots, self._patience, strict=True):
            self._judge(spot, patience, now_s)

    def raised(self, member: MemberId, now_s: float) -> None:
        """Judge a raise that was just handed over."""
        truth = self._truth
        raised = truth.members[member]
        for spot in truth.spots:
            if raised not in spot.members or not raised.on_phase[spot.phase]:
                continue
            knowledge = truth.knowledge[spot.circuit]
            known_s = knowledge.newest_s
            other_a, gross_a = spot.others_at(known_s)
            potential_a = spot.potential_a(now_s, knowledge.reaction_s)
            allowed_a = spot.limit_a + spot.noise_a + spot.error_a
            if other_a + potential_a > allowed_a:
                self._findings.add(
                    Rule.I1B_RAISE,
                    now_s,
                    spot.name,
                    f"{member} was raised to {raised.potential_a(now_s):.1f} A while others take"
                    f" {other_a:.1f} A by the newest reading ({now_s - known_s:.0f} s old) and the"
                    f" members may draw {potential_a:.1f} A, limit {spot.limit_a:.1f} A",
                )

            if gross_a + potential_a > TRIP_SHARE * spot.limit_a + spot.noise_a + spot.error_a:
                self._findings.add(
                    Rule.SR3,
                    now_s,
                    spot.name,
                    f"{member} was raised while others would take {gross_a:.1f} A without"
                    f" generation and the members may draw {potential_a:.1f} A, limit"
                    f" {spot.limit_a:.1f} A",
                )

    def _judge(self, spot: Spot, patience: Patience, now_s: float) -> None:
        knowledge = self._truth.knowledge[spot.circuit]
        excess_a = spot.excused_a(now_s, self._truth.decided_s, knowledge.reaction_s)
        metered = knowledge.spec is not None
        blind = knowledge.is_blind(now_s)
        hidden_a = spot.other_a - spot.since_moving.since(knowledge.moving_s) if metered else 0.0
        unknown_a = spot.other_a - spot.since_settled.since(knowledge.settled_s) if metered else 0.0
        movable_a = spot.controllable_a(now_s, knowledge.reaction_s, blind=blind)
        self._thermal(spot, now_s, excess_a + (unknown_a if blind else 0.0), movable_a)
        over_a = spot.total_a - spot.limit_a - spot.error_a - excess_a
        if over_a <= spot.small_a or movable_a <= TOLERANCE_A:
            patience.renew()
            return
        if over_a > spot.noise_a + hidden_a:
            self._tell(Rule.I1B_CAUSED, spot, now_s, hidden_a, excess_a)
        if patience.is_over(
            now_s,
            over_a,
            seen_s=knowledge.settled_s,
            wait_s=knowledge.small_wait_s,
            noise=spot.noise_a,
            small=spot.small_a,
            unknown=unknown_a,
        ):
            self._tell(Rule.I1B_SLOW, spot, now_s, unknown_a, excess_a)

    def _thermal(self, spot: Spot, now_s: float, excused_a: float, movable_a: float) -> None:
        load = max(0.0, spot.total_a - excused_a) / spot.limit_a
        heat = load * load - 1.1
        if heat <= 0.0 or movable_a <= TOLERANCE_A:
            heat = 0.0
        spot.thermal.add(now_s, heat)
        if spot.thermal.total > THERMAL_LIMIT_S:
            self._findings.add(
                Rule.I1B_THERMAL,
                now_s,
                spot.name,
                f"thermal sum {spot.thermal.total:.1f} s in 10 minutes, limit"
                f" {spot.limit_a:.1f} A, now {spot.total_a:.1f} A",
            )

    def _tell(self, rule: Rule, spot: Spot, now_s: float, rise_a: float, excess_a: float) -> None:
        self._findings.add(
            rule,
            now_s,
            spot.name,
            f"{spot.total_a:.1f} A through {spot.limit_a:.1f} A, of which others"
            f" {spot.other_a:.1f} A (rose by {rise_a:.1f} A that could not be known) and"
            f" misbehaviour {excess_a:.1f} A",
        )
