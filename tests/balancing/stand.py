"""A test stand: a controller with devices and meters that do exactly what a test tells them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from custom_components.ev_charger_pool.balancing.contract import Decision, Sharing, SiteSettings
from custom_components.ev_charger_pool.balancing.controller import SiteController
from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.circuits import (
    Circuit,
    CircuitRecord,
    MeterReport,
    ResourceKind,
    ResourceReport,
)
from custom_components.ev_charger_pool.pool.members import (
    Lease,
    MemberKind,
    MemberRecord,
    MemberReport,
    MemberSettings,
    Order,
    OrderKind,
)
from custom_components.ev_charger_pool.pool.quantities import PHASES, PerPhase, Phase
from custom_components.ev_charger_pool.pool.readings import Reading
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.pool.states import ChargingStatus, ConnectorState

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
OCPP_LEASE = Lease(duration=timedelta(seconds=180), renewal=timedelta(seconds=75))


def circuit(
    limit_a: float | tuple[float, float, float] = 25.0,
    *,
    name: str = "grid",
    parent: str | None = None,
    metered: bool = True,
    other_load_max_a: float | None = None,
    limit_w: float | None = None,
    resolution_a: float = 0.1,
) -> Circuit:
    limits = (limit_a,) * 3 if isinstance(limit_a, float) else limit_a
    return Circuit(
        id=name,
        name=name,
        parent=parent,
        limit_a=PerPhase(*limits),
        limit_w=limit_w,
        metered=metered,
        meter_resolution_a=resolution_a,
        other_load_max_a=None if other_load_max_a is None else PerPhase.same(other_load_max_a),
    )


def member(name: str = "a", **changes: object) -> MemberSettings:
    settings = MemberSettings(
        member=name, circuit="grid", max_current_a=16.0, lease=OCPP_LEASE, lease_exercised=True
    )
    return replace(settings, **changes)  # type: ignore[arg-type]


@dataclass
class Device:
    """A connector with a car. Currents are amps per used phase."""

    settings: MemberSettings
    plugged: bool = True
    wants_a: float = 32.0
    least_a: float = 6.0
    """It takes nothing of less."""
    car_phases: tuple[int, ...] = (0, 1, 2)
    dc_share: float = 0.9
    """Of the watts that its amps pay for with the worst losses, a supply's output has so much."""
    told_a: float = 0.0
    draw_a: float = 0.0
    online: bool = True
    measures: bool = True
    obeys: bool = True
    lapses: bool = True
    answer: ActionResult | None = ActionResult.ACCEPTED
    writes: bool = True
    limit_a: float | None = None
    booted_at: datetime | None = None
    session: str | None = "one"
    charging: ChargingStatus | None = None
    ramp_s: float = 3.0
    over_a: float = 0.0
    """It draws so much more than it is told, as cheap devices do."""
    state: ConnectorState | None = None
    switches: bool = True
    """Whether it charges on as many phases as it is told."""
    refuses_phases: bool = False
    told_phases: int = 3
    switched_under_load: bool = False
    change: dict[str, object] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    _moved: datetime = START
    _fed: datetime = START
    _lapse_to_a: float = 0.0

    def take(self, order: Order, now: datetime) -> None:
        self.orders.append(order)
        if not self.writes or not self.online:
            return
        takes = self.obeys and self.answer_to(order) is ActionResult.ACCEPTED
        phases = order.grant.phases
        if takes and phases not in (None, self.told_phases) and phases is not None:
            self.switched_under_load |= self.draw_a > 0.0
            self.told_phases = phases
        if takes and order.kind in (OrderKind.SET, OrderKind.RENEW):
            if order.grant.current_a != self.told_a:
                self._moved = now
            self.told_a = order.grant.current_a
            self._lapse_to_a = order.grant.lapse_to_a
            self._fed = now
        if order.kind in (OrderKind.STOP, OrderKind.DISABLE) and self.obeys:
            self.told_a = 0.0

    def answer_to(self, order: Order) -> ActionResult | None:
        phases = order.grant.phases
        if self.refuses_phases and phases is not None and phases != self.told_phases:
            return ActionResult.REJECTED
        return self.answer

    @property
    def used(self) -> tuple[int, ...]:
        """On which of its own phases its car charges."""
        if not self.switches:
            return self.car_phases
        return tuple(p for p in self.car_phases if p < self.told_phases)

    def advance(self, now: datetime) -> None:
        lease = self.settings.lease
        if lease is not None and self.lapses and now - self._fed > lease.duration:
            self.told_a = min(self.told_a, self._lapse_to_a)
        goal = min(self.told_a, self.wants_a) if self.plugged else 0.0
        if goal < self.least_a and self.settings.kind is MemberKind.CONNECTOR:
            goal = 0.0
        if goal > 0.0:
            goal += self.over_a
        if (now - self._moved).total_seconds() >= self.ramp_s or goal < self.draw_a == 0.0:
            self.draw_a = goal if self.obeys else self.draw_a

    def flow(self) -> tuple[float, float, float]:
        """Amps on the site's phases."""
        amps = [0.0, 0.0, 0.0]
        for own, phase in enumerate(self.settings.phases):
            if own in self.used:
                amps[phase.position] = self.draw_a
        return amps[0], amps[1], amps[2]

    def report(self, now: datetime) -> MemberReport:
        if not self.online:
            return MemberReport(
                member=self.settings.member,
                arrived_at=now,
                online=False,
                state=ConnectorState.MISSING,
            )
        own: list[float | None] = [None, None, None]
        for position in range(len(self.settings.phases)):
            own[position] = self.draw_a if position in self.used else 0.0
        state = self.state or (ConnectorState.EV_LOCKED if self.plugged else ConnectorState.IDLE)
        charging = self.charging or (
            ChargingStatus.CHARGING if self.draw_a else ChargingStatus.SUSPENDED_BY_CHARGER
        )
        per_amp = self.settings.watts_per_amp
        report = MemberReport(
            member=self.settings.member,
            arrived_at=now,
            power_w=None
            if per_amp is None
            else Reading(value=self.dc_share * per_amp * self.draw_a, arrived_at=now),
            online=self.online,
            state=state,
            charging=charging if self.plugged else ChargingStatus.NOT_CHARGING,
            current=Reading(value=PerPhase(*own), arrived_at=now) if self.measures else None,
            limit_a=self.limit_a,
            booted_at=self.booted_at,
            session=self.session if self.plugged else None,
        )
        return replace(report, **self.change)  # type: ignore[arg-type]


