"""What the allocator owes to anybody, whatever it is given."""

from collections import Counter
from dataclasses import replace
import math
import random

from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.ev_charger_pool.balancing.allocator import allocate
from custom_components.ev_charger_pool.balancing.contract import Allocation, OutOfTime, Sharing
from custom_components.ev_charger_pool.balancing.topology import TopologyError
from custom_components.ev_charger_pool.pool.circuits import Circuit
from custom_components.ev_charger_pool.pool.members import Demand, Priority
from custom_components.ev_charger_pool.pool.quantities import PHASES, PerPhase, Phase
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind

from .sites import CHARGER, Site, hard_site, loads_at, tree, violations
from .strategies import BAD, sites


def run(site: Site, out_of_time: OutOfTime | None = None) -> Allocation:
    return allocate(
        site.circuits,
        site.demands,
        site.free_a,
        free_w=site.free_w,
        sharing=site.sharing,
        out_of_time=out_of_time,
    )


def car(member: str, **changes: object) -> Demand:
    demand = Demand(
        member=member,
        circuit="grid",
        phases=frozenset(PHASES),
        min_a=6.0,
        max_a=16.0,
        step_a=1.0,
        limited_by=CHARGER,
    )
    return replace(demand, **changes)  # type: ignore[arg-type]


def one_circuit(free_a: float, *demands: Demand, sharing: Sharing = Sharing.MIN_FIRST) -> Site:
    return Site(
        circuits=(Circuit(id="grid", name="grid", limit_a=PerPhase.same(63.0)),),
        demands=demands,
        free_a={"grid": PerPhase.same(free_a)},
        free_w={},
        sharing=sharing,
    )


def paused_that_fit(site: Site, amps: dict[str, float]) -> list[str]:
    """Members that pause although their smallest step fits beside what is granted at minimum."""
    at_minimum = {
        demand.member: _smallest(demand) if amps[demand.member] else 0.0 for demand in site.demands
    }
    return [
        demand.member
        for demand in site.demands
        if not amps[demand.member]
        and 0.0 < _smallest(demand) <= demand.max_a
        and not violations(site, {**at_minimum, demand.member: _smallest(demand)})
    ]


def _smallest(demand: Demand) -> float:
    if not demand.step_a:
        return demand.min_a
    return math.ceil(demand.min_a / demand.step_a - 1e-6) * demand.step_a


@given(sites())
def test_i3_every_grant_is_zero_or_on_a_step_between_bounds_and_within_every_limit(
    site: Site,
) -> None:
    allocation = run(site)

    assert violations(site, allocation.current_a) == []
    assert allocation.complete


@given(sites())
def test_everybody_is_told_amps_and_a_reason(site: Site) -> None:
    allocation = run(site)

    members = {demand.member for demand in site.demands}
    assert set(allocation.current_a) == members
    assert set(allocation.reasons) == members


@given(sites())
def test_a_reason_points_at_a_row_that_is_full(site: Site) -> None:
    allocation = run(site)
    loads, watts = loads_at(site, allocation.current_a)

    for demand in site.demands:
        reason = allocation.reasons[demand.member]
        current_a = allocation.current_a[demand.member]
        if reason.kind is not ReasonKind.CIRCUIT:
            continue
        assert reason.subject is not None
        if reason.phase is None:
            room_a = (site.free_w[reason.subject] - watts[reason.subject]) / 230.0
        else:
            assert reason.phase in demand.phases
            free_a = site.free_a[reason.subject][reason.phase]
            room_a = free_a - loads[reason.subject][reason.phase]
        # What is left there is what steps cannot make use of.
        steps = [other.step_a for other in site.demands]
        assert room_a < sum(steps) * 3 + 1e-5
        assert current_a < demand.max_a


@given(sites(most=6))
def test_nobody_pauses_who_fits_beside_the_minimums_of_the_others(site: Site) -> None:
    site = replace(site, sharing=Sharing.MIN_FIRST)

    assert paused_that_fit(site, dict(run(site).current_a)) == []


@given(sites(), st.randoms(use_true_random=False))
def test_the_order_of_the_arguments_does_not_matter(site: Site, chance: random.Random) -> None:
    mixed = replace(
        site,
        circuits=tuple(chance.sample(site.circuits, len(site.circuits))),
        demands=tuple(chance.sample(site.demands, len(site.demands))),
        free_a=dict(chance.sample(sorted(site.free_a.items(), key=str), len(site.free_a))),
        free_w=dict(chance.sample(sorted(site.free_w.items()), len(site.free_w))),
    )

    first, second = run(site), run(mixed)

    assert first.current_a == second.current_a
    assert first.reasons == second.reasons


