"""SR-1: fail-safes add up to less than every fuse, and a lapse never raises."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.balancing.contract import ProblemKind
from custom_components.ev_charger_pool.balancing.failsafe import plan_fail_safes
from custom_components.ev_charger_pool.pool.circuits import CircuitRecord
from custom_components.ev_charger_pool.pool.members import MemberSettings, Priority
from custom_components.ev_charger_pool.pool.quantities import PHASES, PerPhase, Phase

from .stand import START, Stand, circuit, member


def test_sr1_unknown_other_load_counts_as_half_the_limit() -> None:
    plan = plan_fail_safes([circuit(25.0)], [member("a", fail_safe_a=6.0)])
    assert plan.reserved_a["grid"] == PerPhase.same(12.5)
    assert plan.sums_a["grid"] == PerPhase.same(6.0)
    assert plan.lowered == plan.exceeded == ()


def test_sr1_what_does_not_fit_becomes_0_lowest_priority_first() -> None:
    members = [
        member("low", fail_safe_a=6.0, priority=Priority.LOW),
        member("high", fail_safe_a=6.0, priority=Priority.HIGH),
        member("normal", fail_safe_a=6.0),
    ]
    plan = plan_fail_safes([circuit(25.0)], members)
    assert plan.fail_safe_a == {"low": 0.0, "high": 6.0, "normal": 6.0}
    assert plan.lowered == ("low",)
    assert plan.sums_a["grid"] == PerPhase.same(12.0)


def test_sr1_every_phase_counts_by_itself() -> None:
    members = [
        member(f"m{index}", fail_safe_a=8.0, phases=(phase,)) for index, phase in enumerate(Phase)
    ]
    plan = plan_fail_safes([circuit(25.0)], members)
    assert plan.sums_a["grid"] == PerPhase.same(8.0)
    assert plan.lowered == ()


def test_sr1_an_inner_circuit_binds_too() -> None:
    circuits = [circuit(63.0), circuit(16.0, name="garage", parent="grid", other_load_max_a=0.0)]
    members = [member(f"m{i}", circuit="garage", fail_safe_a=6.0) for i in range(4)]
    plan = plan_fail_safes(circuits, members)
    assert plan.sums_a["garage"] == PerPhase.same(12.0)
    assert plan.lowered == ("m3", "m2")


@given(
    st.lists(
        st.builds(
            lambda name, f, tier, phases: member(
                f"m{name}", fail_safe_a=f, priority=tier, phases=tuple(phases)
            ),
            st.integers(0, 10_000),
            st.sampled_from([0.0, 6.0, 8.0, 16.0]),
            st.sampled_from(Priority),
            st.permutations(PHASES).map(lambda order: order[:2]) | st.just(list(PHASES)),
        ),
        max_size=12,
        unique_by=lambda settings: settings.member,
    ),
    st.floats(0.0, 40.0),
)
def test_sr1_the_sums_fit_for_all_sites(members: list[MemberSettings], reserve_a: float) -> None:
    plan = plan_fail_safes([circuit(25.0, other_load_max_a=reserve_a)], members)
    room_a = max(0.0, 25.0 - reserve_a)
    for phase in PHASES:
        total = sum(plan.fail_safe_a[m.member] for m in members if phase in m.phases)
        assert total == pytest.approx(plan.sums_a["grid"][phase])
        assert total <= room_a + 1e-6
    for settings in members:
        assert plan.fail_safe_a[settings.member] in {0.0, settings.fail_safe_a}


def test_sr1_a_lapse_never_raises() -> None:
    stand = Stand(member("a", fail_safe_a=8.0), other_a=5.0)
    stand.run(60)
    grants = [order.grant for device in stand.devices.values() for order in device.orders]
    assert max(grant.current_a for grant in grants) == 16.0
    assert all(grant.lapse_to_a == min(grant.current_a, 8.0) for grant in grants)


def test_sr1_a_lowered_fail_safe_goes_to_the_device_and_is_told() -> None:
    stand = Stand(member("a", fail_safe_a=8.0), member("b", fail_safe_a=8.0, priority=Priority.LOW))
    stand.run(60)
    assert {o.grant.fail_safe_a for o in stand.devices["a"].orders} == {8.0}
    assert {o.grant.fail_safe_a for o in stand.devices["b"].orders} == {0.0}
    assert stand.decision.circuits["grid"].fail_safe_sum_a == PerPhase.same(8.0)
    assert (ProblemKind.FAIL_SAFES_TOO_HIGH, "b") in {
        (p.kind, p.subject) for p in stand.decision.problems
    }


def test_sr1_the_14_day_maximum_replaces_the_half() -> None:
    records = tuple(
        CircuitRecord(
            circuit="grid",
            day=START.replace(day=day, month=2, hour=0),
            other_load_max_a=PerPhase(amps, amps, amps),
        )
        for day, amps in ((26, 4.0), (27, 9.0), (28, 6.0))
    )
    stand = Stand(
        member("a", fail_safe_a=8.0), member("b", fail_safe_a=8.0), circuit_records=records
    )
    stand.run(2)
    assert stand.decision.circuits["grid"].fail_safe_sum_a == PerPhase.same(16.0)


def test_sr1_the_days_maximum_is_told_to_be_remembered() -> None:
    stand = Stand(member("a"), other_a=7.0)
    stand.run(20)
    stand.set_other(9.0)
    stand.run(20)
    told = [record for d in stand.decisions for record in d.circuit_records]
    assert [r.other_load_max_a.l1 for r in told] == pytest.approx([7.0, 9.0])
    assert {r.day for r in told} == {START.replace(hour=0)}


def test_sr1_an_unplugged_connector_keeps_its_fail_safe_committed() -> None:
    stand = Stand(member("a", fail_safe_a=6.0), other_a=5.0)
    stand.devices["a"].plugged = False
    stand.run(60)
    assert stand.granted() == 0.0
    assert stand.decision.members["a"].commitment_a == 6.0
