"""The invariants of the design on random simulated sites, in a closed loop judged in true currents.

Each test aims chance at one invariant; all of them ask for no violation of any. `scripts/bench
invariants` does the same for 1,000 site-hours.
"""

from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import given, settings, strategies as st

from custom_components.ev_charger_pool.balancing.controller import SiteController
from custom_components.ev_charger_pool.pool.limits import Limit, LimitUnit
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.simulator.closed_loop import ClosedLoop
from custom_components.ev_charger_pool.simulator.drawing import draw_scenario
from custom_components.ev_charger_pool.simulator.firmware import DeviceFault, DeviceFaultKind
from custom_components.ev_charger_pool.simulator.house import LoadSpec
from custom_components.ev_charger_pool.simulator.judge.violations import Rule
from custom_components.ev_charger_pool.simulator.meters import MeterFault, MeterFaultKind
from custom_components.ev_charger_pool.simulator.scenario import (
    LimitChange,
    MemberPlan,
    Outage,
    OutageKind,
    Scenario,
)

SEEDS = st.integers(0, 2**32 - 1)
MINUTES = 12
few = settings(max_examples=6)


def draw(seed: int, minutes: float = MINUTES) -> Scenario:
    return draw_scenario(seed, duration=timedelta(minutes=minutes), most_members=8)


def assert_holds(scenario: Scenario) -> None:
    """Run a scenario to its end without any violation."""
    outcome = ClosedLoop(scenario, SiteController).run()
    assert outcome.simulated_s == scenario.duration_s
    assert not outcome.violations, f"seed {scenario.seed}:\n" + "\n".join(
        str(violation) for violation in outcome.violations
    )


def with_faults(
    scenario: Scenario, rng: Random, kinds: tuple[DeviceFaultKind, ...], share: float
) -> tuple[MemberPlan, ...]:
    """Return the scenario's members, a share of them with one fault each."""

    def faulty(plan: MemberPlan) -> MemberPlan:
        if plan.supply is not None or rng.random() > share:
            return plan
        start = rng.uniform(60.0, 0.6 * scenario.duration_s)
        fault = DeviceFault(
            kind=rng.choice(kinds), from_s=start, until_s=start + rng.uniform(20.0, 200.0)
        )
        return replace(plan, firmware=replace(plan.firmware, faults=(fault,)))

    return tuple(faulty(plan) for plan in scenario.members)


@few
@given(seed=SEEDS)
def test_i1a_commitments_fit(seed: int) -> None:
    assert_holds(draw(seed))


@few
@given(seed=SEEDS)
def test_i1b_no_raise_overloads_and_others_overloads_end_soon(seed: int) -> None:
    scenario = draw(seed)
    lively = {
        circuit: replace(
            load,
            appliances=tuple(
                replace(item, on_s=max(60.0, item.on_s / 4.0), off_s=max(200.0, item.off_s / 4.0))
                for item in load.appliances
            ),
        )
        for circuit, load in scenario.plant.loads.items()
        if isinstance(load, LoadSpec)
    }
    assert_holds(replace(scenario, plant=replace(scenario.plant, loads=lively)))


@few
@given(seed=SEEDS)
def test_i2_a_reduction_is_ordered_with_the_reading_that_asks_for_it(seed: int) -> None:
    """A house that jumps by a third of the fuse, again and again."""
    scenario = replace(draw(seed), outages=())
    loop = ClosedLoop(scenario, SiteController)
    fuse_a = max(scenario.site.circuits[0].limit_a)
    while loop.now_s < scenario.duration_s:
        busy = loop.now_s % 300.0 > 200.0
        loop.plant.house.extra_a[0] = 0.3 * fuse_a if busy else 0.0
        loop.step()
    assert [item for item in loop.findings.violations if item.rule is Rule.I2] == []


@few
@given(seed=SEEDS)
def test_i3_grants_are_legal(seed: int) -> None:
    """Odd steps and least currents."""
    scenario = draw(seed)
    rng = Random(seed)
    members = tuple(
        plan
        if plan.supply is not None
        else replace(plan, settings=replace(plan.settings, step_a=rng.choice((0.1, 0.5, 1.0, 2.0))))
        for plan in scenario.members
    )
    site = replace(scenario.site, members=tuple(plan.settings for plan in members))
    assert_holds(replace(scenario, members=members, site=site))


