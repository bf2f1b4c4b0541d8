"""Random sites with everything that may go wrong on them, drawn from one seed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Final

from ..balancing.contract import Sharing, SiteSettings
from ..const import ROOT_CIRCUIT
from ..pool.circuits import Circuit
from ..pool.limits import Limit, LimitUnit
from ..pool.members import (
    CircuitId,
    Lease,
    MemberKind,
    MemberSettings,
    MemberWishes,
    Mode,
    Priority,
)
from ..pool.quantities import PHASES, PerPhase, Phase
from ..pool.reasons import ReasonKind
from .cars import draw_visits, happens
from .dc import DcBattery
from .devices import DeviceFault, DeviceFaultKind, FirmwareSpec
from .house import MOST_OF_BASE, BatterySpec, LoadSpec, SunSpec, draw_appliances
from .meters import MeterFault, MeterFaultKind, MeterKind, MeterSpec
from .plant import PlantSpec
from .scenario import LimitChange, MemberPlan, Outage, OutageKind, Scenario, Wish, above
from .supply_device import SUPPLY_LOSSES, SupplyPlan

MOST_MEMBERS: Final = 20

BIGGEST_STEP: Final = 0.35
"""No appliance takes more than this share of its circuit's limit."""

_FUSES_A: Final = (16.0, 20.0, 25.0, 32.0, 35.0, 40.0, 50.0, 63.0, 80.0, 100.0)
_LEASES: Final = ((180, 75), (180, 75), (120, 45), (60, 20), (30, 10), (900, 400))
"""Duration and renewal in seconds, SR-8."""


def draw_scenario(
    seed: int, *, duration: timedelta = timedelta(hours=1), most_members: int = MOST_MEMBERS
) -> Scenario:
    """Draw a site with all its troubles."""
    rng = Random(seed)
    duration_s = duration.total_seconds()
    phases = PHASES if happens(rng, 0.85) else (Phase.L1,)
    count = rng.randint(1, most_members)
    fuse_a = rng.choice([fuse for fuse in _FUSES_A if fuse <= max(25.0, 12.0 * count)])
    circuits = _draw_circuits(rng, phases, fuse_a)
    meters = _draw_meters(rng, circuits, duration_s)
    loads = _draw_loads(rng, phases, circuits)
    sun, battery = _draw_generation(rng, phases, fuse_a)
    if sun is not None or battery is not None:
        # One total hides that one phase imports what another exports.
        meters = [
            replace(meter, kind=MeterKind.CURRENTS) if meter.kind is MeterKind.TOTAL else meter
            for meter in meters
        ]
    circuits = _describe_meters(rng, circuits, meters, loads)
    members, delays = _draw_members(rng, circuits, phases, count, duration)
    members = _with_fail_safes(rng, circuits, loads, members)
    return Scenario(
        seed=seed,
        duration_s=duration_s,
        site=SiteSettings(
            circuits=tuple(circuits),
            members=tuple(member.settings for member in members),
            sharing=rng.choice(tuple(Sharing)),
        ),
        plant=PlantSpec(
            circuits={circuit.id: circuit.parent for circuit in circuits},
            loads=loads,
            sun=sun,
            battery=battery,
            meters=tuple(meters),
            supply_ohm=3.0 / fuse_a,
        ),
        members=tuple(members),
        link_delay_s=delays,
        outages=_draw_outages(rng, duration_s),
        limits=_draw_limits(rng, circuits, members, duration_s),
        wishes=_draw_wishes(rng, members, duration_s),
    )


def _on(phases: Sequence[Phase], value: float) -> PerPhase[float]:
    return PerPhase(*(value if phase in phases else 0.0 for phase in PHASES))


