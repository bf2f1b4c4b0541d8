"""What devices do under a controller over time: lapses (I5), fail-safes, liveness."""

from collections.abc import Sequence
from typing import Final

from ...balancing.contract import Decision
from ...pool.limits import Limit
from ...pool.members import MemberId, MemberWishes, Mode
from ..devices import Station
from ..scenario import Scenario
from .room import Room
from .truth import BLIND_AFTER_S, REACTION_S, TOLERANCE_A, MemberTruth, Truth
from .violations import Findings, Rule

HUNGRY_AFTER_S: Final = 600.0
"""A member that has room and wants energy is granted something within this."""

TROUBLED_FOR_S: Final = 900.0
"""A member that was in trouble may be kept off this long."""


class ConductJudge:
    """Judges what becomes of grants, second by second."""

    def __init__(self, scenario: Scenario, truth: Truth, room: Room, findings: Findings) -> None:
        self._truth = truth
        self._findings = findings
        self._room = room
        self._generates = scenario.plant.sun is not None or scenario.plant.battery is not None
        self._capped = scenario.has_own_limits
        self._dead_since_s: float | None = None
        self._revived_s = 0.0
        self._limits: Sequence[Limit] = ()
        self._wishes: dict[MemberId, MemberWishes] = {}
        self._hungry_since_s: dict[MemberId, float] = {}

    def died(self, now_s: float) -> None:
        """Take that nobody decides from now on."""
        self._dead_since_s = now_s
        self._hungry_since_s.clear()

    def revived(self, now_s: float) -> None:
        """Take that somebody decides again."""
        self._dead_since_s = None
        self._revived_s = now_s

    def limited(self, limits: Sequence[Limit]) -> None:
        """Take the ceilings that the controller was told."""
        self._limits = limits

    def wished(self, member: MemberId, wishes: MemberWishes) -> None:
        """Take what a user wants."""
        self._wishes[member] = wishes
        self._hungry_since_s.pop(member, None)

    def advance(self, now_s: float) -> None:
        """Judge the present second."""
        if self._dead_since_s is not None:
            self._lapses(now_s, now_s - self._dead_since_s)
            return
        self._fail_safes(now_s)

    def decided(self, decision: Decision, now_s: float) -> None:
        """Judge who goes without (I8: what breaks elsewhere does not stop a member)."""
        if self._generates or self._capped or self._limits:
            return
        for member in self._truth.members.values():
            status = decision.members[member.id]
            if (
                status.granted_a > 0.0
                or not self._wants(member, now_s)
                or self._room.is_hidden(member, now_s)
                or not self._room.has(member, decision, now_s)
            ):
                self._hungry_since_s.pop(member.id, None)
                continue
            since_s = self._hungry_since_s.setdefault(member.id, now_s)
            if now_s - since_s > HUNGRY_AFTER_S:
                self._findings.add(
                    Rule.I8,
                    now_s,
                    member.id,
                    f"wants energy and there is room, but it has nothing since {since_s:.0f} s"
                    f" ({status.limited_by})",
                )

    def _lapses(self, now_s: float, dead_s: float) -> None:
        """I5: after its lease every leased device is at or below its fail-safe.

        What lapses is a grant. A station that starts anew meanwhile, or so shortly before that no
        order reached it, has none: it takes what its maker or installer set, and a controller that
        is not there cannot tell it less (SR-2 commits its ceiling once there is one again).
        """
        for member in self._truth.members.values():
            settings, device = member.settings, member.device
            if settings.lease is None or not device.spec.lease_works or member.in_trouble(now_s):
                continue
            # The last order may still have been on its way.
            over_s = settings.lease.duration.total_seconds() + 3.0 * REACTION_S
            if member.rebooted_since(now_s - dead_s - 3.0 * REACTION_S):
                continue
            if dead_s > over_s and member.draw_a > settings.fail_safe_a + TOLERANCE_A:
                self._findings.add(
                    Rule.I5,
                    now_s,
                    member.id,
                    f"draws {member.draw_a:.1f} A {dead_s:.0f} s after the last decision, its"
                    f" lease is {settings.lease.duration}, its fail-safe"
                    f" {settings.fail_safe_a:.1f} A",
                )

    def _fail_safes(self, now_s: float) -> None:
        """SR-10: with a meter gone the members below it are at their fail-safes."""
        for member in self._truth.members.values():
            if member.in_trouble(now_s) or member.draw_a <= (
                member.settings.fail_safe_a + TOLERANCE_A
            ):
                continue
            for circuit in self._room.paths[member.settings.circuit]:
                knowledge = self._truth.knowledge[circuit]
                if knowledge.spec is None or not knowledge.told_at_all:
                    continue
                silent_s = now_s - max(knowledge.heard_s, self._revived_s)
                if silent_s > BLIND_AFTER_S + knowledge.reaction_s + 1.0:
                    self._findings.add(
                        Rule.SR10,
                        now_s,
                        member.id,
                        f"draws {member.draw_a:.1f} A, fail-safe"
                        f" {member.settings.fail_safe_a:.1f} A, though {circuit} is silent for"
                        f" {silent_s:.0f} s",
                    )

    def _wants(self, member: MemberTruth, now_s: float) -> bool:
        device = member.device
        if not isinstance(device, Station) or now_s < device.trouble_s + TROUBLED_FOR_S:
            return False
        wishes = self._wishes.get(member.id, MemberWishes())
        settings = member.settings
        return (
            device.connector.car_wants_energy
            and not device.stopped
            and wishes.mode is Mode.FAST
            and wishes.minimum_current_a is None
            # Others are capped for what happens when everything freezes (SR-5).
            and (settings.lease_exercised or settings.may_freeze)
        )