@few
@given(seed=SEEDS)
def test_i4_bad_readings_never_raise(seed: int) -> None:
    scenario, rng = draw(seed), Random(seed)

    def fault() -> MeterFault:
        start = rng.uniform(30.0, 0.7 * scenario.duration_s)
        return MeterFault(
            kind=rng.choice(tuple(MeterFaultKind)),
            from_s=start,
            until_s=start + rng.uniform(5.0, 150.0),
        )

    meters = tuple(replace(meter, faults=(fault(),)) for meter in scenario.plant.meters)
    assert_holds(replace(scenario, plant=replace(scenario.plant, meters=meters)))


@few
@given(seed=SEEDS, at_s=st.floats(120.0, 300.0), kind=st.sampled_from(OutageKind))
def test_i5_everything_lapses_when_nobody_decides(seed: int, at_s: float, kind: OutageKind) -> None:
    scenario = draw(seed, minutes=20)
    outage = Outage(kind=kind, from_s=at_s, until_s=at_s + 600.0)
    assert_holds(replace(scenario, outages=(outage,)))


@few
@given(seed=SEEDS)
def test_i6_the_least_of_all_limits_binds(seed: int) -> None:
    scenario, rng = draw(seed), Random(seed)

    def change(at_s: float) -> LimitChange:
        limits = [
            Limit(
                id=f"{source}/{plan.settings.member}",
                source=source,
                value=rng.uniform(0.0, 25.0),
                unit=LimitUnit.CURRENT,
                member=plan.settings.member,
            )
            for plan in scenario.members
            for source in (ReasonKind.USER, ReasonKind.DEMAND_RESPONSE)
            if rng.random() < 0.5
        ]
        circuit = rng.choice(scenario.site.circuits)
        limits.append(
            Limit(
                id="cap",
                source=ReasonKind.USER,
                value=rng.uniform(0.0, circuit.limit_a.l1),
                unit=LimitUnit.CURRENT,
                circuit=circuit.id,
            )
        )
        return LimitChange(at_s=at_s, limits=tuple(limits))

    limits = tuple(change(at_s) for at_s in (60.0, 200.0, 400.0, 600.0))
    assert_holds(replace(scenario, limits=limits))


def test_sr14_who_has_to_stay_on_is_not_pushed_out_by_others_that_have_to() -> None:
    """Eight fail-safe currents of 6 A are kept for cars that wait; one runs since seconds."""
    scenario = draw_scenario(1_000_041, duration=timedelta(hours=1))
    assert_holds(replace(scenario, duration_s=240.0))


@few
@given(seed=SEEDS)
def test_i7_nothing_is_granted_to_nobody(seed: int) -> None:
    """Cars that come and go every minute."""
    scenario, rng = draw(seed), Random(seed)

    def busy(plan: MemberPlan) -> MemberPlan:
        visits = tuple(
            replace(
                visit,
                arrives_after=timedelta(seconds=90 * number + rng.uniform(0.0, 30.0)),
                stays=timedelta(seconds=rng.uniform(20.0, 80.0)),
            )
            for number, visit in enumerate(plan.visits * 8)
        )
        return replace(plan, visits=visits)

    members = tuple(busy(plan) for plan in scenario.members)
    assert_holds(replace(scenario, members=members))


@few
@given(seed=SEEDS)
def test_i8_one_broken_device_never_stops_the_others(seed: int) -> None:
    scenario = draw(seed, minutes=15)
    members = with_faults(scenario, Random(seed), tuple(DeviceFaultKind), 0.4)
    assert_holds(replace(scenario, members=members, outages=()))


@few
@given(seed=SEEDS)
def test_sr6_devices_that_ignore_are_made_room_for(seed: int) -> None:
    scenario = draw(seed, minutes=15)
    kinds = (
        DeviceFaultKind.IGNORES,
        DeviceFaultKind.LIES,
        DeviceFaultKind.OVERDRAWS,
        DeviceFaultKind.REFUSES,
    )
    members = with_faults(scenario, Random(seed), kinds, 0.5)
    assert_holds(replace(scenario, members=members))


@few
@given(seed=SEEDS, at_s=st.floats(60.0, 600.0), down_s=st.floats(1.0, 60.0))
def test_sr11_a_kill_at_any_moment_is_survived(seed: int, at_s: float, down_s: float) -> None:
    outage = Outage(kind=OutageKind.KILLED, from_s=at_s, until_s=at_s + down_s)
    assert_holds(replace(draw(seed), outages=(outage,)))
