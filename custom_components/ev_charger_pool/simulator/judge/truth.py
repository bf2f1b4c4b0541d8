"""What is true of a simulated site: who could draw what, and what is not the pool's doing."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

from ...pool.members import CircuitId, MemberId, MemberSettings
from ..devices import Firmware, Station
from ..firmware import UNREACHABLE
from ..links import CONTROL_TIMEOUT_S, SimulatedLink
from ..meters import MeterKind, MeterSpec, MeterValue
from ..plant import Plant
from ..scenario import MemberPlan, Scenario, above
from .windows import SlidingMaximum, SlidingMinimum, SlidingSum

REACTION_S: Final = 10.0
"""I1b: station and car follow within this, once an order is with the station."""

LADDER_S: Final = 60.0
"""SR-6: a device that ignores is made inoperative, or made room for, within this."""

TOLERANCE_A: Final = 0.5
"""SR-2, SR-9: the least that a draw or a load may be off without meaning anything."""

RECOVERY_S: Final = 60.0
"""A device is not counted on for this long after its trouble: its state has to be heard first."""

SMALL_WAIT_S: Final = 5.0
"""SR-9: a small excess is waited out this long."""

BLIND_AFTER_S: Final = 30.0
"""SR-10: the longest allowance for the age of a reading."""

_NEVER_S: Final = -1e9


class MemberTruth:
    """A member with its device: what it draws, could draw, and draws against the rules."""

    __slots__ = (
        "_allowed",
        "_started_itself",
        "_untold_s",
        "device",
        "draw_a",
        "exceeded_s",
        "excess_a",
        "fresh_s",
        "link",
        "on_phase",
        "risen_s",
        "settings",
        "wired",
    )

    def __init__(self, device: Firmware, link: SimulatedLink) -> None:
        self.device = device
        self.link = link
        self.settings: MemberSettings = device.settings
        self.wired = tuple(phase.position for phase in self.settings.phases)
        self.draw_a = 0.0
        self.excess_a = 0.0
        """What it draws above anything that an obedient device would."""
        self.exceeded_s = -1e9
        """When it last began to do so."""
        self.on_phase = [False, False, False]
        """The site's phases that it draws from."""
        self.fresh_s = -1e9
        """When it last started at its fail-safe current by itself: with a session, or a boot."""
        self.risen_s = -1e9
        """When it last began to draw."""
        self._started_itself = False
        self._untold_s = -1e9
        """When no order of its session had reached it yet."""
        self._allowed = SlidingMaximum()

    @property
    def id(self) -> MemberId:
        """Its member id."""
        return self.settings.member

    @property
    def plugged(self) -> bool:
        """Whether somebody is there to draw."""
        device = self.device
        return not isinstance(device, Station) or device.connector.car_connected

    def in_trouble(self, now_s: float) -> bool:
        """Whether it misbehaves, cannot be reached, or only just came back."""
        return now_s < self.device.trouble_s + RECOVERY_S

    def advance(self, now_s: float) -> None:
        """Take what it draws now."""
        device = self.device
        self.fresh_s = max(self.fresh_s, device.forgot_s)
        if isinstance(device, Station):
            connector = device.connector
            used = self.wired[: connector.used_phases]
        else:
            used = self.wired
        if not device.limit.granted:
            self._untold_s = now_s
        if self.draw_a <= TOLERANCE_A < device.draw_a:
            self.risen_s = now_s
            allowed = device.limit.granted and device.obedient_a > TOLERANCE_A
            self._started_itself = not allowed and now_s - self._untold_s <= REACTION_S
        self.draw_a = device.draw_a
        self.on_phase = [index in used for index in range(3)]
        self._allowed.add(now_s, device.obedient_a)
        most = self._allowed.since(now_s - REACTION_S)
        before_a, self.excess_a = self.excess_a, max(0.0, self.draw_a - most - TOLERANCE_A)
        if before_a <= 0.0 < self.excess_a:
            self.exceeded_s = now_s

    def own_start_a(self, now_s: float, reaction_s: float) -> float:
        """Return what it draws because it just started by its own default, without any grant.

        Stations begin a session at their fail-safe current (SR-1); no order can come before, and
        the car does not follow the first one at once.
        """
        if not self._started_itself or now_s - self.risen_s > reaction_s:
            return 0.0
        return min(self.draw_a, self.settings.fail_safe_a + TOLERANCE_A)

    def rebooted_since(self, at_s: float) -> bool:
        """Whether it started anew after a time, and nothing was granted to it since."""
        booted_s = self.device.forgot_s if self.device.booted_at is not None else _NEVER_S
        return booted_s >= at_s and not self.device.limit.granted

    def potential_a(self, now_s: float) -> float:
        """Return what it may draw per phase without breaking an order.

        The limit in force on an obedient device, and each order that is on its way to it. Of a
        device in trouble only what it draws counts: the rest is judged as its misbehaviour.
        """
        if self.in_trouble(now_s):
            return self.draw_a
        if not self.plugged:
            return 0.0
        most = self.device.obedient_a
        for order in self.link.pending:
            if order.member == self.id:
                most = max(most, order.grant.current_a)
        device = self.device
        if isinstance(device, Station) and device.connector.car is not None:
            most = min(most, device.connector.car.car.max_current_a)
        return max(most, self.draw_a)