def _draw_circuits(rng: Random, phases: Sequence[Phase], fuse_a: float) -> list[Circuit]:
    root = Circuit(id=ROOT_CIRCUIT, name="Grid", limit_a=_on(phases, fuse_a), metered=True)
    if happens(rng, 0.15):
        root = replace(root, limit_w=fuse_a * 230.0 * len(phases) * rng.uniform(0.5, 0.9))
    circuits = [root]
    for number in range(rng.choice((0, 0, 1, 2, 3))):
        parent = rng.choice(circuits)
        limit_a = max(16.0, round(parent.limit_a.l1 * rng.uniform(0.4, 0.9)))
        circuits.append(
            Circuit(
                id=f"circuit{number}",
                name=f"Circuit {number}",
                parent=parent.id,
                limit_a=_on(phases, limit_a),
                metered=happens(rng, 0.5),
            )
        )
    return circuits


def _draw_meters(rng: Random, circuits: Sequence[Circuit], duration_s: float) -> list[MeterSpec]:
    return [
        MeterSpec(
            circuit=circuit.id,
            kind=rng.choice(
                (MeterKind.CURRENTS, MeterKind.CURRENTS, MeterKind.POWERS, MeterKind.TOTAL)
            ),
            interval_s=rng.choice((1.0, 1.0, 2.0, 5.0, 10.0)),
            jitter_s=rng.choice((0.0, 0.3)),
            lag_s=rng.uniform(0.1, 3.0),
            noise_a=rng.choice((0.0, 0.05, 0.1)),
            resolution_a=rng.choice((0.01, 0.1, 1.0)),
            tells_time=happens(rng, 0.3),
            faults=_draw_meter_faults(rng, duration_s),
        )
        for circuit in circuits
        if circuit.metered
    ]


def _draw_meter_faults(rng: Random, duration_s: float) -> tuple[MeterFault, ...]:
    if not happens(rng, 0.4):
        return ()
    faults = []
    at_s = rng.uniform(60.0, duration_s)
    while at_s < duration_s:
        lasts_s = rng.choice((4.0, 20.0, 60.0, 300.0)) * rng.uniform(0.5, 1.5)
        faults.append(
            MeterFault(kind=rng.choice(tuple(MeterFaultKind)), from_s=at_s, until_s=at_s + lasts_s)
        )
        at_s += lasts_s + rng.uniform(60.0, duration_s)
    return tuple(faults)


def _draw_loads(
    rng: Random, phases: Sequence[Phase], circuits: Sequence[Circuit]
) -> dict[CircuitId, LoadSpec]:
    """Draw what else takes current: in all at most half of every limit above it (SR-1)."""
    left = {circuit.id: [circuit.limit_a.l1 / 2.0 - 1.0] * 3 for circuit in circuits}
    bases: dict[CircuitId, list[float]] = {}
    for circuit in circuits:
        path = above(circuits, circuit.id)
        if all(item.metered for item in circuits if item.id in path):
            bases[circuit.id] = [
                rng.uniform(0.2, 1.5) if phase in phases else 0.0 for phase in PHASES
            ]
            for above_id in path:
                for index, base_a in enumerate(bases[circuit.id]):
                    left[above_id][index] -= MOST_OF_BASE * base_a
    loads = {}
    for circuit_id, base in bases.items():
        path = above(circuits, circuit_id)
        biggest_a = BIGGEST_STEP * min(item.limit_a.l1 for item in circuits if item.id in path)
        chosen = []
        for item in draw_appliances(rng, phases, biggest_a):
            room = min(left[above_id][phase.position] for above_id in path for phase in item.phases)
            if room >= item.current_a:
                chosen.append(item)
                for above_id in path:
                    for phase in item.phases:
                        left[above_id][phase.position] -= item.current_a
        loads[circuit_id] = LoadSpec(base_a=(base[0], base[1], base[2]), appliances=tuple(chosen))
    return loads


