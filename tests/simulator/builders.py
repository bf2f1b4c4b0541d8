"""Small simulated sites without any chance in them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from custom_components.ev_charger_pool.balancing.contract import SiteSettings
from custom_components.ev_charger_pool.pool.circuits import Circuit
from custom_components.ev_charger_pool.pool.members import Lease, MemberKind, MemberSettings
from custom_components.ev_charger_pool.pool.quantities import PerPhase
from custom_components.ev_charger_pool.simulator.cars import Car, Visit
from custom_components.ev_charger_pool.simulator.dc import DcBattery
from custom_components.ev_charger_pool.simulator.firmware import FirmwareSpec
from custom_components.ev_charger_pool.simulator.house import LoadSpec
from custom_components.ev_charger_pool.simulator.meters import MeterSpec
from custom_components.ev_charger_pool.simulator.plant import PlantSpec
from custom_components.ev_charger_pool.simulator.scenario import MemberPlan, Scenario
from custom_components.ev_charger_pool.simulator.supply_device import SUPPLY_LOSSES, SupplyPlan

LEASE = Lease(duration=timedelta(seconds=60), renewal=timedelta(seconds=20))
CAR = Car(
    phases=3, max_current_a=32.0, wanted_wh=1e6, reaction_s=1.0, start_s=2.0, ramp_a_per_s=16.0
)
FIRMWARE = FirmwareSpec(report_s=1.0, report_lag_s=0.0, apply_lag_s=0.0)


def connector(
    number: int,
    *,
    car: Car | None = CAR,
    arrives_s: float = 5.0,
    lease: Lease | None = LEASE,
    firmware: FirmwareSpec = FIRMWARE,
    fail_safe_a: float = 0.0,
) -> MemberPlan:
    """Return a three-phase connector with a car that comes and stays."""
    visit = (
        ()
        if car is None
        else (Visit(car=car, arrives_after=timedelta(seconds=arrives_s), stays=timedelta(days=1)),)
    )
    return MemberPlan(
        settings=MemberSettings(
            member=f"c{number}",
            circuit="grid",
            max_current_a=32.0,
            lease=lease,
            lease_exercised=lease is not None,
            may_freeze=False,
            fail_safe_a=fail_safe_a,
        ),
        firmware=replace(firmware, boot_default_a=fail_safe_a),
        link=f"c{number}",
        visits=visit,
    )


def supply(number: int, *, starts_s: float = 5.0) -> MemberPlan:
    """Return a DC supply that charges a battery from a time on."""
    return MemberPlan(
        settings=MemberSettings(
            member=f"s{number}",
            kind=MemberKind.POWER_SUPPLY,
            circuit="grid",
            min_current_a=0.1,
            max_current_a=8.0,
            step_a=0.1,
            watts_per_amp=SUPPLY_LOSSES * 3.0,
            lease=LEASE,
            lease_exercised=True,
            measures_current=False,
        ),
        firmware=replace(FIRMWARE, reports_limit=False),
        link=f"s{number}",
        supply=SupplyPlan(voltage_v=60.0, current_a=60.0, runs=((starts_s, 1e9),)),
        load=DcBattery(empty_v=40.0, full_v=59.0, capacity_wh=400.0, stored_wh=0.0),
    )


def site(
    members: Sequence[MemberPlan],
    *,
    fuse_a: float = 32.0,
    meter: MeterSpec | None = None,
    minutes: float = 10.0,
    other_load_max_a: float = 10.0,
) -> Scenario:
    """Return a site with one fuse, a house that is quiet and an exact meter."""
    return Scenario(
        seed=1,
        duration_s=60.0 * minutes,
        site=SiteSettings(
            circuits=(
                Circuit(
                    id="grid",
                    name="Grid",
                    limit_a=PerPhase.same(fuse_a),
                    metered=True,
                    other_load_max_a=PerPhase.same(other_load_max_a),
                ),
            ),
            members=tuple(member.settings for member in members),
        ),
        plant=PlantSpec(
            circuits={"grid": None},
            loads={"grid": LoadSpec()},
            meters=(meter or MeterSpec(circuit="grid", lag_s=0.5, noise_a=0.0),),
            supply_ohm=0.0,
        ),
        members=tuple(members),
        link_delay_s={member.link: 0.2 for member in members},
    )
