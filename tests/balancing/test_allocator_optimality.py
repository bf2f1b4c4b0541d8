"""The allocator finds the best allocation, and its judge is right about what that is."""

from fractions import Fraction
import random

import pytest

from custom_components.ev_charger_pool.balancing.allocator import allocate
from custom_components.ev_charger_pool.balancing.contract import Sharing

from .judging import judge
from .oracle import amps_by_lp, solve, solve_by_force
from .packing import amps_of, restate, worth_of
from .sites import Site, hard_site


def small_sites(seed: int, count: int) -> list[Site]:
    chance = random.Random(seed)
    return [hard_site(chance, most=7) for _ in range(count)]


@pytest.mark.parametrize("seed", range(4))
def test_the_judge_finds_what_trying_all_sets_finds(seed: int) -> None:
    for site in small_sites(seed, 12):
        packing = restate(site)

        best = solve(packing)

        assert best.proven
        assert best.worth == solve_by_force(packing).worth


def test_a_hint_changes_nothing_of_what_is_best() -> None:
    for site in small_sites(9, 12):
        packing = restate(site)
        best = solve(packing)
        everybody = range(len(packing.candidates))
        for hint in (best.on, frozenset(everybody), frozenset(list(everybody)[:2])):
            assert solve(packing, hint=hint).worth == best.worth


def test_exact_filling_is_what_linear_programmes_find() -> None:
    for site in small_sites(5, 16):
        packing = restate(site)
        on = solve(packing).on

        exact = amps_of(packing, on)

        assert exact is not None
        assert [float(amps) for amps in exact] == pytest.approx(amps_by_lp(packing, on), abs=1e-4)


@pytest.mark.parametrize("sharing", Sharing)
def test_the_allocator_is_as_good_as_trying_all_sets(sharing: Sharing) -> None:
    for site in small_sites(21, 30):
        packing = restate(
            Site(
                circuits=site.circuits,
                demands=site.demands,
                free_a=site.free_a,
                free_w=site.free_w,
                sharing=sharing,
            )
        )

        allocation = allocate(
            site.circuits, site.demands, site.free_a, free_w=site.free_w, sharing=sharing
        )

        on = frozenset(
            i for i, c in enumerate(packing.candidates) if allocation.current_a[c.name] > 0.0
        )
        assert worth_of(packing, on) == solve_by_force(packing).worth


@pytest.mark.parametrize("seed", range(6))
def test_hard_sites_with_up_to_thirty_members_are_solved_to_the_optimum(seed: int) -> None:
    chance = random.Random(1000 + seed)
    for _ in range(6):
        site = hard_site(chance)

        verdict = judge(
            site,
            allocate(
                site.circuits, site.demands, site.free_a, free_w=site.free_w, sharing=site.sharing
            ),
        )

        assert verdict.illegal == ()
        assert not verdict.served_short
        assert verdict.proven
        assert verdict.optimal


def test_the_judge_tells_a_short_and_an_unfair_allocation_from_the_best() -> None:
    chance = random.Random(4)
    seen_short = seen_unfair = 0
    for _ in range(40):
        site = hard_site(chance, most=10)
        best = allocate(
            site.circuits, site.demands, site.free_a, free_w=site.free_w, sharing=site.sharing
        )
        served = [member for member, amps in best.current_a.items() if amps]
        if not served:
            continue
        without = allocate(
            site.circuits,
            [demand for demand in site.demands if demand.member != served[0]],
            site.free_a,
            free_w=site.free_w,
            sharing=site.sharing,
        )
        worse = type(best)(current_a={**without.current_a, served[0]: 0.0}, reasons=best.reasons)
        verdict = judge(site, worse)
        seen_short += verdict.served_short
        seen_unfair += not verdict.optimal and not verdict.served_short
        assert not verdict.illegal

    assert seen_short > 0
    assert seen_unfair > 0


def test_the_judge_sees_a_step_that_is_left_over() -> None:
    chance = random.Random(2)
    found = 0
    for _ in range(20):
        site = hard_site(chance, most=10)
        best = allocate(
            site.circuits, site.demands, site.free_a, free_w=site.free_w, sharing=site.sharing
        )
        steps = {demand.member: demand.step_a for demand in site.demands}
        least = {demand.member: demand.min_a for demand in site.demands}
        roomy = [m for m, amps in best.current_a.items() if amps - steps[m] >= least[m]]
        if not roomy:
            continue
        less = {**best.current_a, roomy[0]: best.current_a[roomy[0]] - steps[roomy[0]]}
        verdict = judge(site, type(best)(current_a=less, reasons=best.reasons))
        assert not verdict.optimal
        found += 1
    assert found > 5


def test_worth_puts_counts_before_levels() -> None:
    site = small_sites(3, 1)[0]
    packing = restate(site)

    nobody = worth_of(packing, frozenset())
    best = solve(packing).worth

    assert nobody is not None
    assert best > nobody
    assert all(isinstance(part, (int, Fraction)) for goal in best for part in goal)