def _draw_generation(
    rng: Random, phases: Sequence[Phase], fuse_a: float
) -> tuple[SunSpec | None, BatterySpec | None]:
    most_w = BIGGEST_STEP * fuse_a * 230.0
    sun = battery = None
    if happens(rng, 0.4):
        used = phases if happens(rng, 0.7) else (rng.choice(phases),)
        sun = SunSpec(
            peak_w=min(most_w * len(used), rng.uniform(1_500.0, 10_000.0)),
            phases=tuple(used),
            noon_s=rng.uniform(-7_200.0, 7_200.0),
            cloudiness=rng.uniform(0.0, 0.8),
        )
    if happens(rng, 0.25):
        used = phases if happens(rng, 0.5) else (rng.choice(phases),)
        capacity_wh = rng.uniform(1_000.0, 10_000.0)
        battery = BatterySpec(
            max_power_w=min(most_w * len(used), rng.uniform(1_500.0, 6_000.0)),
            capacity_wh=capacity_wh,
            stored_wh=capacity_wh * rng.random(),
            phases=tuple(used),
        )
    return sun, battery


def _describe_meters(
    rng: Random,
    circuits: Sequence[Circuit],
    meters: Sequence[MeterSpec],
    loads: dict[CircuitId, LoadSpec],
) -> list[Circuit]:
    """Tell the controller what a user would know of the meters and of the other load."""
    known_before = happens(rng, 0.5)
    by_circuit = {meter.circuit: meter for meter in meters}
    described = []
    for circuit in circuits:
        meter = by_circuit.get(circuit.id)
        other = PerPhase(*other_load_max_a(circuits, loads, circuit.id))
        if meter is None:
            described.append(replace(circuit, other_load_max_a=other))
            continue
        described.append(
            replace(
                circuit,
                meter_resolution_a=max(meter.resolution_a, 0.1),
                other_load_max_a=other if known_before else None,
            )
        )
    return described


def other_load_max_a(
    circuits: Sequence[Circuit], loads: dict[CircuitId, LoadSpec], circuit: CircuitId
) -> list[float]:
    """Return the most that everything but members can take on a circuit, per phase."""
    most = [0.0, 0.0, 0.0]
    for below, load in loads.items():
        if circuit in above(circuits, below):
            for index in range(3):
                most[index] += MOST_OF_BASE * load.base_a[index]
            for item in load.appliances:
                for phase in item.phases:
                    most[phase.position] += item.current_a
    return most


def _draw_members(
    rng: Random,
    circuits: Sequence[Circuit],
    phases: Sequence[Phase],
    count: int,
    duration: timedelta,
) -> tuple[list[MemberPlan], dict[str, float]]:
    members: list[MemberPlan] = []
    delays: dict[str, float] = {}
    first_within = timedelta(seconds=rng.choice((30.0, 600.0, 2_400.0)))
    while len(members) < count:
        link = f"device{len(delays)}"
        delays[link] = rng.choice((0.2, 0.5, 1.0, 2.0, 4.0))
        circuit = rng.choice(circuits)
        if happens(rng, 0.08):
            members.append(_draw_supply(rng, link, circuit, phases, duration))
            continue
        firmware = _draw_firmware(rng, duration.total_seconds())
        settings = _draw_connector_settings(rng, link, circuit, phases)
        members.extend(
            MemberPlan(
                settings=replace(settings, member=f"{link}:{number}"),
                firmware=firmware,
                link=link,
                visits=draw_visits(rng, duration, first_within=first_within),
            )
            for number in range(1, 1 + min(rng.choice((1, 1, 1, 2)), count - len(members)))
        )
    return members, delays


def _draw_connector_settings(
    rng: Random, link: str, circuit: Circuit, phases: Sequence[Phase]
) -> MemberSettings:
    wired = list(phases)
    rng.shuffle(wired)
    if len(wired) > 1 and happens(rng, 0.2):
        wired = wired[:1]
    return MemberSettings(
        member=link,
        circuit=circuit.id,
        phases=tuple(wired),
        max_current_a=rng.choice((16.0, 16.0, 32.0)),
        step_a=rng.choice((0.1, 1.0, 1.0)),
        lease=_draw_lease(rng),
        measures_current=happens(rng, 0.85),
        may_freeze=happens(rng, 0.3),
        priority=rng.choice((Priority.HIGH, Priority.NORMAL, Priority.NORMAL, Priority.LOW)),
        weight=rng.choice((1.0, 1.0, 2.0)),
    )


