"""SR-3: generation whose phases are known hides load on these alone."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.balancing.generation import TRIP_FACTOR, Generation
from custom_components.ev_charger_pool.pool.circuits import ResourceKind, ResourceReport
from custom_components.ev_charger_pool.pool.quantities import (
    LOWEST_VOLTAGE_V,
    PHASES,
    PerPhase,
    Phase,
    PhaseValues,
)
from custom_components.ev_charger_pool.pool.readings import Reading

from .stand import START, Stand, circuit, member


def report(watts: float, name: str, phases: tuple[Phase, ...] = ()) -> ResourceReport:
    return ResourceReport(
        id=name,
        kind=ResourceKind.SOLAR,
        power_w=Reading(value=watts, arrived_at=START),
        phases=phases,
    )


def amps(generation: Generation) -> PhaseValues:
    return generation.most_a(START.timestamp())


def test_sr3_a_source_whose_phases_are_known_feeds_them_evenly() -> None:
    generation = Generation()
    generation.take(report(-6_210.0, "roof", PHASES))
    assert list(amps(generation)) == pytest.approx([10.0] * 3)
    generation.take(report(-2_070.0, "battery", (Phase.L2,)))
    assert list(amps(generation)) == pytest.approx([10.0, 20.0, 10.0])
    # One that nobody knows of may be on any phase, on top of the others.
    generation.take(report(-207.0, "balcony"))
    assert list(amps(generation)) == pytest.approx([11.0, 21.0, 11.0])
    # Whoever fills in the form answers for all that the source gave.
    generation.take(report(-207.0, "balcony", (Phase.L3,)))
    assert list(amps(generation)) == pytest.approx([10.0, 20.0, 11.0])


def test_sr3_a_source_feeds_no_phase_that_the_connection_lacks() -> None:
    generation = Generation()
    generation.take(report(-9_315.0, "roof"))
    # On three phases the network code lets a third and 2/3 of 4.6 kVA be on one of them.
    assert amps(generation).l1 == pytest.approx((9_315.0 + 9_200.0) / 3 / LOWEST_VOLTAGE_V)
    generation.configure(PerPhase(40.0, 40.0, 0.0))
    assert amps(generation).l1 == pytest.approx((9_315.0 + 4_600.0) / 2 / LOWEST_VOLTAGE_V)
    # A house with one phase has all of it there.
    generation.configure(PerPhase(63.0, 0.0, 0.0))
    assert amps(generation).l1 == pytest.approx(45.0)


def test_sr3_in_a_house_with_one_phase_the_fuse_holds_when_the_inverter_trips() -> None:
    # 41 A of sun beside 8 A of load; the meter shows 33 A of export before anybody charges.
    cars = [member(f"m{i}", phases=(Phase.L1,), max_current_a=32.0) for i in range(3)]
    stand = Stand(*cars, circuits=(circuit((63.0, 0.0, 0.0)),), other_a=(-33.0, 0.0, 0.0))
    stand.generation_w = 41.0 * 230.0
    stand.run(600)
    assert stand.decision.circuits["grid"].granted_a.l1 >= 60.0
    assert stand.decision.circuits["grid"].granted_a.l1 + 8.0 <= TRIP_FACTOR * 63.0


@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 20_000.0), st.sampled_from([(), PHASES, *((each,) for each in PHASES)])
        ),
        max_size=5,
    )
)
def test_sr3_no_source_gives_more_for_its_phases_being_known(
    sources: list[tuple[float, tuple[Phase, ...]]],
) -> None:
    told, unknown = Generation(), Generation()
    for number, (watts, phases) in enumerate(sources):
        told.take(report(-watts, str(number), phases))
        unknown.take(report(-watts, str(number)))
    assert sum(amps(told)) <= sum(amps(unknown)) + 1e-6
    total_w = sum(watts for watts, _ in sources)
    assert sum(amps(told)) >= total_w / LOWEST_VOLTAGE_V - 1e-6, "nothing is left out"


def test_sr3_ordinary_solar_power_on_all_phases_leaves_the_fuse_to_the_cars() -> None:
    # 6 kW of sun beside 3 A of load: the meter shows 5.7 A of export on each phase.
    def charging(phases: tuple[Phase, ...]) -> float:
        stand = Stand(*(member(f"m{i}", max_current_a=32.0) for i in range(3)), other_a=-5.7)
        stand.generation_w, stand.generation_phases = 6_000.0, phases
        stand.run(300)
        status = stand.decision.circuits["grid"]
        assert max(stand.load()) <= 25.0
        # When the inverter trips, the fuse still holds until the cut.
        assert max(stand.load()) + 6_000.0 / 3 / 230.0 <= TRIP_FACTOR * 25.0
        return status.granted_a.l1

    assert charging(PHASES) == pytest.approx(30.0, abs=1.0)
    assert charging(()) < 20.0


def test_sr3_generation_on_one_phase_hides_no_load_on_the_others() -> None:
    # 4.6 kW of sun on L2 only, 22 A of it; cars that use one phase each.
    stand = Stand(
        *(member(f"m{phase}", phases=(phase,), max_current_a=32.0) for phase in PHASES),
        other_a=(2.0, -18.0, 2.0),
    )
    stand.generation_w, stand.generation_phases = 4_600.0, (Phase.L2,)
    stand.run(300)
    assert stand.granted("ml1") == stand.granted("ml3") == 22.0
    hidden_a = 4_600.0 / LOWEST_VOLTAGE_V
    assert stand.granted("ml2") == pytest.approx(TRIP_FACTOR * 25.0 - hidden_a + 18.0, abs=1.0)
