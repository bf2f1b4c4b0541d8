"""What random sites keep, so that a controller has a fair chance on them."""

from datetime import UTC, timedelta
from itertools import chain, pairwise, product

from hypothesis import given, settings, strategies as st

from custom_components.ev_charger_pool.pool.circuits import WindowLength
from custom_components.ev_charger_pool.pool.energy_settings import SurplusRule
from custom_components.ev_charger_pool.pool.limits import Limit, LimitScope, LimitUnit
from custom_components.ev_charger_pool.pool.members import MemberKind, Mode
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.simulator.drawing import (
    ENERGY_FROM,
    MOST_MEMBERS,
    draw_scenario,
    other_load_max_a,
)
from custom_components.ev_charger_pool.simulator.drawing.events import merge_limits
from custom_components.ev_charger_pool.simulator.house import LoadSpec
from custom_components.ev_charger_pool.simulator.meters import MeterKind
from custom_components.ev_charger_pool.simulator.scenario import LimitChange, above

SEEDS = st.integers(0, 2**32 - 1)
many = settings(max_examples=150)


@many
@given(seed=SEEDS)
def test_sr1_fail_safes_and_other_load_fit_every_circuit(seed: int) -> None:
    scenario = draw_scenario(seed)
    circuits = scenario.site.circuits
    loads = {key: load for key, load in scenario.plant.loads.items() if isinstance(load, LoadSpec)}
    assert len(loads) == len(scenario.plant.loads)
    for circuit in circuits:
        other = other_load_max_a(circuits, loads, circuit.id)
        for phase, limit in enumerate(circuit.limit_a):
            assert other[phase] <= limit / 2.0
            fail_safes = sum(
                member.fail_safe_a
                for member in scenario.site.members
                if circuit.id in above(circuits, member.circuit)
                and phase in {item.position for item in member.phases}
            )
            assert fail_safes + other[phase] <= limit + 1e-9


@many
@given(seed=SEEDS)
def test_a_scenario_is_whole(seed: int) -> None:
    scenario = draw_scenario(seed)
    assert 1 <= len(scenario.members) <= MOST_MEMBERS
    assert len({plan.settings.member for plan in scenario.members}) == len(scenario.members)
    ids = {circuit.id for circuit in scenario.site.circuits}
    assert {plan.settings.circuit for plan in scenario.members} <= ids
    assert set(scenario.plant.circuits) == ids
    assert {plan.link for plan in scenario.members} == set(scenario.link_delay_s)
    metered = {circuit.id for circuit in scenario.site.circuits if circuit.metered}
    assert {meter.circuit for meter in scenario.plant.meters} == metered
    for plan in scenario.members:
        is_supply = plan.settings.kind is MemberKind.POWER_SUPPLY
        assert (plan.supply is not None) == (plan.load is not None) == is_supply
        assert not plan.firmware.lease_works or plan.settings.lease is not None


def test_the_same_seed_draws_the_same_site() -> None:
    assert draw_scenario(7) == draw_scenario(7)
    assert draw_scenario(7) != draw_scenario(8)


def test_limits_on_circuits_leave_the_rest_of_a_site_as_it_is() -> None:
    """Sites without any limit stay without: there is judged who goes without."""
    scenarios = [draw_scenario(seed) for seed in range(200)]
    free = [scenario for scenario in scenarios if not scenario.limits]
    assert 0.4 < len(free) / len(scenarios) < 0.6
    assert not any(
        circuit.limit_w
        for scenario in free
        for circuit in scenario.site.circuits
        if circuit.parent is not None
    )


def test_two_courses_of_limits_are_in_force_together() -> None:
    def course(name: str, *times_s: float) -> tuple[LimitChange, ...]:
        return tuple(
            LimitChange(
                at_s=at_s,
                limits=(
                    Limit(
                        id=f"{name}{number}",
                        source=ReasonKind.USER,
                        value=1.0,
                        unit=LimitUnit.CURRENT,
                        circuit="grid",
                    ),
                ),
            )
            for number, at_s in enumerate(times_s)
        )

    merged = merge_limits(course("a", 10.0, 30.0), course("b", 20.0, 30.0, 40.0))
    assert [(change.at_s, [limit.id for limit in change.limits]) for change in merged] == [
        (10.0, ["a0"]),
        (20.0, ["a0", "b0"]),
        (30.0, ["a1", "b1"]),
        (40.0, ["a1", "b2"]),
    ]