class Knowledge:
    """What the controller can know of the flow through a circuit.

    Attributes:
        spec: The meter; None without one.
        reaction_s: From an order to the draw that follows it, at the slowest: link and 10 s.
        newest_s: When the newest honest value was measured that a controller heard which decides.
            One that hung has heard everything that came meanwhile once it decides again.
        settled_s: The same as of `reaction_s` ago: everything that was so by then has to be made
            room for by now.
        heard_s: When anything was heard of it, honest or not.
        told_at_all: Whether it was heard at all.
        moving_s: The same as of twice `reaction_s` ago: what happened since may have met raises
            that were under way.
    """

    def __init__(self, spec: MeterSpec | None, reaction_s: float) -> None:
        self.spec = spec
        self.reaction_s = reaction_s
        self.newest_s = _NEVER_S
        self.settled_s = _NEVER_S
        self.moving_s = _NEVER_S
        self._settling: deque[tuple[float, float]] = deque()
        self._moving: deque[tuple[float, float]] = deque()
        self.heard_s = _NEVER_S
        self.told_at_all = False
        self._to_come = 0

    @property
    def small_wait_s(self) -> float:
        """How long a small excess may stand until it shows in a reading and is waited out."""
        return SMALL_WAIT_S + (self.spec.interval_s if self.spec else 0.0)

    def is_blind(self, now_s: float) -> bool:
        """Whether its meter is there and tells nothing for longer than SR-10 allows."""
        return self.spec is not None and now_s - self.newest_s > BLIND_AFTER_S

    def hear(self, value: MeterValue, now_s: float) -> bool:
        """Take that a controller which decides heard a value; return whether it was honest."""
        if self.spec is None:
            return False
        self.heard_s = now_s
        self.told_at_all = True
        for fault in self.spec.faults:
            if fault.from_s <= value.measured_s < fault.until_s:
                return False
        if self._to_come:
            self._to_come -= 1
        else:
            self.newest_s = value.measured_s
            self._settling.append((now_s + self.reaction_s, value.measured_s))
            self._moving.append((now_s + 2.0 * self.reaction_s, value.measured_s))
        return True

    def restart(self) -> None:
        """Take that a controller starts: its first value does not count as fresh (SR-10)."""
        self._to_come = 1

    def advance(self, now_s: float) -> None:
        """Let time pass."""
        while self._settling and self._settling[0][0] <= now_s:
            self.settled_s = self._settling.popleft()[1]
        while self._moving and self._moving[0][0] <= now_s:
            self.moving_s = self._moving.popleft()[1]


class Spot:
    """One phase of one circuit.

    Attributes:
        limit_a: What its fuse carries.
        noise_a: SR-9: an excess of at most this is not acted upon at once.
        error_a: The most by which its meter is off.
        members: Who is wired to it, below the circuit.
    """

    def __init__(
        self,
        *,
        circuit: CircuitId,
        phase: int,
        limit_a: float,
        meter: MeterSpec | None,
        told_resolution_a: float,
        members: Sequence[MemberTruth],
    ) -> None:
        self.circuit = circuit
        self.phase = phase
        self.limit_a = limit_a
        self.name = f"{circuit}:l{phase + 1}"
        self.noise_a = max(TOLERANCE_A, told_resolution_a, 0.02 * limit_a)
        self.error_a = 0.0 if meter is None else meter.error_a
        self.small_a = 0.1 + told_resolution_a
        """What a meter of that resolution may not show at all."""
        if meter is not None and meter.kind is not MeterKind.CURRENTS:
            # Watts are turned into amps at nominal voltage; at the limit it is 3 V less.
            self.error_a += 0.015 * limit_a
        self.members = list(members)
        self.total_a = 0.0
        self.other_a = 0.0
        self.excess_a = 0.0
        self.unseen_a = 0.0
        """What of the excess nobody can see: of devices without a current, in no phase's meter."""
        self.untold_a = 0.0
        """What members take that report no current."""
        self.shows_phases = meter is not None and meter.kind is not MeterKind.TOTAL
        self.since_settled = SlidingMinimum()
        self.since_moving = SlidingMinimum()
        self.history: deque[tuple[float, float, float]] = deque()
        """Times with what others took, and what they would take without generation."""
        self.excesses = SlidingMinimum()
        self.thermal = SlidingSum(600.0)

    def others_at(self, at_s: float) -> tuple[float, float]:
        """Return what others took at a time, with and without generation.

        What is older is forgotten.
        """
        history = self.history
        while len(history) > 1 and history[1][0] <= at_s:
            history.popleft()
        return history[0][1], history[0][2]

    def potential_a(self, now_s: float, reaction_s: float) -> float:
        """Return what all members may draw without breaking an order.

        What a misbehaving one began to draw too much only just now may not have been told yet.
        """
        return sum(
            member.potential_a(now_s)
            - (member.excess_a if now_s - member.exceeded_s <= reaction_s else 0.0)
            for member in self.members
            if member.on_phase[self.phase]
        )

    def excused_a(self, now_s: float, decided_s: float, reaction_s: float) -> float:
        """Return what members draw that is not held against the pool.

        Starts of their own; and what is above every order, for the time of SR-6's ladder, of which
        only that counts in which somebody decided: `decided_s` so far.
        """
        excess_a = self.excess_a - self.excesses.since(decided_s - LADDER_S - reaction_s)
        return excess_a + sum(
            member.own_start_a(now_s, reaction_s)
            for member in self.members
            if member.on_phase[self.phase]
        )

    def controllable_a(self, now_s: float, reaction_s: float, *, blind: bool) -> float:
        """Return what of the load the controller can take away.

        Devices in trouble do not count. With its meter gone the pool keeps its fail-safes; a
        device that starts at its fail-safe by itself does so before any order can reach it; and
        one that can lapse to its fail-safe only is never held below it for long (SR-1).
        """
        amount = 0.0
        for member in self.members:
            if member.on_phase[self.phase] and not member.in_trouble(now_s):
                starts = now_s - member.fresh_s <= reaction_s
                stays = starts or member.device.spec.lapses_to_fail_safe
                floor_a = member.settings.fail_safe_a if blind or stays else 0.0
                amount += max(0.0, member.draw_a - floor_a - TOLERANCE_A)
        return amount