@given(sites(most=7), st.sampled_from((1.0, 1.1, 1.5, 3.0)), st.data())
def test_more_capacity_never_serves_fewer(site: Site, factor: float, data: st.DataObject) -> None:
    site = replace(site, sharing=Sharing.MIN_FIRST)
    circuit = data.draw(st.sampled_from(site.circuits)).id
    wider = replace(
        site,
        free_a={
            other: free.map(lambda amps: amps * factor + 1.0) if other == circuit else free
            for other, free in site.free_a.items()
        },
        free_w={other: watts * factor for other, watts in site.free_w.items()},
    )

    assert served(wider) >= served(site)


def served(site: Site) -> list[int]:
    """How many are on, in the order in which that counts."""
    allocation = run(site)
    on = Counter(
        (demand.priority, -demand.owed)
        for demand in site.demands
        if allocation.current_a[demand.member] > 0.0 and demand.min_a > 0.0
    )
    classes = sorted({(demand.priority, -demand.owed) for demand in site.demands})
    return [on[one] for one in classes]


BAD_CHANGES: list[dict[str, object]] = [
    {"min_a": math.nan},
    {"max_a": math.nan},
    {"max_a": -1.0},
    {"max_a": 0.0},
    {"min_a": 20.0},
    {"min_a": math.inf},
    {"step_a": math.nan},
    {"step_a": -1.0},
    {"step_a": math.inf},
    {"step_a": 50.0},
    {"weight": 0.0},
    {"weight": -1.0},
    {"weight": math.nan},
    {"weight": math.inf},
    {"phases": frozenset()},
    {"circuit": "nowhere"},
]


@pytest.mark.parametrize("changes", BAD_CHANGES, ids=str)
def test_one_bad_demand_gets_nothing_and_costs_nobody_anything(changes: dict[str, object]) -> None:
    limited_by = Reason(kind=ReasonKind.VEHICLE)
    good = (car("anna"), car("ben", max_a=32.0))
    bad = car("bad", limited_by=limited_by, priority=Priority.HIGH, owed=9, **changes)

    alone = run(one_circuit(25.0, *good))
    allocation = run(one_circuit(25.0, *good, bad))

    assert dict(allocation.current_a) == {**alone.current_a, "bad": 0.0}
    assert dict(allocation.reasons) == {**alone.reasons, "bad": limited_by}


@given(sites(free_a=st.one_of(BAD, st.floats(min_value=0.0, max_value=100.0))))
def test_what_is_negative_or_no_number_of_a_capacity_counts_as_nothing_free(site: Site) -> None:
    def as_nothing(amps: float) -> float:
        return max(0.0, amps)

    cleaned = replace(
        site,
        free_a={circuit: free.map(as_nothing) for circuit, free in site.free_a.items()},
        free_w={circuit: as_nothing(watts) for circuit, watts in site.free_w.items()},
    )

    assert run(site) == run(cleaned)
    assert violations(cleaned, run(site).current_a) == []


def test_a_circuit_that_is_not_told_has_nothing_free() -> None:
    site = replace(one_circuit(25.0, car("anna")), free_a={})

    allocation = run(site)

    assert allocation.current_a == {"anna": 0.0}
    assert str(allocation.reasons["anna"]) == "minimum:grid:l1"


def test_a_member_that_asks_twice_gets_nothing() -> None:
    twice = (car("anna"), car("anna", max_a=32.0))

    allocation = run(one_circuit(25.0, *twice, car("ben")))

    assert allocation.current_a == {"anna": 0.0, "ben": 16.0}


def test_without_end_of_capacity_everybody_gets_the_most() -> None:
    allocation = run(one_circuit(math.inf, car("anna"), car("ben", max_a=63.0)))

    assert allocation.current_a == {"anna": 16.0, "ben": 63.0}


def test_who_asks_without_end_gets_what_there_is() -> None:
    allocation = run(one_circuit(25.0, car("anna", max_a=math.inf), car("ben")))

    assert allocation.current_a == {"anna": 13.0, "ben": 12.0}
    assert str(allocation.reasons["anna"]) == "circuit:grid:l1"


def test_without_steps_the_amounts_are_exact() -> None:
    demands = [car(f"m{n}", step_a=0.0, max_a=32.0) for n in range(3)]

    allocation = run(one_circuit(25.0, *demands))

    assert allocation.current_a == {f"m{n}": pytest.approx(25.0 / 3) for n in range(3)}


def test_a_minimum_of_nothing_is_always_on_and_may_get_nothing() -> None:
    allocation = run(one_circuit(6.0, car("anna"), car("idle", min_a=0.0, step_a=0.1)))

    assert allocation.current_a == {"anna": 6.0, "idle": 0.0}
    assert str(allocation.reasons["idle"]) == "circuit:grid:l1"