def _draw_lease(rng: Random) -> Lease | None:
    if happens(rng, 0.15):
        return None
    duration_s, renewal_s = rng.choice(_LEASES)
    return Lease(duration=timedelta(seconds=duration_s), renewal=timedelta(seconds=renewal_s))


def _draw_firmware(rng: Random, duration_s: float) -> FirmwareSpec:
    return FirmwareSpec(
        report_s=rng.choice((1.0, 2.0, 5.0, 10.0)),
        report_lag_s=rng.uniform(0.0, 2.0),
        apply_lag_s=rng.uniform(0.0, 2.0),
        offline_after_s=rng.choice((1.0, 5.0, 30.0)),
        reports_limit=happens(rng, 0.6),
        tells_time=happens(rng, 0.5),
        tells_boot=happens(rng, 0.8),
        forgets_with_session=happens(rng, 0.6),
        lapses_to_fail_safe=happens(rng, 0.3),
        obeys_stop=happens(rng, 0.8),
        faults=_draw_faults(rng, duration_s) if happens(rng, 0.3) else (),
    )


def _draw_faults(rng: Random, duration_s: float) -> tuple[DeviceFault, ...]:
    faults = []
    at_s = rng.uniform(30.0, duration_s)
    while at_s < duration_s:
        lasts_s = rng.choice((8.0, 30.0, 120.0, 600.0)) * rng.uniform(0.5, 1.5)
        faults.append(
            DeviceFault(
                kind=rng.choice(tuple(DeviceFaultKind)), from_s=at_s, until_s=at_s + lasts_s
            )
        )
        at_s += lasts_s + rng.uniform(120.0, duration_s)
    return tuple(faults)


def _draw_supply(
    rng: Random, link: str, circuit: Circuit, phases: Sequence[Phase], duration: timedelta
) -> MemberPlan:
    wired = tuple(phases) if happens(rng, 0.6) else (rng.choice(phases),)
    voltage_v = rng.choice((60.0, 400.0))
    most_a = 0.4 * circuit.limit_a.l1
    power_w = most_a * SUPPLY_LOSSES * len(wired)
    start_s = rng.uniform(0.0, duration.total_seconds() / 2.0)
    lease = Lease(duration=timedelta(seconds=30), renewal=timedelta(seconds=10))
    return MemberPlan(
        settings=MemberSettings(
            member=link,
            kind=MemberKind.POWER_SUPPLY,
            circuit=circuit.id,
            phases=wired,
            min_current_a=0.1,
            max_current_a=round(most_a, 1),
            step_a=0.1,
            watts_per_amp=SUPPLY_LOSSES * len(wired),
            lease=lease if happens(rng, 0.7) else None,
            measures_current=False,
            may_freeze=happens(rng, 0.5),
        ),
        firmware=FirmwareSpec(
            report_s=1.0, report_lag_s=0.2, apply_lag_s=0.5, reports_limit=False, tells_boot=False
        ),
        link=link,
        supply=SupplyPlan(
            voltage_v=voltage_v,
            current_a=power_w / voltage_v,
            runs=((start_s, start_s + rng.uniform(600.0, 3_600.0)),),
            measures_ac=happens(rng, 0.3),
        ),
        load=DcBattery(
            empty_v=0.7 * voltage_v,
            full_v=voltage_v,
            capacity_wh=rng.uniform(500.0, 5_000.0),
            stored_wh=0.0,
            resistance_ohm=0.02 * (voltage_v / 60.0) ** 2,
        ),
    )