class Truth:
    """The whole site as it really is."""

    def __init__(
        self,
        scenario: Scenario,
        plant: Plant,
        devices: Mapping[MemberId, Firmware],
        links: Mapping[str, SimulatedLink],
    ) -> None:
        self.plant = plant
        self.decided_s = 0.0
        """For how long somebody decided so far: nobody else climbs the ladder of SR-6."""
        self._decides = True
        self._advanced_s = 0.0
        self.members = {
            plan.settings.member: MemberTruth(devices[plan.settings.member], links[plan.link])
            for plan in scenario.members
        }
        specs = {meter.circuit: meter for meter in scenario.plant.meters}
        self.knowledge: dict[CircuitId, Knowledge] = {}
        self.spots: list[Spot] = []
        for circuit in scenario.site.circuits:
            below = [
                plan
                for plan in scenario.members
                if circuit.id in above(scenario.site.circuits, plan.settings.circuit)
            ]
            self.knowledge[circuit.id] = Knowledge(
                specs.get(circuit.id), _slowest_link_s(scenario, below) + REACTION_S
            )
            for phase, limit_a in enumerate(circuit.limit_a):
                members = [self.members[plan.settings.member] for plan in below]
                if limit_a > 0.0:
                    self.spots.append(
                        Spot(
                            circuit=circuit.id,
                            phase=phase,
                            limit_a=limit_a,
                            meter=specs.get(circuit.id),
                            told_resolution_a=circuit.meter_resolution_a,
                            members=[item for item in members if phase in item.wired],
                        )
                    )

    def died(self) -> None:
        """Take that nobody decides from now on."""
        self._decides = False

    def revived(self) -> None:
        """Take that somebody decides again."""
        self._decides = True

    def advance(self, now_s: float) -> None:
        """Take what flows now."""
        if self._decides:
            self.decided_s += now_s - self._advanced_s
        self._advanced_s = now_s
        for member in self.members.values():
            member.advance(now_s)
        for knowledge in self.knowledge.values():
            knowledge.advance(now_s)
        plant, root = self.plant, self.plant.spec.root
        for spot in self.spots:
            spot.total_a = plant.flow_a(spot.circuit)[spot.phase]
            spot.other_a = plant.other_a(spot.circuit)[spot.phase]
            spot.excess_a = sum(
                member.excess_a for member in spot.members if member.on_phase[spot.phase]
            )
            spot.unseen_a = (
                0.0
                if spot.shows_phases
                else sum(
                    member.excess_a
                    for member in spot.members
                    if member.on_phase[spot.phase] and not member.settings.measures_current
                )
            )
            spot.untold_a = sum(
                member.draw_a
                for member in spot.members
                if member.on_phase[spot.phase] and not member.settings.measures_current
            )
            spot.since_settled.add(now_s, spot.other_a)
            spot.since_moving.add(now_s, spot.other_a)
            generated_a = plant.generation_a[spot.phase] if spot.circuit == root else 0.0
            spot.history.append((now_s, spot.other_a, spot.other_a + generated_a))
            spot.excesses.add(self.decided_s, spot.excess_a - spot.unseen_a)


def _slowest_link_s(scenario: Scenario, plans: Sequence[MemberPlan]) -> float:
    """Return how long an order may take: the slowest link, and a timeout where one may break."""
    delay_s = max((scenario.link_delay_s[plan.link] for plan in plans), default=0.0)
    breaks = any(fault.kind in UNREACHABLE for plan in plans for fault in plan.firmware.faults)
    # Decisions come once a second.
    return delay_s + 1.0 + (CONTROL_TIMEOUT_S if breaks else 0.0)
