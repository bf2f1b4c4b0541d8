"""Random members with their devices, their faults and their cars."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Final

from ...pool.circuits import Circuit
from ...pool.members import (
    CircuitId,
    Lease,
    MemberKind,
    MemberSettings,
    Priority,
)
from ...pool.quantities import Phase
from ..cars import draw_visits, happens
from ..dc import DcBattery
from ..firmware import DeviceFault, DeviceFaultKind, FirmwareSpec
from ..house import LoadSpec
from ..scenario import MemberPlan, above
from ..supply_device import SUPPLY_LOSSES, SupplyPlan
from .electricity import other_load_max_a

_LEASES: Final = ((180, 75), (180, 75), (120, 45), (60, 20), (30, 10), (900, 400))
"""Duration and renewal in seconds, SR-8."""


def draw_members(
    rng: Random,
    circuits: Sequence[Circuit],
    phases: Sequence[Phase],
    count: int,
    duration: timedelta,
) -> tuple[list[MemberPlan], dict[str, float]]:
    """Draw members with their devices.

    Returns:
        The members, and by link how long an order takes over it.
    """
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
        device=link,
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


def with_fail_safes(
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