def test_nobody_asks_and_nothing_happens() -> None:
    allocation = run(one_circuit(25.0))

    assert allocation == Allocation(current_a={}, reasons={})


def test_circuits_that_are_no_tree_are_an_error() -> None:
    site = one_circuit(25.0, car("anna"))

    with pytest.raises(TopologyError, match="two circuits have the id grid"):
        run(replace(site, circuits=site.circuits * 2))


def test_almost_reaching_a_step_a_thousand_times_does_not_add_up_to_an_overload() -> None:
    demands = [car(f"m{n:04}", max_a=32.0) for n in range(2000)]
    site = one_circuit(20_000.0 - 2000 * 5e-8, *demands)

    allocation = run(site)

    assert violations(site, allocation.current_a) == []
    assert Counter(allocation.current_a.values()) == {10.0: 1999, 9.0: 1}


@pytest.mark.parametrize("weights", [(1e-12, 1e12), (1e-9, 1.0), (5.0, 1e300)])
def test_absurd_weights_break_nothing(weights: tuple[float, float]) -> None:
    light, heavy = weights
    site = one_circuit(30.0, car("light", weight=light), car("heavy", weight=heavy))

    assert run(site).current_a == {"light": 14.0, "heavy": 16.0}


@settings(max_examples=30)
@given(st.integers(min_value=0, max_value=10_000))
@example(0)
def test_out_of_time_at_once_is_legal_and_leaves_nobody_out_who_fits(seed: int) -> None:
    site = replace(hard_site(random.Random(seed)), sharing=Sharing.MIN_FIRST)

    allocation = run(site, out_of_time=lambda: True)

    assert not allocation.complete
    assert violations(site, allocation.current_a) == []
    assert paused_that_fit(site, dict(allocation.current_a)) == []


@given(sites())
def test_time_is_asked_for_only_when_there_is_something_to_search(site: Site) -> None:
    plenty = replace(
        site, free_a={circuit: PerPhase.same(1000.0) for circuit in site.free_a}, free_w={}
    )

    assert run(plenty, out_of_time=lambda: True).complete


def test_more_time_is_never_worse() -> None:
    for seed in range(30):
        site = replace(hard_site(random.Random(seed)), sharing=Sharing.MIN_FIRST)
        results = []
        for budget in (0, 5, 20, 100_000):
            left = iter(range(budget))
            allocation = run(site, out_of_time=lambda left=left: next(left, None) is None)
            assert violations(site, allocation.current_a) == []
            results.append(_classes_on(site, allocation))
        assert results == sorted(results)


def _classes_on(site: Site, allocation: Allocation) -> list[int]:
    on = Counter(
        (demand.priority, -demand.owed)
        for demand in site.demands
        if allocation.current_a[demand.member] > 0.0
    )
    return [on[one] for one in sorted({(d.priority, -d.owed) for d in site.demands})]


def crowd(members: int, share: float, seed: int = 1) -> Site:
    """A site with more rivals than are searched as a whole, of very different needs."""
    chance = random.Random(seed)
    circuits = tree(chance, 3)
    demands = tuple(
        car(
            f"m{n:03}",
            circuit=chance.choice(circuits).id,
            phases=frozenset(chance.sample(PHASES, chance.choice((1, 2, 3)))),
            min_a=chance.uniform(6.0, 14.0),
            max_a=chance.uniform(15.0, 32.0),
            step_a=0.1,
        )
        for n in range(members)
    )
    everywhere = PerPhase.same(0.0)
    site = Site(
        circuits=circuits,
        demands=demands,
        free_a={circuit.id: everywhere for circuit in circuits},
        free_w={},
        sharing=Sharing.MIN_FIRST,
    )
    loads, _ = loads_at(site, {demand.member: demand.min_a for demand in demands})
    return replace(
        site,
        free_a={
            circuit: PerPhase(*(share * chance.uniform(0.8, 1.2) * load[p] for p in Phase))
            for circuit, load in loads.items()
        },
    )


def test_a_crowd_is_searched_window_by_window_and_gains_by_it() -> None:
    gains = 0
    for seed in range(6):
        site = crowd(120, 0.6, seed)
        quick = run(site, out_of_time=lambda: True)
        searched = run(site)

        assert searched.complete
        assert violations(site, searched.current_a) == []
        assert paused_that_fit(site, dict(searched.current_a)) == []
        assert _classes_on(site, searched) >= _classes_on(site, quick)
        gains += _classes_on(site, searched) > _classes_on(site, quick)
    assert gains > 0


def test_a_crowd_is_given_up_within_one_look_when_time_is_over() -> None:
    asked = 0

    def out_of_time() -> bool:
        nonlocal asked
        asked += 1
        return asked > 50

    allocation = run(crowd(120, 0.6), out_of_time=out_of_time)

    assert not allocation.complete
    assert asked == 51