def test_a_shorter_and_smaller_site_can_be_drawn() -> None:
    scenario = draw_scenario(3, duration=timedelta(minutes=5), most_members=2)
    assert scenario.duration_s == 300.0
    assert len(scenario.members) <= 2


def test_every_trouble_comes_up() -> None:
    """A sample of sites has every kind of fault, meter, outage and member."""
    scenarios = [draw_scenario(seed) for seed in range(300)]
    plans = list(chain.from_iterable(scenario.members for scenario in scenarios))
    circuits = list(chain.from_iterable(scenario.site.circuits for scenario in scenarios))
    meters = list(chain.from_iterable(scenario.plant.meters for scenario in scenarios))
    assert {fault.kind for plan in plans for fault in plan.firmware.faults} == set(
        type(next(fault for plan in plans for fault in plan.firmware.faults).kind)
    )
    assert len({fault.kind for meter in meters for fault in meter.faults}) == 4
    assert len({meter.kind for meter in meters}) == 3
    assert len({outage.kind for item in scenarios for outage in item.outages}) == 2
    assert {plan.settings.kind for plan in plans} == set(MemberKind)
    assert {len(plan.settings.phases) for plan in plans} == {1, 3}
    assert any(scenario.plant.sun for scenario in scenarios)
    assert any(scenario.plant.battery for scenario in scenarios)
    for sources in (
        [scenario.plant.sun for scenario in scenarios],
        [scenario.plant.battery for scenario in scenarios],
    ):
        assert {source.tells_phases for source in sources if source} == {True, False}
    assert any(item.limits for item in scenarios)
    assert any(item.wishes for item in scenarios)
    limits = [
        limit
        for item in scenarios
        for change in item.limits
        for limit in change.limits
        if limit.circuit is not None
    ]
    assert {(limit.scope, limit.unit) for limit in limits} == set(product(LimitScope, LimitUnit))
    assert {circuit.parent is None for circuit in circuits if circuit.limit_w} == {True, False}
    assert max(len(item.site.circuits) for item in scenarios) == 4


def test_seeds_of_energy_sites_have_what_looks_further_than_now() -> None:
    scenarios = [draw_scenario(1_000_000 + ENERGY_FROM + number) for number in range(150)]
    circuits = list(chain.from_iterable(scenario.site.circuits for scenario in scenarios))
    assert {item.average.window for item in circuits if item.average} == set(WindowLength)
    assert any(item.imbalance_a for item in circuits)
    contracts = [
        {limit.value for limit in change.limits if limit.source is ReasonKind.CONTRACT}
        for item in scenarios
        for change in item.limits
    ]
    assert 20 < sum(map(bool, contracts)) < len(contracts)
    wishes = [wish.wishes for item in scenarios for wish in item.wishes]
    assert {wish.mode for wish in wishes} == set(Mode)
    assert any(wish.boost_until for wish in wishes)
    assert any(schedule.slots for item in scenarios for schedule in item.schedules[0].schedules)
    assert len({str(item.site.time_zone) for item in scenarios}) == 3
    assert {item.site.solar.rule for item in scenarios} == set(SurplusRule)
    assert {item.site.battery.feeds_cars for item in scenarios} == {True, False}
    assert draw_scenario(1_500_007) == draw_scenario(1_500_007)


def test_all_other_seeds_have_none_of_it() -> None:
    for seed in (*range(1_000_000, 1_000_050), ENERGY_FROM - 1, 1_000_000 + ENERGY_FROM - 1):
        scenario = draw_scenario(seed)
        assert not scenario.schedules
        assert scenario.site.time_zone is UTC
        assert all(item.average is None for item in scenario.site.circuits)
        assert all(item.imbalance_a is None for item in scenario.site.circuits)


@many
@given(seed=SEEDS)
def test_energy_sites_are_whole(seed: int) -> None:
    scenario = draw_scenario(seed - seed % 1_000_000 + ENERGY_FROM + seed % ENERGY_FROM)
    for earlier, later in pairwise(scenario.wishes):
        assert earlier.at_s <= later.at_s
    for change in scenario.schedules:
        for schedule in change.schedules:
            for slot, following in pairwise(schedule.slots):
                assert slot.from_at < slot.until_at <= following.from_at
    if scenario.plant.sun or scenario.plant.battery:
        assert MeterKind.TOTAL not in {meter.kind for meter in scenario.plant.meters}