def _with_fail_safes(
    rng: Random,
    circuits: Sequence[Circuit],
    loads: dict[CircuitId, LoadSpec],
    members: Sequence[MemberPlan],
) -> list[MemberPlan]:
    """Give fail-safe currents that add up with the reserved other load (SR-1)."""
    left = {
        circuit.id: [
            limit - (known if circuit.other_load_max_a is not None else limit / 2.0)
            for limit, known in zip(
                circuit.limit_a, other_load_max_a(circuits, loads, circuit.id), strict=True
            )
        ]
        for circuit in circuits
    }
    given = []
    wanted_a = rng.choice((0.0, 6.0, 8.0))
    for member in members:
        settings = member.settings
        fits = all(
            left[circuit][phase.position] >= wanted_a
            for circuit in above(circuits, settings.circuit)
            for phase in settings.phases
        )
        fail_safe_a = wanted_a if fits and settings.kind is MemberKind.CONNECTOR else 0.0
        for circuit in above(circuits, settings.circuit):
            for phase in settings.phases:
                left[circuit][phase.position] -= fail_safe_a
        works = settings.lease is not None and happens(rng, 0.9)
        boots_high = happens(rng, 0.2)
        given.append(
            replace(
                member,
                settings=replace(
                    settings,
                    fail_safe_a=fail_safe_a,
                    lease_exercised=works and happens(rng, 0.7),
                ),
                firmware=replace(
                    member.firmware,
                    lease_works=works,
                    boot_default_a=settings.max_current_a if boots_high else fail_safe_a,
                ),
            )
        )
    return given


def _draw_outages(rng: Random, duration_s: float) -> tuple[Outage, ...]:
    if not happens(rng, 0.3):
        return ()
    from_s = rng.uniform(60.0, duration_s)
    lasts_s = rng.choice((3.0, 20.0, 240.0, 1_000.0)) * rng.uniform(0.5, 1.5)
    kind = rng.choice(tuple(OutageKind))
    return (Outage(kind=kind, from_s=from_s, until_s=from_s + lasts_s),)


def _draw_limits(
    rng: Random, circuits: Sequence[Circuit], members: Sequence[MemberPlan], duration_s: float
) -> tuple[LimitChange, ...]:
    if not happens(rng, 0.5):
        return ()
    changes = []
    at_s = rng.uniform(0.0, duration_s / 2.0)
    while at_s < duration_s:
        limits = []
        for member in members:
            if happens(rng, 0.2):
                unit = rng.choice(tuple(LimitUnit))
                value = rng.uniform(0.0, 20.0 if unit is LimitUnit.CURRENT else 8_000.0)
                limits.append(
                    Limit(
                        id=f"user/{member.settings.member}",
                        source=ReasonKind.USER,
                        value=round(value, 1),
                        unit=unit,
                        member=member.settings.member,
                    )
                )
        if happens(rng, 0.5):
            circuit = rng.choice(circuits)
            share = rng.uniform(0.1, 0.9)
            limits.append(
                Limit(
                    id=f"cap/{circuit.id}",
                    source=rng.choice((ReasonKind.USER, ReasonKind.DEMAND_RESPONSE)),
                    value=round(share * circuit.limit_a.l1, 1),
                    unit=LimitUnit.CURRENT,
                    circuit=circuit.id,
                    mandatory=happens(rng, 0.5),
                )
            )
        changes.append(LimitChange(at_s=at_s, limits=tuple(limits)))
        at_s += rng.uniform(120.0, 1_800.0)
    return tuple(changes)


def _draw_wishes(rng: Random, members: Sequence[MemberPlan], duration_s: float) -> tuple[Wish, ...]:
    wishes = [
        Wish(
            at_s=rng.uniform(0.0, duration_s),
            member=member.settings.member,
            wishes=MemberWishes(
                mode=rng.choice(tuple(Mode)),
                minimum_current_a=rng.choice((None, None, 8.0, 10.0)),
            ),
        )
        for member in members
        if happens(rng, 0.15)
    ]
    return tuple(sorted(wishes, key=lambda wish: wish.at_s))