class Stand:
    """Runs the controller second by second."""

    def __init__(
        self,
        *members: MemberSettings,
        circuits: tuple[Circuit, ...] | None = None,
        other_a: float | tuple[float, float, float] = 5.0,
        sharing: Sharing = Sharing.MIN_FIRST,
        records: tuple[MemberRecord, ...] = (),
        circuit_records: tuple[CircuitRecord, ...] = (),
        reads: bool = True,
    ) -> None:
        self.now = START
        self.controller = SiteController()
        self.circuits = circuits or (circuit(),)
        self.sharing = sharing
        self.devices = {settings.member: Device(settings) for settings in members}
        self.other: dict[str, tuple[float, float, float]] = {
            c.id: (0.0, 0.0, 0.0) for c in self.circuits
        }
        self.set_other(other_a)
        self.silent: set[str] = set()
        self.meter_silent: set[str] = set()
        self.frozen: dict[str, tuple[float, float, float]] = {}
        self.decisions: list[Decision] = []
        self.generation_w = 0.0
        self.generation_phases: tuple[Phase, ...] = ()
        self.noise: Callable[[datetime], float] = lambda _now: 0.0
        self.configure()
        if reads:
            self.controller.restore(records, circuit_records, self.now)

    def configure(self) -> None:
        self.controller.configure(
            SiteSettings(
                circuits=self.circuits,
                members=tuple(device.settings for device in self.devices.values()),
                sharing=self.sharing,
            ),
            self.now,
        )

    def set_other(self, amps: float | tuple[float, float, float], name: str = "grid") -> None:
        self.other[name] = (amps,) * 3 if isinstance(amps, float) else amps

    @property
    def decision(self) -> Decision:
        return self.decisions[-1]

    def granted(self, name: str = "a") -> float:
        return self.decision.members[name].granted_a

    def is_settled(self, name: str = "a") -> bool:
        return self.decision.members[name].settled

    def is_stale(self, name: str = "grid") -> bool:
        return self.decision.circuits[name].stale

    def reason(self, name: str = "a") -> ReasonKind:
        return self.decision.members[name].limited_by.kind

    def load(self, name: str = "grid") -> tuple[float, float, float]:
        """What truly flows in a circuit."""
        below = {name}
        for _ in self.circuits:
            below |= {c.id for c in self.circuits if c.parent in below}
        total = [0.0, 0.0, 0.0]
        for lane in range(3):
            total[lane] += sum(self.other[c][lane] for c in below)
            total[lane] += sum(
                d.flow()[lane] for d in self.devices.values() if d.settings.circuit in below
            )
        return total[0], total[1], total[2]

    def tick(self) -> Decision:
        """Advance by a second: devices, reports, decision, answers."""
        self.now += timedelta(seconds=1)
        for device in self.devices.values():
            device.advance(self.now)
            if device.settings.member not in self.silent:
                self.controller.observe_member(device.report(self.now))
        for one in self.circuits:
            if one.metered and one.id not in self.meter_silent:
                self.controller.observe_meter(self.meter(one.id))
        if self.generation_w:
            self.controller.observe_resource(
                ResourceReport(
                    id="sun",
                    kind=ResourceKind.SOLAR,
                    power_w=Reading(value=-self.generation_w, arrived_at=self.now),
                    phases=self.generation_phases,
                )
            )
        return self.decide()

    def meter(self, name: str = "grid") -> MeterReport:
        load = self.frozen.get(name) or tuple(a + self.noise(self.now) for a in self.load(name))
        return MeterReport(
            circuit=name,
            current_a=Reading(value=PerPhase(*load), arrived_at=self.now),
        )

    def decide(self) -> Decision:
        decision = self.controller.decide(self.now)
        self.decisions.append(decision)
        for order in decision.orders:
            device = self.devices[order.member]
            device.take(order, self.now)
            if device.writes and device.online:
                self.controller.sent(order, self.now)
                answer = device.answer_to(order) if order.kind is OrderKind.SET else device.answer
                if answer is not None:
                    self.controller.answered(order, answer, self.now)
        return decision

    def run(self, seconds: float) -> Decision:
        for _ in range(int(seconds)):
            self.tick()
        return self.decision

    def orders(self, seconds: float) -> list[Order]:
        """Run, and return what was ordered meanwhile."""
        before = len(self.decisions)
        self.run(seconds)
        return [order for d in self.decisions[before:] for order in d.orders]

    def problems(self) -> Mapping[str, str]:
        return {problem.kind: problem.subject for problem in self.decision.problems}


ONE_PHASE = {phase: (phase,) for phase in Phase}
THREE_PHASES = PHASES
